/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/decision.h"

#include "policy/index.h"

/* The policies of one effect that are satisfied: how many, and those that come
 * first in the text, in that order.  */
struct satisfied {
	uint32_t policy[FH_POLICY_REASONS_MAX];
	size_t n;
	size_t total;
};

/* What a policy is to the decision.  The first of which there is any determines it.  */
enum standing {
	FORBIDS,
	ERRED,    /* forbids that could not be evaluated */
	PERMITS,  /* effective ones */
	ROOMLESS, /* satisfied and funded, but a budget has no room */
	UNFUNDED, /* satisfied, but a budget does not suffice */
	UNLEASED, /* satisfied, but the lease is not live */
	STANDINGS,
};

/* One decision while it is made.  */
struct deciding {
	const struct fh_policy_set *set;
	const struct fh_circumstances *now;
	struct fh_evaluation v;
	struct satisfied found[STANDINGS];
	struct fh_charge *charge; /* of effective permits, each budget once; in scratch */
	size_t charges;
	size_t tried;
	bool fallback;
	uint64_t retain_ms;
	fh_err e;
};

const char *fh_reason_text(enum fh_reason r)
{
	static const char *const text[] = {
#define FH_REASON_ROW(name, code, words) [FH_REASON_##name] = words,
		FH_REASON_LIST(FH_REASON_ROW)
#undef FH_REASON_ROW
	};

	return (unsigned)r < FH_REASON_COUNT ? text[r] : "unknown reason";
}

const char *fh_reason_code(enum fh_reason r)
{
	static const char *const codes[] = {
#define FH_REASON_ROW(name, code, words) [FH_REASON_##name] = code,
		FH_REASON_LIST(FH_REASON_ROW)
#undef FH_REASON_ROW
	};

	return (unsigned)r < FH_REASON_COUNT ? codes[r] : codes[FH_REASON_UNDECIDED];
}

enum fh_reason fh_reason_read(struct fh_span code)
{
	enum fh_reason r = 0;

	while (r < FH_REASON_COUNT && !fh_span_equal(code, fh_span_str(fh_reason_code(r))))
		r++;
	return r;
}

struct fh_verdict fh_verdict_settle(enum fh_answer answer)
{
	return (struct fh_verdict){ answer == FH_ANSWER_YES ? FH_VERDICT_ALLOWS : 0 };
}

bool fh_reason_is_untyped(enum fh_reason r)
{
	return r == FH_REASON_NOT_IN_SCHEMA || r == FH_REASON_MALFORMED_ARGUMENTS
	       || r == FH_REASON_MALFORMED_RESOURCE || r == FH_REASON_MALFORMED_CONTEXT;
}

struct fh_decision fh_decision_refused(enum fh_reason why)
{
	return (struct fh_decision){ .verdict = fh_verdict_settle(FH_ANSWER_NO),
				     .reason = why == FH_REASON_PERMITTED ? FH_REASON_FAILED
									  : why };
}

/* Puts POLICY among the others, which are few; the last may have to go.  */
static void insert(struct satisfied *s, uint32_t policy)
{
	size_t i = s->n;

	if (s->n == FH_POLICY_REASONS_MAX && policy > s->policy[s->n - 1])
		return;
	if (s->n < FH_POLICY_REASONS_MAX)
		s->n++;
	else
		i--;
	for (; i > 0 && s->policy[i - 1] > policy; i--)
		s->policy[i] = s->policy[i - 1];
	s->policy[i] = policy;
}

/* Policies are found list by list, and in each in their order.  */
static void record(struct satisfied *s, uint32_t policy)
{
	s->total++;
	if (s->n == 0 || (s->n < FH_POLICY_REASONS_MAX && policy > s->policy[s->n - 1]))
		s->policy[s->n++] = policy;
	else
		insert(s, policy);
}

/* --- permits that are effective ------------------------------------------ */

/* An action that says no tokens may take more than any quota has.  */
static uint64_t tokens_of(const struct fh_schema *s, struct fh_entity_uid action)
{
	uint32_t i = fh_schema_find_action(s, action);

	return i == FH_SCHEMA_NONE || s->actions[i].tokens_max == 0 ? UINT64_MAX
								    : s->actions[i].tokens_max;
}

