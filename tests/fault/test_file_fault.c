/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th file call fails, for every k: nothing half is left under a final
 * name, no descriptor stays open, nothing is reported done that was not synced,
 * and the next attempt succeeds.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "fault.h"
#include "os/memory.h"
#include "os/slots.h"
#include "store/chain_files.h"
#include "vault/operator_key.h"

static const int errors[] = { EIO, ENOSPC, EINTR, FAULT_SHORT };

/* What one operation works on, made anew for each fault.  */
struct bench {
	struct fault_place place;
	char path[FH_PATH_MAX];
	struct fh_arena arena;
	struct fh_store store;
	uint8_t bytes[6000];  /* what is written */
	size_t n;
};

struct operation {
	const char *name;
	const char *steps; /* without a fault: writes, syncs, renames, mkdirs in order */
	void (*prepare)(struct bench *b);
	fh_err (*run)(struct bench *b);
	/* After a fault; E is what was reported.  */
	void (*look)(struct bench *b, fh_err e);
	fh_err again; /* what a second run may say when the first was complete after all */
};

static struct fh_span content(const struct bench *b)
{
	return fh_span_of(b->bytes, b->n);
}

static void make_bench(struct bench *b)
{
	*b = (struct bench){ .n = sizeof(b->bytes) };
	for (size_t i = 0; i < b->n; i++)
		b->bytes[i] = (uint8_t)(i * 7 + 1);
	fault_place_make(&b->place);
	(void)snprintf(b->path, sizeof(b->path), "%s/file", b->place.path);
	assert_int_equal(fh_arena_map(1 << 20, &b->arena), FH_ERR_OK);
}

static void drop_bench(struct bench *b)
{
	fh_store_drop(&b->store);
	fh_arena_drop(&b->arena);
	fault_place_drop(&b->place);
}

/* Calls that are continued: transfers.  */
static bool is_transfer(const char *call)
{
	return strcmp(call, "write") == 0 || strcmp(call, "pwrite") == 0
	       || strcmp(call, "pread") == 0;
}

/* May the operation have gone on?  Taking a stale file away is no part of it.  */
static bool survivable(int error, const char *call)
{
	return strcmp(call, "unlink") == 0
	       || (is_transfer(call) ? error == EINTR || error == FAULT_SHORT
				     : error == FAULT_SHORT);
}

static bool is_sync(const char *call)
{
	return strcmp(call, "fsync") == 0 || strcmp(call, "fdatasync") == 0;
}

/* Every syncing call of a run without a fault has to succeed, too, when a run
 * with one reports success.  */
static size_t syncs_of(const struct operation *o)
{
	struct bench b;

	make_bench(&b);
	if (o->prepare != nullptr)
		o->prepare(&b);
	fault_arm(SIZE_MAX, EIO, nullptr);
	assert_int_equal(o->run(&b), FH_ERR_OK);
	(void)fault_end();
	if (o->steps != nullptr)
		assert_string_equal(fault_now()->done, o->steps);
	size_t n = fault_now()->syncs;

	drop_bench(&b);
	return n;
}

static bool fail_one(const struct operation *o, size_t k, int error, size_t syncs)
{
	struct bench b;

	make_bench(&b);
	if (o->prepare != nullptr)
		o->prepare(&b);
	size_t descriptors = fault_descriptors();

	fault_arm(k, error, nullptr);
	fh_err e = o->run(&b);
	bool met = fault_end();
	struct fault f = *fault_now();

	if (met && !survivable(error, f.call) && e == FH_ERR_OK)
		fail_msg("%s: succeeds although %s number %zu failed", o->name, f.call, k);
	if ((!met || survivable(error, f.call)) && e != FH_ERR_OK)
		fail_msg("%s: %s after %s number %zu", o->name, fh_err_text(e),
			 met ? f.call : "no fault", k);
	if (e == FH_ERR_OK)
		assert_int_equal(f.syncs, syncs);
	if (o->look != nullptr)
		o->look(&b, e);
	assert_int_equal(fault_descriptors(), descriptors);
	if (e != FH_ERR_OK) {
		fh_err again = o->run(&b);

		if (again != FH_ERR_OK && again != o->again)
			fail_msg("%s: again after %s number %zu: %s", o->name, f.call, k,
				 fh_err_text(again));
		if (o->look != nullptr)
			o->look(&b, FH_ERR_OK);
	}
	drop_bench(&b);
	return met;
}

