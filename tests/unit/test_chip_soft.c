/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/soft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/slots.h"
#include "fixture/chip_contract.h"

static const uint8_t boot_one[32] = { 1 };
static const uint8_t boot_two[32] = { 2 };
static const uint8_t secret[32] = "thirty-two bytes that are secret";

struct bench {
	int file;                       /* the counter file, already unlinked */
	alignas(16) uint8_t room[1024]; /* what it lives in */
	uint8_t blob[FH_CHIP_BLOB_MAX];
	struct fh_chip chip;
};

static void insert(struct bench *b, const uint8_t boot[32])
{
	struct fh_arena a = fh_arena_of(b->room, sizeof(b->room));

	fh_chip_drop(&b->chip);
	assert_int_equal(fh_chip_soft_open(b->file, boot, &a, nullptr, &b->chip), FH_ERR_OK);
}

static struct bench *bench_of(void **state)
{
	return *state;
}

static int set_up(void **state)
{
	char path[] = "/tmp/freehold-test-soft-XXXXXX";
	struct bench *b = test_calloc(1, sizeof(*b));

	b->file = mkstemp(path);
	if (b->file < 0 || unlink(path) != 0)
		return -1;
	insert(b, boot_one);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_chip_drop(&b->chip);
	close(b->file);
	test_free(b);
	return 0;
}

enum scope {
	DEVICE,
	BOOT,
};

static struct fh_span seal(struct bench *b, enum scope scope)
{
	const struct fh_chip_class *chip = b->chip.class;
	struct fh_builder out = FH_BUILDER_ARRAY(b->blob);
	fh_err e = scope == BOOT
			   ? chip->seal_boot(&b->chip, &(struct fh_pcr_state){ 0 },
					     FH_SPAN_ARRAY(secret), &out)
			   : chip->seal_device(&b->chip, nullptr, FH_SPAN_ARRAY(secret), &out);

	assert_int_equal(e, FH_ERR_OK);
	return fh_builder_span(&out);
}

static fh_err unseal(struct bench *b, enum scope scope, struct fh_span blob)
{
	const struct fh_chip_class *chip = b->chip.class;
	uint8_t plain[FH_CHIP_SECRET_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(plain);
	fh_err e = scope == BOOT ? chip->unseal_boot(&b->chip, blob, &out)
				 : chip->unseal_device(&b->chip, nullptr, nullptr, blob, &out);

	if (e == FH_ERR_OK)
		assert_true(fh_span_equal(fh_builder_span(&out), FH_SPAN_ARRAY(secret)));
	else
		assert_int_equal(out.n, 0);
	return e;
}

static uint64_t count_of_boots(struct bench *b, const uint8_t expected[32])
{
	uint8_t id[32];
	uint64_t n = 0;

	assert_int_equal(b->chip.class->boot(&b->chip, &n, id), FH_ERR_OK);
	assert_memory_equal(id, expected, sizeof(id));
	return n;
}

static void says_what_it_is(void **state)
{
	const struct fh_chip *c = &bench_of(state)->chip;

	assert_int_equal(c->grade, FH_GRADE_NONE);
	assert_string_equal(c->name, "no chip");
}

static void opens_what_it_sealed(void **state)
{
	struct bench *b = bench_of(state);

	assert_int_equal(unseal(b, DEVICE, seal(b, DEVICE)), FH_ERR_OK);
	assert_int_equal(unseal(b, BOOT, seal(b, BOOT)), FH_ERR_OK);
}

static void refuses_every_altered_byte(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = seal(b, DEVICE);

	for (size_t i = 0; i < blob.n; i++) {
		b->blob[i] ^= 0x80;
		assert_int_equal(unseal(b, DEVICE, blob), FH_ERR_SIGNATURE);
		b->blob[i] ^= 0x80;
	}
}

static void refuses_every_truncation(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = seal(b, DEVICE);

	for (size_t n = 0; n < blob.n; n++)
		assert_int_equal(unseal(b, DEVICE, fh_span_first(blob, n)),
				 FH_ERR_SIGNATURE);
}

static void refuses_another_scope(void **state)
{
	struct bench *b = bench_of(state);

	assert_int_equal(unseal(b, BOOT, seal(b, DEVICE)), FH_ERR_SIGNATURE);
	assert_int_equal(unseal(b, DEVICE, seal(b, BOOT)), FH_ERR_SIGNATURE);
}

static void refuses_another_boot(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = seal(b, BOOT);

	insert(b, boot_two);
	assert_int_equal(unseal(b, BOOT, blob), FH_ERR_STATE);
	insert(b, boot_one);
	assert_int_equal(unseal(b, BOOT, blob), FH_ERR_OK);
}

static void keeps_a_device_secret_across_boots(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = seal(b, DEVICE);

	insert(b, boot_two);
	assert_int_equal(unseal(b, DEVICE, blob), FH_ERR_OK);
}

static void refuses_a_secret_that_is_too_large(void **state)
{
	static const uint8_t large[FH_CHIP_SECRET_MAX + 1];
	struct bench *b = bench_of(state);
	struct fh_builder out = FH_BUILDER_ARRAY(b->blob);

	assert_int_equal(b->chip.class->seal_device(&b->chip, nullptr, FH_SPAN_ARRAY(large), &out),
			 FH_ERR_LIMIT);
	assert_int_equal(out.n, 0);
}

static void has_no_counter_before_it_is_created(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t now = 77;

	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_MISSING);
	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_MISSING);
	assert_int_equal(now, 77);
}

