/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_WEAK_RSA_H
#define FH_CRYPTO_WEAK_RSA_H

#include "base/span.h"

/* Whether MODULUS, big-endian, has the form of those that a widespread library of one maker
 * of chips, TPMs among them, made: from it alone the key can be had (CVE-2017-15361, "ROCA").
 * Of moduli of other origin one in 240 million has it.  */
bool fh_rsa_guessable(struct fh_span modulus);

#endif
