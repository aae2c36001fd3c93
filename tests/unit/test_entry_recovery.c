/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery slots as they are written: what is told, what is checked with the epoch key.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entry/recovery.h"
#include "spec_fixture.h"

static const struct fh_secret epoch_key = { .bytes = { 0x55 }, .n = 32 };

static struct fh_recovery_slot example(void)
{
	static uint8_t box[FH_RECOVERY_BOX_SIZE];
	struct fh_recovery_slot s = { .epoch = 6, .held = true, .box = FH_SPAN_ARRAY(box),
				      .earliers = 2 };

	memset(box, 0x0a, sizeof(box));
	memset(s.chain_id.bytes, 0x0c, FH_HASH_SIZE);
	memset(s.device_id.bytes, 0x0d, FH_HASH_SIZE);
	memset(s.key.bytes, 0x0e, FH_HASH_SIZE);
	s.earlier[1] = (struct fh_recovery_earlier){ .key = { .bytes = { 1 } }, .until = 9 };
	return s;
}

static struct fh_span written(const struct fh_recovery_slot *s, uint8_t room[FH_RECOVERY_MAX])
{
	struct fh_builder b = fh_builder_of(room, FH_RECOVERY_MAX);

	assert_int_equal(fh_recovery_put(&b, s, &epoch_key), FH_ERR_OK);
	return fh_builder_span(&b);
}

/* docs/spec/KEYS, "Golden bytes".  */
static void has_the_documented_hash(void **state)
{
	uint8_t room[FH_RECOVERY_MAX];
	struct fh_recovery_slot s = example();
	struct fh_span bytes = written(&s, room);
	struct fh_hash h = fh_hash_of(bytes);

	(void)state;
	stands_in("KEYS.md", "the hash of a recovery slot", fh_hash_span(&h));
	stands_in("KEYS.md", "its tag", fh_span_skip(bytes, bytes.n - FH_HASH_SIZE));
}

static void reads_what_it_writes(void **state)
{
	uint8_t room[FH_RECOVERY_MAX], again[FH_RECOVERY_MAX];
	struct fh_recovery_slot s = example(), r;
	struct fh_span bytes = written(&s, room);

	(void)state;
	assert_int_equal(fh_recovery_read(bytes, &r), FH_ERR_OK);
	assert_true(fh_span_equal(written(&r, again), bytes));
	assert_int_equal(fh_recovery_check(bytes, &epoch_key), FH_ERR_OK);
	s = (struct fh_recovery_slot){ .epoch = 1 };
	assert_int_equal(fh_recovery_read(written(&s, room), &r), FH_ERR_OK);
	assert_false(r.held);
	assert_int_equal(r.box.n, 0);
}

/* The largest one fits, too.  */
static void has_room_for_all_that_may_be_in_it(void **state)
{
	uint8_t room[FH_RECOVERY_MAX];
	struct fh_recovery_slot s = example(), r;

	(void)state;
	s.epoch = UINT64_MAX;
	s.earliers = FH_RECOVERY_EARLIER_MAX;
	for (size_t i = 0; i < s.earliers; i++)
		s.earlier[i] = (struct fh_recovery_earlier){ { .bytes = { (uint8_t)i } },
							     UINT64_MAX };
	assert_int_equal(fh_recovery_read(written(&s, room), &r), FH_ERR_OK);
	assert_int_equal(r.earliers, FH_RECOVERY_EARLIER_MAX);
	s.earlier[3].key = s.earlier[2].key;
	assert_int_equal(fh_recovery_read(written(&s, room), &r), FH_ERR_FORMAT);
}

static void refuses_every_truncation(void **state)
{
	uint8_t room[FH_RECOVERY_MAX];
	struct fh_recovery_slot s = example(), r;
	struct fh_span bytes = written(&s, room);

	(void)state;
	for (size_t n = 0; n < bytes.n; n++)
		assert_int_not_equal(fh_recovery_read(fh_span_first(bytes, n), &r), FH_ERR_OK);
}

/* Whatever bit is turned, it is not read, or seen by whoever has the epoch key.  */
static void sees_every_change(void **state)
{
	uint8_t room[FH_RECOVERY_MAX];
	struct fh_recovery_slot s = example(), r;
	struct fh_span bytes = written(&s, room);

	(void)state;
	for (size_t i = 0; i < 8 * bytes.n; i++) {
		room[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_true(fh_recovery_read(bytes, &r) != FH_ERR_OK
			    || fh_recovery_check(bytes, &epoch_key) == FH_ERR_SIGNATURE);
		room[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	const struct fh_secret other = { .bytes = { 0x56 }, .n = 32 };

	assert_int_equal(fh_recovery_check(bytes, &other), FH_ERR_SIGNATURE);
}

static void another_version_is_named(void **state)
{
	uint8_t room[FH_RECOVERY_MAX];
	struct fh_recovery_slot s = example(), r;
	struct fh_span bytes = written(&s, room);

	(void)state;
	room[1 + 2 + 23] = '2';
	assert_int_equal(fh_recovery_read(bytes, &r), FH_ERR_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_documented_hash),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(has_room_for_all_that_may_be_in_it),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(sees_every_change),
		cmocka_unit_test(another_version_is_named),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
