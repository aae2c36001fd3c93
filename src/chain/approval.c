/* SPDX-License-Identifier: Apache-2.0 */
/* TPM 2.0 Library part 3, clause 23: each policy command replaces the digest of
 * its session by a hash over the old one, its own code and what it checked.  */
#include "chain/approval.h"

#include "chain/joint.h"

#include <string.h>

/* Part 2, clause 6: the few numbers that enter the digests.  */
constexpr uint32_t cc_policy_nv = 0x149;
constexpr uint32_t cc_unseal = 0x15e;
constexpr uint32_t cc_policy_authorize = 0x16a;
constexpr uint32_t cc_policy_command_code = 0x16c;
constexpr uint32_t cc_policy_or = 0x171;
constexpr uint32_t cc_policy_pcr = 0x17f;
constexpr uint16_t alg_sha256 = 0x000b;
constexpr uint16_t alg_null = 0x0010;
constexpr uint16_t alg_ecdsa = 0x0018;
constexpr uint16_t alg_ecc = 0x0023;
constexpr uint16_t curve_p256 = 0x0003;
constexpr uint16_t operation_equal = 0x0000;
/* TPMA_OBJECT: userWithAuth, noDA, sign.  A key that was loaded from outside can
 * have no other.  */
constexpr uint32_t external_attributes = 1 << 6 | 1 << 10 | 1 << 18;
/* The epoch counter (docs/spec/CHIP, "Counters").  TPMA_NV: authWrite, a counter,
 * authRead, noDA, written.  */
constexpr uint32_t epoch_handle = 0x01834649;
constexpr uint32_t epoch_attributes = 1 << 2 | 1 << 4 | 1 << 18 | 1 << 25 | 1 << 29;
constexpr size_t half_size = 32;
constexpr size_t policy_room = 512; /* bytes hashed at once: eight digests and a head */

/* --- boot states -------------------------------------------------------- */

static unsigned count(uint32_t selected)
{
	return (unsigned)__builtin_popcount(selected);
}

void fh_pcr_state_put(struct fh_builder *b, const struct fh_pcr_state *s)
{
	fh_cbor_put_map(b, count(s->selected));
	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((s->selected >> i & 1) == 0)
			continue;
		fh_cbor_put_uint(b, i);
		fh_cbor_put_hash(b, &s->value[i]);
	}
}

struct fh_pcr_state fh_pcr_state_read(struct fh_cursor *c)
{
	struct fh_pcr_state s = { 0 };
	size_t n = fh_cbor_map(c, FH_PCRS);

	if (n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	for (size_t k = 0; k < n; k++) {
		uint64_t i = fh_cbor_uint(c);
		struct fh_hash value = fh_cbor_hash(c);

		if (i >= FH_PCRS || (FH_PCRS_STATIC >> i & 1) == 0 || i == FH_PCR_LOCK
		    || s.selected >> i != 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		if (fh_cursor_bad(c))
			return (struct fh_pcr_state){ 0 };
		s.selected |= UINT32_C(1) << i;
		s.value[i] = value;
	}
	return s;
}

uint32_t fh_pcr_state_differs(const struct fh_pcr_state *state, const struct fh_pcr_state *now)
{
	uint32_t differs = state->selected & ~now->selected;

	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((state->selected >> i & 1) != 0
		    && !fh_hash_equal(&state->value[i], &now->value[i]))
			differs |= UINT32_C(1) << i;
	}
	return differs;
}

struct fh_hash fh_pcr_locked(const struct fh_hash *session_id)
{
	uint8_t bytes[2 * FH_HASH_SIZE] = { 0 };

	memcpy(bytes + FH_HASH_SIZE, session_id->bytes, FH_HASH_SIZE);
	return fh_hash_of(FH_SPAN_ARRAY(bytes));
}

void fh_pcr_selection_put(struct fh_builder *b, uint32_t selected)
{
	fh_builder_be32(b, 1); /* one bank */
	fh_builder_be16(b, alg_sha256);
	fh_builder_u8(b, FH_PCRS / 8);
	for (unsigned i = 0; i < FH_PCRS / 8; i++)
		fh_builder_u8(b, (uint8_t)(selected >> 8 * i));
}

struct fh_hash fh_pcr_digest(const struct fh_pcr_state *s)
{
	struct fh_sha256 h;

