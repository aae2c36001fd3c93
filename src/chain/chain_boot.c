/* SPDX-License-Identifier: Apache-2.0 */
/* What the chain says about boot states.  */
#include "chain/authority.h"
#include "chain/chain_private.h"
#include "chain/joint.h"

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

/* An approval of EPOCH may still be used by a device that the chain takes to NOW.  */
static bool recent(uint64_t epoch, uint64_t now)
{
	return epoch >= now || now - epoch <= FH_EPOCHS_BEHIND_MAX;
}

bool fh_chain_approval_next(const struct fh_chain *c, const struct fh_hash *device,
			    struct fh_chain_approvals *at,
			    const struct fh_reference_held **reference,
			    struct fh_approval *out)
{
	uint64_t now = fh_chain_epoch(c, device);

	for (; at->object < c->objects; at->object++, at->approval = 0) {
		const struct fh_reference_held *own;
		struct fh_span all = approvals_of(c, &c->object[at->object], &own);

		while (fh_approval_next(all, own == nullptr, &at->approval, out)) {
			if (!fh_hash_equal(&out->device, device) || !recent(out->epoch, now))
				continue;
			const struct fh_reference_held *r =
				own != nullptr ? own : fh_chain_reference(c, &out->renews);

			if (r == nullptr)
				continue;
			*reference = r;
			return true;
		}
	}
	return false;
}

/* In force, or as soon as a stopped chain goes on.  */
static bool held(const struct fh_chain *c, const struct fh_hash *reference)
{
	for (size_t i = 0; i < c->objects; i++) {
		const struct fh_chain_object *o = &c->object[i];

		if (o->kind == FH_STATEMENT_REFERENCE && o->newest && !o->removed
		    && !o->superseded && fh_hash_equal(&o->key, reference))
			return true;
	}
	return false;
}

bool fh_chain_renews(const struct fh_chain *c, const struct fh_chain_object *o)
{
	const struct fh_device *d = nullptr;
	struct fh_approval a;
	size_t at = 0;

	while (fh_approval_next(o->revoke.approvals, /* renewing= */ true, &at, &a)) {
		if (d == nullptr || !fh_hash_equal(&d->id, &a.device)) /* they come in groups */
			d = fh_chain_device(c, &a.device);
		if (d != nullptr && !d->revoked && recent(a.epoch, d->epoch)
		    && held(c, &a.renews))
			return true;
	}
	return false;
}

/* --- epochs ----------------------------------------------------------------- */

/* In all its versions, so that going back to an older one takes nothing back.  */
static void raise_device(struct fh_chain *c, const struct fh_hash *device, uint64_t epoch)
{
	for (size_t i = 0; i < c->objects; i++) {
		struct fh_chain_object *o = &c->object[i];

		if (o->kind == FH_STATEMENT_DEVICE && fh_hash_equal(&o->key, device)
		    && o->device.epoch < epoch)
			o->device.epoch = epoch;
	}
}

void fh_chain_raise_epochs(struct fh_chain *c, enum fh_statement_kind kind, struct fh_span body)
{
	struct fh_reference_body reference = { 0 };
	struct fh_revoke_body revoke = { 0 };
	bool renewing = kind == FH_STATEMENT_REVOKE;
	struct fh_device_epoch e;
	struct fh_approval a;
	size_t at = 0;
	fh_err bad = renewing ? fh_revoke_read(body, &revoke, /* trace= */ nullptr)
			      : fh_reference_body_read(body, &reference, /* trace= */ nullptr);

	if (bad != FH_ERR_OK)
		return; /* not reached: the same bytes have been read before */
	while (fh_approval_next(renewing ? revoke.approvals : reference.approvals, renewing, &at,
				&a))
		raise_device(c, &a.device, a.epoch);
	at = 0;
	while (fh_device_epoch_next(revoke.epochs, &at, &e))
		raise_device(c, &e.device, e.epoch);
}

/* --- whom they release -------------------------------------------------------- */

static bool release_of(const struct fh_chain *c, const struct fh_authority *a,
		       const struct fh_hash *device, uint64_t epoch, struct fh_release *out)
{
	struct fh_release r = { .chain_id = c->id, .device_id = *device, .epoch = epoch };

	if (a == nullptr || !fh_authority_approvers(a, &r))
		return false;
	*out = r;
	return true;
}

bool fh_chain_release(const struct fh_chain *c, const struct fh_hash *device, uint64_t epoch,
		      struct fh_release *out)
{
	return release_of(c, c->head.authority, device, epoch, out);
}

bool fh_chain_release_first(const struct fh_chain *c, const struct fh_hash *device,
			    uint64_t epoch, struct fh_release *out)
{
	return c->steps > 0 && release_of(c, &c->step[0].authority->authority, device, epoch, out);
}

/* The next approval of exactly R for DEVICE in EPOCH.  */
static bool next_of(const struct fh_chain *c, const struct fh_reference_held *r,
		    const struct fh_hash *device, uint64_t epoch, struct fh_chain_approvals *at,
		    struct fh_approval *out)
{
	const struct fh_reference_held *of;

	while (fh_chain_approval_next(c, device, at, &of, out)) {
		if (of == r && out->epoch == epoch)
			return true;
	}
	return false;
}

static bool signed_alone(const struct fh_chain *c, const struct fh_reference_held *r,
			 const struct fh_approval *a)
{
	struct fh_hash reference = fh_approval_reference(&c->id, &a->device, a->epoch);

	return fh_approval_check(&r->body.state, &reference, a->companion, a->signature)
	       == FH_ERR_OK;
}

bool fh_chain_releases(const struct fh_chain *c, const struct fh_release *release,
		       const struct fh_reference_held *r)
{
	struct fh_chain_approvals at = { 0 };
	uint32_t signers[2] = { 0 };
	struct fh_approval a;
	bool written;
	size_t i;

	while (next_of(c, r, &release->device_id, release->epoch, &at, &a)) {
		if (!fh_release_companion(release, a.companion, &i))
			continue;
		if (!fh_release_joint(release)) {
			if (signed_alone(c, r, &a))
				return true;
		} else if (fh_joint_check(release, &r->body.state, i, a.signature, &written)
			   == FH_ERR_OK) {
			signers[written] |= UINT32_C(1) << i;
		}
	}
	return fh_release_joint(release) && fh_joint_enough(release, signers);
}

bool fh_chain_approves(const struct fh_chain *c, const struct fh_reference_held *r,
		       const struct fh_hash *device, uint64_t epoch)
{
	struct fh_chain_approvals at = { 0 };
	struct fh_release release;
	struct fh_approval a;

	if (fh_chain_release(c, device, epoch, &release) && fh_release_joint(&release))
		return fh_chain_releases(c, &release, r);
	while (next_of(c, r, device, epoch, &at, &a)) {
		if (signed_alone(c, r, &a))
			return true;
	}
	return false;
}

uint64_t fh_chain_epoch(const struct fh_chain *c, const struct fh_hash *device)
{
	const struct fh_device *d = fh_chain_device(c, device);

	return d == nullptr ? 0 : d->epoch;
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
