/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations in words.  */
#include "cli/policy_why.h"

#include "cli/time.h"

constexpr size_t need_room = 65536; /* several entities with all their escapes */

/* --- clauses and conditions ------------------------------------------------------- */

static void put_scope(struct fh_builder *b, const struct fh_scope *s)
{
	if (s->type.n > 0) {
		fh_builder_text(b, " is ");
		fh_builder_bytes(b, s->type);
	}
	if (s->entities_n == 0)
		return;
	fh_builder_text(b, s->kind == FH_SCOPE_EQUAL ? " == " : " in ");
	fh_builder_text(b, s->listed ? "[" : "");
	for (size_t i = 0; i < s->entities_n && b->n < b->cap / 2; i++) {
		fh_builder_text(b, i > 0 ? ", " : "");
		fh_entity_put(b, s->entities[i]);
	}
	fh_builder_text(b, s->listed ? "]" : "");
}

static void put_clause(struct fh_builder *b, const char *side, const struct fh_scope *s,
		       struct fh_entity_uid whom)
{
	fh_builder_text(b, "line ");
	fh_builder_decimal(b, s->at.line);
	fh_builder_text(b, ": ");
	fh_builder_text(b, side);
	put_scope(b, s);
	fh_builder_text(b, ": does not match ");
	fh_entity_put(b, whom);
}

static void put_condition(struct fh_builder *b, const struct fh_explained *x)
{
	struct fh_position at = x->fault.kind != FH_FAULT_NONE ? x->fault.at : x->part->at;

	fh_builder_text(b, "line ");
	fh_builder_decimal(b, at.line);
	fh_builder_text(b, ", column ");
	fh_builder_decimal(b, at.column);
	fh_builder_text(b, x->condition->unless ? ": `unless` " : ": `when` ");
	if (x->fault.kind != FH_FAULT_NONE) {
		fh_builder_text(b, "cannot be evaluated: ");
		fh_builder_text(b, fh_fault_text(x->fault.kind));
	} else {
		fh_builder_text(b, x->condition->unless ? "is true because of what stands here"
							: "is false because of what stands here");
	}
}

/* --- limits ----------------------------------------------------------------------- */

/* When the budget of X would suffice again if nothing else used it; 0: never.  */
static uint64_t suffices_again(const struct fh_why *w, const struct fh_charge *c)
{
	uint64_t slot = c->period_ms / (FH_SLOTS - 1) + 1, lo = w->moment.now.lo_ms;

	for (size_t i = 0; i <= FH_SLOTS + 1 && c->amount <= c->count; i++, lo += slot) {
		uint64_t used = fh_fold_used_of(w->moment.fold, c, lo);

		if (used <= c->count - c->amount)
			return lo;
	}
	return 0;
}

static void put_quota(const struct fh_why *w, struct fh_builder *b, const struct fh_explained *x)
{
	const struct fh_limits *l = &w->past->policy.limits[x->policy];
	const struct fh_charge *c = &x->charge;

	fh_builder_text(b, "its quota of ");
	fh_builder_decimal(b, c->count);
	fh_builder_text(b, " ");
	fh_builder_text(b, fh_unit_text(c->unit));
	fh_builder_text(b, " in ");
	fh_builder_decimal(b, c->period_ms / 1000);
	fh_builder_text(b, l->shared ? " s (budget " : " s (of ");
	fh_builder_bytes(b, l->budget);
	fh_builder_text(b, ")");
}

static void put_room(const struct fh_why *w, struct fh_builder *b, const struct fh_explained *x)
{
	put_quota(w, b, x);
	fh_builder_text(b, ": nothing of it was in use, and there was no room to remember what "
			   "would be: ");
	fh_builder_decimal(b, w->moment.fold->budgets);
	fh_builder_text(b, " budgets were in use");
}

