/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: at most N in any window, whatever the clocks do, and the same from the record.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "state/fold.h"

constexpr uint64_t day_ms = 24 * 3600 * 1000;
constexpr uint64_t begin_ms = 1800000000000;

/* A fold, its memory, and the entries that were added to it.  */
struct world {
	uint8_t *memory;
	struct fh_fold fold;
	uint64_t index;
	struct fh_span salt; /* of its effects: none, or FH_SALT_SIZE bytes */
};

static void world_drop(struct world *w)
{
	free(w->memory);
}
#define OWN_WORLD __attribute__((cleanup(world_drop))) struct world

static struct world world_new(void)
{
	struct world w = { .memory = malloc(FH_FOLD_ARENA) };
	struct fh_arena a = fh_arena_of(w.memory, FH_FOLD_ARENA);

	assert_non_null(w.memory);
	assert_int_equal(fh_fold_begin(&a, &w.fold), FH_ERR_OK);
	return w;
}

static struct fh_hash name_of(uint32_t n)
{
	struct fh_hash h = { 0 };

	memcpy(h.bytes, &n, sizeof(n));
	memcpy(h.bytes + 8, &n, sizeof(n));
	return h;
}

static struct fh_effect effect_of(bool opens, uint32_t budget, uint64_t period_ms, uint64_t amount)
{
	return (struct fh_effect){ .opens = opens, .part = { { name_of(budget), period_ms,
							       amount } }, .parts = 1 };
}

static uint8_t bytes[3][FH_EFFECT_MAX];

static void field(struct fh_fields *f, enum fh_field_id id, const struct fh_builder *b)
{
	f->field[f->n++] = (struct fh_field){ .id = id, .value = fh_builder_span(b) };
}

static void effect(const struct world *w, struct fh_fields *f, const struct fh_builder *b)
{
	field(f, FH_FIELD_EFFECT, b);
	f->field[f->n - 1].salt = w->salt;
}

static fh_err intent(struct world *w, uint64_t lo_ms, bool allowed, const struct fh_effect *e)
{
	struct fh_builder d = FH_BUILDER_ARRAY(bytes[0]), x = FH_BUILDER_ARRAY(bytes[1]);
	const struct fh_leaf leaf = { .index = w->index++, .kind = FH_ENTRY_INTENT,
				      .time = { lo_ms, lo_ms } };
	struct fh_fields f = { 0 };

	fh_cbor_put_array(&d, 3);
	fh_cbor_put_bool(&d, allowed);
	fh_cbor_put_text(&d, FH_SPAN_LIT("permitted"));
	fh_cbor_put_array(&d, 0);
	field(&f, FH_FIELD_DECISION, &d);
	if (e != nullptr) {
		fh_effect_put(&x, e);
		effect(w, &f, &x);
	}
	return fh_fold_add(&w->fold, &leaf, &f);
}

static fh_err outcome(struct world *w, uint64_t lo_ms, uint64_t of, const struct fh_effect *e)
{
	struct fh_builder n = FH_BUILDER_ARRAY(bytes[0]), x = FH_BUILDER_ARRAY(bytes[1]);
	const struct fh_leaf leaf = { .index = w->index++, .kind = FH_ENTRY_OUTCOME,
				      .time = { lo_ms, lo_ms } };
	struct fh_fields f = { 0 };

	fh_cbor_put_uint(&n, of);
	field(&f, FH_FIELD_INTENT, &n);
	if (e != nullptr) {
		fh_effect_put(&x, e);
		effect(w, &f, &x);
	}
	return fh_fold_add(&w->fold, &leaf, &f);
}

static void take_one(struct world *w, uint32_t budget, uint64_t period_ms, uint64_t amount,
		     uint64_t lo_ms)
{
	struct fh_effect e = effect_of(true, budget, period_ms, amount);

	assert_int_equal(intent(w, lo_ms, true, &e), FH_ERR_OK);
}

static uint64_t used(const struct world *w, uint32_t budget, uint64_t period_ms, uint64_t lo_ms)
{
	struct fh_hash id = name_of(budget);

	return fh_fold_used(&w->fold, &id, period_ms, lo_ms);
}

