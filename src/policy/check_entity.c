/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes and tags, and what is in what.  */
#include "policy/check.h"
#include "policy/suggest.h"

/* --- capabilities ----------------------------------------------------- */

/* A and B are the same expression, wherever they stand.  Their depth bounds the
 * recursion; the caller's steps bound how often it begins.  */
static bool same(struct fh_check *c, const struct fh_expr *a, const struct fh_expr *b);

static bool same_children(struct fh_check *c, const struct fh_expr *a, const struct fh_expr *b)
{
	const struct fh_expr *const x[] = { a->a, a->b, a->c }, *const y[] = { b->a, b->b, b->c };

	for (size_t i = 0; i < 3; i++) {
		if ((x[i] == nullptr) != (y[i] == nullptr) ||
		    (x[i] != nullptr && !same(c, x[i], y[i])))
			return false;
	}
	return true;
}

/* The fields of records come in any order.  */
static bool same_fields(struct fh_check *c, const struct fh_expr *a, const struct fh_expr *b)
{
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t k = 0;

		while (k < b->n && !fh_span_equal(a->fields[i].name, b->fields[k].name))
			k++;
		if (k == b->n || !same(c, a->fields[i].value, b->fields[k].value))
			return false;
	}
	return true;
}

static bool same_leaf(const struct fh_expr *a, const struct fh_expr *b)
{
	switch (a->kind) {
	case FH_EXPR_BOOL:
		return a->boolean == b->boolean;
	case FH_EXPR_LONG:
		return a->integer == b->integer;
	case FH_EXPR_ENTITY:
		return fh_entity_key_equal(a->entity, b->entity);
	case FH_EXPR_STRING:
	case FH_EXPR_IS:
	case FH_EXPR_IS_IN:
	case FH_EXPR_HAS:
	case FH_EXPR_GET:
	case FH_EXPR_LIKE:
		return fh_span_equal(a->text, b->text);
	default:
		return true;
	}
}

static bool same(struct fh_check *c, const struct fh_expr *a, const struct fh_expr *b)
{
	if (a == b)
		return true;
	if (!fh_typing_step(&c->typing) || a->kind != b->kind || a->which != b->which ||
	    a->n != b->n || !same_leaf(a, b) || !same_children(c, a, b))
		return false;
	if (a->kind == FH_EXPR_RECORD)
		return same_fields(c, a, b);
	for (uint32_t i = 0; i < a->n; i++) {
		if (!same(c, a->items[i], b->items[i]))
			return false;
	}
	return true;
}

/* The number of the capability that E, a `has` or a `get`, is about; a new one if it was
 * not met before.  FH_CAPABILITIES_MAX after a refusal.  */
static uint32_t capability(struct fh_check *c, const struct fh_expr *e)
{
	bool tag = e->kind == FH_EXPR_HAS_TAG || e->kind == FH_EXPR_GET_TAG;
	const struct fh_capability wanted = { e->a, tag ? e->b : nullptr,
					      tag ? (struct fh_span){ 0 } : e->text };

	for (uint32_t i = 0; i < c->capabilities_n; i++) {
		const struct fh_capability *have = &c->capability[i];

		if (fh_typing_step(&c->typing) && (have->tag == nullptr) == !tag &&
		    fh_span_equal(have->name, wanted.name) && same(c, have->base, wanted.base) &&
		    (!tag || same(c, have->tag, wanted.tag)))
			return i;
	}
	if (c->capabilities_n == FH_CAPABILITIES_MAX)
		(void)fh_check_refuse(c, e->at, FH_ERR_LIMIT, "write several policies",
				      "the policy reads more than %zu different attributes",
				      FH_CAPABILITIES_MAX);
	if (c->typing.e != FH_ERR_OK)
		return FH_CAPABILITIES_MAX;
	c->capability[c->capabilities_n] = wanted;
	return c->capabilities_n++;
}

static bool has(const struct fh_known *known, uint32_t i)
{
	return i < FH_CAPABILITIES_MAX && (known->word[i / 64] >> (i % 64) & 1) != 0;
}

/* The type K, and that number I is known where it is true.  */
static struct fh_checked learns(enum fh_type_kind k, uint32_t i)
{
	struct fh_checked x = fh_checked(fh_type_plain(k));

	if (i < FH_CAPABILITIES_MAX)
		x.known.word[i / 64] |= (uint64_t)1 << (i % 64);
	return x;
}

/* --- attributes ------------------------------------------------------- */

/* An attribute that X has and that is nearly called NAME, or nothing.  */
static struct fh_span near_attribute(const struct fh_check *c, const struct fh_type *x,
				     struct fh_span name)
{
	struct fh_suggestion near = fh_suggestion_for(name);
	const struct fh_type *record = x;

	if (x->kind == FH_KIND_ENTITY)
		record = c->typing.schema->types[x->members[0]].attributes;
	for (uint32_t i = 0; record->kind == FH_KIND_RECORD && i < record->n; i++)
		fh_suggestion_offer(&near, record->fields[i].name);
	return near.best;
}

