/* SPDX-License-Identifier: Apache-2.0 */
/* A record of some fifty entries in five batches, made by the real journal with real
 * keys, in which every byte is flipped in turn and which is cut at every
 * length.  Nothing may ever be answered with a wrong yes.
 *
 * Signatures that were found right once are remembered (the linker wraps the
 * three calls), because the same ones come back a hundred thousand times; every
 * other input goes to the real verification.  */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture/checked.h"
#include "fixture/maker.h"
#include "fixture/remove.h"

/* --- remembering ------------------------------------------------------------ */

constexpr size_t remembered_max = 64;

struct memory {
	struct fh_hash key_id[remembered_max];
	struct fh_verifier verifier[remembered_max];
	size_t keys;
	struct fh_hash right[remembered_max]; /* of (key, message, signature) */
	size_t rights;
};

static struct memory *memory_of(void)
{
	static struct memory m;

	return &m;
}

fh_err __real_fh_verifier_new(struct fh_span key, struct fh_verifier *out);
fh_err __real_fh_verifier_check(const struct fh_verifier *v, struct fh_span message,
				struct fh_span signature);
fh_err __wrap_fh_verifier_new(struct fh_span key, struct fh_verifier *out);
void __wrap_fh_verifier_drop(struct fh_verifier *v);
fh_err __wrap_fh_verifier_check(const struct fh_verifier *v, struct fh_span message,
				struct fh_span signature);
fh_err __wrap_fh_signature_check(struct fh_span key, struct fh_span message,
				 struct fh_span signature);

fh_err __wrap_fh_verifier_new(struct fh_span key, struct fh_verifier *out)
{
	struct memory *m = memory_of();
	struct fh_hash id = fh_key_id(key);

	for (size_t i = 0; i < m->keys; i++) {
		if (fh_hash_equal(&m->key_id[i], &id)) {
			*out = m->verifier[i];
			return FH_ERR_OK;
		}
	}
	struct fh_verifier made;
	fh_err e = __real_fh_verifier_new(key, &made);

	if (e != FH_ERR_OK)
		return e;
	/* The oldest may be forgotten, but not the ones of the whole record.  */
	size_t slot = m->keys < remembered_max ? m->keys++ : remembered_max - 1;

	m->key_id[slot] = id;
	m->verifier[slot] = made;
	*out = made;
	return FH_ERR_OK;
}

void __wrap_fh_verifier_drop(struct fh_verifier *v)
{
	v->pkey = nullptr;
}

fh_err __wrap_fh_verifier_check(const struct fh_verifier *v, struct fh_span message,
				struct fh_span signature)
{
	struct memory *m = memory_of();
	struct fh_sha256 s;
	struct fh_hash parts[2] = { fh_hash_of(message), fh_hash_of(signature) };

	fh_sha256_begin(&s);
	fh_sha256_add(&s, fh_span_of(&v->pkey, sizeof(v->pkey)));
	fh_sha256_add(&s, FH_SPAN_ARRAY(parts));
	struct fh_hash all = fh_sha256_end(&s);

	for (size_t i = 0; i < m->rights; i++) {
		if (fh_hash_equal(&m->right[i], &all))
			return FH_ERR_OK;
	}
	fh_err e = __real_fh_verifier_check(v, message, signature);

	if (e == FH_ERR_OK && m->rights < remembered_max)
		m->right[m->rights++] = all;
	return e;
}

fh_err __wrap_fh_signature_check(struct fh_span key, struct fh_span message,
				 struct fh_span signature)
{
	struct fh_verifier v;
	fh_err e = __wrap_fh_verifier_new(key, &v);

	return e == FH_ERR_OK ? __wrap_fh_verifier_check(&v, message, signature) : e;
}

/* --- the record ---------------------------------------------------------------- */

struct bench {
	char directory[40];
	struct fh_maker maker;
	struct fh_checked checked;
	struct fh_record_options options;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX]; /* the last checkpoint, saved */
};

