/* SPDX-License-Identifier: Apache-2.0 */
#include "role/door.h"

/* Stands behind the head of the request R with N members.  */
static struct fh_cursor request_of(struct fh_span frame, enum fh_door_request r, size_t n)
{
	struct fh_cursor c = fh_cursor_of(frame);

	fh_cbor_array_exact(&c, n);
	if (fh_cbor_uint(&c) != (uint64_t)r)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	return c;
}

void fh_door_put_wish(struct fh_builder *b, enum fh_door_wish wish, struct fh_span subject,
		      uint64_t sequence)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, FH_DOOR_WISH);
	fh_cbor_put_uint(b, wish);
	fh_cbor_put_bytes(b, subject);
	fh_cbor_put_uint(b, sequence);
}

fh_err fh_door_read_wish(struct fh_span frame, enum fh_door_wish *wish, struct fh_span *subject,
			 uint64_t *sequence)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_WISH, 4);
	uint64_t what = fh_cbor_uint(&c);
	struct fh_span of = fh_cbor_bytes(&c, FH_SUBJECT_MAX);
	uint64_t before = fh_cbor_uint(&c);

	if (what > FH_WISH_CARRIED)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	*wish = (enum fh_door_wish)what;
	*subject = of;
	*sequence = before;
	return FH_ERR_OK;
}

void fh_door_put_lo(struct fh_builder *b, enum fh_door_request request, uint64_t lo_ms)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, request);
	fh_cbor_put_uint(b, lo_ms);
}

fh_err fh_door_read_lo(struct fh_span frame, uint64_t *lo_ms)
{
	struct fh_cursor c = fh_cursor_of(frame);

	fh_cbor_array_exact(&c, 2);
	(void)fh_cbor_uint(&c);
	uint64_t lo = fh_cbor_uint(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*lo_ms = lo;
	return e;
}

void fh_door_put_due(struct fh_builder *b, const struct fh_data_due *d)
{
	fh_cbor_put_array(b, 5);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_uint(b, d->due);
	fh_cbor_put_uint(b, d->held);
	fh_cbor_put_uint(b, d->next_ms);
	fh_cbor_put_uint(b, d->room);
}

fh_err fh_door_read_due(struct fh_span frame, struct fh_data_due *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 5, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_data_due d = { .due = fh_cbor_uint(&c) };

	d.held = fh_cbor_uint(&c);
	d.next_ms = fh_cbor_uint(&c);
	d.room = fh_cbor_uint(&c);
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = d;
	return e;
}

void fh_door_put_doomed(struct fh_builder *b, const struct fh_door_doomed *d)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_uint(b, d->epoch);
	fh_cbor_put_bytes(b, d->keys);
	fh_cbor_put_bytes(b, d->slots);
}

fh_err fh_door_read_doomed(struct fh_span frame, struct fh_door_doomed *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 4, t);
	size_t n;

	if (e != FH_ERR_OK)
		return e;
	struct fh_door_doomed d = { .epoch = fh_cbor_uint(&c) };

	d.keys = fh_cbor_bytes(&c, FH_SHRED_LIST_MAX);
	d.slots = fh_cbor_bytes(&c, FH_SHRED_SLOT_LIST_MAX);
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		e = fh_shred_list_read(d.keys, &n);
	if (e == FH_ERR_OK)
		e = fh_shred_slots_read(d.slots, &n);
	if (e == FH_ERR_OK)
		*out = d;
	return e;
}

void fh_door_put_recovery(struct fh_builder *b, const struct fh_door_recovery *r)
{
	fh_cbor_put_array(b, 6);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_bool(b, r->renewed);
	fh_cbor_put_uint(b, r->epoch);
	fh_cbor_put_bool(b, r->held);
	fh_cbor_put_hash(b, &r->key);
	fh_cbor_put_bool(b, r->useless);
}

fh_err fh_door_read_recovery(struct fh_span frame, struct fh_door_recovery *out,
			     struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 6, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_door_recovery r = { .renewed = fh_cbor_bool(&c) };

	r.epoch = fh_cbor_uint(&c);
	r.held = fh_cbor_bool(&c);
	r.key = fh_cbor_hash(&c);
	r.useless = fh_cbor_bool(&c);
	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}

void fh_door_put_left(struct fh_builder *b, uint64_t left)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_ERR_OK);
	fh_cbor_put_uint(b, left);
}

fh_err fh_door_read_left(struct fh_span frame, uint64_t *left, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(frame);
	fh_err e = fh_door_answer_begin(&c, 2, t);

	if (e != FH_ERR_OK)
		return e;
	uint64_t n = fh_cbor_uint(&c);

	e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*left = n;
	return e;
}

void fh_door_put_shredded(struct fh_builder *b, const struct fh_door_shredded *s)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, FH_DOOR_SHREDDED);
	fh_cbor_put_bytes(b, s->leaf);
	fh_cbor_put_bytes(b, s->payload);
	fh_cbor_put_array(b, s->proof.n);
	for (size_t i = 0; i < s->proof.n; i++)
		fh_cbor_put_hash(b, &s->proof.hash[i]);
}

fh_err fh_door_read_shredded(struct fh_span frame, struct fh_door_shredded *out)
{
	struct fh_cursor c = request_of(frame, FH_DOOR_SHREDDED, 4);
	struct fh_door_shredded s = { 0 };

	s.leaf = fh_cbor_bytes(&c, FH_LEAF_MAX);
	s.payload = fh_cbor_bytes(&c, FH_SHRED_PAYLOAD_MAX);
	s.proof.n = fh_cbor_array(&c, FH_PROOF_MAX);
	for (size_t i = 0; i < s.proof.n; i++)
		s.proof.hash[i] = fh_cbor_hash(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}