static struct fh_checked refuse_attribute(struct fh_check *c, const struct fh_expr *e,
					  const struct fh_type *x)
{
	struct fh_span near = near_attribute(c, x, e->text);
	char room[64], cure[128] = "declare it in the schema, or remove it here";
	struct fh_builder b = FH_BUILDER_ARRAY(room), said = fh_builder_of(cure, sizeof(cure));

	fh_type_write(c->typing.schema, x, &b);
	if (near.n > 0 && near.n <= 64) {
		fh_builder_text(&said, "did you mean `");
		fh_builder_bytes(&said, near);
		fh_builder_text(&said, "`?");
		fh_builder_u8(&said, 0);
	}
	return fh_check_refuse(c, e->at, FH_ERR_UNKNOWN, cure,
			       "the schema declares no attribute `%.*s` of %.*s%s",
			       fh_shown(e->text), (const char *)e->text.p, (int)b.n, room,
			       b.bad ? "..." : "");
}

/* a.text: required, or known to be there.  */
static struct fh_checked check_get(struct fh_check *c, const struct fh_expr *e,
				   const struct fh_known *prior, const struct fh_type *x)
{
	struct fh_type_attribute found = fh_type_attribute(&c->typing, x, e->text);

	if (found.type == nullptr)
		return refuse_attribute(c, e, x);
	if (found.required || has(prior, capability(c, e)))
		return fh_checked(found.type);
	return fh_check_refuse(c, e->at, FH_ERR_CONFLICT, "test it before, with `has` and `&&`",
			       "the attribute `%.*s` may be absent", fh_shown(e->text),
			       (const char *)e->text.p);
}

/* a has text.  A record surely has what it must have; an entity may not exist.  */
static struct fh_checked check_has(struct fh_check *c, const struct fh_expr *e,
				   const struct fh_known *prior, const struct fh_type *x)
{
	struct fh_type_attribute found = fh_type_attribute(&c->typing, x, e->text);

	if (found.type == nullptr)
		return fh_checked(fh_type_plain(found.possible ? FH_KIND_BOOL : FH_KIND_FALSE));
	uint32_t i = capability(c, e);
	bool sure = (found.required && x->kind == FH_KIND_RECORD) || has(prior, i);

	return learns(sure ? FH_KIND_TRUE : FH_KIND_BOOL, i);
}

struct fh_checked fh_check_attribute(struct fh_check *c, const struct fh_expr *e,
				     const struct fh_known *prior)
{
	struct fh_checked x = fh_check_expected(c, e->a, prior,
						FH_KINDS_ENTITY | 1u << FH_KIND_RECORD,
						"an entity or a record");

	if (x.type == nullptr)
		return x;
	return e->kind == FH_EXPR_HAS ? check_has(c, e, prior, x.type)
				      : check_get(c, e, prior, x.type);
}

/* --- tags ------------------------------------------------------------- */

/* What entities of type X have as tags, joined, in *OUT: NULL after an error.  False:
 * they have no tags at all.  */
static bool tags_of(struct fh_check *c, const struct fh_type *x, const struct fh_type **out)
{
	const struct fh_schema *s = c->typing.schema;
	bool any = x->kind == FH_KIND_ANY_ENTITY, found = false;
	uint32_t n = any ? s->types_n : x->n;

	*out = fh_type_plain(FH_KIND_NEVER);
	for (uint32_t i = 0; i < n && *out != nullptr; i++) {
		const struct fh_type *tags = s->types[any ? i : x->members[i]].tags;

		found |= tags != nullptr;
		if (tags != nullptr)
			*out = fh_type_join(&c->typing, *out, tags);
	}
	return found;
}

static struct fh_checked check_get_tag(struct fh_check *c, const struct fh_expr *e,
				       const struct fh_known *prior, const struct fh_type *x)
{
	const struct fh_type *tags;
	bool any = tags_of(c, x, &tags);

	if (!any)
		return fh_check_refuse(c, e->at, FH_ERR_UNKNOWN, "declare them with `tags`",
				       "the schema declares no tags of this entity");
	if (!has(prior, capability(c, e)))
		return fh_check_refuse(c, e->at, FH_ERR_CONFLICT,
				       "test it before, with hasTag() and `&&`",
				       "the tag may be absent");
	if (tags == nullptr)
		return fh_check_refuse(c, e->at, FH_ERR_CONFLICT,
				       "ask of what type the entity is before",
				       "the tags of these entities have no type in common");
	return fh_checked(tags);
}

struct fh_checked fh_check_tag(struct fh_check *c, const struct fh_expr *e,
			       const struct fh_known *prior)
{
	struct fh_checked x = fh_check_expected(c, e->a, prior, FH_KINDS_ENTITY, "an entity");
	const struct fh_type *tags;

	if (x.type == nullptr)
		return x;
	struct fh_checked key =
		fh_check_expected(c, e->b, prior, 1u << FH_KIND_STRING, "a String");

	if (key.type == nullptr)
		return key;
	if (e->kind == FH_EXPR_GET_TAG)
		return check_get_tag(c, e, prior, x.type);
	uint32_t i = capability(c, e);

	if (!tags_of(c, x.type, &tags))
		return learns(FH_KIND_FALSE, i);
	return learns(has(prior, i) ? FH_KIND_TRUE : FH_KIND_BOOL, i);
}

