/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions in Cedar's JSON.  Recursion is bounded by the depth of the tree.  */
#include "policy/est_read.h"

#include "base/limits.h"
#include "policy/est_form.h"

/* --- members ---------------------------------------------------------- */

const struct fh_json *fh_est_member(struct fh_est *e, const struct fh_json *j, const char *name)
{
	static const struct fh_json nothing = { .at = { 1, 1 } };
	const struct fh_json *m = fh_json_member(j, name);

	if (m != nullptr)
		return m;
	fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT, "add it", "\"%s\" is missing", name);
	return &nothing;
}

struct fh_span fh_est_text(struct fh_est *e, const struct fh_json *j, const char *name)
{
	const struct fh_json *m = fh_est_member(e, j, name);

	if (m->kind == FH_JSON_STRING)
		return m->text;
	fh_parse_refuse(&e->p, fh_est_at(m), FH_ERR_FORMAT, "put it in quotes",
			"\"%s\" must be a string", name);
	return (struct fh_span){ 0 };
}

void fh_est_only(struct fh_est *e, const struct fh_json *j, const char *const *names, size_t n)
{
	if (e->p.e == FH_ERR_OK)
		e->p.e = fh_json_only(&e->document, j, names, n);
}

struct fh_entity_uid fh_est_entity(struct fh_est *e, const struct fh_json *j)
{
	struct fh_entity_uid uid = { 0 };

	if (e->p.e == FH_ERR_OK)
		e->p.e = fh_json_entity(&e->document, j, &uid);
	return uid;
}

/* --- literals --------------------------------------------------------- */

static const struct fh_expr *literal(struct fh_est *e, const struct fh_json *j);

static void widen(struct fh_expr *parent, const struct fh_expr *child)
{
	if (child->depth > parent->depth)
		parent->depth = child->depth;
}

static const struct fh_expr *literal_entity(struct fh_est *e, const struct fh_json *j)
{
	struct fh_entity_uid uid = fh_est_entity(e, j);
	struct fh_entity_key *kept = fh_parse_take(&e->p, sizeof(*kept));

	if (kept != nullptr)
		*kept = fh_entity_key_of(uid);
	return fh_parse_node(&e->p, (struct fh_expr){ .kind = FH_EXPR_ENTITY, .at = fh_est_at(j),
						      .entity = kept });
}

/* Elements of J, each read by READ, as the items of OUT.  */
static void list(struct fh_est *e, const struct fh_json *j,
		 const struct fh_expr *(*read)(struct fh_est *e, const struct fh_json *j),
		 struct fh_expr *out)
{
	struct fh_list l = { 0 };

	if (j->kind != FH_JSON_ARRAY) {
		fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT, "write [...]",
				"a list expected here");
		return;
	}
	for (const struct fh_json *c = j->first; c != nullptr && e->p.e == FH_ERR_OK; c = c->next) {
		const struct fh_expr *item = read(e, c);

		widen(out, item);
		fh_list_add(&e->p, &l, &item, sizeof(item));
	}
	out->items = l.p;
	out->n = (uint32_t)l.n;
}

/* Members of J, each read by READ, as the fields of OUT.  */
static void fields(struct fh_est *e, const struct fh_json *j,
		   const struct fh_expr *(*read)(struct fh_est *e, const struct fh_json *j),
		   struct fh_expr *out)
{
	struct fh_list l = { 0 };

	if (j->kind != FH_JSON_OBJECT || j->n > FH_RECORD_FIELDS_MAX) {
		fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT, "write {...}",
				"an object of at most %zu members expected here",
				FH_RECORD_FIELDS_MAX);
		return;
	}
	for (const struct fh_json *m = j->first; m != nullptr && e->p.e == FH_ERR_OK; m = m->next) {
		const struct fh_expr_field f = { m->name, fh_est_at(m), read(e, m) };

		widen(out, f.value);
		fh_list_add(&e->p, &l, &f, sizeof(f));
	}
	out->fields = l.p;
	out->n = (uint32_t)l.n;
}

/* {"fn": F, "arg": A}, or with "args".  */
static const struct fh_expr *literal_call(struct fh_est *e, const struct fh_json *j)
{
	static const char *const names[] = { "fn", "arg", "args" };
	struct fh_expr call = { .kind = FH_EXPR_CALL, .at = fh_est_at(j) };
	const struct fh_json *one = fh_json_member(j, "arg");
	struct fh_list l = { 0 };

	fh_est_only(e, j, names, 3);
	enum fh_function f = fh_function_find(fh_est_text(e, j, "fn"));

	if (f == FH_FUNCTION_COUNT)
		fh_parse_refuse(&e->p, call.at, FH_ERR_FORMAT,
				"write decimal, ip, datetime or duration",
				"there is no such function");
	call.which = (uint8_t)f;
	if (one == nullptr) {
		list(e, fh_est_member(e, j, "args"), literal, &call);
		return fh_parse_node(&e->p, call);
	}
	const struct fh_expr *item = literal(e, one);

	widen(&call, item);
	fh_list_add(&e->p, &l, &item, sizeof(item));
	call.items = l.p;
	call.n = (uint32_t)l.n;
	return fh_parse_node(&e->p, call);
}

