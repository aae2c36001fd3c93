/* SPDX-License-Identifier: Apache-2.0 */
#include "role/data_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data_keys_fixture.h"

constexpr off_t head_size = 4096;
constexpr off_t record_size = 192;
constexpr uint64_t now_made = 7; /* statement at which keys are made */

static int set_up(void **state)
{
	*state = bench_new(/* tell= */ nullptr, 0);
	return 0;
}

static struct fh_data_period of(const char *subject, const char *class, uint64_t period)
{
	return (struct fh_data_period){ fh_span_str(subject), fh_span_str(class), period };
}

static struct made make(struct bench *b, const char *subject, const char *class, uint64_t period)
{
	struct fh_data_period p = of(subject, class, period);
	struct made m = { 0 };

	assert_int_equal(fh_data_keys_make(&b->keys, &p, now_made, m.name, &m.key, &b->trace),
			 FH_ERR_OK);
	return m;
}

static bool same(const struct made *a, const struct made *b)
{
	return memcmp(a->name, b->name, sizeof(a->name)) == 0
	       && fh_secret_equal(fh_secret_span(&a->key), fh_secret_span(&b->key));
}

static bool finds(struct bench *b, const struct made *m)
{
	struct fh_secret key = { 0 };
	fh_err e = fh_data_keys_find(&b->keys, FH_SPAN_ARRAY(m->name), &key, &b->trace);

	return e == FH_ERR_OK && fh_secret_equal(fh_secret_span(&m->key), fh_secret_span(&key));
}

static off_t size_of(const struct bench *b)
{
	struct stat st;

	assert_int_equal(fstat(b->file[b->keys.epoch % 2], &st), 0);
	return st.st_size;
}

/* One key for each subject, class and period; the same for ever.  */
static void makes_each_key_once(void **state)
{
	struct bench *b = *state;
	struct made amy = make(b, "amy", "default", 3), again = make(b, "amy", "default", 3);
	struct made bob = make(b, "bob", "default", 3), later = make(b, "amy", "default", 4);
	struct made other = make(b, "amy", "60s", 3), nobody = make(b, "", "default", 3);

	assert_true(same(&amy, &again));
	assert_false(same(&amy, &bob) || same(&amy, &later) || same(&amy, &other)
		     || same(&amy, &nobody));
	assert_int_equal(size_of(b), head_size + 5 * record_size);
	assert_int_equal(open_again(b), FH_ERR_OK);
	assert_true(finds(b, &amy) && finds(b, &bob) && finds(b, &later) && finds(b, &other)
		    && finds(b, &nobody));
	again = make(b, "amy", "default", 3);
	assert_true(same(&amy, &again));
	assert_int_equal(size_of(b), head_size + 5 * record_size);
}

/* No subject ends where the class or the period begins.  */
static void names_do_not_run_into_each_other(void **state)
{
	struct bench *b = *state;
	struct made one = make(b, "b", "a", 1), two = make(b, "", "ab", 1);

	assert_false(same(&one, &two));
}

static void says_that_there_is_none(void **state)
{
	struct bench *b = *state;
	struct made never = { .name = { 1, 2, 3 } };
	struct fh_secret key;

	assert_int_equal(fh_data_keys_find(&b->keys, FH_SPAN_ARRAY(never.name), &key, &b->trace),
			 FH_ERR_MISSING);
}

/* Neither the chip's share nor the device's root opens anything alone.  */
static void another_root_opens_nothing(void **state)
{
	struct bench *b = *state;
	struct made one = make(b, "amy", "default", 1), two = make(b, "amy", "default", 2);

	b->root.bytes[5] ^= 1;
	assert_int_equal(open_again(b), FH_ERR_FORMAT);
	assert_false(finds(b, &one) || finds(b, &two));
}

/* The plaintext of a key is nowhere in the file.  */
static void the_file_holds_no_key(void **state)
{
	struct bench *b = *state;
	struct made m = make(b, "amy", "default", 1);
	uint8_t bytes[head_size + record_size];

	assert_int_equal(pread(b->file[b->keys.epoch % 2], bytes, sizeof(bytes), 0),
			 sizeof(bytes));
	for (size_t i = 0; i + m.key.n <= sizeof(bytes); i++)
		assert_memory_not_equal(bytes + i, m.key.bytes, m.key.n);
	for (size_t i = 0; i + 3 <= sizeof(bytes); i++)
		assert_memory_not_equal(bytes + i, "amy", 3);
}

