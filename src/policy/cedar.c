/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of the directory: freehold/cedar.h.  */
#include "freehold/cedar.h"

#include <string.h>

#include "base/limits.h"
#include "policy/authorize.h"
#include "policy/entities_json.h"
#include "policy/est.h"
#include "policy/format.h"
#include "policy/value_json.h"

struct fh_cedar {
	struct fh_arena arena; /* what is held; questions take from its free rest */
	struct fh_policies policies;
	struct fh_entities entities;
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

fh_err fh_cedar_policies(struct fh_cedar *c, const char *text, size_t n,
			 struct fh_cedar_error *why)
{
	struct fh_arena a = c->arena;
	struct fh_policies policies;
	struct fh_trace t = { 0 };
	fh_err e = fh_policies_parse(fh_span_of(text, n), FH_CEDAR_TEXT_MAX, "policies", &a,
				     &policies, &t);

	if (e != FH_ERR_OK)
		return explain(e, &t, why);
	c->arena = a;
	c->policies = policies;
	return FH_ERR_OK;
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
	if (e != FH_ERR_OK)
		return explain(e, &t, why);
	c->arena = a;
	c->policies = policies;
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
		e = fh_entities_read(kept, "entities", &a, &entities, &t);
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
	if (e == FH_ERR_OK && r->context != nullptr)
		e = fh_context_read(fh_span_of(r->context, r->context_n), "context", a, &context,
				    t);
	if (e == FH_ERR_OK)
		e = fh_evaluation_begin(&v, uid[0], uid[1], uid[2], context, &source, a);
	if (e == FH_ERR_OK)
		e = fh_authorize(&c->policies, &v, a, &response);
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
