/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/gather.h"

#include <string.h>

static fh_err hash_on(struct fh_stamp **at, struct fh_arena *a)
{
	return fh_stamp_extend(*at, FH_STAMP_SHA256, (struct fh_span){ 0 }, a, at);
}

/* OP with a copy of ARGUMENT, then SHA-256.  */
static fh_err join(struct fh_stamp **at, enum fh_stamp_op op, struct fh_span argument,
		   struct fh_arena *a)
{
	struct fh_span kept;
	fh_err e = fh_arena_copy(a, argument, &kept);

	if (e == FH_ERR_OK)
		e = fh_stamp_extend(*at, op, kept, a, at);
	return e != FH_ERR_OK ? e : hash_on(at, a);
}

/* One level up: each TIP joins its neighbour among the M hashes of this level; one
 * without a neighbour goes up as it is.  */
static fh_err climb(struct fh_stamp **tip, size_t n, unsigned level, const struct fh_hash *hash,
		    size_t m, struct fh_arena *a)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		size_t at = i >> level, beside = at ^ 1;

		if (beside < m)
			e = join(&tip[i], at < beside ? FH_STAMP_APPEND : FH_STAMP_PREPEND,
				 fh_hash_span(&hash[beside]), a);
	}
	return e;
}

static size_t shrink(struct fh_hash *hash, size_t m)
{
	for (size_t i = 0; i + 1 < m; i += 2) {
		struct fh_sha256 s;

		fh_sha256_begin(&s);
		fh_sha256_add(&s, fh_hash_span(&hash[i]));
		fh_sha256_add(&s, fh_hash_span(&hash[i + 1]));
		hash[i / 2] = fh_sha256_end(&s);
	}
	if (m % 2 != 0)
		hash[m / 2] = hash[m - 1];
	return (m + 1) / 2;
}

fh_err fh_stamp_gather(struct fh_stamp *const *leaf, const struct fh_stamp_nonce *nonce, size_t n,
		       struct fh_arena *a, struct fh_stamp **tip, struct fh_hash *commitment)
{
	fh_err e = FH_ERR_OK;
	unsigned level = 0;

	if (n == 0 || n > FH_GATHER_MAX)
		return FH_ERR_LIMIT;

	struct fh_hash *hash = fh_arena_array(a, n, sizeof(*hash));

	if (hash == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		tip[i] = leaf[i];
		e = join(&tip[i], FH_STAMP_APPEND, FH_SPAN_ARRAY(nonce[i].bytes), a);
		if (e == FH_ERR_OK)
			memcpy(hash[i].bytes, tip[i]->message.p, FH_HASH_SIZE);
	}
	for (size_t m = n; e == FH_ERR_OK && m > 1; level++) {
		e = climb(tip, n, level, hash, m, a);
		m = shrink(hash, m);
	}
	if (e == FH_ERR_OK)
		*commitment = hash[0];
	return e;
}
