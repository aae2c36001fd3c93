/* SPDX-License-Identifier: Apache-2.0 */
/* What a fork leaves in force: only what no side has touched.  */
#include <stdio.h>

#include "chain/chain_private.h"
#include "chain_fixture.h"

/* Statements that all share, then those of two sides.  */
struct scene {
	struct fh_span file[12];
	size_t shared, one, n; /* where the first side begins, the second, and the end */
};

enum order { ONE_FIRST, TWO_FIRST, BY_SEQUENCE, ORDERS };

static void take(struct fixture *f, struct scene *s, const char *kind, struct fh_span body)
{
	s->file[s->n] = fixture_next(f, kind, body, 1);
	fixture_must(f, s->file[s->n++]);
}

static void begin(struct fixture *f, struct scene *s)
{
	*s = (struct scene){ .n = 1 };
	fixture_begin(f);
	s->file[0] = fixture_genesis(f, 1, 1, 1);
	fixture_must(f, s->file[0]);
}

static void side_one(struct scene *s)
{
	s->shared = s->n;
}

static void accept_from(struct fixture *f, const struct scene *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		fixture_must(f, s->file[i]);
}

static void side_two(struct fixture *f, struct scene *s)
{
	s->one = s->n;
	fixture_begin(f);
	accept_from(f, s, 0, s->shared);
}

static void replay(struct fixture *f, const struct scene *s, enum order order)
{
	size_t one = s->one - s->shared, two = s->n - s->one;

	fixture_begin(f);
	accept_from(f, s, 0, s->shared);
	if (order == TWO_FIRST)
		accept_from(f, s, s->one, s->n);
	if (order != BY_SEQUENCE)
		accept_from(f, s, s->shared, s->one);
	if (order == ONE_FIRST)
		accept_from(f, s, s->one, s->n);
	for (size_t i = 0; order == BY_SEQUENCE && (i < one || i < two); i++) {
		if (i < one)
			fixture_must(f, s->file[s->shared + i]);
		if (i < two)
			fixture_must(f, s->file[s->one + i]);
	}
	assert_int_equal(f->chain.state, FH_CHAIN_FORKED);
	assert_int_equal(f->chain.head.sequence, s->shared - 1);
	assert_int_equal(f->chain.branches, 2);
}

/* CHECK holds in every order, also after compaction.  */
static void in_any_order(struct fixture *f, const struct scene *s,
			 void (*check)(const struct fh_chain *c))
{
	for (enum order o = 0; o < ORDERS; o++) {
		replay(f, s, o);
		check(&f->chain);
		assert_int_equal(fh_chain_compact(&f->chain), FH_ERR_OK);
		check(&f->chain);
	}
}

static struct fh_hash token(uint8_t n)
{
	return fh_hash_of(fh_span_of(&n, 1));
}

static struct fh_span bearer(struct fixture *f, const char *name, uint8_t n)
{
	struct fh_builder b = fixture_builder(f, 1024);
	struct fh_hash h = token(n);
	struct fh_actor_body a = { .name = fh_span_str(name), .groups = FH_SPAN_LIT("\x81\x61x"),
				   .credential = FH_CREDENTIAL_BEARER, .bearer = fh_hash_span(&h) };

	fh_actor_put(&b, &a);
	return fh_builder_span(&b);
}

static struct fh_span server(struct fixture *f, const char *name, uint32_t uid)
{
	struct fh_builder b = fixture_builder(f, 1024);
	struct fh_server_body s = { .name = fh_span_str(name), .uid = uid, .gid = uid,
				    .command = FH_SPAN_LIT("\x81\x64/bin"),
				    .directory = FH_SPAN_LIT("/"),
				    .environment = FH_SPAN_LIT("\xa0") };

	fh_server_put(&b, &s);
	return fh_builder_span(&b);
}

static const struct fh_actor *by_token(const struct fh_chain *c, uint8_t n)
{
	struct fh_hash h = token(n);

	return fh_chain_actor_by_bearer(c, &h);
}

static void check_tokens(const struct fh_chain *c)
{
	assert_null(by_token(c, 1));
	assert_null(by_token(c, 2));
	assert_null(fh_chain_actor(c, FH_SPAN_LIT("rotated")));
	assert_non_null(by_token(c, 3));
	assert_non_null(fh_chain_actor(c, FH_SPAN_LIT("untouched")));
}

static void a_token_that_one_side_replaced_opens_nothing(void **state)
{
	struct fixture *f = *state;
	struct scene s;

	begin(f, &s);
	take(f, &s, "actor", bearer(f, "rotated", 1));
	take(f, &s, "actor", bearer(f, "untouched", 3));
	side_one(&s);
	take(f, &s, "actor", bearer(f, "rotated", 2));
	side_two(f, &s);
	take(f, &s, "server", server(f, "files", 9));
	take(f, &s, "actor", bearer(f, "another", 4));
	in_any_order(f, &s, check_tokens);
}

