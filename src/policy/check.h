/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_CHECK_H
#define FH_POLICY_CHECK_H

#include <string.h>

#include "base/limits.h"
#include "policy/problem.h"
#include "policy/typing.h"

/* What the parts of the type checker share.  It computes, in one environment (an action,
 * a principal's type and a resource's), the type of an expression, and what is known to
 * exist when the expression is true.  The first refusal stays, and after it every type
 * is NULL; unless all problems are asked for: then what holds the refused expression has the
 * type NULL, and nothing more is said of it.  */

/* That BASE has the attribute NAME, or with a TAG, the tag that this is.  */
struct fh_capability {
	const struct fh_expr *base;
	const struct fh_expr *tag;
	struct fh_span name;
};

/* A set of them, by their numbers.  */
struct fh_known {
	uint64_t word[FH_CAPABILITIES_MAX / 64];
};

struct fh_check {
	struct fh_typing typing;
	const struct fh_lexer *lex;              /* what refusals go to */
	const struct fh_schema_action *action;
	const struct fh_type *variable[4];       /* by enum fh_variable */
	struct fh_capability capability[FH_CAPABILITIES_MAX]; /* of the policy, each once */
	uint32_t capabilities_n;
	struct fh_problems *problems;            /* get all refusals; NULL: the first is the last */
	bool refused;                            /* the policy is not valid, as the trace says */
	fh_err first;                            /* that was noted among the problems */
};

/* What a check comes to: a type, and what is known where the expression is true.  */
struct fh_checked {
	const struct fh_type *type; /* NULL after a refusal */
	struct fh_known known;
};

static inline struct fh_known fh_known_both(struct fh_known a, const struct fh_known *b)
{
	for (size_t i = 0; i < FH_CAPABILITIES_MAX / 64; i++)
		a.word[i] |= b->word[i];
	return a;
}

static inline struct fh_known fh_known_shared(struct fh_known a, const struct fh_known *b)
{
	for (size_t i = 0; i < FH_CAPABILITIES_MAX / 64; i++)
		a.word[i] &= b->word[i];
	return a;
}

static inline struct fh_checked fh_checked(const struct fh_type *type)
{
	return (struct fh_checked){ .type = type };
}

/* Refuses what stands AT; the result is of use to nobody.  */
struct fh_checked fh_check_refuse(struct fh_check *c, struct fh_position at, fh_err e,
				  const char *cure, const char *what, ...)
	__attribute__((format(printf, 5, 6)));

/* A set of kinds of types.  */
constexpr uint32_t FH_KINDS_BOOL = 1u << FH_KIND_TRUE | 1u << FH_KIND_FALSE | 1u << FH_KIND_BOOL;
constexpr uint32_t FH_KINDS_ENTITY = 1u << FH_KIND_ENTITY | 1u << FH_KIND_ANY_ENTITY;

/* The type of E, where PRIOR is known; EXPECTED: which must be one of KINDS, called
 * WANTED in the refusal.  */
struct fh_checked fh_check_expr(struct fh_check *c, const struct fh_expr *e,
				const struct fh_known *prior);
struct fh_checked fh_check_expected(struct fh_check *c, const struct fh_expr *e,
				    const struct fh_known *prior, uint32_t kinds,
				    const char *wanted);

/* Refuses E, of type X, where WANTED was expected.  */
struct fh_checked fh_check_mismatch(struct fh_check *c, const struct fh_expr *e,
				    const struct fh_type *x, const char *wanted);

/* E, which must be a BOOLEAN or may be anything, stands behind what was refused.  If all
 * problems are asked for, looks for more in it; as if everything was known to exist, for
 * what was refused may have said so.  */
void fh_check_behind(struct fh_check *c, const struct fh_expr *e, bool boolean);

/* The kinds of expressions, by what they are about.  */
struct fh_checked fh_check_logic(struct fh_check *c, const struct fh_expr *e,
				 const struct fh_known *prior);
struct fh_checked fh_check_compare(struct fh_check *c, const struct fh_expr *e,
				   const struct fh_known *prior);
struct fh_checked fh_check_set(struct fh_check *c, const struct fh_expr *e,
			       const struct fh_known *prior);
struct fh_checked fh_check_attribute(struct fh_check *c, const struct fh_expr *e,
				     const struct fh_known *prior);
struct fh_checked fh_check_tag(struct fh_check *c, const struct fh_expr *e,
			       const struct fh_known *prior);
struct fh_checked fh_check_in(struct fh_check *c, const struct fh_expr *e,
			      const struct fh_known *prior);
struct fh_checked fh_check_call(struct fh_check *c, const struct fh_expr *e,
				const struct fh_known *prior);

/* A and B have a type in common, as strict validation asks of what is compared by E.  */
bool fh_check_comparable(struct fh_check *c, const struct fh_expr *e, const struct fh_type *a,
			 const struct fh_type *b);

/* The entity that E is if it is a literal, or the action of the environment; else NULL.  */
const struct fh_entity_uid *fh_check_entity(const struct fh_check *c, const struct fh_expr *e);

#endif
