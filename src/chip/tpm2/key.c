/* SPDX-License-Identifier: Apache-2.0 */
/* Templates, primary keys and the SRK.  TCG TPM v2.0 Provisioning Guidance and
 * TPM 2.0 Library part 2, clause 12.  */
#include "chip/tpm2/tpm2_private.h"

#include <string.h>

#include <tss2/tss2_mu.h>

constexpr TPM2_HANDLE srk_handle = 0x81000001; /* the TCG's place for a persistent SRK */
constexpr uint16_t aes_bits = 128;
constexpr uint16_t rsa_bits_min = 2048;

constexpr TPMA_OBJECT storage_attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
					   TPMA_OBJECT_SENSITIVEDATAORIGIN |
					   TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

TPM2B_PUBLIC fh_tpm2_storage_template(void)
{
	return (TPM2B_PUBLIC){ .publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = storage_attributes | TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA,
		.parameters.eccDetail = {
			.symmetric = {
				.algorithm = TPM2_ALG_AES,
				.keyBits.aes = aes_bits,
				.mode.aes = TPM2_ALG_CFB,
			},
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	} };
}

TPM2B_PUBLIC fh_tpm2_sealed_template(const struct fh_hash *policy)
{
	TPM2B_PUBLIC p = { .publicArea = {
		.type = TPM2_ALG_KEYEDHASH,
		.nameAlg = TPM2_ALG_SHA256,
		/* Without userWithAuth only the policy opens it; so there is no
		 * authorisation to guess, and dictionary attack protection would only
		 * let others lock us out.  */
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_NODA,
		.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
	} };

	p.publicArea.authPolicy.size = FH_HASH_SIZE;
	memcpy(p.publicArea.authPolicy.buffer, policy->bytes, FH_HASH_SIZE);
	return p;
}

bool fh_tpm2_public_is(const TPM2B_PUBLIC *got, const TPM2B_PUBLIC *asked)
{
	uint8_t a[sizeof(TPM2B_PUBLIC)], b[sizeof(TPM2B_PUBLIC)];
	size_t an = 0, bn = 0;
	TPM2B_PUBLIC bare = *got;

	bare.publicArea.unique = asked->publicArea.unique;
	if (Tss2_MU_TPMT_PUBLIC_Marshal(&bare.publicArea, a, sizeof(a), &an) != TSS2_RC_SUCCESS ||
	    Tss2_MU_TPMT_PUBLIC_Marshal(&asked->publicArea, b, sizeof(b), &bn) != TSS2_RC_SUCCESS)
		return false;
	return fh_span_equal(fh_span_of(a, an), fh_span_of(b, bn));
}

static TSS2_RC create_primary(struct fh_tpm2 *t, ESYS_TR hierarchy, ESYS_TR session,
			      const TPM2B_PUBLIC *template, ESYS_TR *tr, TPM2B_PUBLIC **public)
{
	static const TPM2B_SENSITIVE_CREATE nothing_secret;
	static const TPM2B_DATA nothing;
	static const TPML_PCR_SELECTION no_pcr;
	FH_ESYS TPM2B_CREATION_DATA *creation = nullptr;
	FH_ESYS TPM2B_DIGEST *hash = nullptr;
	FH_ESYS TPMT_TK_CREATION *ticket = nullptr;
	unsigned tries = 0;
	TSS2_RC rc;

	do {
		rc = Esys_CreatePrimary(t->esys, hierarchy, session, ESYS_TR_NONE, ESYS_TR_NONE,
					&nothing_secret, template, &nothing, &no_pcr, tr, public,
					&creation, &hash, &ticket);
	} while (fh_tpm2_again(&tries, rc));
	return rc;
}

fh_err fh_tpm2_primary(struct fh_tpm2 *t, ESYS_TR hierarchy, ESYS_TR session,
		       const TPM2B_PUBLIC *template, struct fh_tpm2_handle *out,
		       struct fh_tpm2_name *name, TPM2B_PUBLIC *public)
{
	FH_ESYS TPM2B_PUBLIC *got = nullptr;
	FH_OWN(fh_tpm2_handle) key = { 0 };
	struct fh_tpm2_name n;
	ESYS_TR tr;
	fh_err e;

