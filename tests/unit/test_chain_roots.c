/* SPDX-License-Identifier: Apache-2.0 */
/* Whose TPMs are believed: the statement, and what it adds up to.  */
#include <stdio.h>

#include "chain/chain_private.h"
#include "chain_fixture.h"

/* docs/spec/STATEMENT, "Golden bytes".  */
static const char golden[] = "a2656c69737473814363726c6c63657274696669636174657382416143626262";

static struct fh_span roots(struct fixture *f, const char *one, const char *two)
{
	const struct fh_span der[] = { fh_span_str(one), fh_span_str(two) };
	struct fh_builder b = fixture_builder(f, 1024);

	fh_roots_body_put(&b, der, 2, nullptr, 0);
	return fh_builder_span(&b);
}

static void the_body_has_the_documented_bytes(void **state)
{
	const struct fh_span der[] = { FH_SPAN_LIT("a"), FH_SPAN_LIT("bbb") };
	const struct fh_span list = FH_SPAN_LIT("crl");
	struct fh_span again[2];
	struct fh_roots_body r;
	uint8_t bytes[128];
	char text[256] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	(void)state;
	fh_roots_body_put(&b, der, 2, &list, 1);
	for (size_t i = 0; i < b.n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", b.p[i]);
	assert_string_equal(text, golden);
	assert_int_equal(fh_roots_body_read(fh_builder_span(&b), &r, nullptr), FH_ERR_OK);
	assert_int_equal(fh_roots_members(r.certificates, again, 2), 2);
	assert_true(fh_span_equal(again[0], der[0]) && fh_span_equal(again[1], der[1]));
	assert_int_equal(fh_roots_members(r.lists, again, 2), 1);
	assert_true(fh_span_equal(again[0], list));
}

static void the_body_says_what_is_wrong(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		fh_err e;
		const char *says;
	} cases[] = {
		{ "\xa0", 1, FH_ERR_FORMAT, "certificates" },
		/* None; the same twice; falling; a text.  */
		{ "\xa1\x6c" "certificates\x80", 15, FH_ERR_FORMAT, "certificates" },
		{ "\xa1\x6c" "certificates\x82\x41" "a\x41" "a", 19, FH_ERR_FORMAT, "rising" },
		{ "\xa1\x6c" "certificates\x82\x42" "aa\x41" "b", 20, FH_ERR_FORMAT, "rising" },
		{ "\xa1\x6c" "certificates\x81\x61" "a", 17, FH_ERR_FORMAT, "certificates" },
		{ "\xa1\x6c" "certificates\x81\x40", 16, FH_ERR_FORMAT, "certificates" },
		{ "\xa2\x65" "lists\x80\x6c" "certificates\x81\x41" "a", 24, FH_ERR_FORMAT,
		  "lists" },
		/* Of a newer version.  */
		{ "\xa2\x6c" "certificates\x81\x41" "a\x6c" "certificatez\x01", 31,
		  FH_ERR_UNSUPPORTED, "certificatez" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fh_trace t = { 0 };
		struct fh_roots_body r;
		fh_err e = fh_roots_body_read(fh_span_of(cases[i].bytes, cases[i].n), &r, &t);

		if (e != cases[i].e || strstr(t.what, cases[i].says) == nullptr)
			fail_msg("case %zu: %s: %s", i, fh_err_text(e), t.what);
	}
}

static void a_body_has_limits(void **state)
{
	struct fixture *f = *state;
	size_t cap = FH_ROOTS_BODY_MAX + (64 << 10), n = FH_ROOTS_CERTIFICATES_MAX + 1;
	struct fh_span *der = fh_arena_array(&f->memory, n, sizeof(*der));
	uint8_t *room = fh_arena_take(&f->memory, 16 << 10);
	struct fh_builder b = fixture_builder(f, cap);
	struct fh_roots_body r;

	/* One certificate more than there may be.  */
	for (size_t i = 0; i < n; i++)
		der[i] = fh_span_of(room, i + 1);
	fh_roots_body_put(&b, der, n - 1, nullptr, 0);
	assert_int_equal(fh_roots_body_read(fh_builder_span(&b), &r, nullptr), FH_ERR_OK);
	b = fixture_builder(f, cap);
	fh_roots_body_put(&b, der, n, nullptr, 0);
	assert_int_not_equal(fh_roots_body_read(fh_builder_span(&b), &r, nullptr), FH_ERR_OK);
	/* One that is too long; and too many bytes in all.  */
	der[0] = fh_span_of(fh_arena_take(&f->memory, (16 << 10) + 1), (16 << 10) + 1);
	b = fixture_builder(f, cap);
	fh_roots_body_put(&b, der, 1, nullptr, 0);
	assert_int_not_equal(fh_roots_body_read(fh_builder_span(&b), &r, nullptr), FH_ERR_OK);
	for (size_t i = 0; i < 40; i++)
		der[i] = fh_span_of(room, (16 << 10) - 40 + i);
	b = fixture_builder(f, 2 * FH_ROOTS_BODY_MAX);
	fh_roots_body_put(&b, der, 40, nullptr, 0);
	assert_false(b.bad);
	assert_int_equal(fh_roots_body_read(fh_builder_span(&b), &r, nullptr), FH_ERR_LIMIT);
}

static bool first_is(const struct fh_chain *c, const char *name)
{
	const struct fh_roots_held *r = fh_chain_roots(c);
	struct fh_span der[2];

	return r != nullptr && fh_roots_members(r->body.certificates, der, 2) == 2 &&
	       fh_span_equal(der[0], fh_span_str(name));
}

static void the_last_ones_count(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	assert_null(fh_chain_roots(&f->chain));
	fixture_must(f, fixture_next(f, "roots", roots(f, "a", "b"), 1));
	assert_int_equal(f->chain.state, FH_CHAIN_LIVE);
	assert_true(first_is(&f->chain, "a"));
	fixture_must(f, fixture_next(f, "roots", roots(f, "c", "d"), 1));
	assert_true(first_is(&f->chain, "c"));
	assert_int_equal(fh_chain_compact(&f->chain), FH_ERR_OK);
	assert_true(first_is(&f->chain, "c"));
}

/* Whoever forks the chain, or brings what is not understood, must not have files alone
 * decide.  */
static void what_stops_a_chain_leaves_its_roots(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	fixture_must(f, fixture_next(f, "roots", roots(f, "a", "b"), 1));
	struct fh_span one = fixture_next(f, "roots", roots(f, "c", "d"), 1);
	struct fh_span other = fixture_next(f, "roots", roots(f, "e", "f"), 1);

	fixture_must(f, one);
	fixture_must(f, other);
	assert_int_equal(f->chain.state, FH_CHAIN_FORKED);
	assert_true(first_is(&f->chain, "a"));
	assert_int_equal(fh_chain_compact(&f->chain), FH_ERR_OK);
	assert_true(first_is(&f->chain, "a"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_has_the_documented_bytes),
		cmocka_unit_test(the_body_says_what_is_wrong),
		TEST(a_body_has_limits),
		TEST(the_last_ones_count),
		TEST(what_stops_a_chain_leaves_its_roots),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
