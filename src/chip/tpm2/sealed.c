/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed objects and the blobs that hold them.  docs/spec/CHIP.md.  */
#include "chip/tpm2/nv.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "codec/cbor.h"
#include "crypto/hash.h"

constexpr uint64_t blob_version = 2;

/* The fields of a blob, by their keys.  */
enum {
	KEY_VERSION = 1,
	KEY_SCOPE = 2,
	KEY_SRK = 3,
	KEY_PARENT = 4,
	KEY_PUBLIC = 5,
	KEY_PRIVATE = 6,
	KEYS = 6,
	KEY_STATE = 7, /* of a secret of this boot alone */
	KEYS_BOOT = 7,
};

/* How long a sealed secret stays openable.  */
enum scope {
	SCOPE_DEVICE = 0, /* for as long as the chip exists */
	SCOPE_BOOT = 1,   /* until the next reboot */
	SCOPE_DATA = 2,   /* until the data epoch ends */
};

struct blob {
	uint64_t scope;         /* enum scope */
	struct fh_span srk;     /* name of the SRK at the time */
	struct fh_span parent;  /* name of the key that wraps it: the SRK or the NULL primary */
	struct fh_span public;  /* TPMT_PUBLIC */
	struct fh_span private; /* the content of TPM2B_PRIVATE */
	uint32_t selected;      /* boot: the PCRs that have to be as they were, */
	struct fh_hash digest;  /* and the digest over their values */
};

/* Largest we make: a TPMT_PUBLIC of our template is 78 bytes, a private part of
 * FH_CHIP_SECRET_MAX below 300.  */
constexpr size_t public_max = 128;
constexpr size_t private_max = 1024;

static_assert(private_max <= sizeof((TPM2B_PRIVATE){ 0 }.buffer));
static_assert(private_max + public_max + 2 * FH_TPM2_NAME_SIZE + 32 <= FH_CHIP_BLOB_MAX);

static void blob_write(const struct blob *s, struct fh_builder *b)
{
	fh_cbor_put_map(b, s->scope == SCOPE_BOOT ? KEYS_BOOT : KEYS);
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
	if (s->scope != SCOPE_BOOT)
		return;
	fh_cbor_put_uint(b, KEY_STATE);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, s->selected);
	fh_cbor_put_hash(b, &s->digest);
}

static void read_state(struct fh_cursor *c, struct blob *out)
{
	fh_cbor_key(c, KEY_STATE);
	fh_cbor_array_exact(c, 2);
	uint64_t selected = fh_cbor_uint(c);

	if (selected >= UINT64_C(1) << FH_PCRS)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	out->selected = (uint32_t)selected;
	out->digest = fh_cbor_hash(c);
}

static fh_err blob_parse(struct fh_span bytes, uint64_t wanted, struct blob *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct blob s = { 0 };
	size_t keys = fh_cbor_map(&c, KEYS_BOOT);

	fh_cbor_key(&c, KEY_VERSION);
	uint64_t version = fh_cbor_uint(&c);
	if (!fh_cursor_bad(&c) && version > wanted)
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
	/* Format 1 knew no state, and only its device secrets are still opened.  */
	if (keys == KEYS_BOOT && s.scope == SCOPE_BOOT && wanted > 1)
		read_state(&c, &s);
	else if (keys != KEYS || s.scope == SCOPE_BOOT)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	/* Of version 1 the file may hold more behind it.  */
	if (fh_cursor_bad(&c) || version != wanted || (wanted > 1 && c.rest.n > 0))
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
		      const TPM2B_SENSITIVE_CREATE *in, const TPM2B_PUBLIC *template,
		      TPM2B_PRIVATE **private, TPM2B_PUBLIC **public,
		      struct fh_tpm2_created *made)
{
	static const TPM2B_DATA nothing;
	static const TPML_PCR_SELECTION no_pcr;
	FH_ESYS TPM2B_CREATION_DATA *creation = nullptr;
	FH_ESYS TPM2B_DIGEST *hash = nullptr;
	FH_ESYS TPMT_TK_CREATION *ticket = nullptr;
	unsigned tries = 0;
	TSS2_RC rc;

	do {
		rc = Esys_Create(t->esys, parent, session, ESYS_TR_NONE, ESYS_TR_NONE, in,
				 template, &nothing, &no_pcr, private, public, &creation, &hash,
				 &ticket);
	} while (fh_tpm2_again(&tries, rc));
	if (rc == TSS2_RC_SUCCESS && made != nullptr) {
		made->hash = *hash;
		made->ticket = *ticket;
	}
	return rc;
}

/* Seals PLAIN under PARENT and POLICY, and writes the blob; MADE (may be NULL) gets the
 * TPM's word of it.  */
