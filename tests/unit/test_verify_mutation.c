/* SPDX-License-Identifier: Apache-2.0 */
/* A record of fifty entries in five batches, made by the real journal with real
 * keys, in which every byte is flipped in turn and which is cut at every
 * length.  Nothing may ever be answered with a wrong yes.
 *
 * Signatures that were found right once are remembered (the linker wraps the
 * three calls), because the same ones come back a hundred thousand times; every
 * other input goes to the real verification.  */
#include <errno.h>
#include <ftw.h>
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

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_maker_end(&b->maker);
	fh_checked_end(&b->checked);
	(void)nftw(b->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	test_free(b);
	return 0;
}

static enum fh_answer verdict(struct bench *b)
{
	if (fh_checked_run(&b->checked, &b->options) != FH_ERR_OK)
		return FH_ANSWER_YES; /* "could not" is no refusal: let the test fail */
	return fh_finding_settle(&b->checked.check.finding, FH_AUTHENTIC | FH_ENROLLED, 0);
}

/* Splits 0 .. N between two processes; JUDGE says whether the case is right.  */
static size_t failures(struct bench *b, size_t n, bool (*judge)(struct bench *, size_t))
{
	pid_t child = fork();
	size_t wrong = 0;
	int status;

	for (size_t i = child == 0 ? 1 : 0; i < n; i += child < 0 ? 1 : 2) {
		if (judge(b, i))
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
	/* Without the checkpoint given it is refused, or a shorter record that says
	 * how long it is.  */
	return v == FH_ANSWER_NO && c->covered.size < b->maker.signed_size;
}

static void the_record_itself_is_a_yes(void **state)
{
	struct bench *b = *state;

	assert_int_equal(verdict(b), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.covered.size, 50);
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
		assert_int_equal(b->checked.check.covered.size, 50);
		room[i] ^= 0x55;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_record_itself_is_a_yes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_every_flipped_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_every_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_no_yes_to_a_changed_tail, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
