/* SPDX-License-Identifier: Apache-2.0 */
/* Cedar's integration tests: policies, entities, a schema and requests, with what
 * Cedar says about them.
 *
 *	cedar-corpus DIR
 *	cedar-corpus ARCHIVE.tar.xz
 *
 * runs every test below DIR, or in the archive; the paths in a test are relative to
 * DIR (or name files beside the test), and policies may be a set in JSON.  Prints
 * "FAIL name: why", how many checks of which kind were made, and last
 * "N passed, N failed, N skipped", counting tests.  */
#include <dirent.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "policy/authorize.h"
#include "policy/conform.h"
#include "policy/entities_json.h"
#include "policy/est.h"
#include "policy/format.h"
#include "policy/policies.h"
#include "policy/validate.h"
#include "policy/value_json.h"

#include "fixture/remove.h"

constexpr size_t arena_size = 256 << 20;
constexpr size_t path_max = 4096;
constexpr int directories_max = 16;

enum check {
	CHECK_PARSE,
	CHECK_DECISION,
	CHECK_REASONS,
	CHECK_ERRORS,
	CHECK_JSON,
	CHECK_FORMAT,
	CHECK_REFUSED,
	CHECK_VALID,
	CHECK_CONFORMS,
	CHECKS,
};

static const char *const check_names[CHECKS] = { "texts read", "decisions", "reasons", "errors",
						 "answers of the policies through JSON",
						 "texts laid out",
						 "refusals", "validations",
						 "requests that conform" };

struct runner {
	const char *dir;
	struct fh_arena arena;
	struct fh_trace trace;
	size_t made[CHECKS];
	size_t passed;
	size_t failed;
	const char *file; /* of the test that runs */
	bool wrong;       /* whether it failed already */
};

/* One test.  */
struct test {
	struct fh_schema schema;  /* if it has one */
	bool has_schema;
	struct fh_json_document document;
	struct fh_policies policies;
	struct fh_policies again; /* the same, written as JSON and read */
	struct fh_rules rules;    /* of both */
	struct fh_rules rules_again;
	struct fh_entities entities;
	struct fh_entity_source source;
};

static void fail(struct runner *r, const char *why, const char *detail)
{
	if (!r->wrong)
		printf("FAIL %s: %s%s%s\n", r->file, why, detail[0] == '\0' ? "" : ": ", detail);
	r->wrong = true;
}

static void fail_trace(struct runner *r, const char *why)
{
	char detail[1024];

	(void)snprintf(detail, sizeof(detail), "%s: %s; %s", r->trace.where, r->trace.what,
		       r->trace.cure);
	fail(r, why, detail);
}

static bool read_file(struct runner *r, const char *path, struct fh_span *out)
{
	FILE *f = fopen(path, "rbe");
	size_t cap = r->arena.cap - r->arena.n, room = cap < (64 << 20) ? cap : 64 << 20;
	void *p = fh_arena_space(&r->arena, room);

	if (f == nullptr)
		return false;
	*out = fh_span_of(p, p == nullptr ? 0 : fread(p, 1, room, f));
	r->arena.n -= room - (out->n + 15) / 16 * 16;
	return fclose(f) == 0 && p != nullptr && out->n < room;
}

/* The file that the member NAME of the test names.  */
static bool read_member(struct runner *r, const struct fh_json *test, const char *name,
			struct fh_span *out)
{
	const struct fh_json *m = fh_json_member(test, name);
	char path[path_max];

	if (m == nullptr || m->kind != FH_JSON_STRING)
		return false;
	const char *text = (const char *)m->text.p;
	const char *base = text + m->text.n;
	const char *slash = strrchr(r->file, '/');

	(void)snprintf(path, sizeof(path), "%s/%.*s", r->dir, (int)m->text.n, text);
	if (read_file(r, path, out))
		return true;
	while (base > text && base[-1] != '/')
		base--;
	(void)snprintf(path, sizeof(path), "%.*s/%.*s",
		       slash == nullptr ? 1 : (int)(slash - r->file),
		       slash == nullptr ? "." : r->file, (int)(text + m->text.n - base), base);
	return read_file(r, path, out);
}

