/* SPDX-License-Identifier: Apache-2.0 */
#include <stdckdint.h>

#include "codec/cbor.h"
#include "entry/called.h"
#include "entry/counted.h"
#include "entry/seal.h"
#include "verify/record_private.h"

/* --- what every entry owes ---------------------------------------------- */

/* The fields of S, whose leaf is in *OUT; false after a refusal.  */
static bool read_fields(struct fh_record_check *c, const struct fh_stored *s,
			struct fh_record_entry *out)
{
	struct fh_sealed sealed;
	bool is_sealed = fh_payload_is_sealed(s->payload);
	fh_err e = is_sealed ? fh_sealed_read(s->payload, &sealed)
			     : fh_payload_read(s->payload, &out->fields);

	out->sealed = out->pruned = false;
	out->key = out->fold_key = (struct fh_span){ 0 };
	if (e == FH_ERR_OK && is_sealed) {
		out->pruned = sealed.pruned;
		out->key = sealed.part[0].name;
		if (sealed.parts > 1)
			out->fold_key = sealed.part[1].name;
		e = fh_opened_fields_of(c->options.openings, &out->leaf, &out->fields,
					&out->sealed);
	}
	if (e == FH_ERR_OK && !is_sealed)
		return true;
	if (e != FH_ERR_OK)
		fh_trace_what(fh_record_refuse(c, "payload"), e == FH_ERR_SIGNATURE
			      ? "the openings given are not those that the leaf commits to"
			      : "the payload, or what was opened of it, cannot be read: %s",
			      fh_err_text(e));
	else if (fh_span_equal(out->leaf.class, FH_SPAN_LIT(FH_CLASS_PUBLIC)))
		fh_trace_what(fh_record_refuse(c, "class"), "a public entry is sealed");
	return !c->refused;
}

/* Reads S into *OUT, recomputing what the leaf commits to; false after a
 * refusal.  */
static bool read_entry(struct fh_record_check *c, const struct fh_stored *s,
		       struct fh_record_entry *out)
{
	fh_err e = fh_leaf_read(s->leaf, &out->leaf);

	out->payload = s->payload;
	if (e != FH_ERR_OK) {
		fh_trace_what(fh_record_refuse(c, "leaf"), "the leaf cannot be read: %s",
			      fh_err_text(e));
		return false;
	}
	bool looked_at = c->ahead != nullptr && c->ahead->right; /* and nothing was wrong */

	if (looked_at)
		return read_fields(c, s, out);
	if (!fh_payload_fits(&out->leaf, s->payload)) {
		fh_trace_what(fh_record_refuse(c, "payload"),
			      "the payload is not the one that the leaf commits to");
		return false;
	}
	if (!read_fields(c, s, out))
		return false;
	if (fh_record_is_trusted(c) || out->key.n > 0)
		return true; /* what was opened has been compared with the leaf already */
	struct fh_hash hash = fh_fields_root(&out->fields);

	if (!fh_hash_equal(&hash, &out->leaf.fields)) {
		fh_trace_what(fh_record_refuse(c, "fields"),
			      "the fields do not lead to the root that the leaf commits to");
		return false;
	}
	return true;
}

static bool in_order(struct fh_record_check *c, const struct fh_leaf *l)
{
	const char *what = nullptr;

	if (l->index != c->tree.size)
		what = "the leaf's index is not its place";
	else if (l->time.lo_ms < c->last.time.lo_ms)
		what = "time goes back";
	else if (l->boot < c->last.boot || l->start < c->last.start)
		what = "the boot or start counter goes back";
	if (what != nullptr)
		fh_trace_what(fh_record_refuse(c, "order"), "%s", what);
	else if (l->start != c->last.start)
		c->began = l->index;
	return what == nullptr;
}

static bool is_public(enum fh_entry_kind k)
{
	return k == FH_ENTRY_SESSION || k == FH_ENTRY_START || k == FH_ENTRY_CHAIN
	       || k == FH_ENTRY_QUOTE || k == FH_ENTRY_BOOT || k == FH_ENTRY_LEASE
	       || k == FH_ENTRY_STATE || k == FH_ENTRY_WITNESS || k == FH_ENTRY_SHRED
	       || k == FH_ENTRY_PRUNE;
}

/* The entry names the session that may speak here.  Of a new session, only
 * chain entries may come before its certificate, which needs them.  */
