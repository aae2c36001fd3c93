/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what was permitted is charged to all that the policies named in the decision limit,
 * and stayed within their quotas: what the fold says was used before, and what the entry takes.
 * What an outcome gives back is no more than its intent took, and no calls.  */
#include "codec/cbor.h"
#include "policy/policies.h"
#include "verify/record_private.h"

#include <stdckdint.h>

/* One intent while it is judged.  */
struct judging {
	struct fh_record_check *c;
	const struct fh_record_entry *entry;
	struct fh_effect effect;           /* as recorded */
	struct fh_entity_uid who[3];       /* principal, action, resource; read when asked for */
	bool read[3];
	uint32_t met;                      /* bits of the effect's parts: some limit asks for it */
	uint32_t calls;                    /* those of a limit of calls */
	fh_err e;
};

/* --- what is expected ------------------------------------------------------------- */

/* For whom limits of the kind PER count apart.  */
static struct fh_entity_uid whom(struct judging *j, enum fh_limit_per per)
{
	static const enum fh_field_id field[] = { FH_FIELD_ACTOR, FH_FIELD_ACTION,
						  FH_FIELD_RESOURCE };
	size_t i = per == FH_PER_PRINCIPAL ? 0 : per == FH_PER_ACTION ? 1 : 2;

	if (per == FH_PER_ALL)
		return (struct fh_entity_uid){ 0 };
	if (!j->read[i]) {
		j->read[i] = true;
		fh_err e = fh_entity_parse(fh_record_text(j->entry, field[i]),
					   j->c->memory.scratch, &j->who[i]);

		if (e == FH_ERR_NOMEM)
			j->e = e;
		else if (e != FH_ERR_OK)
			fh_trace_what(fh_record_refuse(j->c, "quota"),
				      "the %s of a permitted intent cannot be read",
				      fh_field_text(field[i]));
	}
	return j->who[i];
}

/* The bytes of arguments that the entry says, whole or as [length, hash].  */
static uint64_t sent(const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_ARGUMENTS);
	struct fh_cursor c = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });

	if (f == nullptr || fh_cbor_peek(&c) != FH_CBOR_ARRAY)
		return f == nullptr ? 0 : f->value.n;
	fh_cbor_array_exact(&c, 2);
	uint64_t n = fh_cbor_uint(&c);

	(void)fh_cbor_bytes_exact(&c, FH_HASH_SIZE);
	return fh_cursor_end(&c) == FH_ERR_OK ? n : f->value.n;
}

/* PART is as much as limit X is charged at least: a call, or the bytes that were sent.  What an
 * answer may have besides, or how many tokens, is a matter of the version and the schema.  */
static bool is_enough(const struct judging *j, const struct fh_effect_part *part,
		      const struct fh_limit *x)
{
	return x->unit == FH_UNIT_CALLS   ? part->amount == 1
	       : x->unit == FH_UNIT_BYTES ? part->amount >= sent(j->entry)
					  : part->amount > 0;
}

/* The part of J's effect that takes from the budget ID of X; as many as there are: none.  */
static size_t part_of(const struct judging *j, const struct fh_hash *id, const struct fh_limit *x)
{
	size_t i = 0;

	while (i < j->effect.parts && (!fh_hash_equal(&j->effect.part[i].budget, id)
				       || j->effect.part[i].period_ms != x->period_ms))
		i++;
	return i;
}

static void judge_limit(struct judging *j, struct fh_span id, const struct fh_limits *l,
			const struct fh_limit *x)
{
	const struct fh_entity_uid who = whom(j, x->per);
	struct fh_charge c = { .budget = fh_budget_hash(l, x, who), .period_ms = x->period_ms,
			       .renamed = true, .older = fh_budget_hash_older(l, x, who) };
	size_t i = part_of(j, &c.budget, x);

	if (i == j->effect.parts)
		i = part_of(j, &c.older, x); /* as written before format 3 */
	if (j->c->refused || j->e != FH_ERR_OK)
		return;
	if (i == j->effect.parts || !is_enough(j, &j->effect.part[i], x)) {
		fh_trace_what(fh_record_refuse(j->c, "uncharged"),
			      "permitted by `%.*s` without being charged to its quota", (int)id.n,
			      (const char *)id.p);
		return;
	}
	j->met |= 1u << i;
	j->calls |= x->unit == FH_UNIT_CALLS ? 1u << i : 0;
	uint64_t used = fh_fold_used_of(&j->c->fold, &c, j->entry->leaf.time.lo_ms), then;

	if (!j->c->fold_lost
	    && (ckd_add(&then, used, j->effect.part[i].amount) || then > x->count))
		fh_trace_what(fh_record_refuse(j->c, "over-quota"),
			      "permitted by `%.*s` beyond its quota of %llu %s", (int)id.n,
			      (const char *)id.p, (unsigned long long)x->count,
			      fh_unit_text(x->unit));
}

