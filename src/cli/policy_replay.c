/* SPDX-License-Identifier: Apache-2.0 */
/* `policy replay`: the decisions of a record, made again.  */
#include "cli/policy.h"

#include <stdio.h>

#include "cli/policy_files.h"
#include "cli/policy_supposed.h"
#include "cli/record_source.h"
#include "codec/json.h"
#include "entry/counted.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t line_max = 1 << 20; /* three entities with all their escapes, and two answers */
constexpr size_t request_max = 8 << 20; /* what is read of one request */
constexpr size_t texts_max = 2 * FH_POLICY_TEXT_MAX;

static const char sealed[] = "it is sealed; have it opened (freehold record open), and give "
			     "--openings";
static const char pruned[] = "it was pruned; only what was opened of it before can be given with "
			     "--openings";

static const struct fh_option options[] = {
	{ "policy", 0, false, "FILE", "another policy, as if it had been in force all the time" },
	{ "schema", 0, false, "FILE", "the Cedar schema of that policy" },
	{ "entities", 0, false, "FILE", "its entities in Cedar's JSON, if it lists any" },
	{ "summary", 0, false, nullptr, "only how many" },
	FH_OPENINGS_OPTION,
};

static const struct fh_usage usage = {
	.verb = "policy replay",
	.operands = "[DIR]",
	.summary = "Says which decisions of a record would be others",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = 1,
	.text = "DIR is a state directory, or a copy of its record; without it, --state.\n"
		"With --policy each request is decided by that policy, whose budgets are counted\n"
		"anew.  Without it, by the policy in force then: the same answers must come.\n"
		"Of the record nothing is verified: see `freehold verify record --help`.\n"
		"Exit status 0: all were made again, and none changes.  1: some change.\n"
		"2: none of those made again changes, but some could not be.\n",
	.examples = "  freehold policy replay --policy new.cedar --schema new.cedarschema\n",
};

/* What became of an entry.  */
enum change {
	SAME = 0,     /* permitted or refused as before, for the same reason */
	OTHERWISE,    /* the same answer for another reason, or by other policies */
	NOW_PERMITTED,
	NOW_REFUSED,
	NOT_REPLAYED,
	CHANGES
};

static const char *const change_text[CHANGES] = {
	"same", "otherwise", "now permitted", "now refused", "not replayed",
};
static const char *const change_code[CHANGES] = {
	"same", "otherwise", "now-permitted", "now-refused", "not-replayed",
};

struct replay {
	const struct fh_cli *cli;
	bool supposing;              /* another policy is supposed */
	bool summary;
	struct fh_supposed supposed;
	struct fh_arena memory;      /* of one request */
	struct fh_builder line;
	uint64_t count[CHANGES];
	uint64_t refusals;           /* refused before any policy could be asked */
	uint64_t counted;            /* refusals that entries only tell the number of */
	uint64_t searches;           /* answers to searches, which are not made again */
	bool comma;
};

/* One entry and what it comes to.  */
struct result {
	const struct fh_past_request *request; /* NULL: a refusal, or unreadable */
	uint64_t index;
	enum change change;
	const char *why;             /* NOT_REPLAYED: why not; a refusal's new code; or NULL */
	const struct fh_decision *decision; /* or NULL */
};

/* --- showing ----------------------------------------------------------------------- */

static const char *new_reason(const struct result *x)
{
	return x->decision != nullptr ? fh_reason_code(x->decision->reason)
	       : x->why != nullptr    ? x->why : "";
}

/* What a malformed question was about nobody knows.  */
static void put_named(struct fh_builder *b, struct fh_entity_uid e)
{
	fh_builder_text(b, "  ");
	if (e.type.n > 0)
		fh_entity_put(b, e);
	else
		fh_builder_text(b, "-");
}

static void put_text(struct fh_builder *b, const struct result *x)
{
	fh_builder_decimal(b, x->index);
	fh_builder_text(b, "  ");
	fh_builder_text(b, change_text[x->change]);
	fh_builder_text(b, ", ");
	fh_builder_text(b, new_reason(x));
	for (size_t i = 0; x->decision != nullptr && i < x->decision->determining_n; i++) {
		fh_builder_text(b, i == 0 ? " by " : ", ");
		fh_json_put_string(b, x->decision->determining[i]);
	}
	if (x->request != nullptr) {
		fh_builder_text(b, "  (was ");
		if (fh_reason_read(x->request->reason) != FH_REASON_COUNT)
			fh_builder_bytes(b, x->request->reason);
		else
			fh_json_put_string(b, x->request->reason);
		fh_builder_text(b, x->request->is_answer ? ", an answer)" : ")");
		put_named(b, x->request->principal);
		put_named(b, x->request->action);
		put_named(b, x->request->resource);
	}
	fh_builder_text(b, "\n");
}

