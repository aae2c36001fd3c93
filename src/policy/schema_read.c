/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of schemas that people write.  */
#include "base/limits.h"
#include "policy/schema_draft.h"

/* Of no use, but no NULL: what a type is after a refusal.  */
static const struct fh_draft_type no_type = { .form = FH_DRAFT_PLAIN };

/* --- names ------------------------------------------------------------ */

/* Schemas reserve the words that policies do, but for `__cedar`.  */
static struct fh_draft_name word(struct fh_parse *p, const char *what)
{
	struct fh_token token = p->lex.next;

	if (p->e == FH_ERR_OK &&
	    (token.kind != FH_TOKEN_WORD || (fh_lexer_reserved(token.text) &&
					     !fh_span_equal(token.text, FH_SPAN_LIT("__cedar")))))
		fh_parse_unexpected(p, what);
	if (token.text.n > FH_POLICY_NAME_MAX)
		fh_parse_refuse(p, token.at, FH_ERR_LIMIT, "choose a shorter one",
				"a name has more than %zu bytes", FH_POLICY_NAME_MAX);
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_step(&p->lex);
	return (struct fh_draft_name){ token.text, token.at };
}

static struct fh_draft_name string(struct fh_parse *p, const char *what)
{
	struct fh_draft_name name = { .at = p->lex.next.at };

	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_string(&p->lex, what, p->arena, &name.text);
	return name;
}

/* An action or an attribute: a word, or any string.  */
static struct fh_draft_name word_or_string(struct fh_parse *p, const char *what)
{
	return p->lex.next.kind == FH_TOKEN_STRING ? string(p, what) : word(p, what);
}

/* A::B::C.  *LITERAL (may be NULL): a string may end it, and stands next.  */
static struct fh_draft_name path(struct fh_draft *d, const char *what, bool *literal)
{
	struct fh_draft_name name = word(&d->p, what);

	while (fh_parse_accept(&d->p, "::")) {
		if (literal != nullptr && d->p.lex.next.kind == FH_TOKEN_STRING) {
			*literal = true;
			break;
		}
		struct fh_draft_name next = word(&d->p, "a name");

		name.text = fh_draft_join(d, name.text, next);
	}
	return name;
}

/* A path, or several in brackets, or none in brackets.  */
static struct fh_list paths(struct fh_draft *d)
{
	const char *what = "the name of an entity type";
	bool listed = fh_parse_accept(&d->p, "[");
	struct fh_list l = { 0 };

	if (listed && fh_parse_accept(&d->p, "]"))
		return l;
	do {
		struct fh_draft_name name = path(d, what, nullptr);

		fh_list_add(&d->p, &l, &name, sizeof(name));
	} while (listed && fh_parse_accept(&d->p, ","));
	if (listed)
		fh_parse_demand(&d->p, "]");
	return l;
}

/* --- types ------------------------------------------------------------ */

static const struct fh_draft_type *type(struct fh_draft *d);

static struct fh_list annotations(struct fh_draft *d)
{
	struct fh_list l = { 0 };

	while (fh_parse_accept(&d->p, "@"))
		fh_parse_annotation(&d->p, "the declaration", d->in_document, &l);
	return l;
}

/* Of what stands for no calls, a signed document says nothing in NOTES but @doc.  */
static void check_plain(struct fh_draft *d, struct fh_list notes)
{
	if (d->in_document)
		fh_draft_check_notes(d, &notes, /* action= */ false);
}

static struct fh_draft_field field(struct fh_draft *d)
{
	struct fh_list notes = annotations(d);
	struct fh_draft_field f = { word_or_string(&d->p, "the name of an attribute") };

	check_plain(d, notes);
	f.required = !fh_parse_accept(&d->p, "?");
	fh_parse_demand(&d->p, ":");
	f.type = type(d);
	return f;
}

/* What follows the opening brace of a record.  */
static void record(struct fh_draft *d, struct fh_draft_type *t)
{
	struct fh_list l = { 0 };

	t->form = FH_DRAFT_RECORD;
	for (bool first = true; fh_parse_next(&d->p, first, "}"); first = false) {
		struct fh_draft_field f = field(d);

		fh_list_add(&d->p, &l, &f, sizeof(f));
	}
	t->fields = l.p;
	t->fields_n = l.n;
}

