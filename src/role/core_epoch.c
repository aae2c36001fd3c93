/* SPDX-License-Identifier: Apache-2.0 */
/* States were revoked: the chip's boot epoch follows the chain's, and with each step
 * what was approved for the one before releases nothing any more.  A step cannot be
 * taken back, so none is taken that would leave the machine without a state to boot
 * in, unless that is what the operator signed.  docs/spec/KEYS, "The boot epoch".  */
#include "role/core.h"

#include <inttypes.h>
#include <string.h>

#include "role/log.h"

/* What the device key is sealed under.  */
static struct fh_release sealed_under(const struct fh_core *c)
{
	struct fh_release r = { .chain_id = c->chain.id, .device_id = c->device_id,
				.needed = c->needed };

	for (size_t at = 0; at < c->companions.n; at += FH_P256_PUBLIC_SIZE)
		memcpy(r.companion[r.companions++].bytes, c->companions.p + at,
		       FH_P256_PUBLIC_SIZE);
	return r;
}

/* Up to which epoch, LAST at most, some state that is in force could release the key;
 * the chip's own if none.  *ANY: one is approved at all.  */
static uint64_t approved_up_to(const struct fh_core *c, uint64_t last, bool *any)
{
	struct fh_chain_approvals at = { 0 };
	struct fh_release sealed = sealed_under(c);
	const struct fh_reference_held *r;
	uint64_t best = c->epoch;
	struct fh_approval a;

	*any = false;
	while (fh_chain_approval_next(&c->chain, &c->device_id, &at, &r, &a)) {
		if (a.epoch < c->epoch)
			continue; /* releases nothing, now or later */
		sealed.epoch = a.epoch;
		bool released = fh_chain_releases(&c->chain, &sealed, r);

		*any = *any || released
		       || fh_chain_approves(&c->chain, r, &c->device_id, a.epoch);
		if (released && a.epoch > best && a.epoch <= last)
			best = a.epoch;
	}
	return best;
}

/* Enough of those for whom the key is sealed may still sign, so it can be had again.  */
static bool approvable(const struct fh_core *c)
{
	struct fh_release sealed = sealed_under(c), now;
	size_t still = 0, at;

	if (!fh_chain_release(&c->chain, &c->device_id, c->epoch, &now))
		return false;
	for (size_t i = 0; i < now.companions; i++)
		still += fh_release_companion(&sealed, FH_SPAN_ARRAY(now.companion[i].bytes), &at);
	return still > 0 && still >= sealed.needed;
}

/* How far the chip may go now, on its way TO where the chain is.  */
static uint64_t reachable(const struct fh_core *c, uint64_t to)
{
	uint64_t sealed = c->first_epoch + c->epochs - 1;
	uint64_t last = to < sealed ? to : sealed;
	bool any;
	uint64_t best = approved_up_to(c, last, &any);

	/* The last state was taken back: nothing is to boot until another is approved.  */
	if (!any && c->chain.state == FH_CHAIN_LIVE && last > best && approvable(c))
		best = last;
	return best;
}

static fh_err step(struct fh_core *c)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_door_put_epoch(&b, c->epoch + 1);
	fh_err e = fh_core_keeper_do(c, &b);

	if (e != FH_ERR_OK)
		return e;
	c->epoch++;
	fh_log(FH_LOG_PRIORITY_NOTICE, "core", "boot epoch %" PRIu64 " begins: what was approved "
	       "for the one before releases nothing any more", c->epoch);
	return FH_ERR_OK;
}

/* Why the chip stays where it is, which the operator signed that it should not.  */
static const char *why_not(const struct fh_core *c)
{
	return c->epoch < c->first_epoch + c->epochs - 1
		? "enough operators of those for whom the device key is sealed approve no state "
		  "for it, so nothing could boot then; they can still (freehold reference approve "
		  "--epoch)"
		: "the next boot's first start does";
}

fh_err fh_core_advance_epoch(struct fh_core *c)
{
	uint64_t to = fh_chain_epoch(&c->chain, &c->device_id);
	fh_err e = FH_ERR_OK;

	if (!c->measured || to <= c->epoch)
		return FH_ERR_OK;
	for (uint64_t now = reachable(c, to); e == FH_ERR_OK && c->epoch < now;)
		e = step(c);
	if (e == FH_ERR_OK && c->epoch < to)
		fh_log(FH_LOG_PRIORITY_WARNING, "core", "boot epoch %" PRIu64 " is what the "
		       "operator signed, and this boot cannot come past %" PRIu64 ": %s", to,
		       c->epoch, why_not(c));
	return e;
}