static void put_limit(struct fh_why *w, struct fh_builder *b, const struct fh_explained *x)
{
	const struct fh_charge *c = &x->charge;
	uint64_t again = suffices_again(w, c);
	char when[FH_TIME_TEXT];

	put_quota(w, b, x);
	fh_builder_text(b, ": ");
	fh_builder_decimal(b, fh_fold_used_of(w->moment.fold, c, w->moment.now.lo_ms));
	fh_builder_text(b, " were used, and ");
	fh_builder_decimal(b, c->amount);
	fh_builder_text(b, " more were asked for");
	if (again == 0)
		return;
	fh_time_text(again, when);
	fh_builder_text(b, "; without other use there is room again at ");
	fh_builder_text(b, when);
}

static void put_lease(struct fh_why *w, struct fh_builder *b)
{
	const struct fh_policy_held *p = fh_chain_policy(w->moment.chain);
	struct fh_lease_term x = fh_lease_term(w->moment.chain, p, w->moment.lease);
	bool begun = fh_time_begun(w->moment.now, x.begins_ms);
	char when[FH_TIME_TEXT];

	fh_time_text(begun ? x.ends_ms : x.begins_ms, when);
	fh_builder_text(b, x.own ? "the lease, of the policy itself, " : "the operator's lease ");
	fh_builder_text(b, begun ? "ended at " : "begins at ");
	fh_builder_text(b, when);
	fh_builder_text(b, ", and this permit is not @fallback");
}

/* --- all that is needed ----------------------------------------------------------- */

static struct fh_builder room(struct fh_why *w)
{
	return fh_builder_of(fh_arena_space(&w->past->state.memory, need_room), need_room);
}

static size_t scope_needs(struct fh_why *w, const struct fh_explained *x, struct fh_span *need)
{
	const struct fh_policy *p = fh_why_policy(w, x);
	const struct {
		const char *side;
		const struct fh_scope *scope;
		struct fh_entity_uid whom;
	} sides[] = {
		{ "principal", &p->principal, w->request.principal },
		{ "action", &p->action, w->request.action },
		{ "resource", &p->resource, w->request.resource },
	};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (x->matches[i])
			continue;
		struct fh_builder b = room(w);

		put_clause(&b, sides[i].side, sides[i].scope, sides[i].whom);
		need[n++] = fh_builder_span(&b);
	}
	return n;
}

size_t fh_why_needs(struct fh_why *w, const struct fh_explained *x,
		    struct fh_span need[FH_WHY_NEEDS_MAX])
{
	size_t n = scope_needs(w, x, need);
	uint32_t conditions = x->misses - (uint32_t)n;
	struct fh_builder b = room(w);

	if (x->condition != nullptr)
		put_condition(&b, x);
	else if (x->what == FH_UNFUNDED && w->past->fold_known)
		put_limit(w, &b, x);
	else if (x->what == FH_ROOMLESS)
		put_room(w, &b, x);
	else if (x->what == FH_UNFUNDED)
		fh_builder_text(&b, "its quota: how much of it was used is not known");
	else if (x->what == FH_UNLEASED)
		put_lease(w, &b);
	if (b.n > 0)
		need[n++] = fh_builder_span(&b);
	if (conditions > 1) {
		b = room(w);
		fh_builder_decimal(&b, conditions - 1);
		fh_builder_text(&b, " more of its conditions");
		need[n++] = fh_builder_span(&b);
	}
	return n;
}

/* --- what stands before policies -------------------------------------------------- */

static void put_statement(struct fh_builder *b, const char *before, uint64_t sequence,
			  const char *behind)
{
	fh_builder_text(b, before);
	fh_builder_text(b, "statement ");
	fh_builder_decimal(b, sequence);
	fh_builder_text(b, behind);
}

static void put_expired(struct fh_builder *b, const struct fh_policy_held *p)
{
	char when[FH_TIME_TEXT];

	fh_time_text(p->body.expires_ms, when);
	put_statement(b, "the policy of ", p->sequence, " expired at ");
	fh_builder_text(b, when);
	fh_builder_text(b, "; another one has to be signed");
}

struct fh_span fh_why_obstacle(struct fh_why *w)
{
	const struct fh_chain *c = &w->past->state.chain;
	const struct fh_policy_held *p = fh_chain_policy(c);
	const struct fh_device *d = fh_chain_device(c, &w->past->device);
	struct fh_builder b = room(w);

