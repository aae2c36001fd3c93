/* SPDX-License-Identifier: Apache-2.0 */
/* Who may sign, followed through statements that somebody else hands over.  */
#include "chain_fixture.h"

#include "chain/authority.h"

constexpr size_t room = 1 << 20;

struct line {
	struct fh_authority_line l;
	struct fh_arena kept;
};

/* Genesis of key 0, then key 1 alone, then key 2 alone; and key 0 again, who was put out,
 * beside the first change.  */
struct statements {
	struct fh_span genesis, second, third, beside;
};

static struct statements make(struct fixture *f)
{
	struct statements s = { .genesis = fixture_genesis(f, 1, 1, 1) };

	fixture_must(f, s.genesis);
	s.beside = fixture_next(f, "signers", fixture_signers(f, 1 << 3, 1), 1 | 1 << 3);
	s.second = fixture_next(f, "signers", fixture_signers(f, 1 << 1, 1), 1 | 1 << 1);
	fixture_must(f, s.second);
	s.third = fixture_next(f, "signers", fixture_signers(f, 1 << 2, 1), 1 << 1 | 1 << 2);
	fixture_must(f, s.third);
	return s;
}

/* A line whose key is sealed for the operators in WHO.  */
static struct line begin(struct fixture *f, unsigned who)
{
	struct fh_authority a = fixture_authority(f, who, 1);
	struct line l = { .l = { .chain_id = f->chain.id } };

	l.kept = fh_arena_of(fh_arena_space(&f->memory, room), room);
	assert_true(fh_authority_approvers(&a, &l.l.held));
	return l;
}

static fh_err follow(struct fixture *f, struct line *l, struct fh_span file)
{
	return fh_authority_follow(&l->l, file, &l->kept, &f->scratch, nullptr);
}

static void follows_from_genesis_on_and_in_order(void **state)
{
	struct fixture *f = *state;
	const struct statements s = make(f);
	struct line l = begin(f, 1);

	assert_int_equal(follow(f, &l, s.second), FH_ERR_UNKNOWN);
	assert_int_equal(follow(f, &l, s.genesis), FH_ERR_OK);
	assert_int_equal(follow(f, &l, s.genesis), FH_ERR_UNKNOWN);
	assert_int_equal(follow(f, &l, s.third), FH_ERR_SIGNATURE); /* by whom nobody named yet */
	assert_int_equal(follow(f, &l, s.second), FH_ERR_OK);
	assert_int_equal(follow(f, &l, s.beside), FH_ERR_UNKNOWN); /* of the same place */
	assert_int_equal(follow(f, &l, s.third), FH_ERR_OK);
	assert_int_equal(l.l.sequence, 2);
	assert_true(l.l.met);
	f->chain.id.bytes[0] ^= 1;
	struct line other = begin(f, 1);

	assert_int_equal(follow(f, &other, s.genesis), FH_ERR_UNKNOWN);
	assert_false(other.l.begun);
}

/* The key is sealed for the second; whoever hands over only what was before them, or what
 * those that they put out have signed, has not come to them.  */
static void what_is_withheld_leads_to_nobody_of_before(void **state)
{
	struct fixture *f = *state;
	const struct statements s = make(f);

	for (unsigned way = 0; way < 4; way++) {
		struct line l = begin(f, way == 3 ? 1U << 2 : 1U << 1);

		assert_int_equal(follow(f, &l, s.genesis), FH_ERR_OK);
		assert_false(l.l.met);
		if (way == 1)
			assert_int_equal(follow(f, &l, s.beside), FH_ERR_OK);
		if (way >= 2)
			assert_int_equal(follow(f, &l, s.second), FH_ERR_OK);
		assert_int_equal(l.l.met, way == 2);
	}
}

static void who_was_met_may_hand_over(void **state)
{
	struct fixture *f = *state;
	const struct statements s = make(f);
	struct line l = begin(f, 1U << 1);

	assert_int_equal(follow(f, &l, s.genesis), FH_ERR_OK);
	assert_int_equal(follow(f, &l, s.second), FH_ERR_OK);
	assert_int_equal(follow(f, &l, s.third), FH_ERR_OK);
	assert_true(l.l.met);
}

static struct fh_span slot_body(struct fixture *f, struct fh_span key)
{
	struct fh_builder b = fixture_builder(f, 2048);
	const struct fh_slot_body s = { .key = key };

	fh_slot_body_put(&b, &s);
	return fh_builder_span(&b);
}

/* Genesis' recipient, until those who may sign say another, or none; and nobody else does.  */
static void slots_are_for_whom_the_operators_say(void **state)
{
	static uint8_t other[FH_KEM_PUBLIC_SIZE] = { 5 };
	struct fixture *f = *state;
	const struct statements s = make(f);
	struct line l = begin(f, 1U << 2);
	struct fh_span said = fixture_next(f, "slot", slot_body(f, FH_SPAN_ARRAY(other)), 1 << 2);
	struct fh_span stranger = fixture_next(f, "slot", slot_body(f, (struct fh_span){ 0 }), 1);

	fixture_must(f, said);
	struct fh_span none = fixture_next(f, "slot", slot_body(f, (struct fh_span){ 0 }), 1 << 2);

	assert_int_equal(follow(f, &l, said), FH_ERR_UNKNOWN);
	assert_int_equal(follow(f, &l, s.genesis), FH_ERR_OK);
	assert_true(fh_span_equal(fh_authority_recipient(&l.l),
				  FH_SPAN_ARRAY(f->key[0].public.recipient.bytes)));
	assert_int_equal(follow(f, &l, said), FH_ERR_SIGNATURE); /* by whom nobody named yet */
	assert_int_equal(follow(f, &l, s.second), FH_ERR_OK);
	assert_int_equal(follow(f, &l, s.third), FH_ERR_OK);
	assert_int_equal(follow(f, &l, stranger), FH_ERR_SIGNATURE);
	const size_t kept = l.kept.n;

	assert_int_equal(follow(f, &l, said), FH_ERR_OK);
	assert_true(fh_span_equal(fh_authority_recipient(&l.l), FH_SPAN_ARRAY(other)));
	assert_true(l.l.met);
	assert_int_equal(l.kept.n, kept); /* who may sign is as it was */
	assert_int_equal(follow(f, &l, said), FH_ERR_UNKNOWN);
	assert_int_equal(follow(f, &l, none), FH_ERR_OK);
	assert_int_equal(fh_authority_recipient(&l.l).n, 0);
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HERE(follows_from_genesis_on_and_in_order),
		HERE(what_is_withheld_leads_to_nobody_of_before),
		HERE(who_was_met_may_hand_over),
		HERE(slots_are_for_whom_the_operators_say),
	};

	return cmocka_run_group_tests_name("line", tests, nullptr, nullptr);
}
