/* SPDX-License-Identifier: Apache-2.0 */
/* What the values of keywords must be, as the meta-schemas have it.  */
#include "schema/json_schema_private.h"

static bool are_texts(const struct fh_json *j)
{
	bool good = j->kind == FH_JSON_ARRAY;

	for (const struct fh_json *c = good ? j->first : nullptr; good && c != nullptr; c = c->next)
		good = c->kind == FH_JSON_STRING;
	return good;
}

static bool is_number(const struct fh_json *j)
{
	return j->kind == FH_JSON_INTEGER || j->kind == FH_JSON_REAL;
}

static bool is_count(const struct fh_json *j)
{
	struct fh_json_number n;
	uint64_t count;

	return is_number(j) && fh_json_number_read(j->raw, &n) && fh_json_number_count(&n, &count);
}

static bool are_texts_of(const struct fh_json *j)
{
	bool good = j->kind == FH_JSON_OBJECT;

	for (const struct fh_json *c = good ? j->first : nullptr; good && c != nullptr; c = c->next)
		good = are_texts(c);
	return good;
}

/* Schemas look after themselves.  */
static bool are_dependencies(const struct fh_json *j)
{
	bool good = j->kind == FH_JSON_OBJECT;

	for (const struct fh_json *c = good ? j->first : nullptr; good && c != nullptr; c = c->next)
		good = c->kind != FH_JSON_ARRAY || are_texts(c);
	return good;
}

static bool has_shape(enum fh_schema_shape shape, const struct fh_json *j)
{
	switch (shape) {
	case FH_SHAPE_SCHEMAS:
		return j->kind == FH_JSON_ARRAY && j->n > 0;
	case FH_SHAPE_SCHEMA_MAP:
	case FH_SHAPE_OBJECT:
		return j->kind == FH_JSON_OBJECT;
	case FH_SHAPE_DEPENDENCIES:
		return are_dependencies(j);
	case FH_SHAPE_TEXT:
		return j->kind == FH_JSON_STRING;
	case FH_SHAPE_TEXTS:
		return are_texts(j);
	case FH_SHAPE_TEXTS_MAP:
		return are_texts_of(j);
	case FH_SHAPE_TYPES:
		return j->kind == FH_JSON_STRING || (are_texts(j) && j->n > 0);
	case FH_SHAPE_LIST:
		return j->kind == FH_JSON_ARRAY;
	case FH_SHAPE_NUMBER:
		return is_number(j);
	case FH_SHAPE_COUNT:
		return is_count(j);
	case FH_SHAPE_BOOL:
		return j->kind == FH_JSON_BOOL;
	default:
		return true;
	}
}

bool fh_schema_shape_check(struct fh_schema_reading *r, const struct fh_schema_word *w,
			   const struct fh_json *j)
{
	if (w->shape == FH_SHAPE_NONE)
		return fh_schema_refuse(r, j, FH_ERR_UNSUPPORTED, "a keyword that is not supported",
					"say it as draft 2020-12 does");
	if (w->keyword == FH_KEYWORD_ITEMS && j->kind == FH_JSON_ARRAY)
		return fh_schema_refuse(r, j, FH_ERR_UNSUPPORTED,
					"a list of schemas is not supported",
					"write `prefixItems`, as draft 2020-12 has it");
	return has_shape(w->shape, j) ||
	       fh_schema_refuse(r, j, FH_ERR_FORMAT, "has a value of the wrong kind",
				"write what draft 2020-12 asks for");
}
