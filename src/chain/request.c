/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/request.h"

#include <string.h>

#include "chain/authorisations.h"

#define MAGIC_ANY "freehold device request "
#define MAGIC MAGIC_ANY "5"

constexpr size_t members = 8;
constexpr size_t quote_max = 2048; /* as a session's certificate carries it */
constexpr size_t p256_size = 65; /* an uncompressed point */
constexpr size_t rsa2048_size = 256;

void fh_request_put(struct fh_builder *b, const struct fh_request *r, struct fh_span ek)
{
	fh_cbor_put_array(b, members);
	fh_cbor_put_text(b, FH_SPAN_LIT(MAGIC));
	fh_cbor_put_bytes(b, fh_hash_span(&r->chain_id));
	fh_cbor_put_bytes(b, r->body);
	fh_cbor_put_bytes(b, ek);
	fh_cbor_put_bytes(b, r->quote);
	fh_cbor_put_bytes(b, r->log);
	fh_cbor_put_bytes(b, r->authorisations);
}

void fh_request_put_signed(struct fh_builder *b, struct fh_span said)
{
	struct fh_hash digest = fh_hash_of(said);

	fh_cose_put_signed1(b, FH_SPAN_LIT(FH_REQUEST_AAD), fh_hash_span(&digest));
}

static fh_err refuse(struct fh_trace *t, fh_err e, const char *what)
{
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "make a fresh request with `freehold init` on the machine, and bring it "
		      "here unaltered");
	return e;
}

/* The kind of an endorsement key shows by its size.  */
static fh_err read_ek(struct fh_span bytes, struct fh_x509_key *out)
{
	if (bytes.n != p256_size && bytes.n != rsa2048_size)
		return FH_ERR_FORMAT;
	*out = (struct fh_x509_key){
		.kind = bytes.n == p256_size ? FH_X509_P256 : FH_X509_RSA2048,
		.n = bytes.n,
	};
	memcpy(out->bytes, bytes.p, bytes.n);
	return FH_ERR_OK;
}

static fh_err check_certificate(const struct fh_request *r, struct fh_trace *t)
{
	struct fh_x509_key certified;

	if (r->device.ek_certificate.n == 0)
		return FH_ERR_OK;
	fh_err e = fh_x509_public_key(r->device.ek_certificate, &certified);

	if (e != FH_ERR_OK)
		return refuse(t, e, "its endorsement certificate cannot be read");
	if (!fh_x509_key_equal(&certified, &r->ek))
		return refuse(t, FH_ERR_CONFLICT, "its endorsement certificate is for another key "
			      "than its endorsement key");
	return FH_ERR_OK;
}

/* The TPM's keys are there together, or no TPM is claimed.  */
static fh_err read_tpm(struct fh_span ek, struct fh_request *r, struct fh_trace *t)
{
	bool none = fh_span_equal(r->device.grade, FH_SPAN_LIT("none"));

	r->tpm = ek.n > 0;
	if (none == r->tpm)
		return refuse(t, FH_ERR_FORMAT, none ? "it says grade none, and has a TPM's keys"
				     : "it claims a chip, and has no endorsement key");
	if (!r->tpm && (r->device.ak.n > 0 || r->device.ek_certificate.n > 0))
		return refuse(t, FH_ERR_FORMAT,
			      "it has no endorsement key, but what belongs to one");
	if (!r->tpm)
		return FH_ERR_OK;
	if (read_ek(ek, &r->ek) != FH_ERR_OK)
		return refuse(t, FH_ERR_FORMAT,
			      "its endorsement key is neither P-256 nor RSA-2048");
	if (fh_ak_name_of(r->device.ak, &r->ak) != FH_ERR_OK)
		return refuse(t, FH_ERR_FORMAT,
			      "its attestation key is none that is bound to a TPM");
	return check_certificate(r, t);
}

