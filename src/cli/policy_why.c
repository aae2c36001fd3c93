/* SPDX-License-Identifier: Apache-2.0 */
/* `policy why`: one decision, explained with what was in force when it was made.  */
#include "cli/policy_why.h"

#include <stdio.h>

#include "base/decimal.h"
#include "cli/policy.h"
#include "cli/record_event.h"
#include "cli/record_reader.h"
#include "cli/record_source.h"
#include "codec/cbor.h"
#include "os/memory.h"
#include "policy/policies.h"

constexpr size_t out_max = 8 << 20; /* sixteen policies with their texts, and more */

static const struct fh_option options[] = {
	FH_OPENINGS_OPTION,
	{ "open", 0, false, nullptr, "have the running daemon open the entry, if policy lets it" },
	FH_SOCKET_OPTION,
};

static const struct fh_usage usage = {
	.verb = "policy why",
	.operands = "N [DIR]",
	.summary = "Explains entry N of the record with the policy in force then",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 2,
	.text = "N is an intent, its outcome, an answer to a question, or a refusal.  DIR is a\n"
		"state directory, or a copy of its record; without it, --state.  Of the record\n"
		"nothing is verified: see `freehold verify record --help`.  What is sealed is\n"
		"explained, and what was used of budgets is known, as far as --openings goes.\n"
		"Exit status 0: explained.  2: not all could be reconstructed, or it is not what\n"
		"this program would decide.\n",
	.examples = "  freehold policy why 4711\n",
};

/* What entry N is, found before anything is reconstructed.  */
struct target {
	uint64_t wanted;
	bool found;
	enum fh_entry_kind kind;
	uint64_t decided;  /* the entry that decided: itself, or an outcome's intent */
	struct fh_opened *opened;
};

static fh_err find_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct target *g = context;
	struct fh_fields f;
	bool sealed;

	if (l->index < g->wanted)
		return FH_ERR_OK;
	g->found = true;
	g->kind = l->kind;
	g->decided = l->index;
	if (l->kind != FH_ENTRY_OUTCOME
	    || fh_opened_fields(g->opened, l, s->payload, &f, &sealed) != FH_ERR_OK || sealed)
		return FH_ERR_CLOSED;
	const struct fh_field *intent = fh_fields_get(&f, FH_FIELD_INTENT);

	if (intent != nullptr) {
		struct fh_cursor c = fh_cursor_of(intent->value);

		g->decided = fh_cbor_uint(&c);
	}
	return FH_ERR_CLOSED;
}

/* --- asking the daemon -------------------------------------------------------------- */

/* What the daemon opened: the entry that was named, and of an outcome its intent before it.  */
struct asked {
	struct fh_reader reader;
	struct fh_arena memory;
	struct fh_opened opened;
};

static void asked_drop(struct asked *k)
{
	fh_reader_drop(&k->reader);
	fh_arena_drop(&k->memory);
}

static int open_entry(struct asked *k, uint64_t index, struct fh_span *out)
{
	const struct fh_open_ask o = { false, index, index, FH_OPEN_ASK_FIELDS };
	struct fh_reader_answer said;
	char where[64];
	int done = fh_reader_ask(&k->reader, &o, &said);

	if (done != FH_EXIT_YES)
		return done;
	(void)snprintf(where, sizeof(where), "entry %llu", (unsigned long long)index);
	if (said.opened == 0 && said.public == 0)
		return fh_reader_nothing(&said, where);
	fh_err e = fh_arena_copy(&k->memory, said.openings, out);

	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail(e, where, nullptr, nullptr);
}

/* What was opened of two entries, the second of which may be none, as a file.  */
static int keep_opened(struct asked *k, struct fh_span first, struct fh_span second)
{
	size_t n = sizeof(FH_OPENED_MAGIC) + first.n + second.n;
	struct fh_builder b = fh_builder_of(fh_arena_space(&k->memory, n), n);

	fh_opened_put_head(&b);
	fh_builder_bytes(&b, first);
	fh_builder_bytes(&b, second);
	fh_err e = b.bad ? FH_ERR_NOMEM : fh_opened_begin(fh_builder_span(&b), &k->opened);

	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail(e, "--open", nullptr, nullptr);
}

