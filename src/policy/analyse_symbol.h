/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_SYMBOL_H
#define FH_POLICY_ANALYSE_SYMBOL_H

#include "policy/analyse_formula.h"
#include "policy/analyse_term.h"
#include "policy/set.h"
#include "policy/typing.h"

/* What policies are in one environment, as formulas over atoms.  Evaluation has three
 * ends, true, false and an error, and each of them is said exactly.  What is not
 * understood becomes an atom of its own, which may hold or not: so a formula that never
 * holds is about no request, but one that can hold may still be about none.
 *
 * Assumed of requests and entities: that they are as the schema declares them.  */

struct fh_symbols {
	struct fh_formulas f;
	struct fh_terms t;
	struct fh_arena *arena;
	const struct fh_schema *schema;  /* what is said about types */
	const struct fh_schema *actions; /* what is said about actions, for what is read now */
	struct fh_entity_key action;
	const struct fh_type *principal;
	const struct fh_type *resource;
	const struct fh_type *context;
	struct fh_typing typing;
	const struct fh_entities *listed; /* by the document that is read now */
	bool exact;                      /* requests are calls: entities are what is listed, what
					    paths say, and the principal's groups; else they may
					    be anything that the schema declares */
	uint32_t world;                  /* if what documents list differs: whose it is, from 1 */
	bool foreign;                    /* some types mean something else to one document: do
					    not ask what an entity that is named is like */
	int64_t opaque;                  /* atoms of that kind made so far */
	uint64_t *work;                  /* steps that may still be taken */
	bool full;                       /* memory or steps are used up */
};

/* When an expression is true, and when it is false.  Otherwise it errs.  */
struct fh_outcome {
	uint32_t yes;
	uint32_t no;
};

/* A value that an expression has when a formula holds.  */
struct fh_case {
	uint32_t when;
	uint32_t term;
};

/* All of an expression's values; no two cases hold at once, and if none does it errs.  */
struct fh_cases {
	struct fh_case *list;
	uint32_t n;
	uint32_t room;
};

constexpr uint32_t FH_CASES_MAX = 1024; /* that one expression has */

/* Begins an environment: action ACTION of S, the types by their indices.  FH_ERR_NOMEM.  */
fh_err fh_symbols_begin(struct fh_symbols *s, const struct fh_schema *schema, uint32_t action,
			uint32_t principal, uint32_t resource, struct fh_arena *a,
			uint64_t *work);

/* When P of SET is satisfied; NO: when its scope matches and its
 * conditions are false.  Where the scope does not match neither holds, nor is it an error:
 * *SCOPE tells.  */
struct fh_outcome fh_symbols_policy(struct fh_symbols *s, const struct fh_policy_set *set,
				    const struct fh_policy *p, uint32_t *scope);

/* No memory, steps or numbers are left: what was made means nothing.  */
static inline bool fh_symbols_full(const struct fh_symbols *s)
{
	return s->full || s->f.full || s->t.full || *s->work == 0 || s->typing.e != FH_ERR_OK;
}

/* --- expressions: analyse_symbol.c, analyse_case.c ------------------------ */

struct fh_outcome fh_symbols_outcome(struct fh_symbols *s, const struct fh_expr *e);
struct fh_cases fh_symbols_cases(struct fh_symbols *s, const struct fh_expr *e);

/* It may be anything, or err.  */
struct fh_outcome fh_symbols_opaque(struct fh_symbols *s);

/* --- questions about terms: analyse_atom.c, analyse_entity.c -------------- */

uint32_t fh_symbols_atom(struct fh_symbols *s, enum fh_atom_kind kind, uint32_t a, uint32_t b);
/* The same about what entities are like, which documents may list differently.  */
uint32_t fh_symbols_fact(struct fh_symbols *s, enum fh_atom_kind kind, uint32_t a, uint32_t b);
uint32_t fh_symbols_constant(struct fh_symbols *s, struct fh_value v);
uint32_t fh_symbols_entity(struct fh_symbols *s, struct fh_entity_uid uid);
uint32_t fh_symbols_truth(struct fh_symbols *s, uint32_t term);
uint32_t fh_symbols_equal(struct fh_symbols *s, uint32_t a, uint32_t b);
uint32_t fh_symbols_less(struct fh_symbols *s, uint32_t a, uint32_t b);
uint32_t fh_symbols_below(struct fh_symbols *s, uint32_t a, int64_t n);
uint32_t fh_symbols_like(struct fh_symbols *s, uint32_t a, struct fh_span pattern);
uint32_t fh_symbols_in(struct fh_symbols *s, uint32_t a, uint32_t b);
uint32_t fh_symbols_contains(struct fh_symbols *s, uint32_t set, uint32_t item);
uint32_t fh_symbols_contains_all(struct fh_symbols *s, uint32_t set, uint32_t of);
uint32_t fh_symbols_contains_any(struct fh_symbols *s, uint32_t set, uint32_t of);
uint32_t fh_symbols_is_empty(struct fh_symbols *s, uint32_t set);
uint32_t fh_symbols_in_range(struct fh_symbols *s, uint32_t a, uint32_t b);

/* A has the attribute NAME.  */
uint32_t fh_symbols_has(struct fh_symbols *s, uint32_t a, struct fh_span name);
/* A exists and has the tag that B is.  */
uint32_t fh_symbols_has_tag(struct fh_symbols *s, uint32_t a, uint32_t b);
/* That attribute, or FH_TERM_NONE where none can be.  */
uint32_t fh_symbols_get(struct fh_symbols *s, uint32_t a, struct fh_span name);

/* Adds the case that the value is TERM when WHEN holds.  */
void fh_symbols_add(struct fh_symbols *s, struct fh_cases *c, uint32_t when, uint32_t term);

/* --- entities that are listed: analyse_listed.c ---------------------------- */

/* What the entity A is like is what the list says, or it is like nothing.  */
bool fh_symbols_is_listed(const struct fh_symbols *s, uint32_t a);

/* A, of which the former holds, has the attribute NAME; has the tag B; is in the entity B and
 * not B.  */
uint32_t fh_symbols_listed_has(struct fh_symbols *s, uint32_t a, struct fh_span name);
uint32_t fh_symbols_listed_has_tag(struct fh_symbols *s, uint32_t a, uint32_t b);
uint32_t fh_symbols_listed_below(struct fh_symbols *s, uint32_t a, uint32_t b);

/* Adds what that attribute, or that tag, can be to *OUT, WHEN A is asked for it.  */
void fh_symbols_listed_get(struct fh_symbols *s, uint32_t a, struct fh_span name, uint32_t when,
			   struct fh_cases *out);
void fh_symbols_listed_get_tag(struct fh_symbols *s, uint32_t a, uint32_t b, uint32_t when,
			       struct fh_cases *out);

/* A is of the entity type NAME: 1, or is not: 0; -1: not known.  */
int fh_symbols_is(const struct fh_symbols *s, uint32_t a, struct fh_span name);

#endif
