/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/check.h"

#include <stdarg.h>

struct fh_checked fh_check_refuse(struct fh_check *c, struct fh_position at, fh_err e,
				  const char *cure, const char *what, ...)
{
	va_list arguments;

	if (c->typing.e == FH_ERR_OK) {
		va_start(arguments, what);
		fh_trace_what_list(c->lex->trace, what, arguments);
		va_end(arguments);
		fh_trace_cure(c->lex->trace, "%s", cure);
		e = fh_lexer_refuse(c->lex, at, e);
		c->first = c->refused ? c->first : e;
		c->refused = true;
		if (e != FH_ERR_LIMIT)
			e = fh_problems_note(c->problems, e, c->lex->trace);
		c->typing.e = e;
	}
	return fh_checked(nullptr);
}

void fh_check_behind(struct fh_check *c, const struct fh_expr *e, bool boolean)
{
	struct fh_known all;

	if (c->problems == nullptr || c->typing.e != FH_ERR_OK)
		return;
	for (size_t i = 0; i < FH_CAPABILITIES_MAX / 64; i++)
		all.word[i] = UINT64_MAX;
	if (boolean)
		(void)fh_check_expected(c, e, &all, FH_KINDS_BOOL, "a Bool");
	else
		(void)fh_check_expr(c, e, &all);
}

struct fh_checked fh_check_mismatch(struct fh_check *c, const struct fh_expr *e,
				    const struct fh_type *x, const char *wanted)
{
	char room[128];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_type_write(c->typing.schema, x, &b);
	return fh_check_refuse(c, e->at, FH_ERR_CONFLICT,
			       "compare it with what the schema declares",
			       "%s expected here, but this is of the type %.*s%s", wanted, (int)b.n,
			       room, b.bad ? "..." : "");
}

struct fh_checked fh_check_expected(struct fh_check *c, const struct fh_expr *e,
				    const struct fh_known *prior, uint32_t kinds,
				    const char *wanted)
{
	struct fh_checked x = fh_check_expr(c, e, prior);

	if (x.type == nullptr || (kinds >> x.type->kind & 1) != 0 ||
	    x.type->kind == FH_KIND_NEVER)
		return x;
	return fh_check_mismatch(c, e, x.type, wanted);
}

/* --- literals --------------------------------------------------------- */

const struct fh_entity_uid *fh_check_entity(const struct fh_check *c, const struct fh_expr *e)
{
	if (e->kind == FH_EXPR_ENTITY)
		return &e->entity->uid;
	return e->kind == FH_EXPR_VARIABLE && e->which == FH_VARIABLE_ACTION ? &c->action->uid
									     : nullptr;
}

/* That the entity is declared has been checked; it is not for the first time here.  */
static struct fh_checked check_entity(struct fh_check *c, const struct fh_expr *e)
{
	const struct fh_schema *s = c->typing.schema;
	uint32_t type = fh_schema_find_type(s, e->entity->uid.type);

	if (type == FH_SCHEMA_NONE)
		return fh_check_refuse(c, e->at, FH_ERR_UNKNOWN, "declare it",
				       "the schema declares no such entity");
	return fh_checked(&s->types[type].self);
}

static struct fh_checked check_record(struct fh_check *c, const struct fh_expr *e,
				      const struct fh_known *prior)
{
	struct fh_type_field *fields = fh_arena_array(c->typing.arena, e->n, sizeof(*fields));
	struct fh_type *made = fh_arena_take(c->typing.arena, sizeof(*made));
	struct fh_span twice;

	if (fields == nullptr || made == nullptr) {
		c->typing.e = FH_ERR_NOMEM;
		return fh_checked(nullptr);
	}
	for (uint32_t i = 0; i < e->n; i++) {
		struct fh_checked x = fh_check_expr(c, e->fields[i].value, prior);

		if (x.type == nullptr)
			return x;
		fields[i] = (struct fh_type_field){ e->fields[i].name, x.type, true };
	}
	(void)fh_type_fields_sort(fields, e->n, &twice); /* the parser lets none come twice */
	*made = (struct fh_type){ .kind = FH_KIND_RECORD, .n = e->n, .fields = fields };
	return fh_checked(made);
}