	TSS2_RC rc = create_primary(t, hierarchy, session, template, &tr, &got);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_CreatePrimary", rc);
	key = (struct fh_tpm2_handle){ .tpm = t, .tr = tr };
	if (!fh_tpm2_public_is(got, template)) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "TPM2_CreatePrimary: made another key than was asked for");
		return FH_ERR_TPM;
	}
	e = fh_tpm2_name_of(t, tr, &n);
	if (e != FH_ERR_OK)
		return e;
	if (name != nullptr)
		*name = n;
	if (public != nullptr)
		*public = *got;
	*out = key;
	key = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

fh_err fh_tpm2_null_primary(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
			    struct fh_tpm2_handle *out, struct fh_tpm2_name *name)
{
	TPM2B_PUBLIC template = fh_tpm2_storage_template();

	return fh_tpm2_primary(t, ESYS_TR_RH_NULL, session->tr, &template, out, name,
			       /* public: */ nullptr);
}

/* --- the attestation key ---------------------------------------------- */

/* Restricted: it signs what the TPM made, and nothing that looks like it.  In
 * this hierarchy quotes carry the clock unobscured.  */
static TPM2B_PUBLIC ak_template(void)
{
	return (TPM2B_PUBLIC){ .publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
				    TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters.eccDetail = {
			.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme = {
				.scheme = TPM2_ALG_ECDSA,
				.details.ecdsa.hashAlg = TPM2_ALG_SHA256,
			},
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	} };
}

fh_err fh_tpm2_ak(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
		  struct fh_tpm2_handle *out, struct fh_tpm2_name *name, TPM2B_PUBLIC *public)
{
	const TPM2B_PUBLIC template = ak_template();

	return fh_tpm2_primary(t, ESYS_TR_RH_ENDORSEMENT, session->tr, &template, out, name,
			       public);
}

/* --- the SRK ---------------------------------------------------------- */

static bool is_aes_cfb(const TPMT_SYM_DEF_OBJECT *s)
{
	return s->algorithm == TPM2_ALG_AES && s->keyBits.aes >= aes_bits &&
	       s->mode.aes == TPM2_ALG_CFB;
}

/* Somebody else made it; it has to protect as ours would, and no more.  */
static bool is_storage_key(const TPMT_PUBLIC *p)
{
	if ((p->objectAttributes & storage_attributes) != storage_attributes ||
	    (p->objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT) != 0 ||
	    p->nameAlg != TPM2_ALG_SHA256)
		return false;
	if (p->type == TPM2_ALG_ECC)
		return p->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 &&
		       is_aes_cfb(&p->parameters.eccDetail.symmetric);
	return p->type == TPM2_ALG_RSA && p->parameters.rsaDetail.keyBits >= rsa_bits_min &&
	       is_aes_cfb(&p->parameters.rsaDetail.symmetric);
}

