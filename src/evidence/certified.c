/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/certified.h"

#include "base/own.h"
#include "chain/joint.h"
#include "codec/cbor.h"
#include "evidence/machine.h"
#include "evidence/quote.h"

constexpr size_t members = 6;
constexpr size_t counter_size = 8;

/* Of the TPM 2.0 Library, part 2.  */
constexpr uint16_t alg_keyedhash = 0x0008;
constexpr uint16_t alg_null = 0x0010;
constexpr uint32_t admin_with_policy = 1 << 7; /* of TPMA_OBJECT */
constexpr uint32_t no_da = 1 << 10;

void fh_certified_put(struct fh_builder *b, const struct fh_certified *c)
{
	fh_cbor_put_array(b, members);
	fh_cbor_put_uint(b, FH_CERTIFIED_VERSION);
	fh_cbor_put_bytes(b, c->public);
	fh_cbor_put_bytes(b, c->creation);
	fh_cbor_put_bytes(b, c->creation_signature);
	fh_cbor_put_bytes(b, c->counter);
	fh_cbor_put_bytes(b, c->counter_signature);
}

fh_err fh_certified_read(struct fh_span bytes, struct fh_certified *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_certified f;

	if (bytes.n > FH_CERTIFIED_MAX)
		return FH_ERR_LIMIT;
	fh_cbor_array_exact(&c, members);
	uint64_t version = fh_cbor_uint(&c);

	f.public = fh_cbor_bytes(&c, FH_CERTIFIED_PUBLIC_MAX);
	f.creation = fh_cbor_bytes(&c, FH_MACHINE_ATTEST_MAX);
	f.creation_signature = fh_cbor_bytes(&c, FH_MACHINE_SIGNATURE_MAX);
	f.counter = fh_cbor_bytes(&c, FH_MACHINE_ATTEST_MAX);
	f.counter_signature = fh_cbor_bytes(&c, FH_MACHINE_SIGNATURE_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && version != FH_CERTIFIED_VERSION)
		e = FH_ERR_VERSION;
	if (e == FH_ERR_OK)
		*out = f;
	return e;
}

struct fh_hash fh_certified_qualify(const struct fh_release *r)
{
	struct fh_sha256 h;

	fh_sha256_begin(&h);
	fh_sha256_add(&h, FH_SPAN_LIT("freehold/certified/v1\n"));
	fh_sha256_add(&h, fh_hash_span(&r->chain_id));
	fh_sha256_add(&h, fh_hash_span(&r->device_id));
	return fh_sha256_end(&h);
}

/* --- checking it ---------------------------------------------------------- */

struct claim {
	struct fh_tpm_public ak;
	struct fh_tpm_verifier key;
	struct fh_hash qualifying;
	const struct fh_release *release;
	struct fh_trace *t;
};

static fh_err no(const struct claim *c, const char *what)
{
	fh_trace_what(c->t, "%s", what);
	fh_trace_cure(c->t, "make a fresh request on the machine; if it says so again, its TPM is "
		      "not to be trusted with a key");
	return FH_ERR_SIGNATURE;
}

/* MESSAGE is by the AK, made in its TPM, of TYPE, and about this enrolment.  */
static fh_err attested(struct claim *c, struct fh_span message, struct fh_span signature,
		       enum fh_attest_type type, struct fh_attest *out)
{
	const struct fh_quote_claim claim = { .ak = &c->ak, .key = &c->key, .message = message,
					      .signature = signature };
	struct fh_quote_result r = { 0 };
	fh_err e = fh_quote_check(&claim, &r);

	if (e != FH_ERR_OK)
		return e;
	if (r.answer[FH_QUOTE_KEY] != FH_ANSWER_YES
	    || r.answer[FH_QUOTE_SIGNATURE] != FH_ANSWER_YES
	    || r.answer[FH_QUOTE_MAGIC] != FH_ANSWER_YES)
		return no(c, "what its TPM is said to certify is not by its attestation key");
	if (fh_attest_read(message, out) != FH_ERR_OK || out->type != type
	    || !fh_span_equal(out->extra, fh_hash_span(&c->qualifying)))
		return no(c, "what its attestation key has certified is another thing");
	return FH_ERR_OK;
}

