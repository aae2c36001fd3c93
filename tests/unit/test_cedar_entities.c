/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/builder.h"
#include "base/limits.h"
#include "policy/entities_json.h"

constexpr size_t room = 256 << 20;

static fh_err read_entities(struct fh_span text, struct fh_entities *out, struct fh_trace *t,
			    void *memory)
{
	struct fh_arena a = fh_arena_of(memory, room);

	return fh_entities_read(text, "entities", &a, out, t);
}

static void refuse(const char *text, fh_err want, const char *where, const char *what)
{
	void *memory = malloc(room);
	struct fh_entities s = { 0 };
	struct fh_trace t = { 0 };

	assert_non_null(memory);
	fh_err e = read_entities(fh_span_str(text), &s, &t, memory);

	if (e != want || strcmp(t.where, where) != 0 || strstr(t.what, what) == nullptr)
		fail_msg("%.200s\n-> %s: %s: %s", text, fh_err_text(e), t.where, t.what);
	assert_true(t.cure[0] != '\0');
	assert_null(s.list);
	free(memory);
}

#define E(id, attrs, parents) \
	"{\"uid\":{\"type\":\"T\",\"id\":\"" id "\"},\"attrs\":{" attrs \
	"},\"parents\":[" parents "]}"
#define P(id) "{\"type\":\"T\",\"id\":\"" id "\"}"

