/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed objects and the blobs that hold them.  docs/spec/CHIP.md.  */
#include "chip/tpm2/tpm2_private.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "codec/cbor.h"
#include "crypto/hash.h"

constexpr uint64_t blob_version = 1;

/* The fields of a blob, by their keys.  */
enum {
	KEY_VERSION = 1,
	KEY_SCOPE = 2,
	KEY_SRK = 3,
	KEY_PARENT = 4,
	KEY_PUBLIC = 5,
	KEY_PRIVATE = 6,
	KEYS = 6,
};

struct blob {
	uint64_t scope;         /* enum fh_chip_scope */
	struct fh_span srk;     /* name of the SRK at the time */
	struct fh_span parent;  /* name of the key that wraps it: the SRK or the NULL primary */
	struct fh_span public;  /* TPMT_PUBLIC */
	struct fh_span private; /* the content of TPM2B_PRIVATE */
};

/* Largest we make: a TPMT_PUBLIC of our template is 78 bytes, a private part of
 * FH_CHIP_SECRET_MAX below 300.  */
constexpr size_t public_max = 128;
constexpr size_t private_max = 1024;

static_assert(private_max <= sizeof((TPM2B_PRIVATE){ 0 }.buffer));
static_assert(private_max + public_max + 2 * FH_TPM2_NAME_SIZE + 32 <= FH_CHIP_BLOB_MAX);

static void blob_write(const struct blob *s, struct fh_builder *b)
{
	fh_cbor_put_map(b, KEYS);
	fh_cbor_put_uint(b, KEY_VERSION);
	fh_cbor_put_uint(b, blob_version);
	fh_cbor_put_uint(b, KEY_SCOPE);
	fh_cbor_put_uint(b, s->scope);
	fh_cbor_put_uint(b, KEY_SRK);
	fh_cbor_put_bytes(b, s->srk);
	fh_cbor_put_uint(b, KEY_PARENT);
	fh_cbor_put_bytes(b, s->parent);
	fh_cbor_put_uint(b, KEY_PUBLIC);
	fh_cbor_put_bytes(b, s->public);
	fh_cbor_put_uint(b, KEY_PRIVATE);
	fh_cbor_put_bytes(b, s->private);
}

static fh_err blob_parse(struct fh_span bytes, struct blob *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct blob s;

	fh_cbor_map_exact(&c, KEYS);
	fh_cbor_key(&c, KEY_VERSION);
	uint64_t version = fh_cbor_uint(&c);
	if (!fh_cursor_bad(&c) && version > blob_version)
		return FH_ERR_VERSION;
	fh_cbor_key(&c, KEY_SCOPE);
	s.scope = fh_cbor_uint(&c);
	fh_cbor_key(&c, KEY_SRK);
	s.srk = fh_cbor_bytes_exact(&c, FH_TPM2_NAME_SIZE);
	fh_cbor_key(&c, KEY_PARENT);
	s.parent = fh_cbor_bytes_exact(&c, FH_TPM2_NAME_SIZE);
	fh_cbor_key(&c, KEY_PUBLIC);
	s.public = fh_cbor_bytes(&c, public_max);
	fh_cbor_key(&c, KEY_PRIVATE);
	s.private = fh_cbor_bytes(&c, private_max);
	if (fh_cursor_end(&c) != FH_ERR_OK || version != blob_version)
		return FH_ERR_SIGNATURE;
	*out = s;
	return FH_ERR_OK;
}

static fh_err altered(struct fh_tpm2 *t, const char *what)
{
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "a sealed key was altered: %s", what);
	fh_trace_cure(t->trace, "restore its file from a backup, or enrol this machine again");
	return FH_ERR_SIGNATURE;
}

/* --- sealing ---------------------------------------------------------- */

static TSS2_RC create(struct fh_tpm2 *t, ESYS_TR parent, ESYS_TR session,
		      const TPM2B_SENSITIVE_CREATE *in, TPM2B_PRIVATE **private,
		      TPM2B_PUBLIC **public)
{
	static const TPM2B_DATA nothing;
	static const TPML_PCR_SELECTION no_pcr;
	const TPM2B_PUBLIC template = fh_tpm2_sealed_template();
	FH_ESYS TPM2B_CREATION_DATA *creation = nullptr;
	FH_ESYS TPM2B_DIGEST *hash = nullptr;
	FH_ESYS TPMT_TK_CREATION *ticket = nullptr;
	unsigned tries = 0;
	TSS2_RC rc;

	do {
		rc = Esys_Create(t->esys, parent, session, ESYS_TR_NONE, ESYS_TR_NONE, in,
				 &template, &nothing, &no_pcr, private, public, &creation, &hash,
				 &ticket);
	} while (fh_tpm2_again(&tries, rc));
	return rc;
}

