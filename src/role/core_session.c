/* SPDX-License-Identifier: Apache-2.0 */
/* Client sessions and the workers behind them.  A worker's pair is the word of
 * one tool server: it can report on what was permitted to it and nothing
 * else.  */
#include "role/core.h"

#include "base/utf8.h"
#include "codec/cbor.h"
#include "codec/lookup.h"
#include "crypto/sign.h"
#include "os/clock.h"
#include "role/log.h"

#include <fcntl.h>
#include <string.h>

constexpr size_t session_memory = FH_FRAME_MAX + 4096 + FH_CORE_OUTBOX + FH_CORE_OPENED_MAX;

static size_t sessions_of(const struct fh_core *c, struct fh_span principal)
{
	size_t n = 0;

	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		const struct fh_core_session *s = &c->session[i];

		n += s->state != FH_SESSION_FREE
		     && fh_span_equal(fh_span_of(s->principal, s->principal_n), principal);
	}
	return n;
}

struct fh_core_session *fh_core_session_new(struct fh_core *c, size_t gate,
					    struct fh_span principal)
{
	if (sessions_of(c, principal) >= FH_SESSIONS_PER_ACTOR_MAX)
		return nullptr;
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct fh_core_session *s = &c->session[i];

		if (s->state != FH_SESSION_FREE)
			continue;
		*s = (struct fh_core_session){ .gate = gate, .list_index = FH_NO_INDEX,
					       .used_ms = fh_clock_boot_ms() };
		if (fh_random(s->id, sizeof(s->id)) != FH_ERR_OK)
			return nullptr;
		for (size_t k = 0; k < FH_CORE_CALLS_MAX; k++)
			s->call[k].index = FH_NO_INDEX;
		s->principal_n = principal.n;
		memcpy(s->principal, principal.p, principal.n);
		s->state = FH_SESSION_STARTING;
		return s;
	}
	return nullptr;
}

static bool idle(const struct fh_core_session *s, uint64_t now)
{
	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++) {
		if (s->call[i].index != FH_NO_INDEX)
			return false;
	}
	return s->state == FH_SESSION_LIVE && now - s->used_ms > FH_SESSION_IDLE_MS;
}

fh_err fh_core_session_expire(struct fh_core *c)
{
	uint64_t now = fh_clock_boot_ms();
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < FH_SESSIONS_MAX && e == FH_ERR_OK; i++) {
		fh_arena_reset(&c->scratch);
		if (idle(&c->session[i], now))
			e = fh_core_session_end(c, &c->session[i], FH_OUTCOME_CANCELLED,
						"nobody used the session");
	}
	return e;
}

struct fh_core_session *fh_core_session_find(struct fh_core *c, size_t gate, struct fh_span id,
					     struct fh_span principal)
{
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct fh_core_session *s = &c->session[i];

		if (s->state == FH_SESSION_LIVE && s->gate == gate
		    && fh_secret_equal(FH_SPAN_ARRAY(s->id), id)
		    && (principal.n == 0
			|| fh_span_equal(fh_span_of(s->principal, s->principal_n), principal))) {
			s->used_ms = fh_clock_boot_ms();
			return s;
		}
	}
	return nullptr;
}

/* --- outcomes --------------------------------------------------------- */

/* What an outcome needs of its intent.  */
struct intent {
	uint64_t index;
	uint32_t *reserve;  /* NULL: nothing can come back */
	uint64_t retain_ms;
	struct fh_told told;
};

static struct intent intent_of(struct fh_core_call *call)
{
	return (struct intent){ call->index, &call->reserve, call->retain_ms, call->told };
}

static fh_err append_outcome(struct fh_core *c, struct fh_core_session *s,
			     struct intent of, enum fh_outcome_status status, struct fh_span body)
{
	char class[FH_CLASS_MAX + 1];
	uint32_t reserve = of.reserve == nullptr ? 0 : *of.reserve;
	bool whole = status == FH_OUTCOME_RESULT || status == FH_OUTCOME_ERROR;
	struct fh_fields f = { 0 };
	fh_err e = FH_ERR_OK;

