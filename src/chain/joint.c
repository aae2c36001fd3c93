/* SPDX-License-Identifier: Apache-2.0 */
/* TPM 2.0 Library part 3, clauses 23 (policies) and 31 (NV).  */
#include "chain/joint.h"

#include <string.h>

/* Part 2, clauses 6 and 13.  */
constexpr uint32_t cc_nv_write = 0x137;
constexpr uint32_t cc_policy_signed = 0x160;
constexpr uint32_t cc_policy_or = 0x171;
constexpr uint32_t cc_policy_authorize_nv = 0x192;
constexpr uint16_t alg_sha256 = 0x000b;
/* TPMA_NV: policyWrite, authRead, noDA; written.  */
constexpr uint32_t index_attributes = 1 << 3 | 1 << 18 | 1 << 25;
constexpr uint32_t attribute_written = 1 << 29;
/* In the owner's range (0x01800000 to 0x01bfffff), with 21 bits of the policy.  */
constexpr uint32_t handle_base = 0x01a00000;
constexpr uint32_t handle_mask = 0x001fffff;
constexpr size_t room = 512;
/* Ways of choosing four of eight, which is the most there are.  */
constexpr size_t ways_max = 70;

bool fh_release_joint(const struct fh_release *r)
{
	return r->needed > 1;
}

struct fh_hash fh_joint_reference(const struct fh_release *r)
{
	uint8_t bytes[room];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_text(&b, "freehold/joint-approval/v1\n");
	fh_builder_bytes(&b, fh_hash_span(&r->chain_id));
	fh_builder_bytes(&b, fh_hash_span(&r->device_id));
	return fh_hash_of(fh_builder_span(&b));
}

/* --- the policy of the index ---------------------------------------------- */

/* Both halves of a policy command that names an entity and a policyRef.  */
static struct fh_hash and_signed(const struct fh_hash *policy,
				 const struct fh_p256_public *companion,
				 const struct fh_hash *reference)
{
	uint8_t bytes[room];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash name = fh_companion_name(companion);

	fh_builder_bytes(&b, fh_hash_span(policy));
	fh_builder_be32(&b, cc_policy_signed);
	fh_builder_be16(&b, alg_sha256);
	fh_builder_bytes(&b, fh_hash_span(&name));
	struct fh_hash by = fh_hash_of(fh_builder_span(&b));

	return fh_approval_digest(&by, reference);
}

static struct fh_hash by_all(const struct fh_release *r, uint32_t signers)
{
	struct fh_hash reference = fh_joint_reference(r), policy = { 0 };

	for (size_t i = 0; i < r->companions; i++) {
		if ((signers >> i & 1) != 0)
			policy = and_signed(&policy, &r->companion[i], &reference);
	}
	return policy;
}

static struct fh_hash any_of(const struct fh_hash *branch, size_t n)
{
	uint8_t bytes[room] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	(void)fh_builder_space(&b, FH_HASH_SIZE);
	fh_builder_be32(&b, cc_policy_or);
	for (size_t i = 0; i < n; i++)
		fh_builder_bytes(&b, fh_hash_span(&branch[i]));
	return fh_hash_of(fh_builder_span(&b));
}

static size_t group_at(size_t first, size_t width)
{
	return width - first < FH_POLICY_BRANCHES_MAX ? width - first : FH_POLICY_BRANCHES_MAX;
}

/* Each way of choosing as many companions as are needed is a leaf, in the order of their
 * numbers as bits; groups of eight make the next level, until one is left.  A group of one
 * is its member.  */
static size_t level_of(const struct fh_release *r, size_t level, struct fh_hash out[ways_max])
{
	size_t n = 0;

	for (uint32_t s = 1; s < UINT32_C(1) << r->companions; s++) {
		if ((size_t)__builtin_popcount(s) == r->needed && n < ways_max)
			out[n++] = by_all(r, s);
	}
	for (; level > 0 && n > 1; level--) {
		size_t groups = 0;

		for (size_t at = 0; at < n; at += FH_POLICY_BRANCHES_MAX) {
			size_t of = group_at(at, n);

			out[groups++] = of == 1 ? out[at] : any_of(&out[at], of);
		}
		n = groups;
	}
	return n;
}

static bool is_fit(const struct fh_release *r)
{
	return r->needed > 1 && r->needed <= r->companions && r->companions <= FH_COMPANIONS_MAX;
}

static struct fh_hash index_policy(const struct fh_release *r)
{
	struct fh_hash node[ways_max] = { 0 };

	if (is_fit(r))
		(void)level_of(r, ways_max, node);
	return node[0];
}

fh_err fh_joint_climb_begin(const struct fh_release *r, uint32_t signers,
			    struct fh_joint_climb *out)
{
	struct fh_joint_climb c = { 0 };

	if (!is_fit(r) || signers >> r->companions != 0
	    || (size_t)__builtin_popcount(signers) != r->needed)
		return FH_ERR_FORMAT;
	for (uint32_t s = 1; s < UINT32_C(1) << r->companions; s++) {
		if ((size_t)__builtin_popcount(s) != r->needed)
			continue;
		c.place += s < signers;
		c.width++;
	}
	*out = c;
	return FH_ERR_OK;
}

