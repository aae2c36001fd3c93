/* SPDX-License-Identifier: Apache-2.0 */
/* Logic and comparisons.  What is always false is not evaluated, so what stands behind
 * it is not looked at; what is known where one part is true is known behind it.  */
#include "policy/check.h"

static struct fh_checked boolean(struct fh_check *c, const struct fh_expr *e,
				 const struct fh_known *prior)
{
	return fh_check_expected(c, e, prior, FH_KINDS_BOOL, "a Bool");
}

static struct fh_checked opposite(struct fh_checked x)
{
	if (x.type == nullptr)
		return x;
	return fh_checked(fh_type_plain(x.type->kind == FH_KIND_TRUE    ? FH_KIND_FALSE
					: x.type->kind == FH_KIND_FALSE ? FH_KIND_TRUE
									: FH_KIND_BOOL));
}

static struct fh_checked check_and(struct fh_check *c, const struct fh_expr *e,
				   const struct fh_known *prior)
{
	struct fh_checked left = boolean(c, e->a, prior);

	if (left.type == nullptr)
		fh_check_behind(c, e->b, /* boolean= */ true);
	if (left.type == nullptr || left.type->kind == FH_KIND_FALSE)
		return fh_checked(left.type);
	struct fh_known both = fh_known_both(*prior, &left.known);
	struct fh_checked right = boolean(c, e->b, &both);

	if (right.type == nullptr || right.type->kind == FH_KIND_FALSE)
		return fh_checked(right.type);
	right.known = fh_known_both(right.known, &left.known);
	if (right.type->kind == FH_KIND_TRUE)
		right.type = left.type;
	else if (left.type->kind != FH_KIND_TRUE)
		right.type = fh_type_plain(FH_KIND_BOOL);
	return right;
}

static struct fh_checked check_or(struct fh_check *c, const struct fh_expr *e,
				  const struct fh_known *prior)
{
	struct fh_checked left = boolean(c, e->a, prior);

	if (left.type == nullptr)
		fh_check_behind(c, e->b, /* boolean= */ true);
	if (left.type == nullptr || left.type->kind == FH_KIND_TRUE)
		return left;
	struct fh_checked right = boolean(c, e->b, prior);

	if (right.type == nullptr || right.type->kind == FH_KIND_TRUE ||
	    left.type->kind == FH_KIND_FALSE)
		return right;
	if (right.type->kind == FH_KIND_FALSE)
		return left;
	return (struct fh_checked){ fh_type_plain(FH_KIND_BOOL),
				    fh_known_shared(left.known, &right.known) };
}

/* The two branches of E, whose types must have one in common.  */
static struct fh_checked check_branches(struct fh_check *c, const struct fh_expr *e,
					const struct fh_known *prior, const struct fh_known *test)
{
	struct fh_known both = fh_known_both(*prior, test);
	struct fh_checked yes = fh_check_expr(c, e->b, &both);
	struct fh_checked no =
		yes.type == nullptr ? fh_checked(nullptr) : fh_check_expr(c, e->c, prior);

	if (yes.type == nullptr)
		fh_check_behind(c, e->c, /* boolean= */ false);
	if (no.type == nullptr)
		return no;
	yes.known = fh_known_both(yes.known, test);
	no.known = fh_known_shared(no.known, &yes.known);
	no.type = fh_type_join(&c->typing, yes.type, no.type);
	if (no.type == nullptr)
		return fh_check_refuse(c, e->at, FH_ERR_CONFLICT,
				       "let both branches be of one type",
				       "the branches of this `if` have no type in common");
	return no;
}

static struct fh_checked check_if(struct fh_check *c, const struct fh_expr *e,
				  const struct fh_known *prior)
{
	struct fh_checked test = boolean(c, e->a, prior);

	if (test.type == nullptr) {
		fh_check_behind(c, e->b, /* boolean= */ false);
		fh_check_behind(c, e->c, /* boolean= */ false);
		return test;
	}
	if (test.type->kind == FH_KIND_FALSE)
		return fh_check_expr(c, e->c, prior);
	if (test.type->kind != FH_KIND_TRUE)
		return check_branches(c, e, prior, &test.known);
	struct fh_known both = fh_known_both(*prior, &test.known);
	struct fh_checked yes = fh_check_expr(c, e->b, &both);

	yes.known = fh_known_both(yes.known, &test.known);
	return yes;
}

struct fh_checked fh_check_logic(struct fh_check *c, const struct fh_expr *e,
				 const struct fh_known *prior)
{
	switch (e->kind) {
	case FH_EXPR_NOT:
		return opposite(boolean(c, e->a, prior));
	case FH_EXPR_AND:
		return check_and(c, e, prior);
	case FH_EXPR_OR:
		return check_or(c, e, prior);
	default:
		return check_if(c, e, prior);
	}
}