/* Sets and records stand in each other: their number bounds the recursion.  */
static const struct fh_draft_type *type(struct fh_draft *d)
{
	struct fh_parse *p = &d->p;
	struct fh_draft_type *t = fh_parse_take(p, sizeof(*t));
	struct fh_position at = p->lex.next.at;

	if (p->nesting == FH_SCHEMA_NESTING_MAX)
		fh_parse_refuse(p, at, FH_ERR_LIMIT, "give a part of it a name with `type`",
				"more than %d types in each other", FH_SCHEMA_NESTING_MAX);
	if (t == nullptr || p->e != FH_ERR_OK)
		return &no_type;
	p->nesting++;
	t->name.at = at;
	if (fh_parse_accept(p, "{")) {
		record(d, t);
	} else {
		t->name = path(d, "a type", nullptr);
		if (fh_span_equal(t->name.text, FH_SPAN_LIT("Set")) && fh_parse_accept(p, "<")) {
			t->form = FH_DRAFT_SET;
			t->element = type(d);
			fh_parse_demand(p, ">");
		}
	}
	p->nesting--;
	return t;
}

/* --- entities and common types ---------------------------------------- */

/* enum ["a", "b"]  */
static void choices(struct fh_draft *d, struct fh_draft_entity *e)
{
	fh_parse_demand(&d->p, "[");
	do {
		struct fh_draft_name name = string(&d->p, "an id in quotes");

		fh_list_add(&d->p, &e->choices, &name, sizeof(name));
	} while (fh_parse_accept(&d->p, ","));
	fh_parse_demand(&d->p, "]");
}

/* Everything of an entity declaration behind its names.  */
static void entity_rest(struct fh_draft *d, struct fh_draft_entity *e)
{
	struct fh_parse *p = &d->p;

	if (fh_parse_accept(p, "enum")) {
		choices(d, e);
		return;
	}
	if (fh_parse_accept(p, "in"))
		e->parents = paths(d);
	bool equals = fh_parse_accept(p, "=");

	if (equals && p->e == FH_ERR_OK && !fh_parse_sees(p, "{"))
		fh_parse_unexpected(p, "`{`");
	if (fh_parse_sees(p, "{"))
		e->shape = type(d);
	if (fh_parse_accept(p, "tags"))
		e->tags = type(d);
}

/* WORD, WORD, ...; the word before them has been taken.  */
static struct fh_list names(struct fh_draft *d, struct fh_draft_name (*one)(struct fh_parse *,
									 const char *),
			    const char *what)
{
	struct fh_list l = { 0 };

	do {
		struct fh_draft_name name = one(&d->p, what);

		fh_list_add(&d->p, &l, &name, sizeof(name));
	} while (fh_parse_accept(&d->p, ","));
	return l;
}

/* entity A, B in [C] = { ... } tags T;  */
static void entity(struct fh_draft *d, uint32_t space, struct fh_list notes)
{
	struct fh_list l = names(d, word, "the name of an entity type");
	struct fh_draft_entity e = { .space = space, .notes = notes };

	entity_rest(d, &e);
	fh_parse_demand(&d->p, ";");
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < l.n; i++) {
		e.name = ((const struct fh_draft_name *)l.p)[i];
		fh_draft_add_entity(d, &e);
	}
}

/* type T = ...;  */
static void alias(struct fh_draft *d, uint32_t space)
{
	struct fh_draft_alias c = { .name = word(&d->p, "the name of a type"), .space = space };

	fh_parse_demand(&d->p, "=");
	c.type = type(d);
	fh_parse_demand(&d->p, ";");
	if (d->p.e == FH_ERR_OK)
		fh_draft_add_alias(d, &c);
}

/* --- actions ---------------------------------------------------------- */

/* "id", id, or TYPE::"id".  */
static void group(struct fh_draft *d, struct fh_list *l)
{
	struct fh_draft_group g = { 0 };
	bool literal = false;

	if (d->p.lex.next.kind == FH_TOKEN_STRING)
		g.id = string(&d->p, "an action");
	else
		g.id = path(d, "an action", &literal);
	if (literal) {
		g.type = g.id.text;
		g.id.text = string(&d->p, "an action").text;
	} else if (fh_span_find(g.id.text, ':') < g.id.text.n) {
		fh_parse_unexpected(&d->p, "`::` and the action in quotes");
	}
	fh_list_add(&d->p, l, &g, sizeof(g));
}

static void groups(struct fh_draft *d, struct fh_list *l)
{
	bool listed = fh_parse_accept(&d->p, "[");

	do
		group(d, l);
	while (listed && fh_parse_accept(&d->p, ","));
	if (listed)
		fh_parse_demand(&d->p, "]");
}

/* The types of `principal:` or `resource:`, which stands AT, into *L.  */
static void applicable(struct fh_draft *d, struct fh_position at, struct fh_list *l)
{
	if (l->n > 0)
		fh_parse_refuse(&d->p, at, FH_ERR_CONFLICT, "keep one",
				"appliesTo says this twice");
	*l = paths(d);
	if (l->n == 0)
		fh_parse_refuse(&d->p, at, FH_ERR_CONFLICT,
				"name a type, or leave appliesTo out for a mere group",
				"an empty list: the action would apply to nothing");
}