static bool lists(const struct fh_json *ids, struct fh_span id)
{
	for (const struct fh_json *i = ids->first; i != nullptr; i = i->next) {
		if (i->kind == FH_JSON_STRING && fh_span_equal(i->text, id))
			return true;
	}
	return false;
}

/* A test, or a request of it, may say that something is refused: NAME is false.  */
static bool says_no(const struct fh_json *j, const char *name)
{
	const struct fh_json *m = fh_json_member(j, name);

	return m != nullptr && m->kind == FH_JSON_BOOL && !m->boolean;
}

static bool is_list(const struct fh_json *j)
{
	return j != nullptr && j->kind == FH_JSON_ARRAY;
}

static void check_answer(struct runner *r, const struct fh_json *request, const char *what,
			 const struct fh_response *answer)
{
	const struct fh_json *decision = fh_json_member(request, "decision");
	const struct fh_json *reasons = fh_json_member(request, "reason");
	const struct fh_json *errors = fh_json_member(request, "errors");

	if (decision == nullptr || !is_list(reasons) || !is_list(errors)) {
		fail(r, "the test lacks an answer", what);
		return;
	}
	if (!fh_span_equal(decision->text, fh_span_str(answer->allowed ? "allow" : "deny")))
		fail(r, answer->allowed ? "allowed" : "denied", what);
	bool same = reasons->n == answer->reasons_n;

	for (size_t i = 0; i < answer->reasons_n; i++)
		same &= lists(reasons, answer->reasons[i]->id);
	if (!same)
		fail(r, "other reasons", what);
	same = errors->n == answer->errors_n;
	for (size_t i = 0; i < answer->errors_n; i++)
		same &= lists(errors, answer->errors[i].policy->id);
	if (!same)
		fail(r, "other errors", what);
}

/* The context, as the schema declares it if the test has one and does not say that the
 * request is not to be checked.  */
static bool read_context(struct runner *r, const struct test *t, const struct fh_json *request,
			 const struct fh_entity_uid *uid, struct fh_value *out)
{
	const struct fh_json *context = fh_json_member(request, "context");
	const struct fh_json *check = fh_json_member(request, "validateRequest");
	uint32_t action;
	fh_err e = FH_ERR_OK;

	if (t->has_schema && (check == nullptr || check->boolean)) {
		r->made[CHECK_CONFORMS]++;
		e = fh_request_check(&t->schema, uid[0], uid[1], uid[2], &action, &r->trace);
		if (e == FH_ERR_OK && context != nullptr)
			e = fh_value_read_as(&t->document, &t->schema, context,
					     t->schema.actions[action].context, out);
	} else if (context != nullptr) {
		e = fh_json_record(&t->document, context, out);
	}
	if (says_no(request, "conforms")) {
		if (e == FH_ERR_OK)
			fail(r, "the request conforms", "");
		return false;
	}
	if (e != FH_ERR_OK)
		fail_trace(r, "request");
	return e == FH_ERR_OK;
}

/* The request of the test, and what the trace would call it; false if it is no
 * request.  */
static bool read_request(struct runner *r, const struct test *t, const struct fh_json *request,
			 struct fh_evaluation *v)
{
	static const char *const names[] = { "principal", "action", "resource" };
	struct fh_value value = fh_value_none();
	struct fh_entity_uid uid[3];

	for (size_t i = 0; i < 3; i++) {
		const struct fh_json *m = fh_json_member(request, names[i]);

		if (m == nullptr || fh_json_entity(&t->document, m, &uid[i]) != FH_ERR_OK) {
			fail_trace(r, names[i]);
			return false;
		}
	}
	if (!read_context(r, t, request, uid, &value))
		return false;
	fh_err e = fh_evaluation_begin(v, uid[0], uid[1], uid[2], value, &t->source, &r->arena);

	if (e != FH_ERR_OK)
		fail(r, "no answer", fh_err_text(e));
	return e == FH_ERR_OK;
}