/* A crash may leave any part of the last record, or anything in its place.  */
static void an_incomplete_record_is_cut_off(void **state)
{
	static const uint8_t garbage[record_size] = { 7, 7, 7 };
	struct bench *b = *state;
	struct made first = make(b, "amy", "default", 1);
	int file = b->file[b->keys.epoch % 2];

	for (off_t n = 1; n <= record_size; n++) {
		assert_int_equal(pwrite(file, garbage, (size_t)n, head_size + record_size), n);
		assert_int_equal(open_again(b), FH_ERR_OK);
		assert_int_equal(size_of(b), head_size + record_size);
		assert_true(finds(b, &first));
	}
	struct made second = make(b, "amy", "default", 2);

	assert_int_equal(open_again(b), FH_ERR_OK);
	assert_true(finds(b, &first) && finds(b, &second));
}

/* Nothing was sealed with a file that has no record yet.  */
static void an_incomplete_head_is_written_again(void **state)
{
	struct bench *b = *state;
	int file = b->file[b->keys.epoch % 2];

	for (off_t n = 0; n < head_size; n += 511) {
		assert_int_equal(ftruncate(file, n), 0);
		assert_int_equal(open_again(b), FH_ERR_OK);
	}
	assert_int_equal(pwrite(file, "x", 1, 100), 1);
	assert_int_equal(open_again(b), FH_ERR_OK);
	struct made m = make(b, "amy", "default", 1);

	assert_int_equal(pwrite(file, "x", 1, 100), 1);
	assert_int_equal(open_again(b), FH_ERR_FORMAT);
	assert_non_null(strstr(b->trace.what, "damaged"));
	assert_false(finds(b, &m));
}

static void an_altered_key_is_damage(void **state)
{
	struct bench *b = *state;
	struct made first = make(b, "amy", "default", 1);
	uint8_t byte;

	(void)make(b, "amy", "default", 2);
	for (off_t i = 0; i < record_size; i++) {
		int file = b->file[b->keys.epoch % 2];

		assert_int_equal(pread(file, &byte, 1, head_size + i), 1);
		byte ^= 1;
		assert_int_equal(pwrite(file, &byte, 1, head_size + i), 1);
		assert_int_equal(open_again(b), FH_ERR_FORMAT);
		assert_non_null(strstr(b->trace.what, "altered"));
		byte ^= 1;
		assert_int_equal(pwrite(file, &byte, 1, head_size + i), 1);
	}
	assert_int_equal(open_again(b), FH_ERR_OK);
	assert_true(finds(b, &first));
}

static void another_epoch_is_a_rollback(void **state)
{
	struct bench *b = *state;
	uint64_t now;

	(void)make(b, "amy", "default", 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_DATA, &now),
				 FH_ERR_OK);
	assert_int_equal(open_again(b), FH_ERR_ROLLBACK);
	assert_non_null(strstr(b->trace.what, "data epoch"));
	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_DATA, &now), FH_ERR_OK);
	assert_int_equal(open_again(b), FH_ERR_ROLLBACK);
	assert_non_null(strstr(b->trace.what, "data epoch"));
	assert_int_equal(ftruncate(b->file[(b->keys.epoch + 1) % 2], 100), 0);
	assert_int_equal(open_again(b), FH_ERR_FORMAT);
	assert_non_null(strstr(b->trace.what, "is empty"));
}

static void refuses_what_is_too_long(void **state)
{
	static char long_class[FH_CLASS_MAX + 2], long_subject[FH_SUBJECT_MAX + 2];
	struct bench *b = *state;
	struct made m = { 0 };

	memset(long_class, 'c', FH_CLASS_MAX + 1);
	memset(long_subject, 's', FH_SUBJECT_MAX + 1);
	struct fh_data_period p = of("amy", long_class, 1), q = of(long_subject, "default", 1);

	assert_int_equal(fh_data_keys_make(&b->keys, &p, 0, m.name, &m.key, &b->trace),
			 FH_ERR_LIMIT);
	assert_int_equal(fh_data_keys_make(&b->keys, &q, 0, m.name, &m.key, &b->trace),
			 FH_ERR_LIMIT);
}

