/* SPDX-License-Identifier: Apache-2.0 */
/* What core does for the boot window: it brings the keeper what the chain says,
 * leaves word of a start that was refused, and has the chip's quotes and notes
 * taken.  */
#include "role/core.h"

#include "codec/cbor.h"
#include "entry/pending.h"
#include "role/log.h"
#include "role/refused.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- the keeper ------------------------------------------------------- */

fh_err fh_core_keeper_ask(struct fh_core *c, struct fh_span request, struct fh_span *frame)
{
	fh_err e = fh_core_commit_end(c);

	if (e == FH_ERR_OK)
		e = fh_frame_send(c->keeper.fd, request, /* pass= */ -1);
	if (e == FH_ERR_OK)
		e = fh_pipe_wait(&c->keeper, frame);
	if (e != FH_ERR_OK)
		fh_trace_where(&c->trace, "keeper");
	return e;
}

void fh_core_close_keeper(struct fh_core *c)
{
	const struct fh_trace why = c->trace; /* of what ends us, which is not this */
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span frame;

	fh_door_put_request(&b, FH_DOOR_CLOSE);
	(void)!fh_core_keeper_ask(c, fh_builder_span(&b), &frame);
	c->trace = why;
}

fh_err fh_core_keeper_do(struct fh_core *c, const struct fh_builder *request)
{
	struct fh_span frame;
	fh_err e = request->bad ? FH_ERR_LIMIT
				: fh_core_keeper_ask(c, fh_builder_span(request), &frame);

	return e == FH_ERR_OK ? fh_door_read_done(frame, &c->trace) : e;
}

/* Only what has become the head: a side of a fork establishes nobody.  That the
 * chain is another one than the key's is told later, in better words.  */
fh_err fh_core_tell_authority(struct fh_core *c, struct fh_span envelope)
{
	struct fh_envelope v;

	if (fh_envelope_parse(envelope, &v, /* trace= */ nullptr) != FH_ERR_OK
	    || (v.statement.kind != FH_STATEMENT_GENESIS
		&& v.statement.kind != FH_STATEMENT_SIGNERS
		&& v.statement.kind != FH_STATEMENT_SLOT)
	    || !fh_hash_equal(&v.statement.hash, &c->chain.head.hash)
	    || !fh_hash_equal(&c->chain.id, &c->key_chain))
		return FH_ERR_OK;
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, FH_DOOR_AUTHORITY_MAX),
					    FH_DOOR_AUTHORITY_MAX);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_door_put_authority(&b, envelope);
	return fh_core_keeper_do(c, &b);
}

/* --- approvals ---------------------------------------------------------- */

/* The state that comes nearest: the one from which the fewest PCRs differ.  */
struct nearest {
	const struct fh_reference_held *reference;
	uint32_t differs;
	bool usable;   /* in this epoch, by somebody whom the sealed key knows */
	size_t seen;   /* approvals of this device */
};

static bool nearer(const struct nearest *n, bool usable, uint32_t differs)
{
	if (n->reference == nullptr || usable != n->usable)
		return n->reference == nullptr || usable;
	return __builtin_popcount(differs) < __builtin_popcount(n->differs);
}

static fh_err bring_one(struct fh_core *c, const struct fh_reference_held *r,
			const struct fh_approval *a, struct nearest *n)
{
	uint8_t bytes[FH_DOOR_APPROVAL_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	const struct fh_door_approval asked = { a->epoch, a->companion, a->signature,
						r->body.state };
	struct fh_span frame;
	uint32_t differs = 0;
	bool usable = false;

	fh_door_put_approval(&b, &asked);
	fh_err e = b.bad ? FH_ERR_LIMIT : fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	if (e == FH_ERR_OK)
		e = fh_door_read_differs(frame, &usable, &differs, &c->trace);
	if (e != FH_ERR_OK)
		return e;
	n->seen++;
	if (nearer(n, usable, differs)) {
		n->reference = r;
		n->usable = usable;
		n->differs = differs;
	}
	return FH_ERR_OK;
}

static void put_pcrs(struct fh_builder *b, uint32_t pcrs)
{
	bool first = true;

	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((pcrs >> i & 1) == 0)
			continue;
		fh_builder_text(b, first ? "" : ", ");
		fh_builder_decimal(b, i);
		first = false;
	}
}

static fh_err unapproved(struct fh_core *c, const struct nearest *n)
{
	char list[FH_TRACE_TEXT_MAX] = "", event[FH_TRACE_TEXT_MAX] = "";
	struct fh_builder b = fh_builder_of(list, sizeof(list) - 1);
	struct fh_builder first = fh_builder_of(event, sizeof(event) - 1);

	fh_trace_where(&c->trace, "boot state");
	fh_trace_cure(&c->trace, "boot an approved state, or have the operator approve this one by "
		      "a `reference` statement: `freehold reference from-log LOG` here (of a TPM "
		      "without a log, its request), `freehold reference approve` at the desk");
	if (n->reference == nullptr) {
		fh_trace_what(&c->trace, "no state is approved for this device");
	} else if (!n->usable) {
		fh_trace_what(&c->trace, "every approval of this device is of another boot epoch, "
			      "wrongly signed, by too few operators, or by one whom the sealed "
			      "key does not know; nearest is `%.*s`",
			      (int)n->reference->body.label.n,
			      (const char *)n->reference->body.label.p);
	} else {
		put_pcrs(&b, n->differs);
		fh_core_put_difference(c, n->differs, &first);
		fh_trace_what(&c->trace, "is not approved: nearest is `%.*s`, from which PCR %s "
					 "differ%s%s",
			      (int)n->reference->body.label.n,
			      (const char *)n->reference->body.label.p, list,
			      __builtin_popcount(n->differs) == 1 ? "s" : "", event);
	}
	return FH_ERR_UNAPPROVED;
}

