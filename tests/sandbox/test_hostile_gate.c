/* SPDX-License-Identifier: Apache-2.0 */
/* This program in the supervisor's and every gate's place, with the real core,
 * keeper and reach, and a tool server that files every byte it reads.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/cbor.h"
#include "role/ask.h"
#include "role/permit.h"
#include "sandbox/part.h"
#include "sandbox/record.h"
#include "wire/open_ask.h"

constexpr int answer_ms = 10000;
constexpr uint32_t crew_uid = 7001; /* an actor by its user */
constexpr uint32_t other_uid = 7002;

struct stage {
	struct fh_house house;
	char heard[FH_HOUSE_PATH]; /* what the tool server has read */
	char token[128];           /* of a bearer actor */
	pid_t core, keeper, reach;
	int control;
	struct fh_arena arena;
	struct fh_pipe pipe;
};

/* A gate as we play it.  */
struct gate {
	struct fh_arena arena;
	int fd;
	struct fh_pipe pipe;
	uint64_t exchange;
	uint8_t session[FH_SESSION_ID_SIZE];
	uint64_t index; /* of the entry behind the last reply */
};

static struct stage stage;
static const struct fh_peer crew = { .uid = crew_uid, .gid = crew_uid };
static const struct fh_peer other = { .uid = other_uid, .gid = other_uid };
static const struct fh_peer network = { .network = true };

static const char policy[] =
	"@id(\"crew\")\npermit (principal in Team::\"crew\", action in [Action::\"mcp.initialize\","
	" Action::\"mcp.list\", Action::\"wild.do\"], resource == Server::\"wild\");\n"
	"@id(\"reads\")\npermit (principal in Team::\"crew\", action == Action::\"record.open\","
	" resource);\n";
static const char schema[] =
	"@mcp(\"wild/do\")\n"
	"action \"wild.do\" appliesTo { principal: [Actor], resource: [Server] };\n"
	"action \"record.open\" appliesTo { principal: [Actor], resource: [Device] };\n";

/* --- the stage ------------------------------------------------------------- */

static void furnish(void)
{
	struct fh_house *h = &stage.house;
	char server[512], printed[512];

	fh_house_make(h);
	fh_house_beside("wild-server", server, sizeof(server));
	fh_house_open_file(h, "heard", stage.heard, sizeof(stage.heard));
	const char *const add[] = { "server", "add", "wild", "--uid", "65534", "--gid", "65534",
				    "--", server, stage.heard, h->state, nullptr };
	const char *const grant[] = { "actor", "grant", "crew", "--uid", "7001", "--group", "crew",
				      nullptr };
	const char *const bearer[] = { "actor", "grant", "bearer", "--bearer", "--group", "crew",
				       nullptr };

	fh_house_sign(h, add, nullptr, 0);
	fh_house_policy(h, policy, schema);
	fh_house_sign(h, grant, nullptr, 0);
	fh_house_sign(h, bearer, printed, sizeof(printed));
	const char *token = strstr(printed, "fh_");

	assert_non_null(token);
	(void)snprintf(stage.token, sizeof(stage.token), "%.*s", (int)strcspn(token, " \n"), token);
}

static int start(void **state)
{
	static const char *const reach_words[] = { "reach", nullptr };
	const char *const core_words[] = { "core", stage.house.state, nullptr };
	char path[2 * FH_HOUSE_PATH];
	struct fh_span frame;
	int control[2], reach[2], keeper;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/record/journal", stage.house.state);
	(void)mkdir(path, 0700);
	fh_part_pair(control);
	fh_part_pair(reach);
	stage.keeper = fh_part_keeper(&stage.house, &keeper);
	stage.reach = fh_part_start(&stage.house, reach_words, (int[]){ -1, reach[1] }, 2);
	stage.core = fh_part_start(&stage.house, core_words,
				   (int[]){ control[1], keeper, reach[0] }, 3);
	(void)close(control[1]);
	(void)close(reach[0]);
	(void)close(reach[1]);
	(void)close(keeper);
	stage.control = control[0];
	if (fh_arena_map(1 << 16, &stage.arena) != FH_ERR_OK
	    || fh_pipe_open(stage.control, 4096, &stage.arena, &stage.pipe) != FH_ERR_OK)
		return -1;
	return fh_part_hear(&stage.pipe, answer_ms, &frame) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	fh_part_end(stage.core);
	fh_part_end(stage.reach);
	fh_part_end(stage.keeper);
	(void)close(stage.control);
	fh_arena_drop(&stage.arena);
	return 0;
}

