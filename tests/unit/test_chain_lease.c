/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: their bytes, who may sign them, and until when they let a machine go on.  */
#include "chain_fixture.h"

#include "state/lease.h"

static const struct fh_hash device = { { 0xde } };

static struct fh_lease lease_for(const struct fixture *f, uint64_t counter)
{
	return (struct fh_lease){ .chain_id = f->chain.id, .head = f->chain.head.hash,
				  .device = device, .counter = counter, .issued_ms = 2000,
				  .begins_ms = 2000, .duration_ms = 500 };
}

/* The file of L, signed by the keys whose bits are set in WHO.  */
static struct fh_span signed_as(struct fixture *f, const char *aad, const struct fh_lease *l,
				unsigned who)
{
	struct fh_cose_signature s[fixture_keys];
	struct fh_builder payload = fixture_builder(f, FH_LEASE_PAYLOAD_MAX);
	struct fh_builder b = fixture_builder(f, FH_LEASE_FILE_MAX);
	size_t n = 0;

	fh_lease_put(&payload, l);
	for (size_t i = 0; i < fixture_keys; i++) {
		if ((who >> i & 1) != 0)
			assert_int_equal(fh_operator_key_sign_as(&f->key[i], fh_span_str(aad),
								 fh_builder_span(&payload),
								 &f->memory, &s[n++]), FH_ERR_OK);
	}
	fh_envelope_put(&b, fh_builder_span(&payload), s, n);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static fh_err judge(struct fixture *f, struct fh_span file, uint64_t last)
{
	struct fh_trace t = { 0 };
	struct fh_lease_file lease;
	fh_err e = fh_lease_file_read(file, &lease, &t);

	if (e == FH_ERR_OK)
		e = fh_lease_judge(&f->chain, &lease, &device, last, &t);
	assert_true(e == FH_ERR_OK || (t.what[0] != '\0' && t.cure[0] != '\0'));
	return e;
}

static fh_err judge_as(struct fixture *f, const struct fh_lease *l, unsigned who, uint64_t last)
{
	return judge(f, signed_as(f, FH_LEASE_AAD, l, who), last);
}

static bool may_be_taken(struct fixture *f, const struct fh_lease *l, unsigned who)
{
	struct fh_lease_file lease;

	assert_int_equal(fh_lease_file_read(signed_as(f, FH_LEASE_AAD, l, who), &lease, nullptr),
			 FH_ERR_OK);
	return fh_lease_may_be_taken(&f->chain, &lease, &device);
}

/* docs/spec/STATEMENT.  */
static void writes_the_bytes_of_the_specification(void **state)
{
	(void)state;
	struct fh_lease l = { .counter = 7, .issued_ms = 1767225600000,
			      .begins_ms = 1767225600000, .duration_ms = 86400000 };
	uint8_t bytes[FH_LEASE_PAYLOAD_MAX], hex[2 * FH_LEASE_PAYLOAD_MAX + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), text = FH_BUILDER_ARRAY(hex);

	memset(l.chain_id.bytes, 0x11, FH_HASH_SIZE);
	memset(l.head.bytes, 0x22, FH_HASH_SIZE);
	memset(l.device.bytes, 0x33, FH_HASH_SIZE);
	fh_lease_put(&b, &l);
	fh_builder_hex(&text, fh_builder_span(&b));
	assert_string_equal((const char *)hex,
		"89656c65617365015820"
		"1111111111111111111111111111111111111111111111111111111111111111" "5820"
		"2222222222222222222222222222222222222222222222222222222222222222" "5820"
		"3333333333333333333333333333333333333333333333333333333333333333"
		"071b0000019b76daa8001b0000019b76daa8001a05265c00");
}

static void takes_what_the_operator_signed_for_this_machine(void **state)
{
	struct fixture *f = *state;
	fixture_start(f);
	struct fh_lease l = lease_for(f, 5);

	assert_int_equal(judge_as(f, &l, 1, 0), FH_ERR_OK);
	assert_int_equal(judge_as(f, &l, 1, 4), FH_ERR_OK);
	assert_int_equal(judge_as(f, &l, 1, 5), FH_ERR_EXISTS);
	assert_int_equal(judge_as(f, &l, 2, 0), FH_ERR_SIGNATURE);
	assert_int_equal(judge_as(f, &l, 3, 0), FH_ERR_SIGNATURE);
	assert_int_equal(judge(f, signed_as(f, FH_STATEMENT_AAD, &l, 1), 0), FH_ERR_SIGNATURE);
	l.device.bytes[0]++;
	assert_int_equal(judge_as(f, &l, 1, 0), FH_ERR_CONFLICT);
	l = lease_for(f, 5);
	l.chain_id.bytes[0]++;
	assert_int_equal(judge_as(f, &l, 1, 0), FH_ERR_UNKNOWN);
	l = lease_for(f, 5);
	l.head.bytes[0]++;
	assert_int_equal(judge_as(f, &l, 1, 0), FH_ERR_MISSING);
}

static void asks_those_who_may_sign_now(void **state)
{
	struct fixture *f = *state;
	fixture_start(f);
	struct fh_lease old = lease_for(f, 5);

	fixture_must(f, fixture_next(f, "signers", fixture_signers(f, 6, 2), 7));
	/* An older head is no matter; who signs is.  */
	assert_int_equal(judge_as(f, &old, 1, 0), FH_ERR_SIGNATURE);
	assert_int_equal(judge_as(f, &old, 2, 0), FH_ERR_SIGNATURE);
	assert_int_equal(judge_as(f, &old, 6, 0), FH_ERR_OK);
}

static void what_was_taken_outlasts_its_signers(void **state)
{
	struct fixture *f = *state;
	fixture_start(f);
	struct fh_lease old = lease_for(f, 5), late;

	fixture_must(f, fixture_next(f, "signers", fixture_signers(f, 6, 2), 7));
	late = lease_for(f, 6);
	assert_true(may_be_taken(f, &old, 1));
	assert_true(may_be_taken(f, &old, 6)); /* an older head is no matter */
	assert_false(may_be_taken(f, &old, 2));
	assert_false(may_be_taken(f, &old, 8));
	assert_true(may_be_taken(f, &late, 6));
	assert_false(may_be_taken(f, &late, 1)); /* signed when it was no longer theirs */
	old.device.bytes[0]++;
	assert_false(may_be_taken(f, &old, 1));
	old = lease_for(f, 5);
	old.chain_id.bytes[0]++;
	assert_false(may_be_taken(f, &old, 1));
	old = lease_for(f, 5);
	old.head.bytes[0]++;
	assert_false(may_be_taken(f, &old, 1));
}

static void what_was_taken_outlasts_a_fork(void **state)
{
	struct fixture *f = *state;
	fixture_start(f);
	struct fh_chain_head genesis = f->chain.head;

	fixture_must(f, fixture_behind(f, genesis, "signers", fixture_signers(f, 6, 2), 7));
	struct fh_lease l = lease_for(f, 5);

	fixture_must(f, fixture_behind(f, genesis, "actor", fixture_actor(f, "b", 2, nullptr), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_FORKED);
	assert_true(may_be_taken(f, &l, 6)); /* while that side was the chain */
	assert_false(may_be_taken(f, &l, 8));
	l.head = genesis.hash;
	assert_true(may_be_taken(f, &l, 1));
	assert_true(may_be_taken(f, &l, 6));
	assert_false(may_be_taken(f, &l, 8));
}

static void has_a_threshold_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct fh_authority a = fixture_authority(f, 3, 2);
	struct fh_builder b = fixture_builder(f, 65536);

	a.threshold[a.thresholds++] = (struct fh_threshold){ FH_SPAN_LIT(FH_LEASE_KIND), 1 };
	if (fh_span_compare(a.threshold[0].kind, a.threshold[1].kind) > 0
	    || a.threshold[0].kind.n > a.threshold[1].kind.n) {
		struct fh_threshold first = a.threshold[0];

		a.threshold[0] = a.threshold[1];
		a.threshold[1] = first;
	}
	fh_signers_put(&b, &a);
	fixture_start(f);
	fixture_must(f, fixture_next(f, "signers", fh_builder_span(&b), 3));
	struct fh_lease l = lease_for(f, 5);

	assert_int_equal(judge_as(f, &l, 2, 0), FH_ERR_OK);
}

static void takes_nothing_while_the_chain_is_forked(void **state)
{
	struct fixture *f = *state;
	fixture_start(f);
	struct fh_chain_head genesis = f->chain.head;
	struct fh_lease l = lease_for(f, 5);

	fixture_must(f, fixture_behind(f, genesis, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	fixture_must(f, fixture_behind(f, genesis, "actor", fixture_actor(f, "b", 2, nullptr), 1));
	assert_int_equal(judge_as(f, &l, 1, 0), FH_ERR_STATE);
}

static void refuses_every_truncation_and_change(void **state)
{
	struct fixture *f = *state;
	fixture_start(f);
	struct fh_lease l = lease_for(f, 5);
	struct fh_span file = signed_as(f, FH_LEASE_AAD, &l, 1);
	static uint8_t copy[FH_LEASE_FILE_MAX];
	struct fh_lease_file out;

	for (size_t n = 0; n < file.n; n++)
		assert_int_not_equal(fh_lease_file_read(fh_span_first(file, n), &out, nullptr),
				     FH_ERR_OK);
	for (size_t i = 0; i < file.n; i += i < 160 ? 1 : 97) {
		memcpy(copy, file.p, file.n);
		copy[i] ^= 0x10;
		assert_int_not_equal(judge(f, fh_span_of(copy, file.n), 0), FH_ERR_OK);
	}
	assert_true(fh_lease_file_is(file));
	assert_false(fh_lease_file_is(fixture_genesis(f, 1, 1, 1)));
	l.duration_ms = 0;
	assert_int_equal(judge_as(f, &l, 1, 0), FH_ERR_FORMAT);
}

/* --- until when ------------------------------------------------------------------ */

/* A policy of 4000 ms signed at NOW in a chain; NULL body lease: of before there were any.  */
static void sign_policy(struct fixture *f, uint64_t issued_ms, uint64_t lease_ms)
{
	struct fh_builder b = fixture_builder(f, 1024);
	struct fh_policy_body p = { .schema = FH_SPAN_LIT("s"), .expires_ms = 5000,
				    .lease_ms = lease_ms };
	struct fh_statement s = { .chain_id = f->chain.id,
				  .sequence = f->chain.head.sequence + 1,
				  .previous = f->chain.head.hash,
				  .kind_text = FH_SPAN_LIT("policy"), .issued_ms = issued_ms };

	fh_policy_put(&b, &p);
	s.body = fh_builder_span(&b);
	fixture_must(f, fixture_sign(f, fixture_payload(f, &s), 1));
}

static bool live(const struct fixture *f, const struct fh_lease_taken *last, uint64_t lo,
		 uint64_t hi)
{
	const struct fh_policy_held *p = fh_chain_policy(&f->chain);
	struct fh_lease_term x = fh_lease_term(&f->chain, p, last);

	return fh_lease_live(&x, (struct fh_time){ lo, hi });
}

static void a_policy_begins_with_a_lease_of_its_own(void **state)
{
	struct fixture *f = *state;
	const struct fh_lease_taken none = { 0 };
	fixture_start(f);
	sign_policy(f, 2000, 1000);
	assert_true(live(f, &none, 0, 2999));
	assert_false(live(f, &none, 0, 3000)); /* doubt shortens */
	assert_false(live(f, &none, 3000, 3000));
	sign_policy(f, 2000, 0);
	assert_true(live(f, &none, 0, 4999));
	assert_false(live(f, &none, 0, 5000));
}

static void of_policy_and_lease_the_later_one_counts(void **state)
{
	struct fixture *f = *state;
	const struct fh_lease l = { .counter = 1, .issued_ms = 2500, .begins_ms = 2600,
				    .duration_ms = 1000 };
	struct fh_lease_taken taken = fh_lease_take(&l);

	fixture_start(f);
	sign_policy(f, 2000, 1000);
	assert_false(live(f, &taken, 2599, 2599)); /* not begun, and the policy's is replaced */
	assert_true(live(f, &taken, 2600, 3599));
	assert_false(live(f, &taken, 2600, 3600));
	sign_policy(f, 3000, 100);
	assert_true(live(f, &taken, 3000, 3099));
	assert_false(live(f, &taken, 3000, 3100));
}

static void no_lease_outlives_its_policy(void **state)
{
	struct fixture *f = *state;
	const struct fh_lease l = { .counter = 1, .issued_ms = 2500, .begins_ms = 2500,
				    .duration_ms = UINT64_MAX };
	struct fh_lease_taken taken = fh_lease_take(&l);

	assert_int_equal(taken.ends_ms, UINT64_MAX);
	fixture_start(f);
	sign_policy(f, 2000, 1000);
	assert_true(live(f, &taken, 3000, 4999));
	assert_false(live(f, &taken, 3000, 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_bytes_of_the_specification),
#define WITH_CHAIN(t) cmocka_unit_test_setup_teardown(t, fixture_set_up, fixture_tear_down)
		WITH_CHAIN(takes_what_the_operator_signed_for_this_machine),
		WITH_CHAIN(asks_those_who_may_sign_now),
		WITH_CHAIN(what_was_taken_outlasts_its_signers),
		WITH_CHAIN(what_was_taken_outlasts_a_fork),
		WITH_CHAIN(has_a_threshold_of_its_own),
		WITH_CHAIN(takes_nothing_while_the_chain_is_forked),
		WITH_CHAIN(refuses_every_truncation_and_change),
		WITH_CHAIN(a_policy_begins_with_a_lease_of_its_own),
		WITH_CHAIN(of_policy_and_lease_the_later_one_counts),
		WITH_CHAIN(no_lease_outlives_its_policy),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