static void counts_up_across_openings(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t now;

	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_EXISTS);
	for (uint64_t expected = 2; expected < 6; expected++) {
		insert(b, boot_one);
		assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_STARTS, &now),
				 FH_ERR_OK);
		assert_int_equal(now, expected);
	}
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_OK);
	assert_int_equal(now, 5);
}

static void counts_a_boot_once(void **state)
{
	struct bench *b = bench_of(state);

	assert_int_equal(count_of_boots(b, boot_one), 1);
	assert_int_equal(count_of_boots(b, boot_one), 1);
	insert(b, boot_one);
	assert_int_equal(count_of_boots(b, boot_one), 1);
	insert(b, boot_two);
	assert_int_equal(count_of_boots(b, boot_two), 2);
	insert(b, boot_one);
	assert_int_equal(count_of_boots(b, boot_one), 3);
}

static void counter_and_boots_do_not_disturb_each_other(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t now;

	assert_int_equal(count_of_boots(b, boot_one), 1);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	insert(b, boot_two);
	assert_int_equal(count_of_boots(b, boot_two), 2);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_OK);
	assert_int_equal(now, 1);
}

static void its_counters_do_not_disturb_each_other(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t now;

	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_EPOCH), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_MISSING);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_EPOCH, &now),
			 FH_ERR_OK);
	insert(b, boot_one);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_EPOCH, &now), FH_ERR_OK);
	assert_int_equal(now, 2);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_OK);
	assert_int_equal(now, 1);
}

static void a_data_secret_ends_with_its_epoch(void **state)
{
	struct bench *b = bench_of(state);

	fh_contract_data_epoch(&b->chip);
}

static void keeps_its_note(void **state)
{
	static const uint8_t written[FH_CHIP_NOTE_SIZE] = { 1, 2, 3 };
	struct bench *b = bench_of(state);
	struct fh_secret key = { .n = FH_CHIP_NOTE_KEY_SIZE };
	uint8_t note[FH_CHIP_NOTE_SIZE];

	assert_int_equal(b->chip.class->note_create(&b->chip, &key), FH_ERR_OK);
	assert_int_equal(b->chip.class->note_read(&b->chip, note), FH_ERR_MISSING);
	assert_int_equal(b->chip.class->note_write(&b->chip, &key, FH_SPAN_LIT("short")),
			 FH_ERR_FORMAT);
	assert_int_equal(b->chip.class->note_write(&b->chip, &key, FH_SPAN_ARRAY(written)),
			 FH_ERR_OK);
	insert(b, boot_two);
	assert_int_equal(b->chip.class->note_read(&b->chip, note), FH_ERR_OK);
	assert_memory_equal(note, written, sizeof(note));
}

