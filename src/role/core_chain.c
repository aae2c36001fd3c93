/* SPDX-License-Identifier: Apache-2.0 */
/* The chain comes from the record (what was accepted) and from chain/ (what
 * may be new).  There is no other way in.  */
#include "role/core.h"

#include "role/log.h"
#include "store/chain_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Who signs reads the files and not the record: with the last one lost he would sign another
 * statement of that number.  Core may only read them.  */
void fh_core_chain_compare(const struct fh_core *c, const char *name, struct fh_span recorded)
{
	char path[FH_PATH_MAX];
	bool same = false;

	if (snprintf(path, sizeof(path), "%s/chain/%s", c->chain_path, name) >= (int)sizeof(path))
		return;
	fh_err e = fh_file_compare(AT_FDCWD, path, recorded, &same);

	if (e == FH_ERR_OK && same)
		return;
	fh_log(FH_LOG_PRIORITY_WARNING, "core",
	       "chain/%s %s; what it said is in the record and counts: write it again with "
	       "freehold chain restore before anything else is signed", name,
	       e == FH_ERR_MISSING ? "is missing" : e == FH_ERR_OK ? "was altered"
								   : "cannot be read");
}

static void compare_statement(const struct fh_core *c, struct fh_span envelope)
{
	struct fh_envelope v;

	if (fh_envelope_parse(envelope, &v, /* t= */ nullptr) != FH_ERR_OK)
		return;
	const struct fh_chain_file f = fh_chain_file_of(&v.statement);

	fh_core_chain_compare(c, f.name, envelope);
}

fh_err fh_core_chain_recorded(struct fh_core *c, struct fh_span envelope)
{
	fh_err e = fh_chain_accept(&c->chain, envelope, &c->chain_scratch, &c->trace);

	if (e != FH_ERR_OK)
		return e == FH_ERR_EXISTS ? FH_ERR_OK : e;
	c->recorded_head = c->chain.head.hash;
	compare_statement(c, envelope);
	return fh_core_tell_authority(c, envelope);
}

static fh_err append_statement(struct fh_core *c, struct fh_span envelope)
{
	struct fh_fields f = { 0 };
	fh_err e = fh_core_field_bytes(c, &f, FH_FIELD_STATEMENT, envelope);

	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_CHAIN, FH_CLASS_PUBLIC, &f, /* index= */ nullptr);
	return e;
}

bool fh_core_chain_holds(const struct fh_core *c, const struct fh_chain_file *f)
{
	char name[FH_CHAIN_FILE_NAME + 1];
	struct fh_hash h;

	if (c->chain.state == FH_CHAIN_EMPTY
	    || fh_chain_hash_at(&c->chain, f->sequence, &h) != FH_ERR_OK)
		return false;
	int n = snprintf(name, sizeof(name), "%08llu-", (unsigned long long)f->sequence);
	struct fh_builder b = fh_builder_of(name + n, sizeof(name) - (size_t)n);

	fh_builder_hex(&b, fh_span_of(h.bytes, 8));
	return strncmp(name, f->name, (size_t)n + 16) == 0;
}

static void complain(const struct fh_chain_file *f, fh_err e, struct fh_trace *t)
{
	fh_trace_where(t, "chain/%s", f->name);
	if (t->cure[0] == '\0')
		fh_trace_cure(t, "nothing has changed; remove the file, or bring the "
			      "operator's own with freehold chain import");
	fh_log_error("core", e, t);
}

/* Accepts the statement of F.  What is wrong with a file is said, and stops
 * nothing: only accepted statements count.  *NEW only if it was accepted now.  */
