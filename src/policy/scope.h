/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SCOPE_H
#define FH_POLICY_SCOPE_H

#include "policy/ast.h"

/* Reads one policy, the POSITIONth from 0, from LEX.  Refused with the errors
 * and the trace of fh_policy_check().  */
fh_err fh_policy_parse(struct fh_lexer *lex, size_t position, struct fh_arena *a,
		       struct fh_policy *out);

#endif
