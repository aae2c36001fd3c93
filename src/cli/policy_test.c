/* SPDX-License-Identifier: Apache-2.0 */
/* `policy test`: a policy held to a file of expected decisions.  */
#include "cli/policy.h"

#include <stdio.h>

#include "cli/policy_charge.h"
#include "cli/policy_files.h"
#include "cli/progress.h"
#include "codec/json.h"
#include "os/memory.h"
#include "policy/cases.h"
#include "policy/conform.h"
#include "policy/mapping.h"

constexpr int go_on = -1;
constexpr size_t arguments_room = 2 * FH_CASES_TEXT_MAX;
constexpr uint64_t begin_ms = 1800000000000; /* when tests begin: any time will do */

static const struct fh_option options[] = {
	{ "policy", 0, false, "FILE", "the policy that is tested, instead of that in force" },
	{ "schema", 0, false, "FILE", "the Cedar schema of that policy" },
	{ "entities", 0, false, "FILE", "its entities in Cedar's JSON, if it lists any" },
};

static const struct fh_usage usage = {
	.verb = "policy test",
	.operands = "FILE",
	.summary = "Holds a policy to a file of expected decisions",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE is JSON:\n"
		"  {\"teams\": {\"alice\": [\"research\"]}, \"tests\": [\n"
		"    {\"name\": \"alice reads\", \"actor\": \"alice\",\n"
		"     \"call\": \"notes/read_note\",\n"
		"     \"arguments\": {\"path\": \"/public/a\"},\n"
		"     \"expect\": \"permitted\"}]}\n"
		"The manual page says what else a test may have.  Each begins anew.\n"
		"Exit status 0: all pass.  1: some fail.\n",
	.examples = "  freehold policy test tests.json --policy policy.cedar \\\n"
		    "      --schema schema.cedarschema\n",
};

struct testing {
	const struct fh_cli *cli;
	const char *file;
	struct fh_policy_set set;
	struct fh_arena scratch; /* of one test */
	struct fh_fold fold;
	uint64_t passed, failed;
	struct fh_progress bar;
	uint64_t asked;          /* requests so far: the measure of the bar */
};

/* What came of a test.  */
struct outcome {
	const char *refusal;         /* refused before any policy, with this code; or NULL */
	struct fh_decision decision;
};

/* --- deciding ----------------------------------------------------------------------- */

/* One test's request, while it is asked.  */
struct asking {
	struct testing *t;
	const struct fh_case *c;
	struct fh_entity_uid action, resource;
	struct fh_value context;
	size_t sent;
	uint64_t now_ms;
};

static enum fh_funds funds(void *context, const struct fh_charge *c)
{
	struct asking *x = context;

	return fh_fold_funds(&x->t->fold, c, x->now_ms);
}

static fh_err decide(struct asking *x, struct fh_decision *out)
{
	struct fh_entity_uid groups[FH_POLICY_PARENTS_MAX];
	const struct fh_known_entities known = {
		.schema = &x->t->set.schema,
		.principal = fh_entity_uid_of(FH_TYPE_ACTOR, x->c->actor),
		.groups = groups,
		.groups_n = x->c->teams_n,
		.listed = &x->t->set.entities,
	};
	const struct fh_circumstances now = {
		.leased = !x->c->unleased,
		.amount = { [FH_UNIT_CALLS] = 1, [FH_UNIT_BYTES] = x->sent + FH_FRAME_MAX },
		.funds = funds,
		.context = x,
	};
	const struct fh_request r = { known.principal, x->action, x->resource, x->context,
				      fh_known_entities_source(&known) };

	for (size_t i = 0; i < x->c->teams_n; i++)
		groups[i] = fh_entity_uid_of(FH_TYPE_TEAM, x->c->teams[i]);
	return fh_policy_decide(&x->t->set, &r, &now, &x->t->scratch, out);
}

/* The same was asked BEFORE times: what was permitted is charged, and nothing given back.  Once
 * it is refused, more of it changes nothing.  */
static fh_err ask_before(struct asking *x)
{
	const struct fh_effect none = { 0 };
	struct fh_decision d;
	fh_err e = FH_ERR_OK;

	for (uint64_t i = 0; i < x->c->before && e == FH_ERR_OK; i++) {
		fh_progress_tick(&x->t->bar, x->t->asked + i, x->t->passed + x->t->failed);
		const struct fh_leaf leaf = { .index = i, .time = { x->now_ms, x->now_ms } };

		e = decide(x, &d);
		if (e != FH_ERR_OK || !fh_allows(d.verdict))
			return e;
		e = fh_fold_suppose_intent(&x->t->fold, &leaf, &d);
		if (e == FH_ERR_OK)
			e = fh_fold_suppose_outcome(&x->t->fold, i, &none);
	}
	x->now_ms += x->c->later_ms;
	return e;
}

