/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_AUTHORISATIONS_H
#define FH_CHAIN_AUTHORISATIONS_H

#include "base/builder.h"
#include "base/cursor.h"
#include "crypto/hash.h"

/* The authorisations of a TPM's owner and lockout hierarchies, encrypted to the operator
 * (docs/spec/ENROLMENT, "The TPM's authorisations").  Pure: who seals and opens the box
 * is src/cli/authorisations.c.  */

constexpr size_t FH_AUTHORISATIONS_BOX_MAX = 1280; /* 1200 bytes, of the KEM that there is */
constexpr size_t FH_AUTHORISATIONS_MAX = FH_AUTHORISATIONS_BOX_MAX + 160;

struct fh_authorisations {
	struct fh_hash chain_id;
	struct fh_hash device;  /* device id */
	struct fh_span box;     /* the owner's and the lockout's, by fh_kem_seal() */
};

void fh_authorisations_put(struct fh_builder *b, const struct fh_authorisations *a);
/* FH_ERR_VERSION for one of another version; the span looks into FILE.  */
fh_err fh_authorisations_read(struct fh_span file, struct fh_authorisations *out);

/* What the box is bound to.  */
constexpr size_t FH_AUTHORISATIONS_CONTEXT = 32 + 2 * FH_HASH_SIZE;
void fh_authorisations_put_context(struct fh_builder *b, const struct fh_authorisations *a);

#endif