static void ask(struct runner *r, const struct fh_rules *rules, struct fh_evaluation *v,
		const struct fh_json *request, const char *what)
{
	struct fh_response answer;
	fh_err e = fh_authorize(rules, v, &r->arena, &answer);

	if (e != FH_ERR_OK)
		fail(r, "no answer", fh_err_text(e));
	else
		check_answer(r, request, what, &answer);
}

static void run_request(struct runner *r, const struct test *t, const struct fh_json *request)
{
	const struct fh_json *description = fh_json_member(request, "description");
	struct fh_evaluation v;
	char what[256] = "";

	if (description != nullptr && description->kind == FH_JSON_STRING)
		(void)snprintf(what, sizeof(what), "%.*s", fh_shown(description->text),
			       (const char *)description->text.p);
	if (!read_request(r, t, request, &v))
		return;
	ask(r, &t->rules, &v, request, what);
	r->made[CHECK_DECISION]++;
	r->made[CHECK_REASONS]++;
	r->made[CHECK_ERRORS]++;
	ask(r, &t->rules_again, &v, request, "policies through JSON");
	r->made[CHECK_JSON]++;
}

/* Writes the policies as JSON and reads that.  */
static bool through_json(struct runner *r, struct test *t)
{
	constexpr size_t room = 1 << 20;
	struct fh_builder b = fh_builder_of(fh_arena_space(&r->arena, room), room);
	struct fh_span json;

	fh_est_write(&b, &t->policies);
	if (b.p == nullptr || fh_builder_end(&b, &json) != FH_ERR_OK) {
		fail(r, "the policies do not fit as JSON", "");
		return false;
	}
	if (fh_est_read(json, room, "policies", &r->arena, &t->again, &r->trace) != FH_ERR_OK) {
		fail_trace(r, "policies through JSON");
		return false;
	}
	return true;
}

static bool names_json(struct fh_span name)
{
	return name.n > 5 && memcmp(name.p + name.n - 5, ".json", 5) == 0;
}

/* Reads the policies TEXT, written as Cedar or, if the test names a file so, as JSON.  */
static fh_err read_policies(struct runner *r, const struct fh_json *json, struct fh_span text,
			    struct fh_policies *out)
{
	fh_err (*read)(struct fh_span, size_t, const char *, struct fh_arena *,
		       struct fh_policies *, struct fh_trace *) =
		names_json(fh_json_member(json, "policies")->text) ? fh_est_read
								    : fh_policies_parse;

	return read(text, FH_ENTITIES_JSON_MAX, "policies", &r->arena, out, &r->trace);
}

/* The text TEXT laid out, in *OUT.  */
static bool lay_out(struct runner *r, struct fh_span text, size_t room, struct fh_span *out)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(&r->arena, room), room);

	return b.p != nullptr && fh_policy_format(text, &r->arena, &b, &r->trace) == FH_ERR_OK
	       && fh_builder_end(&b, out) == FH_ERR_OK;
}

/* Laid out, policies are the same, and laid out once more the same text.  */
static void through_format(struct runner *r, const struct fh_json *json, struct fh_span text,
			   const struct fh_policies *policies)
{
	constexpr size_t room = 1 << 20;
	struct fh_builder b[2];
	struct fh_policies again;
	struct fh_span once, twice;

	if (names_json(fh_json_member(json, "policies")->text))
		return;
	r->made[CHECK_FORMAT]++;
	if (!lay_out(r, text, room, &once) || !lay_out(r, once, room, &twice)
	    || read_policies(r, json, once, &again) != FH_ERR_OK) {
		fail_trace(r, "the policies are not laid out");
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		b[i] = fh_builder_of(fh_arena_space(&r->arena, room), room);
		fh_est_write(&b[i], i == 0 ? policies : &again);
	}
	if (!fh_span_equal(fh_builder_span(&b[0]), fh_builder_span(&b[1])))
		fail(r, "other policies when laid out", "");
	if (!fh_span_equal(once, twice))
		fail(r, "another text when laid out again", "");
}

