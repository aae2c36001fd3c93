/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* Length of the sequence that starts with LEAD, and the range its second byte
 * must lie in (RFC 3629 section 4); 0 if no sequence starts so.  */
static size_t sequence_length(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef) {
		if (lead == 0xe0)
			*low = 0xa0;
		if (lead == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		if (lead == 0xf0)
			*low = 0x90;
		if (lead == 0xf4)
			*high = 0x8f;
		return 4;
	}
	return 0;
}

/* How many bytes of S from AT on are ASCII, as far as that shows in whole words.  */
static size_t ascii_words(struct fh_span s, size_t at)
{
	constexpr uint64_t highest = 0x8080808080808080;
	size_t end = at;
	uint64_t word;

	for (; s.n - end >= sizeof(word); end += sizeof(word)) {
		memcpy(&word, s.p + end, sizeof(word));
		if ((word & highest) != 0)
			break;
	}
	return end - at;
}

/* Length of the character that begins at AT of S; 0 if none does.  Of one whose end is missing
 * that is more than is left.  */
static size_t character_length(struct fh_span s, size_t at)
{
	uint8_t low, high;
	size_t n = sequence_length(s.p[at], &low, &high);

	for (size_t k = 1; k < n && k < s.n - at; k++) {
		uint8_t b = s.p[at + k];

		if (b < (k == 1 ? low : 0x80) || b > (k == 1 ? high : 0xbf))
			return 0;
	}
	return n;
}

bool fh_utf8_valid(struct fh_span s)
{
	for (size_t i = ascii_words(s, 0); i < s.n;) {
		size_t n = character_length(s, i);

		if (n == 0 || n > s.n - i)
			return false;
		i += n;
		if (n > 1)
			i += ascii_words(s, i);
	}
	return true;
}

struct fh_span fh_utf8_first(struct fh_span s, size_t max)
{
	size_t n = max < s.n ? max : s.n;

	/* A continuation byte behind the cut belongs to a character before it.  */
	while (n < s.n && n > 0 && (s.p[n] & 0xc0) == 0x80)
		n--;
	return fh_span_first(s, n);
}

size_t fh_utf8_mend(uint8_t *p, size_t n)
{
	const struct fh_span s = fh_span_of(p, n);
	size_t length;

	for (size_t i = 0; i < n; i += length) {
		length = character_length(s, i);
		if (length > n - i)
			return i;
		if (length == 0) {
			p[i] = '?';
			length = 1;
		}
	}
	return n;
}

void fh_utf8_put(struct fh_builder *b, uint32_t v)
{
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	int tail = v < 0x80 ? 0 : v < 0x800 ? 1 : v < 0x10000 ? 2 : 3;

	fh_builder_u8(b, (uint8_t)(lead[tail] | v >> (6 * tail)));
	for (int i = tail - 1; i >= 0; i--)
		fh_builder_u8(b, (uint8_t)(0x80 | ((v >> (6 * i)) & 0x3f)));
}
