/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/bank.h"

#include <openssl/sha.h>

/* Deprecated in favour of EVP, which allocates: see hash.c.  */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

union context {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512; /* SHA-384's as well */
};
static_assert(sizeof(union context) <= sizeof(((struct fh_bank_hash *)nullptr)->state));
static_assert(alignof(union context) <= 8);

const enum fh_bank fh_banks[FH_BANKS] = { FH_BANK_SHA1,	    FH_BANK_SHA256,   FH_BANK_SHA384,
					  FH_BANK_SHA512,   FH_BANK_SM3_256,  FH_BANK_SHA3_256,
					  FH_BANK_SHA3_384, FH_BANK_SHA3_512 };

/* TCG Algorithm Registry, in the order of fh_banks.  */
static const struct {
	const char *name;
	uint8_t size;
} known[FH_BANKS] = {
	{ "sha1", SHA_DIGEST_LENGTH },
	{ "sha256", SHA256_DIGEST_LENGTH },
	{ "sha384", SHA384_DIGEST_LENGTH },
	{ "sha512", SHA512_DIGEST_LENGTH },
	{ "sm3_256", 32 },
	{ "sha3_256", 32 },
	{ "sha3_384", 48 },
	{ "sha3_512", 64 },
};

/* Index of BANK among fh_banks, or FH_BANKS.  */
static size_t index_of(enum fh_bank bank)
{
	size_t i = 0;

	while (i < FH_BANKS && fh_banks[i] != bank)
		i++;
	return i;
}

size_t fh_bank_size(enum fh_bank bank)
{
	size_t i = index_of(bank);

	return i < FH_BANKS ? known[i].size : 0;
}

const char *fh_bank_name(enum fh_bank bank)
{
	size_t i = index_of(bank);

	return i < FH_BANKS ? known[i].name : nullptr;
}

bool fh_bank_is_plain(enum fh_bank bank)
{
	return index_of(bank) < FH_BANKS_PLAIN;
}

struct fh_digest fh_bank_reset(enum fh_bank bank)
{
	return (struct fh_digest){ .n = (uint8_t)fh_bank_size(bank) };
}

enum fh_bank fh_bank_named(struct fh_span name)
{
	for (size_t i = 0; i < FH_BANKS; i++) {
		if (fh_span_equal(name, fh_span_str(fh_bank_name(fh_banks[i]))))
			return fh_banks[i];
	}
	return FH_BANK_NONE;
}

static union context *context_of(struct fh_bank_hash *h)
{
	return (union context *)(void *)h->state;
}

void fh_bank_hash_begin(struct fh_bank_hash *h, enum fh_bank bank)
{
	union context *c = context_of(h);

	h->bank = bank;
	if (bank == FH_BANK_SHA1)
		SHA1_Init(&c->sha1);
	else if (bank == FH_BANK_SHA256)
		SHA256_Init(&c->sha256);
	else if (bank == FH_BANK_SHA384)
		SHA384_Init(&c->sha512);
	else
		SHA512_Init(&c->sha512);
}

void fh_bank_hash_add(struct fh_bank_hash *h, struct fh_span bytes)
{
	union context *c = context_of(h);

	if (bytes.n == 0)
		return;
	if (h->bank == FH_BANK_SHA1)
		SHA1_Update(&c->sha1, bytes.p, bytes.n);
	else if (h->bank == FH_BANK_SHA256)
		SHA256_Update(&c->sha256, bytes.p, bytes.n);
	else
		SHA512_Update(&c->sha512, bytes.p, bytes.n);
}

struct fh_digest fh_bank_hash_end(struct fh_bank_hash *h)
{
	struct fh_digest d = { .n = (uint8_t)fh_bank_size(h->bank) };
	union context *c = context_of(h);

	if (h->bank == FH_BANK_SHA1)
		SHA1_Final(d.bytes, &c->sha1);
	else if (h->bank == FH_BANK_SHA256)
		SHA256_Final(d.bytes, &c->sha256);
	else
		SHA512_Final(d.bytes, &c->sha512);
	return d;
}