/* A test may say that its policies are none: "policiesParse": false.  */
static void check_refused(struct runner *r, const struct fh_json *json, struct fh_span policies)
{
	struct fh_policies all;

	r->made[CHECK_REFUSED]++;
	if (read_policies(r, json, policies, &all) == FH_ERR_OK)
		fail(r, "the policies are accepted", "");
}

/* Reads the entities TEXT.  What does not conform to the schema is refused, if the test
 * says so; then it has no requests.  */
static bool prepare_entities(struct runner *r, const struct fh_json *json, struct fh_span text,
			     struct test *t)
{
	fh_err e = fh_entities_read_as(text, "entities", t->has_schema ? &t->schema : nullptr,
				       &r->arena, &t->entities, &r->trace);

	if (says_no(json, "entitiesConform")) {
		if (e == FH_ERR_OK)
			fail(r, "the entities conform", "");
	} else if (e != FH_ERR_OK) {
		fail_trace(r, "entities");
	}
	return !r->wrong;
}

static bool prepare(struct runner *r, const struct fh_json *json, struct test *t)
{
	const struct fh_json *parses = fh_json_member(json, "policiesParse");
	struct fh_span policies, entities;

	if (!read_member(r, json, "policies", &policies) ||
	    !read_member(r, json, "entities", &entities)) {
		fail(r, "a file of the test cannot be read", "");
		return false;
	}
	if (parses != nullptr && !parses->boolean) {
		check_refused(r, json, policies);
		return false;
	}
	r->made[CHECK_PARSE] += 2;
	if (read_policies(r, json, policies, &t->policies) != FH_ERR_OK) {
		fail_trace(r, "policies");
		return false;
	}
	if (!prepare_entities(r, json, entities, t))
		return false;
	t->source = fh_entities_source(&t->entities);
	if (!through_json(r, t))
		return false;
	through_format(r, json, policies, &t->policies);
	if (fh_rules_compile(&t->policies, &r->arena, &t->rules) != FH_ERR_OK ||
	    fh_rules_compile(&t->again, &r->arena, &t->rules_again) != FH_ERR_OK) {
		fail(r, "the policies are not compiled", "");
		return false;
	}
	return true;
}

/* Reads the schema, if the test has one.  */
static bool prepare_schema(struct runner *r, const struct fh_json *json, struct test *t)
{
	const struct fh_json *name = fh_json_member(json, "schema");
	struct fh_span text;

	t->has_schema = name != nullptr;
	if (name == nullptr)
		return true;
	if (!read_member(r, json, "schema", &text)) {
		fail(r, "the schema cannot be read", "");
		return false;
	}
	r->made[CHECK_PARSE]++;
	fh_err e = (names_json(name->text) ? fh_schema_read_json : fh_schema_read)(
		text, FH_CEDAR_TEXT_MAX, "schema", &r->arena, &t->schema, &r->trace);

	if (says_no(json, "schemaParses")) {
		r->made[CHECK_REFUSED]++;
		if (e == FH_ERR_OK)
			fail(r, "the schema is accepted", "");
		return false;
	}
	if (e != FH_ERR_OK)
		fail_trace(r, "schema");
	return e == FH_ERR_OK;
}

/* Whether the policies are valid is as the test says.  */
static void check_validation(struct runner *r, const struct fh_json *json, const struct test *t)
{
	const struct fh_json *want = fh_json_member(json, "shouldValidate");
	const struct fh_lexer lex = { .text_name = "policies", .trace = &r->trace };
	struct fh_validation v;
	fh_err e = FH_ERR_OK;

	if (!t->has_schema || want == nullptr)
		return;
	r->made[CHECK_VALID]++;
	fh_validation_begin(&v, &t->schema, &r->arena, &lex);
	for (size_t i = 0; e == FH_ERR_OK && i < t->policies.n; i++) {
		const uint32_t *actions;
		bool idle;

		e = fh_policy_validate(&v, &t->policies.list[i], &actions, &idle);
	}
	if (e != FH_ERR_OK && want->boolean)
		fail_trace(r, "the policies are not valid");
	if (e == FH_ERR_OK && !want->boolean)
		fail(r, "the policies are valid", "");
}

