/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_solver.h"

#include "base/sort.h"

constexpr double fading = 1 / 0.95;     /* how much more the next conflict counts */
constexpr double activity_max = 1e100;
constexpr uint32_t restart_conflicts = 256;

/* --- memory ------------------------------------------------------------- */

fh_err fh_solver_begin(struct fh_solver *s, const struct fh_formulas *f, struct fh_arena *a,
		       uint64_t *work)
{
	constexpr size_t n = FH_FORMULA_NODES_MAX;
	constexpr size_t each = sizeof(uint32_t);
	struct fh_solver made = {
		.f = f, .work = work, .step = 1, .nodes = 1,
		.clause = fh_arena_space(a, FH_SOLVER_WORDS_MAX * each),
		.watch = fh_arena_space(a, FH_SOLVER_LINKS_MAX * sizeof(*made.watch)),
		.watched = fh_arena_space(a, 2 * n * each),
		.value = fh_arena_space(a, n),
		.phase = fh_arena_space(a, n),
		.seen = fh_arena_space(a, n),
		.level = fh_arena_space(a, n * each),
		.reason = fh_arena_space(a, n * each),
		.activity = fh_arena_space(a, n * sizeof(double)),
		.heap = fh_arena_space(a, n * each),
		.place = fh_arena_space(a, n * each),
		.trail = fh_arena_space(a, n * each),
		.limit = fh_arena_space(a, (n + 1) * each),
		.learnt = fh_arena_space(a, n * each),
	};

	const void *const all[] = { made.clause, made.watch, made.watched, made.value,
				    made.phase, made.seen, made.level, made.reason,
				    made.activity, made.heap, made.place, made.trail,
				    made.limit, made.learnt };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] == nullptr)
			return FH_ERR_NOMEM;
	}
	*s = made;
	return FH_ERR_OK;
}

/* 1: the literal X holds, -1: it does not, 0: it is open.  */
static int value_of(const struct fh_solver *s, uint32_t x)
{
	if (x / 2 == 0)
		return (x & 1) == 1 ? 1 : -1;
	return (x & 1) == 0 ? s->value[x / 2] : -s->value[x / 2];
}

/* --- the heap of open nodes ----------------------------------------------- */

static void heap_put(struct fh_solver *s, uint32_t at, uint32_t node)
{
	s->heap[at] = node;
	s->place[node] = at + 1;
}

static void heap_up(struct fh_solver *s, uint32_t node)
{
	uint32_t at = s->place[node] - 1;

	for (; at > 0; at = (at - 1) / 2) {
		uint32_t up = s->heap[(at - 1) / 2];

		if (s->activity[up] >= s->activity[node])
			break;
		heap_put(s, at, up);
	}
	heap_put(s, at, node);
}

static void heap_add(struct fh_solver *s, uint32_t node)
{
	if (s->place[node] != 0)
		return;
	heap_put(s, s->heap_n++, node);
	heap_up(s, node);
}

static uint32_t heap_take(struct fh_solver *s)
{
	uint32_t top = s->heap[0], node = s->heap[--s->heap_n], at = 0;

	s->place[top] = 0;
	if (node == top)
		return top;
	for (;;) {
		uint32_t down = 2 * at + 1;

		if (down + 1 < s->heap_n &&
		    s->activity[s->heap[down + 1]] > s->activity[s->heap[down]])
			down++;
		if (down >= s->heap_n || s->activity[s->heap[down]] <= s->activity[node])
			break;
		heap_put(s, at, s->heap[down]);
		at = down;
	}
	heap_put(s, at, node);
	return top;
}

static void bump(struct fh_solver *s, uint32_t node)
{
	s->activity[node] += s->step;
	if (s->activity[node] > activity_max) {
		for (uint32_t i = 1; i < s->nodes; i++)
			s->activity[i] /= activity_max;
		s->step /= activity_max;
	}
	if (s->place[node] != 0)
		heap_up(s, node);
}

/* --- setting and taking back ---------------------------------------------- */

static void set(struct fh_solver *s, uint32_t x, uint32_t reason)
{
	s->value[x / 2] = (x & 1) == 0 ? 1 : -1;
	s->phase[x / 2] = (x & 1) == 0;
	s->level[x / 2] = s->levels;
	s->reason[x / 2] = reason;
	s->trail[s->trail_n++] = x;
}

