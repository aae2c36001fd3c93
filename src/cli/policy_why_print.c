/* SPDX-License-Identifier: Apache-2.0 */
/* How explanations look, for people and for programs.  */
#include "cli/policy_why.h"

#include "cli/time.h"
#include "codec/json.h"

constexpr size_t entity_room = 65536;

bool fh_why_shows(const struct fh_why *w, const struct fh_explained *x)
{
	bool forbids = fh_why_policy(w, x)->forbids;

	switch (w->computed.reason) {
	case FH_REASON_PERMITTED:
		return !forbids && x->what == FH_EFFECTIVE;
	case FH_REASON_FORBIDDEN:
		return forbids && x->what == FH_EFFECTIVE;
	case FH_REASON_FORBID_ERRED:
		return forbids && x->what == FH_ERRED;
	case FH_REASON_TOO_MANY_BUDGETS:
		return !forbids && x->what == FH_ROOMLESS;
	case FH_REASON_NO_QUOTA:
		return !forbids && x->what == FH_UNFUNDED;
	case FH_REASON_NO_LEASE:
		return !forbids && x->what == FH_UNLEASED;
	default:
		return x == w->nearest;
	}
}

const struct fh_policy *fh_why_policy(const struct fh_why *w, const struct fh_explained *x)
{
	return &w->past->policy.policies[x->policy];
}

struct fh_span fh_why_policy_text(struct fh_why *w, const struct fh_explained *x, uint32_t *line)
{
	const struct fh_policy_held *p = fh_chain_policy(&w->past->state.chain);
	struct fh_span text = { 0 };

	*line = fh_why_policy(w, x)->at.line;
	if (p == nullptr
	    || fh_policy_text(fh_why_policy(w, x), p->body.cedar, &w->past->state.memory, &text,
			      line) != FH_ERR_OK)
		return (struct fh_span){ 0 };
	return text;
}

/* Permits that would have counted if no forbid had stood against them.  */
static size_t permits_overruled(const struct fh_why *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->explained_n; i++)
		n += !fh_why_policy(w, &w->explained[i])->forbids
		     && w->explained[i].what == FH_EFFECTIVE;
	return n;
}

/* --- for people -------------------------------------------------------------------- */

/* S without what a terminal could take as a command.  */
static void put_plain(struct fh_builder *b, struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool c1 = s.p[i] == 0xc2 && i + 1 < s.n && s.p[i + 1] < 0xa0;
		bool control = s.p[i] < 0x20 || s.p[i] == 0x7f || c1;

		fh_builder_u8(b, s.p[i] == '\t' ? ' ' : control ? '?' : s.p[i]);
		i += c1;
	}
}

static void put_label(struct fh_builder *b, const char *label)
{
	fh_builder_text(b, "  ");
	fh_builder_text(b, label);
	for (size_t n = fh_span_str(label).n; n < 10; n++)
		fh_builder_u8(b, ' ');
}

static void put_entity_line(struct fh_builder *b, const char *label, struct fh_entity_uid e)
{
	uint8_t bytes[entity_room];
	struct fh_builder text = FH_BUILDER_ARRAY(bytes);

	put_label(b, label);
	fh_entity_put(&text, e);
	put_plain(b, fh_builder_span(&text));
}

static void put_when(struct fh_builder *b, uint64_t ms)
{
	char when[FH_TIME_TEXT];

	fh_time_text(ms, when);
	fh_builder_text(b, when);
}

static void put_head(struct fh_why *w)
{
	struct fh_builder *b = &w->out;

	if (w->is_outcome) {
		fh_builder_text(b, "entry ");
		fh_builder_decimal(b, w->outcome);
		fh_builder_text(b, " is the outcome of:\n");
	}
	fh_builder_text(b, "entry ");
	fh_builder_decimal(b, w->leaf->index);
	fh_builder_text(b, ", ");
	put_when(b, w->leaf->time.lo_ms);
	fh_builder_text(b, ": ");
}

static void put_grade(struct fh_builder *b, struct fh_span grade)
{
	if (grade.n == 0)
		return;
	fh_builder_text(b, ", known by: ");
	put_plain(b, grade);
}

