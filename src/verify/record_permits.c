/* SPDX-License-Identifier: Apache-2.0 */
/* What the permits of a signed policy say in annotations.  The conditions of policies are not
 * asked here: what they were asked about is not all in a record.  */
#include "policy/policies.h"
#include "verify/record_private.h"

#include <string.h>

fh_err fh_record_permits_begin(struct fh_record_check *c)
{
	struct fh_record_permits *all = fh_arena_take(c->memory.own, sizeof(*all));
	void *texts = fh_arena_space(c->memory.own, FH_RECORD_PERMIT_TEXTS);

	if (all == nullptr || texts == nullptr)
		return FH_ERR_NOMEM;
	*all = (struct fh_record_permits){
		.list = fh_arena_space(c->memory.own,
				       FH_POLICY_RULES_MAX * sizeof(*all->list)),
		.slot = fh_arena_array(c->memory.own, FH_RECORD_PERMIT_SLOTS,
				       sizeof(*all->slot)),
		.memory = fh_arena_of(texts, FH_RECORD_PERMIT_TEXTS),
	};
	c->permits = all;
	return all->list == nullptr || all->slot == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

/* The slot where ID is, or would be.  */
static uint32_t *slot_of(const struct fh_record_permits *all, struct fh_span id)
{
	uint32_t at = (uint32_t)fh_text_hash(id, 0) % FH_RECORD_PERMIT_SLOTS;

	while (all->slot[at] != 0 && !fh_span_equal(all->list[all->slot[at] - 1].id, id))
		at = (at + 1) % FH_RECORD_PERMIT_SLOTS;
	return &all->slot[at];
}

/* Keeps ID, and what L says, out of the memory that they were read into.  */
static bool keep(struct fh_record_permits *all, struct fh_span id, const struct fh_limits *l)
{
	struct fh_record_permit *p = &all->list[all->n];
	struct fh_limit *limit = fh_arena_array(&all->memory, l->n, sizeof(*limit));

	*p = (struct fh_record_permit){ .limits = *l };
	for (size_t i = 0; limit != nullptr && i < l->n; i++)
		limit[i] = l->limit[i];
	p->limits.limit = limit;
	if ((l->n > 0 && limit == nullptr)
	    || fh_arena_copy(&all->memory, id, &p->id) != FH_ERR_OK
	    || fh_arena_copy(&all->memory, l->budget, &p->limits.budget) != FH_ERR_OK)
		return false;
	*slot_of(all, p->id) = (uint32_t)++all->n;
	return true;
}

/* Reads the permits of TEXT; false if this version cannot.  */
static bool read_all(struct fh_record_permits *all, struct fh_span text, struct fh_arena *a)
{
	struct fh_policies parsed;

	if (fh_policies_parse(text, FH_POLICY_TEXT_MAX, "policy", a, &parsed, /* t= */ nullptr)
	    != FH_ERR_OK || parsed.n > FH_POLICY_RULES_MAX)
		return false;
	for (size_t i = 0; i < parsed.n; i++) {
		struct fh_policy *p = &parsed.list[i];
		const struct fh_annotation *id = fh_policy_annotation(p, FH_SPAN_LIT("id"));
		struct fh_limits l;

		p->id = id != nullptr ? id->value : p->id;
		if (p->forbids)
			continue;
		if (fh_limits_read(p, a, &l, /* t= */ nullptr) != FH_ERR_OK
		    || !keep(all, p->id, &l))
			return false;
	}
	return true;
}

const struct fh_record_permits *fh_record_permits_of(struct fh_record_check *c,
						     const struct fh_policy_held *p)
{
	struct fh_record_permits *all = c->permits;

	if (all->read && fh_hash_equal(&all->policy, &p->hash))
		return all;
	fh_arena_reset(&all->memory);
	fh_arena_reset(c->memory.scratch);
	memset(all->slot, 0, FH_RECORD_PERMIT_SLOTS * sizeof(*all->slot));
	all->n = 0;
	all->read = true;
	all->policy = p->hash;
	all->known = read_all(all, p->body.cedar, c->memory.scratch);
	return all;
}

const struct fh_record_permit *fh_record_permit_find(const struct fh_record_permits *all,
						     struct fh_span id)
{
	uint32_t at = *slot_of(all, id);

	return at == 0 ? nullptr : &all->list[at - 1];
}
