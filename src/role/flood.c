/* SPDX-License-Identifier: Apache-2.0 */
#include "role/flood.h"

#include <string.h>

constexpr uint64_t sweep_ms = 1000;
constexpr uint64_t us_per_ms = 1000;
constexpr uint64_t token_us = FH_FLOOD_TOKEN_MS * us_per_ms;
constexpr size_t tallies = (FH_FLOOD_ACTORS + 1) * FH_FLOOD_REASONS;

/* --- who is remembered ------------------------------------------------ */

static uint64_t owed(const struct fh_flood *f, const struct fh_flood_actor *a)
{
	uint64_t paid = f->credit - a->at;

	return paid >= a->owed ? 0 : a->owed - paid;
}

static bool is_idle(const struct fh_flood *f, const struct fh_flood_actor *a)
{
	for (size_t i = 0; i < FH_FLOOD_REASONS; i++) {
		if (a->tally[i].count > 0)
			return false;
	}
	return owed(f, a) == 0;
}

/* Forgets who owes nothing any more and has nothing counted.  */
static void sweep(struct fh_flood *f, uint64_t now_ms)
{
	if (now_ms - f->swept_ms < sweep_ms)
		return;
	f->swept_ms = now_ms;
	for (size_t i = f->actors; i-- > 0;) {
		if (!is_idle(f, &f->actor[i]))
			continue;
		f->actors--;
		f->actor[i] = f->actor[f->actors];
		f->key[i] = f->key[f->actors];
	}
}

static void advance(struct fh_flood *f, uint64_t now_ms)
{
	uint64_t passed_us = (now_ms - f->now_ms) * us_per_ms;

	f->now_ms = now_ms;
	f->credit += f->actors <= FH_FLOOD_SHARE ? passed_us
						 : passed_us * FH_FLOOD_SHARE / f->actors;
	sweep(f, now_ms);
}

static uint64_t key_of(struct fh_span name)
{
	struct fh_hash h = fh_hash_of(name);
	uint64_t key;

	memcpy(&key, h.bytes, sizeof(key));
	return key;
}

/* Whoever finds no place shares the last one.  */
static struct fh_flood_actor *place_of(struct fh_flood *f, struct fh_span name)
{
	uint64_t key = key_of(name);

	for (size_t i = 0; i < f->actors; i++) {
		if (f->key[i] == key
		    && fh_span_equal(fh_span_of(f->actor[i].name, f->actor[i].name_n), name))
			return &f->actor[i];
	}
	if (f->actors == FH_FLOOD_ACTORS || name.n > FH_NAME_MAX)
		return &f->actor[FH_FLOOD_ACTORS];
	struct fh_flood_actor *a = &f->actor[f->actors];

	*a = (struct fh_flood_actor){ .name_n = name.n };
	memcpy(a->name, name.p, name.n);
	f->key[f->actors++] = key;
	return a;
}

/* --- counting --------------------------------------------------------- */

static struct fh_flood_tally *tally_of(struct fh_flood_actor *a, struct fh_span reason)
{
	struct fh_flood_tally *free = nullptr;

	for (size_t i = 0; i < FH_FLOOD_REASONS - 1; i++) {
		struct fh_flood_tally *t = &a->tally[i];

		if (t->count > 0 && fh_span_equal(fh_span_of(t->reason, t->reason_n), reason))
			return t;
		if (t->count == 0 && free == nullptr)
			free = t;
	}
	bool fits = free != nullptr && reason.n <= sizeof(free->reason);
	struct fh_flood_tally *t = fits ? free : &a->tally[FH_FLOOD_REASONS - 1];
	struct fh_span name = fits ? reason : FH_SPAN_LIT(FH_FLOOD_OTHER_REASONS);

	memcpy(t->reason, name.p, name.n);
	t->reason_n = name.n;
	return t;
}

