/* SPDX-License-Identifier: Apache-2.0 */
/* The order that everything rests on: durable before signed, signed before told, also while
 * the next batch is gathered.  The keeper is played by the test.  */
#include "role/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "fixture/remove.h"
#include "os/clock.h"

struct bench {
	char directory[32];
	struct fh_core core;
	int keeper; /* its end of the pair */
	struct fh_arena memory;
	struct fh_pipe asked;
};

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));
	static const struct fh_hash nothing;
	struct fh_trace t = { 0 };
	struct fh_core *c = &b->core;
	int pair[2];

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-commit-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	assert_int_equal(fh_arena_map(64 << 20, &b->memory), FH_ERR_OK);
	assert_int_equal(fh_arena_map(1 << 20, &c->scratch), FH_ERR_OK);
	assert_int_equal(fh_fold_begin(&b->memory, &c->fold), FH_ERR_OK);
	assert_int_equal(fh_arena_map(1 << 20, &c->memory), FH_ERR_OK);
	assert_int_equal(fh_core_seal_begin(c), FH_ERR_OK);
	assert_int_equal(fh_journal_open(b->directory, &nothing, &nothing, 0, &nothing, nullptr,
					 &b->memory, &c->journal, &t), FH_ERR_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	b->keeper = pair[1];
	assert_int_equal(fh_pipe_open(pair[0], FH_DOOR_ANSWER_MAX, &b->memory, &c->keeper),
			 FH_ERR_OK);
	assert_int_equal(fh_pipe_open(pair[1], FH_DOOR_REQUEST_MAX, &b->memory, &b->asked),
			 FH_ERR_OK);
	assert_int_equal(fh_outbox_open(4096, &b->memory, &c->gate[0].out), FH_ERR_OK);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	(void)close(b->core.keeper.fd);
	(void)close(b->keeper);
	fh_journal_drop(&b->core.journal);
	fh_core_seal_drop(&b->core);
	fh_arena_drop(&b->core.scratch);
	fh_arena_drop(&b->core.memory);
	fh_arena_drop(&b->memory);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

static void record(struct bench *b)
{
	struct fh_fields f = { 0 };

	assert_int_equal(fh_core_append(&b->core, FH_ENTRY_STOP, FH_CLASS_PUBLIC, &f, nullptr),
			 FH_ERR_OK);
}

static void tell(struct bench *b)
{
	assert_int_equal(fh_outbox_put(&b->core.gate[0].out, FH_SPAN_LIT("told")), FH_ERR_OK);
}

/* Frames that may be sent.  */
static size_t told(const struct bench *b)
{
	return b->core.gate[0].out.released / (4 + 4);
}

/* The keeper is asked to sign a tree of SIZE, and does.  */
static void sign(struct bench *b, uint64_t size)
{
	uint8_t bytes[256];
	struct fh_builder answer = FH_BUILDER_ARRAY(bytes);
	struct fh_proof proof;
	struct fh_hash root;
	struct fh_span frame;
	uint64_t asked;

	assert_int_equal(fh_pipe_wait(&b->asked, &frame), FH_ERR_OK);
	assert_int_equal(fh_door_read_checkpoint(frame, &asked, &root, &proof), FH_ERR_OK);
	assert_int_equal(asked, size);
	fh_door_put_note(&answer, FH_SPAN_LIT("a note"));
	assert_int_equal(fh_frame_send(b->keeper, fh_builder_span(&answer), -1), FH_ERR_OK);
}

static void nothing_is_told_before_it_is_signed(void **state)
{
	struct bench *b = *state;

	record(b);
	tell(b);
	assert_int_equal(told(b), 0);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	assert_int_equal(b->core.journal.durable.size, 1);
	assert_int_equal(told(b), 0);
	sign(b, 1);
	assert_int_equal(fh_core_commit_end(&b->core), FH_ERR_OK);
	assert_int_equal(told(b), 1);
	assert_int_equal(b->core.journal.signed_tree.size, 1);
}

static void a_signature_lets_go_only_what_waited_for_it(void **state)
{
	struct bench *b = *state;

	record(b);
	tell(b);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	record(b);
	tell(b);
	/* Nothing new is made durable, and nothing else asked, while one is awaited.  */
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	assert_int_equal(b->core.journal.durable.size, 1);
	assert_int_equal(b->core.journal.tree.size, 2);
	sign(b, 1);
	assert_int_equal(fh_core_commit_end(&b->core), FH_ERR_OK);
	assert_int_equal(told(b), 1);
	assert_int_equal(b->core.kept_size, 1);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	assert_int_equal(told(b), 1);
	sign(b, 2);
	assert_int_equal(fh_core_commit_end(&b->core), FH_ERR_OK);
	assert_int_equal(told(b), 2);
	assert_int_equal(b->core.journal.signed_tree.size, 2);
}

/* The outbox moves what is left to its front: what was marked moves along.  */
static void what_was_sent_meanwhile_changes_nothing(void **state)
{
	struct bench *b = *state;
	struct fh_outbox *o = &b->core.gate[0].out;

	tell(b);
	fh_outbox_release(o);
	record(b);
	tell(b);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	o->from = 8; /* the first was sent */
	for (int i = 0; i < 600; i++) { /* so many that it has to move */
		if (fh_outbox_put(o, FH_SPAN_LIT("more")) != FH_ERR_OK)
			break;
	}
	assert_int_equal(o->from, 0);
	sign(b, 1);
	assert_int_equal(fh_core_commit_end(&b->core), FH_ERR_OK);
	assert_int_equal(told(b), 1);
}

static void who_asks_the_keeper_else_waits_for_the_signature(void **state)
{
	uint8_t bytes[64];
	struct fh_builder done = FH_BUILDER_ARRAY(bytes), request = FH_BUILDER_ARRAY(bytes);
	struct bench *b = *state;
	struct fh_span frame;

	record(b);
	tell(b);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	sign(b, 1);
	fh_door_put_done(&done);
	assert_int_equal(fh_frame_send(b->keeper, fh_builder_span(&done), -1), FH_ERR_OK);
	fh_door_put_noting(&request, 7);
	assert_int_equal(fh_core_keeper_ask(&b->core, fh_builder_span(&request), &frame),
			 FH_ERR_OK);
	assert_int_equal(fh_door_read_done(frame, nullptr), FH_ERR_OK);
	assert_int_equal(b->core.kept_size, 1);
	assert_int_equal(told(b), 1);
}

static void without_a_signature_nothing_is_ever_told(void **state)
{
	struct bench *b = *state;

	record(b);
	tell(b);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	assert_int_equal(shutdown(b->keeper, SHUT_RDWR), 0);
	assert_int_not_equal(fh_core_commit_end(&b->core), FH_ERR_OK);
	assert_int_equal(told(b), 0);
}

/* N entries are made durable, signed and let go.  */
static void commit(struct bench *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		record(b);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	sign(b, b->core.journal.tree.size);
	assert_int_equal(fh_core_commit_end(&b->core), FH_ERR_OK);
}

static void a_batch_waits_for_those_who_were_answered_just_now(void **state)
{
	struct bench *b = *state;

	commit(b, 3);
	assert_int_equal(fh_core_gather_ns(&b->core), 0); /* nothing waits */
	record(b);
	record(b);
	b->core.gather_until_ns = UINT64_MAX; /* however slow this machine is */
	assert_true(fh_core_gather_ns(&b->core) > 0);
	record(b);
	assert_int_equal(fh_core_gather_ns(&b->core), 0);
}

/* Who sent while the last batch was signed is not one of those it let go.  */
static void what_was_gathered_before_does_not_count_as_an_answer(void **state)
{
	struct bench *b = *state;

	record(b);
	assert_int_equal(fh_core_commit_begin(&b->core), FH_ERR_OK);
	record(b);
	sign(b, 1);
	assert_int_equal(fh_core_commit_end(&b->core), FH_ERR_OK);
	b->core.gather_until_ns = UINT64_MAX;
	assert_true(fh_core_gather_ns(&b->core) > 0);
	record(b);
	assert_int_equal(fh_core_gather_ns(&b->core), 0);
}

static void one_caller_is_never_made_to_wait(void **state)
{
	struct bench *b = *state;

	commit(b, 1);
	b->core.gather_until_ns = UINT64_MAX;
	record(b);
	assert_int_equal(fh_core_gather_ns(&b->core), 0);
}

static void nobody_is_waited_for_longer_than_a_moment(void **state)
{
	struct bench *b = *state;

	commit(b, 3);
	record(b);
	assert_true(b->core.gather_until_ns <= fh_clock_boot_ns() + 1000000);
	b->core.gather_until_ns = fh_clock_boot_ns();
	assert_int_equal(fh_core_gather_ns(&b->core), 0);
}

static void a_large_batch_waits_for_nobody(void **state)
{
	struct bench *b = *state;

	commit(b, 256);
	for (size_t i = 0; i < 255; i++)
		record(b);
	b->core.gather_until_ns = UINT64_MAX;
	assert_int_equal(fh_core_gather_ns(&b->core), 0);
}

/* A permitted intent, or the outcome of INTENT.  */
static fh_err append_call(struct bench *b, enum fh_entry_kind kind, uint64_t intent)
{
	uint8_t bytes[64];
	struct fh_builder room = FH_BUILDER_ARRAY(bytes);
	struct fh_fields f = { .n = 1 };

	if (kind == FH_ENTRY_INTENT) {
		fh_cbor_put_array(&room, 3);
		fh_cbor_put_bool(&room, true);
		fh_cbor_put_text(&room, FH_SPAN_LIT("permitted"));
		fh_cbor_put_array(&room, 0);
	} else {
		fh_cbor_put_uint(&room, intent);
	}
	f.field[0] = (struct fh_field){
		.id = kind == FH_ENTRY_INTENT ? FH_FIELD_DECISION : FH_FIELD_INTENT,
		.value = fh_builder_span(&room),
	};
	return fh_core_append(&b->core, kind, FH_CLASS_DEFAULT, &f, nullptr);
}

static void what_the_fold_cannot_take_is_not_written(void **state)
{
	struct bench *b = *state;

	assert_int_equal(append_call(b, FH_ENTRY_OUTCOME, 7), FH_ERR_STATE);
	assert_int_equal(b->core.journal.tree.size, 0);
	assert_int_equal(append_call(b, FH_ENTRY_INTENT, 0), FH_ERR_OK);
	assert_int_equal(append_call(b, FH_ENTRY_OUTCOME, 0), FH_ERR_OK);
	b->core.fold.opens = FH_OPEN_MAX;
	assert_int_equal(append_call(b, FH_ENTRY_INTENT, 0), FH_ERR_STATE);
	assert_int_equal(b->core.journal.tree.size, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_told_before_it_is_signed),
		TEST(a_signature_lets_go_only_what_waited_for_it),
		TEST(what_was_sent_meanwhile_changes_nothing),
		TEST(who_asks_the_keeper_else_waits_for_the_signature),
		TEST(without_a_signature_nothing_is_ever_told),
		TEST(a_batch_waits_for_those_who_were_answered_just_now),
		TEST(what_was_gathered_before_does_not_count_as_an_answer),
		TEST(one_caller_is_never_made_to_wait),
		TEST(nobody_is_waited_for_longer_than_a_moment),
		TEST(a_large_batch_waits_for_nobody),
		TEST(what_the_fold_cannot_take_is_not_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
