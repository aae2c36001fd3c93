/* SPDX-License-Identifier: Apache-2.0 */
#include "role/door.h"

#include <string.h>

void fh_door_put_request(struct fh_builder *b, enum fh_door_request r)
{
	fh_cbor_put_array(b, 1);
	fh_cbor_put_uint(b, r);
}

void fh_door_put_error(struct fh_builder *b, fh_err e, const struct fh_trace *t)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, e);
	fh_cbor_put_text(b, fh_span_str(t->where));
	fh_cbor_put_text(b, fh_span_str(t->what));
	fh_cbor_put_text(b, fh_span_str(t->cure));
}

static void copy_text(struct fh_cursor *c, char *out, size_t cap)
{
	struct fh_span s = fh_cbor_text(c, cap - 1);

	if (s.n > 0)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

/* Stands C behind [0 of an answer with N members; the error it carries
 * otherwise.  */
static fh_err answer_of(struct fh_cursor *c, size_t n, struct fh_trace *t)
{
	struct fh_trace told = { 0 };
	size_t members = fh_cbor_array(c, 16);
	uint64_t code = fh_cbor_uint(c);

	if (code == FH_ERR_OK) {
		if (members != n)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		return c->why;
	}
	copy_text(c, told.where, sizeof(told.where));
	copy_text(c, told.what, sizeof(told.what));
	copy_text(c, told.cure, sizeof(told.cure));
	fh_err e = fh_cursor_end(c);

	if (e != FH_ERR_OK || code >= FH_ERR_COUNT)
		return FH_ERR_FORMAT;
	if (t != nullptr)
		*t = told;
	return (fh_err)code;
}

constexpr size_t opened_members = 6;

void fh_door_put_opened(struct fh_builder *b, const struct fh_door_opened *o)
{
	fh_cbor_put_array(b, opened_members);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_hash(b, &o->chain_id);
	fh_cbor_put_hash(b, &o->device_id);
	fh_cbor_put_uint(b, o->signed_size);
	fh_cbor_put_hash(b, &o->signed_root);
	fh_cbor_put_uint(b, o->grade);
}

fh_err fh_door_read_opened(struct fh_span frame, struct fh_door_opened *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_door_opened o = { 0 };
	fh_err e = answer_of(&c, opened_members, t);

	if (e != FH_ERR_OK)
		return e;
	o.chain_id = fh_cbor_hash(&c);
	o.device_id = fh_cbor_hash(&c);
	o.signed_size = fh_cbor_uint(&c);
	o.signed_root = fh_cbor_hash(&c);
	o.grade = (enum fh_grade)(fh_cbor_uint(&c) & 0xff);
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = o;
	return e;
}

constexpr size_t begun_members = 5;

void fh_door_put_begun(struct fh_builder *b, const struct fh_door_begun *g)
{
	fh_cbor_put_array(b, begun_members);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bool(b, g->fresh);
	fh_cbor_put_uint(b, g->boot);
	fh_cbor_put_uint(b, g->start);
	fh_cbor_put_bytes(b, g->certificate);
}

fh_err fh_door_read_begun(struct fh_span frame, struct fh_door_begun *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_door_begun g = { 0 };
	fh_err e = answer_of(&c, begun_members, t);

	if (e != FH_ERR_OK)
		return e;
	g.fresh = fh_cbor_bool(&c);
	g.boot = fh_cbor_uint(&c);
	g.start = fh_cbor_uint(&c);
	g.certificate = fh_cbor_bytes(&c, FH_CERTIFICATE_MAX);
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = g;
	return e;
}

void fh_door_put_checkpoint(struct fh_builder *b, uint64_t size, const struct fh_hash *root,
			    const struct fh_proof *proof)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, FH_DOOR_CHECKPOINT);
	fh_cbor_put_uint(b, size);
	fh_cbor_put_hash(b, root);
	fh_cbor_put_array(b, proof->n);
	for (size_t i = 0; i < proof->n; i++)
		fh_cbor_put_hash(b, &proof->hash[i]);
}

fh_err fh_door_read_checkpoint(struct fh_span frame, uint64_t *size, struct fh_hash *root,
			       struct fh_proof *proof)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_hash r = { 0 };
	struct fh_proof p = { 0 };

	fh_cbor_array_exact(&c, 4);
	if (fh_cbor_uint(&c) != FH_DOOR_CHECKPOINT)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	uint64_t n = fh_cbor_uint(&c);

	r = fh_cbor_hash(&c);
	p.n = fh_cbor_array(&c, FH_PROOF_MAX);
	for (size_t i = 0; i < p.n; i++)
		p.hash[i] = fh_cbor_hash(&c);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	*size = n;
	*root = r;
	*proof = p;
	return FH_ERR_OK;
}

void fh_door_put_note(struct fh_builder *b, struct fh_span note)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bytes(b, note);
}

fh_err fh_door_read_note(struct fh_span frame, struct fh_span *note, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = answer_of(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span n = fh_cbor_bytes(&c, FH_CHECKPOINT_NOTE_MAX);

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*note = n;
	return e;
}

void fh_door_put_document(struct fh_builder *b, struct fh_span payload)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_DOOR_DOCUMENT);
	fh_cbor_put_bytes(b, payload);
}

fh_err fh_door_read_document(struct fh_span frame, struct fh_span *payload)
{
	struct fh_cursor c = fh_cursor_of(frame);

	fh_cbor_array_exact(&c, 2);
	if (fh_cbor_uint(&c) != FH_DOOR_DOCUMENT)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	struct fh_span p = fh_cbor_bytes(&c, FH_DOCUMENT_PAYLOAD_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*payload = p;
	return e;
}

void fh_door_put_signature(struct fh_builder *b, const struct fh_signature *s)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(s->bytes));
}

fh_err fh_door_read_signature(struct fh_span frame, struct fh_signature *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = answer_of(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span s = fh_cbor_bytes_exact(&c, sizeof(out->bytes));

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		memcpy(out->bytes, s.p, sizeof(out->bytes));
	return e;
}
