/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/excerpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t shown_max = 100; /* characters of a line */
constexpr size_t before_max = 60; /* of them before the mark, in a longer line */

/* The number behind the Nth colon of WHERE, or 0.  */
static size_t number(const char *where, int n)
{
	for (; n > 0 && where != nullptr; n--) {
		where = strchr(where, ':');
		where = where == nullptr ? nullptr : where + 1;
	}
	return where == nullptr ? 0 : (size_t)strtoul(where, nullptr, 10);
}

static struct fh_span line_of(struct fh_span text, size_t line)
{
	for (; line > 1; line--)
		text = fh_span_skip(text, fh_span_find(text, '\n') + 1);
	return fh_span_first(text, fh_span_find(text, '\n'));
}

/* Bytes of the character S begins with.  */
static size_t character(struct fh_span s)
{
	size_t n = 1;

	while (n < s.n && (s.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static struct fh_span skip_characters(struct fh_span s, size_t n)
{
	for (; n > 0 && s.n > 0; n--)
		s = fh_span_skip(s, character(s));
	return s;
}

static bool is_word(uint8_t b)
{
	uint8_t low = b | 0x20;

	return b == '_' || (b >= '0' && b <= '9') || (low >= 'a' && low <= 'z') || b >= 0x80;
}

/* How many characters the word, string or mark at the front of S has.  */
static size_t token_of(struct fh_span s)
{
	bool quoted = s.n > 0 && s.p[0] == '"', word = s.n > 0 && is_word(s.p[0]);
	size_t n = 1;

	for (s = skip_characters(s, 1); s.n > 0 && (quoted || word); s = skip_characters(s, 1)) {
		if (word && !is_word(s.p[0]))
			break;
		n++;
		if (quoted && s.p[0] == '"')
			break;
	}
	return n;
}

/* The same, or all of a name such as Action::"read", which is one thing to whoever reads it.  */
static size_t length_of(struct fh_span s)
{
	const struct fh_span colons = FH_SPAN_LIT("::");
	size_t n = token_of(s);
	bool name = s.n > 0 && is_word(s.p[0]);

	for (s = skip_characters(s, n); name && fh_span_starts(s, colons);) {
		struct fh_span next = fh_span_skip(s, colons.n);
		size_t more = next.n == 0 ? 0 : token_of(next);

		if (more == 0 || (next.p[0] != '"' && !is_word(next.p[0])))
			break;
		n += colons.n + more;
		name = next.p[0] != '"';
		s = skip_characters(next, more);
	}
	return n;
}

/* N characters of S; a tab is a blank, and what a terminal could take as a command
 * a question mark.  */
static void print(struct fh_span s, size_t n)
{
	for (; n > 0 && s.n > 0; n--) {
		size_t size = character(s);

		if (s.p[0] == '\t')
			fputc(' ', stderr);
		else if (s.p[0] < 0x20 || s.p[0] == 0x7f || (s.p[0] == 0xc2 && s.p[1] < 0xa0))
			fputc('?', stderr);
		else
			(void)fwrite(s.p, 1, size, stderr);
		s = fh_span_skip(s, size);
	}
}

static void repeat(char c, size_t n)
{
	for (; n > 0; n--)
		fputc(c, stderr);
}

void fh_excerpt(struct fh_span text, const char *where)
{
	size_t line = number(where, 1), column = number(where, 2);
	char head[32];

	if (line == 0 || column == 0)
		return;
	struct fh_span s = line_of(text, line);
	size_t skipped = column > before_max ? column - before_max : 0;

	if (s.n == 0 && column > 1)
		return;
	s = skip_characters(s, skipped);
	size_t before = column - 1 - skipped;
	size_t marked = length_of(skip_characters(s, before));
	int width = snprintf(head, sizeof(head), "%zu", line);

	fprintf(stderr, "  %s | %s", head, skipped > 0 ? "..." : "");
	print(s, shown_max);
	fputs(skip_characters(s, shown_max).n > 0 ? "..." : "", stderr);
	fprintf(stderr, "\n  %*s | %s", width, "", skipped > 0 ? "   " : "");
	repeat(' ', before);
	repeat('^', before + marked > shown_max ? 1 : marked);
	fputc('\n', stderr);
}