bool fh_joint_climb_step(const struct fh_release *r, struct fh_joint_climb *c)
{
	struct fh_hash node[ways_max];

	while (c->width > 1) {
		size_t first = c->place - c->place % FH_POLICY_BRANCHES_MAX;
		size_t n = group_at(first, c->width);

		(void)level_of(r, c->level, node);
		memcpy(c->branch, &node[first], n * sizeof(node[0]));
		c->branches = n;
		c->place /= FH_POLICY_BRANCHES_MAX;
		c->width = (c->width + FH_POLICY_BRANCHES_MAX - 1) / FH_POLICY_BRANCHES_MAX;
		c->level++;
		if (n > 1)
			return true;
	}
	return false;
}

/* --- the index ------------------------------------------------------------ */

struct fh_joint_index fh_joint_index_of(const struct fh_release *r)
{
	struct fh_joint_index i = { .attributes = index_attributes, .policy = index_policy(r) };
	const uint8_t *p = i.policy.bytes;

	i.handle = handle_base
		   | (((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]) & handle_mask);
	return i;
}

/* Part 2, clause 13.6: TPMS_NV_PUBLIC.  */
void fh_joint_name_put(struct fh_builder *b, const struct fh_joint_index *i, bool written)
{
	uint8_t bytes[room];
	struct fh_builder area = FH_BUILDER_ARRAY(bytes);

	fh_builder_be32(&area, i->handle);
	fh_builder_be16(&area, alg_sha256);
	fh_builder_be32(&area, i->attributes | (written ? attribute_written : 0));
	fh_builder_be16(&area, FH_HASH_SIZE);
	fh_builder_bytes(&area, fh_hash_span(&i->policy));
	fh_builder_be16(&area, FH_JOINT_CONTENT_SIZE);
	struct fh_hash digest = fh_hash_of(fh_builder_span(&area));

	fh_builder_be16(b, alg_sha256);
	fh_builder_bytes(b, fh_hash_span(&digest));
}

void fh_joint_content_put(struct fh_builder *b, const struct fh_release *r,
			  const struct fh_pcr_state *state, struct fh_span epoch_name)
{
	struct fh_hash policy = fh_approval_policy(state);

	policy = fh_release_in_epoch(&policy, r->epoch, epoch_name);
	fh_builder_be16(b, alg_sha256);
	fh_builder_bytes(b, fh_hash_span(&policy));
}

/* Part 1, clause 16.7: the index is authorised by its own policy, so it is both handles.  */
struct fh_hash fh_joint_command(const struct fh_release *r, struct fh_span content, bool written)
{
	uint8_t bytes[room];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_joint_index i = fh_joint_index_of(r);

	fh_builder_be32(&b, cc_nv_write);
	fh_joint_name_put(&b, &i, written);
	fh_joint_name_put(&b, &i, written);
	fh_builder_be16(&b, (uint16_t)content.n);
	fh_builder_bytes(&b, content);
	fh_builder_be16(&b, 0); /* offset */
	return fh_hash_of(fh_builder_span(&b));
}

struct fh_hash fh_joint_digest(const struct fh_release *r, const struct fh_pcr_state *state,
			       bool written)
{
	uint8_t bytes[room], said[FH_JOINT_CONTENT_SIZE], epoch[FH_JOINT_NAME_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), content = FH_BUILDER_ARRAY(said);
	struct fh_builder name = FH_BUILDER_ARRAY(epoch);
	struct fh_hash reference = fh_joint_reference(r);

	fh_epoch_name_put(&name);
	fh_joint_content_put(&content, r, state, fh_builder_span(&name));
	struct fh_hash command = fh_joint_command(r, fh_builder_span(&content), written);

	fh_builder_be32(&b, 0); /* expiration; no nonce, so that it can be signed far away */
	fh_builder_bytes(&b, fh_hash_span(&command));
	fh_builder_bytes(&b, fh_hash_span(&reference));
	return fh_hash_of(fh_builder_span(&b));
}

fh_err fh_joint_check(const struct fh_release *r, const struct fh_pcr_state *state, size_t i,
		      struct fh_span signature, bool *written)
{
	struct fh_span companion = FH_SPAN_ARRAY(r->companion[i].bytes);
	fh_err e = FH_ERR_SIGNATURE;

	for (size_t k = 0; k < 2 && e == FH_ERR_SIGNATURE; k++) {
		struct fh_hash digest = fh_joint_digest(r, state, k == 1);

		e = fh_companion_check(companion, &digest, signature);
		if (e == FH_ERR_OK)
			*written = k == 1;
	}
	return e;
}

bool fh_joint_enough(const struct fh_release *r, const uint32_t signers[2])
{
	return (size_t)__builtin_popcount(signers[0] & signers[1]) >= r->needed;
}

/* --- release -------------------------------------------------------------- */

/* TPM2_PolicyAuthorizeNV begins at zero again.  */
struct fh_hash fh_joint_authorized(const struct fh_release *r)
{
	uint8_t bytes[room] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_joint_index i = fh_joint_index_of(r);

	(void)fh_builder_space(&b, FH_HASH_SIZE);
	fh_builder_be32(&b, cc_policy_authorize_nv);
	fh_joint_name_put(&b, &i, /* written= */ true);
	return fh_hash_of(fh_builder_span(&b));
}