	of.told.dropped = s->dropped;
	if (body.n > 0)
		e = fh_core_field_large(c, &f, FH_FIELD_RESULT, body);
	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_SERVER, fh_span_of(s->server, s->server_n));
	if (e == FH_ERR_OK)
		e = fh_core_field_uint(c, &f, FH_FIELD_INTENT, of.index);
	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_STATUS,
				       fh_span_str(fh_outcome_text(status)));
	if (e == FH_ERR_OK)
		e = fh_core_field_closed(c, &f, reserve, whole, of.told.bytes, body);
	if (e == FH_ERR_OK)
		e = fh_core_field_told(c, &f, &of.told);
	if (e == FH_ERR_OK)
		e = fh_core_append_about(c, fh_span_of(s->principal, s->principal_n),
					 FH_ENTRY_OUTCOME, fh_core_class(c, of.retain_ms, class),
					 &f, /* index= */ nullptr);
	if (e != FH_ERR_OK)
		return e;
	s->dropped = 0;
	if (of.reserve != nullptr)
		fh_core_reserve_drop(c, of.reserve);
	return FH_ERR_OK;
}

static void reply_outcome(struct fh_core *c, const struct fh_core_session *s, uint64_t exchange,
			  uint64_t intent, enum fh_outcome_status status, struct fh_span body,
			  const char *why)
{
	struct fh_reply r = { .exchange = exchange, .index = intent,
			      .session = FH_SPAN_ARRAY(s->id), .body = body };

	if (status == FH_OUTCOME_RESULT) {
		r.status = FH_REPLY_RESULT;
	} else if (status == FH_OUTCOME_ERROR) {
		r.status = FH_REPLY_ERROR;
	} else {
		r.status = FH_REPLY_FAILED;
		r.reason = fh_span_str(fh_outcome_text(status));
		r.text = fh_span_str(why);
	}
	fh_core_reply(c, s->gate, &r);
}

/* --- tools/list ------------------------------------------------------- */

/* The schema maps the tool that ITEM describes.  */
static bool tool_known(const struct fh_core *c, const struct fh_core_session *s,
		       struct fh_span item)
{
	struct fh_cursor name = fh_cursor_of(fh_cbor_map_get(item, "name"));
	struct fh_span tool = fh_cbor_text(&name, FH_NAME_MAX);

	return fh_cursor_end(&name) == FH_ERR_OK && c->policy_ready
	       && fh_schema_find_call(&c->policy.schema, fh_span_of(s->server, s->server_n), tool)
			  != FH_SCHEMA_NONE;
}

static void put_known_tools(struct fh_core *c, const struct fh_core_session *s,
			    struct fh_span tools, struct fh_span digests, struct fh_builder *b)
{
	size_t known = 0;

	for (int pass = 0; pass < 2; pass++) {
		struct fh_cursor t = fh_cursor_of(tools);
		size_t n = fh_cbor_array(&t, FH_CBOR_ITEMS_MAX);

		if (pass == 1)
			fh_cbor_put_array(b, known);
		for (size_t i = 0; i < n && !fh_cursor_bad(&t); i++) {
			struct fh_span item = fh_cbor_item(&t);

			if (!tool_known(c, s, item) || !fh_core_pins_show(c, s, item, digests, i))
				continue;
			if (pass == 0)
				known++;
			else
				fh_builder_bytes(b, item);
		}
	}
}

/* A copy of a tools/list result without the tools that the schema does not map or
 * that are not as they are pinned: they could not be called.  (Hiding them is a
 * courtesy; the call path decides for itself.)  */
