/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP accumulated ML-DSA-65 vectors: key generation and deterministic signing
 * from a stream of seeds, all output absorbed into one SHAKE128.
 *
 *	mldsa-vectors README.md [10000]
 *
 * The digests are read from the file.  100 iterations unless told otherwise.
 * Prints "FAIL name: why" and, last, "N passed, N failed, N skipped".  */
#include "base/hex.h"
#include "base/own.h"
#include "crypto/sign.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t digest_size = 32;

static EVP_MD_CTX *shake(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c == nullptr || EVP_DigestInit_ex(c, EVP_shake128(), nullptr) != 1)
		abort();
	return c;
}

/* One iteration; NULL or what went wrong.  */
static const char *iterate(EVP_MD_CTX *seeds, EVP_MD_CTX *all)
{
	FH_OWN(fh_signer) signer = { 0 };
	struct fh_secret seed = { .n = FH_MLDSA65_SEED_SIZE };
	struct fh_public_key key;
	struct fh_signature s;
	struct fh_span nothing = { 0 };

	if (EVP_DigestSqueeze(seeds, seed.bytes, seed.n) != 1)
		return "no seed";
	if (fh_signer_new(&seed, &signer) != FH_ERR_OK ||
	    fh_signer_public(&signer, &key) != FH_ERR_OK)
		return "no key";
	if (fh_signer_sign_deterministic(&signer, nothing, &s) != FH_ERR_OK)
		return "no signature";
	if (fh_signature_check(FH_SPAN_ARRAY(key.bytes), nothing, FH_SPAN_ARRAY(s.bytes)) !=
	    FH_ERR_OK)
		return "own signature refused";
	EVP_DigestUpdate(all, key.bytes, sizeof(key.bytes));
	EVP_DigestUpdate(all, s.bytes, sizeof(s.bytes));
	return nullptr;
}

static const char *run(long iterations, const uint8_t *expected)
{
	EVP_MD_CTX *seeds = shake(), *all = shake();
	const char *why = nullptr;
	uint8_t got[digest_size];

	for (long i = 0; i < iterations && why == nullptr; i++)
		why = iterate(seeds, all);
	if (why == nullptr && (EVP_DigestSqueeze(all, got, sizeof(got)) != 1 ||
			       memcmp(got, expected, sizeof(got)) != 0))
		why = "the digest differs";
	EVP_MD_CTX_free(seeds);
	EVP_MD_CTX_free(all);
	return why;
}

/* The digest of COUNT ("100", "10 000") iterations of ML-DSA-65 in TEXT.  */
static bool expected_digest(const char *text, const char *count, uint8_t *out)
{
	char line[64];
	const char *at = strstr(text, "### ML-DSA-65\n");

	snprintf(line, sizeof(line), "\n- %s iterations: `", count);
	at = at == nullptr ? nullptr : strstr(at, line);
	if (at == nullptr || strlen(at) < strlen(line) + 64)
		return false;
	return fh_hex_read(fh_span_of(at + strlen(line), 64), out, digest_size) == FH_ERR_OK;
}

int main(int argc, char **argv)
{
	static char text[65536];
	uint8_t expected[digest_size];
	FILE *f = argc == 2 || argc == 3 ? fopen(argv[1], "rb") : nullptr;
	bool many = argc == 3 && strcmp(argv[2], "10000") == 0;

	if (f == nullptr || (argc == 3 && !many)) {
		fprintf(stderr, "usage: mldsa-vectors README.md [10000]\n");
		return 64;
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	const char *count = many ? "10 000" : "100";

	if (!expected_digest(text, count, expected)) {
		printf("SKIP ML-DSA-65: no digest of %s iterations in the file\n", count);
		printf("0 passed, 0 failed, 1 skipped\n");
		return 1;
	}
	const char *why = run(many ? 10000 : 100, expected);

	if (why != nullptr)
		printf("FAIL ML-DSA-65, %s iterations: %s\n", count, why);
	printf("%d passed, %d failed, 0 skipped\n", why == nullptr, why != nullptr);
	return why == nullptr ? 0 : 1;
}