/* What the sealed object has to be, but for what is particular to it, which is behind.  */
static void put_area(struct fh_builder *b, const struct fh_hash *policy)
{
	fh_builder_be16(b, alg_keyedhash);
	fh_builder_be16(b, FH_BANK_SHA256);
	fh_builder_be32(b, FH_TPM_FIXED_TPM | FH_TPM_FIXED_PARENT | admin_with_policy | no_da);
	fh_builder_be16(b, FH_HASH_SIZE);
	fh_builder_bytes(b, fh_hash_span(policy));
	fh_builder_be16(b, alg_null);
	fh_builder_be16(b, FH_HASH_SIZE);
}

static void put_name(struct fh_builder *b, struct fh_span area)
{
	struct fh_hash digest = fh_hash_of(area);

	fh_builder_be16(b, FH_BANK_SHA256);
	fh_builder_bytes(b, fh_hash_span(&digest));
}

static fh_err check_object(struct claim *c, const struct fh_certified *f, struct fh_span epoch)
{
	uint8_t area_bytes[FH_CERTIFIED_PUBLIC_MAX], name_bytes[FH_JOINT_NAME_SIZE];
	struct fh_builder area = FH_BUILDER_ARRAY(area_bytes);
	struct fh_builder name = FH_BUILDER_ARRAY(name_bytes);
	struct fh_hash policy = fh_release_policy(c->release, epoch);
	struct fh_attest a;
	fh_err e = attested(c, f->creation, f->creation_signature, FH_ATTEST_CREATION, &a);

	if (e != FH_ERR_OK)
		return e;
	put_area(&area, &policy);
	put_name(&name, f->public);
	if (f->public.n != area.n + FH_HASH_SIZE
	    || !fh_span_starts(f->public, fh_builder_span(&area)))
		return no(c, "its device key is not sealed under the policy of these operators");
	if (!fh_span_equal(a.name, fh_builder_span(&name)))
		return no(c, "its TPM has certified the making of another object");
	return FH_ERR_OK;
}

static fh_err check_counter(struct claim *c, const struct fh_certified *f, struct fh_span epoch)
{
	struct fh_attest a;
	fh_err e = attested(c, f->counter, f->counter_signature, FH_ATTEST_NV, &a);

	if (e != FH_ERR_OK)
		return e;
	struct fh_cursor value = fh_cursor_of(a.contents);

	if (!fh_span_equal(a.name, epoch) || a.offset != 0 || a.contents.n != counter_size)
		return no(c, "its TPM has certified another index than the epoch counter");
	if (fh_cursor_be64(&value) != c->release->epoch)
		return no(c, "it says another boot epoch than its TPM has certified");
	return FH_ERR_OK;
}

fh_err fh_certified_check(struct fh_span ak, struct fh_span bytes, const struct fh_release *r,
			  struct fh_trace *t)
{
	struct claim c = { .qualifying = fh_certified_qualify(r), .release = r, .t = t };
	uint8_t name_bytes[FH_JOINT_NAME_SIZE];
	struct fh_builder epoch = FH_BUILDER_ARRAY(name_bytes);
	struct fh_certified f;

	if (fh_certified_read(bytes, &f) != FH_ERR_OK
	    || fh_tpm_public_read(ak, &c.ak) != FH_ERR_OK) {
		(void)!no(&c, "what its TPM certifies cannot be read");
		return FH_ERR_FORMAT;
	}
	fh_err e = fh_tpm_verifier_new(&c.ak.key, &c.key);

	fh_epoch_name_put(&epoch);
	if (e == FH_ERR_OK)
		e = check_object(&c, &f, fh_builder_span(&epoch));
	if (e == FH_ERR_OK)
		e = check_counter(&c, &f, fh_builder_span(&epoch));
	fh_tpm_verifier_drop(&c.key);
	return e;
}
