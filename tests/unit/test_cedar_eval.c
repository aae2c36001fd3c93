/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/builder.h"
#include "base/limits.h"
#include "cedar_fixture.h"
#include "policy/authorize.h"
#include "policy/extension.h"
#include "policy/policies.h"

static struct fh_value value_of(struct world *w, const char *text, struct fh_fault *fault)
{
	const struct fh_expr *e = nullptr;
	struct fh_value out = { 0 };
	struct fh_trace t = { 0 };

	if (fh_expr_parse(fh_span_str(text), &w->arena, &e, &t) != FH_ERR_OK)
		fail_msg("%s\n-> %s: %s", text, t.where, t.what);
	assert_int_equal(fh_expr_evaluate(&w->v, e, &out, fault), FH_ERR_OK);
	return out;
}

struct row {
	const char *text;
	const char *same; /* evaluates to the same */
};

static void assert_same(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct world w;
		struct fh_fault fault, other;

		begin(&w);
		struct fh_value a = value_of(&w, rows[i].text, &fault);
		struct fh_value b = value_of(&w, rows[i].same, &other);

		if (fault.kind != FH_FAULT_NONE || other.kind != FH_FAULT_NONE ||
		    !fh_value_equal(&a, &b))
			fail_msg("%s is not %s: %s at %u", rows[i].text, rows[i].same,
				 fh_fault_text(fault.kind), fault.at.column);
	}
}

#define ASSERT_SAME(rows) assert_same((rows), sizeof(rows) / sizeof((rows)[0]))

struct fault_row {
	const char *text;
	enum fh_fault_kind kind;
	uint32_t column;
};

static void assert_faults(const struct fault_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct world w;
		struct fh_fault fault;

		begin(&w);
		(void)value_of(&w, rows[i].text, &fault);
		if (fault.kind != rows[i].kind || fault.at.column != rows[i].column)
			fail_msg("%s: %s at %u", rows[i].text, fh_fault_text(fault.kind),
				 fault.at.column);
	}
}

#define ASSERT_FAULTS(rows) assert_faults((rows), sizeof(rows) / sizeof((rows)[0]))

static void looks_only_at_what_decides(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "true && false", "false" }, { "true && true", "true" },
		{ "false && 1", "false" }, { "false && principal.nothing", "false" },
		{ "true || 1", "true" }, { "false || true", "true" }, { "false || false", "false" },
		{ "!true", "false" }, { "!!true", "true" },
		{ "if true then 1 else principal.nothing", "1" },
		{ "if false then principal.nothing else \"a\"", "\"a\"" },
	};
	static const struct fault_row faults[] = {
		{ "true && 1", FH_FAULT_TYPE, 9 }, { "1 && true", FH_FAULT_TYPE, 1 },
		{ "false || 1", FH_FAULT_TYPE, 10 }, { "!1", FH_FAULT_TYPE, 2 },
		{ "if 1 then 1 else 1", FH_FAULT_TYPE, 4 },
		{ "\"\" || true", FH_FAULT_TYPE, 1 },
	};

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

static void computes_within_64_bits(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "1 + 2 * 3 - 4", "3" }, { "-(-3)", "3" }, { "2 * -3", "-6" },
		{ "9223372036854775806 + 1", "9223372036854775807" },
		{ "-9223372036854775807 - 1", "-9223372036854775808" },
		{ "3037000499 * 3037000499", "9223372030926249001" },
	};
	static const struct fault_row faults[] = {
		{ "9223372036854775807 + 1", FH_FAULT_OVERFLOW, 21 },
		{ "-9223372036854775808 - 1", FH_FAULT_OVERFLOW, 22 },
		{ "4611686018427387904 * 2", FH_FAULT_OVERFLOW, 21 },
		{ "-(-9223372036854775808)", FH_FAULT_OVERFLOW, 1 },
		{ "1 + \"a\"", FH_FAULT_TYPE, 5 }, { "true * 2", FH_FAULT_TYPE, 1 },
		{ "-true", FH_FAULT_TYPE, 2 },
	};

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

