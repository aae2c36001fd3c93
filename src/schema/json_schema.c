/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a schema: first every place at which one stands is found, with its URIs and
 * anchors, then each becomes rules.  Both go through a list, so that neither depth nor
 * circles among schemas matter.  */
#include "schema/json_schema.h"

#include "base/limits.h"
#include "schema/json_schema_private.h"

static bool add_anchor(struct fh_schema_reading *r, struct fh_schema_node *node,
		       const struct fh_json *said, bool dynamic)
{
	struct fh_schema_anchor *a;

	if (said == nullptr)
		return true;
	if (said->kind != FH_JSON_STRING)
		return fh_schema_refuse(r, said, FH_ERR_FORMAT, "no name", "write a text");
	if (!fh_schema_look(r, said, r->anchors_n))
		return false;
	for (const struct fh_schema_anchor *i = node->resource->anchors; i != nullptr;
	     i = i->next) {
		if (fh_span_equal(i->name, said->text) && i->node != node)
			return fh_schema_refuse(r, said, FH_ERR_FORMAT,
						"two schemas of one resource have this anchor",
						"rename one");
	}
	a = fh_arena_take(r->arena, sizeof(*a));
	if (a == nullptr)
		return fh_schema_full(r, said);
	*a = (struct fh_schema_anchor){ node->resource->anchors, said->text, node, dynamic };
	node->resource->anchors = a;
	r->anchors_n++;
	return true;
}

/* Gives NODE, which has the identifier SAID, the resource it begins.  */
static bool enter_resource(struct fh_schema_reading *r, struct fh_schema_node *node,
			   const struct fh_json *said)
{
	struct fh_span id, fragment, uri;
	struct fh_schema_resource *outer = node->resource;

	if (said->kind != FH_JSON_STRING)
		return fh_schema_refuse(r, said, FH_ERR_FORMAT, "no URI reference", "write a text");
	(void)fh_uri_split(said->text, &id, &fragment);
	if (fragment.n > 0)
		return fh_schema_refuse(r, said, FH_ERR_UNSUPPORTED, "a fragment in an identifier",
					"use `$anchor`");
	if (fh_uri_resolve(outer->uri, id, r->arena, &uri) != FH_ERR_OK)
		return fh_schema_full(r, said);
	if (outer->root == node->json && fh_span_equal(outer->uri, uri))
		return true;
	if (!fh_schema_look(r, said, r->resources_n))
		return false;
	for (const struct fh_schema_resource *i = r->resources; i != nullptr; i = i->next) {
		if (i->root != node->json && fh_span_equal(i->uri, uri) && uri.n > 0)
			return fh_schema_refuse(r, said, FH_ERR_FORMAT, "two schemas have this URI",
						"rename one");
	}
	node->resource = fh_schema_resource_add(r, uri, node->json, &outer->dialect);
	return node->resource != nullptr;
}

static bool identify(struct fh_schema_reading *r, struct fh_schema_node *node)
{
	const struct fh_json *j = node->json, *id = fh_json_member(j, "$id");

	if (j->kind != FH_JSON_OBJECT)
		return j->kind == FH_JSON_BOOL ||
		       fh_schema_refuse(r, j, FH_ERR_FORMAT, "no schema",
					"write an object, true or false");
	if (id != nullptr && !enter_resource(r, node, id))
		return false;
	if (node->resource->dialect.draft == FH_DRAFT_07)
		return true;
	return add_anchor(r, node, fh_json_member(j, "$anchor"), false) &&
	       (node->resource->dialect.draft != FH_DRAFT_2020_12 ||
		add_anchor(r, node, fh_json_member(j, "$dynamicAnchor"), true));
}

struct fh_schema_node *fh_schema_node_at(struct fh_schema_reading *r, const struct fh_json *j,
					 struct fh_schema_resource *resource)
{
	struct fh_schema_node **chain = fh_schema_bucket(r, j);

	for (struct fh_schema_node *n = *chain; n != nullptr; n = n->chain) {
		if (n->json == j)
			return n;
	}
	struct fh_schema_node *made = fh_arena_take(r->arena, sizeof(*made));

	if (made == nullptr)
		return fh_schema_full(r, j), nullptr;
	if (r->nodes++ == FH_SCHEMA_NODES_MAX)
		return fh_schema_refuse(r, j, FH_ERR_LIMIT, "too many schemas in each other",
					"make the schema smaller"), nullptr;
	*made = (struct fh_schema_node){ .chain = *chain, .json = j, .resource = resource,
					 .number = r->nodes - 1 };
	*chain = made;
	if (!identify(r, made))
		return nullptr;
	if (r->last == nullptr)
		r->first = made;
	else
		r->last->next = made;
	r->last = made;
	return made;
}

