/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EST_H
#define FH_POLICY_EST_H

#include "base/builder.h"
#include "policy/policies.h"

/* Policies in Cedar's JSON form: one policy, {"effect": ...}, or a set,
 *
 *	{ "staticPolicies": {ID: POLICY}, "templates": {ID: POLICY},
 *	  "templateLinks": [{"templateId": ID, "newId": ID, "values": {SLOT: ENTITY}}] }
 */

/* Reads TEXT, called NAME in the trace, of at most MAX bytes.  *OUT looks into A and
 * into TEXT; a set's policies come in the order static, templates, links, one policy
 * alone is "policy0".  FH_ERR_FORMAT, FH_ERR_CONFLICT (two of one id), FH_ERR_UNKNOWN (a
 * link to no template), FH_ERR_LIMIT, FH_ERR_NOMEM; *T (may be NULL) names
 * "NAME:LINE:COLUMN".  */
fh_err fh_est_read(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
		   struct fh_policies *out, struct fh_trace *t);

/* Writes P as a set, on one line.  */
void fh_est_write(struct fh_builder *b, const struct fh_policies *p);

/* Writes P alone.  */
void fh_est_write_policy(struct fh_builder *b, const struct fh_policy *p);

#endif
