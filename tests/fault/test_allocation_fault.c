/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th allocation fails, for every k: FH_ERR_NOMEM and no other error,
 * outputs as they were, nothing lost, and the same succeeds right after.  */
#include "../unit/chain_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "codec/json.h"
#include "fault.h"
#include "fixture/maker.h"
#include "os/file.h"
#include "policy/decision.h"
#include "policy/set.h"
#include "role/frame.h"
#include "role/outbox.h"
#include "store/chain_files.h"
#include "wire/mcp.h"
#include "wire/server.h"

constexpr size_t memory_size = 32 << 20;

/* What is to be left alone.  */
union sentinel {
	uint8_t bytes[65536];
	struct fh_policy_set set;
	struct fh_schema schema;
	struct fh_decision decision;
	struct fh_server_message said;
	struct fh_journal journal;
	struct fh_span span;
	struct fh_pipe pipe;
	struct fh_outbox outbox;
	struct fh_cose_signature signature;
	struct fh_mcp mcp;
};

struct bench {
	struct fh_arena arena, texts, scratch;
	union sentinel out;
	struct fh_span cedar, schema;
	struct fh_policy_set set;
	struct fh_operator_key key;
	struct fh_maker *maker;
	struct fault_place place;
	char path[128];
};

static void untouched(const struct bench *b)
{
	for (size_t i = 0; i < sizeof(b->out); i++)
		assert_int_equal(b->out.bytes[i], 0xa5);
}

/* RUN with each of its allocations failing; returns how many there are.  */
static size_t fail_each(struct bench *b, const char *name, fh_err (*run)(struct bench *b))
{
	bool met = true;
	size_t k = 0;

	for (; met; k++) {
		size_t descriptors = fault_descriptors();

		memset(&b->out, 0xa5, sizeof(b->out));
		fh_arena_reset(&b->arena);
		fh_arena_reset(&b->scratch);
		fault_arm(k, ENOMEM, nullptr);
		fh_err e = run(b);

		met = fault_end();
		if (e != (met ? FH_ERR_NOMEM : FH_ERR_OK))
			fail_msg("%s: %s when allocation %zu fails", name, fh_err_text(e), k);
		if (!met)
			continue;
		untouched(b);
		assert_int_equal(fault_descriptors(), descriptors);
		fh_arena_reset(&b->arena);
		fh_arena_reset(&b->scratch);
		assert_int_equal(run(b), FH_ERR_OK);
	}
	print_message("# %s: %zu faults\n", name, k - 1);
	return k - 1;
}

static struct fh_span read_example(const char *name, struct fh_arena *a)
{
	const char *top = getenv("FREEHOLD_TOP");
	char path[1024];
	struct fh_span text;

	snprintf(path, sizeof(path), "%s/examples/%s", top != nullptr ? top : ".", name);
	assert_int_equal(fh_file_read(path, FH_POLICY_TEXT_MAX, a, &text), FH_ERR_OK);
	return text;
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	assert_int_equal(fh_arena_map(memory_size, &b->arena), FH_ERR_OK);
	assert_int_equal(fh_arena_map(memory_size, &b->texts), FH_ERR_OK);
	assert_int_equal(fh_arena_map(memory_size, &b->scratch), FH_ERR_OK);
	b->cedar = read_example("policy.cedar", &b->texts);
	b->schema = read_example("schema.cedarschema", &b->texts);
	fault_place_make(&b->place);
	(void)snprintf(b->path, sizeof(b->path), "%s/file", b->place.path);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fault_place_drop(&b->place);
	fh_arena_drop(&b->arena);
	fh_arena_drop(&b->texts);
	fh_arena_drop(&b->scratch);
	test_free(b);
	return 0;
}

/* --- policy --------------------------------------------------------------------- */

static fh_err run_schema(struct bench *b)
{
	struct fh_trace t = { 0 };

	return fh_schema_parse(b->schema, &b->arena, &b->out.schema, &t);
}

static fh_err run_policy(struct bench *b)
{
	struct fh_trace t = { 0 };

	return fh_policy_check(b->cedar, b->schema, &b->arena, &b->out.set, &t);
}

static fh_err run_decision(struct bench *b)
{
	const struct fh_entity_uid actor =
		fh_entity_uid_of(FH_TYPE_ACTOR, FH_SPAN_LIT("claude"));
	const struct fh_entity_uid team =
		fh_entity_uid_of(FH_TYPE_TEAM, FH_SPAN_LIT("research"));
	const struct fh_known_entities known = { &b->set.schema, actor, &team, 1 };
	const struct fh_request r = {
		actor, fh_entity_uid_of(FH_TYPE_ACTION, FH_SPAN_LIT("notes.read")),
		fh_entity_uid_of("File", FH_SPAN_LIT("/public/a/b/c")),
		fh_value_none(), fh_known_entities_source(&known) };
	const struct fh_circumstances now = { .leased = true };
	fh_err e = fh_policy_decide(&b->set, &r, &now, &b->scratch, &b->out.decision);

	if (e == FH_ERR_OK)
		assert_true(fh_allows(b->out.decision.verdict));
	return e;
}

