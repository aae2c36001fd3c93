/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tools.h"

#include "base/builder.h"
#include "base/limits.h"

/* The answer around the deepest definition that CBOR takes.  */
static const struct fh_json_limits limits = { FH_JSON_MAX, FH_JSON_DEPTH_MAX + 4 };

static const struct fh_json *array(const struct fh_json *j)
{
	return j != nullptr && j->kind == FH_JSON_ARRAY ? j : nullptr;
}

fh_err fh_mcp_tools_read(struct fh_span text, struct fh_arena *a, struct fh_mcp_tools *out,
			 struct fh_trace *t)
{
	const struct fh_json *root;
	fh_err e = fh_json_tree(text, &limits, "tools", a, &root, t);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_json *result = fh_json_member(root, "result");

	result = result == nullptr ? root : result;
	const struct fh_json *cursor = fh_json_member(result, "nextCursor");
	struct fh_mcp_tools made = { .list = array(root) };

	if (made.list == nullptr)
		made.list = array(fh_json_member(result, "tools"));
	if (made.list == nullptr) {
		fh_trace_where(t, "tools");
		fh_trace_what(t, "no answer to tools/list");
		fh_trace_cure(t, "give what the tool server answers, with its list `tools`");
		return FH_ERR_FORMAT;
	}
	if (cursor != nullptr && cursor->kind == FH_JSON_STRING)
		made.cursor = cursor->text;
	*out = made;
	return FH_ERR_OK;
}

struct fh_span fh_mcp_tool_name(const struct fh_json *definition)
{
	const struct fh_json *name = fh_json_member(definition, "name");

	return name != nullptr && name->kind == FH_JSON_STRING ? name->text : (struct fh_span){ 0 };
}

struct fh_span fh_mcp_tool_digests(const struct fh_mcp_tools *t, struct fh_arena *a)
{
	size_t n = (size_t)t->list->n * FH_HASH_SIZE;
	uint8_t *p = t->list->n > FH_TOOLS_LISTED_MAX ? nullptr : fh_arena_space(a, n);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : n);

	for (const struct fh_json *i = t->list->first; p != nullptr && i != nullptr; i = i->next) {
		struct fh_hash digest = fh_hash_of(i->raw);

		fh_builder_bytes(&b, fh_hash_span(&digest));
	}
	return fh_builder_span(&b);
}
