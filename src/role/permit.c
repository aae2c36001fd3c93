/* SPDX-License-Identifier: Apache-2.0 */
#include "role/permit.h"

#include "codec/cbor.h"

constexpr size_t text_max = 1024;

/* --- core to reach ---------------------------------------------------- */

constexpr size_t start_members = 9;

void fh_start_put(struct fh_builder *b, const struct fh_start *s)
{
	fh_cbor_put_array(b, start_members);
	fh_cbor_put_uint(b, FH_REACH_START);
	fh_cbor_put_bytes(b, s->session);
	fh_cbor_put_uint(b, s->index);
	fh_cbor_put_array(b, s->arguments);
	for (size_t i = 0; i < s->arguments; i++)
		fh_cbor_put_text(b, s->argument[i]);
	fh_cbor_put_array(b, 2 * s->environments);
	for (size_t i = 0; i < s->environments; i++) {
		fh_cbor_put_text(b, s->environment[i][0]);
		fh_cbor_put_text(b, s->environment[i][1]);
	}
	fh_cbor_put_text(b, s->directory);
	fh_cbor_put_uint(b, s->uid);
	fh_cbor_put_uint(b, s->gid);
	fh_cbor_put_bytes(b, s->executable);
}

void fh_stop_put(struct fh_builder *b, struct fh_span session)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_REACH_STOP);
	fh_cbor_put_bytes(b, session);
}

void fh_courier_put(struct fh_builder *b, struct fh_span session)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, FH_REACH_COURIER);
	fh_cbor_put_bytes(b, session);
}

static uint32_t id_number(struct fh_cursor *c)
{
	uint64_t v = fh_cbor_uint(c);

	if (v >= UINT32_MAX) /* (uid_t)-1 means "no change" to the kernel */
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return (uint32_t)v;
}