/* --- gates ------------------------------------------------------------------ */

static void gate_open(const struct fh_peer *who, struct gate *g)
{
	uint8_t bytes[128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	int pair[2];

	*g = (struct gate){ 0 };
	fh_part_pair(pair);
	fh_control_put(&b, FH_CONTROL_GATE, who);
	assert_int_equal(fh_frame_send(stage.control, fh_builder_span(&b), pair[1]), FH_ERR_OK);
	(void)close(pair[1]);
	g->fd = pair[0];
	assert_int_equal(fh_arena_map(FH_FRAME_MAX + 4096, &g->arena), FH_ERR_OK);
	assert_int_equal(fh_pipe_open(g->fd, FH_FRAME_MAX, &g->arena, &g->pipe), FH_ERR_OK);
}

static void gate_close(struct gate *g)
{
	(void)close(g->fd);
	fh_arena_drop(&g->arena);
}

static struct fh_ask ask_of(struct gate *g, enum fh_ask_kind kind)
{
	struct fh_ask a = { .kind = kind, .exchange = ++g->exchange,
			    .server = FH_SPAN_LIT("wild") };

	if (kind != FH_ASK_INITIALIZE && kind != FH_ASK_HEALTH)
		a.session = FH_SPAN_ARRAY(g->session);
	return a;
}

static void gate_send(struct gate *g, const struct fh_ask *a)
{
	uint8_t bytes[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_ask_put(&b, a);
	assert_false(b.bad);
	(void)!fh_frame_send(g->fd, fh_builder_span(&b), /* pass= */ -1);
}

/* The reply to exchange E; 99 if there is none.  */
static unsigned gate_hear(struct gate *g, uint64_t e, int ms, struct fh_reply *r)
{
	struct fh_span frame;

	while (fh_part_hear(&g->pipe, ms, &frame)) {
		assert_int_equal(fh_reply_read(frame, r), FH_ERR_OK);
		if (r->exchange != e)
			continue;
		g->index = r->index;
		return r->status;
	}
	return 99;
}

static unsigned gate_ask(struct gate *g, const struct fh_ask *a, struct fh_reply *r)
{
	gate_send(g, a);
	return gate_hear(g, a->exchange, answer_ms, r);
}

/* {"clientInfo": {"name": "g", "version": "1"}}  */
static struct fh_span client(struct fh_builder *b)
{
	fh_cbor_put_map(b, 1);
	fh_cbor_put_text(b, FH_SPAN_LIT("clientInfo"));
	fh_cbor_put_map(b, 2);
	fh_cbor_put_text(b, FH_SPAN_LIT("name"));
	fh_cbor_put_text(b, FH_SPAN_LIT("g"));
	fh_cbor_put_text(b, FH_SPAN_LIT("version"));
	fh_cbor_put_text(b, FH_SPAN_LIT("1"));
	return fh_builder_span(b);
}

static unsigned gate_begin(struct gate *g, struct fh_span bearer, struct fh_reply *r)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_ask a = ask_of(g, FH_ASK_INITIALIZE);

	a.bearer = bearer;
	a.params = client(&b);
	unsigned status = gate_ask(g, &a, r);

	if (status == FH_REPLY_RESULT)
		memcpy(g->session, r->session.p, FH_SESSION_ID_SIZE);
	return status;
}

/* A call of the tool that is told HOW to answer.  */
static struct fh_ask call_of(struct gate *g, const char *how, struct fh_builder *b)
{
	struct fh_ask a = ask_of(g, FH_ASK_CALL);

	fh_cbor_put_map(b, 1);
	fh_cbor_put_text(b, FH_SPAN_LIT("how"));
	fh_cbor_put_text(b, fh_span_str(how));
	a.tool = FH_SPAN_LIT("do");
	a.params = fh_builder_span(b);
	return a;
}

static unsigned gate_call(struct gate *g, const char *how, struct fh_reply *r)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_ask a = call_of(g, how, &b);

	return gate_ask(g, &a, r);
}

