/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policies.h"

#include "base/limits.h"
#include "policy/parse.h"

const struct fh_annotation *fh_policy_annotation(const struct fh_policy *p, struct fh_span name)
{
	for (size_t i = 0; i < p->annotations_n; i++) {
		if (fh_span_equal(p->annotations[i].name, name))
			return &p->annotations[i];
	}
	return nullptr;
}

/* No more policies are written than there are semicolons; one more place lets
 * the parser say what is wrong with one that has none.  */
static size_t policies_at_most(struct fh_span text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ';';
	return n < FH_POLICY_RULES_MAX ? n : FH_POLICY_RULES_MAX;
}

/* Goes on behind the next `;`, as if nothing had been before.  False: what follows cannot
 * even be cut into tokens, or nothing does.  */
static bool skip_policy(struct fh_parse *p, struct fh_problems *problems)
{
	while (p->lex.next.kind != FH_TOKEN_END && !fh_lexer_sees(&p->lex, ";")) {
		fh_err e = fh_lexer_step(&p->lex);

		if (e != FH_ERR_OK) {
			p->e = fh_problems_note(problems, e, p->lex.trace);
			return false;
		}
	}
	p->nesting = 0;
	return fh_parse_accept(p, ";");
}

/* The next policy, at *N of LIST if it is right.  False: the text is at an end.  */
static bool next_policy(struct fh_parse *p, struct fh_policy *list, size_t *n, size_t position,
			struct fh_problems *problems)
{
	if (p->e != FH_ERR_OK || p->lex.next.kind == FH_TOKEN_END)
		return false;
	list[*n] = fh_parse_policy(p, position);
	if (p->e == FH_ERR_OK) {
		(*n)++;
		return true;
	}
	if (problems == nullptr)
		return false;
	p->e = fh_problems_note(problems, p->e, p->lex.trace);
	return p->e == FH_ERR_OK && skip_policy(p, problems);
}

fh_err fh_policies_parse(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
			 struct fh_policies *out, struct fh_trace *t)
{
	return fh_policies_parse_all(text, max, name, a, out, /* problems= */ nullptr, t);
}

fh_err fh_policies_parse_all(struct fh_span text, size_t max, const char *name,
			     struct fh_arena *a, struct fh_policies *out,
			     struct fh_problems *problems, struct fh_trace *t)
{
	struct fh_parse p = { .arena = a };
	size_t room = policies_at_most(text), n = 0, position = 0;

	p.e = fh_lexer_open(text, max, name, a, t, &p.lex);
	if (p.e != FH_ERR_OK)
		return p.e;
	struct fh_policy *list = fh_arena_array(a, room, sizeof(*list));

	if (list == nullptr)
		return fh_lexer_full(&p.lex);
	while (position < room && next_policy(&p, list, &n, position, problems))
		position++;
	if (position == room && p.e == FH_ERR_OK && p.lex.next.kind != FH_TOKEN_END)
		fh_parse_refuse(&p, p.lex.next.at, FH_ERR_LIMIT, "write fewer",
				"the document has more than %zu policies", room);
	if (p.e == FH_ERR_OK)
		*out = (struct fh_policies){ list, n };
	return p.e;
}

fh_err fh_expr_parse(struct fh_span text, struct fh_arena *a, const struct fh_expr **out,
		     struct fh_trace *t)
{
	struct fh_parse p = { .arena = a };

	p.e = fh_lexer_open(text, FH_POLICY_TEXT_MAX, "expression", a, t, &p.lex);
	if (p.e != FH_ERR_OK)
		return p.e;
	const struct fh_expr *e = fh_parse_expr(&p);

	if (p.e == FH_ERR_OK && p.lex.next.kind != FH_TOKEN_END)
		fh_parse_unexpected(&p, "an operator or the end");
	if (p.e == FH_ERR_OK)
		*out = e;
	return p.e;
}

/* Puts UID into the slot of S.  */
static fh_err fill(struct fh_scope *s, const struct fh_entity_uid *uid, struct fh_arena *a)
{
	if (s->slot != (uid != nullptr))
		return FH_ERR_FORMAT;
	if (uid == nullptr)
		return FH_ERR_OK;
	struct fh_entity_uid *kept = fh_arena_take(a, sizeof(*kept));
	struct fh_position *where = fh_arena_take(a, sizeof(*where));

	if (kept == nullptr || where == nullptr)
		return FH_ERR_NOMEM;
	*kept = *uid;
	*where = s->at;
	s->entities = kept;
	s->where = where;
	s->entities_n = 1;
	s->slot = false;
	return FH_ERR_OK;
}

fh_err fh_policy_link(const struct fh_policy *template, struct fh_span id,
		      const struct fh_entity_uid *principal,
		      const struct fh_entity_uid *resource, struct fh_arena *a,
		      struct fh_policy *out)
{
	struct fh_policy p = *template;
	fh_err e = fh_policy_is_template(template) ? FH_ERR_OK : FH_ERR_FORMAT;

	p.id = id;
	p.linked_from = template->id;
	p.fills_principal = principal != nullptr;
	p.fills_resource = resource != nullptr;
	if (e == FH_ERR_OK)
		e = fill(&p.principal, principal, a);
	if (e == FH_ERR_OK)
		e = fill(&p.resource, resource, a);
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}

fh_err fh_entity_parse(struct fh_span text, struct fh_arena *a, struct fh_entity_uid *out)
{
	const struct fh_expr *x;
	fh_err e = fh_expr_parse(text, a, &x, /* t= */ nullptr);

	if (e != FH_ERR_OK)
		return e == FH_ERR_NOMEM ? e : FH_ERR_FORMAT;
	if (x->kind != FH_EXPR_ENTITY)
		return FH_ERR_FORMAT;
	*out = x->entity->uid;
	return FH_ERR_OK;
}
