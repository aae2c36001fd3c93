/* SPDX-License-Identifier: Apache-2.0 */
/* The official tests of JSON Schema: schemas, instances, and whether they are valid.
 *
 *	json-schema DIR
 *
 * runs every test in every .json file below DIR/tests, or below DIR if there is no such folder.
 * What schemas refer to as http://localhost:1234/PATH is PATH in the folder `remotes` in DIR or the
 * nearest one above it.  Formats are checked in files below a folder `format`, as the tests'
 * README asks, and are annotations elsewhere.  Prints "FAIL name: why", and last
 * "N passed, N failed, N skipped".  */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schema/json_schema.h"

constexpr size_t arena_size = 256 << 20;
constexpr size_t path_max = 4096;
constexpr size_t others_max = 1024;
constexpr int folders_max = 16;
constexpr size_t file_max = 16 << 20;

static const struct fh_json_limits limits = { file_max, 128 };

struct runner {
	struct fh_arena kept;  /* the other documents */
	struct fh_arena arena; /* one file of tests */
	struct fh_json_schema_source other[others_max];
	size_t others;
	size_t passed;
	size_t failed;
};

static bool read_json(struct fh_arena *a, const char *path, const struct fh_json **out)
{
	FILE *f = fopen(path, "rbe");
	struct stat s;
	struct fh_trace t = { 0 };

	if (f == nullptr)
		return false;
	size_t n = fstat(fileno(f), &s) == 0 && s.st_size < (off_t)file_max ? (size_t)s.st_size : 0;
	void *p = fh_arena_space(a, n);
	bool good = p != nullptr && fread(p, 1, n, f) == n &&
		    fh_json_tree(fh_span_of(p, n), &limits, path, a, out, &t) == FH_ERR_OK;

	if (!good)
		printf("FAIL %s: %s: %s\n", path, t.where, t.what);
	return fclose(f) == 0 && good;
}

/* Calls VISIT for each .json file below PATH, in the order of their names.  */
static void walk(struct runner *r, const char *path, int depth,
		 void (*visit)(struct runner *, const char *))
{
	struct dirent **list = nullptr;
	int n = depth < folders_max ? scandir(path, &list, nullptr, alphasort) : -1;

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		size_t length = strlen(name);
		char below[path_max];
		struct stat s;

		(void)snprintf(below, sizeof(below), "%s/%s", path, name);
		if (name[0] == '.' || stat(below, &s) != 0)
			;
		else if (S_ISDIR(s.st_mode))
			walk(r, below, depth + 1, visit);
		else if (length > 5 && strcmp(&name[length - 5], ".json") == 0)
			visit(r, below);
		free(list[i]);
	}
	free(list);
}

static void add_other(struct runner *r, const char *path)
{
	const char *below = strstr(path, "/remotes/");
	struct fh_json_schema_source *made = &r->other[r->others];
	char uri[path_max];

	for (const char *next = below; next != nullptr; next = strstr(&below[1], "/remotes/"))
		below = next;
	(void)snprintf(uri, sizeof(uri), "http://localhost:1234/%s", &below[9]);
	if (r->others == others_max || !read_json(&r->kept, path, &made->root) ||
	    fh_arena_copy(&r->kept, fh_span_str(uri), &made->uri) != FH_ERR_OK)
		r->failed++;
	else
		r->others++;
}

static struct fh_span text_of(const struct fh_json *j, const char *name)
{
	const struct fh_json *m = fh_json_member(j, name);

	return m != nullptr && m->kind == FH_JSON_STRING ? m->text : FH_SPAN_LIT("(no name)");
}

static void fail(struct runner *r, const char *path, const struct fh_json *group,
		 const struct fh_json *test, const char *why, const struct fh_trace *t)
{
	struct fh_span g = text_of(group, "description"), one = text_of(test, "description");

	printf("FAIL %s: %.*s: %.*s: %s: %s: %s\n", path, (int)g.n, (const char *)g.p, (int)one.n,
	       (const char *)one.p, why, t->where, t->what);
	r->failed++;
}