/* --- what is seen from outside --------------------------------------------- */

static size_t heard(void)
{
	struct stat st;

	assert_int_equal(stat(stage.heard, &st), 0);
	return (size_t)st.st_size;
}

/* Core answers somebody else, and by then has acted on all that came before. */
static void core_still_answers(void)
{
	struct gate g;
	struct fh_reply r;

	gate_open(&crew, &g);
	struct fh_ask a = ask_of(&g, FH_ASK_HEALTH);

	assert_int_equal(gate_ask(&g, &a, &r), FH_REPLY_RESULT);
	gate_close(&g);
	fh_house_sleep(30);
}

/* The bytes BODY as a frame cut the gate off, and nothing reaches the server. */
static void cut_off_by(const void *bytes, size_t n)
{
	struct gate g;
	struct fh_reply r;

	gate_open(&crew, &g);
	assert_int_equal(gate_begin(&g, (struct fh_span){ 0 }, &r), FH_REPLY_RESULT);
	fh_house_sleep(50); /* the server was told that it is initialized */
	size_t before = heard();

	(void)fh_part_send(g.fd, bytes, n);
	assert_true(fh_part_cut_off(g.fd, answer_ms));
	core_still_answers();
	assert_int_equal(heard(), before);
	gate_close(&g);
}

static void frame_cuts_off(struct fh_span body)
{
	uint8_t bytes[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_be32(&b, (uint32_t)body.n);
	fh_builder_bytes(&b, body);
	assert_false(b.bad);
	cut_off_by(bytes, b.n);
}

/* --- what is permitted -------------------------------------------------------- */

static void a_permitted_call_reaches_the_server(void **state)
{
	struct gate g;
	struct fh_reply r;

	(void)state;
	gate_open(&crew, &g);
	assert_int_equal(gate_begin(&g, (struct fh_span){ 0 }, &r), FH_REPLY_RESULT);
	size_t before = heard();

	assert_int_equal(gate_call(&g, "plain", &r), FH_REPLY_RESULT);
	assert_true(heard() > before);
	gate_close(&g);
}

static void nothing_reaches_the_server_before_its_intent_is_signed(void **state)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct gate g;
	struct fh_reply r;

	(void)state;
	gate_open(&crew, &g);
	assert_int_equal(gate_begin(&g, (struct fh_span){ 0 }, &r), FH_REPLY_RESULT);
	fh_house_sleep(50);
	size_t before = heard(), entries = fh_seen_count(&stage.house);
	struct fh_ask a = call_of(&g, "plain", &b);

	assert_int_equal(kill(stage.keeper, SIGSTOP), 0);
	gate_send(&g, &a);
	assert_int_equal(gate_hear(&g, a.exchange, 1000, &r), 99);
	assert_int_equal(heard(), before);
	/* Durable already; not signed, so not acted on.  */
	assert_int_equal(fh_seen_count(&stage.house), entries + 1);
	assert_int_equal(kill(stage.keeper, SIGCONT), 0);
	assert_int_equal(gate_hear(&g, a.exchange, answer_ms, &r), FH_REPLY_RESULT);
	assert_true(heard() > before);
	gate_close(&g);
}

/* --- frames --------------------------------------------------------------------- */

static void malformed_frames_cut_the_gate_off(void **state)
{
	static const char *const frame[] = { "\x88", "\x80", "\xff\xff", "\xa0", "\x88\x03\x01",
					     "{\"jsonrpc\":\"2.0\"}", "\x1b\xff\xff\xff\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++)
		frame_cuts_off(fh_span_str(frame[i]));
	cut_off_by("\0\0\0\0", 4);
}

/* A whole call, every cut of it, and with a byte too many.  */
static void calls_that_are_cut_or_too_long_cut_the_gate_off(void **state)
{
	uint8_t bytes[256], params[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), p = FH_BUILDER_ARRAY(params);
	struct gate g = { .exchange = 5 };
	struct fh_ask a = call_of(&g, "plain", &p);

	(void)state;
	fh_ask_put(&b, &a);
	for (size_t n = 1; n < b.n; n += 7)
		frame_cuts_off(fh_span_of(bytes, n));
	fh_builder_u8(&b, 0);
	frame_cuts_off(fh_builder_span(&b));
}

static void asks_of_unknown_kinds_cut_the_gate_off(void **state)
{
	static const unsigned kind[] = { 0, 8, 9, 255, 1 << 16 };

	(void)state;
	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		uint8_t bytes[256];
		struct fh_builder b = FH_BUILDER_ARRAY(bytes);
		struct fh_ask a = { .kind = (enum fh_ask_kind)kind[i], .exchange = 9,
				    .server = FH_SPAN_LIT("wild") };

		fh_ask_put(&b, &a);
		frame_cuts_off(fh_builder_span(&b));
	}
}

