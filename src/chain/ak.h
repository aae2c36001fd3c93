/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_AK_H
#define FH_CHAIN_AK_H

#include "crypto/hash.h"
#include "freehold/error.h"

/* A TPM's attestation key as a device statement carries it: the TPMT_PUBLIC
 * (TPM 2.0 Library part 2, 12.2.4).  Its Name covers every attribute, so a
 * credential for that Name is opened only beside a key of exactly this kind.  */

/* The Name of an object: SHA-256's identifier, then the digest of its
 * TPMT_PUBLIC.  */
constexpr size_t FH_AK_NAME = 2 + FH_HASH_SIZE;

struct fh_ak_name {
	uint8_t bytes[FH_AK_NAME];
};

/* AK is an attestation key as docs/spec/CHIP.md describes it, of any point, and
 * *OUT its Name.  FH_ERR_FORMAT for anything else: a key that may leave the
 * TPM, or that signs what the TPM did not make, attests nothing.  */
fh_err fh_ak_name_of(struct fh_span ak, struct fh_ak_name *out);

#endif
