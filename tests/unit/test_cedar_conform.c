/* SPDX-License-Identifier: Apache-2.0 */
/* Entities, contexts and requests under a schema.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "policy/conform.h"
#include "policy/entities_json.h"

constexpr size_t memory_size = 1 << 20;

static const char world[] =
	"entity Group in Group; entity Color enum [\"red\"];"
	"entity User in Group { n: Long, ip?: ipaddr, friends?: Set<User>, c?: Color,"
	" rec?: { at: datetime, d?: decimal } } tags Long;"
	"action all; action read in all appliesTo { principal: User, resource: Color,"
	" context: { who: User, when?: duration } };";

struct world {
	uint8_t *memory;
	struct fh_arena arena;
	struct fh_schema schema;
	struct fh_trace trace;
};

static void world_drop(struct world *w)
{
	free(w->memory);
}

#define OWN_WORLD __attribute__((cleanup(world_drop))) struct world

static struct world world_of(void)
{
	struct world w = { .memory = malloc(memory_size) };

	assert_non_null(w.memory);
	w.arena = fh_arena_of(w.memory, memory_size);
	assert_int_equal(fh_schema_read(fh_span_str(world), FH_CEDAR_TEXT_MAX, "schema", &w.arena,
					&w.schema, nullptr), FH_ERR_OK);
	return w;
}

#define USER(rest) "[{\"uid\":{\"type\":\"User\",\"id\":\"a\"},\"parents\":[]," rest "}]"

static void reads_shorter_forms(void **state)
{
	(void)state;
	OWN_WORLD w = world_of();
	struct fh_entities all;
	static const char text[] = USER(
		"\"attrs\":{\"n\":1,\"ip\":\"10.0.0.1\",\"friends\":[{\"type\":\"User\","
		"\"id\":\"b\"},{\"__entity\":{\"type\":\"User\",\"id\":\"c\"}}],\"rec\":{\"at\":"
		"{\"fn\":\"datetime\",\"arg\":\"2024-01-01\"},\"d\":{\"__extn\":{\"fn\":"
		"\"decimal\",\"arg\":\"1.5\"}}}},\"tags\":{\"t\":1}");
	fh_err e = fh_entities_read_as(fh_span_str(text), "entities", &w.schema, &w.arena, &all,
				       &w.trace);

	if (e != FH_ERR_OK)
		fail_msg("%s: %s", w.trace.where, w.trace.what);
	assert_int_equal(all.n, 3); /* the actions, too */
	const struct fh_value *x = &all.list[0].attributes;

	assert_int_equal(fh_value_field(x, FH_SPAN_LIT("ip"))->kind, FH_VALUE_IP);
	assert_int_equal(fh_value_field(x, FH_SPAN_LIT("friends"))->n, 2);
	x = fh_value_field(x, FH_SPAN_LIT("rec"));
	assert_int_equal(fh_value_field(x, FH_SPAN_LIT("at"))->kind, FH_VALUE_DATETIME);
	struct fh_entity_key read = fh_entity_key_of(fh_entity_uid_of("Action",
								      FH_SPAN_LIT("read")));

	assert_int_equal(fh_entities_find(&all, &read)->ancestors_n, 1);
}

