/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_VALIDATE_H
#define FH_POLICY_VALIDATE_H

#include "policy/ast.h"
#include "policy/schema.h"

/* Checks that policy P names only what schema S declares, conditions included, and can
 * apply to some request at all, as Cedar's validator does for scopes.  *ACTIONS gets the
 * indices of the actions P names.  Errors and trace as fh_policy_check().  */
fh_err fh_policy_validate(const struct fh_lexer *lex, const struct fh_schema *s,
			  const struct fh_policy *p, struct fh_arena *a,
			  const uint32_t **actions);

#endif
