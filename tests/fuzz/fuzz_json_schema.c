/* SPDX-License-Identifier: Apache-2.0 */
/* A list of a schema and instances.  What is refused has a place, a reason and a cure; a
 * schema that is strict is also one that is not; what one instance gets, it gets again, by as
 * much work.  */
#include <stdlib.h>

#include "base/limits.h"
#include "schema/json_schema.h"

constexpr size_t room = 8 << 20;
static const struct fh_json_limits limits = { 1 << 20, 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_trace(const struct fh_trace *t)
{
	if (t->where[0] == '\0' || t->what[0] == '\0' || t->cure[0] == '\0')
		abort();
}

static void check_instance(const struct fh_json_schema *s, const struct fh_json *j)
{
	static _Alignas(max_align_t) uint8_t more[room];
	struct fh_arena scratch = fh_arena_of(more, room);
	struct fh_trace t = { 0 };
	bool first = true, second = true;
	uint64_t steps, again;
	fh_err e = fh_json_schema_check(s, j, &scratch, &first, &steps, &t);

	if (e != FH_ERR_OK || !first)
		check_trace(&t);
	if (e != fh_json_schema_check(s, j, &scratch, &second, &again, nullptr) ||
	    first != second || steps != again || steps > FH_SCHEMA_STEPS_MAX || scratch.n != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[room], trees[room];
	struct fh_arena a = fh_arena_of(memory, room), tree = fh_arena_of(trees, room);
	const struct fh_json_schema_options strict = { .strict = true, .formats = true };
	const struct fh_json_schema_options loose = { .formats = true };
	const struct fh_json *root = nullptr;
	const struct fh_json_schema *s = nullptr, *other = nullptr;
	struct fh_trace t = { 0 };

	if (fh_json_tree(fh_span_of(bytes, n), &limits, "doc", &tree, &root,
		nullptr) != FH_ERR_OK ||
	    root->kind != FH_JSON_ARRAY || root->n == 0)
		return 0;
	fh_err e = fh_json_schema_read(root->first, &strict, &a, &other, &t);

	if (e != FH_ERR_OK)
		check_trace(&t);
	fh_err again = fh_json_schema_read(root->first, &loose, &a, &s, &t);

	if (e == FH_ERR_OK && again != FH_ERR_OK && again != FH_ERR_NOMEM)
		abort();
	for (const struct fh_json *j = root->first->next; s != nullptr && j != nullptr; j = j->next)
		check_instance(s, j);
	return 0;
}