/* What a model called, if that was asked about.  */
static void put_call(struct fh_builder *b, const struct fh_past_request *r)
{
	struct fh_span function = r->question.function;

	if (r->call.n + function.n == 0)
		return;
	put_label(b, "function");
	put_plain(b, function.n > 0 ? function : FH_SPAN_LIT("not named"));
	if (r->call.n > 0) {
		fh_builder_text(b, ", call ");
		put_plain(b, r->call);
	}
	fh_builder_u8(b, '\n');
}

static void put_who(struct fh_why *w)
{
	const struct fh_past_request *r = &w->request;
	struct fh_builder *b = &w->out;

	if (r->is_answer) {
		put_entity_line(b, "asked by", r->asker);
		put_grade(b, r->grade);
		fh_builder_u8(b, '\n');
	}
	if (r->malformed.n > 0) {
		put_call(b, r);
		return;
	}
	put_entity_line(b, r->is_answer ? "subject" : "actor", r->principal);
	if (!r->is_answer)
		put_grade(b, r->grade);
	for (size_t i = 0; i < r->groups_n; i++) {
		fh_builder_text(b, i > 0 ? ", " : ", in ");
		put_plain(b, r->groups[i].id);
	}
	fh_builder_u8(b, '\n');
	put_call(b, r);
	if (r->action.type.n == 0)
		return;
	put_entity_line(b, "action", r->action);
	fh_builder_u8(b, '\n');
	put_entity_line(b, "resource", r->resource);
	fh_builder_u8(b, '\n');
}

static void put_force(struct fh_why *w)
{
	const struct fh_policy_held *p = fh_chain_policy(&w->past->state.chain);
	struct fh_builder *b = &w->out;

	if (p == nullptr)
		return;
	struct fh_lease_term x = fh_lease_term(&w->past->state.chain, p, &w->past->lease);

	put_label(b, "policy");
	fh_builder_text(b, "statement ");
	fh_builder_decimal(b, p->sequence);
	fh_builder_text(b, ", in force then, until ");
	put_when(b, p->body.expires_ms);
	fh_builder_u8(b, '\n');
	put_label(b, "lease");
	fh_builder_text(b, w->now.leased ? "live, until " : "not live; its end: ");
	put_when(b, x.ends_ms);
	fh_builder_text(b, x.own ? ", of the policy itself\n" : ", signed by the operator\n");
}

/* A mark under the part of line LINE that makes X's condition what it is.  */
static void put_mark(struct fh_builder *b, const struct fh_explained *x, uint32_t line)
{
	struct fh_position at = x->fault.kind != FH_FAULT_NONE ? x->fault.at
				: x->part != nullptr		? x->part->at
							: (struct fh_position){ 0 };

	if (at.line != line)
		return;
	fh_builder_text(b, "        | ");
	for (uint32_t i = 1; i < at.column; i++)
		fh_builder_u8(b, ' ');
	fh_builder_text(b, "^\n");
}

/* A policy's text with its lines' numbers.  */
static void put_policy_text(struct fh_why *w, const struct fh_explained *x)
{
	struct fh_builder *b = &w->out;
	uint32_t line;
	struct fh_span text = fh_why_policy_text(w, x, &line);

	for (; text.n > 0; line++) {
		struct fh_span one = fh_span_first(text, fh_span_find(text, '\n'));

		fh_builder_text(b, line < 10 ? "      " : line < 100 ? "     " : "    ");
		fh_builder_decimal(b, line);
		fh_builder_text(b, " | ");
		put_plain(b, one);
		fh_builder_u8(b, '\n');
		put_mark(b, x, line);
		text = fh_span_skip(text, one.n + 1);
	}
}

