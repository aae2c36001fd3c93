/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy.h"

#include <stdio.h>

#include "cli/policy_example.h"
#include "cli/policy_files.h"
#include "cli/state.h"
#include "os/memory.h"
#include "policy/analyse_change.h"

constexpr int go_on = -1;

static const struct fh_option options[] = {
	{ "schema", 0, false, "FILE", "the Cedar schema of NEW, and of OLD" },
	{ "old-schema", 0, false, "FILE", "the schema of OLD, if it has another one" },
	{ "entities", 0, false, "FILE", "entities that NEW lists, as Cedar's JSON" },
	{ "old-entities", 0, false, "FILE", "and OLD" },
	{ "changed", 0, false, nullptr, "leave out what is the same" },
};

static const struct fh_usage usage = {
	.verb = "policy diff",
	.operands = "[OLD] NEW",
	.summary = "Says what a policy allows that another one does not, and the reverse",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 2,
	.text = "Without OLD, the policy in force is the old one.\n"
		"For each action, principal's type and resource's type: same (proved for all\n"
		"requests), wider, narrower (each with a request that both policies were asked\n"
		"about), or cannot tell.  Then what limits and tool calls change.\n"
		"Exit status 0: the same, limits and calls included.  1: not so, or not known.\n",
	.examples = "  freehold policy diff old.cedar new.cedar --schema schema.cedarschema\n"
		    "  freehold policy diff new.cedar --schema schema.cedarschema --changed\n",
};

/* The two documents, and how far the answer has come.  */
struct diff {
	const struct fh_cli *cli;
	struct fh_policy_set old;
	struct fh_policy_set new;
	bool changed_only;
	bool differs;     /* in anything, or that is not known */
	const char *comma;
	bool headed;      /* the part has its headline */
};

/* --- environments -------------------------------------------------------------- */

static const char *relation(enum fh_found wider, enum fh_found narrower)
{
	if (wider == FH_FOUND_UNKNOWN || narrower == FH_FOUND_UNKNOWN)
		return "cannot tell";
	if (wider == FH_FOUND_NONE)
		return narrower == FH_FOUND_NONE ? "same" : "narrower";
	return narrower == FH_FOUND_NONE ? "wider" : "wider and narrower";
}

static const char *relation_when(const struct fh_difference *x, int w)
{
	return relation(x->in[w].wider, x->in[w].narrower);
}

static bool is_same(const struct fh_difference *x, int w)
{
	return x->in[w].wider == FH_FOUND_NONE && x->in[w].narrower == FH_FOUND_NONE;
}

/* In circumstances W it is as it is usually.  */
static bool as_usual(const struct fh_difference *x, int w)
{
	return x->in[w].wider == x->in[FH_WHEN_USUAL].wider &&
	       x->in[w].narrower == x->in[FH_WHEN_USUAL].narrower;
}

static void print_examples(const struct fh_difference *x, int w)
{
	if (x->in[w].wider == FH_FOUND_EXAMPLE)
		fh_example_print("    + ", &x->in[w].added);
	if (x->in[w].narrower == FH_FOUND_EXAMPLE)
		fh_example_print("    - ", &x->in[w].removed);
}

static void print_text(const struct diff *d, const struct fh_difference *x)
{
	const struct fh_environment *e = &x->environment;
	bool same = true;

	for (int w = 0; w < FH_WHEN_COUNT; w++)
		same &= is_same(x, w);
	if (same && d->changed_only)
		return;
	printf("%-12s %.*s: %.*s on %.*s\n", relation_when(x, FH_WHEN_USUAL), (int)e->action.id.n,
	       (const char *)e->action.id.p, (int)e->principal.n, (const char *)e->principal.p,
	       (int)e->resource.n, (const char *)e->resource.p);
	if (x->redeclared.n > 0 && !same)
		printf("    the schema declares %.*s otherwise\n", (int)x->redeclared.n,
		       (const char *)x->redeclared.p);
	print_examples(x, FH_WHEN_USUAL);
	for (int w = 1; w < FH_WHEN_COUNT; w++) {
		if (as_usual(x, w))
			continue;
		printf("  %s: %s\n", fh_when_text((enum fh_when)w), relation_when(x, w));
		print_examples(x, w);
	}
}

static void print_json(struct diff *d, const struct fh_difference *x)
{
	printf("%s{", d->comma);
	fh_environment_json(&x->environment);
	for (int w = 0; w < FH_WHEN_COUNT; w++) {
		printf(",\"%s\":{\"relation\":\"%s\"", fh_when_name((enum fh_when)w),
		       relation_when(x, w));
		if (x->in[w].wider == FH_FOUND_EXAMPLE) {
			printf(",\"wider\":");
			fh_example_json(&x->in[w].added);
		}
		if (x->in[w].narrower == FH_FOUND_EXAMPLE) {
			printf(",\"narrower\":");
			fh_example_json(&x->in[w].removed);
		}
		printf("}");
	}
	if (x->redeclared.n > 0) {
		printf(",\"redeclared\":");
		fh_print_string(x->redeclared);
	}
	printf("}");
	d->comma = ",";
}

static fh_err tell_environment(void *context, const struct fh_difference *x)
{
	struct diff *d = context;

	for (int w = 0; w < FH_WHEN_COUNT; w++)
		d->differs |= !is_same(x, w);
	if (d->cli->json)
		print_json(d, x);
	else
		print_text(d, x);
	return FH_ERR_OK;
}

/* --- limits and calls ------------------------------------------------------------- */