static void fail_each(const struct operation *o)
{
	size_t total = 0, syncs = syncs_of(o);

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		size_t k = 0;

		while (fail_one(o, k, errors[i], syncs))
			k++;
		assert_true(k > 1);
		total += k;
	}
	print_message("# %s: %zu faults\n", o->name, total);
}

/* What lies in the directory PATH, besides what is hidden.  */
static size_t names_in(const char *path, bool hidden)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != nullptr) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			n += hidden || e->d_name[0] != '.';
	}
	(void)closedir(d);
	return n;
}

static bool holds(struct bench *b, const char *path, struct fh_span want)
{
	struct fh_span got;

	fh_arena_reset(&b->arena);
	return fh_file_read(path, 1 << 16, &b->arena, &got) == FH_ERR_OK
	       && fh_span_equal(got, want);
}

/* --- whole files ---------------------------------------------------------------- */

static fh_err run_new(struct bench *b)
{
	return fh_file_write_new(b->path, content(b), 0600);
}

static void all_or_nothing(struct bench *b, fh_err e)
{
	if (e == FH_ERR_OK)
		assert_true(holds(b, b->path, content(b)));
	else
		assert_int_equal(names_in(b->place.path, /* hidden= */ true), 0);
}

static void a_new_file_is_there_whole_or_not_at_all(void **state)
{
	static const struct operation o = { .name = "write_new", .steps = "wss", .run = run_new,
					    .look = all_or_nothing };

	(void)state;
	fail_each(&o);
}

#define OLD "the old content"

static void prepare_old(struct bench *b)
{
	assert_int_equal(fh_file_write_new(b->path, FH_SPAN_LIT(OLD), 0600), FH_ERR_OK);
}

static fh_err run_replace(struct bench *b)
{
	return fh_file_replace(b->path, content(b), 0600);
}

static void old_or_new(struct bench *b, fh_err e)
{
	bool new = holds(b, b->path, content(b));

	assert_true(new || (e != FH_ERR_OK && holds(b, b->path, FH_SPAN_LIT(OLD))));
	assert_int_equal(names_in(b->place.path, /* hidden= */ true), 1);
}

static void replacing_leaves_the_old_or_the_new(void **state)
{
	static const struct operation o = { .name = "replace", .steps = "wsrs",
					    .prepare = prepare_old, .run = run_replace,
					    .look = old_or_new };

	(void)state;
	fail_each(&o);
}

static fh_err run_read(struct bench *b)
{
	struct fh_span got = { 0 };

	fh_arena_reset(&b->arena);
	fh_err e = fh_file_read(b->path, 1 << 16, &b->arena, &got);

	if (e == FH_ERR_OK)
		assert_true(fh_span_equal(got, FH_SPAN_LIT(OLD)));
	else
		assert_null(got.p);
	return e;
}

static void reading_gives_the_whole_file_or_an_error(void **state)
{
	static const struct operation o = { .name = "read", .prepare = prepare_old,
					    .run = run_read };

	(void)state;
	fail_each(&o);
}

/* --- slots ---------------------------------------------------------------------- */

