/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "schema/regex.h"

static _Alignas(max_align_t) uint8_t memory[8 << 20];
static _Alignas(max_align_t) uint8_t more[8 << 20];

static fh_err read_pattern(struct fh_span pattern, const struct fh_regex **out, struct fh_trace *t)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));

	return fh_regex_read(pattern, &a, out, t);
}

static fh_err search(const struct fh_regex *r, struct fh_span text, uint64_t steps, bool *found)
{
	struct fh_arena scratch = fh_arena_of(more, sizeof(more));
	fh_err e = fh_regex_search(r, text, &scratch, &steps, found);

	assert_int_equal(scratch.n, 0);
	return e;
}

static void expect(const char *pattern, const char *text, bool wanted)
{
	const struct fh_regex *r = nullptr;
	struct fh_trace t = { 0 };
	bool found = !wanted;

	if (read_pattern(fh_span_str(pattern), &r, &t) != FH_ERR_OK)
		fail_msg("/%s/: %s", pattern, t.what);
	assert_int_equal(search(r, fh_span_str(text), 1 << 20, &found), FH_ERR_OK);
	if (found != wanted)
		fail_msg("/%s/ %s \"%s\"", pattern, found ? "matches" : "does not match", text);
}

static void refuse(const char *pattern, fh_err wanted)
{
	const struct fh_regex *r = nullptr;
	struct fh_trace t = { 0 };
	fh_err e = read_pattern(fh_span_str(pattern), &r, &t);

	if (e != wanted)
		fail_msg("/%s/: %s: %s", pattern, fh_err_text(e), t.what);
	assert_null(r);
	assert_true(t.what[0] != '\0' && t.cure[0] != '\0');
}

