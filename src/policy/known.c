/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/known.h"

#include "base/limits.h"

/* An entity that is being made, with room for its ancestors.  */
struct making {
	struct fh_entity entity;
	struct fh_entity_key *key;
	const struct fh_entity_key **ancestors;
	uint32_t n;
};

static fh_err make_room(const struct fh_entity_key *key, size_t ancestors, struct fh_arena *a,
			struct making **out)
{
	struct making *m = fh_arena_take(a, sizeof(*m));

	if (m == nullptr)
		return FH_ERR_NOMEM;
	m->entity = (struct fh_entity){ .key = *key,
					.attributes = fh_value_none(),
					.tags = fh_value_none() };
	m->key = fh_arena_space(a, ancestors * sizeof(*m->key));
	m->ancestors = fh_arena_space(a, ancestors * sizeof(struct fh_entity_key *));
	*out = m;
	return m->key == nullptr || m->ancestors == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

static void put(struct making *m, struct fh_entity_uid up)
{
	m->key[m->n] = fh_entity_key_of(up);
	m->ancestors[m->n] = &m->key[m->n];
	m->n++;
}

static const struct fh_entity *finish(struct making *m)
{
	m->entity.ancestors_n = fh_entity_keys_sort(m->ancestors, m->n);
	m->entity.ancestors = m->ancestors;
	return &m->entity;
}

static fh_err principal(const struct fh_known_entities *k, const struct fh_entity_key *key,
			struct fh_arena *a, const struct fh_entity **out)
{
	struct making *m;
	fh_err e = k->groups_n > FH_POLICY_PARENTS_MAX
			   ? FH_ERR_LIMIT
			   : make_room(key, k->groups_n, a, &m);

	if (e != FH_ERR_OK)
		return e;
	for (size_t i = 0; i < k->groups_n; i++)
		put(m, k->groups[i]);
	*out = finish(m);
	return FH_ERR_OK;
}

/* The folders of the path E, whose type has the parent FOLDER.  */
static fh_err path(const struct fh_entity_key *e, struct fh_span folder, struct fh_arena *a,
		   const struct fh_entity **out)
{
	struct making *m;
	size_t slashes = 0;

	for (size_t i = 0; i < e->uid.id.n; i++)
		slashes += e->uid.id.p[i] == '/';
	fh_err done = make_room(e, slashes, a, &m);

	if (done != FH_ERR_OK)
		return done;
	for (struct fh_span up = fh_path_parent(e->uid.id); up.n > 0; up = fh_path_parent(up))
		put(m, (struct fh_entity_uid){ folder, up });
	*out = finish(m);
	return FH_ERR_OK;
}

static fh_err action(const struct fh_schema *s, const struct fh_entity_key *key,
		     uint32_t index, struct fh_arena *a, const struct fh_entity **out)
{
	const struct fh_schema_action *action = &s->actions[index];
	struct making *m;
	fh_err e = make_room(key, action->ancestors_n, a, &m);

	if (e != FH_ERR_OK)
		return e;
	for (uint32_t i = 1; i < action->ancestors_n; i++) /* the first is itself */
		put(m, s->actions[action->ancestors[i]].uid);
	*out = finish(m);
	return FH_ERR_OK;
}

static fh_err find(const void *context, const struct fh_entity_key *e, struct fh_arena *a,
		   const struct fh_entity **out)
{
	const struct fh_known_entities *k = context;
	const struct fh_schema *s = k->schema;
	uint32_t type = fh_schema_find_type(s, e->uid.type);

	*out = nullptr;
	for (size_t i = k->told_n; i > 0; i--) {
		if (!fh_entity_key_equal(&k->told[i - 1].key, e))
			continue;
		*out = &k->told[i - 1];
		return FH_ERR_OK;
	}
	if (k->listed != nullptr)
		*out = fh_entities_find(k->listed, e);
	if (*out != nullptr)
		return FH_ERR_OK;
	if (fh_entity_equal(e->uid, k->principal))
		return principal(k, e, a, out);
	if (type != FH_SCHEMA_NONE && s->types[type].is_path && s->types[type].parents_n > 0)
		return path(e, s->types[s->types[type].parents[0]].name, a, out);
	uint32_t index = fh_schema_find_action(s, e->uid);

	return index == FH_SCHEMA_NONE ? FH_ERR_OK : action(s, e, index, a, out);
}

struct fh_entity_source fh_known_entities_source(const struct fh_known_entities *k)
{
	return (struct fh_entity_source){ find, k };
}