static bool session_fits(struct fh_record_check *c, const struct fh_leaf *l)
{
	struct fh_record_session *s = &c->session;
	const char *what = nullptr;

	if (!s->named || !fh_hash_equal(&s->id, &l->session)) {
		if (s->named && !s->certified)
			what = "the session before this one never had a certificate";
		fh_verifier_drop(&s->verifier);
		*s = (struct fh_record_session){ .id = l->session, .named = true,
						 .boot = l->boot };
	}
	if (what == nullptr && l->boot != s->boot)
		what = "the entry is of another boot than its session";
	if (what == nullptr && !s->certified && l->kind != FH_ENTRY_SESSION
	    && l->kind != FH_ENTRY_CHAIN)
		what = "the entry's session has no certificate";
	if (what != nullptr)
		fh_trace_what(fh_record_refuse(c, "session"), "%s", what);
	return what == nullptr;
}

/* --- kinds --------------------------------------------------------------- */

fh_err fh_record_accept(struct fh_record_check *c, struct fh_span file, struct fh_trace *why)
{
	fh_err e = fh_chain_accept(&c->chain, file, c->memory.scratch, why);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);

	/* A stopped chain may have been understood by the version that wrote this, and
	 * earlier ones went on for a device that a side of a fork replaces.  */
	c->may_permit = d != nullptr && (!d->revoked || d->superseded);
	if (c->options.keep != nullptr) {
		fh_cbor_put_bytes(c->options.keep, file);
		c->kept++;
	}
	return FH_ERR_OK;
}

static fh_err check_chain(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_STATEMENT);
	struct fh_cursor cursor = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });
	struct fh_span file = fh_cbor_bytes(&cursor, FH_ENVELOPE_MAX);
	struct fh_trace why = { 0 };
	fh_err e = fh_cursor_end(&cursor);

	if (e == FH_ERR_OK)
		e = fh_record_accept(c, file, &why);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	if (e != FH_ERR_OK) {
		fh_trace_what(fh_record_refuse(c, "statement"), "the statement is refused: %s%s%s",
			      fh_err_text(e), why.what[0] != '\0' ? ": " : "", why.what);
		return FH_ERR_OK;
	}
	if (!fh_hash_equal(&c->chain.id, &c->chain_id))
		fh_trace_what(fh_record_refuse(c, "head"),
			      "the segment's head names another chain than its entries");
	return FH_ERR_OK;
}

/* The operator signed it for this device, and it is newer than the one before.  */
static void check_lease(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_STATEMENT);
	struct fh_cursor cursor = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });
	struct fh_span file = fh_cbor_bytes(&cursor, FH_LEASE_FILE_MAX);
	struct fh_lease_file lease;
	struct fh_trace why = { 0 };
	fh_err e = fh_cursor_end(&cursor);

	if (e == FH_ERR_OK)
		e = fh_lease_file_read(file, &lease, &why);
	if (e == FH_ERR_OK)
		e = fh_lease_judge(&c->chain, &lease, &c->device_id, c->lease.counter, &why);
	if (e == FH_ERR_OK)
		c->lease = fh_lease_take(&lease.lease);
	else
		fh_trace_what(fh_record_refuse(c, "lease"), "the lease is refused: %s%s%s",
			      fh_err_text(e), why.what[0] != '\0' ? ": " : "", why.what);
}

/* The page with INDEX's bit, or NULL if it was never needed.  */
static uint64_t *intent_word(const struct fh_record_check *c, uint64_t index)
{
	uint64_t page = index / FH_INTENT_PAGE_ENTRIES;

	if (page >= FH_INTENT_PAGES_MAX || c->intents[page] == nullptr)
		return nullptr;
	return &c->intents[page][index % FH_INTENT_PAGE_ENTRIES / 64];
}

bool fh_record_intent_is_open(const struct fh_record_check *c, uint64_t index)
{
	const uint64_t *word = intent_word(c, index);

	return word != nullptr && (*word >> index % 64 & 1) != 0;
}

fh_err fh_record_intent_open(struct fh_record_check *c, uint64_t index)
{
	uint64_t page = index / FH_INTENT_PAGE_ENTRIES;

	if (page >= FH_INTENT_PAGES_MAX)
		return FH_ERR_NOMEM;
	if (c->intents[page] == nullptr)
		c->intents[page] = fh_arena_array(c->memory.own, FH_INTENT_PAGE_ENTRIES / 64,
						  sizeof(uint64_t));
	uint64_t *word = intent_word(c, index);

	if (word == nullptr)
		return FH_ERR_NOMEM;
	*word |= UINT64_C(1) << index % 64;
	c->counts.open++;
	return FH_ERR_OK;
}

