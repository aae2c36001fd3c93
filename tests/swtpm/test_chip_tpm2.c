/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/sign.h"
#include "fixture/chip_contract.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
static void leaks_of_others(bool begin)
{
	if (begin)
		__lsan_disable();
	else
		__lsan_enable();
}
#else
static void leaks_of_others(bool begin)
{
	(void)begin;
}
#endif

/* --- what it says of itself ------------------------------------------- */

static void a_simulator_is_graded_so(void **state)
{
	const struct fh_chip *c = &bench_of(state)->chip;

	assert_int_equal(c->grade, FH_GRADE_SIMULATED);
	assert_non_null(strstr(c->name, "TPM IBM SW"));
	assert_non_null(strstr(c->name, "firmware "));
}

static void opens_by_its_name(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_arena a = fh_arena_of(b->room, sizeof(b->room));

	bench_pull(b);
	assert_int_equal(fh_chip_tpm2_open(b->sim.tcti, &a, &b->trace, &b->chip), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, bench_seal(b, BENCH_DEVICE)), FH_ERR_OK);
}

static void what_dies_behind_a_descriptor_is_an_error(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_arena a = fh_arena_of(b->room, sizeof(b->room));
	uint64_t now;

	bench_pull(b);
	assert_int_equal(fh_chip_tpm2_open(b->sim.tcti, &a, &b->trace, &b->chip), FH_ERR_OK);
	simulator_off(&b->sim);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_GONE);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_GONE);
}

/* Answers ANSWER to the first command, over a socket of the test's own.  */
static fh_err open_on_answer(struct fh_span answer, struct fh_trace *trace)
{
	alignas(16) uint8_t room[4096];
	struct fh_arena a = fh_arena_of(room, sizeof(room));
	struct fh_chip c = { 0 };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], answer.p, answer.n), answer.n);
	shutdown(ends[1], SHUT_WR);
	fh_err e = fh_chip_tpm2_on(ends[0], &a, trace, &c);

	close(ends[1]);
	assert_null(c.class);
	return e;
}

static void refuses_answers_of_another_size(void **state)
{
	static const uint8_t short_head[] = { 0x80, 1, 0, 0, 0, 10, 0 };
	static const uint8_t small[] = { 0x80, 1, 0, 0, 0, 9, 0, 0, 0, 0 };
	static const uint8_t huge[] = { 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 };
	static const uint8_t torn[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 0, 0, 0 };
	static const uint8_t more[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0, 0 };
	struct fh_trace trace;

	(void)state;
	assert_int_equal(open_on_answer(FH_SPAN_ARRAY(short_head), &trace), FH_ERR_GONE);
	assert_int_equal(open_on_answer(FH_SPAN_ARRAY(small), &trace), FH_ERR_GONE);
	assert_int_equal(open_on_answer(FH_SPAN_ARRAY(huge), &trace), FH_ERR_GONE);
	assert_int_equal(open_on_answer(FH_SPAN_ARRAY(torn), &trace), FH_ERR_GONE);
	assert_int_equal(open_on_answer(FH_SPAN_ARRAY(more), &trace), FH_ERR_GONE);
}

static void no_tpm_is_an_error_that_names_it(void **state)
{
	alignas(16) uint8_t room[4096];
	struct fh_arena a = fh_arena_of(room, sizeof(room));
	struct fh_trace trace = { 0 };
	struct fh_chip c = { 0 };

	(void)state;
	assert_int_equal(fh_chip_tpm2_open("swtpm:path=/nonexistent/sock", &a, &trace, &c),
			 FH_ERR_GONE);
	assert_string_equal(trace.where, "swtpm:path=/nonexistent/sock");
	assert_string_not_equal(trace.cure, "");
	assert_int_equal(fh_chip_tpm2_open("device:/nonexistent", &a, &trace, &c), FH_ERR_GONE);
	/* tpm2-tss 4.1.3 loses 96 bytes when it cannot connect.  */
	leaks_of_others(true);
	assert_int_equal(fh_chip_tpm2_open("mssim:host=localhost,port=9", &a, &trace, &c),
			 FH_ERR_GONE);
	leaks_of_others(false);
	assert_string_equal(trace.where, "mssim:host=localhost,port=9");
	assert_null(c.class);
}

/* --- sealing ---------------------------------------------------------- */

