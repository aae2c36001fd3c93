/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/authzen.h"

#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"
#include "wire/function_call.h"
#include "wire/rpc.h"

/* One request on its way to core.  */
struct reading {
	enum fh_authzen_api api;
	struct fh_span body;
	struct fh_arena *a;
	struct fh_builder *out;
	struct fh_trace *t;
};

/* The parts of a question, checked; spans look into the body.  */
struct parts {
	struct fh_span subject, action, resource, context;
};

static const uint8_t nothing[] = { FH_CBOR_MAP << 5 };
constexpr int around = 2; /* what a question stands in on its way: the map, and its list */

static fh_err refuse(const struct reading *r, fh_err e, const char *name, const char *what)
{
	fh_trace_where(r->t, "%s", name);
	fh_trace_what(r->t, "`%s` %s", name, what);
	fh_trace_cure(r->t, "see the Authorization API 1.0");
	return e;
}

/* The text member NAME of ITEM is there and has 1 to MAX bytes.  */
static fh_err check_text(const struct reading *r, const char *what, struct fh_span item,
			 const char *name, size_t max)
{
	struct fh_span value = fh_cbor_map_get(item, name);
	char full[64];
	struct fh_builder b = FH_BUILDER_ARRAY(full);

	fh_builder_text(&b, what);
	fh_builder_text(&b, ".");
	fh_builder_text(&b, name);
	fh_builder_bytes(&b, FH_SPAN_LIT("\0"));
	if (value.n == 0)
		return refuse(r, FH_ERR_FORMAT, full, "is missing");
	if (!fh_rpc_is(value, FH_CBOR_TEXT) || fh_rpc_text(value).n == 0)
		return refuse(r, FH_ERR_FORMAT, full, "must be a text that is not empty");
	return fh_rpc_text(value).n <= max ? FH_ERR_OK
					   : refuse(r, FH_ERR_LIMIT, full, "is too long");
}

static fh_err check_properties(const struct reading *r, const char *what, struct fh_span item)
{
	struct fh_span properties = fh_cbor_map_get(item, "properties");

	return properties.n == 0 || fh_rpc_is(properties, FH_CBOR_MAP)
		       ? FH_ERR_OK
		       : refuse(r, FH_ERR_FORMAT, what, "has properties that are no object");
}

/* ITEM, if it is there, is an entity; one that is searched for needs no id.  */
static fh_err check_entity(const struct reading *r, const char *what, struct fh_span item,
			   bool sought)
{
	if (item.n == 0)
		return FH_ERR_OK;
	if (!fh_rpc_is(item, FH_CBOR_MAP))
		return refuse(r, FH_ERR_FORMAT, what, "must be an object");
	fh_err e = check_text(r, what, item, "type", FH_POLICY_NAME_MAX);

	if (e == FH_ERR_OK && !sought)
		e = check_text(r, what, item, "id", FH_ENTITY_ID_MAX);
	return e == FH_ERR_OK ? check_properties(r, what, item) : e;
}

static fh_err check_action(const struct reading *r, struct fh_span item)
{
	if (item.n == 0)
		return FH_ERR_OK;
	if (!fh_rpc_is(item, FH_CBOR_MAP))
		return refuse(r, FH_ERR_FORMAT, "action", "must be an object");
	fh_err e = check_text(r, "action", item, "name", FH_ENTITY_ID_MAX);

	return e == FH_ERR_OK ? check_properties(r, "action", item) : e;
}