static void run_test(struct runner *r, const char *path, const struct fh_json *group,
		     const struct fh_json *test, const struct fh_json_schema *schema)
{
	const struct fh_json *instance = fh_json_member(test, "data");
	const struct fh_json *wanted = fh_json_member(test, "valid");
	struct fh_trace t = { 0 };
	bool valid;

	if (instance == nullptr || wanted == nullptr || wanted->kind != FH_JSON_BOOL)
		fail(r, path, group, test, "no test", &t);
	else if (fh_json_schema_check(schema, instance, &r->arena, &valid, nullptr,
				      &t) != FH_ERR_OK)
		fail(r, path, group, test, "could not be checked", &t);
	else if (valid != wanted->boolean)
		fail(r, path, group, test, valid ? "valid" : "not valid", &t);
	else
		r->passed++;
}

static void run_group(struct runner *r, const char *path, const struct fh_json *group)
{
	const struct fh_json_schema_options options = {
		.others = r->other,
		.others_n = r->others,
		.formats = strstr(path, "/format/") != nullptr,
	};
	const struct fh_json *schema = fh_json_member(group, "schema");
	const struct fh_json *tests = fh_json_member(group, "tests");
	const struct fh_json_schema *read = nullptr;
	struct fh_trace t = { 0 };
	size_t taken = r->arena.n;

	if (schema == nullptr || tests == nullptr || tests->kind != FH_JSON_ARRAY) {
		fail(r, path, group, group, "no group of tests", &t);
		return;
	}
	fh_err e = fh_json_schema_read(schema, &options, &r->arena, &read, &t);

	for (const struct fh_json *i = tests->first; i != nullptr; i = i->next) {
		if (e == FH_ERR_OK)
			run_test(r, path, group, i, read);
		else
			fail(r, path, group, i, "the schema is refused", &t);
	}
	r->arena.n = taken;
}

static void run_file(struct runner *r, const char *path)
{
	const struct fh_json *groups = nullptr;

	fh_arena_reset(&r->arena);
	if (!read_json(&r->arena, path, &groups) || groups->kind != FH_JSON_ARRAY) {
		r->failed++;
		return;
	}
	for (const struct fh_json *g = groups->first; g != nullptr; g = g->next)
		run_group(r, path, g);
}

/* The folder `remotes` in DIR or above it.  */
static void add_others(struct runner *r, const char *dir)
{
	char path[path_max], whole[path_max];
	struct stat s;

	if (realpath(dir, whole) == nullptr)
		return;
	for (char *end = &whole[strlen(whole)]; end != nullptr; end = strrchr(whole, '/')) {
		*end = '\0';
		(void)snprintf(path, sizeof(path), "%.*s/remotes", (int)(path_max - 16), whole);
		if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) {
			walk(r, path, 0, add_other);
			return;
		}
	}
}

int main(int argc, char **argv)
{
	struct runner *r = calloc(1, sizeof(*r));
	char path[path_max];
	struct stat s;

	if (argc != 2 || r == nullptr) {
		(void)fprintf(stderr, "usage: json-schema DIR\n");
		return 64;
	}
	r->kept = fh_arena_of(malloc(arena_size), arena_size);
	r->arena = fh_arena_of(malloc(arena_size), arena_size);
	if (r->kept.p == nullptr || r->arena.p == nullptr)
		return 2;
	add_others(r, argv[1]);
	(void)snprintf(path, sizeof(path), "%s/tests", argv[1]);
	walk(r, stat(path, &s) == 0 ? path : argv[1], 0, run_file);
	printf("%zu passed, %zu failed, 0 skipped\n", r->passed, r->failed);
	return r->failed == 0 && r->passed > 0 ? 0 : 1;
}