static fh_err check_intent(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_DECISION);
	struct fh_cursor cursor = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });

	fh_cbor_array_exact(&cursor, 3);
	bool allowed = fh_cbor_bool(&cursor);

	if (fh_cursor_bad(&cursor)) {
		fh_trace_what(fh_record_refuse(c, "decision"), "the intent holds no decision");
		return FH_ERR_OK;
	}
	if (!allowed) {
		c->counts.denied++;
		return FH_ERR_OK;
	}
	if (!c->may_permit) {
		fh_trace_what(fh_record_refuse(c, "revoked"),
			      "permitted although the chain let this device permit nothing");
		return FH_ERR_OK;
	}
	bool by_policy;

	fh_record_permit_check(c, entry, &by_policy);
	fh_err e = c->refused ? FH_ERR_OK : fh_record_quota_check(c, entry, by_policy);

	if (c->refused || e != FH_ERR_OK)
		return e;
	c->counts.permitted++;
	return fh_record_intent_open(c, entry->leaf.index);
}

/* What is said of the call of a function, if the answer is about one.  Arguments that nobody
 * can read permit nothing, and no search is about a call.  */
static bool call_fits(const struct fh_record_entry *entry, bool allowed, bool found)
{
	struct fh_called called;
	fh_err e = fh_called_read(&entry->fields, &called);

	return e == FH_ERR_MISSING
	       || (e == FH_ERR_OK && !found && !(allowed && called.unreadable.n > 0));
}

/* An answer decides, or lists what a search found.  It opens and takes nothing: what an intent
 * has besides would make two readers see two things.  */
static void check_answer(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	static const enum fh_field_id others[] = { FH_FIELD_EFFECT, FH_FIELD_INTENT,
						   FH_FIELD_STATUS, FH_FIELD_CLIENT };
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_DECISION);
	bool found = fh_fields_get(&entry->fields, FH_FIELD_RESULT) != nullptr;
	struct fh_cursor cursor = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (fh_fields_get(&entry->fields, others[i]) == nullptr)
			continue;
		fh_trace_what(fh_record_refuse(c, "answer"),
			      "an answer has the field `%s`, as if something was done",
			      fh_field_text(others[i]));
		return;
	}
	fh_cbor_array_exact(&cursor, 3);
	bool allowed = fh_cbor_bool(&cursor), by_policy;

	if (!call_fits(entry, allowed, found)) {
		fh_trace_what(fh_record_refuse(c, "answer"),
			      "what the answer says of a function's call contradicts itself");
		return;
	}
	if (found == (f != nullptr) || (f != nullptr && fh_cursor_bad(&cursor)))
		fh_trace_what(fh_record_refuse(c, "answer"),
			      "the answer holds neither a decision nor what was found");
	else if (allowed && !c->may_permit)
		fh_trace_what(fh_record_refuse(c, "revoked"),
			      "said to be permitted although the chain let this device permit "
			      "nothing");
	else if (allowed)
		fh_record_permit_check(c, entry, &by_policy);
}

static void check_outcome(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_INTENT);
	struct fh_cursor cursor = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });
	uint64_t index = fh_cbor_uint(&cursor);

	if (fh_cursor_end(&cursor) != FH_ERR_OK) {
		fh_trace_what(fh_record_refuse(c, "outcome"), "the outcome names no intent");
		return;
	}
	bool known = fh_record_intent_is_open(c, index);

	if (!known && c->counts.sealed_intents > 0)
		return; /* it may be one of those, of which nothing is known */
	if (!known) {
		fh_trace_what(fh_record_refuse(c, "outcome"),
			      "entry %llu is no permitted intent without an outcome",
			      (unsigned long long)index);
		return;
	}
	*intent_word(c, index) &= ~(UINT64_C(1) << index % 64);
	c->counts.open--;
	fh_record_refund_check(c, entry, index);
}

