/* SPDX-License-Identifier: Apache-2.0 */
/* What crosses to core, read again: it trusts no gate.  */
#include "codec/cbor.h"
#include "wire/authzen.h"

static void key(struct fh_cursor *c, const char *name)
{
	if (!fh_span_equal(fh_cbor_text(c, FH_NAME_MAX), fh_span_str(name)))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

fh_err fh_authzen_begin(struct fh_span params, struct fh_authzen *out)
{
	struct fh_cursor c = fh_cursor_of(params), list;
	struct fh_authzen z = { 0 };

	fh_cbor_map_exact(&c, 4);
	key(&c, "api");
	uint64_t api = fh_cbor_uint(&c);

	key(&c, "list");
	list = fh_cursor_of(fh_cbor_item(&c));
	z.questions = fh_cbor_array(&list, FH_AUTHZEN_EVALUATIONS_MAX);
	key(&c, "page");
	fh_cbor_array_exact(&c, 2);
	uint64_t limit = fh_cbor_uint(&c);

	z.token = fh_cbor_text(&c, FH_AUTHZEN_TOKEN_MAX);
	key(&c, "semantic");
	uint64_t semantic = fh_cbor_uint(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		e = list.why;
	if (e != FH_ERR_OK)
		return e;
	if (api < FH_AUTHZEN_EVALUATION || api > FH_AUTHZEN_ACTIONS || limit == 0
	    || limit > FH_AUTHZEN_PAGE_MAX || semantic > FH_AUTHZEN_PERMIT_FIRST
	    || z.questions == 0 || (api != FH_AUTHZEN_EVALUATIONS && z.questions != 1))
		return FH_ERR_FORMAT;
	z.api = (enum fh_authzen_api)api;
	z.semantic = (enum fh_authzen_semantic)semantic;
	z.limit = limit;
	z.list = list;
	*out = z;
	return FH_ERR_OK;
}

static struct fh_span properties(struct fh_cursor *c)
{
	if (fh_cbor_peek(c) != FH_CBOR_MAP)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return fh_cbor_item(c);
}

/* An id is empty exactly where it is searched for: an empty one names nobody.  */
static void entity(struct fh_cursor *c, bool sought, struct fh_entity_uid *uid,
		   struct fh_span *said)
{
	fh_cbor_array_exact(c, 3);
	uid->type = fh_cbor_text(c, FH_POLICY_NAME_MAX);
	uid->id = fh_cbor_text(c, FH_ENTITY_ID_MAX);
	*said = properties(c);
	if (uid->type.n == 0 || (uid->id.n == 0) != sought)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

/* [[type, id], [function, call id, arguments / why there are none]]  */
static void call(struct fh_cursor *c, struct fh_authzen_item *item)
{
	struct fh_question *q = &item->question;

	fh_cbor_array_exact(c, 2);
	q->subject.type = fh_cbor_text(c, FH_POLICY_NAME_MAX);
	q->subject.id = fh_cbor_text(c, FH_ENTITY_ID_MAX);
	fh_cbor_array_exact(c, 3);
	q->function = fh_cbor_text(c, FH_NAME_MAX);
	item->call = fh_cbor_text(c, FH_FUNCTION_CALL_ID_MAX);
	if (fh_cbor_peek(c) == FH_CBOR_TEXT)
		q->unreadable = fh_cbor_text(c, FH_TRACE_TEXT_MAX);
	else
		q->arguments = properties(c);
	if (q->subject.type.n == 0 || q->subject.id.n == 0 || q->function.n == 0
	    || item->call.n == 0 || (q->unreadable.n == 0 && q->arguments.n == 0))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

static void question(struct fh_cursor *c, enum fh_authzen_api api, struct fh_question *q)
{
	entity(c, api == FH_AUTHZEN_SUBJECTS, &q->subject, &q->subject_properties);
	fh_cbor_array_exact(c, 2);
	q->action = fh_action_named(fh_cbor_text(c, FH_ENTITY_ID_MAX));
	q->action_properties = properties(c);
	entity(c, api == FH_AUTHZEN_RESOURCES, &q->resource, &q->resource_properties);
	q->context = properties(c);
	if ((q->action.id.n == 0) != (api == FH_AUTHZEN_ACTIONS))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

/* [why, function, call id], one of which may be empty  */
static void malformed_call(struct fh_cursor *c, struct fh_authzen_item *item)
{
	item->malformed = fh_cbor_text(c, FH_TRACE_TEXT_MAX);
	item->question.function = fh_cbor_text(c, FH_NAME_MAX);
	item->call = fh_cbor_text(c, FH_FUNCTION_CALL_ID_MAX);
	if (item->malformed.n == 0 || item->question.function.n + item->call.n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

fh_err fh_authzen_next(struct fh_authzen *z, struct fh_authzen_item *out)
{
	struct fh_authzen_item item = { .bytes = fh_cbor_item(&z->list) };
	struct fh_cursor c = fh_cursor_of(item.bytes);

	if (z->api == FH_AUTHZEN_EVALUATIONS && fh_cbor_peek(&c) == FH_CBOR_TEXT) {
		item.malformed = fh_cbor_text(&c, FH_TRACE_TEXT_MAX);
		if (item.malformed.n == 0)
			return FH_ERR_FORMAT;
	} else {
		size_t parts = fh_cbor_array(&c, 4);

		if (parts == 4)
			question(&c, z->api, &item.question);
		else if (parts == 2 && z->api <= FH_AUTHZEN_EVALUATIONS)
			call(&c, &item);
		else if (parts == 3 && z->api == FH_AUTHZEN_EVALUATIONS)
			malformed_call(&c, &item);
		else
			return FH_ERR_FORMAT;
	}
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = item;
	return e;
}
