/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of others is sealed before it is written.  Core holds keys of one batch of
 * entries at a time, and wipes them when the next begins.  docs/spec/LEAF, "Sealed payloads".  */
#include "role/core.h"

#include "codec/cbor.h"
#include "crypto/sign.h"
#include "journal/map.h"
#include "os/clock.h"

#include <string.h>

fh_err fh_core_seal_begin(struct fh_core *c)
{
	c->key = fh_arena_array(&c->memory, FH_CORE_KEYS, sizeof(*c->key));
	c->key_room = FH_DATA_KEYS_MAX; /* until the keeper is asked */
	c->fold_period = FH_FOLD_PERIOD_FIRST;
	return c->key == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

void fh_core_seal_drop(struct fh_core *c)
{
	for (size_t i = 0; i < FH_CORE_KEYS && c->key != nullptr; i++)
		fh_secret_drop(&c->key[i].key);
	fh_secret_drop(&c->opening.key);
	fh_aead_drop(&c->aead);
}

/* --- keys ------------------------------------------------------------- */

static fh_err ask_key(struct fh_core *c, const struct fh_builder *request, struct fh_core_key *k)
{
	struct fh_span frame;
	fh_err e = request->bad ? FH_ERR_LIMIT
				: fh_core_keeper_ask(c, fh_builder_span(request), &frame);

	if (e == FH_ERR_OK)
		e = fh_door_read_key(frame, k->name, &k->key, &c->key_room, &c->trace);
	if (e == FH_ERR_OK)
		fh_wipe((void *)frame.p, frame.n);
	return e;
}

static bool is_key_of(const struct fh_core_key *k, const struct fh_data_period *p, uint64_t batch)
{
	return k->key.n > 0 && k->batch == batch && k->period == p->period
	       && fh_span_equal(fh_span_of(k->class, k->class_n), p->class)
	       && fh_span_equal(fh_span_of(k->subject, k->subject_n), p->subject);
}

/* A place for one more key of BATCH; what is of an older one is wiped.  */
static struct fh_core_key *place_for(struct fh_core *c, uint64_t batch)
{
	struct fh_core_key *oldest = &c->key[0];

	for (size_t i = 0; i < FH_CORE_KEYS; i++) {
		struct fh_core_key *k = &c->key[i];

		if (k->batch != batch)
			fh_secret_drop(&k->key);
		if (k->key.n == 0 || (oldest->key.n > 0 && k->used < oldest->used))
			oldest = k;
	}
	fh_secret_drop(&oldest->key);
	return oldest;
}

static fh_err key_for(struct fh_core *c, const struct fh_data_period *p, uint64_t index,
		      const struct fh_core_key **out)
{
	uint8_t bytes[FH_DOOR_SEAL_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	uint64_t batch = fh_seal_batch(index);

	for (size_t i = 0; i < FH_CORE_KEYS; i++) {
		if (!is_key_of(&c->key[i], p, batch))
			continue;
		c->key[i].used = index;
		*out = &c->key[i];
		return FH_ERR_OK;
	}
	if (p->subject.n > FH_SUBJECT_MAX || p->class.n > FH_CLASS_MAX)
		return FH_ERR_LIMIT;
	struct fh_core_key *k = place_for(c, batch);

	const struct fh_door_sealing s = { *p, batch, c->chain.head.sequence };

	fh_door_put_sealing(&b, &s);
	fh_err e = ask_key(c, &b, k);

	if (e != FH_ERR_OK)
		return e;
	k->batch = batch;
	k->period = p->period;
	k->used = index;
	k->subject_n = p->subject.n;
	k->class_n = p->class.n;
	if (p->subject.n > 0)
		memcpy(k->subject, p->subject.p, p->subject.n);
	memcpy(k->class, p->class.p, p->class.n);
	fh_core_shred_made(c, p->class, p->period);
	*out = k;
	return FH_ERR_OK;
}

/* --- sealing ---------------------------------------------------------- */

/* What budgets and open intents need of an entry: kept once more in a part of its own, which a
 * start opens, and which ends when a state entry carries the fold, be it before the rest or after
 * it.  */
static bool belongs_to_fold(enum fh_entry_kind kind, enum fh_field_id id)
{
	return id == FH_FIELD_EFFECT || (kind == FH_ENTRY_OUTCOME && id == FH_FIELD_INTENT);
}

static fh_err put_part(struct fh_core *c, const struct fh_core_sealing *s,
		       const struct fh_fields *f, const bool chosen[FH_FIELDS_MAX], bool fold,
		       struct fh_span room, struct fh_builder *b)
{
	const struct fh_span class = fold ? FH_SPAN_LIT(FH_CLASS_FOLD) : s->leaf->class;
	const struct fh_data_period p = { fold ? (struct fh_span){ 0 } : s->subject, class,
					  fold ? c->fold_period
					       : fh_seal_period(class,
								s->leaf->time.lo_ms) };
	const struct fh_core_key *k;
	fh_err e = key_for(c, &p, s->leaf->index, &k);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_sealer with = { FH_SPAN_ARRAY(k->name), &k->key, &c->aead };

	return fh_sealed_put_part(b, f, chosen, &with, s->leaf, room);
}

fh_err fh_core_seal(struct fh_core *c, const struct fh_core_sealing *s, const struct fh_fields *f,
		    struct fh_span *payload)
{
	bool fold[FH_FIELDS_MAX] = { 0 }, all[FH_FIELDS_MAX] = { 0 };
	size_t openings = 0, folds = 0;

	for (size_t i = 0; i < f->n; i++) {
		fold[i] = belongs_to_fold(s->leaf->kind, f->field[i].id);
		all[i] = true;
		folds += fold[i];
		openings += f->field[i].value.n + FH_SALT_SIZE + 16;
	}
	size_t parts = folds > 0 ? 2 : 1;
	size_t cap = fh_sealed_size(openings, parts), room_n = fh_seal_bucket(openings + 8);
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, cap), cap);
	uint8_t *room = fh_arena_space(&c->scratch, room_n);

	if (b.p == nullptr || room == nullptr)
		return FH_ERR_NOMEM;
	fh_sealed_put_head(&b, parts);
	fh_err e = put_part(c, s, f, all, /* fold= */ false, fh_span_of(room, room_n), &b);

	if (e == FH_ERR_OK && parts == 2)
		e = put_part(c, s, f, fold, /* fold= */ true, fh_span_of(room, room_n), &b);
	return e == FH_ERR_OK ? fh_builder_end(&b, payload) : e;
}