static void check_policy(const struct fh_chain *c)
{
	assert_null(fh_chain_policy(c));
	assert_non_null(by_token(c, 3));
}

static void a_policy_that_one_side_replaced_permits_nothing(void **state)
{
	static const char *const later[] = { "better", "when" }; /* `when` cannot be evaluated */
	struct fixture *f = *state;
	struct scene s;

	for (size_t i = 0; i < 2; i++) {
		begin(f, &s);
		take(f, &s, "actor", bearer(f, "untouched", 3));
		take(f, &s, "policy", fixture_policy_body(f, "good"));
		side_one(&s);
		take(f, &s, "policy", fixture_policy_body(f, later[i]));
		side_two(f, &s);
		take(f, &s, "actor", bearer(f, "another", 4));
		in_any_order(f, &s, check_policy);
	}
}

static void a_policy_that_one_side_revoked_permits_nothing(void **state)
{
	struct fixture *f = *state;
	struct scene s;

	begin(f, &s);
	take(f, &s, "actor", bearer(f, "untouched", 3));
	take(f, &s, "policy", fixture_policy_body(f, "good"));

	struct fh_hash policy = f->chain.head.hash;

	side_one(&s);
	take(f, &s, "revoke", fixture_revoke(f, FH_STATEMENT_POLICY, fh_hash_span(&policy)));
	side_two(f, &s);
	take(f, &s, "policy", fixture_policy_body(f, "better"));
	in_any_order(f, &s, check_policy);
}

static void check_untouched_policy(const struct fh_chain *c)
{
	assert_non_null(fh_chain_policy(c));
	assert_null(fh_chain_server(c, FH_SPAN_LIT("pinned")));
	assert_int_equal(fh_chain_server(c, FH_SPAN_LIT("files"))->body.uid, 9);
}

static void a_server_that_one_side_replaced_is_not_started(void **state)
{
	struct fixture *f = *state;
	struct scene s;

	begin(f, &s);
	take(f, &s, "policy", fixture_policy_body(f, "good"));
	take(f, &s, "server", server(f, "pinned", 8));
	take(f, &s, "server", server(f, "files", 9));
	side_one(&s);
	take(f, &s, "actor", bearer(f, "another", 4));
	side_two(f, &s);
	take(f, &s, "actor", bearer(f, "another", 5));
	take(f, &s, "server", server(f, "pinned", 10));
	in_any_order(f, &s, check_untouched_policy);
}

/* Either side could have freed the server of its pins, so it is not started.  */
static void a_server_whose_pins_one_side_touched_is_not_started(void **state)
{
	struct fixture *f = *state;
	struct scene s;

	for (int revoked = 0; revoked < 2; revoked++) {
		for (int pinned = 0; pinned <= revoked; pinned++) {
			begin(f, &s);
			take(f, &s, "policy", fixture_policy_body(f, "good"));
			take(f, &s, "server", server(f, "pinned", 8));
			take(f, &s, "server", server(f, "files", 9));
			if (pinned)
				take(f, &s, "pins", fixture_pins(f, "pinned", "{}"));
			side_one(&s);
			take(f, &s, "actor", bearer(f, "another", 4));
			take(f, &s, revoked ? "revoke" : "pins",
			     revoked ? fixture_revoke(f, FH_STATEMENT_PINS, FH_SPAN_LIT("pinned"))
				     : fixture_pins(f, "pinned", "{ }"));
			side_two(f, &s);
			take(f, &s, "actor", bearer(f, "another", 5));
			in_any_order(f, &s, check_untouched_policy);
		}
	}
}

static void check_superseded_device(const struct fh_chain *c)
{
	size_t at = 0;
	const struct fh_device *d = fh_chain_device_next(c, &at);

	assert_true(d->revoked);
	assert_true(d->superseded);
	assert_int_equal(d->sequence, 1);
}

static void check_revoked_device(const struct fh_chain *c)
{
	size_t at = 0;
	const struct fh_device *d = fh_chain_device_next(c, &at);

	assert_true(d->revoked);
	assert_false(d->superseded);
	assert_int_equal(d->revoked_at, 2);
}

