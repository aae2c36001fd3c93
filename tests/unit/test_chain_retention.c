/* SPDX-License-Identifier: Apache-2.0 */
/* Holds, and wishes to shred: the statements, and what they add up to.  */
#include <stdio.h>

#include "chain_fixture.h"

/* docs/spec/STATEMENT, "Golden bytes".  */
static const char golden_hold[] = "a3646e616d6567636173652d313766726561736f6e656c6567616c"
				  "677375626a65637466656469746f72";
static const char golden_slot[] = "a2636b65794066726561736f6e6566696e616c";
static const char golden_shred[] = "a266726561736f6e6a72657175657374203432677375626a656374"
				   "66656469746f72";

static struct fh_span hold(struct fixture *f, const char *name, const char *subject)
{
	struct fh_builder b = fixture_builder(f, 1024);
	const struct fh_hold_body h = { .name = fh_span_str(name), .subject =
		fh_span_str(subject) };

	fh_hold_put(&b, &h);
	return fh_builder_span(&b);
}

static struct fh_span shred(struct fixture *f, const char *subject)
{
	struct fh_builder b = fixture_builder(f, 1024);
	const struct fh_shred_body s = { .subject = fh_span_str(subject) };

	fh_shred_body_put(&b, &s);
	return fh_builder_span(&b);
}

static void assert_bytes(const struct fh_builder *b, const char *hex)
{
	char text[256];

	for (size_t i = 0; i < b->n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", b->p[i]);
	assert_string_equal(text, hex);
}

static void bodies_have_the_documented_bytes(void **state)
{
	struct fh_hold_body h = { FH_SPAN_LIT("case-17"), FH_SPAN_LIT("editor"),
				  FH_SPAN_LIT("legal") }, hold_again;
	struct fh_shred_body s = { FH_SPAN_LIT("editor"), FH_SPAN_LIT("request 42") }, shred_again;
	uint8_t one[128], two[128], three[128];
	struct fh_builder b = FH_BUILDER_ARRAY(one), c = FH_BUILDER_ARRAY(two);
	struct fh_builder d = FH_BUILDER_ARRAY(three);

	(void)state;
	fh_hold_put(&b, &h);
	assert_bytes(&b, golden_hold);
	assert_int_equal(fh_hold_read(fh_builder_span(&b), &hold_again, nullptr), FH_ERR_OK);
	assert_true(fh_span_equal(hold_again.name, h.name));
	assert_true(fh_span_equal(hold_again.subject, h.subject));
	assert_true(fh_span_equal(hold_again.reason, h.reason));
	const struct fh_slot_body slot = { .reason = FH_SPAN_LIT("final") };

	fh_shred_body_put(&c, &s);
	assert_bytes(&c, golden_shred);
	fh_slot_body_put(&d, &slot);
	assert_bytes(&d, golden_slot);
	assert_int_equal(fh_shred_body_read(fh_builder_span(&c), &shred_again, nullptr), FH_ERR_OK);
	assert_true(fh_span_equal(shred_again.subject, s.subject));
	assert_true(fh_span_equal(shred_again.reason, s.reason));
}

static void bodies_name_what_is_wrong(void **state)
{
	struct fh_trace t = { 0 };
	struct fh_hold_body h;
	struct fh_shred_body s;

	(void)state;
	/* {}, {"name": ""}, {"name": "a", "subject": ""}, {"name": "a", "reason": ""}  */
	assert_int_equal(fh_hold_read(FH_SPAN_LIT("\xa0"), &h, &t), FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "name"));
	assert_int_equal(fh_hold_read(FH_SPAN_LIT("\xa1\x64name\x60"), &h, &t), FH_ERR_FORMAT);
	assert_int_equal(fh_hold_read(FH_SPAN_LIT("\xa2\x64name\x61\x61\x67subject\x60"), &h, &t),
			 FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "subject"));
	assert_int_equal(fh_hold_read(FH_SPAN_LIT("\xa2\x64name\x61\x61\x66reason\x60"), &h, &t),
			 FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "reason"));
	assert_int_equal(fh_shred_body_read(FH_SPAN_LIT("\xa0"), &s, &t), FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "subject"));
	/* Of a newer version: {"subject": "a", "whatever": 1}  */
	assert_int_equal(fh_shred_body_read(FH_SPAN_LIT("\xa2\x67subject\x61\x61\x68whatever\x01"),
					    &s, &t), FH_ERR_UNSUPPORTED);
}