static void matches_what_ecma_262_does(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool match;
	} rows[] = {
		{ "", "", true }, { "", "a", true }, { "a", "xay", true }, { "a", "", false },
		{ "^a$", "a", true }, { "^a$", "a\n", false }, { "^$", "", true },
		{ "ab|cd|", "x", true }, { "^(ab|cd)$", "cd", true }, { "^(ab|cd)$", "abd", false },
		{ "^(a|b|c|d)+$", "dcba", true }, { "^a*$", "aaa", true }, { "^a*$", "b", false },
		{ "^a+$", "", false }, { "^a?$", "aa", false }, { "^a+?$", "aa", true },
		{ "^a{3}$", "aaa", true }, { "^a{3}$", "aa", false }, { "^a{3}$", "aaaa", false },
		{ "^a{2,}$", "a", false }, { "^a{2,}$", "aaaaa", true }, { "^a{0}$", "", true },
		{ "^a{1,3}$", "aaaa", false }, { "^a{1,3}b$", "aab", true },
		{ "^(){5,}$", "", true },
		{ "^(a{2}){2}$", "aaaa", true }, { "^(a{2}){2}$", "aaa", false },
		{ "^(a*)*$", "aaa", true }, { "^(a*)+b$", "aab", true }, { "^(a|)*$", "aa", true },
		{ "^.$", "\u00e9", true }, { "^.$", "\U0001f432", true }, { "^.$", "\n", false },
		{ "^.$", "\u2028", false }, { "^\U0001f432*$", "\U0001f432\U0001f432", true },
		{ "^[^]$", "\n", true }, { "[]", "a", false }, { "^[a-c]$", "b", true },
		{ "^[^a-c]$", "b", false }, { "^[^a-c]$", "\u00e9", true },
		{ "^[\\]\\-a]$", "-", true },
		{ "^[-a]$", "-", true }, { "^[a-]$", "-", true }, { "^[\\b]$", "\b", true },
		{ "^[\\d\\s]+$", "1 2", true }, { "^[^\\D]$", "7", true },
		{ "^[^\\D]$", "x", false },
		{ "^[\\W]$", "\u00e9", true }, { "^[\\w.]+$", "a.b", true },
		{ "^\\d$", "\u07c0", false }, { "^\\w$", "\u00e9", false },
		{ "^\\s$", "\ufeff", true },
		{ "^\\u00e9\\x41\\u{1F432}\\cA\\0$", "\u00e9A\U0001f432\x01", false },
		{ "^\\u00e9\\x41\\u{1F432}\\cA$", "\u00e9A\U0001f432\x01", true },
		{ "^\\ud83d\\udc32$", "\U0001f432", true },
		{ "^[\\ud83d\\udc32]$", "\U0001f432", true },
		{ "\\ud83d", "\U0001f432", false }, { "^\\/\\.$", "/.", true },
		{ "\\bfoo\\b", "a foo b", true }, { "\\bfoo\\b", "afoo", false },
		{ "\\Boo", "foo", true }, { "\\Bfoo", "foo", false },
		{ "^\\p{Lu}\\p{Ll}+$", "\u00c9t\u00e9", true }, { "^\\p{L}$", "1", false },
		{ "^\\p{digit}+$", "\u09ea\u09e8", true }, { "^\\P{Nd}$", "x", true },
		{ "^\\p{gc=Lu}$", "A", true },
		{ "^\\p{Script=Greek}\\p{sc=Grek}$", "\u03b1\u03c9", true },
		{ "^\\p{sc=Greek}$", "a", false }, { "^\\P{sc=Greek}$", "a", true },
		{ "^[^\\p{sc=Latn}\\p{sc=Zyyy}]$", "\u00e9", false },
		/* The sign of long vowels is common by its script, and used in two.  */
		{ "^\\p{sc=Common}\\p{scx=Kana}\\p{Script_Extensions=Hiragana}$",
		  "\u30fc\u30fc\u30fc", true },
		{ "^\\p{sc=Katakana}$", "\u30fc", false }, { "^\\p{scx=Zyyy}$", "\u30fc", false },
		{ "^\\P{scx=Zyyy}\\p{scx=Zyyy}$", "\u30fc1", true },
		{ "^\\p{sc=Qaac}\\p{sc=Copt}$", "\u2c80\u2c81", true },
		{ "^\\p{sc=Qaai}\\p{scx=Inherited}$", "\u0300\u0300", true },
		{ "^\\p{sc=Unknown}\\P{Script=Zzzz}$", "\u0378x", true },
		{ "^\\p{sc=Han}$", "\U0002ebf0", true }, { "^\\p{sc=Zzzz}$", "\U0010ffff", true },
		{ "^\\p{General_Category=Uppercase_Letter}$", "A", true },
		{ "^[\\P{L}]$", "A", false }, { "^[^\\P{L}]$", "A", true },
		{ "^\\p{ASCII}$", "\u00e9", false },
		{ "^\\P{ASCII}$", "\u00e9", true }, { "^\\p{Any}$", "\n", true },
		{ "^\\p{Cn}$", "\u0378", true }, { "^\\p{Assigned}$", "\u0378", false },
		{ "(?:a)(?<n>b)", "ab", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i].pattern, rows[i].text, rows[i].match);
}

static void looks_around(void **state)
{
	(void)state;
	expect("^(?!.*\\.\\.)[a-z.]+$", "a.b", true);
	expect("^(?!.*\\.\\.)[a-z.]+$", "a..b", false);
	expect("^(?=.*[0-9])(?=.*[a-z]).{4,}$", "ab12", true);
	expect("^(?=.*[0-9])(?=.*[a-z]).{4,}$", "abcd", false);
	expect("(?<=\u20ac)[0-9]+", "\u20ac42", true);
	expect("(?<=\u20ac)[0-9]+", "$42", false);
	expect("(?<!\\$)\\b42", "$42", false);
	expect("(?<=a+)b", "caab", true);
	expect("a(?=b(?!c))", "abd", true);
	expect("a(?=b(?!c))", "abc", false);
	expect("a(?=b(?!c))", "abcab", true);
	expect("(?=a$)a|(?<=^)b", "ba", true);
	expect("^(?:(?=a)a|b)*$", "abba", true);
}

