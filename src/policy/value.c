/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/value.h"

#include "base/sort.h"

static int order_integers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int order_entities(const struct fh_entity_key *a, const struct fh_entity_key *b)
{
	int order = a->hash < b->hash ? -1 : a->hash > b->hash;

	if (order == 0 && a != b)
		order = fh_span_compare(a->uid.type, b->uid.type);
	return order != 0 || a == b ? order : fh_span_compare(a->uid.id, b->uid.id);
}

static int order_ips(const struct fh_ip *a, const struct fh_ip *b)
{
	int order = fh_span_compare(FH_SPAN_ARRAY(a->address), FH_SPAN_ARRAY(b->address));

	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	return order != 0 ? order : order_integers(a->prefix, b->prefix);
}

static int order_items(const struct fh_value *a, const struct fh_value *b)
{
	int order = order_integers(a->n, b->n);

	for (uint32_t i = 0; order == 0 && a->items != b->items && i < a->n; i++)
		order = fh_value_compare(&a->items[i], &b->items[i]);
	return order;
}

static int order_fields(const struct fh_value *a, const struct fh_value *b)
{
	int order = order_integers(a->n, b->n);

	for (uint32_t i = 0; order == 0 && a->fields != b->fields && i < a->n; i++) {
		order = fh_span_compare(a->fields[i].name, b->fields[i].name);
		if (order == 0)
			order = fh_value_compare(&a->fields[i].value, &b->fields[i].value);
	}
	return order;
}

int fh_value_compare(const struct fh_value *a, const struct fh_value *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	switch (a->kind) {
	case FH_VALUE_BOOL:
		return order_integers(a->boolean, b->boolean);
	case FH_VALUE_STRING:
		return fh_span_compare(a->text, b->text);
	case FH_VALUE_ENTITY:
		return order_entities(a->entity, b->entity);
	case FH_VALUE_SET:
		return order_items(a, b);
	case FH_VALUE_RECORD:
		return order_fields(a, b);
	case FH_VALUE_IP:
		return order_ips(a->ip, b->ip);
	default:
		return order_integers(a->integer, b->integer);
	}
}

static int order_values(const void *a, const void *b)
{
	return fh_value_compare(a, b);
}

struct fh_value fh_value_set(struct fh_value *items, uint32_t n)
{
	uint32_t kept = 0;

	fh_sort(items, n, sizeof(*items), order_values);
	for (uint32_t i = 0; i < n; i++) {
		if (kept == 0 || fh_value_compare(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	}
	return (struct fh_value){ .kind = FH_VALUE_SET, .n = kept, .items = items };
}

bool fh_value_contains(const struct fh_value *set, const struct fh_value *item)
{
	uint32_t low = 0, high = set->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = fh_value_compare(&set->items[middle], item);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int order_names(const void *a, const void *b)
{
	const struct fh_value_field *x = a, *y = b;

	return fh_span_compare(x->name, y->name);
}

bool fh_value_record(struct fh_value_field *fields, uint32_t n, struct fh_value *out)
{
	fh_sort(fields, n, sizeof(*fields), order_names);
	for (uint32_t i = 1; i < n; i++) {
		if (fh_span_equal(fields[i - 1].name, fields[i].name))
			return false;
	}
	*out = (struct fh_value){ .kind = FH_VALUE_RECORD, .n = n, .fields = fields };
	return true;
}

const struct fh_value *fh_value_field(const struct fh_value *record, struct fh_span name)
{
	uint32_t low = 0, high = record->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = fh_span_compare(record->fields[middle].name, name);

		if (order == 0)
			return &record->fields[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return nullptr;
}