static void compares_what_has_an_order(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "1 < 2", "true" }, { "2 < 2", "false" }, { "2 <= 2", "true" },
		{ "3 <= 2", "false" }, { "2 > 2", "false" }, { "3 > 2", "true" },
		{ "2 >= 2", "true" }, { "1 >= 2", "false" },
		{ "datetime(\"2024-01-01\") < datetime(\"2024-01-02\")", "true" },
		{ "duration(\"1h\") >= duration(\"60m\")", "true" },
	};
	static const struct fault_row faults[] = {
		{ "1 < true", FH_FAULT_TYPE, 5 }, { "\"a\" < \"b\"", FH_FAULT_TYPE, 1 },
		{ "decimal(\"1.0\") < decimal(\"2.0\")", FH_FAULT_TYPE, 1 },
		{ "datetime(\"2024-01-01\") < duration(\"1h\")", FH_FAULT_TYPE, 26 },
		{ "1 > duration(\"1h\")", FH_FAULT_TYPE, 5 },
	};

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

static void holds_everything_equal_to_itself_only(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "1 == 1", "true" }, { "1 == true", "false" }, { "1 != \"1\"", "true" },
		{ "[1, 2] == [2, 1, 1]", "true" }, { "[1] == [2]", "false" },
		{ "[] == [[]]", "false" }, { "{a: 1, b: 2} == {b: 2, a: 1}", "true" },
		{ "{a: 1} == {b: 1}", "false" }, { "{a: 1} == {a: 2}", "false" },
		{ "{} == []", "false" }, { "User::\"a\" == User::\"a\"", "true" },
		{ "User::\"a\" == Group::\"a\"", "false" },
		{ "principal == User::\"alice\"", "true" },
		{ "ip(\"10.0.0.1\") == ip(\"10.0.0.1/32\")", "true" },
		{ "ip(\"10.0.0.1/8\") == ip(\"10.0.0.0/8\")", "false" },
		{ "ip(\"::1\") == ip(\"0:0::01\")", "true" },
		{ "decimal(\"1.0\") == decimal(\"1.0000\")", "true" },
		{ "decimal(\"1.0\") == 10000", "false" },
		{ "duration(\"1d\") == duration(\"24h\")", "true" },
		{ "datetime(\"1970-01-01\") == duration(\"0ms\")", "false" },
	};

	ASSERT_SAME(rows);
}

static void asks_the_hierarchy(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "principal in principal", "true" }, { "principal in Group::\"staff\"", "true" },
		{ "principal in Group::\"people\"", "true" },
		{ "principal in Group::\"x\"", "false" },
		{ "Group::\"people\" in Group::\"people\"", "true" },
		{ "Group::\"people\" in Group::\"staff\"", "false" },
		{ "principal in [Group::\"x\", Group::\"other\"]", "true" },
		{ "principal in []", "false" }, { "User::\"bob\" in Group::\"staff\"", "false" },
		{ "principal is User", "true" }, { "principal is Group", "false" },
		{ "resource is N::R", "true" }, { "resource is R", "false" },
		{ "principal is User in Group::\"people\"", "true" },
		{ "principal is Group in 1", "false" },
	};
	static const struct fault_row faults[] = {
		{ "1 in principal", FH_FAULT_TYPE, 1 }, { "principal in 1", FH_FAULT_TYPE, 14 },
		{ "principal in [principal, 1]", FH_FAULT_TYPE, 14 },
		{ "1 is User", FH_FAULT_TYPE, 1 }, { "principal is User in 1", FH_FAULT_TYPE, 22 },
		{ "1 in principal.nothing", FH_FAULT_NO_ATTRIBUTE, 16 },
	};

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

