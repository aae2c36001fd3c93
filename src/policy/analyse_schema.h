/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_SCHEMA_H
#define FH_POLICY_ANALYSE_SCHEMA_H

#include "policy/schema.h"

/* Which of its types one schema declares as another one does: only of such can the same
 * requests be asked under both.  */

/* By type of NEW: OLD declares it alike, and all that it speaks of.  NULL: no memory.  */
const bool *fh_schema_alike(const struct fh_schema *old, const struct fh_schema *new,
			    struct fh_arena *a);

/* X of NEW is what Y of OLD is, given ALIKE.  */
bool fh_type_alike(const struct fh_schema *old, const struct fh_schema *new, const bool *alike,
		   const struct fh_type *x, const struct fh_type *y);

#endif
