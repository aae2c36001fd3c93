/* SPDX-License-Identifier: Apache-2.0 */
#include "test_policy.h"

#include "base/builder.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "policy/mapping.h"

static struct fh_wire_action action_of(const struct document *d, const char *server,
				       const char *tool)
{
	struct fh_wire_action w;

	assert_int_equal(d->e, FH_ERR_OK);
	assert_int_equal(fh_wire_action(&d->set.schema, fh_span_str(server), fh_span_str(tool), &w),
			 FH_ERR_OK);
	return w;
}

/* {"path": TEXT} as CBOR in B.  */
static struct fh_span path_arguments(struct fh_builder *b, struct fh_span text)
{
	fh_cbor_put_map(b, 1);
	fh_cbor_put_text(b, FH_SPAN_LIT("path"));
	fh_cbor_put_text(b, text);
	return fh_builder_span(b);
}

static fh_err read_path(struct fh_span path, struct fh_entity_uid *out, struct fh_trace *t)
{
	OWN_DOCUMENT d = document_of("", files_schema);
	struct fh_wire_action w = action_of(&d, "files", "read_file");
	static uint8_t wire[8192];
	static _Alignas(max_align_t) uint8_t memory[8192];
	struct fh_builder b = FH_BUILDER_ARRAY(wire);
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	fh_err e = fh_wire_resource(&w, FH_SPAN_LIT("files"), path_arguments(&b, path), &a, out, t);

	out->type = e == FH_ERR_OK && fh_span_equal(out->type, FH_SPAN_LIT("File"))
			    ? FH_SPAN_LIT("File")
			    : (struct fh_span){ 0 };
	return e;
}

static void maps_every_call_of_an_annotation(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("", files_schema);
	struct fh_wire_action w;

	assert_true(fh_entity_equal(action_of(&d, "files", "read_file").uid,
				    uid("Action", "files.read")));
	assert_true(fh_entity_equal(action_of(&d, "files", "read_text_file").uid,
				    uid("Action", "files.read")));
	assert_true(fh_entity_equal(action_of(&d, "desk", "close").uid, uid("Action", "close")));
	assert_int_equal(fh_wire_action(&d.set.schema, FH_SPAN_LIT("files"), FH_SPAN_LIT("close"),
					&w), FH_ERR_UNKNOWN);
	assert_int_equal(fh_wire_action(&d.set.schema, FH_SPAN_LIT(""), FH_SPAN_LIT(""), &w),
			 FH_ERR_UNKNOWN);
}

static void takes_the_server_when_there_is_no_resource(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("", files_schema);
	struct fh_wire_action w = action_of(&d, "desk", "ping");
	struct fh_entity_uid r;

	assert_int_equal(fh_wire_resource(&w, FH_SPAN_LIT("desk"), (struct fh_span){ 0 }, &d.arena,
					  &r, nullptr), FH_ERR_OK);
	assert_true(fh_entity_equal(r, uid("Server", "desk")));
}

/* A function is of no server: neither does a server's tool of its name stand for it, nor can who
 * names no server call it.  */