	fh_sha256_begin(&h);
	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((s->selected >> i & 1) != 0)
			fh_sha256_add(&h, fh_hash_span(&s->value[i]));
	}
	return fh_sha256_end(&h);
}

/* --- approvals ---------------------------------------------------------- */

/* What a policy session arrives at from its beginning by TPM2_PolicyPCR.  */
static struct fh_hash while_in(uint32_t selected, const struct fh_hash *digest)
{
	uint8_t bytes[policy_room] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	(void)fh_builder_space(&b, FH_HASH_SIZE);
	fh_builder_be32(&b, cc_policy_pcr);
	fh_pcr_selection_put(&b, selected);
	fh_builder_bytes(&b, fh_hash_span(digest));
	return fh_hash_of(fh_builder_span(&b));
}

/* ... and from POLICY by TPM2_PolicyCommandCode.  */
static struct fh_hash only_unsealing(const struct fh_hash *policy)
{
	uint8_t bytes[policy_room];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_bytes(&b, fh_hash_span(policy));
	fh_builder_be32(&b, cc_policy_command_code);
	fh_builder_be32(&b, cc_unseal);
	return fh_hash_of(fh_builder_span(&b));
}

struct fh_hash fh_approval_policy(const struct fh_pcr_state *state)
{
	struct fh_pcr_state unlocked = *state;

	unlocked.selected |= UINT32_C(1) << FH_PCR_LOCK;
	unlocked.value[FH_PCR_LOCK] = (struct fh_hash){ 0 };
	struct fh_hash digest = fh_pcr_digest(&unlocked);

	return while_in(unlocked.selected, &digest);
}

struct fh_hash fh_boot_policy(uint32_t selected, const struct fh_hash *digest)
{
	struct fh_hash policy = while_in(selected, digest);

	return only_unsealing(&policy);
}

struct fh_hash fh_approval_reference(const struct fh_hash *chain_id,
				     const struct fh_hash *device_id, uint64_t epoch)
{
	uint8_t bytes[policy_room];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_text(&b, "freehold/approval/v1\n");
	fh_builder_bytes(&b, fh_hash_span(chain_id));
	fh_builder_bytes(&b, fh_hash_span(device_id));
	fh_builder_be64(&b, epoch);
	return fh_hash_of(fh_builder_span(&b));
}

struct fh_hash fh_approval_digest(const struct fh_hash *policy, const struct fh_hash *reference)
{
	uint8_t bytes[2 * FH_HASH_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_builder_bytes(&b, fh_hash_span(policy));
	fh_builder_bytes(&b, fh_hash_span(reference));
	return fh_hash_of(fh_builder_span(&b));
}

fh_err fh_approval_check(const struct fh_pcr_state *state, const struct fh_hash *reference,
			 struct fh_span companion, struct fh_span signature)
{
	struct fh_hash policy = fh_approval_policy(state);
	struct fh_hash digest = fh_approval_digest(&policy, reference);

