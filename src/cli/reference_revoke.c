/* SPDX-License-Identifier: Apache-2.0 */
/* Taking back the approval of a boot state: the devices it was approved for go to their
 * next boot epoch, and the other states they may boot in are approved anew for it.  */
#include "cli/approve.h"

#include "base/hex.h"

constexpr int go_on = -1;

static const struct fh_option revoke_options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_revoke = {
	.verb = "reference revoke",
	.operands = "HASH",
	.summary = "Takes back the approval of a boot state, and approves the others anew",
	.options = revoke_options,
	.options_n = sizeof(revoke_options) / sizeof(revoke_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "HASH is the statement's, as `freehold reference list` shows it.  The statement\n"
		"takes each device that the state is approved for to its next boot epoch, and\n"
		"holds an approval for it of every other state the device may boot in.  A machine\n"
		"that takes it in counts its epoch up: from then on its TPM releases the device\n"
		"key to nothing that was approved before.  Until it takes it in, an old state\n"
		"still boots: what withholds the statement is seen by the chain head that every\n"
		"quote carries.\n",
	.examples = "  freehold reference revoke 77ab... --operator-key op.key\n",
};

/* Of the devices that the reference REVOKED is approved for at present, the next epochs.  */
static fh_err devices_of(const struct fh_chain *c, const struct fh_hash *revoked,
			 struct fh_device_epoch *out, size_t *count)
{
	const struct fh_device *d;
	size_t at = 0;

	*count = 0;
	while ((d = fh_chain_device_next(c, &at)) != nullptr) {
		struct fh_chain_approvals walk = { 0 };
		const struct fh_reference_held *r;
		struct fh_approval a;
		bool approved = false;

		while (!d->revoked && !approved
		       && fh_chain_approval_next(c, &d->id, &walk, &r, &a))
			approved = a.epoch == d->epoch && fh_hash_equal(&r->hash, revoked);
		if (!approved)
			continue;
		if (*count == FH_CHAIN_OBJECTS_MAX || d->epoch == UINT64_MAX)
			return FH_ERR_LIMIT;
		out[(*count)++] = (struct fh_device_epoch){ d->id, d->epoch + 1 };
	}
	return FH_ERR_OK;
}

/* Approves anew what NEXT may boot in but for REVOKED.  With B null only counts, to
 * *COUNT.  */
static fh_err renew(const struct fh_signing *s, const struct fh_chain *c,
		    const struct fh_hash *revoked, const struct fh_device_epoch *next,
		    struct fh_builder *b, size_t *count)
{
	const struct fh_reference_held *r;
	fh_err e = FH_ERR_OK;
	size_t at = 0;

	while (e == FH_ERR_OK && (r = fh_chain_reference_next(c, &at)) != nullptr) {
		if (fh_hash_equal(&r->hash, revoked)
		    || !fh_chain_approves(c, r, &next->device, next->epoch - 1))
			continue; /* a wrong one is not made right */
		*count += fh_approve_count(s, c);
		if (b != nullptr)
			e = fh_approve_one(s, c, &r->body.state, next, &r->hash, b);
	}
	return e;
}

/* What the statement says, found before it is written.  */
struct revocation {
	struct fh_device_epoch *device;
	size_t devices;
	size_t approvals;
};

static fh_err find(const struct fh_signing *s, struct fh_state *state, const struct fh_hash *hash,
		   struct revocation *r)
{
	r->device = fh_arena_array(&state->memory, FH_CHAIN_OBJECTS_MAX, sizeof(*r->device));
	fh_err e = r->device == nullptr ? FH_ERR_NOMEM
					: devices_of(&state->chain, hash, r->device, &r->devices);

	for (size_t i = 0; e == FH_ERR_OK && i < r->devices; i++)
		e = renew(s, &state->chain, hash, &r->device[i],
			  /* b= */ nullptr, &r->approvals);
	return e;
}

static fh_err put(const struct fh_signing *s, struct fh_state *state,
		  const struct fh_hash *hash, const struct revocation *r, struct fh_span *body)
{
	constexpr size_t epoch_room = 48;
	size_t room = FH_APPROVALS_BODY_ROOM + r->devices * 2 * epoch_room
		      + r->approvals * FH_APPROVAL_ROOM;
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, room), room);
	struct fh_builder epochs = fh_builder_of(fh_arena_take(&state->memory, room), room);
	struct fh_revoke_body body_of = { .what = FH_STATEMENT_REFERENCE,
					  .id = fh_hash_span(hash) };
	fh_err e = FH_ERR_OK;
	size_t put = 0;

	if (b.p == nullptr || epochs.p == nullptr)
		return FH_ERR_NOMEM;
	if (r->devices > 0) {
		fh_device_epochs_put(&epochs, r->device, r->devices);
		body_of.epochs = fh_builder_span(&epochs);
	}
	fh_revoke_put(&b, &body_of, r->approvals);
	for (size_t i = 0; e == FH_ERR_OK && i < r->devices; i++)
		e = renew(s, &state->chain, hash, &r->device[i], &b, &put);
	return e == FH_ERR_OK ? fh_builder_end(&b, body) : e;
}

