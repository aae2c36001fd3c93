/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the approvals that core brings are for the state that the machine is in, and
 * whether they are enough of them.  docs/spec/CHIP, "Release".  */
#include "role/keeper_private.h"

#include <string.h>

#include "chain/joint.h"

/* What the chip will want to see: R in the chip's own epoch.  */
static struct fh_release release_here(const struct fh_keeper *k)
{
	struct fh_release r = k->device.release;

	r.epoch = k->epoch;
	return r;
}

/* The one that is used is the first that fits.  */
static void take(struct fh_keeper *k, const struct fh_chip_approval *a)
{
	if (k->approved)
		return;
	k->approval = *a;
	k->approved = true;
}

/* A is signed by the companion I.  Looked at here and not left to the TPM, whose refusal
 * ends the start: one that is wrong must not stand in the way of those behind it.  */
static fh_err alone(struct fh_keeper *k, const struct fh_release *r,
		    const struct fh_door_approval *a, size_t i, bool fits, bool *usable)
{
	struct fh_hash reference = fh_approval_reference(&r->chain_id, &r->device_id, r->epoch);
	struct fh_chip_approval approval = { .state = a->state, .companion = i };
	fh_err e = fh_approval_check(&a->state, &reference, a->companion, a->signature);

	*usable = e == FH_ERR_OK;
	if (*usable && fits) {
		memcpy(approval.signature.bytes, a->signature.p, FH_P256_SIGNATURE_SIZE);
		take(k, &approval);
	}
	return e == FH_ERR_SIGNATURE ? FH_ERR_OK : e;
}

/* What was gathered for the policy of STATE; the place of what was begun longest ago, if
 * nothing was.  */
static struct fh_chip_approval *gathered(struct fh_keeper *k, const struct fh_pcr_state *state)
{
	struct fh_hash policy = fh_approval_policy(state);

	for (size_t i = 0; i < FH_KEEPER_GATHERED; i++) {
		struct fh_hash held = fh_approval_policy(&k->gathered[i].state);

		if (k->gathered[i].state.selected != 0 && fh_hash_equal(&held, &policy))
			return &k->gathered[i];
	}
	struct fh_chip_approval *place = &k->gathered[k->gathered_next];

	k->gathered_next = (k->gathered_next + 1) % FH_KEEPER_GATHERED;
	*place = (struct fh_chip_approval){ .state = *state };
	return place;
}

/* ... where it takes several: usable as soon as they are enough.  Of a state that the
 * machine is not in none is kept, since nothing will be asked of it.  */
static fh_err together(struct fh_keeper *k, const struct fh_release *r,
		       const struct fh_door_approval *a, size_t i, bool fits, bool *usable)
{
	bool written = false;
	fh_err e = fh_joint_check(r, &a->state, i, a->signature, &written);

	*usable = e == FH_ERR_OK && !fits;
	if (e != FH_ERR_OK || !fits)
		return e == FH_ERR_SIGNATURE ? FH_ERR_OK : e;

	struct fh_chip_approval *g = gathered(k, &a->state);

	g->signers[written] |= UINT32_C(1) << i;
	memcpy(g->joint[written][i].bytes, a->signature.p, FH_P256_SIGNATURE_SIZE);
	*usable = fh_joint_enough(r, g->signers);
	if (*usable)
		take(k, g);
	return FH_ERR_OK;
}

fh_err fh_keeper_approval(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	const struct fh_release r = release_here(k);
	struct fh_door_approval a;
	fh_err e = fh_door_read_approval(frame, &a);
	bool usable = false;
	size_t i = 0;

	if (e != FH_ERR_OK)
		return e;
	uint32_t differs = fh_pcr_state_differs(&a.state, &k->pcrs);

	if (a.epoch == k->epoch && fh_release_companion(&r, a.companion, &i))
		e = fh_release_joint(&r) ? together(k, &r, &a, i, differs == 0, &usable)
					 : alone(k, &r, &a, i, differs == 0, &usable);
	if (e == FH_ERR_OK)
		fh_door_put_differs(answer, usable, differs);
	return e;
}