/* Has the daemon open what G is, which is in S.  */
static int open_target(const struct fh_cli *cli, const struct fh_arguments *a, struct asked *k,
		       const struct fh_segments *s, struct target *g)
{
	const struct fh_record_visitor find = { find_entry, /* checkpoint= */ nullptr, g };
	struct fh_span wanted, intent;
	struct fh_trace t = { 0 };
	int done = fh_reader_open(cli, a, &k->reader);

	if (done == FH_EXIT_YES && fh_arena_map(4 * FH_PAYLOAD_MAX, &k->memory) != FH_ERR_OK)
		done = fh_cli_fail(FH_ERR_NOMEM, "--open", nullptr, nullptr);
	if (done == FH_EXIT_YES)
		done = open_entry(k, g->wanted, &wanted);
	if (done == FH_EXIT_YES)
		done = keep_opened(k, wanted, (struct fh_span){ 0 });
	if (done != FH_EXIT_YES)
		return done;
	g->opened = &k->opened;
	fh_err e = fh_record_read(s, &find, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s->path, &t);
	if (g->decided >= g->wanted)
		return FH_EXIT_YES;
	done = open_entry(k, g->decided, &intent);
	return done == FH_EXIT_YES ? keep_opened(k, intent, wanted) : done;
}

/* --- explaining -------------------------------------------------------------------- */

static bool any_budget(const struct fh_why *w)
{
	for (size_t i = 0; i < w->explained_n; i++) {
		if (w->past->policy.limits[w->explained[i].policy].n > 0)
			return true;
	}
	return false;
}

/* What each policy makes of the request, and which permit is nearest.  */
static fh_err explain_policies(struct fh_why *w)
{
	const struct fh_policy_set *set = &w->past->policy;
	struct fh_question_room *room = fh_arena_take(&w->past->state.memory, sizeof(*room));
	struct fh_arena *memory = &w->past->state.memory;
	struct fh_request asked;
	enum fh_reason against;
	fh_err e = room == nullptr
			   ? FH_ERR_NOMEM
			   : fh_past_asked(&w->request, set, room, memory, &asked, &against);

	if (e != FH_ERR_OK)
		return e;
	w->explained = fh_arena_array(&w->past->state.memory, set->policies_n + 1,
				      sizeof(*w->explained));
	if (w->explained == nullptr)
		return FH_ERR_NOMEM;
	fh_arena_reset(&w->past->state.scratch);
	for (uint32_t i = 0; i < set->policies_n && e == FH_ERR_OK; i++) {
		struct fh_explained *x = &w->explained[w->explained_n++];

		e = fh_policy_explain(set, i, &asked, &w->now, &w->past->state.scratch, x);
		if (e == FH_ERR_OK && !set->policies[i].forbids && x->matches[FH_VARIABLE_ACTION]
		    && (w->nearest == nullptr || fh_explained_nearer(x, w->nearest)))
			w->nearest = x;
	}
	if (w->computed.reason != FH_REASON_NO_PERMIT)
		w->nearest = nullptr;
	return e;
}

/* Policies are asked of a decision that was made by them.  */
static bool asks_policies(enum fh_reason r)
{
	return r == FH_REASON_PERMITTED || r == FH_REASON_FORBIDDEN || r == FH_REASON_NO_PERMIT
	       || r == FH_REASON_FORBID_ERRED || r == FH_REASON_NO_LEASE
	       || r == FH_REASON_NO_QUOTA || r == FH_REASON_TOO_MANY_BUDGETS;
}

/* What was used of budgets is not known, and what would tell.  */
static const char *budgets_unknown(struct fh_why *w)
{
	unsigned long long lost = w->past->lost;

	if (w->past->lost_pruned) {
		(void)snprintf(w->budgets, sizeof(w->budgets),
			       "entry %llu before it was pruned, so what was used of budgets is "
			       "not known; the answer is the same whatever it was; only what was "
			       "opened of it before tells, with --openings", lost);
		return w->budgets;
	}
	(void)snprintf(w->budgets, sizeof(w->budgets),
		       "entry %llu before it cannot be read, so what was used of budgets is not "
		       "known; the answer is the same whatever it was; `freehold record open "
		       "%llu..%llu -o FILE` opens what is needed for --openings",
		       lost, lost, (unsigned long long)w->leaf->index);
	return w->budgets;
}

