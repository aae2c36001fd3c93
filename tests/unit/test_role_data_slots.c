/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery slots of the data epochs: for whom they are made, what is remembered of those before,
 * and what they open without the chip.  */
#include "role/data_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data_keys_fixture.h"
#include "os/file.h"

constexpr size_t head_size = 4096;

static const struct fh_hash chain_id = { .bytes = { 0xcc } }, device_id = { .bytes = { 0xdd } };

/* Whoever may recover: a seed for each.  */
static struct fh_secret seed_of(uint8_t who)
{
	return (struct fh_secret){ .bytes = { who }, .n = FH_KEM_SEED_SIZE };
}

static struct fh_kem_public public_of(uint8_t who)
{
	const struct fh_secret seed = seed_of(who);
	struct fh_kem_public p;

	assert_int_equal(fh_kem_public_of(&seed, &p), FH_ERR_OK);
	return p;
}

static struct fh_hash id_of(uint8_t who)
{
	const struct fh_kem_public p = public_of(who);

	return fh_recovery_key_id(FH_SPAN_ARRAY(p.bytes));
}

/* Slots are for WHO from now on; 0: for nobody.  */
static void say(struct bench *b, uint8_t who)
{
	const struct fh_kem_public p = public_of(who);

	fh_data_keys_recipient(&b->keys, &chain_id, &device_id,
			       who == 0 ? (struct fh_span){ 0 } : FH_SPAN_ARRAY(p.bytes));
}

static void tell(struct bench *b)
{
	say(b, b->who);
}

/* As a new process would, when slots are for WHO.  */
static void start(struct bench *b, uint8_t who)
{
	b->who = who;
	assert_int_equal(open_again(b), FH_ERR_OK);
}

static int set_up(void **state)
{
	*state = bench_new(tell, /* who= */ 1);
	return 0;
}

/* A key of SUBJECT, made when the chain's head was STATEMENT.  */
static struct made make(struct bench *b, const char *subject, uint64_t statement)
{
	const struct fh_data_period p = { fh_span_str(subject), FH_SPAN_LIT("default"), 0 };
	struct made m = { 0 };

	assert_int_equal(fh_data_keys_make(&b->keys, &p, statement, m.name, &m.key, &b->trace),
			 FH_ERR_OK);
	return m;
}

static bool renews(struct bench *b)
{
	const uint64_t before = b->keys.epoch;
	bool renewed;

	assert_int_equal(fh_data_keys_renew(&b->keys, &b->root, &renewed, &b->trace), FH_ERR_OK);
	assert_int_equal(b->keys.epoch, before + (renewed ? 1 : 0));
	return renewed;
}

/* Ends the keys of SUBJECT; what its entry would name goes to SLOTS.  */
static void shred(struct bench *b, const char *subject, struct fh_builder *slots)
{
	static uint8_t room[FH_SHRED_LIST_MAX];
	struct fh_builder list = FH_BUILDER_ARRAY(room);
	uint64_t left;

	fh_data_keys_forget_wishes(&b->keys);
	assert_int_equal(fh_data_keys_ask(&b->keys, fh_span_str(subject), UINT64_MAX), FH_ERR_OK);
	assert_int_equal(fh_data_keys_shred_begin(&b->keys, &b->root, 0, &list, &b->trace),
			 FH_ERR_OK);
	fh_data_keys_put_slots(&b->keys, slots);
	assert_false(slots->bad);
	assert_true(fh_data_keys_slots_named(&b->keys, fh_builder_span(slots)));
	assert_int_equal(fh_data_keys_rewrap(&b->keys, SIZE_MAX, &left, &b->trace), FH_ERR_OK);
	assert_int_equal(fh_data_keys_shred_end(&b->keys, &b->trace), FH_ERR_OK);
}