/* --- opening ---------------------------------------------------------- */

static fh_err key_called(struct fh_core *c, struct fh_span name, uint64_t batch)
{
	uint8_t bytes[FH_DOOR_UNSEAL_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_core_key *k = &c->opening;

	if (k->key.n > 0 && k->batch == batch && fh_span_equal(FH_SPAN_ARRAY(k->name), name))
		return FH_ERR_OK;
	fh_secret_drop(&k->key);
	fh_door_put_unsealing(&b, name, batch);
	k->batch = batch;
	return ask_key(c, &b, k);
}

fh_err fh_core_unseal(struct fh_core *c, const struct fh_sealed_part *p,
		      const struct fh_leaf *leaf, struct fh_fields *out)
{
	uint8_t *room = fh_arena_space(&c->scratch, p->sealed.n);
	fh_err e = room == nullptr ? FH_ERR_NOMEM
				   : key_called(c, p->name, fh_seal_batch(leaf->index));

	return e == FH_ERR_OK ? fh_sealed_open_part(p, &c->opening.key, leaf, room, out) : e;
}

fh_err fh_core_seal_text(struct fh_core *c, uint64_t index, uint64_t period, struct fh_span text,
			 struct fh_span *out)
{
	const struct fh_data_period p = { { 0 }, FH_SPAN_LIT(FH_CLASS_FOLD), period };
	size_t padded = fh_seal_bucket(text.n + 8), cap = padded + FH_SEAL_TEXT_OVERHEAD;
	uint8_t *room = fh_arena_space(&c->scratch, padded);
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, cap), cap);
	uint8_t salt[FH_SALT_SIZE];
	const struct fh_core_key *k;
	fh_err e = b.p == nullptr || room == nullptr ? FH_ERR_NOMEM : fh_random(salt, sizeof(salt));

	if (e == FH_ERR_OK)
		e = key_for(c, &p, index, &k);
	if (e == FH_ERR_OK)
		e = fh_sealed_text_put(&b, text, FH_SPAN_ARRAY(k->name), &k->key,
				       FH_SPAN_ARRAY(salt), fh_span_of(room, padded));
	return e == FH_ERR_OK ? fh_builder_end(&b, out) : e;
}