/* All that the decision names are permits, and charged.  */
static void judge_permits(struct judging *j, const struct fh_record_permits *all)
{
	struct fh_cursor d;
	size_t n = fh_record_named(j->entry, &d);

	for (size_t i = 0; i < n && !j->c->refused && j->e == FH_ERR_OK; i++) {
		struct fh_span id = fh_cbor_text(&d, FH_NAME_MAX);
		const struct fh_record_permit *p = fh_record_permit_find(all, id);

		if (p == nullptr)
			fh_trace_what(fh_record_refuse(j->c, "no-such-permit"),
				      "permitted by `%.*s`, which is no permit of the policy that "
				      "was in force", (int)id.n, (const char *)id.p);
		for (size_t k = 0; p != nullptr && k < p->limits.n; k++)
			judge_limit(j, id, &p->limits, &p->limits.limit[k]);
	}
	/* Of more policies than can be named, others may have asked for the rest.  */
	if (!j->c->refused && n < FH_POLICY_REASONS_MAX
	    && j->met != (1u << j->effect.parts) - 1)
		fh_trace_what(fh_record_refuse(j->c, "overcharged"),
			      "it is charged to a budget that none of its policies has");
}

/* --- what is taken ----------------------------------------------------------------- */

fh_err fh_record_taken_begin(struct fh_record_check *c)
{
	struct fh_record_taken *t = fh_arena_take(c->memory.own, sizeof(*t));

	if (t == nullptr)
		return FH_ERR_NOMEM;
	t->list = fh_arena_space(c->memory.own, FH_OPEN_MAX * sizeof(*t->list));
	t->bucket = fh_arena_array(c->memory.own, FH_RECORD_TAKEN_BUCKETS, sizeof(*t->bucket));
	c->taken = t;
	return t->list == nullptr || t->bucket == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

struct fh_record_taken_intent *fh_record_taken_add(struct fh_record_taken *t, uint64_t index)
{
	uint32_t *bucket = &t->bucket[index % FH_RECORD_TAKEN_BUCKETS];
	uint32_t at = t->free;

	if (at == 0 && t->used == FH_OPEN_MAX)
		return nullptr;
	if (at == 0)
		at = ++t->used;
	else
		t->free = t->list[at - 1].next;
	struct fh_record_taken_intent *x = &t->list[at - 1];

	x->index = index;
	x->next = *bucket;
	*bucket = at;
	return x;
}

/* Remembers what may be given back of J's intent.  Where more are open than the fold holds, it
 * is lost, and this with it.  */
static void take(struct judging *j)
{
	struct fh_record_taken_intent *x =
		j->effect.parts == 0 ? nullptr
				     : fh_record_taken_add(j->c->taken, j->entry->leaf.index);

	if (x == nullptr)
		return;
	x->parts = (uint32_t)j->effect.parts;
	for (size_t i = 0; i < j->effect.parts; i++) {
		x->part[i].budget = j->effect.part[i].budget;
		x->part[i].back = (j->calls >> i & 1) != 0 ? 0 : j->effect.part[i].amount;
	}
}

/* Takes what the intent INDEX took out of the table, for one look; NULL: it took nothing.  */
static const struct fh_record_taken_intent *give(struct fh_record_taken *t, uint64_t index)
{
	uint32_t *at = &t->bucket[index % FH_RECORD_TAKEN_BUCKETS];

	while (*at != 0 && t->list[*at - 1].index != index)
		at = &t->list[*at - 1].next;
	if (*at == 0)
		return nullptr;
	uint32_t found = *at;
	struct fh_record_taken_intent *x = &t->list[found - 1];

	*at = x->next;
	x->next = t->free;
	t->free = found;
	return x;
}

/* --- both --------------------------------------------------------------------------- */

/* The effect of ENTRY, none if it has none; false: the fold refuses it.  */
static bool read_effect(const struct fh_record_entry *entry, struct fh_effect *out)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_EFFECT);

	*out = (struct fh_effect){ 0 };
	return f == nullptr || fh_effect_read(f->value, out) == FH_ERR_OK;
}

fh_err fh_record_quota_check(struct fh_record_check *c, const struct fh_record_entry *entry,
			     bool by_policy)
{
	const struct fh_policy_held *p = fh_chain_policy(&c->chain);
	const struct fh_record_permits *all =
		p == nullptr ? nullptr : fh_record_permits_of(c, p);
	struct judging j = { .c = c, .entry = entry };

	if (!by_policy || !read_effect(entry, &j.effect))
		return FH_ERR_OK;
	if (all == nullptr || !all->known) {
		c->uncharged++;
		return FH_ERR_OK;
	}
	fh_arena_reset(c->memory.scratch);
	judge_permits(&j, all);
	if (j.e != FH_ERR_OK || c->refused)
		return j.e;
	c->charged += !c->fold_lost || j.effect.parts == 0;
	c->uncharged += c->fold_lost && j.effect.parts > 0;
	take(&j);
	return FH_ERR_OK;
}

void fh_record_refund_check(struct fh_record_check *c, const struct fh_record_entry *entry,
			    uint64_t intent)
{
	const struct fh_record_taken_intent *x = give(c->taken, intent);
	struct fh_effect back;

	if (!read_effect(entry, &back) || back.parts == 0)
		return;
	if (x == nullptr && (c->uncharged > 0 || c->counts.sealed_intents > 0 || c->fold_lost))
		return; /* it may be one of those */
	for (size_t i = 0; i < back.parts && !c->refused; i++) {
		uint32_t k = 0;

		while (x != nullptr && k < x->parts
		       && !fh_hash_equal(&x->part[k].budget, &back.part[i].budget))
			k++;
		if (x == nullptr || k == x->parts || back.part[i].amount > x->part[k].back)
			fh_trace_what(fh_record_refuse(c, "refund"),
				      "it gives back what entry %llu did not take, or calls",
				      (unsigned long long)intent);
	}
}
