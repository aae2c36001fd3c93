/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <string.h>

fh_err fh_secret_from(struct fh_span s, struct fh_secret *out)
{
	if (s.n > FH_SECRET_MAX)
		return FH_ERR_LIMIT;
	struct fh_secret made = { .n = s.n };

	if (s.n > 0)
		memcpy(made.bytes, s.p, s.n);
	*out = made;
	fh_secret_drop(&made);
	return FH_ERR_OK;
}

bool fh_secret_equal(struct fh_span a, struct fh_span b)
{
	uint8_t difference = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		difference |= a.p[i] ^ b.p[i];
	return difference == 0;
}

void fh_wipe(void *p, size_t n)
{
	if (n > 0)
		memset(p, 0, n);
	__asm__ volatile("" : : "r"(p) : "memory");
}

void fh_secret_drop(struct fh_secret *s)
{
	fh_wipe(s, sizeof(*s));
}
