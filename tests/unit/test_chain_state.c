/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/chain_private.h"
#include "chain_fixture.h"

static struct fh_chain_head head_of(const struct fixture *f)
{
	return f->chain.head;
}

static void genesis_makes_a_live_chain(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->chain.state, FH_CHAIN_EMPTY);
	fixture_start(f);
	assert_int_equal(f->chain.state, FH_CHAIN_LIVE);
	assert_int_equal(f->chain.head.sequence, 0);
	assert_true(fh_hash_equal(&f->chain.id, &f->chain.head.hash));
	assert_true(fh_span_equal(f->chain.name, FH_SPAN_LIT("home")));
	assert_int_equal(f->chain.placement, FH_PLACEMENT_OFFLINE);
	assert_int_equal(f->chain.head.issued_ms, 1000);
}

static void genesis_needs_every_signer(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_accept(f, fixture_genesis(f, 3, 1, 1)), FH_ERR_SIGNATURE);
	assert_int_equal(fixture_accept(f, fixture_genesis(f, 1, 1, 3)), FH_ERR_SIGNATURE);
	assert_int_equal(f->chain.state, FH_CHAIN_EMPTY);
	fixture_must(f, fixture_genesis(f, 3, 1, 3));
}

static void refuses_a_threshold_above_the_signers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_accept(f, fixture_genesis(f, 1, 2, 1)), FH_ERR_FORMAT);
}

static void refuses_what_comes_before_genesis(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_accept(f, fixture_next(f, "actor", fixture_actor(f, "a", 1,
			nullptr), 1)),
			 FH_ERR_MISSING);
}

static void a_threshold_of_two_needs_two(void **state)
{
	struct fixture *f = *state;
	size_t more = 0;

	fixture_must(f, fixture_genesis(f, 7, 2, 7));

	struct fh_span one = fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1);

	assert_int_equal(fh_chain_wants(&f->chain, one, &f->scratch, &more, nullptr), FH_ERR_OK);
	assert_int_equal(more, 1);
	assert_int_equal(fixture_accept(f, one), FH_ERR_SIGNATURE);
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("a")));
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 5));
	assert_non_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("a")));
}

static void a_key_that_is_no_signer_may_not_sign(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	assert_int_equal(fixture_accept(f, fixture_next(f, "actor", fixture_actor(f, "a", 1,
			nullptr), 2)),
			 FH_ERR_SIGNATURE);
	/* Not even beside one that may.  */
	assert_int_equal(fixture_accept(f, fixture_next(f, "actor", fixture_actor(f, "a", 1,
			nullptr), 3)),
			 FH_ERR_SIGNATURE);
}

static void refuses_any_changed_byte(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);

	struct fh_span good = fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1);
	uint8_t *bytes = fh_arena_take(&f->memory, good.n);

	memcpy(bytes, good.p, good.n);
	for (size_t i = 0; i < good.n; i += i < 256 ? 1 : 97) {
		bytes[i] ^= 0x41;
		assert_int_not_equal(fh_chain_accept(&f->chain, fh_span_of(bytes, good.n),
						     &f->scratch, nullptr), FH_ERR_OK);
		bytes[i] ^= 0x41;
	}
	assert_int_equal(f->chain.head.sequence, 0);
	fixture_must(f, good);
}

static void refuses_every_truncation(void **state)
{
	struct fixture *f = *state;
	struct fh_span good = fixture_genesis(f, 1, 1, 1);

	for (size_t n = 0; n < good.n; n += n < 512 ? 1 : 61)
		assert_int_not_equal(fh_chain_accept(&f->chain, fh_span_of(good.p, n), &f->scratch,
						     nullptr), FH_ERR_OK);
	assert_int_equal(f->chain.state, FH_CHAIN_EMPTY);
}