static void maps_functions_that_a_model_calls(void **state)
{
	static const char schema[] =
		"entity Folder in [Folder]; entity File in [Folder];"
		"@mcp(\"files/read\") @openai(\"read-file; ReadFile_2\") "
		"@resource(\"/path\", \"posix-path\")"
		"action \"files.read\" appliesTo { principal: Actor, resource: File,"
		" context: { lines?: Long } };";
	(void)state;
	OWN_DOCUMENT d = document_of("", schema);
	uint8_t wire[64];
	struct fh_builder b = FH_BUILDER_ARRAY(wire);
	const struct fh_span arguments = path_arguments(&b, FH_SPAN_LIT("/a/b"));
	struct fh_wire_action w;
	struct fh_entity_uid r;

	assert_int_equal(d.e, FH_ERR_OK);
	assert_int_equal(fh_wire_function(&d.set.schema, FH_SPAN_LIT("ReadFile_2"), &w), FH_ERR_OK);
	assert_true(fh_entity_equal(w.uid, uid("Action", "files.read")));
	assert_int_equal(fh_wire_function(&d.set.schema, FH_SPAN_LIT("read-file"), &w), FH_ERR_OK);
	assert_true(fh_entity_equal(w.uid, uid("Action", "files.read")));
	assert_int_equal(fh_wire_resource(&w, (struct fh_span){ 0 }, arguments, &d.arena, &r,
					  nullptr), FH_ERR_OK);
	assert_true(fh_entity_equal(r, uid("File", "/a/b")));
	assert_int_equal(fh_wire_resource(&w, (struct fh_span){ 0 }, (struct fh_span){ 0 },
					  &d.arena,
					  &r, nullptr), FH_ERR_FORMAT);

	assert_true(fh_entity_equal(action_of(&d, "files", "read").uid,
				    uid("Action", "files.read")));
	assert_int_equal(fh_wire_function(&d.set.schema, FH_SPAN_LIT("read"), &w), FH_ERR_UNKNOWN);
	assert_int_equal(fh_wire_function(&d.set.schema, FH_SPAN_LIT(""), &w), FH_ERR_UNKNOWN);
	assert_int_equal(fh_wire_action(&d.set.schema, FH_SPAN_LIT("files"),
					FH_SPAN_LIT("read-file"), &w), FH_ERR_UNKNOWN);
	assert_int_equal(fh_wire_action(&d.set.schema, FH_SPAN_LIT(""), FH_SPAN_LIT("read-file"),
					&w), FH_ERR_UNKNOWN);
}

static void takes_canonical_paths_as_they_are(void **state)
{
	(void)state;
	static const char *const paths[] = { "/", "/a", "/a/b.c/...", "/a b/\u00e4", "/..a/.b" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct fh_entity_uid r = { 0 };

		assert_int_equal(read_path(fh_span_str(paths[i]), &r, nullptr), FH_ERR_OK);
		assert_true(fh_entity_equal(r, uid("File", paths[i])));
	}
}

static void refuses_paths_that_are_not_canonical(void **state)
{
	(void)state;
	static const struct {
		struct fh_span path;
		const char *what;
	} rows[] = {
		{ FH_TEXT_INIT(""), "empty" },
		{ FH_TEXT_INIT("a"), "not absolute" },
		{ FH_TEXT_INIT("./a"), "not absolute" },
		{ FH_TEXT_INIT("//"), "slash" },
		{ FH_TEXT_INIT("/a/"), "slash" },
		{ FH_TEXT_INIT("//a"), "empty component" },
		{ FH_TEXT_INIT("/a//b"), "empty component" },
		{ FH_TEXT_INIT("/."), "\".\"" },
		{ FH_TEXT_INIT("/a/./b"), "\".\"" },
		{ FH_TEXT_INIT("/.."), "\"..\"" },
		{ FH_TEXT_INIT("/a/../b"), "\"..\"" },
		{ FH_TEXT_INIT("/a\0b"), "control" },
		{ FH_TEXT_INIT("/a\nb"), "control" },
		{ FH_TEXT_INIT("/a\x7f"), "control" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_entity_uid r = { 0 };
		struct fh_trace t = { 0 };
		fh_err e = read_path(rows[i].path, &r, &t);

		if (e != FH_ERR_FORMAT || strstr(t.what, rows[i].what) == nullptr)
			fail_msg("%s: %s", (const char *)rows[i].path.p, t.what);
		assert_string_equal(t.where, "argument /path");
		assert_null(r.id.p);
	}
}

static void refuses_a_path_that_is_not_utf8(void **state)
{
	(void)state;
	const char *why = nullptr;

	assert_int_equal(fh_posix_path_check(FH_SPAN_LIT("/a\xff"), &why), FH_ERR_FORMAT);
	assert_string_equal(why, "it is not UTF-8");
}

static void refuses_a_path_above_the_limit(void **state)
{
	(void)state;
	static uint8_t path[FH_PATH_MAX + 1];
	struct fh_entity_uid r = { 0 };

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	assert_int_equal(read_path(fh_span_of(path, FH_PATH_MAX), &r, nullptr), FH_ERR_OK);
	assert_int_equal(read_path(fh_span_of(path, FH_PATH_MAX + 1), &r, nullptr), FH_ERR_LIMIT);
}

static void refuses_an_argument_that_is_missing_or_no_text(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("", files_schema);
	struct fh_wire_action w = action_of(&d, "desk", "close");
	static const struct fh_span items[] = {
		FH_TEXT_INIT(""), FH_TEXT_INIT("\xa0"), FH_TEXT_INIT("\x80"), FH_TEXT_INIT("\x01"),
		FH_TEXT_INIT("\xa1\x66ticket\xa1\x62id\x01"),
		FH_TEXT_INIT("\xa1\x66ticket\xa1\x62id\xf6"),
		FH_TEXT_INIT("\xa1\x66ticket\xa1\x62id\x81\x61x"),
		FH_TEXT_INIT("\xa1\x66ticket\x62id"),
	};
	static const struct fh_span good = FH_TEXT_INIT("\xa1\x66ticket\xa1\x62id\x64../7");
	struct fh_entity_uid r = { 0 };
	struct fh_trace t;

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		assert_int_equal(fh_wire_resource(&w, FH_SPAN_LIT("desk"), items[i], &d.arena, &r,
						  &t), FH_ERR_FORMAT);
		assert_string_equal(t.where, "argument /ticket/id");
	}
	assert_null(r.id.p);
	assert_int_equal(fh_wire_resource(&w, FH_SPAN_LIT("desk"), good, &d.arena, &r, &t),
			 FH_ERR_OK);
	assert_true(fh_entity_equal(r, uid("Ticket", "../7")));
}

