/* SPDX-License-Identifier: Apache-2.0 */
/* TCG EK Credential Profile for TPM Family 2.0 (templates L-1 and L-2, NV indices
 * of their certificates) and TPM 2.0 Library part 1, clause 24.  */
#include "chip/tpm2/endorse.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/cursor.h"
#include "chip/tpm2/tpm2_private.h"
#include "crypto/credential.h"
#include "crypto/hash.h"
#include "crypto/x509.h"

constexpr TPM2_HANDLE p256_certificate = 0x01c0000a;
constexpr TPM2_HANDLE rsa_certificate = 0x01c00002;
constexpr uint16_t chunk_max = 512; /* bytes of one NV read: every TPM's buffer holds them */
constexpr uint8_t der_sequence = 0x30;
constexpr uint8_t point_uncompressed = 0x04;
constexpr size_t half_size = 32;
constexpr size_t modulus_size = 256;

static_assert(FH_AK_NAME_SIZE == FH_TPM2_NAME_SIZE);

/* PolicyA of the profile: TPM2_PolicySecret(TPM_RH_ENDORSEMENT) and nothing
 * else; H(H(zeros || command || name) || empty policyRef).  */
static void endorsement_policy(TPM2B_DIGEST *out)
{
	uint8_t bytes[FH_HASH_SIZE + 8] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	(void)fh_builder_space(&b, FH_HASH_SIZE);
	fh_builder_be32(&b, TPM2_CC_PolicySecret);
	fh_builder_be32(&b, TPM2_RH_ENDORSEMENT);

	struct fh_hash inner = fh_hash_of(fh_builder_span(&b));
	struct fh_hash digest = fh_hash_of(fh_hash_span(&inner));

	out->size = FH_HASH_SIZE;
	memcpy(out->buffer, digest.bytes, FH_HASH_SIZE);
}

/* The profile's unique is zero-filled, and it is part of what the key is derived
 * from.  */
static TPM2B_PUBLIC ek_template(enum fh_x509_kind kind)
{
	TPM2B_PUBLIC p = fh_tpm2_storage_template();
	const TPMT_SYM_DEF_OBJECT cipher = p.publicArea.parameters.eccDetail.symmetric;

	p.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
					TPMA_OBJECT_SENSITIVEDATAORIGIN |
					TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED |
					TPMA_OBJECT_DECRYPT;
	endorsement_policy(&p.publicArea.authPolicy);
	if (kind == FH_X509_P256) {
		p.publicArea.unique.ecc.x.size = half_size;
		p.publicArea.unique.ecc.y.size = half_size;
		return p;
	}
	p.publicArea.type = TPM2_ALG_RSA;
	p.publicArea.parameters.rsaDetail = (TPMS_RSA_PARMS){
		.symmetric = cipher,
		.scheme.scheme = TPM2_ALG_NULL,
		.keyBits = 8 * modulus_size,
	};
	p.publicArea.unique.rsa.size = modulus_size;
	return p;
}

static fh_err refuse(struct fh_tpm2 *t, fh_err e, const char *what, const char *cure)
{
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "%s", what);
	fh_trace_cure(t->trace, "%s", cure);
	return e;
}

/* --- the certificate -------------------------------------------------- */

/* Bytes of the DER value at the start of S, its head included: what is behind
 * it in NV is filling.  */
static fh_err der_size(struct fh_span s, size_t *out)
{
	struct fh_cursor c = fh_cursor_of(s);
	uint8_t tag = fh_cursor_u8(&c);
	uint8_t first = fh_cursor_u8(&c);
	size_t n = first;

	if (first == 0x81)
		n = fh_cursor_u8(&c);
	else if (first == 0x82)
		n = fh_cursor_be16(&c);
	else if (first >= 0x80)
		return FH_ERR_FORMAT;
	if (fh_cursor_bad(&c) || tag != der_sequence || n > c.rest.n)
		return FH_ERR_FORMAT;
	*out = s.n - c.rest.n + n;
	return FH_ERR_OK;
}

