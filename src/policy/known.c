/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/known.h"

#include "base/limits.h"

/* An entity that is being made, with room for its ancestors behind it.  */
struct making {
	struct fh_entity entity;
	const struct fh_entity_key **up;
	struct fh_entity_key *key;
	uint64_t seed; /* hash of the type of what was put last */
	struct fh_span type;
};

/* Room for N ancestors.  */
static fh_err make_room(const struct fh_entity_key *key, size_t n, struct fh_arena *a,
			struct making **out)
{
	struct making *m = fh_arena_space(a, sizeof(*m) + n * (sizeof(*m->key) + sizeof(*m->up)));

	if (m == nullptr)
		return FH_ERR_NOMEM;
	m->entity.key = *key; /* member by member: clearing all of it first takes longer */
	m->entity.attributes = m->entity.tags = fh_value_none();
	m->entity.parents = nullptr;
	m->entity.ancestors_n = m->entity.parents_n = 0;
	m->key = (struct fh_entity_key *)(m + 1);
	m->up = (const struct fh_entity_key **)(m->key + n);
	m->type = (struct fh_span){ 0 };
	*out = m;
	return FH_ERR_OK;
}

/* Adds TYPE::"ID".  Types are few and come one after the other.  */
static void put(struct making *m, struct fh_span type, struct fh_span id)
{
	struct fh_entity_key *key = &m->key[m->entity.ancestors_n];

	if (type.p != m->type.p || type.n != m->type.n) {
		m->type = type;
		m->seed = fh_text_hash(type, 0);
	}
	*key = (struct fh_entity_key){ { type, id }, fh_text_hash(id, m->seed) };
	m->up[m->entity.ancestors_n++] = key;
}

static const struct fh_entity *finish(struct making *m)
{
	if (m->entity.ancestors_n > FH_ANCESTORS_FEW)
		m->entity.ancestors_n = fh_entity_keys_sort(m->up, m->entity.ancestors_n);
	m->entity.ancestors = m->up;
	return &m->entity;
}

/* What was put last was not there yet.  */
static bool is_new(const struct making *m)
{
	uint32_t last = m->entity.ancestors_n - 1;

	for (uint32_t i = 0; i < last; i++) {
		if (fh_entity_key_equal(&m->key[i], &m->key[last]))
			return false;
	}
	return true;
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
	for (size_t i = 0; i < k->groups_n; i++) {
		put(m, k->groups[i].type, k->groups[i].id);
		m->entity.ancestors_n -= is_new(m) ? 0 : 1;
	}
	*out = finish(m);
	return FH_ERR_OK;
}

/* The folders of the path E, whose type has the parent FOLDER: what stands before each slash.  A
 * folder has two bytes at least, as E is canonical.  */
static fh_err path(const struct fh_entity_key *e, struct fh_span folder, struct fh_arena *a,
		   const struct fh_entity **out)
{
	struct fh_span id = e->uid.id;
	size_t room = id.n / 2 + 1;
	struct making *m;
	fh_err done = make_room(e, room, a, &m);

	if (done != FH_ERR_OK)
		return done;
	for (size_t i = id.n; id.n > 1 && i-- > 0;) {
		if (id.p[i] != '/')
			continue;
		if (m->entity.ancestors_n == room)
			return FH_ERR_FORMAT;
		put(m, folder, fh_span_of(id.p, i == 0 ? 1 : i));
	}
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
		put(m, s->actions[action->ancestors[i]].uid.type,
		    s->actions[action->ancestors[i]].uid.id);
	*out = finish(m);
	return FH_ERR_OK;
}

static fh_err find(const void *context, const struct fh_entity_key *e, struct fh_arena *a,
		   const struct fh_entity **out)
{
	const struct fh_known_entities *k = context;
	const struct fh_schema *s = k->schema;

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
	uint32_t type = fh_schema_find_type(s, e->uid.type);

	if (type != FH_SCHEMA_NONE && s->types[type].is_path && s->types[type].parents_n > 0)
		return path(e, s->types[s->types[type].parents[0]].name, a, out);
	uint32_t index = fh_schema_find_action(s, e->uid);

	return index == FH_SCHEMA_NONE ? FH_ERR_OK : action(s, e, index, a, out);
}

struct fh_entity_source fh_known_entities_source(const struct fh_known_entities *k)
{
	return (struct fh_entity_source){ find, k };
}
