/* SPDX-License-Identifier: Apache-2.0 */
/* A fold as a canonical text, and the one number that stands for it.  */
#include "state/fold.h"

#include "base/sort.h"
#include "codec/cbor.h"
#include "state/fold_private.h"

#include <string.h>

#define FOLD_LABEL "freehold/fold/v1\n"

/* Bytes that go a few at a time into the hash, or into OUT if there is one.  */
struct text {
	struct fh_sha256 sha;
	struct fh_builder *out;
	uint8_t bytes[128];
	struct fh_builder b;
};

static void flush(struct text *t)
{
	if (t->out != nullptr)
		fh_builder_bytes(t->out, fh_builder_span(&t->b));
	else
		fh_sha256_add(&t->sha, fh_builder_span(&t->b));
	t->b = FH_BUILDER_ARRAY(t->bytes);
}

static int by_id(const void *a, const void *b)
{
	const struct fh_budget *const *x = a, *const *y = b;

	return fh_span_compare(fh_hash_span(&(*x)->id), fh_hash_span(&(*y)->id));
}

static int by_index(const void *a, const void *b)
{
	const struct fh_open_intent *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

/* Slots of B in which something counts at LO_MS.  */
static size_t slots_used(const struct fh_budget *b, uint64_t lo_ms)
{
	size_t n = 0;
	uint64_t s;

	for (fh_budget_slots(b, lo_ms, &s); s <= b->newest; s++)
		n += b->used[s % FH_SLOTS] > 0;
	return n;
}

static void put_budget(struct text *t, const struct fh_budget *b, uint64_t lo_ms)
{
	uint64_t s;

	fh_cbor_put_array(&t->b, 3);
	fh_cbor_put_hash(&t->b, &b->id);
	fh_cbor_put_uint(&t->b, b->period_ms);
	fh_cbor_put_array(&t->b, slots_used(b, lo_ms));
	flush(t);
	for (fh_budget_slots(b, lo_ms, &s); s <= b->newest; s++) {
		if (b->used[s % FH_SLOTS] == 0)
			continue;
		fh_cbor_put_array(&t->b, 2);
		fh_cbor_put_uint(&t->b, s);
		fh_cbor_put_uint(&t->b, b->used[s % FH_SLOTS]);
		flush(t);
	}
}

static fh_err put(struct text *t, const struct fh_fold *fold, enum fh_fold_form form,
		  struct fh_arena *a)
{
	size_t taken = a->n, n = 0;
	const struct fh_budget **budget = fh_arena_array(a, FH_BUDGETS_MAX, sizeof(*budget));
	struct fh_open_intent *open = fh_arena_array(a, fold->opens + 1, sizeof(*open));

	a->n = taken;
	if (budget == nullptr || open == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < fold->budgets; i++) {
		if (slots_used(&fold->budget[i], fold->lo_ms) > 0)
			budget[n++] = &fold->budget[i];
	}
	fh_sort(budget, n, sizeof(*budget), by_id);
	if (fold->opens > 0)
		memcpy(open, fold->open, fold->opens * sizeof(*open));
	fh_sort(open, fold->opens, sizeof(*open), by_index);
	fh_cbor_put_array(&t->b, form);
	fh_cbor_put_array(&t->b, n);
	flush(t);
	for (size_t i = 0; i < n; i++)
		put_budget(t, budget[i], fold->lo_ms);
	fh_cbor_put_array(&t->b, fold->opens);
	for (size_t i = 0; i < fold->opens; i++) {
		fh_cbor_put_array(&t->b, 2);
		fh_cbor_put_uint(&t->b, open[i].index);
		fh_cbor_put_uint(&t->b, open[i].lo_ms);
		flush(t);
	}
	if (form == FH_FOLD_VEILED)
		fh_cbor_put_hash(&t->b, &fold->veil);
	flush(t);
	return FH_ERR_OK;
}

fh_err fh_fold_hash(const struct fh_fold *fold, enum fh_fold_form form, struct fh_arena *a,
		    struct fh_hash *out)
{
	struct text t = { 0 };

	fh_sha256_begin(&t.sha);
	fh_sha256_add(&t.sha, FH_SPAN_LIT(FOLD_LABEL));
	t.b = FH_BUILDER_ARRAY(t.bytes);
	fh_err e = put(&t, fold, form, a);

	*out = fh_sha256_end(&t.sha);
	return e;
}

fh_err fh_fold_put(const struct fh_fold *fold, struct fh_arena *a, struct fh_builder *b)
{
	struct text t = { .out = b };

	t.b = FH_BUILDER_ARRAY(t.bytes);
	fh_err e = put(&t, fold, FH_FOLD_VEILED, a);

	return e == FH_ERR_OK && b->bad ? FH_ERR_LIMIT : e;
}

struct fh_hash fh_fold_text_hash(struct fh_span text)
{
	struct fh_sha256 sha;

	fh_sha256_begin(&sha);
	fh_sha256_add(&sha, FH_SPAN_LIT(FOLD_LABEL));
	fh_sha256_add(&sha, text);
	return fh_sha256_end(&sha);
}
