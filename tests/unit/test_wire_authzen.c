/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spec_fixture.h"

#include "codec/cbor.h"
#include "entry/field.h"
#include "wire/authzen.h"

static _Alignas(max_align_t) uint8_t memory[8 << 20];
static uint8_t params[FH_AUTHZEN_PARAMS_MAX];

static fh_err read_span(enum fh_authzen_api api, struct fh_span json, struct fh_authzen *z,
			struct fh_trace *t)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder b = FH_BUILDER_ARRAY(params);
	fh_err e = fh_authzen_read(api, json, &a, &b, t);

	if (e != FH_ERR_OK)
		return e;
	assert_int_equal(fh_cbor_check(fh_builder_span(&b)), FH_ERR_OK);
	assert_int_equal(fh_authzen_begin(fh_builder_span(&b), z), FH_ERR_OK);
	return FH_ERR_OK;
}

static void assert_refused(enum fh_authzen_api api, const char *json, const char *what)
{
	struct fh_authzen z;
	struct fh_trace t = { 0 };
	fh_err e = read_span(api, fh_span_str(json), &z, &t);

	if (e == FH_ERR_OK || strstr(t.what, what) == nullptr)
		fail_msg("%s\n-> %s: %s", json, fh_err_text(e), t.what);
}

static struct fh_authzen_item next(struct fh_authzen *z)
{
	struct fh_authzen_item item;

	assert_int_equal(fh_authzen_next(z, &item), FH_ERR_OK);
	return item;
}

#define SUBJECT "\"subject\":{\"type\":\"user\",\"id\":\"alice\"}"
#define ACTION "\"action\":{\"name\":\"read\"}"
#define RESOURCE "\"resource\":{\"type\":\"record\",\"id\":\"r\"}"

static void refuses_by_name_what_is_no_question(void **state)
{
	static const struct {
		enum fh_authzen_api api;
		const char *json, *what;
	} rows[] = {
		{ FH_AUTHZEN_EVALUATION, "", "" },
		{ FH_AUTHZEN_EVALUATION, "[]", "must be an object" },
		{ FH_AUTHZEN_EVALUATION, "{" ACTION "," RESOURCE "}", "`subject` is missing" },
		{ FH_AUTHZEN_EVALUATION, "{" SUBJECT "," RESOURCE "}", "`action` is missing" },
		{ FH_AUTHZEN_EVALUATION, "{" SUBJECT "," ACTION "}", "`resource` is missing" },
		{ FH_AUTHZEN_EVALUATION, "{\"subject\":{\"id\":\"x\"}," ACTION "," RESOURCE "}",
		  "`subject.type` is missing" },
		{ FH_AUTHZEN_EVALUATION, "{\"subject\":{\"type\":\"x\"}," ACTION "," RESOURCE "}",
		  "`subject.id` is missing" },
		{ FH_AUTHZEN_EVALUATION, "{\"subject\":{\"type\":\"x\",\"id\":\"\"}," ACTION ","
		  RESOURCE "}", "not empty" },
		{ FH_AUTHZEN_EVALUATION, "{" SUBJECT ",\"action\":{\"name\":1}," RESOURCE "}",
		  "`action.name` must be a text" },
		{ FH_AUTHZEN_EVALUATION, "{" SUBJECT "," ACTION "," RESOURCE ",\"context\":1}",
		  "`context` must be an object" },
		{ FH_AUTHZEN_EVALUATION, "{" SUBJECT "," SUBJECT "," ACTION "," RESOURCE "}", "" },
		{ FH_AUTHZEN_EVALUATION, "{" SUBJECT ",\"action\":{\"name\":\"x\","
		  "\"properties\":[]}," RESOURCE "}", "properties that are no object" },
		{ FH_AUTHZEN_EVALUATIONS, "{\"evaluations\":1}", "must be an array" },
		{ FH_AUTHZEN_EVALUATIONS, "{\"evaluations\":[]}", "`subject` is missing" },
		{ FH_AUTHZEN_EVALUATIONS, "{\"evaluations\":[{}],\"options\":"
		  "{\"evaluations_semantic\":\"x\"}}", "evaluations_semantic" },
		{ FH_AUTHZEN_SUBJECTS, "{\"subject\":{\"type\":\"user\"}," ACTION ","
		  "\"resource\":{\"type\":\"record\"}}", "`resource.id` is missing" },
		{ FH_AUTHZEN_RESOURCES, "{\"subject\":{\"type\":\"user\"}," ACTION ","
		  "\"resource\":{\"type\":\"record\"}}", "`subject.id` is missing" },
		{ FH_AUTHZEN_ACTIONS, "{" SUBJECT "}", "`resource` is missing" },
		{ FH_AUTHZEN_ACTIONS, "{" SUBJECT "," RESOURCE ",\"page\":{\"limit\":0}}",
		  "page.limit" },
		{ FH_AUTHZEN_ACTIONS, "{" SUBJECT "," RESOURCE ",\"page\":{\"token\":1}}",
		  "page.token" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].api, rows[i].json, rows[i].what);
}

