/* SPDX-License-Identifier: Apache-2.0 */
/* Shred entries: that what they end was due or asked for and not held, and how many entries were
 * sealed with it.  docs/spec/LEAF, "Shred".  */
#include "entry/carried.h"
#include "entry/shredded.h"
#include "verify/record_private.h"

#include <string.h>

constexpr size_t buckets = FH_RECORD_KEY_PLACES; /* a power of two */
static_assert((buckets & (buckets - 1)) == 0);

fh_err fh_record_keys_begin(struct fh_record_check *c)
{
	c->key = fh_arena_array(c->memory.own, buckets, sizeof(*c->key));
	return c->key == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

static size_t home_of(const uint8_t *name)
{
	uint32_t at;

	memcpy(&at, name, sizeof(at)); /* a hash already */
	return at % buckets;
}

/* Where NAME is, or would go.  */
static size_t find(const struct fh_record_check *c, const uint8_t *name)
{
	size_t at = home_of(name);

	while (c->key[at].entries > 0 && !fh_span_equal(FH_SPAN_ARRAY(c->key[at].name),
							fh_span_of(name, FH_SEAL_NAME_SIZE)))
		at = (at + 1) % buckets;
	return at;
}

struct fh_record_key *fh_record_key_at(const struct fh_record_check *c, const uint8_t *name)
{
	return &c->key[find(c, name)];
}

/* Takes what is at AT out, and moves up what was put behind it because it was taken.  */
static void take_out(struct fh_record_check *c, size_t at)
{
	size_t hole = at;

	for (size_t next = (at + 1) % buckets; c->key[next].entries > 0;
	     next = (next + 1) % buckets) {
		size_t home = home_of(c->key[next].name);

		if ((next - home) % buckets < (next - hole) % buckets)
			continue; /* it would come before its home */
		c->key[hole] = c->key[next];
		hole = next;
	}
	c->key[hole] = (struct fh_record_key){ 0 };
	c->keys--;
}

bool fh_record_is_reached(const struct fh_record_check *c, const struct fh_record_entry *entry)
{
	return c->options.whole == 0 || entry->leaf.index < c->options.whole;
}

/* What the key of the part PART of the entry L has to be.  */
static void remember(const struct fh_record_check *c, struct fh_record_key *k, const uint8_t *name,
		     size_t part, const struct fh_leaf *l)
{
	const struct fh_span class = part > 0 ? FH_SPAN_LIT(FH_CLASS_FOLD) : l->class;

	*k = (struct fh_record_key){ 0 };
	memcpy(k->name, name, FH_SEAL_NAME_SIZE);
	memcpy(k->class, class.p, class.n);
	k->class_n = (uint8_t)class.n;
	k->fold = part > 0;
	k->period = k->fold ? c->fold_period : fh_seal_period(class, l->time.lo_ms);
}

static bool is_alike(const struct fh_record_key *a, const struct fh_record_key *b)
{
	return a->period == b->period
	       && fh_span_equal(fh_span_of(a->class, a->class_n), fh_span_of(b->class, b->class_n));
}

static void add_part(struct fh_record_check *c, const struct fh_record_entry *entry, size_t part,
		     const uint8_t *name)
{
	struct fh_record_key *k = &c->key[find(c, name)], own;

	if (k->entries == 0 && c->keys == FH_RECORD_KEYS_MAX) {
		c->keys_lost = true; /* no honest device uses so many at one time */
		return;
	}
	remember(c, k->entries == 0 ? k : &own, name, part, &entry->leaf);
	if (k->entries == 0)
		c->keys++;
	else if (!is_alike(k, &own))
		fh_trace_what(fh_record_refuse(c, "key"),
			      "what it is sealed with is of another class or period than it is, so "
			      "that one would end with the other");
	k->entries++;
	bool unopened = entry->sealed && fh_record_is_reached(c, entry);

	k->unopened += unopened;
	if (entry->pruned && k->stubs++ == 0)
		k->stub = entry->leaf.index;
	k->unopened_stubs += entry->pruned && unopened;
}

void fh_record_keys_add(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	if (!c->keys_lost)
		add_part(c, entry, 0, entry->key.p);
	if (!c->keys_lost && !c->refused && entry->fold_key.n > 0)
		add_part(c, entry, 1, entry->fold_key.p);
}

static bool asked_for(const struct fh_record_check *c, uint64_t statement)
{
	const struct fh_shred_held *s;
	size_t at = 0;

	do
		s = fh_chain_shred_next(&c->chain, &at);
	while (s != nullptr && s->sequence != statement);
	return s != nullptr;
}

/* The entries sealed with K are of the class and period that it is said to be of.  */
static bool is_of(const struct fh_record_check *c, const struct fh_shred_key *k)
{
	const struct fh_record_key *known = &c->key[find(c, k->name.p)];

	return known->entries == 0
	       || (fh_span_equal(k->class, fh_span_of(known->class, known->class_n))
		   && k->period == known->period);
}

/* Why K may not end with the entry L, or NULL.  */
static const char *objection(const struct fh_record_check *c, const struct fh_leaf *l,
			     const struct fh_shred_key *k)
{
	if (!is_of(c, k))
		return "a key ended as of another class or period than what it sealed";
	if (fh_span_equal(k->class, FH_SPAN_LIT(FH_CLASS_FOLD)))
		return k->period < FH_FOLD_PERIOD_FIRST || k->period >= c->fold_period
			       ? "a key of the fold ended, and no state entry carries it since"
			       : nullptr;
	if (k->statement == 0)
		return fh_seal_ends_ms(k->class, k->period) > l->time.lo_ms
			       ? "a key ended before its time, and nobody asked for it" : nullptr;
	/* Of a chain that is not understood nothing can be said.  */
	return c->chain.state == FH_CHAIN_LIVE && !asked_for(c, k->statement)
		       ? "a key ended by a statement that asks for no such thing" : nullptr;
}

static void take_slot(struct fh_record_slots *all, struct fh_span slot)
{
	for (size_t i = 0; i < all->n; i++) {
		if (fh_span_equal(fh_span_of(all->slot[i].text, all->slot[i].n), slot))
			return;
	}
	if (all->n == FH_RECORD_SLOTS_MAX) {
		all->more = true;
		return;
	}
	memcpy(all->slot[all->n].text, slot.p, slot.n);
	all->slot[all->n++].n = slot.n;
}

void fh_record_shred_check(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	struct fh_shred_key key;
	struct fh_shred s;
	const char *what = nullptr;
	size_t at = 0;

	if (fh_shred_of_payload(entry->payload, &s) != FH_ERR_OK)
		what = "the entry does not say what was shredded";
	else if (s.epoch <= c->shred_epoch)
		what = "its data epoch was over already";
	else if (fh_chain_holds_all(&c->chain))
		what = "keys ended although everything is held";
	while (what == nullptr && fh_shred_next(s.keys, &at, &key))
		what = objection(c, &entry->leaf, &key);
	if (what != nullptr) {
		fh_trace_what(fh_record_refuse(c, "shred"), "%s", what);
		return;
	}
	struct fh_span slot;

	c->shred_epoch = s.epoch;
	for (at = 0; fh_shred_slot_next(s.slots, &at, &slot);)
		take_slot(&c->slots, slot);
	for (at = 0; fh_shred_next(s.keys, &at, &key);) {
		size_t place = find(c, key.name.p);
		const struct fh_record_key *k = &c->key[place];

		if (k->entries == 0)
			continue;
		c->counts.shredded += k->fold ? 0 : k->entries;
		c->counts.erased += k->fold ? 0 : k->unopened;
		c->counts.pruned += k->fold ? 0 : k->unopened_stubs;
		take_out(c, place);
	}
}
