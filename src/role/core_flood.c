/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals that are so many that they are counted: what a loop of denied calls may add to the
 * record is bounded, and nothing of it is left uncounted.  docs/spec/LEAF, "Counted refusals".  */
#include "role/core_flood.h"

#include "role/core.h"

#include "os/clock.h"
#include "role/log.h"

#include <stdio.h>

static_assert(FH_REASON_MAX <= FH_COUNTED_REASON_MAX);

/* Those who name nobody make a bounded number of entries a second at one gate, and the next one
 * says how many were left out.  */
static bool single_of_nobody(struct fh_core_gate *g, const struct fh_ask *ask)
{
	uint64_t second = fh_clock_boot_ms() / 1000;

	if (second != g->second) {
		g->second = second;
		g->refusals = 0;
	}
	if (g->refusals >= FH_CORE_REFUSALS_PER_SECOND)
		return false;
	g->refusals += fh_flood_cost(ask->params.n);
	return true;
}

/* Whether it was counted, and then in *ANSWER_MS when it may be answered.  */
static bool count(struct fh_core *c, struct fh_core_gate *g, const struct fh_core_actor *actor,
		  const struct fh_ask *ask, const char *reason, uint64_t *answer_ms)
{
	bool full = fh_core_full(c) != nullptr;

	if (!actor->identified) {
		if (!full && single_of_nobody(g, ask))
			return false;
		g->suppressed++;
		*answer_ms = fh_flood_pace(&g->busy_us, fh_clock_boot_ms());
		return true;
	}
	const struct fh_flood_refusal r = { .who = actor->name, .reason = fh_span_str(reason),
					    .server = ask->server, .tool = ask->tool,
					    .params = ask->params,
					    .lo_ms = fh_core_now(c).lo_ms };

	if (!full && fh_flood_single(&c->flood, &r, fh_clock_boot_ms()))
		return false;
	if (full)
		fh_flood_count(&c->flood, &r, fh_clock_boot_ms());
	*answer_ms = c->flood.answer_ms;
	return true;
}

/* What its gate refused itself is not answered by core, so a peer that loops with that is heard
 * less often instead: its gate is its own.  At the network's gate others would wait behind it.  */
static void let_rest(struct fh_core_gate *g)
{
	if (g->peer.network || ++g->counted < FH_FLOOD_AT_ONCE)
		return;
	g->counted = 0;
	g->rest_ms = fh_clock_boot_ms() + FH_FLOOD_REST_MS;
}

bool fh_core_flood(struct fh_core *c, size_t i, const struct fh_core_actor *actor,
		   const struct fh_ask *ask, const char *reason)
{
	struct fh_core_gate *g = &c->gate[i];
	uint64_t answer_ms = 0;
	bool counted = count(c, g, actor, ask, reason, &answer_ms);

	if (counted && ask->kind == FH_ASK_REFUSED)
		let_rest(g);
	if (answer_ms > g->answer_ms)
		g->answer_ms = answer_ms;
	return counted;
}

bool fh_core_flood_answer(struct fh_core *c, size_t i, const struct fh_core_actor *actor,
			  struct fh_span question, const char *code)
{
	const struct fh_ask asked = { .kind = FH_ASK_QUESTION, .params = question };
	char reason[FH_COUNTED_REASON_MAX + 1];

	(void)snprintf(reason, sizeof(reason), FH_COUNTED_ANSWER "%s", code);
	return fh_core_flood(c, i, actor, &asked, reason);
}

struct fh_span fh_core_flood_text(struct fh_core *c, struct fh_span text)
{
	uint8_t *p = fh_arena_space(&c->scratch, text.n + 128);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : text.n + 128);

	fh_builder_bytes(&b, text);
	fh_builder_text(&b, text.n > 0 ? "; " : "");
	fh_builder_text(&b, "this was counted in the record with others, and has no entry of its "
			    "own");
	return b.bad ? text : fh_builder_span(&b);
}

static fh_err tell(struct fh_core *c, const struct fh_flood_actor *a, struct fh_flood_tally *t)
{
	const struct fh_counted n = { .count = t->count, .first_ms = t->first_ms,
				      .last_ms = t->last_ms, .digest = t->digest,
				      .reason = fh_span_of(t->reason, t->reason_n) };
	struct fh_span name = fh_span_of(a->name, a->name_n);
	char class[FH_CLASS_MAX + 1];
	uint8_t bytes[FH_COUNTED_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_fields f = { 0 };
	fh_err e = FH_ERR_OK;

	fh_arena_reset(&c->scratch);
	fh_counted_put(&b, &n);
	if (b.bad)
		return FH_ERR_STATE;
	if (name.n > 0)
		e = fh_core_field_entity(c, &f, FH_FIELD_ACTOR,
					 fh_entity_uid_of(FH_TYPE_ACTOR, name));
	if (e == FH_ERR_OK)
		e = fh_core_field(c, &f, FH_FIELD_DETAIL, fh_builder_span(&b));
	if (e == FH_ERR_OK)
		e = fh_core_append_about(c, name, FH_ENTRY_REFUSAL, fh_core_class(c, 0, class), &f,
					 /* index= */ nullptr);
	if (e == FH_ERR_OK) {
		c->metrics.counted += t->count;
		fh_flood_told(&c->flood, t);
	}
	return e;
}

fh_err fh_core_flood_tell(struct fh_core *c, bool all)
{
	const struct fh_flood_actor *who;
	struct fh_flood_tally *t = nullptr;
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && fh_core_full(c) == nullptr
	       && (t = fh_flood_due(&c->flood, fh_clock_boot_ms(), all, &who)) != nullptr)
		e = tell(c, who, t);
	if (all && e == FH_ERR_OK && c->flood.waiting > 0)
		fh_log(FH_LOG_PRIORITY_WARNING, "core",
		       "%llu refusals were counted, and the record has no room to say so",
		       (unsigned long long)c->flood.waiting);
	return e;
}

uint64_t fh_core_flood_due_ms(const struct fh_core *c)
{
	return fh_core_full(c) != nullptr ? UINT64_MAX : fh_flood_due_ms(&c->flood);
}