static void go_back(struct fh_solver *s, uint32_t level)
{
	if (s->levels <= level)
		return;
	while (s->trail_n > s->limit[level + 1]) {
		uint32_t node = s->trail[--s->trail_n] / 2;

		s->value[node] = 0;
		heap_add(s, node);
	}
	s->queue = s->trail_n;
	s->levels = level;
}

/* --- clauses -------------------------------------------------------------- */

static void watch(struct fh_solver *s, uint32_t literal, uint32_t clause)
{
	if (s->watch_n == FH_SOLVER_LINKS_MAX) {
		s->full = true;
		return;
	}
	s->watch[s->watch_n] = (struct fh_solver_watch){ clause, s->watched[literal] };
	s->watched[literal] = ++s->watch_n;
}

/* Adds the clause of the N literals, at least two; where it is.  */
static uint32_t add(struct fh_solver *s, const uint32_t *literals, uint32_t n)
{
	uint32_t at = s->clause_n;

	if (n + 1 > FH_SOLVER_WORDS_MAX - at) {
		s->full = true;
		return 0;
	}
	s->clause[at] = n;
	for (uint32_t i = 0; i < n; i++)
		s->clause[at + 1 + i] = literals[i];
	s->clause_n += n + 1;
	watch(s, literals[0], at);
	watch(s, literals[1], at);
	return at;
}

static int order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* At the level of no decisions, what is set is set for good.  */
void fh_solver_demand(struct fh_solver *s, uint32_t *literals, uint32_t n)
{
	uint32_t kept = 0;

	go_back(s, 0);
	fh_sort(literals, n, sizeof(*literals), order);
	for (uint32_t i = 0; i < n; i++) {
		int v = value_of(s, literals[i]);

		if (v > 0 || (kept > 0 && literals[kept - 1] == (literals[i] ^ 1)))
			return;
		if (v == 0 && (kept == 0 || literals[kept - 1] != literals[i]))
			literals[kept++] = literals[i];
	}
	if (kept == 0)
		s->contradicted = true;
	else if (kept == 1)
		set(s, literals[0], 0);
	else
		(void)add(s, literals, kept);
}

/* What says that each new node is the conjunction that it is.  */
static void know_nodes(struct fh_solver *s)
{
	for (uint32_t i = s->nodes; i < s->f->n; i++) {
		s->value[i] = 0;
		s->phase[i] = s->seen[i] = 0;
		s->level[i] = s->reason[i] = s->place[i] = 0;
		s->activity[i] = 0;
		s->watched[2 * i] = s->watched[2 * i + 1] = 0;
	}
	for (; s->nodes < s->f->n; s->nodes++) {
		struct fh_formula_node x = s->f->node[s->nodes];
		uint32_t self = 2 * s->nodes;

		heap_add(s, s->nodes);
		if (x.a == FH_FORMULA_ATOM)
			continue;
		fh_solver_demand(s, (uint32_t[]){ self ^ 1, x.a }, 2);
		fh_solver_demand(s, (uint32_t[]){ self ^ 1, x.b }, 2);
		fh_solver_demand(s, (uint32_t[]){ self, x.a ^ 1, x.b ^ 1 }, 3);
	}
}

/* --- propagation ------------------------------------------------------------ */

/* The clause at AT, of which the watched literal GONE does not hold: watches another one,
 * or sets the last one.  What became of it.  */
enum visit {
	VISIT_MOVED,    /* it is watched elsewhere */
	VISIT_STAYS,
	VISIT_CONFLICT,
};

static enum visit visit(struct fh_solver *s, uint32_t at, uint32_t gone)
{
	uint32_t *literal = &s->clause[at + 1], n = s->clause[at];

	if (literal[0] == gone) {
		literal[0] = literal[1];
		literal[1] = gone;
	}
	if (value_of(s, literal[0]) > 0)
		return VISIT_STAYS;
	for (uint32_t i = 2; i < n; i++) {
		if (value_of(s, literal[i]) < 0)
			continue;
		literal[1] = literal[i];
		literal[i] = gone;
		return VISIT_MOVED;
	}
	if (value_of(s, literal[0]) < 0)
		return VISIT_CONFLICT;
	set(s, literal[0], at + 1);
	return VISIT_STAYS;
}