static void run_test(struct runner *r, const struct fh_json *json, const struct test *t)
{
	const struct fh_json *requests = fh_json_member(json, "requests");
	size_t taken = r->arena.n;

	if (!is_list(requests)) {
		fail(r, "the test has no requests", "");
		return;
	}
	for (const struct fh_json *q = requests->first; q != nullptr; q = q->next) {
		r->arena.n = taken;
		run_request(r, t, q);
	}
}

/* A file that is no test (entities, say) is passed over.  */
static void run_file(struct runner *r, const char *path)
{
	static const struct fh_json_limits limits = { 64 << 20, FH_CEDAR_JSON_DEPTH_MAX };
	const struct fh_json *json;
	struct fh_span text;
	struct test t = { 0 };

	fh_arena_reset(&r->arena);
	r->file = path;
	r->wrong = false;
	if (!read_file(r, path, &text))
		fail(r, "cannot be read", "");
	else if (fh_json_tree(text, &limits, "test", &r->arena, &json, &r->trace) != FH_ERR_OK)
		fail_trace(r, "is no JSON");
	else if (fh_json_member(json, "requests") == nullptr)
		return;
	t.document = (struct fh_json_document){ "test", &r->arena, &r->trace };
	if (!r->wrong && prepare_schema(r, json, &t) && prepare(r, json, &t)) {
		check_validation(r, json, &t);
		run_test(r, json, &t);
	}
	r->passed += !r->wrong;
	r->failed += r->wrong;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static void run_directory(struct runner *r, const char *dir, int depth)
{
	struct dirent **entry;
	int n = depth > directories_max ? -1 : scandir(dir, &entry, nullptr, alphasort);

	if (n < 0) {
		r->file = dir;
		r->wrong = false;
		fail(r, "the directory cannot be read", "");
		r->failed++;
	}
	for (int i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;
		char path[path_max];
		struct stat s;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (name[0] != '.' && stat(path, &s) == 0) {
			if (S_ISDIR(s.st_mode))
				run_directory(r, path, depth + 1);
			else if (ends_with(name, ".json"))
				run_file(r, path);
		}
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

/* Unpacks ARCHIVE into the directory DIR.  */
static bool unpack(char *archive, char *dir)
{
	char program[] = "python3", module[] = "-m", name[] = "tarfile", how[] = "-e";
	char *const arguments[] = { program, module, name, how, archive, dir, nullptr };
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments, environ) != 0)
		return false;
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void run_archive(struct runner *r, char *archive)
{
	char dir[] = "/tmp/cedar-corpus-XXXXXX";

	r->file = archive;
	r->dir = mkdtemp(dir);
	if (r->dir == nullptr || !unpack(archive, dir)) {
		fail(r, "cannot be unpacked", "");
		r->failed++;
	} else {
		run_directory(r, r->dir, 0);
	}
	if (r->dir != nullptr)
		fh_fixture_remove(dir);
}

int main(int argc, char **argv)
{
	struct runner r = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: cedar-corpus DIR\n");
		return 2;
	}
	void *memory = malloc(arena_size);

	if (memory == nullptr) {
		fprintf(stderr, "freehold: cedar-corpus: out of memory\n");
		return 2;
	}
	r.dir = argv[1];
	r.arena = fh_arena_of(memory, arena_size);
	if (ends_with(argv[1], ".tar.xz"))
		run_archive(&r, argv[1]);
	else
		run_directory(&r, r.dir, 0);
	free(memory);
	for (size_t i = 0; i < CHECKS; i++)
		printf("%zu %s%s", r.made[i], check_names[i], i + 1 < CHECKS ? ", " : "\n");
	printf("%zu passed, %zu failed, 0 skipped\n", r.passed, r.failed);
	return r.failed == 0 && r.passed > 0 ? 0 : 1;
}
