/* SPDX-License-Identifier: Apache-2.0 */
/* How far a permitted call is, passed on before its outcome.  Nothing waits for the record here:
 * the call's intent was durable before it began, and what it told is in its outcome, for which
 * the answer waits.  docs/spec/LEAF, "Outcomes".  */
#include "role/core.h"

#include "codec/cbor.h"

/* Links BODY to what was told before it.  */
static void add(struct fh_core_told *told, struct fh_span body)
{
	struct fh_sha256 h;

	fh_sha256_begin(&h);
	fh_sha256_add(&h, fh_hash_span(&told->hash));
	fh_sha256_add(&h, body);
	told->hash = fh_sha256_end(&h);
	told->messages++;
	told->bytes += body.n;
}

fh_err fh_core_progress(struct fh_core *c, const struct fh_core_session *s,
			struct fh_core_call *call, struct fh_span body)
{
	const struct fh_reply r = { .status = FH_REPLY_PROGRESS, .exchange = call->exchange,
				    .index = call->index, .session = FH_SPAN_ARRAY(s->id),
				    .body = body };

	if (!call->progress || body.n == 0 || body.n > FH_PROGRESS_MAX
	    || body.n > FH_PROGRESS_ALL_MAX - call->told.bytes)
		return FH_ERR_FORMAT;
	add(&call->told, body);
	fh_core_reply(c, s->gate, &r);
	return FH_ERR_OK;
}

fh_err fh_core_field_told(struct fh_core *c, struct fh_fields *f, const struct fh_core_told *told,
			  uint64_t dropped)
{
	constexpr size_t cap = 128;

	if (told->messages == 0 && dropped == 0)
		return FH_ERR_OK;
	uint8_t *p = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_cbor_put_map(&b, (told->messages > 0 ? 1u : 0u) + (dropped > 0 ? 1u : 0u));
	if (told->messages > 0) {
		fh_cbor_put_text(&b, FH_SPAN_LIT("told"));
		fh_cbor_put_array(&b, 3);
		fh_cbor_put_uint(&b, told->messages);
		fh_cbor_put_uint(&b, told->bytes);
		fh_cbor_put_bytes(&b, fh_hash_span(&told->hash));
	}
	if (dropped > 0) {
		fh_cbor_put_text(&b, FH_SPAN_LIT("dropped"));
		fh_cbor_put_uint(&b, dropped);
	}
	return b.bad ? FH_ERR_NOMEM : fh_core_field(c, f, FH_FIELD_DETAIL, fh_builder_span(&b));
}
