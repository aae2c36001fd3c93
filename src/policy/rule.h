/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_RULE_H
#define FH_POLICY_RULE_H

#include "policy/eval.h"

/* Policies as evaluations use them: made once, so that asking them takes little work and
 * no memory but what a condition's own sets and records need.  */

/* One question whose answer the policy needs.  The first kinds are asked of the request's own
 * entities, and have no faults.  */
enum fh_test_kind {
	FH_TEST_NAMED = 0, /* the variable has the number */
	FH_TEST_WITHIN,    /* the variable has it or is in what has it */
	FH_TEST_TYPE,      /* the variable is of the type */
	FH_TEST_EXPR,      /* any other condition, or a part of one */
};

struct fh_test {
	enum fh_test_kind kind : 8;
	enum fh_variable which : 8;
	bool unless;                         /* the answer must be no */
	uint32_t number;
	union {
		const struct fh_span *type;
		const struct fh_expr *expr;
	};
};

struct fh_rule {
	const struct fh_test *tests;    /* of the scope and then of the conditions, in order: */
	uint32_t tests_n;               /* all must be answered as they should */
	uint8_t implied;                /* so many of them, if the index has found the rule */
	bool forbids;
	uint32_t principal;             /* what the scope names, or FH_UNNAMED */
	uint32_t resource;
	uint32_t actions_n;
	const uint32_t *actions;
	const struct fh_policy *policy; /* what it was made of */
};

struct fh_rules {
	const struct fh_rule *list; /* one for each policy, in their order */
	size_t n;
	struct fh_names names;      /* what their numbers mean */
};

/* Makes the rules of P, which they look into as long as they live.  A template has one that
 * must not be asked.  FH_ERR_NOMEM.  */
fh_err fh_rules_compile(const struct fh_policies *p, struct fh_arena *a, struct fh_rules *out);

/* T is answered as it should; false after a fault or an error, too.  */
static inline bool fh_test_passes(struct fh_evaluation *v, const struct fh_test *t)
{
	switch (t->kind) {
	case FH_TEST_NAMED:
		return (v->self[t->which] == t->number) != t->unless;
	case FH_TEST_WITHIN:
		return fh_numbers_have(&v->in[t->which], t->number) != t->unless;
	case FH_TEST_TYPE:
		return fh_span_equal(v->key[t->which].uid.type, *t->type) != t->unless;
	case FH_TEST_EXPR:
		return fh_eval_tells(v, t->expr, !t->unless);
	}
	return false;
}

/* R is satisfied, whose first FROM tests are known to be.  After a fault it is not, and V->fault
 * tells which; after an error, which V->e tells, nothing is known.  Memory is given back.  */
static inline bool fh_rule_holds(struct fh_evaluation *v, const struct fh_rule *r, uint32_t from)
{
	const struct fh_test *end = r->tests + r->tests_n;

	v->fault.kind = FH_FAULT_NONE;
	for (const struct fh_test *t = r->tests + from; t < end; t++) {
		if (!fh_test_passes(v, t))
			return false;
	}
	return true;
}

#endif
