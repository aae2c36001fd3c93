/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_CERTIFIED_H
#define FH_EVIDENCE_CERTIFIED_H

#include "base/trace.h"
#include "chain/approval.h"

/* What a TPM's AK certifies of what was made in it at enrolment (docs/spec/ENROLMENT, "What
 * the TPM certifies"): an object that is sealed under this very policy, and the counter
 * that the policy goes by, with its value.  What is in the object it cannot tell.  */

struct fh_certified {
	struct fh_span public;            /* TPMT_PUBLIC of the sealed object */
	struct fh_span creation;          /* TPMS_ATTEST of TPM2_CertifyCreation of it */
	struct fh_span creation_signature; /* TPMT_SIGNATURE */
	struct fh_span counter;           /* of TPM2_NV_Certify of the epoch counter */
	struct fh_span counter_signature;
};

constexpr uint64_t FH_CERTIFIED_VERSION = 1;
constexpr size_t FH_CERTIFIED_PUBLIC_MAX = 128;
constexpr size_t FH_CERTIFIED_MAX = 1024;

/* [version, public, creation, signature, counter, signature]  */
void fh_certified_put(struct fh_builder *b, const struct fh_certified *c);
fh_err fh_certified_read(struct fh_span bytes, struct fh_certified *out);

/* The qualifying data of both: SHA-256("freehold/certified/v1" LF || chain id || device
 * id), of what R is for.  */
struct fh_hash fh_certified_qualify(const struct fh_release *r);

/* The key whose TPMT_PUBLIC is AK has certified, for R's chain and device: an object that its
 * TPM made, that never leaves it and opens by R's policy alone; and that R's epoch is what
 * the epoch counter there says.  FH_ERR_SIGNATURE if not, FH_ERR_FORMAT for what is no such
 * thing; T says why.  FH_ERR_CRYPTO, FH_ERR_NOMEM.  */
fh_err fh_certified_check(struct fh_span ak, struct fh_span bytes, const struct fh_release *r,
			  struct fh_trace *t);

#endif