static void gives_paths_their_lexical_parents(void **state)
{
	(void)state;
	static const char *const want[] = { "/a/b", "/a", "/" };
	OWN_DOCUMENT d = document_of("", files_schema);
	const struct fh_known_entities known = { &d.set.schema, uid("Actor", "a"), nullptr, 0 };
	struct fh_entity_source s = fh_known_entities_source(&known);
	struct fh_entity_key key = fh_entity_key_of(uid("File", "/a/b/c")), up;
	const struct fh_entity *e;

	assert_int_equal(s.find(s.context, &key, &d.arena, &e), FH_ERR_OK);
	assert_int_equal(e->ancestors_n, 3);
	for (size_t i = 0; i < 3; i++) {
		up = fh_entity_key_of(uid("Folder", want[i]));
		assert_true(fh_entity_in(e, &up));
	}
	up = fh_entity_key_of(uid("Folder", "/a/b/c"));
	assert_false(fh_entity_in(e, &up));
	key = fh_entity_key_of(uid("Folder", "/"));
	assert_int_equal(s.find(s.context, &key, &d.arena, &e), FH_ERR_OK);
	assert_int_equal(e->ancestors_n, 0);
	key = fh_entity_key_of(uid("Ticket", "/a/b"));
	assert_int_equal(s.find(s.context, &key, &d.arena, &e), FH_ERR_OK);
	assert_null(e);
}

/* A few and many groups are looked for in different ways; a double counts once.  */
static void gives_the_principal_its_groups_each_once(void **state)
{
	(void)state;
	constexpr size_t most = 20;
	static char names[most + 1][8];
	OWN_DOCUMENT d = document_of("", files_schema);
	struct fh_entity_uid groups[2 * most];

	for (size_t i = 0; i <= most; i++)
		(void)snprintf(names[i], sizeof(names[i]), "team%zu", i);
	for (size_t n = 0; n <= most; n++) {
		const struct fh_known_entities known = { &d.set.schema, uid("Actor", "a"), groups,
							 2 * n };
		struct fh_entity_source s = fh_known_entities_source(&known);
		struct fh_entity_key key = fh_entity_key_of(uid("Actor", "a"));
		const struct fh_entity *e;

		for (size_t i = 0; i < 2 * n; i++)
			groups[i] = uid("Team", names[i % n]);
		assert_int_equal(s.find(s.context, &key, &d.arena, &e), FH_ERR_OK);
		assert_int_equal(e->ancestors_n, n);
		for (size_t i = 0; i <= most; i++) {
			struct fh_entity_key up = fh_entity_key_of(uid("Team", names[i]));

			assert_int_equal(fh_entity_has_ancestor(e, &up), i < n);
		}
	}
}

