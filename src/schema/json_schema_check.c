/* SPDX-License-Identifier: Apache-2.0 */
/* Checking an instance: a schema's rules one by one, and those keywords whose answer is
 * made of the answers of other schemas.  */
#include "schema/json_schema.h"

#include <stdarg.h>

#include "base/limits.h"
#include "schema/json_schema_private.h"

bool fh_schema_stop(struct fh_schema_run *r, fh_err e, const char *what)
{
	if (r->e != FH_ERR_OK)
		return false;
	fh_trace_where(r->trace, "#");
	fh_trace_what(r->trace, "%s", what);
	fh_trace_cure(r->trace, "send something smaller, or have the schema simplified");
	r->e = e;
	return false;
}

bool fh_schema_spend(struct fh_schema_run *r, uint64_t n)
{
	if (r->steps <= n) {
		r->steps = 0;
		return fh_schema_stop(r, FH_ERR_LIMIT, "takes more work than one check may");
	}
	r->steps -= n;
	return true;
}

/* Writes S before what ROOM holds from AT on; returns where it begins.  */
static size_t put_back(char *room, size_t at, struct fh_span s)
{
	while (at > 0 && s.n > 0)
		room[--at] = (char)s.p[--s.n];
	return at;
}

/* The place as a JSON Pointer; of one too long, its end.  */
static void trace_place(struct fh_trace *t, const struct fh_schema_place *p)
{
	char room[FH_TRACE_WHERE_MAX];
	size_t at = sizeof(room) - 4;

	for (room[at] = '\0'; p != nullptr && at > 0; p = p->up) {
		uint8_t digits[20];
		struct fh_builder b = FH_BUILDER_ARRAY(digits);

		if (p->element) {
			fh_builder_decimal(&b, p->index);
			at = put_back(room, at, fh_builder_span(&b));
		} else {
			at = put_back(room, at, p->name);
		}
		at = put_back(room, at, FH_SPAN_LIT("/"));
	}
	fh_trace_where(t, "#%s", &room[at]);
}

bool fh_schema_fail(struct fh_schema_run *r, const struct fh_schema_frame *f, const char *format,
		    ...)
{
	va_list arguments;

	if (r->quiet > 0 || r->e != FH_ERR_OK)
		return false;
	trace_place(r->trace, f->place);
	va_start(arguments, format);
	fh_trace_what_list(r->trace, format, arguments);
	va_end(arguments);
	fh_trace_cure(r->trace, "send what the schema asks for");
	return false;
}

bool fh_schema_matches(struct fh_schema_run *r, const struct fh_regex *regex, struct fh_span text)
{
	bool found = false;
	fh_err e = fh_regex_search(regex, text, r->scratch, &r->steps, &found);

	if (e != FH_ERR_OK)
		return fh_schema_stop(r, e, e == FH_ERR_NOMEM
						    ? "takes more memory than one check may"
						    : "takes more work than one check may");
	return found;
}

bool fh_schema_value(struct fh_schema_run *r, const struct fh_json *j, struct fh_span *out)
{
	fh_err e = fh_json_canonical(j, r->scratch, out);

	if (e == FH_ERR_LIMIT)
		return fh_schema_stop(r, e, "holds a number with too large an exponent");
	if (e != FH_ERR_OK)
		return fh_schema_stop(r, e, "takes more memory than one check may");
	return fh_schema_spend(r, out->n);
}

/* --- schemas on the same instance ----------------------------------------- */

/* Like fh_schema_apply(), where no is an answer like any other.  */
static bool try_one(struct fh_schema_run *r, const struct fh_schema_frame *f,
		    const struct fh_schema_node *node)
{
	r->quiet++;
	bool valid = fh_schema_apply(r, f, node);

	r->quiet--;
	return valid;
}

static bool check_ref(struct fh_schema_run *r, const struct fh_schema_frame *f,
		      const struct fh_schema_rule *rule)
{
	return fh_schema_apply(r, f, rule->node);
}

static const struct fh_schema_node *find_dynamic(const struct fh_schema_resource *resource,
						 struct fh_span name)
{
	for (const struct fh_schema_anchor *a = resource->anchors; a != nullptr; a = a->next) {
		if (a->dynamic && fh_span_equal(a->name, name))
			return a->node;
	}
	return nullptr;
}