/* Seals PLAIN under PARENT and writes the blob.  */
static fh_err seal_under(struct fh_tpm2 *t, ESYS_TR parent, ESYS_TR session, struct fh_span plain,
			 struct blob s, struct fh_builder *blob)
{
	const TPM2B_PUBLIC template = fh_tpm2_sealed_template();
	FH_ESYS TPM2B_PRIVATE *private = nullptr;
	FH_ESYS TPM2B_PUBLIC *public = nullptr;
	TPM2B_SENSITIVE_CREATE in = { 0 };
	uint8_t area[sizeof(TPM2B_PUBLIC)];
	size_t n = 0;

	in.sensitive.data.size = (UINT16)plain.n;
	memcpy(in.sensitive.data.buffer, plain.p, plain.n);
	TSS2_RC rc = create(t, parent, session, &in, &private, &public);
	fh_wipe(&in, sizeof(in));
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_Create", rc);
	if (private->size > private_max || !fh_tpm2_public_is(public, &template) ||
	    Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, area, sizeof(area), &n) !=
		    TSS2_RC_SUCCESS ||
	    n > public_max) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "TPM2_Create: made another object than was asked for");
		return FH_ERR_TPM;
	}
	s.public = fh_span_of(area, n);
	s.private = fh_span_of(private->buffer, private->size);
	blob_write(&s, blob);
	return blob->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_tpm2_seal(struct fh_chip *c, enum fh_chip_scope scope, struct fh_span plain,
		    struct fh_builder *blob)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) null_primary = { 0 };
	struct fh_tpm2_name parent = t->srk_name;
	fh_err e;

	if (plain.n == 0 || plain.n > FH_CHIP_SECRET_MAX)
		return FH_ERR_LIMIT;
	e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session);
	if (e == FH_ERR_OK && scope == FH_CHIP_BOOT)
		e = fh_tpm2_null_primary(t, &session, &null_primary, &parent);
	if (e != FH_ERR_OK)
		return e;

	struct blob s = {
		.scope = scope,
		.srk = fh_tpm2_name_span(&t->srk_name),
		.parent = fh_tpm2_name_span(&parent),
	};
	ESYS_TR under = scope == FH_CHIP_BOOT ? null_primary.tr : t->srk;

	return seal_under(t, under, session.tr, plain, s, blob);
}

/* --- unsealing -------------------------------------------------------- */

/* The public area is built, not read: all that may differ is unique.  */
static fh_err rebuild(struct fh_tpm2 *t, struct fh_span area, TPM2B_PUBLIC *out)
{
	TPM2B_PUBLIC p = fh_tpm2_sealed_template();
	uint8_t built[public_max];
	size_t n = 0;

	p.publicArea.unique.keyedHash.size = FH_HASH_SIZE;
	if (area.n < FH_HASH_SIZE)
		return altered(t, "its public part is too short");
	memcpy(p.publicArea.unique.keyedHash.buffer,
	       fh_span_skip(area, area.n - FH_HASH_SIZE).p, FH_HASH_SIZE);
	if (Tss2_MU_TPMT_PUBLIC_Marshal(&p.publicArea, built, sizeof(built), &n) !=
		    TSS2_RC_SUCCESS ||
	    !fh_span_equal(area, fh_span_of(built, n)))
		return altered(t, "its public part is not one that freehold makes");
	*out = p;
	return FH_ERR_OK;
}

static fh_err load(struct fh_tpm2 *t, ESYS_TR parent, ESYS_TR session, const struct blob *s,
		   struct fh_tpm2_handle *out)
{
	TPM2B_PRIVATE private = { .size = (UINT16)s->private.n };
	TPM2B_PUBLIC public;
	unsigned tries = 0;
	ESYS_TR tr;
	TSS2_RC rc;
	fh_err e;