static void keeps_what_counts_and_drops_the_rest(void **state)
{
	struct fh_authzen z;
	struct fh_trace t = { 0 };

	(void)state;
	assert_int_equal(read_span(FH_AUTHZEN_EVALUATION,
				   FH_SPAN_LIT("{" SUBJECT "," ACTION "," RESOURCE ",\"foo\":[1],"
					       "\"evaluations\":3}"), &z, &t), FH_ERR_OK);
	assert_int_equal(z.api, FH_AUTHZEN_EVALUATION);
	assert_int_equal(z.questions, 1);
	struct fh_authzen_item i = next(&z);

	assert_true(fh_span_equal(i.question.subject.id, FH_SPAN_LIT("alice")));
	assert_true(fh_span_equal(i.question.action.type, FH_SPAN_LIT("Action")));
	assert_true(fh_span_equal(i.question.action.id, FH_SPAN_LIT("read")));
	assert_true(fh_span_equal(i.question.resource.type, FH_SPAN_LIT("record")));
	assert_true(fh_span_equal(i.question.context, FH_SPAN_LIT("\xa0")));
}

static void replaces_what_is_said_for_all_as_a_whole(void **state)
{
	struct fh_authzen z;
	struct fh_trace t = { 0 };

	(void)state;
	assert_int_equal(read_span(FH_AUTHZEN_EVALUATIONS, FH_SPAN_LIT("{" SUBJECT "," ACTION
				   ",\"context\":{\"a\":1},\"evaluations\":[{" RESOURCE "},{},"
				   "{\"resource\":{\"type\":\"record\",\"id\":\"s\"},"
				   "\"context\":{\"b\":2}}]}"), &z, &t), FH_ERR_OK);
	assert_int_equal(z.questions, 3);
	struct fh_authzen_item a = next(&z), b = next(&z), c = next(&z);

	assert_true(fh_span_equal(a.question.context, FH_SPAN_LIT("\xa1\x61""a\x01")));
	assert_true(fh_span_equal(b.malformed, FH_SPAN_LIT("`resource` is missing")));
	assert_true(fh_span_equal(c.question.context, FH_SPAN_LIT("\xa1\x61""b\x02")));
}

#define AGENT "\"subject\":{\"type\":\"Actor\",\"id\":\"agent\"}"
#define CALL(properties) "\"action\":{\"name\":\"function_call\",\"properties\":" properties "}"
#define CHAT(arguments) "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"cat\"," \
			"\"arguments\":\"" arguments "\"}}"
#define RESPONSE(arguments) "{\"type\":\"function_call\",\"id\":\"fc\",\"call_id\":\"c1\"," \
			    "\"name\":\"cat\",\"arguments\":\"" arguments "\"}"