fh_err fh_core_bring_approvals(struct fh_core *c, bool needed)
{
	struct fh_chain_approvals at = { 0 };
	const struct fh_reference_held *r;
	struct fh_approval a;
	struct nearest n = { 0 };

	if (!needed)
		return FH_ERR_OK;
	while (fh_chain_approval_next(&c->chain, &c->device_id, &at, &r, &a)) {
		fh_err e = bring_one(c, r, &a, &n);

		if (e != FH_ERR_OK)
			return e;
		if (n.usable && n.differs == 0)
			return FH_ERR_OK;
	}
	c->approval_missing = unapproved(c, &n);
	c->approval_trace = c->trace;
	return FH_ERR_OK; /* a session of this boot needs none */
}

/* --- a start that was refused --------------------------------------------- */

static fh_err pending_path(const struct fh_core *c, char out[FH_PATH_MAX])
{
	return snprintf(out, FH_PATH_MAX, "%s/pending", c->record_path) >= (int)FH_PATH_MAX
		       ? FH_ERR_LIMIT : FH_ERR_OK;
}

void fh_core_leave_word(struct fh_core *c, const char *state)
{
	if (fh_refused_leave(c->record_path, state, fh_core_now(c).hi_ms, &c->trace) != FH_ERR_OK)
		fh_log(FH_LOG_PRIORITY_ERROR, "core", "record/pending cannot be written: the "
		       "next start will not record that this one was refused");
}

/* It becomes an entry as it was written: whoever could write the file may have
 * written it, so it is told as a claim.  */
fh_err fh_core_record_pending(struct fh_core *c)
{
	char path[FH_PATH_MAX];
	struct fh_fields f = { 0 };
	struct fh_pending p;
	struct fh_span word;
	fh_err e = pending_path(c, path);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, FH_PENDING_MAX, &c->scratch, &word);
	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	if (e == FH_ERR_OK && fh_pending_read(word, &p) == FH_ERR_OK)
		e = fh_core_field(c, &f, FH_FIELD_DETAIL, word);
	else if (e == FH_ERR_OK || e == FH_ERR_LIMIT)
		e = fh_core_field_text(c, &f, FH_FIELD_DETAIL, FH_SPAN_LIT("record/pending was "
				       "there, and is not what freehold writes"));
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_BOOT, FH_CLASS_PUBLIC, &f, /* index= */ nullptr);
	return e;
}

void fh_core_drop_pending(struct fh_core *c)
{
	char path[FH_PATH_MAX];

	if (pending_path(c, path) == FH_ERR_OK)
		(void)unlinkat(AT_FDCWD, path, 0); /* told twice is better than not at all */
}

/* --- the firmware's log --------------------------------------------------- */

fh_err fh_core_event_log(struct fh_core *c, struct fh_span *out)
{
	size_t n = 0;
	uint8_t *p = fh_arena_space(&c->scratch, FH_REQUEST_LOG_MAX + 1);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	/* securityfs gives it in pieces, and knows no size beforehand.  */
	for (;;) {
		ssize_t got = pread(FH_CORE_LOG, p + n, FH_REQUEST_LOG_MAX + 1 - n, (off_t)n);

		if (got < 0)
			return FH_ERR_MISSING;
		n += (size_t)got;
		if (got == 0 || n > FH_REQUEST_LOG_MAX)
			break;
	}
	if (n == 0 || n > FH_REQUEST_LOG_MAX)
		return FH_ERR_MISSING;
	*out = fh_span_of(p, n);
	return FH_ERR_OK;
}

/* --- quotes and notes ----------------------------------------------------- */

fh_err fh_core_quote(struct fh_core *c, const struct fh_quote_subject *s, struct fh_span *quote)
{
	uint8_t bytes[FH_DOOR_QUOTE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span frame;

	fh_door_put_quoting(&b, s);
	fh_err e = b.bad ? FH_ERR_LIMIT : fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	return e == FH_ERR_OK ? fh_door_read_quote(frame, quote, &c->trace) : e;
}

fh_err fh_core_quote_shown(struct fh_core *c, enum fh_quote_purpose purpose,
			   struct fh_span *quote)
{
	fh_err e = fh_core_commit_end(c); /* or the keeper would quote over a newer one */
	const struct fh_quote_subject s = { .purpose = purpose, .size = c->kept_size,
					    .root = c->kept_root, .boot = c->boot,
					    .start = c->start,
					    .head_sequence = c->chain.head.sequence,
					    .head = c->chain.head.hash };

	if (e == FH_ERR_OK)
		e = fh_core_quote(c, &s, quote);
	if (e == FH_ERR_OK)
		fh_core_document_quote(c, &s, *quote);
	return e;
}

/* Over the checkpoint that was signed last.  */
fh_err fh_core_record_quote(struct fh_core *c)
{
	struct fh_fields f = { 0 };
	struct fh_span quote;
	fh_err e = fh_core_quote_shown(c, FH_QUOTE_SCHEDULED, &quote);

	if (e == FH_ERR_OK)
		e = fh_core_field_bytes(c, &f, FH_FIELD_QUOTE, quote);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_QUOTE, FH_CLASS_PUBLIC, &f, /* index= */ nullptr);
	return e;
}

fh_err fh_core_note(struct fh_core *c)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_door_put_noting(&b, c->chain.head.sequence);
	return fh_core_keeper_do(c, &b);
}
