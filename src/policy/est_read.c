/* SPDX-License-Identifier: Apache-2.0 */
/* Policies and sets of them in Cedar's JSON.  */
#include "policy/est_read.h"

#include "base/limits.h"
#include "policy/est.h"

/* A value and everything around it: two levels for each of an expression's.  */
constexpr int depth_max = 2 * FH_EXPR_DEPTH_MAX + FH_CEDAR_JSON_DEPTH_MAX;

static bool is_text(const struct fh_json *j, const char *text)
{
	return j->kind == FH_JSON_STRING && fh_span_equal(j->text, fh_span_str(text));
}

/* --- the scope -------------------------------------------------------- */

/* "entity", or "slot" if SLOT names the one that may stand here.  */
static void put_entity(struct fh_est *e, const struct fh_json *j, const char *slot,
		       struct fh_list *uids, struct fh_scope *s)
{
	const struct fh_json *named = fh_json_member(j, "slot");

	if (slot != nullptr && named != nullptr) {
		if (!is_text(named, slot))
			fh_parse_refuse(&e->p, fh_est_at(named), FH_ERR_FORMAT,
					"slots are ?principal and ?resource, each beside its own",
					"no such slot may stand here");
		s->slot = true;
		return;
	}
	struct fh_entity_uid uid = fh_est_entity(e, fh_est_member(e, j, "entity"));

	fh_list_add(&e->p, uids, &uid, sizeof(uid));
}

static void put_entities(struct fh_est *e, const struct fh_json *j, struct fh_list *uids,
			 struct fh_scope *s)
{
	const struct fh_json *list = fh_json_member(j, "entities");

	if (list == nullptr) {
		put_entity(e, j, nullptr, uids, s);
		return;
	}
	s->listed = true;
	if (list->kind != FH_JSON_ARRAY) {
		fh_parse_refuse(&e->p, fh_est_at(list), FH_ERR_FORMAT, "write [...]",
				"\"entities\" must be a list");
		return;
	}
	for (const struct fh_json *c = list->first; c != nullptr; c = c->next) {
		struct fh_entity_uid uid = fh_est_entity(e, c);

		fh_list_add(&e->p, uids, &uid, sizeof(uid));
	}
}

static void put_type(struct fh_est *e, const struct fh_json *j, const char *slot,
		     struct fh_list *uids, struct fh_scope *s)
{
	const struct fh_json *in = fh_json_member(j, "in");

	s->kind = in == nullptr ? FH_SCOPE_IS : FH_SCOPE_IS_IN;
	s->type = fh_est_text(e, j, "entity_type");
	if (!fh_is_name(s->type))
		fh_parse_refuse(&e->p, s->at, FH_ERR_FORMAT, "write a type such as \"A::B\"",
				"\"entity_type\" is no entity type");
	if (in != nullptr)
		put_entity(e, in, slot, uids, s);
}

/* NAME and what is said about it; an action has no slot, and no type.  */
static struct fh_scope clause(struct fh_est *e, const struct fh_json *policy, const char *name,
			      const char *slot)
{
	static const char *const names[] = { "op", "entity", "entities", "slot", "entity_type",
					     "in" };
	const struct fh_json *j = fh_est_member(e, policy, name);
	struct fh_scope s = { .at = fh_est_at(j), .type_at = fh_est_at(j) };
	struct fh_list uids = { 0 }, where = { 0 };

	fh_est_only(e, j, names, 6);
	const struct fh_json *op = fh_est_member(e, j, "op");

	if (is_text(op, "==")) {
		s.kind = FH_SCOPE_EQUAL;
		put_entity(e, j, slot, &uids, &s);
	} else if (is_text(op, "in")) {
		s.kind = FH_SCOPE_IN;
		if (slot == nullptr)
			put_entities(e, j, &uids, &s);
		else
			put_entity(e, j, slot, &uids, &s);
	} else if (is_text(op, "is") && slot != nullptr) {
		put_type(e, j, slot, &uids, &s);
	} else if (!is_text(op, "All")) {
		fh_parse_refuse(&e->p, s.at, FH_ERR_FORMAT, "write All, ==, in or (no action) is",
				"\"op\" is none that may stand here");
	}
	for (size_t i = 0; i < uids.n + s.slot; i++)
		fh_list_add(&e->p, &where, &s.at, sizeof(s.at));
	s.entities = uids.p;
	s.entities_n = uids.n;
	s.where = where.p;
	if (slot == nullptr)
		fh_parse_check_actions(&e->p, &s);
	return s;
}

/* --- policies --------------------------------------------------------- */

