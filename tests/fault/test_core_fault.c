/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th allocation fails while core acts on one frame, for every k: nothing
 * is permitted that is not in the record, nothing is lost, and once the gate or
 * the session has been cut off, as core does on an error, the next one is
 * served.  */
#include "../unit/chain_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"
#include "role/core.h"

constexpr uint32_t uid = 4711;

/* A core that has begun, with one gate, and perhaps one live session.  */
struct bench {
	struct fixture *f;
	struct fh_core *core;
	struct fault_place place;
	struct fh_core_session *session;
	int client;       /* the gate's end of its pair */
	int worker;       /* the worker's end of the session's; -1: none */
	uint64_t exchange;
};

static struct fh_span read_example(const char *name, struct fh_arena *a)
{
	const char *top = getenv("FREEHOLD_TOP");
	char path[1024];
	struct fh_span text;

	snprintf(path, sizeof(path), "%s/examples/%s", top != nullptr ? top : ".", name);
	assert_int_equal(fh_file_read(path, FH_POLICY_TEXT_MAX, a, &text), FH_ERR_OK);
	return text;
}

static void grant(struct fixture *f)
{
	struct fh_builder actor = fixture_builder(f, 1024), server = fixture_builder(f, 1024);
	struct fh_builder policy = fixture_builder(f, 65536);
	struct fh_actor_body a = { .name = FH_SPAN_LIT("claude"),
				   .groups = FH_SPAN_LIT("\x81\x68research"),
				   .credential = FH_CREDENTIAL_PEER, .uid = uid };
	struct fh_server_body s = { .name = FH_SPAN_LIT("notes"),
				    .command = FH_SPAN_LIT("\x81\x62/x"),
				    .environment = FH_SPAN_LIT("\xa0"),
				    .directory = FH_SPAN_LIT("/"), .uid = 1, .gid = 1 };
	struct fh_policy_body p = { .cedar = read_example("policy.cedar", &f->memory),
				    .schema = read_example("schema.cedarschema", &f->memory),
				    .expires_ms = UINT64_MAX >> 16 };

	FH_OWN(fh_secret) seed = { 0 };
	FH_OWN(fh_signer) device = { 0 };

	fixture_start(f);
	assert_int_equal(fh_seed_new(&seed), FH_ERR_OK);
	assert_int_equal(fh_signer_new(&seed, &device), FH_ERR_OK);
	fixture_must(f, fixture_next(f, "device", fixture_device(f, &device, &f->chain.id), 1));
	fh_actor_put(&actor, &a);
	fh_server_put(&server, &s);
	fh_policy_put(&policy, &p);
	fixture_must(f, fixture_next(f, "actor", fh_builder_span(&actor), 1));
	fixture_must(f, fixture_next(f, "server", fh_builder_span(&server), 1));
	fixture_must(f, fixture_next(f, "policy", fh_builder_span(&policy), 1));
}

static int set_up(void **state)
{
	if (fixture_set_up(state) != 0)
		return -1;
	grant(*state);
	return 0;
}

static const char definition[] =
	"{\"name\":\"read_note\",\"inputSchema\":{\"properties\":{\"path\":{\"maxLength\":9}}}}";

/* The same, where one tool of the server is pinned.  */
static int set_up_pinned(void **state)
{
	struct fixture *f;
	struct fh_builder pins;

	if (set_up(state) != 0)
		return -1;
	f = *state;
	pins = fixture_builder(f, 1024);
	fh_pins_begin(&pins, 1);
	fh_pins_put_tool(&pins, FH_SPAN_LIT("read_note"), fh_span_str(definition));
	fh_pins_end(&pins, FH_SPAN_LIT("notes"));
	fixture_must(f, fixture_next(f, "pins", fh_builder_span(&pins), 1));
	return 0;
}

/* --- core ----------------------------------------------------------------------- */

static void add_gate(struct bench *b)
{
	static const struct fh_peer peer = { .uid = uid };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fh_core_gate_add(b->core, &peer, fh_fd_of(pair[0]));
	assert_true(b->core->gate[0].used);
	b->client = pair[1];
}

