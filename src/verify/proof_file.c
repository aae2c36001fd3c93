/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-proof: the form of the file and of our bundle in its extra line.  */
#include "base/decimal.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "entry/certificate.h"
#include "verify/proof.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

constexpr size_t bundle_members = 5;

void fh_proof_file_put(struct fh_builder *b, const struct fh_proof_file *p)
{
	fh_builder_text(b, FIRST_LINE "\nextra ");
	fh_builder_bytes(b, p->extra);
	fh_builder_text(b, "\nindex ");
	fh_builder_decimal(b, p->index);
	fh_builder_u8(b, '\n');
	for (size_t i = 0; i < p->proof.n; i++) {
		fh_base64_put(b, fh_hash_span(&p->proof.hash[i]));
		fh_builder_u8(b, '\n');
	}
	fh_builder_u8(b, '\n');
	fh_builder_bytes(b, p->note);
}

static fh_err read_hash(struct fh_span line, struct fh_hash *out)
{
	struct fh_hash h;
	struct fh_builder b = FH_BUILDER_ARRAY(h.bytes);

	if (fh_base64_read(line, &b) != FH_ERR_OK || b.n != FH_HASH_SIZE)
		return FH_ERR_FORMAT;
	*out = h;
	return FH_ERR_OK;
}

static fh_err read_hashes(struct fh_cursor *c, struct fh_proof *out)
{
	for (;;) {
		struct fh_span line = fh_cursor_until(c, '\n');

		if (fh_cursor_bad(c))
			return c->why;
		if (line.n == 0)
			return FH_ERR_OK;
		if (out->n == FH_PROOF_MAX)
			return FH_ERR_LIMIT;
		fh_err e = read_hash(line, &out->hash[out->n]);

		if (e != FH_ERR_OK)
			return e;
		out->n++;
	}
}

fh_err fh_proof_file_read(struct fh_span text, struct fh_proof_file *out)
{
	struct fh_cursor c = fh_cursor_of(text);
	struct fh_proof_file p = { 0 };

	if (text.n > FH_PROOF_FILE_MAX)
		return FH_ERR_LIMIT;
	fh_cursor_expect(&c, FH_SPAN_LIT(FIRST_LINE "\nextra "));
	p.extra = fh_cursor_until(&c, '\n');
	fh_cursor_expect(&c, FH_SPAN_LIT("index "));
	struct fh_span index = fh_cursor_until(&c, '\n');

	if (fh_cursor_bad(&c))
		return c.why;
	fh_err e = fh_decimal_read(index, &p.index);

	if (e == FH_ERR_OK)
		e = read_hashes(&c, &p.proof);
	if (e != FH_ERR_OK)
		return e;
	p.note = c.rest;
	*out = p;
	return FH_ERR_OK;
}

void fh_bundle_put_open(struct fh_builder *b, const struct fh_bundle *u)
{
	fh_cbor_put_array(b, bundle_members);
	fh_cbor_put_uint(b, FH_BUNDLE_VERSION);
	fh_cbor_put_bytes(b, u->leaf);
	if (u->payload.n == 0)
		fh_cbor_put_null(b);
	else
		fh_cbor_put_bytes(b, u->payload);
	fh_cbor_put_bytes(b, u->certificate);
	fh_cbor_put_array(b, u->statements);
}

fh_err fh_bundle_read(struct fh_span bytes, struct fh_bundle *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_bundle u = { 0 };

	fh_cbor_array_exact(&c, bundle_members);
	if (fh_cbor_uint(&c) != FH_BUNDLE_VERSION && !fh_cursor_bad(&c))
		return FH_ERR_VERSION;
	u.leaf = fh_cbor_bytes(&c, FH_LEAF_MAX);
	if (!fh_cbor_null(&c)) {
		u.payload = fh_cbor_bytes(&c, FH_PAYLOAD_MAX);
		if (u.payload.n == 0)
			fh_cursor_fail(&c, FH_ERR_FORMAT);
	}
	u.certificate = fh_cbor_bytes(&c, FH_CERTIFICATE_MAX);
	u.statements = fh_cbor_array(&c, FH_BUNDLE_STATEMENTS_MAX);
	u.rest = c.rest;
	for (size_t i = 0; i < u.statements && !fh_cursor_bad(&c); i++)
		(void)fh_cbor_bytes(&c, FH_ENVELOPE_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = u;
	return e;
}