/* SLOTS are of just those in WHO, a list that ends with 0.  */
static void assert_slots(const struct fh_builder *slots, const uint8_t *who)
{
	size_t n, expected = 0;

	assert_int_equal(fh_shred_slots_read(fh_builder_span(slots), &n), FH_ERR_OK);
	for (; who[expected] != 0; expected++) {
		char hex[2 * FH_HASH_SIZE];
		struct fh_builder h = FH_BUILDER_ARRAY(hex);
		const struct fh_hash id = id_of(who[expected]);
		struct fh_span slot;
		bool found = false;

		fh_builder_hex(&h, fh_hash_span(&id));
		for (size_t at = 0; fh_shred_slot_next(fh_builder_span(slots), &at, &slot);)
			found |= fh_span_equal(fh_span_skip(slot, 9), fh_builder_span(&h));
		assert_true(found);
	}
	assert_int_equal(n, expected);
}

/* What WHO makes of the files.  */
static fh_err recover(struct bench *b, uint8_t who, struct fh_data_keys *out)
{
	const struct fh_secret seed = seed_of(who);
	const bool even = b->keys.epoch % 2 == 0;

	assert_int_equal(fh_data_keys_begin(&b->arena, out), FH_ERR_OK);
	b->trace = (struct fh_trace){ 0 };
	return fh_data_keys_recover(out, b->file[even ? 0 : 1], even, &chain_id, &device_id, &seed,
				    &b->trace);
}

static bool recovers(struct bench *b, uint8_t who, const struct made *m)
{
	struct fh_data_keys other = { 0 };
	struct fh_secret key = { 0 };

	if (recover(b, who, &other) != FH_ERR_OK)
		return false;
	fh_err e = fh_data_keys_find(&other, FH_SPAN_ARRAY(m->name), &key, &b->trace);

	assert_true(e == FH_ERR_OK || e == FH_ERR_MISSING);
	fh_data_keys_drop(&other);
	return e == FH_ERR_OK && fh_secret_equal(fh_secret_span(&m->key), fh_secret_span(&key));
}

/* --- tests ---------------------------------------------------------------- */

static void the_first_epoch_has_one(void **state)
{
	struct bench *b = *state;
	const struct made m = make(b, "amy", 1);
	struct fh_data_look l;

	assert_true(recovers(b, 1, &m));
	assert_false(recovers(b, 2, &m));
	assert_non_null(strstr(b->trace.what, "is for the key"));
	assert_int_equal(fh_data_keys_look(b->file[0], b->file[1], &l), FH_ERR_OK);
	const struct fh_hash id = id_of(1);

	assert_true(l.slot && fh_hash_equal(&l.slot_key, &id));
	assert_false(renews(b));
	start(b, 1);
	assert_false(renews(b));
	assert_true(recovers(b, 1, &m));
}

static void each_epoch_has_its_own(void **state)
{
	struct bench *b = *state;
	const struct made amy = make(b, "amy", 1), bob = make(b, "bob", 1);
	uint8_t room[FH_SHRED_SLOT_LIST_MAX];
	struct fh_builder slots = FH_BUILDER_ARRAY(room);

	shred(b, "amy", &slots);
	assert_slots(&slots, (const uint8_t[]){ 1, 0 });
	assert_false(recovers(b, 1, &amy));
	assert_true(recovers(b, 1, &bob));
}

static void what_is_made_for_another_is_told_of_the_keys_before(void **state)
{
	struct bench *b = *state;
	uint8_t room[3][FH_SHRED_SLOT_LIST_MAX];
	struct fh_builder old = FH_BUILDER_ARRAY(room[0]), new = FH_BUILDER_ARRAY(room[1]);
	struct fh_builder none = FH_BUILDER_ARRAY(room[2]);
	const struct made amy = make(b, "amy", 3);

	make(b, "zoe", 3);
	say(b, 2);
	assert_true(renews(b));
	assert_true(recovers(b, 2, &amy));
	assert_false(recovers(b, 1, &amy));
	make(b, "bob", 4);
	start(b, 2); /* and it is on the disk */
	shred(b, "bob", &new);
	assert_slots(&new, (const uint8_t[]){ 2, 0 });
	say(b, 0);
	assert_true(renews(b));
	assert_false(renews(b));
	const struct made eve = make(b, "eve", 5);

	assert_false(recovers(b, 2, &eve));
	assert_non_null(strstr(b->trace.what, "no recovery slot"));
	start(b, 0);
	shred(b, "amy", &old);
	assert_slots(&old, (const uint8_t[]){ 1, 2, 0 });
	shred(b, "eve", &none);
	assert_slots(&none, (const uint8_t[]){ 0 });
	old = FH_BUILDER_ARRAY(room[0]);
	shred(b, "zoe", &old);
	make(b, "new", 3); /* older ones are gone, so nothing is told of them any more */
	assert_int_equal(b->keys.slot.earliers, 0);
}

