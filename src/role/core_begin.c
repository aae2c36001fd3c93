/* SPDX-License-Identifier: Apache-2.0 */
/* From nothing to serving.  The order is the keeper's door, the journal, this
 * start's session, the chain, the first entries.  */
#include "role/core.h"

#include "codec/cbor.h"
#include "os/clock.h"
#include "role/log.h"

#include <stdio.h>
#include <string.h>

/* What reading the record back tells.  */
struct history {
	struct fh_core *core;
	struct fh_time last;  /* of the last entry */
	struct fh_hash session; /* of the last certificate; zero if there is none */
};

/* --- the keeper ------------------------------------------------------- */

static fh_err ask_open(struct fh_core *c, struct fh_door_opened *out)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span frame;

	fh_door_put_request(&b, FH_DOOR_OPEN);
	fh_err e = fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	if (e == FH_ERR_OK)
		e = fh_door_read_opened(frame, out, &c->trace);
	if (e != FH_ERR_OK)
		return e;
	c->device_id = out->device_id;
	c->key_chain = out->chain_id;
	c->measured = out->measured;
	c->epoch = out->epoch;
	c->grade = out->grade;
	c->kept_size = out->signed_size;
	c->kept_root = out->signed_root;
	return FH_ERR_OK;
}

/* --- the record so far ------------------------------------------------ */