/* The call of X's test as the schema has it, or the refusal in *WHY.  */
static fh_err map_call(struct asking *x, const char **why, struct fh_trace *t)
{
	const struct fh_case *c = x->c;
	struct fh_arena *a = &x->t->scratch;
	struct fh_builder b = fh_builder_of(fh_arena_space(a, arguments_room), arguments_room);
	struct fh_wire_call call = { 0 };
	enum fh_reason against;
	fh_err e = FH_ERR_OK;

	if (c->arguments.n > 0)
		e = fh_json_to_cbor(c->arguments, a, &b, t);
	if (e == FH_ERR_OK)
		e = fh_wire_call_type(&x->t->set.schema, c->server, c->tool, fh_builder_span(&b), a,
				      &call, &against, t);
	if (e != FH_ERR_OK)
		return e;
	if (against != FH_REASON_PERMITTED)
		*why = fh_reason_code(against);
	x->action = call.action;
	x->resource = call.resource;
	x->context = call.context;
	x->sent = b.n;
	return FH_ERR_OK;
}

/* The context that X's test says, of an action that is no call.  It must be one that the action
 * declares, or the test says nothing.  */
static fh_err read_context(struct asking *x, struct fh_trace *t)
{
	static const struct fh_json empty = { .kind = FH_JSON_OBJECT };
	const struct fh_schema *s = &x->t->set.schema;
	const struct fh_json_document d = { .name = x->t->file, .arena = &x->t->scratch,
					    .trace = t };
	struct fh_json none = empty;
	uint32_t action = fh_schema_find_action(s, x->action);

	none.at = x->c->at;
	return action == FH_SCHEMA_NONE
		       ? FH_ERR_OK /* the decision says so */
		       : fh_value_read_as(&d, s, x->c->context != nullptr ? x->c->context : &none,
					  s->actions[action].context, &x->context);
}

static fh_err run(struct testing *t, const struct fh_case *c, struct outcome *out,
		  struct fh_trace *why)
{
	struct asking x = { .t = t, .c = c, .action = c->action, .resource = c->resource,
			    .context = fh_value_none(), .now_ms = begin_ms };
	fh_err e = FH_ERR_OK;

	fh_arena_reset(&t->scratch);
	e = fh_fold_begin(&t->scratch, &t->fold);
	if (e == FH_ERR_OK)
		e = c->tool.n > 0 ? map_call(&x, &out->refusal, why) : read_context(&x, why);
	if (e != FH_ERR_OK || out->refusal != nullptr)
		return e;
	e = ask_before(&x);
	return e == FH_ERR_OK ? decide(&x, &out->decision) : e;
}

/* --- judging ------------------------------------------------------------------------ */

static bool determines(const struct fh_decision *d, struct fh_span id)
{
	for (size_t i = 0; i < d->determining_n; i++) {
		if (fh_span_equal(d->determining[i], id))
			return true;
	}
	return false;
}

/* The policies that C names are those that determined D, in whatever order.  */
static bool right_policies(const struct fh_case *c, const struct fh_decision *d)
{
	if (c->policies == nullptr)
		return true;
	if (c->policies->n != d->determining_n)
		return false;
	for (const struct fh_json *i = c->policies->first; i != nullptr; i = i->next) {
		if (!determines(d, i->text))
			return false;
	}
	return true;
}

static const char *got(const struct outcome *o)
{
	return o->refusal != nullptr ? o->refusal : fh_reason_code(o->decision.reason);
}

static bool passes(const struct fh_case *c, const struct outcome *o)
{
	bool allowed = o->refusal == nullptr && fh_allows(o->decision.verdict);
	bool as_said = fh_span_equal(c->expect, FH_SPAN_LIT("refused"))
			       ? !allowed
			       : fh_span_equal(c->expect, fh_span_str(got(o)));

	return as_said && right_policies(c, &o->decision);
}

/* --- showing ------------------------------------------------------------------------ */

static void print(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++)
		putchar(s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
}

static void show_text(const struct testing *t, const struct fh_case *c, const struct outcome *o,
		      bool pass)
{
	if (pass) {
		if (!t->cli->quiet) {
			printf("ok    ");
			print(c->name);
			printf("\n");
		}
		return;
	}
	printf("FAIL  ");
	print(c->name);
	printf("\n      %s:%u:%u: expected ", t->file, c->at.line, c->at.column);
	print(c->expect);
	for (const struct fh_json *i = c->policies == nullptr ? nullptr : c->policies->first;
	     i != nullptr; i = i->next) {
		printf(i == c->policies->first ? " by " : ", ");
		print(i->text);
	}
	printf(", got %s", got(o));
	for (size_t i = 0; i < o->decision.determining_n; i++) {
		printf(i == 0 ? " by " : ", ");
		print(o->decision.determining[i]);
	}
	printf("\n");
}