/* Sets what follows; the clause that cannot hold plus one, or 0.  */
static uint32_t propagate(struct fh_solver *s)
{
	while (s->queue < s->trail_n) {
		uint32_t gone = s->trail[s->queue++] ^ 1, *link = &s->watched[gone];

		while (*link != 0) {
			struct fh_solver_watch *w = &s->watch[*link - 1];
			enum visit v = visit(s, w->clause, gone);

			*s->work -= *s->work > 0;
			if (v == VISIT_CONFLICT)
				return w->clause + 1;
			if (v == VISIT_STAYS) {
				link = &w->next;
				continue;
			}
			uint32_t to = s->clause[w->clause + 2], index = *link;

			*link = w->next;
			w->next = s->watched[to];
			s->watched[to] = index;
		}
	}
	return 0;
}

/* --- learning --------------------------------------------------------------- */

/* Notes the literals of the clause AT but SKIP: how many are of this level.  */
static uint32_t note(struct fh_solver *s, uint32_t at, uint32_t skip, uint32_t *n)
{
	uint32_t here = 0;

	for (uint32_t i = 0; i < s->clause[at]; i++) {
		uint32_t x = s->clause[at + 1 + i], node = x / 2;

		if (x == skip || s->seen[node] || s->level[node] == 0)
			continue;
		s->seen[node] = 1;
		bump(s, node);
		if (s->level[node] == s->levels)
			here++;
		else
			s->learnt[(*n)++] = x;
	}
	return here;
}

/* From the clause AT, which does not hold, the one that says why (the first unique
 * implication point): its literals in s->learnt, the one to set first; how many.  */
static uint32_t learn(struct fh_solver *s, uint32_t at, uint32_t *level)
{
	uint32_t n = 1, open = note(s, at, 0, &n), i = s->trail_n, x;

	for (;;) {
		while (!s->seen[s->trail[i - 1] / 2])
			i--;
		x = s->trail[--i];
		s->seen[x / 2] = 0;
		if (--open == 0)
			break;
		open += note(s, s->reason[x / 2] - 1, x, &n);
	}
	s->learnt[0] = x ^ 1;
	*level = 0;
	for (uint32_t k = 1; k < n; k++) {
		uint32_t node = s->learnt[k] / 2;

		s->seen[node] = 0;
		if (s->level[node] <= *level)
			continue;
		*level = s->level[node];
		uint32_t first = s->learnt[1];

		s->learnt[1] = s->learnt[k];
		s->learnt[k] = first;
	}
	return n;
}

/* After the conflict in AT.  False: nothing satisfies the clauses.  */
static bool resolve(struct fh_solver *s, uint32_t at)
{
	uint32_t level, n, reason = 0;

	if (s->levels == 0) {
		s->contradicted = true;
		return false;
	}
	n = learn(s, at, &level);
	go_back(s, level);
	if (n > 1)
		reason = add(s, s->learnt, n) + 1;
	if (!s->full)
		set(s, s->learnt[0], reason);
	s->step *= fading;
	return true;
}

/* --- solving ----------------------------------------------------------------- */

/* Sets one more literal.  NO: WANTED cannot hold; YES: all are set.  */
static enum fh_solved decide(struct fh_solver *s, uint32_t wanted)
{
	uint32_t x = wanted;

	if (s->levels > 0 || value_of(s, wanted) > 0) {
		while (s->heap_n > 0 && s->value[s->heap[0]] != 0)
			(void)heap_take(s);
		if (s->heap_n == 0)
			return FH_SOLVED_YES;
		uint32_t node = heap_take(s);

		x = 2 * node + (s->phase[node] == 0);
	} else if (value_of(s, wanted) < 0) {
		return FH_SOLVED_NO;
	}
	s->limit[++s->levels] = s->trail_n;
	set(s, x, 0);
	return FH_SOLVED_UNKNOWN;
}

enum fh_solved fh_solver_solve(struct fh_solver *s, uint32_t wanted)
{
	uint32_t conflicts = 0;

	go_back(s, 0);
	know_nodes(s);
	while (!s->contradicted && !s->full && *s->work > 0) {
		uint32_t conflict = propagate(s);

		if (conflict != 0) {
			if (!resolve(s, conflict - 1))
				break;
			if (++conflicts % restart_conflicts == 0)
				go_back(s, 0);
			continue;
		}
		enum fh_solved done = decide(s, wanted);

		if (done != FH_SOLVED_UNKNOWN)
			return done;
	}
	return s->contradicted ? FH_SOLVED_NO : FH_SOLVED_UNKNOWN;
}
