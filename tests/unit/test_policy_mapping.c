/* SPDX-License-Identifier: Apache-2.0 */
#include "test_policy.h"

#include "base/builder.h"
#include "codec/cbor.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_every_call_of_an_annotation),
		cmocka_unit_test(takes_the_server_when_there_is_no_resource),
		cmocka_unit_test(takes_canonical_paths_as_they_are),
		cmocka_unit_test(refuses_paths_that_are_not_canonical),
		cmocka_unit_test(refuses_a_path_that_is_not_utf8),
		cmocka_unit_test(refuses_a_path_above_the_limit),
		cmocka_unit_test(refuses_an_argument_that_is_missing_or_no_text),
		cmocka_unit_test(gives_paths_their_lexical_parents),
		cmocka_unit_test(gives_the_principal_its_groups_each_once),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