static fh_err read_chunk(struct fh_tpm2 *t, ESYS_TR index, ESYS_TR session, uint16_t at, uint16_t n,
			 struct fh_builder *out)
{
	FH_ESYS TPM2B_MAX_NV_BUFFER *got = nullptr;
	TSS2_RC rc;

	rc = Esys_NV_Read(t->esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE, n, at, &got);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_Read", rc);
	if (got->size != n)
		return refuse(t, FH_ERR_TPM, "TPM2_NV_Read: another length than was asked for", "");
	fh_builder_bytes(out, fh_span_of(got->buffer, n));
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* The index in *OUT and its size; FH_ERR_MISSING if there is none.  */
static fh_err find_certificate(struct fh_tpm2 *t, TPM2_HANDLE handle, struct fh_tpm2_handle *out,
			       uint16_t *size)
{
	FH_ESYS TPM2B_NV_PUBLIC *public = nullptr;
	FH_ESYS TPM2B_NAME *name = nullptr;
	FH_OWN(fh_tpm2_handle) index = { 0 };
	ESYS_TR tr;
	TSS2_RC rc;

	rc = Esys_TR_FromTPMPublic(t->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr);
	if (fh_tpm2_code(rc) == TPM2_RC_HANDLE)
		return FH_ERR_MISSING;
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_ReadPublic", rc);
	index = (struct fh_tpm2_handle){ .tpm = t, .tr = tr, .keep = true };
	rc = Esys_NV_ReadPublic(t->esys, tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
				&name);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_ReadPublic", rc);
	if (public->nvPublic.dataSize > FH_EK_CERTIFICATE_MAX)
		return refuse(t, FH_ERR_LIMIT, "the EK certificate's NV index is too large", "");
	*size = public->nvPublic.dataSize;
	*out = index;
	index = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

static fh_err read_certificate(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
			       struct fh_endorsement *out)
{
	FH_OWN(fh_tpm2_handle) index = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(out->certificate);
	uint16_t size = 0;
	fh_err e;

	out->certificate_n = 0;
	out->ek.kind = FH_X509_P256;
	e = find_certificate(t, p256_certificate, &index, &size);
	if (e == FH_ERR_MISSING) {
		e = find_certificate(t, rsa_certificate, &index, &size);
		if (e == FH_ERR_MISSING)
			return FH_ERR_OK;
		out->ek.kind = FH_X509_RSA2048;
	}
	while (e == FH_ERR_OK && b.n < size) {
		size_t left = size - b.n;

		e = read_chunk(t, index.tr, session->tr, (uint16_t)b.n,
			       (uint16_t)(left < chunk_max ? left : chunk_max), &b);
	}
	if (e != FH_ERR_OK)
		return e;
	e = der_size(fh_builder_span(&b), &out->certificate_n);
	if (e != FH_ERR_OK)
		return refuse(t, e, "the NV index of the EK certificate holds something else",
			      "ask the machine's maker for the TPM's EK certificate");
	return FH_ERR_OK;
}

/* --- the keys --------------------------------------------------------- */

static fh_err too_large(struct fh_tpm2 *t)
{
	return refuse(t, FH_ERR_TPM, "the TPM made an endorsement key that is too large", "");
}

static fh_err key_of(struct fh_tpm2 *t, const TPM2B_PUBLIC *public, struct fh_x509_key *out)
{
	const TPMS_ECC_POINT *p = &public->publicArea.unique.ecc;
	const TPM2B_PUBLIC_KEY_RSA *m = &public->publicArea.unique.rsa;
	struct fh_x509_key key = { .kind = FH_X509_RSA2048, .n = modulus_size };

	if (public->publicArea.type == TPM2_ALG_RSA) {
		if (m->size != modulus_size)
			return too_large(t);
		memcpy(key.bytes, m->buffer, modulus_size);
		*out = key;
		return FH_ERR_OK;
	}
	/* Some TPMs leave out leading zeros.  */
	if (p->x.size > half_size || p->y.size > half_size)
		return too_large(t);
	key.kind = FH_X509_P256;
	key.n = 1 + 2 * half_size;
	key.bytes[0] = point_uncompressed;
	memcpy(key.bytes + 1 + half_size - p->x.size, p->x.buffer, p->x.size);
	memcpy(key.bytes + 1 + 2 * half_size - p->y.size, p->y.buffer, p->y.size);
	*out = key;
	return FH_ERR_OK;
}

/* The EK of KIND in *OUT, its public key in *KEY.  */
static fh_err make_ek(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
		      enum fh_x509_kind kind, struct fh_tpm2_handle *out, struct fh_x509_key *key)
{
	const TPM2B_PUBLIC template = ek_template(kind);
	TPM2B_PUBLIC public;
	fh_err e;

	e = fh_tpm2_primary(t, ESYS_TR_RH_ENDORSEMENT, session->tr, &template, out,
			    /* name: */ nullptr, &public);
	if (e != FH_ERR_OK)
		return e;
	return key_of(t, &public, key);
}

static fh_err make_ak(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
		      struct fh_tpm2_handle *out, struct fh_endorsement *described)
{
	struct fh_tpm2_name name;
	TPM2B_PUBLIC public;
	size_t n = 0;
	fh_err e;

	e = fh_tpm2_ak(t, session, out, &name, &public);
	if (e != FH_ERR_OK)
		return e;
	if (Tss2_MU_TPMT_PUBLIC_Marshal(&public.publicArea, described->ak, FH_AK_PUBLIC_MAX, &n) !=
	    TSS2_RC_SUCCESS)
		return refuse(t, FH_ERR_TPM, "the attestation key is too large", "");
	described->ak_n = n;
	memcpy(described->ak_name, name.bytes, FH_AK_NAME_SIZE);
	return FH_ERR_OK;
}

static fh_err check_certificate(struct fh_tpm2 *t, const struct fh_endorsement *d)
{
	struct fh_x509_key certified;
	fh_err e;

	if (d->certificate_n == 0)
		return FH_ERR_OK;
	e = fh_x509_public_key(fh_span_of(d->certificate, d->certificate_n), &certified);
	if (e != FH_ERR_OK)
		return refuse(t, FH_ERR_FORMAT, "the TPM's EK certificate cannot be read",
			      "ask the machine's maker for the TPM's EK certificate");
	if (!fh_x509_key_equal(&certified, &d->ek))
		return refuse(t, FH_ERR_CONFLICT,
			      "the EK certificate is for another key than the TPM makes",
			      "the TPM's endorsement seed was changed, or the certificate is not "
			      "this TPM's: treat it as not endorsed");
	return FH_ERR_OK;
}

/* The state of C, or NULL if it is a chip of another kind.  */
static struct fh_tpm2 *only_tpm2(struct fh_chip *c)
{
	return c->class != nullptr && c->class->seal_boot == fh_tpm2_seal_boot ? fh_tpm2_of(c)
		: nullptr;
}

fh_err fh_endorsement_read(struct fh_chip *c, struct fh_endorsement *out)
{
	struct fh_tpm2 *t = only_tpm2(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) ek = { 0 };
	FH_OWN(fh_tpm2_handle) ak = { 0 };
	struct fh_endorsement found = { 0 };
	fh_err e;

	if (t == nullptr)
		return FH_ERR_UNSUPPORTED;
	e = fh_tpm2_session(t, TPMA_SESSION_ENCRYPT, &session);
	if (e == FH_ERR_OK)
		e = read_certificate(t, &session, &found);
	if (e == FH_ERR_OK)
		e = make_ek(t, &session, found.ek.kind, &ek, &found.ek);
	if (e == FH_ERR_OK)
		e = make_ak(t, &session, &ak, &found);
	if (e == FH_ERR_OK)
		e = check_certificate(t, &found);
	if (e != FH_ERR_OK)
		return e;
	*out = found;
	return FH_ERR_OK;
}

/* --- activation ------------------------------------------------------- */

/* A session in which the EK's policy holds.  */
static fh_err ek_session(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
			 struct fh_tpm2_handle *out)
{
	FH_ESYS TPM2B_TIMEOUT *timeout = nullptr;
	FH_ESYS TPMT_TK_AUTH *ticket = nullptr;
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	TSS2_RC rc;
	fh_err e;

	e = fh_tpm2_session_of_kind(t, TPM2_SE_POLICY, 0, &policy);
	if (e != FH_ERR_OK)
		return e;
	rc = Esys_PolicySecret(t->esys, ESYS_TR_RH_ENDORSEMENT, policy.tr, session->tr,
			       ESYS_TR_NONE, ESYS_TR_NONE, /* nonceTPM: */ nullptr,
			       /* cpHashA: */ nullptr, /* policyRef: */ nullptr,
			       /* expiration: */ 0, &timeout, &ticket);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_PolicySecret", rc);
	*out = policy;
	policy = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

/* What the seed is enclosed in tells which EK it is for.  */
static fh_err credential_of(struct fh_span object, struct fh_span seed, TPM2B_ID_OBJECT *id,
			    TPM2B_ENCRYPTED_SECRET *secret, enum fh_x509_kind *kind)
{
	if (object.n == 0 || object.n > FH_CREDENTIAL_OBJECT_MAX ||
	    (seed.n != FH_CREDENTIAL_POINT_SIZE && seed.n != modulus_size))
		return FH_ERR_FORMAT;
	id->size = (UINT16)object.n;
	memcpy(id->credential, object.p, object.n);
	secret->size = (UINT16)seed.n;
	memcpy(secret->secret, seed.p, seed.n);
	*kind = seed.n == modulus_size ? FH_X509_RSA2048 : FH_X509_P256;
	return FH_ERR_OK;
}

static_assert(modulus_size <= sizeof((TPM2B_ENCRYPTED_SECRET){ 0 }.secret));

static fh_err activate(struct fh_tpm2 *t, ESYS_TR ak, ESYS_TR ek,
		       const struct fh_tpm2_handle *session, const TPM2B_ID_OBJECT *id,
		       const TPM2B_ENCRYPTED_SECRET *secret, struct fh_secret *out)
{
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	FH_ESYS TPM2B_DIGEST *plain = nullptr;
	fh_err e;

	e = ek_session(t, session, &policy);
	if (e != FH_ERR_OK)
		return e;

	TSS2_RC rc = Esys_ActivateCredential(t->esys, ak, ek, session->tr, policy.tr, ESYS_TR_NONE,
					     id, secret, &plain);
	TPM2_RC code = fh_tpm2_code(rc);

	if (code == TPM2_RC_INTEGRITY || code == TPM2_RC_VALUE || code == TPM2_RC_SIZE ||
	    code == TPM2_RC_ECC_POINT || code == TPM2_RC_INSUFFICIENT)
		return refuse(t, FH_ERR_SIGNATURE,
			      "the credential was not made for this TPM's keys",
			      "send the operator a fresh request (freehold init)");
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_ActivateCredential", rc);
	e = plain->size > FH_CREDENTIAL_SECRET_MAX ?
		    FH_ERR_LIMIT :
		    fh_secret_from(fh_span_of(plain->buffer, plain->size), out);
	fh_wipe(plain, sizeof(*plain));
	return e;
}

fh_err fh_endorsement_activate(struct fh_chip *c, struct fh_span object, struct fh_span seed,
			       struct fh_secret *out)
{
	struct fh_tpm2 *t = only_tpm2(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) ek = { 0 };
	FH_OWN(fh_tpm2_handle) ak = { 0 };
	struct fh_endorsement made;
	TPM2B_ENCRYPTED_SECRET secret = { 0 };
	TPM2B_ID_OBJECT id = { 0 };
	enum fh_x509_kind kind;
	fh_err e;

	if (t == nullptr)
		return FH_ERR_UNSUPPORTED;
	e = credential_of(object, seed, &id, &secret, &kind);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, TPMA_SESSION_ENCRYPT, &session);
	if (e == FH_ERR_OK)
		e = make_ek(t, &session, kind, &ek, &made.ek);
	if (e == FH_ERR_OK)
		e = make_ak(t, &session, &ak, &made);
	if (e != FH_ERR_OK)
		return e;
	return activate(t, ak.tr, ek.tr, &session, &id, &secret, out);
}