static void opens_what_it_sealed(void **state)
{
	struct bench *b = bench_of(state);

	assert_int_equal(bench_unseal(b, BENCH_DEVICE, bench_seal(b, BENCH_DEVICE)), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, bench_seal(b, BENCH_BOOT)), FH_ERR_OK);
	bench_assert_tidy(b);
}

static void seals_one_byte_and_the_most(void **state)
{
	static const uint8_t most[FH_CHIP_SECRET_MAX + 1] = { 7 };
	static const size_t sizes[] = { 1, FH_CHIP_SECRET_MAX };
	struct bench *b = bench_of(state);
	uint8_t plain[FH_CHIP_SECRET_MAX];

	for (size_t i = 0; i < 2; i++) {
		struct fh_builder blob = FH_BUILDER_ARRAY(b->bytes), out = FH_BUILDER_ARRAY(plain);
		struct fh_span in = fh_span_of(most, sizes[i]);

		assert_int_equal(b->chip.class->seal_boot(&b->chip, &b->approval.state, in, &blob),
				 FH_ERR_OK);
		assert_int_equal(b->chip.class->unseal_boot(&b->chip, fh_builder_span(&blob), &out),
				 FH_ERR_OK);
		assert_true(fh_span_equal(fh_builder_span(&out), in));
	}
}

/* Sealed before the lock for the state behind it.  */
static void a_boot_secret_opens_in_its_state_only(void **state)
{
	struct bench *b = bench_of(state);
	const struct fh_hash session = { { 5 } };
	struct fh_pcr_state locked = b->approval.state;
	struct fh_builder blob = FH_BUILDER_ARRAY(b->bytes);

	locked.selected |= 1U << FH_PCR_LOCK;
	locked.value[FH_PCR_LOCK] = fh_pcr_locked(&session);
	assert_int_equal(b->chip.class->seal_boot(&b->chip, &locked, FH_SPAN_ARRAY(bench_secret),
						  &blob), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, fh_builder_span(&blob)), FH_ERR_STATE);
	assert_non_null(strstr(b->chip.trace.what, "another state"));
	assert_int_equal(b->chip.class->lock(&b->chip, &session), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, fh_builder_span(&blob)), FH_ERR_OK);
	assert_int_equal(b->chip.class->lock(&b->chip, &session), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, fh_builder_span(&blob)), FH_ERR_STATE);
	bench_assert_tidy(b);
}

static void refuses_nothing_and_too_much(void **state)
{
	static const uint8_t much[FH_CHIP_SECRET_MAX + 1];
	struct bench *b = bench_of(state);
	struct fh_builder blob = FH_BUILDER_ARRAY(b->bytes);

	assert_int_equal(b->chip.class->seal_boot(&b->chip, &b->approval.state,
						  FH_SPAN_ARRAY(much), &blob), FH_ERR_LIMIT);
	assert_int_equal(b->chip.class->seal_boot(&b->chip, &b->approval.state,
						  fh_span_of(much, 0), &blob), FH_ERR_LIMIT);
	assert_int_equal(b->chip.class->seal_device(&b->chip, &b->release, FH_SPAN_ARRAY(much),
						    &blob), FH_ERR_LIMIT);
	assert_int_equal(blob.n, 0);
}

static void a_small_buffer_gets_nothing(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);
	uint8_t small[sizeof(bench_secret) - 1];
	struct fh_builder out = FH_BUILDER_ARRAY(small);

	assert_int_equal(b->chip.class->unseal_device(&b->chip, &b->release, &b->approval, blob,
						      &out), FH_ERR_LIMIT);
	assert_int_equal(out.n, 0);
}

static void keeps_a_device_secret_across_boots(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	bench_reboot(b);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_OK);
}

static void forgets_a_boot_secret_at_reset(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_BOOT);

	bench_again(b);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, blob), FH_ERR_OK);
	bench_reboot(b);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, blob), FH_ERR_STATE);
	bench_assert_tidy(b);
}

static void refuses_another_scope(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	assert_int_equal(bench_unseal(b, BENCH_BOOT, blob), FH_ERR_SIGNATURE);
	blob = bench_seal(b, BENCH_BOOT);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
}

