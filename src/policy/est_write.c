/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/est.h"

#include "codec/json.h"
#include "policy/est_form.h"

/* "NAME": , with a comma before it unless it is the first.  */
static void member(struct fh_builder *b, bool first, struct fh_span name)
{
	if (!first)
		fh_builder_u8(b, ',');
	fh_json_put_string(b, name);
	fh_builder_u8(b, ':');
}

static void text(struct fh_builder *b, bool first, const char *name, struct fh_span value)
{
	member(b, first, fh_span_str(name));
	fh_json_put_string(b, value);
}

static void put_entity(struct fh_builder *b, struct fh_entity_uid uid)
{
	fh_builder_u8(b, '{');
	text(b, true, "type", uid.type);
	text(b, false, "id", uid.id);
	fh_builder_u8(b, '}');
}

static void put_integer(struct fh_builder *b, int64_t v)
{
	if (v < 0)
		fh_builder_u8(b, '-');
	fh_builder_decimal(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* --- expressions ------------------------------------------------------ */

static void put_expr(struct fh_builder *b, const struct fh_expr *e);

static void child(struct fh_builder *b, bool first, const char *name, const struct fh_expr *e)
{
	member(b, first, fh_span_str(name));
	put_expr(b, e);
}

static void put_literal(struct fh_builder *b, const struct fh_expr *e)
{
	fh_builder_text(b, "{\"Value\":");
	if (e->kind == FH_EXPR_BOOL) {
		fh_builder_text(b, e->boolean ? "true" : "false");
	} else if (e->kind == FH_EXPR_LONG) {
		put_integer(b, e->integer);
	} else if (e->kind == FH_EXPR_STRING) {
		fh_json_put_string(b, e->text);
	} else {
		fh_builder_text(b, "{\"__entity\":");
		put_entity(b, e->entity->uid);
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, '}');
}

static void put_pattern(struct fh_builder *b, struct fh_span pattern)
{
	member(b, false, FH_SPAN_LIT("pattern"));
	fh_builder_u8(b, '[');
	for (bool first = true; pattern.n > 0; first = false) {
		size_t n = fh_span_find(pattern, FH_WILDCARD);

		fh_builder_text(b, first ? "" : ",");
		if (n == 0) {
			fh_builder_text(b, "\"Wildcard\"");
		} else {
			fh_builder_u8(b, '{');
			text(b, true, "Literal", fh_span_first(pattern, n));
			fh_builder_u8(b, '}');
		}
		pattern = fh_span_skip(pattern, n == 0 ? 1 : n);
	}
	fh_builder_u8(b, ']');
}

static void put_list(struct fh_builder *b, const struct fh_expr *e)
{
	fh_builder_u8(b, '[');
	for (uint32_t i = 0; i < e->n; i++) {
		fh_builder_text(b, i > 0 ? "," : "");
		put_expr(b, e->items[i]);
	}
	fh_builder_u8(b, ']');
}

/* The members of the object behind the name of FORM.  */
static void put_members(struct fh_builder *b, enum fh_est_shape shape, const struct fh_expr *e)
{
	switch (shape) {
	case FH_EST_BINARY:
		child(b, true, "left", e->a);
		child(b, false, "right", e->b);
		return;
	case FH_EST_UNARY:
		child(b, true, "arg", e->a);
		return;
	case FH_EST_ATTRIBUTE:
		child(b, true, "left", e->a);
		text(b, false, "attr", e->text);
		return;
	case FH_EST_PATTERN:
		child(b, true, "left", e->a);
		put_pattern(b, e->text);
		return;
	case FH_EST_TYPE:
		child(b, true, "left", e->a);
		text(b, false, "entity_type", e->text);
		if (e->kind == FH_EXPR_IS_IN)
			child(b, false, "in", e->b);
		return;
	case FH_EST_CHOICE:
		child(b, true, "if", e->a);
		child(b, false, "then", e->b);
		child(b, false, "else", e->c);
		return;
	case FH_EST_FIELDS:
		for (uint32_t i = 0; i < e->n; i++) {
			member(b, i == 0, e->fields[i].name);
			put_expr(b, e->fields[i].value);
		}
		return;
	case FH_EST_LIST:
	case FH_EST_VARIABLE:
		return;
	}
}

/* The depth of E is bounded, so the recursion is.  */
static void put_expr(struct fh_builder *b, const struct fh_expr *e)
{
	const struct fh_est_form *form = fh_est_form_of(e->kind);

	if (form == nullptr && e->kind != FH_EXPR_CALL) {
		put_literal(b, e);
		return;
	}
	fh_builder_u8(b, '{');
	member(b, true,
	       form != nullptr ? form->name
			       : fh_function_shape((enum fh_function)e->which)->name);
	if (form == nullptr || form->shape == FH_EST_LIST) {
		put_list(b, e);
	} else if (form->shape == FH_EST_VARIABLE) {
		fh_json_put_string(b, fh_variable_name((enum fh_variable)e->which));
	} else {
		fh_builder_u8(b, '{');
		put_members(b, form->shape, e);
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, '}');
}

/* --- policies --------------------------------------------------------- */

static void put_target(struct fh_builder *b, bool first, const struct fh_scope *s, const char *slot)
{
	if (s->slot) {
		text(b, first, "slot", fh_span_str(slot));
		return;
	}
	member(b, first, s->listed ? FH_SPAN_LIT("entities") : FH_SPAN_LIT("entity"));
	fh_builder_text(b, s->listed ? "[" : "");
	for (size_t i = 0; i < s->entities_n; i++) {
		fh_builder_text(b, i > 0 ? "," : "");
		put_entity(b, s->entities[i]);
	}
	fh_builder_text(b, s->listed ? "]" : "");
}

static void put_scope(struct fh_builder *b, const char *name, const struct fh_scope *s,
		      const char *slot)
{
	static const char *const ops[] = { "All", "==", "in", "is", "is" };

	member(b, false, fh_span_str(name));
	fh_builder_u8(b, '{');
	text(b, true, "op", fh_span_str(ops[s->kind]));
	if (s->kind == FH_SCOPE_EQUAL || s->kind == FH_SCOPE_IN)
		put_target(b, false, s, slot);
	if (s->type.n > 0)
		text(b, false, "entity_type", s->type);
	if (s->kind == FH_SCOPE_IS_IN) {
		member(b, false, FH_SPAN_LIT("in"));
		fh_builder_u8(b, '{');
		put_target(b, true, s, slot);
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, '}');
}

void fh_est_write_policy(struct fh_builder *b, const struct fh_policy *p)
{
	fh_builder_u8(b, '{');
	text(b, true, "effect", fh_span_str(p->forbids ? "forbid" : "permit"));
	put_scope(b, "principal", &p->principal, "?principal");
	put_scope(b, "action", &p->action, "");
	put_scope(b, "resource", &p->resource, "?resource");
	fh_builder_text(b, ",\"conditions\":[");
	for (size_t i = 0; i < p->conditions_n; i++) {
		fh_builder_text(b, i > 0 ? ",{" : "{");
		text(b, true, "kind", fh_span_str(p->conditions[i].unless ? "unless" : "when"));
		child(b, false, "body", p->conditions[i].body);
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, ']');
	if (p->annotations_n > 0) {
		fh_builder_text(b, ",\"annotations\":{");
		for (size_t i = 0; i < p->annotations_n; i++) {
			member(b, i == 0, p->annotations[i].name);
			fh_json_put_string(b, p->annotations[i].value);
		}
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, '}');
}

/* --- sets ------------------------------------------------------------- */

static void put_map(struct fh_builder *b, const struct fh_policies *all, bool templates)
{
	bool first = true;

	for (size_t i = 0; i < all->n; i++) {
		const struct fh_policy *p = &all->list[i];

		if (p->linked_from.p != nullptr || fh_policy_is_template(p) != templates)
			continue;
		member(b, first, p->id);
		fh_est_write_policy(b, p);
		first = false;
	}
}

static void put_link(struct fh_builder *b, bool first, const struct fh_policy *p)
{
	bool both = p->fills_principal && p->fills_resource;

	fh_builder_text(b, first ? "{" : ",{");
	text(b, true, "templateId", p->linked_from);
	text(b, false, "newId", p->id);
	fh_builder_text(b, ",\"values\":{");
	if (p->fills_principal) {
		fh_builder_text(b, "\"?principal\":");
		put_entity(b, p->principal.entities[0]);
	}
	fh_builder_text(b, both ? "," : "");
	if (p->fills_resource) {
		fh_builder_text(b, "\"?resource\":");
		put_entity(b, p->resource.entities[0]);
	}
	fh_builder_text(b, "}}");
}

void fh_est_write(struct fh_builder *b, const struct fh_policies *p)
{
	bool first = true;

	fh_builder_text(b, "{\"staticPolicies\":{");
	put_map(b, p, /* templates= */ false);
	fh_builder_text(b, "},\"templates\":{");
	put_map(b, p, /* templates= */ true);
	fh_builder_text(b, "},\"templateLinks\":[");
	for (size_t i = 0; i < p->n; i++) {
		if (p->list[i].linked_from.p == nullptr)
			continue;
		put_link(b, first, &p->list[i]);
		first = false;
	}
	fh_builder_text(b, "]}");
}
