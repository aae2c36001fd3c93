/* SPDX-License-Identifier: Apache-2.0 */
/* Deterministic CBOR and its SHA-256, which tells damage and nothing else.  */
#include "verify/saved.h"

#include <stdbit.h>

#include "chain/statement.h"
#include "codec/cbor.h"
#include "entry/shred.h"

#define MAGIC_ANY "freehold saved verification "
#define MAGIC MAGIC_ANY "1"

constexpr size_t members = 19;

/* The head of an array of so many, and of a text as long as MAGIC_ANY is at least.  */
static const uint8_t head[] = { FH_CBOR_ARRAY << 5 | members, FH_CBOR_TEXT << 5 | 24 };
static_assert(members < 24 && sizeof(MAGIC) - 1 > 23 && sizeof(MAGIC) - 1 < 256);

bool fh_saved_is(struct fh_span file)
{
	return fh_span_starts(fh_span_skip(file, sizeof(head) + 1), FH_SPAN_LIT(MAGIC_ANY))
	       && file.p[1] == head[1];
}

/* --- items ------------------------------------------------------------------ */

void fh_saved_put_taken(struct fh_builder *b, const struct fh_saved_taken *t)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, t->index);
	fh_cbor_put_array(b, t->parts);
	for (size_t i = 0; i < t->parts; i++) {
		fh_cbor_put_array(b, 2);
		fh_cbor_put_hash(b, &t->part[i].budget);
		fh_cbor_put_uint(b, t->part[i].back);
	}
}

struct fh_saved_taken fh_saved_take_taken(struct fh_cursor *c)
{
	struct fh_saved_taken t = { 0 };

	fh_cbor_array_exact(c, 2);
	t.index = fh_cbor_uint(c);
	t.parts = fh_cbor_array(c, FH_CHARGES_MAX);
	for (size_t i = 0; i < t.parts; i++) {
		fh_cbor_array_exact(c, 2);
		t.part[i].budget = fh_cbor_hash(c);
		t.part[i].back = fh_cbor_uint(c);
	}
	if (t.parts == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return t;
}

void fh_saved_put_key(struct fh_builder *b, const struct fh_saved_key *k)
{
	fh_cbor_put_array(b, 6);
	fh_cbor_put_bytes(b, k->name);
	fh_cbor_put_text(b, k->class);
	fh_cbor_put_uint(b, k->period);
	fh_cbor_put_bool(b, k->fold);
	fh_cbor_put_uint(b, k->entries);
	fh_cbor_put_uint(b, k->unopened);
}

struct fh_saved_key fh_saved_take_key(struct fh_cursor *c)
{
	struct fh_saved_key k = { 0 };

	fh_cbor_array_exact(c, 6);
	k.name = fh_cbor_bytes_exact(c, FH_SEAL_NAME_SIZE);
	k.class = fh_cbor_text(c, FH_CLASS_MAX);
	k.period = fh_cbor_uint(c);
	k.fold = fh_cbor_bool(c);
	k.entries = fh_cbor_uint(c);
	k.unopened = fh_cbor_uint(c);
	if (k.class.n == 0 || k.entries == 0 || k.unopened > k.entries)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return k;
}

void fh_saved_put_point(struct fh_builder *b, const struct fh_saved_point *p)
{
	fh_cbor_put_array(b, 3);
	fh_cbor_put_uint(b, p->size);
	fh_cbor_put_hash(b, &p->root);
	fh_cbor_put_uint(b, p->lo_ms);
}

struct fh_saved_point fh_saved_take_point(struct fh_cursor *c)
{
	struct fh_saved_point p;