static fh_err take(struct fh_core *c, const struct fh_store *store, const struct fh_chain_file *f,
		   struct fh_span *envelope, bool *new)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_chain_file_read(store, f, &c->scratch, envelope, &t);

	*new = false;
	if (e == FH_ERR_OK)
		e = fh_chain_accept(&c->chain, *envelope, &c->chain_scratch, &t);
	if (e != FH_ERR_OK) {
		if (e != FH_ERR_EXISTS)
			complain(f, e, &t);
		return FH_ERR_OK;
	}
	fh_log(FH_LOG_PRIORITY_NOTICE, "core", "accepted statement %llu (chain is %s)",
	       (unsigned long long)f->sequence, fh_chain_state_text(c->chain.state));
	*new = true;
	return FH_ERR_OK;
}

/* A verified signed time: the present is not before it.  */
static void raise_time(struct fh_core *c)
{
	uint64_t lo = fh_core_now(c).lo_ms;

	if (c->chain.head.issued_ms > lo)
		c->lo_base_ms += c->chain.head.issued_ms - lo;
}

static fh_err take_and_record(struct fh_core *c, const struct fh_store *store,
			      const struct fh_chain_file *f)
{
	struct fh_span envelope;
	bool new;
	fh_err e = take(c, store, f, &envelope, &new);

	if (e != FH_ERR_OK || !new)
		return e;
	raise_time(c);
	c->document_due = true;
	c->recorded_head = c->chain.head.hash;
	e = append_statement(c, envelope);
	return e == FH_ERR_OK ? fh_core_tell_authority(c, envelope) : e;
}

/* Only remembered: there is no session yet to record it with.  */
static fh_err take_for_later(struct fh_core *c, const struct fh_store *store,
			     const struct fh_chain_file *f)
{
	struct fh_span envelope;
	bool new;
	fh_err e = take(c, store, f, &envelope, &new);

	if (e != FH_ERR_OK || !new)
		return e;
	c->unrecorded[c->unrecorded_n++] =
		(struct fh_core_unrecorded){ *f, c->chain.head.hash };
	return fh_core_tell_authority(c, envelope);
}

/* S still stands on the statements it was opened by: a replaced one ends it as a
 * revoked one does.  */
static bool granted(const struct fh_core *c, const struct fh_core_session *s)
{
	struct fh_span name = fh_span_of(s->principal, s->principal_n);
	const struct fh_device *device = fh_chain_device(&c->chain, &c->device_id);
	const struct fh_server *server = fh_chain_server(&c->chain,
							 fh_span_of(s->server, s->server_n));
	const struct fh_actor *actor = fh_chain_actor(&c->chain, name);
	const struct fh_pins_held *pins = fh_chain_pins(&c->chain,
							fh_span_of(s->server, s->server_n));

	if (device == nullptr || device->revoked)
		return false;
	if (server == nullptr || server->sequence != s->server_sequence)
		return false;
	if ((pins == nullptr ? 0 : pins->sequence) != s->pins_sequence)
		return false;
	return s->principal_sequence == 0
	       || (actor != nullptr && actor->sequence == s->principal_sequence);
}

/* Ends the sessions that the chain no longer grants.  */
static fh_err cut_revoked(struct fh_core *c)
{
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct fh_core_session *s = &c->session[i];

		if (s->state == FH_SESSION_FREE || granted(c, s))
			continue;
		fh_arena_reset(&c->scratch);
		fh_err e = fh_core_session_end(c, s, FH_OUTCOME_PARTIAL,
					       "revoked by the operator");

		if (e != FH_ERR_OK)
			return e;
	}
	return FH_ERR_OK;
}