static void refuses_gaps_strangers_and_repeats(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);

	struct fh_chain_head far = head_of(f), stranger = head_of(f);
	struct fh_span body = fixture_actor(f, "a", 1, nullptr);

	far.sequence = 5;
	assert_int_equal(fixture_accept(f, fixture_behind(f, far, "actor", body, 1)),
			FH_ERR_MISSING);
	stranger.hash.bytes[0] ^= 1;
	assert_int_equal(fixture_accept(f, fixture_behind(f, stranger, "actor", body, 1)),
			 FH_ERR_UNKNOWN);

	struct fh_span good = fixture_next(f, "actor", body, 1);

	fixture_must(f, good);
	assert_int_equal(fixture_accept(f, good), FH_ERR_EXISTS);
	f->nonce.bytes[0] = 9;
	assert_int_equal(fixture_accept(f, fixture_genesis(f, 1, 1, 1)), FH_ERR_UNKNOWN);
	assert_int_equal(f->chain.head.sequence, 1);
}

static void a_statement_of_another_chain_is_refused(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	f->chain.id.bytes[3] ^= 1;

	struct fh_span other = fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1);

	f->chain.id.bytes[3] ^= 1;
	assert_int_equal(fixture_accept(f, other), FH_ERR_UNKNOWN);
}

static void a_later_actor_replaces_the_earlier(void **state)
{
	struct fixture *f = *state;
	size_t at = 0;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 2, nullptr), 1));
	assert_int_equal(fh_chain_actor(&f->chain, FH_SPAN_LIT("a"))->body.uid, 2);
	assert_null(fh_chain_actor_by_peer(&f->chain, 1, (struct fh_span){ 0 }));
	assert_non_null(fh_chain_actor_next(&f->chain, &at));
	assert_null(fh_chain_actor_next(&f->chain, &at));
}

static void an_actor_with_its_executable_is_preferred(void **state)
{
	struct fixture *f = *state;
	struct fh_hash editor = fh_hash_of(FH_SPAN_LIT("editor"));
	struct fh_hash other = fh_hash_of(FH_SPAN_LIT("other"));

	fixture_start(f);
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "one", 7, "editor"), 1));
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "any", 7, nullptr), 1));
	assert_true(fh_span_equal(fh_chain_actor_by_peer(&f->chain, 7,
			fh_hash_span(&editor))->body.name,
				  FH_SPAN_LIT("one")));
	assert_true(fh_span_equal(fh_chain_actor_by_peer(&f->chain, 7,
			fh_hash_span(&other))->body.name,
				  FH_SPAN_LIT("any")));
	assert_true(fh_span_equal(fh_chain_actor_by_peer(&f->chain, 7,
			(struct fh_span){ 0 })->body.name,
				  FH_SPAN_LIT("any")));
	assert_null(fh_chain_actor_by_peer(&f->chain, 8, fh_hash_span(&editor)));
}

static void revoking_takes_back(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	fixture_must(f, fixture_next(f, "revoke",
				     fixture_revoke(f, FH_STATEMENT_ACTOR, FH_SPAN_LIT("a")), 1));
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("a")));
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 3, nullptr), 1));
	assert_int_equal(fh_chain_actor(&f->chain, FH_SPAN_LIT("a"))->body.uid, 3);
}