static void put_entity(struct fh_builder *b, const char *name, struct fh_entity_uid e,
		       struct fh_arena *a)
{
	size_t cap = 4 * e.id.n + e.type.n + 16;
	struct fh_builder text = fh_builder_of(fh_arena_space(a, cap), cap);

	if (e.type.n == 0)
		return;
	fh_entity_put(&text, e);
	fh_json_put_name(b, name);
	fh_json_put_string(b, fh_builder_span(&text));
}

static void put_policies(struct fh_builder *b, const char *name, const struct fh_span *id, size_t n)
{
	fh_json_put_name(b, name);
	fh_builder_text(b, "[");
	for (size_t i = 0; i < n; i++) {
		fh_builder_text(b, i > 0 ? "," : "");
		fh_json_put_string(b, id[i]);
	}
	fh_builder_text(b, "]");
}

static void put_json(struct replay *w, const struct result *x)
{
	struct fh_builder *b = &w->line;

	fh_builder_text(b, w->comma ? ",{" : "{");
	w->comma = true;
	fh_json_put_name(b, "entry");
	fh_builder_decimal(b, x->index);
	fh_json_put_name(b, "change");
	fh_json_put_string(b, fh_span_str(change_code[x->change]));
	if (x->request != nullptr) {
		put_entity(b, x->request->is_answer ? "subject" : "actor", x->request->principal,
			   &w->memory);
		put_entity(b, "asker", x->request->asker, &w->memory);
		put_entity(b, "action", x->request->action, &w->memory);
		put_entity(b, "resource", x->request->resource, &w->memory);
		fh_json_put_name(b, "was");
		fh_json_put_string(b, x->request->reason);
		put_policies(b, "was-by", x->request->policy, x->request->policies);
	}
	fh_json_put_name(b, x->change == NOT_REPLAYED ? "why" : "is");
	fh_json_put_string(b, fh_span_str(new_reason(x)));
	if (x->decision != nullptr)
		put_policies(b, "is-by", x->decision->determining, x->decision->determining_n);
	fh_builder_text(b, "}");
}

/* Counts X, and shows it unless it is the same.  */
static fh_err settle(struct replay *w, const struct result *x)
{
	w->count[x->change]++;
	if (x->change == SAME || w->summary)
		return FH_ERR_OK;
	w->line.n = 0;
	if (w->cli->json)
		put_json(w, x);
	else
		put_text(&w->line, x);
	if (w->line.bad)
		return FH_ERR_LIMIT;
	return fwrite(w->line.p, 1, w->line.n, stdout) == w->line.n ? FH_ERR_OK : FH_ERR_IO;
}

static uint64_t decisions(const struct replay *w)
{
	uint64_t n = 0;

	for (size_t i = 0; i < CHANGES; i++)
		n += w->count[i];
	return n;
}

static void print_counts(const struct replay *w)
{
	if (w->cli->json) {
		printf("%s\"decisions\":%llu", w->summary ? "{" : "],",
		       (unsigned long long)decisions(w));
		for (size_t i = 0; i < CHANGES; i++)
			printf(",\"%s\":%llu", change_code[i], (unsigned long long)w->count[i]);
		printf(",\"refused-before\":%llu,\"counted\":%llu,\"searches\":%llu}\n",
		       (unsigned long long)w->refusals, (unsigned long long)w->counted,
		       (unsigned long long)w->searches);
		return;
	}
	printf("%llu decisions", (unsigned long long)decisions(w));
	for (size_t i = 0; i < CHANGES; i++)
		printf("%s %llu %s", i == 0 ? ":" : ",", (unsigned long long)w->count[i],
		       change_text[i]);
	printf("; %llu refusals before any decision", (unsigned long long)w->refusals);
	if (w->counted > 0)
		printf("; %llu refusals counted, not recorded one by one",
		       (unsigned long long)w->counted);
	if (w->searches > 0)
		printf("; %llu searches, not made again", (unsigned long long)w->searches);
	printf("\n");
}

/* --- deciding ----------------------------------------------------------------------- */

/* How the answer D, which may be a refusal before any policy, compares with R's.  */
static enum change compare(const struct fh_past_request *r, const struct fh_decision *d)
{
	bool allowed = d != nullptr && fh_allows(d->verdict);

