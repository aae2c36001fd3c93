/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *plain, *padded;
} rfc4648[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "+//+" },
};

static fh_err reads(const char *text, const char *expected)
{
	uint8_t room[64];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	size_t n = 999;
	fh_err e = fh_base64_read(fh_span_str(text), &b);

	assert_int_equal(fh_base64_size(fh_span_str(text), &n), e);
	assert_int_equal(e == FH_ERR_OK ? n : 0, b.n);
	if (e == FH_ERR_OK)
		assert_true(fh_span_equal(fh_builder_span(&b), fh_span_str(expected)));
	return e;
}

static void gives_the_examples_of_rfc_4648(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		uint8_t room[64];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		fh_base64_put(&b, fh_span_str(rfc4648[i].plain));
		assert_true(fh_span_equal(fh_builder_span(&b), fh_span_str(rfc4648[i].padded)));
		assert_int_equal(reads(rfc4648[i].padded, rfc4648[i].plain), FH_ERR_OK);
	}
}

static void refuses_what_is_not_canonical(void **state)
{
	(void)state;
	static const char *const refused[] = { "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Z===",
					       "====", "=", "Zm9v\n", " Zm9v", "Zm 9v", "Zm-_",
					       "Zg==Zg==", "Zm=v", "Z", "Zm9vY", "Zm9v=",
					       "Zm9\x80" };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(reads(refused[i], ""), FH_ERR_FORMAT);
}

static void knows_exactly_the_64_digits(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	(void)state;
	for (int c = 1; c < 256; c++) {
		char text[] = { 'A', 'A', 'A', (char)c, '\0' };
		bool digit = c < 128 && strchr(digits, c) != nullptr;
		uint8_t room[3];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		fh_err e = fh_base64_read(fh_span_str(text), &b);

		/* "AAA=" is two bytes. */
		assert_int_equal(e, digit || c == '=' ? FH_ERR_OK : FH_ERR_FORMAT);
	}
}

static void url_safe_has_its_own_digits_and_no_padding(void **state)
{
	(void)state;
	uint8_t room[64];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_base64url_put(&b, FH_SPAN_LIT("\xfb\xff\xfe\x01"));
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT("-__-AQ")));
	b.n = 0;
	assert_int_equal(fh_base64url_read(FH_SPAN_LIT("-__-AQ"), &b), FH_ERR_OK);
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT("\xfb\xff\xfe\x01")));
	assert_int_equal(fh_base64url_read(FH_SPAN_LIT("-__-AQ=="), &b), FH_ERR_FORMAT);
	assert_int_equal(fh_base64url_read(FH_SPAN_LIT("+//+"), &b), FH_ERR_FORMAT);
	assert_int_equal(fh_base64url_read(FH_SPAN_LIT("AR"), &b), FH_ERR_FORMAT);
	assert_int_equal(fh_base64url_read(FH_SPAN_LIT("A"), &b), FH_ERR_FORMAT);
	assert_int_equal(b.n, 4);
}

static void leaves_the_builder_when_the_bytes_do_not_fit(void **state)
{
	(void)state;
	uint8_t room[2];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	assert_int_equal(fh_base64_read(FH_SPAN_LIT("Zm9v"), &b), FH_ERR_LIMIT);
	assert_int_equal(b.n, 0);
	assert_false(b.bad);
	fh_base64_put(&b, FH_SPAN_LIT("a"));
	assert_true(b.bad);
}

static void every_length_comes_back(void **state)
{
	(void)state;
	for (size_t n = 0; n < 100; n++) {
		uint8_t in[100], text[200], out[100];
		struct fh_builder t = FH_BUILDER_ARRAY(text), b = FH_BUILDER_ARRAY(out);

		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)(i * 37 + n);
		fh_base64_put(&t, fh_span_of(in, n));
		assert_int_equal(fh_base64_read(fh_builder_span(&t), &b), FH_ERR_OK);
		assert_true(fh_span_equal(fh_builder_span(&b), fh_span_of(in, n)));
	}
}

static void refuses_a_wrong_digit_wherever_it_stands(void **state)
{
	(void)state;
	for (size_t n = 4; n <= 132; n += 4) {
		for (size_t at = 0; at < n; at++) {
			uint8_t text[132], room[99];
			struct fh_builder b = FH_BUILDER_ARRAY(room);

			memset(text, 'A', n);
			text[at] = '-';
			assert_int_equal(fh_base64_read(fh_span_of(text, n), &b), FH_ERR_FORMAT);
			assert_int_equal(b.n, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_examples_of_rfc_4648),
		cmocka_unit_test(refuses_what_is_not_canonical),
		cmocka_unit_test(knows_exactly_the_64_digits),
		cmocka_unit_test(url_safe_has_its_own_digits_and_no_padding),
		cmocka_unit_test(leaves_the_builder_when_the_bytes_do_not_fit),
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(refuses_a_wrong_digit_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
