/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas in Cedar's JSON: {NAMESPACE: {"commonTypes": ..., "entityTypes": ...,
 * "actions": ...}}.  */
#include "base/limits.h"
#include "policy/est_read.h"
#include "policy/schema_draft.h"

/* One document while it is read: the draft's parse is the document's.  */
struct reader {
	struct fh_draft *d;
	struct fh_json_document document;
	uint32_t space;
};

static const struct fh_draft_type no_type = { .form = FH_DRAFT_PLAIN };

static void refuse(struct reader *r, const struct fh_json *at, const char *cure, const char *what)
{
	fh_parse_refuse(&r->d->p, fh_est_at(at), FH_ERR_FORMAT, cure, "%s", what);
}

static struct fh_draft_name name_of(const struct fh_json *j, struct fh_span text)
{
	return (struct fh_draft_name){ text, fh_est_at(j) };
}

/* J is an object with no other members than the N names.  */
static bool only(struct reader *r, const struct fh_json *j, const char *const *names, size_t n)
{
	if (r->d->p.e == FH_ERR_OK)
		fh_parse_note(&r->d->p, fh_json_only(&r->document, j, names, n));
	return r->d->p.e == FH_ERR_OK;
}

/* The member NAME of J, which must be of KIND; NULL if there is none and it need not be
 * there (MUST), and after a refusal.  */
static const struct fh_json *member(struct reader *r, const struct fh_json *j, const char *name,
				    enum fh_json_kind kind, bool must)
{
	static const char *const kinds[] = { "null", "true or false", "an integer", "a number",
					     "a string", "a list", "an object" };
	const struct fh_json *m = fh_json_member(j, name);

	if (m == nullptr && must)
		fh_parse_refuse(&r->d->p, fh_est_at(j), FH_ERR_FORMAT, "add it",
				"\"%s\" is missing", name);
	if (m != nullptr && m->kind != kind)
		fh_parse_refuse(&r->d->p, fh_est_at(m), FH_ERR_FORMAT, "see Cedar's JSON schema",
				"\"%s\" must be %s", name, kinds[kind]);
	return r->d->p.e == FH_ERR_OK ? m : nullptr;
}

/* As member(), but null stands for nothing.  */
static const struct fh_json *member_or_null(struct reader *r, const struct fh_json *j,
					    const char *name, enum fh_json_kind kind)
{
	const struct fh_json *m = fh_json_member(j, name);

	return m == nullptr || m->kind == FH_JSON_NULL
		       ? nullptr
		       : member(r, j, name, kind, /* must= */ false);
}

/* Refuses a NAME that is none; QUALIFIED: with namespaces.  As where people write,
 * `__cedar` is a name that may be referred to.  */
static void check_name(struct reader *r, const struct fh_json *at, struct fh_span name,
		       bool qualified)
{
	struct fh_span rest = name;

	if (name.n > FH_POLICY_NAME_MAX)
		fh_parse_refuse(&r->d->p, fh_est_at(at), FH_ERR_LIMIT, "choose a shorter one",
				"a name has more than %zu bytes", FH_POLICY_NAME_MAX);
	if (fh_span_starts(name, FH_SPAN_LIT("__cedar::")) && qualified)
		rest = fh_span_skip(name, sizeof("__cedar::") - 1);
	if (!fh_is_name(rest) && !fh_span_equal(name, FH_SPAN_LIT("__cedar")))
		refuse(r, at, "write a name such as A, or A::B for a reference",
		       "this is no name");
	else if (!qualified && fh_span_find(name, ':') < name.n)
		refuse(r, at, "remove the namespace", "a name without `::` expected here");
}

/* The notes of J, as list of struct fh_annotation.  */
static struct fh_list notes(struct reader *r, const struct fh_json *j)
{
	const struct fh_json *all = member(r, j, "annotations", FH_JSON_OBJECT, false);
	struct fh_list l = { 0 };

