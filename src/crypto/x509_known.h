/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_X509_KNOWN_H
#define FH_CRYPTO_X509_KNOWN_H

#include "crypto/hash.h"

/* The maker of chips whose root certificate has this SHA-256, or NULL.  */
const char *fh_x509_known_vendor(const struct fh_hash *sha256);

#endif