/* --- in and is -------------------------------------------------------- */

/* The action LEFT is E, or in it; E is a literal or a set of such.  Entities that are no
 * actions hold none.  */
static bool action_is_in(const struct fh_check *c, const struct fh_entity_uid *left,
			 const struct fh_expr *e)
{
	const struct fh_schema *s = c->typing.schema;
	const struct fh_entity_uid *right = fh_check_entity(c, e);

	if (right == nullptr) {
		for (uint32_t i = 0; i < e->n; i++) {
			if (action_is_in(c, left, e->items[i]))
				return true;
		}
		return false;
	}
	uint32_t from = fh_schema_find_action(s, *left), to = fh_schema_find_action(s, *right);

	for (uint32_t i = 0; from != FH_SCHEMA_NONE && i < s->actions[from].ancestors_n; i++) {
		if (s->actions[from].ancestors[i] == to)
			return true;
	}
	return false;
}

/* E is a literal entity, or a set of nothing else.  */
static bool is_literals(const struct fh_check *c, const struct fh_expr *e)
{
	if (e->kind != FH_EXPR_SET)
		return fh_check_entity(c, e) != nullptr;
	for (uint32_t i = 0; i < e->n; i++) {
		if (fh_check_entity(c, e->items[i]) == nullptr)
			return false;
	}
	return true;
}

/* An entity of type X can be in one of type Y.  */
static bool can_be_in(const struct fh_schema *s, const struct fh_type *x, const struct fh_type *y)
{
	if (x->kind != FH_KIND_ENTITY || y->kind != FH_KIND_ENTITY)
		return true;
	for (uint32_t i = 0; i < x->n; i++) {
		for (uint32_t k = 0; k < y->n; k++) {
			if (fh_schema_type_reaches(s, x->members[i], y->members[k]))
				return true;
		}
	}
	return false;
}

static struct fh_checked check_in(struct fh_check *c, const struct fh_expr *e,
				  const struct fh_known *prior)
{
	struct fh_checked left = fh_check_expected(c, e->a, prior, FH_KINDS_ENTITY, "an entity");
	struct fh_checked right =
		left.type == nullptr ? fh_checked(nullptr) : fh_check_expr(c, e->b, prior);

	if (right.type == nullptr)
		return right;
	if (!fh_type_is_entity(right.type) && !fh_type_is_entities(right.type))
		return fh_check_mismatch(c, e->b, right.type, "an entity or a set of entities");
	const struct fh_entity_uid *literal = fh_check_entity(c, e->a);

	if (literal != nullptr && fh_is_action_type(literal->type) && is_literals(c, e->b))
		return fh_checked(fh_type_plain(action_is_in(c, literal, e->b) ? FH_KIND_TRUE
									       : FH_KIND_FALSE));
	const struct fh_type *of =
		right.type->kind == FH_KIND_SET ? right.type->element : right.type;

	return fh_checked(fh_type_plain(can_be_in(c->typing.schema, left.type, of)
						? FH_KIND_BOOL
						: FH_KIND_FALSE));
}

static struct fh_checked check_is(struct fh_check *c, const struct fh_expr *e,
				  const struct fh_known *prior)
{
	struct fh_checked x = fh_check_expected(c, e->a, prior, FH_KINDS_ENTITY, "an entity");
	uint32_t type = fh_schema_find_type(c->typing.schema, e->text);

	if (x.type == nullptr || x.type->kind != FH_KIND_ENTITY)
		return x.type == nullptr ? x : fh_checked(fh_type_plain(FH_KIND_BOOL));
	for (uint32_t i = 0; i < x.type->n; i++) {
		if (x.type->members[i] == type)
			return fh_checked(fh_type_plain(x.type->n == 1 ? FH_KIND_TRUE
								       : FH_KIND_BOOL));
	}
	return fh_checked(fh_type_plain(FH_KIND_FALSE));
}

/* `a is T in b` is `a is T && a in b`.  */
struct fh_checked fh_check_in(struct fh_check *c, const struct fh_expr *e,
			      const struct fh_known *prior)
{
	if (e->kind == FH_EXPR_IN)
		return check_in(c, e, prior);
	struct fh_checked is = check_is(c, e, prior);

	if (e->kind == FH_EXPR_IS || is.type == nullptr || is.type->kind == FH_KIND_FALSE)
		return is;
	struct fh_checked in = check_in(c, e, prior);

	if (in.type != nullptr && in.type->kind == FH_KIND_TRUE)
		in.type = is.type;
	else if (in.type != nullptr && in.type->kind == FH_KIND_BOOL &&
		 is.type->kind != FH_KIND_TRUE)
		in.type = fh_type_plain(FH_KIND_BOOL);
	return in;
}