	fh_cbor_array_exact(c, 3);
	p.size = fh_cbor_uint(c);
	p.root = fh_cbor_hash(c);
	p.lo_ms = fh_cbor_uint(c);
	return p;
}

/* --- writing ---------------------------------------------------------------- */

static void put_numbers(struct fh_builder *b, const uint64_t *v, size_t n)
{
	fh_cbor_put_array(b, n);
	for (size_t i = 0; i < n; i++)
		fh_cbor_put_uint(b, v[i]);
}

static void put_list(struct fh_builder *b, const struct fh_saved_list *l)
{
	fh_cbor_put_array(b, l->n);
	fh_builder_bytes(b, l->items);
}

void fh_saved_put(struct fh_builder *b, const struct fh_saved *s)
{
	const size_t before = b->n;
	const unsigned subtrees = stdc_count_ones(s->tree.size);

	fh_cbor_put_array(b, members);
	fh_cbor_put_text(b, FH_SPAN_LIT(MAGIC));
	fh_cbor_put_hash(b, &s->chain_id);
	fh_cbor_put_hash(b, &s->device_id);
	fh_cbor_put_bytes(b, s->note);
	fh_cbor_put_array(b, subtrees);
	for (unsigned i = 0; i < subtrees; i++)
		fh_cbor_put_hash(b, &s->tree.stack[i]);
	put_numbers(b, s->count, FH_SAVED_COUNTS);
	put_numbers(b, s->number, FH_SAVED_NUMBERS);
	fh_cbor_put_bytes(b, s->key);
	fh_cbor_put_hash(b, &s->authority);
	fh_cbor_put_hash(b, &s->opening);
	fh_cbor_put_bytes(b, s->fold);
	fh_cbor_put_bytes(b, s->signer);
	put_list(b, &s->versions);
	put_list(b, &s->slots);
	put_list(b, &s->open);
	put_list(b, &s->taken);
	put_list(b, &s->keys);
	put_list(b, &s->points);
	put_list(b, &s->statements);
	struct fh_hash sum = fh_hash_of(fh_span_skip(fh_builder_span(b), before));

	fh_builder_bytes(b, fh_hash_span(&sum));
}

/* --- reading ---------------------------------------------------------------- */

static void read_numbers(struct fh_cursor *c, uint64_t *v, size_t n)
{
	fh_cbor_array_exact(c, n);
	for (size_t i = 0; i < n; i++)
		v[i] = fh_cbor_uint(c);
}

/* What the items of a list that were read leave for the next.  */
struct order {
	uint64_t from, end;  /* its number is in between */
	struct fh_span name; /* its name comes behind this one */
};

static void rise(struct fh_cursor *c, uint64_t v, struct order *o)
{
	if (v < o->from || v >= o->end)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	o->from = v + 1;
}

static void read_version(struct fh_cursor *c, struct order *o)
{
	(void)o;
	(void)fh_cbor_uint(c);
}

static void read_slot(struct fh_cursor *c, struct order *o)
{
	(void)o;
	if (fh_cbor_text(c, FH_SHRED_SLOT_MAX).n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

static void read_open(struct fh_cursor *c, struct order *o)
{
	rise(c, fh_cbor_uint(c), o);
}

static void read_taken(struct fh_cursor *c, struct order *o)
{
	rise(c, fh_saved_take_taken(c).index, o);
}

static void read_key(struct fh_cursor *c, struct order *o)
{
	struct fh_saved_key k = fh_saved_take_key(c);

	if (fh_span_compare(o->name, k.name) >= 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	o->name = k.name;
}

static void read_point(struct fh_cursor *c, struct order *o)
{
	uint64_t size = fh_saved_take_point(c).size;

	if (size == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	rise(c, size, o);
}

static void read_statement(struct fh_cursor *c, struct order *o)
{
	(void)o;
	(void)fh_cbor_bytes(c, FH_ENVELOPE_MAX);
}

/* At most MAX items that READ reads; where numbers stand in them, those are below END.  */
static struct fh_saved_list read_list(struct fh_cursor *c, size_t max, uint64_t end,
				      void (*read)(struct fh_cursor *, struct order *))
{
	struct fh_saved_list l = { .n = fh_cbor_array(c, max) };
	struct order o = { .end = end };

	l.items = c->rest;
	for (size_t i = 0; i < l.n && !fh_cursor_bad(c); i++)
		read(c, &o);
	l.items = fh_span_first(l.items, l.items.n - c->rest.n);
	return l;
}

/* The checkpoint, and a tree that leads to it.  */
static void read_tree(struct fh_cursor *c, struct fh_saved *s)
{
	struct fh_note note;

	s->note = fh_cbor_bytes(c, FH_NOTE_MAX);
	if (fh_cursor_bad(c) || fh_note_parse(s->note, &note) != FH_ERR_OK
	    || fh_checkpoint_parse(note.text, &s->at) != FH_ERR_OK || s->at.size == 0) {
		fh_cursor_fail(c, FH_ERR_FORMAT);
		return;
	}
	const unsigned subtrees = stdc_count_ones(s->at.size);

	s->tree.size = s->at.size;
	fh_cbor_array_exact(c, subtrees);
	for (unsigned i = 0; i < subtrees; i++)
		s->tree.stack[i] = fh_cbor_hash(c);
	struct fh_hash root = fh_tree_root(&s->tree);

	if (!fh_hash_equal(&root, &s->at.root))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

static fh_err read_body(struct fh_cursor *c, struct fh_saved *s)
{
	read_tree(c, s);
	read_numbers(c, s->count, FH_SAVED_COUNTS);
	read_numbers(c, s->number, FH_SAVED_NUMBERS);
	s->key = fh_cbor_bytes_exact(c, FH_MLDSA65_PUBLIC_SIZE);
	s->authority = fh_cbor_hash(c);
	s->opening = fh_cbor_hash(c);
	s->fold = fh_cbor_bytes(c, FH_SAVED_FOLD_MAX);
	s->signer = fh_cbor_bytes(c, FH_TPM_NAME_MAX);
	s->versions = read_list(c, FH_SAVED_VERSIONS_MAX, 0, read_version);
	s->slots = read_list(c, FH_SAVED_SLOTS_MAX, 0, read_slot);
	s->open = read_list(c, FH_SAVED_OPEN_MAX, s->at.size, read_open);
	s->taken = read_list(c, FH_OPEN_MAX, s->at.size, read_taken);
	s->keys = read_list(c, FH_SAVED_KEYS_MAX, 0, read_key);
	s->points = read_list(c, FH_SAVED_POINTS_MAX, s->at.size, read_point);
	s->statements = read_list(c, FH_CHAIN_MAX, 0, read_statement);
	return fh_cursor_end(c);
}

fh_err fh_saved_read(struct fh_span file, struct fh_saved *out)
{
	const size_t n = file.n < FH_HASH_SIZE ? 0 : file.n - FH_HASH_SIZE;
	struct fh_cursor c = fh_cursor_of(fh_span_first(file, n));
	struct fh_saved s = { 0 };

	if (file.n > FH_SAVED_MAX)
		return FH_ERR_LIMIT;
	if (!fh_saved_is(file))
		return FH_ERR_FORMAT;
	(void)fh_cbor_array(&c, FH_CBOR_ITEMS_MAX);
	fh_cbor_magic(&c, FH_SPAN_LIT(MAGIC), sizeof(MAGIC_ANY) - 1);
	if (c.why == FH_ERR_VERSION)
		return FH_ERR_VERSION;
	struct fh_hash sum = fh_hash_of(fh_span_first(file, n));

	if (!fh_span_equal(fh_span_skip(file, n), fh_hash_span(&sum)))
		return FH_ERR_TORN;
	c = fh_cursor_of(fh_span_first(file, n));
	fh_cbor_array_exact(&c, members);
	fh_cbor_magic(&c, FH_SPAN_LIT(MAGIC), sizeof(MAGIC_ANY) - 1);
	s.chain_id = fh_cbor_hash(&c);
	s.device_id = fh_cbor_hash(&c);
	fh_err e = read_body(&c, &s);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}
