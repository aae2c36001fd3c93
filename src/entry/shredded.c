/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/shredded.h"

#include <string.h>

#include "entry/field.h"

fh_err fh_shredded_begin(struct fh_arena *arena, size_t cap, struct fh_shredded *out)
{
	struct fh_shredded s = { .key = fh_arena_space(arena, cap * sizeof(*s.key)), .cap = cap };

	if (s.key == nullptr)
		return FH_ERR_NOMEM;
	*out = s;
	return FH_ERR_OK;
}

fh_err fh_shredded_move(struct fh_arena *arena, size_t cap, struct fh_shredded *out)
{
	struct fh_shredded larger;
	fh_err e = cap < out->n ? FH_ERR_LIMIT : fh_shredded_begin(arena, cap, &larger);

	if (e != FH_ERR_OK)
		return e;
	if (out->n > 0)
		memcpy(larger.key, out->key, out->n * sizeof(*out->key));
	larger.n = out->n;
	larger.sorted = out->sorted;
	*out = larger;
	return FH_ERR_OK;
}

fh_err fh_shred_of_payload(struct fh_span payload, struct fh_shred *out)
{
	struct fh_span detail;
	fh_err e = fh_payload_value(payload, FH_FIELD_DETAIL, &detail);

	return e == FH_ERR_OK ? fh_shred_read(detail, out) : e;
}

fh_err fh_shredded_add(struct fh_shredded *s, uint64_t by, struct fh_span payload)
{
	struct fh_shred_key key;
	struct fh_shred shred;
	size_t at = 0;
	fh_err e = fh_shred_of_payload(payload, &shred);

	if (e != FH_ERR_OK)
		return e;
	if (s->cap - s->n < shred.keys_n)
		return FH_ERR_LIMIT;
	while (fh_shred_next(shred.keys, &at, &key)) {
		struct fh_shredded_key *k = &s->key[s->n++];

		memcpy(k->name, key.name.p, FH_SEAL_NAME_SIZE);
		k->by = by;
	}
	s->sorted = false;
	return FH_ERR_OK;
}

/* By name, then by the entry.  */
static int compare(const struct fh_shredded_key *k, const uint8_t *name, uint64_t by)
{
	int c = fh_span_compare(FH_SPAN_ARRAY(k->name), fh_span_of(name, FH_SEAL_NAME_SIZE));

	if (c != 0)
		return c;
	return k->by < by ? -1 : k->by > by;
}

static void sift(struct fh_shredded_key *key, size_t root, size_t n)
{
	struct fh_shredded_key moved = key[root];

	for (size_t child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && compare(&key[child], key[child + 1].name,
					     key[child + 1].by) < 0)
			child++;
		if (compare(&key[child], moved.name, moved.by) <= 0)
			break;
		key[root] = key[child];
	}
	key[root] = moved;
}

/* Heapsort: it allocates nothing.  */
static void sort(struct fh_shredded *s)
{
	for (size_t i = s->n / 2; i > 0; i--)
		sift(s->key, i - 1, s->n);
	for (size_t n = s->n; n > 1; n--) {
		const struct fh_shredded_key largest = s->key[0];

		s->key[0] = s->key[n - 1];
		s->key[n - 1] = largest;
		sift(s->key, 0, n - 1);
	}
	s->sorted = true;
}

fh_err fh_shredded_key_find(struct fh_shredded *s, uint64_t index, struct fh_span name,
			    uint64_t *by)
{
	if (!s->sorted)
		sort(s);
	size_t from = 0, to = s->n;

	while (from < to) { /* the first that is not before (name, index) */
		size_t middle = from + (to - from) / 2;

		if (compare(&s->key[middle], name.p, index) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == s->n || !fh_span_equal(FH_SPAN_ARRAY(s->key[from].name), name))
		return FH_ERR_MISSING;
	*by = s->key[from].by;
	return FH_ERR_OK;
}

fh_err fh_shredded_find(struct fh_shredded *s, uint64_t index, struct fh_span payload,
			uint64_t *by)
{
	struct fh_sealed sealed;

	if (!fh_payload_is_sealed(payload) || fh_sealed_read(payload, &sealed) != FH_ERR_OK)
		return FH_ERR_MISSING;
	return fh_shredded_key_find(s, index, sealed.part[0].name, by);
}
