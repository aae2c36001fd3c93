/* SPDX-License-Identifier: Apache-2.0 */
/* The one number that stands for a fold: over a canonical text that is never held.  */
#include "state/fold.h"

#include "base/sort.h"
#include "codec/cbor.h"
#include "state/fold_private.h"

#include <string.h>

/* Bytes that go into the hash a few at a time.  */
struct hashing {
	struct fh_sha256 sha;
	uint8_t bytes[128];
	struct fh_builder b;
};

static void flush(struct hashing *h)
{
	fh_sha256_add(&h->sha, fh_builder_span(&h->b));
	h->b = FH_BUILDER_ARRAY(h->bytes);
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

static void hash_budget(struct hashing *h, const struct fh_budget *b, uint64_t lo_ms)
{
	uint64_t s;

	fh_cbor_put_array(&h->b, 3);
	fh_cbor_put_hash(&h->b, &b->id);
	fh_cbor_put_uint(&h->b, b->period_ms);
	fh_cbor_put_array(&h->b, slots_used(b, lo_ms));
	flush(h);
	for (fh_budget_slots(b, lo_ms, &s); s <= b->newest; s++) {
		if (b->used[s % FH_SLOTS] == 0)
			continue;
		fh_cbor_put_array(&h->b, 2);
		fh_cbor_put_uint(&h->b, s);
		fh_cbor_put_uint(&h->b, b->used[s % FH_SLOTS]);
		flush(h);
	}
}

fh_err fh_fold_hash(const struct fh_fold *fold, struct fh_arena *a, struct fh_hash *out)
{
	size_t taken = a->n, n = 0;
	const struct fh_budget **budget = fh_arena_array(a, FH_BUDGETS_MAX, sizeof(*budget));
	struct fh_open_intent *open = fh_arena_array(a, fold->opens + 1, sizeof(*open));
	struct hashing h;

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
	fh_sha256_begin(&h.sha);
	h.b = FH_BUILDER_ARRAY(h.bytes);
	fh_builder_text(&h.b, "freehold/fold/v1\n");
	fh_cbor_put_array(&h.b, 2);
	fh_cbor_put_array(&h.b, n);
	flush(&h);
	for (size_t i = 0; i < n; i++)
		hash_budget(&h, budget[i], fold->lo_ms);
	fh_cbor_put_array(&h.b, fold->opens);
	for (size_t i = 0; i < fold->opens; i++) {
		fh_cbor_put_array(&h.b, 2);
		fh_cbor_put_uint(&h.b, open[i].index);
		fh_cbor_put_uint(&h.b, open[i].lo_ms);
		flush(&h);
	}
	flush(&h);
	*out = fh_sha256_end(&h.sha);
	return FH_ERR_OK;
}
