/* SPDX-License-Identifier: Apache-2.0 */
/* From the tree to a program: each state takes one character, branches or asks
 * about the place.  A count is written out, so that a state is only ever a place in
 * the pattern and the machine needs no counters.  */
#include "schema/regex.h"

#include "base/limits.h"
#include "schema/regex_private.h"

/* States that N takes, or FH_REGEX_STATES_MAX + 1 for too many.  Its recursion is
 * bounded by FH_REGEX_NESTING_MAX, as the tree's depth is.  */
static uint64_t size_of(const struct fh_regex_node *n);

static uint64_t size_of_children(const struct fh_regex_node *n)
{
	uint64_t total = 0;

	for (const struct fh_regex_node *c = n->first; c != nullptr; c = c->next) {
		total += size_of(c);
		/* All but the last of a choice: a branch before, a jump behind.  */
		total += n->kind == FH_REGEX_CHOICE && c->next != nullptr ? 2 : 0;
		if (total > FH_REGEX_STATES_MAX)
			return FH_REGEX_STATES_MAX + 1;
	}
	return total;
}

static uint64_t size_of_repeat(const struct fh_regex_node *n)
{
	uint64_t body = size_of(n->first);

	if (body == 0)
		return 0;
	if (n->max == FH_REGEX_WITHOUT_END)
		return n->min == 0 ? body + 2 : (uint64_t)n->min * body + 1;
	return n->min * body + (uint64_t)(n->max - n->min) * (body + 1);
}

static uint64_t size_of(const struct fh_regex_node *n)
{
	uint64_t size = 1;

	if (n->kind == FH_REGEX_EMPTY)
		size = 0;
	else if (n->kind == FH_REGEX_SEQUENCE || n->kind == FH_REGEX_CHOICE)
		size = size_of_children(n);
	else if (n->kind == FH_REGEX_REPEAT)
		size = size_of_repeat(n);
	return size > FH_REGEX_STATES_MAX ? FH_REGEX_STATES_MAX + 1 : size;
}

struct writing {
	struct fh_regex_state *state;
	uint32_t n;
	bool backward; /* sequences from their last child to their first */
};

static struct fh_regex_state *add(struct writing *w, enum fh_regex_op op)
{
	struct fh_regex_state *s = &w->state[w->n++];

	s->op = op;
	return s;
}

static void write_node(struct writing *w, const struct fh_regex_node *n);

static void write_sequence(struct writing *w, const struct fh_regex_node *n)
{
	const struct fh_regex_node *c = w->backward ? n->last : n->first;

	for (; c != nullptr; c = w->backward ? c->before : c->next)
		write_node(w, c);
}

/* A branch to each choice; those that are done jump to the end, which is known
 * only then: until it is, each jump holds the one before it.  */
static void write_choice(struct writing *w, const struct fh_regex_node *n)
{
	uint32_t jump = UINT32_MAX;

	for (const struct fh_regex_node *c = n->first; c != nullptr; c = c->next) {
		struct fh_regex_state *split = nullptr;

		if (c->next != nullptr) {
			split = add(w, FH_REGEX_OP_SPLIT);
			split->x = w->n;
		}
		write_node(w, c);
		if (split != nullptr) {
			add(w, FH_REGEX_OP_JUMP)->x = jump;
			jump = w->n - 1;
			split->y = w->n;
		}
	}
	while (jump != UINT32_MAX) {
		uint32_t before = w->state[jump].x;

		w->state[jump].x = w->n;
		jump = before;
	}
}

static void write_star(struct writing *w, const struct fh_regex_node *body)
{
	struct fh_regex_state *split = add(w, FH_REGEX_OP_SPLIT);

	split->x = w->n;
	write_node(w, body);
	add(w, FH_REGEX_OP_JUMP)->x = (uint32_t)(split - w->state);
	split->y = w->n;
}

