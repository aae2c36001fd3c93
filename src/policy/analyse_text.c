/* SPDX-License-Identifier: Apache-2.0 */
/* Each pattern is a machine whose state is how much of it is matched: what stands between
 * two wildcards is looked for as early as it can be found, and after a miss goes on with
 * what of it the text still ends in (Knuth, Morris and Pratt).  All machines read one text
 * together; the first common state that pleases all of them gives the text.  */
#include "policy/analyse_text.h"

#include "policy/lexer.h"

constexpr uint32_t wildcard = UINT32_MAX;
constexpr uint32_t dead = UINT32_MAX;
constexpr size_t letters_max = 512;
constexpr size_t points_max = 8192; /* of all patterns together */

struct machine {
	const uint32_t *point; /* characters, or wildcard */
	uint32_t n;
	bool matches;
};

struct search {
	struct machine machine[FH_TEXT_PATTERNS_MAX];
	size_t machines;
	uint32_t letter[letters_max]; /* that patterns name, and one that none does */
	size_t letters;
	uint32_t *state;   /* machines for each state that was met */
	uint32_t *from;    /* the state before it */
	uint32_t *by;      /* the letter between them */
	size_t states;
	uint32_t *slot;    /* hash table of states plus one */
};

/* --- characters ------------------------------------------------------------- */

/* The character at the front of *S, which is valid UTF-8 or begins with a wildcard.  */
static uint32_t next_point(struct fh_span *s)
{
	uint8_t first = s->p[0];
	size_t n = first < 0x80 || first == FH_WILDCARD ? 1
		   : first < 0xe0                       ? 2
		   : first < 0xf0                       ? 3
							: 4;
	uint32_t point = n == 1 ? first : first & (0x7fu >> n);

	n = n < s->n ? n : s->n;
	for (size_t i = 1; i < n; i++)
		point = point << 6 | (s->p[i] & 0x3f);
	*s = fh_span_skip(*s, n);
	return first == FH_WILDCARD ? wildcard : point;
}

static size_t put_point(uint32_t x, uint8_t *p)
{
	static const uint8_t mark[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = x < 0x80 ? 1 : x < 0x800 ? 2 : x < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; x >>= 6)
		p[i] = (uint8_t)(0x80 | (x & 0x3f));
	p[0] = (uint8_t)(n == 1 ? x : mark[n] | x);
	return n;
}

static bool names_letter(const struct search *s, uint32_t x)
{
	for (size_t i = 0; i < s->letters; i++) {
		if (s->letter[i] == x)
			return true;
	}
	return false;
}

static bool add_letter(struct search *s, uint32_t x)
{
	if (x == wildcard || names_letter(s, x))
		return true;
	if (s->letters == letters_max)
		return false;
	s->letter[s->letters++] = x;
	return true;
}

/* The letter that stands for all that no pattern names; the first, so that it is met
 * first.  */
static bool add_other_letter(struct search *s)
{
	uint32_t x = 'a';

	while (names_letter(s, x))
		x = x == 'z' ? 0x100 : x + 1;
	if (!add_letter(s, x))
		return false;
	s->letter[s->letters - 1] = s->letter[0];
	s->letter[0] = x;
	return true;
}

static bool add_machines(struct search *s, const struct fh_text_demand *d, size_t n,
			 struct fh_arena *a)
{
	uint32_t *room = fh_arena_space(a, points_max * sizeof(*room));
	size_t used = 0;

	for (size_t i = 0; i < n && room != nullptr; i++) {
		struct fh_span rest = d[i].pattern;
		struct machine *m = &s->machine[s->machines++];

		*m = (struct machine){ .point = room + used, .matches = d[i].matches };
		while (rest.n > 0) {
			if (used == points_max)
				return false;
			room[used] = next_point(&rest);
			if (!add_letter(s, room[used++]))
				return false;
			m->n++;
		}
	}
	return room != nullptr && add_other_letter(s);
}

/* --- one machine -------------------------------------------------------------- */

/* Steps over wildcards.  */
static uint32_t settle(const struct machine *m, uint32_t at)
{
	while (at < m->n && m->point[at] == wildcard)
		at++;
	return at;
}

/* The first K characters behind START, which all are letters, are the last ones of what
 * is matched up to AT with X behind it.  */
static bool overlaps(const struct machine *m, uint32_t start, uint32_t at, uint32_t k, uint32_t x)
{
	if (k == 0)
		return true;
	for (uint32_t i = 0; i + 1 < k; i++) {
		if (m->point[start + i] != m->point[at - (k - 1) + i])
			return false;
	}
	return m->point[start + k - 1] == x;
}