/* What cannot be read back must never be signed into the record.  */
static void refusals_that_are_no_codes_cut_the_gate_off(void **state)
{
	static const char *const said[] = {
		"", "Upper", "two words", "bad\xff",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa9",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		uint8_t bytes[256];
		struct fh_builder b = FH_BUILDER_ARRAY(bytes);
		struct fh_ask a = { .kind = FH_ASK_REFUSED, .exchange = 9,
				    .server = FH_SPAN_LIT("wild"), .tool = fh_span_str(said[i]) };

		fh_ask_put(&b, &a);
		frame_cuts_off(fh_builder_span(&b));
	}
}

static void giant_frames_cut_the_gate_off(void **state)
{
	uint8_t head[4];
	static const uint32_t size[] = { UINT32_MAX, FH_FRAME_MAX + 1, UINT32_C(1) << 31 };

	(void)state;
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(head);

		fh_builder_be32(&b, size[i]);
		cut_off_by(head, sizeof(head));
	}
}

static void half_frames_stop_nobody_else(void **state)
{
	struct gate g;
	size_t before = heard();

	(void)state;
	gate_open(&crew, &g);
	assert_true(fh_part_send(g.fd, "\x00\x00\x01\x00\x88\x03", 6));
	core_still_answers();
	gate_close(&g);
	core_still_answers();
	assert_int_equal(heard(), before);
}

static void exchanges_that_do_not_rise_cut_the_gate_off(void **state)
{
	static const uint64_t again[] = { 0, 1, 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		uint8_t bytes[64];
		struct fh_builder b = FH_BUILDER_ARRAY(bytes);
		struct gate g;
		struct fh_reply r;

		gate_open(&crew, &g);
		assert_int_equal(gate_begin(&g, (struct fh_span){ 0 }, &r), FH_REPLY_RESULT);
		assert_int_equal(gate_call(&g, "plain", &r), FH_REPLY_RESULT);
		size_t before = heard();
		struct fh_ask a = call_of(&g, "plain", &b);

		a.exchange = again[i];
		gate_send(&g, &a);
		assert_true(fh_part_cut_off(g.fd, answer_ms));
		core_still_answers();
		assert_int_equal(heard(), before);
		gate_close(&g);
	}
}

/* --- other roles' frames ---------------------------------------------------------- */

static void frames_of_other_roles_cut_the_gate_off(void **state)
{
	uint8_t bytes[5][256];
	struct fh_builder b[5];
	uint8_t session[FH_SESSION_ID_SIZE] = { 0 };
	struct fh_span map = FH_SPAN_LIT("\xa0");

	(void)state;
	for (size_t i = 0; i < 5; i++)
		b[i] = FH_BUILDER_ARRAY(bytes[i]);
	fh_permit_put(&b[0], &(struct fh_permit){ FH_PERMIT_CALL, 1, FH_SPAN_LIT("do"), map });
	fh_outcome_put(&b[1], &(struct fh_outcome){ .index = 1, .body = map });
	fh_started_put(&b[2], &(struct fh_started){ FH_SPAN_ARRAY(session), true, { 0 } });
	fh_stop_put(&b[3], FH_SPAN_ARRAY(session));
	fh_control_put(&b[4], FH_CONTROL_GATE, &crew);
	for (size_t i = 0; i < 5; i++)
		frame_cuts_off(fh_builder_span(&b[i]));
	frame_cuts_off(FH_SPAN_LIT("\x81\x01")); /* a request of the keeper's door */
}