/* The headline of a part, before its first line.  */
static void head(struct diff *d, const char *text)
{
	d->differs = true;
	if (!d->headed && !d->cli->json)
		printf("%s\n", text);
	d->headed = true;
}

static void print_note(const struct fh_annotation *a)
{
	if (a == nullptr)
		printf("none");
	else if (a->bare)
		printf("set");
	else
		fh_print_string(a->value);
}

static void note_json(const char *name, const struct fh_annotation *a)
{
	printf(",\"%s\":", name);
	if (a == nullptr)
		printf("null");
	else
		fh_print_string(a->value);
}

static fh_err tell_limit(void *context, const struct fh_limit_change *x)
{
	struct diff *d = context;

	head(d, "Limits:");
	if (d->cli->json) {
		printf("%s{\"policy\":", d->comma);
		fh_print_string(x->id);
		printf(",\"limit\":");
		fh_print_string(x->name);
		note_json("old", x->before);
		note_json("new", x->after);
		printf("}");
		d->comma = ",";
		return FH_ERR_OK;
	}
	printf("  @%.*s of ", (int)x->name.n, (const char *)x->name.p);
	fh_print_string(x->id);
	printf(": was ");
	print_note(x->before);
	printf(", is ");
	print_note(x->after);
	printf("\n");
	return FH_ERR_OK;
}

static void print_action(const struct fh_schema_action *a)
{
	if (a == nullptr) {
		printf("none");
		return;
	}
	fh_print_string(a->uid.id);
	if (a->pointer.n > 0) {
		printf(" on ");
		fh_print_string(a->pointer);
		printf("%s", a->kind == FH_RESOURCE_POSIX_PATH ? " as path" : "");
	}
}

static void action_json(const char *name, const struct fh_schema_action *a)
{
	static const char *const kind[] = { "server", "text", "posix-path" };

	printf(",\"%s\":", name);
	if (a == nullptr) {
		printf("null");
		return;
	}
	printf("{\"action\":");
	fh_print_string(a->uid.id);
	printf(",\"resource\":\"%s\",\"pointer\":", kind[a->kind]);
	fh_print_string(a->pointer);
	printf("}");
}

static fh_err tell_call(void *context, const struct fh_call_change *x)
{
	struct diff *d = context;

	const bool function = x->server.n == 0;

	head(d, "Tool calls:");
	printf(d->cli->json ? "%s{" : "%s  ", d->cli->json ? d->comma : "");
	if (!function) {
		printf(d->cli->json ? "\"server\":" : "");
		fh_print_string(x->server);
	}
	printf("%s", !d->cli->json ? function ? "function " : " "
		     : function	   ? "\"function\":"
				   : ",\"tool\":");
	fh_print_string(x->tool);
	if (d->cli->json) {
		action_json("old", x->before);
		action_json("new", x->after);
		printf("}");
		d->comma = ",";
		return FH_ERR_OK;
	}
	printf(": was ");
	print_action(x->before);
	printf(", is ");
	print_action(x->after);
	printf("\n");
	return FH_ERR_OK;
}

/* --- all of it ---------------------------------------------------------------------- */

static void begin_part(struct diff *d, const char *json)
{
	d->comma = "";
	d->headed = false;
	if (d->cli->json)
		printf("%s", json);
}

static int answer(struct diff *d, struct fh_arena *work)
{
	begin_part(d, "{\"environments\":[");
	fh_err e = fh_policy_differences(&d->old, &d->new, work, tell_environment, d);

	begin_part(d, "],\"limits\":[");
	if (e == FH_ERR_OK)
		e = fh_policy_limit_changes(&d->old, &d->new, tell_limit, d);
	begin_part(d, "],\"calls\":[");
	if (e == FH_ERR_OK)
		e = fh_policy_call_changes(&d->old, &d->new, tell_call, d);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "policy", "the policies could not be compared", nullptr);
	if (d->cli->json)
		printf("],\"verdict\":\"%s\"}\n", d->differs ? "no" : "yes");
	else if (!d->differs && d->changed_only)
		fh_cli_say(d->cli, "nothing changes");
	return d->differs ? FH_EXIT_NO : FH_EXIT_YES;
}

static int read_both(struct diff *d, const struct fh_arguments *a, struct fh_state *state,
		     struct fh_arena *memory)
{
	const char *schema = fh_argument(a, "schema"), *before = fh_argument(a, "old-schema");
	const char *entities = fh_argument(a, "old-entities");
	const struct fh_policy_files new = { a->operand[a->operands - 1], schema,
					     fh_argument(a, "entities") };
	const struct fh_policy_files old = { a->operand[0], before != nullptr ? before : schema,
					     entities };

	if (schema == nullptr)
		return fh_usage_error(&usage, "needs --schema FILE");
	if ((before != nullptr || entities != nullptr) && a->operands == 1)
		return fh_usage_error(&usage, "--old-... is for a policy OLD in a file");
	int done = fh_policy_files_check(&new, memory, &d->new);

	if (done != go_on)
		return done;
	return a->operands == 1 ? fh_policy_held_check(d->cli, state, memory, &d->old)
				: fh_policy_files_check(&old, memory, &d->old);
}

int fh_policy_diff(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_arena) work = { 0 };
	struct diff d = { .cli = cli };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	d.changed_only = fh_argument(&a, "changed") != nullptr;
	fh_err e = fh_arena_map(2 * (FH_POLICY_ARENA + 3 * FH_POLICY_TEXT_MAX), &memory);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_ANALYSIS_ARENA, &work);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "policy", nullptr, nullptr);
	done = read_both(&d, &a, &state, &memory);
	return done == go_on ? answer(&d, &work) : done;
}