static enum fh_funds funds(struct world *w, uint32_t budget, uint64_t count, uint64_t lo_ms)
{
	const struct fh_charge c = { .budget = name_of(budget), .period_ms = day_ms,
				     .count = count, .amount = 1 };

	return fh_fold_funds(&w->fold, &c, lo_ms);
}

static struct fh_hash hash_as(const struct world *w, enum fh_fold_form form)
{
	static _Alignas(max_align_t) uint8_t memory[FH_FOLD_SCRATCH];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_hash h;

	assert_int_equal(fh_fold_hash(&w->fold, form, &a, &h), FH_ERR_OK);
	return h;
}

static struct fh_hash hash_of(const struct world *w)
{
	return hash_as(w, FH_FOLD_VEILED);
}

static void counts_until_a_whole_period_has_passed(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();

	take_one(&w, 1, day_ms, 3, begin_ms);
	assert_int_equal(used(&w, 1, day_ms, begin_ms), 3);
	assert_int_equal(used(&w, 1, day_ms, begin_ms + day_ms), 3);
	assert_int_equal(used(&w, 1, day_ms, begin_ms + day_ms + day_ms / 60), 0);
	assert_int_equal(used(&w, 2, day_ms, begin_ms), 0);
	assert_int_equal(used(&w, 1, day_ms / 2, begin_ms), 0);
}

/* Against the definition: at random times, take whenever it suffices, and then look at
 * every window.  */
static void permits_at_most_n_in_any_window(void **state)
{
	(void)state;
	static const uint64_t periods[] = { 1000, 1001, 63, 64, 60000, day_ms, day_ms + 1 };
	static uint64_t taken[20000];
	uint32_t seed = 7;

	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		OWN_WORLD w = world_new();
		const struct fh_charge ten = { .budget = name_of(1), .period_ms = periods[p],
					       .count = 10, .amount = 1 };
		uint64_t lo = begin_ms;
		size_t n = 0;

		for (size_t i = 0; i < 20000; i++) {
			seed = seed * 1664525 + 1013904223;
			lo += (seed >> 8) % (periods[p] / 20 + 2);
			if (fh_fold_funds(&w.fold, &ten, lo) != FH_FUNDS_SUFFICE)
				continue;
			take_one(&w, 1, periods[p], 1, lo);
			w.fold.opens = 0; /* they are not what this looks at */
			taken[n++] = lo;
		}
		assert_true(n > 100);
		for (size_t i = 10; i < n; i++)
			assert_true(taken[i] - taken[i - 10] >= periods[p]);
	}
}

static void forgets_no_use_when_time_stands_still_or_jumps(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();

	for (size_t i = 0; i < 5; i++)
		take_one(&w, 1, day_ms, 1, begin_ms);
	assert_int_equal(funds(&w, 1, 5, begin_ms), FH_FUNDS_USED_UP);
	/* lo never goes back in a record; if it did, nothing would be forgotten.  */
	assert_int_equal(funds(&w, 1, 5, begin_ms - 10 * day_ms), FH_FUNDS_USED_UP);
	take_one(&w, 1, day_ms, 1, begin_ms - 10 * day_ms);
	assert_int_equal(used(&w, 1, day_ms, begin_ms), 6);
	assert_int_equal(funds(&w, 1, 5, begin_ms + 1000 * day_ms), FH_FUNDS_SUFFICE);
}

static void gives_back_into_the_intents_slot(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();
	struct fh_effect back = effect_of(false, 1, day_ms, 90);

	take_one(&w, 1, day_ms, 100, begin_ms);
	take_one(&w, 1, day_ms, 100, begin_ms + day_ms / 2);
	assert_int_equal(outcome(&w, begin_ms + day_ms / 2 + 1, 0, &back), FH_ERR_OK);
	assert_int_equal(used(&w, 1, day_ms, begin_ms + day_ms / 2 + 1), 110);
	assert_int_equal(used(&w, 1, day_ms, begin_ms + day_ms + day_ms / 60), 100);
	/* Long afterwards there is nothing to give back into.  */
	take_one(&w, 1, day_ms, 1, begin_ms + 9 * day_ms);
	assert_int_equal(outcome(&w, begin_ms + 9 * day_ms, 1, &back), FH_ERR_OK);
	assert_int_equal(used(&w, 1, day_ms, begin_ms + 9 * day_ms), 1);
}

