/* SPDX-License-Identifier: Apache-2.0 */
/* What a shred entry says, and which entries it is about.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entry/field.h"
#include "entry/pruned.h"
#include "entry/shredded.h"
#include "os/memory.h"
#include "spec_fixture.h"

static const uint8_t names[3][FH_SEAL_NAME_SIZE] = { { 1 }, { 2 }, { 3 } };

static struct fh_shred_key key_of(size_t i)
{
	return (struct fh_shred_key){ FH_SPAN_ARRAY(names[i]), FH_SPAN_LIT("16s"), 5 + i, 9 * i };
}

/* The detail for the keys of NUMBERS, and SLOTS.  */
static struct fh_span detail_with(const size_t *number, size_t n, struct fh_span slots)
{
	static uint8_t room[512], list_room[256];
	struct fh_builder b = FH_BUILDER_ARRAY(room), list = FH_BUILDER_ARRAY(list_room);

	fh_shred_begin(&list, n);
	for (size_t i = 0; i < n; i++) {
		struct fh_shred_key k = key_of(number[i]);

		fh_shred_put_key(&list, &k);
	}
	fh_shred_put(&b, fh_builder_span(&list), /* epoch= */ 4, slots);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static struct fh_span detail_of(const size_t *number, size_t n)
{
	return detail_with(number, n, (struct fh_span){ 0 });
}

/* docs/spec/LEAF, "Golden bytes".  */
static const char golden[] =
	"a3646b657973828450010000000000000000000000000000006331367305008450020000"
	"000000000000000000000000006331367306096565706f63680465736c6f747380";

static void has_the_documented_bytes(void **state)
{
	struct fh_span d = detail_of((const size_t[]){ 0, 1 }, 2);
	char text[512];

	(void)state;
	for (size_t i = 0; i < d.n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", d.p[i]);
	assert_string_equal(text, golden);
}

static void reads_what_it_writes(void **state)
{
	struct fh_span d = detail_of((const size_t[]){ 0, 1, 2 }, 3);
	struct fh_shred s;
	struct fh_shred_key k;
	size_t at = 0;

	(void)state;
	assert_int_equal(fh_shred_read(d, &s), FH_ERR_OK);
	assert_int_equal(s.keys_n, 3);
	assert_int_equal(s.epoch, 4);
	assert_int_equal(s.slots_n, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_true(fh_shred_next(s.keys, &at, &k));
		assert_true(fh_span_equal(k.name, FH_SPAN_ARRAY(names[i])));
		assert_int_equal(k.period, 5 + i);
		assert_int_equal(k.statement, 9 * i);
	}
	assert_false(fh_shred_next(s.keys, &at, &k));
}

static void refuses_what_is_not_in_order(void **state)
{
	static const size_t twice[] = { 1, 1 }, falling[] = { 2, 1 };
	struct fh_shred s;

	(void)state;
	assert_int_equal(fh_shred_read(detail_of(twice, 2), &s), FH_ERR_FORMAT);
	assert_int_equal(fh_shred_read(detail_of(falling, 2), &s), FH_ERR_FORMAT);
	assert_int_equal(fh_shred_read(detail_of(twice, 0), &s), FH_ERR_FORMAT);
	struct fh_span d = detail_of(twice, 1);

	for (size_t n = 0; n < d.n; n++)
		assert_int_not_equal(fh_shred_read(fh_span_first(d, n), &s), FH_ERR_OK);
}

/* --- slots ------------------------------------------------------------------------- */

static struct fh_span slots_of(const uint8_t *first, size_t n)
{
	static uint8_t room[FH_SHRED_SLOT_LIST_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_shred_slots_begin(&b, n);
	for (size_t i = 0; i < n; i++) {
		struct fh_hash key = { .bytes = { first[i] } };

		fh_shred_put_slot(&b, &key);
	}
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static void names_what_could_still_open_it(void **state)
{
	static const char *const said[] = {
		"recovery:0100000000000000000000000000000000000000000000000000000000000000",
		"recovery:a200000000000000000000000000000000000000000000000000000000000000",
		"recovery:unknown",
	};
	struct fh_span d = detail_with((const size_t[]){ 0 }, 1,
				       slots_of((const uint8_t[]){ 1, 0xa2, 0 }, 3));
	struct fh_shred s;
	struct fh_span slot;
	size_t at = 0;

	(void)state;
	assert_int_equal(fh_shred_read(d, &s), FH_ERR_OK);
	assert_int_equal(s.slots_n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(fh_shred_slot_next(s.slots, &at, &slot));
		assert_true(fh_span_equal(slot, fh_span_str(said[i])));
	}
	assert_false(fh_shred_slot_next(s.slots, &at, &slot));
	stands_in("LEAF.md", "a list of slots", slots_of((const uint8_t[]){ 1, 0 }, 2));
}

static void refuses_other_slots(void **state)
{
	static const char upper[] =
		"\x81\x78\x49recovery:"
		"A000000000000000000000000000000000000000000000000000000000000000";
	static const char *const other[] = { "\x81\x64" "chip", "\x81\x69recovery:", "\x81\x60",
					     "\x82\x70recovery:unknown\x70recovery:unknown" };
	struct fh_shred s;
	size_t n;

	(void)state;
	assert_int_equal(fh_shred_slots_read(fh_span_str(upper), &n), FH_ERR_FORMAT);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		struct fh_span d = detail_with((const size_t[]){ 0 }, 1, fh_span_str(other[i]));

		assert_int_equal(fh_shred_read(d, &s), FH_ERR_FORMAT);
	}
	assert_int_equal(fh_shred_slots_read(slots_of((const uint8_t[]){ 2, 1 }, 2), &n),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_shred_slots_read(slots_of((const uint8_t[]){ 0, 1 }, 2), &n),
			 FH_ERR_FORMAT);
}

/* --- which entries --------------------------------------------------------------- */

static struct fh_span sealed_with(size_t i)
{
	static uint8_t room[1024], plain[FH_SEAL_BUCKET_MIN];
	static const struct fh_secret key = { .n = FH_SEAL_KEY_SIZE };
	static const uint8_t salt[FH_SALT_SIZE];
	static const struct fh_leaf leaf = { .index = 7 };
	const struct fh_sealer with = { FH_SPAN_ARRAY(names[i]), &key, /* aead= */ nullptr };
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_fields f = { .n = 1 };
	bool all[FH_FIELDS_MAX] = { true };

	f.field[0] = (struct fh_field){ FH_FIELD_ACTOR, FH_SPAN_ARRAY(salt), FH_SPAN_LIT("\x61x") };
	fh_sealed_put_head(&b, 1);
	assert_int_equal(fh_sealed_put_part(&b, &f, all, &with, &leaf, FH_SPAN_ARRAY(plain)),
			 FH_ERR_OK);
	return fh_builder_span(&b);
}

static struct fh_span entry_of(const size_t *number, size_t n)
{
	static uint8_t room[1024];
	static const uint8_t salt[FH_SALT_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_fields f = { .n = 1 };

	f.field[0] = (struct fh_field){ FH_FIELD_DETAIL, FH_SPAN_ARRAY(salt), detail_of(number,
		n) };
	fh_payload_put(&b, &f);
	return fh_builder_span(&b);
}

static void an_entry_ends_with_the_first_behind_it(void **state)
{
	FH_OWN(fh_arena) arena = { 0 };
	FH_OWN(fh_arena) larger = { 0 };
	struct fh_shredded s;
	uint64_t by;

	(void)state;
	assert_int_equal(fh_arena_map(4096, &arena), FH_ERR_OK);
	assert_int_equal(fh_shredded_begin(&arena, 4, &s), FH_ERR_OK);
	assert_int_equal(fh_shredded_find(&s, 3, sealed_with(0), &by), FH_ERR_MISSING);
	assert_int_equal(fh_shredded_add(&s, 20, entry_of((const size_t[]){ 0, 2 }, 2)), FH_ERR_OK);
	assert_int_equal(fh_shredded_add(&s, 10, entry_of((const size_t[]){ 0 }, 1)), FH_ERR_OK);
	assert_int_equal(fh_shredded_find(&s, 3, sealed_with(0), &by), FH_ERR_OK);
	assert_int_equal(by, 10);
	assert_int_equal(fh_shredded_find(&s, 11, sealed_with(0), &by), FH_ERR_OK);
	assert_int_equal(by, 20);
	assert_int_equal(fh_shredded_find(&s, 21, sealed_with(0), &by), FH_ERR_MISSING);
	assert_int_equal(fh_shredded_find(&s, 3, sealed_with(1), &by), FH_ERR_MISSING);
	assert_int_equal(fh_shredded_find(&s, 3, sealed_with(2), &by), FH_ERR_OK);
	assert_int_equal(by, 20);
	/* What is not sealed is not shredded.  */
	assert_int_equal(fh_shredded_find(&s, 3, entry_of((const size_t[]){ 0 }, 1), &by),
			 FH_ERR_MISSING);
	assert_int_equal(fh_shredded_add(&s, 30, entry_of((const size_t[]){ 0, 1 }, 2)),
			 FH_ERR_LIMIT);
	assert_int_equal(fh_shredded_add(&s, 30, sealed_with(0)), FH_ERR_VERSION);
	/* There is room elsewhere; what is known comes along.  */
	assert_int_equal(fh_arena_map(4096, &larger), FH_ERR_OK);
	assert_int_equal(fh_shredded_move(&larger, 2, &s), FH_ERR_LIMIT);
	assert_int_equal(fh_shredded_move(&larger, 8, &s), FH_ERR_OK);
	memset(arena.p, 0xff, arena.cap);
	assert_int_equal(fh_shredded_add(&s, 30, entry_of((const size_t[]){ 0, 1 }, 2)),
			 FH_ERR_OK);
	assert_int_equal(fh_shredded_find(&s, 3, sealed_with(0), &by), FH_ERR_OK);
	assert_int_equal(by, 10);
	assert_int_equal(fh_shredded_find(&s, 21, sealed_with(0), &by), FH_ERR_OK);
	assert_int_equal(by, 30);
}

/* --- what is pruned of it ----------------------------------------------------------- */

static struct fh_sealed named(size_t parts)
{
	struct fh_sealed s = { .parts = parts };

	for (size_t i = 0; i < parts; i++)
		s.part[i].name = FH_SPAN_ARRAY(names[i]);
	return s;
}

static void a_stub_names_what_ended(void **state)
{
	uint8_t room[FH_STUB_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	const struct fh_sealed two = named(2);
	struct fh_sealed again;

	(void)state;
	fh_stub_put(&b, &two);
	assert_false(b.bad);
	stands_in("LEAF.md", "a stub", fh_builder_span(&b));
	assert_true(fh_payload_is_sealed(fh_builder_span(&b)));
	assert_int_equal(fh_sealed_read(fh_builder_span(&b), &again), FH_ERR_OK);
	assert_true(again.pruned);
	assert_int_equal(again.parts, 2);
	assert_true(fh_span_equal(again.part[1].name, FH_SPAN_ARRAY(names[1])));
	assert_int_equal(again.part[1].sealed.n, 0);
	/* Nothing opens it.  */
	static const struct fh_secret key = { .n = FH_SEAL_KEY_SIZE };
	static const struct fh_leaf leaf = { .index = 7 };
	struct fh_fields f = { 0 };

	assert_int_equal(fh_sealed_open_part(&again.part[0], &key, &leaf, room, &f),
			 FH_ERR_MISSING);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_sealed_read(fh_span_of(room, n), &again), FH_ERR_OK);
}

static struct fh_prune golden_prune(void)
{
	const struct fh_sealed one = named(1), two = named(2);
	struct fh_stubs s;

	fh_stubs_begin(&s);
	fh_stubs_add(&s, 4097, &two);
	fh_stubs_add(&s, 4099, &one);
	const struct fh_stubs_sum sum = fh_stubs_sum(&s);

	return (struct fh_prune){ 4096, 9000, 8192, sum.n, sum.names };
}

static void a_prune_entry_has_the_documented_bytes(void **state)
{
	uint8_t room[FH_PRUNE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	const struct fh_prune p = golden_prune();
	struct fh_prune again;

	(void)state;
	fh_prune_put(&b, &p);
	assert_false(b.bad);
	stands_in("LEAF.md", "the hash over two stubs", fh_hash_span(&p.names));
	stands_in("LEAF.md", "what a prune entry says", fh_builder_span(&b));
	assert_int_equal(fh_prune_read(fh_builder_span(&b), &again), FH_ERR_OK);
	assert_true(again.first == 4096 && again.end == 9000 && again.state == 8192
		    && again.stubs == 2 && fh_hash_equal(&again.names, &p.names));
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_prune_read(fh_span_of(room, n), &again), FH_ERR_OK);
}

static void refuses_what_no_segment_can_hold(void **state)
{
	const struct fh_prune right = golden_prune();
	struct fh_prune wrong[5] = { right, right, right, right, right }, out;

	(void)state;
	wrong[0].first = wrong[0].end;
	wrong[1].state = wrong[1].first;
	wrong[2].stubs = 0;
	wrong[3].stubs = wrong[3].end - wrong[3].first + 1;
	wrong[4].end = 0;
	for (size_t i = 0; i < 5; i++) {
		uint8_t room[FH_PRUNE_MAX];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		fh_prune_put(&b, &wrong[i]);
		assert_int_equal(fh_prune_read(fh_builder_span(&b), &out), FH_ERR_FORMAT);
	}
}

static void only_what_ended_wholly_may_go(void **state)
{
	struct fh_shredded_key key[2] = { { .by = 20 }, { .by = 30 } };
	struct fh_shredded all = { .key = key, .n = 2, .cap = 2 };
	const struct fh_sealed one = named(1), two = named(2);

	(void)state;
	memcpy(key[0].name, names[0], FH_SEAL_NAME_SIZE);
	memcpy(key[1].name, names[1], FH_SEAL_NAME_SIZE);
	assert_true(fh_prune_allows(25, &all, 7, &two));
	assert_false(fh_prune_allows(7, &all, 7, &two)); /* not before the state entry */
	assert_false(fh_prune_allows(25, &all, 21, &one)); /* sealed after it had ended */
	all.n = 1;
	all.sorted = false;
	assert_true(fh_prune_allows(25, &all, 7, &one));
	assert_false(fh_prune_allows(25, &all, 7, &two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_documented_bytes),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses_what_is_not_in_order),
		cmocka_unit_test(names_what_could_still_open_it),
		cmocka_unit_test(refuses_other_slots),
		cmocka_unit_test(an_entry_ends_with_the_first_behind_it),
		cmocka_unit_test(a_stub_names_what_ended),
		cmocka_unit_test(a_prune_entry_has_the_documented_bytes),
		cmocka_unit_test(refuses_what_no_segment_can_hold),
		cmocka_unit_test(only_what_ended_wholly_may_go),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
