/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification leaves for the next to go on from, and taking that up.  The chain is built
 * again from its statements; all else is as it was, with the checkpoint that the session's key
 * signed over the tree.  docs/spec/SAVED.  */
#include <string.h>

#include "base/sort.h"
#include "codec/cbor.h"
#include "verify/record_private.h"

static_assert(sizeof(struct fh_record_counts) == FH_SAVED_COUNTS * sizeof(uint64_t));
static_assert(FH_SAVED_KEYS_MAX == FH_RECORD_KEYS_MAX && FH_SAVED_SLOTS_MAX == FH_RECORD_SLOTS_MAX
	      && FH_SAVED_VERSIONS_MAX == FH_FIRMWARE_SEEN_MAX);

/* --- numbers, both ways ------------------------------------------------------ */

constexpr size_t wide = 22; /* uint64_t */
constexpr size_t flags = 5; /* bool */
static_assert(wide + flags + /* grade */ 1 == FH_SAVED_NUMBERS);

struct numbers {
	uint64_t *wide[wide];
	bool *flag[flags];
};

/* In the order of the file.  */
static struct numbers numbers_of(struct fh_record_check *c)
{
	return (struct numbers){
		{ [FH_SAVED_SEGMENT] = &c->segment_first,
		  &c->last.time.lo_ms, &c->last.time.hi_ms, &c->last.boot, &c->last.start,
		  &c->began, &c->session.boot, &c->session.start, &c->lease.counter,
		  &c->lease.issued_ms, &c->lease.begins_ms, &c->lease.ends_ms, &c->states,
		  &c->charged, &c->uncharged, &c->opening_behind, &c->sealed_behind,
		  &c->shred_epoch, &c->fold_period, &c->quotes, &c->unquoted,
		  &c->starts_unquoted },
		{ &c->session.quoted, &c->fold_lost, &c->keys_lost, &c->slots.more,
		  &c->firmware.more },
	};
}

static void get_numbers(struct fh_record_check *c, uint64_t *out)
{
	const struct numbers n = numbers_of(c);

	for (size_t i = 0; i < wide; i++)
		out[i] = *n.wide[i];
	for (size_t i = 0; i < flags; i++)
		out[wide + i] = *n.flag[i];
	out[wide + flags] = (uint64_t)c->finding.grade;
}

static bool set_numbers(struct fh_record_check *c, const uint64_t *in)
{
	const struct numbers n = numbers_of(c);
	bool right = in[wide + flags] <= FH_GRADE_ENCLAVE;

	for (size_t i = 0; i < wide; i++)
		*n.wide[i] = in[i];
	for (size_t i = 0; i < flags; i++) {
		*n.flag[i] = in[wide + i] != 0;
		right = right && in[wide + i] <= 1;
	}
	c->finding.grade = (enum fh_grade)in[wide + flags];
	return right;
}

/* --- writing ------------------------------------------------------------------ */

/* Lists are written one after the other into one place.  */
struct lists {
	struct fh_record_check *c;
	struct fh_arena *room;
	struct fh_builder b;
	size_t begun;
};

static struct fh_saved_list end_list(struct lists *l, size_t n)
{
	struct fh_span items = fh_span_skip(fh_builder_span(&l->b), l->begun);

	l->begun = l->b.n;
	return (struct fh_saved_list){ n, items };
}

static struct fh_saved_list put_versions(struct lists *l)
{
	const struct fh_firmware_seen *f = &l->c->firmware;

	for (size_t i = 0; i < f->n; i++)
		fh_cbor_put_uint(&l->b, f->version[i]);
	return end_list(l, f->n);
}

static struct fh_saved_list put_slots(struct lists *l)
{
	const struct fh_record_slots *s = &l->c->slots;

	for (size_t i = 0; i < s->n; i++)
		fh_cbor_put_text(&l->b, fh_span_of(s->slot[i].text, s->slot[i].n));
	return end_list(l, s->n);
}

static struct fh_saved_list put_open(struct lists *l)
{
	size_t n = 0;

	for (uint64_t page = 0; page < FH_INTENT_PAGES_MAX; page++) {
		const uint64_t *word = l->c->intents[page];

		for (uint64_t i = 0; word != nullptr && i < FH_INTENT_PAGE_ENTRIES; i++) {
			/* Most are none.  */
			if (word[i / 64] == 0) {
				i |= 63;
				continue;
			}
			if ((word[i / 64] >> i % 64 & 1) == 0)
				continue;
			fh_cbor_put_uint(&l->b, page * FH_INTENT_PAGE_ENTRIES + i);
			n++;
		}
	}
	return end_list(l, n);
}

