/* SPDX-License-Identifier: Apache-2.0 */
/* What was kept for its time, or is to be erased because the operator signed so, and is not
 * held: its keys end.  In steps between which entries are appended as ever; only from the entry
 * that says so to the chip's step nothing else happens.  docs/spec/KEYS, "Shredding".  */
#include "role/core.h"

#include "codec/cbor.h"
#include "entry/shredded.h"
#include "os/clock.h"
#include "role/log.h"

#include <inttypes.h>
#include <string.h>

fh_err fh_core_shred_memory(struct fh_core *c)
{
	c->shred.room = fh_arena_space(&c->memory, FH_SHRED_PAYLOAD_MAX);
	c->shred.next_lo_ms = UINT64_MAX;
	c->shred.look = true;
	return c->shred.room == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

/* --- when --------------------------------------------------------------- */

void fh_core_shred_made(struct fh_core *c, struct fh_span class, uint64_t period)
{
	uint64_t ends_ms = fh_seal_ends_ms(class, period);

	if (ends_ms < c->shred.next_lo_ms)
		c->shred.next_lo_ms = ends_ms;
}

/* When lo comes to LO_MS, on the boot clock.  */
static uint64_t boot_ms_of(const struct fh_core *c, uint64_t lo_ms)
{
	return lo_ms <= c->lo_base_ms ? c->boot_base_ms : c->boot_base_ms + (lo_ms - c->lo_base_ms);
}

uint64_t fh_core_shred_due_ms(const struct fh_core *c)
{
	const struct fh_core_shred *s = &c->shred;

	if (c->lost != nullptr || (s->next_lo_ms == UINT64_MAX && !s->begun && !s->look))
		return UINT64_MAX; /* a chip that is lost ends nothing */
	if (s->begun || s->look)
		return 0;
	uint64_t due_ms = boot_ms_of(c, s->next_lo_ms);

	return due_ms > s->rest_ms ? due_ms : s->rest_ms;
}

/* It is looked at again after a while: each shred takes a step of a counter that does not last
 * for ever.  */
static void rest(struct fh_core *c)
{
	c->shred.rest_ms = fh_clock_boot_ms() + FH_SHRED_INTERVAL_MS;
}

/* --- what the operator wants -------------------------------------------- */

/* So many wishes are sent before the answers to them are read: with one at a time both
 * processes would wait for each other's turns.  */
constexpr size_t wishes_ahead = 16;

/* What the keeper says to the *N wishes that it has not answered; the first that is no is E.  */
static fh_err hear(struct fh_core *c, fh_err e, size_t *n)
{
	for (; *n > 0; (*n)--) {
		struct fh_span frame;
		fh_err came = fh_pipe_wait(&c->keeper, &frame);

		if (came != FH_ERR_OK) {
			fh_trace_where(&c->trace, "keeper");
			return came;
		}
		if (e == FH_ERR_OK)
			e = fh_door_read_done(frame, &c->trace);
	}
	return e;
}

static fh_err wish(struct fh_core *c, enum fh_door_wish what, struct fh_span subject,
		   uint64_t sequence, size_t *ahead)
{
	uint8_t bytes[FH_DOOR_WISH_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_door_put_wish(&b, what, subject, sequence);
	fh_err e = b.bad ? FH_ERR_LIMIT
			 : fh_frame_send(c->keeper.fd, fh_builder_span(&b), /* pass= */ -1);

	if (e != FH_ERR_OK)
		return e;
	(*ahead)++;
	return *ahead < wishes_ahead ? FH_ERR_OK : hear(c, FH_ERR_OK, ahead);
}

/* No signature may be under way, whose answer would come first.  */
static fh_err tell_wishes(struct fh_core *c)
{
	const struct fh_hold_held *h;
	const struct fh_shred_held *s;
	size_t at = 0, ahead = 0;
	fh_err e = wish(c, FH_WISH_NONE, (struct fh_span){ 0 }, 0, &ahead);

	while (e == FH_ERR_OK && (h = fh_chain_hold_next(&c->chain, &at)) != nullptr)
		e = wish(c, h->body.subject.n > 0 ? FH_WISH_HOLD : FH_WISH_HOLD_ALL,
			 h->body.subject, 0, &ahead);
	for (at = 0; e == FH_ERR_OK && (s = fh_chain_shred_next(&c->chain, &at)) != nullptr;)
		e = wish(c, FH_WISH_SHRED, s->body.subject, s->sequence, &ahead);
	if (e == FH_ERR_OK)
		e = wish(c, FH_WISH_CARRIED, (struct fh_span){ 0 }, c->fold_period, &ahead);
	return e == FH_ERR_CLOSED ? e : hear(c, e, &ahead);
}

static fh_err ask_lo(struct fh_core *c, enum fh_door_request request, uint64_t lo_ms,
		     struct fh_span *frame)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_door_put_lo(&b, request, lo_ms);
	return fh_core_keeper_ask(c, fh_builder_span(&b), frame);
}

/* --- beginning ---------------------------------------------------------- */

/* What could not be written, or the chip would not do, is tried again: nothing has ended yet.
 * That a key is damaged is not a shred's alone.  */
static fh_err put_off(struct fh_core *c, fh_err e)
{
	if (e == FH_ERR_CLOSED || e == FH_ERR_FORMAT || e == FH_ERR_STATE)
		return e == FH_ERR_CLOSED ? e : FH_ERR_STATE;
	if (fh_core_chip_lost(c, e) != FH_ERR_OK)
		fh_log_error("core", e, &c->trace);
	c->trace = (struct fh_trace){ 0 };
	c->shred.begun = c->shred.look = false;
	c->shred.next_lo_ms = 0;
	rest(c);
	return FH_ERR_OK;
}

static fh_err begin(struct fh_core *c, uint64_t lo_ms)
{
	struct fh_core_shred *s = &c->shred;
	struct fh_door_doomed d;
	struct fh_span frame;
	fh_err e = ask_lo(c, FH_DOOR_SHRED, lo_ms, &frame);

	if (e == FH_ERR_OK)
		e = fh_door_read_doomed(frame, &d, &c->trace);
	if (e != FH_ERR_OK)
		return put_off(c, e);
	s->epoch = d.epoch;
	memcpy(s->room, d.keys.p, d.keys.n);
	s->room_n = d.keys.n;
	memcpy(s->slots, d.slots.p, d.slots.n);
	s->slots_n = d.slots.n;
	s->begun = true;
	return FH_ERR_OK;
}

/* The operator's word is unclear while the chain is not live, and what is shredded stays so.  */
static fh_err look(struct fh_core *c)
{
	struct fh_core_shred *s = &c->shred;
	uint64_t lo_ms = fh_clock_boot_ms() < s->rest_ms ? 0 : fh_core_now(c).lo_ms;
	struct fh_span frame;
	struct fh_data_due d;

	s->look = false;
	s->next_lo_ms = UINT64_MAX;
	if (c->chain.state != FH_CHAIN_LIVE)
		return FH_ERR_OK;
	fh_err e = fh_core_commit_end(c);

	if (e == FH_ERR_OK)
		e = tell_wishes(c);
	if (e == FH_ERR_OK)
		e = ask_lo(c, FH_DOOR_DUE, lo_ms, &frame);
	if (e == FH_ERR_OK)
		e = fh_door_read_due(frame, &d, &c->trace);
	if (e != FH_ERR_OK)
		return e;
	s->next_lo_ms = d.next_ms;
	c->key_room = d.room;
	return d.due > 0 ? begin(c, lo_ms) : FH_ERR_OK;
}

/* --- ending ------------------------------------------------------------- */

/* The last leaf's siblings are the subtrees that the tree before it is made of.  */
static struct fh_proof proof_behind(const struct fh_tree *before)
{
	struct fh_proof p = { .n = (size_t)__builtin_popcountll(before->size) };

	for (size_t i = 0; i < p.n; i++)
		p.hash[i] = before->stack[p.n - 1 - i];
	return p;
}

static fh_err tell_shredded(struct fh_core *c, const struct fh_door_shredded *s)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, FH_DOOR_SHREDDED_MAX),
					    FH_DOOR_SHREDDED_MAX);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_door_put_shredded(&b, s);
	return fh_core_keeper_do(c, &b);
}