/* The outermost resource entered that has the anchor decides.  */
static bool check_dynamic_ref(struct fh_schema_run *r, const struct fh_schema_frame *f,
			      const struct fh_schema_rule *rule)
{
	const struct fh_schema_node *target = rule->node;

	for (const struct fh_schema_scope *s = rule->name.n > 0 ? f->scope : nullptr; s != nullptr;
	     s = s->up) {
		const struct fh_schema_node *found = find_dynamic(s->resource, rule->name);

		if (!fh_schema_spend(r, 1))
			return false;
		if (found != nullptr)
			target = found;
	}
	return fh_schema_apply(r, f, target);
}

static bool check_all_of(struct fh_schema_run *r, const struct fh_schema_frame *f,
			 const struct fh_schema_rule *rule)
{
	for (size_t i = 0; i < rule->rows; i++) {
		if (!fh_schema_apply(r, f, rule->row[i].node))
			return false;
	}
	return true;
}

/* Each that is valid adds to what was evaluated, so none is left out if that is asked.  */
static bool check_any_of(struct fh_schema_run *r, const struct fh_schema_frame *f,
			 const struct fh_schema_rule *rule)
{
	bool valid = false;

	for (size_t i = 0; i < rule->rows && (!valid || f->marks != nullptr); i++)
		valid |= try_one(r, f, rule->row[i].node);
	return valid || fh_schema_fail(r, f, "anyOf: valid under none of its schemas");
}

static bool check_one_of(struct fh_schema_run *r, const struct fh_schema_frame *f,
			 const struct fh_schema_rule *rule)
{
	size_t valid = 0;

	for (size_t i = 0; i < rule->rows && valid < 2; i++)
		valid += try_one(r, f, rule->row[i].node);
	return valid == 1 || fh_schema_fail(r, f, "oneOf: valid under %s of its schemas",
					    valid == 0 ? "none" : "more than one");
}

static bool check_not(struct fh_schema_run *r, const struct fh_schema_frame *f,
		      const struct fh_schema_rule *rule)
{
	struct fh_schema_frame unmarked = *f;

	unmarked.marks = nullptr;
	return !try_one(r, &unmarked, rule->node) ||
	       fh_schema_fail(r, f, "not: valid under what it must not be");
}

static bool check_if(struct fh_schema_run *r, const struct fh_schema_frame *f,
		     const struct fh_schema_rule *rule)
{
	const struct fh_schema_node *next = try_one(r, f, rule->node) ? rule->yes : rule->no;

	return r->e == FH_ERR_OK && (next == nullptr || fh_schema_apply(r, f, next));
}

static bool (*const check[FH_KEYWORD_RULES])(struct fh_schema_run *, const struct fh_schema_frame *,
					     const struct fh_schema_rule *) = {
	[FH_KEYWORD_REF] = check_ref,
	[FH_KEYWORD_DYNAMIC_REF] = check_dynamic_ref,
	[FH_KEYWORD_TYPE] = fh_schema_check_type,
	[FH_KEYWORD_ENUM] = fh_schema_check_value,
	[FH_KEYWORD_CONST] = fh_schema_check_value,
	[FH_KEYWORD_MULTIPLE_OF] = fh_schema_check_number,
	[FH_KEYWORD_MAXIMUM] = fh_schema_check_number,
	[FH_KEYWORD_EXCLUSIVE_MAXIMUM] = fh_schema_check_number,
	[FH_KEYWORD_MINIMUM] = fh_schema_check_number,
	[FH_KEYWORD_EXCLUSIVE_MINIMUM] = fh_schema_check_number,
	[FH_KEYWORD_MAX_LENGTH] = fh_schema_check_length,
	[FH_KEYWORD_MIN_LENGTH] = fh_schema_check_length,
	[FH_KEYWORD_PATTERN] = fh_schema_check_pattern,
	[FH_KEYWORD_FORMAT] = fh_schema_check_format,
	[FH_KEYWORD_MAX_ITEMS] = fh_schema_check_count_items,
	[FH_KEYWORD_MIN_ITEMS] = fh_schema_check_count_items,
	[FH_KEYWORD_UNIQUE_ITEMS] = fh_schema_check_unique_items,
	[FH_KEYWORD_MAX_PROPERTIES] = fh_schema_check_count_properties,
	[FH_KEYWORD_MIN_PROPERTIES] = fh_schema_check_count_properties,
	[FH_KEYWORD_REQUIRED] = fh_schema_check_required,
	[FH_KEYWORD_DEPENDENT_REQUIRED] = fh_schema_check_dependent,
	[FH_KEYWORD_DEPENDENT_SCHEMAS] = fh_schema_check_dependent,
	[FH_KEYWORD_DEPENDENCIES] = fh_schema_check_dependent,
	[FH_KEYWORD_PROPERTY_NAMES] = fh_schema_check_property_names,
	[FH_KEYWORD_PROPERTIES] = fh_schema_check_properties,
	[FH_KEYWORD_PREFIX_ITEMS] = fh_schema_check_items,
	[FH_KEYWORD_CONTAINS] = fh_schema_check_contains,
	[FH_KEYWORD_ALL_OF] = check_all_of,
	[FH_KEYWORD_ANY_OF] = check_any_of,
	[FH_KEYWORD_ONE_OF] = check_one_of,
	[FH_KEYWORD_NOT] = check_not,
	[FH_KEYWORD_IF] = check_if,
	[FH_KEYWORD_UNEVALUATED_ITEMS] = fh_schema_check_unevaluated_items,
	[FH_KEYWORD_UNEVALUATED_PROPERTIES] = fh_schema_check_unevaluated_properties,
};