/* `context:`, which stands AT: a record, or the name of one.  */
static void context(struct fh_draft *d, struct fh_position at, struct fh_draft_action *a)
{
	struct fh_draft_type *t;

	if (a->context != nullptr)
		fh_parse_refuse(&d->p, at, FH_ERR_CONFLICT, "keep one",
				"appliesTo says this twice");
	if (fh_parse_sees(&d->p, "{")) {
		a->context = type(d);
		return;
	}
	t = fh_parse_take(&d->p, sizeof(*t));
	if (t == nullptr)
		return;
	t->form = FH_DRAFT_ALIAS;
	t->name = path(d, "a record or the name of one", nullptr);
	a->context = t;
}

/* appliesTo { principal: ..., resource: ..., context: ... }, standing behind the word,
 * which is AT.  */
static void applies_to(struct fh_draft *d, struct fh_position at, struct fh_draft_action *a)
{
	struct fh_parse *p = &d->p;

	fh_parse_demand(p, "{");
	for (bool first = true; fh_parse_next(p, first, "}"); first = false) {
		struct fh_token part = p->lex.next;
		bool principal = fh_parse_sees(p, "principal");
		bool resource = fh_parse_sees(p, "resource");

		if (!principal && !resource && !fh_parse_sees(p, "context"))
			fh_parse_unexpected(p, "`principal`, `resource` or `context`");
		(void)word(p, "");
		fh_parse_demand(p, ":");
		if (principal || resource)
			applicable(d, part.at, principal ? &a->principals : &a->resources);
		else
			context(d, part.at, a);
	}
	if (a->principals.n == 0 || a->resources.n == 0)
		fh_parse_refuse(p, at, FH_ERR_FORMAT, "add what is missing",
				"appliesTo must name principal and resource");
}

/* action "a", b in ["g"] appliesTo { ... } attributes {};  */
static void action(struct fh_draft *d, uint32_t space, struct fh_list notes)
{
	struct fh_parse *p = &d->p;
	struct fh_list l = names(d, word_or_string, "the name of an action");
	struct fh_draft_action a = { .space = space, .notes = notes };

	if (fh_parse_accept(p, "in"))
		groups(d, &a.groups);
	struct fh_position at = p->lex.next.at;

	if (fh_parse_accept(p, "appliesTo"))
		applies_to(d, at, &a);
	if (fh_parse_accept(p, "attributes")) {
		fh_parse_demand(p, "{"); /* Cedar reads them, and lets them be empty only */
		fh_parse_demand(p, "}");
	}
	fh_parse_demand(p, ";");
	for (size_t i = 0; p->e == FH_ERR_OK && i < l.n; i++) {
		a.name = ((const struct fh_draft_name *)l.p)[i];
		fh_draft_add_action(d, &a);
	}
}

/* --- declarations ----------------------------------------------------- */

/* One declaration in SPACE, behind its annotations; WANTED says what may stand here.  */
static void declaration(struct fh_draft *d, uint32_t space, struct fh_list notes,
			const char *wanted)
{
	if (fh_parse_sees(&d->p, "type"))
		check_plain(d, notes);
	if (fh_parse_accept(&d->p, "entity"))
		entity(d, space, notes);
	else if (fh_parse_accept(&d->p, "action"))
		action(d, space, notes);
	else if (fh_parse_accept(&d->p, "type"))
		alias(d, space);
	else
		fh_parse_unexpected(&d->p, wanted);
}

/* namespace A::B { ... }, standing behind the word.  */
static void namespace(struct fh_draft *d)
{
	struct fh_draft_space s = { path(d, "the name of a namespace", nullptr) };
	uint32_t space = fh_draft_add_space(d, &s);

	fh_parse_demand(&d->p, "{");
	while (d->p.e == FH_ERR_OK && !fh_parse_sees(&d->p, "}"))
		declaration(d, space, annotations(d), "`entity`, `action`, `type` or `}`");
	fh_parse_demand(&d->p, "}");
}

void fh_draft_read(struct fh_draft *d, struct fh_span text, size_t max)
{
	struct fh_parse *p = &d->p;

	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_open(text, max, p->lex.text_name, p->arena, p->lex.trace, &p->lex);
	while (p->e == FH_ERR_OK && p->lex.next.kind != FH_TOKEN_END) {
		struct fh_list notes = annotations(d);

		if (fh_parse_sees(p, "namespace"))
			check_plain(d, notes);
		if (fh_parse_accept(p, "namespace"))
			namespace(d);
		else
			declaration(d, /* space= */ 0, notes,
				    "`entity`, `action`, `type`, `namespace` or an annotation");
	}
}
