/* SPDX-License-Identifier: Apache-2.0 */
#include "role/ask.h"

#include "codec/cbor.h"

constexpr size_t ask_members = 9;
constexpr size_t reply_members = 8;

void fh_ask_put(struct fh_builder *b, const struct fh_ask *a)
{
	fh_cbor_put_array(b, ask_members);
	fh_cbor_put_uint(b, a->kind);
	fh_cbor_put_uint(b, a->exchange);
	fh_cbor_put_uint(b, a->target);
	fh_cbor_put_bytes(b, a->session);
	fh_cbor_put_bytes(b, a->bearer);
	fh_cbor_put_text(b, a->server);
	fh_cbor_put_text(b, a->tool);
	fh_cbor_put_bytes(b, a->params);
	fh_cbor_put_bool(b, a->progress);
}

/* A session id is whole or absent; an embedded item is deterministic or
 * absent.  */
static void check_parts(struct fh_cursor *c, struct fh_span session, struct fh_span item)
{
	if (session.n != 0 && session.n != FH_SESSION_ID_SIZE)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	if (item.n != 0 && fh_cbor_check(item) != FH_ERR_OK)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

fh_err fh_ask_read(struct fh_span frame, struct fh_ask *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_ask a = { 0 };

	fh_cbor_array_exact(&c, ask_members);
	uint64_t kind = fh_cbor_uint(&c);

	a.exchange = fh_cbor_uint(&c);
	a.target = fh_cbor_uint(&c);
	a.session = fh_cbor_bytes(&c, FH_SESSION_ID_SIZE);
	a.bearer = fh_cbor_bytes(&c, FH_BEARER_MAX);
	a.server = fh_cbor_text(&c, FH_NAME_MAX);
	a.tool = fh_cbor_text(&c, FH_NAME_MAX);
	a.params = fh_cbor_bytes(&c, FH_JSON_MAX);
	a.progress = fh_cbor_bool(&c);
	if (kind < FH_ASK_INITIALIZE || kind > FH_ASK_PRUNE
	    || (a.progress && kind != FH_ASK_CALL))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	a.kind = (enum fh_ask_kind)kind;
	check_parts(&c, a.session, a.params);
	if (a.params.n > 0 && a.params.p[0] >> 5 != FH_CBOR_MAP)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}

void fh_reply_put(struct fh_builder *b, const struct fh_reply *r)
{
	fh_cbor_put_array(b, reply_members);
	fh_cbor_put_uint(b, r->status);
	fh_cbor_put_uint(b, r->exchange);
	fh_cbor_put_uint(b, r->index);
	fh_cbor_put_bytes(b, r->session);
	fh_cbor_put_text(b, r->reason);
	fh_cbor_put_text(b, r->text);
	fh_cbor_put_array(b, r->policies);
	for (size_t i = 0; i < r->policies; i++)
		fh_cbor_put_text(b, r->policy[i]);
	fh_cbor_put_bytes(b, r->body);
}

fh_err fh_reply_read(struct fh_span frame, struct fh_reply *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_reply r = { 0 };

	fh_cbor_array_exact(&c, reply_members);
	uint64_t status = fh_cbor_uint(&c);

	r.exchange = fh_cbor_uint(&c);
	r.index = fh_cbor_uint(&c);
	r.session = fh_cbor_bytes(&c, FH_SESSION_ID_SIZE);
	r.reason = fh_cbor_text(&c, FH_REASON_MAX);
	r.text = fh_cbor_text(&c, 1024);
	r.policies = fh_cbor_array(&c, FH_REPLY_POLICIES_MAX);
	for (size_t i = 0; i < r.policies; i++)
		r.policy[i] = fh_cbor_text(&c, FH_NAME_MAX);
	r.body = fh_cbor_bytes(&c, FH_JSON_MAX);
	if (status > FH_REPLY_PROGRESS)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	r.status = (enum fh_reply_status)status;
	check_parts(&c, r.session, r.body);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = r;
	return e;
}
