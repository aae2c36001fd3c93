/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_theory.h"

constexpr uint32_t merged_max = 512;  /* attributes that are compared in pairs */
constexpr uint32_t related_max = 512; /* ancestors that are closed */

fh_err fh_model_begin(struct fh_model *m, struct fh_symbols *s, struct fh_arena *a)
{
	struct fh_model made = {
		.s = s, .arena = a,
		.up = fh_arena_space(a, FH_TERMS_MAX * sizeof(*made.up)),
		.first = fh_arena_space(a, FH_TERMS_MAX * sizeof(*made.first)),
		.next = fh_arena_space(a, FH_ATOMS_MAX * sizeof(*made.next)),
		.value = fh_arena_space(a, FH_TERMS_MAX * sizeof(*made.value)),
	};

	if (made.up == nullptr || made.first == nullptr || made.next == nullptr ||
	    made.value == nullptr)
		return FH_ERR_NOMEM;
	*m = made;
	return FH_ERR_OK;
}

uint32_t fh_model_class(struct fh_model *m, uint32_t term)
{
	while (m->up[term] != term) {
		m->up[term] = m->up[m->up[term]];
		term = m->up[term];
	}
	return term;
}

const struct fh_value *fh_model_value(struct fh_model *m, uint32_t term)
{
	return m->value[fh_model_class(m, term)];
}

/* --- classes ---------------------------------------------------------------- */

/* Puts A and B into one class; a constant stands for it.  False: they are two constants.  */
static bool merge(struct fh_model *m, uint32_t a, uint32_t b)
{
	uint32_t x = fh_model_class(m, a), y = fh_model_class(m, b);

	if (x == y)
		return true;
	if (fh_term_is_constant(&m->s->t, x)) {
		if (fh_term_is_constant(&m->s->t, y))
			return false;
		m->up[y] = x;
	} else {
		m->up[x] = y;
	}
	return true;
}

/* The terms X and Y are made in the same way of things that are equal.  */
static bool alike(struct fh_model *m, const struct fh_term *x, const struct fh_term *y)
{
	if (x->kind != y->kind || x->which != y->which || x->number != y->number ||
	    !fh_span_equal(x->text, y->text) ||
	    fh_model_class(m, x->a) != fh_model_class(m, y->a))
		return false;
	return x->kind != FH_TERM_TAG || fh_model_class(m, x->b) == fh_model_class(m, y->b);
}

/* What is read of equal things is equal.  False: which cannot be.  */
static bool merge_parts(struct fh_model *m)
{
	const struct fh_terms *t = &m->s->t;
	uint32_t part[merged_max], n = 0;
	bool again = true;

	for (uint32_t i = 0; i < t->n; i++) {
		enum fh_term_kind k = t->term[i].kind;

		if (k != FH_TERM_GET && k != FH_TERM_TAG && k != FH_TERM_SUM)
			continue;
		if (n == merged_max)
			return true; /* fewer conflicts are seen */
		part[n++] = i;
	}
	while (again) {
		again = false;
		for (uint32_t i = 0; i < n; i++) {
			for (uint32_t k = 0; k < i; k++) {
				if (fh_model_class(m, part[i]) == fh_model_class(m, part[k]) ||
				    !alike(m, &t->term[part[i]], &t->term[part[k]]))
					continue;
				if (!merge(m, part[i], part[k]))
					return false;
				again = true;
			}
		}
	}
	return true;
}

static bool make_classes(struct fh_model *m)
{
	bool merged = false;

	for (uint32_t i = 0; i < m->s->t.n; i++) {
		m->up[i] = i;
		m->first[i] = 0;
		m->value[i] = nullptr;
	}
	for (uint32_t i = 0; i < m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(m, i);

		if (x->kind != FH_ATOM_EQUAL || !m->literal[i].holds)
			continue;
		merged = true;
		if (!merge(m, x->a, x->b))
			return false;
	}
	return !merged || merge_parts(m);
}

