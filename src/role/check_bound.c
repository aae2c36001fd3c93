/* SPDX-License-Identifier: Apache-2.0 */
#include "role/check_bound.h"

static uint64_t owed(const struct fh_check_bound *b, size_t i, uint64_t now_ms)
{
	uint64_t elapsed_ms = now_ms - b->caller[i].at_ms, steps = b->caller[i].steps;

	return elapsed_ms >= steps / FH_CHECK_STEPS_PER_MS + 1
		       ? 0 : steps - elapsed_ms * FH_CHECK_STEPS_PER_MS;
}

static size_t find(const struct fh_check_bound *b, const struct fh_hash *who)
{
	size_t i = 0;

	while (i < FH_CHECK_CALLERS_MAX && !fh_hash_equal(&b->caller[i].who, who))
		i++;
	return i;
}

static size_t least(const struct fh_check_bound *b, uint64_t now_ms)
{
	size_t best = 0;

	for (size_t i = 1; i < FH_CHECK_CALLERS_MAX; i++) {
		if (owed(b, i, now_ms) < owed(b, best, now_ms))
			best = i;
	}
	return best;
}

bool fh_check_allowed(const struct fh_check_bound *b, struct fh_span who, uint64_t now_ms)
{
	struct fh_hash h = fh_hash_of(who);
	size_t i = find(b, &h);

	return i == FH_CHECK_CALLERS_MAX || owed(b, i, now_ms) < FH_SCHEMA_STEPS_MAX;
}

void fh_check_taken(struct fh_check_bound *b, struct fh_span who, uint64_t steps,
		    uint64_t now_ms)
{
	struct fh_hash h = fh_hash_of(who);
	size_t i = find(b, &h);

	if (i < FH_CHECK_CALLERS_MAX) {
		steps += owed(b, i, now_ms);
	} else {
		i = least(b, now_ms);
		b->caller[i].who = h;
	}
	b->caller[i].steps = steps;
	b->caller[i].at_ms = now_ms;
}