/* A number of refusals instead of each of them: it was counted before the entry was made.  */
static void check_refusal(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_DETAIL);
	struct fh_counted n;
	fh_err e = f != nullptr ? fh_counted_read(f->value, &n) : FH_ERR_MISSING;

	if (e == FH_ERR_MISSING)
		return;
	if (e != FH_ERR_OK || n.last_ms > entry->leaf.time.lo_ms)
		fh_trace_what(fh_record_refuse(c, "refusal"),
			      "what it says of refusals that were counted cannot be");
	else if (ckd_add(&c->counts.counted, c->counts.counted, n.count))
		c->counts.counted = UINT64_MAX;
}

/* Nothing can be said of what it permits or does to budgets.  */
static void count_sealed(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	enum fh_entry_kind kind = entry->leaf.kind;

	c->counts.sealed++;
	c->counts.unreached += !fh_record_is_reached(c, entry);
	c->counts.sealed_intents += kind == FH_ENTRY_INTENT;
	if (kind == FH_ENTRY_INTENT)
		c->sealed_behind = entry->leaf.index + 1;
	c->fold_lost = c->fold_lost || kind == FH_ENTRY_INTENT || kind == FH_ENTRY_OUTCOME;
}

static fh_err check_kind(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	if (is_public(entry->leaf.kind)
	    && !fh_span_equal(entry->leaf.class, FH_SPAN_LIT(FH_CLASS_PUBLIC))) {
		fh_trace_what(fh_record_refuse(c, "class"), "a %s entry must be public",
			      fh_entry_kind_text(entry->leaf.kind));
		return FH_ERR_OK;
	}
	if (entry->sealed) {
		count_sealed(c, entry);
		return FH_ERR_OK;
	}
	switch (entry->leaf.kind) {
	case FH_ENTRY_SESSION:
		return fh_record_session_check(c, entry);
	case FH_ENTRY_CHAIN:
		return check_chain(c, entry);
	case FH_ENTRY_LEASE:
		check_lease(c, entry);
		return FH_ERR_OK;
	case FH_ENTRY_STATE:
		return fh_record_state_check(c, entry);
	case FH_ENTRY_SHRED:
		fh_record_shred_check(c, entry);
		return FH_ERR_OK;
	case FH_ENTRY_PRUNE:
		fh_record_prune_check(c, entry);
		return FH_ERR_OK;
	case FH_ENTRY_INTENT:
		return check_intent(c, entry);
	case FH_ENTRY_OUTCOME:
		check_outcome(c, entry);
		return FH_ERR_OK;
	case FH_ENTRY_ANSWER:
		check_answer(c, entry);
		return FH_ERR_OK;
	case FH_ENTRY_START:
		return fh_record_quote_entry(c, entry, FH_QUOTE_START);
	case FH_ENTRY_QUOTE:
		return fh_record_quote_entry(c, entry, FH_QUOTE_SCHEDULED);
	case FH_ENTRY_REFUSAL:
		check_refusal(c, entry);
		return FH_ERR_OK;
	case FH_ENTRY_STOP:
	case FH_ENTRY_BOOT:
	case FH_ENTRY_WITNESS:
	case FH_ENTRY_KINDS:
		break;
	}
	return FH_ERR_OK;
}

fh_err fh_record_entry_check(struct fh_record_check *c, const struct fh_stored *s)
{
	struct fh_record_entry entry;

	if (!read_entry(c, s, &entry) || !in_order(c, &entry.leaf)
	    || !session_fits(c, &entry.leaf))
		return FH_ERR_OK;
	fh_err e = check_kind(c, &entry);

	if (e == FH_ERR_OK && !c->refused)
		fh_record_fold_add(c, &entry);
	if (entry.key.n > 0 && !c->refused)
		fh_record_keys_add(c, &entry);
	if (entry.pruned)
		fh_record_stub_add(c, &entry);
	if (e != FH_ERR_OK || c->refused)
		return e;
	if (!fh_hash_equal(&entry.leaf.chain_head, &c->chain.head.hash)) {
		fh_trace_what(fh_record_refuse(c, "chain-head"),
			      "the leaf names another chain head than was in force");
		return FH_ERR_OK;
	}
	struct fh_hash h = c->ahead != nullptr ? c->ahead->leaf : fh_leaf_hash(s->leaf);

	fh_tree_add(&c->tree, &h);
	c->counts.kind[entry.leaf.kind]++;
	c->last = entry.leaf;
	fh_record_points_grown(c);
	fh_record_anchors_grown(c);
	return FH_ERR_OK;
}
