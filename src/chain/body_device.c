/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/body_private.h"

constexpr size_t grade_max = 32;
constexpr size_t possession_max = 4096;      /* a COSE_Sign1 of ours is 3365 bytes */
constexpr size_t ek_certificate_max = 8192;  /* vendors' certificates stay below 2 KiB */
constexpr size_t certified_max = 1024;       /* of evidence/certified.h */
constexpr size_t ak_max = 1024;              /* a TPMT_PUBLIC of P-256 is 90 bytes */

static struct fh_span optional_bytes(struct fh_members *m, const char *name, size_t max)
{
	if (!fh_members_has(m, name))
		return (struct fh_span){ 0 };

	struct fh_span s = fh_cbor_bytes(&m->c, max);

	if (s.n == 0)
		fh_members_refuse(m, name, "is empty or too long");
	return s;
}

fh_err fh_device_read(struct fh_span body, struct fh_device_body *out, struct fh_trace *t)
{
	struct fh_members m = fh_members_of(body, "device", t);
	struct fh_device_body d = { 0 };

	d.ak = optional_bytes(&m, "ak", ak_max);
	d.key = fh_members_bytes(&m, "key", FH_MLDSA65_PUBLIC_SIZE);
	d.name = fh_members_name(&m, "name");
	if (fh_members_has(&m, "epoch"))
		d.epoch = fh_cbor_uint(&m.c);
	d.grade = fh_members_text(&m, "grade", grade_max);
	if (d.grade.n == 0 || !fh_text_printable(d.grade))
		fh_members_refuse(&m, "grade", "must be a grade");
	d.certified = optional_bytes(&m, "certified", certified_max);
	fh_members_need(&m, "possession");
	d.possession = fh_cbor_bytes(&m.c, possession_max);
	d.ek_certificate = optional_bytes(&m, "ek-certificate", ek_certificate_max);

	fh_err e = fh_members_end(&m);

	if (e == FH_ERR_OK)
		*out = d;
	return e;
}

void fh_device_put(struct fh_builder *b, const struct fh_device_body *d)
{
	size_t members = 4;

	members += d->ak.n > 0;
	members += d->epoch > 0;
	members += d->certified.n > 0;
	members += d->ek_certificate.n > 0;
	fh_cbor_put_map(b, members);
	if (d->ak.n > 0) {
		fh_put_name(b, "ak");
		fh_cbor_put_bytes(b, d->ak);
	}
	fh_put_name(b, "key");
	fh_cbor_put_bytes(b, d->key);
	fh_put_name(b, "name");
	fh_cbor_put_text(b, d->name);
	if (d->epoch > 0) {
		fh_put_name(b, "epoch");
		fh_cbor_put_uint(b, d->epoch);
	}
	fh_put_name(b, "grade");
	fh_cbor_put_text(b, d->grade);
	if (d->certified.n > 0) {
		fh_put_name(b, "certified");
		fh_cbor_put_bytes(b, d->certified);
	}
	fh_put_name(b, "possession");
	fh_cbor_put_bytes(b, d->possession);
	if (d->ek_certificate.n > 0) {
		fh_put_name(b, "ek-certificate");
		fh_cbor_put_bytes(b, d->ek_certificate);
	}
}

void fh_device_possession_put(struct fh_builder *b, const struct fh_hash *chain_id,
			      struct fh_span key)
{
	struct fh_hash id = fh_key_id(key);

	fh_builder_bytes(b, fh_hash_span(chain_id));
	fh_builder_bytes(b, fh_hash_span(&id));
}

fh_err fh_device_possession_check(const struct fh_device_body *d, const struct fh_hash *chain_id)
{
	struct fh_cursor c = fh_cursor_of(d->possession);
	struct fh_cose_signature s;
	uint8_t said[2 * FH_HASH_SIZE], signed_bytes[2 * FH_HASH_SIZE + FH_COSE_SIGNED_OVERHEAD];
	struct fh_builder b = FH_BUILDER_ARRAY(said), to_sign = FH_BUILDER_ARRAY(signed_bytes);
	struct fh_hash id = fh_key_id(d->key);
	fh_err e = fh_cose_read_sign1(&c, &s);

	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_hash_equal(&s.key_id, &id))
		return FH_ERR_SIGNATURE;
	fh_device_possession_put(&b, chain_id, d->key);
	fh_cose_put_signed1(&to_sign, FH_SPAN_LIT(FH_DEVICE_POSSESSION_AAD), fh_builder_span(&b));
	return fh_signature_check(d->key, fh_builder_span(&to_sign), s.signature);
}
