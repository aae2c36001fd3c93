/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_SOLVER_H
#define FH_POLICY_ANALYSE_SOLVER_H

#include "policy/analyse_formula.h"

/* Is there a choice of the atoms under which a formula holds?  Conflict-driven clause
 * learning (Marques-Silva and Sakallah, GRASP) with two watched literals (Moskewicz et
 * al., Chaff).  A literal is a formula's number, so every node is a variable.  */

enum fh_solved {
	FH_SOLVED_UNKNOWN = 0, /* a limit was met */
	FH_SOLVED_NO,          /* there is none */
	FH_SOLVED_YES,         /* fh_solver_holds() tells which */
};

constexpr uint32_t FH_SOLVER_WORDS_MAX = 1 << 23; /* of all clauses: 32 MiB */
constexpr uint32_t FH_SOLVER_LINKS_MAX = 1 << 22; /* watches, two for each clause */

struct fh_solver_watch {
	uint32_t clause; /* where it begins */
	uint32_t next;   /* index plus one, or 0 */
};

struct fh_solver {
	const struct fh_formulas *f;
	uint32_t *clause;      /* each: its length, then its literals, the watched ones first */
	uint32_t clause_n;
	struct fh_solver_watch *watch;
	uint32_t watch_n;
	uint32_t *watched;     /* by literal: its first watch plus one, or 0 */
	int8_t *value;         /* by node: 1 holds, -1 does not, 0 open */
	uint8_t *phase;        /* by node: it held when it was last set */
	uint8_t *seen;         /* by node: while a conflict is looked at */
	uint32_t *level;       /* by node: decisions before it was set */
	uint32_t *reason;      /* by node: the clause that set it plus one, or 0 */
	double *activity;      /* by node: how much it was part of conflicts lately */
	uint32_t *heap;        /* open nodes, the most active first */
	uint32_t *place;       /* by node: its place in the heap plus one, or 0 */
	uint32_t heap_n;
	uint32_t *trail;       /* literals that hold, in the order in which they were set */
	uint32_t trail_n;
	uint32_t queue;        /* how many of them have been propagated */
	uint32_t *limit;       /* by level: how long the trail was when it began */
	uint32_t levels;
	uint32_t *learnt;      /* room for one clause */
	uint32_t nodes;        /* whose clauses are there */
	double step;           /* what a part of a conflict adds to activity */
	uint64_t *work;        /* steps that may still be taken */
	bool contradicted;     /* nothing satisfies the clauses */
	bool full;
};

/* Begins one over F; WORK is what it may do, counted down.  FH_ERR_NOMEM.  */
fh_err fh_solver_begin(struct fh_solver *s, const struct fh_formulas *f, struct fh_arena *a,
		       uint64_t *work);

/* Demands from now on that one of the N literals holds; they are sorted.  */
void fh_solver_demand(struct fh_solver *s, uint32_t *literals, uint32_t n);

/* Whether all that is demanded, and WANTED, can hold at once.  */
enum fh_solved fh_solver_solve(struct fh_solver *s, uint32_t wanted);

/* After YES: X holds in the choice that was found.  */
static inline bool fh_solver_holds(const struct fh_solver *s, uint32_t x)
{
	return x / 2 == 0 ? (x & 1) == 1 : (s->value[x / 2] > 0) == ((x & 1) == 0);
}

#endif
