/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP signed-note.  Signatures of unknown keys are kept, not judged: whoever
 * verifies ignores names and key ids it does not know.  */
#include "codec/note.h"

#include "base/cursor.h"
#include "base/utf8.h"
#include "codec/base64.h"
#include "crypto/hash.h"

#include <string.h>

constexpr size_t key_id_size = 4;
#define EM_DASH_SPACE "\xe2\x80\x94 "

static bool has_controls(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 && s.p[i] != '\n')
			return true;
	}
	return false;
}

/* The two- and three-byte characters with Unicode's White_Space property; the
 * others are control characters and the space itself.  */
static bool starts_with_space(struct fh_span s)
{
	static const char *const spaces[] = {
		" ",
		"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
		"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
		"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (fh_span_starts(s, fh_span_str(spaces[i])))
			return true;
	}
	return false;
}

fh_err fh_note_name_check(struct fh_span name)
{
	if (name.n > FH_NOTE_NAME_MAX)
		return FH_ERR_LIMIT;
	if (name.n == 0 || fh_span_find(name, '+') < name.n)
		return FH_ERR_FORMAT;
	for (struct fh_span rest = name; rest.n > 0; rest = fh_span_skip(rest, 1)) {
		bool letter = rest.p[0] > ' ' && rest.p[0] < 0x80;

		if (!letter && starts_with_space(rest))
			return FH_ERR_FORMAT;
	}
	return FH_ERR_OK;
}

/* Reads one signature line.  */
static fh_err line_parse(struct fh_span line, struct fh_note_signature *out)
{
	struct fh_cursor c = fh_cursor_of(line);
	struct fh_note_signature s = { 0 };
	uint8_t first[6];
	struct fh_builder b = FH_BUILDER_ARRAY(first);
	size_t n = 0;

	fh_cursor_expect(&c, FH_SPAN_LIT(EM_DASH_SPACE));
	s.name = fh_cursor_until(&c, ' ');
	s.encoded = fh_cursor_take(&c, c.rest.n);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		e = fh_note_name_check(s.name);
	if (e == FH_ERR_OK)
		e = fh_base64_size(s.encoded, &n);
	if (e != FH_ERR_OK)
		return e;
	if (n <= key_id_size)
		return FH_ERR_FORMAT;
	/* Eight digits hold the key id, whatever the rest is.  */
	e = fh_base64_read(fh_span_first(s.encoded, 8), &b);
	if (e != FH_ERR_OK)
		return e;
	struct fh_cursor id = fh_cursor_of(fh_builder_span(&b));

	s.key_id = fh_cursor_be32(&id);
	*out = s;
	return FH_ERR_OK;
}

/* Offset of the last "\n\n" in S, or S.n.  */
static size_t last_empty_line(struct fh_span s)
{
	for (size_t at = s.n; at >= 2; at--) {
		if (s.p[at - 1] == '\n' && s.p[at - 2] == '\n')
			return at - 2;
	}
	return s.n;
}

static fh_err lines_parse(struct fh_span lines, struct fh_note *n)
{
	struct fh_cursor c = fh_cursor_of(lines);

	while (c.rest.n > 0) {
		struct fh_span line = fh_cursor_until(&c, '\n');

		if (fh_cursor_bad(&c))
			return FH_ERR_FORMAT;
		if (n->signatures == FH_NOTE_SIGNATURES_MAX)
			return FH_ERR_LIMIT;
		fh_err e = line_parse(line, &n->signature[n->signatures]);

		if (e != FH_ERR_OK)
			return e;
		n->signatures++;
	}
	return n->signatures == 0 ? FH_ERR_FORMAT : FH_ERR_OK;
}

fh_err fh_note_parse(struct fh_span note, struct fh_note *out)
{
	struct fh_note n = { 0 };

	if (note.n > FH_NOTE_MAX)
		return FH_ERR_LIMIT;
	if (has_controls(note) || !fh_utf8_valid(note))
		return FH_ERR_FORMAT;
	size_t split = last_empty_line(note);

	if (split == note.n)
		return FH_ERR_FORMAT;
	n.text = fh_span_first(note, split + 1);
	fh_err e = lines_parse(fh_span_skip(note, split + 2), &n);

	if (e != FH_ERR_OK)
		return e;
	*out = n;
	return FH_ERR_OK;
}

fh_err fh_note_signature_bytes(const struct fh_note_signature *s, uint8_t *out, size_t n)
{
	uint8_t bytes[key_id_size + FH_NOTE_SIGNATURE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (n > FH_NOTE_SIGNATURE_MAX)
		return FH_ERR_LIMIT;
	if (fh_base64_read(s->encoded, &b) != FH_ERR_OK || b.n != key_id_size + n)
		return FH_ERR_FORMAT;
	if (n > 0)
		memcpy(out, bytes + key_id_size, n);
	return FH_ERR_OK;
}

uint32_t fh_note_mldsa65_key_id(struct fh_span name, struct fh_span public_key)
{
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, name);
	fh_sha256_add(&s, FH_SPAN_LIT("\n\xff" FH_NOTE_MLDSA65_ID));
	fh_sha256_add(&s, public_key);
	struct fh_hash h = fh_sha256_end(&s);
	struct fh_cursor c = fh_cursor_of(fh_hash_span(&h));

	return fh_cursor_be32(&c);
}

/* Writes HEAD and S as one base64 text.  HEAD is filled up to whole groups of
 * three from S, so that the two parts meet without padding.  */
static void put_base64_joined(struct fh_builder *b, struct fh_builder head, struct fh_span s)
{
	while (head.n % 3 != 0 && s.n > 0) {
		fh_builder_bytes(&head, fh_span_first(s, 1));
		s = fh_span_skip(s, 1);
	}
	if (head.bad)
		b->bad = true;
	fh_base64_put(b, fh_builder_span(&head));
	fh_base64_put(b, s);
}

void fh_note_put_signature(struct fh_builder *b, struct fh_span name, uint32_t key_id,
			   struct fh_span signature)
{
	uint8_t first[key_id_size + 2];
	struct fh_builder head = FH_BUILDER_ARRAY(first);

	fh_builder_be32(&head, key_id);
	fh_builder_text(b, EM_DASH_SPACE);
	fh_builder_bytes(b, name);
	fh_builder_u8(b, ' ');
	put_base64_joined(b, head, signature);
	fh_builder_u8(b, '\n');
}

void fh_note_put_mldsa65_vkey(struct fh_builder *b, struct fh_span name, struct fh_span public_key)
{
	uint8_t first[sizeof("\xff" FH_NOTE_MLDSA65_ID) - 1 + 2];
	struct fh_builder head = FH_BUILDER_ARRAY(first);
	uint32_t key_id = fh_note_mldsa65_key_id(name, public_key);
	uint8_t id[key_id_size];
	struct fh_builder id_bytes = FH_BUILDER_ARRAY(id);

	fh_builder_be32(&id_bytes, key_id);
	fh_builder_u8(&head, FH_NOTE_EXTENDED);
	fh_builder_text(&head, FH_NOTE_MLDSA65_ID);
	fh_builder_bytes(b, name);
	fh_builder_u8(b, '+');
	fh_builder_hex(b, FH_SPAN_ARRAY(id));
	fh_builder_u8(b, '+');
	put_base64_joined(b, head, public_key);
}
