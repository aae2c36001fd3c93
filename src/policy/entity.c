/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/entity.h"

#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "policy/schema.h"

struct fh_entity_uid fh_entity_uid_of(const char *type, struct fh_span id)
{
	return (struct fh_entity_uid){ fh_span_str(type), id };
}

bool fh_entity_equal(struct fh_entity_uid a, struct fh_entity_uid b)
{
	return fh_span_equal(a.id, b.id) && fh_span_equal(a.type, b.type);
}

static uint64_t stir(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

uint64_t fh_text_hash(struct fh_span s, uint64_t seed)
{
	uint64_t h = stir(seed, s.n);
	uint64_t word;

	for (; s.n >= sizeof(word); s = fh_span_skip(s, sizeof(word))) {
		memcpy(&word, s.p, sizeof(word));
		h = stir(h, word);
	}
	word = 0;
	for (size_t i = 0; i < s.n; i++)
		word = word << 8 | s.p[i];
	return stir(h, word);
}

uint64_t fh_entity_hash(struct fh_entity_uid e)
{
	return fh_text_hash(e.id, fh_text_hash(e.type, 0));
}

/* The path that holds PATH, which is canonical; empty for "/".  */
static struct fh_span lexical_parent(struct fh_span path)
{
	size_t slash = path.n;

	while (slash > 0 && path.p[slash - 1] != '/')
		slash--;
	if (path.n <= 1 || slash == 0)
		return (struct fh_span){ 0 };
	return fh_span_first(path, slash == 1 ? 1 : slash - 1);
}

static fh_err path_parent(const struct fh_schema *s, struct fh_entity_uid e,
			  struct fh_entity_uid *out, size_t max, size_t *n)
{
	uint32_t type = fh_schema_find_type(s, e.type);

	*n = 0;
	if (type == FH_SCHEMA_NONE || !s->types[type].is_path || s->types[type].parents_n == 0)
		return FH_ERR_OK;
	struct fh_span above = lexical_parent(e.id);

	if (above.n == 0)
		return FH_ERR_OK;
	if (max == 0)
		return FH_ERR_LIMIT;
	out[0] = (struct fh_entity_uid){ s->types[s->types[type].parents[0]].name, above };
	*n = 1;
	return FH_ERR_OK;
}

static fh_err known_parents(const void *context, struct fh_entity_uid e,
			    struct fh_entity_uid *out, size_t max, size_t *n)
{
	const struct fh_known_entities *k = context;

	if (!fh_entity_equal(e, k->principal))
		return path_parent(k->schema, e, out, max, n);
	if (k->groups_n > max)
		return FH_ERR_LIMIT;
	for (size_t i = 0; i < k->groups_n; i++)
		out[i] = k->groups[i];
	*n = k->groups_n;
	return FH_ERR_OK;
}

struct fh_parent_source fh_known_entities_source(const struct fh_known_entities *k)
{
	return (struct fh_parent_source){ known_parents, k };
}

/* What is wrong with one component of a path, or NULL.  */
static const char *component_fault(struct fh_span c)
{
	if (c.n == 0)
		return "it has an empty component";
	if (fh_span_equal(c, FH_SPAN_LIT(".")))
		return "it has the component \".\"";
	if (fh_span_equal(c, FH_SPAN_LIT("..")))
		return "it has the component \"..\"";
	for (size_t i = 0; i < c.n; i++) {
		if (c.p[i] < 0x20 || c.p[i] == 0x7f)
			return "it has a control character";
	}
	return nullptr;
}

static const char *path_fault(struct fh_span path)
{
	if (path.n == 0 || path.p[0] != '/')
		return "it is not absolute";
	if (path.n == 1)
		return nullptr;
	if (path.p[path.n - 1] == '/')
		return "it ends in a slash";
	if (!fh_utf8_valid(path))
		return "it is not UTF-8";
	for (struct fh_span rest = path; rest.n > 0;) {
		rest = fh_span_skip(rest, 1);
		size_t n = fh_span_find(rest, '/');
		const char *fault = component_fault(fh_span_first(rest, n));

		if (fault != nullptr)
			return fault;
		rest = fh_span_skip(rest, n);
	}
	return nullptr;
}

fh_err fh_posix_path_check(struct fh_span path, const char **why)
{
	bool fits = path.n <= FH_PATH_MAX;
	const char *fault = fits ? path_fault(path) : "it is too long";

	if (fault == nullptr)
		return FH_ERR_OK;
	*why = fault;
	return fits ? FH_ERR_FORMAT : FH_ERR_LIMIT;
}