	return fh_companion_check(companion, &digest, signature);
}

/* Part 2, clause 12.2: TPMT_PUBLIC with TPMS_ECC_PARMS.  */
void fh_companion_area_put(struct fh_builder *b, const struct fh_p256_public *companion)
{
	fh_builder_be16(b, alg_ecc);
	fh_builder_be16(b, alg_sha256);
	fh_builder_be32(b, external_attributes);
	fh_builder_be16(b, 0); /* authPolicy */
	fh_builder_be16(b, alg_null);
	fh_builder_be16(b, alg_ecdsa);
	fh_builder_be16(b, alg_sha256);
	fh_builder_be16(b, curve_p256);
	fh_builder_be16(b, alg_null);
	fh_builder_be16(b, half_size);
	fh_builder_bytes(b, fh_span_of(companion->bytes + 1, half_size));
	fh_builder_be16(b, half_size);
	fh_builder_bytes(b, fh_span_of(companion->bytes + 1 + half_size, half_size));
}

struct fh_hash fh_companion_name(const struct fh_p256_public *companion)
{
	uint8_t bytes[FH_COMPANION_AREA_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_companion_area_put(&b, companion);
	return fh_hash_of(fh_builder_span(&b));
}

/* --- release ------------------------------------------------------------ */

bool fh_release_same_approvers(const struct fh_release *a, const struct fh_release *b)
{
	bool same = a->companions == b->companions
		    && fh_release_joint(a) == fh_release_joint(b)
		    && (!fh_release_joint(a) || a->needed == b->needed);

	for (size_t i = 0; i < a->companions && same; i++)
		same = fh_span_equal(FH_SPAN_ARRAY(a->companion[i].bytes),
				     FH_SPAN_ARRAY(b->companion[i].bytes));
	return same;
}

bool fh_release_companion(const struct fh_release *r, struct fh_span point, size_t *out)
{
	for (size_t i = 0; i < r->companions; i++) {
		if (fh_span_equal(point, FH_SPAN_ARRAY(r->companion[i].bytes))) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* TPM2_PolicyAuthorize begins at zero again, whatever was before it.  */
struct fh_hash fh_release_authorized(const struct fh_release *r, size_t i)
{
	uint8_t bytes[policy_room] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash name = fh_companion_name(&r->companion[i]);
	struct fh_hash reference = fh_approval_reference(&r->chain_id, &r->device_id, r->epoch);

	(void)fh_builder_space(&b, FH_HASH_SIZE);
	fh_builder_be32(&b, cc_policy_authorize);
	fh_builder_be16(&b, alg_sha256);
	fh_builder_bytes(&b, fh_hash_span(&name));
	struct fh_hash by = fh_hash_of(fh_builder_span(&b));

	return fh_approval_digest(&by, &reference);
}

static struct fh_hash by_any(const struct fh_release *r)
{
	uint8_t bytes[policy_room] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (r->companions == 1)
		return fh_release_authorized(r, 0);
	(void)fh_builder_space(&b, FH_HASH_SIZE);
	fh_builder_be32(&b, cc_policy_or);
	for (size_t i = 0; i < r->companions; i++) {
		struct fh_hash branch = fh_release_authorized(r, i);

		fh_builder_bytes(&b, fh_hash_span(&branch));
	}
	return fh_hash_of(fh_builder_span(&b));
}

struct fh_hash fh_release_in_epoch(const struct fh_hash *policy, uint64_t epoch,
				   struct fh_span epoch_name)
{
	uint8_t bytes[policy_room], compared[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), what = FH_BUILDER_ARRAY(compared);

	fh_builder_be64(&what, epoch);
	fh_builder_be16(&what, 0); /* offset */
	fh_builder_be16(&what, operation_equal);
	struct fh_hash arguments = fh_hash_of(fh_builder_span(&what));

	fh_builder_bytes(&b, fh_hash_span(policy));
	fh_builder_be32(&b, cc_policy_nv);
	fh_builder_bytes(&b, fh_hash_span(&arguments));
	fh_builder_bytes(&b, epoch_name);
	return fh_hash_of(fh_builder_span(&b));
}

/* Part 2, clause 13.6: TPMS_NV_PUBLIC of a counter that anybody reads and counts up.  */
void fh_epoch_name_put(struct fh_builder *b)
{
	uint8_t bytes[policy_room];
	struct fh_builder area = FH_BUILDER_ARRAY(bytes);

	fh_builder_be32(&area, epoch_handle);
	fh_builder_be16(&area, alg_sha256);
	fh_builder_be32(&area, epoch_attributes);
	fh_builder_be16(&area, 0); /* authPolicy */
	fh_builder_be16(&area, sizeof(uint64_t));
	struct fh_hash digest = fh_hash_of(fh_builder_span(&area));

	fh_builder_be16(b, alg_sha256);
	fh_builder_bytes(b, fh_hash_span(&digest));
}

struct fh_hash fh_release_policy(const struct fh_release *r, struct fh_span epoch_name)
{
	struct fh_hash policy = fh_release_joint(r) ? fh_joint_authorized(r) : by_any(r);

	policy = fh_release_in_epoch(&policy, r->epoch, epoch_name);
	return only_unsealing(&policy);
}

struct fh_hash fh_data_policy(uint64_t epoch, struct fh_span data_name)
{
	const struct fh_hash none = { 0 };
	struct fh_hash policy = fh_release_in_epoch(&none, epoch, data_name);

	return only_unsealing(&policy);
}
