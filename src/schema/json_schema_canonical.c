/* SPDX-License-Identifier: Apache-2.0 */
/* Values as bytes that are equal for equal values.  Whether a list holds one twice
 * is then a sort, and whether a value is one of many a search, both without the
 * quadratic time that comparing trees in pairs takes.  */
#include "schema/json_schema_private.h"

#include "base/sort.h"

int fh_span_order(const void *a, const void *b)
{
	const struct fh_span *x = a, *y = b;

	return fh_span_compare(*x, *y);
}

bool fh_spans_have(const struct fh_span *s, size_t n, struct fh_span wanted)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = fh_span_compare(s[middle], wanted);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Room that the form of J needs at most.  */
static size_t size_of(const struct fh_json *j)
{
	size_t n = 32 + j->name.n;

	if (j->kind == FH_JSON_STRING)
		n += j->text.n;
	else if (j->kind == FH_JSON_INTEGER || j->kind == FH_JSON_REAL)
		n += j->raw.n;
	if (j->kind < FH_JSON_ARRAY)
		return n;
	for (const struct fh_json *c = j->first; c != nullptr; c = c->next)
		n += size_of(c);
	return n;
}

static void put_text(struct fh_builder *b, struct fh_span s)
{
	fh_builder_be64(b, s.n);
	fh_builder_bytes(b, s);
}

static fh_err put(const struct fh_json *j, struct fh_arena *a, struct fh_builder *b);

static int order_members(const void *a, const void *b)
{
	const struct fh_json *const *x = a, *const *y = b;

	return fh_span_compare((*x)->name, (*y)->name);
}

static fh_err put_object(const struct fh_json *j, struct fh_arena *a, struct fh_builder *b)
{
	size_t taken = a->n, i = 0;
	const struct fh_json **member = fh_arena_array(a, j->n, sizeof(*member));
	fh_err e = member == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (const struct fh_json *m = j->first; e == FH_ERR_OK && m != nullptr; m = m->next)
		member[i++] = m;
	if (e == FH_ERR_OK)
		fh_sort(member, j->n, sizeof(*member), order_members);
	for (i = 0; e == FH_ERR_OK && i < j->n; i++) {
		put_text(b, member[i]->name);
		e = put(member[i], a, b);
	}
	a->n = taken;
	return e;
}

static fh_err put(const struct fh_json *j, struct fh_arena *a, struct fh_builder *b)
{
	enum fh_json_kind kind = j->kind == FH_JSON_INTEGER ? FH_JSON_REAL : j->kind;
	struct fh_json_number number;
	fh_err e = FH_ERR_OK;

	fh_builder_u8(b, (uint8_t)kind);
	switch (kind) {
	case FH_JSON_NULL:
		break;
	case FH_JSON_BOOL:
		fh_builder_u8(b, j->boolean);
		break;
	case FH_JSON_STRING:
		put_text(b, j->text);
		break;
	case FH_JSON_ARRAY:
		fh_builder_be64(b, j->n);
		for (const struct fh_json *c = j->first; e == FH_ERR_OK &&
			c != nullptr; c = c->next)
			e = put(c, a, b);
		break;
	case FH_JSON_OBJECT:
		fh_builder_be64(b, j->n);
		return put_object(j, a, b);
	default:
		if (!fh_json_number_read(j->raw, &number))
			return FH_ERR_LIMIT;
		fh_json_number_put(b, &number);
	}
	return e;
}

fh_err fh_json_canonical(const struct fh_json *j, struct fh_arena *a, struct fh_span *out)
{
	size_t n = size_of(j);
	void *room = fh_arena_space(a, n);
	struct fh_builder b = fh_builder_of(room, n);
	fh_err e = room == nullptr ? FH_ERR_NOMEM : put(j, a, &b);

	return e == FH_ERR_OK ? fh_builder_end(&b, out) : e;
}
