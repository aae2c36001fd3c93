/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_files.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/excerpt.h"
#include "cli/policy_example.h"
#include "os/file.h"

constexpr int go_on = -1;

int fh_policy_file_read(const char *path, size_t max, const char *cure, struct fh_arena *memory,
			struct fh_span *out)
{
	fh_err e = fh_file_read(path, max, memory, out);
	char what[64];

	if (e == FH_ERR_OK)
		return go_on;
	if (e != FH_ERR_LIMIT)
		return fh_cli_fail(e, path, nullptr, cure);
	(void)snprintf(what, sizeof(what), "it has more than %zu bytes", max);
	return fh_cli_fail(e, path, what, "make it shorter, or split it");
}

int fh_policy_files_read(const struct fh_policy_files *f, struct fh_arena *memory,
			 struct fh_policy_body *out)
{
	static const char entities[] = "give a file with a JSON list of entities";
	int done = fh_policy_file_read(f->cedar, FH_POLICY_TEXT_MAX,
				       "give a file with Cedar policies", memory, &out->cedar);

	if (done == go_on)
		done = fh_policy_file_read(f->schema, FH_POLICY_TEXT_MAX,
					   "give a file with a Cedar schema", memory,
					   &out->schema);
	if (done != go_on || f->entities == nullptr)
		return done;
	done = fh_policy_file_read(f->entities, FH_POLICY_TEXT_MAX, entities, memory,
				   &out->entities);
	if (done == go_on && out->entities.n == 0)
		return fh_cli_fail(FH_ERR_FORMAT, f->entities, nullptr, entities);
	return done;
}

/* T is about the text called NAME.  */
static bool is_in(const struct fh_trace *t, const char *name)
{
	return strncmp(t->where, name, strlen(name)) == 0;
}

/* The place that T names, with the name of the file.  */
static void file_place(const struct fh_policy_files *f, const struct fh_trace *t, char *out,
		       size_t cap)
{
	const char *file = is_in(t, "schema") ? f->schema
			   : is_in(t, "entities") ? f->entities
						  : f->cedar;
	const char *place = strchr(t->where, ':');

	(void)snprintf(out, cap, "%s%s", file, place == nullptr ? "" : place);
}

void fh_policy_files_tell(const struct fh_policy_files *f, const struct fh_policy_body *p,
			  fh_err e, const struct fh_trace *t)
{
	char where[FH_PATH_MAX];

	file_place(f, t, where, sizeof(where));
	(void)fh_cli_fail(e, where, t->what, t->cure);
	fh_excerpt(is_in(t, "schema")     ? p->schema
		   : is_in(t, "entities") ? p->entities
					  : p->cedar,
		   t->where);
}

void fh_policy_problems_json(const struct fh_policy_files *f, const struct fh_problems *list)
{
	printf("[");
	for (size_t i = 0; i < list->n; i++) {
		const struct fh_trace *t = &list->list[i].why;
		char where[FH_PATH_MAX];

		file_place(f, t, where, sizeof(where));
		printf("%s{\"where\":", i == 0 ? "" : ",");
		fh_print_string(fh_span_str(where));
		printf(",\"what\":");
		fh_print_string(fh_span_str(t->what));
		printf(",\"cure\":");
		fh_print_string(fh_span_str(t->cure));
		printf("}");
	}
	printf("]");
}

int fh_policy_texts_check(const struct fh_policy_files *f, const struct fh_policy_body *p,
			  struct fh_arena *memory, struct fh_policy_set *out,
			  struct fh_problems *problems)
{
	*problems = (struct fh_problems){ 0 };
	fh_err e = fh_policy_check_problems(p->cedar, p->schema, p->entities, memory, out,
					    problems);

	if (e == FH_ERR_OK)
		return go_on;
	if (problems->n == 0)
		return fh_cli_fail(e, f->cedar, nullptr, nullptr);
	for (size_t i = 0; i < problems->n; i++)
		fh_policy_files_tell(f, p, problems->list[i].e, &problems->list[i].why);
	if (problems->total > problems->n)
		fprintf(stderr, "freehold: %s: there are more; correct these first\n", f->cedar);
	return FH_EXIT_NO;
}

int fh_policy_files_check(const struct fh_policy_files *f, struct fh_arena *memory,
			  struct fh_policy_set *out)
{
	struct fh_policy_body p = { 0 };
	struct fh_problems problems;
	int done = fh_policy_files_read(f, memory, &p);

	if (done == go_on)
		done = fh_policy_texts_check(f, &p, memory, out, &problems);
	return done == FH_EXIT_NO ? FH_EXIT_COULD_NOT : done;
}

int fh_policy_held_check(const struct fh_cli *cli, struct fh_state *state,
			 struct fh_arena *memory, struct fh_policy_set *out)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_state_open(cli, state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	const struct fh_policy_held *p = fh_chain_policy(&state->chain);

	if (p == nullptr)
		return fh_cli_fail(FH_ERR_MISSING, "policy", "no policy is in force: nothing is "
				   "permitted", "name the policy's file");
	e = fh_policy_check_all(p->body.cedar, p->body.schema, p->body.entities, memory, out, &t);
	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, "policy", &t);
}
