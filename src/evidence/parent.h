/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_PARENT_H
#define FH_EVIDENCE_PARENT_H

#include "evidence/tpm_public.h"

/* What an attestation says about where its key hangs: the qualified name of the
 * signer is a hash over all keys from the hierarchy down to it (TPM 2.0 Library part
 * 1, clause 26.5).  It is the signer's own word.  */

enum fh_parent {
	FH_PARENT_UNKNOWN = 0, /* none of the following */
	FH_PARENT_ENDORSEMENT, /* a child of the endorsement key */
	FH_PARENT_PRIMARY,     /* a primary key of the endorsement or platform hierarchy */
	FH_PARENT_OWNER,       /* a primary key of the owner hierarchy */
	FH_PARENT_NULL,        /* a primary key of the null hierarchy, gone at the next reset */
};

/* What SIGNER, a qualified name, says of the key with NAME, if EK is an endorsement
 * key made by one of the templates of TCG's EK Credential Profile (2.5, annex B); NULL:
 * there is none.  */
enum fh_parent fh_parent_of(struct fh_span signer, const struct fh_tpm_name *name,
			    const struct fh_tpm_key *ek);

#endif
