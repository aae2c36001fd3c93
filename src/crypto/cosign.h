/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_COSIGN_H
#define FH_CRYPTO_COSIGN_H

#include "crypto/cosigner.h"

/* The signing half of cosigner.h; not linked into the verifier.  SEED is
 * FH_COSIGNER_SEED_SIZE bytes, FH_ERR_FORMAT otherwise.  */

/* Appends the public key.  */
fh_err fh_cosign_public(enum fh_cosigner a, const struct fh_secret *seed, struct fh_builder *out);

/* Appends a signature over MESSAGE; of ML-DSA-44 a hedged one.  */
fh_err fh_cosign(enum fh_cosigner a, const struct fh_secret *seed, struct fh_span message,
		 struct fh_builder *out);

#endif
