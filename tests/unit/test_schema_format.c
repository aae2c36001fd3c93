/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/json_schema_format.h"
#include "schema/json_schema_host.h"

struct rows {
	bool (*is)(struct fh_span s);
	const char *good[12];
	const char *bad[16];
};

static void check(const struct rows *r)
{
	for (size_t i = 0; r->good[i] != nullptr; i++) {
		if (!r->is(fh_span_str(r->good[i])))
			fail_msg("refused: %s", r->good[i]);
	}
	for (size_t i = 0; r->bad[i] != nullptr; i++) {
		if (r->is(fh_span_str(r->bad[i])))
			fail_msg("accepted: %s", r->bad[i]);
	}
}

static void knows_times(void **state)
{
	static const struct rows rows[] = {
		{ fh_format_date, { "2024-02-29", "2000-02-29", "0001-12-31" },
		  { "", "2023-02-29", "1900-02-29", "2024-04-31", "2024-1-01", "2024-01-01T" } },
		{ fh_format_time,
		{ "00:00:00Z", "23:59:60z", "18:59:60.5-05:00", "01:29:60+01:30" },
		  { "24:00:00Z", "12:00:00", "12:00:60Z", "12:00:00.Z", "12:00:00+24:00" } },
		{ fh_format_date_time, { "2024-02-29t12:00:00.123456789+00:00" },
		  { "2024-02-29 12:00:00Z", "2024-02-30T12:00:00Z", "2024-02-29T12:00:00Zx" } },
		{ fh_format_duration, { "P1Y", "P1Y2M3DT4H5M6S", "PT1M2S", "P3W", "PT0S" },
		  { "", "P", "PT", "P1", "P1YT", "P1Y2D", "PT1H2S", "P1W1D", "P1S", "P2D1Y" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

static void knows_addresses(void **state)
{
	static const struct rows rows[] = {
		{ fh_format_ipv4, { "0.0.0.0", "255.255.255.255" },
		  { "", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "01.1.1.1", "1.1.1.+1" } },
		{ fh_format_ipv6, { "::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4",
				    "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7::" },
		  { "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::",
		    "1:2:3:4:5:6:7:1.2.3.4", "::1:", "::g", "1.2.3.4::" } },
		{ fh_format_uri,
		{ "a:", "http://u:p@[::1]:80/a?b#c", "urn:x:%41", "http://[v1.a:b]" },
		  { "", "//a", "a b:", "http://a:b/", "http://[::1", "http://[::1]x", "http://a%4/",
		    "http://\u00e9/", "1a:b" } },
		{ fh_format_uri_reference, { "", "//", "a/b:c", "./a:b", "?q", "#f" },
		  { "1:b", "a\\b", "[a]", "#a#b" } },
		{ fh_format_iri, { "http://\u00e9/\u4e2d?\ue000" },
		{ "http://a/\ue000", "\u00e9" } },
		{ fh_format_uri_template, { "", "a{b}", "{+a,b*,c:9999}", "{a.b}", "{%41}" },
		  { "{", "}", "{}", "{a", "{a,}", "{a:0}", "{a:12345}", "{a..b}", "{.}", "%4" } },
		{ fh_format_uuid, { "00000000-0000-0000-0000-00000000000F" },
		  { "", "00000000-0000-0000-0000-00000000000", "0-0", "{00000000-0000-0000}" } },
		{ fh_format_json_pointer, { "", "/", "/a~0b~1" }, { "a", "/~", "/~2" } },
		{ fh_format_relative_json_pointer, { "0", "1#", "10/a" },
		{ "", "01", "#", "0#/a" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

static void knows_names(void **state)
{
	static const struct rows rows[] = {
		{ fh_format_hostname, { "a", "A-1.b", "xn--bcher-kva.example", "1.2.3.4" },
		  { "", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "xn--", "xn--a",
		"b\u00fccher" } },
		{ fh_format_idn_hostname, { "b\u00fccher.example", "xn--bcher-kva", "\u05d0\u05d1",
					    "a\u3002b", "l\u00b7l" },
		  { "B\u00fccher", "ab--c", "\u0301a", "a\u00b7b", "\u05d0a", "a.0\u05d0",
		"\u2122" } },
		{ fh_format_email, { "a@b", "a.b@c.d", "\"a b\"@c", "a@[1.2.3.4]", "a@[IPv6:::1]" },
		  { "", "a", "@b", "a@", ".a@b", "a.@b", "a..b@c", "a@b@c", "a@[1.2.3]", "\u00e9@b",
		    "\"a@b", "a@-b" } },
		{ fh_format_idn_email, { "\u00e9@\u00e9.b", "\"\u00e9\"@b" },
		{ "\u00e9", "@\u00e9" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

/* Every byte, and every one behind another, is a form or not, and nothing else.  */
static void reads_any_two_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 128 * 128; i++) {
		uint32_t c[FH_LABEL_MAX];
		uint8_t text[] = { (uint8_t)(i / 128), (uint8_t)(i % 128) };
		size_t n;

		if (fh_punycode_read(text, 2, c, &n))
			assert_true(n > 0 && n <= FH_LABEL_MAX);
		(void)fh_format_uri_template(fh_span_of(text, 2));
		(void)fh_format_idn_email(fh_span_of(text, 2));
		(void)fh_format_iri(fh_span_of(text, 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_times),
		cmocka_unit_test(knows_addresses),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(reads_any_two_bytes),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
