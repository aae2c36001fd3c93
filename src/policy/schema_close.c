/* SPDX-License-Identifier: Apache-2.0 */
/* What everything in a schema can be in, directly or not.  */
#include <string.h>

#include "policy/schema_draft.h"

/* --- actions ---------------------------------------------------------- */

static void refuse_circle(struct fh_resolve *r, uint32_t action)
{
	fh_draft_refuse(r->d, fh_draft_action(r->d, action)->name, FH_ERR_CONFLICT,
			"break the circle of groups", "action ", " is in itself");
}

/* Collects the groups of ACTION breadth first into QUEUE; how many there are.  SEEN
 * holds, for each action, the last one whose walk met it, plus one.  */
static uint32_t walk_groups(struct fh_resolve *r, uint32_t action, uint32_t *queue,
			    uint32_t *seen)
{
	uint32_t n = 0;

	queue[n++] = action;
	seen[action] = action + 1;
	for (uint32_t i = 0; i < n; i++) {
		const struct fh_schema_action *at = &r->s.actions[queue[i]];

		for (uint32_t k = 0; k < at->parents_n; k++) {
			if (at->parents[k] == action)
				refuse_circle(r, action);
			if (seen[at->parents[k]] != action + 1)
				queue[n++] = at->parents[k];
			seen[at->parents[k]] = action + 1;
		}
	}
	return n;
}

static void close_actions(struct fh_resolve *r)
{
	struct fh_parse *p = &r->d->p;
	size_t all = r->s.actions_n * sizeof(uint32_t);
	uint32_t *queue = fh_parse_take(p, all), *seen = fh_parse_take(p, all);

	for (uint32_t i = 0; p->e == FH_ERR_OK && i < r->s.actions_n; i++) {
		struct fh_schema_action *action = &r->s.actions[i];

		action->ancestors_n = walk_groups(r, i, queue, seen);
		uint32_t *kept = fh_parse_take(p, action->ancestors_n * sizeof(*kept));

		if (kept != nullptr)
			memcpy(kept, queue, action->ancestors_n * sizeof(*kept));
		action->ancestors = kept;
	}
}

/* --- types ------------------------------------------------------------ */

/* The row of TYPE: a bit for each type it can be, or be in.  */
static uint64_t *row(const struct fh_schema *s, uint64_t *reach, uint32_t type)
{
	return reach + (size_t)type * s->reach_words;
}

static void mark(const struct fh_schema *s, uint64_t *reach, uint32_t from, uint32_t to)
{
	row(s, reach, from)[to / 64] |= (uint64_t)1 << (to % 64);
}

/* Whatever reaches VIA reaches what VIA does: Warshall's algorithm, with a word at a
 * time.  */
static void pass_on(const struct fh_schema *s, uint64_t *reach, uint32_t via)
{
	for (uint32_t from = 0; from < s->types_n; from++) {
		uint64_t *to = row(s, reach, from);

		if ((to[via / 64] >> (via % 64) & 1) == 0)
			continue;
		for (uint32_t word = 0; word < s->reach_words; word++)
			to[word] |= row(s, reach, via)[word];
	}
}

static void close_types(struct fh_resolve *r)
{
	struct fh_schema *s = &r->s;

	s->reach_words = (s->types_all + 63) / 64;
	uint64_t *reach = fh_parse_take(&r->d->p,
					(size_t)s->types_all * s->reach_words * sizeof(*reach));

	if (reach == nullptr)
		return;
	for (uint32_t i = 0; i < s->types_all; i++) {
		mark(s, reach, i, i);
		for (uint32_t k = 0; k < s->types[i].parents_n; k++)
			mark(s, reach, i, s->types[i].parents[k]);
	}
	for (uint32_t via = 0; via < s->types_n; via++)
		pass_on(s, reach, via);
	for (uint32_t i = 0; i < s->actions_n; i++) {
		const struct fh_schema_action *a = &s->actions[i];

		for (uint32_t k = 0; k < a->ancestors_n; k++)
			mark(s, reach, a->type, s->actions[a->ancestors[k]].type);
	}
	s->reach = reach;
}

void fh_resolve_close(struct fh_resolve *r)
{
	close_actions(r);
	if (r->d->p.e == FH_ERR_OK)
		close_types(r);
}
