/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_BANK_H
#define FH_CRYPTO_BANK_H

#include "crypto/hash.h"

/* The hashes of a TPM's PCR banks, by their TCG algorithm numbers, and what a
 * PCR does with a digest.  SHA-1 is here because logs and quotes carry it;
 * nothing of ours trusts it.  As in hash.h the context holds no pointers, and no
 * call fails.  */

enum fh_bank : uint16_t {
	FH_BANK_NONE = 0,
	FH_BANK_SHA1 = 0x0004,
	FH_BANK_SHA256 = 0x000b,
	FH_BANK_SHA384 = 0x000c,
	FH_BANK_SHA512 = 0x000d,
};

constexpr size_t FH_BANKS = 4;
constexpr size_t FH_DIGEST_MAX = 64; /* SHA-512 */

/* All there are, in the order of their numbers.  */
extern const enum fh_bank fh_banks[FH_BANKS];

struct fh_digest {
	uint8_t n;                     /* bytes that count, by the bank; 0: there is none */
	uint8_t bytes[FH_DIGEST_MAX];
};

struct fh_bank_hash {
	enum fh_bank bank;
	alignas(8) uint8_t state[256]; /* OpenSSL's context; size asserted in bank.c */
};

/* Bytes of a digest of BANK, and its name ("sha256"); 0 and NULL for what is not
 * one of fh_banks.  */
size_t fh_bank_size(enum fh_bank bank);
const char *fh_bank_name(enum fh_bank bank);

/* The bank that is called NAME, or FH_BANK_NONE.  */
enum fh_bank fh_bank_named(struct fh_span name);

/* BANK is one of fh_banks.  */
void fh_bank_hash_begin(struct fh_bank_hash *h, enum fh_bank bank);
void fh_bank_hash_add(struct fh_bank_hash *h, struct fh_span bytes);
struct fh_digest fh_bank_hash_end(struct fh_bank_hash *h);

/* The digest of BYTES; the value of a PCR that was reset to zeros; PCR as it is
 * after DIGEST was extended into it.  */
struct fh_digest fh_bank_digest(enum fh_bank bank, struct fh_span bytes);
struct fh_digest fh_bank_reset(enum fh_bank bank);
void fh_bank_extend(enum fh_bank bank, struct fh_digest *pcr, struct fh_span digest);

static inline struct fh_span fh_digest_span(const struct fh_digest *d)
{
	return fh_span_of(d->bytes, d->n);
}

#endif