static struct fh_span filter_tools(struct fh_core *c, const struct fh_core_session *s,
				   struct fh_span body, struct fh_span digests)
{
	uint8_t *p = fh_arena_space(&c->scratch, body.n + 16);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : body.n + 16);
	struct fh_cursor in = fh_cursor_of(body);
	size_t n = fh_cbor_map(&in, FH_CBOR_ITEMS_MAX);

	fh_cbor_put_map(&b, n);
	for (size_t i = 0; i < n; i++) {
		struct fh_span key = fh_cbor_item(&in), value = fh_cbor_item(&in);
		struct fh_cursor k = fh_cursor_of(key);

		fh_builder_bytes(&b, key);
		if (fh_span_equal(fh_cbor_text(&k, FH_NAME_MAX), FH_SPAN_LIT("tools")))
			put_known_tools(c, s, value, digests, &b);
		else
			fh_builder_bytes(&b, value);
	}
	struct fh_span filtered = fh_builder_span(&b);

	/* What does not come out as one item was no tool list.  */
	return !fh_cursor_bad(&in) && fh_cbor_check(filtered) == FH_ERR_OK ? filtered
									   : (struct fh_span){ 0 };
}

/* --- the life of a session -------------------------------------------- */

/* Closes whatever is open with STATUS, without telling anybody.  */
static fh_err close_calls(struct fh_core *c, struct fh_core_session *s,
			  enum fh_outcome_status status, const char *why)
{
	size_t taken = c->scratch.n;

	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++) {
		struct fh_core_call call = s->call[i];

		if (call.index == FH_NO_INDEX)
			continue;
		fh_err e = append_outcome(c, s, intent_of(&s->call[i]), status,
					  (struct fh_span){ 0 });

		if (e != FH_ERR_OK)
			return e;
		s->call[i].index = FH_NO_INDEX;
		reply_outcome(c, s, call.exchange, call.index, status,
			      (struct fh_span){ 0 }, why);
		c->scratch.n = taken; /* the calls of many sessions may end at once */
	}
	return FH_ERR_OK;
}

/* The initialize that waits for this server gets its outcome, and the start of
 * the server before it; each once, even when it takes two attempts.  */
static fh_err close_opening(struct fh_core *c, struct fh_core_session *s,
			    enum fh_outcome_status status, struct fh_span body, const char *why)
{
	const struct intent list = { .index = s->list_index };
	const struct intent start = { .index = s->start_index };
	const struct intent open = { .index = s->open_index, .reserve = &s->open_reserve,
				     .retain_ms = s->open_retain_ms };
	fh_err e = FH_ERR_OK;

	if (s->list_index != FH_NO_INDEX)
		e = append_outcome(c, s, list, status, (struct fh_span){ 0 });
	if (e != FH_ERR_OK)
		return e;
	s->list_index = FH_NO_INDEX;
	if (s->start_index != FH_NO_INDEX)
		e = append_outcome(c, s, start, status, (struct fh_span){ 0 });
	if (e != FH_ERR_OK)
		return e;
	s->start_index = FH_NO_INDEX;
	e = append_outcome(c, s, open, status, body);
	if (e == FH_ERR_OK)
		reply_outcome(c, s, s->open_exchange, s->open_index, status, body, why);
	return e;
}

fh_err fh_core_session_end(struct fh_core *c, struct fh_core_session *s,
			   enum fh_outcome_status status, const char *why)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_reply ended = { .status = FH_REPLY_ENDED, .index = FH_NO_INDEX,
				  .session = FH_SPAN_ARRAY(s->id), .text = fh_span_str(why),
				  .reason = fh_span_str(fh_outcome_text(status)) };
	fh_err e;

	if (s->state == FH_SESSION_LIVE)
		e = close_calls(c, s, status, why);
	else
		e = close_opening(c, s, status, (struct fh_span){ 0 }, why);
	if (e == FH_ERR_OK && s->state == FH_SESSION_LIVE)
		fh_core_reply(c, s->gate, &ended);
	fh_stop_put(&b, FH_SPAN_ARRAY(s->id));
	if (e == FH_ERR_OK)
		e = fh_outbox_put(&c->reach_out, fh_builder_span(&b));
	fh_pipe_drop(&s->in);
	fh_fd_drop(&s->fd);
	fh_arena_drop(&s->memory);
	*s = (struct fh_core_session){ 0 };
	return e;
}

/* --- reach ------------------------------------------------------------ */

static struct fh_core_session *session_by_id(struct fh_core *c, struct fh_span id)
{
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		if (c->session[i].state != FH_SESSION_FREE
		    && fh_span_equal(FH_SPAN_ARRAY(c->session[i].id), id))
			return &c->session[i];
	}
	return nullptr;
}