/* Of this machine's TPM, for this chain's operator.  */
static fh_err check_authorisations(const struct fh_request *r, struct fh_trace *t)
{
	struct fh_hash id = fh_key_id(r->device.key);
	struct fh_authorisations a;

	if (r->authorisations.n == 0)
		return FH_ERR_OK;
	if (!r->tpm)
		return refuse(t, FH_ERR_FORMAT,
			      "it has no endorsement key, but a TPM's authorisations");
	if (fh_authorisations_read(r->authorisations, &a) != FH_ERR_OK
	    || !fh_hash_equal(&a.chain_id, &r->chain_id) || !fh_hash_equal(&a.device, &id))
		return refuse(t, FH_ERR_FORMAT, "the TPM's authorisations in it cannot be read, or "
			      "are another machine's");
	return FH_ERR_OK;
}

static fh_err check_signature(const struct fh_request *r, struct fh_span said,
			      const struct fh_cose_signature *s)
{
	uint8_t bytes[FH_REQUEST_TO_SIGN];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash id = fh_key_id(r->device.key);

	if (!fh_hash_equal(&s->key_id, &id))
		return FH_ERR_SIGNATURE;
	fh_request_put_signed(&b, said);
	return fh_signature_check(r->device.key, fh_builder_span(&b), s->signature);
}

/* The items; what is signed into *SAID.  */
static fh_err read_items(struct fh_span file, struct fh_request *r, struct fh_span *ek,
			 struct fh_span *said, struct fh_cose_signature *s)
{
	struct fh_cursor c = fh_cursor_of(file);

	fh_cbor_array_exact(&c, members);
	fh_cbor_magic(&c, FH_SPAN_LIT(MAGIC), sizeof(MAGIC_ANY) - 1);

	struct fh_span id = fh_cbor_bytes_exact(&c, FH_HASH_SIZE);

	r->body = fh_cbor_bytes(&c, FH_REQUEST_MAX);
	*ek = fh_cbor_bytes(&c, FH_X509_KEY_MAX);
	r->quote = fh_cbor_bytes(&c, quote_max);
	r->log = fh_cbor_bytes(&c, FH_REQUEST_LOG_MAX);
	r->authorisations = fh_cbor_bytes(&c, FH_AUTHORISATIONS_MAX);
	if (fh_cursor_bad(&c))
		return c.why;
	memcpy(r->chain_id.bytes, id.p, FH_HASH_SIZE);
	*said = fh_span_first(file, file.n - c.rest.n);
	fh_err e = fh_cose_read_sign1(&c, s);

	return e != FH_ERR_OK ? e : fh_cursor_end(&c);
}

fh_err fh_request_read(struct fh_span file, struct fh_request *out, struct fh_trace *t)
{
	struct fh_cose_signature s;
	struct fh_request r = { 0 };
	struct fh_span said, ek;
	fh_err e = file.n > FH_REQUEST_MAX ? FH_ERR_LIMIT : read_items(file, &r, &ek, &said, &s);

	if (e != FH_ERR_OK) {
		fh_trace_what(t, e == FH_ERR_VERSION ? "this request is of another version"
			      : "this is no device request, or it was damaged");
		fh_trace_cure(t, e == FH_ERR_VERSION ? "have the same Freehold here as on the "
						       "machine"
			      : "give the file that `freehold init --request` wrote");
		return e;
	}
	e = fh_device_read(r.body, &r.device, t);
	if (e != FH_ERR_OK)
		return e;
	if (check_signature(&r, said, &s) != FH_ERR_OK)
		return refuse(t, FH_ERR_SIGNATURE,
			      "the request is not signed by the machine's key");
	if (fh_device_possession_check(&r.device, &r.chain_id) != FH_ERR_OK)
		return refuse(t, FH_ERR_SIGNATURE,
			      "the machine does not prove that it holds its key");
	e = read_tpm(ek, &r, t);
	if (e == FH_ERR_OK)
		e = check_authorisations(&r, t);
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}
