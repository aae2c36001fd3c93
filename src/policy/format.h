/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_FORMAT_H
#define FH_POLICY_FORMAT_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/trace.h"

/* Writes the Cedar policies TEXT in the one way that Freehold lays them out: same
 * policies, same comments, and nothing changes if it is done again.  Working
 * memory comes from A.  Refusals are those of fh_policies_parse(), before anything
 * is written; FH_ERR_LIMIT without a trace if OUT is too small.  */
fh_err fh_policy_format(struct fh_span text, struct fh_arena *a, struct fh_builder *out,
			struct fh_trace *t);

#endif