static void reads_attributes_and_tags(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "principal.age", "30" }, { "principal[\"age\"]", "30" },
		{ "principal.home.zip", "\"1\"" }, { "principal.home[\"if\"]", "true" },
		{ "principal.friend", "User::\"bob\"" }, { "principal.friend[\"a b\"]", "1" },
		{ "principal.tags", "[2, 1]" }, { "{a: 1}.a", "1" },
		{ "principal has age", "true" }, { "principal has x", "false" },
		{ "principal has home.zip", "true" }, { "principal has home.x.y", "false" },
		{ "resource has x", "false" }, { "{a: 1} has a", "true" },
		{ "context.n", "-1" }, { "context.ip.isIpv4()", "true" },
		{ "principal.hasTag(\"team\")", "true" }, { "principal.hasTag(\"x\")", "false" },
		{ "resource.hasTag(\"x\")", "false" }, { "principal.getTag(\"team\")", "\"a\"" },
		{ "principal.getTag(\"\")", "1" },
	};
	static const struct fault_row faults[] = {
		{ "principal.nothing", FH_FAULT_NO_ATTRIBUTE, 11 },
		{ "resource.x", FH_FAULT_NO_ENTITY, 10 }, { "{a: 1}.b", FH_FAULT_NO_ATTRIBUTE, 8 },
		{ "1 has a", FH_FAULT_TYPE, 1 }, { "[1].a", FH_FAULT_TYPE, 1 },
		{ "principal has age.x", FH_FAULT_TYPE, 11 },
		{ "principal.getTag(\"x\")", FH_FAULT_NO_TAG, 11 },
		{ "resource.getTag(\"x\")", FH_FAULT_NO_ENTITY, 10 },
		{ "principal.getTag(1)", FH_FAULT_TYPE, 18 },
		{ "{}.hasTag(\"x\")", FH_FAULT_TYPE, 1 },
	};

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

static void asks_sets(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "[1, 2].contains(2)", "true" }, { "[1, 2].contains(3)", "false" },
		{ "[1].contains(\"1\")", "false" }, { "[[1, 2]].contains([2, 1])", "true" },
		{ "[1, 2, 3].containsAll([3, 1])", "true" }, { "[1].containsAll([])", "true" },
		{ "[1].containsAll([1, 2])", "false" }, { "[1, 2].containsAny([2, 3])", "true" },
		{ "[1].containsAny([])", "false" }, { "[1].containsAny([2])", "false" },
		{ "[].isEmpty()", "true" }, { "[1].isEmpty()", "false" },
	};
	static const struct fault_row faults[] = {
		{ "1.contains(1)", FH_FAULT_TYPE, 1 }, { "[1].containsAll(1)", FH_FAULT_TYPE, 17 },
		{ "1.containsAny([1])", FH_FAULT_TYPE, 1 }, { "1.isEmpty()", FH_FAULT_TYPE, 1 },
		{ "[1, principal.x].isEmpty()", FH_FAULT_NO_ATTRIBUTE, 15 },
	};

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

static void matches_patterns(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "\"\" like \"\"", "true" }, { "\"\" like \"*\"", "true" },
		{ "\"a\" like \"\"", "false" },
		{ "\"abc\" like \"a*c\"", "true" }, { "\"abc\" like \"a*b\"", "false" },
		{ "\"abc\" like \"*b*\"", "true" }, { "\"abc\" like \"*d*\"", "false" },
		{ "\"aXbXc\" like \"a*X*c\"", "true" }, { "\"ac\" like \"a*ac\"", "false" },
		{ "\"a*c\" like \"a\\*c\"", "true" }, { "\"abc\" like \"a\\*c\"", "false" },
		{ "\"ab\" like \"***\"", "true" }, { "\"aab\" like \"*ab\"", "true" },
		{ "\"\\u{e4}\" like \"*\\u{e4}\"", "true" },
		{ "\"ababab\" like \"*abab\"", "true" },
	};
	static const struct fault_row faults[] = { { "1 like \"1\"", FH_FAULT_TYPE, 1 } };

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

/* The plain way: a table of all beginnings of both.  */
static bool plain_match(const char *pattern, const char *text)
{
	size_t m = strlen(pattern), n = strlen(text);
	bool row[32] = { true };

	for (size_t i = 0; i < m; i++) {
		bool star = pattern[i] == '*', diagonal = row[0];

		row[0] = star && row[0];
		for (size_t k = 1; k <= n; k++) {
			bool above = row[k];

			row[k] = star ? above || row[k - 1] : diagonal && pattern[i] == text[k - 1];
			diagonal = above;
		}
	}
	return row[n];
}