static void drop_gate(struct bench *b)
{
	(void)!fh_core_gate_drop(b->core, 0);
	(void)close(b->client);
	if (b->worker >= 0)
		(void)close(b->worker);
	b->worker = -1;
	b->session = nullptr;
}

static void make_bench(struct bench *b, struct fixture *f)
{
	struct fh_core *c = test_calloc(1, sizeof(*c));
	static const struct fh_hash nothing;

	*b = (struct bench){ .f = f, .core = c, .worker = -1 };
	fault_place_make(&b->place);
	assert_int_equal(fh_arena_map(64 << 20, &c->memory), FH_ERR_OK);
	assert_int_equal(fh_arena_map(48 << 20, &c->scratch), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_POLICY_ARENA + 2 * FH_POLICY_TEXT_MAX,
				      &c->policy_arena), FH_ERR_OK);
	assert_int_equal(fh_arena_map(4 << 20, &c->pins_arena), FH_ERR_OK);
	assert_int_equal(fh_arena_map(4 << 20, &c->pins_scratch), FH_ERR_OK);
	assert_int_equal(fh_outbox_open(2 * FH_FRAME_MAX, &c->memory, &c->reach_out), FH_ERR_OK);
	assert_int_equal(fh_core_quota_begin(c), FH_ERR_OK);
	assert_int_equal(fh_core_seal_begin(c), FH_ERR_OK);
	size_t at = 0;

	c->chain = f->chain;
	c->device_id = fh_chain_device_next(&c->chain, &at)->id;
	c->record_path = b->place.path;
	c->lo_base_ms = c->hi_ms = 1'800'000'000'000;
	assert_int_equal(fh_journal_open(b->place.path, &c->chain.id, &c->device_id, 0, &nothing,
					 nullptr, &c->memory, &c->journal, &c->trace), FH_ERR_OK);
	assert_int_equal(fh_core_policy_refresh(c), FH_ERR_OK);
	assert_true(c->policy_ready);
	add_gate(b);
}

constexpr size_t entries_max = 256;

static fh_err count_outcome(void *context, const struct fh_leaf *leaf, struct fh_span payload)
{
	size_t *outcomes = context;
	static const struct fh_secret zeros = { .n = FH_SEAL_KEY_SIZE };
	struct fh_fields f = { 0 };
	struct fh_sealed s;
	uint8_t room[1024];

	if (leaf->kind != FH_ENTRY_OUTCOME)
		return FH_ERR_OK;
	assert_int_equal(fh_sealed_read(payload, &s), FH_ERR_OK);
	assert_int_equal(s.parts, 2);
	assert_true(s.part[1].sealed.n <= sizeof(room));
	assert_int_equal(fh_sealed_open_part(&s.part[1], &zeros, leaf, room, &f),
			 FH_ERR_OK);
	struct fh_cursor c = fh_cursor_of(fh_fields_get(&f, FH_FIELD_INTENT)->value);
	uint64_t intent = fh_cbor_uint(&c);

	assert_true(intent < leaf->index && intent < entries_max);
	outcomes[intent]++;
	return FH_ERR_OK;
}

/* A verifier refuses a record in which an intent has two.  */
static void no_intent_has_two_outcomes(struct bench *b)
{
	size_t outcomes[entries_max] = { 0 };
	struct fh_journal_visitor visitor = { count_outcome, outcomes };
	struct fh_core *c = b->core;

	assert_int_equal(fh_journal_sync(&c->journal), FH_ERR_OK);
	uint64_t size = c->journal.durable.size;
	struct fh_hash root = fh_tree_root(&c->journal.durable);

	fh_journal_drop(&c->journal);
	assert_int_equal(fh_journal_open(b->place.path, &c->chain.id, &c->device_id, size, &root,
					 &visitor, &c->memory, &c->journal, &c->trace), FH_ERR_OK);
	for (size_t i = 0; i < entries_max; i++)
		assert_true(outcomes[i] <= 1);
}

