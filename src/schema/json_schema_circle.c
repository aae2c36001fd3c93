/* SPDX-License-Identifier: Apache-2.0 */
/* Whether some schema, for one and the same instance, asks itself: such a check would never
 * end.  Going down into the instance ends, because the instance does.  Where a `$dynamicRef`
 * may lead besides is known only then, and bounded by FH_SCHEMA_DEPTH_MAX.  */
#include "schema/json_schema_private.h"

enum state {
	STATE_NEW = 0,
	STATE_OPEN, /* among those that led here */
	STATE_DONE,
};

/* A node on the way, and which of those it asks is next.  */
struct step {
	const struct fh_schema_node *node;
	const struct fh_schema_rule *rule;
	size_t next;
};

struct walk {
	struct step *step;
	size_t n;
	uint8_t *state; /* by the number of the node */
};

/* How many schemas RULE may ask about the same instance.  */
static size_t count(const struct fh_schema_rule *rule)
{
	switch (rule->keyword) {
	case FH_KEYWORD_REF:
	case FH_KEYWORD_DYNAMIC_REF:
	case FH_KEYWORD_NOT:
		return 1;
	case FH_KEYWORD_IF:
		return 3;
	case FH_KEYWORD_ALL_OF:
	case FH_KEYWORD_ANY_OF:
	case FH_KEYWORD_ONE_OF:
	case FH_KEYWORD_DEPENDENT_SCHEMAS:
	case FH_KEYWORD_DEPENDENCIES:
		return rule->rows;
	default:
		return 0;
	}
}

static const struct fh_schema_node *asked(const struct fh_schema_rule *rule, size_t i)
{
	if (rule->row != nullptr)
		return rule->row[i].node;
	return i == 0 ? rule->node : i == 1 ? rule->yes : rule->no;
}

/* The next schema that S asks about the same instance, or NULL.  */
static const struct fh_schema_node *next_of(struct step *s)
{
	for (; s->rule != nullptr; s->rule = s->rule->next, s->next = 0) {
		while (s->next < count(s->rule)) {
			const struct fh_schema_node *found = asked(s->rule, s->next++);

			if (found != nullptr)
				return found;
		}
	}
	return nullptr;
}

static void enter(struct walk *w, const struct fh_schema_node *node)
{
	w->state[node->number] = STATE_OPEN;
	w->step[w->n++] = (struct step){ node, node->rules, 0 };
}

/* Follows all ways from NODE, which is new.  */
static bool walk_from(struct fh_schema_reading *r, struct walk *w,
		      const struct fh_schema_node *node)
{
	enter(w, node);
	while (w->n > 0) {
		struct step *s = &w->step[w->n - 1];
		const struct fh_schema_node *next = next_of(s);

		if (next == nullptr) {
			w->state[s->node->number] = STATE_DONE;
			w->n--;
		} else if (w->state[next->number] == STATE_OPEN) {
			return fh_schema_refuse(r, next->json, FH_ERR_UNSUPPORTED,
						"asks itself about the same value, without end",
						"break the circle of references");
		} else if (w->state[next->number] == STATE_NEW) {
			enter(w, next);
		}
	}
	return true;
}

bool fh_schema_ends(struct fh_schema_reading *r)
{
	struct walk w = { .step = fh_arena_array(r->arena, r->nodes, sizeof(*w.step)),
			  .state = fh_arena_take(r->arena, r->nodes) };

	if (w.step == nullptr || w.state == nullptr)
		return fh_schema_full(r, r->first->json);
	for (const struct fh_schema_node *n = r->first; n != nullptr; n = n->next) {
		if (w.state[n->number] == STATE_NEW && !walk_from(r, &w, n))
			return false;
	}
	return true;
}