static void never_gives_back_more_than_was_taken(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();
	struct fh_effect back = effect_of(false, 1, day_ms, 1000);

	take_one(&w, 1, day_ms, 10, begin_ms);
	assert_int_equal(outcome(&w, begin_ms, 0, &back), FH_ERR_OK);
	assert_int_equal(used(&w, 1, day_ms, begin_ms), 0);
	take_one(&w, 1, day_ms, UINT64_MAX, begin_ms);
	take_one(&w, 1, day_ms, UINT64_MAX, begin_ms);
	assert_int_equal(used(&w, 1, day_ms, begin_ms), UINT64_MAX);
	assert_int_equal(funds(&w, 1, UINT64_MAX, begin_ms), FH_FUNDS_USED_UP);
}

static void keeps_what_is_unknown(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();
	const struct fh_effect nothing = { 0 };

	take_one(&w, 1, day_ms, 10, begin_ms);
	assert_int_equal(w.fold.opens, 1);
	assert_int_equal(outcome(&w, begin_ms, 0, &nothing), FH_ERR_OK);
	assert_int_equal(w.fold.opens, 0);
	assert_int_equal(used(&w, 1, day_ms, begin_ms), 10);
}

static void refuses_what_no_record_says(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();
	struct fh_effect takes = effect_of(true, 1, day_ms, 1);
	struct fh_effect gives = effect_of(false, 1, day_ms, 1);
	struct fh_effect other = effect_of(true, 1, day_ms / 2, 1);

	assert_int_equal(intent(&w, begin_ms, true, &gives), FH_ERR_FORMAT);
	assert_int_equal(intent(&w, begin_ms, false, &takes), FH_ERR_FORMAT);
	assert_int_equal(intent(&w, begin_ms, false, nullptr), FH_ERR_OK);
	assert_int_equal(outcome(&w, begin_ms, 77, nullptr), FH_ERR_FORMAT);
	assert_int_equal(intent(&w, begin_ms, true, &takes), FH_ERR_OK);
	assert_int_equal(intent(&w, begin_ms, true, &other), FH_ERR_FORMAT);
	assert_int_equal(outcome(&w, begin_ms, 4, &takes), FH_ERR_FORMAT);
}

static void makes_room_only_by_forgetting_what_is_unused(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();

	for (uint32_t i = 0; i + FH_CHARGES_MAX <= FH_BUDGETS_MAX; i++) {
		take_one(&w, i, day_ms, 1, begin_ms);
		w.fold.opens = 0;
	}
	take_one(&w, 99999, day_ms, 1, begin_ms);
	/* full: refused, not forgotten.  */
	assert_int_equal(funds(&w, 100000, 5, begin_ms), FH_FUNDS_NO_ROOM);
	/* those that are known go on.  */
	assert_int_equal(funds(&w, 5, 5, begin_ms), FH_FUNDS_SUFFICE);
	assert_int_equal(used(&w, 5, day_ms, begin_ms), 1);
	assert_int_equal(funds(&w, 100000, 5, begin_ms + 2 * day_ms), FH_FUNDS_SUFFICE);
	assert_int_equal(w.fold.budgets, 0);
}

/* The charge of limit NAME for the resource NUMBER.  */
static struct fh_charge charge_of(const char *name, uint32_t number)
{
	const struct fh_limits l = { .budget = fh_span_str(name) };
	struct fh_limit x = { 5, day_ms, FH_UNIT_CALLS, FH_PER_RESOURCE, { 0 } };
	char id[16];

	fh_limit_name(&l, &x);
	snprintf(id, sizeof(id), "%u", number);
	const struct fh_entity_uid whom = fh_entity_uid_of("File", fh_span_str(id));