static void put_explained(struct fh_why *w, const struct fh_explained *x)
{
	const struct fh_policy *p = fh_why_policy(w, x);
	struct fh_span need[FH_WHY_NEEDS_MAX];
	size_t n = fh_why_needs(w, x, need);
	struct fh_builder *b = &w->out;

	fh_builder_text(b, x == w->nearest ? "\nThe nearest permit is \""
			   : p->forbids    ? "\nThe forbid \"" : "\nThe permit \"");
	put_plain(b, p->id);
	fh_builder_text(b, x == w->nearest        ? "\", which lacks:\n"
			   : x->what == FH_EFFECTIVE ? "\" is satisfied.\n"
			   : p->forbids              ? "\" could not be evaluated, so it forbids.\n"
						     : "\" is satisfied, and does not count:\n");
	for (size_t i = 0; i < n; i++) {
		fh_builder_text(b, "    ");
		put_plain(b, need[i]);
		fh_builder_u8(b, '\n');
	}
	put_policy_text(w, x);
}

static void put_policies(struct fh_why *w)
{
	struct fh_builder *b = &w->out;
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < w->explained_n; i++) {
		if (!fh_why_shows(w, &w->explained[i]))
			continue;
		if (shown == FH_WHY_SHOWN_MAX)
			more++;
		else
			put_explained(w, &w->explained[i]);
		shown += shown < FH_WHY_SHOWN_MAX;
	}
	if (more > 0) {
		fh_builder_text(b, "\nand ");
		fh_builder_decimal(b, more);
		fh_builder_text(b, " more\n");
	}
	if (w->computed.reason == FH_REASON_FORBIDDEN
	    || w->computed.reason == FH_REASON_FORBID_ERRED) {
		fh_builder_text(b, "\nPermits that would count without it: ");
		fh_builder_decimal(b, permits_overruled(w));
		fh_builder_u8(b, '\n');
	}
	if (w->computed.reason == FH_REASON_NO_PERMIT && w->nearest == nullptr)
		fh_builder_text(b, "\nNo permit of this policy is about this action.\n");
}

static void put_check(struct fh_why *w)
{
	struct fh_builder *b = &w->out;

	if (w->unknown != nullptr) {
		fh_builder_text(b, "\nNot reconstructed: ");
		fh_builder_text(b, w->unknown);
		fh_builder_u8(b, '\n');
	} else if (w->same) {
		fh_builder_text(b, "\nDecided again from the record: the same.\n");
	} else {
		fh_builder_text(b, "\nDecided again from the record, this program says: ");
		fh_builder_text(b, fh_reason_code(w->computed.reason));
		fh_builder_text(b, ".  That is not what is recorded; `freehold verify record` "
				   "tells whether the record is whole.\n");
	}
}

/* Of a refusal; of many in one entry, decisions are, too, of calls or of what was asked about.  */
static const char *because(const struct fh_why *w)
{
	struct fh_span code = w->refusal;
	bool answers = fh_counted_is_answer(w->refusal, &code);
	enum fh_reason r = fh_reason_read(code);

	return w->counted.count > 0 && r != FH_REASON_COUNT
			       && (answers || !fh_reason_is_untyped(r))
		       ? fh_reason_text(r)
		       : fh_why_refusal(code);
}

/* Many refusals in one entry: what each of them asked is not in it.  */
static void put_counted(struct fh_why *w)
{
	struct fh_builder *b = &w->out;
	struct fh_span code;

	put_label(b, "refusals");
	fh_builder_decimal(b, w->counted.count);
	fh_builder_text(b, "\n\nThese were so many, within ");
	fh_builder_decimal(b, w->counted.last_ms - w->counted.first_ms);
	fh_builder_text(b, " ms, that they were counted and not recorded one by one");
	if (fh_counted_is_answer(w->refusal, &code))
		fh_builder_text(b, "; they were answers to what the actor asked about others");
	fh_builder_text(b, ": ");
	fh_builder_text(b, because(w));
	fh_builder_text(b, ".\n");
}

