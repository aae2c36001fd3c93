/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9052 in one fixed shape: everything a reader could choose is demanded
 * instead (algorithm, header order, detached payload), so there is nothing to
 * interpret.  */
#include "codec/cose.h"

/* {1: -49}, the protected header of every signature (RFC 9964).  */
static const uint8_t mldsa65_header[] = { 0xa1, 0x01, 0x38, 0x30 };
constexpr uint64_t label_key_id = 4;

void fh_cose_put_signed(struct fh_builder *b, struct fh_span aad, struct fh_span payload)
{
	fh_cbor_put_array(b, 5);
	fh_cbor_put_text(b, FH_SPAN_LIT("Signature"));
	fh_cbor_put_bytes(b, (struct fh_span){ 0 });
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(mldsa65_header));
	fh_cbor_put_bytes(b, aad);
	fh_cbor_put_bytes(b, payload);
}

void fh_cose_put_signed1(struct fh_builder *b, struct fh_span aad, struct fh_span payload)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_text(b, FH_SPAN_LIT("Signature1"));
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(mldsa65_header));
	fh_cbor_put_bytes(b, aad);
	fh_cbor_put_bytes(b, payload);
}

/* The protected header and the key id: how a COSE_Signature and a COSE_Sign1
 * both begin.  */
static void put_headers(struct fh_builder *b, const struct fh_cose_signature *s)
{
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(mldsa65_header));
	fh_cbor_put_map(b, 1);
	fh_cbor_put_uint(b, label_key_id);
	fh_cbor_put_bytes(b, fh_hash_span(&s->key_id));
}

static struct fh_hash read_headers(struct fh_cursor *c)
{
	struct fh_hash key_id = { 0 };

	if (!fh_span_equal(fh_cbor_bytes(c, sizeof(mldsa65_header)), FH_SPAN_ARRAY(mldsa65_header)))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	fh_cbor_map_exact(c, 1);
	fh_cbor_key(c, label_key_id);
	struct fh_span id = fh_cbor_bytes_exact(c, FH_HASH_SIZE);

	for (size_t i = 0; i < id.n; i++)
		key_id.bytes[i] = id.p[i];
	return key_id;
}

static void expect_nil(struct fh_cursor *c)
{
	if (!fh_cbor_null(c))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

void fh_cose_put_sign(struct fh_builder *b, const struct fh_cose_signature *s, size_t n)
{
	fh_cbor_put_tag(b, FH_COSE_SIGN_TAG);
	fh_cbor_put_array(b, 4);
	fh_cbor_put_bytes(b, (struct fh_span){ 0 });
	fh_cbor_put_map(b, 0);
	fh_cbor_put_null(b);
	fh_cbor_put_array(b, n);
	for (size_t i = 0; i < n; i++) {
		fh_cbor_put_array(b, 3);
		put_headers(b, &s[i]);
		fh_cbor_put_bytes(b, s[i].signature);
	}
}

/* Reads one COSE_Signature.  */
static struct fh_cose_signature signature(struct fh_cursor *c)
{
	struct fh_cose_signature s;

	fh_cbor_array_exact(c, 3);
	s.key_id = read_headers(c);
	s.signature = fh_cbor_bytes_exact(c, FH_MLDSA65_SIGNATURE_SIZE);
	return s;
}

/* Reads up to where the signatures begin; returns their number.  */
static size_t sign_begin(struct fh_cursor *c, size_t max)
{
	fh_cbor_tag(c, FH_COSE_SIGN_TAG);
	fh_cbor_array_exact(c, 4);
	(void)fh_cbor_bytes_exact(c, 0);
	fh_cbor_map_exact(c, 0);
	expect_nil(c);
	size_t n = fh_cbor_array(c, max);

	if (n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return n;
}

fh_err fh_cose_read_sign(struct fh_cursor *c, struct fh_cose_signature *out, size_t max,
			 size_t *count)
{
	size_t n = sign_begin(c, max);
	struct fh_cursor again = *c;
	struct fh_hash last = { 0 };

	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		struct fh_cose_signature s = signature(c);

		if (i > 0 && fh_span_compare(fh_hash_span(&last), fh_hash_span(&s.key_id)) >= 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		last = s.key_id;
	}
	if (fh_cursor_bad(c))
		return c->why;
	for (size_t i = 0; i < n; i++)
		out[i] = signature(&again);
	*count = n;
	return FH_ERR_OK;
}

void fh_cose_put_sign1(struct fh_builder *b, const struct fh_cose_signature *s)
{
	fh_cbor_put_tag(b, FH_COSE_SIGN1_TAG);
	fh_cbor_put_array(b, 4);
	put_headers(b, s);
	fh_cbor_put_null(b);
	fh_cbor_put_bytes(b, s->signature);
}

fh_err fh_cose_read_sign1(struct fh_cursor *c, struct fh_cose_signature *out)
{
	struct fh_cose_signature s;

	fh_cbor_tag(c, FH_COSE_SIGN1_TAG);
	fh_cbor_array_exact(c, 4);
	s.key_id = read_headers(c);
	expect_nil(c);
	s.signature = fh_cbor_bytes_exact(c, FH_MLDSA65_SIGNATURE_SIZE);
	if (fh_cursor_bad(c))
		return c->why;
	*out = s;
	return FH_ERR_OK;
}
