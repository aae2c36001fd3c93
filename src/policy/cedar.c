/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of the directory: freehold/cedar.h.  */
#include "freehold/cedar.h"

#include <string.h>

#include "base/limits.h"
#include "policy/authorize.h"
#include "policy/conform.h"
#include "policy/entities_json.h"
#include "policy/est.h"
#include "policy/format.h"
#include "policy/validate.h"
#include "policy/value_json.h"

struct fh_cedar {
	struct fh_arena arena; /* what is held; questions take from its free rest */
	struct fh_policies policies;
	struct fh_rules rules; /* of these */
	struct fh_entities entities;
	struct fh_schema schema;
	bool has_schema;
};

/* The sizes are the trace's, so that nothing is cut on the way out.  */
static_assert(sizeof(((struct fh_cedar_error *)0)->where) == FH_TRACE_WHERE_MAX);
static_assert(sizeof(((struct fh_cedar_error *)0)->what) == FH_TRACE_TEXT_MAX);

static fh_err explain(fh_err e, const struct fh_trace *t, struct fh_cedar_error *why)
{
	if (e == FH_ERR_OK || why == nullptr)
		return e;
	memcpy(why->where, t->where, sizeof(why->where));
	memcpy(why->what, t->what, sizeof(why->what));
	memcpy(why->cure, t->cure, sizeof(why->cure));
	return e;
}

fh_err fh_cedar_open(void *memory, size_t n, struct fh_cedar **out)
{
	struct fh_arena a = fh_arena_of(memory, n);
	struct fh_cedar *c = n < FH_CEDAR_MEMORY_MIN ? nullptr : fh_arena_take(&a, sizeof(*c));

	if (c == nullptr)
		return FH_ERR_NOMEM;
	c->arena = a;
	*out = c;
	return FH_ERR_OK;
}

/* TEXT in A, so that what is read may look at it.  */
static fh_err keep(struct fh_arena *a, const char *text, size_t n, struct fh_span *out,
		   struct fh_trace *t)
{
	fh_err e = fh_arena_copy(a, fh_span_of(text, n), out);

	if (e != FH_ERR_OK)
		fh_trace_what(t, "the text needs more memory than there is");
	return e;
}

/* Takes POLICIES, which look into A, unless E says that they were refused.  */
static fh_err take_policies(struct fh_cedar *c, fh_err e, const struct fh_policies *policies,
			    struct fh_arena *a, struct fh_trace *t, struct fh_cedar_error *why)
{
	struct fh_rules rules;

	if (e != FH_ERR_OK)
		return explain(e, t, why);
	e = fh_rules_compile(policies, a, &rules);
	if (e != FH_ERR_OK) {
		fh_trace_where(t, "policies");
		fh_trace_what(t, "the policies need more memory than there is");
		fh_trace_cure(t, "give more memory, or fewer policies");
		return explain(e, t, why);
	}
	c->arena = *a;
	c->policies = *policies;
	c->rules = rules;
	return FH_ERR_OK;
}

fh_err fh_cedar_policies(struct fh_cedar *c, const char *text, size_t n,
			 struct fh_cedar_error *why)
{
	struct fh_arena a = c->arena;
	struct fh_policies policies;
	struct fh_trace t = { 0 };
	fh_err e = fh_policies_parse(fh_span_of(text, n), FH_CEDAR_TEXT_MAX, "policies", &a,
				     &policies, &t);

	return take_policies(c, e, &policies, &a, &t, why);
}

fh_err fh_cedar_policies_json(struct fh_cedar *c, const char *text, size_t n,
			      struct fh_cedar_error *why)
{
	struct fh_arena a = c->arena;
	struct fh_policies policies;
	struct fh_trace t = { 0 };
	struct fh_span kept;
	fh_err e = keep(&a, text, n, &kept, &t);

	if (e == FH_ERR_OK)
		e = fh_est_read(kept, FH_CEDAR_TEXT_MAX, "policies", &a, &policies, &t);
	return take_policies(c, e, &policies, &a, &t, why);
}

/* Takes SCHEMA, or none if it is NULL, and the memory A it needs.  */
static void take_schema(struct fh_cedar *c, const struct fh_schema *schema,
			const struct fh_arena *a)
{
	c->arena = *a;
	c->has_schema = schema != nullptr;
	if (schema != nullptr)
		c->schema = *schema;
	c->entities = (struct fh_entities){ 0 }; /* they were read as another schema says */
}