static void a_gate_cannot_report_an_outcome(void **state)
{
	uint8_t bytes[64], frame[128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), f = FH_BUILDER_ARRAY(frame);
	struct gate g;
	struct fh_reply r;
	struct fh_seen seen;

	(void)state;
	gate_open(&crew, &g);
	assert_int_equal(gate_begin(&g, (struct fh_span){ 0 }, &r), FH_REPLY_RESULT);
	struct fh_ask a = call_of(&g, "silent", &b);

	gate_send(&g, &a);
	core_still_answers();
	uint64_t index = fh_seen_count(&stage.house) - 1; /* the intent that waits */

	fh_outcome_put(&f, &(struct fh_outcome){ .index = index, .body = FH_SPAN_LIT("\xa0") });
	assert_int_equal(fh_frame_send(g.fd, fh_builder_span(&f), -1), FH_ERR_OK);
	assert_true(fh_part_cut_off(g.fd, answer_ms));
	core_still_answers();
	fh_seen_read(&stage.house, &seen);
	assert_true(fh_seen_permitted(&seen, index));
	assert_string_equal(fh_seen_status(&seen, index), "cancelled");
	fh_seen_drop(&seen);
	gate_close(&g);
}

/* --- others' sessions and names ------------------------------------------------------ */

static void a_session_serves_no_other_gate(void **state)
{
	static const struct fh_peer *const who[] = { &crew, &other, &network };
	struct gate owner, thief;
	struct fh_reply r;

	(void)state;
	gate_open(&crew, &owner);
	assert_int_equal(gate_begin(&owner, (struct fh_span){ 0 }, &r), FH_REPLY_RESULT);
	fh_house_sleep(50);
	for (size_t i = 0; i < 3; i++) {
		size_t before = heard();

		gate_open(who[i], &thief);
		memcpy(thief.session, owner.session, FH_SESSION_ID_SIZE);
		assert_int_equal(gate_call(&thief, "plain", &r), FH_REPLY_REFUSED);
		struct fh_ask list = ask_of(&thief, FH_ASK_LIST), over = ask_of(&thief, FH_ASK_END);

		list.exchange = thief.exchange - 1;
		list.params = FH_SPAN_LIT("\xa0");
		assert_int_equal(gate_ask(&thief, &list, &r), FH_REPLY_REFUSED);
		assert_int_equal(gate_ask(&thief, &over, &r), FH_REPLY_REFUSED);
		core_still_answers();
		assert_int_equal(heard(), before);
		gate_close(&thief);
	}
	assert_int_equal(gate_call(&owner, "plain", &r), FH_REPLY_RESULT);
	gate_close(&owner);
}

static void no_other_gate_cancels_a_call(void **state)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct gate owner, thief;
	struct fh_reply r;

	(void)state;
	gate_open(&crew, &owner);
	assert_int_equal(gate_begin(&owner, (struct fh_span){ 0 }, &r), FH_REPLY_RESULT);
	struct fh_ask a = call_of(&owner, "silent", &b);

	gate_send(&owner, &a);
	core_still_answers();
	size_t before = heard();

	gate_open(&crew, &thief);
	struct fh_ask cancel = ask_of(&thief, FH_ASK_CANCEL);

	cancel.target = a.exchange;
	memcpy(thief.session, owner.session, FH_SESSION_ID_SIZE);
	gate_send(&thief, &cancel);
	core_still_answers();
	assert_int_equal(heard(), before);
	/* Its own gate can.  */
	cancel = ask_of(&owner, FH_ASK_CANCEL);
	cancel.target = a.exchange;
	gate_send(&owner, &cancel);
	assert_int_equal(gate_hear(&owner, a.exchange, answer_ms, &r), FH_REPLY_FAILED);
	gate_close(&thief);
	gate_close(&owner);
}

/* What the pair of WHO may not begin, with whatever credential.  */
static void cannot_begin(const struct fh_peer *who, struct fh_span bearer, const char *grade)
{
	struct gate g;
	struct fh_reply r;
	struct fh_seen seen;
	size_t before = heard();

	gate_open(who, &g);
	assert_int_equal(gate_begin(&g, bearer, &r), FH_REPLY_REFUSED);
	core_still_answers();
	assert_int_equal(heard(), before);
	fh_seen_read(&stage.house, &seen);
	assert_true(g.index < seen.n);
	assert_false(fh_seen_permitted(&seen, g.index));
	assert_string_equal(fh_seen_text(&seen, g.index, FH_FIELD_ACTOR), "Actor::\"anonymous\"");
	const struct fh_field *f = fh_fields_get(&seen.entry[g.index].fields, FH_FIELD_IDENTITY);

	assert_non_null(f);
	assert_non_null(memmem(f->value.p, f->value.n, grade, strlen(grade)));
	fh_seen_drop(&seen);
	gate_close(&g);
}

