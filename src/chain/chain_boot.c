/* SPDX-License-Identifier: Apache-2.0 */
/* What the chain says about boot states.  */
#include "chain/chain_private.h"

static bool in_force(const struct fh_chain *c, const struct fh_chain_object *o)
{
	return (c->state == FH_CHAIN_LIVE || c->state == FH_CHAIN_FORKED) && o->newest
	       && !o->removed && !o->superseded;
}

const struct fh_reference_held *fh_chain_reference_next(const struct fh_chain *c, size_t *at)
{
	while (*at < c->objects) {
		const struct fh_chain_object *o = &c->object[(*at)++];

		if (o->kind == FH_STATEMENT_REFERENCE && in_force(c, o))
			return &o->reference;
	}
	return nullptr;
}

const struct fh_reference_held *fh_chain_reference(const struct fh_chain *c,
					      const struct fh_hash *hash)
{
	const struct fh_reference_held *r;
	size_t at = 0;

	do
		r = fh_chain_reference_next(c, &at);
	while (r != nullptr && !fh_hash_equal(&r->hash, hash));
	return r;
}

/* The approvals that O brings; *REFERENCE is what they are for, or NULL if each
 * says so itself.  */
static struct fh_span approvals_of(const struct fh_chain *c, const struct fh_chain_object *o,
				   const struct fh_reference_held **reference)
{
	*reference = nullptr;
	if (!in_force(c, o))
		return (struct fh_span){ 0 };
	if (o->kind == FH_STATEMENT_REFERENCE) {
		*reference = &o->reference;
		return o->reference.body.approvals;
	}
	return o->kind == FH_STATEMENT_REVOKE ? o->revoke.approvals : (struct fh_span){ 0 };
}

bool fh_chain_approval_next(const struct fh_chain *c, const struct fh_hash *device,
			    struct fh_chain_approvals *at,
			    	const struct fh_reference_held **reference,
			    struct fh_approval *out)
{
	for (; at->object < c->objects; at->object++, at->approval = 0) {
		const struct fh_reference_held *own;
		struct fh_span all = approvals_of(c, &c->object[at->object], &own);

		while (fh_approval_next(all, own == nullptr, &at->approval, out)) {
			const struct fh_reference_held *r =
				own != nullptr ? own : fh_chain_reference(c, &out->renews);

			if (r == nullptr || !fh_hash_equal(&out->device, device))
				continue;
			*reference = r;
			return true;
		}
	}
	return false;
}

uint64_t fh_chain_epoch(const struct fh_chain *c, const struct fh_hash *device)
{
	const struct fh_device *d = fh_chain_device(c, device);
	uint64_t epoch = d == nullptr ? 0 : d->body.epoch;
	struct fh_chain_approvals at = { 0 };
	const struct fh_reference_held *r;
	struct fh_approval a;

	while (fh_chain_approval_next(c, device, &at, &r, &a))
		epoch = a.epoch > epoch ? a.epoch : epoch;
	return epoch;
}

const struct fh_reference_held *fh_chain_approved(const struct fh_chain *c,
					     const struct fh_hash *device,
					     const struct fh_pcr_state *now)
{
	uint64_t epoch = fh_chain_epoch(c, device);
	struct fh_chain_approvals at = { 0 };
	const struct fh_reference_held *r;
	struct fh_approval a;

	while (fh_chain_approval_next(c, device, &at, &r, &a)) {
		if (a.epoch == epoch && fh_pcr_state_differs(&r->body.state, now) == 0)
			return r;
	}
	return nullptr;
}
