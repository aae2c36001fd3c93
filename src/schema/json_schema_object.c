/* SPDX-License-Identifier: Apache-2.0 */
/* Keywords about objects.  Each goes once over the members and looks their names up in
 * what the schema has sorted, so large objects take no quadratic time.  */
#include "schema/json_schema_private.h"

bool fh_schema_check_count_properties(struct fh_schema_run *r, const struct fh_schema_frame *f,
				      const struct fh_schema_rule *rule)
{
	if (f->instance->kind != FH_JSON_OBJECT)
		return true;
	if (f->instance->n < rule->min)
		return fh_schema_fail(r, f, "minProperties: the object has fewer");
	return f->instance->n <= rule->max ||
	       fh_schema_fail(r, f, "maxProperties: the object has more");
}

constexpr size_t missing_max = 100000; /* names times members that are looked through */

static bool has_member(const struct fh_json *j, struct fh_span name)
{
	for (const struct fh_json *m = j->first; m != nullptr; m = m->next) {
		if (fh_span_equal(m->name, name))
			return true;
	}
	return false;
}

/* The first of the N sorted TEXTS that J has no member of; it lacks one.  */
static struct fh_span missing(const struct fh_json *j, const struct fh_span *texts, size_t n)
{
	size_t i = 0;

	while (i + 1 < n && has_member(j, texts[i]))
		i++;
	return fh_span_first(texts[i], 64);
}

/* Whether F's object has a member of each of the N sorted and different TEXTS.  */
static bool has_all(struct fh_schema_run *r, const struct fh_schema_frame *f, const char *keyword,
		    const struct fh_span *texts, size_t n)
{
	const struct fh_json *j = f->instance;
	size_t found = 0;

	if (!fh_schema_spend(r, j->n))
		return false;
	for (const struct fh_json *m = n == 0 ? nullptr : j->first; m != nullptr; m = m->next)
		found += fh_spans_have(texts, n, m->name);
	if (found == n)
		return true;
	if (r->quiet > 0)
		return false;
	/* Which one is only told where finding it takes no quadratic time.  */
	if (n * j->n > missing_max)
		return fh_schema_fail(r, f, "%s: a member is missing", keyword);
	struct fh_span name = missing(j, texts, n);

	return fh_schema_fail(r, f, "%s: `%.*s` is missing", keyword, (int)name.n,
			      (const char *)name.p);
}

bool fh_schema_check_required(struct fh_schema_run *r, const struct fh_schema_frame *f,
			      const struct fh_schema_rule *rule)
{
	return f->instance->kind != FH_JSON_OBJECT ||
	       has_all(r, f, "required", rule->texts, rule->texts_n);
}

static const struct fh_schema_row *find_row(const struct fh_schema_row *row, size_t n,
					    struct fh_span name)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = fh_span_compare(row[middle].name, name);

		if (order == 0)
			return &row[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return nullptr;
}

bool fh_schema_check_dependent(struct fh_schema_run *r, const struct fh_schema_frame *f,
			       const struct fh_schema_rule *rule)
{
	if (f->instance->kind != FH_JSON_OBJECT)
		return true;
	for (const struct fh_json *m = f->instance->first; m != nullptr; m = m->next) {
		const struct fh_schema_row *row = find_row(rule->row, rule->rows, m->name);

		if (!fh_schema_spend(r, 1))
			return false;
		if (row == nullptr)
			continue;
		if (row->node == nullptr
			    ? !has_all(r, f, "dependentRequired", row->texts, row->texts_n)
			    : !fh_schema_apply(r, f, row->node))
			return false;
	}
	return true;
}

bool fh_schema_check_property_names(struct fh_schema_run *r, const struct fh_schema_frame *f,
				    const struct fh_schema_rule *rule)
{
	if (f->instance->kind != FH_JSON_OBJECT)
		return true;
	for (const struct fh_json *m = f->instance->first; m != nullptr; m = m->next) {
		const struct fh_json name = { .kind = FH_JSON_STRING, .text = m->name };
		const struct fh_schema_place place = { .up = f->place, .name = m->name };

		if (!fh_schema_apply_child(r, f, rule->node, &name, &place))
			return false;
	}
	return true;
}

/* One member under all schemas that are meant for it; *MET: there was one.  */
static bool check_member(struct fh_schema_run *r, const struct fh_schema_frame *f,
			 const struct fh_schema_rule *rule, const struct fh_json *m, bool *met)
{
	const struct fh_schema_place place = { .up = f->place, .name = m->name };
	const struct fh_schema_row *row = find_row(rule->row, rule->rows, m->name);

	*met = row != nullptr;
	if (row != nullptr && !fh_schema_apply_child(r, f, row->node, m, &place))
		return false;
	for (size_t i = 0; i < rule->patterns; i++) {
		if (!fh_schema_matches(r, rule->pattern[i].regex, m->name))
			continue;
		*met = true;
		if (!fh_schema_apply_child(r, f, rule->pattern[i].node, m, &place))
			return false;
	}
	if (*met || rule->node == nullptr)
		return r->e == FH_ERR_OK;
	*met = true;
	return fh_schema_apply_child(r, f, rule->node, m, &place);
}

bool fh_schema_check_properties(struct fh_schema_run *r, const struct fh_schema_frame *f,
				const struct fh_schema_rule *rule)
{
	size_t i = 0;

	if (f->instance->kind != FH_JSON_OBJECT)
		return true;
	for (const struct fh_json *m = f->instance->first; m != nullptr; m = m->next, i++) {
		bool met;

		if (!fh_schema_spend(r, 1) || !check_member(r, f, rule, m, &met))
			return false;
		if (f->marks != nullptr)
			f->marks[i] |= met;
	}
	return true;
}

bool fh_schema_check_unevaluated_properties(struct fh_schema_run *r,
					    const struct fh_schema_frame *f,
					    const struct fh_schema_rule *rule)
{
	size_t i = 0;

	if (f->instance->kind != FH_JSON_OBJECT)
		return true;
	for (const struct fh_json *m = f->instance->first; m != nullptr; m = m->next, i++) {
		const struct fh_schema_place place = { .up = f->place, .name = m->name };

		if (!f->marks[i] && !fh_schema_apply_child(r, f, rule->node, m, &place))
			return false;
		f->marks[i] = true;
	}
	return true;
}