static void read_start(struct fh_cursor *c, struct fh_start *s)
{
	s->index = fh_cbor_uint(c);
	s->arguments = fh_cbor_array(c, FH_SERVER_ARGUMENTS_MAX);
	for (size_t i = 0; i < s->arguments; i++)
		s->argument[i] = fh_cbor_text(c, FH_PATH_MAX);
	size_t n = fh_cbor_array(c, 2 * FH_SERVER_ENVIRONMENT_MAX);

	if (n % 2 != 0 || s->arguments == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	s->environments = n / 2;
	for (size_t i = 0; i < n; i++)
		s->environment[i / 2][i % 2] = fh_cbor_text(c, FH_PATH_MAX);
	s->directory = fh_cbor_text(c, FH_PATH_MAX);
	s->uid = id_number(c);
	s->gid = id_number(c);
	s->executable = fh_cbor_bytes(c, FH_HASH_SIZE);
	if (s->executable.n != 0 && s->executable.n != FH_HASH_SIZE)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

fh_err fh_reach_order_read(struct fh_span frame, enum fh_reach_order *order, struct fh_start *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	size_t members = fh_cbor_array(&c, start_members);
	uint64_t kind = fh_cbor_uint(&c);

	*out = (struct fh_start){ .session = fh_cbor_bytes_exact(&c, FH_SESSION_ID_SIZE) };
	if (kind == FH_REACH_START && members == start_members)
		read_start(&c, out);
	else if ((kind != FH_REACH_STOP && kind != FH_REACH_COURIER) || members != 2)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*order = (enum fh_reach_order)kind;
	return e;
}

/* --- reach to core ---------------------------------------------------- */

void fh_started_put(struct fh_builder *b, const struct fh_started *s)
{
	fh_cbor_put_array(b, 3);
	fh_cbor_put_bytes(b, s->session);
	fh_cbor_put_bool(b, s->running);
	fh_cbor_put_text(b, s->text);
}

fh_err fh_started_read(struct fh_span frame, struct fh_started *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_started s;

	fh_cbor_array_exact(&c, 3);
	s.session = fh_cbor_bytes_exact(&c, FH_SESSION_ID_SIZE);
	s.running = fh_cbor_bool(&c);
	s.text = fh_cbor_text(&c, text_max);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

/* --- core to a worker ------------------------------------------------- */

constexpr size_t permit_members = 5;

void fh_permit_put(struct fh_builder *b, const struct fh_permit *p)
{
	fh_cbor_put_array(b, permit_members);
	fh_cbor_put_uint(b, p->kind);
	fh_cbor_put_uint(b, p->index);
	fh_cbor_put_text(b, p->tool);
	fh_cbor_put_bytes(b, p->body);
	fh_cbor_put_bool(b, p->progress);
}

fh_err fh_permit_read(struct fh_span frame, struct fh_permit *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_permit p;

	fh_cbor_array_exact(&c, permit_members);
	uint64_t kind = fh_cbor_uint(&c);

	p.index = fh_cbor_uint(&c);
	p.tool = fh_cbor_text(&c, FH_NAME_MAX);
	p.body = fh_cbor_bytes(&c, FH_JSON_MAX);
	p.progress = fh_cbor_bool(&c);
	if (kind < FH_PERMIT_INITIALIZE || kind > FH_PERMIT_CANCEL
	    || (p.progress && kind != FH_PERMIT_CALL))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	if (p.body.n != 0
	    && (fh_cbor_check(p.body) != FH_ERR_OK || p.body.p[0] >> 5 != FH_CBOR_MAP))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	p.kind = (enum fh_permit_kind)kind;
	*out = p;
	return FH_ERR_OK;
}

/* --- a worker to core ------------------------------------------------- */

static const char *const outcome_texts[FH_OUTCOMES] = {
	[FH_OUTCOME_RESULT] = "result",       [FH_OUTCOME_ERROR] = "error",
	[FH_OUTCOME_TIMEOUT] = "timeout",     [FH_OUTCOME_CANCELLED] = "cancelled",
	[FH_OUTCOME_FAILED] = "failed",       [FH_OUTCOME_UNKNOWN] = "unknown",
	[FH_OUTCOME_PARTIAL] = "partial",     [FH_OUTCOME_PROGRESS] = "progress",
};

const char *fh_outcome_text(enum fh_outcome_status s)
{
	return (unsigned)s < FH_OUTCOMES ? outcome_texts[s] : outcome_texts[FH_OUTCOME_UNKNOWN];
}

void fh_outcome_put(struct fh_builder *b, const struct fh_outcome *o)
{
	fh_cbor_put_array(b, 6);
	fh_cbor_put_uint(b, o->index);
	fh_cbor_put_uint(b, o->status);
	fh_cbor_put_uint(b, o->dropped);
	fh_cbor_put_text(b, o->text);
	fh_cbor_put_bytes(b, o->body);
	fh_cbor_put_bytes(b, o->digests);
}

fh_err fh_outcome_read(struct fh_span frame, struct fh_outcome *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_outcome o;

	fh_cbor_array_exact(&c, 6);
	o.index = fh_cbor_uint(&c);
	uint64_t status = fh_cbor_uint(&c);

	o.dropped = fh_cbor_uint(&c);
	o.text = fh_cbor_text(&c, text_max);
	o.body = fh_cbor_bytes(&c, FH_JSON_MAX);
	o.digests = fh_cbor_bytes(&c, FH_TOOLS_LISTED_MAX * FH_HASH_SIZE);
	if ((status >= FH_OUTCOME_UNKNOWN && status != FH_OUTCOME_PROGRESS)
	    || o.digests.n % FH_HASH_SIZE != 0 ||
	    (o.body.n != 0 && fh_cbor_check(o.body) != FH_ERR_OK))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	o.status = (enum fh_outcome_status)status;
	*out = o;
	return FH_ERR_OK;
}

/* --- supervisor and core ---------------------------------------------- */

void fh_control_put(struct fh_builder *b, enum fh_control_order order, const struct fh_peer *peer)
{
	fh_cbor_put_array(b, order == FH_CONTROL_GATE ? 5 : 1);
	fh_cbor_put_uint(b, order);
	if (order != FH_CONTROL_GATE)
		return;
	fh_cbor_put_bool(b, peer->network);
	fh_cbor_put_uint(b, peer->uid);
	fh_cbor_put_uint(b, peer->gid);
	fh_cbor_put_bytes(b, peer->executable);
}

fh_err fh_control_read(struct fh_span frame, enum fh_control_order *order, struct fh_peer *peer)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_peer p = { 0 };
	size_t members = fh_cbor_array(&c, 5);
	uint64_t kind = fh_cbor_uint(&c);

	if (kind < FH_CONTROL_GATE || kind > FH_CONTROL_READY
	    || members != (kind == FH_CONTROL_GATE ? 5 : 1))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	if (members == 5) {
		p.network = fh_cbor_bool(&c);
		p.uid = id_number(&c);
		p.gid = id_number(&c);
		p.executable = fh_cbor_bytes(&c, FH_HASH_SIZE);
	}
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	*order = (enum fh_control_order)kind;
	*peer = p;
	return FH_ERR_OK;
}