static void matches_every_small_pattern_as_the_plain_way_does(void **state)
{
	(void)state;
	for (unsigned p = 0; p < 3 * 3 * 3 * 3 * 3 * 3; p++) {
		char pattern[8] = "";
		uint8_t bytes[8];
		size_t m = 0;

		for (unsigned rest = p; rest > 0; rest /= 3) {
			pattern[m] = "ab*"[rest % 3];
			bytes[m] = pattern[m] == '*' ? FH_WILDCARD : (uint8_t)pattern[m];
			m++;
		}
		for (unsigned t = 1; t < 1 << 10; t++) {
			char text[16] = "";
			size_t n = 0;

			for (unsigned rest = t; rest > 1; rest /= 2)
				text[n++] = "ab"[rest % 2];
			if (fh_pattern_matches(fh_span_of(bytes, m), fh_span_str(text)) !=
			    plain_match(pattern, text))
				fail_msg("%s like %s", text, pattern);
		}
	}
}

static void matches_large_patterns_in_linear_time(void **state)
{
	(void)state;
	constexpr size_t n = 4 << 20;
	constexpr size_t m = 1 << 19;
	uint8_t *text = malloc(n), *pattern = malloc(m + 2);

	assert_non_null(text);
	assert_non_null(pattern);
	memset(text, 'a', n);
	memset(pattern, 'a', m + 2);
	pattern[0] = pattern[m + 1] = FH_WILDCARD;
	pattern[m] = 'b';
	assert_false(fh_pattern_matches(fh_span_of(pattern, m + 2), fh_span_of(text, n)));
	pattern[m] = 'a';
	pattern[1] = 'b';
	assert_false(fh_pattern_matches(fh_span_of(pattern, m + 2), fh_span_of(text, n)));
	for (size_t i = 0; i < m; i += 2)
		pattern[i] = FH_WILDCARD;
	assert_false(fh_pattern_matches(fh_span_of(pattern, m), fh_span_of(text, n)));
	free(pattern);
	free(text);
}

static void reads_decimals(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "1", "1.", ".1", "1.12345", "+1.0", "--1.0", "1.0 ",
					   " 1.0", "1,0", "1.-1", "1.0.0", "-", "-.5",
					   "922337203685477.5808", "-922337203685477.5809",
					   "1.\xd9\xa1" };
	static const struct {
		const char *text;
		int64_t value;
	} good[] = { { "1.0", 10000 }, { "-0.5", -5000 }, { "0.0001", 1 }, { "-1.25", -12500 },
		     { "00.10", 1000 }, { "922337203685477.5807", INT64_MAX },
		     { "-922337203685477.5808", INT64_MIN }, { "-0.0", 0 } };
	static const struct row rows[] = {
		{ "decimal(\"1.0\").lessThan(decimal(\"1.1\"))", "true" },
		{ "decimal(\"1.1\").lessThan(decimal(\"1.1\"))", "false" },
		{ "decimal(\"1.1\").lessThanOrEqual(decimal(\"1.1\"))", "true" },
		{ "decimal(\"1.1\").greaterThan(decimal(\"1.1\"))", "false" },
		{ "decimal(\"-0.1\").greaterThan(decimal(\"-0.2\"))", "true" },
		{ "decimal(\"1.1\").greaterThanOrEqual(decimal(\"1.1\"))", "true" },
	};
	int64_t v = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (fh_decimal_parse(fh_span_str(bad[i]), &v) == FH_ERR_OK)
			fail_msg("%s", bad[i]);
	}
	assert_int_equal(v, 7);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (fh_decimal_parse(fh_span_str(good[i].text), &v) != FH_ERR_OK ||
		    v != good[i].value)
			fail_msg("%s", good[i].text);
	}
	ASSERT_SAME(rows);
}

