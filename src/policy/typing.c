/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/typing.h"

#include "base/limits.h"

bool fh_typing_step(struct fh_typing *t)
{
	if (t->e == FH_ERR_OK && t->steps_left == 0)
		t->e = FH_ERR_LIMIT;
	if (t->e != FH_ERR_OK)
		return false;
	t->steps_left--;
	return true;
}

/* N bytes of the arena, or NULL and an error.  */
static void *take(struct fh_typing *t, size_t n)
{
	void *taken = t->e == FH_ERR_OK ? fh_arena_take(t->arena, n) : nullptr;

	if (taken == nullptr && t->e == FH_ERR_OK)
		t->e = FH_ERR_NOMEM;
	return taken;
}

static const struct fh_type *keep(struct fh_typing *t, struct fh_type type)
{
	struct fh_type *kept = take(t, sizeof(*kept));

	if (kept != nullptr)
		*kept = type;
	return kept;
}

bool fh_type_is_entities(const struct fh_type *x)
{
	return x->kind == FH_KIND_SET && x->element != nullptr &&
	       (x->element->kind == FH_KIND_NEVER || fh_type_is_entity(x->element));
}

/* --- within ----------------------------------------------------------- */

/* Whether a field that may be absent as A's can stand for B's.  */
static bool presence_within(const struct fh_typing *t, const struct fh_type_field *a,
			    const struct fh_type_field *b)
{
	return t->strict ? a->required == b->required : a->required || !b->required;
}

/* Both lists of fields are in order of their names.  */
static bool record_within(struct fh_typing *t, const struct fh_type *a, const struct fh_type *b)
{
	bool wider = b->open && !t->strict;

	if ((a->open && !b->open) || (!wider && a->n != b->n))
		return false;
	for (uint32_t i = 0; i < b->n; i++) {
		const struct fh_type_field *y = &b->fields[i];
		const struct fh_type_field *x = fh_type_field(a, y->name);

		if (x == nullptr || !presence_within(t, x, y) ||
		    !fh_type_is_within(t, x->type, y->type))
			return false;
	}
	return true;
}

static bool has_member(const struct fh_type *x, uint32_t type)
{
	for (uint32_t i = 0; i < x->n; i++) {
		if (x->members[i] == type)
			return true;
	}
	return false;
}

static bool entity_within(const struct fh_typing *t, const struct fh_type *a,
			  const struct fh_type *b)
{
	if (t->strict && a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		if (!has_member(b, a->members[i]))
			return false;
	}
	return true;
}

/* Types are at most FH_TYPE_DEPTH_MAX deep, or as deep as the expression they are of:
 * that bounds the recursion.  */
bool fh_type_is_within(struct fh_typing *t, const struct fh_type *a, const struct fh_type *b)
{
	if (!fh_typing_step(t))
		return false;
	if (a == b || a->kind == FH_KIND_NEVER)
		return true;
	if (b->kind == FH_KIND_BOOL)
		return fh_type_is_bool(a);
	if (b->kind == FH_KIND_ANY_ENTITY)
		return a->kind == b->kind || (a->kind == FH_KIND_ENTITY && !t->strict);
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case FH_KIND_SET:
		if (a->element == nullptr || b->element == nullptr)
			return b->element == nullptr;
		return fh_type_is_within(t, a->element, b->element);
	case FH_KIND_RECORD:
		return record_within(t, a, b);
	case FH_KIND_ENTITY:
		return entity_within(t, a, b);
	case FH_KIND_EXTENSION:
		return a->extension == b->extension;
	default:
		return true;
	}
}

/* --- join ------------------------------------------------------------- */

/* The field that stands for X and Y, of one name.  False: there is none.  */
static bool join_fields(struct fh_typing *t, const struct fh_type_field *x,
			const struct fh_type_field *y, struct fh_type_field *out)
{
	const struct fh_type *type = fh_type_join(t, x->type, y->type);

	*out = (struct fh_type_field){ x->name, type, x->required && y->required };
	return type != nullptr && (!t->strict || x->required == y->required);
}

/* In strict mode all fields must have a common type; else those that have one are
 * kept, and there may be others.  */
static const struct fh_type *join_records(struct fh_typing *t, const struct fh_type *a,
					  const struct fh_type *b)
{
	struct fh_type_field *fields = take(t, a->n * sizeof(*fields));
	struct fh_type made = { .kind = FH_KIND_RECORD, .fields = fields };

	if (fields == nullptr || (t->strict && a->n != b->n))
		return nullptr;
	for (uint32_t i = 0; t->e == FH_ERR_OK && i < a->n; i++) {
		const struct fh_type_field *y = fh_type_field(b, a->fields[i].name);

		if (y != nullptr && join_fields(t, &a->fields[i], y, &fields[made.n]))
			made.n++;
		else if (t->strict)
			return nullptr;
	}
	made.open = a->open || b->open || made.n != a->n || made.n != b->n;
	return keep(t, made);
}

/* All types of both, in order.  */
static const struct fh_type *join_entities(struct fh_typing *t, const struct fh_type *a,
					   const struct fh_type *b)
{
	uint32_t *members = take(t, (a->n + b->n) * sizeof(*members));
	struct fh_type made = { .kind = FH_KIND_ENTITY, .members = members };

	for (uint32_t i = 0, k = 0; members != nullptr && (i < a->n || k < b->n);) {
		uint32_t x = i < a->n ? a->members[i] : UINT32_MAX;
		uint32_t y = k < b->n ? b->members[k] : UINT32_MAX;

		members[made.n++] = x < y ? x : y;
		i += x <= y;
		k += y <= x;
	}
	return keep(t, made);
}

