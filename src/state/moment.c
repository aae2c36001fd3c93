/* SPDX-License-Identifier: Apache-2.0 */
#include "state/moment.h"

enum fh_reason fh_moment_obstacle(const struct fh_moment *m)
{
	const struct fh_policy_held *p = fh_chain_policy(m->chain);
	const struct fh_device *device = fh_chain_device(m->chain, &m->device);

	if (device == nullptr || device->revoked)
		return FH_REASON_DEVICE_REVOKED;
	if (m->chain->state != FH_CHAIN_LIVE && m->chain->state != FH_CHAIN_FORKED)
		return FH_REASON_NO_POLICY;
	if (p == nullptr)
		return FH_REASON_NO_POLICY;
	if (fh_time_ended(m->now, p->body.expires_ms))
		return FH_REASON_EXPIRED;
	return FH_REASON_PERMITTED;
}

bool fh_moment_leased(const struct fh_moment *m)
{
	const struct fh_policy_held *p = fh_chain_policy(m->chain);

	if (p == nullptr)
		return false;
	struct fh_lease_term x = fh_lease_term(m->chain, p, m->lease);

	return fh_lease_live(&x, m->now);
}

static enum fh_funds funds(void *context, const struct fh_charge *charge)
{
	struct fh_moment *m = context;

	return fh_fold_funds(m->fold, charge, m->now.lo_ms);
}

struct fh_circumstances fh_moment_circumstances(struct fh_moment *m, size_t sent)
{
	return (struct fh_circumstances){
		.leased = fh_moment_leased(m),
		.renamed = m->fold->older > 0,
		.amount = { [FH_UNIT_CALLS] = 1, [FH_UNIT_BYTES] = sent + FH_FRAME_MAX },
		.funds = funds,
		.context = m,
	};
}