static void knows_wrong_patterns_from_those_it_lacks(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"(", ")", "(a", "a)", "[", "[a", "[b-a]", "[\\d-z]", "[a-\\d]", "*", "+a", "a**",
		"a{2}{3}",
		"a{", "a{,3}", "a{3,2}", "{", "}", "]", "\\", "\\a", "\\-", "\\x4", "\\u12",
		"\\u{110000}",
		"\\u{}", "\\c1", "\\01", "\\p", "\\p{L", "^*", "(?=a)*", "\\b+", "(?P<n>a)",
		"(?#x)", "(?i)a",
		"(?<1>a)", "(?<>a)", "(?<n>a)(?<n>b)", "\\1", "(a)\\2", "\\k<n>", "\\k", "[\\1]",
		"(?a)",
	};
	static const char *const lacking[] = { "(a)\\1", "(?<n>a)\\k<n>", "\\p{Script=Klingon}",
					       "\\p{Greek}", "\\p{Script=greek}", "\\p{sc=}",
					       "\\p{sc=Hrkt}", "\\p{Emoji}" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refuse(wrong[i], FH_ERR_FORMAT);
	for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++)
		refuse(lacking[i], FH_ERR_UNSUPPORTED);
}

static void holds_its_limits(void **state)
{
	(void)state;
	static char deep[FH_REGEX_PATTERN_MAX + 2];

	refuse("a{16384}", FH_ERR_LIMIT);
	refuse("a{4294967295}", FH_ERR_LIMIT);
	refuse("a{99999999999999999999,}", FH_ERR_LIMIT);
	refuse("((((a{99}){99}){99}){99}){99}", FH_ERR_LIMIT);
	refuse("((((a{0,99}){0,99}){0,99}){0,99})*", FH_ERR_LIMIT);
	refuse("(?=a{9000})(?=a{9000})", FH_ERR_LIMIT);
	expect("^a{1000}$", "a", false);
	expect("(((){999999}){999999}){999999}", "", true);
	memset(deep, '(', FH_REGEX_PATTERN_MAX);
	refuse(deep, FH_ERR_LIMIT);
	deep[FH_REGEX_PATTERN_MAX] = '(';
	refuse(deep, FH_ERR_LIMIT);
}

/* Patterns that take those who go back exponential or quadratic time.  */
static void takes_no_longer_for_hostile_patterns(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(a*)*b$", "^(([a-z])+.)+[A-Z]([a-z])+$",
		"^(.*a){12}$",
		"(x+x+)+y", "^(?=(a+)+$)(?=(a|a)*$)b",
	};
	constexpr size_t n = 100000;
	static uint8_t text[n];

	memset(text, 'a', n);
	text[n - 1] = '!';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct fh_regex *r = nullptr;
		bool found = true;

		assert_int_equal(read_pattern(fh_span_str(rows[i]), &r, nullptr), FH_ERR_OK);
		assert_int_equal(search(r, fh_span_of(text, n), 200 * n, &found), FH_ERR_OK);
		assert_false(found);
	}
}

static void ends_when_its_steps_are_spent(void **state)
{
	(void)state;
	const struct fh_regex *r = nullptr;
	bool found = false;

	assert_int_equal(read_pattern(FH_SPAN_LIT("^(a|b)*c"), &r, nullptr), FH_ERR_OK);
	for (uint64_t steps = 0; steps < 20; steps++)
		assert_int_equal(search(r, FH_SPAN_LIT("abababab"), steps, &found), FH_ERR_LIMIT);
	assert_int_equal(search(r, FH_SPAN_LIT("abababab"), 100, &found), FH_ERR_OK);
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	static const struct fh_span pattern = { (const uint8_t *)"^[\\p{L}x](?=(a|b){2})\\d*$",
		25 };
	fh_err e = FH_ERR_NOMEM;

	for (size_t cap = 0; e == FH_ERR_NOMEM; cap += 256) {
		struct fh_arena a = fh_arena_of(memory, cap);
		const struct fh_regex *r = nullptr;

		assert_true(cap < sizeof(memory));
		e = fh_regex_read(pattern, &a, &r, nullptr);
		assert_true((e == FH_ERR_OK) == (r != nullptr));
	}
	assert_int_equal(e, FH_ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_what_ecma_262_does),
		cmocka_unit_test(looks_around),
		cmocka_unit_test(knows_wrong_patterns_from_those_it_lacks),
		cmocka_unit_test(holds_its_limits),
		cmocka_unit_test(takes_no_longer_for_hostile_patterns),
		cmocka_unit_test(ends_when_its_steps_are_spent),
		cmocka_unit_test(fails_cleanly_without_memory),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
