/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EST_READ_H
#define FH_POLICY_EST_READ_H

#include "policy/parse.h"
#include "policy/value_json.h"

/* One document of policies in JSON while it is read.  As in policy/parse.h, the
 * first refusal stays and everything goes on after it, to no effect.  */
struct fh_est {
	struct fh_parse p;
	struct fh_json_document document;
};

static inline struct fh_position fh_est_at(const struct fh_json *j)
{
	return (struct fh_position){ j->at.line, j->at.column };
}

/* The member NAME of J; a null and a refusal if there is none.  */
const struct fh_json *fh_est_member(struct fh_est *e, const struct fh_json *j, const char *name);

/* The text of the member NAME of J.  */
struct fh_span fh_est_text(struct fh_est *e, const struct fh_json *j, const char *name);

/* Refuses a J that is no object or has other members than the N names.  */
void fh_est_only(struct fh_est *e, const struct fh_json *j, const char *const *names, size_t n);

/* The entity J.  */
struct fh_entity_uid fh_est_entity(struct fh_est *e, const struct fh_json *j);

/* The expression J.  */
const struct fh_expr *fh_est_expr(struct fh_est *e, const struct fh_json *j);

#endif
