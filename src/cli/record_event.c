/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_event.h"

#include "codec/cbor.h"
#include "policy/decision.h"

#include <string.h>

constexpr size_t kept_max = 4096; /* of what an intent says; longer names are cut off */

/* An intent that waits for its outcome, copied out of the record.  */
struct fh_event_open {
	uint64_t index_plus_one; /* 0: free */
	struct fh_event_act act;
	uint8_t bytes[kept_max];
};
static_assert(FH_INFLIGHT_MAX * sizeof(struct fh_event_open) < FH_EVENTS_ROOM);

fh_err fh_events_begin(struct fh_arena *a, struct fh_events *out)
{
	out->cap = FH_INFLIGHT_MAX;
	out->open = fh_arena_space(a, out->cap * sizeof(*out->open));
	return out->open == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

struct fh_span fh_event_id(struct fh_span entity)
{
	size_t at = fh_span_find(entity, '"');

	if (entity.n < 2 || at >= entity.n - 1 || entity.p[entity.n - 1] != '"')
		return entity;
	return fh_span_first(fh_span_skip(entity, at + 1), entity.n - at - 2);
}

static struct fh_span text_of(const struct fh_fields *f, enum fh_field_id id)
{
	const struct fh_field *field = fh_fields_get(f, id);

	if (field == nullptr)
		return (struct fh_span){ 0 };
	struct fh_cursor c = fh_cursor_of(field->value);

	return id == FH_FIELD_CLIENT ? fh_cbor_bytes(&c, FH_PAYLOAD_MAX)
				     : fh_cbor_text(&c, FH_PAYLOAD_MAX);
}

/* [allowed, reason, [policy...]]  */
static void read_decision(struct fh_event *v)
{
	const struct fh_field *field = fh_fields_get(&v->fields, FH_FIELD_DECISION);

	if (field == nullptr)
		return;
	struct fh_cursor c = fh_cursor_of(field->value);

	fh_cbor_array_exact(&c, 3);
	v->allowed = fh_cbor_bool(&c);
	v->reason = fh_cbor_text(&c, FH_NAME_MAX);
	v->decided = !fh_cursor_bad(&c);
}

/* Many that were counted; those that were decisions are as others are.  */
static void read_counted(struct fh_event *v)
{
	const struct fh_field *field = fh_fields_get(&v->fields, FH_FIELD_DETAIL);

	if (field == nullptr || fh_counted_read(field->value, &v->counted) != FH_ERR_OK)
		return;
	struct fh_span code = v->counted.reason;
	bool answers = fh_counted_is_answer(v->counted.reason, &code);
	enum fh_reason why = fh_reason_read(code);

	v->decided = why != FH_REASON_COUNT && (answers || !fh_reason_is_untyped(why));
}

static struct fh_span keep(struct fh_builder *b, struct fh_span s)
{
	struct fh_span room = fh_span_first(s, b->cap - b->n);
	const uint8_t *at = b->p + b->n;

	fh_builder_bytes(b, room);
	return fh_span_of(at, room.n);
}

/* Intents are open in the order of their indexes, so places are taken round and round.  */
static struct fh_event_open *place_of(const struct fh_events *e, uint64_t index)
{
	return &e->open[index % e->cap];
}

static void keep_intent(struct fh_events *e, const struct fh_event *v)
{
	struct fh_event_open *o = place_of(e, v->leaf->index);
	struct fh_builder b = FH_BUILDER_ARRAY(o->bytes);

	o->index_plus_one = v->leaf->index + 1;
	o->act.actor = keep(&b, v->act.actor);
	o->act.action = keep(&b, v->act.action);
	o->act.resource = keep(&b, v->act.resource);
	o->act.server = keep(&b, v->act.server);
	o->act.client = keep(&b, v->act.client);
	o->act.time_ms = v->act.time_ms;
}

static void read_outcome(struct fh_events *e, struct fh_event *v)
{
	const struct fh_field *field = fh_fields_get(&v->fields, FH_FIELD_INTENT);
	struct fh_cursor c = fh_cursor_of(field != nullptr ? field->value : (struct fh_span){ 0 });
	uint64_t intent = fh_cbor_uint(&c);

	if (fh_cursor_bad(&c))
		return;
	const struct fh_event_open *o = place_of(e, intent);

	v->intent = intent;
	if (o->index_plus_one == intent + 1)
		v->act = o->act;
}

fh_err fh_event_read(struct fh_events *events, const struct fh_stored *s, const struct fh_leaf *l,
		     struct fh_event *out)
{
	*out = (struct fh_event){ .leaf = l, .intent = l->index };
	fh_err e = fh_opened_fields(events->opened, l, s->payload, &out->fields, &out->sealed);

	if (e != FH_ERR_OK)
		return e;
	out->act = (struct fh_event_act){
		.actor = text_of(&out->fields, FH_FIELD_ACTOR),
		.action = text_of(&out->fields, FH_FIELD_ACTION),
		.resource = text_of(&out->fields, FH_FIELD_RESOURCE),
		.server = text_of(&out->fields, FH_FIELD_SERVER),
		.client = text_of(&out->fields, FH_FIELD_CLIENT),
		.time_ms = l->time.lo_ms,
	};
	out->fate = fh_record_fate_of(events->shredded, l->index, s->payload);
	out->status = text_of(&out->fields, FH_FIELD_STATUS);
	read_decision(out);
	if (l->kind == FH_ENTRY_REFUSAL) {
		out->reason = fh_fields_text(&out->fields, FH_FIELD_DETAIL, "reason");
		read_counted(out);
	}
	if (l->kind == FH_ENTRY_ANSWER) {
		out->subject = text_of(&out->fields, FH_FIELD_SUBJECT);
		(void)!fh_called_read_detail(&out->fields, &out->called); /* others have none */
	}
	if (l->kind == FH_ENTRY_INTENT)
		keep_intent(events, out);
	if (l->kind == FH_ENTRY_OUTCOME)
		read_outcome(events, out);
	return FH_ERR_OK;
}