static void an_entry_that_names_too_little_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t room[FH_SHRED_SLOT_LIST_MAX];
	struct fh_builder one = FH_BUILDER_ARRAY(room);
	const struct fh_hash second = id_of(2);

	make(b, "amy", 1);
	assert_false(fh_data_keys_slots_named(&b->keys, FH_SPAN_LIT("\x80")));
	fh_shred_slots_begin(&one, 1);
	fh_shred_put_slot(&one, &second);
	assert_false(fh_data_keys_slots_named(&b->keys, fh_builder_span(&one)));
	say(b, 0);
	assert_true(renews(b));
	assert_true(fh_data_keys_slots_named(&b->keys, FH_SPAN_LIT("\x80")));
}

/* Keys wrapped for an epoch that was given up open with its slot, whoever comes after it.  */
static void a_shred_that_was_given_up_is_told(void **state)
{
	static uint8_t list_room[FH_SHRED_LIST_MAX];
	struct bench *b = *state;
	uint8_t room[FH_SHRED_SLOT_LIST_MAX];
	struct fh_builder slots = FH_BUILDER_ARRAY(room), list = FH_BUILDER_ARRAY(list_room);
	uint64_t left;

	make(b, "amy", 1);
	make(b, "bob", 1);
	say(b, 2);
	assert_int_equal(fh_data_keys_ask(&b->keys, FH_SPAN_LIT("bob"), 9), FH_ERR_OK);
	assert_int_equal(fh_data_keys_shred_begin(&b->keys, &b->root, 0, &list, &b->trace),
			 FH_ERR_OK);
	assert_int_equal(fh_data_keys_rewrap(&b->keys, SIZE_MAX, &left, &b->trace), FH_ERR_OK);
	start(b, 3);
	assert_true(renews(b));
	shred(b, "amy", &slots);
	assert_slots(&slots, (const uint8_t[]){ 1, 2, 3, 0 });
}

/* More than can be named: one of them stands for what is not.  */
static void what_is_too_much_is_unknown(void **state)
{
	struct bench *b = *state;
	uint8_t room[FH_SHRED_SLOT_LIST_MAX];
	struct fh_builder slots = FH_BUILDER_ARRAY(room);
	struct fh_span slot;
	size_t at = 0, n = 0;

	make(b, "amy", 1);
	for (uint8_t who = 2; who < 20; who++) {
		say(b, who);
		assert_true(renews(b));
	}
	start(b, 19);
	shred(b, "amy", &slots);
	while (fh_shred_slot_next(fh_builder_span(&slots), &at, &slot))
		n++;
	assert_int_equal(n, FH_RECOVERY_EARLIER_MAX);
	assert_true(fh_span_equal(slot, FH_SPAN_LIT("recovery:unknown")));
}

static void a_head_without_a_slot_is_as_before(void **state)
{
	struct bench *b = *state;
	uint8_t head[head_size];
	const struct made m = make(b, "amy", 1);
	int file = b->file[b->keys.epoch % 2];

	assert_int_equal(fh_fd_pread(file, head, sizeof(head), 0), FH_ERR_OK);
	size_t at = 26 + (size_t)(head[24] << 8 | head[25]);

	memset(head + at, 0, head_size - FH_HASH_SIZE - at);
	const struct fh_hash sum = fh_hash_of(fh_span_of(head, head_size - FH_HASH_SIZE));

	memcpy(head + head_size - FH_HASH_SIZE, sum.bytes, FH_HASH_SIZE);
	assert_int_equal(fh_fd_pwrite(file, FH_SPAN_ARRAY(head), 0), FH_ERR_OK);
	assert_false(recovers(b, 1, &m));
	start(b, 1);
	assert_true(renews(b));
	assert_true(recovers(b, 1, &m));
	assert_int_equal(b->keys.slot.earliers, 0);
}