	return (struct fh_charge){ .budget = fh_budget_hash(&l, &x, whom), .period_ms = day_ms,
				   .count = x.count, .amount = 1, .renamed = true,
				   .older = fh_budget_hash_older(&l, &x, whom) };
}

/* Takes C, under its older name if OLDER.  */
static void take_charge(struct world *w, const struct fh_charge *c, bool older)
{
	const struct fh_effect e = { .opens = true, .parts = 1, .part = { {
		older ? c->older : c->budget, c->period_ms, c->amount } } };

	assert_int_equal(intent(w, begin_ms, true, &e), FH_ERR_OK);
	w->fold.opens = 0;
}

/* How many budgets the limit NAME gets if somebody asks for ever new ones.  */
static uint32_t spread(struct world *w, const char *name)
{
	uint32_t n = 0;

	for (struct fh_charge c = charge_of(name, 0);
	     fh_fold_funds(&w->fold, &c, begin_ms) == FH_FUNDS_SUFFICE;
	     c = charge_of(name, ++n))
		take_charge(w, &c, false);
	return n;
}

static void leaves_room_to_other_limits_whoever_spreads(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();

	assert_int_equal(spread(&w, "notes"), 2731); /* two thirds */
	struct fh_charge more = charge_of("notes", 9999), known = charge_of("notes", 7);

	assert_int_equal(fh_fold_funds(&w.fold, &more, begin_ms), FH_FUNDS_NO_ROOM);
	assert_int_equal(fh_fold_funds(&w.fold, &known, begin_ms), FH_FUNDS_SUFFICE);
	assert_int_equal(spread(&w, "mail"), 910); /* of what is left, as much */
	assert_true(spread(&w, "third") > 250);
	struct fh_charge other = charge_of("another", 1);

	assert_int_equal(fh_fold_funds(&w.fold, &other, begin_ms), FH_FUNDS_SUFFICE);
	/* What goes out of use makes room again.  */
	assert_int_equal(fh_fold_funds(&w.fold, &more, begin_ms + 2 * day_ms), FH_FUNDS_SUFFICE);
}

/* A limit that was called otherwise before an upgrade has used what it has used.  */
static void counts_under_the_older_name_too(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();
	struct fh_charge c = charge_of("notes", 1), other = charge_of("notes", 2);

	for (int i = 0; i < 3; i++)
		take_charge(&w, &c, true);
	assert_int_equal(w.fold.older, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fh_fold_funds(&w.fold, &c, begin_ms), FH_FUNDS_SUFFICE);
		take_charge(&w, &c, false);
	}
	assert_int_equal(fh_fold_used_of(&w.fold, &c, begin_ms), 5);
	assert_int_equal(fh_fold_funds(&w.fold, &c, begin_ms), FH_FUNDS_USED_UP);
	assert_int_equal(fh_fold_funds(&w.fold, &other, begin_ms), FH_FUNDS_SUFFICE);
}

static void is_the_same_however_it_came_about(void **state)
{
	(void)state;
	OWN_WORLD a = world_new();
	OWN_WORLD b = world_new();
	struct fh_hash one, two, before;

	take_one(&a, 1, day_ms, 5, begin_ms);
	take_one(&a, 2, day_ms, 7, begin_ms);
	take_one(&b, 2, day_ms, 7, begin_ms);
	take_one(&b, 1, day_ms, 5, begin_ms);
	one = hash_of(&a);
	two = hash_of(&b);
	assert_true(fh_hash_equal(&one, &two));
	/* What no longer counts and what has been given back leave no trace ... */
	before = one;
	take_one(&a, 3, 1000, 5, begin_ms);
	one = hash_of(&a);
	assert_false(fh_hash_equal(&one, &before));
	assert_int_equal(outcome(&a, begin_ms, 2, nullptr), FH_ERR_OK);
	assert_int_equal(outcome(&a, begin_ms + 2000, 0, nullptr), FH_ERR_OK);
	assert_int_equal(outcome(&b, begin_ms + 2000, 1, nullptr), FH_ERR_OK);
	a.fold.open[0].index = b.fold.open[0].index = 0;
	one = hash_of(&a);
	two = hash_of(&b);
	assert_true(fh_hash_equal(&one, &two));
	/* ... and every amount does.  */
	take_one(&b, 1, day_ms, 1, begin_ms + 2000);
	two = hash_of(&b);
	assert_false(fh_hash_equal(&one, &two));
}

