/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_REQUEST_H
#define FH_CLI_POLICY_REQUEST_H

#include "cli/policy_past.h"

/* A decision as the record has it: what was asked, by whom, and what the answer was; and the
 * same asked again.  */

struct fh_past_request {
	const struct fh_leaf *leaf;
	struct fh_entity_uid principal, action, resource;
	struct fh_entity_uid groups[FH_POLICY_PARENTS_MAX]; /* teams, as the chain had them */
	size_t groups_n;
	struct fh_span server;       /* the tool server; or empty */
	struct fh_span grade;        /* how the actor was known; or empty */
	struct fh_span arguments;    /* a CBOR item; empty: none, or too large to be kept */
	size_t sent;                 /* bytes they had */
	struct fh_value context;     /* as the schema of then reads it from them */
	bool context_lost;           /* it reads arguments that are not there to be read */
	/* What was decided.  */
	bool allowed;
	struct fh_span reason;       /* its code */
	struct fh_span policy[FH_POLICY_REASONS_MAX]; /* ids of determining policies */
	size_t policies;
	/* Decided by no policy: the device did what the statement of this number says.  */
	bool by_statement;
};

/* Reads the intent L of P's record into *OUT, which must stay where it is and looks into F,
 * into P's chain and into A.  FH_ERR_FORMAT, with what is missing in T.  */
fh_err fh_past_request(const struct fh_past *p, const struct fh_leaf *l, const struct fh_fields *f,
		       struct fh_arena *a, struct fh_past_request *out, struct fh_trace *t);

/* Type::"id" in TEXT as an entity, whose spans look into A.  FH_ERR_FORMAT.  */
fh_err fh_past_entity(struct fh_span text, struct fh_arena *a, struct fh_entity_uid *out);

/* The text in field ID of F, or under KEY of the map that it holds; else empty.  */
struct fh_span fh_past_text(const struct fh_fields *f, enum fh_field_id id, const char *key);
/* How many bytes arguments or a result had, of which ITEM is what was kept: *WHOLE, or the
 * array [length, SHA-256].  */
uint64_t fh_past_size(struct fh_span item, bool *whole);

/* The arguments of R were too large to be kept.  */
static inline bool fh_past_arguments_lost(const struct fh_past_request *r)
{
	return r->arguments.n == 0 && r->sent > 0;
}

/* R's context as the schema of SET reads it, into A.  FH_ERR_MISSING: it reads arguments that
 * were not kept; FH_ERR_CONFLICT, FH_ERR_LIMIT: a call with these is refused; FH_ERR_NOMEM.  */
fh_err fh_past_context(const struct fh_past_request *r, const struct fh_policy_set *set,
		       struct fh_arena *a, struct fh_value *out);

/* R as a request that SET is asked.  *KNOWN holds its entities and must outlive it.  */
struct fh_request fh_past_asked(const struct fh_past_request *r, const struct fh_policy_set *set,
				struct fh_known_entities *known);

/* What is decided of R at NOW under the policy that is in force in P: exactly as core decides.
 * *CERTAIN is false if the answer depends on the use of a budget, which nobody knows, or
 * on a context that is lost.  An error is one of memory.  */
fh_err fh_past_decide(struct fh_past *p, const struct fh_past_request *r, struct fh_time now,
		      struct fh_decision *out, bool *certain);

/* The same answer for the same reason by the same policies as R's.  */
bool fh_past_same(const struct fh_past_request *r, const struct fh_decision *d);

/* R decided again: when it was decided, which was between the entry before and its own.
 * *SAME: the answer is that of the record.  */
fh_err fh_past_decide_again(struct fh_past *p, const struct fh_past_request *r,
			    struct fh_decision *out, bool *certain, bool *same);

#endif