static void refuses_the_blob_of_another_tpm(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);
	void *other;

	assert_int_equal(bench_set_up(&other), 0);
	assert_int_equal(bench_unseal(other, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
	assert_non_null(strstr(bench_of(&other)->chip.trace.what, "another storage key"));
	bench_assert_tidy(other);
	assert_int_equal(bench_tear_down(&other), 0);
}

static void a_cleared_tpm_says_what_happened(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	bench_pull(b);
	simulator_clear(&b->sim);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
	assert_non_null(strstr(b->chip.trace.cure, "cleared"));
}

/* Each byte of a blob belongs to one of its fields or heads; 5 stands for a
 * step coprime to every field's size, so that all of them are hit.  */
static void refuses_a_blob_altered_anywhere(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	for (size_t i = 0; i < blob.n; i += i < 100 ? 1 : 5) {
		b->bytes[i] ^= 0x01;
		fh_err e = bench_unseal(b, BENCH_DEVICE, blob);

		if (e != FH_ERR_SIGNATURE && e != FH_ERR_VERSION)
			fail_msg("byte %zu: %s: %s", i, fh_err_text(e), b->chip.trace.what);
		b->bytes[i] ^= 0x01;
	}
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_OK);
	bench_assert_tidy(b);
}

static void refuses_every_truncation(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	for (size_t n = 0; n < blob.n; n++)
		assert_int_equal(bench_unseal(b, BENCH_DEVICE, fh_span_first(blob, n)),
				 FH_ERR_SIGNATURE);
}

static void refuses_a_public_part_with_more_rights(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);
	/* Type KEYEDHASH, SHA-256, then the attributes.  */
	static const uint8_t begins[] = { 0x00, 0x08, 0x00, 0x0b };
	size_t at = 0;

	while (!fh_span_starts(fh_span_skip(blob, at), FH_SPAN_ARRAY(begins)))
		at++;
	b->bytes[at + sizeof(begins) + 3] |= TPMA_OBJECT_USERWITHAUTH;
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
	assert_non_null(strstr(b->chip.trace.what, "public part"));
}

/* --- the storage key -------------------------------------------------- */

static void uses_a_fit_persistent_storage_key(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);
	uint8_t copy[FH_CHIP_BLOB_MAX];

	memcpy(copy, blob.p, blob.n);
	struct fh_span older = fh_span_of(copy, blob.n);

	bench_pull(b);
	simulator_persist(&b->sim, /* signing: */ false);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_true(fh_tpm2_of(&b->chip)->srk_persistent);
	blob = bench_seal(b, BENCH_DEVICE);
	/* Both remain openable, in any order: the blob says whose it is.  */
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, older), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, older), FH_ERR_OK);
	bench_assert_tidy(b);
}

static void passes_over_an_unfit_persistent_key(void **state)
{
	struct bench *b = bench_of(state);

	bench_pull(b);
	simulator_persist(&b->sim, /* signing: */ true);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_false(fh_tpm2_of(&b->chip)->srk_persistent);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, bench_seal(b, BENCH_DEVICE)), FH_ERR_OK);
	bench_assert_tidy(b);
}

static void an_owner_authorisation_is_named_as_the_reason(void **state)
{
	struct bench *b = bench_of(state);

	bench_pull(b);
	simulator_own(&b->sim);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_PERMISSION);
	assert_non_null(strstr(b->trace.cure, "owner authorisation"));
	faulty_drop(&b->line);
	assert_int_equal(simulator_handles(&b->sim), 0);
	faulty_open(&b->line, &b->sim);
}

static void an_owner_authorisation_does_not_disturb_a_persistent_key(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t first;

	bench_pull(b);
	simulator_persist(&b->sim, /* signing: */ false);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	first = bench_read_counter(b);
	bench_pull(b);
	simulator_own(&b->sim);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, bench_seal(b, BENCH_DEVICE)), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, bench_seal(b, BENCH_BOOT)), FH_ERR_OK);
	assert_int_equal(bench_count_up(b), first + 1);
}

static void a_settled_storage_key_opens_what_it_sealed_before(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	assert_int_equal(fh_chip_tpm2_settle(&b->chip), FH_ERR_OK);
	assert_int_equal(fh_chip_tpm2_settle(&b->chip), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_OK);
	bench_pull(b);
	simulator_own(&b->sim);
	assert_int_equal(simulator_handles(&b->sim), 0);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_true(fh_tpm2_of(&b->chip)->srk_persistent);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_OK);
}

static void settles_in_no_place_that_is_taken(void **state)
{
	struct bench *b = bench_of(state);

	bench_pull(b);
	simulator_persist(&b->sim, /* signing: */ true);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_int_equal(fh_chip_tpm2_settle(&b->chip), FH_ERR_CONFLICT);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, bench_seal(b, BENCH_DEVICE)), FH_ERR_OK);
	bench_assert_tidy(b);
}