/* --- comparisons ------------------------------------------------------ */

bool fh_check_comparable(struct fh_check *c, const struct fh_expr *e, const struct fh_type *a,
			 const struct fh_type *b)
{
	char room[256];
	struct fh_builder text = FH_BUILDER_ARRAY(room);

	if (!c->typing.strict || fh_type_join(&c->typing, a, b) != nullptr)
		return true;
	fh_type_write(c->typing.schema, a, &text);
	fh_builder_text(&text, " and ");
	fh_type_write(c->typing.schema, b, &text);
	(void)fh_check_refuse(c, e->at, FH_ERR_CONFLICT, "compare what is of one type",
			      "what is compared here has no type in common: %.*s%s", (int)text.n,
			      room, text.bad ? "..." : "");
	return false;
}

static bool is_literal(const struct fh_check *c, const struct fh_expr *e)
{
	return e->kind == FH_EXPR_BOOL || e->kind == FH_EXPR_LONG || e->kind == FH_EXPR_STRING ||
	       fh_check_entity(c, e) != nullptr;
}

/* Whether the literals A and B are equal.  */
static bool literals_equal(const struct fh_check *c, const struct fh_expr *a,
			   const struct fh_expr *b)
{
	const struct fh_entity_uid *x = fh_check_entity(c, a), *y = fh_check_entity(c, b);

	if (x != nullptr || y != nullptr)
		return x != nullptr && y != nullptr && fh_entity_equal(*x, *y);
	if (a->kind != b->kind)
		return false;
	if (a->kind == FH_EXPR_STRING)
		return fh_span_equal(a->text, b->text);
	return a->kind == FH_EXPR_BOOL ? a->boolean == b->boolean : a->integer == b->integer;
}

static struct fh_checked check_equal(struct fh_check *c, const struct fh_expr *e,
				     const struct fh_known *prior)
{
	struct fh_checked left = fh_check_expr(c, e->a, prior);
	struct fh_checked right =
		left.type == nullptr ? fh_checked(nullptr) : fh_check_expr(c, e->b, prior);

	if (right.type == nullptr)
		return right;
	if (fh_types_are_apart(left.type, right.type))
		return fh_checked(fh_type_plain(FH_KIND_FALSE));
	if (is_literal(c, e->a) && is_literal(c, e->b))
		return fh_checked(fh_type_plain(literals_equal(c, e->a, e->b) ? FH_KIND_TRUE
									      : FH_KIND_FALSE));
	if (!fh_check_comparable(c, e, left.type, right.type))
		return fh_checked(nullptr);
	return fh_checked(fh_type_plain(FH_KIND_BOOL));
}

/* Values of this type have an order.  */
static bool has_order(const struct fh_type *x)
{
	return x->kind == FH_KIND_LONG || x->kind == FH_KIND_NEVER ||
	       (x->kind == FH_KIND_EXTENSION &&
		(x->extension == FH_VALUE_DATETIME || x->extension == FH_VALUE_DURATION));
}

static bool same_order(const struct fh_type *x, const struct fh_type *y)
{
	return x->kind == FH_KIND_NEVER || y->kind == FH_KIND_NEVER ||
	       (x->kind == y->kind && x->extension == y->extension);
}

static struct fh_checked check_order(struct fh_check *c, const struct fh_expr *e,
				     const struct fh_known *prior)
{
	const char *wanted = "a Long, a datetime or a duration";
	struct fh_checked left = fh_check_expr(c, e->a, prior);
	struct fh_checked right =
		left.type == nullptr ? fh_checked(nullptr) : fh_check_expr(c, e->b, prior);

	if (right.type == nullptr)
		return right;
	if (!has_order(left.type))
		return fh_check_mismatch(c, e->a, left.type, wanted);
	if (!has_order(right.type))
		return fh_check_mismatch(c, e->b, right.type, wanted);
	if (!same_order(left.type, right.type))
		return fh_check_mismatch(c, e->b, right.type, "the type of the left side");
	return fh_checked(fh_type_plain(FH_KIND_BOOL));
}

struct fh_checked fh_check_compare(struct fh_check *c, const struct fh_expr *e,
				   const struct fh_known *prior)
{
	if (e->kind == FH_EXPR_EQUAL)
		return check_equal(c, e, prior);
	return e->kind == FH_EXPR_UNEQUAL ? opposite(check_equal(c, e, prior))
					  : check_order(c, e, prior);
}
