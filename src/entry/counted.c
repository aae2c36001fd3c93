/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/counted.h"

#include "base/limits.h"
#include "codec/cbor.h"

constexpr size_t members = 5;

void fh_counted_put(struct fh_builder *b, const struct fh_counted *c)
{
	fh_cbor_put_map(b, members);
	fh_cbor_put_text(b, FH_SPAN_LIT("last"));
	fh_cbor_put_uint(b, c->last_ms);
	fh_cbor_put_text(b, FH_SPAN_LIT("count"));
	fh_cbor_put_uint(b, c->count);
	fh_cbor_put_text(b, FH_SPAN_LIT("first"));
	fh_cbor_put_uint(b, c->first_ms);
	fh_cbor_put_text(b, FH_SPAN_LIT("digest"));
	fh_cbor_put_hash(b, &c->digest);
	fh_cbor_put_text(b, FH_SPAN_LIT("reason"));
	fh_cbor_put_text(b, c->reason);
}

/* Every other detail of a refusal begins with another member.  */
static bool is_counted(struct fh_span detail)
{
	struct fh_cursor c = fh_cursor_of(detail);

	(void)fh_cbor_map(&c, FH_CBOR_ITEMS_MAX);
	fh_cbor_name(&c, "last");
	return !fh_cursor_bad(&c);
}

fh_err fh_counted_read(struct fh_span detail, struct fh_counted *out)
{
	struct fh_cursor c = fh_cursor_of(detail);
	struct fh_counted n;

	if (!is_counted(detail))
		return FH_ERR_MISSING;
	fh_cbor_map_exact(&c, members);
	fh_cbor_name(&c, "last");
	n.last_ms = fh_cbor_uint(&c);
	fh_cbor_name(&c, "count");
	n.count = fh_cbor_uint(&c);
	fh_cbor_name(&c, "first");
	n.first_ms = fh_cbor_uint(&c);
	fh_cbor_name(&c, "digest");
	n.digest = fh_cbor_hash(&c);
	fh_cbor_name(&c, "reason");
	n.reason = fh_cbor_text(&c, FH_COUNTED_REASON_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && (n.count == 0 || n.first_ms > n.last_ms || n.reason.n == 0))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = n;
	return e;
}

bool fh_counted_is_answer(struct fh_span reason, struct fh_span *code)
{
	struct fh_span head = FH_SPAN_LIT(FH_COUNTED_ANSWER);

	if (!fh_span_starts(reason, head))
		return false;
	*code = fh_span_skip(reason, head.n);
	return true;
}

struct fh_hash fh_counted_digest(const struct fh_hash *d, struct fh_span server,
				 struct fh_span tool, struct fh_span params)
{
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, FH_SPAN_LIT("freehold/refused/v1\n"));
	fh_sha256_add(&s, fh_hash_span(d));
	fh_sha256_add_text(&s, server);
	fh_sha256_add_text(&s, tool);
	fh_sha256_add_text(&s, params);
	return fh_sha256_end(&s);
}