static fh_err attach(struct fh_core_session *s, struct fh_fd *pair)
{
	fh_err e = fh_arena_map(session_memory, &s->memory);

	if (e == FH_ERR_OK && fcntl(fh_fd_get(*pair), F_SETFL, O_NONBLOCK) != 0)
		e = FH_ERR_IO;
	if (e == FH_ERR_OK)
		e = fh_pipe_open(fh_fd_get(*pair), FH_FRAME_MAX, &s->memory, &s->in);
	if (e == FH_ERR_OK)
		e = fh_outbox_open(FH_CORE_OUTBOX, &s->memory, &s->out);
	if (e != FH_ERR_OK)
		return e;
	s->fd = *pair;
	*pair = (struct fh_fd){ 0 };
	s->state = FH_SESSION_OPENING;
	return FH_ERR_OK;
}

/* The intent to start the server covers its initialisation, too.  */
static fh_err open_server(struct fh_core *c, struct fh_core_session *s, struct fh_fd *pair)
{
	struct fh_permit p = { .kind = FH_PERMIT_INITIALIZE, .index = s->start_index,
			       .body = fh_span_of(s->params, s->params_n) };
	uint8_t *bytes = fh_arena_space(&c->scratch, FH_CORE_PARAMS_MAX + 64);
	struct fh_builder b = fh_builder_of(bytes, bytes == nullptr ? 0 : FH_CORE_PARAMS_MAX + 64);
	fh_err e = attach(s, pair);

	fh_permit_put(&b, &p);
	if (e == FH_ERR_OK && b.bad)
		e = FH_ERR_NOMEM;
	return e == FH_ERR_OK ? fh_outbox_put(&s->out, fh_builder_span(&b)) : e;
}

fh_err fh_core_started(struct fh_core *c, struct fh_span frame, struct fh_fd pair)
{
	FH_OWN(fh_fd) owned = pair;
	struct fh_started started;
	char why[256];
	fh_err e = fh_started_read(frame, &started);

	if (e != FH_ERR_OK)
		return e;
	struct fh_core_session *s = session_by_id(c, started.session);

	if (s == nullptr || s->state != FH_SESSION_STARTING)
		return FH_ERR_OK; /* ended meanwhile; reach has been told to stop it */
	if (started.running && owned.plus_one > 0 && open_server(c, s, &owned) == FH_ERR_OK)
		return FH_ERR_OK;
	struct fh_builder b = fh_builder_of(why, sizeof(why) - 1);

	fh_builder_bytes(&b, fh_utf8_first(started.text, sizeof(why) - 1));
	why[b.n] = '\0';
	fh_log(FH_LOG_PRIORITY_WARNING, "core", "server %.*s: %s", (int)s->server_n, s->server,
	       why);
	return fh_core_session_end(c, s, FH_OUTCOME_FAILED, "the tool server could not be started");
}

/* --- workers ---------------------------------------------------------- */

/* Keeps what the server answered until its tools are known.  */
static fh_err begin_pins(struct fh_core *c, struct fh_core_session *s, const struct fh_outcome *o)
{
	if (o->body.n > FH_CORE_OPENED_MAX - 16 ||
	    fh_arena_copy(&s->memory, o->body, &s->opened) != FH_ERR_OK)
		return fh_core_session_end(c, s, FH_OUTCOME_FAILED,
					   "the tool server's answer is too large");
	fh_err e = fh_core_pins_ask(c, s, (struct fh_span){ 0 });

	return e == FH_ERR_LIMIT || e == FH_ERR_FULL
		       ? fh_core_session_end(c, s, FH_OUTCOME_FAILED,
					     "the tool server could not be asked for its tools")
		       : e;
}

