/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/explain.h"

#include "policy/index.h"

/* One explanation while it is made.  */
struct explaining {
	const struct fh_policy_set *set;
	const struct fh_circumstances *now;
	struct fh_evaluation v;
};

const char *fh_effectuality_code(enum fh_effectuality e)
{
	static const char *const codes[] = {
		[FH_EFFECTIVE] = "effective",     [FH_ROOMLESS] = "too-many-budgets",
		[FH_UNFUNDED] = "no-quota",       [FH_UNLEASED] = "no-lease",
		[FH_ERRED] = "erred",             [FH_UNSATISFIED] = "unsatisfied",
	};

	return codes[e];
}

/* --- clauses ------------------------------------------------------------------ */

/* The request's entity of variable SIDE is, or is in, one that S names.  */
static bool is_in(const struct explaining *x, size_t side, const struct fh_scope *s)
{
	for (size_t i = 0; i < s->entities_n; i++) {
		const struct fh_entity_key up = fh_entity_key_of(s->entities[i]);

		if (fh_entity_key_equal(&x->v.key[side], &up)
		    || (x->v.entity[side] != nullptr
			&& fh_entity_has_ancestor(x->v.entity[side], &up)))
			return true;
	}
	return false;
}

static bool clause_holds(const struct explaining *x, size_t side, const struct fh_scope *s)
{
	struct fh_entity_uid self = x->v.key[side].uid;

	switch (s->kind) {
	case FH_SCOPE_ANY:
		return true;
	case FH_SCOPE_EQUAL:
		return s->entities_n == 1 && fh_entity_equal(self, s->entities[0]);
	case FH_SCOPE_IN:
		return is_in(x, side, s);
	case FH_SCOPE_IS:
		return fh_span_equal(self.type, s->type);
	case FH_SCOPE_IS_IN:
		return fh_span_equal(self.type, s->type) && is_in(x, side, s);
	}
	return false;
}

static void try_clauses(const struct explaining *x, const struct fh_policy *p,
			struct fh_explained *out)
{
	const struct fh_scope *scope[] = { &p->principal, &p->action, &p->resource };

	for (size_t side = 0; side < 3; side++) {
		out->matches[side] = clause_holds(x, side, scope[side]);
		out->misses += !out->matches[side];
	}
}

/* --- conditions ---------------------------------------------------------------- */

/* The value of the Boolean E; *KNOWN is false if it has none.  */
static fh_err truth(struct explaining *x, const struct fh_expr *e, bool *known, bool *out)
{
	struct fh_value value = { 0 };
	struct fh_fault fault = { 0 };
	fh_err error = fh_expr_evaluate(&x->v, e, &value, &fault);

	*known = error == FH_ERR_OK && fault.kind == FH_FAULT_NONE
		 && value.kind == FH_VALUE_BOOL;
	*out = *known && value.boolean;
	return error;
}

/* The part of E, which is VALUE, that makes it so: of `a && b` that is false the side that is,
 * of `a || b` that is true likewise, of `if` the branch that was taken.  */
static fh_err narrow(struct explaining *x, const struct fh_expr *e, bool value,
		     const struct fh_expr **out)
{
	bool known, a;
	fh_err error = FH_ERR_OK;

	for (*out = e; error == FH_ERR_OK; *out = e) {
		bool alone = (e->kind == FH_EXPR_AND && !value) || (e->kind == FH_EXPR_OR && value);

		if (!alone && e->kind != FH_EXPR_IF)
			return FH_ERR_OK;
		error = truth(x, e->a, &known, &a);
		if (e->kind == FH_EXPR_IF)
			e = a ? e->b : e->c;
		else
			e = known && a == value ? e->a : e->b;
	}
	return error;
}

static fh_err try_condition(struct explaining *x, const struct fh_condition *c,
			    struct fh_explained *out)
{
	struct fh_value value = { 0 };
	struct fh_fault fault = { 0 };
	fh_err e = fh_expr_evaluate(&x->v, c->body, &value, &fault);

	if (e != FH_ERR_OK)
		return e;
	if (fault.kind == FH_FAULT_NONE && value.kind != FH_VALUE_BOOL)
		fault = (struct fh_fault){ FH_FAULT_TYPE, c->body->at };
	if (fault.kind == FH_FAULT_NONE && value.boolean != c->unless)
		return FH_ERR_OK;
	out->misses++;
	if (out->condition != nullptr)
		return FH_ERR_OK;
	out->condition = c;
	out->fault = fault;
	out->part = c->body;
	return fault.kind == FH_FAULT_NONE ? narrow(x, c->body, value.boolean, &out->part)
					   : FH_ERR_OK;
}

/* --- limits -------------------------------------------------------------------- */