static const struct fh_expr *literal_object(struct fh_est *e, const struct fh_json *j)
{
	struct fh_expr record = { .kind = FH_EXPR_RECORD, .at = fh_est_at(j) };

	if (fh_json_member(j, "__entity") != nullptr)
		return literal_entity(e, j);
	if (fh_json_member(j, "__extn") != nullptr)
		return literal_call(e, fh_json_member(j, "__extn"));
	fields(e, j, literal, &record);
	return fh_parse_node(&e->p, record);
}

/* What stands behind "Value".  */
static const struct fh_expr *literal(struct fh_est *e, const struct fh_json *j)
{
	struct fh_expr out = { .kind = FH_EXPR_BOOL, .at = fh_est_at(j) };

	switch (j->kind) {
	case FH_JSON_BOOL:
		out.boolean = j->boolean;
		break;
	case FH_JSON_INTEGER:
		out.kind = FH_EXPR_LONG;
		out.integer = j->integer;
		break;
	case FH_JSON_STRING:
		out.kind = FH_EXPR_STRING;
		out.text = j->text;
		break;
	case FH_JSON_ARRAY:
		out.kind = FH_EXPR_SET;
		list(e, j, literal, &out);
		break;
	case FH_JSON_OBJECT:
		return literal_object(e, j);
	default:
		fh_parse_refuse(&e->p, out.at, FH_ERR_FORMAT,
				"write an integer of 64 bits, a string, true or false",
				"Cedar has no such value");
	}
	return fh_parse_node(&e->p, out);
}

/* --- operators -------------------------------------------------------- */

/* "Wildcard" or {"Literal": "..."}.  */
static size_t pattern_part(struct fh_est *e, const struct fh_json *j, uint8_t *out)
{
	if (j->kind == FH_JSON_STRING && fh_span_equal(j->text, FH_SPAN_LIT("Wildcard"))) {
		if (out != nullptr)
			*out = FH_WILDCARD;
		return 1;
	}
	struct fh_span text = fh_est_text(e, j, "Literal");

	for (size_t i = 0; out != nullptr && i < text.n; i++)
		out[i] = text.p[i];
	return text.n;
}

static struct fh_span pattern(struct fh_est *e, const struct fh_json *j)
{
	size_t n = 0, at = 0;

	if (j->kind != FH_JSON_ARRAY) {
		fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT,
				"write [\"Wildcard\", {\"Literal\": \"...\"}]",
				"\"pattern\" must be a list");
		return (struct fh_span){ 0 };
	}
	for (const struct fh_json *c = j->first; c != nullptr; c = c->next)
		n += pattern_part(e, c, nullptr);
	uint8_t *bytes = fh_parse_take(&e->p, n);

	if (bytes == nullptr)
		return (struct fh_span){ 0 };
	for (const struct fh_json *c = j->first; c != nullptr; c = c->next)
		at += pattern_part(e, c, &bytes[at]);
	return fh_span_of(bytes, n);
}

static void typed(struct fh_est *e, const struct fh_json *j, struct fh_expr *out)
{
	static const char *const names[] = { "left", "entity_type", "in" };
	const struct fh_json *in = fh_json_member(j, "in");

	fh_est_only(e, j, names, 3);
	out->a = fh_est_expr(e, fh_est_member(e, j, "left"));
	out->text = fh_est_text(e, j, "entity_type");
	if (!fh_is_name(out->text))
		fh_parse_refuse(&e->p, out->at, FH_ERR_FORMAT, "write a type such as \"A::B\"",
				"\"entity_type\" is no entity type");
	if (in == nullptr)
		return;
	out->kind = FH_EXPR_IS_IN;
	out->b = fh_est_expr(e, in);
}

/* {"left": a, "attr": ["b", "c"]}: a has b.c.  */
static const struct fh_expr *has_path(struct fh_est *e, const struct fh_json *j)
{
	struct fh_expr has = { .kind = FH_EXPR_HAS, .at = fh_est_at(j) };
	const struct fh_json *path = fh_est_member(e, j, "attr");
	const struct fh_expr *all = nullptr;

	has.a = fh_est_expr(e, fh_est_member(e, j, "left"));
	for (const struct fh_json *c = path->first; c != nullptr; c = c->next) {
		if (c->kind != FH_JSON_STRING)
			fh_parse_refuse(&e->p, fh_est_at(c), FH_ERR_FORMAT, "put it in quotes",
					"an attribute must be a string");
		has.text = c->kind == FH_JSON_STRING ? c->text : (struct fh_span){ 0 };
		all = fh_parse_has(&e->p, all, &has, c->next == nullptr);
	}
	if (all == nullptr)
		fh_parse_refuse(&e->p, has.at, FH_ERR_FORMAT, "name an attribute",
				"\"attr\" is empty");
	return all == nullptr ? has.a : all;
}

