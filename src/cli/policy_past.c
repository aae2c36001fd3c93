/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_past.h"

#include "codec/cbor.h"
#include "os/memory.h"

struct reading {
	struct fh_past *past;
	const struct fh_past_visitor *visitor;
	struct fh_trace *trace;
};

void fh_past_drop(struct fh_past *p)
{
	fh_state_drop(&p->state);
	fh_arena_drop(&p->policy_memory);
	fh_arena_drop(&p->fold_memory);
}

fh_err fh_past_begin(struct fh_past *out)
{
	fh_err e = fh_state_begin(&out->state);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_POLICY_ARENA + FH_STATEMENT_MAX, &out->policy_memory);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_FOLD_ARENA, &out->fold_memory);
	if (e == FH_ERR_OK)
		e = fh_fold_begin(&out->fold_memory, &out->fold);
	out->fold_known = e == FH_ERR_OK;
	return e;
}

struct fh_moment fh_past_moment(struct fh_past *p, struct fh_time now)
{
	return (struct fh_moment){ .chain = &p->state.chain, .device = p->device,
				   .lease = &p->lease, .fold = &p->fold, .now = now };
}

/* --- what entries do ------------------------------------------------------------- */

/* The bytes in the field STATEMENT of F.  */
static fh_err statement(const struct fh_fields *f, size_t max, struct fh_span *out)
{
	const struct fh_field *field = fh_fields_get(f, FH_FIELD_STATEMENT);
	struct fh_cursor c = fh_cursor_of(field != nullptr ? field->value : (struct fh_span){ 0 });

	*out = fh_cbor_bytes(&c, max);
	return fh_cursor_end(&c);
}

/* Compiles the policy in force, if it is another one now.  */
static void compile(struct fh_past *p)
{
	const struct fh_policy_held *held = fh_chain_policy(&p->state.chain);

	if (held == nullptr) {
		p->policy_ready = false;
		p->compiled = (struct fh_hash){ 0 };
		return;
	}
	if (fh_hash_equal(&held->hash, &p->compiled))
		return;
	/* The set looks into these texts, which the chain may move.  */
	struct fh_arena *a = &p->policy_memory;
	struct fh_span cedar, schema, entities;

	fh_arena_reset(a);
	p->compiled = held->hash;
	p->policy_ready = fh_arena_copy(a, held->body.cedar, &cedar) == FH_ERR_OK
			  && fh_arena_copy(a, held->body.schema, &schema) == FH_ERR_OK
			  && fh_arena_copy(a, held->body.entities, &entities) == FH_ERR_OK
			  && fh_policy_check_all(cedar, schema, entities, a, &p->policy,
						 /* t= */ nullptr) == FH_ERR_OK;
}

static fh_err take_chain(struct fh_past *p, const struct fh_fields *f, struct fh_trace *t)
{
	struct fh_span file;
	fh_err e = statement(f, FH_ENVELOPE_MAX, &file);

	if (e == FH_ERR_OK)
		e = fh_chain_accept(&p->state.chain, file, &p->state.scratch, t);
	if (e == FH_ERR_OK)
		compile(p);
	return e;
}

static fh_err take_lease(struct fh_past *p, const struct fh_fields *f, struct fh_trace *t)
{
	struct fh_lease_file lease;
	struct fh_span file;
	fh_err e = statement(f, FH_LEASE_FILE_MAX, &file);

	if (e == FH_ERR_OK)
		e = fh_lease_file_read(file, &lease, t);
	if (e == FH_ERR_OK)
		e = fh_lease_judge(&p->state.chain, &lease, &p->device, p->lease.counter, t);
	if (e == FH_ERR_OK)
		p->lease = fh_lease_take(&lease.lease);
	return e;
}

/* What the entry L does is in force from the next one on.  Who writes public entries leaves
 * them readable, so one of those that is not is damage.  */
static fh_err take(struct fh_past *p, const struct fh_leaf *l, const struct fh_fields *f,
		   struct fh_trace *t)
{
	bool authority = l->kind == FH_ENTRY_CHAIN || l->kind == FH_ENTRY_LEASE;
	fh_err e = authority && f == nullptr ? FH_ERR_FORMAT : FH_ERR_OK;

	if (e == FH_ERR_OK && l->kind == FH_ENTRY_CHAIN)
		e = take_chain(p, f, t);
	if (e == FH_ERR_OK && l->kind == FH_ENTRY_LEASE)
		e = take_lease(p, f, t);
	if (e != FH_ERR_OK)
		return e;
	bool sealed = f == nullptr && (l->kind == FH_ENTRY_INTENT || l->kind == FH_ENTRY_OUTCOME);

	if (p->fold_known && (sealed || fh_fold_add(&p->fold, l, f) != FH_ERR_OK)) {
		p->fold_known = false;
		p->lost = l->index;
		p->lost_pruned = p->pruned;
	}
	p->before = l->time;
	p->next = l->index + 1;
	return FH_ERR_OK;
}

static fh_err meet(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct reading *r = context;
	struct fh_fields fields;
	bool sealed;
	fh_err e = fh_opened_fields(r->past->opened, l, s->payload, &fields, &sealed);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_fields *f = sealed ? nullptr : &fields;

	r->past->pruned = fh_payload_is_stub(s->payload);
	e = r->visitor->entry(r->visitor->context, r->past, l, f);
	return e == FH_ERR_OK ? take(r->past, l, f, r->trace) : e;
}

/* --- reading ---------------------------------------------------------------------- */

/* Whose record S is: the head of its first segment says so.  */
static fh_err read_device(struct fh_past *p, const struct fh_segments *s, struct fh_trace *t)
{
	FH_OWN(fh_mapped) m = { 0 };
	enum fh_segment_frame type;
	struct fh_segment_head head;
	struct fh_span body;
	fh_err e = fh_segments_map(s, /* first= */ 0, &m, t);

	if (e != FH_ERR_OK)
		return e;
	struct fh_cursor c = fh_cursor_of(m.bytes);

	e = fh_segment_next(&c, &type, &body);
	if (e == FH_ERR_OK && type != FH_SEGMENT_HEAD)
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		e = fh_segment_head_read(body, &head);
	if (e == FH_ERR_OK)
		p->device = head.device_id;
	else
		fh_trace_where(t, "%s", m.name);
	return e;
}

fh_err fh_past_read(struct fh_past *p, const struct fh_segments *s,
		    const struct fh_past_visitor *v, struct fh_trace *t)
{
	struct reading r = { .past = p, .visitor = v, .trace = t };
	const struct fh_record_visitor each = { meet, /* checkpoint= */ nullptr, &r };
	fh_err e = read_device(p, s, t);

	if (e == FH_ERR_OK)
		e = fh_record_read(s, &each, t);
	return e;
}
