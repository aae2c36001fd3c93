/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_FOLD_H
#define FH_POLICY_FOLD_H

#include "policy/ast.h"
#include "policy/names.h"

/* Expressions as evaluations use them.  Whatever depends on no request is computed once,
 * and questions about the request's own entities become questions about numbers.  */

/* In *OUT what evaluates as E does: to the same value, or the same fault in the same place,
 * if the evaluation was told the numbers that NAMES gives (fh_evaluation_number()).  Shares
 * parts with E, which never changes.  FH_ERR_NOMEM.  */
fh_err fh_fold(const struct fh_expr *e, struct fh_names *names, struct fh_arena *a,
	       const struct fh_expr **out);

#endif
