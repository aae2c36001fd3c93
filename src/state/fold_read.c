/* SPDX-License-Identifier: Apache-2.0 */
/* A fold from its canonical text: the inverse of fold_hash.c.  */
#include "state/fold.h"

#include "codec/cbor.h"
#include "state/fold_private.h"

/* Slots rise, hold something, and fit into one ring.  */
static fh_err read_slots(struct fh_cursor *c, struct fh_budget *b)
{
	size_t n = fh_cbor_array(c, FH_SLOTS);
	uint64_t first = 0;

	for (size_t i = 0; i < n; i++) {
		fh_cbor_array_exact(c, 2);
		uint64_t s = fh_cbor_uint(c), used = fh_cbor_uint(c);

		if (fh_cursor_bad(c) || used == 0 || (i > 0 && s <= b->newest))
			return FH_ERR_FORMAT;
		first = i == 0 ? s : first;
		if (s - first >= FH_SLOTS)
			return FH_ERR_FORMAT;
		b->used[s % FH_SLOTS] = used;
		b->newest = s;
	}
	return n == 0 ? FH_ERR_FORMAT : FH_ERR_OK;
}

static fh_err read_budgets(struct fh_cursor *c, struct fh_fold *out)
{
	size_t n = fh_cbor_array(c, FH_BUDGETS_MAX);
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		struct fh_budget *b = &out->budget[i];

		*b = (struct fh_budget){ 0 };
		fh_cbor_array_exact(c, 3);
		b->id = fh_cbor_hash(c);
		b->period_ms = fh_cbor_uint(c);
		if (fh_cursor_bad(c) || b->period_ms == 0)
			return FH_ERR_FORMAT;
		if (i > 0 && fh_span_compare(fh_hash_span(&b[-1].id), fh_hash_span(&b->id)) >= 0)
			return FH_ERR_FORMAT;
		e = read_slots(c, b);
		out->budgets = i + 1;
		fh_budget_enter(out, i);
	}
	return e;
}

static fh_err read_opens(struct fh_cursor *c, struct fh_fold *out)
{
	size_t n = fh_cbor_array(c, FH_OPEN_MAX);

	for (size_t i = 0; i < n; i++) {
		struct fh_open_intent *o = &out->open[i];

		fh_cbor_array_exact(c, 2);
		o->index = fh_cbor_uint(c);
		o->lo_ms = fh_cbor_uint(c);
		if (fh_cursor_bad(c) || (i > 0 && o->index <= o[-1].index))
			return FH_ERR_FORMAT;
		out->opens = i + 1;
	}
	return FH_ERR_OK;
}

bool fh_fold_text_is_veiled(struct fh_span text)
{
	struct fh_cursor c = fh_cursor_of(text);

	fh_cbor_array_exact(&c, FH_FOLD_VEILED);
	return !fh_cursor_bad(&c);
}

fh_err fh_fold_read(struct fh_span text, struct fh_fold *fold)
{
	struct fh_cursor c = fh_cursor_of(text);

	fh_fold_clear(fold);
	size_t items = fh_cbor_array(&c, FH_FOLD_VEILED);
	fh_err e = items < FH_FOLD_UNVEILED ? FH_ERR_FORMAT : read_budgets(&c, fold);

	if (e == FH_ERR_OK)
		e = read_opens(&c, fold);
	if (e == FH_ERR_OK && items == FH_FOLD_VEILED)
		fold->veil = fh_cbor_hash(&c);
	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e != FH_ERR_OK)
		fh_fold_clear(fold);
	return e;
}
