/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of docs/spec/STATEMENT.md, which must never change.  */
#include <stdio.h>

#include "base/duration.h"
#include "chain_fixture.h"

/* As in docs/spec/STATEMENT.md, "Golden bytes".  */
static const char golden_payload[] =
	"a70101025820111111111111111111111111111111111111111111111111111111111111"
	"111103070458202222222222222222222222222222222222222222222222222222222222"
	"22222205656163746f7206a3646e616d6566656469746f726667726f7570738161786a63"
	"726564656e7469616ca16470656572a1637569641903e8071b0000019b76daa800";
static const char golden_hash[] =
	"0e757037357a1f3a39559990ed1f960bf66b80657bb297b6f3aff3040b3c3ef3";
static const char golden_genesis[] =
	"8364933f6751dee21570c174c9111572ebfce1c99740296320c2614efc2dade9";

static const char golden_pins[] =
	"a265746f6f6c73a1617447"
	"7b2261223a317d667365727665726173";

static void assert_hex(struct fh_span s, const char *hex)
{
	char text[1024] = "";
	struct fh_builder b = fh_builder_of(text, sizeof(text) - 1);

	fh_builder_hex(&b, s);
	assert_string_equal(text, hex);
}

static struct fh_statement golden(struct fixture *f)
{
	struct fh_statement s = { .sequence = 7, .kind_text = FH_SPAN_LIT("actor"),
				  .body = fixture_actor(f, "editor", 1000, nullptr),
				  .issued_ms = 1767225600000 };

	memset(s.chain_id.bytes, 0x11, FH_HASH_SIZE);
	memset(s.previous.bytes, 0x22, FH_HASH_SIZE);
	return s;
}

static void writes_the_golden_bytes(void **state)
{
	struct fixture *f = *state;
	struct fh_statement s = golden(f);
	struct fh_span payload = fixture_payload(f, &s);
	struct fh_hash hash = fh_statement_hash(payload);

	assert_hex(payload, golden_payload);
	assert_hex(fh_hash_span(&hash), golden_hash);
}

static void writes_the_golden_pins(void **state)
{
	struct fixture *f = *state;
	struct fh_span body = fixture_pins(f, "s", "{\"a\":1}");
	struct fh_pins_body p;

	assert_hex(body, golden_pins);
	assert_int_equal(fh_pins_read(body, &p, nullptr), FH_ERR_OK);
	assert_int_equal(p.tools_n, 1);
}

static void a_chain_of_known_keys_has_the_golden_id(void **state)
{
	struct fixture *f = *state;

	fixture_start(f);
	assert_hex(fh_hash_span(&f->chain.id), golden_genesis);
}

static void reads_what_it_writes(void **state)
{
	struct fixture *f = *state;
	struct fh_statement s = golden(f), back;
	struct fh_actor_body a;

	assert_int_equal(fh_statement_parse(fixture_payload(f, &s), &back, nullptr), FH_ERR_OK);
	assert_int_equal(back.sequence, 7);
	assert_int_equal(back.kind, FH_STATEMENT_ACTOR);
	assert_int_equal(back.issued_ms, 1767225600000);
	assert_int_equal(fh_actor_read(back.body, &a, nullptr), FH_ERR_OK);
	assert_int_equal(a.uid, 1000);
}

static void another_version_is_named(void **state)
{
	struct fixture *f = *state;
	struct fh_statement s = golden(f), back;
	struct fh_span payload = fixture_payload(f, &s);
	uint8_t *bytes = fh_arena_take(&f->memory, payload.n);
	struct fh_trace t = { 0 };

	memcpy(bytes, payload.p, payload.n);
	bytes[2] = 2; /* {1: version ... */
	assert_int_equal(fh_statement_parse(fh_span_of(bytes, payload.n), &back, &t),
			FH_ERR_VERSION);
	assert_non_null(strstr(t.what, "version 2"));
}

static void bodies_name_what_is_wrong(void **state)
{
	struct fh_trace t = { 0 };
	struct fh_server_body server;
	struct fh_policy_body policy;
	struct fh_actor_body actor;

	(void)state;
	/* {"name": "x", "transport": {"url": "u"}}  */
	assert_int_equal(fh_server_read(FH_SPAN_LIT("\xa2\x64name\x61x\x69transport\xa1\x63url"
						    "\x61u"),
					&server, &t), FH_ERR_UNSUPPORTED);
	assert_non_null(strstr(t.what, "url"));
	/* {"cedar": "", "lease": 0, ...}  */
	assert_int_equal(fh_policy_read(FH_SPAN_LIT("\xa2\x65""cedar\x60\x65lease\x00"), &policy,
			&t), FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "lease"));
	assert_int_equal(fh_actor_read(FH_SPAN_LIT("\xa1\x64name\x61x"), &actor, &t),
			FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "groups"));
	assert_int_equal(fh_actor_read(FH_SPAN_LIT("\xa1\x64name\x60"), &actor, &t), FH_ERR_FORMAT);
}

