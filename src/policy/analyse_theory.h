/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_THEORY_H
#define FH_POLICY_ANALYSE_THEORY_H

#include "policy/analyse_symbol.h"

/* Can atoms hold, or not, as a choice has it?  Terms that must be equal are put into one
 * class (and then so are their attributes); a class is given a value that pleases all
 * that is said of it.  A conflict is a proof: no request and no entities are like that.
 * Values are only a proposal, which whoever asked has to try.  */

struct fh_literal {
	uint32_t atom;
	bool holds;
};

enum fh_theory {
	FH_THEORY_UNKNOWN = 0, /* no value was found, which proves nothing */
	FH_THEORY_CONFLICT,    /* it cannot be */
	FH_THEORY_VALUES,      /* every class that something is said of has a value */
};

struct fh_model {
	struct fh_symbols *s;
	const struct fh_literal *literal;
	uint32_t literals_n;
	uint32_t *up;              /* by term: towards the class's first term */
	uint32_t *first;           /* by class: its first literal plus one, or 0 */
	uint32_t *next;            /* by literal: the next of the class plus one, or 0 */
	const struct fh_value **value; /* by class: NULL if none was given */
	uint32_t fresh;            /* names that were made up */
	struct fh_arena *arena;
};

/* Begins one in *M, whose memory is A's.  FH_ERR_NOMEM.  */
fh_err fh_model_begin(struct fh_model *m, struct fh_symbols *s, struct fh_arena *a);

/* What the N literals come to.  M->arena is used up from call to call.  */
enum fh_theory fh_theory_solve(struct fh_model *m, const struct fh_literal *literal, uint32_t n);

/* Of the N literals, which are a conflict, leaves those that make it; how many.  */
uint32_t fh_theory_explain(struct fh_model *m, struct fh_literal *literal, uint32_t n,
			   uint64_t *work);

/* The class of TERM.  */
uint32_t fh_model_class(struct fh_model *m, uint32_t term);

/* The value of TERM's class, or NULL.  */
const struct fh_value *fh_model_value(struct fh_model *m, uint32_t term);

static inline const struct fh_atom *fh_model_atom(const struct fh_model *m, uint32_t literal)
{
	return &m->s->t.atom[m->literal[literal].atom];
}

/* --- analyse_value.c: a value for the class CLASS -------------------------- */

/* Whether V can be the value of CLASS, as far as literals about it and values already
 * given tell.  STRICT: also if it is to differ from, or be less than, another class.  */
bool fh_model_allows(struct fh_model *m, uint32_t class, const struct fh_value *v, bool strict);

/* Gives CLASS a value.  */
enum fh_theory fh_model_choose(struct fh_model *m, uint32_t class);

#endif
