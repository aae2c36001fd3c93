/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_read.h"
#include "os/memory.h"

struct fixture {
	struct fh_arena arena;
	struct fh_large count;
	struct fh_http http;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->count.max = 1;
	assert_int_equal(fh_arena_map(1 << 20, &f->arena), FH_ERR_OK);
	assert_int_equal(fh_http_prepare(&f->http, &f->count, &f->arena), FH_ERR_OK);
	fh_http_start(&f->http);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	fh_http_stop(&f->http);
	assert_int_equal(f->count.used, 0);
	fh_arena_drop(&f->arena);
	free(f);
	return 0;
}

/* Feeds TEXT in pieces of PIECE bytes; returns the last step.  */
static enum fh_http_step feed(struct fh_http *h, const char *text, size_t piece)
{
	struct fh_span rest = fh_span_str(text);
	enum fh_http_step step = FH_HTTP_MORE;

	while (rest.n > 0 && step == FH_HTTP_MORE) {
		size_t used;

		step = fh_http_feed(h, fh_span_first(rest, piece), &used);
		rest = fh_span_skip(rest, used);
	}
	return step;
}

static const char whole[] = "POST /mcp/notes HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Two:  b c \r\n"
			    "Content-Length: 2\r\n\r\n{}";

static void reads_a_request_in_pieces_of_any_size(void **state)
{
	struct fixture *f = *state;

	for (size_t piece = 1; piece <= sizeof(whole); piece++) {
		const struct fh_http_request *r = &f->http.request;
		struct fh_span value;

		fh_http_start(&f->http);
		assert_int_equal(feed(&f->http, whole, piece), FH_HTTP_WHOLE);
		assert_int_equal(r->method, FH_HTTP_POST);
		assert_true(r->keep_alive);
		assert_true(fh_span_equal(r->target, FH_SPAN_LIT("/mcp/notes")));
		assert_true(fh_span_equal(r->body, FH_SPAN_LIT("{}")));
		assert_int_equal(r->headers, 4);
		assert_int_equal(fh_http_find(r, "x-empty", &value), 1);
		assert_int_equal(value.n, 0);
		assert_int_equal(fh_http_find(r, "X-TWO", &value), 1);
		assert_true(fh_span_equal(value, FH_SPAN_LIT("b c")));
	}
}

