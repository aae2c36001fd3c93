/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EVAL_H
#define FH_POLICY_EVAL_H

#include "policy/evaluate.h"

/* The parts of the evaluator.  Each function returns false after a fault or an
 * error, which V then holds.  Recursion is bounded by FH_EXPR_DEPTH_MAX, which the
 * parsers demand.  */

bool fh_eval(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);

/* The value of E, which must be a boolean.  */
bool fh_eval_bool(struct fh_evaluation *v, const struct fh_expr *e, bool *out);

/* E is WANTED; false also after a fault or an error.  Memory is given back.  */
bool fh_eval_tells(struct fh_evaluation *v, const struct fh_expr *e, bool wanted);

/* The value of E where it is, or else in *ROOM; NULL for false.  */
const struct fh_value *fh_eval_operand(struct fh_evaluation *v, const struct fh_expr *e,
				       struct fh_value *room);

/* Notes the fault KIND of E; false.  */
bool fh_eval_fault(struct fh_evaluation *v, const struct fh_expr *e, enum fh_fault_kind kind);

/* Notes that there is no memory left; false.  */
bool fh_eval_full(struct fh_evaluation *v);

/* Entities: in, is, is in, has, attributes and tags.  */
bool fh_eval_in(struct fh_evaluation *v, const struct fh_expr *e, bool *out);
bool fh_eval_is(struct fh_evaluation *v, const struct fh_expr *e, bool *out);
bool fh_eval_has(struct fh_evaluation *v, const struct fh_expr *e, bool *out);
bool fh_eval_has_tag(struct fh_evaluation *v, const struct fh_expr *e, bool *out);
bool fh_eval_get(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_get_tag(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);

/* Sets and records: literals, and questions about them.  */
bool fh_eval_set(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_record(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);
bool fh_eval_contains(struct fh_evaluation *v, const struct fh_expr *e, bool *out);

/* Functions of the extension types.  */
bool fh_eval_call(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out);

#endif
