/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle: all that an outsider needs to judge one entry besides its place.  */
#include "codec/cbor.h"
#include "entry/certificate.h"
#include "verify/proof.h"

constexpr size_t members_1 = 5; /* version 1: no stamps, and no openings */
constexpr size_t members = 6;
constexpr size_t opening_max = FH_PAYLOAD_MAX;
constexpr size_t path_max = 5; /* hashes that lead from one of 16 fields to their root */

static void put_openings(struct fh_builder *b, const struct fh_openings *s)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, s->fields);
	fh_cbor_put_array(b, s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct fh_opening *o = &s->opening[i];

		fh_cbor_put_array(b, 3);
		fh_cbor_put_uint(b, o->place);
		fh_cbor_put_bytes(b, o->bytes);
		fh_cbor_put_array(b, o->proof.n);
		for (size_t k = 0; k < o->proof.n; k++)
			fh_cbor_put_hash(b, &o->proof.hash[k]);
	}
}

void fh_bundle_put(struct fh_builder *b, const struct fh_bundle *u)
{
	fh_cbor_put_array(b, members);
	fh_cbor_put_uint(b, FH_BUNDLE_VERSION);
	fh_cbor_put_bytes(b, u->leaf);
	if (u->payload.n > 0)
		fh_cbor_put_bytes(b, u->payload);
	else if (u->shown.n > 0)
		put_openings(b, &u->shown);
	else
		fh_cbor_put_null(b);
	if (u->certificate.n > 0)
		fh_cbor_put_bytes(b, u->certificate);
	else
		fh_cbor_put_null(b);
	fh_cbor_put_array(b, u->statements);
	fh_builder_bytes(b, u->statement);
	fh_cbor_put_array(b, u->stamps);
	for (size_t i = 0; i < u->stamps; i++)
		fh_cbor_put_bytes(b, u->stamp[i]);
}

static void read_opening(struct fh_cursor *c, struct fh_opening *o)
{
	fh_cbor_array_exact(c, 3);
	o->place = fh_cbor_uint(c);
	o->bytes = fh_cbor_bytes(c, opening_max);
	o->proof.n = fh_cbor_array(c, path_max);
	for (size_t k = 0; k < o->proof.n; k++)
		o->proof.hash[k] = fh_cbor_hash(c);
}

static void read_openings(struct fh_cursor *c, struct fh_openings *s)
{
	fh_cbor_array_exact(c, 2);
	s->fields = fh_cbor_uint(c);
	s->n = fh_cbor_array(c, FH_FIELDS_MAX);
	if (s->n == 0 || s->fields > FH_FIELDS_MAX)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	for (size_t i = 0; i < s->n && !fh_cursor_bad(c); i++) {
		read_opening(c, &s->opening[i]);
		if (i > 0 && s->opening[i].place <= s->opening[i - 1].place)
			fh_cursor_fail(c, FH_ERR_FORMAT);
	}
}

/* A byte string that is not empty, or null.  */
static struct fh_span bytes_or_null(struct fh_cursor *c, size_t max)
{
	if (fh_cbor_null(c))
		return (struct fh_span){ 0 };
	struct fh_span s = fh_cbor_bytes(c, max);

	if (s.n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return s;
}

static void read_statements(struct fh_cursor *c, struct fh_bundle *u)
{
	u->statements = fh_cbor_array(c, FH_BUNDLE_STATEMENTS_MAX);
	u->statement = c->rest;
	for (size_t i = 0; i < u->statements && !fh_cursor_bad(c); i++)
		(void)fh_cbor_bytes(c, FH_ENVELOPE_MAX);
	u->statement = fh_span_first(u->statement, u->statement.n - c->rest.n);
}

fh_err fh_bundle_read(struct fh_span bytes, struct fh_bundle *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_bundle u = { 0 };
	size_t n = fh_cbor_array(&c, members);
	uint64_t version = fh_cbor_uint(&c);

	if (!fh_cursor_bad(&c) && version != 1 && version != FH_BUNDLE_VERSION)
		return FH_ERR_VERSION;
	if (n != (version == 1 ? members_1 : members))
		return FH_ERR_FORMAT;
	u.leaf = fh_cbor_bytes(&c, FH_LEAF_MAX);
	if (version > 1 && fh_cbor_peek(&c) == FH_CBOR_ARRAY)
		read_openings(&c, &u.shown);
	else
		u.payload = bytes_or_null(&c, FH_PAYLOAD_MAX);
	u.certificate = version == 1 ? fh_cbor_bytes(&c, FH_CERTIFICATE_MAX)
				     : bytes_or_null(&c, FH_CERTIFICATE_MAX);
	read_statements(&c, &u);
	u.stamps = version == 1 ? 0 : fh_cbor_array(&c, FH_BUNDLE_STAMPS_MAX);
	for (size_t i = 0; i < u.stamps; i++)
		u.stamp[i] = fh_cbor_bytes(&c, FH_STAMP_FILE_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = u;
	return e;
}