fh_err fh_core_policy_refresh(struct fh_core *c)
{
	const struct fh_policy_held *p = fh_chain_policy(&c->chain);
	struct fh_policy_set set;
	struct fh_span cedar, schema, entities;

	fh_core_pins_refresh(c);
	if (p == nullptr) {
		c->policy_ready = false;
		return FH_ERR_OK;
	}
	if (c->policy_ready && fh_hash_equal(&c->policy_hash, &p->hash))
		return FH_ERR_OK;
	/* The texts are copied, because the chain may move what it holds.  */
	c->policy_ready = false;
	fh_arena_reset(&c->policy_arena);
	fh_err e = fh_arena_copy(&c->policy_arena, p->body.cedar, &cedar);

	if (e == FH_ERR_OK)
		e = fh_arena_copy(&c->policy_arena, p->body.schema, &schema);
	if (e == FH_ERR_OK)
		e = fh_arena_copy(&c->policy_arena, p->body.entities, &entities);
	if (e == FH_ERR_OK)
		e = fh_policy_check_all(cedar, schema, entities, &c->policy_arena, &set,
					&c->trace);
	if (e != FH_ERR_OK) {
		fh_log_error("core", e, &c->trace);
		return FH_ERR_OK; /* nothing is permitted until another policy comes */
	}
	c->policy = set;
	c->policy_hash = p->hash;
	c->policy_ready = true;
	return FH_ERR_OK;
}

static fh_err open_store(const struct fh_core *c, struct fh_store *out)
{
	return snprintf(out->path, sizeof(out->path), "%s", c->chain_path)
			       >= (int)sizeof(out->path) ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* Hands every file in chain/ that is not held to ACT.  */
static fh_err each_new(struct fh_core *c, fh_err (*act)(struct fh_core *c,
							const struct fh_store *store,
							const struct fh_chain_file *f))
{
	struct fh_store store = { 0 };
	struct fh_chain_file *files;
	size_t n = 0;
	fh_err e = open_store(c, &store);

	fh_arena_reset(&c->scratch);
	if (e == FH_ERR_OK)
		e = fh_chain_files(&store, &c->scratch, &files, &n, &c->trace);
	if (e == FH_ERR_OK && act == take_for_later) {
		c->unrecorded = fh_arena_array(&c->memory, n + 1, sizeof(*c->unrecorded));
		if (c->unrecorded == nullptr)
			e = FH_ERR_NOMEM;
	}
	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		size_t mark = c->scratch.n;

		if (!fh_core_chain_holds(c, &files[i]))
			e = act(c, &store, &files[i]);
		c->scratch.n = mark;
	}
	return e;
}

fh_err fh_core_chain_load(struct fh_core *c)
{
	return each_new(c, take_for_later);
}

fh_err fh_core_chain_record(struct fh_core *c)
{
	struct fh_store store = { 0 };
	fh_err e = open_store(c, &store);

	raise_time(c);
	for (size_t i = 0; i < c->unrecorded_n && e == FH_ERR_OK; i++) {
		const struct fh_core_unrecorded *u = &c->unrecorded[i];
		struct fh_span envelope;

		fh_arena_reset(&c->scratch);
		e = fh_chain_file_read(&store, &u->file, &c->scratch, &envelope, &c->trace);
		c->recorded_head = u->head;
		if (e == FH_ERR_OK)
			e = append_statement(c, envelope);
	}
	c->unrecorded_n = 0;
	return e == FH_ERR_OK ? fh_core_policy_refresh(c) : e;
}

fh_err fh_core_chain_refresh(struct fh_core *c)
{
	const struct fh_hash before = c->chain.head.hash;
	const uint64_t lease = c->lease.counter;
	fh_err e = each_new(c, take_and_record);

	if (e == FH_ERR_OK)
		e = cut_revoked(c);
	if (e == FH_ERR_OK)
		e = fh_core_policy_refresh(c);
	if (e == FH_ERR_OK)
		e = fh_core_lease_refresh(c);
	if (e != FH_ERR_OK
	    || (fh_hash_equal(&before, &c->chain.head.hash) && lease == c->lease.counter))
		return e;
	c->shred.look = true; /* a hold or a wish to shred may be among it */
	/* Recorded and signed first: what the chip does cannot be taken back.  */
	e = fh_core_commit(c);
	if (e != FH_ERR_OK || c->lost != nullptr)
		return e;
	e = fh_core_note(c);
	if (e == FH_ERR_OK)
		e = fh_core_recovery(c, /* start= */ false);
	return fh_core_chip_lost(c, e == FH_ERR_OK ? fh_core_advance_epoch(c) : e);
}