	if (allowed != r->allowed)
		return allowed ? NOW_PERMITTED : NOW_REFUSED;
	return d != nullptr && fh_past_same(r, d) ? SAME : OTHERWISE;
}

/* R as the other policy decides it.  */
static fh_err suppose(struct replay *w, struct fh_past *p, const struct fh_past_request *r,
		      struct fh_decision *d, struct result *x)
{
	struct fh_supposition s;
	fh_err e = fh_supposed_decide(&w->supposed, p, r, &s);

	if (e != FH_ERR_OK)
		return e;
	*d = s.decision;
	x->why = s.unknown != nullptr ? s.unknown : s.refusal;
	x->decision = x->why == nullptr ? d : nullptr;
	x->change = s.unknown != nullptr ? NOT_REPLAYED : compare(r, x->decision);
	return FH_ERR_OK;
}

/* R as the policy in force then decides it.  */
static fh_err repeat(struct fh_past *p, const struct fh_past_request *r, struct fh_decision *d,
		     struct result *x)
{
	bool same;
	fh_err e = fh_past_decide_again(p, r, d, &x->why, &same);

	if (e != FH_ERR_OK)
		return e;
	x->decision = x->why == nullptr ? d : nullptr;
	x->change = x->why != nullptr ? NOT_REPLAYED : same ? SAME : compare(r, d);
	return FH_ERR_OK;
}

static fh_err not_replayed(struct replay *w, const struct fh_leaf *l, const char *why)
{
	const struct result x = { .index = l->index, .change = NOT_REPLAYED, .why = why };

	return settle(w, &x);
}

static fh_err unreadable(struct replay *w, const struct fh_leaf *l, const char *why)
{
	w->supposed.fold_known &= l->kind == FH_ENTRY_ANSWER; /* which is charged nothing */
	return not_replayed(w, l, why);
}

static fh_err meet_decision(struct replay *w, struct fh_past *p, const struct fh_leaf *l,
			  const struct fh_fields *f)
{
	struct fh_past_request r;
	struct fh_decision d = { 0 };
	struct fh_trace t = { 0 };
	struct result x = { .request = &r, .index = l->index };
	fh_err e = f == nullptr ? FH_ERR_FORMAT : fh_past_request(p, l, f, &w->memory, &r, &t);

	if (e == FH_ERR_FORMAT)
		return unreadable(w, l, f != nullptr ? t.what : p->pruned ? pruned : sealed);
	if (e != FH_ERR_OK || r.by_statement)
		return e;
	if (!fh_hash_equal(&l->chain_head, &p->state.chain.head.hash))
		return unreadable(w, l, "the chain that it names is not the one that the record "
				  "holds");
	e = w->supposing ? suppose(w, p, &r, &d, &x) : repeat(p, &r, &d, &x);
	return e == FH_ERR_OK ? settle(w, &x) : e;
}

/* A message that became no action might become one under another schema; its arguments are not
 * recorded, so more cannot be said.  */
static fh_err meet_refusal(struct replay *w, struct fh_past *p, const struct fh_leaf *l,
			   const struct fh_fields *f)
{
	if (f == nullptr)
		return w->supposing ? unreadable(w, l, p->pruned ? pruned : sealed) : FH_ERR_OK;
	struct fh_span code = fh_fields_text(f, FH_FIELD_DETAIL, "reason");
	enum fh_mapping_change maps =
		fh_supposed_maps(&w->supposed, p, fh_fields_text(f, FH_FIELD_SERVER, nullptr),
					       fh_fields_text(f, FH_FIELD_DETAIL, "tool"));
	bool by_schema = fh_span_equal(code, FH_SPAN_LIT("tool-not-in-schema"))
			 || fh_span_equal(code, FH_SPAN_LIT("no-policy"));
	bool by_resource = fh_span_equal(code, FH_SPAN_LIT("malformed-resource"));
	bool by_context = fh_span_equal(code, FH_SPAN_LIT("malformed-context"));

	w->refusals++;
	if (((by_schema || by_context) && maps != FH_MAPPED_NOT)
	    || (by_resource && maps == FH_MAPPED_OTHERWISE))
		return unreadable(w, l, "the other schema knows this tool, and a refused message's "
				  "arguments are not recorded");
	return FH_ERR_OK;
}

/* What another policy would have said to them nobody knows; of answers, which are charged nothing,
 * that spoils no quota, and searches are not made again anyway.  */