static void pins_are_replaced_and_revoked_by_their_server(void **state)
{
	struct fixture *f = *state;
	struct fh_span name, definition;
	size_t at = 0;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "pins", fixture_pins(f, "notes", "{}"), 1));
	fixture_must(f, fixture_next(f, "pins", fixture_pins(f, "files", "[]"), 1));
	fixture_must(f, fixture_next(f, "pins", fixture_pins(f, "notes", "{ }"), 1));

	const struct fh_pins_held *p = fh_chain_pins(&f->chain, FH_SPAN_LIT("notes"));

	assert_int_equal(p->sequence, 3);
	assert_int_equal(p->body.tools_n, 1);
	assert_true(fh_pins_next(p->body.tools, &at, &name, &definition));
	assert_true(fh_span_equal(name, FH_SPAN_LIT("t")));
	assert_true(fh_span_equal(definition, FH_SPAN_LIT("{ }")));
	assert_false(fh_pins_next(p->body.tools, &at, &name, &definition));
	assert_null(fh_chain_pins(&f->chain, FH_SPAN_LIT("other")));
	fixture_must(f, fixture_next(f, "revoke",
				     fixture_revoke(f, FH_STATEMENT_PINS, FH_SPAN_LIT("notes")),
					1));
	assert_null(fh_chain_pins(&f->chain, FH_SPAN_LIT("notes")));
	assert_int_equal(fh_chain_pins(&f->chain, FH_SPAN_LIT("files"))->sequence, 2);
	assert_int_equal(fh_chain_compact(&f->chain), FH_ERR_OK);
	assert_int_equal(fh_chain_pins(&f->chain, FH_SPAN_LIT("files"))->sequence, 2);
}

static void a_revoked_policy_leaves_none(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "policy", fixture_policy_body(f, "old"), 1));
	fixture_must(f, fixture_next(f, "policy", fixture_policy_body(f, "new"), 1));
	assert_true(fh_span_equal(fh_chain_policy(&f->chain)->body.cedar, FH_SPAN_LIT("new")));

	struct fh_hash hash = fh_chain_policy(&f->chain)->hash;

	assert_true(fh_hash_equal(&hash, &f->chain.head.hash));
	fixture_must(f, fixture_next(f, "revoke",
				     fixture_revoke(f, FH_STATEMENT_POLICY, fh_hash_span(&hash)),
						1));
	assert_null(fh_chain_policy(&f->chain));
}

static void a_device_proves_that_it_holds_its_key(void **state)
{
	struct fixture *f = *state;
	struct fh_secret seed = { .n = FH_MLDSA65_SEED_SIZE, .bytes = "a device" };
	FH_OWN(fh_signer) signer = { 0 };
	struct fh_hash other = { 0 };

	fixture_start(f);
	assert_int_equal(fh_signer_new(&seed, &signer), FH_ERR_OK);
	assert_int_equal(fixture_accept(f, fixture_next(f, "device", fixture_device(f, &signer,
			&other), 1)),
			 FH_ERR_SIGNATURE);
	fixture_must(f, fixture_next(f, "device", fixture_device(f, &signer, &f->chain.id), 1));

	size_t at = 0;
	const struct fh_device *d = fh_chain_device_next(&f->chain, &at);
	struct fh_hash id = d->id;

	assert_true(fh_span_equal(d->body.grade, FH_SPAN_LIT("none")));
	fixture_must(f, fixture_next(f, "revoke",
				     fixture_revoke(f, FH_STATEMENT_DEVICE, fh_hash_span(&id)), 1));
	d = fh_chain_device(&f->chain, &id);
	assert_true(d->revoked);
	assert_int_equal(d->revoked_at, 2);
}

static void new_signers_need_old_and_new_and_each_new_key(void **state)
{
	struct fixture *f = *state;

	fixture_must(f, fixture_genesis(f, 3, 2, 3));

	struct fh_span body = fixture_signers(f, 4 | 8, 1); /* two new keys, one enough */

	assert_int_equal(fixture_accept(f, fixture_next(f, "signers", body, 1 | 4 | 8)),
			 FH_ERR_SIGNATURE);
	assert_int_equal(fixture_accept(f, fixture_next(f, "signers", body, 3 | 4)),
			FH_ERR_SIGNATURE);
	assert_int_equal(fixture_accept(f, fixture_next(f, "signers", body, 3)), FH_ERR_SIGNATURE);
	fixture_must(f, fixture_next(f, "signers", body, 15));
	/* From now on the new ones count, and the old do not.  */
	assert_int_equal(fixture_accept(f, fixture_next(f, "actor", fixture_actor(f, "a", 1,
			nullptr), 3)),
			 FH_ERR_SIGNATURE);
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 8));
}

