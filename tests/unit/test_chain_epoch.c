/* SPDX-License-Identifier: Apache-2.0 */
/* To which boot epoch the chain takes a device, and which approvals that leaves.  */
#include "chain_fixture.h"

#include "chain/chain_private.h"
#include "crypto/sign.h"

/* A chain with one device, which has the id of its key.  */
struct machine {
	struct fixture *f;
	struct fh_hash id;
};

static struct machine begin(struct fixture *f)
{
	struct fh_secret seed = { .n = FH_MLDSA65_SEED_SIZE };
	struct machine m = { .f = f };
	struct fh_public_key key;
	struct fh_signer signer;

	memset(seed.bytes, 0x55, seed.n);
	assert_int_equal(fh_signer_new(&seed, &signer), FH_ERR_OK);
	assert_int_equal(fh_signer_public(&signer, &key), FH_ERR_OK);
	m.id = fh_key_id(FH_SPAN_ARRAY(key.bytes));
	fixture_start(f);
	fixture_must(f, fixture_next(f, "device", fixture_device(f, &signer, &f->chain.id), 1));
	fh_signer_drop(&signer);
	return m;
}

static struct fh_pcr_state state_of(uint8_t byte)
{
	struct fh_pcr_state s = { .selected = 1 << 4 };

	memset(s.value[4].bytes, byte, FH_HASH_SIZE);
	return s;
}

static void approve(struct machine *m, const struct fh_pcr_state *s, uint64_t epoch,
		    const struct fh_hash *renews, struct fh_builder *b)
{
	struct fh_hash policy = fh_approval_policy(s);
	struct fh_hash reference = fh_approval_reference(&m->f->chain.id, &m->id, epoch);
	struct fh_hash digest = fh_approval_digest(&policy, &reference);
	struct fh_p256_signature signature;
	struct fh_approval a = { .device = m->id, .epoch = epoch,
				 .companion = FH_SPAN_ARRAY(m->f->key[0].public.companion.bytes),
				 .signature = FH_SPAN_ARRAY(signature.bytes) };

	assert_int_equal(fh_companion_sign(&m->f->key[0].seed, &digest, &signature), FH_ERR_OK);
	if (renews != nullptr)
		a.renews = *renews;
	fh_approval_put(b, &a, renews != nullptr);
}

/* The state of BYTE, approved for EPOCH.  */
static struct fh_span reference(struct machine *m, uint8_t byte, uint64_t epoch)
{
	struct fh_builder b = fixture_builder(m->f, 4096);
	struct fh_reference_body r = { .label = FH_SPAN_LIT("state"), .state = state_of(byte) };

	fh_reference_put_head(&b, &r, /* approves= */ true);
	fh_approvals_begin(&b, 1);
	approve(m, &r.state, epoch, /* renews= */ nullptr, &b);
	return fh_builder_span(&b);
}

/* Of the reference HASH, taking the device to EPOCH; RENEWS, if not null, is approved
 * for it, and is the state of BYTE.  */
static struct fh_span revocation(struct machine *m, const struct fh_hash *hash, uint64_t epoch,
				 const struct fh_hash *renews, uint8_t byte)
{
	struct fh_builder b = fixture_builder(m->f, 4096), list = fixture_builder(m->f, 256);
	struct fh_revoke_body r = { .what = FH_STATEMENT_REFERENCE, .id = fh_hash_span(hash) };
	const struct fh_device_epoch to = { m->id, epoch };
	struct fh_pcr_state s = state_of(byte);

	fh_device_epochs_put(&list, &to, 1);
	r.epochs = fh_builder_span(&list);
	fh_revoke_put(&b, &r, renews != nullptr);
	if (renews != nullptr)
		approve(m, &s, epoch, renews, &b);
	return fh_builder_span(&b);
}

static struct fh_hash add(struct machine *m, const char *kind, struct fh_span body)
{
	fixture_must(m->f, fixture_next(m->f, kind, body, 1));
	return m->f->chain.head.hash;
}

static size_t approvals(const struct machine *m)
{
	struct fh_chain_approvals at = { 0 };
	const struct fh_reference_held *r;
	struct fh_approval a;
	size_t n = 0;

	while (fh_chain_approval_next(&m->f->chain, &m->id, &at, &r, &a))
		n++;
	return n;
}

static uint64_t epoch(const struct machine *m)
{
	return fh_chain_epoch(&m->f->chain, &m->id);
}