static void annotations(struct fh_est *e, const struct fh_json *j, struct fh_policy *p)
{
	struct fh_list l = { 0 };

	if (j == nullptr)
		return;
	if (j->kind != FH_JSON_OBJECT || j->n > FH_ANNOTATIONS_MAX) {
		fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT, "write {NAME: VALUE}",
				"\"annotations\" must be an object of at most %zu members",
				FH_ANNOTATIONS_MAX);
		return;
	}
	for (const struct fh_json *m = j->first; m != nullptr; m = m->next) {
		struct fh_annotation a = { .name = m->name, .value = FH_TEXT_INIT(""),
					   .at = fh_est_at(m) };

		if (!fh_lexer_is_word(m->name))
			fh_parse_refuse(&e->p, a.at, FH_ERR_FORMAT, "choose another name",
					"an annotation's name must be a word");
		a.bare = m->kind == FH_JSON_NULL;
		if (m->kind == FH_JSON_STRING)
			a.value = m->text;
		else if (!a.bare)
			fh_parse_refuse(&e->p, a.at, FH_ERR_FORMAT, "put it in quotes",
					"an annotation's value must be a string or null");
		fh_list_add(&e->p, &l, &a, sizeof(a));
	}
	p->annotations = l.p;
	p->annotations_n = l.n;
}

static void conditions(struct fh_est *e, const struct fh_json *j, struct fh_policy *p)
{
	static const char *const names[] = { "kind", "body" };
	struct fh_list l = { 0 };

	if (j->kind != FH_JSON_ARRAY) {
		fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT, "write [...]",
				"\"conditions\" must be a list");
		return;
	}
	for (const struct fh_json *c = j->first; c != nullptr && e->p.e == FH_ERR_OK; c = c->next) {
		struct fh_condition one = { .at = fh_est_at(c) };

		fh_est_only(e, c, names, 2);
		const struct fh_json *kind = fh_est_member(e, c, "kind");

		one.unless = is_text(kind, "unless");
		if (!one.unless && !is_text(kind, "when"))
			fh_parse_refuse(&e->p, one.at, FH_ERR_FORMAT, "write when or unless",
					"\"kind\" is neither");
		one.body = fh_est_expr(e, fh_est_member(e, c, "body"));
		fh_list_add(&e->p, &l, &one, sizeof(one));
	}
	p->conditions = l.p;
	p->conditions_n = l.n;
}

static struct fh_policy policy(struct fh_est *e, const struct fh_json *j, struct fh_span id)
{
	static const char *const names[] = { "effect", "principal", "action", "resource",
					     "conditions", "annotations" };
	struct fh_policy p = { .id = id, .at = fh_est_at(j) };

	fh_est_only(e, j, names, 6);
	const struct fh_json *effect = fh_est_member(e, j, "effect");

	p.forbids = is_text(effect, "forbid");
	if (!p.forbids && !is_text(effect, "permit"))
		fh_parse_refuse(&e->p, p.at, FH_ERR_FORMAT, "write permit or forbid",
				"\"effect\" is neither");
	p.principal = clause(e, j, "principal", "?principal");
	p.action = clause(e, j, "action", nullptr);
	p.resource = clause(e, j, "resource", "?resource");
	conditions(e, fh_est_member(e, j, "conditions"), &p);
	annotations(e, fh_json_member(j, "annotations"), &p);
	return p;
}

/* --- sets ------------------------------------------------------------- */

/* The policies of the object MAP; templates or not, as TEMPLATES says.  */
static void read_map(struct fh_est *e, const struct fh_json *map, bool templates,
		     struct fh_policies *out)
{
	if (map == nullptr)
		return;
	if (map->kind != FH_JSON_OBJECT)
		fh_parse_refuse(&e->p, fh_est_at(map), FH_ERR_FORMAT, "write {ID: POLICY}",
				"an object expected here");
	for (const struct fh_json *m = map->kind == FH_JSON_OBJECT ? map->first : nullptr;
	     m != nullptr && e->p.e == FH_ERR_OK; m = m->next) {
		struct fh_policy *p = &out->list[out->n++];

		*p = policy(e, m, m->name);
		if (fh_policy_is_template(p) != templates)
			fh_parse_refuse(&e->p, p->at, FH_ERR_FORMAT,
					"templates have slots, static policies have none",
					"this policy does not belong here");
	}
}

static const struct fh_policy *find(const struct fh_policies *all, struct fh_span id)
{
	for (size_t i = 0; i < all->n; i++) {
		if (fh_span_equal(all->list[i].id, id))
			return &all->list[i];
	}
	return nullptr;
}

/* The entity for the slot NAME in *UID; NULL if there is none.  */
static const struct fh_entity_uid *filling(struct fh_est *e, const struct fh_json *values,
					   const char *name, struct fh_entity_uid *uid)
{
	const struct fh_json *m = fh_json_member(values, name);

	if (m == nullptr)
		return nullptr;
	*uid = fh_est_entity(e, m);
	return uid;
}

