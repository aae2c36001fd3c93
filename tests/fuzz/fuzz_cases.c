/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tests of policies: what is taken says all that a test needs, and what is refused says
 * where, why and what to do.  */
#include <stdlib.h>

#include "policy/cases.h"

constexpr size_t room = 64 << 20;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[room];
	struct fh_arena a = fh_arena_of(memory, room);
	struct fh_trace t = { 0 };
	struct fh_cases all = { 0 };
	fh_err e = fh_cases_read(fh_span_of(bytes, n), "cases", &a, &all, &t);

	if (e != FH_ERR_OK) {
		if (all.n != 0 || t.where[0] == '\0' || t.what[0] == '\0')
			abort();
		return 0;
	}
	if (all.n == 0)
		abort();
	for (uint32_t i = 0; i < all.n; i++) {
		const struct fh_case *c = &all.list[i];

		if (c->name.n == 0 || c->actor.n == 0 || c->expect.n == 0 || c->at.line == 0
		    || (c->tool.n == 0) == (c->action.id.n == 0)
		    || c->teams_n > FH_POLICY_PARENTS_MAX || c->before > FH_CASE_BEFORE_MAX)
			abort();
	}
	return 0;
}