fh_err fh_cedar_schema(struct fh_cedar *c, const char *text, size_t n, struct fh_cedar_error *why)
{
	struct fh_arena a = c->arena;
	struct fh_schema schema;
	struct fh_trace t = { 0 };

	if (text == nullptr) {
		take_schema(c, nullptr, &a);
		return FH_ERR_OK;
	}
	fh_err e = fh_schema_read(fh_span_of(text, n), FH_CEDAR_TEXT_MAX, "schema", &a, &schema,
				  &t);

	if (e == FH_ERR_OK)
		take_schema(c, &schema, &a);
	return explain(e, &t, why);
}

fh_err fh_cedar_schema_json(struct fh_cedar *c, const char *text, size_t n,
			    struct fh_cedar_error *why)
{
	struct fh_arena a = c->arena;
	struct fh_schema schema;
	struct fh_trace t = { 0 };
	struct fh_span kept;
	fh_err e = keep(&a, text, n, &kept, &t);

	if (e == FH_ERR_OK)
		e = fh_schema_read_json(kept, FH_CEDAR_TEXT_MAX, "schema", &a, &schema, &t);
	if (e == FH_ERR_OK)
		take_schema(c, &schema, &a);
	return explain(e, &t, why);
}

/* FH_ERR_OK, and in *F what is wrong with the policy at PLACE; *FOUND: anything is.  */
static fh_err validate_one(struct fh_validation *v, const struct fh_cedar *c, uint32_t place,
			   struct fh_trace *t, struct fh_cedar_finding *f, bool *found)
{
	const uint32_t *actions;
	bool idle;
	fh_err e = fh_policy_validate(v, &c->policies.list[place], &actions, &idle);

	*f = (struct fh_cedar_finding){ .policy = place, .warning = e == FH_ERR_OK };
	*found = e != FH_ERR_OK || idle;
	if (e == FH_ERR_OK && idle) {
		fh_trace_what(t, "no request can satisfy the policy");
		fh_trace_cure(t, "its conditions are false wherever its scope lets a request "
				 "through");
		(void)fh_lexer_refuse(v->lex, c->policies.list[place].at, FH_ERR_CONFLICT);
	}
	if (*found)
		(void)explain(FH_ERR_CONFLICT, t, &f->why);
	return e == FH_ERR_UNKNOWN || e == FH_ERR_CONFLICT || e == FH_ERR_FORMAT ? FH_ERR_OK : e;
}

fh_err fh_cedar_validate(struct fh_cedar *c, int permissive, struct fh_cedar_finding *out,
			 size_t cap, size_t *n, int *valid, struct fh_cedar_error *why)
{
	struct fh_trace t = { 0 };
	const struct fh_lexer lex = { .text_name = "policies", .trace = &t };
	struct fh_arena a = c->arena; /* a copy: nothing is kept */
	struct fh_validation v;
	size_t findings = 0;
	bool all = true;

	if (!c->has_schema)
		return FH_ERR_STATE;
	fh_validation_begin(&v, &c->schema, &a, &lex);
	v.permissive = permissive != 0;
	for (uint32_t i = 0; i < c->policies.n; i++) {
		struct fh_cedar_finding f;
		bool found;
		fh_err e = validate_one(&v, c, i, &t, &f, &found);

		if (e != FH_ERR_OK)
			return explain(e, &t, why);
		if (!found)
			continue;
		all &= f.warning != 0;
		if (findings < cap)
			out[findings] = f;
		findings++;
	}
	*n = findings;
	*valid = all;
	return FH_ERR_OK;
}

fh_err fh_cedar_entities(struct fh_cedar *c, const char *text, size_t n,
			 struct fh_cedar_error *why)
{
	struct fh_arena a = c->arena;
	struct fh_entities entities;
	struct fh_trace t = { 0 };
	struct fh_span kept;
	fh_err e = keep(&a, text, n, &kept, &t);

	if (e == FH_ERR_OK)
		e = fh_entities_read_as(kept, "entities", c->has_schema ? &c->schema : nullptr, &a,
					&entities, &t);
	if (e != FH_ERR_OK)
		return explain(e, &t, why);
	c->arena = a;
	c->entities = entities;
	return FH_ERR_OK;
}

static fh_err uid_of(const struct fh_cedar_uid *from, struct fh_entity_uid *out, struct fh_trace *t)
{
	*out = fh_entity_uid_of(from->type, fh_span_of(from->id, from->id_n));
	if (fh_is_name(out->type))
		return FH_ERR_OK;
	fh_trace_where(t, "request");
	fh_trace_what(t, "`%.*s` is no entity type", fh_shown(out->type),
		      (const char *)out->type.p);
	fh_trace_cure(t, "give a type such as A::B");
	return FH_ERR_FORMAT;
}