/* --- counter and boot ------------------------------------------------- */

static void a_data_secret_ends_with_its_epoch(void **state)
{
	struct bench *b = bench_of(state);

	fh_contract_data_epoch(&b->chip);
	bench_assert_tidy(b);
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
	assert_non_null(strstr(b->chip.trace.cure, "freehold init"));
	bench_assert_tidy(b);
}

static void creates_its_counter_once(void **state)
{
	struct bench *b = bench_of(state);

	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_EXISTS);
	bench_assert_tidy(b);
}

static void counts_up_across_resets(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t first;

	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	first = bench_read_counter(b);
	for (uint64_t i = 1; i < 4; i++) {
		bench_reboot(b);
		assert_int_equal(bench_count_up(b), first + i);
		assert_int_equal(bench_read_counter(b), first + i);
	}
	bench_assert_tidy(b);
}

static void a_full_tpm_is_an_error_that_names_it(void **state)
{
	struct bench *b = bench_of(state);
	uint32_t handle = 0x01800100;

	bench_pull(b);
	for (uint16_t size = 2048; size > 0; size /= 2) {
		while (simulator_define(&b->sim, handle, size, /* counter: */ false))
			handle++;
	}
	/* The TPM keeps some room that only counters may take.  */
	while (simulator_define(&b->sim, handle, 8, /* counter: */ true))
		handle++;
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_NV_FULL);
	assert_non_null(strstr(b->chip.trace.cure, "NV memory is full"));
	bench_assert_tidy(b);
}

static void an_index_of_others_is_not_our_counter(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t now;

	bench_pull(b);
	assert_true(simulator_define(&b->sim, 0x01834648, 8, /* counter: */ true));
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_CONFLICT);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_CONFLICT);
	bench_assert_tidy(b);
}

static void a_boot_is_told_by_its_id_and_count(void **state)
{
	struct bench *b = bench_of(state);
	uint8_t one[32], two[32];
	uint64_t n, m;

	assert_int_equal(b->chip.class->boot(&b->chip, &n, one), FH_ERR_OK);
	bench_again(b);
	assert_int_equal(b->chip.class->boot(&b->chip, &m, two), FH_ERR_OK);
	assert_int_equal(n, m);
	assert_memory_equal(one, two, 32);
	bench_reboot(b);
	assert_int_equal(b->chip.class->boot(&b->chip, &m, two), FH_ERR_OK);
	assert_int_equal(m, n + 1);
	assert_memory_not_equal(one, two, 32);
	bench_assert_tidy(b);
}

/* --- faults ----------------------------------------------------------- */

static void a_tpm_that_dies_is_an_error(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);
	uint64_t now;

	simulator_off(&b->sim);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_GONE);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_GONE);
	assert_string_not_equal(b->chip.trace.cure, "");
}

static void a_busy_tpm_is_asked_again(void **state)
{
	struct bench *b = bench_of(state);
	uint64_t first;

	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS), FH_ERR_OK);
	first = bench_read_counter(b);
	b->line.fault = FAULT_BUSY;
	assert_int_equal(bench_count_up(b), first + 1);
	assert_true(b->line.met);
	bench_again(b);
	b->line.fault = FAULT_RATE;
	b->line.only = TPM2_CC_NV_Increment;
	assert_int_equal(bench_count_up(b), first + 2);
	assert_true(b->line.met);
}

