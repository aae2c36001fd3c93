/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_REQUEST_H
#define FH_CLI_POLICY_REQUEST_H

#include "cli/policy_past.h"
#include "policy/question.h"

/* A decision as the record has it: what was asked, by whom, and what the answer was; and the
 * same asked again.  */

struct fh_past_request {
	const struct fh_leaf *leaf;
	/* Of an answer the principal is the subject, who did nothing.  What an answer to a
	 * malformed question was about is empty, and so are action and resource of a call that
	 * had none.  */
	struct fh_entity_uid principal, action, resource;
	struct fh_entity_uid groups[FH_POLICY_PARENTS_MAX]; /* teams, as the chain had them */
	size_t groups_n;
	struct fh_span server;       /* the tool server; or empty */
	struct fh_span grade;        /* how the actor, or the asker, was known; or empty */
	struct fh_span arguments;    /* a CBOR item; empty: none, or too large to be kept */
	size_t sent;                 /* bytes they had */
	/* Of an answer (docs/spec/AUTHZEN): */
	bool is_answer;
	struct fh_entity_uid asker;
	struct fh_question question;
	struct fh_span malformed;    /* why it was no question; empty: it is one */
	struct fh_span call;         /* of a function's call, what the model calls it; or empty,
					which of a malformed one its function may be, too */
	/* What was decided.  */
	bool allowed;
	struct fh_span reason;       /* its code */
	struct fh_span policy[FH_POLICY_REASONS_MAX]; /* ids of determining policies */
	size_t policies;
	/* Decided by no policy: the device did what the statement of this number says.  */
	bool by_statement;
};

/* Reads L of P's record, an intent or an answer that is no search, into *OUT, which must stay
 * where it is and looks into F, into P's chain and into A.  FH_ERR_FORMAT, with what is missing
 * in T.  */
fh_err fh_past_request(const struct fh_past *p, const struct fh_leaf *l, const struct fh_fields *f,
		       struct fh_arena *a, struct fh_past_request *out, struct fh_trace *t);

/* An answer is one to a search, which decides about many.  */
bool fh_past_is_search(const struct fh_leaf *l, const struct fh_fields *f);

/* How many bytes arguments or a result had, of which ITEM is what was kept: *WHOLE, or the
 * array [length, SHA-256].  */
uint64_t fh_past_size(struct fh_span item, bool *whole);

/* The arguments of R were too large to be kept.  */
static inline bool fh_past_arguments_lost(const struct fh_past_request *r)
{
	return r->arguments.n == 0 && r->sent > 0;
}

/* Bytes of R that count for a quota: a question has none, but of a call those of its arguments. */
static inline size_t fh_past_amount(const struct fh_past_request *r)
{
	return r->is_answer && r->question.function.n == 0 ? 0 : r->sent;
}

/* R as a request that SET is asked, which looks into *ROOM and A.  FH_ERR_MISSING: it depends on
 * what was too large to be kept; FH_ERR_CONFLICT, FH_ERR_LIMIT: under SET's schema it is
 * malformed, and *WHY is the reason to give for that; FH_ERR_NOMEM.  */
fh_err fh_past_asked(const struct fh_past_request *r, const struct fh_policy_set *set,
		     struct fh_question_room *room, struct fh_arena *a, struct fh_request *out,
		     enum fh_reason *why);

/* Why R was refused at NOW whatever a policy says: PERMITTED if nothing stands against it.  */
enum fh_reason fh_past_obstacle(struct fh_past *p, const struct fh_past_request *r,
				struct fh_time now);

/* What is decided of R at NOW under the policy that is in force in P: exactly as core decides.
 * *UNKNOWN says what the answer depends on that nobody knows, or is NULL.  An error is one of
 * memory.  */
fh_err fh_past_decide(struct fh_past *p, const struct fh_past_request *r, struct fh_time now,
		      struct fh_decision *out, const char **unknown);

/* The same answer for the same reason by the same policies as R's.  */
bool fh_past_same(const struct fh_past_request *r, const struct fh_decision *d);

/* R decided again: when it was decided, which was between the entry before and its own.
 * *SAME: the answer is that of the record.  */
fh_err fh_past_decide_again(struct fh_past *p, const struct fh_past_request *r,
			    struct fh_decision *out, const char **unknown, bool *same);

#endif
