/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/body.h"

#include "chain/body_private.h"

struct fh_members fh_members_within(struct fh_span map, const char *what, struct fh_trace *t)
{
	struct fh_members m = { .c = fh_cursor_of(map), .t = t, .what = what };

	m.left = fh_cbor_map(&m.c, FH_CBOR_ITEMS_MAX);
	if (fh_cursor_bad(&m.c))
		fh_trace_what(t, "%s: not a map", what);
	return m;
}

struct fh_members fh_members_of(struct fh_span body, const char *what, struct fh_trace *t)
{
	fh_err e = fh_cbor_check(body);

	if (e == FH_ERR_OK)
		return fh_members_within(body, what, t);
	fh_trace_what(t, "%s: not deterministic CBOR", what);

	struct fh_members m = { .t = t, .what = what };

	fh_cursor_fail(&m.c, e);
	return m;
}

bool fh_members_has(struct fh_members *m, const char *name)
{
	struct fh_cursor c = m->c;

	if (fh_cursor_bad(&c) || m->left == 0 || fh_cbor_peek(&c) != FH_CBOR_TEXT)
		return false;
	if (!fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), fh_span_str(name)))
		return false;
	m->c = c;
	m->left--;
	return true;
}

void fh_members_refuse(struct fh_members *m, const char *name, const char *must)
{
	if (fh_cursor_bad(&m->c))
		return;
	fh_trace_what(m->t, "%s: `%s` %s", m->what, name, must);
	fh_cursor_fail(&m->c, FH_ERR_FORMAT);
}

/* The value of NAME could not be read: say so once, keep the reason.  */
static void tell_value(struct fh_members *m, const char *name, const char *must, bool was_bad)
{
	if (!was_bad && fh_cursor_bad(&m->c))
		fh_trace_what(m->t, "%s: `%s` %s", m->what, name, must);
}

void fh_members_need(struct fh_members *m, const char *name)
{
	struct fh_cursor next = m->c;

	if (fh_cursor_bad(&m->c) || fh_members_has(m, name))
		return;

	struct fh_span other = m->left > 0 ? fh_cbor_text(&next,
			FH_NAME_MAX) : (struct fh_span){ 0 };

	fh_trace_what(m->t, "%s: `%s` is missing (found `%.*s`)", m->what, name, (int)other.n,
		      other.n > 0 ? (const char *)other.p : "");
	fh_trace_cure(m->t, "the statement may be of a newer version: update Freehold");
	fh_cursor_fail(&m->c, FH_ERR_FORMAT);
}

fh_err fh_members_end(struct fh_members *m)
{
	if (!fh_cursor_bad(&m->c) && m->left > 0) {
		struct fh_span name = fh_cbor_text(&m->c, FH_NAME_MAX);

		fh_trace_what(m->t, "%s: member `%.*s` is not known here", m->what, (int)name.n,
			      name.n > 0 ? (const char *)name.p : "");
		fh_trace_cure(m->t, "the statement may be of a newer version: update Freehold");
		return FH_ERR_UNSUPPORTED;
	}
	return fh_cursor_end(&m->c);
}

struct fh_span fh_members_bytes(struct fh_members *m, const char *name, size_t n)
{
	fh_members_need(m, name);

	bool was_bad = fh_cursor_bad(&m->c);
	struct fh_span s = fh_cbor_bytes_exact(&m->c, n);

	tell_value(m, name, "has the wrong length", was_bad);
	return s;
}

struct fh_span fh_members_text(struct fh_members *m, const char *name, size_t max)
{
	fh_members_need(m, name);

	bool was_bad = fh_cursor_bad(&m->c);
	struct fh_span s = fh_cbor_text(&m->c, max);

	tell_value(m, name, "is not a text, or too long", was_bad);
	return s;
}

bool fh_rises(struct fh_span last, struct fh_span s)
{
	return s.n > last.n || (s.n == last.n && fh_span_compare(s, last) > 0);
}

bool fh_text_printable(struct fh_span s)
{
	struct fh_cursor c = fh_cursor_of(s);

	while (c.rest.n > 0) {
		uint8_t byte = fh_cursor_u8(&c);

		if (byte < 0x20 || byte == 0x7f)
			return false;
	}
	return true;
}

struct fh_span fh_members_name(struct fh_members *m, const char *name)
{
	struct fh_span s = fh_members_text(m, name, FH_NAME_MAX);

	if (s.n == 0 || !fh_text_printable(s))
		fh_members_refuse(m, name, "must be 1 to 128 printable bytes");
	return s;
}

struct fh_span fh_members_path(struct fh_members *m, const char *name)
{
	struct fh_span s = fh_members_text(m, name, FH_PATH_MAX - 1);

	if (!fh_span_starts(s, FH_SPAN_LIT("/")) || fh_span_find(s, 0) != s.n)
		fh_members_refuse(m, name, "must be an absolute path");
	return s;
}

uint64_t fh_members_uint(struct fh_members *m, const char *name, uint64_t max)
{
	fh_members_need(m, name);

	bool was_bad = fh_cursor_bad(&m->c);
	uint64_t v = fh_cbor_uint(&m->c);

	tell_value(m, name, "must be an unsigned integer", was_bad);
	if (v > max)
		fh_members_refuse(m, name, "is too large");
	return v;
}

struct fh_span fh_members_texts(struct fh_members *m, const char *name, size_t min, size_t max)
{
	fh_members_need(m, name);

	struct fh_cursor inside = m->c;
	bool was_bad = fh_cursor_bad(&m->c), good = true;
	struct fh_span array = fh_cbor_item(&m->c);
	size_t n = fh_cbor_array(&inside, max);

	for (size_t i = 0; i < n && good; i++) {
		struct fh_span text = fh_cbor_text(&inside, FH_PATH_MAX);

		good = fh_span_find(text, 0) == text.n;
	}
	tell_value(m, name, "is malformed", was_bad);
	if (!good || n < min || fh_cursor_bad(&inside))
		fh_members_refuse(m, name,
				"must be a list of texts, not too many and not too long");
	return array;
}

void fh_put_name(struct fh_builder *b, const char *name)
{
	fh_cbor_put_text(b, fh_span_str(name));
}

size_t fh_texts(struct fh_span array, struct fh_span *out, size_t max)
{
	struct fh_cursor c = fh_cursor_of(array);
	size_t n = fh_cbor_array(&c, max);

	for (size_t i = 0; i < n; i++)
		out[i] = fh_cbor_text(&c, FH_PATH_MAX);
	return fh_cursor_bad(&c) ? 0 : n;
}

size_t fh_text_pairs(struct fh_span map, struct fh_span (*out)[2], size_t max)
{
	struct fh_cursor c = fh_cursor_of(map);
	size_t n = fh_cbor_map(&c, max);

	for (size_t i = 0; i < n; i++) {
		out[i][0] = fh_cbor_text(&c, FH_PATH_MAX);
		out[i][1] = fh_cbor_text(&c, FH_PATH_MAX);
	}
	return fh_cursor_bad(&c) ? 0 : n;
}