static void reads_addresses(void **state)
{
	(void)state;
	static const char *const good[] = { "0.0.0.0", "255.255.255.255", "1.2.3.4/0", "1.2.3.4/32",
					    "::", "::1", "1::", "1:2:3:4:5:6:7:8",
					      "1:2:3:4:5:6:7::",
					    "::2:3:4:5:6:7:8", "ABCD:ef01::/128", "::/0",
					    "0001:0::0" };
	static const char *const bad[] = { "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4",
					   "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/08", "1.2.3.4/+8",
					   "1.2.3.4/-1", "1.2.3.4 ", ":", ":1", "1:", ":::",
					     "1::2::3",
					   "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
					     "1:2:3:4:5:6:7:8::",
					   "::1:2:3:4:5:6:7:8", "12345::", "::g", "::/129",
					     "::/0128",
					   "::1.2.3.4", "::ffff:1.2.3.4", "fe80::1%eth0", "[::1]",
					   "1.2.3.4:80", "00.0.0.0", "::1/", "/8", "1..2.3" };
	static const struct row rows[] = {
		{ "ip(\"1.2.3.4\").isIpv4()", "true" }, { "ip(\"::1\").isIpv4()", "false" },
		{ "ip(\"::1\").isIpv6()", "true" }, { "ip(\"1.2.3.4\").isIpv6()", "false" },
		{ "ip(\"127.0.0.1\").isLoopback()", "true" },
		{ "ip(\"127.1.2.3/8\").isLoopback()", "true" },
		{ "ip(\"127.0.0.1/7\").isLoopback()", "false" },
		{ "ip(\"::1\").isLoopback()", "true" }, { "ip(\"::1/127\").isLoopback()", "false" },
		{ "ip(\"::ffff:7f00:1\").isLoopback()", "false" },
		{ "ip(\"224.0.0.1\").isMulticast()", "true" },
		{ "ip(\"239.255.0.0/4\").isMulticast()", "true" },
		{ "ip(\"224.0.0.0/3\").isMulticast()", "false" },
		{ "ip(\"ff02::1\").isMulticast()", "true" },
		{ "ip(\"ff00::/7\").isMulticast()", "false" },
		{ "ip(\"10.0.0.1\").isInRange(ip(\"10.0.0.0/8\"))", "true" },
		{ "ip(\"11.0.0.1\").isInRange(ip(\"10.0.0.0/8\"))", "false" },
		{ "ip(\"10.0.0.0/8\").isInRange(ip(\"10.0.0.0/9\"))", "false" },
		{ "ip(\"10.0.0.0/8\").isInRange(ip(\"10.200.0.0/8\"))", "true" },
		{ "ip(\"1.2.3.4\").isInRange(ip(\"0.0.0.0/0\"))", "true" },
		{ "ip(\"1.2.3.4\").isInRange(ip(\"::/0\"))", "false" },
		{ "ip(\"2001:db8::1\").isInRange(ip(\"2001:db8::/33\"))", "true" },
	};
	struct fh_ip ip;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (fh_ip_parse(fh_span_str(good[i]), &ip) != FH_ERR_OK)
			fail_msg("%s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (fh_ip_parse(fh_span_str(bad[i]), &ip) != FH_ERR_FORMAT)
			fail_msg("%s", bad[i]);
	}
	ASSERT_SAME(rows);
}

static void reads_dates(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "2024-1-01", "2024-01-1", "24-01-01", "10000-01-01", "2024-00-01", "2024-13-01",
		"2024-01-00", "2024-02-30", "2023-02-29", "1900-02-29", "2024-04-31", "2024-01-01T",
		"2024-01-01Z", "2024-01-01T00:00:00", "2024-01-01T24:00:00Z",
		  "2024-01-01T00:60:00Z",
		"2024-01-01T00:00:60Z", "2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.1234Z",
		"2024-01-01T00:00:00.Z", "2024-01-01T00:00:00ZZ", "2024-01-01T00:00:00+01",
		"2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00+2400", "2024-01-01T00:00:00+0060",
		"2024-01-01 00:00:00Z", "2024-01-01t00:00:00Z", "-2024-01-01",
	};
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = { { "1970-01-01", 0 }, { "1969-12-31", -86400000 },
		     { "2024-02-29", 1709164800000 }, { "0000-01-01", -62167219200000 },
		     { "9999-12-31T23:59:59.999Z", 253402300799999 },
		     { "2000-01-01T00:00:00.001+0130", 946679400001 },
		     { "2000-01-01T00:00:00-0130", 946690200000 } };
	int64_t v;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (fh_datetime_parse(fh_span_str(bad[i]), &v) != FH_ERR_FORMAT)
			fail_msg("%s", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (fh_datetime_parse(fh_span_str(good[i].text), &v) != FH_ERR_OK ||
		    v != good[i].ms)
			fail_msg("%s is not %lld", good[i].text, (long long)v);
	}
}