const struct fh_type *fh_type_join(struct fh_typing *t, const struct fh_type *a,
				   const struct fh_type *b)
{
	if (fh_type_is_within(t, a, b))
		return b;
	if (fh_type_is_within(t, b, a))
		return a;
	if (t->e != FH_ERR_OK)
		return nullptr;
	if (fh_type_is_bool(a) && fh_type_is_bool(b))
		return fh_type_plain(FH_KIND_BOOL);
	if (fh_type_is_entity(a) && fh_type_is_entity(b) && !t->strict)
		return a->kind == b->kind ? join_entities(t, a, b)
					  : fh_type_plain(FH_KIND_ANY_ENTITY);
	if (a->kind == FH_KIND_RECORD && b->kind == FH_KIND_RECORD)
		return join_records(t, a, b);
	if (a->kind != FH_KIND_SET || b->kind != FH_KIND_SET)
		return nullptr;
	const struct fh_type *element = fh_type_join(t, a->element, b->element);

	return element == nullptr
		       ? nullptr
		       : keep(t, (struct fh_type){ .kind = FH_KIND_SET, .element = element });
}

bool fh_types_are_apart(const struct fh_type *a, const struct fh_type *b)
{
	if (a->kind != FH_KIND_ENTITY || b->kind != FH_KIND_ENTITY)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		if (has_member(b, a->members[i]))
			return false;
	}
	return true;
}

/* --- attributes ------------------------------------------------------- */

/* Of several entity types, an attribute is known if all have it and its types can be
 * joined.  Only permissive validation has such types.  */
static struct fh_type_attribute entity_attribute(struct fh_typing *t, const struct fh_type *x,
						 struct fh_span name)
{
	struct fh_type_attribute found = { .required = true };

	for (uint32_t i = 0; i < x->n; i++) {
		const struct fh_schema_type *type = &t->schema->types[x->members[i]];
		const struct fh_type_field *f = fh_type_field(type->attributes, name);

		found.possible |= f != nullptr;
		found.required &= f != nullptr && f->required;
		if (i == 0)
			found.type = f == nullptr ? nullptr : f->type;
		else if (found.type != nullptr)
			found.type = f == nullptr ? nullptr : fh_type_join(t, found.type, f->type);
	}
	return found;
}

struct fh_type_attribute fh_type_attribute(struct fh_typing *t, const struct fh_type *x,
					   struct fh_span name)
{
	if (x->kind == FH_KIND_ENTITY)
		return entity_attribute(t, x, name);
	if (x->kind != FH_KIND_RECORD)
		return (struct fh_type_attribute){ .possible = true };
	const struct fh_type_field *f = fh_type_field(x, name);

	if (f == nullptr)
		return (struct fh_type_attribute){ .possible = x->open };
	return (struct fh_type_attribute){ f->type, f->required, true };
}

/* --- for people ------------------------------------------------------- */

static void write_members(const struct fh_schema *s, const struct fh_type *x,
			  struct fh_builder *b)
{
	for (uint32_t i = 0; i < x->n; i++) {
		fh_builder_text(b, i == 0 ? "" : " or ");
		fh_builder_bytes(b, s->types[x->members[i]].name);
	}
}

static void write_fields(const struct fh_schema *s, const struct fh_type *x,
			 struct fh_builder *b)
{
	fh_builder_text(b, "{");
	for (uint32_t i = 0; i < x->n && !b->bad; i++) {
		fh_builder_text(b, i == 0 ? "" : ", ");
		fh_builder_bytes(b, x->fields[i].name);
		fh_builder_text(b, x->fields[i].required ? ": " : "?: ");
		fh_type_write(s, x->fields[i].type, b);
	}
	fh_builder_text(b, x->open ? ", ...}" : "}");
}

static const char *extension_text(enum fh_value_kind k)
{
	switch (k) {
	case FH_VALUE_DECIMAL:
		return "decimal";
	case FH_VALUE_IP:
		return "ipaddr";
	default:
		return k == FH_VALUE_DATETIME ? "datetime" : "duration";
	}
}

/* A full builder ends the recursion, which the type's depth bounds.  */
void fh_type_write(const struct fh_schema *s, const struct fh_type *x, struct fh_builder *b)
{
	static const char *const words[] = {
		[FH_KIND_NEVER] = "nothing", [FH_KIND_TRUE] = "true", [FH_KIND_FALSE] = "false",
		[FH_KIND_BOOL] = "Bool", [FH_KIND_LONG] = "Long", [FH_KIND_STRING] = "String",
		[FH_KIND_ANY_ENTITY] = "any entity",
	};

	if (b->bad)
		return;
	if (x->kind == FH_KIND_SET) {
		fh_builder_text(b, "Set<");
		if (x->element != nullptr)
			fh_type_write(s, x->element, b);
		fh_builder_text(b, ">");
	} else if (x->kind == FH_KIND_RECORD) {
		write_fields(s, x, b);
	} else if (x->kind == FH_KIND_ENTITY) {
		write_members(s, x, b);
	} else {
		fh_builder_text(b, x->kind == FH_KIND_EXTENSION ? extension_text(x->extension)
								: words[x->kind]);
	}
}
