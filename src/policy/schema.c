/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/schema.h"

#include "base/limits.h"
#include "policy/schema_draft.h"

/* What became of D.  */
static fh_err resolve(struct fh_draft *d, struct fh_schema *out)
{
	struct fh_schema s = { 0 };

	fh_draft_resolve(d, &s);
	if (d->p.e == FH_ERR_OK)
		*out = s;
	return d->p.e;
}

fh_err fh_schema_read(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
		      struct fh_schema *out, struct fh_trace *t)
{
	struct fh_draft d;

	fh_draft_begin(&d, name, a, t);
	fh_draft_read(&d, text, max);
	return resolve(&d, out);
}

fh_err fh_schema_read_json(struct fh_span text, size_t max, const char *name,
			   struct fh_arena *a, struct fh_schema *out, struct fh_trace *t)
{
	struct fh_draft d;

	fh_draft_begin(&d, name, a, t);
	fh_draft_read_json(&d, text, max);
	return resolve(&d, out);
}

fh_err fh_schema_parse(struct fh_span text, struct fh_arena *a, struct fh_schema *out,
		       struct fh_trace *t)
{
	struct fh_draft d;
	struct fh_schema s = { 0 };

	fh_draft_begin(&d, "schema", a, t);
	d.in_document = true;
	fh_draft_add_builtin(&d);
	fh_draft_read(&d, text, FH_SCHEMA_TEXT_MAX);
	fh_draft_check_signed(&d);
	fh_draft_resolve(&d, &s);
	fh_draft_resolve_wire(&d, &s);
	if (d.p.e == FH_ERR_OK)
		*out = s;
	return d.p.e;
}

struct fh_schema_table fh_schema_table_of(struct fh_parse *p, size_t n)
{
	uint32_t slots = 8;

	while (slots < 2 * n)
		slots *= 2;
	uint32_t *slot = fh_parse_take(p, slots * sizeof(*slot));

	return (struct fh_schema_table){ slot, slots - 1 };
}

void fh_schema_table_put(struct fh_schema_table *t, uint64_t hash, uint32_t index)
{
	uint32_t i = (uint32_t)hash & t->mask;

	while (t->slot[i] != 0)
		i = (i + 1) & t->mask;
	t->slot[i] = index + 1;
}

/* A table is at most half full, so there is an end.  */
uint32_t fh_schema_table_next(const struct fh_schema_table *t, uint32_t *i)
{
	uint32_t found = t->slot == nullptr ? 0 : t->slot[*i & t->mask];

	*i += 1;
	return found == 0 ? FH_SCHEMA_NONE : found - 1;
}

uint32_t fh_schema_find_type(const struct fh_schema *s, struct fh_span name)
{
	uint32_t slot = (uint32_t)fh_text_hash(name, 0);

	for (;;) {
		uint32_t i = fh_schema_table_next(&s->by_type, &slot);

		if (i == FH_SCHEMA_NONE || fh_span_equal(s->types[i].name, name))
			return i;
	}
}

uint32_t fh_schema_find_action(const struct fh_schema *s, struct fh_entity_uid uid)
{
	uint32_t slot = (uint32_t)fh_entity_hash(uid);

	for (;;) {
		uint32_t i = fh_schema_table_next(&s->by_action, &slot);

		if (i == FH_SCHEMA_NONE || fh_entity_equal(s->actions[i].uid, uid))
			return i;
	}
}

uint64_t fh_schema_call_hash(struct fh_span server, struct fh_span tool)
{
	return fh_text_hash(tool, fh_text_hash(server, 0));
}

uint32_t fh_schema_find_call(const struct fh_schema *s, struct fh_span server,
			     struct fh_span tool)
{
	uint32_t slot = (uint32_t)fh_schema_call_hash(server, tool);

	for (;;) {
		uint32_t i = fh_schema_table_next(&s->by_call, &slot);

		if (i == FH_SCHEMA_NONE || (fh_span_equal(s->calls[i].server, server) &&
					    fh_span_equal(s->calls[i].tool, tool)))
			return i;
	}
}

bool fh_schema_type_has_id(const struct fh_schema_type *type, struct fh_span id)
{
	for (uint32_t i = 0; i < type->choices_n; i++) {
		if (fh_span_equal(type->choices[i], id))
			return true;
	}
	return type->choices_n == 0;
}