static const char called_schema[] =
	"namespace Shop {\n"
	"  entity Folder in [Folder]; entity File in [Folder];\n"
	"  entity Unit enum [\"eur\", \"usd\"];\n"
	"  @mcp(\"shop/move\") @resource(\"/from\", \"posix-path\")\n"
	"  action move appliesTo { principal: [Actor], resource: [File],\n"
	"    context: { to: File, count?: Long, force?: Bool, why?: String, peer?: ipaddr,\n"
	"               units?: Set<Unit>, more?: { deep: Long } } };\n"
	"  @mcp(\"shop/pay\") @resource(\"/unit\", \"text\")\n"
	"  action pay appliesTo { principal: [Actor], resource: [Unit] };\n"
	"}\n";

static struct fh_span of_json(const char *json, struct fh_arena *a)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(a, 4096), 4096);

	assert_int_equal(fh_json_to_cbor(fh_span_str(json), a, &b, /* trace= */ nullptr),
			 FH_ERR_OK);
	return fh_builder_span(&b);
}

static fh_err context_of(const char *json, struct fh_value *out, struct fh_trace *t,
			 struct document *d)
{
	struct fh_wire_action w = action_of(d, "shop", "move");

	return fh_wire_context(&d->set.schema, &w, of_json(json, &d->arena), &d->arena, out, t);
}

static void finds_what_is_in_a_namespace(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("", called_schema);
	struct fh_wire_action w = action_of(&d, "shop", "pay");
	struct fh_entity_uid r = { 0 };
	struct fh_trace t = { 0 };

	assert_true(fh_entity_equal(w.uid, uid("Shop::Action", "pay")));
	assert_int_equal(fh_wire_resource(&w, FH_SPAN_LIT("shop"),
					  of_json("{\"unit\":\"eur\"}", &d.arena), &d.arena, &r,
					  &t), FH_ERR_OK);
	assert_true(fh_entity_equal(r, uid("Shop::Unit", "eur")));
	assert_int_equal(fh_wire_resource(&w, FH_SPAN_LIT("shop"),
					  of_json("{\"unit\":\"gbp\"}", &d.arena), &d.arena, &r,
					  &t), FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "lists no such id"));
}

static void reads_the_context_from_arguments(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("", called_schema);
	struct fh_value v = { 0 };
	struct fh_trace t = { 0 };

	assert_int_equal(context_of("{\"from\":\"/a\",\"to\":\"/b/c\",\"count\":3,\"other\":null,"
				    "\"units\":[\"usd\",\"eur\",\"usd\"],\"peer\":\"10.0.0.1\","
				    "\"more\":{\"deep\":1,\"x\":[]}}", &v, &t, &d), FH_ERR_OK);
	assert_int_equal(v.kind, FH_VALUE_RECORD);
	assert_int_equal(v.n, 5);
	assert_true(fh_entity_equal(fh_value_field(&v, FH_SPAN_LIT("to"))->entity->uid,
				    uid("Shop::File", "/b/c")));
	assert_int_equal(fh_value_field(&v, FH_SPAN_LIT("count"))->integer, 3);
	assert_int_equal(fh_value_field(&v, FH_SPAN_LIT("units"))->n, 2);
	assert_int_equal(fh_value_field(&v, FH_SPAN_LIT("peer"))->kind, FH_VALUE_IP);
	assert_null(fh_value_field(&v, FH_SPAN_LIT("from")));
}

/* Nothing that a policy could read is passed over or repaired.  */
static void refuses_arguments_that_are_not_of_the_context(void **state)
{
	(void)state;
	static const struct {
		const char *json, *what;
	} rows[] = {
		{ "{}", "`to` is missing" },
		{ "{\"to\":{\"type\":\"Shop::File\",\"id\":\"/a\"}}", "`to` must be" },
		{ "{\"to\":\"/a/../b\"}", "component \"..\"" },
		{ "{\"to\":\"\"}", "`to` must be" },
		{ "{\"to\":\"/a\",\"count\":\"3\"}", "`count` must be a Long" },
		{ "{\"to\":\"/a\",\"count\":3.5}", "`count` must be a Long" },
		{ "{\"to\":\"/a\",\"count\":null}", "`count` must be a Long" },
		{ "{\"to\":\"/a\",\"force\":1}", "`force` must be a Bool" },
		{ "{\"to\":\"/a\",\"peer\":\"10.0.0\"}", "`peer` must be" },
		{ "{\"to\":\"/a\",\"units\":[\"eur\",\"gbp\"]}", "none of the ids" },
		{ "{\"to\":\"/a\",\"units\":\"eur\"}", "`units` must be" },
		{ "{\"to\":\"/a\",\"more\":{}}", "`more` must be a {" },
	};
	OWN_DOCUMENT d = document_of("", called_schema);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_value v = { .kind = FH_VALUE_KINDS };
		struct fh_trace t = { 0 };
		fh_err e = context_of(rows[i].json, &v, &t, &d);

		if (e != FH_ERR_CONFLICT || v.kind != FH_VALUE_KINDS)
			fail_msg("%s -> %d", rows[i].json, e);
		if (strstr(t.what, rows[i].what) == nullptr)
			fail_msg("%s -> %s", rows[i].json, t.what);
	}
}

