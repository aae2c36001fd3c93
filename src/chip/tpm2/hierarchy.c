/* SPDX-License-Identifier: Apache-2.0 */
/* The authorisations of the owner and lockout hierarchies.  Whoever has the owner's can
 * remove every index and persistent key; whoever has the lockout's can clear the TPM.
 * TPM 2.0 Library part 3, TPM2_HierarchyChangeAuth.  */
#include "chip/tpm2/tpm2_private.h"

#include <string.h>

/* None is above the digest of the hierarchies' hash, and none ends in a zero, which a TPM
 * would cut off.  */
static bool is_fit(const struct fh_secret *s)
{
	return s->n == FH_CHIP_AUTHORISATION_SIZE && s->bytes[s->n - 1] != 0;
}

fh_err fh_chip_tpm2_owned(struct fh_chip *c, struct fh_chip_owned *out)
{
	uint32_t permanent;

	if (!fh_tpm2_is(c))
		return FH_ERR_UNSUPPORTED;
	fh_err e = fh_tpm2_property(fh_tpm2_of(c), TPM2_PT_PERMANENT, &permanent);

	if (e != FH_ERR_OK)
		return e;
	*out = (struct fh_chip_owned){
		.owner = (permanent & TPMA_PERMANENT_OWNERAUTHSET) != 0,
		.lockout = (permanent & TPMA_PERMANENT_LOCKOUTAUTHSET) != 0,
	};
	return FH_ERR_OK;
}

fh_err fh_chip_tpm2_authorise(struct fh_chip *c, const struct fh_secret *owner)
{
	struct fh_tpm2 *t;
	TPM2B_AUTH auth = { .size = (UINT16)owner->n };

	if (!fh_tpm2_is(c))
		return FH_ERR_UNSUPPORTED;
	if (owner->n > sizeof(auth.buffer))
		return FH_ERR_LIMIT;
	memcpy(auth.buffer, owner->bytes, owner->n);
	t = fh_tpm2_of(c);

	TSS2_RC rc = Esys_TR_SetAuth(t->esys, ESYS_TR_RH_OWNER, &auth);

	fh_wipe(&auth, sizeof(auth));
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "authorisation", rc);
}

/* The new value crosses the bus encrypted to the storage key.  */
static fh_err change(struct fh_tpm2 *t, ESYS_TR hierarchy, const struct fh_secret *new)
{
	FH_OWN(fh_tpm2_handle) session = { 0 };
	TPM2B_AUTH auth = { .size = (UINT16)new->n };
	unsigned tries = 0;
	TSS2_RC rc;
	fh_err e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT, &session);

	if (e != FH_ERR_OK)
		return e;
	memcpy(auth.buffer, new->bytes, new->n);
	do {
		rc = Esys_HierarchyChangeAuth(t->esys, hierarchy, session.tr, ESYS_TR_NONE,
					      ESYS_TR_NONE, &auth);
	} while (fh_tpm2_again(&tries, rc));
	/* Sessions of this connection go on to use it.  */
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TR_SetAuth(t->esys, hierarchy, &auth);
	fh_wipe(&auth, sizeof(auth));
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK
				     : fh_tpm2_fail(t, "TPM2_HierarchyChangeAuth", rc);
}

fh_err fh_chip_tpm2_take(struct fh_chip *c, const struct fh_secret *owner,
			 const struct fh_secret *lockout)
{
	if (!is_fit(owner) || !is_fit(lockout))
		return FH_ERR_FORMAT;
	fh_err e = fh_chip_tpm2_settle(c); /* a primary key of the owner needs its authorisation */

	if (e == FH_ERR_OK)
		e = change(fh_tpm2_of(c), ESYS_TR_RH_LOCKOUT, lockout);
	return e == FH_ERR_OK ? change(fh_tpm2_of(c), ESYS_TR_RH_OWNER, owner) : e;
}
