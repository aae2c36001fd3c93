/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_space.h"

constexpr uint32_t tries_max = 32;      /* examples that decisions do not confirm */
constexpr uint32_t conflicts_max = 4096; /* lessons from one question */

/* --- what a document says ----------------------------------------------------- */

static bool counts_in(const struct fh_limits *l, enum fh_when when)
{
	return when == FH_WHEN_USUAL || (when == FH_WHEN_UNLEASED ? l->fallback : l->n == 0);
}

/* Some of SET's permits that count WHEN is satisfied.  */
static uint32_t some_permit(struct fh_space *s, const struct fh_space_side *side,
			    enum fh_when when, uint32_t *list)
{
	uint32_t n = 0;

	for (size_t i = 0; i < side->set->policies_n; i++) {
		if (side->permit[i] != FH_FORMULA_NO && counts_in(&side->set->limits[i], when))
			list[n++] = side->permit[i];
	}
	return fh_formula_any(&s->symbols.f, list, n);
}

/* A forbid whose scope matches and whose conditions err denies, too.  */
static fh_err read_side(struct fh_space *s, struct fh_space_side *side)
{
	const struct fh_policy_set *set = side->set;
	uint32_t *list, denials = 0;

	if (set == nullptr)
		return FH_ERR_OK;
	if (s->symbols.world > 0)
		s->symbols.world = side == &s->side[0] ? 1 : 2;
	list = fh_arena_array(s->arena, set->policies_n, sizeof(*list));
	side->permit = fh_arena_array(s->arena, set->policies_n, sizeof(*side->permit));
	if (list == nullptr || side->permit == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < set->policies_n; i++) {
		const struct fh_policy *p = &set->policies[i];
		uint32_t scope;
		struct fh_outcome x = fh_symbols_policy(&s->symbols, set, p, &scope);

		if (!p->forbids)
			side->permit[i] = x.yes;
		else if (scope != FH_FORMULA_NO)
			list[denials++] = fh_formula_and(&s->symbols.f, scope,
							 fh_formula_not(x.no));
	}
	side->denied = fh_formula_any(&s->symbols.f, list, denials);
	for (int w = 0; w < FH_WHEN_COUNT; w++)
		side->allowed[w] = fh_formula_and(
			&s->symbols.f, some_permit(s, side, (enum fh_when)w, list),
			fh_formula_not(side->denied));
	return FH_ERR_OK;
}

fh_err fh_place_each(const struct fh_schema *s,
		     fh_err (*visit)(void *context, const struct fh_place *place), void *context)
{
	fh_err e = FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < s->actions_n; i++) {
		const struct fh_schema_action *action = &s->actions[i];
		uint32_t n = action->principals_n * action->resources_n;

		for (uint32_t k = 0; e == FH_ERR_OK && k < n; k++) {
			const struct fh_place at = {
				i, action->principals[k / action->resources_n],
				action->resources[k % action->resources_n], false };

			e = visit(context, &at);
		}
	}
	return e;
}

fh_err fh_space_begin(struct fh_space *s, const struct fh_schema *schema,
		      const struct fh_place *place, const struct fh_policy_set *first,
		      const struct fh_policy_set *second, struct fh_arena *a, uint64_t *work)
{
	constexpr size_t nodes = FH_FORMULA_NODES_MAX;

	*s = (struct fh_space){
		.arena = a,
		.environment = { schema->actions[place->action].uid,
				 schema->types[place->principal].name,
				 schema->types[place->resource].name },
		.side = { { .set = first }, { .set = second } },
		.work = *work < FH_ENVIRONMENT_WORK_MAX ? *work : FH_ENVIRONMENT_WORK_MAX,
		.seen = fh_arena_array(a, nodes, sizeof(*s->seen)),
		.stack = fh_arena_space(a, nodes * sizeof(*s->stack)),
		.literal = fh_arena_space(a, FH_ATOMS_MAX * sizeof(*s->literal)),
	};
	*work -= s->work;
	fh_err e = fh_symbols_begin(&s->symbols, schema, place->action, place->principal,
				    place->resource, a, &s->work);

	s->symbols.foreign = place->foreign;
	s->symbols.exact = schema->actions[place->action].builtin ||
			   schema->actions[place->action].calls_n > 0;
	s->symbols.world = place->listed_apart && !s->symbols.exact;
	if (s->seen == nullptr || s->stack == nullptr || s->literal == nullptr)
		e = FH_ERR_NOMEM;
	if (e == FH_ERR_OK)
		e = fh_solver_begin(&s->solver, &s->symbols.f, a, &s->work);
	if (e == FH_ERR_OK)
		e = fh_model_begin(&s->model, &s->symbols, a);
	for (int i = 0; e == FH_ERR_OK && i < 2; i++)
		e = read_side(s, &s->side[i]);
	return e;
}

void fh_space_end(struct fh_space *s, uint64_t *work)
{
	*work += s->work;
}

/* --- why a formula holds --------------------------------------------------------- */

static void push(struct fh_space *s, uint32_t *n, uint32_t x)
{
	if (s->seen[x / 2] == s->walk || x / 2 == 0)
		return;
	s->seen[x / 2] = s->walk;
	s->stack[(*n)++] = x;
}

