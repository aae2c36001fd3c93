/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_schema.h"

/* Types are at most FH_TYPE_DEPTH_MAX deep: that bounds the recursion.  */
bool fh_type_alike(const struct fh_schema *old, const struct fh_schema *new, const bool *alike,
		   const struct fh_type *x, const struct fh_type *y)
{
	if (x == nullptr || y == nullptr)
		return x == y;
	if (x->kind != y->kind || x->n != y->n || x->open != y->open)
		return false;
	if (x->kind == FH_KIND_SET)
		return fh_type_alike(old, new, alike, x->element, y->element);
	for (uint32_t i = 0; x->kind == FH_KIND_RECORD && i < x->n; i++) {
		const struct fh_type_field *f = &x->fields[i], *g = &y->fields[i];

		if (!fh_span_equal(f->name, g->name) || f->required != g->required ||
		    !fh_type_alike(old, new, alike, f->type, g->type))
			return false;
	}
	for (uint32_t i = 0; x->kind == FH_KIND_ENTITY && i < x->n; i++) {
		if (!alike[x->members[i]] || !fh_span_equal(new->types[x->members[i]].name,
							    old->types[y->members[i]].name))
			return false;
	}
	return x->kind != FH_KIND_EXTENSION || x->extension == y->extension;
}

static bool lists_span(const struct fh_span *list, uint32_t n, struct fh_span x)
{
	for (uint32_t i = 0; i < n; i++) {
		if (fh_span_equal(list[i], x))
			return true;
	}
	return false;
}

/* All parents of X are parents of Y, and alike.  */
static bool same_parents(const struct fh_schema *old, const struct fh_schema *new,
			 const bool *alike, const struct fh_schema_type *x,
			 const struct fh_schema_type *y)
{
	for (uint32_t i = 0; i < x->parents_n; i++) {
		bool found = false;

		for (uint32_t k = 0; k < y->parents_n; k++)
			found |= fh_span_equal(new->types[x->parents[i]].name,
					       old->types[y->parents[k]].name);
		if (!found || !alike[x->parents[i]])
			return false;
	}
	return x->parents_n == y->parents_n;
}

static bool same(const struct fh_schema *old, const struct fh_schema *new, const bool *alike,
		 uint32_t type)
{
	const struct fh_schema_type *x = &new->types[type];
	uint32_t other = fh_schema_find_type(old, x->name);

	if (other == FH_SCHEMA_NONE)
		return false;
	const struct fh_schema_type *y = &old->types[other];

	for (uint32_t i = 0; i < x->choices_n; i++) {
		if (!lists_span(y->choices, y->choices_n, x->choices[i]))
			return false;
	}
	return x->choices_n == y->choices_n && x->is_path == y->is_path &&
	       x->is_text == y->is_text && same_parents(old, new, alike, x, y) &&
	       fh_type_alike(old, new, alike, x->attributes, y->attributes) &&
	       fh_type_alike(old, new, alike, x->tags, y->tags);
}

/* What is not alike is found round by round, until nothing more is.  */
const bool *fh_schema_alike(const struct fh_schema *old, const struct fh_schema *new,
			    struct fh_arena *a)
{
	bool *alike = fh_arena_array(a, new->types_all, sizeof(*alike)), again = true;

	for (uint32_t i = 0; alike != nullptr && i < new->types_all; i++)
		alike[i] = true;
	while (alike != nullptr && again) {
		again = false;
		for (uint32_t i = 0; i < new->types_n; i++) {
			if (!alike[i] || same(old, new, alike, i))
				continue;
			alike[i] = false;
			again = true;
		}
	}
	return alike;
}