static uint32_t step(const struct machine *m, uint32_t at, uint32_t x)
{
	uint32_t start = at;

	if (at == dead)
		return dead;
	if (at < m->n && m->point[at] == x)
		return settle(m, at + 1);
	while (start > 0 && m->point[start - 1] != wildcard)
		start--;
	if (start == 0)
		return dead; /* no wildcard before: the text begins with something else */
	uint32_t k = at - start; /* a match of K + 1 would have been a hit, or is too long */

	while (!overlaps(m, start, at, k, x))
		k--;
	return settle(m, start + k);
}

/* --- all of them ---------------------------------------------------------------- */

static bool pleases(const struct search *s, const uint32_t *state)
{
	for (size_t i = 0; i < s->machines; i++) {
		if ((state[i] == s->machine[i].n) != s->machine[i].matches)
			return false;
	}
	return true;
}

/* A text that goes on from STATE may please.  */
static bool hopeful(const struct search *s, const uint32_t *state)
{
	for (size_t i = 0; i < s->machines; i++) {
		const struct machine *m = &s->machine[i];

		if (m->matches && state[i] == dead)
			return false;
		if (!m->matches && state[i] == m->n && m->n > 0 && m->point[m->n - 1] == wildcard)
			return false;
	}
	return true;
}

/* Enters the state behind those that were met, unless it was met.  */
static void enter(struct search *s, size_t from, uint32_t by)
{
	const uint32_t *fresh = &s->state[s->states * s->machines];
	uint32_t mask = 4 * FH_TEXT_STATES_MAX - 1;
	uint64_t h = 0;

	for (size_t i = 0; i < s->machines; i++)
		h = (h ^ fresh[i]) * UINT64_C(0x9e3779b97f4a7c15) >> 1;
	uint32_t at = (uint32_t)(h >> 20) & mask;

	for (; s->slot[at] != 0; at = (at + 1) & mask) {
		const uint32_t *held = &s->state[(s->slot[at] - 1) * s->machines];
		size_t i = 0;

		while (i < s->machines && held[i] == fresh[i])
			i++;
		if (i == s->machines)
			return;
	}
	s->from[s->states] = (uint32_t)from;
	s->by[s->states] = by;
	s->slot[at] = (uint32_t)++s->states;
}

/* The text that leads to state AT.  */
static enum fh_text_found tell(const struct search *s, size_t at, struct fh_arena *a,
			       struct fh_span *out)
{
	uint8_t *end = fh_arena_space(a, 4 * FH_TEXT_STATES_MAX), *p = end;

	if (end == nullptr)
		return FH_TEXT_UNKNOWN;
	p = end += 4 * FH_TEXT_STATES_MAX;
	for (; at != 0; at = s->from[at]) {
		uint8_t letter[4];
		size_t n = put_point(s->by[at], letter);

		for (size_t i = n; i > 0; i--)
			*--p = letter[i - 1];
	}
	*out = fh_span_of(p, (size_t)(end - p));
	return FH_TEXT_FOUND;
}

static enum fh_text_found run(struct search *s, struct fh_arena *a, struct fh_span *out)
{
	for (size_t i = 0; i < s->machines; i++)
		s->state[i] = settle(&s->machine[i], 0);
	enter(s, 0, 0);
	for (size_t at = 0; at < s->states; at++) {
		const uint32_t *state = &s->state[at * s->machines];

		if (pleases(s, state))
			return tell(s, at, a, out);
		for (size_t l = 0; l < s->letters && hopeful(s, state); l++) {
			if (s->states == FH_TEXT_STATES_MAX)
				return FH_TEXT_UNKNOWN;
			for (size_t i = 0; i < s->machines; i++)
				s->state[s->states * s->machines + i] =
					step(&s->machine[i], state[i], s->letter[l]);
			enter(s, at, s->letter[l]);
		}
	}
	return FH_TEXT_NONE;
}

enum fh_text_found fh_text_find(const struct fh_text_demand *demand, size_t n, struct fh_arena *a,
				struct fh_span *out)
{
	struct search *s = fh_arena_space(a, sizeof(*s));
	size_t states = FH_TEXT_STATES_MAX + 1;

	if (s == nullptr || n > FH_TEXT_PATTERNS_MAX)
		return FH_TEXT_UNKNOWN;
	*s = (struct search){ .state = fh_arena_space(a, states * n * sizeof(uint32_t)),
			      .from = fh_arena_space(a, states * sizeof(uint32_t)),
			      .by = fh_arena_space(a, states * sizeof(uint32_t)),
			      .slot = fh_arena_array(a, 4 * FH_TEXT_STATES_MAX, sizeof(uint32_t)) };
	if (s->state == nullptr || s->from == nullptr || s->by == nullptr || s->slot == nullptr ||
	    !add_machines(s, demand, n, a))
		return FH_TEXT_UNKNOWN;
	return run(s, a, out);
}
