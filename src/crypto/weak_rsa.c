/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/weak_rsa.h"

/* Both primes of such a key are k M + (65537^a mod M), M being the product of the smallest
 * primes.  So their product is a power of 65537 modulo each of these, which is told by
 * those of which 65537 does not make all residues.  */
static const uint8_t prime[] = { 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127,
				 151, 157 };
constexpr unsigned base = 65537;

static unsigned modulo(struct fh_span big, unsigned p)
{
	unsigned rest = 0;

	for (size_t i = 0; i < big.n; i++)
		rest = (rest << 8 | big.p[i]) % p;
	return rest;
}

/* N is a power of 65537 modulo P.  */
static bool is_power(unsigned n, unsigned p)
{
	unsigned power = 1;

	do {
		if (power == n)
			return true;
		power = power * (base % p) % p;
	} while (power != 1);
	return false;
}

bool fh_rsa_guessable(struct fh_span modulus)
{
	for (size_t i = 0; i < sizeof(prime); i++) {
		if (!is_power(modulo(modulus, prime[i]), prime[i]))
			return false;
	}
	return modulus.n > 0;
}