	for (const struct fh_json *m = all == nullptr ? nullptr : all->first; m != nullptr;
	     m = m->next) {
		struct fh_annotation a = { m->name, FH_TEXT_INIT(""), fh_est_at(m),
					   m->kind == FH_JSON_NULL };

		if (l.n == FH_ANNOTATIONS_MAX)
			fh_parse_refuse(&r->d->p, a.at, FH_ERR_LIMIT, "write fewer",
					"more than %zu annotations", FH_ANNOTATIONS_MAX);
		if (!fh_lexer_is_word(m->name))
			refuse(r, m, "choose another name", "an annotation's name must be a word");
		if (m->kind == FH_JSON_STRING)
			a.value = m->text;
		else if (!a.bare)
			refuse(r, m, "put it in quotes",
			       "an annotation's value must be a string or null");
		fh_list_add(&r->d->p, &l, &a, sizeof(a));
	}
	return l;
}

/* --- types ------------------------------------------------------------ */

/* What a type has beside what makes it one, by where it stands.  */
enum place {
	PLACE_INSIDE,    /* nothing */
	PLACE_ALIAS,    /* "annotations" */
	PLACE_ATTRIBUTE, /* "annotations" and "required" */
};

static const struct fh_draft_type *type(struct reader *r, const struct fh_json *j,
					enum place place);

static void record(struct reader *r, const struct fh_json *j, struct fh_draft_type *t)
{
	const struct fh_json *all = member(r, j, "attributes", FH_JSON_OBJECT, true);
	const struct fh_json *more = member(r, j, "additionalAttributes", FH_JSON_BOOL, false);
	struct fh_list l = { 0 };

	t->form = FH_DRAFT_RECORD;
	if (more != nullptr && more->boolean)
		fh_parse_refuse(&r->d->p, fh_est_at(more), FH_ERR_UNSUPPORTED,
				"declare all attributes",
				"Cedar's strict validation knows no additional attributes");
	for (const struct fh_json *m = all == nullptr ? nullptr : all->first;
	     m != nullptr && r->d->p.e == FH_ERR_OK; m = m->next) {
		const struct fh_json *required = member(r, m, "required", FH_JSON_BOOL, false);
		struct fh_draft_field f = { name_of(m, m->name), type(r, m, PLACE_ATTRIBUTE),
					    required == nullptr || required->boolean };

		fh_list_add(&r->d->p, &l, &f, sizeof(f));
	}
	t->fields = l.p;
	t->fields_n = l.n;
}

/* The name that is J's member "name".  */
static struct fh_draft_name named(struct reader *r, const struct fh_json *j, bool qualified)
{
	const struct fh_json *m = member(r, j, "name", FH_JSON_STRING, true);

	if (m == nullptr)
		return (struct fh_draft_name){ .at = fh_est_at(j) };
	check_name(r, m, m->text, qualified);
	return name_of(m, m->text);
}

/* What "type" may say beside the name of a common type, and which members each
 * has beside "type".  */
struct word {
	struct fh_span name;
	enum fh_draft_form form;
	enum fh_type_kind primitive;
	const char *members[2];
	size_t members_n;
};

