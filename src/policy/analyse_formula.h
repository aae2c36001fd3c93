/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_FORMULA_H
#define FH_POLICY_ANALYSE_FORMULA_H

#include "base/arena.h"
#include "freehold/error.h"

/* Formulas over atoms, each built once: an and-inverter graph.  A formula is a number,
 * twice its node, plus one if it is the node's negation; so equal numbers are equal
 * formulas, and what is said twice costs nothing.  */

constexpr uint32_t FH_FORMULA_NO = 0;
constexpr uint32_t FH_FORMULA_YES = 1;

constexpr uint32_t FH_FORMULA_NODES_MAX = 1 << 18; /* of one environment: 10,000 policies fit */

/* A conjunction, or with A = FH_FORMULA_ATOM the atom numbered B.  */
struct fh_formula_node {
	uint32_t a;
	uint32_t b;
};

constexpr uint32_t FH_FORMULA_ATOM = UINT32_MAX;

struct fh_formulas {
	struct fh_formula_node *node; /* the first is the constant "no" */
	uint32_t n;
	uint32_t *slot;               /* hash table of nodes; 0 is free */
	bool full;                    /* a limit was met: the formulas mean nothing */
};

/* Begins an empty graph whose memory is A's.  FH_ERR_NOMEM.  */
fh_err fh_formulas_begin(struct fh_formulas *f, struct fh_arena *a);

/* The atom numbered ATOM; X and Y; X or Y.  */
uint32_t fh_formula_atom(struct fh_formulas *f, uint32_t atom);
uint32_t fh_formula_and(struct fh_formulas *f, uint32_t x, uint32_t y);
uint32_t fh_formula_or(struct fh_formulas *f, uint32_t x, uint32_t y);

/* Some of the N formulas LIST, which are put in order: so the same ones make the same
 * formula, however they stood.  */
uint32_t fh_formula_any(struct fh_formulas *f, uint32_t *list, uint32_t n);

static inline uint32_t fh_formula_not(uint32_t x)
{
	return x ^ 1;
}

#endif
