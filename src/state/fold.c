/* SPDX-License-Identifier: Apache-2.0 */
#include "state/fold.h"

#include "codec/cbor.h"
#include "state/fold_private.h"

#include <stdckdint.h>
#include <string.h>

constexpr size_t buckets = 2 * FH_BUDGETS_MAX; /* a power of two */
static_assert((buckets & (buckets - 1)) == 0);

void fh_fold_clear(struct fh_fold *f)
{
	f->budgets = f->older = f->opens = 0;
	f->lo_ms = 0;
	f->veil = (struct fh_hash){ 0 };
	memset(f->bucket, 0, buckets * sizeof(*f->bucket));
}

fh_err fh_fold_begin(struct fh_arena *a, struct fh_fold *out)
{
	struct fh_fold f = { .budget = fh_arena_space(a, FH_BUDGETS_MAX * sizeof(*f.budget)),
			     .bucket = fh_arena_array(a, buckets, sizeof(*f.bucket)),
			     .open = fh_arena_space(a, FH_OPEN_MAX * sizeof(*f.open)) };

	if (f.budget == nullptr || f.bucket == nullptr || f.open == nullptr)
		return FH_ERR_NOMEM;
	*out = f;
	return FH_ERR_OK;
}

/* --- slots ---------------------------------------------------------------- */

/* So long that the window touches at most FH_SLOTS slots.  */
static uint64_t slot_ms(uint64_t period_ms)
{
	return period_ms / (FH_SLOTS - 1) + (period_ms % (FH_SLOTS - 1) != 0);
}

/* The oldest slot that is not wholly outside the window that ends at LO_MS.  */
static uint64_t oldest(uint64_t period_ms, uint64_t lo_ms)
{
	return lo_ms < period_ms ? 0 : (lo_ms - period_ms) / slot_ms(period_ms);
}

static uint64_t first_kept(const struct fh_budget *b)
{
	return b->newest < FH_SLOTS ? 0 : b->newest - FH_SLOTS + 1;
}

void fh_budget_slots(const struct fh_budget *b, uint64_t lo_ms, uint64_t *first)
{
	uint64_t old = oldest(b->period_ms, lo_ms), kept = first_kept(b);

	*first = old > kept ? old : kept;
}

static uint64_t counting(const struct fh_budget *b, uint64_t lo_ms)
{
	uint64_t sum = 0, s;

	fh_budget_slots(b, lo_ms, &s);
	for (; s <= b->newest; s++) {
		if (ckd_add(&sum, sum, b->used[s % FH_SLOTS]))
			return UINT64_MAX;
	}
	return sum;
}

/* Slots between the newest and S begin empty.  */
static void advance(struct fh_budget *b, uint64_t s)
{
	if (s <= b->newest)
		return;
	if (s - b->newest >= FH_SLOTS)
		memset(b->used, 0, sizeof(b->used));
	else
		for (uint64_t k = b->newest + 1; k <= s; k++)
			b->used[k % FH_SLOTS] = 0;
	b->newest = s;
}

static void take(struct fh_budget *b, uint64_t amount, uint64_t lo_ms)
{
	advance(b, lo_ms / slot_ms(b->period_ms));

	uint64_t *used = &b->used[b->newest % FH_SLOTS];

	if (ckd_add(used, *used, amount))
		*used = UINT64_MAX;
}

/* Into the slot it was taken from, if that still counts; never below zero.  */
static void give_back(struct fh_budget *b, uint64_t amount, uint64_t lo_ms)
{
	uint64_t s = lo_ms / slot_ms(b->period_ms), *used = &b->used[s % FH_SLOTS];

	if (s < first_kept(b) || s > b->newest)
		return;
	*used -= amount < *used ? amount : *used;
}

/* --- budgets -------------------------------------------------------------- */

static uint32_t *bucket_of(const struct fh_fold *f, const struct fh_hash *id)
{
	uint32_t h;

	memcpy(&h, id->bytes + 16, sizeof(h)); /* a hash already, behind the limit's name */
	return &f->bucket[h % buckets];
}

static struct fh_budget *find(const struct fh_fold *f, const struct fh_hash *id)
{
	for (uint32_t i = *bucket_of(f, id); i != 0; i = f->budget[i - 1].next) {
		if (fh_hash_equal(&f->budget[i - 1].id, id))
			return &f->budget[i - 1];
	}
	return nullptr;
}