static struct fh_authzen_item read_call(const char *json)
{
	struct fh_authzen z;
	struct fh_trace t = { 0 };

	if (read_span(FH_AUTHZEN_EVALUATION, fh_span_str(json), &z, &t) != FH_ERR_OK)
		fail_msg("%s\n-> %s", json, t.what);
	struct fh_authzen_item item = next(&z);

	assert_int_equal(fh_cursor_end(&z.list), FH_ERR_OK);
	assert_true(fh_span_equal(item.call, FH_SPAN_LIT("c1")));
	assert_true(fh_span_equal(item.question.function, FH_SPAN_LIT("cat")));
	assert_true(fh_span_equal(item.question.subject.id, FH_SPAN_LIT("agent")));
	assert_int_equal(item.question.resource.type.n, 0);
	return item;
}

static void reads_both_forms_of_a_call_alike(void **state)
{
	static const char *const rows[] = {
		"{" AGENT "," CALL(CHAT("{\\\"b\\\": 1, \\\"a\\\": \\\"\\\\u00e9\\\"}")) "}",
		"{" AGENT "," CALL(RESPONSE("{\\\"b\\\": 1, \\\"a\\\": \\\"\\\\u00e9\\\"}")) "}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_authzen_item item = read_call(rows[i]);

		assert_true(fh_span_equal(item.question.arguments,
					  FH_SPAN_LIT("\xa2\x61""a\x62\xc3\xa9\x61""b\x01")));
		assert_int_equal(item.question.unreadable.n, 0);
	}
}