	if (w->request.by_statement)
		fh_builder_text(&b, "the device acts on what the operator's statement says, which "
				    "no policy decides");
	else if (w->computed.reason == FH_REASON_DEVICE_REVOKED && d != nullptr)
		put_statement(&b, "", d->revoked_at, " revoked this device");
	else if (w->computed.reason == FH_REASON_DEVICE_REVOKED)
		fh_builder_text(&b, "no statement enrolls this device");
	else if (w->computed.reason == FH_REASON_EXPIRED && p != nullptr)
		put_expired(&b, p);
	else if (w->computed.reason == FH_REASON_NO_POLICY && p != nullptr)
		put_statement(&b, "the policy of ", p->sequence, " cannot be evaluated here");
	else if (w->computed.reason == FH_REASON_NO_POLICY)
		fh_builder_text(&b, "no statement brought a policy, or it was revoked");
	else if (w->computed.reason == FH_REASON_UNKNOWN_ACTOR)
		fh_builder_text(&b, "the chain named no such actor then: it was never granted, was "
				    "revoked, or has expired");
	else if (w->computed.reason == FH_REASON_TOO_MUCH_WORK)
		fh_builder_text(&b, "the questions before it in the same request took all the work "
				    "that one request may take");
	else if (w->request.malformed.n > 0)
		fh_builder_bytes(&b, w->request.malformed);
	else if (w->computed.reason == FH_REASON_MALFORMED)
		fh_builder_text(&b, "what was said of subject, resource or context is not as the "
				    "schema declares it, or not as the operator listed it");
	else if (w->computed.reason == FH_REASON_MALFORMED_ARGUMENTS)
		fh_builder_bytes(&b, w->request.question.unreadable);
	else if (fh_reason_is_untyped(w->computed.reason))
		fh_builder_text(&b, fh_why_refusal(fh_span_str(fh_reason_code(
					    w->computed.reason))));
	return fh_builder_span(&b);
}

const char *fh_why_refusal(struct fh_span code)
{
	static const struct {
		const char *code;
		const char *text;
	} rows[] = {
		{ "unknown-credential", "no actor in the chain had this credential then: it was "
		  "never granted, was revoked, or has expired" },
		{ "unknown-server", "no server statement in the chain had this name then" },
		{ "unknown-session", "the session was not open, or was another actor's" },
		{ "no-policy", "no policy was in force" },
		{ "tool-not-in-schema", "no @mcp, or of a function no @openai, in the schema then "
		  "named it, so it stood for no action" },
		{ "malformed-resource", "the arguments did not hold the resource as @resource "
		  "demands" },
		{ "malformed-context", "the arguments that policies may read were not of the types "
		  "that the schema's context declares" },
		{ "tool-not-pinned", "the operator had pinned other tools of this server" },
		{ "pin-changed", "the server's definition of this tool was not the pinned one" },
		{ "pin-missing", "the server did not offer this pinned tool" },
		{ "pin-unusable", "what is pinned of this tool could not be read" },
		{ "arguments-invalid", "the arguments did not conform to the pinned inputSchema" },
		{ "arguments-unchecked", "the arguments could not be held to the pinned schema" },
		{ "too-many-checks", "checking this actor's arguments took too much work" },
		{ "too-many-sessions", "too many sessions were open" },
		{ "too-many-calls", "too many calls of the session were open" },
		{ "too-large", "the message was too large" },
		{ "record-full", "the record had no room left" },
		{ "keys-full", "the record was sealed with as many keys as there can be" },
		{ "chip-gone", "the machine's chip did not answer any more" },
		{ "chip-reset", "the machine's chip had been reset while it ran" },
		{ "chip-replaced", "another chip was in the place of the machine's" },
		{ "chip-failed", "the machine's chip had failed" },
		{ FH_COUNTED_FOUND_NOTHING, "the searches found nothing, or no more" },
		{ "other-reasons", "these were for more reasons than are counted apart" },
		{ "suppressed", "refusals of somebody who names nobody were counted, not "
		  "written" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (fh_span_equal(code, fh_span_str(rows[i].code)))
			return rows[i].text;
	}
	return "the message itself was refused; no policy was asked";
}
