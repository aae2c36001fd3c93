/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/type.h"

#include "base/sort.h"

const struct fh_extension_name *fh_extension_named(struct fh_span name)
{
	static const struct fh_extension_name names[] = {
		{ FH_TEXT_INIT("decimal"), FH_VALUE_DECIMAL },
		{ FH_TEXT_INIT("ipaddr"), FH_VALUE_IP },
		{ FH_TEXT_INIT("datetime"), FH_VALUE_DATETIME },
		{ FH_TEXT_INIT("duration"), FH_VALUE_DURATION },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fh_span_equal(names[i].name, name))
			return &names[i];
	}
	return nullptr;
}

const struct fh_type *fh_type_plain(enum fh_type_kind k)
{
	static const struct fh_type plain[] = {
		[FH_KIND_NEVER] = { .kind = FH_KIND_NEVER },
		[FH_KIND_TRUE] = { .kind = FH_KIND_TRUE },
		[FH_KIND_FALSE] = { .kind = FH_KIND_FALSE },
		[FH_KIND_BOOL] = { .kind = FH_KIND_BOOL },
		[FH_KIND_LONG] = { .kind = FH_KIND_LONG },
		[FH_KIND_STRING] = { .kind = FH_KIND_STRING },
		[FH_KIND_SET] = { .kind = FH_KIND_SET },
		[FH_KIND_RECORD] = { .kind = FH_KIND_RECORD },
		[FH_KIND_ANY_ENTITY] = { .kind = FH_KIND_ANY_ENTITY },
	};

	return &plain[k];
}

const struct fh_type *fh_type_extension(enum fh_value_kind k)
{
	static const struct fh_type extensions[] = {
		[FH_VALUE_DECIMAL] = { .kind = FH_KIND_EXTENSION, .extension = FH_VALUE_DECIMAL },
		[FH_VALUE_IP] = { .kind = FH_KIND_EXTENSION, .extension = FH_VALUE_IP },
		[FH_VALUE_DATETIME] = { .kind = FH_KIND_EXTENSION,
					.extension = FH_VALUE_DATETIME },
		[FH_VALUE_DURATION] = { .kind = FH_KIND_EXTENSION,
					.extension = FH_VALUE_DURATION },
	};

	return &extensions[k];
}

const struct fh_type_field *fh_type_field(const struct fh_type *record, struct fh_span name)
{
	uint32_t low = 0, high = record->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = fh_span_compare(record->fields[middle].name, name);

		if (order == 0)
			return &record->fields[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return nullptr;
}

static int order_names(const void *a, const void *b)
{
	const struct fh_type_field *x = a, *y = b;

	return fh_span_compare(x->name, y->name);
}

bool fh_type_fields_sort(struct fh_type_field *fields, uint32_t n, struct fh_span *twice)
{
	fh_sort(fields, n, sizeof(*fields), order_names);
	for (uint32_t i = 1; i < n; i++) {
		if (!fh_span_equal(fields[i - 1].name, fields[i].name))
			continue;
		*twice = fields[i].name;
		return false;
	}
	return true;
}
