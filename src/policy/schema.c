/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/schema.h"

#include "base/limits.h"
#include "policy/schema_draft.h"

fh_err fh_schema_parse(struct fh_span text, struct fh_arena *a, struct fh_schema *out,
		       struct fh_trace *t)
{
	struct fh_draft d;
	struct fh_schema s = { 0 };
	fh_err e = fh_draft_read(text, a, t, &d);

	if (e == FH_ERR_OK)
		e = fh_draft_resolve(&d, &s);
	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

void fh_schema_table_put(struct fh_schema_table *t, uint64_t hash, uint32_t index)
{
	uint32_t i = (uint32_t)hash & t->mask;

	while (t->slot[i] != 0)
		i = (i + 1) & t->mask;
	t->slot[i] = index + 1;
}

/* The next index under a hash, from slot *I on; FH_SCHEMA_NONE at the end.  A
 * table is at most half full, so there is an end.  */
static uint32_t next_index(const struct fh_schema_table *t, uint32_t *i)
{
	uint32_t found = t->slot[*i & t->mask];

	*i += 1;
	return found == 0 ? FH_SCHEMA_NONE : found - 1;
}

uint32_t fh_schema_find_type(const struct fh_schema *s, struct fh_span name)
{
	uint32_t slot = (uint32_t)fh_text_hash(name, 0);

	for (;;) {
		uint32_t i = next_index(&s->by_type, &slot);

		if (i == FH_SCHEMA_NONE || fh_span_equal(s->types[i].name, name))
			return i;
	}
}

uint32_t fh_schema_find_action(const struct fh_schema *s, struct fh_entity_uid uid)
{
	uint32_t slot = (uint32_t)fh_entity_hash(uid);

	for (;;) {
		uint32_t i = next_index(&s->by_action, &slot);

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
		uint32_t i = next_index(&s->by_call, &slot);

		if (i == FH_SCHEMA_NONE || (fh_span_equal(s->calls[i].server, server) &&
					    fh_span_equal(s->calls[i].tool, tool)))
			return i;
	}
}

bool fh_schema_type_reaches(const struct fh_schema *s, uint32_t from, uint32_t to)
{
	bool seen[FH_SCHEMA_TYPES_MAX] = { 0 };
	uint16_t queue[FH_SCHEMA_TYPES_MAX];
	uint32_t n = 0;

	queue[n++] = (uint16_t)from;
	seen[from] = true;
	for (uint32_t i = 0; i < n; i++) {
		const struct fh_schema_type *type = &s->types[queue[i]];

		for (uint32_t k = 0; k < type->parents_n; k++) {
			uint32_t up = type->parents[k];

			if (!seen[up])
				queue[n++] = (uint16_t)up;
			seen[up] = true;
		}
	}
	return seen[to];
}
