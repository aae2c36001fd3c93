/* SPDX-License-Identifier: Apache-2.0 */
#include "role/data_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chip/soft.h"
#include "os/memory.h"

constexpr size_t arena_size = 4 << 20;
constexpr off_t head_size = 4096;
constexpr off_t record_size = 168;

struct bench {
	struct fh_arena arena;
	struct fh_chip chip;
	struct fh_trace trace;
	int counter, file[2];
	struct fh_secret root;
	struct fh_data_keys keys;
};

static int temporary(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void open_chip(struct bench *b)
{
	static const uint8_t boot[32] = { 1 };

	fh_chip_drop(&b->chip);
	assert_int_equal(fh_chip_soft_open(b->counter, boot, &b->arena, &b->trace, &b->chip),
			 FH_ERR_OK);
}

/* As a new process would.  */
static fh_err open_again(struct bench *b)
{
	fh_arena_reset(&b->arena);
	open_chip(b);
	fh_data_keys_drop(&b->keys);
	assert_int_equal(fh_data_keys_begin(&b->arena, &b->keys), FH_ERR_OK);
	return fh_data_keys_open(&b->keys, &b->chip, b->file[0], b->file[1], &b->root, &b->trace);
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	b->counter = temporary();
	b->file[0] = temporary();
	b->file[1] = temporary();
	b->root = (struct fh_secret){ .bytes = { 9 }, .n = 32 };
	assert_int_equal(fh_arena_map(arena_size, &b->arena), FH_ERR_OK);
	open_chip(b);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_DATA), FH_ERR_OK);
	assert_int_equal(open_again(b), FH_ERR_OK);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_data_keys_drop(&b->keys);
	fh_chip_drop(&b->chip);
	fh_arena_drop(&b->arena);
	(void)close(b->counter);
	(void)close(b->file[0]);
	(void)close(b->file[1]);
	test_free(b);
	return 0;
}

static struct fh_data_period of(const char *subject, const char *class, uint64_t period)
{
	return (struct fh_data_period){ fh_span_str(subject), fh_span_str(class), period };
}

struct made {
	uint8_t name[FH_SEAL_NAME_SIZE];
	struct fh_secret key;
};

static struct made make(struct bench *b, const char *subject, const char *class, uint64_t period)
{
	struct fh_data_period p = of(subject, class, period);
	struct made m = { 0 };

	assert_int_equal(fh_data_keys_make(&b->keys, &p, m.name, &m.key, &b->trace), FH_ERR_OK);
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
	struct fh_secret key;

	b->root.bytes[5] ^= 1;
	assert_int_equal(open_again(b), FH_ERR_OK); /* it looks like a torn last record */
	assert_int_equal(fh_data_keys_find(&b->keys, FH_SPAN_ARRAY(one.name), &key, &b->trace),
			 FH_ERR_FORMAT);
	assert_false(finds(b, &two));
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
	struct fh_secret key;
	uint8_t byte;

	(void)make(b, "amy", "default", 2);
	for (off_t i = FH_SEAL_NAME_SIZE; i < record_size; i++) {
		int file = b->file[b->keys.epoch % 2];

		assert_int_equal(pread(file, &byte, 1, head_size + i), 1);
		byte ^= 1;
		assert_int_equal(pwrite(file, &byte, 1, head_size + i), 1);
		assert_int_equal(open_again(b), FH_ERR_OK);
		assert_int_equal(fh_data_keys_find(&b->keys, FH_SPAN_ARRAY(first.name), &key,
						   &b->trace), FH_ERR_FORMAT);
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

	assert_int_equal(fh_data_keys_make(&b->keys, &p, m.name, &m.key, &b->trace), FH_ERR_LIMIT);
	assert_int_equal(fh_data_keys_make(&b->keys, &q, m.name, &m.key, &b->trace), FH_ERR_LIMIT);
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
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