/* --- one schema ----------------------------------------------------------- */

static bool apply_rules(struct fh_schema_run *r, const struct fh_schema_frame *f)
{
	const struct fh_schema_rule *i = f->node->rules;

	while (i != nullptr && check[i->keyword](r, f, i) && r->e == FH_ERR_OK)
		i = i->next;
	return i == nullptr;
}

/* The rules of F's node, with marks of its own: what a schema that turns out invalid
 * evaluated does not count.  OUTER are those of who asks, or NULL.  */
static bool apply_marked(struct fh_schema_run *r, struct fh_schema_frame *f, bool *outer)
{
	size_t n = f->instance->n;

	f->marks = fh_arena_take(r->scratch, n);
	if (f->marks == nullptr)
		return fh_schema_stop(r, FH_ERR_NOMEM, "takes more memory than one check may");
	if (!fh_schema_spend(r, n) || !apply_rules(r, f))
		return false;
	for (size_t i = 0; outer != nullptr && i < n; i++)
		outer[i] |= f->marks[i];
	return true;
}

/* OUTER is the frame of who asks, or NULL if the instance is another one.  */
static bool apply(struct fh_schema_run *r, struct fh_schema_frame *f, bool *outer)
{
	struct fh_schema_scope entered = { f->scope, f->node->resource };
	size_t taken = r->scratch->n;

	if (!fh_schema_spend(r, 1))
		return false;
	if (f->node->json->kind == FH_JSON_BOOL)
		return f->node->json->boolean || fh_schema_fail(r, f, "nothing may stand here");
	if (r->depth == FH_SCHEMA_DEPTH_MAX)
		return fh_schema_stop(r, FH_ERR_LIMIT,
			"leads through too many schemas in each other");
	if (f->scope == nullptr || f->scope->resource != f->node->resource)
		f->scope = &entered;
	bool marks = f->instance->kind >= FH_JSON_ARRAY &&
		     (outer != nullptr || f->node->unevaluated);

	r->depth++;
	bool valid = marks ? apply_marked(r, f, outer) : apply_rules(r, f);

	r->depth--;
	r->scratch->n = taken;
	return valid;
}

bool fh_schema_apply(struct fh_schema_run *r, const struct fh_schema_frame *f,
		     const struct fh_schema_node *node)
{
	struct fh_schema_frame inner = { node, f->instance, f->place, f->scope, nullptr };

	return apply(r, &inner, f->marks);
}

bool fh_schema_apply_child(struct fh_schema_run *r, const struct fh_schema_frame *f,
			   const struct fh_schema_node *node, const struct fh_json *j,
			   const struct fh_schema_place *place)
{
	struct fh_schema_frame inner = { node, j, place, f->scope, nullptr };

	return apply(r, &inner, nullptr);
}

fh_err fh_json_schema_check(const struct fh_json_schema *s, const struct fh_json *instance,
			    struct fh_arena *scratch, bool *valid, uint64_t *steps,
			    struct fh_trace *t)
{
	struct fh_schema_run r = { .schema = s, .scratch = scratch, .trace = t,
				   .steps = FH_SCHEMA_STEPS_MAX };
	struct fh_schema_frame f = { .node = s->root, .instance = instance };
	bool answer = apply(&r, &f, nullptr);

	if (r.e == FH_ERR_OK)
		*valid = answer;
	if (steps != nullptr)
		*steps = FH_SCHEMA_STEPS_MAX - r.steps;
	return r.e;
}