/* Opens the slots of B's file and reads the value: 0 for none.  */
static fh_err slots_value(int fd, struct fh_slots *s, uint64_t *value)
{
	uint8_t bytes[8];
	struct fh_builder out = FH_BUILDER_ARRAY(bytes);
	fh_err e = fh_slots_open(fd, s, &out);
	struct fh_cursor c = fh_cursor_of(fh_builder_span(&out));

	*value = e == FH_ERR_OK ? fh_cursor_be64(&c) : 0;
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

static int open_slots(struct bench *b)
{
	int fd = open(b->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static fh_err put_value(struct fh_slots *s, uint64_t value)
{
	uint8_t bytes[8];
	struct fh_builder v = FH_BUILDER_ARRAY(bytes);

	fh_builder_be64(&v, value);
	return fh_slots_write(s, fh_builder_span(&v));
}

/* BEFORE values are there; the next is written with the K-th call failing.  */
static bool fail_slot_write(uint64_t before, size_t k, int error)
{
	struct bench b;
	struct fh_slots s;
	uint64_t value;

	make_bench(&b);
	int fd = open_slots(&b);

	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_OK);
	for (uint64_t i = 1; i <= before; i++)
		assert_int_equal(put_value(&s, i), FH_ERR_OK);
	fault_arm(k, error, is_sync);
	if (k % 2 == 0)
		fault_now()->chosen = is_transfer;
	fault_now()->countdown = k / 2;
	fh_err e = put_value(&s, before + 1);
	bool met = fault_end();

	assert_int_equal(e == FH_ERR_OK, !met || survivable(error, fault_now()->call));
	(void)close(fd);
	fd = open_slots(&b);
	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_OK);
	assert_true(value == before + 1 || (e != FH_ERR_OK && value == before));
	/* It goes on from what is there.  */
	assert_int_equal(put_value(&s, value + 1), FH_ERR_OK);
	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_OK);
	assert_true(value > before);
	(void)close(fd);
	drop_bench(&b);
	return met;
}

static void a_slot_write_leaves_the_old_or_the_new_value(void **state)
{
	size_t faults = 0;

	(void)state;
	for (uint64_t before = 0; before < 4; before++) {
		for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
			for (size_t k = 0; k < 4; k++)
				faults += fail_slot_write(before, k, errors[i]);
		}
	}
	print_message("# slots write: %zu faults\n", faults);
	assert_true(faults >= 32);
}

static void prepare_slots(struct bench *b)
{
	struct fh_slots s;
	uint64_t value;
	int fd = open_slots(b);

	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_OK);
	assert_int_equal(put_value(&s, 1), FH_ERR_OK);
	assert_int_equal(put_value(&s, 2), FH_ERR_OK);
	(void)close(fd);
}

static fh_err run_slots_open(struct bench *b)
{
	int fd = open(b->path, O_RDWR | O_CLOEXEC);
	FH_OWN(fh_fd) owned = fh_fd_of(fd);
	struct fh_slots s;
	uint64_t value = 0;

	if (fd < 0)
		return FH_ERR_IO;
	fh_err e = slots_value(fd, &s, &value);

	/* Never the older value, and never none, because a read went wrong.  */
	if (e == FH_ERR_OK)
		assert_int_equal(value, 2);
	return e;
}

static void opening_slots_never_falls_back_to_the_older_value(void **state)
{
	static const struct operation o = { .name = "slots open", .prepare = prepare_slots,
					    .run = run_slots_open };

	(void)state;
	fail_each(&o);
}

static void any_cut_of_the_first_slot_write_counts_as_none(void **state)
{
	struct bench b;
	struct fh_slots s;
	uint64_t value;

	(void)state;
	make_bench(&b);
	int fd = open_slots(&b);

	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_OK);
	assert_int_equal(put_value(&s, 1), FH_ERR_OK);
	off_t end = lseek(fd, 0, SEEK_END);

	for (off_t cut = end - 1; cut > (off_t)FH_SLOT_SIZE; cut--) {
		uint8_t bytes[8];
		struct fh_builder out = FH_BUILDER_ARRAY(bytes);

		assert_int_equal(ftruncate(fd, cut), 0);
		assert_int_equal(fh_slots_open(fd, &s, &out), FH_ERR_MISSING);
		assert_int_equal(out.n, 0);
	}
	(void)close(fd);
	drop_bench(&b);
}