static void reads_a_chunked_body(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(feed(&f->http, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
				      "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 7), FH_HTTP_WHOLE);
	assert_true(fh_span_equal(f->http.request.body, FH_SPAN_LIT("abcde")));
}

static void leaves_pipelined_requests_for_their_turn(void **state)
{
	static const char text[] = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
				   "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n"
				   "POST /3 HTTP/1.1\r\nA: c\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "1\r\nz\r\n0\r\n\r\nDELETE /4 HTTP/1.1\r\nHost: d\r\n\r\n";
	static const char *const target[] = { "/1", "/2", "/3", "/4" };
	static const char *const body[] = { "x", "", "z", "" };
	struct fixture *f = *state;
	struct fh_span rest = fh_span_str(text);

	for (size_t i = 0; i < 4; i++) {
		size_t used;

		assert_int_equal(fh_http_feed(&f->http, rest, &used), FH_HTTP_WHOLE);
		rest = fh_span_skip(rest, used);
		assert_true(fh_span_equal(f->http.request.target, fh_span_str(target[i])));
		assert_true(fh_span_equal(f->http.request.body, fh_span_str(body[i])));
		assert_int_equal(f->http.request.headers, i == 0 || i == 2 ? 2 : 1);
	}
	assert_int_equal(rest.n, 0);
}

static void asks_to_go_on_when_the_client_waits_for_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(feed(&f->http, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
				      "Content-Length: 1\r\n\r\n", 9), FH_HTTP_MORE);
	assert_true(f->http.expects);
	assert_int_equal(feed(&f->http, "x", 1), FH_HTTP_WHOLE);
	assert_false(f->http.expects);
}

static void refuses_with_a_reason(void **state)
{
	static const struct {
		const char *text;
		uint16_t status;
		const char *reason;
	} bad[] = {
		{ "hello\r\n\r\n", 400, "malformed-http" },
		{ "GET / HTTP/1.1\nHost: a\n\n", 400, "malformed-http" },
		{ "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505, "http-version" },
		{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "http-version" },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed-http" },
		{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "malformed-http" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400, "malformed-http" },
		{ "GET / HTTP/1.1\r\nHo\x01st: a\r\n\r\n", 400, "malformed-http" },
		{ "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400, "malformed-http" },
		{ "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "upgrade-refused" },
		{ "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 400,
		  "upgrade-refused" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 0\r\n\r\n", 417,
		  "expectation-refused" },
		{ "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400,
		  "malformed-http" },
		{ "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nx", 400, "malformed-http" },
		{ "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "0\r\n\r\n", 400, "malformed-http" },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"
		  "0\r\n\r\n", 400, "malformed-http" },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nx", 400, "malformed-http" },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n", 400,
		  "chunk-extension-refused" },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n\r\n", 400,
		  "trailers-refused" },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
		  "malformed-http" },
		{ "POST / HTTP/1.1\r\nContent-Length: 4194305\r\n\r\n", 413, "too-large" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fh_http_start(&f->http);
		if (feed(&f->http, bad[i].text, 5) != FH_HTTP_BAD
		    || strcmp(f->http.reason, bad[i].reason) != 0)
			print_error("%s -> %s\n", bad[i].text, f->http.reason);
		assert_string_equal(f->http.reason, bad[i].reason);
		assert_int_equal(f->http.status, bad[i].status);
		assert_non_null(f->http.why);
	}
}

/* BEFORE, then N times PART; what the reader says to it.  */
static uint16_t status_of_many(struct fh_http *h, const char *before, const char *part, size_t n)
{
	fh_http_start(h);
	enum fh_http_step step = feed(h, before, 4096);

	for (size_t i = 0; i < n && step == FH_HTTP_MORE; i++)
		step = feed(h, part, 4096);
	return step == FH_HTTP_BAD ? h->status : 0;
}

static void bounds_target_headers_and_body(void **state)
{
	static char kilo[1025];
	struct fixture *f = *state;

	memset(kilo, 'a', sizeof(kilo) - 1);
	assert_int_equal(status_of_many(&f->http, "GET /", kilo, 3), 414);
	assert_int_equal(status_of_many(&f->http, "GET / HTTP/1.1\r\nA: ", kilo, 17), 431);
	assert_int_equal(status_of_many(&f->http, "GET / HTTP/1.1\r\n", kilo, 17), 431);
	assert_int_equal(status_of_many(&f->http, "GET / HTTP/1.1\r\n", "A: b\r\n", 65), 431);
	assert_int_equal(status_of_many(&f->http, "POST / HTTP/1.1\r\nHost: a\r\n"
					"Transfer-Encoding: chunked\r\n\r\n10000000\r\n",
					kilo, 4097), 413);
}

static void only_so_many_bodies_are_large_at_one_time(void **state)
{
	static char kilo[1025];
	struct fixture *f = *state;

	memset(kilo, 'a', sizeof(kilo) - 1);
	f->count.used = 1;
	assert_int_equal(status_of_many(&f->http, "POST / HTTP/1.1\r\nHost: a\r\n"
					"Content-Length: 100000\r\n\r\n", kilo, 17), 503);
	f->count.used = 0;
}

static void a_large_body_is_kept_whole_and_given_back(void **state)
{
	struct fixture *f = *state;
	char head[128], kilo[1025];

	memset(kilo, 'q', 1024);
	kilo[1024] = '\0';
	snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", FH_JSON_MAX);
	assert_int_equal(feed(&f->http, head, 4096), FH_HTTP_MORE);
	for (size_t i = 0; i + 1 < FH_JSON_MAX / 1024; i++)
		assert_int_equal(feed(&f->http, kilo, 4096), FH_HTTP_MORE);
	assert_int_equal(feed(&f->http, kilo, 4096), FH_HTTP_WHOLE);
	assert_int_equal(f->http.request.body.n, FH_JSON_MAX);
	assert_int_equal(f->count.used, 1);
	assert_int_equal(feed(&f->http, "GET / HTTP/1.1\r\n", 4096), FH_HTTP_MORE);
	assert_int_equal(f->count.used, 0);
}

static void accepts_media_types_and_wildcards(void **state)
{
	static const struct {
		const char *accept;
		bool good;
	} cases[] = {
		{ "application/json", true }, { "Application/JSON", true },
		{ "application/json, text/event-stream", true },
		{ "text/event-stream;q=1,application/json;q=0.5", true }, { "*/*", true },
		{ "application/*", true }, { "text/html", false }, { "", false },
		{ "application/jsonx", false }, { "application/json;q=0", false },
		{ "application/json; q=0.000", false }, { "application", false },
		{ "text/event-stream", false }, { "application/json;q=0.001", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fh_http_request r = { .headers = 1 };

		r.header[0].name = FH_SPAN_LIT("Accept");
		r.header[0].value = fh_span_str(cases[i].accept);
		assert_int_equal(fh_http_accepts(&r, "application", "json"), cases[i].good);
	}
}

static void writes_a_response(void **state)
{
	static const uint8_t session[] = { 0xab, 0x01 };
	struct fh_http_response r = { .status = 401, .challenge = true, .allow = "GET",
				      .session = FH_SPAN_ARRAY(session),
				      .body = FH_SPAN_LIT("{}") };
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	fh_http_put_response(&b, &r);
	fh_builder_u8(&b, 0);
	assert_string_equal((const char *)memory,
		"HTTP/1.1 401 Unauthorized\r\nCache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\nContent-Length: 2\r\n"
		"Content-Type: application/json\r\nMcp-Session-Id: ab01\r\n"
		"WWW-Authenticate: Bearer\r\nAllow: GET\r\nConnection: close\r\n\r\n{}");
}

static void writes_a_stream_of_events(void **state)
{
	const struct fh_http_response head = { .status = 200, .keep_alive = true, .chunked = true,
					       .type = "text/event-stream" };
	static char memory[70000];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	uint8_t large[65536] = { 0 };

	(void)state;
	fh_http_put_response(&b, &head);
	fh_http_put_event(&b, FH_SPAN_LIT("{}"));
	fh_http_put_event(&b, FH_SPAN_LIT("{\"a\":true}"));
	fh_http_put_last_chunk(&b);
	fh_builder_u8(&b, 0);
	assert_string_equal(memory, "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n"
			    "X-Content-Type-Options: nosniff\r\nTransfer-Encoding: chunked\r\n"
			    "Content-Type: text/event-stream\r\n\r\n"
			    "a\r\ndata: {}\n\n\r\n12\r\ndata: {\"a\":true}\n\n\r\n0\r\n\r\n");
	b = FH_BUILDER_ARRAY(memory);
	fh_http_put_event(&b, FH_SPAN_ARRAY(large));
	assert_false(b.bad);
	assert_memory_equal(memory, "10008\r\ndata: ", 13);
}

static void writes_what_is_published_and_when_to_ask_again(void **state)
{
	char memory[512];
	struct fh_http_response r = { .status = 200, .keep_alive = true, .published = true,
				      .etag = FH_SPAN_LIT("\"a\""), .body = FH_SPAN_LIT("{}"),
				      .head_only = true };
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	fh_http_put_response(&b, &r);
	fh_builder_u8(&b, 0);
	assert_string_equal(memory, "HTTP/1.1 200 OK\r\nCache-Control: no-cache\r\n"
			    "Access-Control-Allow-Origin: *\r\n"
			    "X-Content-Type-Options: nosniff\r\nETag: \"a\"\r\n"
			    "Content-Length: 2\r\nContent-Type: application/json\r\n\r\n");
	r = (struct fh_http_response){ .status = 429, .keep_alive = true, .retry_s = 7 };
	b = FH_BUILDER_ARRAY(memory);
	fh_http_put_response(&b, &r);
	fh_builder_u8(&b, 0);
	assert_string_equal(memory, "HTTP/1.1 429 Too Many Requests\r\nCache-Control: no-store\r\n"
			    "X-Content-Type-Options: nosniff\r\nRetry-After: 7\r\n"
			    "Content-Length: 0\r\n\r\n");
}

static void finds_an_entity_tag_in_a_list(void **state)
{
	static const struct {
		const char *value;
		bool found;
	} rows[] = {
		{ "\"a\"", true }, { "W/\"a\"", true }, { "*", true }, { "\"b\" , \"a\"", true },
		{ "\"b\"", false }, { "a", false }, { "", false }, { "w/\"a\"", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_http_request r = { .headers = 1 };

		r.header[0] = (struct fh_http_header){ FH_SPAN_LIT("If-None-Match"),
						       fh_span_str(rows[i].value) };
		assert_int_equal(fh_http_has_tag(&r, "if-none-match", FH_SPAN_LIT("\"a\"")),
				 rows[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_stream_of_events),
		cmocka_unit_test(writes_what_is_published_and_when_to_ask_again),
		cmocka_unit_test(finds_an_entity_tag_in_a_list),
		cmocka_unit_test_setup_teardown(reads_a_request_in_pieces_of_any_size,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_a_chunked_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_pipelined_requests_for_their_turn,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(asks_to_go_on_when_the_client_waits_for_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_with_a_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounds_target_headers_and_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_so_many_bodies_are_large_at_one_time,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_large_body_is_kept_whole_and_given_back,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(accepts_media_types_and_wildcards,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(writes_a_response, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
