/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/authorize.h"

/* Asks one policy.  Satisfied permits count only while no forbid is.  */
static fh_err ask(const struct fh_rule *rule, struct fh_evaluation *v, bool *forbidden,
		  struct fh_response *r)
{
	const struct fh_policy *p = rule->policy;

	if (fh_policy_is_template(p))
		return FH_ERR_OK;
	bool satisfied = fh_rule_holds(v, rule, 0);

	if (v->e != FH_ERR_OK)
		return v->e;
	if (v->fault.kind != FH_FAULT_NONE)
		r->errors[r->errors_n++] = (struct fh_policy_error){ p, v->fault };
	if (!satisfied || (*forbidden && !p->forbids))
		return FH_ERR_OK;
	if (p->forbids && !*forbidden)
		r->reasons_n = 0;
	*forbidden |= p->forbids;
	r->reasons[r->reasons_n++] = p;
	return FH_ERR_OK;
}

fh_err fh_authorize(const struct fh_rules *rules, struct fh_evaluation *v, struct fh_arena *a,
		    struct fh_response *out)
{
	size_t n = rules->n;
	struct fh_response r = { .reasons = fh_arena_array(a, n, sizeof(struct fh_policy *)),
				 .errors = fh_arena_array(a, n, sizeof(*r.errors)) };
	bool forbidden = false;
	fh_err e = r.reasons == nullptr || r.errors == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	v->e = FH_ERR_OK;
	for (int i = 0; e == FH_ERR_OK && i < 3; i++)
		e = fh_evaluation_number(v, &rules->names, (enum fh_variable)i);
	for (size_t i = 0; e == FH_ERR_OK && i < n; i++)
		e = ask(&rules->list[i], v, &forbidden, &r);
	r.allowed = !forbidden && r.reasons_n > 0;
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}