static void drop_bench(struct bench *b)
{
	struct fh_core *c = b->core;

	drop_gate(b);
	fh_journal_drop(&c->journal);
	fh_core_seal_drop(c);
	fh_arena_drop(&c->memory);
	fh_arena_drop(&c->scratch);
	fh_arena_drop(&c->policy_arena);
	fh_arena_drop(&c->pins_arena);
	fh_arena_drop(&c->pins_scratch);
	fault_place_drop(&b->place);
	test_free(c);
}

/* --- what is said to it ----------------------------------------------------------- */

static fh_err say(struct bench *b, struct fh_ask ask)
{
	uint8_t bytes[1024];
	struct fh_builder frame = FH_BUILDER_ARRAY(bytes);

	ask.exchange = ++b->exchange;
	ask.server = FH_SPAN_LIT("notes");
	if (b->session != nullptr)
		ask.session = FH_SPAN_ARRAY(b->session->id);
	fh_ask_put(&frame, &ask);
	assert_false(frame.bad);
	fh_arena_reset(&b->core->scratch);
	return fh_core_ask(b->core, 0, fh_builder_span(&frame));
}

static fh_err say_initialize(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_INITIALIZE, .params = FH_SPAN_LIT("\xa0") });
}

static fh_err say_list(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_LIST, .params = FH_SPAN_LIT("\xa0") });
}

static fh_err say_read(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_CALL, .tool = FH_SPAN_LIT("read_note"),
				       .params = FH_SPAN_LIT("\xa1\x64path\x69/public/x") });
}

static fh_err say_read_telling(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_CALL, .tool = FH_SPAN_LIT("read_note"),
				       .params = FH_SPAN_LIT("\xa1\x64path\x69/public/x"),
				       .progress = true });
}

static fh_err say_long_path(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_CALL, .tool = FH_SPAN_LIT("read_note"),
				       .params = FH_SPAN_LIT("\xa1\x64path\x6a/public/xx") });
}

static fh_err say_delete(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_CALL, .tool = FH_SPAN_LIT("delete_note"),
				       .params = FH_SPAN_LIT("\xa1\x64path\x69/secret/x") });
}

static fh_err say_unknown_tool(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_CALL, .tool = FH_SPAN_LIT("format_disk"),
				       .params = FH_SPAN_LIT("\xa0") });
}

static fh_err say_refused(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_REFUSED, .tool = FH_SPAN_LIT("batch") });
}

static fh_err say_health(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_HEALTH });
}

static fh_err say_end(struct bench *b)
{
	return say(b, (struct fh_ask){ .kind = FH_ASK_END });
}

/* Reach started the server; PAIR has the worker.  */
static fh_err say_started(struct bench *b)
{
	uint8_t bytes[256];
	struct fh_builder frame = FH_BUILDER_ARRAY(bytes);
	struct fh_started started = { FH_SPAN_ARRAY(b->session->id), /* running= */ true,
				      { 0 } };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (b->worker >= 0)
		(void)close(b->worker);
	b->worker = pair[1];
	fh_started_put(&frame, &started);
	fh_arena_reset(&b->core->scratch);
	return fh_core_started(b->core, fh_builder_span(&frame), fh_fd_of(pair[0]));
}

static fh_err say_outcome(struct bench *b, uint64_t index)
{
	uint8_t bytes[256];
	struct fh_builder frame = FH_BUILDER_ARRAY(bytes);
	struct fh_outcome o = { .index = index, .status = FH_OUTCOME_RESULT,
				.body = FH_SPAN_LIT("\xa1\x65tools\x80") };

	fh_outcome_put(&frame, &o);
	fh_arena_reset(&b->core->scratch);
	return fh_core_outcome(b->core, b->session, fh_builder_span(&frame));
}

static fh_err say_opened(struct bench *b)
{
	return say_outcome(b, b->session->start_index);
}

