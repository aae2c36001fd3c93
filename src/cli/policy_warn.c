/* SPDX-License-Identifier: Apache-2.0 */
/* Limits that say less than they seem to.  */
#include <stdio.h>

#include "cli/excerpt.h"
#include "cli/policy_example.h"
#include "cli/policy_files.h"
#include "os/memory.h"

constexpr int go_on = -1;

struct warning {
	const struct fh_cli *cli;
	const struct fh_policy_files *files;
	const struct fh_policy_body *texts;
	const struct fh_policy_set *set;
	const char *comma;
};

static const char *name_of(enum fh_idle_limit what)
{
	static const char *const name[] = { "quota", "lease", "budgets", "functions" };

	return name[what];
}

/* Where it stands: the @quota, or else the policy.  */
static struct fh_position place_of(const struct fh_policy *p, enum fh_idle_limit what)
{
	const struct fh_annotation *quota = fh_policy_annotation(p, FH_SPAN_LIT("quota"));

	return what == FH_IDLE_LEASE || quota == nullptr ? p->at : quota->at;
}

static void say_why(const struct warning *w, const struct fh_idle *x, struct fh_trace *t)
{
	const struct fh_policy *p = &w->set->policies[x->policy];
	const struct fh_policy *by =
		x->by == UINT32_MAX ? nullptr : &w->set->policies[x->by];
	struct fh_span id = by == nullptr ? FH_SPAN_LIT("others together") : by->id;
	bool many = by == nullptr;

	switch (x->what) {
	case FH_IDLE_QUOTA:
		fh_trace_what(t, "warning: the quota of `%.*s` takes nothing away: `%.*s` permit%s "
			      "without one all that it permits", fh_shown(p->id),
			      (const char *)p->id.p, fh_shown(id), (const char *)id.p,
			      many ? "" : "s");
		fh_trace_cure(t, "give %s a quota, too, or let %s permit less",
			      many ? "them" : "that one", many ? "them" : "it");
		break;
	case FH_IDLE_LEASE:
		fh_trace_what(t, "warning: the end of the lease takes nothing of `%.*s` away: "
			      "`%.*s` permit%s all of it as @fallback", fh_shown(p->id),
			      (const char *)p->id.p, fh_shown(id), (const char *)id.p,
			      many ? "" : "s");
		fh_trace_cure(t, "let what is @fallback permit less, or mark this one, too");
		break;
	case FH_IDLE_BUDGETS:
		fh_trace_what(t, "warning: the quota of `%.*s` is counted per resource, and "
			      "callers name as many as they like: one of them can use up all "
			      "budgets that it may have, and then requests that need another one "
			      "of it are refused",
			      fh_shown(p->id), (const char *)p->id.p);
		fh_trace_cure(t, "count it per principal, or name the resources");
		break;
	case FH_IDLE_FUNCTIONS:
		fh_trace_what(t, "warning: the quota of `%.*s` does not count functions: whoever "
			      "runs a model asks about their calls and carries them out itself, "
			      "and an answer is charged nothing",
			      fh_shown(p->id), (const char *)p->id.p);
		fh_trace_cure(t, "where calls have to be counted, let them be those of a tool "
			      "(@mcp) and not of a function (@openai)");
		break;
	}
}

static void print_json(struct warning *w, const struct fh_idle *x, const struct fh_trace *t)
{
	struct fh_position at = place_of(&w->set->policies[x->policy], x->what);

	printf("%s{\"limit\":\"%s\",\"line\":%u,\"column\":%u,\"policy\":", w->comma,
	       name_of(x->what), at.line, at.column);
	fh_print_string(w->set->policies[x->policy].id);
	printf(",\"covered_by\":");
	if (x->by == UINT32_MAX)
		printf("null");
	else
		fh_print_string(w->set->policies[x->by].id);
	printf(",\"what\":");
	fh_print_string(fh_span_str(t->what));
	printf("}");
	w->comma = ",";
}

/* The line of what covers it.  */
static void show_cover(const struct warning *w, uint32_t policy)
{
	const struct fh_policy *p = &w->set->policies[policy];
	char where[64];

	fprintf(stderr, "  and this permits it:\n");
	(void)snprintf(where, sizeof(where), "policy:%u:%u", p->at.line, p->at.column);
	fh_excerpt(w->texts->cedar, where);
}

static fh_err tell(void *context, const struct fh_idle *x)
{
	struct warning *w = context;
	struct fh_position at = place_of(&w->set->policies[x->policy], x->what);
	struct fh_trace t = { 0 };

	fh_trace_where(&t, "policy:%u:%u", at.line, at.column);
	say_why(w, x, &t);
	if (w->cli->json) {
		print_json(w, x, &t);
		return FH_ERR_OK;
	}
	fh_policy_files_tell(w->files, w->texts, FH_ERR_CONFLICT, &t);
	if (x->by != UINT32_MAX)
		show_cover(w, x->by);
	return FH_ERR_OK;
}

int fh_policy_warn(const struct fh_cli *cli, const struct fh_policy_files *f,
		   const struct fh_policy_body *p, const struct fh_policy_set *set)
{
	FH_OWN(fh_arena) work = { 0 };
	struct warning w = { cli, f, p, set, "" };
	fh_err e = fh_arena_map(FH_ANALYSIS_ARENA, &work);

	if (cli->json)
		printf("[");
	if (e == FH_ERR_OK)
		e = fh_policy_idle_limits(set, &work, tell, &w);
	if (cli->json)
		printf("]");
	return e == FH_ERR_OK ? go_on
			      : fh_cli_fail(e, f->cedar, "its limits could not be looked at",
					    nullptr);
}