static void a_kind_only_known_by_name_stops_the_chain(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	fixture_must(f, fixture_next(f, "policy", fixture_policy_body(f, "good"), 1));
	fixture_must(f, fixture_next(f, "refuse", FH_SPAN_LIT("\xa0"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
	assert_non_null(strstr(f->chain.why.what, "refuse"));
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("a")));
	assert_null(fh_chain_policy(&f->chain));
	/* What follows is followed, so that revocations are not missed.  */
	fixture_must(f, fixture_next(f, "policy", fixture_policy_body(f, "good"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
	assert_int_equal(f->chain.head.sequence, 4);
}

static void an_unknown_kind_stops_the_chain(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "of-the-future", FH_SPAN_LIT("\xa0"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
}

static void a_policy_that_cannot_be_evaluated_stops_until_another(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "policy", fixture_policy_body(f, "good"), 1));
	fixture_must(f, fixture_next(f, "policy", fixture_policy_body(f, "when"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
	assert_non_null(strstr(f->chain.why.what, "when"));
	assert_null(fh_chain_policy(&f->chain));
	fixture_must(f, fixture_next(f, "policy", fixture_policy_body(f, "better"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_LIVE);
	assert_non_null(fh_chain_policy(&f->chain));
}

/* Two statements behind one: A is granted on one side, b is revoked on the
 * other.  */
struct fork {
	struct fh_span before[3]; /* genesis, actor b, actor c */
	struct fh_span one[2], two[1];
};

static struct fork make_fork(struct fixture *f)
{
	struct fork k;

	k.before[0] = fixture_genesis(f, 1, 1, 1);
	fixture_must(f, k.before[0]);
	k.before[1] = fixture_next(f, "actor", fixture_actor(f, "b", 1, nullptr), 1);
	fixture_must(f, k.before[1]);
	k.before[2] = fixture_next(f, "actor", fixture_actor(f, "c", 2, nullptr), 1);
	fixture_must(f, k.before[2]);
	k.two[0] = fixture_next(f, "revoke",
				fixture_revoke(f, FH_STATEMENT_ACTOR, FH_SPAN_LIT("b")), 1);
	k.one[0] = fixture_next(f, "actor", fixture_actor(f, "a", 3, nullptr), 1);
	fixture_must(f, k.one[0]);
	k.one[1] = fixture_next(f, "actor", fixture_actor(f, "d", 9, nullptr), 1);
	return k;
}

static void assert_forked(const struct fixture *f)
{
	assert_int_equal(f->chain.state, FH_CHAIN_FORKED);
	assert_int_equal(f->chain.head.sequence, 2);
	assert_int_equal(f->chain.branches, 2);
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("a")));
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("b")));
	assert_int_equal(fh_chain_actor(&f->chain, FH_SPAN_LIT("c"))->body.uid, 2);
	assert_non_null(strstr(f->chain.why.cure, "recover"));
}

static void a_fork_keeps_the_common_part_less_what_either_side_revokes(void **state)
{
	struct fixture *f = *state;
	struct fork k = make_fork(f);

	fixture_must(f, k.one[1]);
	fixture_must(f, k.two[0]);
	assert_forked(f);
	assert_int_equal(fixture_accept(f, k.two[0]), FH_ERR_EXISTS);
	assert_int_equal(fixture_accept(f, k.one[0]), FH_ERR_EXISTS);
}

static void a_fork_is_the_same_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct fork k = make_fork(f);

	fixture_begin(f);
	for (size_t i = 0; i < 3; i++)
		fixture_must(f, k.before[i]);
	fixture_must(f, k.two[0]);
	fixture_must(f, k.one[0]);
	fixture_must(f, k.one[1]);
	assert_forked(f);
}

static void a_forked_chain_follows_both_sides_and_only_recover_resolves_it(void **state)
{
	struct fixture *f = *state;
	struct fork k = make_fork(f);

	fixture_must(f, k.one[1]);
	fixture_must(f, k.two[0]);

	struct fh_span revoke = fixture_revoke(f, FH_STATEMENT_ACTOR, FH_SPAN_LIT("c"));

	fixture_must(f, fixture_behind(f, f->chain.branch[0], "revoke", revoke, 1));
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("c")));
	assert_int_equal(f->chain.branches, 2);
	assert_int_equal(fixture_accept(f, fixture_behind(f, f->chain.branch[0], "recover",
							  FH_SPAN_LIT("\xa0"), 1)), FH_ERR_STATE);
	/* A third side.  */
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "z", 3, nullptr), 1));
	assert_int_equal(f->chain.branches, 3);
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("z")));
}