static void put_refusal(struct fh_why *w)
{
	struct fh_builder *b = &w->out;
	const struct fh_pins_held *pins = fh_chain_pins(&w->past->state.chain, w->request.server);

	fh_builder_text(b, "refused, ");
	put_plain(b, w->refusal);
	fh_builder_u8(b, '\n');
	if (w->request.principal.type.n > 0) {
		put_entity_line(b, "actor", w->request.principal);
		fh_builder_u8(b, '\n');
	}
	if (w->counted.count > 0) {
		put_counted(w);
		return;
	}
	put_label(b, "server");
	put_plain(b, w->request.server);
	fh_builder_u8(b, '\n');
	put_label(b, "tool");
	put_plain(b, w->tool);
	fh_builder_u8(b, '\n');
	if (pins != nullptr) {
		put_label(b, "pins");
		fh_builder_text(b, "statement ");
		fh_builder_decimal(b, pins->sequence);
		fh_builder_u8(b, '\n');
	}
	fh_builder_text(b, "\nIt never became an action: ");
	fh_builder_text(b, fh_why_refusal(w->refusal));
	fh_builder_text(b, ".\n");
}

void fh_why_put_text(struct fh_why *w)
{
	const struct fh_past_request *r = &w->request;
	struct fh_builder *b = &w->out;

	put_head(w);
	if (w->refusal.n > 0) {
		put_refusal(w);
		return;
	}
	fh_builder_text(b, r->is_answer && r->allowed ? "answered yes"
			   : r->is_answer             ? "answered no"
			   : r->allowed               ? "permitted" : "refused");
	fh_builder_text(b, ", ");
	put_plain(b, r->reason);
	enum fh_reason reason = fh_reason_read(r->reason);

	if (!r->allowed && reason != FH_REASON_COUNT) {
		fh_builder_text(b, " (");
		fh_builder_text(b, fh_reason_text(reason));
		fh_builder_u8(b, ')');
	}
	fh_builder_u8(b, '\n');
	put_who(w);
	if (w->explained != nullptr)
		put_force(w);
	struct fh_span obstacle = fh_why_obstacle(w);

	if (obstacle.n > 0) {
		fh_builder_text(b, "\nBecause ");
		put_plain(b, obstacle);
		fh_builder_text(b, r->by_statement ? ": \"" : ".\n");
		if (r->by_statement && r->policies > 0)
			put_plain(b, r->policy[0]);
		fh_builder_text(b, r->by_statement ? "\".\n" : "");
	}
	put_policies(w);
	if (!r->by_statement)
		put_check(w);
}

/* --- for programs ------------------------------------------------------------------ */

static void put_string(struct fh_builder *b, const char *name, struct fh_span s)
{
	fh_json_put_name(b, name);
	fh_json_put_string(b, s);
}

static void put_number(struct fh_builder *b, const char *name, uint64_t v)
{
	fh_json_put_name(b, name);
	fh_builder_decimal(b, v);
}

static void put_bool(struct fh_builder *b, const char *name, bool v)
{
	fh_json_put_name(b, name);
	fh_builder_text(b, v ? "true" : "false");
}

static void put_entity(struct fh_builder *b, const char *name, struct fh_entity_uid e)
{
	uint8_t bytes[entity_room];
	struct fh_builder text = FH_BUILDER_ARRAY(bytes);

	fh_entity_put(&text, e);
	put_string(b, name, fh_builder_span(&text));
}

static void put_strings(struct fh_builder *b, const char *name, const struct fh_span *s, size_t n)
{
	fh_json_put_name(b, name);
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < n; i++) {
		fh_builder_text(b, i > 0 ? "," : "");
		fh_json_put_string(b, s[i]);
	}
	fh_builder_u8(b, ']');
}

static void put_answer(struct fh_builder *b, const char *name, bool allowed, struct fh_span reason,
		       const struct fh_span *policy, size_t n)
{
	fh_json_put_name(b, name);
	fh_builder_u8(b, '{');
	put_bool(b, "allowed", allowed);
	put_string(b, "reason", reason);
	put_strings(b, "policies", policy, n);
	fh_builder_u8(b, '}');
}

static void put_json_explained(struct fh_why *w, const struct fh_explained *x)
{
	const struct fh_policy *p = fh_why_policy(w, x);
	struct fh_span need[FH_WHY_NEEDS_MAX];
	size_t n = fh_why_needs(w, x, need);
	struct fh_builder *b = &w->out;
	uint32_t line;
	struct fh_span text = fh_why_policy_text(w, x, &line);

	fh_builder_u8(b, '{');
	put_string(b, "id", p->id);
	put_string(b, "effect", fh_span_str(p->forbids ? "forbid" : "permit"));
	put_string(b, "state", fh_span_str(fh_effectuality_code(x->what)));
	put_bool(b, "nearest", x == w->nearest);
	put_number(b, "line", line);
	put_strings(b, "lacks", need, n);
	put_string(b, "text", text);
	fh_builder_u8(b, '}');
}

