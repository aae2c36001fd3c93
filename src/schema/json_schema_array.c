/* SPDX-License-Identifier: Apache-2.0 */
/* Keywords about arrays.  */
#include "schema/json_schema_private.h"

#include "base/sort.h"

bool fh_schema_check_count_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
				 const struct fh_schema_rule *rule)
{
	if (f->instance->kind != FH_JSON_ARRAY)
		return true;
	if (f->instance->n < rule->min)
		return fh_schema_fail(r, f, "minItems: the array has fewer");
	return f->instance->n <= rule->max ||
	       fh_schema_fail(r, f, "maxItems: the array has more");
}

/* The one form of each element of J.  */
static bool read_values(struct fh_schema_run *r, const struct fh_json *j, struct fh_span *value)
{
	size_t i = 0;

	for (const struct fh_json *c = j->first; c != nullptr; c = c->next, i++) {
		if (!fh_schema_value(r, c, &value[i]))
			return false;
	}
	return true;
}

/* Steps that sorting N values takes.  */
static uint64_t sorting(uint64_t n)
{
	uint64_t rounds = 0;

	for (uint64_t i = n; i > 1; i /= 2)
		rounds++;
	return 2 * n * rounds;
}

static bool are_different(struct fh_schema_run *r, const struct fh_json *j)
{
	struct fh_span *value = fh_arena_array(r->scratch, j->n, sizeof(*value));

	if (value == nullptr)
		return fh_schema_stop(r, FH_ERR_NOMEM, "takes more memory than one check may");
	if (!read_values(r, j, value) || !fh_schema_spend(r, sorting(j->n)))
		return false;
	fh_sort(value, j->n, sizeof(*value), fh_span_order);
	for (size_t i = 1; i < j->n; i++) {
		if (fh_span_equal(value[i - 1], value[i]))
			return false;
	}
	return true;
}

bool fh_schema_check_unique_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
				  const struct fh_schema_rule *rule)
{
	size_t taken = r->scratch->n;

	(void)rule;
	if (f->instance->kind != FH_JSON_ARRAY)
		return true;
	bool different = are_different(r, f->instance);

	r->scratch->n = taken;
	return different || fh_schema_fail(r, f, "uniqueItems: two elements are equal");
}

bool fh_schema_check_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
			   const struct fh_schema_rule *rule)
{
	struct fh_schema_place place = { .up = f->place, .element = true };

	if (f->instance->kind != FH_JSON_ARRAY)
		return true;
	for (const struct fh_json *c = f->instance->first; c != nullptr; c = c->next,
		place.index++) {
		const struct fh_schema_node *node =
			place.index < rule->rows ? rule->row[place.index].node : rule->node;

		if (node == nullptr)
			break;
		if (!fh_schema_apply_child(r, f, node, c, &place))
			return false;
		if (f->marks != nullptr)
			f->marks[place.index] = true;
	}
	return true;
}

bool fh_schema_check_contains(struct fh_schema_run *r, const struct fh_schema_frame *f,
			      const struct fh_schema_rule *rule)
{
	struct fh_schema_place place = { .up = f->place, .element = true };
	uint64_t found = 0;

	if (f->instance->kind != FH_JSON_ARRAY)
		return true;
	r->quiet++;
	for (const struct fh_json *c = f->instance->first; c != nullptr && r->e == FH_ERR_OK;
	     c = c->next, place.index++) {
		if (!fh_schema_apply_child(r, f, rule->node, c, &place))
			continue;
		found++;
		/* What `contains` takes counts as evaluated since 2020-12.  */
		if (f->marks != nullptr && f->node->resource->dialect.draft == FH_DRAFT_2020_12)
			f->marks[place.index] = true;
	}
	r->quiet--;
	if (found < rule->min)
		return fh_schema_fail(r, f, "contains: too few elements are as it asks");
	return found <= rule->max ||
	       fh_schema_fail(r, f, "maxContains: too many elements are as `contains` asks");
}

bool fh_schema_check_unevaluated_items(struct fh_schema_run *r, const struct fh_schema_frame *f,
				       const struct fh_schema_rule *rule)
{
	struct fh_schema_place place = { .up = f->place, .element = true };

	if (f->instance->kind != FH_JSON_ARRAY)
		return true;
	for (const struct fh_json *c = f->instance->first; c != nullptr; c = c->next,
		place.index++) {
		if (!f->marks[place.index] && !fh_schema_apply_child(r, f, rule->node, c, &place))
			return false;
		f->marks[place.index] = true;
	}
	return true;
}