fh_err fh_core_unseal_text(struct fh_core *c, uint64_t index, struct fh_span sealed, size_t max,
			   struct fh_span *out)
{
	struct fh_sealed_text s;
	fh_err e = fh_sealed_text_read(sealed, max, &s);

	if (e != FH_ERR_OK)
		return e;
	uint8_t *room = fh_arena_space(&c->scratch, s.part.sealed.n);

	e = room == nullptr ? FH_ERR_NOMEM : key_called(c, s.part.name, fh_seal_batch(index));
	return e == FH_ERR_OK ? fh_sealed_text_open(&s, &c->opening.key, room, out) : e;
}

/* Of an entry that does something to the fold what does it.  */
static fh_err fold_fields(struct fh_core *c, const struct fh_leaf *leaf, struct fh_span payload,
			  struct fh_fields *out)
{
	struct fh_sealed s;

	if (!fh_payload_is_sealed(payload))
		return fh_payload_read(payload, out);
	fh_err e = fh_sealed_read(payload, &s);

	*out = (struct fh_fields){ 0 };
	return e == FH_ERR_OK && s.parts == 2 ? fh_core_unseal(c, &s.part[1], leaf, out) : e;
}

static fh_err add_to_fold(void *context, const struct fh_stored *s)
{
	struct fh_core *c = context;
	struct fh_fields f = { 0 };
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e == FH_ERR_OK && leaf.index < c->folded.next)
		return e;
	fh_arena_reset(&c->scratch);
	if (e == FH_ERR_OK && (leaf.kind == FH_ENTRY_INTENT || leaf.kind == FH_ENTRY_OUTCOME))
		e = fold_fields(c, &leaf, s->payload, &f);
	if (e == FH_ERR_OK)
		e = fh_fold_add(&c->fold, &leaf, &f);
	if (e == FH_ERR_OK || c->trace.what[0] != '\0')
		return e;
	fh_trace_where(&c->trace, "record/journal entry %llu", (unsigned long long)leaf.index);
	fh_trace_what(&c->trace, e == FH_ERR_MISSING ? "the key of what it does to budgets is gone"
						     : "what it does to budgets: %s",
		      fh_err_text(e));
	fh_trace_cure(&c->trace, "restore keys/ and record/ of one moment, or enrol this machine "
		      "anew");
	return e == FH_ERR_MISSING ? FH_ERR_ROLLBACK : e;
}

fh_err fh_core_read_fold(struct fh_core *c)
{
	const struct fh_entry_visitor v = { add_to_fold, c };
	uint64_t end = c->journal.durable.size;

	if (c->folded.sealed.n > 0)
		fh_core_resume_take_fold(c);
	fh_err e = c->folded.next == 0 && c->fold_period > FH_FOLD_PERIOD_FIRST
			   ? fh_core_carried_take(c) : FH_ERR_OK;

	if (e == FH_ERR_OK && c->folded.from < end)
		e = fh_entries_read(fh_fd_get(c->journal.directory), c->folded.place,
				    c->folded.from, end, &v);

	fh_secret_drop(&c->opening.key);
	fh_arena_reset(&c->scratch);
	return e;
}
