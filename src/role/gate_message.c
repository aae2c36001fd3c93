/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

#include "os/memory.h"

#include <stdio.h>
#include <string.h>

constexpr size_t scratch_cap = 128 << 20; /* yyjson takes up to 24 bytes for one of ours */
constexpr size_t scratch_keep = 1 << 20;  /* more than this is given back */

fh_err fh_gate_renew_scratch(struct fh_gate *g)
{
	if (g->scratch.p != nullptr && g->scratch.n <= scratch_keep) {
		fh_arena_reset(&g->scratch);
		return FH_ERR_OK;
	}
	fh_arena_drop(&g->scratch);
	return fh_arena_map(scratch_cap, &g->scratch);
}

/* Core records what the gate itself refused.  */
static void report(struct fh_client *c, const struct fh_ask *sent, const char *reason)
{
	struct fh_ask a = { .kind = FH_ASK_REFUSED, .session = sent->session,
			    .bearer = sent->bearer, .server = sent->server,
			    .tool = fh_span_str(reason) };

	(void)!fh_gate_ask(c->gate, &a, /* client= */ nullptr, (struct fh_span){ 0 });
}

static void refuse_unread(struct fh_client *c, const struct fh_mcp *m, const struct fh_ask *sent,
			  const struct fh_trace *t)
{
	const char *reason = fh_mcp_reason_text(m->reason);
	char text[FH_TRACE_TEXT_MAX + 64];

	report(c, sent, reason);
	(void)snprintf(text, sizeof(text), "%s: %s", reason, t->what);
	/* A notification is never answered; a request whose id is wrong is one
	 * whose sender waits.  */
	if (m->name.n > 0 && !m->request && m->reason != FH_MCP_REASON_ID && !c->gate->network)
		return;
	bool known = m->reason == FH_MCP_REASON_METHOD || m->reason == FH_MCP_REASON_PARAMS;

	fh_gate_refuse(c, m->id, /* call= */ false, m->request && known ? 200 : 400,
		       fh_mcp_reason_code(m->reason), reason, text);
}

/* What core is not asked about is answered here, for a session that lives.  */
static bool is_over(struct fh_client *c, const struct fh_mcp *m, const struct fh_ask *sent)
{
	bool here = m->method == FH_MCP_PING || m->method == FH_MCP_INITIALIZED
		    || m->method == FH_MCP_CANCELLED;

	if (!here || !c->gate->network || fh_gate_session_lives(c->gate, sent->session))
		return false;
	fh_gate_refuse(c, m->id, /* call= */ false, 404, FH_MCP_CODE_ORDER, "unknown-session",
		       "no such session; initialize again");
	return true;
}

static void say_nothing(struct fh_client *c, uint16_t status)
{
	struct fh_say say = { .status = status };

	fh_gate_say(c, &say);
}

/* Answered here: it says that the gate is there, and decides nothing.  */
static void answer_ping(struct fh_client *c, const struct fh_mcp *m)
{
	static const uint8_t nothing[] = { 0xa0 };
	struct fh_builder b = fh_builder_of(c->gate->text.p, FH_ANSWER_MAX);

	if (fh_mcp_put_result(&b, m->id, FH_SPAN_ARRAY(nothing)) != FH_ERR_OK)
		return;
	struct fh_say say = { .status = 200, .json = fh_builder_span(&b) };

	fh_gate_say(c, &say);
}

static void cancel(struct fh_client *c, const struct fh_mcp *m, const struct fh_ask *sent)
{
	struct fh_ask a = { .kind = FH_ASK_CANCEL, .session = sent->session,
			    .bearer = sent->bearer, .server = sent->server };

	a.target = fh_gate_find(c->gate, sent->session, m->target);
	if (a.target != 0)
		(void)!fh_gate_ask(c->gate, &a, /* client= */ nullptr, (struct fh_span){ 0 });
	say_nothing(c, 202);
}

/* Over HTTP what comes before an answer makes that a stream of events, which not everybody
 * takes.  Whoever has names too long for both goes without.  */
static bool hears_progress(const struct fh_client *c, const struct fh_mcp *m)
{
	return m->id.n + m->progress.n <= FH_MCP_ID_MAX
	       && (!c->gate->network
		   || fh_http_accepts(&c->http.request, "text", "event-stream"));
}