/* Rounded up, so that what waits is looked at no more than once in FH_FLOOD_REST_MS.  */
uint64_t fh_flood_pace(uint64_t *busy_us, uint64_t now_ms)
{
	constexpr uint64_t rest_us = FH_FLOOD_REST_MS * us_per_ms;
	uint64_t now_us = now_ms * us_per_ms;

	*busy_us = (*busy_us > now_us ? *busy_us : now_us) + rest_us / FH_FLOOD_AT_ONCE;
	if (*busy_us <= now_us + rest_us)
		return now_ms;
	return (*busy_us - 1) / rest_us * FH_FLOOD_REST_MS;
}

static void count(struct fh_flood *f, struct fh_flood_actor *a, const struct fh_flood_refusal *r,
		  uint64_t now_ms)
{
	struct fh_flood_tally *t = tally_of(a, r->reason);

	if (f->waiting == 0)
		f->tell_ms = now_ms + FH_FLOOD_TELL_MS;
	if (t->count == 0) {
		t->first_ms = r->lo_ms;
		t->digest = (struct fh_hash){ 0 };
	}
	t->last_ms = r->lo_ms;
	t->digest = fh_counted_digest(&t->digest, r->server, r->tool, r->params);
	t->count++;
	f->waiting++;
	f->answer_ms = fh_flood_pace(&a->busy_us, now_ms);
}

void fh_flood_count(struct fh_flood *f, const struct fh_flood_refusal *r, uint64_t now_ms)
{
	advance(f, now_ms);
	count(f, place_of(f, r->who), r, now_ms);
}

uint64_t fh_flood_cost(size_t size)
{
	size_t held = size < FH_PAYLOAD_ARGUMENTS_MAX ? size : FH_PAYLOAD_ARGUMENTS_MAX;

	return 1 + held / FH_FLOOD_TOKEN_SIZE;
}

bool fh_flood_single(struct fh_flood *f, const struct fh_flood_refusal *r, uint64_t now_ms)
{
	uint64_t price = fh_flood_cost(r->params.n) * token_us;

	advance(f, now_ms);
	struct fh_flood_actor *a = place_of(f, r->who);
	uint64_t before = owed(f, a);

	if (before + price > FH_FLOOD_BURST * token_us) {
		count(f, a, r, now_ms);
		return false;
	}
	a->owed = before + price;
	a->at = f->credit;
	return true;
}

/* --- telling ---------------------------------------------------------- */

/* Number I of all tallies, those of nobody in use left out; the others' place comes last.  */
static struct fh_flood_actor *whose(struct fh_flood *f, size_t i)
{
	size_t place = i / FH_FLOOD_REASONS;

	return place < f->actors || place == FH_FLOOD_ACTORS ? &f->actor[place] : nullptr;
}

/* The first that counts something, from NEXT on: there is one.  */
static struct fh_flood_tally *next_tally(struct fh_flood *f, const struct fh_flood_actor **who)
{
	for (size_t n = 0; n < tallies; n++) {
		size_t i = (f->next + n) % tallies;
		struct fh_flood_actor *a = whose(f, i);

		if (a == nullptr || a->tally[i % FH_FLOOD_REASONS].count == 0)
			continue;
		f->next = i + 1;
		*who = a;
		return &a->tally[i % FH_FLOOD_REASONS];
	}
	return nullptr;
}

struct fh_flood_tally *fh_flood_due(struct fh_flood *f, uint64_t now_ms, bool all,
				    const struct fh_flood_actor **who)
{
	if (f->waiting == 0 || (!all && f->left == 0 && now_ms < f->tell_ms))
		return nullptr;
	if (f->left == 0)
		f->left = FH_FLOOD_SHARE;
	if (--f->left == 0)
		f->tell_ms = now_ms + FH_FLOOD_TELL_MS;
	return next_tally(f, who);
}

void fh_flood_told(struct fh_flood *f, struct fh_flood_tally *t)
{
	f->waiting -= t->count;
	t->count = 0;
	if (f->waiting == 0)
		f->left = 0;
}

uint64_t fh_flood_due_ms(const struct fh_flood *f)
{
	return f->waiting == 0 ? UINT64_MAX : f->left > 0 ? 0 : f->tell_ms;
}
