/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/progress.h"

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"

/* In deterministic order.  */
static const struct member {
	const char *name;
	bool text;   /* otherwise a number */
	bool needed;
} members[] = {
	{ .name = "total" },
	{ .name = "message", .text = true },
	{ .name = "progress", .needed = true },
};
constexpr size_t members_n = sizeof(members) / sizeof(members[0]);

static bool is_number(struct fh_span item)
{
	struct fh_cursor c = fh_cursor_of(item);

	if (fh_rpc_is(item, FH_CBOR_UINT) || fh_rpc_is(item, FH_CBOR_NINT))
		return true;
	(void)fh_cbor_float(&c);
	return fh_cursor_end(&c) == FH_ERR_OK;
}

/* The member M of MAP, or nothing; *GOOD turns false if it is not what it must be.  */
static struct fh_span member_of(struct fh_span map, const struct member *m, bool *good)
{
	struct fh_span item = fh_cbor_map_get(map, m->name);

	if (item.n > 0)
		*good &= m->text ? fh_rpc_is(item, FH_CBOR_TEXT) : is_number(item);
	else
		*good &= !m->needed;
	return item;
}

fh_err fh_mcp_read_progress(struct fh_span params, struct fh_arena *a, uint64_t *token,
			    struct fh_span *told)
{
	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(params, "progressToken"));
	struct fh_span item[members_n];
	bool good = fh_rpc_is(params, FH_CBOR_MAP);
	size_t n = 0, size = 1;

	*token = fh_cbor_uint(&c);
	if (!good || fh_cursor_end(&c) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < members_n; i++) {
		item[i] = member_of(params, &members[i], &good);
		n += item[i].n > 0;
		size += 16 + item[i].n;
	}
	if (!good)
		return FH_ERR_FORMAT;
	if (size > FH_PROGRESS_MAX)
		return FH_ERR_LIMIT;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, size), size);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_cbor_put_map(&b, n);
	for (size_t i = 0; i < members_n; i++) {
		if (item[i].n == 0)
			continue;
		fh_rpc_key(&b, members[i].name);
		fh_builder_bytes(&b, item[i]);
	}
	return fh_builder_end(&b, told);
}

fh_err fh_mcp_put_progress(struct fh_builder *b, struct fh_span token, struct fh_span told)
{
	bool good = fh_rpc_is(told, FH_CBOR_MAP);

	fh_builder_text(b, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
			   "\"params\":{\"progressToken\":");
	fh_err e = fh_json_from_cbor(token, b);

	for (size_t i = members_n; good && e == FH_ERR_OK && i-- > 0;) {
		struct fh_span item = member_of(told, &members[i], &good);

		if (item.n == 0 || !good)
			continue;
		fh_builder_text(b, ",");
		fh_json_put_string(b, fh_span_str(members[i].name));
		fh_builder_text(b, ":");
		e = fh_json_from_cbor(item, b);
	}
	fh_builder_text(b, "}}");
	if (e == FH_ERR_OK && !good)
		e = FH_ERR_FORMAT;
	if (e != FH_ERR_OK)
		b->bad = true;
	return e == FH_ERR_OK && b->bad ? FH_ERR_LIMIT : e;
}