/* What the literal X, which holds, says to be less is also said to be more.  */
static bool is_reversed(struct fh_model *m, const struct fh_atom *x)
{
	for (uint32_t i = 0; i < m->literals_n; i++) {
		const struct fh_atom *y = fh_model_atom(m, i);

		if (y->kind == FH_ATOM_LESS && m->literal[i].holds &&
		    fh_model_class(m, x->a) == fh_model_class(m, y->b) &&
		    fh_model_class(m, x->b) == fh_model_class(m, y->a))
			return true;
	}
	return false;
}

/* Nothing is said to differ from itself, or to be less.  */
static bool classes_differ(struct fh_model *m)
{
	for (uint32_t i = 0; i < m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(m, i);
		bool differ = (x->kind == FH_ATOM_EQUAL && !m->literal[i].holds) ||
			      (x->kind == FH_ATOM_LESS && m->literal[i].holds);

		if (differ && (fh_model_class(m, x->a) == fh_model_class(m, x->b) ||
			       (x->kind == FH_ATOM_LESS && is_reversed(m, x))))
			return false;
	}
	return true;
}

/* --- entities that are in others ---------------------------------------------- */

/* What is known to be in what, by classes.  */
struct related {
	uint32_t a[related_max];
	uint32_t b[related_max];
	uint32_t n;
};

static bool relate(struct related *r, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->a[i] == a && r->b[i] == b)
			return false;
	}
	if (r->n == related_max)
		return false; /* fewer conflicts are seen */
	r->a[r->n] = a;
	r->b[r->n++] = b;
	return true;
}

static bool is_related(const struct related *r, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->a[i] == a && r->b[i] == b)
			return true;
	}
	return false;
}

/* What is in something is in all that this is in; nothing is in itself, and what does not
 * exist is in nothing.  False: these say otherwise.  */
static bool ancestors_agree(struct fh_model *m, struct related *r)
{
	r->n = 0;
	for (uint32_t i = 0; i < m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(m, i);

		if (x->kind == FH_ATOM_ANCESTOR && m->literal[i].holds && x->number == 0)
			(void)relate(r, fh_model_class(m, x->a), fh_model_class(m, x->b));
	}
	for (bool again = true; again;) {
		again = false;
		for (uint32_t i = 0; i < r->n; i++) {
			for (uint32_t k = 0; k < r->n; k++) {
				if (r->b[i] == r->a[k])
					again |= relate(r, r->a[i], r->b[k]);
			}
		}
	}
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->a[i] == r->b[i])
			return false;
	}
	for (uint32_t i = 0; i < m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(m, i);

		if (m->literal[i].holds || x->kind != FH_ATOM_ANCESTOR || x->number != 0)
			continue; /* of two lists nothing follows */
		if (is_related(r, fh_model_class(m, x->a), fh_model_class(m, x->b)))
			return false;
	}
	return true;
}

/* The literals X, which holds, and Y, which does not, ask the same of equal things.  */
static bool contradict(struct fh_model *m, const struct fh_atom *x, const struct fh_atom *y)
{
	if (fh_model_class(m, x->a) != fh_model_class(m, y->a))
		return false;
	if (x->kind == FH_ATOM_ANCESTOR && y->kind == FH_ATOM_EXISTS)
		return x->number == y->number;
	if (x->kind != y->kind || x->number != y->number || !fh_span_equal(x->text, y->text))
		return false;
	return x->b == y->b || (x->b != FH_TERM_NONE && y->b != FH_TERM_NONE &&
				fh_model_class(m, x->b) == fh_model_class(m, y->b));
}

static bool questions_agree(struct fh_model *m)
{
	for (uint32_t i = 0; i < m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(m, i);

		if (!m->literal[i].holds || x->kind == FH_ATOM_OPAQUE ||
		    x->kind == FH_ATOM_EQUAL)
			continue;
		for (uint32_t k = 0; k < m->literals_n; k++) {
			const struct fh_atom *y = fh_model_atom(m, k);

			if (!m->literal[k].holds && y->kind != FH_ATOM_OPAQUE &&
			    contradict(m, x, y))
				return false;
		}
	}
	return true;
}

