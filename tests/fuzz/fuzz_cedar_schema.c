/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas of Cedar, and policies, entities and a request under them.  The input is in up
 * to three parts, with a line "---" between them: a schema (JSON if it begins with a
 * brace), policies, entities.  What is refused is refused with a place, a reason and a
 * cure.  What strict validation accepts, permissive validation does, and evaluating it
 * meets no error but overflow, an entity that does not exist, or what one lacks then.  */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "policy/authorize.h"
#include "policy/conform.h"
#include "policy/entities_json.h"
#include "policy/policies.h"
#include "policy/validate.h"

constexpr size_t room = 16 << 20;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What stands before the next "---" line of *REST, which goes on behind it.  */
static struct fh_span part(struct fh_span *rest)
{
	static const struct fh_span line = { (const uint8_t *)"\n---\n", 5 };
	struct fh_span all = *rest;

	for (size_t i = 0; i + line.n <= all.n; i++) {
		if (fh_span_starts(fh_span_skip(all, i), line)) {
			*rest = fh_span_skip(all, i + line.n);
			return fh_span_first(all, i);
		}
	}
	*rest = (struct fh_span){ 0 };
	return all;
}

static void check_trace(const struct fh_trace *t)
{
	if (t->where[0] == '\0' || t->what[0] == '\0' || t->cure[0] == '\0')
		abort();
}

static fh_err validate(const struct fh_schema *s, const struct fh_policies *all, bool permissive,
		       struct fh_arena *a)
{
	struct fh_trace t = { 0 };
	const struct fh_lexer lex = { .text_name = "policies", .trace = &t };
	struct fh_validation v;
	fh_err e = FH_ERR_OK;

	fh_validation_begin(&v, s, a, &lex);
	v.permissive = permissive;
	for (size_t i = 0; e == FH_ERR_OK && i < all->n; i++) {
		const uint32_t *actions;
		bool idle;

		e = fh_policy_validate(&v, &all->list[i], &actions, &idle);
	}
	if (e != FH_ERR_OK)
		check_trace(&t);
	return e;
}

/* Asks the first request that conforms; ALL are valid.  */
static void ask(const struct fh_schema *s, const struct fh_policies *all,
		const struct fh_entities *entities, struct fh_arena *a)
{
	const struct fh_schema_action *action = s->actions;
	struct fh_entity_source source = fh_entities_source(entities);
	struct fh_response response;
	struct fh_evaluation v;
	struct fh_rules rules;
	uint32_t i;

	while (action < s->actions + s->actions_n &&
	       (action->principals_n == 0 || action->resources_n == 0 || action->context->n > 0))
		action++;
	if (action == s->actions + s->actions_n)
		return;
	const struct fh_entity_uid who = { s->types[action->principals[0]].name,
					   FH_SPAN_LIT("a") };
	const struct fh_entity_uid what = { s->types[action->resources[0]].name,
					    FH_SPAN_LIT("a") };

	if (fh_request_check(s, who, action->uid, what, &i, nullptr) != FH_ERR_OK ||
	    fh_evaluation_begin(&v, who, action->uid, what, fh_value_none(), &source, a) !=
		    FH_ERR_OK ||
	    fh_rules_compile(all, a, &rules) != FH_ERR_OK ||
	    fh_authorize(&rules, &v, a, &response) != FH_ERR_OK)
		return;
	for (size_t k = 0; k < response.errors_n; k++) {
		enum fh_fault_kind fault = response.errors[k].fault.kind;

		if (fault != FH_FAULT_OVERFLOW && fault != FH_FAULT_NO_ENTITY)
			abort();
	}
}

/* The parts behind the schema S.  */
static void use(const struct fh_schema *s, struct fh_span rest, struct fh_arena *a)
{
	struct fh_policies all = { 0 };
	struct fh_entities entities = { 0 };
	struct fh_trace t = { 0 };

	if (fh_policies_parse(part(&rest), FH_POLICY_TEXT_MAX, "policies", a, &all, nullptr) !=
	    FH_ERR_OK)
		return;
	fh_err strict = validate(s, &all, /* permissive= */ false, a);

	if (strict == FH_ERR_OK) {
		fh_err wide = validate(s, &all, /* permissive= */ true, a);

		if (wide != FH_ERR_OK && wide != FH_ERR_LIMIT && wide != FH_ERR_NOMEM)
			abort();
	}
	if (rest.n == 0)
		rest = FH_SPAN_LIT("[]");
	fh_err e = fh_entities_read_as(rest, "entities", s, a, &entities, &t);

	if (e != FH_ERR_OK)
		check_trace(&t);
	else if (strict == FH_ERR_OK)
		ask(s, &all, &entities, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[room];
	struct fh_arena a = fh_arena_of(memory, room);
	struct fh_span rest = fh_span_of(bytes, n), text = part(&rest);
	struct fh_schema s = { 0 };
	struct fh_trace t = { 0 };
	bool json = text.n > 0 && text.p[0] == '{';
	fh_err e = (json ? fh_schema_read_json : fh_schema_read)(text, FH_CEDAR_TEXT_MAX, "schema",
								 &a, &s, &t);

	if (e == FH_ERR_OK)
		use(&s, rest, &a);
	else if (s.types != nullptr)
		abort();
	else
		check_trace(&t);
	return 0;
}