/* The permit that *OUT is about is satisfied: does it count?  */
static void try_limits(struct explaining *x, const struct fh_limits *l, struct fh_explained *out)
{
	if (!x->now->leased && !l->fallback) {
		out->what = FH_UNLEASED;
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct fh_charge c = fh_limit_charge(&x->set->schema, l, &l->limit[i], x->v.key,
						     x->now);

		enum fh_funds funds = fh_charge_funds(x->now, &c);

		if (funds == FH_FUNDS_SUFFICE
		    || (funds == FH_FUNDS_NO_ROOM && out->what == FH_ROOMLESS))
			continue;
		out->what = funds == FH_FUNDS_NO_ROOM ? FH_ROOMLESS : FH_UNFUNDED;
		out->limit = &l->limit[i];
		out->charge = c;
		if (out->what == FH_UNFUNDED)
			return;
	}
}

static bool scope_matches(const struct fh_explained *x)
{
	return x->matches[0] && x->matches[1] && x->matches[2];
}

static fh_err explain(struct explaining *x, const struct fh_policy *p, struct fh_explained *out)
{
	fh_err e = FH_ERR_OK;

	try_clauses(x, p, out);
	for (size_t i = 0; e == FH_ERR_OK && i < p->conditions_n; i++)
		e = try_condition(x, &p->conditions[i], out);
	if (e != FH_ERR_OK || out->misses == 0) {
		if (e == FH_ERR_OK && !p->forbids)
			try_limits(x, &x->set->limits[out->policy], out);
		return e;
	}
	out->what = scope_matches(out) && out->fault.kind != FH_FAULT_NONE ? FH_ERRED
									    : FH_UNSATISFIED;
	return FH_ERR_OK;
}

fh_err fh_policy_explain(const struct fh_policy_set *set, uint32_t i, const struct fh_request *r,
			 const struct fh_circumstances *now, struct fh_arena *scratch,
			 struct fh_explained *out)
{
	struct explaining x = { .set = set, .now = now };
	struct fh_explained found = { .policy = i };
	uint32_t action = fh_schema_find_action(&set->schema, r->action);
	size_t taken = scratch->n;

	if (action == FH_SCHEMA_NONE)
		return FH_ERR_UNKNOWN;
	fh_err e = fh_evaluation_begin_as(&x.v, r->principal, &set->index->actions[action].entity,
					  r->resource, r->context, &r->entities, scratch);

	if (e == FH_ERR_OK)
		e = explain(&x, &set->policies[i], &found);
	scratch->n = taken;
	if (e == FH_ERR_OK)
		*out = found;
	return e;
}

/* How far a policy is from having its effect.  */
static uint32_t distance(const struct fh_explained *x)
{
	constexpr uint32_t action_weight = 1 << 16;

	if (x->what != FH_UNSATISFIED && x->what != FH_ERRED)
		return 0;
	return 2 * x->misses - scope_matches(x)
	       + (x->matches[FH_VARIABLE_ACTION] ? 0 : action_weight);
}

bool fh_explained_nearer(const struct fh_explained *a, const struct fh_explained *b)
{
	uint32_t da = distance(a), db = distance(b);

	if (da != db)
		return da < db;
	return a->what != b->what ? a->what < b->what : a->policy < b->policy;
}

/* --- its text ------------------------------------------------------------------ */

static uint32_t first_line(const struct fh_policy *p)
{
	uint32_t line = p->at.line;

	for (size_t i = 0; i < p->annotations_n; i++)
		line = p->annotations[i].at.line < line ? p->annotations[i].at.line : line;
	return line;
}

static struct fh_span skip_lines(struct fh_span text, uint32_t n)
{
	for (; n > 0; n--)
		text = fh_span_skip(text, fh_span_find(text, '\n') + 1);
	return text;
}

fh_err fh_policy_text(const struct fh_policy *p, struct fh_span text, struct fh_arena *scratch,
		      struct fh_span *out, uint32_t *line)
{
	uint32_t first = first_line(p);
	size_t taken = scratch->n;
	struct fh_lexer lex;
	fh_err e = fh_lexer_open(text, text.n, "policy", scratch, /* t= */ nullptr, &lex);

	while (e == FH_ERR_OK && lex.next.kind != FH_TOKEN_END
	       && (lex.next.at.line < p->at.line
		   || (lex.next.at.line == p->at.line && lex.next.at.column < p->at.column)))
		e = fh_lexer_step(&lex);
	while (e == FH_ERR_OK && lex.next.kind != FH_TOKEN_END && !fh_lexer_sees(&lex, ";"))
		e = fh_lexer_step(&lex);
	if (e == FH_ERR_OK && lex.next.kind == FH_TOKEN_END)
		e = FH_ERR_FORMAT;
	uint32_t last = e == FH_ERR_OK ? lex.next.at.line : first;

	scratch->n = taken;
	if (e != FH_ERR_OK)
		return e;
	struct fh_span from = skip_lines(text, first - 1), behind = skip_lines(from, last - first);

	behind = fh_span_skip(behind, fh_span_find(behind, '\n'));
	*out = fh_span_first(from, from.n - behind.n);
	*line = first;
	return FH_ERR_OK;
}
