/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/certificate.h"

#include "codec/cose.h"

constexpr size_t members = 10;
constexpr size_t members_1 = 9; /* of version 1, which named no head */

static void put_hash(struct fh_builder *b, uint64_t key, const struct fh_hash *h)
{
	fh_cbor_put_uint(b, key);
	fh_cbor_put_hash(b, h);
}

static void put_number(struct fh_builder *b, uint64_t key, uint64_t v)
{
	fh_cbor_put_uint(b, key);
	fh_cbor_put_uint(b, v);
}

void fh_certificate_put_payload(struct fh_builder *b, const struct fh_certificate *c)
{
	fh_cbor_put_map(b, c->version_1 ? members_1 : members);
	put_number(b, 1, c->version_1 ? 1 : FH_CERTIFICATE_VERSION);
	put_hash(b, 2, &c->chain_id);
	put_hash(b, 3, &c->device_id);
	fh_cbor_put_uint(b, 4);
	fh_cbor_put_bytes(b, c->session_key);
	put_number(b, 5, c->boot);
	put_number(b, 6, c->start);
	fh_cbor_put_uint(b, 7);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, c->previous_size);
	fh_cbor_put_hash(b, &c->previous_root);
	put_number(b, 8, c->grade);
	fh_cbor_put_uint(b, 9);
	if (c->quote.n == 0)
		fh_cbor_put_null(b);
	else
		fh_cbor_put_bytes(b, c->quote);
	if (c->version_1)
		return;
	fh_cbor_put_uint(b, 10);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, c->head_sequence);
	fh_cbor_put_hash(b, &c->head);
}

void fh_certificate_put_signed(struct fh_builder *b, struct fh_span payload)
{
	fh_cose_put_signed1(b, FH_SPAN_LIT(FH_CERTIFICATE_DOMAIN), payload);
}

void fh_certificate_put(struct fh_builder *b, struct fh_span payload,
			const struct fh_hash *device_id, struct fh_span signature)
{
	struct fh_cose_signature s = { *device_id, signature };

	fh_cbor_put_array(b, 2);
	fh_cbor_put_bytes(b, payload);
	fh_cose_put_sign1(b, &s);
}

static fh_err read_payload(struct fh_span payload, struct fh_certificate *out)
{
	struct fh_cursor c = fh_cursor_of(payload);

	size_t n = fh_cbor_map(&c, members);

	fh_cbor_key(&c, 1);
	uint64_t version = fh_cbor_uint(&c);

	if (version > FH_CERTIFICATE_VERSION && !fh_cursor_bad(&c))
		return FH_ERR_VERSION;
	if (n != (version == 1 ? members_1 : members) || version == 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_cbor_key(&c, 2);
	out->chain_id = fh_cbor_hash(&c);
	fh_cbor_key(&c, 3);
	out->device_id = fh_cbor_hash(&c);
	fh_cbor_key(&c, 4);
	out->session_key = fh_cbor_bytes_exact(&c, FH_MLDSA65_PUBLIC_SIZE);
	fh_cbor_key(&c, 5);
	out->boot = fh_cbor_uint(&c);
	fh_cbor_key(&c, 6);
	out->start = fh_cbor_uint(&c);
	fh_cbor_key(&c, 7);
	fh_cbor_array_exact(&c, 2);
	out->previous_size = fh_cbor_uint(&c);
	out->previous_root = fh_cbor_hash(&c);
	fh_cbor_key(&c, 8);
	uint64_t grade = fh_cbor_uint(&c);

	if (grade > FH_GRADE_ENCLAVE)
		fh_cursor_fail(&c, FH_ERR_UNKNOWN);
	out->grade = (enum fh_grade)grade;
	fh_cbor_key(&c, 9);
	if (!fh_cbor_null(&c)) {
		out->quote = fh_cbor_bytes(&c, FH_QUOTE_MAX);
		if (out->quote.n == 0)
			fh_cursor_fail(&c, FH_ERR_FORMAT);
	}
	out->version_1 = version == 1;
	if (!out->version_1) {
		fh_cbor_key(&c, 10);
		fh_cbor_array_exact(&c, 2);
		out->head_sequence = fh_cbor_uint(&c);
		out->head = fh_cbor_hash(&c);
	}
	return fh_cursor_end(&c);
}

fh_err fh_certificate_read(struct fh_span bytes, struct fh_certificate *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_certificate read = { 0 };
	struct fh_cose_signature s;

	fh_cbor_array_exact(&c, 2);
	read.payload = fh_cbor_bytes(&c, FH_CERTIFICATE_MAX);
	fh_err e = fh_cose_read_sign1(&c, &s);

	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		e = read_payload(read.payload, &read);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_hash_equal(&s.key_id, &read.device_id))
		return FH_ERR_FORMAT;
	read.signature = s.signature;
	*out = read;
	return FH_ERR_OK;
}

fh_err fh_certificate_check(const struct fh_certificate *c, struct fh_span device_key)
{
	static_assert(FH_CERTIFICATE_MAX
		      >= FH_MLDSA65_PUBLIC_SIZE + FH_MLDSA65_SIGNATURE_SIZE + 512);
	uint8_t message[FH_CERTIFICATE_MAX + FH_COSE_SIGNED_OVERHEAD];
	struct fh_builder b = FH_BUILDER_ARRAY(message);
	struct fh_hash id = fh_key_id(device_key);
	struct fh_span signed_bytes;

	if (!fh_hash_equal(&id, &c->device_id))
		return FH_ERR_SIGNATURE;
	fh_certificate_put_signed(&b, c->payload);
	fh_err e = fh_builder_end(&b, &signed_bytes);

	if (e != FH_ERR_OK)
		return e;
	return fh_signature_check(device_key, signed_bytes, c->signature);
}
