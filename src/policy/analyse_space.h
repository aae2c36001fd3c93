/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_SPACE_H
#define FH_POLICY_ANALYSE_SPACE_H

#include "policy/analyse.h"
#include "policy/analyse_solver.h"

/* All requests of one environment, and what one or two documents make of them.  */

/* What one document says, as formulas.  */
struct fh_space_side {
	const struct fh_policy_set *set; /* NULL: it has no such environment, so allows nothing */
	uint32_t *permit;        /* by policy: when it is satisfied; NO for forbids */
	uint32_t denied;         /* some forbid is satisfied, or errs */
	uint32_t allowed[FH_WHEN_COUNT];
};

struct fh_space {
	struct fh_arena *arena;
	struct fh_symbols symbols;
	struct fh_solver solver;
	struct fh_model model;
	struct fh_environment environment;
	struct fh_space_side side[2];
	uint64_t work;           /* steps left for this environment */
	uint32_t *seen;          /* by node: the walk that met it last */
	uint32_t walk;
	uint32_t *stack;
	struct fh_literal *literal;
};

/* Where an environment is declared.  */
struct fh_place {
	uint32_t action;    /* indices into a schema */
	uint32_t principal;
	uint32_t resource;
	bool foreign;       /* another schema of a document declares some type otherwise */
	bool listed_apart;  /* the documents do not list the same entities */
};

/* Every place that S declares, in order; others than OK end it and are returned.  */
fh_err fh_place_each(const struct fh_schema *s,
		     fh_err (*visit)(void *context, const struct fh_place *place), void *context);

/* Begins *S at PLACE of SCHEMA with what FIRST and SECOND (either may be NULL) say.  All
 * memory is of A, which the caller gives back.  WORK is counted down.  FH_ERR_NOMEM.  */
fh_err fh_space_begin(struct fh_space *s, const struct fh_schema *schema,
		      const struct fh_place *place, const struct fh_policy_set *first,
		      const struct fh_policy_set *second, struct fh_arena *a, uint64_t *work);

/* Gives back to *WORK what S did not use.  */
void fh_space_end(struct fh_space *s, uint64_t *work);

/* How a request that is looked for is told from others by deciding it.  */
struct fh_wanted {
	enum fh_when when;
	int first;  /* 1: the first document allows it, 0: it does not, -1: never mind */
	int second;
};

/* Looks for a request for which X holds and decisions are as W says.  The memory of
 * *OUT is of S.  */
enum fh_found fh_space_find(struct fh_space *s, uint32_t x, const struct fh_wanted *w,
			    struct fh_example *out);

#endif