static void junk_beside_the_chain_is_no_fork(void **state)
{
	struct fixture *f = *state;
	struct fork k = make_fork(f);

	fixture_must(f, k.one[1]);

	struct fh_chain_head h = { .sequence = 1 };

	assert_int_equal(fh_chain_hash_at(&f->chain, 1, &h.hash), FH_ERR_OK);
	assert_int_equal(fixture_accept(f, fixture_behind(f, h, "actor", fixture_actor(f, "x", 1,
			nullptr), 2)),
			 FH_ERR_SIGNATURE);
	assert_int_equal(f->chain.state, FH_CHAIN_LIVE);
}

static void signing_is_refused_what_accepting_would_only_stop_at(void **state)
{
	struct fixture *f = *state;
	struct fh_trace t = { 0 };

	fixture_start(f);

	struct fh_statement s = { .chain_id = f->chain.id, .sequence = 1,
				  .previous = f->chain.head.hash, .kind_text = FH_SPAN_LIT("lost"),
				  .body = FH_SPAN_LIT("\xa0") };

	assert_int_equal(fh_chain_check(&f->chain, fixture_payload(f, &s), &f->scratch, &t),
			 FH_ERR_UNSUPPORTED);
	assert_non_null(strstr(t.what, "lost"));
	s.kind_text = FH_SPAN_LIT("policy");
	s.body = fixture_policy_body(f, "when");
	assert_int_equal(fh_chain_check(&f->chain, fixture_payload(f, &s), &f->scratch, &t),
			 FH_ERR_UNSUPPORTED);
	s.kind_text = FH_SPAN_LIT("revoke");
	s.body = fixture_revoke(f, FH_STATEMENT_ACTOR, FH_SPAN_LIT("nobody"));
	assert_int_equal(fh_chain_check(&f->chain, fixture_payload(f, &s), &f->scratch, &t),
			 FH_ERR_CONFLICT);
	s.kind_text = FH_SPAN_LIT("actor");
	s.body = fixture_actor(f, "a", 1, nullptr);
	assert_int_equal(fh_chain_check(&f->chain, fixture_payload(f, &s), &f->scratch, &t),
			 FH_ERR_OK);
}

static void memory_is_bounded_by_what_is_in_force(void **state)
{
	struct fixture *f = *state;
	uint8_t one[65536 + 40960], two[sizeof(one)];
	struct fh_arena live = fh_arena_of(one, sizeof(one)), spare = fh_arena_of(two, sizeof(two));
	struct fh_chain_checks checks = { 0 };
	size_t mark;

	fh_chain_begin(&live, &spare, checks, &f->chain);
	fixture_start(f);
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "first", 77, nullptr), 1));
	mark = f->memory.n;
	for (uint32_t i = 0; i < 400; i++) {
		f->memory.n = mark;
		fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", i, nullptr), 1));
	}
	assert_int_equal(f->chain.head.sequence, 401);
	assert_int_equal(fh_chain_actor(&f->chain, FH_SPAN_LIT("a"))->body.uid, 399);
	assert_int_equal(fh_chain_actor(&f->chain, FH_SPAN_LIT("first"))->body.uid, 77);
	assert_true(f->chain.floor > 0);

	/* An old fork: what was in force there is forgotten, so nothing is.  */
	struct fh_chain_head old = { .sequence = 1 };

	assert_int_equal(fh_chain_hash_at(&f->chain, 1, &old.hash), FH_ERR_OK);
	f->memory.n = mark;
	fixture_must(f, fixture_behind(f, old, "actor", fixture_actor(f, "x", 1, nullptr), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
	assert_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("first")));
}