static void a_device_that_one_side_states_anew_is_no_longer_enrolled(void **state)
{
	struct fixture *f = *state;
	struct fh_signer *signer = &f->key[3].signer;
	struct fh_hash id = f->key[3].public.id;
	struct scene s;

	for (int revoked = 0; revoked < 2; revoked++) {
		begin(f, &s);
		take(f, &s, "device", fixture_device(f, signer, &f->chain.id));
		side_one(&s);
		take(f, &s, "device", fixture_device(f, signer, &f->chain.id));
		side_two(f, &s);
		if (revoked)
			take(f, &s, "revoke",
			     fixture_revoke(f, FH_STATEMENT_DEVICE, fh_hash_span(&id)));
		else
			take(f, &s, "actor", bearer(f, "another", 4));
		in_any_order(f, &s, revoked ? check_revoked_device : check_superseded_device);
	}
}

static void check_peers(const struct fh_chain *c)
{
	struct fh_hash x = fh_hash_of(FH_SPAN_LIT("x")), y = fh_hash_of(FH_SPAN_LIT("y"));

	assert_null(fh_chain_actor_by_peer(c, 7, fh_hash_span(&x)));
	assert_null(fh_chain_actor_by_peer(c, 7, FH_SPAN_LIT("")));
	assert_int_equal(fh_chain_actor_by_peer(c, 7, fh_hash_span(&y))->sequence, 2);
	assert_int_equal(fh_chain_actor_by_peer(c, 8, fh_hash_span(&x))->sequence, 3);
	assert_null(by_token(c, 1));
}

static void whoever_was_a_newer_actor_does_not_become_an_older_one(void **state)
{
	struct fixture *f = *state;
	struct scene s;

	begin(f, &s);
	take(f, &s, "actor", fixture_actor(f, "anything", 7, nullptr));
	take(f, &s, "actor", fixture_actor(f, "another program", 7, "y"));
	take(f, &s, "actor", fixture_actor(f, "another user", 8, nullptr));
	take(f, &s, "actor", bearer(f, "token", 1));
	side_one(&s);
	take(f, &s, "actor", fixture_actor(f, "this program", 7, "x"));
	take(f, &s, "actor", bearer(f, "token of another name", 1));
	side_two(f, &s);
	take(f, &s, "server", server(f, "files", 9));
	in_any_order(f, &s, check_peers);
}

/* Two forks of one chain, found in either order.  */
static void a_fork_further_back_takes_away_what_was_replaced_since(void **state)
{
	struct fixture *f = *state;
	struct fh_chain_head at[2];
	struct fh_span beside[2];
	struct scene s;

	begin(f, &s);
	take(f, &s, "actor", bearer(f, "rotated", 1));
	take(f, &s, "actor", bearer(f, "untouched", 3));
	at[0] = f->chain.head;
	take(f, &s, "actor", bearer(f, "rotated", 2));
	at[1] = f->chain.head;
	take(f, &s, "server", server(f, "files", 9));
	for (size_t i = 0; i < 2; i++)
		beside[i] = fixture_behind(f, at[i], "server", server(f, "other", 5), 1);
	for (size_t first = 0; first < 2; first++) {
		fixture_begin(f);
		accept_from(f, &s, 0, s.n);
		fixture_must(f, beside[first]);
		assert_int_equal(by_token(&f->chain, 2) != nullptr, first == 1);
		assert_null(by_token(&f->chain, 1));
		fixture_must(f, beside[1 - first]);
		assert_int_equal(f->chain.head.sequence, 2);
		assert_int_equal(f->chain.branches, 3);
		check_tokens(&f->chain);
	}
}

static void what_compaction_forgot_stops_the_chain_instead(void **state)
{
	struct fixture *f = *state;
	struct fh_chain_head old;
	struct scene s;

	begin(f, &s);
	take(f, &s, "actor", bearer(f, "rotated", 1));
	take(f, &s, "actor", bearer(f, "untouched", 3));
	old = f->chain.head;
	take(f, &s, "actor", bearer(f, "rotated", 2));
	assert_int_equal(fh_chain_compact(&f->chain), FH_ERR_OK);
	fixture_must(f, fixture_behind(f, old, "server", server(f, "files", 9), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_STOPPED);
	for (uint8_t i = 1; i <= 3; i++)
		assert_null(by_token(&f->chain, i));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_that_one_side_replaced_opens_nothing),
		TEST(a_policy_that_one_side_replaced_permits_nothing),
		TEST(a_policy_that_one_side_revoked_permits_nothing),
		TEST(a_server_that_one_side_replaced_is_not_started),
		TEST(a_server_whose_pins_one_side_touched_is_not_started),
		TEST(a_device_that_one_side_states_anew_is_no_longer_enrolled),
		TEST(whoever_was_a_newer_actor_does_not_become_an_older_one),
		TEST(a_fork_further_back_takes_away_what_was_replaced_since),
		TEST(what_compaction_forgot_stops_the_chain_instead),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