/* How long what no @retain covers is kept: read as it was written, and only in whole seconds.  */
static void a_policy_says_how_long_is_kept(void **state)
{
	static const uint64_t wrong[] = { 1, 999, 1500, FH_DURATION_MAX_MS + 1000 };
	uint8_t room[128];
	struct fh_trace t = { 0 };
	struct fh_policy_body p = { .cedar = FH_SPAN_LIT("c"), .schema = FH_SPAN_LIT("s"),
				    .expires_ms = 1, .retain_ms = 4000 }, read;
	struct fh_builder b = fh_builder_of(room, sizeof(room));

	(void)state;
	fh_policy_put(&b, &p);
	/* {"cedar": "c", "retain": 4000, "schema": "s", "expires": 1}  */
	assert_true(fh_span_equal(fh_builder_span(&b),
				  FH_SPAN_LIT("\xa4\x65""cedar\x61""c\x66retain\x19\x0f\xa0"
					      "\x66schema\x61s\x67""expires\x01")));
	assert_int_equal(fh_policy_read(fh_builder_span(&b), &read, &t), FH_ERR_OK);
	assert_int_equal(read.retain_ms, 4000);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		b = fh_builder_of(room, sizeof(room));
		p.retain_ms = wrong[i];
		fh_policy_put(&b, &p);
		assert_int_equal(fh_policy_read(fh_builder_span(&b), &read, &t), FH_ERR_FORMAT);
		assert_non_null(strstr(t.what, "retain"));
	}
}

/* Whom an actor may ask about stands in one order, so that it has one encoding.  */
static void asks_are_read_in_one_form(void **state)
{
	struct fh_actor_body a, b = { .name = FH_SPAN_LIT("x"), .groups = FH_SPAN_LIT("\x80"),
				      .asks = FH_SPAN_LIT("\xa2\x61""b\x82\x61y\x62xx\x62""aa\x80"),
				      .credential = FH_CREDENTIAL_PEER, .uid = 7 };
	static const char *const wrong[] = { "\xa0", "\xa1\x60\x80", "\xa1\x61""b\x82\x61y\x61y",
					     "\xa1\x61""b\x82\x62xx\x61y", "\xa1\x61""b\x81\x60",
					     "\x80" };
	uint8_t bytes[128];

	(void)state;
	for (size_t i = 0; i < 1 + sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fh_builder w = FH_BUILDER_ARRAY(bytes);

		if (i > 0)
			b.asks = fh_span_str(wrong[i - 1]);
		fh_actor_put(&w, &b);
		assert_int_equal(fh_actor_read(fh_builder_span(&w), &a, nullptr),
				 i == 0 ? FH_ERR_OK : FH_ERR_FORMAT);
	}
	a.asks = FH_SPAN_LIT("\xa2\x61""b\x82\x61y\x62xx\x62""aa\x80");
	assert_true(fh_asks_about(a.asks, FH_SPAN_LIT("b"), FH_SPAN_LIT("xx")));
	assert_true(fh_asks_about(a.asks, FH_SPAN_LIT("aa"), FH_SPAN_LIT("anybody")));
	assert_true(fh_asks_about(a.asks, FH_SPAN_LIT("b"), (struct fh_span){ 0 }));
	assert_false(fh_asks_about(a.asks, FH_SPAN_LIT("b"), FH_SPAN_LIT("x")));
	assert_false(fh_asks_about(a.asks, FH_SPAN_LIT("c"), FH_SPAN_LIT("x")));
	assert_false(fh_asks_about((struct fh_span){ 0 }, FH_SPAN_LIT("b"), FH_SPAN_LIT("y")));
}

static void known_kinds_have_names(void **state)
{
	(void)state;
	for (int k = FH_STATEMENT_GENESIS; k <= FH_STATEMENT_RECOVER; k++)
		assert_int_equal(fh_statement_kind_parse(fh_span_str(
			fh_statement_kind_text((enum fh_statement_kind)k))), k);
	assert_true(fh_statement_kind_understood(FH_STATEMENT_REVOKE));
	assert_false(fh_statement_kind_understood(FH_STATEMENT_RECOVER));
	assert_false(fh_statement_kind_understood(FH_STATEMENT_OTHER));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_the_golden_bytes),
		TEST(writes_the_golden_pins),
		TEST(a_chain_of_known_keys_has_the_golden_id),
		TEST(reads_what_it_writes),
		TEST(another_version_is_named),
		TEST(bodies_name_what_is_wrong),
		TEST(a_policy_says_how_long_is_kept),
		TEST(asks_are_read_in_one_form),
		TEST(known_kinds_have_names),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