static bool scan_children(struct fh_schema_reading *r, const struct fh_schema_node *node,
			  const struct fh_json *j, bool all)
{
	for (const struct fh_json *c = j->first; c != nullptr; c = c->next) {
		if ((all || c->kind != FH_JSON_ARRAY) &&
		    fh_schema_node_at(r, c, node->resource) == nullptr)
			return false;
	}
	return true;
}

/* The schemas that are members of NODE, by the shapes of its keywords, which are
 * checked here.  */
static bool scan_node(struct fh_schema_reading *r, const struct fh_schema_node *node)
{
	const struct fh_json *j = node->json;
	bool good = true;

	for (const struct fh_json *m = j->kind == FH_JSON_OBJECT ? j->first : nullptr;
	     good && m != nullptr; m = m->next) {
		const struct fh_schema_word *w = fh_schema_word(&node->resource->dialect, m->name);

		if (w == nullptr && r->options->strict)
			return fh_schema_refuse(r, m, FH_ERR_UNSUPPORTED,
						"a keyword that is not known here",
						"remove it; it could mean something");
		good = w == nullptr || fh_schema_shape_check(r, w, m);
		if (!good || w == nullptr)
			continue;
		if (w->shape == FH_SHAPE_SCHEMA)
			good = fh_schema_node_at(r, m, node->resource) != nullptr;
		else if (w->shape == FH_SHAPE_SCHEMAS || w->shape == FH_SHAPE_SCHEMA_MAP)
			good = scan_children(r, node, m, true);
		else if (w->shape == FH_SHAPE_DEPENDENCIES)
			good = scan_children(r, node, m, false);
	}
	return good;
}

bool fh_schema_scan(struct fh_schema_reading *r)
{
	while (r->scanned != r->last) {
		struct fh_schema_node *next = r->scanned == nullptr ? r->first : r->scanned->next;

		r->scanned = next;
		if (!scan_node(r, next))
			return false;
	}
	return true;
}

static bool read_rules(struct fh_schema_reading *r, struct fh_schema_node *node)
{
	const struct fh_json *member[FH_KEYWORDS] = { nullptr };

	if (node->json->kind != FH_JSON_OBJECT)
		return true;
	for (const struct fh_json *m = node->json->first; m != nullptr; m = m->next) {
		const struct fh_schema_word *w = fh_schema_word(&node->resource->dialect, m->name);

		if (w != nullptr)
			member[w->keyword] = m;
	}
	return fh_schema_rules(r, node, member);
}

static bool read_all(struct fh_schema_reading *r, const struct fh_json *root)
{
	static const struct fh_schema_dialect newest = {
		FH_DRAFT_2020_12,
		FH_VOCABULARY_CORE | FH_VOCABULARY_APPLICATOR | FH_VOCABULARY_UNEVALUATED |
			FH_VOCABULARY_VALIDATION | FH_VOCABULARY_META_DATA |
			FH_VOCABULARY_FORMAT_ANNOTATION | FH_VOCABULARY_CONTENT
	};
	struct fh_schema_resource *whole;

	r->bucket = fh_arena_array(r->arena, FH_SCHEMA_BUCKETS, sizeof(*r->bucket));
	if (r->bucket == nullptr)
		return fh_schema_full(r, root);
	whole = fh_schema_resource_add(r, (struct fh_span){ nullptr, 0 }, root, &newest);
	if (whole == nullptr || fh_schema_node_at(r, root, whole) == nullptr || !fh_schema_scan(r))
		return false;
	/* Rules that refer to other documents make the list longer.  */
	for (struct fh_schema_node *n = r->first; n != nullptr; n = n->next) {
		if (!read_rules(r, n))
			return false;
	}
	return !r->options->strict || fh_schema_ends(r);
}

fh_err fh_json_schema_read(const struct fh_json *root, const struct fh_json_schema_options *options,
			   struct fh_arena *a, const struct fh_json_schema **out,
			   struct fh_trace *t)
{
	struct fh_schema_reading r = { .options = options, .arena = a, .trace = t,
				       .steps = FH_SCHEMA_STEPS_MAX };
	struct fh_json_schema *made = fh_arena_take(a, sizeof(*made));

	if (made == nullptr) {
		(void)fh_schema_full(&r, root);
		return r.e;
	}
	if (!read_all(&r, root))
		return r.e;
	*made = (struct fh_json_schema){ r.first, r.tracks };
	*out = made;
	return FH_ERR_OK;
}