/* --- ending keys ------------------------------------------------------------- */

struct shred {
	uint8_t list[FH_SHRED_LIST_MAX];
	size_t n;
	uint64_t left;
};

static fh_err begin_at(struct bench *b, uint64_t lo_ms, struct shred *s)
{
	struct fh_builder list = FH_BUILDER_ARRAY(s->list);
	fh_err e = fh_data_keys_shred_begin(&b->keys, &b->root, lo_ms, &list, &b->trace);

	s->n = list.n;
	return e;
}

static fh_err shred_at(struct bench *b, uint64_t lo_ms, struct shred *s)
{
	fh_err e = begin_at(b, lo_ms, s);

	if (e == FH_ERR_OK)
		e = fh_data_keys_rewrap(&b->keys, SIZE_MAX, &s->left, &b->trace);
	return e == FH_ERR_OK ? fh_data_keys_shred_end(&b->keys, &b->trace) : e;
}

/* LIST names M.  */
static bool names(const struct shred *s, const struct made *m)
{
	struct fh_shred_key key;
	size_t at = 0;

	while (fh_shred_next(fh_span_of(s->list, s->n), &at, &key)) {
		if (fh_span_equal(key.name, FH_SPAN_ARRAY(m->name)))
			return true;
	}
	return false;
}

/* What is kept for 16 s in periods of 1 s ends with the first entry of its period.  */
static void age_ends_a_key(void **state)
{
	struct bench *b = *state;
	struct made old = make(b, "amy", "16s", 0), young = make(b, "amy", "16s", 1);
	struct made ever = make(b, "amy", "default", 0), fold = make(b, "", "fold", 0);
	uint64_t epoch = b->keys.epoch;
	struct shred s;

	assert_int_equal(fh_data_keys_due(&b->keys, 15999).due, 0);
	assert_int_equal(fh_data_keys_due(&b->keys, 15999).next_ms, 16000);
	assert_int_equal(begin_at(b, 15999, &s), FH_ERR_MISSING);
	assert_int_equal(fh_data_keys_due(&b->keys, 16000).due, 1);
	assert_int_equal(fh_data_keys_due(&b->keys, 16000).next_ms, 17000);
	assert_int_equal(shred_at(b, 16000, &s), FH_ERR_OK);
	assert_true(names(&s, &old) && !names(&s, &young) && !names(&s, &ever));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(b->keys.epoch, epoch + 1);
		assert_false(finds(b, &old));
		assert_true(finds(b, &young) && finds(b, &ever) && finds(b, &fold));
		assert_int_equal(open_again(b), FH_ERR_OK);
	}
	struct stat st;

	assert_int_equal(fstat(b->file[epoch % 2], &st), 0);
	assert_int_equal(st.st_size, 0);
	/* What comes again is another key of the same name.  */
	struct made again = make(b, "amy", "16s", 0);

	assert_memory_equal(again.name, old.name, sizeof(old.name));
	assert_false(same(&again, &old));
}

/* Of whom the operator says so, whatever its age, if it was made before the statement.  */
static void asking_ends_the_keys_of_one(void **state)
{
	struct bench *b = *state;
	struct made amy = make(b, "amy", "default", 1), bob = make(b, "bob", "default", 1);
	struct made fold = make(b, "", "fold", 0);
	struct shred s;

	assert_int_equal(fh_data_keys_ask(&b->keys, FH_SPAN_LIT("amy"), now_made), FH_ERR_OK);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 0); /* made at it, not before it */
	assert_int_equal(fh_data_keys_ask(&b->keys, FH_SPAN_LIT("amy"), now_made + 1), FH_ERR_OK);
	assert_int_equal(fh_data_keys_ask(&b->keys, FH_SPAN_LIT("am"), now_made + 1), FH_ERR_OK);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 1);
	assert_int_equal(shred_at(b, 0, &s), FH_ERR_OK);
	assert_true(names(&s, &amy) && !names(&s, &bob));
	assert_false(finds(b, &amy));
	assert_true(finds(b, &bob) && finds(b, &fold));
	fh_data_keys_forget_wishes(&b->keys);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 0);
}

