/* SPDX-License-Identifier: Apache-2.0 */
/* Whether anything could be permitted when it was: by a policy in force, before it expired,
 * and without a live lease only by what is @fallback.  It was decided between the entry before
 * and its own, so only what was over by then, or had not begun by now, is held against it.  */
#include "codec/cbor.h"
#include "policy/entity.h"
#include "verify/record_private.h"

size_t fh_record_named(const struct fh_record_entry *entry, struct fh_cursor *d)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_DECISION);

	*d = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });
	fh_cbor_array_exact(d, 3);
	(void)fh_cbor_bool(d);
	(void)fh_cbor_text(d, FH_NAME_MAX);
	return fh_cbor_array(d, FH_POLICY_REASONS_MAX);
}

/* All policies that the decision names are.  */
static bool all_fallback(const struct fh_record_permits *all, const struct fh_record_entry *entry)
{
	struct fh_cursor d;
	size_t n = fh_record_named(entry, &d);

	for (size_t i = 0; i < n; i++) {
		const struct fh_record_permit *p =
			fh_record_permit_find(all, fh_cbor_text(&d, FH_NAME_MAX));

		if (p == nullptr || !p->limits.fallback)
			return false;
	}
	return n > 0 && !fh_cursor_bad(&d);
}

struct fh_span fh_record_text(const struct fh_record_entry *entry, enum fh_field_id id)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, id);
	struct fh_cursor c = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });

	return fh_cbor_text(&c, FH_PAYLOAD_MAX);
}

/* For which client of which server ENTRY is.  */
static struct fh_hash session_in(const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_CLIENT);
	struct fh_hash parts[2] = {
		fh_hash_of(fh_record_text(entry, FH_FIELD_SERVER)),
		fh_hash_of(f != nullptr ? f->value : (struct fh_span){ 0 }),
	};

	return fh_hash_of(FH_SPAN_ARRAY(parts));
}

static bool does(const struct fh_record_entry *entry, struct fh_span action)
{
	return fh_span_equal(fh_record_text(entry, FH_FIELD_ACTION), action);
}

/* A permitted initialize opens a session; its server is started by the entry behind it.  */
static void note_opening(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	if (!does(entry, FH_SPAN_LIT("Action::\"" FH_ACTION_MCP_INITIALIZE "\"")))
		return;
	c->opening_behind = entry->leaf.index + 1;
	c->opening = session_in(entry);
}

static bool follows_opening(const struct fh_record_check *c, const struct fh_record_entry *entry)
{
	struct fh_hash session = session_in(entry);

	/* One that nobody opened may have been it: the client's, which was shredded without the
	 * device's own.  */
	if (c->sealed_behind == entry->leaf.index)
		return true;
	return c->opening_behind == entry->leaf.index && fh_hash_equal(&c->opening, &session);
}

/* The statement by which the device itself does what ENTRY says: it starts a server that is
 * granted for the session opened before, and lists the tools of one that is pinned.  0:
 * none.  */
static uint64_t statement_for(const struct fh_record_check *c,
			      const struct fh_record_entry *entry)
{
	struct fh_span name = fh_record_text(entry, FH_FIELD_SERVER);

	if (does(entry, FH_SPAN_LIT("Action::\"" FH_ACTION_SERVER_START "\""))) {
		const struct fh_server *s = fh_chain_server(&c->chain, name);

		return s == nullptr || !follows_opening(c, entry) ? 0 : s->sequence;
	}
	if (does(entry, FH_SPAN_LIT("Action::\"" FH_ACTION_MCP_LIST "\""))) {
		const struct fh_pins_held *p = fh_chain_pins(&c->chain, name);

		return p == nullptr ? 0 : p->sequence;
	}
	return 0;
}

/* What the device does by a statement goes with an initialize that was permitted, and needs
 * no policy: it names that statement and nothing else, and the device as who acts.  */
static bool needs_policy(const struct fh_record_check *c, const struct fh_record_entry *entry)
{
	uint8_t actor_bytes[2 * FH_HASH_SIZE + 16], statement_bytes[32];
	struct fh_builder actor = FH_BUILDER_ARRAY(actor_bytes);
	struct fh_builder statement = FH_BUILDER_ARRAY(statement_bytes);
	uint64_t sequence = statement_for(c, entry);
	struct fh_cursor d;

	fh_builder_text(&actor, FH_TYPE_DEVICE "::\"");
	fh_builder_hex(&actor, fh_hash_span(&c->device_id));
	fh_builder_text(&actor, "\"");
	fh_builder_text(&statement, "statement ");
	fh_builder_decimal(&statement, sequence);
	return sequence == 0
	       || !fh_span_equal(fh_record_text(entry, FH_FIELD_ACTOR), fh_builder_span(&actor))
	       || fh_record_named(entry, &d) != 1
	       || !fh_span_equal(fh_cbor_text(&d, FH_NAME_MAX), fh_builder_span(&statement));
}

void fh_record_permit_check(struct fh_record_check *c, const struct fh_record_entry *entry,
			    bool *by_policy)
{
	const struct fh_policy_held *p = fh_chain_policy(&c->chain);

	note_opening(c, entry);
	*by_policy = needs_policy(c, entry);
	if (!*by_policy)
		return;
	if (p == nullptr) {
		/* What stops a chain here may be a policy to the version that wrote this.  */
		if (c->chain.state == FH_CHAIN_STOPPED)
			return;
		fh_trace_what(fh_record_refuse(c, "no-policy"),
			      "permitted although no policy was in force");
		return;
	}
	if (fh_time_ended(c->last.time, p->body.expires_ms)) {
		fh_trace_what(fh_record_refuse(c, "expired"),
			      "permitted although the policy had expired");
		return;
	}
	const struct fh_lease_term x = fh_lease_term(&c->chain, p, &c->lease);

	if (!fh_time_ended(c->last.time, x.ends_ms)
	    && fh_time_begun(entry->leaf.time, x.begins_ms))
		return;
	const struct fh_record_permits *all = fh_record_permits_of(c, p);

	if (all->known && !all_fallback(all, entry))
		fh_trace_what(fh_record_refuse(c, "unleased"),
			      "permitted without a live lease, and not by @fallback");
}