/* The answer to the list before a session, with one definition of DIGEST.  */
static fh_err say_tools(struct bench *b, struct fh_hash digest)
{
	uint8_t bytes[256];
	struct fh_builder frame = FH_BUILDER_ARRAY(bytes);
	struct fh_outcome o = {
		.index = b->session->list_index,
		.status = FH_OUTCOME_RESULT,
		.body = FH_SPAN_LIT("\xa1\x65tools\x81\xa1\x64name\x69read_note"),
		.digests = fh_hash_span(&digest),
	};

	fh_outcome_put(&frame, &o);
	fh_arena_reset(&b->core->scratch);
	return fh_core_outcome(b->core, b->session, fh_builder_span(&frame));
}

static fh_err say_pinned(struct bench *b)
{
	return say_tools(b, fh_hash_of(fh_span_str(definition)));
}

static fh_err say_changed(struct bench *b)
{
	return say_tools(b, fh_hash_of(FH_SPAN_LIT("{}")));
}

/* How far the one call that is open is, in SIZE bytes.  */
static fh_err say_progress_of(struct bench *b, uint64_t index, size_t size)
{
	static uint8_t body[2 * FH_PROGRESS_MAX], bytes[3 * FH_PROGRESS_MAX];
	struct fh_builder told = FH_BUILDER_ARRAY(body), frame = FH_BUILDER_ARRAY(bytes);

	fh_builder_bytes(&told, FH_SPAN_LIT("\xa2\x67message\x79")); /* a text of up to 64 KiB */
	fh_builder_be16(&told, (uint16_t)(size - 22));
	for (size_t i = 22; i < size; i++)
		fh_builder_u8(&told, 'm');
	fh_builder_bytes(&told, FH_SPAN_LIT("\x68progress\x01"));
	struct fh_outcome o = { .index = index, .status = FH_OUTCOME_PROGRESS,
				.body = fh_builder_span(&told) };

	fh_outcome_put(&frame, &o);
	assert_false(frame.bad);
	fh_arena_reset(&b->core->scratch);
	return fh_core_outcome(b->core, b->session, fh_builder_span(&frame));
}

static fh_err say_progress(struct bench *b)
{
	return say_progress_of(b, b->session->call[0].index, 512);
}

/* The result of the one call that is open.  */
static fh_err say_result(struct bench *b)
{
	return say_outcome(b, b->session->call[0].index);
}

/* --- before it -------------------------------------------------------------------- */

static void prepare_starting(struct bench *b)
{
	assert_int_equal(say_initialize(b), FH_ERR_OK);
	b->session = &b->core->session[0];
	assert_int_equal(b->session->state, FH_SESSION_STARTING);
}

static void prepare_opening(struct bench *b)
{
	prepare_starting(b);
	assert_int_equal(say_started(b), FH_ERR_OK);
	assert_int_equal(b->session->state, FH_SESSION_OPENING);
}

static void prepare_pinning(struct bench *b)
{
	prepare_opening(b);
	assert_int_equal(say_opened(b), FH_ERR_OK);
	assert_int_equal(b->session->state, FH_SESSION_PINNING);
}

static void prepare_live(struct bench *b)
{
	if (b->core->pinned_n > 0) {
		prepare_pinning(b);
		assert_int_equal(say_pinned(b), FH_ERR_OK);
	} else {
		prepare_opening(b);
		assert_int_equal(say_opened(b), FH_ERR_OK);
	}
	assert_int_equal(b->session->state, FH_SESSION_LIVE);
}

static void prepare_called(struct bench *b)
{
	prepare_live(b);
	assert_int_equal(say_read(b), FH_ERR_OK);
	assert_true(b->session->call[0].index != FH_NO_INDEX);
}

static void prepare_telling(struct bench *b)
{
	prepare_live(b);
	assert_int_equal(say_read_telling(b), FH_ERR_OK);
	assert_true(b->session->call[0].progress);
}