static void reads_durations(void **state)
{
	(void)state;
	static const char *const no_duration[] = { "", "-", "1", "d", "1x", "1h1d", "1d1d", "1ms1s",
						   "+1d", "1 d", "1d ", "--1d", "1.5h", "1M",
						   "9223372036854775808ms", "106751991168d",
						   "-9223372036854775809ms",
						   "99999999999999999999999ms" };
	static const struct {
		const char *text;
		int64_t ms;
	} durations[] = { { "1d2h3m4s5ms", 93784005 }, { "-1d", -86400000 }, { "5m", 300000 },
			  { "5ms", 5 }, { "0d", 0 }, { "1m1ms", 60001 },
			  { "9223372036854775807ms", INT64_MAX },
			  { "-9223372036854775808ms", INT64_MIN }, { "007s", 7000 } };
	int64_t v;

	for (size_t i = 0; i < sizeof(no_duration) / sizeof(no_duration[0]); i++) {
		if (fh_duration_parse(fh_span_str(no_duration[i]), &v) == FH_ERR_OK)
			fail_msg("%s", no_duration[i]);
	}
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		if (fh_duration_parse(fh_span_str(durations[i].text), &v) != FH_ERR_OK ||
		    v != durations[i].ms)
			fail_msg("%s is not %lld", durations[i].text, (long long)v);
	}
}

static void computes_with_times(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "datetime(\"2024-01-01\").offset(duration(\"-1d\"))",
		  "datetime(\"2023-12-31\")" },
		{ "datetime(\"2024-01-02\").durationSince(datetime(\"2024-01-01\"))",
		  "duration(\"1d\")" },
		{ "datetime(\"2024-01-02T03:04:05Z\").toDate()", "datetime(\"2024-01-02\")" },
		{ "datetime(\"1969-12-31T23:00:00Z\").toDate()", "datetime(\"1969-12-31\")" },
		{ "datetime(\"1969-12-31T23:00:00Z\").toTime()", "duration(\"23h\")" },
		{ "datetime(\"1969-12-31\").toTime()", "duration(\"0ms\")" },
		{ "duration(\"-1d1ms\").toMilliseconds()", "-86400001" },
		{ "duration(\"-1500ms\").toSeconds()", "-1" },
		{ "duration(\"119s\").toMinutes()", "1" }, { "duration(\"119m\").toHours()", "1" },
		{ "duration(\"47h\").toDays()", "1" },
	};
	static const struct fault_row faults[] = {
		{ "datetime(\"x\")", FH_FAULT_EXTENSION, 1 }, { "duration(1)", FH_FAULT_TYPE, 1 },
		{ "datetime(\"2024-01-01\").offset(duration(\"9223372036854775807ms\"))",
		  FH_FAULT_EXTENSION, 24 },
		{ "datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\")).toDate()",
		  FH_FAULT_EXTENSION, 67 },
		{ "ip()", FH_FAULT_ARGUMENTS, 1 },
		{ "ip(\"::1\", \"::1\")", FH_FAULT_ARGUMENTS, 1 },
		{ "ip(\"::1\", 1, 2)", FH_FAULT_ARGUMENTS, 1 },
		{ "ip(\"x\")", FH_FAULT_EXTENSION, 1 },
		{ "decimal(\"x\")", FH_FAULT_EXTENSION, 1 },
		{ "1.isIpv4()", FH_FAULT_TYPE, 3 },
		{ "ip(1, 2, principal.x)", FH_FAULT_NO_ATTRIBUTE, 20 },
		{ "datetime(\"2024-01-01\").durationSince(1)", FH_FAULT_TYPE, 24 },
	};

	ASSERT_SAME(rows);
	ASSERT_FAULTS(faults);
}

/* What Cedar says about POLICIES in the world above: "allow: ids; errors".  */
static void assert_answer(const char *policies, const char *want)
{
	struct fh_policies all;
	struct fh_rules rules;
	struct fh_response answer;
	char said[256] = "";
	struct fh_builder b = FH_BUILDER_ARRAY(said);
	struct world w;

	begin(&w);
	assert_int_equal(fh_policies_parse(fh_span_str(policies), FH_POLICY_TEXT_MAX, "policy",
					   &w.arena, &all, nullptr), FH_ERR_OK);
	assert_int_equal(fh_rules_compile(&all, &w.arena, &rules), FH_ERR_OK);
	assert_int_equal(fh_authorize(&rules, &w.v, &w.arena, &answer), FH_ERR_OK);
	fh_builder_text(&b, answer.allowed ? "allow:" : "deny:");
	for (size_t i = 0; i < answer.reasons_n; i++)
		fh_builder_bytes(&b, answer.reasons[i]->id);
	fh_builder_text(&b, ";");
	for (size_t i = 0; i < answer.errors_n; i++)
		fh_builder_bytes(&b, answer.errors[i].policy->id);
	if (strcmp(said, want) != 0)
		fail_msg("%s\n-> %s, not %s", policies, said, want);
}