static void refuses_a_context_that_is_too_large(void **state)
{
	(void)state;
	static uint8_t wire[FH_CONTEXT_MAX + 64];
	OWN_DOCUMENT d = document_of("", called_schema);
	struct fh_wire_action w = action_of(&d, "shop", "move");
	struct fh_builder b = FH_BUILDER_ARRAY(wire);
	struct fh_value v;
	struct fh_trace t = { 0 };

	fh_cbor_put_map(&b, 1);
	fh_cbor_put_text(&b, FH_SPAN_LIT("why"));
	fh_cbor_put_text(&b, fh_span_of(wire, 0));
	b.n--; /* the head of a longer text instead */
	memset(wire + b.n + 5, 'a', FH_CONTEXT_MAX);
	memcpy(wire + b.n, "\x7a\x00\x01\x00\x00", 5);
	b.n += 5 + FH_CONTEXT_MAX;
	assert_int_equal(fh_wire_context(&d.set.schema, &w, fh_builder_span(&b), &d.arena, &v, &t),
			 FH_ERR_LIMIT);
	assert_non_null(strstr(t.what, "more than 65536 bytes"));
}

static void names_actions_both_ways(void **state)
{
	(void)state;
	static const struct {
		const char *name, *type, *id;
	} rows[] = {
		{ "read", "Action", "read" },
		{ "A::B::Action::\"read\"", "A::B::Action", "read" },
		{ "A::Action::\"with \"quotes\"\"", "A::Action", "with \"quotes\"" },
		{ "Action::\"A::Action::\"x\"\"", "Action", "A::Action::\"x\"" },
		{ "A::Thing::\"read\"", "Action", "A::Thing::\"read\"" },
		{ "A::Action::\"read", "Action", "A::Action::\"read" },
		{ "A::Action::\"\"", "Action", "A::Action::\"\"" },
		{ "A Action::\"x\"", "Action", "A Action::\"x\"" },
		{ "::\"", "Action", "::\"" },
		{ "\"", "Action", "\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t room[64];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_entity_uid got = fh_action_named(fh_span_str(rows[i].name));

		if (!fh_entity_equal(got, uid(rows[i].type, rows[i].id)))
			fail_msg("%s", rows[i].name);
		fh_action_name_put(&b, got);
		assert_true(fh_span_equal(fh_builder_span(&b), fh_span_str(rows[i].name)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_every_call_of_an_annotation),
		cmocka_unit_test(takes_the_server_when_there_is_no_resource),
		cmocka_unit_test(maps_functions_that_a_model_calls),
		cmocka_unit_test(takes_canonical_paths_as_they_are),
		cmocka_unit_test(refuses_paths_that_are_not_canonical),
		cmocka_unit_test(refuses_a_path_that_is_not_utf8),
		cmocka_unit_test(refuses_a_path_above_the_limit),
		cmocka_unit_test(refuses_an_argument_that_is_missing_or_no_text),
		cmocka_unit_test(gives_paths_their_lexical_parents),
		cmocka_unit_test(finds_what_is_in_a_namespace),
		cmocka_unit_test(reads_the_context_from_arguments),
		cmocka_unit_test(refuses_arguments_that_are_not_of_the_context),
		cmocka_unit_test(refuses_a_context_that_is_too_large),
		cmocka_unit_test(names_actions_both_ways),
		cmocka_unit_test(gives_the_principal_its_groups_each_once),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