static void ask(struct fh_client *c, const struct fh_mcp *m, const struct fh_ask *sent)
{
	struct fh_ask a = *sent;

	a.kind = m->method == FH_MCP_INITIALIZE ? FH_ASK_INITIALIZE
	       : m->method == FH_MCP_LIST       ? FH_ASK_LIST
						: FH_ASK_CALL;
	a.tool = m->tool;
	a.params = m->params;
	bool call = a.kind == FH_ASK_CALL;
	struct fh_span token = call && hears_progress(c, m) ? m->progress : (struct fh_span){ 0 };
	fh_err e = FH_ERR_FULL;

	a.progress = token.n > 0;
	if (c->outstanding < FH_CLIENT_INFLIGHT_MAX)
		e = fh_gate_ask_call(c->gate, &a, c, m->id, token);

	if (e == FH_ERR_OK && a.kind == FH_ASK_INITIALIZE)
		c->stage = FH_CLIENT_OPENING;
	if (e == FH_ERR_CLOSED)
		fh_gate_refuse(c, m->id, call, 200, FH_MCP_CODE_FAILED, "decision-unreachable",
			       "the process that decides is gone");
	else if (e != FH_ERR_OK)
		fh_gate_refuse(c, m->id, call, 200, FH_MCP_CODE_FAILED, "busy",
			       "too many requests are waiting; try again later");
}

/* A client should send nothing but ping before initialize is answered (MCP 2025-11-25,
 * "Lifecycle"), but a peer's messages are in order: what comes too early waits for the answer,
 * and with it what is behind it.  */
static bool waits(const struct fh_client *c, const struct fh_mcp *m)
{
	return !c->gate->network && c->stage == FH_CLIENT_OPENING && m->method != FH_MCP_PING
	       && m->method != FH_MCP_INITIALIZE;
}

/* NULL if M may come now, otherwise why not.  */
static const char *out_of_order(const struct fh_client *c, const struct fh_mcp *m,
				const struct fh_ask *sent)
{
	bool opened = c->gate->network ? sent->session.n > 0 : c->stage == FH_CLIENT_OPEN;

	if (m->method == FH_MCP_INITIALIZE) {
		if (c->gate->network ? opened : c->stage != FH_CLIENT_NEW)
			return "already-initialized";
		return nullptr;
	}
	if (m->method == FH_MCP_PING && !c->gate->network)
		return nullptr;
	if (opened)
		return nullptr;
	return c->gate->network ? "missing-session" : "not-initialized";
}

static void refuse_order(struct fh_client *c, const struct fh_mcp *m, const struct fh_ask *sent,
			 const char *reason)
{
	const char *text = c->gate->network ? "initialize comes first, once; then each message "
					      "names its session"
					    : "initialize comes first, once; nothing but ping "
					      "before it has succeeded";

	report(c, sent, reason);
	if (m->request || c->gate->network)
		fh_gate_refuse(c, m->id, /* call= */ false, 400, FH_MCP_CODE_ORDER, reason, text);
}

static void act(struct fh_client *c, const struct fh_mcp *m, const struct fh_ask *sent)
{
	if (waits(c, m)) {
		c->stream.paused = true;
		return;
	}
	const char *order = out_of_order(c, m, sent);

	if (order != nullptr) {
		refuse_order(c, m, sent, order);
		return;
	}
	if (is_over(c, m, sent))
		return;
	switch (m->method) {
	case FH_MCP_PING:
		answer_ping(c, m);
		break;
	case FH_MCP_INITIALIZED:
		say_nothing(c, 202);
		break;
	case FH_MCP_CANCELLED:
		cancel(c, m, sent);
		break;
	default:
		ask(c, m, sent);
	}
}

void fh_gate_message(struct fh_client *client, struct fh_span json, const struct fh_ask *sent)
{
	struct fh_trace t = { 0 };
	struct fh_mcp m;

	if (fh_gate_renew_scratch(client->gate) != FH_ERR_OK) {
		fh_gate_refuse(client, (struct fh_span){ 0 }, /* call= */ false, 503,
			       FH_MCP_CODE_FAILED, "busy", "no memory for this message");
		return;
	}
	if (fh_mcp_read(json, &client->gate->scratch, &m, &t) != FH_ERR_OK)
		refuse_unread(client, &m, sent, &t);
	else
		act(client, &m, sent);
}