static void warn(const struct fh_cli *cli, const struct fh_signing *s, const struct fh_chain *c,
		 const struct fh_hash *hash, const struct revocation *r)
{
	size_t without = 0;

	for (size_t i = 0; i < r->devices; i++) {
		size_t n = 0;

		(void)!renew(s, c, hash, &r->device[i], /* b= */ nullptr, &n);
		without += n == 0;
	}
	if (without > 0)
		fh_cli_say(cli, "no other state is approved for %zu of %zu devices: they will not "
			   "start again before you approve one for their next epoch", without,
			   r->devices);
}

/* R is approved for the device of NEXT by those who may sign now.  */
static bool by_those_of_now(const struct fh_chain *c, const struct fh_reference_held *r,
			    const struct fh_device_epoch *next)
{
	struct fh_release now;

	return fh_chain_release(c, &next->device, next->epoch - 1, &now)
	       && fh_chain_releases(c, &now, r);
}

/* Fewer sign for NEXT than it takes to release a key; *NEEDED is how many.  */
static bool by_too_few(const struct fh_signing *s, const struct fh_chain *c,
		       const struct fh_device_epoch *next, size_t *needed)
{
	struct fh_release now;

	if (!fh_chain_release(c, &next->device, next->epoch - 1, &now))
		return false;
	*needed = now.needed;
	return s->keys < now.needed;
}

/* What is signed beside the revocation: that a state stays approved, also one that only
 * operators of before have approved, who may have been put out for that.  */
static void tell_renewed(const struct fh_cli *cli, const struct fh_signing *s,
			 const struct fh_chain *c, const struct fh_hash *hash,
			 const struct revocation *r)
{
	const struct fh_reference_held *other;
	size_t at = 0;

	while ((other = fh_chain_reference_next(c, &at)) != nullptr) {
		size_t devices = 0, before = 0, few = 0, needed = 0;

		for (size_t i = 0; i < r->devices && !fh_hash_equal(&other->hash, hash); i++) {
			const struct fh_device_epoch *next = &r->device[i];

			if (!fh_chain_approves(c, other, &next->device, next->epoch - 1))
				continue;
			devices++;
			before += !by_those_of_now(c, other, next);
			few += by_too_few(s, c, next, &needed);
		}
		if (devices > 0)
			fh_cli_say(cli, "`%.*s` is approved anew for %zu device%s",
				   (int)other->body.label.n, (const char *)other->body.label.p,
				   devices, devices == 1 ? "" : "s");
		if (few > 0)
			fh_cli_say(cli, "  for %zu of them by %zu of the %zu operators that it "
				   "takes: the machine's chip goes on to no epoch in which that "
				   "releases nothing, until enough approve it (freehold reference "
				   "approve --epoch)", few, s->keys, needed);
		if (before > 0)
			fh_cli_say(cli, "  for %zu of them only operators of before had approved "
				   "it: revoke it, too, if they were put out for cause", before);
	}
}

int fh_reference_revoke(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct revocation r = { 0 };
	struct fh_arguments a;
	struct fh_hash hash;
	struct fh_span body;
	int done = fh_cli_arguments(cli, &usage_revoke, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_hex_read(fh_span_str(a.operand[0]), hash.bytes, FH_HASH_SIZE) != FH_ERR_OK)
		return fh_usage_error(&usage_revoke, "a statement hash has 64 hex digits");
	done = fh_signing_begin(cli, &usage_revoke, &a, &state, &signing);
	if (done != go_on)
		return done;

	fh_err e = find(&signing, &state, &hash, &r);

	if (e == FH_ERR_OK && r.approvals > FH_APPROVALS_MAX)
		return fh_cli_fail(FH_ERR_LIMIT, "revoke",
				   "more approvals would have to be renewed "
				   "than one statement holds",
				   "revoke devices that are no longer used, or other states first");
	if (e == FH_ERR_OK)
		e = put(&signing, &state, &hash, &r, &body);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "revoke", nullptr, nullptr);
	tell_renewed(cli, &signing, &state.chain, &hash, &r);
	warn(cli, &signing, &state.chain, &hash, &r);
	return fh_signing_next(cli, &a, &state, &signing, "revoke", body);
}
