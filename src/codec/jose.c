/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jose.h"

#include "base/hex.h"
#include "codec/base64.h"
#include "codec/json_pull.h"

#include <string.h>

constexpr size_t header_max = 256; /* of a protected header, encoded */

/* --- keys ------------------------------------------------------------- */

void fh_jwk_put(struct fh_builder *b, struct fh_span public_key)
{
	struct fh_hash id = fh_key_id(public_key);

	fh_builder_text(b, "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-65\",\"kid\":\"");
	fh_builder_hex(b, fh_hash_span(&id));
	fh_builder_text(b, "\",\"pub\":\"");
	fh_base64url_put(b, public_key);
	fh_builder_text(b, "\"}");
}

static bool says(struct fh_span value, const char *text)
{
	struct fh_span s;

	return fh_json_string(value, &s) == FH_ERR_OK && fh_span_equal(s, fh_span_str(text));
}

fh_err fh_jwk_read(struct fh_span text, struct fh_public_key *out)
{
	static const char *const names[] = { "kty", "alg", "kid", "pub" };
	struct fh_span v[4], kid, pub;
	struct fh_public_key k;
	struct fh_builder b = FH_BUILDER_ARRAY(k.bytes);
	struct fh_hash id;
	fh_err e = fh_json_object(text, names, 4, v);

	if (e != FH_ERR_OK)
		return e;
	if (!says(v[0], "AKP") || !says(v[1], "ML-DSA-65"))
		return FH_ERR_UNSUPPORTED;
	e = fh_json_string(v[2], &kid);
	if (e == FH_ERR_OK)
		e = fh_json_string(v[3], &pub);
	if (e == FH_ERR_OK)
		e = fh_hex_read(kid, id.bytes, sizeof(id.bytes));
	if (e == FH_ERR_OK)
		e = fh_base64url_read(pub, &b);
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash right = fh_key_id(FH_SPAN_ARRAY(k.bytes));

	if (b.n != sizeof(k.bytes) || !fh_hash_equal(&id, &right))
		return FH_ERR_FORMAT;
	*out = k;
	return FH_ERR_OK;
}

/* --- signed things ---------------------------------------------------- */

void fh_jws_put_signed(struct fh_builder *b, const char *protected_header,
		       struct fh_span encoded)
{
	fh_base64url_put(b, fh_span_str(protected_header));
	fh_builder_u8(b, '.');
	fh_builder_bytes(b, encoded);
}

static void put_member(struct fh_builder *b, const char *before, struct fh_span encoded)
{
	fh_builder_text(b, before);
	fh_builder_bytes(b, encoded);
}

void fh_jws_put(struct fh_builder *b, const char *protected_header, const struct fh_jws *j)
{
	put_member(b, "{\"payload\":\"", j->payload);
	fh_builder_text(b, "\",\"protected\":\"");
	fh_base64url_put(b, fh_span_str(protected_header));
	put_member(b, "\",\"header\":{\"certificate\":\"", j->certificate);
	put_member(b, "\"},\"signature\":\"", j->signature);
	fh_builder_text(b, "\"}");
}

fh_err fh_jws_read(struct fh_span text, const char *protected_header, struct fh_jws *out)
{
	static const char *const names[] = { "payload", "protected", "header", "signature" };
	static const char *const inner[] = { "certificate" };
	char expected[header_max];
	struct fh_builder b = FH_BUILDER_ARRAY(expected);
	struct fh_span v[4], certificate, header;
	struct fh_jws j;
	fh_err e = fh_json_object(text, names, 4, v);

	fh_base64url_put(&b, fh_span_str(protected_header));
	if (e == FH_ERR_OK)
		e = fh_json_string(v[1], &header);
	if (e == FH_ERR_OK && !fh_span_equal(header, fh_builder_span(&b)))
		e = FH_ERR_UNSUPPORTED;
	if (e == FH_ERR_OK)
		e = fh_json_object(v[2], inner, 1, &certificate);
	if (e == FH_ERR_OK)
		e = fh_json_string(certificate, &j.certificate);
	if (e == FH_ERR_OK)
		e = fh_json_string(v[0], &j.payload);
	if (e == FH_ERR_OK)
		e = fh_json_string(v[3], &j.signature);
	if (e == FH_ERR_OK)
		*out = j;
	return e;
}