	e = rebuild(t, s->public, &public);
	if (e != FH_ERR_OK)
		return e;
	memcpy(private.buffer, s->private.p, s->private.n);
	do {
		rc = Esys_Load(t->esys, parent, session, ESYS_TR_NONE, ESYS_TR_NONE, &private,
			       &public, &tr);
	} while (fh_tpm2_again(&tries, rc));
	switch (fh_tpm2_code(rc)) {
	case TPM2_RC_INTEGRITY:
	case TPM2_RC_BINDING:
	case TPM2_RC_SIZE:
	case TPM2_RC_INSUFFICIENT:
		return altered(t, "the TPM finds its private part damaged");
	default:
		break;
	}
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_Load", rc);
	*out = (struct fh_tpm2_handle){ .tpm = t, .tr = tr };
	return FH_ERR_OK;
}

/* A long answer over the buffer in which ESYS had the secret.  Best effort:
 * what protects a process's memory is that it is locked and never dumped.  */
static void rinse(struct fh_tpm2 *t)
{
	FH_ESYS TPMS_CAPABILITY_DATA *got = nullptr;
	TPMI_YES_NO more;

	(void)Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				 TPM2_CAP_TPM_PROPERTIES, TPM2_PT_FIXED, TPM2_MAX_TPM_PROPERTIES,
				 &more, &got);
}

static fh_err release(struct fh_tpm2 *t, ESYS_TR object, struct fh_builder *out)
{
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	FH_ESYS TPM2B_SENSITIVE_DATA *plain = nullptr;
	fh_err e;

	e = fh_tpm2_policy_session(t, &policy);
	if (e != FH_ERR_OK)
		return e;

	TSS2_RC rc = Esys_Unseal(t->esys, object, policy.tr, ESYS_TR_NONE, ESYS_TR_NONE, &plain);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_Unseal", rc);
	rinse(t);
	if (plain->size > FH_CHIP_SECRET_MAX || plain->size > out->cap - out->n)
		e = FH_ERR_LIMIT;
	else
		fh_builder_bytes(out, fh_span_of(plain->buffer, plain->size));
	fh_wipe(plain, sizeof(*plain));
	return e;
}

static fh_err check_boot(struct fh_tpm2 *t, struct fh_span sealed, const struct fh_tpm2_name *now)
{
	if (fh_span_equal(sealed, fh_tpm2_name_span(now)))
		return FH_ERR_OK;
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "the key was sealed in another boot, which the TPM has forgotten");
	return FH_ERR_STATE;
}

static fh_err unseal_parsed(struct fh_tpm2 *t, const struct blob *s, struct fh_builder *out)
{
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) null_primary = { 0 };
	FH_OWN(fh_tpm2_handle) object = { 0 };
	struct fh_tpm2_name now;
	fh_err e;

	e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session);
	if (e == FH_ERR_OK && s->scope == FH_CHIP_BOOT) {
		e = fh_tpm2_null_primary(t, &session, &null_primary, &now);
		if (e == FH_ERR_OK)
			e = check_boot(t, s->parent, &now);
	}
	if (e != FH_ERR_OK)
		return e;

	ESYS_TR parent = s->scope == FH_CHIP_BOOT ? null_primary.tr : t->srk;

	/* Load's answer begins with the object's name, which need not be hidden,
	 * but its command carries the private part: both are encrypted anyway.  */
	e = load(t, parent, session.tr, s, &object);
	if (e != FH_ERR_OK)
		return e;
	return release(t, object.tr, out);
}

fh_err fh_tpm2_unseal(struct fh_chip *c, enum fh_chip_scope scope, struct fh_span blob,
		      struct fh_builder *out)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	struct blob s;
	fh_err e;

	e = blob_parse(blob, &s);
	if (e == FH_ERR_SIGNATURE)
		return altered(t, "it is not one that freehold makes");
	if (e != FH_ERR_OK)
		return e;
	if (s.scope != scope)
		return altered(t, "it was sealed for something else");
	if (scope == FH_CHIP_DEVICE && !fh_span_equal(s.srk, s.parent))
		return altered(t, "it names two parents");
	e = fh_tpm2_srk_find(t, s.srk);
	if (e != FH_ERR_OK)
		return e;
	return unseal_parsed(t, &s, out);
}