static fh_err recorded_statement(struct history *h, enum fh_entry_kind kind,
				 const struct fh_fields *f)
{
	const struct fh_field *statement = fh_fields_get(f, FH_FIELD_STATEMENT);

	if (statement == nullptr)
		return FH_ERR_FORMAT;
	struct fh_cursor c = fh_cursor_of(statement->value);
	struct fh_span envelope = fh_cbor_bytes(&c, FH_STATEMENT_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	return kind == FH_ENTRY_LEASE ? fh_core_lease_recorded(h->core, envelope)
				      : fh_core_chain_recorded(h->core, envelope);
}

static fh_err recorded_session(struct history *h, const struct fh_leaf *leaf,
			       const struct fh_fields *f)
{
	const struct fh_field *field = fh_fields_get(f, FH_FIELD_CERTIFICATE);
	struct fh_certificate certificate;

	if (field == nullptr)
		return FH_ERR_FORMAT;
	struct fh_cursor c = fh_cursor_of(field->value);
	struct fh_span bytes = fh_cbor_bytes(&c, FH_CERTIFICATE_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		e = fh_certificate_read(bytes, &certificate);
	if (e == FH_ERR_OK)
		fh_core_cold_start(h->core, leaf, &certificate);
	if (e == FH_ERR_OK)
		fh_core_remember_log(h->core, f);
	return e;
}

static fh_err recorded_state(struct fh_core *c, const struct fh_fields *f)
{
	struct fh_carried carried;
	fh_err e = fh_carried_read(f, &carried);

	if (e == FH_ERR_OK) {
		c->fold_period = carried.period;
		c->carry = c->carry && carried.text.n == 0;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e; /* of before there were periods */
}

static fh_err visit(void *context, const struct fh_leaf *leaf, struct fh_span payload)
{
	struct history *h = context;
	struct fh_fields f;

	h->last = leaf->time;
	fh_core_resume_remember(h->core, leaf);
	/* What is sealed is opened behind BEGIN, as far as it is needed.  */
	if (!fh_span_equal(leaf->class, FH_SPAN_LIT(FH_CLASS_PUBLIC)))
		return FH_ERR_OK;
	fh_err e = fh_payload_read(payload, &f);

	if (e != FH_ERR_OK)
		return e;
	switch (leaf->kind) {
	case FH_ENTRY_SESSION:
		h->session = leaf->session;
		return recorded_session(h, leaf, &f);
	case FH_ENTRY_CHAIN:
	case FH_ENTRY_LEASE:
		return recorded_statement(h, leaf->kind, &f);
	case FH_ENTRY_STATE:
		h->core->stated = leaf->index + 1;
		return recorded_state(h->core, &f);
	case FH_ENTRY_SHRED:
		return fh_core_shred_recorded(h->core, leaf, payload);
	default:
		return FH_ERR_OK;
	}
}

static fh_err visit_stored(void *context, const struct fh_stored *s)
{
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	return e == FH_ERR_OK ? visit(context, &leaf, s->payload) : e;
}

/* What a proved file tells about the entries before its point.  */
static fh_err take_resumption(struct history *h, const struct fh_core_resumption *r)
{
	const struct fh_entry_visitor v = { visit_stored, h };
	struct fh_core *c = h->core;

	c->folded = (struct fh_core_folded){ r->file.place, r->file.size, r->file.state,
					     r->file.fold, r->said };
	c->fold.authority = r->authority;
	return fh_core_resume_read(c, r, &v);
}

static fh_err open_journal(struct fh_core *c, const struct fh_door_opened *o, struct history *h)
{
	struct fh_journal_visitor visitor = { .entry = visit, .context = h,
					      .noted_size = o->note.size,
					      .noted_root = o->note.root, .tiles = &c->tiles };
	struct fh_core_resumption resumption;
	char path[FH_PATH_MAX];
	fh_err e = FH_ERR_OK;

	if (snprintf(path, sizeof(path), "%s/journal", c->record_path) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	if (fh_core_resume_load(c, o, &resumption) == FH_ERR_OK) {
		visitor.from = &resumption.point;
		e = take_resumption(h, &resumption);
	} else {
		fh_tiles_begin(c->record_path, &c->tiles);
	}
	if (e == FH_ERR_OK)
		e = fh_journal_open(path, &o->chain_id, &o->device_id, o->signed_size,
				   &o->signed_root, &visitor, &c->memory, &c->journal, &c->trace);

	c->journal.torn += resumption.torn;
	if (e == FH_ERR_OK && fh_pruning_clean(fh_fd_get(c->journal.directory)) != FH_ERR_OK)
		fh_log(FH_LOG_PRIORITY_WARNING, "core",
		       "record/journal/pruned.new, which was never finished, cannot be removed");
	if (e == FH_ERR_ROLLBACK) {
		fh_trace_where(&c->trace, "record/");
		fh_trace_what(&c->trace, "is another record than the chip remembers at entry %llu",
			      (unsigned long long)o->note.size);
		fh_trace_cure(&c->trace, "somebody has exchanged the state directory: find the "
					 "right "
			      "one, or enrol this machine anew");
	}
	return e;
}

/* lo continues where the record ended and grows with the monotonic clock; hi is
 * latched.  */
static void begin_time(struct fh_core *c, const struct history *h)
{
	c->boot_base_ms = fh_clock_boot_ms();
	c->lo_base_ms = h->last.lo_ms;
	if (c->chain.head.issued_ms > c->lo_base_ms)
		c->lo_base_ms = c->chain.head.issued_ms;
	c->hi_ms = h->last.hi_ms;
}

/* --- this start ------------------------------------------------------- */

static fh_err begin_session(struct fh_core *c, struct fh_door_begun *begun)
{
	uint8_t bytes[FH_DOOR_BEGIN_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	const struct fh_door_begin asked = { c->chain.head.sequence, c->chain.head.hash,
					     fh_chain_epoch(&c->chain, &c->device_id) };
	struct fh_certificate certificate;
	struct fh_span frame;

	fh_door_put_begin(&b, &asked);
	fh_err e = fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	if (e == FH_ERR_OK)
		e = fh_door_read_begun(frame, begun, &c->trace);
	/* Core can say what the chip only refuses.  */
	if (e == FH_ERR_UNAPPROVED && c->approval_missing == FH_ERR_UNAPPROVED)
		c->trace = c->approval_trace;
	if (e == FH_ERR_OK)
		e = fh_arena_copy(&c->memory, begun->certificate, &begun->certificate);
	if (e == FH_ERR_OK)
		e = fh_arena_copy(&c->memory, begun->companions, &c->companions);
	if (e == FH_ERR_OK)
		e = fh_certificate_read(begun->certificate, &certificate);
	if (e != FH_ERR_OK)
		return e;
	c->session_id = fh_key_id(certificate.session_key);
	c->certificate = begun->certificate;
	c->boot = begun->boot;
	c->start = begun->start;
	c->first_epoch = begun->first_epoch;
	c->epochs = begun->epochs;
	c->needed = begun->needed;
	if (certificate.quote.n > 0) {
		const struct fh_quote_subject s = {
			.purpose = FH_QUOTE_SESSION, .size = certificate.previous_size,
			.root = certificate.previous_root, .boot = certificate.boot,
			.start = certificate.start, .head_sequence = asked.head_sequence,
			.head = asked.head };

		/* An older one has another head, and START's replaces it.  */
		fh_core_document_quote(c, &s, certificate.quote);
	}
	return FH_ERR_OK;
}

/* What the firmware measured, for whoever appraises the certificate's quote.  */
static fh_err add_log(struct fh_core *c, struct fh_fields *f)
{
	struct fh_span log;
	fh_err e = fh_core_event_log(c, &log);

	return e == FH_ERR_OK ? fh_core_field_bytes(c, f, FH_FIELD_LOG, log)
	       : e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

static fh_err append_session(struct fh_core *c, const struct fh_door_begun *begun)
{
	struct fh_leaf leaf = { .time = fh_core_now(c), .session = c->session_id };
	struct fh_certificate certificate;
	struct fh_fields f = { 0 };
	fh_err e = fh_core_field_bytes(c, &f, FH_FIELD_CERTIFICATE, begun->certificate);

	if (e == FH_ERR_OK)
		e = add_log(c, &f);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_SESSION, FH_CLASS_PUBLIC, &f, /* index= */ nullptr);
	if (e == FH_ERR_OK)
		e = fh_certificate_read(begun->certificate, &certificate);
	if (e == FH_ERR_OK)
		fh_core_cold_start(c, &leaf, &certificate);
	return e;
}

/* {"torn": bytes cut off the tail, "landlock": the kernel's level}; at a later start
 * in a boot with a quote of its own, since the certificate's is of the first.  */
static fh_err append_start(struct fh_core *c, bool again)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_fields f = { 0 };

	fh_cbor_put_map(&b, 2);
	fh_cbor_put_text(&b, FH_SPAN_LIT("torn"));
	fh_cbor_put_uint(&b, c->journal.torn);
	fh_cbor_put_text(&b, FH_SPAN_LIT("landlock"));
	fh_cbor_put_uint(&b, (uint64_t)c->landlock);
	struct fh_span quote;
	fh_err e = fh_core_field(c, &f, FH_FIELD_DETAIL, fh_builder_span(&b));

	if (e == FH_ERR_OK && again && c->measured) {
		e = fh_core_quote_shown(c, FH_QUOTE_START, &quote);
		if (e == FH_ERR_OK)
			e = fh_core_field_bytes(c, &f, FH_FIELD_QUOTE, quote);
	}
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_START, FH_CLASS_PUBLIC, &f, /* index= */ nullptr);
	return e;
}

/* An intent whose outcome was never recorded stays unknown for ever.  */
static fh_err append_unknown(struct fh_core *c)
{
	char class[FH_CLASS_MAX + 1];
	fh_err e = FH_ERR_OK;

	while (c->fold.opens > 0 && e == FH_ERR_OK) {
		struct fh_fields f = { 0 };

		fh_arena_reset(&c->scratch);
		e = fh_core_field_uint(c, &f, FH_FIELD_INTENT, c->fold.open[0].index);
		if (e == FH_ERR_OK)
			e = fh_core_field_text(c, &f, FH_FIELD_STATUS,
					       fh_span_str(fh_outcome_text(FH_OUTCOME_UNKNOWN)));
		if (e == FH_ERR_OK)
			e = fh_core_field_closed(c, &f, /* reserve= */ 0, /* whole= */ false,
						 /* told= */ 0, (struct fh_span){ 0 });
		if (e == FH_ERR_OK)
			e = fh_core_append(c, FH_ENTRY_OUTCOME, fh_core_class(c, 0, class), &f,
					   /* index= */ nullptr);
	}
	return e;
}

/* The keeper's key, the chain and the record speak of one device.  */
static fh_err check_enrolled(struct fh_core *c, const struct fh_door_opened *o)
{
	const struct fh_device *d = fh_chain_device(&c->chain, &o->device_id);

	if (c->chain.state == FH_CHAIN_EMPTY) {
		fh_trace_where(&c->trace, "chain/");
		fh_trace_what(&c->trace, "holds no genesis statement");
		fh_trace_cure(&c->trace, "run freehold init, or freehold chain import");
		return FH_ERR_STATE;
	}
	if (!fh_hash_equal(&c->chain.id, &o->chain_id)) {
		fh_trace_where(&c->trace, "chain/");
		fh_trace_what(&c->trace, "is not the chain that this device's key was made for");
		fh_trace_cure(&c->trace, "restore the chain of this machine, or enrol it anew");
		return FH_ERR_CONFLICT;
	}
	if (d == nullptr || d->revoked) {
		fh_trace_where(&c->trace, "chain/");
		fh_trace_what(&c->trace, d == nullptr ? "does not enrol this device"
						      : "has revoked this device");
		fh_trace_cure(&c->trace, "have the operator answer its request"
			      " (freehold device admit) and import the answer");
		return FH_ERR_STATE;
	}
	return FH_ERR_OK;
}

static fh_err first_entries(struct fh_core *c, const struct fh_door_begun *begun,
			    const struct history *h)
{
	fh_err e = fh_core_chain_record(c);

	fh_arena_reset(&c->scratch);
	/* Not only a fresh one: the start that made it may not have come this far.  */
	if (e == FH_ERR_OK && !fh_hash_equal(&h->session, &c->session_id))
		e = append_session(c, begun);
	if (e == FH_ERR_OK)
		e = append_start(c, !begun->fresh);
	if (e == FH_ERR_OK)
		e = fh_core_lease_refresh(c);
	fh_arena_reset(&c->scratch);
	if (e == FH_ERR_OK)
		e = fh_core_record_pending(c);
	if (e == FH_ERR_OK)
		e = append_unknown(c);
	return e;
}

/* Signed, noted by the chip, and only then is the word of a refused start gone.  */
static fh_err settle(struct fh_core *c)
{
	fh_err e = fh_core_commit(c);

	if (e == FH_ERR_OK)
		e = fh_core_note(c);
	if (e == FH_ERR_OK)
		e = fh_core_advance_epoch(c);
	if (e == FH_ERR_OK)
		fh_core_drop_pending(c);
	c->quoted_ms = c->looked_ms = fh_clock_boot_ms();
	return e;
}

fh_err fh_core_begin(struct fh_core *c)
{
	struct history h = { .core = c };
	struct fh_door_opened opened;
	struct fh_door_begun begun;
	fh_err e = ask_open(c, &opened);

	if (e == FH_ERR_OK)
		e = open_journal(c, &opened, &h);
	if (e == FH_ERR_OK)
		e = fh_core_chain_load(c);
	begin_time(c, &h);
	if (e == FH_ERR_OK)
		e = check_enrolled(c, &opened);
	if (e == FH_ERR_OK)
		e = fh_core_conflict_check(c);
	if (e == FH_ERR_OK)
		e = fh_core_bring_approvals(c, opened.measured);
	if (e == FH_ERR_OK)
		e = begin_session(c, &begun);
	if (e == FH_ERR_OK)
		e = fh_core_shred_finish(c, begun.data_epoch);
	if (e == FH_ERR_OK)
		e = fh_core_recovery(c, /* start= */ true);
	if (e == FH_ERR_OK)
		e = fh_core_read_fold(c);
	if (e == FH_ERR_OK)
		e = first_entries(c, &begun, &h);
	if (e == FH_ERR_OK)
		e = settle(c);
	if (e == FH_ERR_OK)
		e = fh_core_cosigners(c);
	return e == FH_ERR_OK ? fh_core_document(c) : e;
}
