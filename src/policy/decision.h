/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_DECISION_H
#define FH_POLICY_DECISION_H

#include "base/limits.h"
#include "freehold/verdict.h"
#include "policy/known.h"
#include "policy/set.h"

/* May this principal do this action on this resource, now?  Cedar's answer (yes iff some
 * permit and no forbid is satisfied), narrowed twice: a forbid whose conditions cannot
 * be evaluated forbids, and a satisfied permit counts only if it is *effective*: the
 * operator's lease is live, or the permit is @fallback, and every budget that it is
 * charged to suffices.  */

/* Why a decision is as it is.  Only PERMITTED allows; zero is not decided.  One
 * row each: name, code, text for people.  The codes are recorded: they stay.  */
#define FH_REASON_LIST(X)                                                                       \
	X(UNDECIDED, "undecided", "not decided")                                                \
	X(PERMITTED, "permitted", "permitted")                                                  \
	X(FORBIDDEN, "forbidden", "a policy forbids it")                                        \
	X(NO_PERMIT, "no-permit", "no policy permits it")                                       \
	X(NO_POLICY, "no-policy", "no policy is in force")                                      \
	X(EXPIRED, "policy-expired", "the policy has expired")                                  \
	X(UNKNOWN_ACTION, "unknown-action", "the schema has no such action")                    \
	X(WRONG_PRINCIPAL, "wrong-principal", "the action does not apply to such a principal")  \
	X(WRONG_RESOURCE, "wrong-resource", "the action does not apply to such a resource")     \
	X(MALFORMED, "malformed", "the request could not be typed")                             \
	X(FAILED, "undecidable", "it could not be decided")                                     \
	X(DEVICE_REVOKED, "device-revoked", "the operator has revoked this device")             \
	X(FORBID_ERRED, "forbid-erred", "a policy that forbids could not be evaluated")         \
	X(NO_LEASE, "no-lease", "the operator's lease has ended")                               \
	X(NO_QUOTA, "no-quota", "a quota is used up")                                           \
	X(UNKNOWN_ACTOR, "unknown-actor", "the chain names no such actor")                      \
	X(TOO_MANY_BUDGETS, "too-many-budgets",                                                 \
	  "what it takes of a quota could not be remembered: too many budgets are in use")      \
	X(TOO_MUCH_WORK, "too-much-work",                                                       \
	  "the questions before it took all the work that one request may take")                \
	X(NOT_IN_SCHEMA, "tool-not-in-schema", "the schema names no such tool or function")     \
	X(MALFORMED_ARGUMENTS, "malformed-arguments", "the arguments cannot be read")           \
	X(MALFORMED_RESOURCE, "malformed-resource", "the arguments do not name the resource")   \
	X(MALFORMED_CONTEXT, "malformed-context", "the arguments are not of the declared types")

enum fh_reason {
#define FH_REASON_ROW(name, code, text) FH_REASON_##name,
	FH_REASON_LIST(FH_REASON_ROW)
#undef FH_REASON_ROW
	FH_REASON_COUNT
};

/* The text for people of R, and its code as it is recorded: static, never NULL.  */
const char *fh_reason_text(enum fh_reason r);
const char *fh_reason_code(enum fh_reason r);
/* The inverse of the code; FH_REASON_COUNT for another text.  */
enum fh_reason fh_reason_read(struct fh_span code);
/* R is why a call has not the types of the schema, so that no policy was asked.  Of a tool's call
 * that is a refusal and no decision; of a function's it is what is answered.  */
bool fh_reason_is_untyped(enum fh_reason r);

struct fh_request {
	struct fh_entity_uid principal;
	struct fh_entity_uid action;
	struct fh_entity_uid resource;
	struct fh_value context;          /* a record */
	struct fh_entity_source entities;
};

/* What a decision depends on beside policies and request.  All zero is the narrowest:
 * only permits that are @fallback and have no @quota are effective.  */
struct fh_circumstances {
	bool leased;                  /* the operator's lease is live */
	uint64_t amount[FH_UNITS];    /* what the request may take at most: one call, ...; of
					 tokens the schema says it */
	/* What the budget of CHARGE has for it.  NULL: all are used up.  */
	enum fh_funds (*funds)(void *context, const struct fh_charge *charge);
	void *context;
	bool renamed;                 /* budgets may be in use under names of before format 3 */
};

/* What the budget of C has for it.  */
enum fh_funds fh_charge_funds(const struct fh_circumstances *now, const struct fh_charge *c);

/* What L's limit X is charged for a request by, to do and on KEY (by enum fh_variable).  */
struct fh_charge fh_limit_charge(const struct fh_schema *s, const struct fh_limits *l,
				 const struct fh_limit *x, const struct fh_entity_key key[3],
				 const struct fh_circumstances *now);

/* All zero is "no".  */
struct fh_decision {
	struct fh_verdict verdict; /* fh_allows() tells */
	enum fh_reason reason;
	size_t determining_n;      /* ids that follow */
	size_t determining_total;  /* how many policies determined it; may be more */
	/* Ids of the satisfied forbids, or else of those that could not be evaluated, or
	 * else of the effective permits, or else of the satisfied ones: the first in the
	 * text.  They look into the policy set.  */
	struct fh_span determining[FH_POLICY_REASONS_MAX];
	/* If it allows: what every effective permit is charged to, each budget once; */
	struct fh_charge charge[FH_CHARGES_MAX];
	size_t charges;
	size_t tried;              /* policies whose conditions were asked: what it cost */
	bool fallback;             /* whether one of them does without the lease; */
	uint64_t retain_ms;        /* and the shortest @retain among them, or 0 */
};

/* Decides R under SET in the circumstances NOW.  The action's groups come from the schema,
 * everything else from R->entities.  Working memory comes from SCRATCH.
 * Nothing is charged yet: that is the caller's, once the decision is recorded.
 *
 * An error is not a decision and callers treat it as a refusal: FH_ERR_NOMEM,
 * FH_ERR_LIMIT for more than FH_CHARGES_MAX budgets, or what the source returned.  */
fh_err fh_policy_decide(const struct fh_policy_set *set, const struct fh_request *r,
			const struct fh_circumstances *now, struct fh_arena *scratch,
			struct fh_decision *out);

/* Scratch that is enough for every decision.  */
constexpr size_t FH_DECISION_ARENA = 16 << 20;

/* A "no" for reason WHY, for callers that never get as far as a policy.  Never
 * allows: PERMITTED becomes FAILED.  */
struct fh_decision fh_decision_refused(enum fh_reason why);

/* The only function that can make a verdict that allows: iff ANSWER is
 * FH_ANSWER_YES.  */
struct fh_verdict fh_verdict_settle(enum fh_answer answer);

#endif