static void a_hold_stands_against_both(void **state)
{
	struct bench *b = *state;
	struct made old = make(b, "amy", "16s", 0), kept = make(b, "amy", "default", 0);
	struct made bob = make(b, "bob", "16s", 0);
	struct shred s;

	assert_int_equal(fh_data_keys_hold(&b->keys, FH_SPAN_LIT("amy")), FH_ERR_OK);
	assert_int_equal(fh_data_keys_ask(&b->keys, FH_SPAN_LIT("amy"), 99), FH_ERR_OK);
	assert_int_equal(fh_data_keys_due(&b->keys, 16000).due, 1);
	assert_int_equal(fh_data_keys_due(&b->keys, 16000).held, 2);
	assert_int_equal(shred_at(b, 16000, &s), FH_ERR_OK);
	assert_false(finds(b, &bob));
	assert_true(finds(b, &old) && finds(b, &kept));
	fh_data_keys_hold_all(&b->keys);
	assert_int_equal(begin_at(b, 16000, &s), FH_ERR_MISSING);
	fh_data_keys_forget_wishes(&b->keys);
	assert_int_equal(shred_at(b, 16000, &s), FH_ERR_OK);
	assert_false(finds(b, &old));
	assert_true(finds(b, &kept));
}

/* Among many, some of which have one place in the table of tags; also when others have ended.  */
static void a_wish_reaches_all_of_one_and_no_other(void **state)
{
	constexpr int many = 200;
	struct bench *b = *state;
	char subject[16];
	struct shred s;

	for (int i = 0; i < many; i++) {
		(void)snprintf(subject, sizeof(subject), "actor-%d", i);
		for (uint64_t period = 1; period <= 3; period++)
			(void)make(b, subject, "default", period);
	}
	for (int i = 0; i < many; i += 50) {
		(void)snprintf(subject, sizeof(subject), "actor-%d", i);
		fh_data_keys_forget_wishes(&b->keys);
		assert_int_equal(fh_data_keys_ask(&b->keys, fh_span_str(subject), 99), FH_ERR_OK);
		assert_int_equal(fh_data_keys_hold(&b->keys, FH_SPAN_LIT("actor-7")), FH_ERR_OK);
		assert_int_equal(fh_data_keys_ask(&b->keys, FH_SPAN_LIT("actor-7"), 99), FH_ERR_OK);
		assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 3);
		assert_int_equal(fh_data_keys_due(&b->keys, 0).held, 3);
		assert_int_equal(shred_at(b, 0, &s), FH_ERR_OK);
		assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 0);
	}
	assert_int_equal(b->keys.n, 3 * (many - 4));
}

/* Sealing goes on meanwhile, with keys that are there and with new ones.  */
static void keys_made_meanwhile_stay(void **state)
{
	struct bench *b = *state;
	struct made old = make(b, "amy", "16s", 0), before = make(b, "amy", "16s", 1);
	struct shred s;

	assert_int_equal(begin_at(b, 16000, &s), FH_ERR_OK);
	struct made during = make(b, "cid", "16s", 2);

	assert_true(finds(b, &old)); /* until it is over */
	assert_int_equal(fh_data_keys_rewrap(&b->keys, 1, &s.left, &b->trace), FH_ERR_OK);
	assert_int_equal(s.left, 2);
	assert_int_equal(fh_data_keys_rewrap(&b->keys, 9, &s.left, &b->trace), FH_ERR_OK);
	assert_int_equal(s.left, 0);
	struct made last = make(b, "dan", "16s", 3);

	assert_int_equal(fh_data_keys_shred_end(&b->keys, &b->trace), FH_ERR_OK);
	for (int i = 0; i < 2; i++) {
		assert_true(finds(b, &before) && finds(b, &during) && finds(b, &last));
		assert_false(finds(b, &old));
		assert_int_equal(open_again(b), FH_ERR_OK);
	}
}

/* Cut off anywhere before the chip's step nothing has changed, and what an entry of the record
 * names can still be ended; behind it, it is.  */