static void prepare_listed(struct bench *b)
{
	prepare_live(b);
	assert_int_equal(say_list(b), FH_ERR_OK);
	assert_true(b->session->call[0].list);
}

/* --- each frame ------------------------------------------------------------------- */

struct operation {
	const char *name;
	void (*prepare)(struct bench *b);
	fh_err (*run)(struct bench *b);
	size_t entries; /* that it adds to the record */
	size_t orders;  /* that go to reach: 0 or 1 */
	size_t permits; /* that go to the worker: 0 or 1 */
};

static size_t orders_of(const struct bench *b)
{
	return b->core->reach_out.n;
}

static size_t permits_of(const struct bench *b)
{
	return b->session == nullptr ? 0 : b->session->out.n;
}

/* Nothing has gone out that the record does not hold.  */
static void nothing_unrecorded(const struct operation *o, const struct bench *b, fh_err e,
			       uint64_t size, size_t orders, size_t permits)
{
	uint64_t added = b->core->journal.tree.size - size;

	if (orders_of(b) > orders && o->orders > 0)
		assert_true(e == FH_ERR_OK && added == o->entries);
	if (permits_of(b) > permits && o->permits > 0)
		assert_true(e == FH_ERR_OK && added == o->entries);
	/* What was put is held until the batch is durable and signed.  */
	assert_false(fh_outbox_waiting(&b->core->reach_out));
	assert_false(fh_outbox_waiting(&b->core->gate[0].out));
	if (b->session != nullptr)
		assert_false(fh_outbox_waiting(&b->session->out));
}

static bool fail_one(const struct operation *o, struct fixture *f, size_t k)
{
	size_t descriptors = fault_descriptors();
	struct bench b;

	make_bench(&b, f);
	if (o->prepare != nullptr)
		o->prepare(&b);
	uint64_t size = b.core->journal.tree.size;
	size_t orders = orders_of(&b), permits = permits_of(&b);

	fault_arm(k, ENOMEM, nullptr);
	fh_err e = o->run(&b);
	bool met = fault_end();

	assert_true(e == FH_ERR_OK || (met && e == FH_ERR_NOMEM));
	if (!met)
		assert_int_equal(b.core->journal.tree.size, size + o->entries);
	nothing_unrecorded(o, &b, e, size, orders, permits);
	/* As core does on an error; then the next client is served whole.  */
	drop_gate(&b);
	add_gate(&b);
	b.exchange = 0;
	prepare_called(&b);
	assert_int_equal(say_result(&b), FH_ERR_OK);
	no_intent_has_two_outcomes(&b);
	drop_bench(&b);
	assert_int_equal(fault_descriptors(), descriptors);
	return met;
}

static void fail_each(const struct operation *all, size_t n, struct fixture *f)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (fail_one(&all[i], f, k))
			k++;
		print_message("# core, %s: %zu faults\n", all[i].name, k);
		assert_true(k > 0);
	}
}

static void permits_nothing_unrecorded_without_memory(void **state)
{
	static const struct operation all[] = {
		{ "initialize", nullptr, say_initialize, 2, 1, 0 },
		{ "started", prepare_starting, say_started, 0, 0, 1 },
		{ "opened", prepare_opening, say_opened, 2, 0, 0 },
		{ "list", prepare_live, say_list, 1, 0, 1 },
		{ "permitted call", prepare_live, say_read, 1, 0, 1 },
		{ "denied call", prepare_live, say_delete, 1, 0, 0 },
		{ "unknown tool", prepare_live, say_unknown_tool, 1, 0, 0 },
		{ "refused by the gate", nullptr, say_refused, 1, 0, 0 },
		{ "health", nullptr, say_health, 0, 0, 0 },
		{ "result", prepare_called, say_result, 1, 0, 0 },
		{ "list result", prepare_listed, say_result, 1, 0, 0 },
		{ "progress", prepare_telling, say_progress, 0, 0, 0 },
		{ "end", prepare_called, say_end, 1, 1, 0 },
	};

	fail_each(all, sizeof(all) / sizeof(all[0]), *state);
}