static uint32_t place_of(const struct fh_cedar *c, const struct fh_policy *p)
{
	return (uint32_t)(p - c->policies.list);
}

/* The answer in numbers, which A holds.  */
static fh_err put_answer(const struct fh_cedar *c, const struct fh_response *r, struct fh_arena *a,
			 struct fh_cedar_answer *out)
{
	uint32_t *reasons = fh_arena_array(a, r->reasons_n, sizeof(*reasons));
	uint32_t *errors = fh_arena_array(a, r->errors_n, sizeof(*errors));

	if (reasons == nullptr || errors == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < r->reasons_n; i++)
		reasons[i] = place_of(c, r->reasons[i]);
	for (size_t i = 0; i < r->errors_n; i++)
		errors[i] = place_of(c, r->errors[i].policy);
	*out = (struct fh_cedar_answer){ r->allowed, r->reasons_n, reasons, r->errors_n, errors };
	return FH_ERR_OK;
}

/* The context TEXT (NULL: none); with a schema, the request of the uids UID must conform.  */
static fh_err read_context(const struct fh_cedar *c, const struct fh_entity_uid *uid,
			   struct fh_span text, struct fh_arena *a, struct fh_value *out,
			   struct fh_trace *t)
{
	uint32_t action;

	if (text.p == nullptr)
		text = FH_SPAN_LIT("{}");
	if (!c->has_schema)
		return fh_context_read(text, "context", a, out, t);
	fh_err e = fh_request_check(&c->schema, uid[0], uid[1], uid[2], &action, t);

	return e == FH_ERR_OK ? fh_context_read_as(text, "context", &c->schema,
						   c->schema.actions[action].context, a, out, t)
			      : e;
}

static fh_err ask(struct fh_cedar *c, const struct fh_cedar_request *r, struct fh_arena *a,
		  struct fh_cedar_answer *out, struct fh_trace *t)
{
	struct fh_entity_source source = fh_entities_source(&c->entities);
	struct fh_value context = fh_value_none();
	struct fh_entity_uid uid[3];
	struct fh_response response;
	struct fh_evaluation v;
	fh_err e = uid_of(&r->principal, &uid[0], t);

	if (e == FH_ERR_OK)
		e = uid_of(&r->action, &uid[1], t);
	if (e == FH_ERR_OK)
		e = uid_of(&r->resource, &uid[2], t);
	if (e == FH_ERR_OK)
		e = read_context(c, uid, fh_span_of(r->context, r->context_n), a, &context, t);
	if (e == FH_ERR_OK)
		e = fh_evaluation_begin(&v, uid[0], uid[1], uid[2], context, &source, a);
	if (e == FH_ERR_OK)
		e = fh_authorize(&c->rules, &v, a, &response);
	return e == FH_ERR_OK ? put_answer(c, &response, a, out) : e;
}

fh_err fh_cedar_ask(struct fh_cedar *c, const struct fh_cedar_request *r,
		    struct fh_cedar_answer *out, struct fh_cedar_error *why)
{
	struct fh_arena a = c->arena; /* a copy: nothing of a question is kept */
	struct fh_trace t = { 0 };

	return explain(ask(c, r, &a, out, &t), &t, why);
}

size_t fh_cedar_policies_n(const struct fh_cedar *c)
{
	return c->policies.n;
}

const char *fh_cedar_policy_id(const struct fh_cedar *c, uint32_t place, size_t *n)
{
	if (place >= c->policies.n)
		return nullptr;
	*n = c->policies.list[place].id.n;
	return (const char *)c->policies.list[place].id.p;
}

fh_err fh_cedar_to_json(const struct fh_cedar *c, char *out, size_t cap, size_t *n)
{
	struct fh_builder b = fh_builder_of(out, cap);

	fh_est_write(&b, &c->policies);
	if (b.bad)
		return FH_ERR_LIMIT;
	*n = b.n;
	return FH_ERR_OK;
}

fh_err fh_cedar_format(struct fh_cedar *c, const char *text, size_t n, char *out, size_t cap,
		       size_t *out_n, struct fh_cedar_error *why)
{
	struct fh_builder b = fh_builder_of(out, cap);
	struct fh_arena a = c->arena;
	struct fh_trace t = { 0 };
	fh_err e = fh_policy_format(fh_span_of(text, n), &a, &b, &t);

	if (e == FH_ERR_OK)
		*out_n = b.n;
	return explain(e, &t, why);
}