static void the_pair_decides_who_it_is(void **state)
{
	struct fh_span none = { 0 }, token = fh_span_str(stage.token);
	struct gate g;
	struct fh_reply r;

	(void)state;
	cannot_begin(&other, none, "anonymous");
	cannot_begin(&other, token, "anonymous"); /* a bearer on a kernel-named pair */
	cannot_begin(&crew, token, "anonymous");  /* even the actor's own */
	cannot_begin(&network, none, "anonymous");
	cannot_begin(&network, FH_SPAN_LIT("fh_0000"), "anonymous");
	gate_open(&network, &g);
	assert_int_equal(gate_begin(&g, token, &r), FH_REPLY_RESULT);
	/* Without the credential the session is not its own any more.  */
	assert_int_equal(gate_call(&g, "plain", &r), FH_REPLY_REFUSED);
	gate_close(&g);
}

/* --- the record ---------------------------------------------------------------------------- */

/* What WHO, with BEARER, is answered when he wants entry INDEX opened; 99: nothing.  */
static unsigned open_as(const struct fh_peer *who, struct fh_span bearer, uint64_t index,
			struct fh_reply *r, struct gate *g)
{
	const struct fh_open_ask o = { .from = index, .to = index, .fields = FH_OPEN_ASK_FIELDS };
	uint8_t bytes[FH_OPEN_ASK_PARAMS_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	gate_open(who, g);
	struct fh_ask a = { .kind = FH_ASK_OPEN, .exchange = ++g->exchange, .bearer = bearer };

	fh_open_ask_put(&b, &o);
	a.params = fh_builder_span(&b);
	return gate_ask(g, &a, r);
}

/* And the network's gate for nobody, whatever credentials go through it.  */
static void the_record_is_opened_for_the_pair_s_peer_alone(void **state)
{
	struct fh_span none = { 0 }, token = fh_span_str(stage.token);
	struct fh_reply r;
	struct gate g;

	(void)state;
	gate_open(&crew, &g);
	assert_int_equal(gate_begin(&g, none, &r), FH_REPLY_RESULT);
	uint64_t index = r.index;

	gate_close(&g);
	assert_int_equal(open_as(&crew, none, index, &r, &g), FH_REPLY_RESULT);
	assert_true(memmem(r.body.p, r.body.n, "openings", 8) != nullptr);
	gate_close(&g);
	assert_int_equal(open_as(&other, none, index, &r, &g), FH_REPLY_REFUSED);
	assert_true(fh_span_equal(r.reason, FH_SPAN_LIT("no-credential")));
	assert_int_equal(r.body.n, 0);
	gate_close(&g);
	assert_int_equal(open_as(&network, token, index, &r, &g), 99);
	assert_true(fh_part_cut_off(g.fd, answer_ms));
	gate_close(&g);
}

/* No fields; too many entries; all fields for outsiders.  */
static void openings_that_no_line_makes_cut_the_gate_off(void **state)
{
	static const struct fh_open_ask wrong[] = {
		{ .from = 1, .to = 1, .fields = 0 },
		{ .from = 1, .to = FH_OPEN_ASK_ENTRIES_MAX + 1, .fields = FH_OPEN_ASK_FIELDS },
		{ .disclose = true, .from = 1, .to = 1, .fields = FH_OPEN_ASK_FIELDS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t bytes[FH_OPEN_ASK_PARAMS_MAX], frame[FH_OPEN_ASK_PARAMS_MAX + 64];
		struct fh_builder b = FH_BUILDER_ARRAY(bytes), f = FH_BUILDER_ARRAY(frame);
		struct fh_ask a = { .kind = FH_ASK_OPEN, .exchange = 9 };

		fh_open_ask_put(&b, &wrong[i]);
		a.params = fh_builder_span(&b);
		fh_ask_put(&f, &a);
		frame_cuts_off(fh_builder_span(&f));
	}
}

/* --- descriptors ------------------------------------------------------------------------ */

static void send_with_descriptors(struct gate *g, const void *bytes, size_t n)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec v = { (void *)bytes, n };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	int fds[8];

	for (size_t i = 0; i < 8; i++)
		fds[i] = g->fd;
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			       .cmsg_len = CMSG_LEN(sizeof(fds)) };
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	assert_int_equal(sendmsg(g->fd, &h, MSG_NOSIGNAL), (ssize_t)n);
}