/* --- as text ------------------------------------------------------------------ */

static struct fh_span text_of(const struct world *w)
{
	static _Alignas(max_align_t) uint8_t memory[FH_FOLD_SCRATCH];
	static uint8_t room[1 << 20];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	assert_int_equal(fh_fold_put(&w->fold, &a, &b), FH_ERR_OK);
	return fh_builder_span(&b);
}

/* W as if it had been started anew from its text.  */
static void start_again(struct world *w)
{
	struct world fresh = world_new();
	struct fh_span text = text_of(w);
	struct fh_hash was = hash_of(w), is = fh_fold_text_hash(text);

	assert_true(fh_hash_equal(&was, &is));
	assert_int_equal(fh_fold_read(text, &fresh.fold), FH_ERR_OK);
	fresh.index = w->index;
	world_drop(w);
	*w = fresh;
}

/* Less than N, the same at each run (Knuth's multiplier for 64 bits).  */
static uint64_t below(uint64_t n)
{
	static uint64_t x = 1;

	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (x >> 33) % n;
}

/* One more entry of both: an intent of some budget, or the outcome of some earlier one.  */
static void both(struct world *a, struct world *b, uint64_t lo_ms)
{
	uint32_t budget = (uint32_t)below(5);
	uint64_t period_ms = budget == 0 ? 1000 : budget * day_ms;
	struct fh_effect e = effect_of(true, budget, period_ms, 1 + below(9));

	if (below(2) == 0 || a->fold.opens == 0) {
		assert_int_equal(intent(a, lo_ms, true, &e), FH_ERR_OK);
		assert_int_equal(intent(b, lo_ms, true, &e), FH_ERR_OK);
		return;
	}
	uint64_t of = a->fold.open[below(a->fold.opens)].index;

	e.opens = false;
	const struct fh_effect *gives = below(2) == 0 ? &e : nullptr;

	assert_int_equal(outcome(a, lo_ms, of, gives), FH_ERR_OK);
	assert_int_equal(outcome(b, lo_ms, of, gives), FH_ERR_OK);
}

static void goes_on_from_its_text(void **state)
{
	(void)state;
	OWN_WORLD a = world_new();
	OWN_WORLD b = world_new();
	uint64_t lo_ms = begin_ms;

	for (int i = 0; i < 3000; i++) {
		lo_ms += below(below(50) == 0 ? 3 * day_ms : day_ms / 100);
		both(&a, &b, lo_ms);
		struct fh_hash one = hash_of(&a), two = hash_of(&b);

		assert_true(fh_hash_equal(&one, &two));
		for (uint32_t k = 1; k < 5; k++)
			assert_int_equal(used(&a, k, k * day_ms, lo_ms),
					 used(&b, k, k * day_ms, lo_ms));
		if (i % 7 == 0)
			start_again(&b);
	}
}

/* Two effects with the salts ONE and OTHER.  */
static void take_salted(struct world *w, const uint8_t one[FH_SALT_SIZE],
			const uint8_t other[FH_SALT_SIZE])
{
	w->salt = fh_span_of(one, FH_SALT_SIZE);
	take_one(w, 1, day_ms, 5, begin_ms);
	w->salt = fh_span_of(other, FH_SALT_SIZE);
	take_one(w, 1, day_ms, 5, begin_ms);
}