static void read_link(struct fh_est *e, const struct fh_json *j, struct fh_policies *out)
{
	static const char *const names[] = { "templateId", "newId", "values" };
	static const char *const slots[] = { "?principal", "?resource" };
	struct fh_entity_uid principal, resource;

	fh_est_only(e, j, names, 3);
	struct fh_span id = fh_est_text(e, j, "newId");
	const struct fh_policy *template = find(out, fh_est_text(e, j, "templateId"));
	const struct fh_json *values = fh_est_member(e, j, "values");

	fh_est_only(e, values, slots, 2);
	const struct fh_entity_uid *who = filling(e, values, slots[0], &principal);
	const struct fh_entity_uid *what = filling(e, values, slots[1], &resource);

	if (template == nullptr)
		fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_UNKNOWN, "add it to \"templates\"",
				"there is no such template");
	if (e->p.e != FH_ERR_OK)
		return;
	fh_err done = fh_policy_link(template, id, who, what, e->p.arena, &out->list[out->n]);

	if (done == FH_ERR_OK)
		out->n++;
	else if (done == FH_ERR_NOMEM)
		fh_parse_note(&e->p, fh_lexer_full(&e->p.lex));
	else
		fh_parse_refuse(&e->p, fh_est_at(j), FH_ERR_FORMAT,
				"give a value for each slot of the template",
				"the values do not match the template's slots");
}

/* Refuses two policies of one id.  */
static void check_ids(struct fh_est *e, const struct fh_policies *all)
{
	uint32_t slots = 8;

	while (slots < 2 * all->n)
		slots *= 2;
	uint32_t *slot = fh_parse_take(&e->p, slots * sizeof(*slot));

	for (uint32_t i = 0; slot != nullptr && i < all->n; i++) {
		uint32_t k = (uint32_t)fh_text_hash(all->list[i].id, 0) & (slots - 1);

		for (; slot[k] != 0; k = (k + 1) & (slots - 1)) {
			if (fh_span_equal(all->list[slot[k] - 1].id, all->list[i].id))
				fh_parse_refuse(&e->p, all->list[i].at, FH_ERR_CONFLICT,
						"give this one another",
						"two policies have this id");
		}
		slot[k] = i + 1;
	}
}

static size_t children(const struct fh_json *j)
{
	return j == nullptr ? 0 : j->n;
}

static void read_set(struct fh_est *e, const struct fh_json *root, struct fh_policies *out)
{
	static const char *const names[] = { "staticPolicies", "templates", "templateLinks" };
	const struct fh_json *statics = fh_json_member(root, names[0]);
	const struct fh_json *templates = fh_json_member(root, names[1]);
	const struct fh_json *links = fh_json_member(root, names[2]);
	size_t n = children(statics) + children(templates) + children(links);

	fh_est_only(e, root, names, 3);
	if (n > FH_POLICY_RULES_MAX)
		fh_parse_refuse(&e->p, fh_est_at(root), FH_ERR_LIMIT, "write fewer",
				"the document has more than %zu policies", FH_POLICY_RULES_MAX);
	out->list = fh_parse_take(&e->p, n * sizeof(*out->list));
	if (out->list == nullptr)
		return;
	read_map(e, statics, /* templates= */ false, out);
	read_map(e, templates, /* templates= */ true, out);
	if (links != nullptr && links->kind != FH_JSON_ARRAY)
		fh_parse_refuse(&e->p, fh_est_at(links), FH_ERR_FORMAT, "write [...]",
				"\"templateLinks\" must be a list");
	for (const struct fh_json *l = links == nullptr ? nullptr : links->first;
	     l != nullptr && e->p.e == FH_ERR_OK; l = l->next)
		read_link(e, l, out);
	check_ids(e, out);
}

fh_err fh_est_read(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
		   struct fh_policies *out, struct fh_trace *t)
{
	const struct fh_json_limits limits = { max, depth_max };
	struct fh_est e = { .p = { .lex = { .text_name = name, .trace = t, .next.at = { 1, 1 } },
				   .arena = a },
			    .document = { name, a, t } };
	struct fh_policies all = { 0 };
	const struct fh_json *root;

	e.p.e = fh_json_tree(text, &limits, name, a, &root, t);
	if (e.p.e != FH_ERR_OK)
		return e.p.e;
	if (fh_json_member(root, "effect") == nullptr) {
		read_set(&e, root, &all);
	} else {
		all.list = fh_parse_take(&e.p, sizeof(*all.list));
		if (all.list != nullptr)
			all.list[all.n++] = policy(&e, root, FH_SPAN_LIT("policy0"));
	}
	if (e.p.e == FH_ERR_OK)
		*out = all;
	return e.p.e;
}