/* FH_ERR_MISSING if there is none, or one that is not fit.  */
static fh_err open_persistent(struct fh_tpm2 *t, struct fh_tpm2_handle *out)
{
	FH_ESYS TPM2B_PUBLIC *public = nullptr;
	FH_ESYS TPM2B_NAME *name = nullptr, *qualified = nullptr;
	FH_OWN(fh_tpm2_handle) key = { 0 };
	ESYS_TR tr;
	TSS2_RC rc;

	rc = Esys_TR_FromTPMPublic(t->esys, srk_handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   &tr);
	if (fh_tpm2_code(rc) == TPM2_RC_HANDLE)
		return FH_ERR_MISSING;
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_ReadPublic", rc);
	key = (struct fh_tpm2_handle){ .tpm = t, .tr = tr, .keep = true };
	rc = Esys_ReadPublic(t->esys, tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, &name,
			     &qualified);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_ReadPublic", rc);
	if (!is_storage_key(&public->publicArea))
		return FH_ERR_MISSING;
	*out = key;
	key = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

static fh_err make_srk(struct fh_tpm2 *t, struct fh_tpm2_handle *out)
{
	TPM2B_PUBLIC template = fh_tpm2_storage_template();

	/* Nothing secret goes in or out, and there is no key yet to salt with.  */
	return fh_tpm2_primary(t, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, &template, out,
			       /* name: */ nullptr, /* public: */ nullptr);
}

static fh_err install(struct fh_tpm2 *t, struct fh_tpm2_handle *key)
{
	struct fh_tpm2_handle old = { .tpm = t, .tr = t->srk, .keep = t->srk_persistent };
	struct fh_tpm2_name name;
	fh_err e;

	e = fh_tpm2_name_of(t, key->tr, &name);
	if (e != FH_ERR_OK)
		return e;
	if (t->srk_loaded)
		fh_tpm2_handle_drop(&old);
	t->srk = key->tr;
	t->srk_loaded = true;
	t->srk_persistent = key->keep;
	t->srk_name = name;
	*key = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

fh_err fh_tpm2_srk_open(struct fh_tpm2 *t)
{
	FH_OWN(fh_tpm2_handle) key = { 0 };
	fh_err e;

	e = open_persistent(t, &key);
	if (e == FH_ERR_MISSING)
		e = make_srk(t, &key);
	if (e != FH_ERR_OK)
		return e;
	return install(t, &key);
}

fh_err fh_tpm2_srk_is_there(struct fh_tpm2 *t, bool *there)
{
	FH_OWN(fh_tpm2_handle) key = { 0 };
	struct fh_tpm2_name name = { 0 };
	fh_err e = t->srk_persistent ? open_persistent(t, &key) : make_srk(t, &key);

	if (e == FH_ERR_OK)
		e = fh_tpm2_name_of(t, key.tr, &name);
	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		return e;
	*there = e == FH_ERR_OK &&
		 fh_span_equal(fh_tpm2_name_span(&name), fh_tpm2_name_span(&t->srk_name));
	return FH_ERR_OK;
}

fh_err fh_tpm2_srk_find(struct fh_tpm2 *t, struct fh_span name)
{
	FH_OWN(fh_tpm2_handle) key = { 0 };
	struct fh_tpm2_name other;
	fh_err e;

	if (fh_span_equal(name, fh_tpm2_name_span(&t->srk_name)))
		return FH_ERR_OK;
	e = t->srk_persistent ? make_srk(t, &key) : open_persistent(t, &key);
	/* Only that there is no other one, or that the owner alone could make it, is an answer.
	 * That it could not be had must not look like a TPM that was cleared.  */
	if (e != FH_ERR_OK && e != FH_ERR_MISSING && e != FH_ERR_PERMISSION)
		return e;
	if (e == FH_ERR_OK)
		e = fh_tpm2_name_of(t, key.tr, &other);
	if (e == FH_ERR_OK && fh_span_equal(name, fh_tpm2_name_span(&other)))
		return install(t, &key);
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "the key was sealed by a TPM with another storage key");
	fh_trace_cure(t->trace, "if this TPM was cleared or replaced, its keys are gone: enrol "
				"this machine again");
	return FH_ERR_SIGNATURE;
}

fh_err fh_chip_tpm2_settle(struct fh_chip *c)
{
	FH_OWN(fh_tpm2_handle) kept = { 0 };
	struct fh_tpm2 *t;
	ESYS_TR tr;
	TSS2_RC rc;

	if (!fh_tpm2_is(c))
		return FH_ERR_UNSUPPORTED;
	t = fh_tpm2_of(c);
	if (t->srk_persistent)
		return FH_ERR_OK;
	rc = Esys_EvictControl(t->esys, ESYS_TR_RH_OWNER, t->srk, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			       ESYS_TR_NONE, srk_handle, &tr);
	if (fh_tpm2_code(rc) == TPM2_RC_NV_DEFINED) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "the key at 0x81000001 is no storage key");
		fh_trace_cure(t->trace, "find out who made it; tpm2_evictcontrol removes it");
		return FH_ERR_CONFLICT;
	}
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_EvictControl", rc);
	kept = (struct fh_tpm2_handle){ .tpm = t, .tr = tr, .keep = true };
	return install(t, &kept);
}