static fh_err seal_under(struct fh_tpm2 *t, ESYS_TR parent, ESYS_TR session,
			 const struct fh_hash *policy, struct fh_span plain, struct blob s,
			 struct fh_builder *blob, struct fh_tpm2_created *made)
{
	const TPM2B_PUBLIC template = fh_tpm2_sealed_template(policy);
	FH_ESYS TPM2B_PRIVATE *private = nullptr;
	FH_ESYS TPM2B_PUBLIC *public = nullptr;
	TPM2B_SENSITIVE_CREATE in = { 0 };
	uint8_t area[sizeof(TPM2B_PUBLIC)];
	size_t n = 0;

	in.sensitive.data.size = (UINT16)plain.n;
	memcpy(in.sensitive.data.buffer, plain.p, plain.n);
	TSS2_RC rc = create(t, parent, session, &in, &template, &private, &public, made);
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
	if (made != nullptr) {
		memcpy(made->public, area, n);
		made->public_n = n;
	}
	blob_write(&s, blob);
	return blob->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* Under the SRK and POLICY.  */
static fh_err seal_lasting(struct fh_tpm2 *t, enum scope scope, const struct fh_hash *policy,
			   struct fh_span plain, struct fh_builder *blob,
			   struct fh_tpm2_created *made)
{
	FH_OWN(fh_tpm2_handle) session = { 0 };
	fh_err e;

	if (plain.n == 0 || plain.n > FH_CHIP_SECRET_MAX)
		return FH_ERR_LIMIT;
	e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session);
	if (e != FH_ERR_OK)
		return e;

	struct blob s = {
		.scope = scope,
		.srk = fh_tpm2_name_span(&t->srk_name),
		.parent = fh_tpm2_name_span(&t->srk_name),
	};

	return seal_under(t, t->srk, session.tr, policy, plain, s, blob, made);
}

fh_err fh_tpm2_seal_device(struct fh_chip *c, const struct fh_release *r, struct fh_span plain,
			   struct fh_builder *blob)
{
	struct fh_hash policy;
	fh_err e = fh_tpm2_release_policy(r, &policy);

	return e == FH_ERR_OK ? seal_lasting(fh_tpm2_of(c), SCOPE_DEVICE, &policy, plain, blob,
					       /* made: */ nullptr)
			      : e;
}

fh_err fh_tpm2_seal_data(struct fh_chip *c, uint64_t epoch, struct fh_span plain,
			 struct fh_builder *blob)
{
	struct fh_hash policy;
	fh_err e = fh_tpm2_data_policy(epoch, &policy);

	return e == FH_ERR_OK ? seal_lasting(fh_tpm2_of(c), SCOPE_DATA, &policy, plain, blob,
					       /* made: */ nullptr)
			      : e;
}

/* STATE need not be that of now: its policy is computed, not taken.  */
fh_err fh_tpm2_seal_boot(struct fh_chip *c, const struct fh_pcr_state *state,
			 struct fh_span plain, struct fh_builder *blob)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) null_primary = { 0 };
	struct fh_hash digest = fh_pcr_digest(state);
	struct fh_hash policy = fh_boot_policy(state->selected, &digest);
	struct fh_tpm2_name parent;
	fh_err e;

	if (plain.n == 0 || plain.n > FH_CHIP_SECRET_MAX)
		return FH_ERR_LIMIT;
	e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session);
	if (e == FH_ERR_OK)
		e = fh_tpm2_null_primary(t, &session, &null_primary, &parent);
	if (e != FH_ERR_OK)
		return e;

	struct blob s = {
		.scope = SCOPE_BOOT,
		.srk = fh_tpm2_name_span(&t->srk_name),
		.parent = fh_tpm2_name_span(&parent),
		.selected = state->selected,
		.digest = digest,
	};

	return seal_under(t, null_primary.tr, session.tr, &policy, plain, s, blob,
			  /* made: */ nullptr);
}

/* --- unsealing -------------------------------------------------------- */

