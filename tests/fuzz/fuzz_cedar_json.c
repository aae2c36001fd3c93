/* SPDX-License-Identifier: Apache-2.0 */
/* Cedar's JSON: entities, a context and policies.  Entities that are accepted have
 * a hierarchy without circles; policies are written as they were read; what is
 * refused has a place, a reason and a cure.  */
#include <stdlib.h>

#include "base/limits.h"
#include "policy/entities_json.h"
#include "policy/est.h"

constexpr size_t room = 32 << 20;
constexpr size_t json_max = 4 << 20;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_refusal(fh_err e, const struct fh_trace *t)
{
	if (e != FH_ERR_OK && (t->where[0] == '\0' || t->what[0] == '\0' || t->cure[0] == '\0'))
		abort();
}

static void walk(const struct fh_entities *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct fh_entity *e = &s->list[i];

		if (fh_entities_find(s, &e->key) != e || !fh_entity_in(e, &e->key))
			abort();
		for (uint32_t k = 0; k < e->ancestors_n; k++) {
			if (fh_entity_equal(e->ancestors[k]->uid, e->key.uid) ||
			    !fh_entity_in(e, e->ancestors[k]))
				abort();
		}
	}
}

static void rewrite(const struct fh_policies *p, struct fh_arena *a)
{
	static uint8_t first[json_max], second[json_max];
	struct fh_builder b = FH_BUILDER_ARRAY(first), again = FH_BUILDER_ARRAY(second);
	struct fh_policies read;

	fh_est_write(&b, p);
	if (b.bad)
		return;
	fh_err e = fh_est_read(fh_builder_span(&b), json_max, "est", a, &read, nullptr);

	if (e == FH_ERR_NOMEM)
		return;
	if (e != FH_ERR_OK)
		abort();
	fh_est_write(&again, &read);
	if (!fh_span_equal(fh_builder_span(&b), fh_builder_span(&again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[room];
	struct fh_span text = fh_span_of(bytes, n);
	struct fh_arena a = fh_arena_of(memory, room);
	struct fh_entities entities;
	struct fh_policies policies;
	struct fh_trace t = { 0 };
	struct fh_value context;
	fh_err e = fh_entities_read(text, "entities", &a, &entities, &t);

	check_refusal(e, &t);
	if (e == FH_ERR_OK)
		walk(&entities);
	t = (struct fh_trace){ 0 };
	fh_arena_reset(&a);
	e = fh_context_read(text, "context", &a, &context, &t);
	check_refusal(e, &t);
	if (e == FH_ERR_OK && !fh_value_equal(&context, &context))
		abort();
	t = (struct fh_trace){ 0 };
	fh_arena_reset(&a);
	e = fh_est_read(text, json_max, "policies", &a, &policies, &t);
	check_refusal(e, &t);
	if (e == FH_ERR_OK)
		rewrite(&policies, &a);
	return 0;
}
