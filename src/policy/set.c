/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/set.h"

#include "base/limits.h"
#include "policy/index.h"
#include "policy/validate.h"

/* No more policies are written than there are semicolons; one more place lets
 * the parser say what is wrong with one that has none.  */
static size_t policies_at_most(struct fh_span text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ';';
	return n < FH_POLICY_RULES_MAX ? n : FH_POLICY_RULES_MAX;
}

static fh_err refuse_more(const struct fh_lexer *lex)
{
	if (lex->next.kind == FH_TOKEN_END)
		return FH_ERR_OK;
	fh_trace_what(lex->trace, "the document has more than %zu policies",
		      FH_POLICY_RULES_MAX);
	fh_trace_cure(lex->trace, "write fewer");
	return fh_lexer_refuse(lex, lex->next.at, FH_ERR_LIMIT);
}

/* Refuses an id that an earlier policy has.  */
static fh_err enter_id(const struct fh_lexer *lex, const struct fh_policy *policies, uint32_t i,
		       struct fh_schema_table *ids)
{
	uint32_t slot = (uint32_t)fh_text_hash(policies[i].id, 0) & ids->mask;

	for (; ids->slot[slot] != 0; slot = (slot + 1) & ids->mask) {
		struct fh_span id = policies[i].id;

		if (!fh_span_equal(policies[ids->slot[slot] - 1].id, id))
			continue;
		fh_trace_what(lex->trace, "two policies have the id `%.*s`", fh_shown(id),
			      (const char *)id.p);
		fh_trace_cure(lex->trace, "give this one an @id of its own");
		return fh_lexer_refuse(lex, policies[i].at, FH_ERR_CONFLICT);
	}
	ids->slot[slot] = i + 1;
	return FH_ERR_OK;
}

static fh_err id_table(const struct fh_lexer *lex, size_t n, struct fh_arena *a,
		       struct fh_schema_table *out)
{
	uint32_t slots = 8;

	while (slots < 2 * n)
		slots *= 2;
	out->slot = fh_arena_array(a, slots, sizeof(*out->slot));
	out->mask = slots - 1;
	return out->slot == nullptr ? fh_lexer_full(lex) : FH_ERR_OK;
}

/* Reads and validates all policies of LEX into SET and RULES, which have room
 * for MAX.  */
static fh_err read_policies(struct fh_lexer *lex, size_t max, struct fh_arena *a,
			    struct fh_policy *policies, struct fh_index_rule *rules,
			    struct fh_policy_set *set)
{
	struct fh_schema_table ids;
	fh_err e = id_table(lex, max, a, &ids);
	uint32_t i = 0;

	for (; e == FH_ERR_OK && i < max && lex->next.kind != FH_TOKEN_END; i++) {
		e = fh_policy_parse(lex, i, a, &policies[i]);
		if (e == FH_ERR_OK)
			e = enter_id(lex, policies, i, &ids);
		if (e == FH_ERR_OK)
			e = fh_policy_validate(lex, &set->schema, &policies[i], a,
					       &rules[i].actions);
	}
	set->policies = policies;
	set->policies_n = i;
	return e;
}

static fh_err check_policies(struct fh_lexer *lex, struct fh_span text, struct fh_arena *a,
			     struct fh_policy_set *set)
{
	size_t max = policies_at_most(text);
	struct fh_policy *policies = fh_arena_array(a, max, sizeof(*policies));
	struct fh_index_rule *rules = fh_arena_array(a, max, sizeof(*rules));

	if (policies == nullptr || rules == nullptr)
		return fh_lexer_full(lex);
	fh_err e = read_policies(lex, max, a, policies, rules, set);

	if (e == FH_ERR_OK)
		e = refuse_more(lex);
	if (e == FH_ERR_OK && fh_policy_index_build(set, rules, a, &set->index) != FH_ERR_OK)
		e = fh_lexer_full(lex);
	return e;
}

fh_err fh_policy_check(struct fh_span cedar, struct fh_span schema, struct fh_arena *a,
		       struct fh_policy_set *out, struct fh_trace *t)
{
	struct fh_policy_set set = { 0 };
	struct fh_lexer lex;
	fh_err e = fh_schema_parse(schema, a, &set.schema, t);

	if (e == FH_ERR_OK)
		e = fh_lexer_open(cedar, FH_POLICY_TEXT_MAX, "policy", a, t, &lex);
	if (e == FH_ERR_OK)
		e = check_policies(&lex, cedar, a, &set);
	if (e == FH_ERR_OK)
		*out = set;
	return e;
}