/* The public area is built, not read: all that may differ is unique.  */
static fh_err rebuild(struct fh_tpm2 *t, const struct fh_hash *policy, struct fh_span area,
		      TPM2B_PUBLIC *out)
{
	TPM2B_PUBLIC p = fh_tpm2_sealed_template(policy);
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

static fh_err load(struct fh_tpm2 *t, ESYS_TR parent, ESYS_TR session,
		   const struct fh_hash *policy, const struct blob *s, struct fh_tpm2_handle *out)
{
	TPM2B_PRIVATE private = { .size = (UINT16)s->private.n };
	TPM2B_PUBLIC public;
	unsigned tries = 0;
	ESYS_TR tr;
	TSS2_RC rc;
	fh_err e;

	e = rebuild(t, policy, s->public, &public);
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

fh_err fh_tpm2_seal_created(struct fh_tpm2 *t, const struct fh_release *r, struct fh_span plain,
			    struct fh_builder *blob, struct fh_tpm2_created *out)
{
	FH_OWN(fh_tpm2_created) made = { 0 };
	FH_OWN(fh_tpm2_handle) session = { 0 };
	struct fh_hash policy;
	struct blob s;
	fh_err e = fh_tpm2_release_policy(r, &policy);

	if (e == FH_ERR_OK)
		e = seal_lasting(t, SCOPE_DEVICE, &policy, plain, blob, &made);
	if (e == FH_ERR_OK)
		e = blob_parse(fh_builder_span(blob), blob_version, &s);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT, &session);
	if (e == FH_ERR_OK)
		e = load(t, t->srk, session.tr, &policy, &s, &made.object);
	if (e != FH_ERR_OK)
		return e;
	*out = made;
	made.object = (struct fh_tpm2_handle){ 0 };
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

/* The content of OBJECT, by a session in which its policy holds.  */
static fh_err release(struct fh_tpm2 *t, ESYS_TR object, const struct fh_tpm2_handle *policy,
		      struct fh_builder *out)
{
	FH_ESYS TPM2B_SENSITIVE_DATA *plain = nullptr;
	fh_err e = FH_ERR_OK;

	TSS2_RC rc = Esys_Unseal(t->esys, object, policy->tr, ESYS_TR_NONE, ESYS_TR_NONE, &plain);

	if (fh_tpm2_code(rc) == TPM2_RC_POLICY_FAIL)
		return fh_tpm2_not_released(t, "the policy of the sealed key does not hold");
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

/* The object of S, whose policy is POLICY, below the SRK.  Load's answer begins with the object's
 * name, which need not be hidden, but its command carries the private part: both are encrypted
 * anyway, in *SESSION.  */
static fh_err load_lasting(struct fh_tpm2 *t, const struct fh_hash *policy, const struct blob *s,
			   struct fh_tpm2_handle *session, struct fh_tpm2_handle *object)
{
	fh_err e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, session);

	return e == FH_ERR_OK ? load(t, t->srk, session->tr, policy, s, object) : e;
}

static fh_err check_boot(struct fh_tpm2 *t, struct fh_span sealed, const struct fh_tpm2_name *now)
{
	if (fh_span_equal(sealed, fh_tpm2_name_span(now)))
		return FH_ERR_OK;
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "the key was sealed in another boot, which the TPM has forgotten");
	return FH_ERR_STATE;
}

/* BLOB, which was sealed for SCOPE, and its SRK at hand.  */
static fh_err open_blob(struct fh_tpm2 *t, enum scope scope, struct fh_span blob, struct blob *out)
{
	fh_err e = blob_parse(blob, blob_version, out);

	if (e == FH_ERR_SIGNATURE)
		return altered(t, "it is not one that freehold makes");
	if (e != FH_ERR_OK)
		return e;
	if (out->scope != scope)
		return altered(t, "it was sealed for something else");
	if (scope != SCOPE_BOOT && !fh_span_equal(out->srk, out->parent))
		return altered(t, "it names two parents");
	return fh_tpm2_srk_find(t, out->srk);
}

fh_err fh_tpm2_identity(struct fh_chip *c, struct fh_builder *out)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) ak = { 0 };
	struct fh_tpm2_name name;
	fh_err e = fh_tpm2_session(t, TPMA_SESSION_ENCRYPT, &session);

	if (e == FH_ERR_OK)
		e = fh_tpm2_ak(t, &session, &ak, &name, /* public: */ nullptr);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_bytes(out, fh_tpm2_name_span(&name));
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* Clearing a TPM changes the storage keys and leaves the endorsement seed, so the
 * AK tells a cleared TPM from another one.  */
fh_err fh_tpm2_belongs(struct fh_chip *c, struct fh_span blob, struct fh_span identity)
{
	uint8_t bytes[FH_CHIP_IDENTITY_MAX];
	struct fh_builder now = FH_BUILDER_ARRAY(bytes);
	struct fh_tpm2 *t = fh_tpm2_of(c);
	struct blob s;
	fh_err e = open_blob(t, SCOPE_DEVICE, blob, &s);

	if (e != FH_ERR_SIGNATURE || blob_parse(blob, blob_version, &s) != FH_ERR_OK)
		return e;
	e = fh_tpm2_identity(c, &now);
	if (e != FH_ERR_OK)
		return e;
	fh_trace_where(t->trace, "TPM");
	if (fh_span_equal(fh_builder_span(&now), identity)) {
		fh_trace_what(t->trace, "was cleared: what it had sealed is gone for good");
		fh_trace_cure(t->trace, "revoke this device, move the state directory away, and "
					"enrol the machine anew (freehold init)");
		return FH_ERR_CLEARED;
	}
	fh_trace_what(t->trace, "is another TPM than the one this state directory was made with");
	fh_trace_cure(t->trace, "on another machine, ask for an identity of its own: freehold init "
				"--genesis FILE --request FILE --state DIR with a new directory; "
				"after "
				"a repair of this one, do the same and revoke the old device");
	return FH_ERR_CLONE;
}