static void make_record(struct fh_maker *m)
{
	struct fh_fields none = { 0 };

	fh_maker_first(m);
	fh_maker_batch(m, 12);
	(void)fh_maker_entry(m, FH_ENTRY_STOP, &none);
	fh_maker_batch(m, 10);
	fh_maker_session(m);
	fh_maker_start(m);
	fh_maker_batch(m, 11);
	(void)fh_maker_entry(m, FH_ENTRY_REFUSAL, &none);
	fh_maker_batch(m, 9);
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-mutation-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	fh_maker_begin(&b->maker, b->directory);
	fh_checked_begin(&b->checked);
	make_record(&b->maker);
	fh_checked_load(&b->checked, b->directory);
	b->options.genesis_given = true;
	b->options.genesis = b->maker.chain_id;
	memcpy(b->note, b->maker.note, b->maker.note_n);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_maker_end(&b->maker);
	fh_checked_end(&b->checked);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

static enum fh_answer verdict(struct bench *b)
{
	if (fh_checked_run(&b->checked, &b->options) != FH_ERR_OK)
		return FH_ANSWER_YES; /* "could not" is no refusal: let the test fail */
	return fh_finding_settle(&b->checked.check.finding, FH_AUTHENTIC | FH_ENROLLED, 0);
}

/* With sanitizers each takes five times as long: those look at some of them, the build that is
 * shipped at all (tests/run-all runs both).  A prime, so that every bit and frame has its turn.  */
#ifdef __SANITIZE_ADDRESS__
constexpr size_t every = 7;
#else
constexpr size_t every = 1;
#endif

/* Splits 0 .. N between two processes; JUDGE says whether the case is right.  */
static size_t failures(struct bench *b, size_t n, bool (*judge)(struct bench *, size_t))
{
	pid_t child = fork();
	size_t wrong = 0;
	int status;

	for (size_t i = child == 0 ? 1 : 0; i < n; i += child < 0 ? 1 : 2) {
		if (i / 2 % every != 0 || judge(b, i))
			continue;
		print_error("# wrong at byte %zu: %s\n", i, fh_checked_why(&b->checked));
		wrong++;
	}
	if (child == 0)
		_exit(wrong > 0);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return wrong + (child > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0));
}

static bool flip_is_refused(struct bench *b, size_t at)
{
	uint8_t bit = (uint8_t)(1 << at % 8);

	b->checked.bytes[0][at] ^= bit;
	enum fh_answer v = verdict(b);
	const struct fh_finding *f = &b->checked.check.finding;

	b->checked.bytes[0][at] ^= bit;
	return v == FH_ANSWER_NO && f->reasons > 0 && f->reason[0].code[0] != '\0';
}

static bool cut_is_told(struct bench *b, size_t n)
{
	size_t whole = b->checked.n[0];

	b->checked.n[0] = n;
	b->options.at_least = fh_span_of(b->note, b->maker.note_n);
	enum fh_answer v = verdict(b);
	const struct fh_record_check *c = &b->checked.check;

	b->checked.n[0] = whole;
	b->options.at_least = (struct fh_span){ 0 };
	return v == FH_ANSWER_NO && c->covered.size < b->maker.signed_size;
}

/* Without the checkpoint given it is refused, or a shorter record that says how
 * long it is.  */
static bool cut_is_no_or_shorter(struct bench *b, size_t n)
{
	size_t whole = b->checked.n[0];

	if (n % 8 != 0) /* inside frames one cut is like the next; their ends come below */
		return true;
	b->checked.n[0] = n;
	enum fh_answer v = verdict(b);
	const struct fh_record_check *c = &b->checked.check;

	b->checked.n[0] = whole;
	return v == FH_ANSWER_NO || c->covered.size < b->maker.signed_size;
}

/* Cut behind each frame: never a no, and how far it is consistent grows with the
 * checkpoints alone.  Returns how many cuts were a yes.  */
