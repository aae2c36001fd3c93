/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_CHANGE_H
#define FH_POLICY_ANALYSE_CHANGE_H

#include "policy/set.h"

/* What two documents say otherwise beside what they allow: annotations of permits, and
 * which calls are which actions.  These are compared as they are written; nothing is
 * proved.  */

/* An annotation that one of two permits with the same id has in another way.  */
struct fh_limit_change {
	struct fh_span id;
	struct fh_span name;                /* quota, budget, fallback, retain */
	const struct fh_annotation *before; /* NULL: none */
	const struct fh_annotation *after;
};

/* A tool call that is another action, or that names its resource otherwise.  */
struct fh_call_change {
	struct fh_span server;
	struct fh_span tool;
	const struct fh_schema_action *before; /* NULL: it could not be called */
	const struct fh_schema_action *after;
};

/* Tells NEXT each of them, in NEW's order and then those that only OLD has; its errors
 * are returned.  */
fh_err fh_policy_limit_changes(const struct fh_policy_set *old, const struct fh_policy_set *new,
			       fh_err (*next)(void *context, const struct fh_limit_change *x),
			       void *context);
fh_err fh_policy_call_changes(const struct fh_policy_set *old, const struct fh_policy_set *new,
			      fh_err (*next)(void *context, const struct fh_call_change *x),
			      void *context);

#endif