/* --- arithmetic ------------------------------------------------------- */

static struct fh_checked check_numbers(struct fh_check *c, const struct fh_expr *e,
				       const struct fh_known *prior)
{
	constexpr uint32_t number = 1u << FH_KIND_LONG;
	struct fh_checked x = fh_check_expected(c, e->a, prior, number, "a Long");

	if (x.type != nullptr && e->b != nullptr)
		x = fh_check_expected(c, e->b, prior, number, "a Long");
	return x.type == nullptr ? x : fh_checked(fh_type_plain(FH_KIND_LONG));
}

static struct fh_checked check_like(struct fh_check *c, const struct fh_expr *e,
				    const struct fh_known *prior)
{
	struct fh_checked x =
		fh_check_expected(c, e->a, prior, 1u << FH_KIND_STRING, "a String");

	return x.type == nullptr ? x : fh_checked(fh_type_plain(FH_KIND_BOOL));
}

/* Expressions are at most FH_EXPR_DEPTH_MAX deep: that bounds the recursion.  */
struct fh_checked fh_check_expr(struct fh_check *c, const struct fh_expr *e,
				const struct fh_known *prior)
{
	if (!fh_typing_step(&c->typing))
		return fh_checked(nullptr);
	switch (e->kind) {
	case FH_EXPR_BOOL:
		return fh_checked(fh_type_plain(e->boolean ? FH_KIND_TRUE : FH_KIND_FALSE));
	case FH_EXPR_LONG:
		return fh_checked(fh_type_plain(FH_KIND_LONG));
	case FH_EXPR_STRING:
		return fh_checked(fh_type_plain(FH_KIND_STRING));
	case FH_EXPR_ENTITY:
		return check_entity(c, e);
	case FH_EXPR_VARIABLE:
		return fh_checked(c->variable[e->which]);
	case FH_EXPR_RECORD:
		return check_record(c, e, prior);
	case FH_EXPR_NEGATE:
	case FH_EXPR_ADD:
	case FH_EXPR_SUBTRACT:
	case FH_EXPR_MULTIPLY:
		return check_numbers(c, e, prior);
	case FH_EXPR_LIKE:
		return check_like(c, e, prior);
	case FH_EXPR_NOT:
	case FH_EXPR_AND:
	case FH_EXPR_OR:
	case FH_EXPR_IF:
		return fh_check_logic(c, e, prior);
	case FH_EXPR_EQUAL:
	case FH_EXPR_UNEQUAL:
	case FH_EXPR_LESS:
	case FH_EXPR_LESS_EQUAL:
	case FH_EXPR_MORE:
	case FH_EXPR_MORE_EQUAL:
		return fh_check_compare(c, e, prior);
	case FH_EXPR_SET:
	case FH_EXPR_CONTAINS:
	case FH_EXPR_CONTAINS_ALL:
	case FH_EXPR_CONTAINS_ANY:
	case FH_EXPR_IS_EMPTY:
		return fh_check_set(c, e, prior);
	case FH_EXPR_HAS:
	case FH_EXPR_GET:
		return fh_check_attribute(c, e, prior);
	case FH_EXPR_HAS_TAG:
	case FH_EXPR_GET_TAG:
		return fh_check_tag(c, e, prior);
	case FH_EXPR_IN:
	case FH_EXPR_IS:
	case FH_EXPR_IS_IN:
		return fh_check_in(c, e, prior);
	case FH_EXPR_CALL:
		return fh_check_call(c, e, prior);
	case FH_EXPR_VALUE: /* these are made later */
	case FH_EXPR_NAMED:
	case FH_EXPR_WITHIN:
	case FH_EXPR_KINDS:
		break;
	}
	return fh_checked(nullptr);
}
