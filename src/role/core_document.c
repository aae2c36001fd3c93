/* SPDX-License-Identifier: Apache-2.0 */
/* The document of this machine (docs/spec/EVIDENCE): made here, signed by the
 * keeper, served by the network's gate.  */
#include "role/core.h"

#include "codec/base64.h"
#include "codec/cbor.h"
#include "role/log.h"
#include "store/chain_files.h"

#include <stdio.h>
#include <string.h>

void fh_core_cold_start(struct fh_core *c, const struct fh_leaf *leaf,
			const struct fh_certificate *certificate)
{
	size_t kept = c->cold_starts < FH_DOCUMENT_STARTS_MAX ? c->cold_starts
							      : FH_DOCUMENT_STARTS_MAX - 1;

	memmove(&c->cold_start[1], c->cold_start, kept * sizeof(c->cold_start[0]));
	c->cold_start[0] = (struct fh_document_start){
		.boot = certificate->boot, .start = certificate->start,
		.time_ms = leaf->time.lo_ms, .session = leaf->session,
		.size = certificate->previous_size };
	c->cold_starts = kept + 1;
}

void fh_core_document_quote(struct fh_core *c, const struct fh_quote_subject *s,
			    struct fh_span quote)
{
	if (quote.n > sizeof(c->quote))
		return;
	memcpy(c->quote, quote.p, quote.n);
	c->quote_n = quote.n;
	c->quoted = *s;
	c->document_due = true;
}

/* --- what it says ----------------------------------------------------- */

/* Those who may sign what comes next.  */
static fh_err add_operator(struct fh_core *c, struct fh_document *d)
{
	const struct fh_authority *a = c->chain.head.authority;
	struct fh_public_key *k = fh_arena_array(&c->scratch, FH_SIGNERS_MAX, sizeof(*k));

	if (k == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < a->signers; i++)
		memcpy(k[i].bytes, a->signer[i].key.p, sizeof(k[i].bytes));
	d->operator_key = k;
	d->operator_keys = a->signers;
	return FH_ERR_OK;
}

/* Every statement up to the head, or none if they are too many.  */
static fh_err add_chain(struct fh_core *c, struct fh_document *d)
{
	struct fh_store store = { 0 };
	struct fh_chain_file *files;
	struct fh_span *s = fh_arena_array(&c->scratch, FH_DOCUMENT_STATEMENTS_MAX, sizeof(*s));
	size_t n, sum = 0, held = 0;

	if (s == nullptr)
		return FH_ERR_NOMEM;
	(void)snprintf(store.path, sizeof(store.path), "%s", c->chain_path);
	fh_err e = fh_chain_files(&store, &c->scratch, &files, &n, &c->trace);

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		if (!fh_core_chain_holds(c, &files[i]))
			continue;
		if (held == FH_DOCUMENT_STATEMENTS_MAX)
			return FH_ERR_OK;
		e = fh_chain_file_read(&store, &files[i], &c->scratch, &s[held], &c->trace);
		if (e != FH_ERR_OK)
			break;
		sum += s[held++].n;
		if (sum > FH_DOCUMENT_CHAIN_MAX)
			return FH_ERR_OK;
	}
	d->statement = s;
	d->statements = held;
	return e;
}