static void refuses_entities_that_do_not_conform(void **state)
{
	(void)state;
	static const struct {
		fh_err e;
		const char *text, *where, *what;
	} rows[] = {
		{ FH_ERR_CONFLICT, USER("\"attrs\":{}"), "entities:1:55", "`n`, which the schema" },
		{ FH_ERR_CONFLICT, USER("\"attrs\":{\"n\":\"x\"}"), "entities:1:60", "wants Long" },
		{ FH_ERR_CONFLICT, USER("\"attrs\":{\"n\":1,\"m\":2}"), "entities:1:66",
		  "no `m` here" },
		{ FH_ERR_CONFLICT, USER("\"attrs\":{\"n\":1,\"ip\":\"x\"}"), "entities:1:67",
		  "wants ipaddr" },
		{ FH_ERR_CONFLICT, USER("\"attrs\":{\"n\":1,\"friends\":[{\"type\":\"Group\","
					"\"id\":\"\"}]}"), "entities:1:73", "wants User" },
		{ FH_ERR_UNKNOWN, USER("\"attrs\":{\"n\":1,\"c\":{\"type\":\"Color\","
				       "\"id\":\"rad\"}}"), "entities:1:66", "no such id" },
		{ FH_ERR_CONFLICT, USER("\"attrs\":{\"n\":1},\"tags\":{\"t\":true}"),
		  "entities:1:75", "wants Long" },
		{ FH_ERR_UNKNOWN, "[{\"uid\":{\"type\":\"Usr\",\"id\":\"\"},\"attrs\":{},"
				  "\"parents\":[]}]", "entities:1:2", "no entity type `Usr`" },
		{ FH_ERR_CONFLICT, "[{\"uid\":{\"type\":\"Group\",\"id\":\"\"},\"attrs\":{},"
				   "\"parents\":[{\"type\":\"User\",\"id\":\"\"}]}]",
		  "entities:1:2", "no Group be in a User" },
		{ FH_ERR_CONFLICT, "[{\"uid\":{\"type\":\"Group\",\"id\":\"\"},\"attrs\":{},"
				   "\"parents\":[],\"tags\":{\"a\":1}}]",
		  "entities:1:65", "no tags" },
		{ FH_ERR_CONFLICT, "[{\"uid\":{\"type\":\"Action\",\"id\":\"read\"},\"attrs\":{},"
				   "\"parents\":[]}]", "entities:1:1", "is not in what" },
		{ FH_ERR_UNKNOWN, "[{\"uid\":{\"type\":\"Action\",\"id\":\"x\"},\"attrs\":{},"
				  "\"parents\":[]}]", "entities:1:2", "no such action" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_WORLD w = world_of();
		struct fh_entities all;
		fh_err e = fh_entities_read_as(fh_span_str(rows[i].text), "entities", &w.schema,
					       &w.arena, &all, &w.trace);

		if (e != rows[i].e || strcmp(w.trace.where, rows[i].where) != 0 ||
		    strstr(w.trace.what, rows[i].what) == nullptr || w.trace.cure[0] == '\0')
			fail_msg("%s -> %s: %s: %s", rows[i].text, fh_err_text(e), w.trace.where,
				 w.trace.what);
	}
}

static void checks_requests(void **state)
{
	(void)state;
	OWN_WORLD w = world_of();
	const struct fh_entity_uid user = fh_entity_uid_of("User", FH_SPAN_LIT("a"));
	const struct fh_entity_uid red = fh_entity_uid_of("Color", FH_SPAN_LIT("red"));
	const struct fh_entity_uid rad = fh_entity_uid_of("Color", FH_SPAN_LIT("rad"));
	const struct fh_entity_uid read = fh_entity_uid_of("Action", FH_SPAN_LIT("read"));
	const struct fh_entity_uid all = fh_entity_uid_of("Action", FH_SPAN_LIT("all"));
	const struct fh_entity_uid none = fh_entity_uid_of("Action", FH_SPAN_LIT("none"));
	struct fh_value value;
	uint32_t action = FH_SCHEMA_NONE;

	assert_int_equal(fh_request_check(&w.schema, user, read, red, &action, &w.trace),
			 FH_ERR_OK);
	assert_int_equal(action, 1);
	assert_int_equal(fh_request_check(&w.schema, user, none, red, &action, &w.trace),
			 FH_ERR_UNKNOWN);
	assert_int_equal(fh_request_check(&w.schema, user, all, red, &action, &w.trace),
			 FH_ERR_CONFLICT);
	assert_int_equal(fh_request_check(&w.schema, red, read, user, &action, &w.trace),
			 FH_ERR_CONFLICT);
	assert_string_equal(w.trace.where, "request");
	assert_int_equal(fh_request_check(&w.schema, user, read, rad, &action, &w.trace),
			 FH_ERR_UNKNOWN);
	assert_int_equal(fh_request_check(&w.schema, none, read, red, &action, &w.trace),
			 FH_ERR_UNKNOWN);
	assert_int_equal(fh_context_read_as(FH_SPAN_LIT("{\"who\":{\"type\":\"User\",\"id\":\"\"},"
							"\"when\":\"1h\"}"), "context", &w.schema,
					    w.schema.actions[1].context, &w.arena, &value,
					    &w.trace), FH_ERR_OK);
	assert_int_equal(value.n, 2);
	assert_int_equal(fh_context_read_as(FH_SPAN_LIT("{}"), "context", &w.schema,
					    w.schema.actions[1].context, &w.arena, &value,
					    &w.trace), FH_ERR_CONFLICT);
	assert_string_equal(w.trace.where, "context:1:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_shorter_forms),
		cmocka_unit_test(refuses_entities_that_do_not_conform),
		cmocka_unit_test(checks_requests),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