struct fh_charge fh_limit_charge(const struct fh_schema *s, const struct fh_limits *l,
				 const struct fh_limit *x, const struct fh_entity_key key[3],
				 const struct fh_circumstances *now)
{
	static const enum fh_variable whom[] = {
		[FH_PER_PRINCIPAL] = FH_VARIABLE_PRINCIPAL,
		[FH_PER_RESOURCE] = FH_VARIABLE_RESOURCE,
		[FH_PER_ACTION] = FH_VARIABLE_ACTION,
	};

	const struct fh_entity_uid who = key[whom[x->per]].uid;
	struct fh_hash older = { 0 };

	if (now->renamed)
		older = fh_budget_hash_older(l, x, who);
	return (struct fh_charge){
		.budget = fh_budget_hash(l, x, who),
		.renamed = now->renamed,
		.older = older,
		.period_ms = x->period_ms,
		.count = x->count,
		.amount = x->unit == FH_UNIT_TOKENS
				  ? tokens_of(s, key[FH_VARIABLE_ACTION].uid)
				  : now->amount[x->unit],
		.unit = x->unit,
	};
}

enum fh_funds fh_charge_funds(const struct fh_circumstances *now, const struct fh_charge *c)
{
	return now->funds == nullptr ? FH_FUNDS_USED_UP : now->funds(now->context, c);
}

/* Adds CHARGE unless its budget is charged already.  */
static void add_charge(struct deciding *d, const struct fh_charge *charge)
{
	for (size_t i = 0; i < d->charges; i++) {
		if (fh_hash_equal(&d->charge[i].budget, &charge->budget))
			return;
	}
	if (d->charge == nullptr)
		d->charge = fh_arena_array(d->v.arena, FH_CHARGES_MAX, sizeof(*d->charge));
	if (d->charge == nullptr || d->charges == FH_CHARGES_MAX)
		d->e = d->charge == nullptr ? FH_ERR_NOMEM : FH_ERR_LIMIT;
	else
		d->charge[d->charges++] = *charge;
}

/* Charges what L limits, if all of it suffices.  What is used up says more than what has no
 * room.  */
static enum fh_funds fund(struct deciding *d, const struct fh_limits *l)
{
	struct fh_charge charge[FH_LIMITS_MAX];
	bool room = true;

	for (size_t i = 0; i < l->n; i++) {
		charge[i] = fh_limit_charge(&d->set->schema, l, &l->limit[i], d->v.key, d->now);
		enum fh_funds funds = fh_charge_funds(d->now, &charge[i]);

		if (funds == FH_FUNDS_USED_UP)
			return funds;
		room &= funds == FH_FUNDS_SUFFICE;
	}
	for (size_t i = 0; room && i < l->n; i++)
		add_charge(d, &charge[i]);
	return room ? FH_FUNDS_SUFFICE : FH_FUNDS_NO_ROOM;
}

/* The permit POLICY, which is satisfied: does it count?  */
static void try_permit(struct deciding *d, uint32_t policy)
{
	const struct fh_limits *l = &d->set->limits[policy];

	if (!d->now->leased && !l->fallback) {
		record(&d->found[UNLEASED], policy);
		return;
	}
	enum fh_funds funds = l->n == 0 ? FH_FUNDS_SUFFICE : fund(d, l);

	if (funds != FH_FUNDS_SUFFICE) {
		record(&d->found[funds == FH_FUNDS_NO_ROOM ? ROOMLESS : UNFUNDED], policy);
		return;
	}
	d->fallback |= l->fallback;
	if (l->retain_ms > 0 && (d->retain_ms == 0 || l->retain_ms < d->retain_ms))
		d->retain_ms = l->retain_ms;
	record(&d->found[PERMITS], policy);
}

