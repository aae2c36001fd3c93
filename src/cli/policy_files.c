/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_files.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/excerpt.h"
#include "os/file.h"

constexpr int go_on = -1;

int fh_policy_files_read(const struct fh_policy_files *f, struct fh_arena *memory,
			 struct fh_policy_body *out)
{
	fh_err e = fh_file_read(f->cedar, FH_POLICY_TEXT_MAX, memory, &out->cedar);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, f->cedar, nullptr, "give a file with Cedar policies");
	e = fh_file_read(f->schema, FH_POLICY_TEXT_MAX, memory, &out->schema);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, f->schema, nullptr, "give a file with a Cedar schema");
	if (f->entities == nullptr)
		return go_on;
	e = fh_file_read(f->entities, FH_POLICY_TEXT_MAX, memory, &out->entities);
	if (e == FH_ERR_OK && out->entities.n == 0)
		e = FH_ERR_FORMAT;
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, f->entities, nullptr,
				   "give a file with a JSON list of entities");
	return go_on;
}

void fh_policy_files_tell(const struct fh_policy_files *f, const struct fh_policy_body *p,
			  fh_err e, const struct fh_trace *t)
{
	bool in_schema = strncmp(t->where, "schema", strlen("schema")) == 0;
	bool in_entities = strncmp(t->where, "entities", strlen("entities")) == 0;
	const char *file = in_schema ? f->schema : in_entities ? f->entities : f->cedar;
	const char *place = strchr(t->where, ':');
	char where[FH_PATH_MAX];

	(void)snprintf(where, sizeof(where), "%s%s", file, place == nullptr ? "" : place);
	(void)fh_cli_fail(e, where, t->what, t->cure);
	fh_excerpt(in_schema ? p->schema : in_entities ? p->entities : p->cedar, t->where);
}

int fh_policy_files_check(const struct fh_policy_files *f, struct fh_arena *memory,
			  struct fh_policy_set *out)
{
	struct fh_policy_body p = { 0 };
	struct fh_trace t = { 0 };
	int done = fh_policy_files_read(f, memory, &p);

	if (done != go_on)
		return done;
	fh_err e = fh_policy_check_all(p.cedar, p.schema, p.entities, memory, out, &t);

	if (e == FH_ERR_OK)
		return go_on;
	if (e == FH_ERR_NOMEM)
		return fh_cli_fail(e, f->cedar, nullptr, nullptr);
	fh_policy_files_tell(f, &p, e, &t);
	return FH_EXIT_COULD_NOT;
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