fh_err fh_tpm2_unseal_device(struct fh_chip *c, const struct fh_release *r,
			     const struct fh_chip_approval *a, struct fh_span blob,
			     struct fh_builder *out)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) object = { 0 };
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	struct fh_hash digest;
	struct blob s;
	fh_err e = open_blob(t, SCOPE_DEVICE, blob, &s);

	if (e == FH_ERR_OK)
		e = fh_tpm2_release_policy(r, &digest);
	if (e == FH_ERR_OK)
		e = load_lasting(t, &digest, &s, &session, &object);
	if (e == FH_ERR_OK)
		e = fh_tpm2_release_session(t, r, a, &session, &policy);
	if (e == FH_ERR_OK)
		e = release(t, object.tr, &policy, out);
	return e;
}

fh_err fh_tpm2_unseal_data(struct fh_chip *c, uint64_t epoch, struct fh_span blob,
			   struct fh_builder *out)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) object = { 0 };
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	struct fh_hash digest;
	struct blob s;
	fh_err e = open_blob(t, SCOPE_DATA, blob, &s);

	if (e == FH_ERR_OK)
		e = fh_tpm2_data_policy(epoch, &digest);
	if (e == FH_ERR_OK)
		e = load_lasting(t, &digest, &s, &session, &object);
	if (e == FH_ERR_OK)
		e = fh_tpm2_data_session(t, epoch, &session, &policy);
	if (e == FH_ERR_OK)
		e = release(t, object.tr, &policy, out);
	return e;
}

/* Its policy was TPM2_PolicyCommandCode alone.  */
fh_err fh_tpm2_unseal_1(struct fh_chip *c, struct fh_span blob, struct fh_builder *out)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) object = { 0 };
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	struct fh_hash digest = fh_tpm2_command_policy(TPM2_CC_Unseal);
	struct blob s;
	fh_err e = blob_parse(blob, /* wanted: */ 1, &s);

	if (e != FH_ERR_OK || s.scope != SCOPE_DEVICE)
		return altered(t, "it is not one that freehold made in format 1");
	e = fh_tpm2_srk_find(t, s.srk);
	if (e == FH_ERR_OK)
		e = load_lasting(t, &digest, &s, &session, &object);
	if (e == FH_ERR_OK)
		e = fh_tpm2_policy_session(t, TPM2_CC_Unseal, &policy);
	if (e == FH_ERR_OK)
		e = release(t, object.tr, &policy, out);
	return e;
}

/* A policy session in which the machine is in the state that S was sealed for.  */
static fh_err in_state_of(struct fh_tpm2 *t, const struct blob *s, struct fh_tpm2_handle *out)
{
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	fh_err e = fh_tpm2_session_of_kind(t, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &policy);

	if (e == FH_ERR_OK)
		e = fh_tpm2_policy_pcr(t, policy.tr, s->selected, &s->digest);
	if (e == FH_ERR_STATE) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "the machine is in another state than the key was sealed "
					"for");
	}
	return e == FH_ERR_OK ? fh_tpm2_policy_command(t, &policy, TPM2_CC_Unseal, out) : e;
}

fh_err fh_tpm2_unseal_boot(struct fh_chip *c, struct fh_span blob, struct fh_builder *out)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) null_primary = { 0 };
	FH_OWN(fh_tpm2_handle) object = { 0 };
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	struct fh_tpm2_name now;
	struct fh_hash digest;
	struct blob s;
	fh_err e = open_blob(t, SCOPE_BOOT, blob, &s);

	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session);
	if (e == FH_ERR_OK)
		e = fh_tpm2_null_primary(t, &session, &null_primary, &now);
	if (e == FH_ERR_OK)
		e = check_boot(t, s.parent, &now);
	if (e != FH_ERR_OK)
		return e;
	digest = fh_boot_policy(s.selected, &s.digest);
	e = load(t, null_primary.tr, session.tr, &digest, &s, &object);
	if (e == FH_ERR_OK)
		e = in_state_of(t, &s, &policy);
	if (e == FH_ERR_OK)
		e = release(t, object.tr, &policy, out);
	return e;
}
