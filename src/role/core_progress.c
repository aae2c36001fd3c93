/* SPDX-License-Identifier: Apache-2.0 */
/* How far a permitted call is, passed on before its outcome.  Nothing waits for the record here:
 * the call's intent was durable before it began, and what it told is in its outcome, for which
 * the answer waits.  docs/spec/LEAF, "Outcomes".  */
#include "role/core.h"

fh_err fh_core_progress(struct fh_core *c, const struct fh_core_session *s,
			struct fh_core_call *call, struct fh_span body)
{
	const struct fh_reply r = { .status = FH_REPLY_PROGRESS, .exchange = call->exchange,
				    .index = call->index, .session = FH_SPAN_ARRAY(s->id),
				    .body = body };

	if (!call->progress || body.n == 0 || body.n > FH_PROGRESS_MAX
	    || body.n > FH_PROGRESS_ALL_MAX - call->told.bytes)
		return FH_ERR_FORMAT;
	fh_told_add(&call->told, body);
	fh_core_reply(c, s->gate, &r);
	return FH_ERR_OK;
}

fh_err fh_core_field_told(struct fh_core *c, struct fh_fields *f, const struct fh_told *told)
{
	uint8_t *p = fh_arena_space(&c->scratch, FH_TOLD_MAX);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : FH_TOLD_MAX);

	fh_told_put(&b, told);
	if (b.bad)
		return FH_ERR_NOMEM;
	return b.n == 0 ? FH_ERR_OK
			: fh_core_field(c, f, FH_FIELD_DETAIL, fh_builder_span(&b));
}
