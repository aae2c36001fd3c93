/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets: what a request may take, what it took, and what it gives back.  The fold of the
 * record is the only memory of it, so what is charged is charged durably.  */
#include "role/core.h"

#include "role/log.h"

fh_err fh_core_quota_begin(struct fh_core *c)
{
	c->reserve = fh_arena_array(&c->memory, FH_CORE_RESERVES, sizeof(*c->reserve));
	return c->reserve == nullptr ? FH_ERR_NOMEM : fh_fold_begin(&c->memory, &c->fold);
}

void fh_core_quota_decided(struct fh_core *c, const struct fh_decision *d)
{
	if (d->reason != FH_REASON_TOO_MANY_BUDGETS) {
		/* Said again only after it has been otherwise for a while.  */
		c->roomless_told &= c->fold.budgets > FH_BUDGETS_MAX / 2;
		return;
	}
	c->metrics.roomless++;
	if (c->roomless_told)
		return;
	c->roomless_told = true;
	fh_log(FH_LOG_PRIORITY_WARNING, "core",
	       "%zu budgets of quotas are in use, and what another takes could not be remembered: "
	       "such requests are refused (too-many-budgets) until some go out of use; look for a "
	       "quota `per resource` or `per principal` that somebody spreads his requests over",
	       c->fold.budgets);
}

static fh_err add_effect(struct fh_core *c, struct fh_fields *f, const struct fh_effect *e)
{
	uint8_t *p = fh_arena_space(&c->scratch, FH_EFFECT_MAX);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : FH_EFFECT_MAX);

	fh_effect_put(&b, e);
	return b.bad ? FH_ERR_NOMEM : fh_core_field(c, f, FH_FIELD_EFFECT, fh_builder_span(&b));
}

static void add_part(struct fh_effect *e, const struct fh_charge *charge)
{
	e->part[e->parts++] = (struct fh_effect_part){ charge->budget, charge->period_ms,
						       charge->amount };
}

fh_err fh_core_field_opened(struct fh_core *c, struct fh_fields *f, const struct fh_decision *d)
{
	struct fh_effect e = { .opens = true };

	for (size_t i = 0; i < d->charges; i++)
		add_part(&e, &d->charge[i]);
	return add_effect(c, f, &e);
}

uint32_t fh_core_reserve(struct fh_core *c, const struct fh_decision *d,
			 struct fh_entity_uid action, size_t sent)
{
	struct fh_core_reserve r = { fh_reserve_of(&c->policy.schema, d, action, sent), true };

	for (uint32_t i = 0; r.of.effect.parts > 0 && i < FH_CORE_RESERVES; i++) {
		if (c->reserve[i].taken)
			continue;
		c->reserve[i] = r;
		return i + 1;
	}
	return 0;
}

fh_err fh_core_field_closed(struct fh_core *c, struct fh_fields *f, uint32_t reserve, bool whole,
			    uint64_t told, struct fh_span body)
{
	struct fh_effect e = { 0 };

	if (reserve != 0 && whole)
		e = fh_reserve_settle(&c->reserve[reserve - 1].of, told + body.n, body);
	e.opens = false;
	return add_effect(c, f, &e);
}

/* What the state entry INDEX says of the fold besides its hash.  It carries FOLD if that fits, and
 * keys are to end that the fold needed.  */
static fh_err add_carried(struct fh_core *c, struct fh_fields *f, uint64_t index,
			  struct fh_span fold, bool *carries)
{
	struct fh_carried carried = { .period = c->fold_period };
	fh_err e = FH_ERR_OK;

	*carries = c->carry && fold.n > 0
		   && fh_seal_bucket(fold.n + 8) + FH_SEAL_TEXT_OVERHEAD <= FH_CARRIED_MAX;
	if (*carries) {
		carried.period = index;
		e = fh_core_seal_text(c, index, index, fold, &carried.text);
	}
	size_t cap = carried.text.n + 32;
	uint8_t *p = e == FH_ERR_OK ? fh_arena_space(&c->scratch, cap) : nullptr;
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_carried_put(&b, &carried);
	if (e != FH_ERR_OK || b.bad)
		return e != FH_ERR_OK ? e : FH_ERR_NOMEM;
	return fh_core_field(c, f, FH_FIELD_FOLD, fh_builder_span(&b));
}

/* The keys of what came before may end, as soon as that is signed.  */
static fh_err carried(struct fh_core *c, uint64_t index)
{
	c->carry = false;
	c->fold_period = index;
	c->shred.look = true;
	return fh_core_commit(c);
}

fh_err fh_core_state(struct fh_core *c, bool last)
{
	uint64_t more = c->journal.tree.size - c->stated, index = c->journal.tree.size;
	struct fh_span fold = { 0 };
	struct fh_fields f = { 0 };
	bool carries;
	struct fh_hash h;

	if (more == 0 || (!last && more < FH_STATE_INTERVAL) || c->nearly_full)
		return FH_ERR_OK;
	fh_arena_reset(&c->scratch);
	if (c->carry || fh_core_resume_due(c, last))
		fold = fh_core_resume_fold(c);
	fh_err e = fh_fold_hash(&c->fold, FH_FOLD_VEILED, &c->scratch, &h);

	if (e == FH_ERR_OK)
		e = fh_core_field_bytes(c, &f, FH_FIELD_STATE, fh_hash_span(&h));
	if (e == FH_ERR_OK)
		e = fh_core_field_bytes(c, &f, FH_FIELD_AUTHORITY,
					fh_hash_span(&c->fold.authority));
	if (e == FH_ERR_OK)
		e = add_carried(c, &f, index, fold, &carries);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_STATE, FH_CLASS_PUBLIC, &f, &index);
	if (e == FH_ERR_OK && carries)
		e = carried(c, index);
	if (e != FH_ERR_OK)
		return e;
	c->stated = c->journal.tree.size;
	if (fold.n > 0 && (carries || fh_core_resume_due(c, last)))
		fh_core_resume_save(c, index, fold);
	return FH_ERR_OK;
}

void fh_core_reserve_drop(struct fh_core *c, uint32_t *reserve)
{
	if (*reserve != 0)
		c->reserve[*reserve - 1].taken = false;
	*reserve = 0;
}

const char *fh_core_class(const struct fh_core *c, uint64_t retain_ms, char out[FH_CLASS_MAX + 1])
{
	const struct fh_policy_held *p = retain_ms == 0 ? fh_chain_policy(&c->chain) : nullptr;
	struct fh_builder b = fh_builder_of(out, FH_CLASS_MAX);

	if (p != nullptr)
		retain_ms = p->body.retain_ms;
	if (retain_ms == 0)
		return FH_CLASS_DEFAULT;
	fh_builder_decimal(&b, retain_ms / 1000);
	fh_builder_text(&b, "s");
	out[b.n] = '\0';
	return out;
}