/* --- values ---------------------------------------------------------------------- */

/* Hangs each literal under the classes that it is about.  */
static void hang_literals(struct fh_model *m)
{
	for (uint32_t i = 0; i < m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(m, i);

		if (x->kind == FH_ATOM_OPAQUE)
			continue;
		uint32_t class = fh_model_class(m, x->a);

		m->next[i] = m->first[class];
		m->first[class] = i + 1;
	}
}

/* TERM is something that a request can be made to have.  */
static bool is_free(const struct fh_term *x)
{
	return x->kind == FH_TERM_VARIABLE || x->kind == FH_TERM_GET || x->kind == FH_TERM_TAG;
}

static enum fh_theory check_constants(struct fh_model *m)
{
	for (uint32_t i = 0; i < m->s->t.n; i++) {
		const struct fh_term *x = &m->s->t.term[i];

		if (x->kind == FH_TERM_CONSTANT && m->up[i] == i)
			m->value[i] = &x->value;
	}
	for (uint32_t i = 0; i < m->s->t.n; i++) {
		if (m->up[i] == i && m->value[i] != nullptr && m->first[i] != 0 &&
		    !fh_model_allows(m, i, m->value[i], /* strict= */ false))
			return FH_THEORY_CONFLICT;
	}
	return FH_THEORY_VALUES;
}

/* Whether some term of the class of which TERM is the first is free.  */
static bool needs_value(struct fh_model *m, uint32_t term)
{
	return m->up[term] == term && m->value[term] == nullptr &&
	       is_free(&m->s->t.term[term]) &&
	       (m->first[term] != 0 || m->s->t.term[term].kind == FH_TERM_VARIABLE);
}

enum fh_theory fh_theory_solve(struct fh_model *m, const struct fh_literal *literal, uint32_t n)
{
	enum fh_theory worst = FH_THEORY_VALUES;
	struct related r;

	m->literal = literal;
	m->literals_n = n;
	m->fresh = 0;
	if (!make_classes(m) || !classes_differ(m) || !questions_agree(m) ||
	    !ancestors_agree(m, &r))
		return FH_THEORY_CONFLICT;
	hang_literals(m);
	if (check_constants(m) == FH_THEORY_CONFLICT)
		return FH_THEORY_CONFLICT;
	for (uint32_t i = 0; i < m->s->t.n; i++) {
		enum fh_theory is = needs_value(m, i) ? fh_model_choose(m, i) : FH_THEORY_VALUES;

		if (is == FH_THEORY_CONFLICT)
			return is;
		if (is == FH_THEORY_UNKNOWN)
			worst = is;
	}
	return worst;
}

/* --- conflicts --------------------------------------------------------------------- */

/* Tries to do without SIZE literals at a time, each half as many as before: what makes
 * the conflict is mostly two of many.  */
uint32_t fh_theory_explain(struct fh_model *m, struct fh_literal *literal, uint32_t n,
			   uint64_t *work)
{
	size_t taken = m->arena->n;
	struct fh_literal *less = fh_arena_space(m->arena, n * sizeof(*less));

	for (uint32_t size = (n + 1) / 2; less != nullptr && size > 0 && *work > n; size /= 2) {
		for (uint32_t at = 0; at < n && *work > n;) {
			uint32_t kept = 0;
			size_t before = m->arena->n;

			for (uint32_t i = 0; i < n; i++) {
				if (i < at || i >= at + size)
					less[kept++] = literal[i];
			}
			*work -= n;
			if (fh_theory_solve(m, less, kept) == FH_THEORY_CONFLICT) {
				for (uint32_t i = 0; i < kept; i++)
					literal[i] = less[i];
				n = kept;
			} else {
				at += size;
			}
			m->arena->n = before;
		}
	}
	m->arena->n = taken;
	return n;
}
