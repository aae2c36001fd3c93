/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EVAL_H
#define FH_POLICY_EVAL_H

#include "policy/evaluate.h"

/* The parts of the evaluator.  Each function returns false after a fault or an
 * error, which V then holds.  Recursion is bounded by FH_EXPR_DEPTH_MAX, which the
 * parsers demand.  */

bool fh_eval(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);

/* Notes the fault KIND of E; false.  */
bool fh_eval_fault(struct fh_evaluation *v, const struct fh_expr *e, enum fh_fault_kind kind);

/* Notes that there is no memory left; false.  */
bool fh_eval_full(struct fh_evaluation *v);

/* The value of E, which must be of KIND.  */
bool fh_eval_kind(struct fh_evaluation *v, const struct fh_expr *e, enum fh_value_kind kind,
		  struct fh_value *out);

/* Entities: in, is in, has, attributes and tags.  */
bool fh_eval_in(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_is(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_has(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_get(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_tag(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);

/* Sets and records: literals, and questions about them.  */
bool fh_eval_set(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_record(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_contains(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);

/* Functions of the extension types.  */
bool fh_eval_call(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);

/* Whether the entity KEY is, or is in, UP.  */
bool fh_eval_reaches(struct fh_evaluation *v, const struct fh_entity_key *key,
		     const struct fh_entity_key *up, bool *out);

#endif