/* The firmware's log, if there is one that is not too large.  */
static fh_err add_log(struct fh_core *c, struct fh_document *d)
{
	fh_err e = c->measured ? fh_core_event_log(c, &d->log) : FH_ERR_MISSING;

	if (e == FH_ERR_OK && d->log.n > FH_DOCUMENT_LOG_MAX)
		d->log = (struct fh_span){ 0 };
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

static void add_device(const struct fh_device *device, struct fh_document *d)
{
	memcpy(d->device.bytes, device->body.key.p, sizeof(d->device.bytes));
	d->ak = device->body.ak;
	if (device->body.ek_certificate.n > 0)
		d->endorsement[d->endorsements++] = device->body.ek_certificate;
}

static fh_err fill(struct fh_core *c, struct fh_document *d)
{
	const struct fh_device *device = fh_chain_device(&c->chain, &c->device_id);

	if (device == nullptr)
		return FH_ERR_STATE;
	*d = (struct fh_document){
		/* Something was recorded since the one before it, so it rises.  */
		.serial = c->journal.signed_tree.size,
		.issued = fh_core_now(c), .genesis = c->chain.id, .placement = c->chain.placement,
		.grade = c->grade, .head_sequence = c->chain.head.sequence,
		.head = c->chain.head.hash, .boot = c->boot, .start = c->start,
		.checkpoint = fh_span_of(c->note, c->note_n), .cold_starts = c->cold_starts,
	};
	memcpy(d->cold_start, c->cold_start, sizeof(d->cold_start));
	add_device(device, d);
	d->quote = (struct fh_document_quote){ c->quoted, fh_span_of(c->quote, c->quote_n) };
	fh_err e = add_operator(c, d);

	if (e == FH_ERR_OK)
		e = add_log(c, d);
	return e == FH_ERR_OK ? add_chain(c, d) : e;
}

/* --- signing it ------------------------------------------------------- */

static struct fh_builder room(struct fh_core *c, size_t n)
{
	uint8_t *p = fh_arena_space(&c->scratch, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

static struct fh_span encoded(struct fh_core *c, struct fh_span bytes)
{
	struct fh_builder b = room(c, bytes.n / 3 * 4 + 4);

	fh_base64url_put(&b, bytes);
	return fh_builder_span(&b);
}

static fh_err ask_signature(struct fh_core *c, struct fh_span payload, struct fh_signature *out)
{
	struct fh_builder b = room(c, FH_DOOR_DOCUMENT_MAX);
	struct fh_span frame;

	fh_door_put_document(&b, payload);
	if (b.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_core_commit_end(c);

	if (e == FH_ERR_OK)
		e = fh_frame_send(c->keeper.fd, fh_builder_span(&b), /* pass= */ -1);
	if (e == FH_ERR_OK)
		e = fh_pipe_wait(&c->keeper, &frame);
	return e == FH_ERR_OK ? fh_door_read_signature(frame, out, &c->trace) : FH_ERR_CLOSED;
}

static fh_err make(struct fh_core *c, struct fh_span *out)
{
	struct fh_document *d = fh_arena_take(&c->scratch, sizeof(*d));
	struct fh_builder payload = room(c, FH_DOCUMENT_PAYLOAD_MAX);
	struct fh_builder whole = room(c, FH_DOCUMENT_MAX);
	struct fh_signature s;
	fh_err e = d == nullptr ? FH_ERR_NOMEM : fill(c, d);

	if (e != FH_ERR_OK)
		return e;
	fh_document_put(&payload, d);
	if (payload.bad)
		return FH_ERR_LIMIT;
	e = ask_signature(c, fh_builder_span(&payload), &s);
	if (e != FH_ERR_OK)
		return e;
	struct fh_jws j = { encoded(c, fh_builder_span(&payload)), encoded(c, c->certificate),
			    encoded(c, FH_SPAN_ARRAY(s.bytes)) };

	fh_jws_put(&whole, FH_DOCUMENT_HEADER, &j);
	return fh_builder_end(&whole, out);
}

/* --- handing it out --------------------------------------------------- */

void fh_core_document_hand(struct fh_core *c, size_t i)
{
	struct fh_builder body = room(c, FH_DOCUMENT_MAX + 16);
	struct fh_reply r = { .status = FH_REPLY_DOCUMENT, .index = FH_NO_INDEX };

	if (!c->gate[i].used || !c->gate[i].peer.network || c->document.n == 0)
		return;
	fh_cbor_put_bytes(&body, c->document);
	r.body = fh_builder_span(&body);
	if (!body.bad)
		fh_core_reply(c, i, &r);
}

fh_err fh_core_document(struct fh_core *c)
{
	struct fh_span whole;

	c->document_due = false;
	fh_arena_reset(&c->scratch);
	fh_err e = make(c, &whole);

	if (e == FH_ERR_CLOSED)
		return e;
	if (e == FH_ERR_OK) {
		fh_arena_reset(&c->document_memory);
		e = fh_arena_copy(&c->document_memory, whole, &c->document);
		c->document_serial = c->journal.signed_tree.size;
	}
	if (e != FH_ERR_OK) {
		fh_trace_where(&c->trace, "document");
		fh_log_error("core", e, &c->trace);
		return FH_ERR_OK;
	}
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		fh_arena_reset(&c->scratch);
		fh_core_document_hand(c, i);
		fh_outbox_release(&c->gate[i].out);
	}
	return FH_ERR_OK;
}