static fh_err append(struct fh_core *c, struct fh_core_stored *stored)
{
	const struct fh_core_shred *s = &c->shred;
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, FH_SHRED_MAX),
					    FH_SHRED_MAX);
	struct fh_fields f = { 0 };

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_shred_put(&b, fh_span_of(s->room, s->room_n), s->epoch,
		     fh_span_of(s->slots, s->slots_n));
	if (b.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_core_field(c, &f, FH_FIELD_DETAIL, fh_builder_span(&b));

	return e == FH_ERR_OK ? fh_core_append_stored(c, FH_ENTRY_SHRED, &f, stored) : e;
}

/* What was erased is in the fold's keys, too, as long as they are needed: so the next state entry
 * carries the fold, and they end.  */
static void look_for_others(struct fh_core *c, struct fh_span list)
{
	struct fh_shred_key key;
	size_t at = 0;

	while (!c->carry && fh_shred_next(list, &at, &key))
		c->carry = !fh_span_equal(key.class, FH_SPAN_LIT(FH_CLASS_FOLD));
}

static fh_err shredded(struct fh_core *c, uint64_t keys, uint64_t index, uint64_t epoch)
{
	fh_core_seal_drop(c);
	fh_log(FH_LOG_PRIORITY_NOTICE, "core", "shredded %" PRIu64 " key%s of the record (entry %"
	       PRIu64 "): data epoch %" PRIu64 " is over", keys, keys == 1 ? "" : "s", index,
	       epoch);
	c->shred.begun = false;
	c->shred.look = true;
	if (keys < FH_SHRED_KEYS_MAX) /* or there may be more of them */
		rest(c);
	return FH_ERR_OK;
}