/* The parts in ITEM, those that are there, are right.  */
static fh_err read_parts(const struct reading *r, struct fh_span item, struct parts *out)
{
	struct parts p = { fh_cbor_map_get(item, "subject"), fh_cbor_map_get(item, "action"),
			   fh_cbor_map_get(item, "resource"), fh_cbor_map_get(item, "context") };
	fh_err e = check_entity(r, "subject", p.subject, r->api == FH_AUTHZEN_SUBJECTS);

	if (r->api == FH_AUTHZEN_ACTIONS)
		p.action = FH_SPAN_ARRAY(nothing); /* it is what is searched for */
	else if (e == FH_ERR_OK)
		e = check_action(r, p.action);
	if (e == FH_ERR_OK)
		e = check_entity(r, "resource", p.resource, r->api == FH_AUTHZEN_RESOURCES);
	if (e == FH_ERR_OK && p.context.n > 0 && !fh_rpc_is(p.context, FH_CBOR_MAP))
		e = refuse(r, FH_ERR_FORMAT, "context", "must be an object");
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

/* What is asked about is the call of a function.  */
static bool is_call(struct fh_span action)
{
	struct fh_span name = fh_cbor_map_get(action, "name");

	return fh_span_equal(fh_rpc_text(name), FH_SPAN_LIT(FH_ACTION_FUNCTION_CALL));
}

/* What a call does its arguments say, under the operator's schema.  Whoever asks could only
 * say it again, or otherwise.  */
static fh_err check_call(const struct reading *r, const struct parts *p)
{
	if (r->api > FH_AUTHZEN_EVALUATIONS)
		return refuse(r, FH_ERR_FORMAT, "action.name",
			      "is a call, which nothing is sought for; name the action");
	if (p->resource.n > 0)
		return refuse(r, FH_ERR_FORMAT, "resource",
			      "must not be sent with a call: its arguments name it");
	if (p->context.n > 0)
		return refuse(r, FH_ERR_FORMAT, "context",
			      "must not be sent with a call: its arguments are it");
	if (fh_cbor_map_get(p->subject, "properties").n > 0)
		return refuse(r, FH_ERR_FORMAT, "subject.properties",
			      "must not be sent with a call: what the operator listed counts");
	return FH_ERR_OK;
}

static fh_err check_whole(const struct reading *r, const struct parts *p)
{
	if (p->subject.n == 0)
		return refuse(r, FH_ERR_FORMAT, "subject", "is missing");
	if (p->action.n == 0)
		return refuse(r, FH_ERR_FORMAT, "action", "is missing");
	if (is_call(p->action))
		return check_call(r, p);
	if (p->resource.n == 0)
		return refuse(r, FH_ERR_FORMAT, "resource", "is missing");
	return FH_ERR_OK;
}

static void put_map(struct fh_builder *b, struct fh_span map)
{
	fh_builder_bytes(b, map.n == 0 ? FH_SPAN_ARRAY(nothing) : map);
}

/* [type, id, properties]  */
static void put_entity(struct fh_builder *b, struct fh_span item, bool sought)
{
	fh_cbor_put_array(b, 3);
	fh_cbor_put_text(b, fh_rpc_text(fh_cbor_map_get(item, "type")));
	fh_cbor_put_text(b, sought ? (struct fh_span){ 0 }
				   : fh_rpc_text(fh_cbor_map_get(item, "id")));
	put_map(b, fh_cbor_map_get(item, "properties"));
}

/* [subject, [name, properties], resource, context]  */
static void put_question(const struct reading *r, const struct parts *p)
{
	struct fh_builder *b = r->out;
	bool sought = r->api == FH_AUTHZEN_ACTIONS;

	fh_cbor_put_array(b, 4);
	put_entity(b, p->subject, r->api == FH_AUTHZEN_SUBJECTS);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_text(b, sought ? (struct fh_span){ 0 }
				   : fh_rpc_text(fh_cbor_map_get(p->action, "name")));
	put_map(b, sought ? (struct fh_span){ 0 } : fh_cbor_map_get(p->action, "properties"));
	put_entity(b, p->resource, r->api == FH_AUTHZEN_RESOURCES);
	put_map(b, p->context);
}

/* [[type, id], [function, call id, arguments / why there are none]]  */
static fh_err put_call(const struct reading *r, const struct parts *p)
{
	struct fh_builder *b = r->out;
	struct fh_function_call call;
	size_t taken = r->a->n;
	fh_err e = fh_function_call_read(fh_cbor_map_get(p->action, "properties"), r->a, &call,
					 r->t);

	if (e != FH_ERR_OK)
		return e;
	fh_cbor_put_array(b, 2);
	fh_cbor_put_array(b, 2);
	fh_cbor_put_text(b, fh_rpc_text(fh_cbor_map_get(p->subject, "type")));
	fh_cbor_put_text(b, fh_rpc_text(fh_cbor_map_get(p->subject, "id")));
	fh_cbor_put_array(b, 3);
	fh_cbor_put_text(b, call.name);
	fh_cbor_put_text(b, call.id);
	if (call.unreadable.n > 0)
		fh_cbor_put_text(b, call.unreadable);
	else
		fh_builder_bytes(b, call.arguments);
	r->a->n = taken;
	return FH_ERR_OK;
}

/* P, if it is whole; otherwise nothing is put.  Core takes a gate that sends it what nests too
 * deeply for one that was taken over.  */
static fh_err put_asked(const struct reading *r, const struct parts *p)
{
	size_t before = r->out->n;
	fh_err e = check_whole(r, p);

	if (e == FH_ERR_OK && is_call(p->action))
		return put_call(r, p);
	if (e == FH_ERR_OK)
		put_question(r, p);
	if (e != FH_ERR_OK || r->out->bad
	    || fh_cbor_check_inside(fh_span_skip(fh_builder_span(r->out), before), around)
		       == FH_ERR_OK)
		return e;
	r->out->n = before;
	return refuse(r, FH_ERR_LIMIT, "question", "is nested too deeply");
}

static fh_err put_one(struct reading *r, const struct parts *p)
{
	fh_cbor_put_array(r->out, 1);
	return put_asked(r, p);
}

/* WHY, or, of the call of a function, [why, function, call id] with what is known of the two.  */
static void put_malformed(const struct reading *r, struct fh_span item, const struct parts *all,
			  const struct fh_trace *why)
{
	struct fh_span own = fh_cbor_map_get(item, "action");
	struct fh_span action = own.n > 0 ? own : all->action;
	struct fh_function_call call = { 0 };

	if (fh_rpc_is(item, FH_CBOR_MAP) && is_call(action))
		fh_function_call_name(fh_cbor_map_get(action, "properties"), &call);
	bool known = call.name.n + call.id.n > 0;

	if (known)
		fh_cbor_put_array(r->out, 3);
	fh_cbor_put_text(r->out, fh_span_str(why->what));
	if (!known)
		return;
	fh_cbor_put_text(r->out, call.name);
	fh_cbor_put_text(r->out, call.id);
}

/* One of several, on top of the parts ALL that are said for all of them.  */
static fh_err put_item(const struct reading *r, struct fh_span item, const struct parts *all)
{
	struct fh_trace why = { 0 };
	const struct reading inner = { FH_AUTHZEN_EVALUATION, item, r->a, r->out, &why };
	struct parts p = { 0 };
	fh_err e = fh_rpc_is(item, FH_CBOR_MAP)
			   ? read_parts(&inner, item, &p)
			   : refuse(&inner, FH_ERR_FORMAT, "evaluation", "must be an object");

	if (p.subject.n == 0)
		p.subject = all->subject;
	if (p.action.n == 0)
		p.action = all->action;
	if (p.resource.n == 0)
		p.resource = all->resource;
	if (p.context.n == 0)
		p.context = all->context;
	if (e == FH_ERR_OK)
		e = put_asked(&inner, &p);
	if (e == FH_ERR_NOMEM)
		return e;
	if (e != FH_ERR_OK)
		put_malformed(&inner, item, all, &why);
	return FH_ERR_OK;
}

static fh_err put_several(struct reading *r, struct fh_span several, const struct parts *all)
{
	struct fh_cursor c = fh_cursor_of(several);
	size_t n = fh_cbor_array(&c, FH_AUTHZEN_EVALUATIONS_MAX);

	if (fh_cursor_bad(&c))
		return refuse(r, FH_ERR_LIMIT, "evaluations", "are too many");
	fh_cbor_put_array(r->out, n);
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++)
		e = put_item(r, fh_cbor_item(&c), all);
	return e == FH_ERR_OK ? e : refuse(r, e, "evaluations", "need more memory than there is");
}

