/* SPDX-License-Identifier: Apache-2.0 */
/* References as RFC 3986 has them.  URIs are compared byte for byte.  */
#include "schema/json_schema_private.h"

/* A reference in its parts; without fragment.  */
struct parts {
	struct fh_span scheme;    /* with its colon; empty if there is none */
	struct fh_span authority; /* with its slashes; empty if there is none */
	struct fh_span path;
	struct fh_span query;     /* with its question mark; empty if there is none */
};

bool fh_uri_split(struct fh_span ref, struct fh_span *uri, struct fh_span *fragment)
{
	size_t n = fh_span_find(ref, '#');

	*uri = fh_span_first(ref, n);
	*fragment = fh_span_skip(ref, n + 1);
	return n < ref.n;
}

/* Length of the scheme and its colon at the beginning of S, or 0.  */
static size_t scheme_length(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = s.p[i], low = b | 0x20;
		bool letter = low >= 'a' && low <= 'z';

		if (b == ':')
			return i > 0 ? i + 1 : 0;
		if (!letter &&
			(i == 0 || ((b < '0' || b > '9') && b != '+' && b != '-' && b != '.')))
			return 0;
	}
	return 0;
}

static struct parts parts_of(struct fh_span s)
{
	struct parts p = { .scheme = fh_span_first(s, scheme_length(s)) };

	s = fh_span_skip(s, p.scheme.n);
	size_t query = fh_span_find(s, '?');

	p.query = fh_span_skip(s, query);
	s = fh_span_first(s, query);
	if (fh_span_starts(s, FH_SPAN_LIT("//"))) {
		size_t n = 2 + fh_span_find(fh_span_skip(s, 2), '/');

		p.authority = fh_span_first(s, n);
		s = fh_span_skip(s, n);
	}
	p.path = s;
	return p;
}

/* Takes the last segment and its slash off what B holds from FROM on.  */
static void drop_segment(struct fh_builder *b, size_t from)
{
	while (b->n > from && b->p[b->n - 1] != '/')
		b->n--;
	b->n -= b->n > from;
}

/* Writes PATH without `.` and `..` (section 5.2.4).  */
static void put_path(struct fh_builder *b, struct fh_span path)
{
	size_t from = b->n;

	while (path.n > 0) {
		bool slash = path.p[0] == '/';
		size_t n = fh_span_find(fh_span_skip(path, slash), '/') + slash;
		struct fh_span segment = fh_span_first(path, n);
		struct fh_span name = fh_span_skip(segment, slash);
		bool up = fh_span_equal(name, FH_SPAN_LIT(".."));

		path = fh_span_skip(path, n);
		if (!up && !fh_span_equal(name, FH_SPAN_LIT("."))) {
			fh_builder_bytes(b, segment);
			continue;
		}
		if (up)
			drop_segment(b, from);
		if (path.n == 0)
			fh_builder_u8(b, '/');
	}
}

/* The path of a reference that has one without a slash at its beginning (5.2.3).  */
static void put_merged(struct fh_builder *b, const struct parts *base, struct fh_span path,
		       struct fh_arena *a)
{
	size_t n = base->path.n, room = n + path.n + 1, taken = a->n;
	struct fh_builder merged = fh_builder_of(fh_arena_space(a, room), room);

	if (merged.p == nullptr) {
		b->bad = true;
		return;
	}
	while (n > 0 && base->path.p[n - 1] != '/')
		n--;
	if (base->authority.n > 0 && base->path.n == 0)
		fh_builder_u8(&merged, '/');
	fh_builder_bytes(&merged, fh_span_first(base->path, n));
	fh_builder_bytes(&merged, path);
	put_path(b, fh_builder_span(&merged));
	a->n = taken;
}

/* What stands behind scheme and authority, for a reference that has neither.  */
static void put_relative(struct fh_builder *b, const struct parts *base, const struct parts *ref,
			 struct fh_arena *a)
{
	if (ref->path.n == 0) {
		fh_builder_bytes(b, base->path);
		fh_builder_bytes(b, ref->query.n > 0 ? ref->query : base->query);
		return;
	}
	if (ref->path.p[0] == '/')
		put_path(b, ref->path);
	else
		put_merged(b, base, ref->path, a);
	fh_builder_bytes(b, ref->query);
}

fh_err fh_uri_resolve(struct fh_span base, struct fh_span ref, struct fh_arena *a,
		      struct fh_span *out)
{
	struct parts from = parts_of(base), to = parts_of(ref);
	size_t room = base.n + ref.n + 2;
	struct fh_builder b = fh_builder_of(fh_arena_space(a, room), room);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	if (to.scheme.n > 0 || base.n == 0) {
		fh_builder_bytes(&b, ref);
		return fh_builder_end(&b, out);
	}
	fh_builder_bytes(&b, from.scheme);
	if (to.authority.n > 0) {
		fh_builder_bytes(&b, ref);
		return fh_builder_end(&b, out);
	}
	fh_builder_bytes(&b, from.authority);
	put_relative(&b, &from, &to, a);
	return fh_builder_end(&b, out);
}

static int hex_digit(uint8_t b)
{
	uint8_t low = b | 0x20;

	if (b >= '0' && b <= '9')
		return b - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

fh_err fh_uri_decode(struct fh_span s, struct fh_arena *a, struct fh_span *out)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(a, s.n), s.n);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			fh_builder_u8(&b, s.p[i]);
			continue;
		}
		bool whole = s.n - i > 2;
		int high = whole ? hex_digit(s.p[i + 1]) : -1;
		int low = whole ? hex_digit(s.p[i + 2]) : -1;

		if (high < 0 || low < 0)
			return FH_ERR_FORMAT;
		fh_builder_u8(&b, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return fh_builder_end(&b, out);
}