static void a_full_arena_leaves_the_chain_as_it_was(void **state)
{
	struct fixture *f = *state;
	uint8_t one[40960], two[sizeof(one)];
	struct fh_arena live = fh_arena_of(one, sizeof(one)), spare = fh_arena_of(two, sizeof(two));
	struct fh_chain_checks checks = { 0 };
	char name[] = "name-00";
	fh_err e = FH_ERR_OK;

	fh_chain_begin(&live, &spare, checks, &f->chain);
	fixture_start(f);
	for (int i = 0; e == FH_ERR_OK && i < 99; i++) {
		name[5] = (char)('0' + i / 10);
		name[6] = (char)('0' + i % 10);
		e = fh_chain_accept(&f->chain,
				    fixture_next(f, "actor", fixture_actor(f, name, 1, nullptr), 1),
				    &f->scratch, nullptr);
	}
	assert_int_equal(e, FH_ERR_NOMEM);
	assert_int_equal(f->chain.state, FH_CHAIN_LIVE);
	name[6]--;
	assert_non_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("name-00")));
}

static void finds_statements_by_hash_and_number(void **state)
{
	struct fixture *f = *state;
	struct fh_hash hash;
	uint64_t sequence;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	assert_int_equal(fh_chain_find(&f->chain, &f->chain.id, &sequence), FH_ERR_OK);
	assert_int_equal(sequence, 0);
	assert_int_equal(fh_chain_hash_at(&f->chain, 1, &hash), FH_ERR_OK);
	assert_true(fh_hash_equal(&hash, &f->chain.head.hash));
	assert_int_equal(fh_chain_hash_at(&f->chain, 2, &hash), FH_ERR_UNKNOWN);
	hash.bytes[0] ^= 1;
	assert_int_equal(fh_chain_find(&f->chain, &hash, &sequence), FH_ERR_UNKNOWN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(genesis_makes_a_live_chain),
		TEST(genesis_needs_every_signer),
		TEST(refuses_a_threshold_above_the_signers),
		TEST(refuses_what_comes_before_genesis),
		TEST(a_threshold_of_two_needs_two),
		TEST(a_key_that_is_no_signer_may_not_sign),
		TEST(refuses_any_changed_byte),
		TEST(refuses_every_truncation),
		TEST(refuses_gaps_strangers_and_repeats),
		TEST(a_statement_of_another_chain_is_refused),
		TEST(a_later_actor_replaces_the_earlier),
		TEST(an_actor_with_its_executable_is_preferred),
		TEST(revoking_takes_back),
		TEST(pins_are_replaced_and_revoked_by_their_server),
		TEST(a_revoked_policy_leaves_none),
		TEST(a_device_proves_that_it_holds_its_key),
		TEST(new_signers_need_old_and_new_and_each_new_key),
		TEST(a_kind_only_known_by_name_stops_the_chain),
		TEST(an_unknown_kind_stops_the_chain),
		TEST(a_policy_that_cannot_be_evaluated_stops_until_another),
		TEST(a_fork_keeps_the_common_part_less_what_either_side_revokes),
		TEST(a_fork_is_the_same_in_any_order),
		TEST(a_forked_chain_follows_both_sides_and_only_recover_resolves_it),
		TEST(junk_beside_the_chain_is_no_fork),
		TEST(signing_is_refused_what_accepting_would_only_stop_at),
		TEST(memory_is_bounded_by_what_is_in_force),
		TEST(a_full_arena_leaves_the_chain_as_it_was),
		TEST(finds_statements_by_hash_and_number),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
