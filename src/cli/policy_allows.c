/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy.h"

#include <stdio.h>

#include "cli/policy_example.h"
#include "cli/policy_files.h"
#include "cli/state.h"
#include "os/memory.h"

constexpr int go_on = -1;

static const struct fh_option options[] = {
	{ "schema", 0, false, "FILE", "the Cedar schema of FILE" },
	{ "entities", 0, false, "FILE", "entities that FILE lists, as Cedar's JSON" },
};

static const struct fh_usage usage = {
	.verb = "policy allows",
	.operands = "[FILE]",
	.summary = "Says what a policy could ever allow",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = 1,
	.text = "Without FILE, the policy in force.\n"
		"For each action, principal's type and resource's type: nothing or everything\n"
		"(proved for all requests), something (with a request that is allowed), or\n"
		"cannot tell; and which permits apply, with their limits.\n"
		"Exit status 0: something could be allowed, or that is not known.  1: nothing.\n",
	.examples = "  freehold policy allows policy.cedar --schema schema.cedarschema\n",
};

struct telling {
	const struct fh_cli *cli;
	struct fh_policy_set set;
	bool some;  /* something is allowed somewhere, or that is not known */
	const char *comma;
};

/* How much is allowed.  */
static const char *extent(const struct fh_allowance *x, int w)
{
	if (x->in[w].allowed == FH_FOUND_NONE)
		return "nothing";
	if (x->in[w].allowed == FH_FOUND_UNKNOWN)
		return "cannot tell";
	return x->in[w].refused == FH_FOUND_NONE ? "everything" : "something";
}

/* In circumstances W as much is allowed as usually, as far as a word tells.  */
static bool as_usual(const struct fh_allowance *x, int w)
{
	return x->in[w].allowed == x->in[FH_WHEN_USUAL].allowed &&
	       x->in[w].refused == x->in[FH_WHEN_USUAL].refused;
}

/* --- permits ------------------------------------------------------------------- */

static const char *const limits[] = { "quota", "budget", "fallback", "retain" };

static void print_permit(const struct fh_policy *p)
{
	printf("    permit ");
	fh_print_string(p->id);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct fh_annotation *a = fh_policy_annotation(p, fh_span_str(limits[i]));

		if (a == nullptr)
			continue;
		printf(" @%s", limits[i]);
		if (!a->bare) {
			printf("(");
			fh_print_string(a->value);
			printf(")");
		}
	}
	printf("\n");
}

static void permit_json(const struct fh_policy *p)
{
	printf("{\"policy\":");
	fh_print_string(p->id);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct fh_annotation *a = fh_policy_annotation(p, fh_span_str(limits[i]));

		if (a == nullptr)
			continue;
		printf(",\"%s\":", limits[i]);
		if (a->bare)
			printf("true");
		else
			fh_print_string(a->value);
	}
	printf("}");
}

/* --- environments ---------------------------------------------------------------- */

static void print_text(const struct telling *t, const struct fh_allowance *x)
{
	const struct fh_environment *e = &x->environment;

	printf("%-12s %.*s: %.*s on %.*s\n", extent(x, FH_WHEN_USUAL), (int)e->action.id.n,
	       (const char *)e->action.id.p, (int)e->principal.n, (const char *)e->principal.p,
	       (int)e->resource.n, (const char *)e->resource.p);
	if (x->in[FH_WHEN_USUAL].allowed == FH_FOUND_NONE)
		return;
	if (x->in[FH_WHEN_USUAL].allowed == FH_FOUND_EXAMPLE)
		fh_example_print("    ", &x->in[FH_WHEN_USUAL].example);
	for (int w = 1; w < FH_WHEN_COUNT; w++) {
		if (as_usual(x, w))
			continue;
		printf("  %s: %s\n", fh_when_text((enum fh_when)w), extent(x, w));
		if (x->in[w].allowed == FH_FOUND_EXAMPLE)
			fh_example_print("    ", &x->in[w].example);
	}
	for (uint32_t i = 0; i < x->permits_n; i++)
		print_permit(&t->set.policies[x->permits[i]]);
}

static void print_json(struct telling *t, const struct fh_allowance *x)
{
	printf("%s{", t->comma);
	fh_environment_json(&x->environment);
	for (int w = 0; w < FH_WHEN_COUNT; w++) {
		printf(",\"%s\":{\"allows\":\"%s\"", fh_when_name((enum fh_when)w),
		       extent(x, w));
		if (x->in[w].allowed == FH_FOUND_EXAMPLE) {
			printf(",\"example\":");
			fh_example_json(&x->in[w].example);
		}
		printf("}");
	}
	printf(",\"permits\":[");
	for (uint32_t i = 0; i < x->permits_n; i++) {
		printf("%s", i == 0 ? "" : ",");
		permit_json(&t->set.policies[x->permits[i]]);
	}
	printf("]}");
	t->comma = ",";
}

static fh_err tell(void *context, const struct fh_allowance *x)
{
	struct telling *t = context;

	t->some |= x->in[FH_WHEN_USUAL].allowed != FH_FOUND_NONE;
	if (t->cli->json)
		print_json(t, x);
	else
		print_text(t, x);
	return FH_ERR_OK;
}

/* --- which policy -------------------------------------------------------------------- */

static int read_set(struct telling *t, const struct fh_arguments *a, struct fh_state *state,
		    struct fh_arena *memory)
{
	const char *schema = fh_argument(a, "schema");
	const struct fh_policy_files files = { a->operands == 0 ? nullptr : a->operand[0], schema,
					       fh_argument(a, "entities") };

	if ((a->operands == 0) != (schema == nullptr))
		return fh_usage_error(&usage, "FILE and --schema FILE go together");
	return a->operands == 0 ? fh_policy_held_check(t->cli, state, memory, &t->set)
				: fh_policy_files_check(&files, memory, &t->set);
}

int fh_policy_allows(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_arena) work = { 0 };
	struct telling t = { .cli = cli, .comma = "" };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_arena_map(FH_POLICY_ARENA + 3 * FH_POLICY_TEXT_MAX, &memory);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_ANALYSIS_ARENA, &work);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "policy", nullptr, nullptr);
	done = read_set(&t, &a, &state, &memory);
	if (done != go_on)
		return done;
	if (cli->json)
		printf("{\"environments\":[");
	e = fh_policy_allowances(&t.set, &work, tell, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "policy", "the policy could not be analysed", nullptr);
	if (cli->json)
		printf("],\"verdict\":\"%s\"}\n", t.some ? "yes" : "no");
	return t.some ? FH_EXIT_YES : FH_EXIT_NO;
}
