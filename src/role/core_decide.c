/* SPDX-License-Identifier: Apache-2.0 */
#include "role/core.h"

#include "codec/cbor.h"

#include <string.h>

/* The principal of everybody who names nobody.  */
static const struct fh_core_actor anonymous = {
	.name = { (const uint8_t *)"anonymous", 9 }, .grade = "anonymous", .known = true,
};

struct fh_core_actor fh_core_anonymous(void)
{
	return anonymous;
}

static struct fh_core_actor actor_of(const struct fh_actor *a, const char *grade)
{
	return (struct fh_core_actor){ .name = a->body.name, .groups = a->body.groups,
				       .asks = a->body.asks, .sequence = a->sequence, .grade =
				       	grade, .known = true,
				       .identified = true };
}

static bool actor_valid(struct fh_core *c, const struct fh_actor *a)
{
	return a != nullptr
	       && !(a->body.expires && fh_time_ended(fh_core_now(c), a->body.expires_ms));
}

struct fh_core_actor fh_core_identify(struct fh_core *c, const struct fh_core_gate *g,
				      struct fh_span bearer)
{
	const struct fh_actor *a;

	if (bearer.n > 0) {
		struct fh_hash h = fh_hash_of(bearer);

		a = g->peer.network ? fh_chain_actor_by_bearer(&c->chain, &h) : nullptr;
		if (!actor_valid(c, a))
			return (struct fh_core_actor){ .name = anonymous.name,
						       .grade = anonymous.grade, .known = false };
		return actor_of(a, "bearer");
	}
	if (g->peer.network)
		return anonymous;
	a = fh_chain_actor_by_peer(&c->chain, g->peer.uid, g->peer.executable);
	return actor_valid(c, a) ? actor_of(a, "peer") : anonymous;
}

/* The teams of ACTOR as entities; FH_ERR_LIMIT if there are too many.  */
static fh_err groups_of(const struct fh_core_actor *actor,
			struct fh_entity_uid groups[FH_POLICY_PARENTS_MAX], size_t *n)
{
	struct fh_span names[FH_POLICY_PARENTS_MAX];

	*n = actor->groups.n == 0 ? 0 : fh_texts(actor->groups, names, FH_POLICY_PARENTS_MAX);
	for (size_t i = 0; i < *n; i++)
		groups[i] = fh_entity_uid_of(FH_TYPE_TEAM, names[i]);
	return FH_ERR_OK;
}

struct fh_moment fh_core_moment(struct fh_core *c)
{
	return (struct fh_moment){ .chain = &c->chain, .device = c->device_id, .lease = &c->lease,
				   .fold = &c->fold, .now = fh_core_now(c) };
}

struct fh_decision fh_core_decide(struct fh_core *c, const struct fh_core_actor *actor,
				  struct fh_entity_uid action, struct fh_entity_uid resource,
				  struct fh_value context, size_t sent)
{
	struct fh_entity_uid groups[FH_POLICY_PARENTS_MAX];
	struct fh_known_entities known = {
		.schema = &c->policy.schema,
		.principal = fh_entity_uid_of(FH_TYPE_ACTOR, actor->name),
		.groups = groups,
		.listed = &c->policy.entities,
	};
	struct fh_moment moment = fh_core_moment(c);
	const struct fh_circumstances now = fh_moment_circumstances(&moment, sent);
	enum fh_reason against = fh_moment_obstacle(&moment);
	struct fh_decision d;

	if (against == FH_REASON_PERMITTED && !c->policy_ready)
		against = FH_REASON_NO_POLICY;
	if (against != FH_REASON_PERMITTED)
		return fh_decision_refused(against);
	if (groups_of(actor, groups, &known.groups_n) != FH_ERR_OK)
		return fh_decision_refused(FH_REASON_FAILED);
	const struct fh_request r = { known.principal, action, resource, context,
				      fh_known_entities_source(&known) };

	if (fh_policy_decide(&c->policy, &r, &now, &c->scratch, &d) != FH_ERR_OK)
		return fh_decision_refused(FH_REASON_FAILED);
	fh_core_quota_decided(c, &d);
	const struct fh_policy_held *p = fh_chain_policy(&c->chain);

	if (d.retain_ms == 0 && p != nullptr) /* of the outcome, too, whatever is in force then */
		d.retain_ms = p->body.retain_ms;
	return d;
}

/* Whether the chain knows whom Q is about, and then what groups he is in.  Only actors are
 * known by it.  */
static bool subject_known(struct fh_core *c, const struct fh_question *q,
			  struct fh_core_actor *out)
{
	const struct fh_actor *a;

	*out = anonymous;
	if (!fh_span_equal(q->subject.type, FH_SPAN_LIT(FH_TYPE_ACTOR))
	    || fh_span_equal(q->subject.id, anonymous.name))
		return true;
	a = fh_chain_actor(&c->chain, q->subject.id);
	if (!actor_valid(c, a))
		return false;
	*out = actor_of(a, "");
	return true;
}

struct fh_decision fh_core_decide_question(struct fh_core *c, struct fh_question *q,
					   struct fh_trace *t)
{
	struct fh_entity_uid groups[FH_POLICY_PARENTS_MAX];
	struct fh_known_entities known = { .schema = &c->policy.schema, .groups = groups,
					   .principal = q->subject,
					   .listed = &c->policy.entities };
	struct fh_moment moment = fh_core_moment(c);
	const struct fh_circumstances now = fh_moment_circumstances(&moment, q->arguments.n);
	enum fh_reason against = fh_moment_obstacle(&moment);
	struct fh_core_actor subject;
	struct fh_decision d;

	if (against == FH_REASON_PERMITTED && !c->policy_ready)
		against = FH_REASON_NO_POLICY;
	if (against == FH_REASON_PERMITTED && !subject_known(c, q, &subject))
		against = FH_REASON_UNKNOWN_ACTOR;
	if (against == FH_REASON_PERMITTED
	    && fh_question_type(&c->policy.schema, q, &c->scratch, &against, t) != FH_ERR_OK)
		against = FH_REASON_FAILED;
	if (against != FH_REASON_PERMITTED)
		return fh_decision_refused(against);
	if (groups_of(&subject, groups, &known.groups_n) != FH_ERR_OK
	    || fh_question_decide(&c->policy, q, &known, &now, &c->scratch, &d, t) != FH_ERR_OK)
		return fh_decision_refused(FH_REASON_FAILED);
	fh_core_quota_decided(c, &d);
	return d;
}
