/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "net/route.h"

#define SESSION "000102030405060708090a0b0c0d0e0f"

static const struct fh_authorities names = {
	.name = { { (const uint8_t *)"127.0.0.1:80", 12 },
		  { (const uint8_t *)"localhost:80", 12 } },
	.names = 2,
};

/* A good POST to /mcp/notes.  */
static struct fh_http_request request_of_test(void)
{
	struct fh_http_request r = { .method = FH_HTTP_POST, .keep_alive = true,
				     .target = FH_SPAN_LIT("/mcp/notes"), .headers = 3 };

	r.header[0] = (struct fh_http_header){ FH_SPAN_LIT("Host"), FH_SPAN_LIT("localhost:80") };
	r.header[1] = (struct fh_http_header){ FH_SPAN_LIT("Content-Type"),
					       FH_SPAN_LIT("application/json; charset=utf-8") };
	r.header[2] = (struct fh_http_header){ FH_SPAN_LIT("Accept"),
					       FH_SPAN_LIT("application/json, text/event-stream") };
	return r;
}

static void add(struct fh_http_request *r, const char *name, const char *value)
{
	r->header[r->headers++] = (struct fh_http_header){ fh_span_str(name), fh_span_str(value) };
}

static struct fh_route route_of(const struct fh_http_request *r)
{
	struct fh_route out;

	fh_route(r, &names, &out);
	return out;
}

static void a_good_post_is_a_message(void **state)
{
	struct fh_http_request r = request_of_test();

	(void)state;
	add(&r, "Origin", "http://127.0.0.1:80");
	add(&r, "Authorization", "bearer abc.DEF-_~+/=");
	add(&r, "Mcp-Session-Id", SESSION);
	add(&r, "MCP-Protocol-Version", "2025-11-25");
	struct fh_route out = route_of(&r);

	assert_int_equal(out.kind, FH_ROUTE_MESSAGE);
	assert_true(fh_span_equal(out.server, FH_SPAN_LIT("notes")));
	assert_true(fh_span_equal(out.bearer, FH_SPAN_LIT("abc.DEF-_~+/=")));
	assert_true(out.has_session);
	assert_int_equal(out.session[15], 15);
}

static void questions_have_their_own_paths(void **state)
{
	static const struct {
		const char *path;
		enum fh_authzen_api api;
	} rows[] = {
		{ "/access/v1/evaluation", FH_AUTHZEN_EVALUATION },
		{ "/access/v1/evaluations", FH_AUTHZEN_EVALUATIONS },
		{ "/access/v1/search/subject", FH_AUTHZEN_SUBJECTS },
		{ "/access/v1/search/resource", FH_AUTHZEN_RESOURCES },
		{ "/access/v1/search/action", FH_AUTHZEN_ACTIONS },
	};
	struct fh_http_request r = request_of_test();

	(void)state;
	add(&r, "Authorization", "Bearer abc");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r.target = fh_span_str(rows[i].path);
		assert_int_equal(route_of(&r).kind, FH_ROUTE_QUESTION);
		assert_int_equal(route_of(&r).api, rows[i].api);
		assert_true(fh_span_equal(route_of(&r).bearer, FH_SPAN_LIT("abc")));
		r.method = FH_HTTP_GET;
		assert_int_equal(route_of(&r).status, 405);
		r.method = FH_HTTP_POST;
	}
	r.header[1].value = FH_SPAN_LIT("text/plain");
	assert_int_equal(route_of(&r).status, 400);
	r.target = FH_SPAN_LIT("/access/v1/evaluation/");
	assert_int_equal(route_of(&r).status, 404);
	r.target = FH_SPAN_LIT("/.well-known/authzen-configuration");
	assert_int_equal(route_of(&r).status, 405);
	r.method = FH_HTTP_GET;
	assert_int_equal(route_of(&r).kind, FH_ROUTE_QUESTIONS);
	r.header[0].value = FH_SPAN_LIT("evil.example");
	assert_int_equal(route_of(&r).status, 403);
}