static void try_rule(struct deciding *d, const struct fh_rule *r, uint32_t policy)
{
	bool forbids = r->forbids;

	d->tried++;
	if (!fh_rule_holds(&d->v, r, r->implied)) {
		d->e = d->v.e;
		if (forbids && d->v.fault.kind != FH_FAULT_NONE)
			record(&d->found[ERRED], policy);
	} else if (forbids) {
		record(&d->found[FORBIDS], policy);
	} else {
		try_permit(d, policy);
	}
}

/* Tries ENTRY, whose action the request is in.  A policy that names several such actions is
 * found once for each of them; only the first counts.  */
static void try_entry(struct deciding *d, const struct fh_index_entry *entry)
{
	const struct fh_rule *r = &d->set->rules.list[entry->policy];

	for (uint32_t i = 0; i < entry->listed; i++) {
		if (fh_numbers_have(&d->v.in[FH_VARIABLE_ACTION], r->actions[i]))
			return;
	}
	if (d->e == FH_ERR_OK)
		try_rule(d, r, entry->policy);
}

/* Tries those of the entries from FIRST to END that are for ACTION.  */
static void try_action(struct deciding *d, const struct fh_index_entry *first,
		       const struct fh_index_entry *end, uint32_t action)
{
	for (size_t n = (size_t)(end - first); n > 0;) {
		size_t half = n / 2;

		if (first[half].action < action) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	for (; first < end && first->action == action; first++)
		try_entry(d, first);
}

/* Tries what stands in LIST for any of the request's actions.  */
static void try_list(struct deciding *d, uint32_t list)
{
	constexpr ptrdiff_t few = 8; /* so many are looked through faster than searched */
	const struct fh_policy_index *x = d->set->index;
	const struct fh_index_entry *first = &x->entries[x->first[list]];
	const struct fh_index_entry *end = &x->entries[x->first[list + 1]];
	const struct fh_numbers *actions = &d->v.in[FH_VARIABLE_ACTION];

	if (end - first > few) {
		try_action(d, first, end, 0);
		for (uint32_t i = 0; i < actions->n; i++)
			try_action(d, first, end, actions->list[i] + 1);
		return;
	}
	for (; first < end; first++) {
		if (first->action == 0 || fh_numbers_have(actions, first->action - 1))
			try_entry(d, first);
	}
}

static bool is_empty(const struct fh_policy_index *x, uint32_t list)
{
	return x->first[list] == x->first[list + 1];
}

/* Tries the lists of SIDE of all NUMBERS.  */
static void try_side(struct deciding *d, enum fh_index_side side, const struct fh_numbers *numbers)
{
	for (uint32_t i = 0; i < numbers->n; i++) {
		uint32_t list = fh_index_list(side, numbers->list[i]);

		if (!is_empty(d->set->index, list))
			try_list(d, list);
	}
}

static void try_all(struct deciding *d)
{
	try_list(d, fh_index_list(FH_INDEX_NEITHER, FH_UNNAMED));
	try_side(d, FH_INDEX_PRINCIPAL, &d->v.in[FH_VARIABLE_PRINCIPAL]);
	try_side(d, FH_INDEX_RESOURCE, &d->v.in[FH_VARIABLE_RESOURCE]);
}

/* Default deny; forbid wins, and so does one that could not be evaluated.  */
static enum fh_reason reason_of(const struct deciding *d, const struct satisfied **which)
{
	static const enum fh_reason reason[] = {
		[FORBIDS] = FH_REASON_FORBIDDEN,         [ERRED] = FH_REASON_FORBID_ERRED,
		[PERMITS] = FH_REASON_PERMITTED,         [UNFUNDED] = FH_REASON_NO_QUOTA,
		[ROOMLESS] = FH_REASON_TOO_MANY_BUDGETS, [UNLEASED] = FH_REASON_NO_LEASE,
		[STANDINGS] = FH_REASON_NO_PERMIT,
	};
	size_t i = 0;

	while (i < STANDINGS && d->found[i].total == 0)
		i++;
	*which = &d->found[i < STANDINGS ? i : PERMITS];
	return reason[i];
}

/* Member by member: most decisions have nothing to say in the largest.  */
static void conclude(const struct deciding *d, struct fh_decision *out)
{
	const struct satisfied *s;
	bool permitted;

	out->reason = reason_of(d, &s);
	permitted = out->reason == FH_REASON_PERMITTED;
	out->verdict = fh_verdict_settle(permitted ? FH_ANSWER_YES : FH_ANSWER_NO);
	out->determining_n = s->n;
	out->determining_total = s->total;
	for (size_t i = 0; i < s->n; i++)
		out->determining[i] = d->set->policies[s->policy[i]].id;
	out->charges = permitted ? d->charges : 0;
	for (size_t i = 0; i < out->charges; i++)
		out->charge[i] = d->charge[i];
	out->tried = d->tried;
	out->fallback = permitted && d->fallback;
	out->retain_ms = permitted ? d->retain_ms : 0;
}

/* UID is of one of the N TYPES, and of an enumerated one an entity that there is.  */
static bool is_of(const struct fh_schema *s, const uint32_t *types, uint32_t n,
		  struct fh_entity_uid uid)
{
	for (uint32_t i = 0; i < n; i++) {
		if (fh_span_equal(s->types[types[i]].name, uid.type))
			return fh_schema_type_has_id(&s->types[types[i]], uid.id);
	}
	return false;
}

/* Whether R is a request the schema knows; UNDECIDED if so.  */
static enum fh_reason type_request(const struct fh_schema *s, const struct fh_request *r,
				   uint32_t action)
{
	if (action == FH_SCHEMA_NONE || s->actions[action].principals_n == 0)
		return FH_REASON_UNKNOWN_ACTION;
	const struct fh_schema_action *a = &s->actions[action];

	if (!is_of(s, a->principals, a->principals_n, r->principal))
		return FH_REASON_WRONG_PRINCIPAL;
	if (!is_of(s, a->resources, a->resources_n, r->resource))
		return FH_REASON_WRONG_RESOURCE;
	return FH_REASON_UNDECIDED;
}

/* Finds and numbers the entities of R.  */
static fh_err begin(struct deciding *d, const struct fh_request *r, uint32_t action,
		    struct fh_arena *scratch)
{
	const struct fh_index_action *a = &d->set->index->actions[action];
	const struct fh_names *names = &d->set->rules.names;
	fh_err e = fh_evaluation_begin_as(&d->v, r->principal, &a->entity, r->resource, r->context,
					  &r->entities, scratch);

	d->v.self[FH_VARIABLE_ACTION] = a->self;
	d->v.in[FH_VARIABLE_ACTION] = a->in;
	if (e == FH_ERR_OK)
		e = fh_evaluation_number(&d->v, names, FH_VARIABLE_PRINCIPAL);
	if (e == FH_ERR_OK)
		e = fh_evaluation_number(&d->v, names, FH_VARIABLE_RESOURCE);
	return e;
}

/* Nothing is known yet.  Member by member, as above.  */
static void clear(struct deciding *d)
{
	for (size_t i = 0; i < STANDINGS; i++)
		d->found[i].n = d->found[i].total = 0;
	d->charge = nullptr;
	d->charges = 0;
	d->tried = 0;
	d->fallback = false;
	d->retain_ms = 0;
}

fh_err fh_policy_decide(const struct fh_policy_set *set, const struct fh_request *r,
			const struct fh_circumstances *now, struct fh_arena *scratch,
			struct fh_decision *out)
{
	struct deciding d;
	size_t taken = scratch == nullptr ? 0 : scratch->n;

	if (set == nullptr) {
		*out = fh_decision_refused(FH_REASON_NO_POLICY);
		return FH_ERR_OK;
	}
	uint32_t action = fh_schema_find_action(&set->schema, r->action);
	enum fh_reason untyped = type_request(&set->schema, r, action);

	if (untyped != FH_REASON_UNDECIDED) {
		*out = fh_decision_refused(untyped);
		return FH_ERR_OK;
	}
	clear(&d);
	d.set = set;
	d.now = now;
	d.e = begin(&d, r, action, scratch);
	if (d.e == FH_ERR_OK)
		try_all(&d);
	if (d.e == FH_ERR_OK)
		conclude(&d, out);
	scratch->n = taken; /* nothing in *OUT looks there */
	return d.e;
}