static void authorisations_guard_what_was_made(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_secret owner, lockout;
	struct fh_chip_owned owned;
	const struct fh_secret note_key = { .n = FH_CHIP_NOTE_KEY_SIZE };

	assert_int_equal(fh_seed_new(&owner), FH_ERR_OK);
	assert_int_equal(fh_seed_new(&lockout), FH_ERR_OK);
	owner.bytes[owner.n - 1] = 0;
	lockout.bytes[lockout.n - 1] = 1;
	assert_int_equal(fh_chip_tpm2_take(&b->chip, &owner, &lockout), FH_ERR_FORMAT);
	owner.bytes[owner.n - 1] = 1;
	lockout.bytes[lockout.n - 1] = 1;
	assert_int_equal(b->chip.class->note_create(&b->chip, &note_key), FH_ERR_OK);
	assert_int_equal(fh_chip_tpm2_owned(&b->chip, &owned), FH_ERR_OK);
	assert_false(owned.owner || owned.lockout);
	owner.bytes[owner.n - 1] = 1;
	assert_int_equal(fh_chip_tpm2_take(&b->chip, &owner, &lockout), FH_ERR_OK);
	assert_int_equal(fh_chip_tpm2_owned(&b->chip, &owned), FH_ERR_OK);
	assert_true(owned.owner && owned.lockout);
	assert_int_equal(b->chip.class->note_create(&b->chip, &note_key), FH_ERR_OK);
	/* To whom it is not said it is closed; what needs none goes on.  */
	bench_again(b);
	assert_int_equal(b->chip.class->note_create(&b->chip, &note_key), FH_ERR_PERMISSION);
	assert_int_equal(fh_chip_tpm2_take(&b->chip, &owner, &lockout), FH_ERR_PERMISSION);
	assert_int_equal(bench_unseal(b, BENCH_BOOT, bench_seal(b, BENCH_BOOT)), FH_ERR_OK);
	assert_int_equal(fh_chip_tpm2_authorise(&b->chip, &owner), FH_ERR_OK);
	assert_int_equal(b->chip.class->note_create(&b->chip, &note_key), FH_ERR_OK);
	bench_assert_tidy(b);
}

static void a_lockout_says_how_long(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	b->line.fault = FAULT_LOCKOUT;
	b->line.only = TPM2_CC_Load;
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_LOCKOUT);
	assert_non_null(strstr(b->chip.trace.what, "lockout"));
	assert_non_null(strstr(b->chip.trace.cure, "seconds"));
	bench_assert_tidy(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_FRESH_TPM(a_simulator_is_graded_so),
		ON_A_FRESH_TPM(opens_by_its_name),
		ON_A_FRESH_TPM(what_dies_behind_a_descriptor_is_an_error),
		cmocka_unit_test(refuses_answers_of_another_size),
		cmocka_unit_test(no_tpm_is_an_error_that_names_it),
		ON_A_FRESH_TPM(opens_what_it_sealed),
		ON_A_FRESH_TPM(seals_one_byte_and_the_most),
		ON_A_FRESH_TPM(a_boot_secret_opens_in_its_state_only),
		ON_A_FRESH_TPM(refuses_nothing_and_too_much),
		ON_A_FRESH_TPM(a_small_buffer_gets_nothing),
		ON_A_FRESH_TPM(keeps_a_device_secret_across_boots),
		ON_A_FRESH_TPM(forgets_a_boot_secret_at_reset),
		ON_A_FRESH_TPM(refuses_another_scope),
		ON_A_FRESH_TPM(refuses_the_blob_of_another_tpm),
		ON_A_FRESH_TPM(a_cleared_tpm_says_what_happened),
		ON_A_FRESH_TPM(refuses_a_blob_altered_anywhere),
		ON_A_FRESH_TPM(refuses_every_truncation),
		ON_A_FRESH_TPM(refuses_a_public_part_with_more_rights),
		ON_A_FRESH_TPM(uses_a_fit_persistent_storage_key),
		ON_A_FRESH_TPM(passes_over_an_unfit_persistent_key),
		ON_A_FRESH_TPM(an_owner_authorisation_is_named_as_the_reason),
		ON_A_FRESH_TPM(an_owner_authorisation_does_not_disturb_a_persistent_key),
		ON_A_FRESH_TPM(a_settled_storage_key_opens_what_it_sealed_before),
		ON_A_FRESH_TPM(settles_in_no_place_that_is_taken),
		ON_A_FRESH_TPM(a_data_secret_ends_with_its_epoch),
		ON_A_FRESH_TPM(has_no_counter_before_it_is_created),
		ON_A_FRESH_TPM(creates_its_counter_once),
		ON_A_FRESH_TPM(counts_up_across_resets),
		ON_A_FRESH_TPM(a_full_tpm_is_an_error_that_names_it),
		ON_A_FRESH_TPM(an_index_of_others_is_not_our_counter),
		ON_A_FRESH_TPM(a_boot_is_told_by_its_id_and_count),
		ON_A_FRESH_TPM(a_tpm_that_dies_is_an_error),
		ON_A_FRESH_TPM(a_busy_tpm_is_asked_again),
		ON_A_FRESH_TPM(authorisations_guard_what_was_made),
		ON_A_FRESH_TPM(a_lockout_says_how_long),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