static void policies_and_decisions(void **state)
{
	struct bench *b = *state;
	struct fh_trace t = { 0 };

	assert_true(fail_each(b, "schema", run_schema) > 10);
	assert_true(fail_each(b, "policy", run_policy) > 20);
	assert_int_equal(fh_policy_check(b->cedar, b->schema, &b->texts, &b->set, &t), FH_ERR_OK);
	assert_true(fail_each(b, "decision", run_decision) > 0);
}

/* --- messages ------------------------------------------------------------------- */

static fh_err run_json(struct bench *b)
{
	uint8_t memory[256];
	struct fh_builder out = FH_BUILDER_ARRAY(memory);
	struct fh_trace t = { 0 };
	fh_err e = fh_json_to_cbor(FH_SPAN_LIT("{\"b\":[1,2.5,\"x\"],\"a\":{\"c\":null,\"d\":[]}}"),
				   &b->scratch, &out, &t);

	assert_int_equal(b->scratch.n, 0);
	assert_int_equal(out.n > 0, e == FH_ERR_OK);
	return e;
}

/* Its answer is written in any case.  */
static fh_err run_mcp(struct bench *b)
{
	struct fh_mcp m;
	struct fh_trace t = { 0 };
	fh_err e = fh_mcp_read(FH_SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":"
					   "\"tools/call\",\"params\":{\"name\":\"t\","
					   "\"arguments\":{\"path\":\"/a\",\"n\":[1]}}}"),
			       &b->arena, &m, &t);

	assert_int_equal(m.reason, e == FH_ERR_OK ? FH_MCP_REASON_FINE : FH_MCP_REASON_MEMORY);
	return e;
}

static fh_err run_initialize(struct bench *b)
{
	struct fh_mcp m;
	struct fh_trace t = { 0 };

	return fh_mcp_read(FH_SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
				       "\"params\":{\"protocolVersion\":\"2025-11-25\","
				       "\"capabilities\":{},\"clientInfo\":{\"name\":\"c\","
				       "\"version\":\"1\"}}}"), &b->arena, &m, &t);
}

static fh_err run_result(struct bench *b)
{
	struct fh_trace t = { 0 };

	return fh_mcp_read_server(FH_SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":"
					      "{\"a\":[1,{\"b\":2}]}}\n"),
				  &b->arena, &b->out.said, &t);
}

static fh_err run_server_error(struct bench *b)
{
	struct fh_trace t = { 0 };

	return fh_mcp_read_server(FH_SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":"
					      "-5,\"message\":\"no\",\"data\":[2]}}"),
				  &b->arena, &b->out.said, &t);
}

static void messages(void **state)
{
	struct bench *b = *state;

	assert_true(fail_each(b, "json", run_json) > 0);
	assert_true(fail_each(b, "mcp call", run_mcp) > 0);
	assert_true(fail_each(b, "mcp initialize", run_initialize) > 0);
	assert_true(fail_each(b, "server result", run_result) > 0);
	assert_true(fail_each(b, "server error", run_server_error) > 0);
}

/* --- frames --------------------------------------------------------------------- */

static fh_err run_pipe(struct bench *b)
{
	return fh_pipe_open(0, 4096, &b->arena, &b->out.pipe);
}

static fh_err run_outbox(struct bench *b)
{
	return fh_outbox_open(4096, &b->arena, &b->out.outbox);
}

static void pipes_and_outboxes(void **state)
{
	struct bench *b = *state;

	assert_int_equal(fail_each(b, "pipe", run_pipe), 1);
	assert_int_equal(fail_each(b, "outbox", run_outbox), 1);
}

/* --- operator keys --------------------------------------------------------------- */

static fh_err run_key(struct bench *b)
{
	struct fh_operator_key key = { 0 };
	struct fh_trace t = { 0 };
	struct fh_span file;
	fh_err e = fh_operator_key_read(b->path, nullptr, &b->arena, &file, &t);

	if (e == FH_ERR_OK)
		e = fh_operator_key_open(file, FH_SPAN_LIT("a passphrase"), &key, &t);
	if (e == FH_ERR_OK)
		e = fh_operator_key_sign(&key, FH_SPAN_LIT("payload"), &b->arena,
					 &b->out.signature);
	fh_operator_key_drop(&key);
	return e;
}

