/* SPDX-License-Identifier: Apache-2.0 */
/* The machine is in all states at once in which some way of matching could be, so
 * each character is looked at once, and in each state at most once.  */
#include "schema/regex_private.h"

/* States, each at most once, in the order in which they came.  */
struct states {
	uint32_t *list;
	uint32_t n;
};

struct machine {
	const struct fh_regex *regex;
	const struct fh_regex_program *program;
	struct fh_span text;
	struct states now, then;
	uint32_t *seen;       /* by state: the turn in which it was added last */
	uint32_t *todo;       /* states to be followed */
	uint32_t turn;        /* rises with each place */
	uint8_t *const *hold; /* by lookaround: a bit per place where it holds */
	uint8_t *holds;       /* those of this program, or NULL for the main one */
	uint64_t *steps;
};

/* The character that begins at AT.  */
static uint32_t character_at(struct fh_span s, size_t at, size_t *n)
{
	uint8_t lead = s.p[at];
	uint32_t v = lead;

	*n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (*n > s.n - at)
		*n = s.n - at; /* no valid text ends so */
	if (*n > 1)
		v = lead & (0x7fu >> *n);
	for (size_t i = 1; i < *n; i++)
		v = v << 6 | (s.p[at + i] & 0x3f);
	return v;
}

/* The character that ends before AT.  */
static uint32_t character_before(struct fh_span s, size_t at, size_t *n)
{
	size_t from = at - 1;

	while (from > 0 && (s.p[from] & 0xc0) == 0x80)
		from--;
	uint32_t v = character_at(s, from, n);

	*n = at - from;
	return v;
}

static bool is_word(struct fh_span s, size_t at)
{
	if (at >= s.n)
		return false;
	uint8_t b = s.p[at], low = b | 0x20;

	return (b >= '0' && b <= '9') || b == '_' || (b < 0x80 && low >= 'a' && low <= 'z');
}

static bool holds_at(const uint8_t *bits, size_t at)
{
	return bits[at / 8] >> (at % 8) & 1;
}

/* Whether a state that asks about the place AT lets one pass.  */
static bool passes(const struct machine *m, const struct fh_regex_state *s, size_t at)
{
	bool edge = (at > 0 && is_word(m->text, at - 1)) != is_word(m->text, at);

	switch (s->op) {
	case FH_REGEX_OP_BEGIN:
		return at == 0;
	case FH_REGEX_OP_END:
		return at == m->text.n;
	case FH_REGEX_OP_WORD:
		return edge;
	case FH_REGEX_OP_NOT_WORD:
		return !edge;
	case FH_REGEX_OP_LOOK:
		return holds_at(m->hold[s->x], at);
	default:
		return !holds_at(m->hold[s->x], at);
	}
}

/* Adds STATE at the place AT to INTO, and all states that follow without a
 * character.  True if the end of the program is among them.  */
static bool follow(struct machine *m, struct states *into, uint32_t state, size_t at)
{
	uint32_t n = 0;
	bool match = false;

	m->todo[n++] = state;
	while (n > 0) {
		uint32_t i = m->todo[--n];
		const struct fh_regex_state *s = &m->program->state[i];

		if (m->seen[i] == m->turn)
			continue;
		m->seen[i] = m->turn;
		*m->steps -= *m->steps > 0;
		if (s->op == FH_REGEX_OP_MATCH) {
			match = true;
		} else if (s->op == FH_REGEX_OP_SET) {
			into->list[into->n++] = i;
		} else if (s->op == FH_REGEX_OP_SPLIT) {
			m->todo[n++] = s->y;
			m->todo[n++] = s->x;
		} else if (s->op == FH_REGEX_OP_JUMP) {
			m->todo[n++] = s->x;
		} else if (passes(m, s, at)) {
			m->todo[n++] = i + 1;
		}
	}
	return match;
}

/* Takes the character C, behind which is the place AT.  */
static bool step(struct machine *m, uint32_t c, size_t at)
{
	struct states old = m->now;
	bool match = false;

	m->turn++;
	m->then.n = 0;
	for (uint32_t i = 0; i < m->now.n; i++) {
		uint32_t state = m->now.list[i];

		*m->steps -= *m->steps > 0;
		if (fh_code_set_has(m->program->state[state].set, c))
			match |= follow(m, &m->then, state + 1, at);
	}
	m->now = m->then;
	m->then = old;
	return match;
}

/* Runs over the text; true as soon as the main program has matched.  */
static bool run(struct machine *m)
{
	bool backward = m->program->backward;
	bool anchored = !backward && m->program->state[0].op == FH_REGEX_OP_BEGIN;
	size_t at = backward ? m->text.n : 0;
	bool match = false;

	m->turn++; /* the states of the program before say nothing about this one */
	m->now.n = 0;
	for (;;) {
		size_t n;

		if (!anchored || at == 0)
			match |= follow(m, &m->now, 0, at);
		if (match && m->holds == nullptr)
			return true;
		if (match)
			m->holds[at / 8] |= (uint8_t)(1 << (at % 8));
		if (*m->steps == 0 || at == (backward ? 0 : m->text.n) ||
		    (anchored && m->now.n == 0))
			return false;
		uint32_t c = backward ? character_before(m->text, at, &n)
				      : character_at(m->text, at, &n);

		at = backward ? at - n : at + n;
		match = step(m, c, at);
	}
}

static bool make_room(struct machine *m, struct fh_arena *scratch)
{
	size_t n = m->regex->states_max, looks = m->regex->looks;
	uint8_t **hold = fh_arena_array(scratch, looks + 1, sizeof(*hold));

	m->now.list = fh_arena_array(scratch, n, sizeof(uint32_t));
	m->then.list = fh_arena_array(scratch, n, sizeof(uint32_t));
	m->seen = fh_arena_array(scratch, n, sizeof(uint32_t));
	/* A state is followed once and leaves at most two.  */
	m->todo = fh_arena_array(scratch, 2 * n + 1, sizeof(uint32_t));
	for (size_t i = 0; i < looks && hold != nullptr; i++) {
		hold[i] = fh_arena_take(scratch, m->text.n / 8 + 1);
		if (hold[i] == nullptr)
			return false;
	}
	m->hold = hold;
	return hold != nullptr && m->now.list != nullptr && m->then.list != nullptr &&
	       m->seen != nullptr && m->todo != nullptr;
}

/* All lookarounds, each behind those within it, and the pattern.  */
static bool run_all(struct machine *m)
{
	for (size_t i = 0; i < m->regex->looks; i++) {
		m->program = &m->regex->look[i];
		m->holds = m->hold[i];
		(void)run(m);
	}
	m->program = &m->regex->main;
	m->holds = nullptr;
	return run(m);
}

fh_err fh_regex_search(const struct fh_regex *r, struct fh_span text, struct fh_arena *scratch,
		       uint64_t *steps, bool *found)
{
	struct machine m = { .regex = r, .text = text, .steps = steps };
	size_t taken = scratch->n;

	/* A turn per place and program must fit its counter.  */
	if (text.n / 8 > UINT32_MAX / 16 / (r->looks + 1))
		return FH_ERR_LIMIT;
	bool room = make_room(&m, scratch);
	bool match = room && run_all(&m);

	scratch->n = taken;
	if (!room)
		return FH_ERR_NOMEM;
	if (*steps == 0)
		return FH_ERR_LIMIT;
	*found = match;
	return FH_ERR_OK;
}