static fh_err show_json(struct testing *t, const struct fh_case *c, const struct outcome *o,
			bool pass)
{
	size_t cap = 8 * (c->name.n + c->expect.n) + FH_POLICY_REASONS_MAX * 8 * FH_NAME_MAX + 4096;
	struct fh_builder b = fh_builder_of(fh_arena_space(&t->scratch, cap), cap);

	fh_builder_text(&b, t->passed + t->failed > 1 ? ",{" : "{");
	fh_json_put_name(&b, "name");
	fh_json_put_string(&b, c->name);
	fh_json_put_name(&b, "line");
	fh_builder_decimal(&b, c->at.line);
	fh_json_put_name(&b, "passed");
	fh_builder_text(&b, pass ? "true" : "false");
	fh_json_put_name(&b, "expected");
	fh_json_put_string(&b, c->expect);
	fh_json_put_name(&b, "got");
	fh_json_put_string(&b, fh_span_str(got(o)));
	fh_json_put_name(&b, "policies");
	fh_builder_text(&b, "[");
	for (size_t i = 0; i < o->decision.determining_n; i++) {
		fh_builder_text(&b, i > 0 ? "," : "");
		fh_json_put_string(&b, o->decision.determining[i]);
	}
	fh_builder_text(&b, "]}");
	if (b.bad)
		return FH_ERR_LIMIT;
	return fwrite(b.p, 1, b.n, stdout) == b.n ? FH_ERR_OK : FH_ERR_IO;
}

/* Requests that all tests ask for, at most.  */
static uint64_t requests(const struct fh_cases *all)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < all->n; i++)
		n += all->list[i].before + 1;
	return n;
}

static int run_all(struct testing *t, const struct fh_cases *all)
{
	t->bar = fh_progress_begin(requests(all));
	t->bar.what = "tests";
	for (uint32_t i = 0; i < all->n; i++) {
		const struct fh_case *c = &all->list[i];
		struct outcome o = { 0 };
		struct fh_trace why = { 0 };
		char where[FH_PATH_MAX + 32];

		fh_progress_tick(&t->bar, t->asked, i);
		fh_err e = run(t, c, &o, &why);
		bool pass = e == FH_ERR_OK && passes(c, &o);

		t->asked += c->before + 1;
		fh_progress_end(&t->bar); /* what is shown now stands in its place */
		t->passed += pass;
		t->failed += !pass;
		if (e == FH_ERR_OK && t->cli->json)
			e = show_json(t, c, &o, pass);
		else if (e == FH_ERR_OK)
			show_text(t, c, &o, pass);
		if (e == FH_ERR_OK)
			continue;
		(void)snprintf(where, sizeof(where), "%s:%u:%u", t->file, c->at.line, c->at.column);
		return fh_cli_fail(e, where, why.what[0] == '\0' ? nullptr : why.what,
				   "this test cannot be run; change it");
	}
	fh_progress_end(&t->bar);
	if (t->cli->json)
		printf("],\"passed\":%llu,\"failed\":%llu}\n", (unsigned long long)t->passed,
		       (unsigned long long)t->failed);
	else
		printf("%llu passed, %llu failed\n", (unsigned long long)t->passed,
		       (unsigned long long)t->failed);
	return t->failed == 0 ? FH_EXIT_YES : FH_EXIT_NO;
}

/* --- the verb ------------------------------------------------------------------------ */

static int read_policy(struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		       struct fh_arena *memory, struct fh_policy_set *set)
{
	const struct fh_policy_files files = { .cedar = fh_argument(a, "policy"),
					       .schema = fh_argument(a, "schema"),
					       .entities = fh_argument(a, "entities") };

	if ((files.cedar == nullptr) != (files.schema == nullptr))
		return fh_usage_error(&usage, "--policy and --schema go together");
	return files.cedar != nullptr ? fh_policy_files_check(&files, memory, set)
				      : fh_policy_held_check(cli, state, memory, set);
}

int fh_policy_test(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_arena) memory = { 0 }, cases = { 0 }, scratch = { 0 };
	struct testing t = { .cli = cli };
	struct fh_cases all = { 0 };
	struct fh_trace why = { 0 };
	struct fh_arguments a;
	struct fh_span text;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	t.file = a.operand[0];
	fh_err e = fh_arena_map(FH_POLICY_ARENA + 4 * FH_POLICY_TEXT_MAX, &memory);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CASES_ARENA + FH_CASES_TEXT_MAX, &cases);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_DECISION_ARENA + FH_FOLD_ARENA + 20 * FH_CASES_TEXT_MAX
				 + arguments_room, &scratch);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, t.file, nullptr, nullptr);
	done = fh_policy_file_read(t.file, FH_CASES_TEXT_MAX, "give a file with tests of a policy",
				   &cases, &text);
	if (done != go_on)
		return done;
	e = fh_cases_read(text, t.file, &cases, &all, &why);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, t.file, &why);
	done = read_policy(cli, &a, &state, &memory, &t.set);
	if (done != go_on)
		return done;
	t.scratch = scratch;
	if (cli->json)
		printf("{\"tests\":[");
	return run_all(&t, &all);
}
