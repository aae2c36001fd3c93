/* SPDX-License-Identifier: Apache-2.0 */
/* Sets, and the functions of extension types.  */
#include "policy/check.h"
#include "policy/extension.h"

static struct fh_checked set_of(struct fh_check *c, const struct fh_type *element)
{
	struct fh_type *made = fh_arena_take(c->typing.arena, sizeof(*made));

	if (made == nullptr) {
		c->typing.e = FH_ERR_NOMEM;
		return fh_checked(nullptr);
	}
	*made = (struct fh_type){ .kind = FH_KIND_SET, .element = element };
	return fh_checked(made);
}

/* [items]: of a type that all have in common.  */
static struct fh_checked check_items(struct fh_check *c, const struct fh_expr *e,
				     const struct fh_known *prior)
{
	const struct fh_type *element = fh_type_plain(FH_KIND_NEVER);

	if (e->n == 0 && c->typing.strict)
		return fh_check_refuse(c, e->at, FH_ERR_CONFLICT, "use isEmpty(), or remove it",
				       "nothing says of what type the elements of `[]` are");
	for (uint32_t i = 0; i < e->n; i++) {
		struct fh_checked x = fh_check_expr(c, e->items[i], prior);

		if (x.type == nullptr)
			return x;
		element = fh_type_join(&c->typing, element, x.type);
		if (element == nullptr)
			return fh_check_refuse(c, e->items[i]->at, FH_ERR_CONFLICT,
					       "let all elements be of one type",
					       "this element has no type in common with those "
					       "before it");
	}
	return set_of(c, element);
}

static struct fh_checked check_contains(struct fh_check *c, const struct fh_expr *e,
					const struct fh_known *prior)
{
	constexpr uint32_t set = 1u << FH_KIND_SET;
	struct fh_checked left = fh_check_expected(c, e->a, prior, set, "a set");

	if (left.type == nullptr)
		return left;
	bool one = e->kind == FH_EXPR_CONTAINS;
	struct fh_checked right = one ? fh_check_expr(c, e->b, prior)
				      : fh_check_expected(c, e->b, prior, set, "a set");

	if (right.type == nullptr ||
	    !fh_check_comparable(c, e, one ? left.type->element : left.type, right.type))
		return fh_checked(nullptr);
	return fh_checked(fh_type_plain(FH_KIND_BOOL));
}

struct fh_checked fh_check_set(struct fh_check *c, const struct fh_expr *e,
			       const struct fh_known *prior)
{
	if (e->kind == FH_EXPR_SET)
		return check_items(c, e, prior);
	if (e->kind != FH_EXPR_IS_EMPTY)
		return check_contains(c, e, prior);
	struct fh_checked x = fh_check_expected(c, e->a, prior, 1u << FH_KIND_SET, "a set");

	return x.type == nullptr ? x : fh_checked(fh_type_plain(FH_KIND_BOOL));
}

/* --- extension types -------------------------------------------------- */

/* The type of what is of kind K in the evaluator.  */
static const struct fh_type *type_of_kind(enum fh_value_kind k)
{
	if (k == FH_VALUE_BOOL)
		return fh_type_plain(FH_KIND_BOOL);
	if (k == FH_VALUE_STRING)
		return fh_type_plain(FH_KIND_STRING);
	return k == FH_VALUE_LONG ? fh_type_plain(FH_KIND_LONG) : fh_type_extension(k);
}

/* TEXT is one that the constructor of K takes.  */
static bool is_text_of(enum fh_value_kind k, struct fh_span text)
{
	struct fh_ip ip;
	int64_t n;

	switch (k) {
	case FH_VALUE_DECIMAL:
		return fh_decimal_parse(text, &n) == FH_ERR_OK;
	case FH_VALUE_IP:
		return fh_ip_parse(text, &ip) == FH_ERR_OK;
	case FH_VALUE_DATETIME:
		return fh_datetime_parse(text, &n) == FH_ERR_OK;
	default:
		return fh_duration_parse(text, &n) == FH_ERR_OK;
	}
}

static bool is_literal(const struct fh_expr *e)
{
	return e->kind == FH_EXPR_BOOL || e->kind == FH_EXPR_LONG || e->kind == FH_EXPR_STRING ||
	       e->kind == FH_EXPR_ENTITY;
}

/* What a constructor is given can be looked at before it runs, and in strict mode is
 * written down.  */
static bool check_constructor(struct fh_check *c, const struct fh_expr *e,
			      const struct fh_function_shape *shape)
{
	const struct fh_expr *text = e->items[0];

	if (text->kind == FH_EXPR_STRING && !is_text_of(shape->result, text->text))
		(void)fh_check_refuse(c, text->at, FH_ERR_FORMAT, "correct it",
				      "this is no text that `%.*s` takes", fh_shown(shape->name),
				      (const char *)shape->name.p);
	else if (c->typing.strict && !is_literal(text))
		(void)fh_check_refuse(c, text->at, FH_ERR_CONFLICT, "write the text itself",
				      "`%.*s` must be given a string that stands here",
				      fh_shown(shape->name), (const char *)shape->name.p);
	return c->typing.e == FH_ERR_OK;
}

struct fh_checked fh_check_call(struct fh_check *c, const struct fh_expr *e,
				const struct fh_known *prior)
{
	const struct fh_function_shape *shape = fh_function_shape(e->which);

	if (e->n != shape->arguments_n)
		return fh_check_refuse(c, e->at, FH_ERR_CONFLICT, "see the function's definition",
				       "`%.*s` takes %u argument%s, not %u", fh_shown(shape->name),
				       (const char *)shape->name.p, shape->arguments_n,
				       shape->arguments_n == 1 ? "" : "s", e->n);
	if (!shape->method && !check_constructor(c, e, shape))
		return fh_checked(nullptr);
	for (uint32_t i = 0; i < e->n; i++) {
		const struct fh_type *wanted = type_of_kind(shape->argument[i]);
		struct fh_checked x = fh_check_expr(c, e->items[i], prior);
		char room[16];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		if (x.type == nullptr)
			return x;
		if (fh_type_is_within(&c->typing, x.type, wanted))
			continue;
		fh_type_write(c->typing.schema, wanted, &b);
		fh_builder_u8(&b, 0);
		return fh_check_mismatch(c, e->items[i], x.type, room);
	}
	return fh_checked(type_of_kind(shape->result));
}
