/* SPDX-License-Identifier: Apache-2.0 */
/* Where schemas are: documents, resources with a URI of their own, anchors, and what a
 * reference leads to.  */
#include "schema/json_schema_private.h"

#include "base/limits.h"

bool fh_schema_refuse(struct fh_schema_reading *r, const struct fh_json *j, fh_err e,
		      const char *what, const char *cure)
{
	struct fh_span name = fh_span_first(j->name, 64);

	if (r->e != FH_ERR_OK)
		return false;
	fh_trace_where(r->trace, "schema:%u:%u", j->at.line, j->at.column);
	if (name.n > 0)
		fh_trace_what(r->trace, "%.*s: %s", (int)name.n, (const char *)name.p, what);
	else
		fh_trace_what(r->trace, "%s", what);
	fh_trace_cure(r->trace, "%s", cure);
	r->e = e;
	return false;
}

bool fh_schema_full(struct fh_schema_reading *r, const struct fh_json *j)
{
	return fh_schema_refuse(r, j, FH_ERR_NOMEM,
				"the schema needs more memory than it may have",
				"make it smaller");
}

bool fh_schema_look(struct fh_schema_reading *r, const struct fh_json *j, uint64_t n)
{
	if (r->steps > n) {
		r->steps -= n;
		return true;
	}
	r->steps = 0;
	return fh_schema_refuse(r, j, FH_ERR_LIMIT, "too many names and references to them",
				"make the schema smaller");
}

/* --- documents ------------------------------------------------------------ */

static const struct fh_json *meta_schema(struct fh_schema_reading *r, size_t i)
{
	struct fh_span text = fh_span_str(fh_meta_schema[i].text);
	const struct fh_json_limits limits = { text.n, FH_SCHEMA_DEPTH_MAX };

	if (r->meta[i] == nullptr && fh_json_tree(text, &limits, "schema", r->arena, &r->meta[i],
						  r->trace) != FH_ERR_OK)
		r->e = FH_ERR_NOMEM;
	return r->meta[i];
}

const struct fh_json *fh_schema_document(struct fh_schema_reading *r, struct fh_span uri)
{
	for (size_t i = 0; i < r->options->others_n; i++) {
		if (fh_span_equal(r->options->others[i].uri, uri))
			return r->options->others[i].root;
	}
	for (size_t i = 0; i < FH_META_SCHEMAS; i++) {
		if (fh_span_equal(fh_span_str(fh_meta_schema[i].uri), uri))
			return meta_schema(r, i);
	}
	return nullptr;
}

/* --- dialects ------------------------------------------------------------- */

constexpr uint32_t standard = FH_VOCABULARY_CORE | FH_VOCABULARY_APPLICATOR |
			      FH_VOCABULARY_UNEVALUATED | FH_VOCABULARY_VALIDATION |
			      FH_VOCABULARY_META_DATA | FH_VOCABULARY_FORMAT_ANNOTATION |
			      FH_VOCABULARY_CONTENT;