static fh_err read_semantic(const struct reading *r, enum fh_authzen_semantic *out)
{
	static const char *const names[] = {
		[FH_AUTHZEN_EXECUTE_ALL] = "execute_all",
		[FH_AUTHZEN_DENY_FIRST] = "deny_on_first_deny",
		[FH_AUTHZEN_PERMIT_FIRST] = "permit_on_first_permit",
	};
	struct fh_span options = fh_cbor_map_get(r->body, "options");
	struct fh_span said = fh_cbor_map_get(options, "evaluations_semantic");

	if (options.n > 0 && !fh_rpc_is(options, FH_CBOR_MAP))
		return refuse(r, FH_ERR_FORMAT, "options", "must be an object");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (said.n > 0 && (!fh_rpc_is(said, FH_CBOR_TEXT)
				   || !fh_span_equal(fh_rpc_text(said), fh_span_str(names[i]))))
			continue;
		*out = (enum fh_authzen_semantic)i;
		return FH_ERR_OK;
	}
	return refuse(r, FH_ERR_FORMAT, "evaluations_semantic", "is none that there is");
}

/* A wish for more than a page may have is one for as much as it may.  */
static fh_err read_page(const struct reading *r, uint64_t *limit, struct fh_span *token)
{
	struct fh_span page = fh_cbor_map_get(r->body, "page");
	struct fh_span said = fh_cbor_map_get(page, "token");
	struct fh_span wished = fh_cbor_map_get(page, "limit");
	struct fh_cursor c = fh_cursor_of(wished);

	if (page.n > 0 && !fh_rpc_is(page, FH_CBOR_MAP))
		return refuse(r, FH_ERR_FORMAT, "page", "must be an object");
	if (said.n > 0 && (!fh_rpc_is(said, FH_CBOR_TEXT)
			   || fh_rpc_text(said).n > FH_AUTHZEN_TOKEN_MAX))
		return refuse(r, FH_ERR_FORMAT, "page.token", "is none that was given out");
	*token = said.n > 0 ? fh_rpc_text(said) : said;
	*limit = wished.n > 0 ? fh_cbor_uint(&c) : FH_AUTHZEN_PAGE;
	if (fh_cursor_bad(&c) || *limit == 0)
		return refuse(r, FH_ERR_FORMAT, "page.limit", "must be an integer of at least 1");
	if (*limit > FH_AUTHZEN_PAGE_MAX)
		*limit = FH_AUTHZEN_PAGE_MAX;
	return FH_ERR_OK;
}