static void decides_as_cedar_does(void **state)
{
	(void)state;
	static const char yes[] = "permit(principal,action,resource);";

	assert_answer("", "deny:;");
	assert_answer(yes, "allow:policy0;");
	assert_answer("permit(principal,action,resource);forbid(principal,action,resource);"
		      "permit(principal,action,resource);", "deny:policy1;");
	assert_answer("permit(principal,action,resource) when {1};"
		      "permit(principal,action,resource);", "allow:policy1;policy0");
	assert_answer("forbid(principal,action,resource) unless {context.nothing};"
		      "permit(principal,action,resource);", "allow:policy1;policy0");
	assert_answer("permit(principal,action,resource) when {true} unless {true};", "deny:;");
	assert_answer("permit(principal,action,resource) when {false} when {1};", "deny:;");
	assert_answer("permit(principal == ?principal,action,resource);", "deny:;");
	assert_answer("permit(principal in Group::\"people\",action in [Action::\"b\","
		      "Action::\"a\"],"
		      "resource is N::R);", "allow:policy0;");
	assert_answer("permit(principal is Group,action,resource) when {1};", "deny:;");
	assert_answer("permit(principal is User in Group::\"staff\",action == Action::\"a\","
		      "resource == N::R::\"r\");", "allow:policy0;");
	assert_answer("permit(principal is User in Group::\"x\",action,resource);"
		      "permit(principal,action in [],resource);"
		      "permit(principal,action,resource is N::R in N::R::\"q\");", "deny:;");
}

static void evaluates_the_deepest_expression(void **state)
{
	(void)state;
	static char text[2 * FH_EXPR_DEPTH_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_fault fault;
	struct world w;

	fh_builder_text(&b, "1");
	for (int i = 1; i < FH_EXPR_DEPTH_MAX; i++)
		fh_builder_text(&b, "+1");
	fh_builder_u8(&b, '\0');
	assert_false(b.bad);
	begin(&w);
	assert_int_equal(value_of(&w, text, &fault).integer, FH_EXPR_DEPTH_MAX);
	assert_int_equal(fault.kind, FH_FAULT_NONE);
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	struct world w;
	const struct fh_expr *e;
	struct fh_value out = { 0 };
	struct fh_fault fault;

	begin(&w);
	assert_int_equal(fh_expr_parse(FH_SPAN_LIT("[ip(\"::1\")] == [{a: [1]}]"), &w.arena, &e,
				       nullptr), FH_ERR_OK);
	size_t taken = w.arena.n, cap = taken;

	for (; cap < taken + 4096; cap += 8) {
		w.arena.n = taken;
		w.arena.cap = cap;
		if (fh_expr_evaluate(&w.v, e, &out, &fault) == FH_ERR_OK)
			break;
		assert_int_equal(w.v.e, FH_ERR_NOMEM);
	}
	assert_true(cap > taken + 64 && cap < taken + 4096);
	assert_false(out.boolean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_only_at_what_decides),
		cmocka_unit_test(computes_within_64_bits),
		cmocka_unit_test(compares_what_has_an_order),
		cmocka_unit_test(holds_everything_equal_to_itself_only),
		cmocka_unit_test(asks_the_hierarchy),
		cmocka_unit_test(reads_attributes_and_tags),
		cmocka_unit_test(asks_sets),
		cmocka_unit_test(matches_patterns),
		cmocka_unit_test(matches_every_small_pattern_as_the_plain_way_does),
		cmocka_unit_test(matches_large_patterns_in_linear_time),
		cmocka_unit_test(reads_decimals),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(reads_dates),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(computes_with_times),
		cmocka_unit_test(decides_as_cedar_does),
		cmocka_unit_test(evaluates_the_deepest_expression),
		cmocka_unit_test(fails_cleanly_without_memory),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
