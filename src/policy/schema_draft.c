/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/schema_draft.h"

#include "base/builder.h"
#include "base/limits.h"

void fh_draft_begin(struct fh_draft *d, const char *name, struct fh_arena *a,
		    struct fh_trace *t)
{
	static const struct fh_draft_space none = { .name = { FH_TEXT_INIT(""), { 1, 1 } } };

	*d = (struct fh_draft){ .p = { .arena = a } };
	d->p.lex.text_name = name;
	d->p.lex.trace = t;
	d->p.lex.next.at = none.name.at;
	(void)fh_draft_add_space(d, &none);
}

void fh_draft_refuse(struct fh_draft *d, struct fh_draft_name name, fh_err e, const char *cure,
		     const char *before, const char *behind)
{
	fh_parse_refuse(&d->p, name.at, e, cure, "%s`%.*s`%s", before, fh_shown(name.text),
			(const char *)name.text.p, behind);
}

struct fh_span fh_draft_join(struct fh_draft *d, struct fh_span space, struct fh_draft_name name)
{
	size_t n = space.n + 2 + name.text.n;

	if (n > FH_POLICY_NAME_MAX + 2)
		fh_parse_refuse(&d->p, name.at, FH_ERR_LIMIT, "choose a shorter one",
				"a name has more than %zu bytes", FH_POLICY_NAME_MAX);
	if (space.n == 0 || d->p.e != FH_ERR_OK)
		return name.text;
	void *room = fh_parse_take(&d->p, n);
	struct fh_builder b = fh_builder_of(room, room == nullptr ? 0 : n);

	fh_builder_bytes(&b, space);
	fh_builder_text(&b, "::");
	fh_builder_bytes(&b, name.text);
	return fh_builder_span(&b);
}

struct fh_span fh_draft_space_name(const struct fh_draft *d, uint32_t space)
{
	return space < d->spaces.n ? fh_draft_space(d, space)->name.text : (struct fh_span){ 0 };
}

const struct fh_annotation *fh_draft_note(const struct fh_list *l, struct fh_span name)
{
	const struct fh_annotation *notes = l->p;

	for (size_t i = 0; i < l->n; i++) {
		if (fh_span_equal(notes[i].name, name))
			return &notes[i];
	}
	return nullptr;
}

/* Makes sure that L, of WHAT, may have one more, which stands AT.  */
static void bound(struct fh_draft *d, const struct fh_list *l, size_t max, const char *what,
		  struct fh_position at)
{
	if (l->n >= max)
		fh_parse_refuse(&d->p, at, FH_ERR_LIMIT, "declare fewer",
				"the schema declares more than %zu %s", max, what);
}

/* `__cedar` is Cedar's own, as a name and within one.  */
static void check_free(struct fh_draft *d, struct fh_draft_name name)
{
	struct fh_span rest = name.text;

	while (rest.n > 0) {
		size_t n = fh_span_find(rest, ':');

		if (fh_span_equal(fh_span_first(rest, n), FH_SPAN_LIT("__cedar")))
			fh_draft_refuse(d, name, FH_ERR_CONFLICT, "choose another name", "",
					" holds `__cedar`, which belongs to Cedar");
		rest = fh_span_skip(rest, n + 1);
	}
}

uint32_t fh_draft_add_space(struct fh_draft *d, const struct fh_draft_space *s)
{
	bound(d, &d->spaces, FH_SCHEMA_SPACES_MAX, "namespaces", s->name.at);
	check_free(d, s->name);
	for (size_t i = 0; i < d->spaces.n; i++) {
		if (fh_span_equal(fh_draft_space_name(d, (uint32_t)i), s->name.text))
			fh_draft_refuse(d, s->name, FH_ERR_CONFLICT, "write it once",
					"the namespace ", " is written twice");
	}
	fh_list_add(&d->p, &d->spaces, s, sizeof(*s));
	return d->p.e == FH_ERR_OK ? (uint32_t)d->spaces.n - 1 : 0;
}

/* Words that the JSON form has a meaning for, or that name Cedar's own types.  */
static bool is_taken(struct fh_span name)
{
	static const struct fh_span taken[] = {
		FH_TEXT_INIT("Bool"),   FH_TEXT_INIT("Boolean"), FH_TEXT_INIT("Entity"),
		FH_TEXT_INIT("Extension"), FH_TEXT_INIT("Long"), FH_TEXT_INIT("Record"),
		FH_TEXT_INIT("Set"),    FH_TEXT_INIT("String"),
	};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (fh_span_equal(name, taken[i]))
			return true;
	}
	return false;
}

void fh_draft_add_alias(struct fh_draft *d, const struct fh_draft_alias *c)
{
	struct fh_draft_alias full = *c;

	bound(d, &d->aliases, FH_SCHEMA_ALIASES_MAX, "common types", c->name.at);
	check_free(d, c->name);
	if (is_taken(c->name.text))
		fh_draft_refuse(d, c->name, FH_ERR_CONFLICT, "choose another name", "",
				" is a word of the schema language");
	full.name.text = fh_draft_join(d, fh_draft_space_name(d, c->space), c->name);
	fh_list_add(&d->p, &d->aliases, &full, sizeof(full));
}

void fh_draft_add_entity(struct fh_draft *d, const struct fh_draft_entity *e)
{
	struct fh_draft_entity full = *e;

	bound(d, &d->entities, FH_SCHEMA_TYPES_MAX, "entity types", e->name.at);
	check_free(d, e->name);
	if (fh_span_equal(e->name.text, FH_SPAN_LIT(FH_TYPE_ACTION)))
		fh_draft_refuse(d, e->name, FH_ERR_CONFLICT, "remove this declaration", "",
				" exists without being declared");
	full.name.text = fh_draft_join(d, fh_draft_space_name(d, e->space), e->name);
	fh_list_add(&d->p, &d->entities, &full, sizeof(full));
}

void fh_draft_add_action(struct fh_draft *d, const struct fh_draft_action *a)
{
	bound(d, &d->actions, FH_SCHEMA_ACTIONS_MAX, "actions", a->name.at);
	fh_list_add(&d->p, &d->actions, a, sizeof(*a));
}