/* Not even the gate's own end of the pair, whose closing core would never see
 * then.  */
static void descriptors_that_a_gate_sends_do_not_stay(void **state)
{
	uint8_t body[256], bytes[256];
	size_t before, bytes_before = heard();

	(void)state;
	core_still_answers();
	before = fh_part_descriptors(stage.core);
	for (int i = 0; i < 8; i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(body), f = FH_BUILDER_ARRAY(bytes);
		struct gate g;
		struct fh_reply r;

		gate_open(&crew, &g);
		struct fh_ask a = ask_of(&g, FH_ASK_HEALTH);

		fh_ask_put(&b, &a);
		fh_builder_be32(&f, (uint32_t)b.n);
		fh_builder_bytes(&f, fh_builder_span(&b));
		send_with_descriptors(&g, bytes, f.n);
		(void)gate_hear(&g, a.exchange, answer_ms, &r);
		gate_close(&g);
	}
	core_still_answers();
	assert_int_equal(heard(), bytes_before);
	assert_int_equal(fh_part_descriptors(stage.core), before);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* The intent that LINE of the server names, or FH_NO_INDEX.  */
static uint64_t index_of(const char *line)
{
	const char *at = strstr(line, "\"id\":");

	return at == nullptr ? FH_NO_INDEX : strtoull(at + 5, nullptr, 10);
}

static void every_line_that_reached_the_server_has_a_permitted_intent(void **state)
{
	static char line[1 << 16];
	struct fh_seen seen;
	size_t lines = 0;
	FILE *f = fopen(stage.heard, "re");

	(void)state;
	assert_non_null(f);
	fh_seen_read(&stage.house, &seen);
	while (fgets(line, sizeof(line), f) != nullptr) {
		uint64_t index = index_of(line);

		lines++;
		if (index != FH_NO_INDEX)
			assert_true(fh_seen_permitted(&seen, index));
		else
			assert_true(strstr(line, "notifications/initialized") != nullptr
				    || strstr(line, "notifications/cancelled") != nullptr);
	}
	(void)fclose(f);
	fh_seen_drop(&seen);
	assert_true(lines > 20);
	print_message("# %zu lines\n", lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_permitted_call_reaches_the_server),
		cmocka_unit_test(nothing_reaches_the_server_before_its_intent_is_signed),
		cmocka_unit_test(malformed_frames_cut_the_gate_off),
		cmocka_unit_test(calls_that_are_cut_or_too_long_cut_the_gate_off),
		cmocka_unit_test(asks_of_unknown_kinds_cut_the_gate_off),
		cmocka_unit_test(refusals_that_are_no_codes_cut_the_gate_off),
		cmocka_unit_test(giant_frames_cut_the_gate_off),
		cmocka_unit_test(half_frames_stop_nobody_else),
		cmocka_unit_test(exchanges_that_do_not_rise_cut_the_gate_off),
		cmocka_unit_test(frames_of_other_roles_cut_the_gate_off),
		cmocka_unit_test(a_gate_cannot_report_an_outcome),
		cmocka_unit_test(a_session_serves_no_other_gate),
		cmocka_unit_test(no_other_gate_cancels_a_call),
		cmocka_unit_test(the_pair_decides_who_it_is),
		cmocka_unit_test(the_record_is_opened_for_the_pair_s_peer_alone),
		cmocka_unit_test(openings_that_no_line_makes_cut_the_gate_off),
		cmocka_unit_test(descriptors_that_a_gate_sends_do_not_stay),
		cmocka_unit_test(every_line_that_reached_the_server_has_a_permitted_intent),
	};

	if (!fh_house_possible("hostile_gate"))
		return 0;
	furnish();
	int failed = cmocka_run_group_tests(tests, start, end);

	fh_house_drop(&stage.house);
	return failed;
}