static void operator_keys(void **state)
{
	static const struct fh_argon2 cheap = { .memory_kib = 64, .passes = 1, .lanes = 1 };
	struct bench *b = *state;
	uint8_t bytes[FH_OPERATOR_KEY_FILE_MAX];
	struct fh_builder file = FH_BUILDER_ARRAY(bytes);
	struct fh_operator_key key;
	struct fh_trace t = { 0 };

	assert_int_equal(fh_operator_key_new(FH_PLACEMENT_OFFLINE, &key), FH_ERR_OK);
	assert_int_equal(fh_operator_key_seal(&key, FH_SPAN_LIT("a passphrase"), cheap, &file),
			 FH_ERR_OK);
	assert_int_equal(fh_operator_key_write(b->path, nullptr, fh_builder_span(&file), &t),
			 FH_ERR_OK);
	assert_int_equal(fail_each(b, "operator key", run_key), 3);
	fh_operator_key_drop(&key);
}

/* --- the record ------------------------------------------------------------------ */

static fh_err run_journal(struct bench *b)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_journal_open(b->place.path, &b->maker->chain_id, &b->maker->device_id,
				   b->maker->signed_size, &b->maker->signed_root,
				   /* visitor= */ nullptr, &b->arena, &b->out.journal, &t);

	if (e == FH_ERR_OK)
		fh_journal_drop(&b->out.journal);
	return e;
}

static void opening_a_journal(void **state)
{
	struct bench *b = *state;

	b->maker = test_calloc(1, sizeof(*b->maker));
	fh_maker_begin(b->maker, b->place.path);
	fh_maker_first(b->maker);
	fh_maker_batch(b->maker, 5);
	assert_true(fail_each(b, "journal open", run_journal) >= 2);
	fh_maker_end(b->maker);
	test_free(b->maker);
}

/* --- the chain ------------------------------------------------------------------- */

struct state {
	enum fh_chain_state state;
	uint64_t sequence;
	struct fh_hash head, id, policy;
	size_t steps, sides, branches, devices, actors, servers;
	bool has_policy, stopped;
};

static struct state state_of(const struct fh_chain *c)
{
	struct state s;
	size_t at = 0;

	memset(&s, 0, sizeof(s)); /* padding, too: states are compared as bytes */
	s.state = c->state;
	s.sequence = c->head.sequence;
	s.head = c->head.hash;
	s.id = c->id;
	s.steps = c->steps;
	s.sides = c->sides;
	s.branches = c->branches;
	s.stopped = c->stopped;
	while (fh_chain_device_next(c, &at) != nullptr)
		s.devices++;
	for (at = 0; fh_chain_actor_next(c, &at) != nullptr;)
		s.actors++;
	for (at = 0; fh_chain_server_next(c, &at) != nullptr;)
		s.servers++;
	s.has_policy = fh_chain_policy(c) != nullptr;
	if (s.has_policy)
		s.policy = fh_chain_policy(c)->hash;
	return s;
}

static fh_err check_policy(const struct fh_policy_body *p, struct fh_arena *scratch,
			   struct fh_trace *t)
{
	struct fh_policy_set set;

	return fh_policy_check_all(p->cedar, p->schema, p->entities, scratch, &set, t);
}

static struct fh_span server_body(struct fixture *f)
{
	struct fh_builder b = fixture_builder(f, 1024);
	struct fh_server_body s = { .name = FH_SPAN_LIT("notes"),
				    .command = FH_SPAN_LIT("\x81\x62/x"),
				    .environment = FH_SPAN_LIT("\xa0"),
				    .directory = FH_SPAN_LIT("/"), .uid = 1, .gid = 1 };

	fh_server_put(&b, &s);
	return fh_builder_span(&b);
}

static struct fh_span policy_body(struct fixture *f)
{
	struct fh_builder b = fixture_builder(f, 65536);
	struct fh_policy_body p = { .cedar = read_example("policy.cedar", &f->memory),
				    .schema = read_example("schema.cedarschema", &f->memory),
				    .expires_ms = 5000 };

	fh_policy_put(&b, &p);
	return fh_builder_span(&b);
}

/* One try with allocation K failing and, GAP later, one more: that is in the
 * compaction that the first led to.  *DONE: accepted.  */
static bool try_accept(struct fixture *f, struct fh_span file, size_t k, size_t gap, bool *done)
{
	struct state before = state_of(&f->chain);
	struct fh_trace t = { 0 };

	fault_arm(k, ENOMEM, nullptr);
	fault_now()->twice = true;
	fault_now()->gap = gap;
	fh_err e = fh_chain_accept(&f->chain, file, &f->scratch, &t);
	bool met = fault_end();

	*done = e == FH_ERR_OK;
	if (*done)
		return met;
	assert_true(met);
	assert_int_equal(e, FH_ERR_NOMEM);
	struct state after = state_of(&f->chain);

	assert_memory_equal(&after, &before, sizeof(after));
	return met;
}

/* Accepts FILE in spite of each failing allocation; returns how many there
 * were.  A policy that there was no memory to check must not count as one that
 * cannot be evaluated.  */