static bool known_dialect(struct fh_span uri, struct fh_schema_dialect *out)
{
	static const struct {
		const char *uri;
		enum fh_schema_draft draft;
	} rows[] = {
		{ "https://json-schema.org/draft/2020-12/schema", FH_DRAFT_2020_12 },
		{ "https://json-schema.org/draft/2019-09/schema", FH_DRAFT_2019_09 },
		{ "http://json-schema.org/draft-07/schema", FH_DRAFT_07 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (fh_span_equal(uri, fh_span_str(rows[i].uri))) {
			*out = (struct fh_schema_dialect){ rows[i].draft, standard };
			return true;
		}
	}
	return false;
}

/* The dialect whose meta-schema is META: what its `$vocabulary` lists.  SAID is where it
 * is asked for.  */
static bool own_dialect(struct fh_schema_reading *r, const struct fh_json *said,
			const struct fh_json *meta, struct fh_schema_dialect *out)
{
	const struct fh_json *list = fh_json_member(meta, "$vocabulary");
	struct fh_schema_dialect made = { FH_DRAFT_2020_12, list == nullptr ? standard : 0 };

	if (list != nullptr && list->kind != FH_JSON_OBJECT)
		return fh_schema_refuse(r, list, FH_ERR_FORMAT, "no object", "write one");
	for (const struct fh_json *v = list == nullptr ? nullptr : list->first; v != nullptr;
	     v = v->next) {
		uint32_t bit = fh_schema_vocabulary(v->name);

		if (bit == 0 && (v->kind != FH_JSON_BOOL || v->boolean))
			return fh_schema_refuse(r, said, FH_ERR_UNSUPPORTED,
						"its meta-schema demands a vocabulary that is not "
						"known here", "use the standard's own");
		made.vocabularies |= bit;
	}
	*out = made;
	return true;
}

static bool read_dialect(struct fh_schema_reading *r, const struct fh_json *said,
			 struct fh_schema_dialect *out)
{
	struct fh_span uri, fragment;

	(void)fh_uri_split(said->text, &uri, &fragment);
	if (said->kind == FH_JSON_STRING && known_dialect(uri, out))
		return true;
	const struct fh_json *meta = said->kind != FH_JSON_STRING ? nullptr
								  : fh_schema_document(r, uri);

	if (meta == nullptr || r->options->strict)
		return fh_schema_refuse(r, said, FH_ERR_UNSUPPORTED,
			"a dialect that is not known here",
					"write https://json-schema.org/draft/2020-12/schema");
	return own_dialect(r, said, meta, out);
}

/* --- resources ------------------------------------------------------------ */

struct fh_schema_resource *fh_schema_resource_add(struct fh_schema_reading *r, struct fh_span uri,
						  const struct fh_json *root,
						  const struct fh_schema_dialect *parent)
{
	struct fh_schema_resource *made = fh_arena_take(r->arena, sizeof(*made));
	const struct fh_json *said = fh_json_member(root, "$schema");

	if (made == nullptr)
		return fh_schema_full(r, root), nullptr;
	made->uri = uri;
	made->root = root;
	made->dialect = *parent;
	if (said != nullptr && !read_dialect(r, said, &made->dialect))
		return nullptr;
	made->next = r->resources;
	r->resources = made;
	r->resources_n++;
	return made;
}

static struct fh_schema_resource *find_resource(const struct fh_schema_reading *r,
						struct fh_span uri)
{
	for (struct fh_schema_resource *i = r->resources; i != nullptr; i = i->next) {
		if (fh_span_equal(i->uri, uri))
			return i;
	}
	return nullptr;
}

/* The resource of the absolute URI; J asks for it.  */
static struct fh_schema_resource *open_resource(struct fh_schema_reading *r,
						const struct fh_json *j, struct fh_span uri)
{
	static const struct fh_schema_dialect newest = { FH_DRAFT_2020_12, standard };
	if (!fh_schema_look(r, j, r->resources_n + r->options->others_n))
		return nullptr;
	struct fh_schema_resource *found = find_resource(r, uri);

	if (found != nullptr)
		return found;
	const struct fh_json *root = fh_schema_document(r, uri);

	if (root == nullptr) {
		(void)fh_schema_refuse(r, j, FH_ERR_MISSING,
				       "leads to a document that is not given",
				       "write what it leads to into `$defs`; nothing is fetched");
		return nullptr;
	}
	found = fh_schema_resource_add(r, uri, root, &newest);
	if (found == nullptr || fh_schema_node_at(r, root, found) == nullptr ||
	    !fh_schema_scan(r))
		return nullptr;
	return found;
}

/* --- references ----------------------------------------------------------- */

/* The child of J that one token of a JSON Pointer names, escapes resolved.  */
static const struct fh_json *child_of(const struct fh_json *j, struct fh_span token)
{
	uint64_t index = 0;

	if (j->kind != FH_JSON_ARRAY && j->kind != FH_JSON_OBJECT)
		return nullptr;
	for (size_t i = 0; j->kind == FH_JSON_ARRAY && i < token.n; i++) {
		if (token.p[i] < '0' || token.p[i] > '9' || index > j->n)
			return nullptr;
		index = index * 10 + (token.p[i] - '0');
	}
	for (const struct fh_json *c = j->first; c != nullptr; c = c->next) {
		if (j->kind == FH_JSON_ARRAY ? index-- == 0 : fh_span_equal(c->name, token))
			return c;
	}
	return nullptr;
}

/* The token at the beginning of *POINTER, behind its slash, in A.  */
static bool next_token(struct fh_span *pointer, struct fh_arena *a, struct fh_span *out)
{
	struct fh_span s = fh_span_skip(*pointer, 1);
	size_t n = fh_span_find(s, '/');
	struct fh_builder b = fh_builder_of(fh_arena_space(a, n), n);

	*pointer = fh_span_skip(s, n);
	for (size_t i = 0; i < n && b.p != nullptr; i++) {
		bool escape = s.p[i] == '~' && i + 1 < n;

		i += escape;
		fh_builder_u8(&b, !escape ? s.p[i] : s.p[i] == '0' ? '~' : '/');
	}
	*out = fh_span_of(b.p, b.n);
	return b.p != nullptr;
}

struct fh_schema_node **fh_schema_bucket(const struct fh_schema_reading *r, const struct fh_json *j)
{
	return &r->bucket[(uintptr_t)j / alignof(max_align_t) % FH_SCHEMA_BUCKETS];
}

/* The node whose JSON is J, or NULL.  */
static struct fh_schema_node *find_node(const struct fh_schema_reading *r, const struct fh_json *j)
{
	struct fh_schema_node *n = *fh_schema_bucket(r, j);

	while (n != nullptr && n->json != j)
		n = n->chain;
	return n;
}

/* What POINTER reaches in RESOURCE.  A schema on the way may have a URI of its own.  */
static struct fh_schema_node *follow_pointer(struct fh_schema_reading *r,
	const struct fh_json *said,
					     struct fh_schema_resource *resource,
					     struct fh_span pointer)
{
	const struct fh_json *j = resource->root;
	struct fh_span token;

	while (pointer.n > 0) {
		if (!next_token(&pointer, r->arena, &token))
			return fh_schema_full(r, said), nullptr;
		if (!fh_schema_look(r, said, (uint64_t)j->n + 1))
			return nullptr;
		j = child_of(j, token);
		if (j == nullptr) {
			(void)fh_schema_refuse(r, said, FH_ERR_MISSING,
					       "leads to a place that is not there",
					       "correct the reference");
			return nullptr;
		}
		const struct fh_schema_node *known = find_node(r, j);

		if (known != nullptr)
			resource = known->resource;
	}
	return fh_schema_node_at(r, j, resource);
}

static const struct fh_schema_anchor *find_anchor(const struct fh_schema_resource *resource,
						  struct fh_span name)
{
	const struct fh_schema_anchor *i = resource->anchors;

	while (i != nullptr && !fh_span_equal(i->name, name))
		i = i->next;
	return i;
}

static struct fh_schema_node *follow_fragment(struct fh_schema_reading *r, const struct fh_json *j,
					      struct fh_schema_resource *resource,
					      struct fh_span fragment,
					      const struct fh_schema_anchor **anchor)
{
	fh_err e = fh_uri_decode(fragment, r->arena, &fragment);

	if (e == FH_ERR_NOMEM)
		return fh_schema_full(r, j), nullptr;
	if (e != FH_ERR_OK)
		return fh_schema_refuse(r, j, e, "no URI reference", "write `%` as `%25`"), nullptr;
	if (fragment.n == 0 || fragment.p[0] == '/')
		return follow_pointer(r, j, resource, fragment);
	if (!fh_schema_look(r, j, r->anchors_n))
		return nullptr;
	const struct fh_schema_anchor *found = find_anchor(resource, fragment);

	if (found == nullptr)
		return fh_schema_refuse(r, j, FH_ERR_MISSING,
			"leads to an anchor that is not there",
					"correct the reference"), nullptr;
	if (anchor != nullptr)
		*anchor = found;
	return found->node;
}

struct fh_schema_node *fh_schema_follow(struct fh_schema_reading *r, struct fh_schema_node *node,
					const struct fh_json *j,
					const struct fh_schema_anchor **anchor)
{
	struct fh_span uri, fragment, absolute;
	struct fh_schema_resource *resource = node->resource;

	(void)fh_uri_split(j->text, &uri, &fragment);
	if (anchor != nullptr)
		*anchor = nullptr;
	if (uri.n > 0) {
		if (fh_uri_resolve(resource->uri, uri, r->arena, &absolute) != FH_ERR_OK)
			return fh_schema_full(r, j), nullptr;
		resource = open_resource(r, j, absolute);
	}
	struct fh_schema_node *found = resource == nullptr
					       ? nullptr
					       : follow_fragment(r, j, resource, fragment, anchor);

	return found != nullptr && fh_schema_scan(r) ? found : nullptr;
}