static int by_index(const void *a, const void *b)
{
	const struct fh_record_taken_intent *const *x = a, *const *y = b;

	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

static fh_err put_taken(struct lists *l, struct fh_saved_list *out)
{
	const struct fh_record_taken *t = l->c->taken;
	const struct fh_record_taken_intent **all =
		fh_arena_array(l->room, FH_OPEN_MAX, sizeof(const struct fh_record_taken_intent *));
	size_t n = 0;

	if (all == nullptr)
		return FH_ERR_NOMEM;
	for (uint32_t i = 0; i < FH_RECORD_TAKEN_BUCKETS; i++) {
		for (uint32_t at = t->bucket[i]; at != 0; at = t->list[at - 1].next)
			all[n++] = &t->list[at - 1];
	}
	fh_sort(all, n, sizeof(const struct fh_record_taken_intent *), by_index);
	for (size_t i = 0; i < n; i++) {
		struct fh_saved_taken x = { .index = all[i]->index, .parts = all[i]->parts };

		for (size_t k = 0; k < x.parts; k++) {
			x.part[k].budget = all[i]->part[k].budget;
			x.part[k].back = all[i]->part[k].back;
		}
		fh_saved_put_taken(&l->b, &x);
	}
	*out = end_list(l, n);
	return FH_ERR_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct fh_record_key *const *x = a, *const *y = b;

	return fh_span_compare(FH_SPAN_ARRAY((*x)->name), FH_SPAN_ARRAY((*y)->name));
}

static fh_err put_keys(struct lists *l, struct fh_saved_list *out)
{
	const struct fh_record_key **all = fh_arena_array(l->room, FH_RECORD_KEYS_MAX,
							  sizeof(const struct fh_record_key *));
	size_t n = 0;

	if (all == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < FH_RECORD_KEY_PLACES; i++) {
		if (l->c->key[i].entries > 0)
			all[n++] = &l->c->key[i];
	}
	fh_sort(all, n, sizeof(const struct fh_record_key *), by_name);
	for (size_t i = 0; i < n; i++) {
		const struct fh_record_key *k = all[i];
		const struct fh_saved_key x = { FH_SPAN_ARRAY(k->name),
						fh_span_of(k->class, k->class_n), k->period,
						k->fold, k->entries, k->unopened };

		fh_saved_put_key(&l->b, &x);
	}
	*out = end_list(l, n);
	return FH_ERR_OK;
}

static int by_size(const void *a, const void *b)
{
	const struct fh_saved_point *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

/* Smaller trees whose root was asked for, now or before: it may be again.  */
static fh_err put_points(struct lists *l, struct fh_saved_list *out)
{
	const struct fh_record_check *c = l->c;
	const struct fh_record_point *point[] = { &c->least, &c->witnessed };
	const size_t before = c->options.saved != nullptr ? c->options.saved->points.n : 0;
	struct fh_saved_point *all =
		fh_arena_space(l->room, (before + c->options.anchors + 2) * sizeof(*all));
	struct fh_recall known = fh_recall_begin(c);
	size_t n = 0, kept = 0;

	if (all == nullptr)
		return FH_ERR_NOMEM;
	while (n < before)
		all[n++] = fh_saved_take_point(&known.rest);
	for (size_t i = 0; i < c->options.anchors; i++) {
		const struct fh_anchor *a = &c->options.anchor[i];

		if (a->reached && a->equal)
			all[n++] = (struct fh_saved_point){ a->size, a->root, a->lo_ms };
	}
	for (size_t i = 0; i < sizeof(point) / sizeof(point[0]); i++) {
		if (point[i]->reached && point[i]->equal)
			all[n++] = (struct fh_saved_point){ point[i]->at.size, point[i]->at.root,
							    point[i]->lo_ms };
	}
	fh_sort(all, n, sizeof(*all), by_size);
	for (size_t i = 0; i < n; i++) {
		if (all[i].size == 0 || all[i].size >= c->tree.size
		    || (i > 0 && all[i].size == all[i - 1].size))
			continue;
		fh_saved_put_point(&l->b, &all[i]);
		kept++;
	}
	*out = end_list(l, kept);
	return kept > FH_SAVED_POINTS_MAX ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err put_lists(struct lists *l, struct fh_saved *s)
{
	struct fh_record_check *c = l->c;
	fh_err e = FH_ERR_OK;

	if (!c->fold_lost)
		e = fh_fold_put(&c->fold, c->memory.scratch, &l->b);
	s->fold = end_list(l, 1).items;
	s->versions = put_versions(l);
	s->slots = put_slots(l);
	s->open = put_open(l);
	if (e == FH_ERR_OK)
		e = put_taken(l, &s->taken);
	if (e == FH_ERR_OK)
		e = put_keys(l, &s->keys);
	if (e == FH_ERR_OK)
		e = put_points(l, &s->points);
	s->statements = (struct fh_saved_list){ c->kept, fh_builder_span(c->options.keep) };
	if (e == FH_ERR_OK && (l->b.bad || c->options.keep->bad || s->fold.n > FH_SAVED_FOLD_MAX
			       || s->open.n > FH_SAVED_OPEN_MAX))
		e = FH_ERR_LIMIT;
	return e;
}

/* Everything was judged, and nothing is left to be judged of what was read.  */
static bool may_save(const struct fh_record_check *c)
{
	return c->ended && !c->refused && c->note.n > 0 && c->covered.size == c->tree.size
	       && fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_YES
	       && fh_finding_answer(&c->finding, FH_ENROLLED) != FH_ANSWER_NO
	       && fh_finding_answer(&c->finding, FH_ACCEPTED) != FH_ANSWER_NO;
}

fh_err fh_record_save(struct fh_record_check *c, struct fh_arena *room, struct fh_builder *b)
{
	struct fh_record_counts counts = c->counts;
	constexpr size_t lists_max = 32 << 20;
	struct lists l = { .c = c, .room = room };

	if (!may_save(c))
		return FH_ERR_STATE;
	fh_arena_reset(room);
	fh_arena_reset(c->memory.scratch);
	uint8_t *p = fh_arena_space(room, lists_max);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	l.b = fh_builder_of(p, lists_max);
	struct fh_saved s = { .chain_id = c->chain_id, .device_id = c->device_id, .note = c->note,
			      .tree = c->tree, .key = FH_SPAN_ARRAY(c->session.key.bytes),
			      .authority = c->fold.authority, .opening = c->opening,
			      .signer = fh_tpm_name_span(&c->firmware.signer) };

	/* Of the segment in which this is, what comes behind it is counted anew.  */
	counts.checkpoints -= c->repeated;
	counts.segments--;
	counts.bytes -= c->segment_bytes;
	memcpy(s.count, &counts, sizeof(counts));
	get_numbers(c, s.number);
	fh_err e = put_lists(&l, &s);

	if (e != FH_ERR_OK)
		return e;
	fh_saved_put(b, &s);
	return b->bad || b->n > FH_SAVED_MAX ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* --- taking up ------------------------------------------------------------------ */

struct fh_recall fh_recall_begin(const struct fh_record_check *c)
{
	struct fh_recall r = { 0 };

	if (c->options.saved != nullptr)
		r.rest = fh_cursor_of(c->options.saved->points.items);
	return r;
}

bool fh_recall(struct fh_recall *r, uint64_t size, struct fh_saved_point *out)
{
	while (r->at.size < size && r->rest.rest.n > 0)
		r->at = fh_saved_take_point(&r->rest);
	*out = r->at;
	return size > 0 && r->at.size == size;
}

/* What witnesses cosigned of what is not read.  */
static void recall_witnessed(struct fh_record_check *c)
{
	struct fh_recall r = fh_recall_begin(c);
	struct fh_record_point *w = &c->witnessed;
	struct fh_saved_point p;

	if (!w->given || !fh_recall(&r, w->at.size, &p))
		return;
	w->reached = true;
	w->equal = fh_hash_equal(&w->at.root, &p.root);
	w->lo_ms = p.lo_ms;
}

static fh_err take_statements(struct fh_record_check *c, const struct fh_saved_list *l)
{
	struct fh_cursor items = fh_cursor_of(l->items);
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < l->n && e == FH_ERR_OK; i++)
		e = fh_record_accept(c, fh_cbor_bytes(&items, FH_ENVELOPE_MAX), /* why= */ nullptr);
	if (e == FH_ERR_OK && !fh_hash_equal(&c->chain.id, &c->chain_id))
		e = FH_ERR_CONFLICT;
	return e;
}

static fh_err take_open(struct fh_record_check *c, const struct fh_saved_list *l)
{
	struct fh_cursor items = fh_cursor_of(l->items);
	const uint64_t said = c->counts.open;
	fh_err e = FH_ERR_OK;

	c->counts.open = 0;
	for (size_t i = 0; i < l->n && e == FH_ERR_OK; i++)
		e = fh_record_intent_open(c, fh_cbor_uint(&items));
	return e == FH_ERR_OK && c->counts.open != said ? FH_ERR_CONFLICT : e;
}

static fh_err take_taken(struct fh_record_check *c, const struct fh_saved_list *l)
{
	struct fh_cursor items = fh_cursor_of(l->items);

	for (size_t i = 0; i < l->n; i++) {
		const struct fh_saved_taken s = fh_saved_take_taken(&items);
		struct fh_record_taken_intent *x = fh_record_taken_add(c->taken, s.index);

		if (x == nullptr || !fh_record_intent_is_open(c, s.index))
			return FH_ERR_CONFLICT;
		x->parts = (uint32_t)s.parts;
		for (size_t k = 0; k < s.parts; k++) {
			x->part[k].budget = s.part[k].budget;
			x->part[k].back = s.part[k].back;
		}
	}
	return FH_ERR_OK;
}

static void take_keys(struct fh_record_check *c, const struct fh_saved_list *l)
{
	struct fh_cursor items = fh_cursor_of(l->items);

	for (size_t i = 0; i < l->n; i++) {
		const struct fh_saved_key s = fh_saved_take_key(&items);
		struct fh_record_key *k = fh_record_key_at(c, s.name.p);

		*k = (struct fh_record_key){ .entries = s.entries, .unopened = s.unopened,
					     .period = s.period, .class_n = (uint8_t)s.class.n,
					     .fold = s.fold };
		memcpy(k->name, s.name.p, s.name.n);
		memcpy(k->class, s.class.p, s.class.n);
	}
	c->keys = l->n;
}

static void take_seen(struct fh_record_check *c, const struct fh_saved *s)
{
	struct fh_cursor versions = fh_cursor_of(s->versions.items);
	struct fh_cursor slots = fh_cursor_of(s->slots.items);

	for (size_t i = 0; i < s->versions.n; i++)
		c->firmware.version[i] = fh_cbor_uint(&versions);
	c->firmware.n = s->versions.n;
	memcpy(c->firmware.signer.bytes, s->signer.p, s->signer.n);
	c->firmware.signer.n = s->signer.n;
	for (size_t i = 0; i < s->slots.n; i++) {
		struct fh_span text = fh_cbor_text(&slots, FH_SHRED_SLOT_MAX);

		memcpy(c->slots.slot[i].text, text.p, text.n);
		c->slots.slot[i].n = text.n;
	}
	c->slots.n = s->slots.n;
}

static fh_err take_fold(struct fh_record_check *c, const struct fh_saved *s)
{
	fh_err e = c->fold_lost ? FH_ERR_OK : fh_fold_read(s->fold, &c->fold);

	c->fold.lo_ms = c->last.time.lo_ms;
	c->fold.authority = s->authority;
	return e == FH_ERR_OK && c->fold_lost && s->fold.n > 0 ? FH_ERR_CONFLICT : e;
}

/* Behind which entry it goes on.  */
static fh_err take_place(struct fh_record_check *c, const struct fh_saved *s)
{
	uint64_t entries = 0;

	memcpy(&c->counts, s->count, sizeof(c->counts));
	for (int k = 0; k < FH_ENTRY_KINDS; k++)
		entries += c->counts.kind[k];
	c->tree = s->tree;
	c->since = s->tree.size;
	c->least.reached = c->least.equal = true;
	c->least.lo_ms = c->last.time.lo_ms;
	c->covered = (struct fh_boundary){ s->tree.size, s->at.root, c->last.time.lo_ms };
	c->boundary[0] = c->covered;
	c->sealed_before = c->counts.sealed > c->counts.erased;
	c->opening = s->opening;
	return entries != s->tree.size || c->segment_first > s->tree.size
			       || c->fold_period < FH_FOLD_PERIOD_FIRST || c->counts.sessions == 0
		       ? FH_ERR_CONFLICT : FH_ERR_OK;
}

/* The session whose key signed the checkpoint.  */
static fh_err take_session(struct fh_record_check *c, const struct fh_saved *s)
{
	c->session.id = fh_key_id(s->key);
	c->session.named = true;
	fh_err e = fh_record_session_key(c, s->key);

	return e == FH_ERR_OK && !c->least.signed_here ? FH_ERR_CONFLICT : e;
}

fh_err fh_record_resume(struct fh_record_check *c)
{
	const struct fh_saved *s = c->options.saved;
	fh_err e = FH_ERR_CONFLICT;

	fh_record_is_of(c, &s->chain_id, &s->device_id);
	if (set_numbers(c, s->number))
		e = take_place(c, s);
	if (e == FH_ERR_OK)
		e = take_session(c, s);
	if (e == FH_ERR_OK)
		e = take_statements(c, &s->statements);
	if (e == FH_ERR_OK)
		e = take_fold(c, s);
	if (e == FH_ERR_OK)
		e = take_open(c, &s->open);
	if (e == FH_ERR_OK)
		e = take_taken(c, &s->taken);
	if (e == FH_ERR_OK) {
		take_keys(c, &s->keys);
		take_seen(c, s);
		recall_witnessed(c);
	}
	return e == FH_ERR_OK || e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO ? e : FH_ERR_CONFLICT;
}
