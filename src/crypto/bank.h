/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_BANK_H
#define FH_CRYPTO_BANK_H

#include "crypto/hash.h"

/* The hashes of a TPM's PCR banks, by their TCG algorithm numbers, and what a
 * PCR does with a digest.  SHA-1 is here because logs and quotes carry it;
 * nothing of ours trusts it.
 *
 * SHA-1 and SHA-2 are *plain*: as in hash.h the context holds no pointers, and no
 * call fails.  SM3 and SHA-3 OpenSSL computes by EVP alone, which allocates, and
 * which some builds of it leave out: they have no context here, and a digest of no
 * bytes is "could not".  */

enum fh_bank : uint16_t {
	FH_BANK_NONE = 0,
	FH_BANK_SHA1 = 0x0004,
	FH_BANK_SHA256 = 0x000b,
	FH_BANK_SHA384 = 0x000c,
	FH_BANK_SHA512 = 0x000d,
	FH_BANK_SM3_256 = 0x0012,
	FH_BANK_SHA3_256 = 0x0027,
	FH_BANK_SHA3_384 = 0x0028,
	FH_BANK_SHA3_512 = 0x0029,
};

constexpr size_t FH_BANKS = 8;
constexpr size_t FH_BANKS_PLAIN = 4; /* the first so many of fh_banks */
constexpr size_t FH_DIGEST_MAX = 64; /* SHA-512 */

/* All there are, in the order of their numbers; the plain ones are first.  */
extern const enum fh_bank fh_banks[FH_BANKS];

struct fh_digest {
	uint8_t n;                     /* bytes that count, by the bank; 0: there is none */
	uint8_t bytes[FH_DIGEST_MAX];
};

struct fh_bank_hash {
	enum fh_bank bank;
	alignas(8) uint8_t state[256]; /* OpenSSL's context; size asserted in bank.c */
};

/* Bytes of a digest of BANK, and its name as tpm2-tools have it ("sha256",
 * "sm3_256"); 0 and NULL for what is not one of fh_banks.  */
size_t fh_bank_size(enum fh_bank bank);
const char *fh_bank_name(enum fh_bank bank);

/* The bank that is called NAME, or FH_BANK_NONE.  */
enum fh_bank fh_bank_named(struct fh_span name);

/* BANK is plain; false for what is not.  */
bool fh_bank_is_plain(enum fh_bank bank);
void fh_bank_hash_begin(struct fh_bank_hash *h, enum fh_bank bank);
void fh_bank_hash_add(struct fh_bank_hash *h, struct fh_span bytes);
struct fh_digest fh_bank_hash_end(struct fh_bank_hash *h);

/* The value of a PCR that was reset to zeros.  */
struct fh_digest fh_bank_reset(enum fh_bank bank);

/* OpenSSL computes BANK, one of fh_banks, here.  */
bool fh_bank_available(enum fh_bank bank);

/* The digest of BYTES; PCR as it is after DIGEST (at most FH_DIGEST_MAX bytes) was
 * extended into it.  Without bytes if it could not be computed, and so is what is
 * extended from there: see fh_bank_available().  Of a plain bank it always is.  */
struct fh_digest fh_bank_digest(enum fh_bank bank, struct fh_span bytes);
void fh_bank_extend(enum fh_bank bank, struct fh_digest *pcr, struct fh_span digest);

static inline struct fh_span fh_digest_span(const struct fh_digest *d)
{
	return fh_span_of(d->bytes, d->n);
}

#endif