static const struct word *word_named(struct fh_span name)
{
	static const struct word words[] = {
		{ FH_TEXT_INIT("String"), FH_DRAFT_PLAIN, FH_KIND_STRING, { nullptr }, 0 },
		{ FH_TEXT_INIT("Long"), FH_DRAFT_PLAIN, FH_KIND_LONG, { nullptr }, 0 },
		{ FH_TEXT_INIT("Boolean"), FH_DRAFT_PLAIN, FH_KIND_BOOL, { nullptr }, 0 },
		{ FH_TEXT_INIT("Set"), FH_DRAFT_SET, FH_KIND_SET, { "element" }, 1 },
		{ FH_TEXT_INIT("Record"), FH_DRAFT_RECORD, FH_KIND_RECORD,
		  { "attributes", "additionalAttributes" }, 2 },
		{ FH_TEXT_INIT("Entity"), FH_DRAFT_ENTITY, FH_KIND_ENTITY, { "name" }, 1 },
		{ FH_TEXT_INIT("Extension"), FH_DRAFT_EXTENSION, FH_KIND_EXTENSION, { "name" }, 1 },
		{ FH_TEXT_INIT("EntityOrCommon"), FH_DRAFT_NAME, FH_KIND_NEVER, { "name" }, 1 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (fh_span_equal(words[i].name, name))
			return &words[i];
	}
	return nullptr;
}

/* J has no other members than WORD (NULL: a common type) and PLACE let it.  */
static void check_members(struct reader *r, const struct fh_json *j, const struct word *word,
			  enum place place)
{
	const char *names[5] = { "type" };
	size_t n = 1;

	for (size_t i = 0; word != nullptr && i < word->members_n; i++)
		names[n++] = word->members[i];
	if (place != PLACE_INSIDE)
		names[n++] = "annotations";
	if (place == PLACE_ATTRIBUTE)
		names[n++] = "required";
	(void)only(r, j, names, n);
}

/* The type J.  The tree's depth bounds the recursion.  */
static const struct fh_draft_type *type(struct reader *r, const struct fh_json *j,
					enum place place)
{
	struct fh_draft_type *t = fh_parse_take(&r->d->p, sizeof(*t));
	const struct fh_json *said = t == nullptr || j->kind != FH_JSON_OBJECT
					     ? nullptr
					     : member(r, j, "type", FH_JSON_STRING, true);

	if (said == nullptr) {
		refuse(r, j, "write {\"type\": ...}", "a type expected here");
		return &no_type;
	}
	const struct word *word = word_named(said->text);

	check_members(r, j, word, place);
	if (place != PLACE_INSIDE)
		(void)notes(r, j);
	*t = (struct fh_draft_type){ .form = FH_DRAFT_ALIAS, .name = name_of(said, said->text) };
	if (word == nullptr) {
		check_name(r, said, said->text, true);
		return t;
	}
	t->form = word->form;
	t->primitive = word->primitive;
	if (word->form == FH_DRAFT_RECORD) {
		record(r, j, t);
	} else if (word->form == FH_DRAFT_SET) {
		const struct fh_json *element = member(r, j, "element", FH_JSON_OBJECT, true);

		t->element = element == nullptr ? &no_type : type(r, element, PLACE_INSIDE);
	} else if (word->form != FH_DRAFT_PLAIN) {
		t->name = named(r, j, word->form != FH_DRAFT_EXTENSION);
	}
	return t;
}

/* The type that is J's member NAME, or NULL.  */
static const struct fh_draft_type *type_member(struct reader *r, const struct fh_json *j,
					       const char *name)
{
	const struct fh_json *m = fh_json_member(j, name);

	return m == nullptr || r->d->p.e != FH_ERR_OK ? nullptr : type(r, m, PLACE_INSIDE);
}

/* --- declarations ----------------------------------------------------- */

/* The strings of J's member NAME; TYPES: each the name of a type.  */
static struct fh_list strings(struct reader *r, const struct fh_json *j, const char *name,
			      bool types, bool must)
{
	const struct fh_json *all = member(r, j, name, FH_JSON_ARRAY, must);
	struct fh_list l = { 0 };

	for (const struct fh_json *m = all == nullptr ? nullptr : all->first;
	     m != nullptr && r->d->p.e == FH_ERR_OK; m = m->next) {
		struct fh_draft_name text = name_of(m, m->text);

		if (m->kind != FH_JSON_STRING)
			refuse(r, m, "put it in quotes", "a string expected here");
		else if (types)
			check_name(r, m, m->text, true);
		fh_list_add(&r->d->p, &l, &text, sizeof(text));
	}
	return l;
}

static void alias(struct reader *r, const struct fh_json *j)
{
	struct fh_draft_alias c = { .name = name_of(j, j->name), .space = r->space };

	check_name(r, j, j->name, false);
	c.type = type(r, j, PLACE_ALIAS);
	if (r->d->p.e == FH_ERR_OK)
		fh_draft_add_alias(r->d, &c);
}

static void entity(struct reader *r, const struct fh_json *j)
{
	static const char *const usual[] = { "annotations", "memberOfTypes", "shape", "tags" };
	static const char *const enumerated[] = { "annotations", "enum" };
	struct fh_draft_entity e = { .name = name_of(j, j->name), .space = r->space };
	bool lists = fh_json_member(j, "enum") != nullptr;

	check_name(r, j, j->name, false);
	if (!only(r, j, lists ? enumerated : usual, lists ? 2 : 4))
		return;
	e.notes = notes(r, j);
	e.choices = strings(r, j, "enum", false, false);
	if (lists && e.choices.n == 0)
		refuse(r, j, "list at least one id", "\"enum\" is empty");
	e.parents = strings(r, j, "memberOfTypes", true, false);
	e.shape = type_member(r, j, "shape");
	e.tags = type_member(r, j, "tags");
	if (r->d->p.e == FH_ERR_OK)
		fh_draft_add_entity(r->d, &e);
}

static void group(struct reader *r, const struct fh_json *j, struct fh_list *l)
{
	static const char *const names[] = { "id", "type" };
	struct fh_draft_group g = { .id.at = fh_est_at(j) };

	if (!only(r, j, names, 2))
		return;
	const struct fh_json *id = member(r, j, "id", FH_JSON_STRING, true);
	const struct fh_json *type = member_or_null(r, j, "type", FH_JSON_STRING);

	if (id != nullptr)
		g.id.text = id->text;
	if (type != nullptr) {
		check_name(r, type, type->text, true);
		g.type = type->text;
	}
	fh_list_add(&r->d->p, l, &g, sizeof(g));
}

static void applies_to(struct reader *r, const struct fh_json *j, struct fh_draft_action *a)
{
	static const char *const names[] = { "principalTypes", "resourceTypes", "context" };

	if (j == nullptr || !only(r, j, names, 3))
		return;
	a->principals = strings(r, j, "principalTypes", true, true);
	a->resources = strings(r, j, "resourceTypes", true, true);
	a->context = type_member(r, j, "context");
}

static void action(struct reader *r, const struct fh_json *j)
{
	static const char *const names[] = { "annotations", "attributes", "appliesTo", "memberOf" };
	struct fh_draft_action a = { .name = name_of(j, j->name), .space = r->space };

	if (!only(r, j, names, 4))
		return;
	const struct fh_json *attributes = member_or_null(r, j, "attributes", FH_JSON_OBJECT);
	const struct fh_json *all = member_or_null(r, j, "memberOf", FH_JSON_ARRAY);

	if (attributes != nullptr)
		fh_parse_refuse(&r->d->p, fh_est_at(attributes), FH_ERR_UNSUPPORTED, "remove them",
				"Cedar's actions have no attributes");
	a.notes = notes(r, j);
	for (const struct fh_json *m = all == nullptr ? nullptr : all->first; m != nullptr;
	     m = m->next)
		group(r, m, &a.groups);
	applies_to(r, member_or_null(r, j, "appliesTo", FH_JSON_OBJECT), &a);
	if (r->d->p.e == FH_ERR_OK)
		fh_draft_add_action(r->d, &a);
}

/* Each member of J's member NAME is read by READ.  */
static void each(struct reader *r, const struct fh_json *j, const char *name, bool must,
		 void (*read)(struct reader *, const struct fh_json *))
{
	const struct fh_json *all = member(r, j, name, FH_JSON_OBJECT, must);

	for (const struct fh_json *m = all == nullptr ? nullptr : all->first;
	     m != nullptr && r->d->p.e == FH_ERR_OK; m = m->next)
		read(r, m);
}

static void namespace(struct reader *r, const struct fh_json *j)
{
	static const char *const names[] = { "annotations", "commonTypes", "entityTypes",
					     "actions" };
	struct fh_draft_space s = { name_of(j, j->name) };

	r->space = 0;
	if (j->name.n > 0) {
		check_name(r, j, j->name, true);
		r->space = fh_draft_add_space(r->d, &s);
	} else if (fh_json_member(j, "annotations") != nullptr) {
		refuse(r, j, "remove them", "only a namespace with a name has annotations");
	}
	if (!only(r, j, names, 4))
		return;
	(void)notes(r, j);
	each(r, j, "commonTypes", false, alias);
	each(r, j, "entityTypes", true, entity);
	each(r, j, "actions", true, action);
}

void fh_draft_read_json(struct fh_draft *d, struct fh_span text, size_t max)
{
	const struct fh_json_limits limits = { max, 4 * FH_SCHEMA_NESTING_MAX };
	struct reader r = { d, { d->p.lex.text_name, d->p.arena, d->p.lex.trace }, 0 };
	const struct fh_json *root = nullptr;

	fh_parse_note(&d->p, fh_json_tree(text, &limits, d->p.lex.text_name, d->p.arena, &root,
					  d->p.lex.trace));
	if (d->p.e == FH_ERR_OK && root->kind != FH_JSON_OBJECT)
		refuse(&r, root, "write {NAMESPACE: {...}}", "a schema is an object");
	for (const struct fh_json *m = d->p.e == FH_ERR_OK ? root->first : nullptr;
	     m != nullptr && d->p.e == FH_ERR_OK; m = m->next)
		namespace(&r, m);
}