static void refuses_by_name_what_is_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *text, *where, *what;
	} rows[] = {
		{ "{}", "entities:1:1", "list" },
		{ "[1]", "entities:1:2", "object" },
		{ "[{}]", "entities:1:2", "\"uid\" is missing" },
		{ "[{\"uid\":{\"type\":\"T\",\"id\":\"\"},\"parents\":[]}]", "entities:1:2",
		  "\"attrs\"" },
		{ "[{\"uid\":{\"type\":\"T\",\"id\":\"\"},\"attrs\":{}}]", "entities:1:2",
		  "\"parents\"" },
		{ "[{\"uid\":{\"type\":\"T\"},\"attrs\":{},\"parents\":[]}]", "entities:1:9",
		  "\"id\"" },
		{ "[{\"uid\":\"T\",\"attrs\":{},\"parents\":[]}]", "entities:1:9", "object" },
		{ "[{\"uid\":{\"type\":\"T T\",\"id\":\"\"},\"attrs\":{},\"parents\":[]}]",
		  "entities:1:9", "no entity type" },
		{ "[{\"uid\":{\"type\":\"A::\",\"id\":\"\"},\"attrs\":{},\"parents\":[]}]",
		  "entities:1:9", "no entity type" },
		{ "[{\"uid\":{\"type\":\"in\",\"id\":\"\"},\"attrs\":{},\"parents\":[]}]",
		  "entities:1:9", "no entity type" },
		{ "[{\"id\":1}]", "entities:1:8", "does not belong" },
		{ "[" E("a", "\"x\":1.5", "") "]", "entities:1:44", "no such number" },
		{ "[" E("a", "\"x\":null", "") "]", "entities:1:44", "null" },
		{ "[" E("a", "\"x\":9223372036854775808", "") "]", "entities:1:44", "number" },
		{ "[" E("a", "\"x\":{\"__entity\":1}", "") "]", "entities:1:56", "object" },
		{ "[" E("a", "\"x\":{\"__entity\":" P("b") ",\"y\":1}", "") "]", "entities:1:82",
		  "does not belong" },
		{ "[" E("a", "\"x\":{\"__extn\":{\"fn\":\"ipp\",\"arg\":\"\"}}", "") "]",
		  "entities:1:54", "no function" },
		{ "[" E("a", "\"x\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"x\"}}", "") "]",
		  "entities:1:54", "no value of the extension" },
		{ "[" E("a", "\"x\":{\"__expr\":\"1\"}", "") "]", "entities:1:54", "no longer" },
		{ "[" E("a", "", "1") "]", "entities:1:53", "object" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuse(rows[i].text, strstr(rows[i].what,
		  "no longer") != nullptr ? FH_ERR_UNSUPPORTED
										 : FH_ERR_FORMAT,
		       rows[i].where, rows[i].what);
}

static void refuses_circles_and_contradictions(void **state)
{
	(void)state;
	refuse("[" E("a", "", P("a")) "]", FH_ERR_CONFLICT, "entities:1:1",
	       "T::\"a\" is in itself");
	refuse("[" E("a", "", P("b")) "," E("b", "", P("c")) "," E("c", "", P("b")) "]",
	       FH_ERR_CONFLICT, "entities:1:1", "T::\"b\" is in itself");
	refuse("[" E("a", "", "") "," E("a", "\"x\":1", "") "]", FH_ERR_CONFLICT, "entities:1:56",
	       "T::\"a\" stands here twice");
	refuse("[" E("a", "", "") "," E("a", "", P("b")) "]", FH_ERR_CONFLICT, "entities:1:56",
	       "twice");
}

static bool in(const struct fh_entities *s, const char *id, const char *up)
{
	const struct fh_entity_key from =
		fh_entity_key_of(fh_entity_uid_of("T", fh_span_str(id)));
	const struct fh_entity_key to = fh_entity_key_of(fh_entity_uid_of("T", fh_span_str(up)));
	const struct fh_entity *e = fh_entities_find(s, &from);

	return e != nullptr && fh_entity_in(e, &to);
}

static void closes_the_hierarchy(void **state)
{
	(void)state;
	void *memory = malloc(room);
	struct fh_entities s;

	assert_non_null(memory);
	assert_int_equal(read_entities(FH_SPAN_LIT("[" E("a", "", P("b") "," P("c") "," P("b")) ","
						   E("b", "", P("d")) "," E("c", "", P("d")) ","
						   E("d", "", P("e")) "," E("a", "",
						   P("c") "," P("b")) "]"), &s, nullptr, memory),
			 FH_ERR_OK);
	assert_int_equal(s.n, 4); /* the second a is as the first */
	assert_int_equal(s.list[0].parents_n, 2);
	assert_int_equal(s.list[0].ancestors_n, 4);
	assert_true(in(&s, "a", "e") && in(&s, "a", "a") && in(&s, "c", "e"));
	assert_false(in(&s, "d", "a") || in(&s, "b", "c") || in(&s, "e", "e"));
	free(memory);
}

/* N entities, each in the one before (DEEP) or all in the first.  */
static fh_err read_many(size_t n, bool deep, struct fh_trace *t, uint32_t *ancestors)
{
	size_t cap = n * 96 + 16;
	uint8_t *text = malloc(cap), *memory = malloc(room);
	struct fh_builder b = fh_builder_of(text, cap);
	struct fh_entities s = { 0 };

	assert_true(text != nullptr && memory != nullptr);
	for (size_t i = 0; i < n; i++) {
		fh_builder_text(&b, i == 0 ? "[{\"uid\":{\"type\":\"T\",\"id\":\""
					   : ",{\"uid\":{\"type\":\"T\",\"id\":\"");
		fh_builder_decimal(&b, i);
		fh_builder_text(&b, "\"},\"attrs\":{},\"parents\":[");
		if (i > 0) {
			fh_builder_text(&b, "{\"type\":\"T\",\"id\":\"");
			fh_builder_decimal(&b, deep ? i - 1 : 0);
			fh_builder_text(&b, "\"}");
		}
		fh_builder_text(&b, "]}");
	}
	fh_builder_text(&b, "]");
	assert_false(b.bad);
	fh_err e = read_entities(fh_builder_span(&b), &s, t, memory);

	*ancestors = e == FH_ERR_OK ? s.list[n - 1].ancestors_n : 0;
	free(memory);
	free(text);
	return e;
}

static void reads_100000_entities_and_bounds_their_closure(void **state)
{
	(void)state;
	struct fh_trace t = { 0 };
	uint32_t n;

	assert_int_equal(read_many(100000, false, &t, &n), FH_ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(read_many(2000, true, &t, &n), FH_ERR_OK);
	assert_int_equal(n, 1999);
	assert_int_equal(read_many(100000, true, &t, &n), FH_ERR_LIMIT);
	assert_non_null(strstr(t.what, "4194304 ancestors"));
	assert_int_equal(read_many(FH_ENTITIES_LIST_MAX + 1, false, &t, &n), FH_ERR_LIMIT);
}

static void reads_every_form_of_a_value(void **state)
{
	(void)state;
	static const char text[] =
		"{\"a\":{\"__extn\":{\"fn\":\"offset\",\"args\":[{\"__extn\":{\"fn\":\"datetime\","
		"\"arg\":\"1970-01-01\"}},{\"__extn\":{\"fn\":\"duration\",\"arg\":\"5ms\"}}]}},"
		"\"b\":[2,1,2],\"c\":{\"type\":\"T\",\"id\":\"x\"}}";
	static _Alignas(max_align_t) uint8_t memory[16384];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_value v;

	assert_int_equal(fh_context_read(fh_span_str(text), "context", &a, &v, nullptr), FH_ERR_OK);
	const struct fh_value *at = fh_value_field(&v, FH_SPAN_LIT("a"));

	assert_int_equal(at->kind, FH_VALUE_DATETIME);
	assert_int_equal(at->integer, 5);
	assert_int_equal(fh_value_field(&v, FH_SPAN_LIT("b"))->n, 2);
	assert_int_equal(fh_value_field(&v, FH_SPAN_LIT("c"))->kind, FH_VALUE_RECORD);
	assert_null(fh_value_field(&v, FH_SPAN_LIT("d")));
	assert_int_equal(fh_context_read(FH_SPAN_LIT("[]"), "context", &a, &v, nullptr),
			 FH_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_by_name_what_is_malformed),
		cmocka_unit_test(refuses_circles_and_contradictions),
		cmocka_unit_test(closes_the_hierarchy),
		cmocka_unit_test(reads_100000_entities_and_bounds_their_closure),
		cmocka_unit_test(reads_every_form_of_a_value),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
