/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and names of JSON that is written.  */
#include "codec/json.h"

#include "base/utf8.h"

/* Length of the valid UTF-8 sequence at the start of S, or 0.  */
static size_t sequence(struct fh_span s)
{
	for (size_t n = 1; n <= 4 && n <= s.n; n++) {
		if (fh_utf8_valid(fh_span_first(s, n)))
			return n;
	}
	return 0;
}

static void put_ascii(struct fh_builder *b, uint8_t c)
{
	static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(short_form); i += 2) {
		if (c == (uint8_t)short_form[i]) {
			fh_builder_u8(b, '\\');
			fh_builder_u8(b, (uint8_t)short_form[i + 1]);
			return;
		}
	}
	if (c < 0x20) {
		fh_builder_text(b, "\\u00");
		fh_builder_hex(b, fh_span_of(&c, 1));
	} else {
		fh_builder_u8(b, c);
	}
}

void fh_json_put_string(struct fh_builder *b, struct fh_span s)
{
	fh_builder_u8(b, '"');
	while (s.n > 0) {
		size_t n = sequence(s);

		if (n == 0)
			fh_builder_text(b, "\xef\xbf\xbd");
		else if (n == 1)
			put_ascii(b, s.p[0]);
		else
			fh_builder_bytes(b, fh_span_first(s, n));
		s = fh_span_skip(s, n == 0 ? 1 : n);
	}
	fh_builder_u8(b, '"');
}

void fh_json_put_name(struct fh_builder *b, const char *name)
{
	if (b->n > 0 && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[')
		fh_builder_u8(b, ',');
	fh_json_put_string(b, fh_span_str(name));
	fh_builder_u8(b, ':');
}