static fh_err meet_counted(struct replay *w, const struct fh_leaf *l, const struct fh_counted *n)
{
	struct fh_span code;

	w->counted += n->count;
	if (!w->supposing)
		return FH_ERR_OK;
	if (!fh_counted_is_answer(n->reason, &code))
		return unreadable(w, l, "these refusals were so many that they were counted, so "
				  "what was asked is not recorded");
	if (fh_span_equal(code, FH_SPAN_LIT(FH_COUNTED_FOUND_NOTHING)))
		return FH_ERR_OK;
	return not_replayed(w, l, "these answers were so many that they were counted, so what was "
			    "asked is not recorded");
}

static fh_err meet_any_refusal(struct replay *w, struct fh_past *p, const struct fh_leaf *l,
			       const struct fh_fields *f)
{
	const struct fh_field *detail = f != nullptr ? fh_fields_get(f, FH_FIELD_DETAIL) : nullptr;
	struct fh_counted n;

	if (detail != nullptr && fh_counted_read(detail->value, &n) == FH_ERR_OK)
		return meet_counted(w, l, &n);
	if (w->supposing)
		return meet_refusal(w, p, l, f);
	w->refusals++;
	return FH_ERR_OK;
}

static fh_err meet(void *context, struct fh_past *p, const struct fh_leaf *l,
		   const struct fh_fields *f)
{
	struct replay *w = context;

	fh_arena_reset(&w->memory);
	bool answer = l->kind == FH_ENTRY_ANSWER;

	if (answer && f != nullptr && fh_past_is_search(l, f)) {
		w->searches++;
		return FH_ERR_OK;
	}
	if (answer || l->kind == FH_ENTRY_INTENT)
		return meet_decision(w, p, l, f);
	if (l->kind == FH_ENTRY_REFUSAL)
		return meet_any_refusal(w, p, l, f);
	if (l->kind == FH_ENTRY_OUTCOME && w->supposing && f != nullptr)
		fh_supposed_outcome(&w->supposed, f);
	return FH_ERR_OK;
}

/* --- the verb ----------------------------------------------------------------------- */

static int read_policy(const struct fh_arguments *a, struct replay *w, struct fh_arena *memory,
		       struct fh_policy_set *set)
{
	const struct fh_policy_files files = { .cedar = fh_argument(a, "policy"),
					       .schema = fh_argument(a, "schema"),
					       .entities = fh_argument(a, "entities") };

	if (files.cedar == nullptr && files.schema == nullptr)
		return go_on;
	if (files.cedar == nullptr || files.schema == nullptr)
		return fh_usage_error(&usage, "--policy and --schema go together");
	w->supposing = true;
	fh_err e = fh_arena_map(FH_POLICY_ARENA + FH_CHAIN_SCRATCH + texts_max + FH_SUPPOSED_ARENA,
				memory);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, files.cedar, nullptr, nullptr);
	int done = fh_policy_files_check(&files, memory, set);

	if (done != go_on)
		return done;
	e = fh_supposed_begin(set, memory, &w->supposed);
	return e == FH_ERR_OK ? go_on : fh_cli_fail(e, files.cedar, nullptr, nullptr);
}

static int replay(struct replay *w, struct fh_past *past, const struct fh_segments *s)
{
	const struct fh_past_visitor v = { meet, w };
	struct fh_trace t = { 0 };

	if (w->cli->json && !w->summary)
		printf("{\"entries\":[");
	fh_err e = fh_past_read(past, s, &v, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s->path, &t);
	print_counts(w);
	if (w->count[NOW_PERMITTED] + w->count[NOW_REFUSED] + w->count[OTHERWISE] > 0)
		return FH_EXIT_NO;
	return w->count[NOT_REPLAYED] > 0 ? FH_EXIT_COULD_NOT : FH_EXIT_YES;
}

int fh_policy_replay(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_record_source) s = { 0 };
	FH_OWN(fh_past) past = { 0 };
	FH_OWN(fh_arena) memory = { 0 }, lines = { 0 };
	struct replay w = { .cli = cli };
	struct fh_policy_set set = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done == go_on)
		done = read_policy(&a, &w, &memory, &set);
	if (done != go_on)
		return done;
	w.summary = fh_argument(&a, "summary") != nullptr;
	fh_err e = fh_record_source_open(cli, &a, 0, &s, &t);

	past.opened = fh_record_source_opened(&s);
	if (e == FH_ERR_OK)
		e = fh_past_begin(&past);
	if (e == FH_ERR_OK)
		e = fh_arena_map(line_max + request_max, &lines);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s.path, &t);
	w.line = fh_builder_of(fh_arena_space(&lines, line_max), line_max);
	w.memory = fh_arena_of(fh_arena_space(&lines, request_max), request_max);
	return replay(&w, &past, &s.segments);
}
