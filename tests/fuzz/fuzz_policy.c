/* SPDX-License-Identifier: Apache-2.0 */
/* Policies under a fixed schema.  Whatever is accepted must decide, the same
 * twice, and be accepted again.  */
#include <stdlib.h>
#include <string.h>

#include "policy/decision.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char schema[] =
	"entity Folder in [Folder]; entity File in [Folder];"
	"action \"read\"; @mcp(\"files/read_file\") @resource(\"/path\", \"posix-path\")"
	"action \"files.read\" in [\"read\"] appliesTo { principal: [Actor], resource: [File] };";

constexpr size_t memory_size = 1 << 20;

static void decide(const struct fh_policy_set *set)
{
	static _Alignas(max_align_t) uint8_t memory[65536];
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	const struct fh_entity_uid team = fh_entity_uid_of("Team", FH_SPAN_LIT("research"));
	const struct fh_known_entities known = {
		&set->schema, fh_entity_uid_of("Actor", FH_SPAN_LIT("claude")), &team, 1
	};
	const struct fh_request r = {
		known.principal, fh_entity_uid_of("Action", FH_SPAN_LIT("files.read")),
		fh_entity_uid_of("File", FH_SPAN_LIT("/a/b")), fh_value_none(),
		fh_known_entities_source(&known)
	};
	const struct fh_circumstances now = { .leased = true };
	struct fh_decision one, two;

	if (fh_policy_decide(set, &r, &now, &scratch, &one) != FH_ERR_OK ||
	    fh_policy_decide(set, &r, &now, &scratch, &two) != FH_ERR_OK)
		abort();
	if (fh_allows(one.verdict) != fh_allows(two.verdict) ||
	    fh_allows(one.verdict) != (one.reason == FH_REASON_PERMITTED) ||
	    one.determining_n != two.determining_n)
		abort();
	if (fh_allows(one.verdict) && one.determining_n == 0)
		abort();
}

/* Whoever asks for all problems gets none where the first check found nothing, which ended
 * in E and T; or else that one among others.  */
static void find_all(struct fh_span cedar, fh_err e, const struct fh_trace *t)
{
	static _Alignas(max_align_t) uint8_t memory[memory_size];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_policy_set set = { 0 };
	struct fh_problems all;
	bool found = false;
	fh_err again = fh_policy_check_problems(cedar, fh_span_str(schema),
						(struct fh_span){ 0 }, &a, &set, &all);

	if (e == FH_ERR_NOMEM || again == FH_ERR_NOMEM)
		return;
	for (size_t i = 0; i < all.n; i++)
		found |= strcmp(all.list[i].why.where, t->where) == 0;
	if ((again == FH_ERR_OK) != (e == FH_ERR_OK) || (all.n > 0) != (e != FH_ERR_OK) ||
	    (e != FH_ERR_OK && !found && all.total == all.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[memory_size];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_policy_set set = { 0 };
	struct fh_trace t = { 0 };
	fh_err e = fh_policy_check(fh_span_of(bytes, n), fh_span_str(schema), &a, &set, &t);

	find_all(fh_span_of(bytes, n), e, &t);
	if (e == FH_ERR_OK)
		decide(&set);
	else if (t.where[0] == '\0' || t.what[0] == '\0' || set.policies != nullptr)
		abort();
	return 0;
}