static void is_veiled_by_the_salts_of_all_effects(void **state)
{
	(void)state;
	static const uint8_t salt[3][FH_SALT_SIZE] = { { 1 }, { [FH_SALT_SIZE - 1] = 2 }, { 9 } };
	OWN_WORLD a = world_new();
	OWN_WORLD b = world_new();
	OWN_WORLD c = world_new();

	take_salted(&a, salt[0], salt[1]);
	take_salted(&b, salt[1], salt[0]);
	take_salted(&c, salt[0], salt[2]);
	struct fh_hash one = hash_of(&a), same = hash_of(&b), other = hash_of(&c);

	assert_true(fh_hash_equal(&one, &same));
	assert_false(fh_hash_equal(&one, &other));
	one = hash_as(&a, FH_FOLD_UNVEILED);
	other = hash_as(&c, FH_FOLD_UNVEILED);
	assert_true(fh_hash_equal(&one, &other));
	/* What an outcome gives back is salted as well.  */
	struct fh_effect e = effect_of(false, 1, day_ms, 1);
	struct fh_hash veil = a.fold.veil;

	a.salt = fh_span_of(salt[2], FH_SALT_SIZE);
	assert_int_equal(outcome(&a, begin_ms, 0, &e), FH_ERR_OK);
	assert_false(fh_hash_equal(&veil, &a.fold.veil));
	start_again(&a);
	assert_int_equal(a.fold.veil.bytes[0], 1 ^ 9);
	assert_int_equal(a.fold.veil.bytes[FH_SALT_SIZE - 1], 2);
}

/* What versions before wrote, of which no veil is known.  */
static void reads_the_text_of_earlier_versions(void **state)
{
	(void)state;
	static const uint8_t salt[FH_SALT_SIZE] = { 7 };
	OWN_WORLD a = world_new();
	OWN_WORLD b = world_new();
	uint8_t older[512];

	take_salted(&a, salt, salt);
	a.salt = fh_span_of(salt, FH_SALT_SIZE);
	take_one(&a, 2, day_ms, 5, begin_ms);
	struct fh_span text = text_of(&a);
	size_t n = text.n - 2 - FH_HASH_SIZE;

	assert_true(text.n <= sizeof(older) && fh_fold_text_is_veiled(text));
	memcpy(older, text.p, n);
	older[0] = 0x80 + FH_FOLD_UNVEILED;
	struct fh_hash is = fh_fold_text_hash(fh_span_of(older, n));
	struct fh_hash was = hash_as(&a, FH_FOLD_UNVEILED);

	assert_true(fh_hash_equal(&is, &was));
	assert_false(fh_fold_text_is_veiled(fh_span_of(older, n)));
	assert_int_equal(fh_fold_read(fh_span_of(older, n), &b.fold), FH_ERR_OK);
	b.fold.lo_ms = begin_ms;
	is = hash_as(&b, FH_FOLD_UNVEILED);
	assert_true(fh_hash_equal(&is, &was));
	assert_int_equal(b.fold.veil.bytes[0], 0);
	/* Neither form takes the other's head.  */
	older[0] = 0x80 + FH_FOLD_VEILED;
	assert_int_equal(fh_fold_read(fh_span_of(older, n), &b.fold), FH_ERR_FORMAT);
	older[0] = 0x81;
	assert_int_equal(fh_fold_read(fh_span_of(older, n), &b.fold), FH_ERR_FORMAT);
}

static void reads_no_text_that_it_does_not_write(void **state)
{
	(void)state;
	OWN_WORLD a = world_new();
	uint8_t copy[512];

	take_one(&a, 1, day_ms, 5, begin_ms);
	take_one(&a, 2, day_ms, 5, begin_ms);
	struct fh_span text = text_of(&a);

	assert_true(text.n < sizeof(copy));
	for (size_t i = 0; i < text.n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			OWN_WORLD b = world_new();

			memcpy(copy, text.p, text.n);
			copy[i] ^= (uint8_t)(1 << bit);
			if (fh_fold_read(fh_span_of(copy, text.n), &b.fold) != FH_ERR_OK)
				continue;
			/* Another fold then, and never the same text.  */
			b.fold.lo_ms = begin_ms;
			struct fh_hash is = fh_fold_text_hash(fh_span_of(copy, text.n));
			struct fh_hash was = hash_of(&a);

			assert_false(fh_hash_equal(&is, &was));
		}
		OWN_WORLD b = world_new();

		assert_int_equal(fh_fold_read(fh_span_first(text, i), &b.fold), FH_ERR_FORMAT);
	}
}