static void keeps_why_arguments_cannot_be_read(void **state)
{
	static const struct {
		const char *json, *why;
	} rows[] = {
		{ "{" AGENT "," CALL(CHAT("")) "}", "at byte 0" },
		{ "{" AGENT "," CALL(CHAT("[{}]")) "}", "no object" },
		{ "{" AGENT "," CALL(RESPONSE("{\\\"a\\\":1,\\\"a\\\":1}")) "}", "duplicate name" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_authzen_item item = read_call(rows[i].json);
		char why[FH_TRACE_TEXT_MAX + 1] = { 0 };

		assert_int_equal(item.question.arguments.n, 0);
		assert_in_range(item.question.unreadable.n, 1, FH_TRACE_TEXT_MAX);
		memcpy(why, item.question.unreadable.p, item.question.unreadable.n);
		assert_non_null(strstr(why, rows[i].why));
	}
}

static void lets_nobody_say_what_a_call_says(void **state)
{
	static const struct {
		enum fh_authzen_api api;
		const char *json, *what;
	} rows[] = {
		{ FH_AUTHZEN_EVALUATION, "{" AGENT "," CALL(CHAT("{}")) "," RESOURCE "}",
		  "`resource` must not be sent" },
		{ FH_AUTHZEN_EVALUATION, "{" AGENT "," CALL(CHAT("{}")) ",\"context\":{}}",
		  "`context` must not be sent" },
		{ FH_AUTHZEN_EVALUATION, "{\"subject\":{\"type\":\"Actor\",\"id\":\"agent\","
		  "\"properties\":{}}," CALL(CHAT("{}")) "}", "`subject.properties` must not" },
		{ FH_AUTHZEN_EVALUATION, "{" AGENT "," CALL("{}") "}", "`type` must be" },
		{ FH_AUTHZEN_EVALUATION, "{" AGENT "," CALL("[]") "}", "no object" },
		{ FH_AUTHZEN_EVALUATION, "{" AGENT ",\"action\":{\"name\":\"function_call\"}}",
		  "`type` must be" },
		{ FH_AUTHZEN_EVALUATION, "{" AGENT "," CALL("{\"type\":\"function\",\"id\":\"c\","
		  "\"namespace\":\"n\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}") "}",
		  "`namespace` is no member" },
		{ FH_AUTHZEN_SUBJECTS, "{\"subject\":{\"type\":\"Actor\"}," CALL(CHAT("{}")) ","
		  RESOURCE "}", "nothing is sought for" },
		{ FH_AUTHZEN_EVALUATIONS, "{" AGENT "," CALL(CHAT("{}")) "," RESOURCE "}",
		  "`resource` must not be sent" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].api, rows[i].json, rows[i].what);
}

/* What crosses, and what core appends of it, salts 20, 21 and so on.  */
static void writes_the_golden_call(void **state)
{
	static const char asked[] = "{" AGENT "," CALL(CHAT("{\\\"path\\\": \\\"/open/a\\\"}")) "}";
	struct fh_authzen_item item = read_call(asked);
	uint8_t salt[8][FH_SALT_SIZE], room[1024];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder p = FH_BUILDER_ARRAY(params), b = FH_BUILDER_ARRAY(room);
	struct fh_trace t = { 0 };

	(void)state;
	assert_int_equal(fh_authzen_read(FH_AUTHZEN_EVALUATION, fh_span_str(asked), &a, &p, &t),
			 FH_ERR_OK);
	stands_in("AUTHZEN.md", "the call for core", fh_builder_span(&p));
	struct fh_fields f = { .n = 8, .field = {
		{ .id = FH_FIELD_ACTOR, .value = FH_SPAN_LIT("\x70" "Actor::\"harness\"") },
		{ .id = FH_FIELD_IDENTITY, .value = FH_SPAN_LIT("\xa1\x65" "grade\x66" "bearer") },
		{ .id = FH_FIELD_ACTION, .value = FH_SPAN_LIT("\x73" "Action::\"file.read\"") },
		{ .id = FH_FIELD_RESOURCE, .value = FH_SPAN_LIT("\x6f" "File::\"/open/a\"") },
		{ .id = FH_FIELD_DECISION,
		  .value = FH_SPAN_LIT("\x83\xf5\x69permitted\x81\x65reads") },
		{ .id = FH_FIELD_ARGUMENTS, .value = item.question.arguments },
		{ .id = FH_FIELD_DETAIL,
		  .value = FH_SPAN_LIT("\xa2\x64" "call\x62" "c1\x68" "function\x63" "cat") },
		{ .id = FH_FIELD_SUBJECT, .value = FH_SPAN_LIT("\x6e" "Actor::\"agent\"") },
	} };

	for (size_t i = 0; i < f.n; i++) {
		memset(salt[i], (int)(0x20 + i), FH_SALT_SIZE);
		f.field[i].salt = fh_span_of(salt[i], FH_SALT_SIZE);
	}
	fh_payload_put(&b, &f);
	stands_in("AUTHZEN.md", "the payload of the answer about a call", fh_builder_span(&b));
	struct fh_hash root = fh_fields_root(&f);

	stands_in("AUTHZEN.md", "the commitment root of that answer", fh_hash_span(&root));
}

static void bounds_what_it_takes(void **state)
{
	static char json[FH_AUTHZEN_BODY_MAX + 2];
	struct fh_authzen z;
	struct fh_trace t = { 0 };
	struct fh_builder b = fh_builder_of(json, sizeof(json));

	(void)state;
	memset(json, ' ', sizeof(json));
	assert_int_equal(read_span(FH_AUTHZEN_EVALUATION, fh_span_of(json, FH_AUTHZEN_BODY_MAX + 1),
				   &z, &t), FH_ERR_LIMIT);
	fh_builder_text(&b, "{\"evaluations\":[{}");
	for (size_t i = 0; i < FH_AUTHZEN_EVALUATIONS_MAX; i++)
		fh_builder_text(&b, ",{}");
	fh_builder_text(&b, "]}");
	assert_int_equal(read_span(FH_AUTHZEN_EVALUATIONS, fh_builder_span(&b), &z, &t),
			 FH_ERR_LIMIT);
	b = fh_builder_of(json, sizeof(json)); /* a context that 64 questions would share */
	fh_builder_text(&b, "{" SUBJECT "," ACTION "," RESOURCE ",\"context\":{\"x\":\"");
	for (size_t i = 0; i < 60000; i++)
		fh_builder_text(&b, "x");
	fh_builder_text(&b, "\"},\"evaluations\":[{}");
	for (size_t i = 1; i < FH_AUTHZEN_EVALUATIONS_MAX; i++)
		fh_builder_text(&b, ",{}");
	fh_builder_text(&b, "]}");
	assert_int_equal(read_span(FH_AUTHZEN_EVALUATIONS, fh_builder_span(&b), &z, &t),
			 FH_ERR_LIMIT);
	assert_int_equal(read_span(FH_AUTHZEN_ACTIONS, FH_SPAN_LIT("{" SUBJECT "," RESOURCE
				   ",\"page\":{\"limit\":100000}}"), &z, &t), FH_ERR_OK);
	assert_int_equal(z.limit, FH_AUTHZEN_PAGE_MAX);
}

/* Whatever the JSON may nest, core can read what comes of it, or it is refused alone.  */
static void sends_nothing_that_core_cannot_read(void **state)
{
	static const char *const rows[] = {
		"{\"subject\":{\"type\":\"user\",\"id\":\"a\",\"properties\":{\"x\":%s}},"
		ACTION "," RESOURCE "}",
		"{" SUBJECT ",\"action\":{\"name\":\"read\",\"properties\":{\"x\":%s}},"
		RESOURCE "}",
		"{" SUBJECT "," ACTION "," RESOURCE ",\"context\":{\"x\":%s}}",
		"{" AGENT "," CALL(CHAT("{\\\"x\\\":%s}")) "}",
	};
	char nest[2 * FH_JSON_DEPTH_MAX + 1], json[512], batch[1100];
	struct fh_authzen z;
	struct fh_trace t = { 0 };
	size_t fine = 0, refused = 0, alone = 0;

	(void)state;
	for (size_t i = 0; i < 4 * (FH_JSON_DEPTH_MAX - 4); i++) {
		size_t depth = 1 + i / 4;

		memset(nest, '[', depth);
		memset(nest + depth, ']', depth);
		nest[2 * depth] = '\0';
		(void)snprintf(json, sizeof(json), rows[i % 4], nest);
		(void)snprintf(batch, sizeof(batch), "{\"evaluations\":[%s,{" SUBJECT "," ACTION ","
			       RESOURCE "}]}", json);
		fh_err e = read_span(FH_AUTHZEN_EVALUATION, fh_span_str(json), &z, &t);
		bool whole = e == FH_ERR_OK && next(&z).question.unreadable.n == 0;

		fine += whole;
		refused += !whole;
		assert_true(e == FH_ERR_OK || strstr(t.what, "nested") != nullptr);
		e = read_span(FH_AUTHZEN_EVALUATIONS, fh_span_str(batch), &z, &t);
		if (e != FH_ERR_OK) { /* the JSON is too deep for itself */
			assert_non_null(strstr(t.what, "nested deeper than 32"));
			continue;
		}
		assert_int_equal(z.questions, 2);
		struct fh_authzen_item item = next(&z);

		alone += !whole;
		assert_int_equal(item.malformed.n == 0 && item.question.unreadable.n == 0, whole);
		assert_int_equal(next(&z).malformed.n, 0);
	}
	assert_in_range(fine, 1, 4 * FH_CBOR_DEPTH_MAX);
	assert_in_range(refused, 3, 16);
	assert_in_range(alone, 1, refused);
}

/* A gate that was taken over says what it likes.  */
static void core_takes_nothing_else(void **state)
{
	static const uint8_t right[] =
		"\xa4\x63""api\x03\x64list\x81"
		"\x84\x83\x61u\x60\xa0\x82\x61r\xa0\x83\x61o\x61i\xa0\xa0"
		"\x64page\x82\x01\x60\x68semantic\x00";
	struct fh_span whole = fh_span_of(right, sizeof(right) - 1);
	struct fh_authzen z;
	struct fh_authzen_item item;

	(void)state;
	assert_int_equal(fh_authzen_begin(whole, &z), FH_ERR_OK);
	assert_int_equal(fh_authzen_next(&z, &item), FH_ERR_OK);
	for (size_t n = 0; n < whole.n; n++)
		assert_int_not_equal(fh_authzen_begin(fh_span_first(whole, n), &z), FH_ERR_OK);
	uint8_t other[sizeof(right)];

	memcpy(other, right, sizeof(right));
	other[5] = 1; /* an evaluation, and the subject has no id */
	assert_int_equal(fh_authzen_begin(fh_span_of(other, whole.n), &z), FH_ERR_OK);
	assert_int_equal(fh_authzen_next(&z, &item), FH_ERR_FORMAT);
	other[5] = 6;
	assert_int_equal(fh_authzen_begin(fh_span_of(other, whole.n), &z), FH_ERR_FORMAT);
}

/* One item for core, in a request to API.  */
static fh_err read_item(enum fh_authzen_api api, struct fh_span bytes)
{
	struct fh_builder b = FH_BUILDER_ARRAY(params);
	struct fh_authzen_item item;
	struct fh_authzen z;

	fh_builder_bytes(&b, FH_SPAN_LIT("\xa4\x63" "api"));
	fh_cbor_put_uint(&b, api);
	fh_builder_bytes(&b, FH_SPAN_LIT("\x64list\x81"));
	fh_builder_bytes(&b, bytes);
	fh_builder_bytes(&b, FH_SPAN_LIT("\x64page\x82\x01\x60\x68semantic\x00"));
	fh_err e = fh_authzen_begin(fh_builder_span(&b), &z);

	return e == FH_ERR_OK ? fh_authzen_next(&z, &item) : e;
}

static void core_takes_no_call_that_lacks_a_part(void **state)
{
	static const struct {
		enum fh_authzen_api api;
		const char *bytes;
		size_t n;
		fh_err want;
	} rows[] = {
#define ROW(api, bytes, want) { FH_AUTHZEN_##api, bytes, sizeof(bytes) - 1, FH_ERR_##want }
		ROW(EVALUATION, "\x82\x82\x61u\x61i\x83\x61" "f\x61" "c\xa0", OK),
		ROW(EVALUATIONS, "\x82\x82\x61u\x61i\x83\x61" "f\x61" "c\x61w", OK),
		ROW(SUBJECTS, "\x82\x82\x61u\x61i\x83\x61" "f\x61" "c\xa0", FORMAT),
		ROW(EVALUATION, "\x82\x82\x61u\x61i\x83\x61" "f\x61" "c\x60", FORMAT),
		ROW(EVALUATION, "\x82\x82\x61u\x61i\x83\x61" "f\x61" "c\x80", FORMAT),
		ROW(EVALUATION, "\x82\x82\x61u\x61i\x83\x61" "f\x60\xa0", FORMAT),
		ROW(EVALUATION, "\x82\x82\x61u\x61i\x83\x60\x61" "c\xa0", FORMAT),
		ROW(EVALUATION, "\x82\x82\x61u\x60\x83\x61" "f\x61" "c\xa0", FORMAT),
		ROW(EVALUATION, "\x82\x82\x60\x61i\x83\x61" "f\x61" "c\xa0", FORMAT),
		ROW(EVALUATION, "\x82\x82\x61u\x61i\x82\x61" "f\x61" "c", FORMAT),
		ROW(EVALUATION, "\x83\x82\x61u\x61i\x83\x61" "f\x61" "c\xa0\xa0", FORMAT),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fh_err e = read_item(rows[i].api, fh_span_of(rows[i].bytes, rows[i].n));

		if (e != rows[i].want)
			fail_msg("row %zu: %s", i, fh_err_text(e));
	}
}

/* What core appends of a question, salts 10, 11 and so on.  */
static void writes_the_golden_answer(void **state)
{
	static const char asked[] = "{\"subject\":{\"type\":\"user\",\"id\":\"alice\"},\"action\":"
				    "{\"name\":\"read\"},\"resource\":{\"type\":\"record\",\"id\":"
				    "\"r1\"}}";
	uint8_t salt[7][FH_SALT_SIZE], arguments[512], room[1024];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder p = FH_BUILDER_ARRAY(params), q = FH_BUILDER_ARRAY(arguments),
			  b = FH_BUILDER_ARRAY(room);
	struct fh_authzen_item item;
	struct fh_authzen z;
	struct fh_trace t = { 0 };

	(void)state;
	assert_int_equal(fh_authzen_read(FH_AUTHZEN_EVALUATION, fh_span_str(asked), &a, &p, &t),
			 FH_ERR_OK);
	stands_in("AUTHZEN.md", "the question for core", fh_builder_span(&p));
	assert_int_equal(fh_authzen_begin(fh_builder_span(&p), &z), FH_ERR_OK);
	assert_int_equal(fh_authzen_next(&z, &item), FH_ERR_OK);
	fh_cbor_put_map(&q, 1);
	fh_cbor_put_text(&q, FH_SPAN_LIT("question"));
	fh_builder_bytes(&q, item.bytes);
	struct fh_fields f = { .n = 7, .field = {
		{ .id = FH_FIELD_ACTOR, .value = FH_SPAN_LIT("\x6f" "Actor::\"portal\"") },
		{ .id = FH_FIELD_IDENTITY, .value = FH_SPAN_LIT("\xa1\x65" "grade\x66" "bearer") },
		{ .id = FH_FIELD_ACTION, .value = FH_SPAN_LIT("\x6e" "Action::\"read\"") },
		{ .id = FH_FIELD_RESOURCE, .value = FH_SPAN_LIT("\x6c" "record::\"r1\"") },
		{ .id = FH_FIELD_DECISION,
		  .value = FH_SPAN_LIT("\x83\xf5\x69permitted\x81\x67readers") },
		{ .id = FH_FIELD_ARGUMENTS, .value = fh_builder_span(&q) },
		{ .id = FH_FIELD_SUBJECT, .value = FH_SPAN_LIT("\x6d" "user::\"alice\"") },
	} };

	for (size_t i = 0; i < f.n; i++) {
		memset(salt[i], (int)(0x10 + i), FH_SALT_SIZE);
		f.field[i].salt = fh_span_of(salt[i], FH_SALT_SIZE);
	}
	fh_payload_put(&b, &f);
	stands_in("AUTHZEN.md", "the payload of the answer", fh_builder_span(&b));
	struct fh_hash root = fh_fields_root(&f);

	stands_in("AUTHZEN.md", "the commitment root of the answer", fh_hash_span(&root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_by_name_what_is_no_question),
		cmocka_unit_test(keeps_what_counts_and_drops_the_rest),
		cmocka_unit_test(replaces_what_is_said_for_all_as_a_whole),
		cmocka_unit_test(reads_both_forms_of_a_call_alike),
		cmocka_unit_test(keeps_why_arguments_cannot_be_read),
		cmocka_unit_test(lets_nobody_say_what_a_call_says),
		cmocka_unit_test(bounds_what_it_takes),
		cmocka_unit_test(sends_nothing_that_core_cannot_read),
		cmocka_unit_test(writes_the_golden_answer),
		cmocka_unit_test(writes_the_golden_call),
		cmocka_unit_test(core_takes_nothing_else),
		cmocka_unit_test(core_takes_no_call_that_lacks_a_part),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