static void a_shred_cut_off_is_undone_or_finished(void **state)
{
	for (int step = 0; step < 4; step++) {
		struct bench *b = *state;
		struct made old = make(b, "amy", "16s", 0), young = make(b, "amy", "16s", 5);
		uint64_t epoch = b->keys.epoch;
		struct shred s;

		assert_int_equal(begin_at(b, 16000, &s), FH_ERR_OK);
		if (step > 0)
			assert_int_equal(fh_data_keys_rewrap(&b->keys, 1, &s.left, &b->trace),
					 FH_ERR_OK);
		if (step > 1)
			assert_int_equal(fh_data_keys_rewrap(&b->keys, 9, &s.left, &b->trace),
					 FH_ERR_OK);
		assert_int_equal(open_again(b), FH_ERR_OK);
		assert_int_equal(fh_data_keys_settle(&b->keys, &b->trace), FH_ERR_OK);
		assert_int_equal(b->keys.epoch, epoch);
		assert_true(finds(b, &old) && finds(b, &young));
		if (step % 2 == 0) { /* it was acknowledged */
			assert_int_equal(fh_data_keys_shred_these(&b->keys, &b->root,
								  fh_span_of(s.list, s.n),
								  &b->trace), FH_ERR_OK);
			assert_int_equal(fh_data_keys_shred_end(&b->keys, &b->trace), FH_ERR_OK);
		} else {
			assert_int_equal(shred_at(b, 16000, &s), FH_ERR_OK);
		}
		assert_false(finds(b, &old));
		assert_true(finds(b, &young));
		(void)tear_down(state);
		(void)set_up(state);
	}
}

/* The file of the epoch that is over is there if the power failed behind the chip's step.  */
static void what_is_over_is_emptied_at_the_next_start(void **state)
{
	struct bench *b = *state;
	uint8_t before[head_size + 2 * record_size];
	struct made old = make(b, "amy", "16s", 0), young = make(b, "amy", "16s", 5);
	int file = b->file[b->keys.epoch % 2];
	struct stat st;
	struct shred s;

	assert_int_equal(pread(file, before, sizeof(before), 0), sizeof(before));
	assert_int_equal(shred_at(b, 16000, &s), FH_ERR_OK);
	assert_int_equal(pwrite(file, before, sizeof(before), 0), sizeof(before));
	assert_int_equal(open_again(b), FH_ERR_OK);
	assert_false(finds(b, &old));
	assert_true(finds(b, &young));
	assert_int_equal(fh_data_keys_settle(&b->keys, &b->trace), FH_ERR_OK);
	assert_int_equal(fstat(file, &st), 0);
	assert_int_equal(st.st_size, 0);
}

/* A copy of the files from before is of no use to the chip of now.  */
static void a_copy_from_before_opens_nothing(void **state)
{
	struct bench *b = *state;
	uint8_t before[head_size + 2 * record_size];
	struct made old = make(b, "amy", "16s", 0), young = make(b, "amy", "16s", 5);
	int even = b->file[0], odd = b->file[1], file = b->file[b->keys.epoch % 2];
	struct shred s;

	assert_int_equal(pread(file, before, sizeof(before), 0), sizeof(before));
	assert_int_equal(shred_at(b, 16000, &s), FH_ERR_OK);
	assert_int_equal(ftruncate(even, 0), 0);
	assert_int_equal(ftruncate(odd, 0), 0);
	assert_int_equal(pwrite(file, before, sizeof(before), 0), sizeof(before));
	assert_int_equal(open_again(b), FH_ERR_ROLLBACK);
	assert_non_null(strstr(b->trace.what, "data epoch"));
	assert_false(finds(b, &old) || finds(b, &young));
	/* Nor under the name of the file that counts now.  */
	assert_int_equal(pwrite(file == even ? odd : even, before, sizeof(before), 0),
			 sizeof(before));
	assert_int_equal(open_again(b), FH_ERR_ROLLBACK);
	assert_false(finds(b, &old) || finds(b, &young));
}

/* A copy of the file that a shred had begun, which was then given up, holds what ends later: no
 * epoch in which that has ended opens it.  */