/* From here on it is done, by this start or by the next.  */
static fh_err finish(struct fh_core *c)
{
	struct fh_core_stored stored;
	const struct fh_tree before = c->journal.tree;
	size_t n;

	fh_arena_reset(&c->scratch);
	fh_err e = append(c, &stored);

	if (e == FH_ERR_OK)
		e = fh_core_commit(c);
	const struct fh_door_shredded s = {
		.leaf = fh_span_of(stored.leaf, stored.leaf_n),
		.payload = stored.payload,
		.proof = proof_behind(&before),
	};

	if (e == FH_ERR_OK)
		e = tell_shredded(c, &s);
	if (e == FH_ERR_OK)
		e = fh_shred_list_read(fh_span_of(c->shred.room, c->shred.room_n), &n);
	if (e == FH_ERR_OK)
		look_for_others(c, fh_span_of(c->shred.room, c->shred.room_n));
	return e == FH_ERR_OK ? shredded(c, n, before.size, c->shred.epoch) : e;
}

static fh_err go_on(struct fh_core *c)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span frame;
	uint64_t left;
	fh_err e = fh_core_commit_end(c);

	if (e != FH_ERR_OK)
		return e;
	fh_door_put_request(&b, FH_DOOR_REWRAP);
	e = fh_core_keeper_ask(c, fh_builder_span(&b), &frame);
	if (e == FH_ERR_OK)
		e = fh_door_read_left(frame, &left, &c->trace);
	if (e != FH_ERR_OK)
		return put_off(c, e);
	return left > 0 ? FH_ERR_OK : finish(c);
}

fh_err fh_core_shred(struct fh_core *c)
{
	if (fh_core_shred_due_ms(c) == UINT64_MAX)
		return FH_ERR_OK;
	/* What the operator has said since it began counts: nothing has ended yet.  */
	if (c->shred.begun && (c->shred.look || c->chain.state != FH_CHAIN_LIVE)) {
		c->shred.begun = false;
		c->shred.look = true;
	}
	if (c->shred.begun)
		return go_on(c);
	return fh_core_shred_due_ms(c) <= fh_clock_boot_ms() ? look(c) : FH_ERR_OK;
}

