/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_LEGACY_H
#define FH_CRYPTO_LEGACY_H

#include "base/span.h"
#include "freehold/error.h"

/* Hashes that others' time stamps are made of.  Nothing of ours uses them.  */

constexpr size_t FH_RIPEMD160_SIZE = 20;
constexpr size_t FH_KECCAK256_SIZE = 32;

/* RIPEMD-160 of BYTES.  */
void fh_ripemd160(struct fh_span bytes, uint8_t out[FH_RIPEMD160_SIZE]);

/* Keccak-256 as it was before SHA-3 changed the padding.  FH_ERR_UNSUPPORTED where
 * OpenSSL was built without it.  */
fh_err fh_keccak256(struct fh_span bytes, uint8_t out[FH_KECCAK256_SIZE]);

#endif