void fh_budget_enter(struct fh_fold *f, size_t i)
{
	uint32_t *bucket = bucket_of(f, &f->budget[i].id);

	f->budget[i].next = *bucket;
	*bucket = (uint32_t)i + 1;
	f->older += fh_budget_is_older(&f->budget[i].id);
}

/* Forgets the budgets of which nothing counts any more.  */
static void forget_unused(struct fh_fold *f, uint64_t lo_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->budgets; i++) {
		if (counting(&f->budget[i], lo_ms) > 0)
			f->budget[kept++] = f->budget[i];
	}
	f->budgets = kept;
	f->older = 0;
	memset(f->bucket, 0, buckets * sizeof(*f->bucket));
	for (size_t i = 0; i < kept; i++)
		fh_budget_enter(f, i);
}

static struct fh_budget *find_or_make(struct fh_fold *f, const struct fh_effect_part *p,
				      uint64_t lo_ms)
{
	struct fh_budget *b = find(f, &p->budget);

	if (b != nullptr)
		return b;
	if (f->budgets == FH_BUDGETS_MAX)
		forget_unused(f, lo_ms);
	if (f->budgets == FH_BUDGETS_MAX)
		return nullptr;
	b = &f->budget[f->budgets];
	*b = (struct fh_budget){ .id = p->budget, .period_ms = p->period_ms };
	fh_budget_enter(f, f->budgets++);
	return b;
}

uint64_t fh_fold_used(const struct fh_fold *fold, const struct fh_hash *id, uint64_t period_ms,
		      uint64_t lo_ms)
{
	const struct fh_budget *b = find(fold, id);

	return b == nullptr || b->period_ms != period_ms ? 0 : counting(b, lo_ms);
}

uint64_t fh_fold_used_of(const struct fh_fold *fold, const struct fh_charge *charge,
			 uint64_t lo_ms)
{
	uint64_t used = fh_fold_used(fold, &charge->budget, charge->period_ms, lo_ms), all;

	if (!charge->renamed)
		return used;
	return ckd_add(&all, used, fh_fold_used(fold, &charge->older, charge->period_ms, lo_ms))
		       ? UINT64_MAX
		       : all;
}

/* There is room for one more budget ID, and for as many others as one request may ask for: each
 * is asked about on its own.  */
static bool has_room(const struct fh_fold *f, const struct fh_hash *id)
{
	size_t left = FH_BUDGETS_MAX - f->budgets, of_limit = 0;

	if (left < FH_CHARGES_MAX)
		return false;
	if (f->budgets < FH_BUDGETS_SHARE * left)
		return true; /* so has each of them */
	for (size_t i = 0; i < f->budgets; i++)
		of_limit += fh_budget_same_limit(&f->budget[i].id, id);
	return of_limit < FH_BUDGETS_SHARE * left;
}

enum fh_funds fh_fold_funds(struct fh_fold *fold, const struct fh_charge *charge, uint64_t lo_ms)
{
	uint64_t used = fh_fold_used_of(fold, charge, lo_ms), then;

	if (ckd_add(&then, used, charge->amount) || then > charge->count)
		return FH_FUNDS_USED_UP;
	if (find(fold, &charge->budget) != nullptr || has_room(fold, &charge->budget))
		return FH_FUNDS_SUFFICE;
	forget_unused(fold, lo_ms);
	return has_room(fold, &charge->budget) ? FH_FUNDS_SUFFICE : FH_FUNDS_NO_ROOM;
}

bool fh_fold_may_open(const struct fh_fold *fold)
{
	return fold->opens < FH_OPEN_MAX;
}

/* --- entries -------------------------------------------------------------- */

/* What was never committed to has no salt.  */
static void veil(struct fh_fold *fold, const struct fh_field *effect)
{
	for (size_t i = 0; i < FH_HASH_SIZE && effect->salt.n == FH_HASH_SIZE; i++)
		fold->veil.bytes[i] ^= effect->salt.p[i];
}

static fh_err read_effect(struct fh_fold *fold, const struct fh_fields *f, bool opens,
			  struct fh_effect *out)
{
	const struct fh_field *field = fh_fields_get(f, FH_FIELD_EFFECT);

	*out = (struct fh_effect){ .opens = opens };
	if (field == nullptr)
		return FH_ERR_OK; /* as entries were before there were budgets */
	fh_err e = fh_effect_read(field->value, out);