static void a_copy_of_what_was_given_up_opens_nothing(void **state)
{
	struct bench *b = *state;
	uint8_t copy[head_size + record_size];
	struct made first = make(b, "amy", "16s", 0), second = make(b, "bob", "16s", 1);
	int file = b->file[(b->keys.epoch + 1) % 2];
	struct shred s;

	assert_int_equal(begin_at(b, 16000, &s), FH_ERR_OK); /* of the first alone */
	assert_int_equal(fh_data_keys_rewrap(&b->keys, 9, &s.left, &b->trace), FH_ERR_OK);
	assert_int_equal(pread(file, copy, sizeof(copy), 0), sizeof(copy));
	assert_int_equal(open_again(b), FH_ERR_OK);
	assert_int_equal(shred_at(b, 17000, &s), FH_ERR_OK); /* of both */
	assert_false(finds(b, &first) || finds(b, &second));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ftruncate(b->file[i], 0), 0);
		assert_int_equal(pwrite(b->file[i], copy, sizeof(copy), 0), sizeof(copy));
	}
	assert_int_equal(open_again(b), FH_ERR_ROLLBACK);
	assert_false(finds(b, &second));
}

/* Shreds while the disk takes nothing at SIZE and behind it.  */
static fh_err shred_on_a_full_disk(struct bench *b, uint64_t lo_ms, rlim_t size)
{
	struct rlimit before, full;
	struct shred s;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	full = (struct rlimit){ size, before.rlim_max };
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	fh_err e = shred_at(b, lo_ms, &s);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	return e;
}

/* What fails while an epoch is passed by is put off: nothing was promised.  */
static void what_was_given_up_is_put_off_on_a_full_disk(void **state)
{
	struct bench *b = *state;
	struct made old = make(b, "amy", "16s", 0), young = make(b, "bob", "16s", 5);
	uint64_t epoch = b->keys.epoch;
	struct shred s;

	assert_int_equal(begin_at(b, 16000, &s), FH_ERR_OK);
	assert_int_equal(fh_data_keys_rewrap(&b->keys, 9, &s.left, &b->trace), FH_ERR_OK);
	assert_int_equal(shred_on_a_full_disk(b, 16000, head_size + 1), FH_ERR_FULL);
	assert_non_null(strstr(b->trace.what, "nothing is shredded"));
	assert_int_equal(b->keys.epoch, epoch);
	struct made after = make(b, "cid", "16s", 6); /* recording goes on */

	assert_int_equal(shred_at(b, 16000, &s), FH_ERR_OK);
	assert_true(finds(b, &young) && finds(b, &after));
	assert_false(finds(b, &old));
}