static void taking_back_the_only_state_counts_too(void **state)
{
	struct machine m = begin(*state);
	struct fh_hash only = add(&m, "reference", reference(&m, 1, 0));

	assert_int_equal(epoch(&m), 0);
	assert_int_equal(approvals(&m), 1);
	(void)add(&m, "revoke", revocation(&m, &only, 1, nullptr, 0));
	assert_int_equal(epoch(&m), 1);
	assert_int_equal(approvals(&m), 0);
	(void)add(&m, "reference", reference(&m, 2, 1));
	assert_int_equal(epoch(&m), 1);
	assert_int_equal(approvals(&m), 1);
}

static void it_never_falls(void **state)
{
	struct machine m = begin(*state);
	struct fh_hash a = add(&m, "reference", reference(&m, 1, 0));
	struct fh_hash b = add(&m, "reference", reference(&m, 2, 0));

	(void)add(&m, "revoke", revocation(&m, &a, 1, &b, 2));
	assert_int_equal(epoch(&m), 1);
	(void)add(&m, "revoke", revocation(&m, &b, 2, nullptr, 0));
	assert_int_equal(epoch(&m), 2);
	assert_int_equal(fh_chain_compact(&m.f->chain), FH_ERR_OK);
	assert_int_equal(epoch(&m), 2);
	(void)add(&m, "reference", reference(&m, 3, 1));
	assert_int_equal(epoch(&m), 2);
	assert_int_equal(approvals(&m), 1);
}

static void a_side_of_a_fork_counts_it_whichever_comes_first(void **state)
{
	struct fixture *f = *state;

	for (int first = 0; first < 2; first++) {
		fixture_begin(f);
		struct machine m = begin(f);
		struct fh_hash a = add(&m, "reference", reference(&m, 1, 0));
		struct fh_hash b = add(&m, "reference", reference(&m, 2, 0));
		struct fh_chain_head shared = f->chain.head;
		struct fh_span side[2] = {
			fixture_behind(f, shared, "revoke", revocation(&m, &a, 1, &b, 2), 1),
			fixture_behind(f, shared, "actor", fixture_actor(f, "x", 1, nullptr), 1),
		};

		fixture_must(f, side[first]);
		fixture_must(f, side[1 - first]);
		assert_int_equal(f->chain.state, FH_CHAIN_FORKED);
		assert_int_equal(epoch(&m), 1);
		assert_int_equal(approvals(&m), 1); /* of b, in the epoch before */
	}
}

/* A chip may be behind the chain, but not for ever.  */
static void an_old_approval_is_over(void **state)
{
	struct machine m = begin(*state);

	(void)add(&m, "reference", reference(&m, 1, 0));
	(void)add(&m, "reference", reference(&m, 2, FH_EPOCHS_BEHIND_MAX));
	assert_int_equal(approvals(&m), 2);
	(void)add(&m, "reference", reference(&m, 3, FH_EPOCHS_BEHIND_MAX + 1));
	assert_int_equal(approvals(&m), 2);
}

static size_t revocations(const struct machine *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->f->chain.objects; i++)
		n += m->f->chain.object[i].kind == FH_STATEMENT_REVOKE;
	return n;
}

static void compaction_keeps_of_revocations_what_approves_something(void **state)
{
	struct machine m = begin(*state);
	struct fh_hash stays = add(&m, "reference", reference(&m, 9, 0));

	for (uint64_t i = 1; i <= 2 * FH_EPOCHS_BEHIND_MAX; i++) {
		struct fh_hash r = add(&m, "reference", reference(&m, 1, i - 1));

		(void)add(&m, "revoke", revocation(&m, &r, i, &stays, 9));
	}
	/* A chain that is stopped for now must not lose them either.  */
	(void)add(&m, "policy", fixture_policy_body(m.f, "when"));
	assert_int_equal(m.f->chain.state, FH_CHAIN_STOPPED);
	assert_int_equal(fh_chain_compact(&m.f->chain), FH_ERR_OK);
	assert_int_equal(revocations(&m), FH_EPOCHS_BEHIND_MAX + 1);
	(void)add(&m, "policy", fixture_policy_body(m.f, "ok"));
	assert_int_equal(approvals(&m), FH_EPOCHS_BEHIND_MAX + 1);
	assert_int_equal(epoch(&m), 2 * FH_EPOCHS_BEHIND_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(taking_back_the_only_state_counts_too),
		TEST(it_never_falls),
		TEST(a_side_of_a_fork_counts_it_whichever_comes_first),
		TEST(an_old_approval_is_over),
		TEST(compaction_keeps_of_revocations_what_approves_something),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
