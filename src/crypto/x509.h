/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_X509_H
#define FH_CRYPTO_X509_H

#include "crypto/companion.h"

/* What an X.509 certificate (RFC 5280) says, believed by nobody: whether it is
 * to be believed, its chain decides.  */

/* The P-256 key that CERTIFICATE, DER without anything behind it, certifies.
 * FH_ERR_FORMAT if it is no certificate, FH_ERR_UNSUPPORTED for a key of
 * another kind.  */
fh_err fh_x509_p256_public(struct fh_span certificate, struct fh_p256_public *out);

#endif