/* However far the next attempt comes before it fails, too, and whether or not the power does.  */
static void what_was_given_up_is_not_forgotten(void **state)
{
	static const rlim_t full_at[] = { 0, 100, head_size };

	for (size_t i = 0; i < 2 * sizeof(full_at) / sizeof(*full_at); i++) {
		struct bench *b = *state;
		struct made first = make(b, "amy", "16s", 0), second = make(b, "bob", "16s", 1);
		struct made young = make(b, "cid", "16s", 5);
		uint8_t copy[head_size + 2 * record_size];
		uint64_t epoch = b->keys.epoch;
		int file = b->file[(epoch + 1) % 2];
		struct shred s;

		assert_int_equal(begin_at(b, 16000, &s), FH_ERR_OK); /* of the first alone */
		assert_int_equal(fh_data_keys_rewrap(&b->keys, 9, &s.left, &b->trace), FH_ERR_OK);
		assert_int_equal(pread(file, copy, sizeof(copy), 0), sizeof(copy));
		assert_int_equal(shred_on_a_full_disk(b, 16000, full_at[i / 2]), FH_ERR_FULL);
		if (i % 2 > 0) {
			assert_int_equal(open_again(b), FH_ERR_OK);
			assert_int_equal(fh_data_keys_settle(&b->keys, &b->trace), FH_ERR_OK);
		}
		assert_int_equal(b->keys.epoch, epoch);
		assert_int_equal(shred_at(b, 17000, &s), FH_ERR_OK); /* of both */
		assert_int_equal(b->keys.epoch, epoch + 2);
		assert_int_equal(open_again(b), FH_ERR_OK);
		assert_true(finds(b, &young));
		assert_false(finds(b, &first) || finds(b, &second));
		assert_int_equal(size_of(b), head_size + record_size);
		for (int j = 0; j < 2; j++) {
			assert_int_equal(ftruncate(b->file[j], 0), 0);
			assert_int_equal(pwrite(b->file[j], copy, sizeof(copy), 0), sizeof(copy));
		}
		assert_int_equal(open_again(b), FH_ERR_ROLLBACK);
		assert_false(finds(b, &second));
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void more_than_one_entry_holds_take_several(void **state)
{
	struct bench *b = *state;
	struct shred s;

	for (uint64_t i = 0; i < FH_SHRED_KEYS_MAX + 5; i++)
		(void)make(b, "amy", "1s", i);
	assert_int_equal(shred_at(b, UINT64_MAX, &s), FH_ERR_OK);
	assert_int_equal(fh_data_keys_due(&b->keys, UINT64_MAX - 1).due, 5);
	assert_int_equal(shred_at(b, UINT64_MAX - 1, &s), FH_ERR_OK);
	assert_int_equal(b->keys.n, 0);
	assert_int_equal(open_again(b), FH_ERR_OK);
}

/* What status tells, without the chip.  */
static void anybody_sees_when_the_next_ends(void **state)
{
	struct bench *b = *state;
	struct fh_data_look l;
	struct shred s;

	assert_int_equal(fh_data_keys_look(b->file[0], b->file[1], &l), FH_ERR_OK);
	assert_true(l.keys == 0 && l.next_ms == UINT64_MAX && l.epoch == b->keys.epoch);
	(void)make(b, "amy", "default", 0);
	(void)make(b, "amy", "16s", 3);
	(void)make(b, "amy", "16s", 1);
	assert_int_equal(begin_at(b, 17000, &s), FH_ERR_OK); /* which changes nothing yet */
	assert_int_equal(fh_data_keys_look(b->file[0], b->file[1], &l), FH_ERR_OK);
	assert_true(l.keys == 3 && l.next_ms == 17000 && l.epoch == b->keys.epoch);
	assert_int_equal(shred_at(b, 17000, &s), FH_ERR_OK);
	assert_int_equal(fh_data_keys_look(b->file[0], b->file[1], &l), FH_ERR_OK);
	assert_true(l.keys == 2 && l.next_ms == 19000 && l.epoch == b->keys.epoch);
	assert_int_equal(ftruncate(b->file[0], 0), 0);
	assert_int_equal(ftruncate(b->file[1], 0), 0);
	assert_int_equal(fh_data_keys_look(b->file[0], b->file[1], &l), FH_ERR_MISSING);
}

/* What the fold needed ends when it is carried, but for what older versions sealed, and what the
 * operator holds.  */
static void keys_of_the_fold_end_when_it_is_carried(void **state)
{
	struct bench *b = *state;
	struct made older = make(b, "", "fold", 0), first = make(b, "", "fold", 1),
		    now = make(b, "", "fold", 40), other = make(b, "amy", "16s", 1);
	struct shred s;

	assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 0);
	fh_data_keys_carried(&b->keys, 40);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 1);
	fh_data_keys_hold_all(&b->keys);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 0);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).held, 1);
	fh_data_keys_forget_wishes(&b->keys);
	assert_int_equal(begin_at(b, 0, &s), FH_ERR_MISSING);
	fh_data_keys_carried(&b->keys, 40);
	assert_int_equal(shred_at(b, 0, &s), FH_ERR_OK);
	assert_true(names(&s, &first) && !names(&s, &now));
	assert_false(finds(b, &first));
	assert_true(finds(b, &older) && finds(b, &now) && finds(b, &other));
	assert_int_equal(open_again(b), FH_ERR_OK);
	fh_data_keys_carried(&b->keys, 41);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).due, 1);
	assert_int_equal(fh_data_keys_due(&b->keys, 0).room, FH_DATA_KEYS_MAX - 3);
}

static void what_is_not_there_cannot_be_finished(void **state)
{
	struct bench *b = *state;
	struct made old = make(b, "amy", "16s", 0), stranger = { .name = { 1 } };
	uint8_t bytes[64];
	struct fh_builder list = FH_BUILDER_ARRAY(bytes);
	const struct fh_shred_key key = { FH_SPAN_ARRAY(stranger.name), FH_SPAN_LIT("16s"), 0, 0 };

	fh_shred_begin(&list, 1);
	fh_shred_put_key(&list, &key);
	assert_int_equal(fh_data_keys_shred_these(&b->keys, &b->root, fh_builder_span(&list),
						  &b->trace), FH_ERR_FORMAT);
	assert_int_equal(fh_data_keys_shred_end(&b->keys, &b->trace), FH_ERR_STATE);
	assert_true(finds(b, &old));
}