/* Whether J is that of a `has` with several attributes.  */
static bool is_path(const struct fh_est_form *form, const struct fh_json *j)
{
	const struct fh_json *attr = fh_json_member(j, "attr");

	return form->kind == FH_EXPR_HAS && attr != nullptr && attr->kind == FH_JSON_ARRAY;
}

static void choice(struct fh_est *e, const struct fh_json *j, struct fh_expr *out)
{
	static const char *const names[] = { "if", "then", "else" };

	fh_est_only(e, j, names, 3);
	out->a = fh_est_expr(e, fh_est_member(e, j, "if"));
	out->b = fh_est_expr(e, fh_est_member(e, j, "then"));
	out->c = fh_est_expr(e, fh_est_member(e, j, "else"));
}

static void variable(struct fh_est *e, const struct fh_json *j, struct fh_expr *out)
{
	for (unsigned v = 0; v <= FH_VARIABLE_CONTEXT; v++) {
		out->which = (uint8_t)v;
		if (j->kind == FH_JSON_STRING &&
		    fh_span_equal(j->text, fh_variable_name((enum fh_variable)v)))
			return;
	}
	fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT,
			"variables are principal, action, resource and context",
			"there is no such variable");
}

/* What stands behind the name of FORM.  */
static void shaped(struct fh_est *e, const struct fh_est_form *form, const struct fh_json *j,
		   struct fh_expr *out)
{
	static const char *const binary[] = { "left", "right" };
	static const char *const unary[] = { "arg" };
	static const char *const attribute[] = { "left", "attr" };
	static const char *const like[] = { "left", "pattern" };

	switch (form->shape) {
	case FH_EST_BINARY:
		fh_est_only(e, j, binary, 2);
		out->a = fh_est_expr(e, fh_est_member(e, j, "left"));
		out->b = fh_est_expr(e, fh_est_member(e, j, "right"));
		return;
	case FH_EST_UNARY:
		fh_est_only(e, j, unary, 1);
		out->a = fh_est_expr(e, fh_est_member(e, j, "arg"));
		return;
	case FH_EST_ATTRIBUTE:
		fh_est_only(e, j, attribute, 2);
		out->a = fh_est_expr(e, fh_est_member(e, j, "left"));
		out->text = fh_est_text(e, j, "attr");
		return;
	case FH_EST_PATTERN:
		fh_est_only(e, j, like, 2);
		out->a = fh_est_expr(e, fh_est_member(e, j, "left"));
		out->text = pattern(e, fh_est_member(e, j, "pattern"));
		return;
	case FH_EST_TYPE:
		typed(e, j, out);
		return;
	case FH_EST_CHOICE:
		choice(e, j, out);
		return;
	case FH_EST_LIST:
		list(e, j, fh_est_expr, out);
		return;
	case FH_EST_FIELDS:
		fields(e, j, fh_est_expr, out);
		return;
	case FH_EST_VARIABLE:
		variable(e, j, out);
		return;
	}
}

const struct fh_expr *fh_est_expr(struct fh_est *e, const struct fh_json *j)
{
	struct fh_expr out = { .kind = FH_EXPR_CALL, .at = fh_est_at(j) };

	if (e->p.e != FH_ERR_OK || j->kind != FH_JSON_OBJECT || j->n != 1) {
		fh_parse_refuse(&e->p, out.at, FH_ERR_FORMAT, "write {\"Value\": ...}, say",
				"an expression is an object with one member");
		return fh_parse_node(&e->p, out);
	}
	const struct fh_json *inner = j->first;
	const struct fh_est_form *form = fh_est_form_named(inner->name);
	enum fh_function f = fh_function_find(inner->name);

	if (fh_span_equal(inner->name, FH_SPAN_LIT("Value")))
		return literal(e, inner);
	if (form != nullptr && is_path(form, inner))
		return has_path(e, inner);
	if (form != nullptr) {
		out.kind = form->kind;
		shaped(e, form, inner, &out);
		return fh_parse_node(&e->p, out);
	}
	if (f == FH_FUNCTION_COUNT)
		fh_parse_refuse(&e->p, out.at, FH_ERR_FORMAT, "docs/spec/POLICY lists them all",
				"there is no operator or function \"%.*s\"",
				fh_shown(inner->name), (const char *)inner->name.p);
	out.which = (uint8_t)f;
	list(e, inner, fh_est_expr, &out);
	return fh_parse_node(&e->p, out);
}