static void damage_of_the_only_slot_is_damage(void **state)
{
	struct bench b;
	struct fh_slots s;
	uint64_t value;

	(void)state;
	make_bench(&b);
	int fd = open_slots(&b);

	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_OK);
	assert_int_equal(put_value(&s, 1), FH_ERR_OK);
	off_t end = lseek(fd, 0, SEEK_END);

	for (off_t at = (off_t)FH_SLOT_SIZE; at < end; at++) {
		uint8_t byte;

		/* A longer length alone looks like a file that ends too early.  */
		if (at >= (off_t)FH_SLOT_SIZE + 12 && at < (off_t)FH_SLOT_SIZE + 16)
			continue;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_int_equal(slots_value(fd, &s, &value), FH_ERR_FORMAT);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	/* What was written twice has a slot that is not all zero.  */
	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_OK);
	assert_int_equal(put_value(&s, 2), FH_ERR_OK);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_int_equal(ftruncate(fd, end - 1), 0);
	assert_int_equal(slots_value(fd, &s, &value), FH_ERR_FORMAT);
	(void)close(fd);
	drop_bench(&b);
}

/* --- the state directory --------------------------------------------------------- */

static fh_err run_create(struct bench *b)
{
	struct fh_trace t = { 0 };
	struct fh_store s = { 0 };

	(void)snprintf(b->path, sizeof(b->path), "%s/state", b->place.path);
	fh_err e = fh_store_create(b->path, &s, &t);

	if (e == FH_ERR_OK)
		b->store = s;
	else
		assert_int_equal(s.path[0], '\0');
	if (e != FH_ERR_OK)
		assert_string_not_equal(t.what, "");
	return e;
}

static void made_or_not(struct bench *b, fh_err e)
{
	struct fh_trace t = { 0 };
	struct fh_store s = { 0 };

	if (e == FH_ERR_OK)
		assert_int_equal(fh_store_open(b->path, &s, &t), FH_ERR_OK);
	else
		assert_int_equal(names_in(b->place.path, /* hidden= */ true), 0);
	fh_store_drop(&s);
}

static void a_state_directory_is_made_or_nothing_is_left(void **state)
{
	static const struct operation o = { .name = "store create", .steps = "msmmmmwssrs",
					    .run = run_create, .look = made_or_not };

	(void)state;
	fail_each(&o);
}

static void prepare_store(struct bench *b)
{
	assert_int_equal(run_create(b), FH_ERR_OK);
	assert_int_equal(fh_store_path(&b->store, "keys/device", b->path), FH_ERR_OK);
}

static fh_err run_open_and_lock(struct bench *b)
{
	struct fh_trace t = { 0 };
	struct fh_store s = { 0 };
	fh_err e = fh_store_open(b->store.path, &s, &t);

	if (e == FH_ERR_OK)
		e = fh_store_lock(&s, &t);
	if (e != FH_ERR_OK) {
		assert_int_equal(s.lock.plus_one, 0);
		assert_string_not_equal(t.what, "");
	}
	fh_store_drop(&s);
	return e;
}

static void opening_and_locking_leaves_no_lock_behind(void **state)
{
	static const struct operation o = { .name = "store open, lock",
					    .prepare = prepare_store, .run = run_open_and_lock };

	(void)state;
	fail_each(&o);
}

static fh_err run_put(struct bench *b)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_store_put(&b->store, "keys/device", content(b), &t);

	if (e != FH_ERR_OK)
		assert_string_not_equal(t.what, "");
	return e;
}

static void whole_or_no_key(struct bench *b, fh_err e)
{
	char keys[FH_PATH_MAX];

	assert_int_equal(fh_store_path(&b->store, "keys", keys), FH_ERR_OK);
	size_t n = names_in(keys, /* hidden= */ true);

	if (e == FH_ERR_OK || n > 0) {
		assert_int_equal(n, 1);
		assert_true(holds(b, b->path, content(b)));
	}
}

static void putting_a_file_gives_its_name_to_nothing_half(void **state)
{
	static const struct operation o = { .name = "store put", .steps = "wssrs",
					    .prepare = prepare_store,
					    .run = run_put, .look = whole_or_no_key,
					    .again = FH_ERR_EXISTS };

	(void)state;
	fail_each(&o);
}