static void has_no_pcrs(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_hash h = { 0 };
	struct fh_pcr_state pcrs;
	struct fh_chip_quote quote;

	assert_int_equal(b->chip.class->pcrs(&b->chip, &pcrs), FH_ERR_UNSUPPORTED);
	assert_int_equal(b->chip.class->lock(&b->chip, &h), FH_ERR_UNSUPPORTED);
	assert_int_equal(b->chip.class->quote(&b->chip, &h, 1, &quote), FH_ERR_UNSUPPORTED);
}

static void a_torn_write_leaves_the_older_value(void **state)
{
	static const uint8_t torn[16] = { 0 };
	struct bench *b = bench_of(state);
	uint64_t now;

	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_OK);
	/* The second write, number 2, went to the first slot.  */
	assert_int_equal(pwrite(b->file, torn, sizeof(torn), 0), sizeof(torn));
	insert(b, boot_one);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_OK);
	assert_int_equal(now, 1);
}

static void refuses_a_damaged_file(void **state)
{
	static const uint8_t zeros[2 * FH_SLOT_SIZE];
	struct bench *b = bench_of(state);
	struct fh_arena a = fh_arena_of(b->room, sizeof(b->room));
	struct fh_trace trace = { 0 };
	struct fh_chip c = { 0 };

	assert_int_equal(pwrite(b->file, zeros, sizeof(zeros), 0), sizeof(zeros));
	assert_int_equal(fh_chip_soft_open(b->file, boot_one, &a, &trace, &c), FH_ERR_FORMAT);
	assert_null(c.class);
	assert_string_not_equal(trace.what, "");
}

static void refuses_a_file_with_another_value(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_arena a = fh_arena_of(b->room, sizeof(b->room));
	struct fh_slots s = { b->file, 0 };
	struct fh_chip c = { 0 };

	assert_int_equal(fh_slots_write(&s, FH_SPAN_LIT("\x02 not what a counter looks like")),
			 FH_ERR_OK);
	assert_int_equal(fh_chip_soft_open(b->file, boot_one, &a, nullptr, &c), FH_ERR_FORMAT);
}

static void counts_no_further_after_a_failed_write(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t now = 77;
	int kept = dup(b->file), broken[2];

	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	/* A pipe takes no pwrite(), so every write fails.  */
	assert_int_equal(pipe(broken), 0);
	assert_int_equal(dup2(broken[1], b->file), b->file);
	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_IO);
	assert_int_equal(dup2(kept, b->file), b->file);
	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_IO);
	assert_int_equal(now, 77);
	close(broken[0]);
	close(broken[1]);
	close(kept);
}

static void drops_twice(void **state)
{
	struct bench *b = bench_of(state);

	fh_chip_drop(&b->chip);
	fh_chip_drop(&b->chip);
	assert_null(b->chip.class);
}

#define ON_A_FRESH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_FRESH_FILE(says_what_it_is),
		ON_A_FRESH_FILE(opens_what_it_sealed),
		ON_A_FRESH_FILE(refuses_every_altered_byte),
		ON_A_FRESH_FILE(refuses_every_truncation),
		ON_A_FRESH_FILE(refuses_another_scope),
		ON_A_FRESH_FILE(refuses_another_boot),
		ON_A_FRESH_FILE(keeps_a_device_secret_across_boots),
		ON_A_FRESH_FILE(refuses_a_secret_that_is_too_large),
		ON_A_FRESH_FILE(has_no_counter_before_it_is_created),
		ON_A_FRESH_FILE(counts_up_across_openings),
		ON_A_FRESH_FILE(counts_a_boot_once),
		ON_A_FRESH_FILE(counter_and_boots_do_not_disturb_each_other),
		ON_A_FRESH_FILE(its_counters_do_not_disturb_each_other),
		ON_A_FRESH_FILE(a_data_secret_ends_with_its_epoch),
		ON_A_FRESH_FILE(keeps_its_note),
		ON_A_FRESH_FILE(has_no_pcrs),
		ON_A_FRESH_FILE(a_torn_write_leaves_the_older_value),
		ON_A_FRESH_FILE(refuses_a_damaged_file),
		ON_A_FRESH_FILE(refuses_a_file_with_another_value),
		ON_A_FRESH_FILE(counts_no_further_after_a_failed_write),
		ON_A_FRESH_FILE(drops_twice),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