/* {"api", "list", "page", "semantic"}  */
static fh_err put_request(struct reading *r)
{
	struct fh_span several = fh_cbor_map_get(r->body, "evaluations"), token = { 0 };
	struct fh_cursor c = fh_cursor_of(several);
	enum fh_authzen_semantic semantic = FH_AUTHZEN_EXECUTE_ALL;
	uint64_t limit = FH_AUTHZEN_PAGE;
	bool batch = r->api == FH_AUTHZEN_EVALUATIONS && several.n > 0;
	struct parts p;
	fh_err e = read_parts(r, r->body, &p);

	if (e == FH_ERR_OK && batch && !fh_rpc_is(several, FH_CBOR_ARRAY))
		e = refuse(r, FH_ERR_FORMAT, "evaluations", "must be an array");
	if (e == FH_ERR_OK && r->api == FH_AUTHZEN_EVALUATIONS)
		e = read_semantic(r, &semantic);
	if (e == FH_ERR_OK && r->api > FH_AUTHZEN_EVALUATIONS)
		e = read_page(r, &limit, &token);
	if (e != FH_ERR_OK)
		return e;
	batch = batch && fh_cbor_array(&c, FH_CBOR_ITEMS_MAX) > 0;
	fh_cbor_put_map(r->out, 4);
	fh_cbor_put_text(r->out, FH_SPAN_LIT("api"));
	fh_cbor_put_uint(r->out, r->api == FH_AUTHZEN_EVALUATIONS && !batch
					 ? FH_AUTHZEN_EVALUATION : r->api);
	fh_cbor_put_text(r->out, FH_SPAN_LIT("list"));
	e = batch ? put_several(r, several, &p) : put_one(r, &p);
	fh_cbor_put_text(r->out, FH_SPAN_LIT("page"));
	fh_cbor_put_array(r->out, 2);
	fh_cbor_put_uint(r->out, limit);
	fh_cbor_put_text(r->out, token);
	fh_cbor_put_text(r->out, FH_SPAN_LIT("semantic"));
	fh_cbor_put_uint(r->out, semantic);
	return e;
}

fh_err fh_authzen_read(enum fh_authzen_api api, struct fh_span json, struct fh_arena *a,
		       struct fh_builder *out, struct fh_trace *t)
{
	struct reading r = { .api = api, .a = a, .out = out, .t = t };
	size_t cap = json.n + 64; /* CBOR is never longer than its JSON by more than that */

	if (json.n > FH_AUTHZEN_BODY_MAX)
		return refuse(&r, FH_ERR_LIMIT, "body", "is too long");
	struct fh_builder b = fh_builder_of(fh_arena_space(a, 9 * cap), 9 * cap);

	if (b.p == nullptr)
		return refuse(&r, FH_ERR_NOMEM, "body", "needs more memory than there is");
	fh_err e = fh_json_to_cbor(json, a, &b, t);

	if (e != FH_ERR_OK)
		return t->what[0] != '\0' ? e : refuse(&r, e, "body", "is too large");
	r.body = fh_builder_span(&b);
	if (!fh_rpc_is(r.body, FH_CBOR_MAP))
		return refuse(&r, FH_ERR_FORMAT, "body", "must be an object");
	e = put_request(&r);
	if (e == FH_ERR_OK && out->bad)
		return refuse(&r, FH_ERR_LIMIT, "evaluations", "are too long together");
	return e;
}