	veil(fold, field);
	return e == FH_ERR_OK && out->opens != opens ? FH_ERR_FORMAT : e;
}

static fh_err apply(struct fh_fold *fold, const struct fh_effect *effect, uint64_t lo_ms)
{
	for (size_t i = 0; i < effect->parts; i++) {
		const struct fh_effect_part *p = &effect->part[i];
		struct fh_budget *b = effect->opens ? find_or_make(fold, p, lo_ms)
						    : find(fold, &p->budget);

		if (b == nullptr && effect->opens)
			return FH_ERR_LIMIT;
		if (b == nullptr)
			continue; /* all of it has gone out of use meanwhile */
		if (b->period_ms != p->period_ms)
			return FH_ERR_FORMAT;
		if (effect->opens)
			take(b, p->amount, lo_ms);
		else
			give_back(b, p->amount, lo_ms);
	}
	return FH_ERR_OK;
}

/* Of a sealed entry only what was done to the fold may be known; then CHARGED says it all:
 * every permitted intent has an effect.  */
static bool read_allowed(const struct fh_fields *f, bool charged, bool *allowed)
{
	const struct fh_field *decision = fh_fields_get(f, FH_FIELD_DECISION);

	if (decision == nullptr) {
		*allowed = charged;
		return true;
	}
	struct fh_cursor c = fh_cursor_of(decision->value);

	fh_cbor_array_exact(&c, 3);
	*allowed = fh_cbor_bool(&c);
	return !fh_cursor_bad(&c);
}

static fh_err add_intent(struct fh_fold *fold, const struct fh_leaf *leaf,
			 const struct fh_fields *f)
{
	bool charged = fh_fields_get(f, FH_FIELD_EFFECT) != nullptr, allowed;
	struct fh_effect effect;

	if (!read_allowed(f, charged, &allowed))
		return FH_ERR_FORMAT;
	if (!allowed)
		return charged ? FH_ERR_FORMAT : FH_ERR_OK;
	fh_err e = read_effect(fold, f, /* opens= */ true, &effect);

	if (e == FH_ERR_OK && !fh_fold_may_open(fold))
		e = FH_ERR_LIMIT;
	if (e != FH_ERR_OK)
		return e;
	fold->open[fold->opens++] = (struct fh_open_intent){ leaf->index, leaf->time.lo_ms };
	return apply(fold, &effect, leaf->time.lo_ms);
}

static fh_err add_outcome(struct fh_fold *fold, const struct fh_fields *f)
{
	const struct fh_field *intent = fh_fields_get(f, FH_FIELD_INTENT);
	struct fh_cursor c = fh_cursor_of(intent == nullptr ? (struct fh_span){ 0 }
							    : intent->value);
	uint64_t index = fh_cbor_uint(&c);
	struct fh_effect effect;
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		e = read_effect(fold, f, /* opens= */ false, &effect);
	if (e != FH_ERR_OK)
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < fold->opens; i++) {
		struct fh_open_intent open = fold->open[i];

		if (open.index != index)
			continue;
		fold->open[i] = fold->open[--fold->opens];
		return apply(fold, &effect, open.lo_ms);
	}
	return FH_ERR_FORMAT;
}

void fh_fold_authority_add(struct fh_hash *authority, uint64_t index)
{
	uint8_t bytes[96];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_text(&b, "freehold/authority/v1\n");
	fh_builder_bytes(&b, fh_hash_span(authority));
	fh_builder_be64(&b, index);
	*authority = fh_hash_of(fh_builder_span(&b));
}

fh_err fh_fold_add(struct fh_fold *fold, const struct fh_leaf *leaf, const struct fh_fields *f)
{
	if (leaf->time.lo_ms > fold->lo_ms)
		fold->lo_ms = leaf->time.lo_ms;
	switch (leaf->kind) {
	case FH_ENTRY_INTENT:
		return add_intent(fold, leaf, f);
	case FH_ENTRY_OUTCOME:
		return add_outcome(fold, f);
	case FH_ENTRY_SESSION:
	case FH_ENTRY_CHAIN:
	case FH_ENTRY_LEASE:
		fh_fold_authority_add(&fold->authority, leaf->index);
		return FH_ERR_OK;
	default:
		return FH_ERR_OK;
	}
}
