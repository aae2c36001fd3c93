/* SPDX-License-Identifier: Apache-2.0 */
#include "role/door_cosign.h"

#include "role/door.h"

void fh_door_put_lines_of(struct fh_builder *b, uint64_t time_s)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_DOOR_LINES);
	fh_cbor_put_uint(b, time_s);
}

fh_err fh_door_read_lines_of(struct fh_span frame, uint64_t *time_s)
{
	struct fh_cursor c = fh_cursor_of(frame);

	fh_cbor_array_exact(&c, 2);
	if (fh_cbor_uint(&c) != FH_DOOR_LINES)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	uint64_t time = fh_cbor_uint(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*time_s = time;
	return e;
}

void fh_door_put_cosigning(struct fh_builder *b, const struct fh_cosign_request *r)
{
	fh_cbor_put_array(b, 7);
	fh_cbor_put_uint(b, FH_DOOR_COSIGN);
	fh_cbor_put_uint(b, r->time_s);
	fh_cbor_put_text(b, r->origin);
	fh_cbor_put_uint(b, r->old);
	fh_cbor_put_uint(b, r->size);
	fh_cbor_put_hash(b, &r->root);
	fh_cbor_put_array(b, r->proof.n);
	for (size_t i = 0; i < r->proof.n; i++)
		fh_cbor_put_hash(b, &r->proof.hash[i]);
}

fh_err fh_door_read_cosigning(struct fh_span frame, struct fh_cosign_request *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_cosign_request r = { 0 };

	fh_cbor_array_exact(&c, 7);
	if (fh_cbor_uint(&c) != FH_DOOR_COSIGN)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	r.time_s = fh_cbor_uint(&c);
	r.origin = fh_cbor_text(&c, FH_NOTE_NAME_MAX);
	r.old = fh_cbor_uint(&c);
	r.size = fh_cbor_uint(&c);
	r.root = fh_cbor_hash(&c);
	r.proof.n = fh_cbor_array(&c, FH_PROOF_MAX);
	for (size_t i = 0; i < r.proof.n; i++)
		r.proof.hash[i] = fh_cbor_hash(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && r.origin.n == 0)
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}

void fh_door_put_text(struct fh_builder *b, struct fh_span text)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_text(b, text);
}

fh_err fh_door_read_text(struct fh_span frame, struct fh_span *text, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_span s = fh_cbor_text(&c, FH_DOOR_ANSWER_MAX);

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*text = s;
	return e;
}

void fh_door_put_cosigned(struct fh_builder *b, const struct fh_cosign_answer *a)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_uint(b, a->status);
	fh_cbor_put_uint(b, a->last);
	fh_cbor_put_text(b, a->lines);
}

fh_err fh_door_read_cosigned(struct fh_span frame, struct fh_cosign_answer *out,
			     struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 4, t);

	if (e != FH_ERR_OK)
		return e;
	uint64_t status = fh_cbor_uint(&c);
	struct fh_cosign_answer a = { .last = fh_cbor_uint(&c) };

	a.lines = fh_cbor_text(&c, FH_COSIGN_LINES_MAX);
	if (status >= FH_COSIGN_STATUSES)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	a.status = (enum fh_cosign_status)status;
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = a;
	return e;
}