static void put_json_policies(struct fh_why *w)
{
	const struct fh_policy_held *p = fh_chain_policy(&w->past->state.chain);
	struct fh_builder *b = &w->out;
	size_t shown = 0;

	if (p != nullptr) {
		put_number(b, "policy-statement", p->sequence);
		put_number(b, "policy-expires-ms", p->body.expires_ms);
	}
	put_bool(b, "leased", w->now.leased);
	fh_json_put_name(b, "policies");
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < w->explained_n && shown < FH_WHY_SHOWN_MAX; i++) {
		if (!fh_why_shows(w, &w->explained[i]))
			continue;
		fh_builder_text(b, shown++ > 0 ? "," : "");
		put_json_explained(w, &w->explained[i]);
	}
	fh_builder_u8(b, ']');
}

static void put_json_decision(struct fh_why *w)
{
	const struct fh_past_request *r = &w->request;
	const struct fh_decision *d = &w->computed;
	struct fh_builder *b = &w->out;
	struct fh_span obstacle = fh_why_obstacle(w), teams[FH_POLICY_PARENTS_MAX];

	for (size_t i = 0; i < r->groups_n; i++)
		teams[i] = r->groups[i].id;
	if (r->is_answer)
		put_entity(b, "asker", r->asker);
	put_string(b, "grade", r->grade);
	if (r->malformed.n == 0) {
		put_entity(b, r->is_answer ? "subject" : "actor", r->principal);
		put_strings(b, "teams", teams, r->groups_n);
	}
	if (r->question.function.n > 0)
		put_string(b, "function", r->question.function);
	if (r->call.n > 0)
		put_string(b, "call", r->call);
	if (r->action.type.n > 0) {
		put_entity(b, "action", r->action);
		put_entity(b, "resource", r->resource);
	}
	put_string(b, "server", r->server);
	put_answer(b, "recorded", r->allowed, r->reason, r->policy, r->policies);
	if (obstacle.n > 0)
		put_string(b, "because", obstacle);
	if (w->unknown != nullptr)
		put_string(b, "not-reconstructed", fh_span_str(w->unknown));
	else if (!r->by_statement)
		put_answer(b, "computed", fh_allows(d->verdict),
			   fh_span_str(fh_reason_code(d->reason)), d->determining,
			   d->determining_n);
	if (w->unknown == nullptr && !r->by_statement)
		put_bool(b, "same", w->same);
	if (w->explained != nullptr)
		put_json_policies(w);
}

static void put_json_counted(struct fh_builder *b, const struct fh_counted *n)
{
	put_number(b, "count", n->count);
	put_number(b, "first-ms", n->first_ms);
	put_number(b, "last-ms", n->last_ms);
}

void fh_why_put_json(struct fh_why *w)
{
	struct fh_builder *b = &w->out;

	fh_builder_u8(b, '{');
	put_number(b, "entry", w->leaf->index);
	if (w->is_outcome)
		put_number(b, "outcome", w->outcome);
	put_string(b, "kind", fh_span_str(fh_entry_kind_text(w->leaf->kind)));
	put_number(b, "not-before-ms", w->leaf->time.lo_ms);
	put_number(b, "not-after-ms", w->leaf->time.hi_ms);
	if (w->refusal.n > 0) {
		put_entity(b, "actor", w->request.principal);
		put_string(b, "server", w->request.server);
		put_string(b, "tool", w->tool);
		put_string(b, "refusal", w->refusal);
		put_string(b, "because", fh_span_str(because(w)));
		if (w->counted.count > 0)
			put_json_counted(b, &w->counted);
	} else {
		put_json_decision(w);
	}
	fh_builder_text(b, "}\n");
}