static void write_repeat(struct writing *w, const struct fh_regex_node *n)
{
	uint32_t body = 0, left = n->max - n->min;
	uint32_t size = (uint32_t)size_of(n->first);

	if (size == 0)
		return;
	for (uint32_t i = 0; i < n->min; i++) {
		body = w->n;
		write_node(w, n->first);
	}
	if (n->max != FH_REGEX_WITHOUT_END) {
		uint32_t end = w->n + left * (size + 1);

		for (uint32_t i = 0; i < left; i++) {
			struct fh_regex_state *split = add(w, FH_REGEX_OP_SPLIT);

			split->x = w->n;
			split->y = end;
			write_node(w, n->first);
		}
	} else if (n->min == 0) {
		write_star(w, n->first);
	} else {
		struct fh_regex_state *split = add(w, FH_REGEX_OP_SPLIT);

		split->x = body;
		split->y = w->n;
	}
}

static void write_node(struct writing *w, const struct fh_regex_node *n)
{
	static const enum fh_regex_op ops[] = {
		[FH_REGEX_BEGIN] = FH_REGEX_OP_BEGIN,
		[FH_REGEX_END] = FH_REGEX_OP_END,
		[FH_REGEX_WORD] = FH_REGEX_OP_WORD,
		[FH_REGEX_NOT_WORD] = FH_REGEX_OP_NOT_WORD,
		[FH_REGEX_LOOK] = FH_REGEX_OP_LOOK,
		[FH_REGEX_LOOK_NOT] = FH_REGEX_OP_LOOK_NOT,
	};

	switch (n->kind) {
	case FH_REGEX_EMPTY:
		return;
	case FH_REGEX_SET:
		add(w, FH_REGEX_OP_SET)->set = n->set;
		return;
	case FH_REGEX_SEQUENCE:
		write_sequence(w, n);
		return;
	case FH_REGEX_CHOICE:
		write_choice(w, n);
		return;
	case FH_REGEX_REPEAT:
		write_repeat(w, n);
		return;
	default:
		add(w, ops[n->kind])->x = (uint32_t)n->look;
	}
}

/* Writes N, and adds its states to *TOTAL, which bounds those of a whole pattern.  */
static bool write_program(struct fh_regex_reading *r, const struct fh_regex_node *n, bool backward,
			  uint64_t *total, struct fh_regex_program *out)
{
	uint64_t size = size_of(n) + 1;

	*total += size;
	if (*total > FH_REGEX_STATES_MAX) {
		(void)fh_regex_refuse(r, FH_ERR_LIMIT, "with its counts written out, too large",
				      "use smaller counts, or `*` and maxLength");
		return false;
	}
	struct writing w = { .state = fh_arena_array(r->arena, size, sizeof(*w.state)),
			     .backward = backward };

	if (w.state == nullptr)
		return fh_regex_full(r) != nullptr;
	write_node(&w, n);
	(void)add(&w, FH_REGEX_OP_MATCH);
	*out = (struct fh_regex_program){ w.state, w.n, backward };
	return true;
}

static bool write_looks(struct fh_regex_reading *r, uint64_t *total, struct fh_regex *out)
{
	struct fh_regex_program *program = fh_arena_array(r->arena, r->looks + 1, sizeof(*program));
	size_t i = 0;

	if (program == nullptr)
		return fh_regex_full(r) != nullptr;
	out->look = program;
	out->looks = r->looks;
	for (const struct fh_regex_look *l = r->look; l != nullptr; l = l->next, i++) {
		if (!write_program(r, l->node, l->ahead, total, &program[i]))
			return false;
		if (program[i].n > out->states_max)
			out->states_max = program[i].n;
	}
	return true;
}

fh_err fh_regex_read(struct fh_span pattern, struct fh_arena *a, const struct fh_regex **out,
		     struct fh_trace *t)
{
	struct fh_regex_reading r = { .c = fh_cursor_of(pattern), .pattern = pattern, .arena = a,
				      .trace = t };
	struct fh_regex *made = fh_arena_take(a, sizeof(*made));
	const struct fh_regex_node *tree = nullptr;
	uint64_t total = 0;

	r.look_last = &r.look;
	if (made == nullptr)
		(void)fh_regex_full(&r);
	else if (pattern.n > FH_REGEX_PATTERN_MAX)
		(void)fh_regex_refuse(&r, FH_ERR_LIMIT, "too long", "make it shorter");
	else
		tree = fh_regex_tree(&r);
	if (tree == nullptr || !write_looks(&r, &total, made) ||
	    !write_program(&r, tree, false, &total, &made->main))
		return r.e;
	if (made->main.n > made->states_max)
		made->states_max = made->main.n;
	*out = made;
	return FH_ERR_OK;
}