/* Literals that make X hold, in s->literal; how many.  Of what holds as soon as one of
 * two things does, one is taken.  */
static uint32_t reasons(struct fh_space *s, uint32_t x)
{
	uint32_t n = 0, literals = 0;

	s->walk++;
	push(s, &n, x);
	while (n > 0) {
		uint32_t at = s->stack[--n];
		const struct fh_formula_node *node = &s->symbols.f.node[at / 2];

		if (node->a == FH_FORMULA_ATOM) {
			s->literal[literals++] =
				(struct fh_literal){ node->b, (at & 1) == 0 };
		} else if ((at & 1) == 0) {
			push(s, &n, node->a);
			push(s, &n, node->b);
		} else {
			bool a = !fh_solver_holds(&s->solver, node->a);
			bool b = !fh_solver_holds(&s->solver, node->b);
			bool known = s->seen[node->b / 2] == s->walk && b;

			push(s, &n, (a && !known ? node->a : node->b) ^ 1);
		}
	}
	return literals;
}

/* --- deciding --------------------------------------------------------------------- */

static enum fh_funds always(void *context, const struct fh_charge *charge)
{
	(void)context;
	(void)charge;
	return FH_FUNDS_SUFFICE;
}

/* E says nothing of an entity that SET lists otherwise: such a request cannot be.  */
static bool agrees_with_list(const struct fh_policy_set *set, const struct fh_example *e)
{
	for (uint32_t i = 0; i < e->entities.n; i++) {
		const struct fh_entity *x = &e->entities.list[i];
		const struct fh_entity *y = fh_entities_find(&set->entities, &x->key);

		if (y != nullptr && !fh_entity_is_like(x, y))
			return false;
	}
	return true;
}

/* Whether SET allows E.  False in *KNOWN: it could not be decided.  */
static bool decides(struct fh_space *s, const struct fh_policy_set *set,
		    const struct fh_example *e, enum fh_when when, bool *known)
{
	const struct fh_circumstances now = {
		.leased = when != FH_WHEN_UNLEASED, .amount = { 1, 1 },
		.funds = when == FH_WHEN_UNFUNDED ? nullptr : always };
	struct fh_example_source room;
	struct fh_decision d = { 0 };

	*known = true;
	if (set == nullptr)
		return false;
	*known = agrees_with_list(set, e);
	if (!*known)
		return false;
	const struct fh_request r = { e->principal, e->action, e->resource, e->context,
				      fh_example_source(&room, e, set) };

	*known = fh_policy_decide(set, &r, &now, s->arena, &d) == FH_ERR_OK;
	return fh_allows(d.verdict);
}

static bool confirms(struct fh_space *s, const struct fh_wanted *w, const struct fh_example *e)
{
	const int wanted[] = { w->first, w->second };

	for (int i = 0; i < 2; i++) {
		bool known, is;

		if (wanted[i] < 0)
			continue;
		is = decides(s, s->side[i].set, e, w->when, &known);
		if (!known || is != (wanted[i] == 1))
			return false;
	}
	return true;
}

/* --- looking ----------------------------------------------------------------------- */

/* That not all of the N literals are as they are, as a formula.  */
static uint32_t other_than(struct fh_space *s, uint32_t n)
{
	uint32_t all = FH_FORMULA_YES;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t x = fh_formula_atom(&s->symbols.f, s->literal[i].atom);

		all = fh_formula_and(&s->symbols.f, all, x ^ !s->literal[i].holds);
	}
	return fh_formula_not(all);
}

/* The N literals are a conflict: whatever is asked, they are never all as they are.  */
static void learn(struct fh_space *s, uint32_t n)
{
	uint32_t *clause = s->stack;

	n = fh_theory_explain(&s->model, s->literal, n, &s->work);
	for (uint32_t i = 0; i < n; i++)
		clause[i] = fh_formula_atom(&s->symbols.f, s->literal[i].atom) ^
			    s->literal[i].holds;
	fh_solver_demand(&s->solver, clause, n);
}

enum fh_found fh_space_find(struct fh_space *s, uint32_t x, const struct fh_wanted *w,
			    struct fh_example *out)
{
	uint32_t tries = 0;

	for (uint32_t i = 0; i < conflicts_max && tries < tries_max; i++) {
		size_t taken = s->arena->n;

		if (fh_symbols_full(&s->symbols))
			return FH_FOUND_UNKNOWN;
		enum fh_solved solved = fh_solver_solve(&s->solver, x);

		if (solved == FH_SOLVED_NO && tries == 0)
			return FH_FOUND_NONE;
		if (solved != FH_SOLVED_YES)
			return FH_FOUND_UNKNOWN;
		uint32_t n = reasons(s, x);
		enum fh_theory is = fh_theory_solve(&s->model, s->literal, n);

		if (is == FH_THEORY_CONFLICT) {
			learn(s, n);
			s->arena->n = taken;
			continue;
		}
		if (fh_example_make(&s->model, out) == FH_ERR_OK && confirms(s, w, out))
			return FH_FOUND_EXAMPLE;
		s->arena->n = taken;
		tries++;
		x = fh_formula_and(&s->symbols.f, x, other_than(s, n));
	}
	return FH_FOUND_UNKNOWN;
}