static void refuses_by_header(void **state)
{
	static const struct {
		const char *name, *value;
		uint16_t status;
		const char *reason;
	} bad[] = {
		{ "Host", "localhost:80", 400, "bad-host" },
		{ "Origin", "http://evil.example", 403, "foreign-origin" },
		{ "Origin", "https://localhost:80", 403, "foreign-origin" },
		{ "Origin", "null", 403, "foreign-origin" },
		{ "Origin", "", 403, "foreign-origin" },
		{ "Origin", "http://localhost:80/", 403, "foreign-origin" },
		{ "Origin", "http://localhost", 403, "foreign-origin" },
		{ "MCP-Protocol-Version", "2026-07-28", 400, "protocol-version" },
		{ "MCP-Protocol-Version", "", 400, "protocol-version" },
		{ "Authorization", "Basic YTpi", 401, "bad-credential" },
		{ "Authorization", "Bearer", 401, "bad-credential" },
		{ "Authorization", "Bearer ", 401, "bad-credential" },
		{ "Authorization", "Bearer a b", 401, "bad-credential" },
		{ "Authorization", "Bearer a\xc3\xa4", 401, "bad-credential" },
		{ "Mcp-Session-Id", "", 404, "unknown-session" },
		{ "Mcp-Session-Id", "xyz", 404, "unknown-session" },
		{ "Mcp-Session-Id", SESSION "00", 404, "unknown-session" },
		{ "Content-Type", "application/json", 415, "content-type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fh_http_request r = request_of_test();

		add(&r, bad[i].name, bad[i].value);
		struct fh_route out = route_of(&r);

		assert_int_equal(out.kind, FH_ROUTE_REFUSE);
		assert_string_equal(out.reason, bad[i].reason);
		assert_int_equal(out.status, bad[i].status);
	}
}

static void refuses_a_repeated_header_that_decides(void **state)
{
	static const struct {
		const char *name, *value, *reason;
	} bad[] = {
		{ "Origin", "http://localhost:80", "foreign-origin" },
		{ "Authorization", "Bearer a", "bad-credential" },
		{ "Mcp-Session-Id", SESSION, "unknown-session" },
		{ "MCP-Protocol-Version", "2025-11-25", "protocol-version" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fh_http_request r = request_of_test();

		add(&r, bad[i].name, bad[i].value);
		assert_int_equal(route_of(&r).kind, FH_ROUTE_MESSAGE);
		add(&r, bad[i].name, bad[i].value);
		assert_string_equal(route_of(&r).reason, bad[i].reason);
	}
}

static void refuses_a_foreign_or_missing_host(void **state)
{
	struct fh_http_request r = request_of_test();

	(void)state;
	r.header[0].value = FH_SPAN_LIT("rebound.example:80");
	assert_string_equal(route_of(&r).reason, "foreign-host");
	assert_int_equal(route_of(&r).status, 403);
	r.header[0].value = FH_SPAN_LIT("localhost");
	assert_string_equal(route_of(&r).reason, "foreign-host");
	r.header[0].name = FH_SPAN_LIT("X");
	assert_string_equal(route_of(&r).reason, "bad-host");
}

static void wants_json_both_ways(void **state)
{
	struct fh_http_request r = request_of_test();

	(void)state;
	r.header[1].value = FH_SPAN_LIT("text/plain");
	assert_int_equal(route_of(&r).status, 415);
	r = request_of_test();
	r.header[2].value = FH_SPAN_LIT("text/event-stream");
	assert_int_equal(route_of(&r).status, 406);
}

static void other_methods_are_told_what_exists(void **state)
{
	struct fh_http_request r = request_of_test();

	(void)state;
	r.method = FH_HTTP_GET;
	assert_int_equal(route_of(&r).status, 405);
	assert_string_equal(route_of(&r).allow, "POST, DELETE");
	r.method = FH_HTTP_OTHER;
	assert_int_equal(route_of(&r).status, 405);
	r.target = FH_SPAN_LIT("/healthz");
	assert_string_equal(route_of(&r).allow, "GET");
	r.method = FH_HTTP_GET;
	assert_int_equal(route_of(&r).kind, FH_ROUTE_HEALTH);
}

static void a_delete_ends_a_named_session(void **state)
{
	struct fh_http_request r = request_of_test();

	(void)state;
	r.method = FH_HTTP_DELETE;
	assert_string_equal(route_of(&r).reason, "missing-session");
	add(&r, "Mcp-Session-Id", SESSION);
	assert_int_equal(route_of(&r).kind, FH_ROUTE_END);
}

static void other_paths_do_not_exist(void **state)
{
	static const char *const bad[] = { "", "/", "*", "/mcp", "/mcp/", "/mcp/a/b", "/mcp/a?b",
					   "/mcp/%61", "/MCP/a", "/healthz/", "/healthz?x",
					   "http://localhost:80/mcp/notes", "/mcp/\xc3\xa4",
					   "/mcp/a b", "/mcp/a=b", "/record" };
	static char long_name[6 + FH_NAME_MAX + 1] = "/mcp/";

	(void)state;
	memset(long_name + 5, 'a', FH_NAME_MAX + 1);
	for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		struct fh_http_request r = request_of_test();

		r.target = i < sizeof(bad) / sizeof(bad[0])
			 ? fh_span_str(bad[i]) : fh_span_of(long_name, 6 + FH_NAME_MAX);
		assert_int_equal(route_of(&r).status, 404);
	}
}

static void anybody_may_read_the_document(void **state)
{
	static const char *const names_of_it[] = { "/.well-known/freehold-operator-key.json",
						   "/.well-known/mickai-operator-key.json" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fh_http_request r = request_of_test();

		r.target = fh_span_str(names_of_it[i]);
		add(&r, "Origin", "https://elsewhere.example");
		r.method = FH_HTTP_GET;
		assert_int_equal(route_of(&r).kind, FH_ROUTE_DOCUMENT);
		r.method = FH_HTTP_HEAD;
		assert_int_equal(route_of(&r).kind, FH_ROUTE_DOCUMENT);
		r.method = FH_HTTP_POST;
		assert_int_equal(route_of(&r).status, 405);
		assert_string_equal(route_of(&r).allow, "GET, HEAD");
		r.method = FH_HTTP_GET;
		r.header[0].value = FH_SPAN_LIT("rebound.example:80");
		assert_string_equal(route_of(&r).reason, "foreign-host");
	}
}

static void a_quote_is_asked_for_by_post(void **state)
{
	struct fh_http_request r = request_of_test();

	(void)state;
	r.target = FH_SPAN_LIT("/.well-known/freehold-quote");
	assert_int_equal(route_of(&r).kind, FH_ROUTE_QUOTE);
	r.method = FH_HTTP_GET;
	assert_int_equal(route_of(&r).status, 405);
	assert_string_equal(route_of(&r).allow, "POST");
	r.method = FH_HTTP_POST;
	r.header[1].value = FH_SPAN_LIT("text/plain");
	assert_int_equal(route_of(&r).status, 415);
	r = request_of_test();
	r.target = FH_SPAN_LIT("/.well-known/freehold-quote");
	add(&r, "Origin", "https://elsewhere.example");
	assert_string_equal(route_of(&r).reason, "foreign-origin");
	assert_true(fh_route_is_origin(&names, FH_SPAN_LIT("http://localhost:80")));
	assert_false(fh_route_is_origin(&names, FH_SPAN_LIT("https://localhost:80")));
	assert_false(fh_route_is_origin(&names, FH_SPAN_LIT("http://localhost:8")));
	assert_false(fh_route_is_origin(&names, FH_SPAN_LIT("http://localhost:80/")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_post_is_a_message),
		cmocka_unit_test(questions_have_their_own_paths),
		cmocka_unit_test(refuses_by_header),
		cmocka_unit_test(refuses_a_repeated_header_that_decides),
		cmocka_unit_test(refuses_a_foreign_or_missing_host),
		cmocka_unit_test(wants_json_both_ways),
		cmocka_unit_test(other_methods_are_told_what_exists),
		cmocka_unit_test(a_delete_ends_a_named_session),
		cmocka_unit_test(other_paths_do_not_exist),
		cmocka_unit_test(anybody_may_read_the_document),
		cmocka_unit_test(a_quote_is_asked_for_by_post),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
