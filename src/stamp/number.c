/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/number.h"

#include <stdbit.h>

constexpr int words = 8;

int fh_number_compare(const struct fh_number *a, const struct fh_number *b)
{
	for (int i = words - 1; i >= 0; i--) {
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i] ? -1 : 1;
	}
	return 0;
}

struct fh_number fh_number_add(const struct fh_number *a, const struct fh_number *b)
{
	struct fh_number sum;
	uint64_t carry = 0;

	for (int i = 0; i < words; i++) {
		carry += (uint64_t)a->word[i] + b->word[i];
		sum.word[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return sum;
}

struct fh_number fh_number_subtract(const struct fh_number *a, const struct fh_number *b)
{
	struct fh_number rest;
	uint64_t borrow = 0;

	for (int i = 0; i < words; i++) {
		uint64_t take = b->word[i] + borrow;

		borrow = a->word[i] < take;
		rest.word[i] = (uint32_t)(a->word[i] - take);
	}
	return rest;
}

struct fh_number fh_number_of_hash(const uint8_t p[32])
{
	struct fh_number n = { 0 };

	for (int i = 0; i < 32; i++)
		n.word[i / 4] |= (uint32_t)p[i] << (i % 4 * 8);
	return n;
}

/* Adds the byte B of weight 256^AT, where bytes below the point fall away.  False if
 * it is above the top.  */
static bool put_byte(struct fh_number *n, int at, uint8_t b)
{
	if (at >= 0 && at < 32)
		n->word[at / 4] |= (uint32_t)b << (at % 4 * 8);
	return at < 32 || b == 0;
}

static uint8_t byte_at(const struct fh_number *n, int at)
{
	return at < 0 ? 0 : (uint8_t)(n->word[at / 4] >> (at % 4 * 8));
}

bool fh_number_of_bits(uint32_t bits, struct fh_number *out)
{
	int size = (int)(bits >> 24);
	struct fh_number n = { 0 };
	bool fits = (bits & 0x800000) == 0;

	for (int i = 0; i < 3; i++)
		fits &= put_byte(&n, size - 3 + i, (uint8_t)(bits >> (8 * i)));
	if (!fits || fh_number_log2(&n) < 0)
		return false;
	*out = n;
	return true;
}

uint32_t fh_number_bits(const struct fh_number *n)
{
	int size = (fh_number_log2(n) + 8) / 8;

	/* The mantissa's highest bit is a sign.  */
	if (byte_at(n, size - 1) >= 0x80)
		size++;

	uint32_t mantissa = size > 32 ? 0 : byte_at(n, size - 1);

	mantissa = mantissa << 8 | byte_at(n, size - 2);
	mantissa = mantissa << 8 | byte_at(n, size - 3);
	return (uint32_t)size << 24 | mantissa;
}

struct fh_number fh_number_scale(const struct fh_number *n, uint32_t by, uint32_t per)
{
	struct fh_number out = *n;
	uint64_t carry = 0;

	for (int i = 0; i < words; i++) {
		carry += (uint64_t)out.word[i] * by;
		out.word[i] = (uint32_t)carry;
		carry >>= 32;
	}
	carry = 0;
	for (int i = words - 1; i >= 0; i--) {
		carry = carry << 32 | out.word[i];
		out.word[i] = (uint32_t)(carry / per);
		carry %= per;
	}
	return out;
}

static struct fh_number shift_left(const struct fh_number *n, unsigned bit)
{
	struct fh_number out;

	for (int i = words - 1; i > 0; i--)
		out.word[i] = n->word[i] << 1 | n->word[i - 1] >> 31;
	out.word[0] = n->word[0] << 1 | bit;
	return out;
}

/* floor(2^256 / d) = floor((2^256 - d) / d) + 1 with d = TARGET + 1, and 2^256 - d
 * is the complement of TARGET.  */
struct fh_number fh_number_work(const struct fh_number *target)
{
	static const struct fh_number one = { { 1 } };
	struct fh_number d = fh_number_add(target, &one), rest = { 0 }, out = { 0 };

	if (fh_number_log2(&d) < 0)
		return one;
	for (int i = 255; i >= 0; i--) {
		bool top = rest.word[words - 1] >> 31 != 0;

		rest = shift_left(&rest, (unsigned)(~target->word[i / 32] >> (i % 32)) & 1);
		if (top || fh_number_compare(&rest, &d) >= 0) {
			rest = fh_number_subtract(&rest, &d);
			out.word[i / 32] |= UINT32_C(1) << (i % 32);
		}
	}
	return fh_number_add(&out, &one);
}

int fh_number_log2(const struct fh_number *n)
{
	for (int i = words - 1; i >= 0; i--) {
		if (n->word[i] != 0)
			return 32 * i + 31 - (int)stdc_leading_zeros(n->word[i]);
	}
	return -1;
}