/* Each byte of a slot; the sum over the head is made right.  */
static void what_was_altered_is_seen(void **state)
{
	struct bench *b = *state;
	uint8_t good[head_size], bad[head_size];
	const struct made m = make(b, "amy", 1);
	int file = b->file[b->keys.epoch % 2];
	struct fh_data_keys other = { 0 };

	assert_int_equal(fh_fd_pread(file, good, sizeof(good), 0), FH_ERR_OK);
	const size_t at = 26 + (size_t)(good[24] << 8 | good[25]);
	const size_t end = at + 2 + (size_t)(good[at] << 8 | good[at + 1]);

	for (size_t i = at + 2; i < end; i += 7) {
		const size_t mark = b->arena.n;

		memcpy(bad, good, sizeof(bad));
		bad[i] ^= 0x20;
		const struct fh_hash sum = fh_hash_of(fh_span_of(bad, head_size - FH_HASH_SIZE));

		memcpy(bad + head_size - FH_HASH_SIZE, sum.bytes, FH_HASH_SIZE);
		assert_int_equal(fh_fd_pwrite(file, FH_SPAN_ARRAY(bad), 0), FH_ERR_OK);
		assert_int_not_equal(recover(b, 1, &other), FH_ERR_OK);
		assert_true(b->trace.what[0] != '\0');
		b->arena.n = mark;
	}
	start(b, 1);
	assert_true(b->keys.slot.held);
	assert_true(renews(b));
	assert_true(recovers(b, 1, &m));
	assert_int_equal(b->keys.slot.earliers, 1); /* of which nobody knows whose it was */
}

/* A bad sector under one key: the others open.  */
static void what_is_damaged_is_passed_over_without_the_chip(void **state)
{
	struct bench *b = *state;
	const struct made amy = make(b, "amy", 1), bob = make(b, "bob", 1), eve = make(b, "eve", 1);
	struct fh_data_keys other = { 0 };
	int file = b->file[b->keys.epoch % 2];

	assert_int_equal(fh_fd_pwrite(file, FH_SPAN_LIT("bad"), head_size + 192 + 100), FH_ERR_OK);
	assert_true(recovers(b, 1, &amy));
	assert_false(recovers(b, 1, &bob));
	assert_true(recovers(b, 1, &eve));
	assert_int_equal(recover(b, 1, &other), FH_ERR_OK);
	assert_int_equal(other.damaged, 1);
	fh_data_keys_drop(&other);
	assert_int_equal(open_again(b), FH_ERR_FORMAT); /* with it somebody has to look */
}

static void until_the_chain_was_seen_nothing_is_missed(void **state)
{
	struct bench *b = *state;
	bool renewed = true;

	make(b, "amy", 1);
	b->keys.recipient = (struct fh_data_recipient){ 0 };
	assert_int_equal(fh_data_keys_renew(&b->keys, &b->root, &renewed, &b->trace), FH_ERR_OK);
	assert_false(renewed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_epoch_has_one),
		TEST(each_epoch_has_its_own),
		TEST(what_is_made_for_another_is_told_of_the_keys_before),
		TEST(an_entry_that_names_too_little_is_refused),
		TEST(a_shred_that_was_given_up_is_told),
		TEST(what_is_too_much_is_unknown),
		TEST(a_head_without_a_slot_is_as_before),
		TEST(what_was_altered_is_seen),
		TEST(what_is_damaged_is_passed_over_without_the_chip),
		TEST(until_the_chain_was_seen_nothing_is_missed),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