static void a_hold_is_in_force_until_it_is_released(void **state)
{
	struct fixture *f = *state;
	size_t at = 0;

	fixture_start(f);
	assert_null(fh_chain_hold_of(&f->chain, FH_SPAN_LIT("amy")));
	fixture_must(f, fixture_next(f, "hold", hold(f, "one", "amy"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_LIVE);
	assert_non_null(fh_chain_hold_of(&f->chain, FH_SPAN_LIT("amy")));
	assert_null(fh_chain_hold_of(&f->chain, FH_SPAN_LIT("bob")));
	fixture_must(f, fixture_next(f, "hold", hold(f, "all", ""), 1));
	assert_non_null(fh_chain_hold_of(&f->chain, FH_SPAN_LIT("bob")));
	fixture_must(f, fixture_next(f, "revoke",
				     fixture_revoke(f, FH_STATEMENT_HOLD, FH_SPAN_LIT("one")), 1));
	assert_non_null(fh_chain_hold_of(&f->chain, FH_SPAN_LIT("amy"))); /* by the other one */
	fixture_must(f, fixture_next(f, "revoke",
				     fixture_revoke(f, FH_STATEMENT_HOLD, FH_SPAN_LIT("all")), 1));
	assert_null(fh_chain_hold_of(&f->chain, FH_SPAN_LIT("amy")));
	assert_null(fh_chain_hold_next(&f->chain, &at));
}

/* Whoever signs a second hold of one name would end the first.  */
static void a_hold_is_not_signed_over(void **state)
{
	struct fixture *f = *state;
	struct fh_trace t = { 0 };

	fixture_start(f);
	fixture_must(f, fixture_next(f, "hold", hold(f, "one", "amy"), 1));
	struct fh_statement s = { .chain_id = f->chain.id, .sequence = f->chain.head.sequence + 1,
				  .previous = f->chain.head.hash, .kind_text = FH_SPAN_LIT("hold"),
				  .body = hold(f, "one", "bob"), .issued_ms = 5000 };

	assert_int_equal(fh_chain_check(&f->chain, fixture_payload(f, &s), &f->scratch, &t),
			 FH_ERR_CONFLICT);
	assert_non_null(strstr(t.what, "one"));
	s.body = hold(f, "two", "bob");
	assert_int_equal(fh_chain_check(&f->chain, fixture_payload(f, &s), &f->scratch, &t),
			 FH_ERR_OK);
}

static void the_last_wish_to_shred_a_subject_counts(void **state)
{
	struct fixture *f = *state;
	const struct fh_shred_held *s;
	uint64_t first;
	size_t at = 0;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "shred", shred(f, "amy"), 1));
	first = f->chain.head.sequence;
	fixture_must(f, fixture_next(f, "shred", shred(f, "bob"), 1));
	fixture_must(f, fixture_next(f, "shred", shred(f, "amy"), 1));
	assert_non_null(s = fh_chain_shred_next(&f->chain, &at));
	assert_int_equal(s->sequence, first + 1);
	assert_non_null(s = fh_chain_shred_next(&f->chain, &at));
	assert_int_equal(s->sequence, first + 2);
	assert_null(fh_chain_shred_next(&f->chain, &at));
	fixture_must(f, fixture_next(f, "revoke",
				     fixture_revoke(f, FH_STATEMENT_SHRED, FH_SPAN_LIT("amy")), 1));
	assert_non_null(fh_chain_shred_next(&f->chain, &(size_t){ 0 }));
}

static struct fh_span slot(struct fixture *f, struct fh_span key)
{
	struct fh_builder b = fixture_builder(f, 2048);
	const struct fh_slot_body s = { key, FH_SPAN_LIT("final") };

	fh_slot_body_put(&b, &s);
	return fh_builder_span(&b);
}

static void the_last_slot_counts(void **state)
{
	static const uint8_t key[FH_KEM_PUBLIC_SIZE] = { 1 };
	struct fixture *f = *state;
	struct fh_slot_body s;
	struct fh_trace t;

	fixture_start(f);
	assert_null(fh_chain_slot(&f->chain));
	fixture_must(f, fixture_next(f, "slot", slot(f, FH_SPAN_ARRAY(key)), 1));
	assert_true(fh_span_equal(fh_chain_slot(&f->chain)->body.key, FH_SPAN_ARRAY(key)));
	fixture_must(f, fixture_next(f, "slot", slot(f, (struct fh_span){ 0 }), 1));
	assert_int_equal(fh_chain_slot(&f->chain)->body.key.n, 0);
	assert_int_equal(fh_chain_slot(&f->chain)->sequence, f->chain.head.sequence);
	for (int i = 0; i < 400; i++)
		fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	assert_non_null(fh_chain_slot(&f->chain));
	for (size_t n = 1; n < sizeof(key); n += 405)
		assert_int_not_equal(fh_slot_body_read(slot(f, fh_span_of(key, n)), &s, &t),
				     FH_ERR_OK);
	assert_int_not_equal(fh_slot_body_read(FH_SPAN_LIT("\xa0"), &s, &t), FH_ERR_OK);
	assert_int_equal(fh_slot_body_read(slot(f, (struct fh_span){ 0 }), &s, &t), FH_ERR_OK);
	assert_true(fh_span_equal(s.reason, FH_SPAN_LIT("final")));
}

/* They survive a compaction of what the chain holds.  */
static void they_are_kept(void **state)
{
	struct fixture *f = *state;
	size_t at = 0;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "hold", hold(f, "one", "amy"), 1));
	fixture_must(f, fixture_next(f, "shred", shred(f, "bob"), 1));
	for (int i = 0; i < 400; i++)
		fixture_must(f, fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1));
	assert_non_null(fh_chain_hold_of(&f->chain, FH_SPAN_LIT("amy")));
	assert_non_null(fh_chain_shred_next(&f->chain, &at));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bodies_have_the_documented_bytes),
		TEST(bodies_name_what_is_wrong),
		TEST(a_hold_is_in_force_until_it_is_released),
		TEST(a_hold_is_not_signed_over),
		TEST(the_last_wish_to_shred_a_subject_counts),
		TEST(the_last_slot_counts),
		TEST(they_are_kept),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