static void reads_only_effects_it_writes(void **state)
{
	(void)state;
	struct fh_effect e = effect_of(true, 1, day_ms, 5), out;
	uint8_t text[FH_EFFECT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(text);

	fh_effect_put(&b, &e);
	assert_int_equal(fh_effect_read(fh_builder_span(&b), &out), FH_ERR_OK);
	assert_true(out.opens && out.parts == 1 && out.part[0].amount == 5);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_effect_read(fh_span_of(text, n), &out), FH_ERR_OK);
	e.part[1] = e.part[0];
	e.parts = 2;
	b = FH_BUILDER_ARRAY(text);
	fh_effect_put(&b, &e);
	assert_int_equal(fh_effect_read(fh_builder_span(&b), &out), FH_ERR_FORMAT);
	e = effect_of(true, 1, 0, 5);
	b = FH_BUILDER_ARRAY(text);
	fh_effect_put(&b, &e);
	assert_int_equal(fh_effect_read(fh_builder_span(&b), &out), FH_ERR_FORMAT);
}

/* docs/spec/LEAF.  */
static void writes_the_bytes_of_the_specification(void **state)
{
	(void)state;
	static const uint8_t golden[] = {
		0x82, 0xf5, 0x81, 0x83, 0x58, 0x20, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
		5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0x1a, 0x05, 0x26, 0x5c, 0x00, 0x01,
	};
	struct fh_effect e = effect_of(true, 0, day_ms, 1);
	uint8_t text[FH_EFFECT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(text);

	memset(e.part[0].budget.bytes, 5, FH_HASH_SIZE);
	fh_effect_put(&b, &e);
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_ARRAY(golden)));
}

static void states_the_hashes_of_the_specification(void **state)
{
	(void)state;
	OWN_WORLD w = world_new();
	struct fh_effect e = effect_of(true, 0, day_ms, 1);
	uint8_t hex[2 * FH_HASH_SIZE + 1] = { 0 }, salt[FH_SALT_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(hex);
	struct fh_hash h = hash_of(&w);

	memset(salt, 0x12, sizeof(salt));
	fh_builder_hex(&b, fh_hash_span(&h));
	assert_string_equal((const char *)hex,
			    "2cba432a7e779ba397eb8d5a69184add5beffc13e480d35e0e6375a0ef9a5b4f");
	memset(e.part[0].budget.bytes, 5, FH_HASH_SIZE);
	w.index = 3;
	w.salt = FH_SPAN_ARRAY(salt);
	assert_int_equal(intent(&w, begin_ms, true, &e), FH_ERR_OK);
	h = hash_of(&w);
	b = FH_BUILDER_ARRAY(hex);
	fh_builder_hex(&b, fh_hash_span(&h));
	assert_string_equal((const char *)hex,
			    "7277e6ba7846aac53fe90ae493aed2da7bb89c1d91ca361fe67c87e1534b81de");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_until_a_whole_period_has_passed),
		cmocka_unit_test(permits_at_most_n_in_any_window),
		cmocka_unit_test(forgets_no_use_when_time_stands_still_or_jumps),
		cmocka_unit_test(gives_back_into_the_intents_slot),
		cmocka_unit_test(never_gives_back_more_than_was_taken),
		cmocka_unit_test(keeps_what_is_unknown),
		cmocka_unit_test(refuses_what_no_record_says),
		cmocka_unit_test(makes_room_only_by_forgetting_what_is_unused),
		cmocka_unit_test(leaves_room_to_other_limits_whoever_spreads),
		cmocka_unit_test(counts_under_the_older_name_too),
		cmocka_unit_test(is_the_same_however_it_came_about),
		cmocka_unit_test(goes_on_from_its_text),
		cmocka_unit_test(is_veiled_by_the_salts_of_all_effects),
		cmocka_unit_test(reads_the_text_of_earlier_versions),
		cmocka_unit_test(reads_no_text_that_it_does_not_write),
		cmocka_unit_test(reads_only_effects_it_writes),
		cmocka_unit_test(writes_the_bytes_of_the_specification),
		cmocka_unit_test(states_the_hashes_of_the_specification),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