static size_t cut_at_frames(struct bench *b)
{
	struct fh_cursor c = fh_cursor_of(fh_span_of(b->checked.bytes[0], b->checked.n[0]));
	size_t whole = b->checked.n[0], right = 0;
	enum fh_segment_frame type;
	struct fh_span body;

	while (fh_segment_next(&c, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		uint64_t before = b->checked.check.covered.size;

		b->checked.n[0] = whole - c.rest.n;
		enum fh_answer v = verdict(b);

		b->checked.n[0] = whole;
		assert_int_equal(v, type == FH_SEGMENT_CHECKPOINT ? FH_ANSWER_YES
								  : FH_ANSWER_UNCHECKED);
		assert_true(type != FH_SEGMENT_BATCH
			    || b->checked.check.covered.size == before);
		assert_true((b->checked.check.covered.size == b->maker.signed_size)
			    == (c.rest.n == 0));
		right += v == FH_ANSWER_YES;
	}
	return right;
}

/* --- two segments ---------------------------------------------------------------- */

/* Makes two segments of the one, as the journal would have with a smaller limit:
 * the second begins behind the third checkpoint.  */
static void split(struct bench *b, uint8_t *room, size_t cap)
{
	struct fh_checked *k = &b->checked;
	struct fh_cursor c = fh_cursor_of(fh_span_of(k->bytes[0], k->n[0]));
	struct fh_builder second = fh_builder_of(room, cap);
	struct fh_segment_head h = { 0 };
	enum fh_segment_frame type;
	struct fh_batch batch;
	struct fh_span body;

	for (int checkpoints = 0; checkpoints < 3;) {
		assert_int_equal(fh_segment_next(&c, &type, &body), FH_ERR_OK);
		checkpoints += type == FH_SEGMENT_CHECKPOINT;
		if (type == FH_SEGMENT_HEAD)
			assert_int_equal(fh_segment_head_read(body, &h), FH_ERR_OK);
		if (type == FH_SEGMENT_BATCH)
			assert_int_equal(fh_batch_read(body, &batch), FH_ERR_OK);
	}
	h.first = batch.size;
	h.root = batch.root;
	fh_segment_put_head(&second, &h);
	fh_builder_bytes(&second, c.rest);
	assert_false(second.bad);
	k->n[0] -= c.rest.n;
	k->bytes[1] = room;
	k->n[1] = second.n;
	(void)snprintf(k->name[1], sizeof(k->name[1]), "%020llu.fhj", (unsigned long long)h.first);
	k->segments = 2;
}

/* As flip_is_refused(), over both segments one behind the other: every byte where
 * they meet, and every eighth of what was flipped already in one segment.  */
static bool flip_in_two_is_refused(struct bench *b, size_t at)
{
	size_t border = b->checked.n[0];

	if (at % 8 != 0 && (at + 256 < border || at > border + 256))
		return true;
	size_t s = at < b->checked.n[0] ? 0 : 1;
	uint8_t *byte = &b->checked.bytes[s][s == 0 ? at : at - b->checked.n[0]];
	uint8_t bit = (uint8_t)(1 << at / 8 % 8);

	*byte ^= bit;
	enum fh_answer v = verdict(b);

	*byte ^= bit;
	return v == FH_ANSWER_NO;
}

static void the_record_itself_is_a_yes(void **state)
{
	struct bench *b = *state;

	assert_int_equal(verdict(b), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.covered.size, FH_MAKER_FIRST + 46);
	assert_int_equal(b->checked.check.counts.checkpoints, 5);
	assert_int_equal(b->checked.check.counts.sessions, 2);
	assert_int_equal(b->checked.check.uncovered_n, 0);
	b->options.at_least = fh_span_of(b->note, b->maker.note_n);
	assert_int_equal(verdict(b), FH_ANSWER_YES);
}

static void refuses_every_flipped_byte(void **state)
{
	struct bench *b = *state;

	assert_int_equal(verdict(b), FH_ANSWER_YES);
	assert_int_equal(failures(b, b->checked.n[0], flip_is_refused), 0);
}

static void tells_every_cut(void **state)
{
	struct bench *b = *state;

	assert_int_equal(verdict(b), FH_ANSWER_YES);
	assert_int_equal(failures(b, b->checked.n[0], cut_is_told), 0);
}

static void tells_cuts_without_a_checkpoint_given(void **state)
{
	struct bench *b = *state;

	assert_int_equal(verdict(b), FH_ANSWER_YES);
	assert_int_equal(failures(b, b->checked.n[0], cut_is_no_or_shorter), 0);
	assert_int_equal(cut_at_frames(b), 5);
}

static void refuses_flipped_bytes_of_two_segments(void **state)
{
	static uint8_t room[1 << 20];
	struct bench *b = *state;

	split(b, room, sizeof(room));
	assert_int_equal(verdict(b), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.covered.size, FH_MAKER_FIRST + 46);
	assert_int_equal(b->checked.check.counts.segments, 2);
	assert_int_equal(failures(b, b->checked.n[0] + b->checked.n[1], flip_in_two_is_refused),
			 0);
}

static void refuses_a_lost_or_cut_segment_of_two(void **state)
{
	static uint8_t room[1 << 20];
	struct bench *b = *state;
	struct fh_checked *k = &b->checked;

	split(b, room, sizeof(room));
	/* Only the second.  */
	uint8_t *first = k->bytes[0];
	size_t n = k->n[0];

	k->bytes[0] = k->bytes[1];
	k->n[0] = k->n[1];
	k->segments = 1;
	assert_int_equal(verdict(b), FH_ANSWER_NO);
	assert_string_equal(fh_checked_why(k), "order");
	/* In the other order.  */
	k->bytes[1] = first;
	k->n[1] = n;
	k->segments = 2;
	assert_int_equal(verdict(b), FH_ANSWER_NO);
	assert_string_equal(fh_checked_why(k), "order");
	/* The second behind a first that lost its tail.  */
	k->bytes[1] = k->bytes[0];
	k->bytes[0] = first;
	k->n[1] = k->n[0];
	for (size_t cut = n - 1; cut > n - 40; cut--) {
		k->n[0] = cut;
		assert_int_equal(verdict(b), FH_ANSWER_NO);
	}
	/* Only the first is a shorter record, and says so.  */
	k->n[0] = n;
	k->segments = 1;
	assert_int_equal(verdict(b), FH_ANSWER_YES);
	assert_true(k->check.covered.size < FH_MAKER_FIRST + 46);
	b->options.at_least = fh_span_of(b->note, b->maker.note_n);
	assert_int_equal(verdict(b), FH_ANSWER_NO);
}

/* Behind the last checkpoint nothing is vouched for, and nothing is a yes.  */
static void says_no_yes_to_a_changed_tail(void **state)
{
	static uint8_t room[1 << 20];
	struct bench *b = *state;
	size_t covered = b->checked.n[0];

	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	fh_maker_sync(&b->maker);
	fh_checked_load(&b->checked, b->directory);
	memcpy(room, b->checked.bytes[0], b->checked.n[0]);
	b->checked.bytes[0] = room;
	b->checked.n[0] += 64;
	assert_int_equal(verdict(b), FH_ANSWER_UNCHECKED);
	assert_int_equal(b->checked.check.uncovered_n, 2);
	for (size_t i = covered; i < b->checked.n[0]; i++) {
		room[i] ^= 0x55;
		assert_int_not_equal(verdict(b), FH_ANSWER_YES);
		assert_int_equal(b->checked.check.covered.size, FH_MAKER_FIRST + 46);
		room[i] ^= 0x55;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_record_itself_is_a_yes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_every_flipped_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_every_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_cuts_without_a_checkpoint_given, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(refuses_flipped_bytes_of_two_segments, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(refuses_a_lost_or_cut_segment_of_two, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(says_no_yes_to_a_changed_tail, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