/* One page of the tools that are to be compared with the pins.  */
static fh_err listed(struct fh_core *c, struct fh_core_session *s, const struct fh_outcome *o)
{
	struct fh_cursor next = fh_cursor_of(fh_cbor_map_get(o->body, "nextCursor"));
	struct fh_span cursor = fh_cbor_text(&next, FH_JSON_MAX);

	if (o->index != s->list_index || o->index == FH_NO_INDEX)
		return FH_ERR_FORMAT;
	if (o->status != FH_OUTCOME_RESULT)
		return fh_core_session_end(c, s, o->status,
					   "the tool server does not list its tools");
	const struct intent list = { .index = o->index };
	fh_err e = append_outcome(c, s, list, o->status, o->body);

	if (e != FH_ERR_OK)
		return e;
	s->list_index = FH_NO_INDEX;
	e = fh_core_pins_note(c, s, o->body, o->digests);
	if (e == FH_ERR_OK && fh_cursor_end(&next) == FH_ERR_OK && cursor.n > 0) {
		e = fh_core_pins_ask(c, s, cursor);
		return e == FH_ERR_LIMIT || e == FH_ERR_FULL
			       ? fh_core_session_end(c, s, FH_OUTCOME_FAILED,
						     "the tool server lists too many tools")
			       : e;
	}
	if (e == FH_ERR_OK)
		e = close_opening(c, s, FH_OUTCOME_RESULT, s->opened, "");
	if (e == FH_ERR_OK)
		s->state = FH_SESSION_LIVE;
	return e;
}

static fh_err opened(struct fh_core *c, struct fh_core_session *s, const struct fh_outcome *o)
{
	if (o->index != s->start_index || o->index == FH_NO_INDEX)
		return FH_ERR_FORMAT;
	if (o->status != FH_OUTCOME_RESULT)
		return fh_core_session_end(c, s, o->status, "the tool server did not initialize");
	if (s->pins_sequence != 0)
		return begin_pins(c, s, o);
	fh_err e = close_opening(c, s, FH_OUTCOME_RESULT, o->body, "");

	if (e == FH_ERR_OK)
		s->state = FH_SESSION_LIVE;
	return e;
}

fh_err fh_core_outcome(struct fh_core *c, struct fh_core_session *s, struct fh_span frame)
{
	char why[256];
	struct fh_builder b = fh_builder_of(why, sizeof(why) - 1);
	struct fh_outcome o;
	fh_err e = fh_outcome_read(frame, &o);

	if (e != FH_ERR_OK || o.dropped > UINT64_MAX - s->dropped)
		return FH_ERR_FORMAT;
	s->dropped += o.dropped;
	if (o.status == FH_OUTCOME_PROGRESS && s->state != FH_SESSION_LIVE)
		return FH_ERR_FORMAT; /* nothing that may tell is under way */
	if (s->state == FH_SESSION_OPENING)
		return opened(c, s, &o);
	if (s->state == FH_SESSION_PINNING)
		return listed(c, s, &o);
	fh_builder_bytes(&b, fh_utf8_first(o.text, sizeof(why) - 1));
	why[b.n] = '\0';
	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++) {
		struct fh_core_call call = s->call[i];

		if (call.index != o.index || call.index == FH_NO_INDEX)
			continue;
		struct fh_span body = o.body;

		if (o.status == FH_OUTCOME_PROGRESS)
			return fh_core_progress(c, s, &s->call[i], body);
		if (call.list && o.status == FH_OUTCOME_RESULT && s->pins_sequence != 0)
			e = fh_core_pins_note(c, s, body, o.digests);
		if (e != FH_ERR_OK)
			return e;
		if (call.list && o.status == FH_OUTCOME_RESULT)
			body = filter_tools(c, s, body, o.digests);
		if (call.list && o.status == FH_OUTCOME_RESULT && body.n == 0)
			o.status = FH_OUTCOME_FAILED;
		e = append_outcome(c, s, intent_of(&s->call[i]), o.status, o.body);
		if (e != FH_ERR_OK)
			return e; /* still open: the end of the session closes it */
		s->call[i].index = FH_NO_INDEX;
		reply_outcome(c, s, call.exchange, call.index, o.status, body, why);
		return FH_ERR_OK;
	}
	return FH_ERR_FORMAT; /* reports on what was not permitted to it */
}
