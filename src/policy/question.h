/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_QUESTION_H
#define FH_POLICY_QUESTION_H

#include "policy/decision.h"

/* A question as others put it (docs/spec/AUTHZEN): may SUBJECT do ACTION on RESOURCE?  Who
 * asks may say what they are like; nothing is done because of the answer here, and nothing
 * is charged, so it is his word that the answer depends on, and what the operator listed.  */
struct fh_question {
	struct fh_entity_uid subject, action, resource;
	/* Checked CBOR maps, or empty.  */
	struct fh_span subject_properties, action_properties, resource_properties, context;
	/* Of a function that a model calls instead: its name; empty: it is no call.  Action,
	 * resource and TYPED are then what fh_question_type() finds, and the rest is empty.  */
	struct fh_span function;
	struct fh_span arguments;  /* a checked CBOR map */
	struct fh_span unreadable; /* why they are none; empty: they are */
	struct fh_value typed;     /* the context: a record */
};

/* Of Q, if it is a call, what the schema S says that it does, by its function and arguments
 * alone.  *WHY: PERMITTED, which says no more than that nothing stands against it so far, or
 * why it is none that could be decided; *T (may be NULL) says what is wrong, and Q is as
 * before.  What is found looks into A, S and the arguments.  FH_ERR_NOMEM.  */
fh_err fh_question_type(const struct fh_schema *s, struct fh_question *q, struct fh_arena *a,
			enum fh_reason *why, struct fh_trace *t);

/* The member of the Cedar context that holds the action's properties.  */
#define FH_QUESTION_ACTION "action"

/* What a question's request looks into.  */
struct fh_question_room {
	struct fh_known_entities known;
	struct fh_entity told[2];
};

/* The request that Q is under SET, with what KNOWN tells of groups; *ROOM, which must outlive it,
 * and A hold it.  A call has been typed under SET.  FH_ERR_CONFLICT for a question that is not of
 * the types of the schema, or says of an entity what the operator's list says otherwise: *T (may
 * be NULL) says why.  What the schema does not know at all becomes a request that the decision
 * refuses.  */
fh_err fh_question_request(const struct fh_policy_set *set, const struct fh_question *q,
			   const struct fh_known_entities *known, struct fh_question_room *room,
			   struct fh_arena *a, struct fh_request *out, struct fh_trace *t);

/* Decides Q under SET in the circumstances NOW.  KNOWN tells who the subject's groups are;
 * what it is told is filled in here.  A question that is not of the types of the schema, or
 * says of an entity what the operator's list says otherwise, is refused as
 * FH_REASON_MALFORMED, and *T (may be NULL) says why.  Nothing but the decision outlives the
 * call.  Errors as fh_policy_decide().  */
fh_err fh_question_decide(const struct fh_policy_set *set, const struct fh_question *q,
			  const struct fh_known_entities *known,
			  const struct fh_circumstances *now, struct fh_arena *scratch,
			  struct fh_decision *out, struct fh_trace *t);

#endif