/* --- at the start ------------------------------------------------------- */

fh_err fh_core_shred_recorded(struct fh_core *c, const struct fh_leaf *leaf,
			      struct fh_span payload)
{
	struct fh_core_shred *s = &c->shred;
	struct fh_builder b = FH_BUILDER_ARRAY(s->last.leaf);
	struct fh_shred shred;
	fh_err e = fh_shred_of_payload(payload, &shred);

	if (e == FH_ERR_OK && payload.n > FH_SHRED_PAYLOAD_MAX)
		e = FH_ERR_FORMAT;
	if (e != FH_ERR_OK)
		return e;
	fh_leaf_put(&b, leaf);
	s->last.leaf_n = b.n;
	memcpy(s->room, payload.p, payload.n);
	s->room_n = payload.n;
	s->index = leaf->index;
	s->epoch = shred.epoch;
	s->keys = shred.keys_n;
	look_for_others(c, shred.keys);
	return b.bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_core_shred_finish(struct fh_core *c, uint64_t data_epoch)
{
	const struct fh_subtree_source from = { fh_tiles_subtree, &c->tiles };
	struct fh_core_shred *s = &c->shred;
	struct fh_door_shredded done;

	if (s->keys == 0 || s->epoch != data_epoch)
		return FH_ERR_OK;
	done.leaf = fh_span_of(s->last.leaf, s->last.leaf_n);
	done.payload = fh_span_of(s->room, s->room_n);
	fh_err e = fh_inclusion_build(&from, s->index, 0, c->journal.durable.size, &done.proof);

	fh_arena_reset(&c->scratch);
	if (e == FH_ERR_OK)
		e = tell_shredded(c, &done);
	if (e == FH_ERR_OK)
		return shredded(c, s->keys, s->index, s->epoch);
	if (c->trace.what[0] != '\0')
		return e;
	fh_trace_where(&c->trace, "record/journal entry %" PRIu64, s->index);
	fh_trace_what(&c->trace, "says that keys are shredded, and it cannot be finished: %s",
		      fh_err_text(e));
	fh_trace_cure(&c->trace, "make room or replace the disk, then start again");
	return e;
}

/* --- the recovery slot ---------------------------------------------------- */

static void say_recovery(const struct fh_door_recovery *r, bool start)
{
	char hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = fh_builder_of(hex, 2 * FH_HASH_SIZE);

	fh_builder_hex(&b, fh_hash_span(&r->key));
	if (r->renewed && r->held)
		fh_log(FH_LOG_PRIORITY_NOTICE, "core", "the record's recovery slot was missing, or "
		       "not for key %s: made anew in data epoch %" PRIu64, hex, r->epoch);
	if (r->renewed && !r->held)
		fh_log(FH_LOG_PRIORITY_NOTICE, "core", "the record's recovery slot is gone, as the "
		       "chain wants it: only the chip opens what is sealed");
	if (r->useless && (start || r->renewed))
		fh_log(FH_LOG_PRIORITY_WARNING, "core", "the record has no recovery slot: the "
		       "chain's recipient is no key; sign another with freehold recovery use");
}

/* Behind a shred that had to be finished, since this may take a step of the chip as well.  That
 * it fails stops nothing: what is sealed is opened by the chip as ever, and the next start tries
 * again.  */
fh_err fh_core_recovery(struct fh_core *c, bool start)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_door_recovery r;
	struct fh_span frame;

	fh_door_put_request(&b, FH_DOOR_RECOVERY);
	fh_err e = fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	if (e == FH_ERR_OK)
		e = fh_door_read_recovery(frame, &r, &c->trace);
	if (e == FH_ERR_IO || e == FH_ERR_FULL) {
		fh_log_error("core", e, &c->trace);
		c->trace = (struct fh_trace){ 0 };
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK)
		return e;
	say_recovery(&r, start);
	if (r.renewed) { /* a shred that was under way is undone */
		c->shred.begun = false;
		c->shred.look = true;
	}
	return FH_ERR_OK;
}