static void nor_what_pins_are_against(void **state)
{
	static const struct operation all[] = {
		{ "opened, pinned", prepare_opening, say_opened, 1, 0, 1 },
		{ "tools as pinned", prepare_pinning, say_pinned, 3, 0, 0 },
		{ "tools changed", prepare_pinning, say_changed, 4, 0, 0 },
		{ "pinned call", prepare_live, say_read, 1, 0, 1 },
		{ "other arguments", prepare_live, say_long_path, 1, 0, 0 },
		{ "tool that is not pinned", prepare_live, say_delete, 1, 0, 0 },
	};

	fail_each(all, sizeof(all) / sizeof(all[0]), *state);
}

/* With little scratch memory, but as much as one call needs.  */
static void many_calls_end_in_the_memory_of_one(void **state)
{
	size_t descriptors = fault_descriptors();
	struct bench b;

	make_bench(&b, *state);
	prepare_live(&b);
	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++)
		assert_int_equal(say_read(&b), FH_ERR_OK);
	fh_arena_reset(&b.core->scratch);
	size_t cap = b.core->scratch.cap;
	uint64_t size = b.core->journal.tree.size;

	b.core->scratch.cap = 32 << 10;
	drop_gate(&b);
	b.core->scratch.cap = cap;
	assert_int_equal(b.core->session[0].state, FH_SESSION_FREE);
	assert_int_equal(b.core->journal.tree.size, size + FH_CORE_CALLS_MAX);
	add_gate(&b);
	drop_bench(&b);
	assert_int_equal(fault_descriptors(), descriptors);
}

/* What it may not tell ends its session, as the error says to the loop.  */
static void a_worker_tells_only_what_it_may(void **state)
{
	static void (*const silent[])(struct bench *b) = { prepare_called, prepare_listed };
	struct bench b;

	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
		make_bench(&b, *state);
		silent[i](&b);
		assert_int_equal(say_progress(&b), FH_ERR_FORMAT);
		drop_bench(&b);
	}
	make_bench(&b, *state);
	prepare_opening(&b);
	assert_int_equal(say_progress_of(&b, b.session->start_index, 512), FH_ERR_FORMAT);
	drop_bench(&b);
	make_bench(&b, *state);
	prepare_telling(&b);
	uint64_t index = b.session->call[0].index;
	size_t told = b.core->gate[0].out.n;

	assert_int_equal(say_progress_of(&b, index + 1, 512), FH_ERR_FORMAT);
	assert_int_equal(say_progress_of(&b, FH_NO_INDEX, 512), FH_ERR_FORMAT);
	assert_int_equal(say_progress_of(&b, index, FH_PROGRESS_MAX + 1), FH_ERR_FORMAT);
	assert_int_equal(b.core->gate[0].out.n, told);
	for (size_t n = 0; n < FH_PROGRESS_ALL_MAX; n += FH_PROGRESS_MAX)
		assert_int_equal(say_progress_of(&b, index, FH_PROGRESS_MAX), FH_ERR_OK);
	told = b.core->gate[0].out.n;
	assert_int_equal(say_progress_of(&b, index, 300), FH_ERR_FORMAT);
	assert_int_equal(b.core->gate[0].out.n, told);
	assert_int_equal(b.session->call[0].told.messages, FH_PROGRESS_ALL_MAX / FH_PROGRESS_MAX);
	assert_int_equal(b.session->call[0].told.bytes, FH_PROGRESS_ALL_MAX);
	assert_int_equal(say_result(&b), FH_ERR_OK);
	assert_int_equal(say_progress_of(&b, index, 300), FH_ERR_FORMAT); /* it is over */
	drop_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(permits_nothing_unrecorded_without_memory,
						set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(nor_what_pins_are_against,
						set_up_pinned, fixture_tear_down),
		cmocka_unit_test_setup_teardown(a_worker_tells_only_what_it_may,
						set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(many_calls_end_in_the_memory_of_one,
						set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