static fh_err explain_decision(struct fh_why *w, const struct fh_fields *f, struct fh_trace *t)
{
	struct fh_past *p = w->past;
	fh_err e = fh_past_request(p, w->leaf, f, &p->state.memory, &w->request, t);

	if (e != FH_ERR_OK || w->request.by_statement)
		return e;
	e = fh_past_decide_again(p, &w->request, &w->computed, &w->unknown, &w->same);
	if (e != FH_ERR_OK)
		return e;
	w->moment = fh_past_moment(p, w->leaf->time);
	w->now = fh_moment_circumstances(&w->moment, fh_past_amount(&w->request));
	if (w->unknown == nullptr
	    && !fh_hash_equal(&w->leaf->chain_head, &p->state.chain.head.hash))
		w->unknown = "the chain that the entry names is not the one that the record holds";
	if (!p->policy_ready || !asks_policies(w->computed.reason))
		return FH_ERR_OK;
	e = explain_policies(w);
	if (e == FH_ERR_OK && w->unknown == nullptr && !p->fold_known && any_budget(w))
		w->unknown = budgets_unknown(w);
	return e;
}

static fh_err explain_refusal(struct fh_why *w, const struct fh_fields *f, struct fh_trace *t)
{
	const struct fh_field *detail = fh_fields_get(f, FH_FIELD_DETAIL);

	if (detail != nullptr)
		(void)!fh_counted_read(detail->value, &w->counted); /* it need not be of many */
	w->refusal = fh_fields_text(f, FH_FIELD_DETAIL, "reason");
	w->tool = fh_fields_text(f, FH_FIELD_DETAIL, "tool");
	w->request.server = fh_fields_text(f, FH_FIELD_SERVER, /* key= */ nullptr);
	struct fh_span actor = fh_fields_text(f, FH_FIELD_ACTOR, /* key= */ nullptr);
	fh_err e = FH_ERR_OK;

	if (actor.n > 0 || w->counted.count == 0) /* of very many actors at once it is nobody's */
		e = fh_entity_parse(actor, &w->past->state.memory, &w->request.principal);

	if (e == FH_ERR_OK && w->refusal.n > 0)
		return FH_ERR_OK;
	fh_trace_what(t, "what was refused cannot be read");
	return e == FH_ERR_NOMEM ? e : FH_ERR_FORMAT;
}

struct meeting {
	struct fh_why *why;
	uint64_t decided;
	bool done;
	struct fh_trace *trace;
};

/* The entry that decided: it is explained while what it looks into is still there.  */
static fh_err meet(void *context, struct fh_past *p, const struct fh_leaf *l,
		   const struct fh_fields *f)
{
	struct meeting *m = context;
	struct fh_why *w = m->why;
	fh_err e;

	(void)p;
	if (l->index != m->decided)
		return FH_ERR_OK;
	if (f == nullptr) {
		fh_why_sealed(w, l->index, m->trace);
		return FH_ERR_UNSUPPORTED;
	}
	if (l->kind != FH_ENTRY_INTENT && l->kind != FH_ENTRY_REFUSAL
	    && l->kind != FH_ENTRY_ANSWER)
		return FH_ERR_FORMAT;
	w->leaf = l;
	if (fh_past_is_search(l, f)) {
		fh_trace_what(m->trace, "it answers a search, which is many decisions");
		fh_trace_cure(m->trace, "`freehold record show` says what was sought and found; "
			      "name an answer to one evaluation");
		return FH_ERR_UNSUPPORTED;
	}
	e = l->kind == FH_ENTRY_REFUSAL ? explain_refusal(w, f, m->trace)
					: explain_decision(w, f, m->trace);
	if (e != FH_ERR_OK)
		return e;
	if (w->cli->json)
		fh_why_put_json(w);
	else
		fh_why_put_text(w);
	m->done = true;
	return FH_ERR_CLOSED;
}