static fh_err shred_this(struct bench *b, const struct made *m, const char *class, uint64_t period,
			 uint64_t statement)
{
	uint8_t bytes[FH_SHRED_KEY_MAX + 4];
	struct fh_builder list = FH_BUILDER_ARRAY(bytes);
	const struct fh_shred_key key = { FH_SPAN_ARRAY(m->name), fh_span_str(class), period,
					  statement };

	fh_shred_begin(&list, 1);
	fh_shred_put_key(&list, &key);
	return fh_data_keys_shred_these(&b->keys, &b->root, fh_builder_span(&list), &b->trace);
}

/* What the record says of a key that ends is so, or it does not end.  */
static void what_is_untrue_of_a_key_does_not_end_it(void **state)
{
	for (int under_way = 0; under_way < 2; under_way++) {
		struct bench *b = *state;
		struct made m = make(b, "amy", "16s", 3);
		struct shred s;
		const struct { const char *class; uint64_t period, statement; } untrue[] = {
			{ "1s", 3, 0 }, { "16", 3, 0 }, { "16s", 2, 0 }, { "16s", 3, now_made },
			{ "16s", 3, 1 },
		};

		for (size_t i = 0; i < sizeof(untrue) / sizeof(*untrue); i++) {
			if (under_way > 0)
				assert_int_equal(begin_at(b, 19000, &s), FH_ERR_OK);
			assert_int_equal(shred_this(b, &m, untrue[i].class, untrue[i].period,
						    untrue[i].statement), FH_ERR_CONFLICT);
			assert_int_equal(fh_data_keys_shred_end(&b->keys, &b->trace), FH_ERR_STATE);
			assert_true(finds(b, &m));
		}
		if (under_way > 0)
			assert_int_equal(begin_at(b, 19000, &s), FH_ERR_OK);
		assert_int_equal(shred_this(b, &m, "16s", 3, under_way > 0 ? 0 : now_made + 1),
				 FH_ERR_OK);
		assert_int_equal(fh_data_keys_shred_end(&b->keys, &b->trace), FH_ERR_OK);
		assert_false(finds(b, &m));
	}
}

#define ON_FRESH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_FRESH_FILES(makes_each_key_once),
		ON_FRESH_FILES(names_do_not_run_into_each_other),
		ON_FRESH_FILES(says_that_there_is_none),
		ON_FRESH_FILES(another_root_opens_nothing),
		ON_FRESH_FILES(the_file_holds_no_key),
		ON_FRESH_FILES(an_incomplete_record_is_cut_off),
		ON_FRESH_FILES(an_incomplete_head_is_written_again),
		ON_FRESH_FILES(an_altered_key_is_damage),
		ON_FRESH_FILES(another_epoch_is_a_rollback),
		ON_FRESH_FILES(refuses_what_is_too_long),
		ON_FRESH_FILES(age_ends_a_key),
		ON_FRESH_FILES(asking_ends_the_keys_of_one),
		ON_FRESH_FILES(a_hold_stands_against_both),
		ON_FRESH_FILES(a_wish_reaches_all_of_one_and_no_other),
		ON_FRESH_FILES(keys_made_meanwhile_stay),
		ON_FRESH_FILES(a_shred_cut_off_is_undone_or_finished),
		ON_FRESH_FILES(what_is_over_is_emptied_at_the_next_start),
		ON_FRESH_FILES(a_copy_from_before_opens_nothing),
		ON_FRESH_FILES(a_copy_of_what_was_given_up_opens_nothing),
		ON_FRESH_FILES(what_was_given_up_is_put_off_on_a_full_disk),
		ON_FRESH_FILES(what_was_given_up_is_not_forgotten),
		ON_FRESH_FILES(more_than_one_entry_holds_take_several),
		ON_FRESH_FILES(keys_of_the_fold_end_when_it_is_carried),
		ON_FRESH_FILES(what_is_not_there_cannot_be_finished),
		ON_FRESH_FILES(what_is_untrue_of_a_key_does_not_end_it),
		ON_FRESH_FILES(anybody_sees_when_the_next_ends),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