/* A statement file, whose signature nobody looks at here.  */
static struct fh_span statement(struct bench *b)
{
	static const uint8_t signature[FH_MLDSA65_SIGNATURE_SIZE];
	struct fh_builder payload = fh_builder_of(fh_arena_take(&b->arena, 1024), 1024);
	struct fh_builder file = fh_builder_of(fh_arena_take(&b->arena, 8192), 8192);
	struct fh_statement s = { .sequence = 1, .kind_text = FH_SPAN_LIT("actor"),
				  .previous = { { 1 } }, .chain_id = { { 2 } },
				  .body = FH_SPAN_LIT("\xa0"), .issued_ms = 1 };
	struct fh_cose_signature line = { { { 3 } }, FH_SPAN_ARRAY(signature) };

	fh_statement_put(&payload, &s);
	fh_envelope_put(&file, fh_builder_span(&payload), &line, 1);
	return fh_builder_span(&file);
}

static fh_err run_add(struct bench *b)
{
	struct fh_trace t = { 0 };

	fh_arena_reset(&b->arena);
	return fh_chain_file_add(&b->store, statement(b), &t);
}

static void whole_or_no_statement(struct bench *b, fh_err e)
{
	struct fh_chain_file *f;
	struct fh_trace t = { 0 };
	struct fh_span want, got;
	size_t n;

	fh_arena_reset(&b->arena);
	want = statement(b);
	assert_int_equal(fh_chain_files(&b->store, &b->arena, &f, &n, &t), FH_ERR_OK);
	if (e == FH_ERR_OK)
		assert_int_equal(n, 1);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(fh_chain_file_read(&b->store, &f[i], &b->arena, &got, &t),
				 FH_ERR_OK);
		assert_true(fh_span_equal(got, want));
	}
}

static void adding_a_statement_leaves_it_whole_or_not_at_all(void **state)
{
	static const struct operation o = { .name = "chain add", .steps = "wssrs",
					    .prepare = prepare_store,
					    .run = run_add, .look = whole_or_no_statement,
					    .again = FH_ERR_EXISTS };

	(void)state;
	fail_each(&o);
}

/* --- operator keys ---------------------------------------------------------------- */

static fh_err run_key_write(struct bench *b)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_operator_key_write(b->path, nullptr, content(b), &t);

	if (e != FH_ERR_OK)
		assert_string_not_equal(t.what, "");
	return e;
}

static void an_operator_key_is_there_whole_or_not_at_all(void **state)
{
	static const struct operation o = { .name = "key write", .steps = "wss",
					    .run = run_key_write, .look = all_or_nothing };

	(void)state;
	fail_each(&o);
}

static void prepare_key(struct bench *b)
{
	assert_int_equal(run_key_write(b), FH_ERR_OK);
}

static fh_err run_key_read(struct bench *b)
{
	struct fh_span got = { 0 };
	struct fh_trace t = { 0 };

	fh_arena_reset(&b->arena);
	fh_err e = fh_operator_key_read(b->path, nullptr, &b->arena, &got, &t);

	if (e == FH_ERR_OK)
		assert_true(fh_span_equal(got, content(b)));
	else
		assert_null(got.p);
	return e;
}

static void reading_an_operator_key_gives_all_of_it_or_an_error(void **state)
{
	static const struct operation o = { .name = "key read", .prepare = prepare_key,
					    .run = run_key_read };

	(void)state;
	fail_each(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_is_there_whole_or_not_at_all),
		cmocka_unit_test(replacing_leaves_the_old_or_the_new),
		cmocka_unit_test(reading_gives_the_whole_file_or_an_error),
		cmocka_unit_test(a_slot_write_leaves_the_old_or_the_new_value),
		cmocka_unit_test(opening_slots_never_falls_back_to_the_older_value),
		cmocka_unit_test(any_cut_of_the_first_slot_write_counts_as_none),
		cmocka_unit_test(damage_of_the_only_slot_is_damage),
		cmocka_unit_test(a_state_directory_is_made_or_nothing_is_left),
		cmocka_unit_test(opening_and_locking_leaves_no_lock_behind),
		cmocka_unit_test(putting_a_file_gives_its_name_to_nothing_half),
		cmocka_unit_test(adding_a_statement_leaves_it_whole_or_not_at_all),
		cmocka_unit_test(an_operator_key_is_there_whole_or_not_at_all),
		cmocka_unit_test(reading_an_operator_key_gives_all_of_it_or_an_error),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