/* --- the verb ---------------------------------------------------------------------- */

static int no_decision(const struct target *g)
{
	char where[64], what[128];

	(void)snprintf(where, sizeof(where), "entry %llu", (unsigned long long)g->wanted);
	if (!g->found)
		return fh_cli_fail(FH_ERR_MISSING, where, "the record does not reach so far",
				   "`freehold record show` shows what there is");
	(void)snprintf(what, sizeof(what), "is of kind %s, which decides nothing",
		       fh_entry_kind_text(g->kind));
	return fh_cli_fail(FH_ERR_STATE, where, what,
			   "name an intent, an outcome, an answer or a refusal");
}

static bool decides(enum fh_entry_kind k)
{
	return k == FH_ENTRY_INTENT || k == FH_ENTRY_OUTCOME || k == FH_ENTRY_REFUSAL
	       || k == FH_ENTRY_ANSWER;
}

static int explain(struct fh_why *w, const struct fh_segments *s, const struct target *g)
{
	char where[64];
	struct fh_trace t = { 0 }, about = { 0 };
	struct meeting m = { .why = w, .decided = g->decided, .trace = &about };
	const struct fh_past_visitor v = { meet, &m };
	fh_err e = fh_past_read(w->past, s, &v, &t);

	(void)snprintf(where, sizeof(where), "entry %llu", (unsigned long long)g->decided);
	if (e == FH_ERR_OK && !m.done)
		e = FH_ERR_MISSING;
	if (e == FH_ERR_OK && w->out.bad)
		e = FH_ERR_LIMIT;
	if (e != FH_ERR_OK)
		return about.what[0] != '\0' ? fh_cli_fail_trace(e, where, &about)
					     : fh_cli_fail_trace(e, where, &t);
	if (fwrite(w->out.p, 1, w->out.n, stdout) != w->out.n)
		return fh_cli_fail(FH_ERR_IO, "stdout", nullptr, nullptr);
	bool whole = w->refusal.n > 0 || w->request.by_statement
		     || (w->unknown == nullptr && w->same);

	return whole ? FH_EXIT_YES : FH_EXIT_COULD_NOT;
}

int fh_policy_why(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(asked_drop))) struct asked asked = { 0 };
	FH_OWN(fh_record_source) s = { 0 };
	FH_OWN(fh_past) past = { 0 };
	FH_OWN(fh_arena) room = { 0 };
	struct target g = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;
	if (fh_decimal_read(fh_span_str(a.operand[0]), &g.wanted) != FH_ERR_OK)
		return fh_usage_error(&usage, "N is the index of an entry");
	bool ask = fh_argument(&a, "open") != nullptr;

	if (ask && fh_argument(&a, "openings") != nullptr)
		return fh_usage_error(&usage, "--open and --openings exclude each other");
	const struct fh_record_visitor find = { find_entry, /* checkpoint= */ nullptr, &g };
	fh_err e = fh_record_source_open(cli, &a, 1, &s, &t);

	g.opened = fh_record_source_opened(&s);
	if (e == FH_ERR_OK)
		e = fh_record_read(&s.segments, &find, &t);
	if (e == FH_ERR_OK && (!g.found || !decides(g.kind)))
		return no_decision(&g);
	if (e == FH_ERR_OK && ask) {
		done = open_target(cli, &a, &asked, &s.segments, &g);
		if (done != FH_EXIT_YES)
			return done;
		g.opened = &asked.opened;
	}
	if (e == FH_ERR_OK)
		e = fh_past_begin(&past);
	past.opened = g.opened;
	if (e == FH_ERR_OK)
		e = fh_arena_map(out_max, &room);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s.path, &t);
	struct fh_why w = { .cli = cli, .past = &past, .openings = fh_argument(&a, "openings"),
			    .is_outcome = g.kind == FH_ENTRY_OUTCOME,
			    .outcome = g.wanted, .out = fh_builder_of(room.p, room.cap) };

	return explain(&w, &s.segments, &g);
}