static size_t accept(struct fixture *f, struct fh_span file)
{
	size_t faults = 0;
	bool done = false;

	for (size_t k = 0; !done; k++) {
		bool again = true;

		for (size_t gap = 0; !done && again; gap++) {
			faults += try_accept(f, file, k, gap, &done);
			again = fault_now()->met_again;
		}
	}
	return faults;
}

static void accepting_statements_of_every_kind(void **state)
{
	struct fixture *f = *state;
	struct fh_chain_checks checks = { .policy = check_policy };
	struct fh_signer device = { 0 };
	struct fh_secret seed = { .n = FH_MLDSA65_SEED_SIZE };
	size_t faults = 0;

	fh_chain_begin(&f->live, &f->spare, checks, &f->chain);
	assert_int_equal(fh_signer_new(&seed, &device), FH_ERR_OK);
	faults += accept(f, fixture_genesis(f, 1, 1, 1));
	faults += accept(f, fixture_next(f, "device", fixture_device(f, &device, &f->chain.id), 1));
	faults += accept(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	faults += accept(f, fixture_next(f, "server", server_body(f), 1));
	faults += accept(f, fixture_next(f, "policy", policy_body(f), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_LIVE);
	assert_non_null(fh_chain_policy(&f->chain));
	struct fh_span actor = fixture_revoke(f, FH_STATEMENT_ACTOR, FH_SPAN_LIT("a"));

	faults += accept(f, fixture_next(f, "revoke", actor, 1));
	faults += accept(f, fixture_next(f, "signers", fixture_signers(f, 3, 2), 3));
	assert_int_equal(f->chain.head.sequence, 6);
	struct fh_chain_head head = f->chain.head;

	faults += accept(f, fixture_behind(f, head, "actor", fixture_actor(f, "b", 1, nullptr), 3));
	faults += accept(f, fixture_behind(f, head, "actor", fixture_actor(f, "c", 1, nullptr), 3));
	assert_int_equal(f->chain.branches, 2);
	/* The failing allocation made the chain forget what was replaced before its
	 * head, and then the shared statement came to lie before that.  */
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
	assert_non_null(strstr(f->chain.why.cure, "restart"));
	fh_signer_drop(&device);
	print_message("# chain: %zu faults\n", faults);
	assert_true(faults > 40);
}

static void accepting_a_kind_that_is_not_understood(void **state)
{
	struct fixture *f = *state;
	size_t faults;

	fixture_start(f);
	faults = accept(f, fixture_next(f, "of-tomorrow", FH_SPAN_LIT("\xa0"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
	print_message("# chain, unknown kind: %zu faults\n", faults);
}

static void loading_chain_files(void **state)
{
	struct fixture *f = *state;
	struct fault_place place;
	char path[128];
	struct fh_store s = { 0 };
	struct fh_trace t = { 0 };
	struct fh_chain_checks checks = { .policy = check_policy };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_span file[4];
	bool met = true;
	size_t k = 0;

	fault_place_make(&place);
	(void)snprintf(path, sizeof(path), "%s/state", place.path);
	assert_int_equal(fh_store_create(path, &s, &t), FH_ERR_OK);
	assert_int_equal(fh_arena_map(memory_size, &arena), FH_ERR_OK);
	for (size_t i = 0; i < 4; i++) {
		file[i] = i == 0 ? fixture_genesis(f, 1, 1, 1)
			: i == 1 ? fixture_next(f, "server", server_body(f), 1)
			: i == 2 ? fixture_next(f, "policy", policy_body(f), 1)
				 : fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1);
		fixture_must(f, file[i]);
		assert_int_equal(fh_chain_file_add(&s, file[i], &t), FH_ERR_OK);
	}
	struct state want = state_of(&f->chain);

	for (; met; k++) {
		size_t descriptors = fault_descriptors();

		fh_arena_reset(&arena);
		fh_chain_begin(&f->live, &f->spare, checks, &f->chain);
		fault_arm(k, ENOMEM, nullptr);
		fh_err e = fh_chain_files_load(&s, &f->chain, &arena, &f->scratch, &t);

		met = fault_end();
		assert_true(e == FH_ERR_OK || (met && e == FH_ERR_NOMEM));
		if (e == FH_ERR_OK) {
			struct state got = state_of(&f->chain);

			assert_memory_equal(&got, &want, sizeof(got));
		}
		assert_int_equal(fault_descriptors(), descriptors);
	}
	print_message("# chain files: %zu faults\n", k - 1);
	assert_true(k > 20);
	fh_store_drop(&s);
	fault_place_drop(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(policies_and_decisions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pipes_and_outboxes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(operator_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(opening_a_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(accepting_statements_of_every_kind,
						fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(accepting_a_kind_that_is_not_understood,
						fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(loading_chain_files,
						fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
