/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "evidence/event_describe.h"
#include "event_fixture.h"

#define GUID "0123456789abcdef"
#define FILE_PATH "\4\4\12\0\\\0a\0\0\0"
#define PATH_END "\x7f\xff\4\0"
#define IMAGE_HEAD "aaaaaaaallllllll\0\0\0\0\0\0\0\0"

static const enum fh_bank two[] = { FH_BANK_SHA1, FH_BANK_SHA256 };
static const struct fh_span separator = { (const uint8_t *)"\0\0\0\0", 4 };

static struct made_log *begun(void)
{
	static struct made_log m;

	log_begin(&m, two, 2);
	return &m;
}

static struct fh_event_check check(const struct made_log *m)
{
	struct fh_event_check c = { 0 };
	struct fh_event_log log;
	struct fh_event e;

	assert_int_equal(fh_event_log_open(log_span(m), &log, nullptr), FH_ERR_OK);
	while (fh_event_log_next(&log, &e))
		(void)fh_event_check(&c, &e);
	assert_int_equal(log.rest.why, FH_ERR_OK);
	return c;
}

static void assert_only(const struct made_log *m, enum fh_event_finding f)
{
	assert_int_equal(check(m).findings, 1U << f);
}

static void assert_described(uint32_t type, struct fh_span data, const char *expected)
{
	struct fh_event e = { .type = type, .data = data };
	char room[FH_EVENT_TEXT_MAX + 1] = { 0 };
	struct fh_builder b = fh_builder_of(room, FH_EVENT_TEXT_MAX);

	fh_event_describe(&e, &b);
	assert_string_equal(room, expected);
}

static void a_boot_in_order_has_no_findings(void **state)
{
	(void)state;
	struct made_log *m = begun();

	log_record(m, 0, FH_EV_NO_ACTION, nullptr, FH_SPAN_LIT("StartupLocality\0\3"));
	log_measure(m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v1"));
	log_measure(m, 7, FH_EV_EFI_VARIABLE_DRIVER_CONFIG,
		    FH_SPAN_LIT(GUID "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0X\0v"));
	for (uint32_t pcr = 0; pcr < 8; pcr++)
		log_measure(m, pcr, FH_EV_SEPARATOR, separator);
	log_measure(m, 12, 0x4242, FH_SPAN_LIT("the system's own"));
	log_measure(m, 5, FH_EV_EFI_ACTION, FH_SPAN_LIT("Exit Boot Services Invocation"));
	log_measure(m, 5, FH_EV_EFI_ACTION,
		    FH_SPAN_LIT("Exit Boot Services Returned with Success"));
	struct fh_event_check c = check(m);

	assert_int_equal(c.findings, 0);
	assert_int_equal(c.separators, FH_EVENT_FIRMWARE_PCRS);
	assert_true(c.exit_called && c.exit_returned);
}

static void a_missing_exit_and_separator_are_known(void **state)
{
	(void)state;
	struct made_log *m = begun();

	log_measure(m, 3, FH_EV_SEPARATOR, separator);
	log_record(m, 5, FH_EV_EFI_ACTION, &separator,
		   FH_SPAN_LIT("Exit Boot Services Invocation"));
	struct fh_event_check c = check(m);

	assert_int_equal(c.separators, 1U << 3);
	assert_false(c.exit_called || c.exit_returned);
}

static void data_that_was_not_digested_is_found(void **state)
{
	(void)state;
	static const uint32_t types[] = { FH_EV_EFI_ACTION, FH_EV_S_CRTM_VERSION, FH_EV_ACTION };
	struct fh_span other = FH_SPAN_LIT("other");

	for (size_t i = 0; i < 3; i++) {
		struct made_log *m = begun();

		log_record(m, 1, types[i], &other, FH_SPAN_LIT("data"));
		assert_only(m, FH_EVENT_DIGEST);
	}
	struct made_log *m = begun();

	log_record(m, 7, FH_EV_EFI_VARIABLE_AUTHORITY, &other,
		   FH_SPAN_LIT(GUID "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0X\0v"));
	assert_only(m, FH_EVENT_DIGEST);
}

/* Hardware digested code that is in no log; the text is fixed.  */
static void what_hardware_measured_is_told_by_a_fixed_text(void **state)
{
	(void)state;
	struct fh_span code = FH_SPAN_LIT("code");
	struct made_log *m = begun();

	log_record(m, 0, FH_EV_EFI_HCRTM_EVENT, &code, FH_SPAN_LIT("HCRTM"));
	assert_int_equal(check(m).findings, 0);
	m = begun();
	log_record(m, 0, FH_EV_EFI_HCRTM_EVENT, &code, FH_SPAN_LIT("code"));
	assert_only(m, FH_EVENT_DATA);
	m = begun();
	log_measure(m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v1"));
	log_record(m, 0, FH_EV_EFI_HCRTM_EVENT, &code, FH_SPAN_LIT("HCRTM"));
	assert_only(m, FH_EVENT_LOCALITY);
}

static void one_bank_that_disagrees_is_found(void **state)
{
	(void)state;
	struct made_log *m = begun();

	log_measure(m, 1, FH_EV_EFI_ACTION, FH_SPAN_LIT("data"));
	m->bytes[m->n - 9] ^= 1; /* the last byte of the SHA-256 digest */
	assert_only(m, FH_EVENT_DIGEST);
}

static void shims_padding_is_no_finding(void **state)
{
	(void)state;
	struct fh_span data = FH_SPAN_LIT(GUID "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0X\0v"
					  "\0\0\0\0\0\xaf");
	struct fh_span digested = fh_span_first(data, data.n - 1);
	struct made_log *m = begun();

	log_record(m, 7, FH_EV_EFI_VARIABLE_AUTHORITY, &digested, data);
	assert_int_equal(check(m).findings, 0);
}

static void an_old_boot_variable_digests_its_value(void **state)
{
	(void)state;
	struct fh_span data = FH_SPAN_LIT(GUID "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0X\0v");
	struct fh_span value = FH_SPAN_LIT("v");
	struct made_log *m = begun();

	log_record(m, 1, FH_EV_EFI_VARIABLE_BOOT, &value, data);
	assert_int_equal(check(m).findings, 0);
	m = begun();
	log_record(m, 1, FH_EV_EFI_VARIABLE_BOOT2, &value, data);
	assert_only(m, FH_EVENT_DIGEST);
}

static void separators_stand_once_and_under_their_type(void **state)
{
	(void)state;
	struct fh_span error = FH_SPAN_LIT("\1\0\0\0"), wrong = FH_SPAN_LIT("\2\0\0\0");
	struct made_log *m = begun();

	log_measure(m, 2, FH_EV_SEPARATOR, FH_SPAN_LIT("\xff\xff\xff\xff"));
	assert_int_equal(check(m).findings, 0);
	log_measure(m, 2, FH_EV_SEPARATOR, separator);
	assert_only(m, FH_EVENT_SEPARATOR_AGAIN);
	m = begun();
	log_record(m, 2, FH_EV_IPL, &separator, FH_SPAN_LIT("boot loader"));
	assert_only(m, FH_EVENT_SEPARATOR_HIDDEN);
	m = begun();
	log_record(m, 2, FH_EV_SEPARATOR, &separator, FH_SPAN_LIT("\xff\xff\xff\xff"));
	assert_only(m, FH_EVENT_DATA);
	m = begun();
	log_measure(m, 2, FH_EV_SEPARATOR, error);
	assert_only(m, FH_EVENT_SEPARATOR_ERROR);
	m = begun();
	log_measure(m, 2, FH_EV_SEPARATOR, wrong);
	assert_only(m, FH_EVENT_DIGEST);
}

/* Only one bank was quoted, so another's digest may be whatever its writer likes.  */
static void a_separator_is_told_by_its_digest_in_one_bank(void **state)
{
	(void)state;
	struct fh_span ones = FH_SPAN_LIT("\xff\xff\xff\xff");

	for (size_t i = 0; i < 4; i++) {
		struct made_log *m = begun();

		log_record(m, 2, FH_EV_IPL, i < 2 ? &separator : &ones, FH_SPAN_LIT("loader"));
		m->bytes[m->n - 6 - 4 - (i % 2 == 0 ? 1 : 32 + 2 + 1)] ^= 1;
		assert_only(m, FH_EVENT_SEPARATOR_HIDDEN);
	}
	struct made_log *m = begun();

	log_measure(m, 2, FH_EV_SEPARATOR, separator);
	m->bytes[m->n - 4 - 4 - 32 - 2 - 1] ^= 1; /* and a separator needs it in each */
	assert_only(m, FH_EVENT_DATA);
}

static void firmware_measures_nothing_behind_the_separator(void **state)
{
	(void)state;
	struct made_log *m = begun();

	log_measure(m, 0, FH_EV_SEPARATOR, separator);
	log_measure(m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v2"));
	assert_only(m, FH_EVENT_AFTER_SEPARATOR);
}

static void unknown_types_are_found_in_firmwares_pcrs(void **state)
{
	(void)state;
	struct made_log *m = begun();

	log_measure(m, 6, 0x4242, FH_SPAN_LIT("x"));
	assert_only(m, FH_EVENT_TYPE);
}

static void no_action_with_a_digest_is_found(void **state)
{
	(void)state;
	struct made_log *m = begun();

	log_measure(m, 0, FH_EV_NO_ACTION, FH_SPAN_LIT("x"));
	assert_only(m, FH_EVENT_NO_ACTION);
}

static void a_late_or_impossible_locality_is_found(void **state)
{
	(void)state;
	struct made_log *m = begun();

	log_record(m, 0, FH_EV_NO_ACTION, nullptr, FH_SPAN_LIT("StartupLocality\0\5"));
	assert_only(m, FH_EVENT_LOCALITY);
	m = begun();
	log_measure(m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v1"));
	log_record(m, 0, FH_EV_NO_ACTION, nullptr, FH_SPAN_LIT("StartupLocality\0\3"));
	assert_only(m, FH_EVENT_LOCALITY);
}

static void device_paths_that_lie_about_lengths_are_refused(void **state)
{
	(void)state;
	const struct fh_span bad[] = {
		FH_SPAN_LIT(FILE_PATH),                     /* no end */
		FH_SPAN_LIT("\4\4\3\0" PATH_END),           /* a node shorter than its head */
		FH_SPAN_LIT("\4\4\0\0" PATH_END),           /* of no length: for ever */
		FH_SPAN_LIT("\4\4\xff\xff" PATH_END),       /* beyond the path */
		FH_SPAN_LIT(FILE_PATH PATH_END "rest"),     /* more behind the end */
		FH_SPAN_LIT("\4\4"),
	};
	uint8_t room[256], deep[4 * (FH_DEVICE_PATH_NODES + 1)];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	assert_true(fh_device_path_put(&b, FH_SPAN_LIT(FILE_PATH PATH_END)));
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT("\\a")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(fh_device_path_put(&b, bad[i]));
	for (size_t i = 0; i < sizeof(deep); i += 4)
		memcpy(deep + i, i + 4 < sizeof(deep) ? "\1\1\4\0" : PATH_END, 4);
	assert_false(fh_device_path_put(&b, FH_SPAN_ARRAY(deep)));
	assert_true(fh_device_path_put(&b, fh_span_skip(FH_SPAN_ARRAY(deep), 4)));
}

static void image_events_are_checked_for_their_path(void **state)
{
	(void)state;
	struct made_log *m = begun();
	struct fh_span image = FH_SPAN_LIT("image");

	log_record(m, 4, FH_EV_EFI_BOOT_SERVICES_APPLICATION, &image,
		   FH_SPAN_LIT(IMAGE_HEAD "\16\0\0\0\0\0\0\0" FILE_PATH PATH_END));
	assert_int_equal(check(m).findings, 0);
	log_record(m, 4, FH_EV_EFI_BOOT_SERVICES_APPLICATION, &image,
		   FH_SPAN_LIT(IMAGE_HEAD "\x4f\0\0\0\0\0\0\0" FILE_PATH PATH_END));
	assert_only(m, FH_EVENT_DATA);
}

static void records_are_described_for_people(void **state)
{
	(void)state;

	assert_described(FH_EV_EFI_BOOT_SERVICES_APPLICATION,
			 FH_SPAN_LIT(IMAGE_HEAD "\16\0\0\0\0\0\0\0" FILE_PATH PATH_END), "\\a");
	assert_described(FH_EV_EFI_BOOT_SERVICES_APPLICATION, FH_SPAN_LIT("short"),
			 "malformed image event");
	assert_described(FH_EV_EFI_VARIABLE_BOOT,
			 FH_SPAN_LIT(GUID "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0X\0v"), "X");
	assert_described(FH_EV_EFI_VARIABLE_BOOT,
			 FH_SPAN_LIT(GUID "\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\0X\0v"),
			 "malformed variable event");
	assert_described(FH_EV_IPL, FH_SPAN_LIT("q\0\xe9\0\0\0"), "q\u00e9");
	assert_described(FH_EV_IPL, FH_SPAN_LIT("grub_cmd\0"), "grub_cmd");
	assert_described(FH_EV_IPL, FH_SPAN_LIT("\1\2\3"), "3 bytes");
	assert_described(FH_EV_EVENT_TAG, FH_SPAN_LIT("\xec\x22\x3b\x8f\x0d\0\0\0Linux initrd\0"),
			 "Linux initrd");
	assert_described(FH_EV_EVENT_TAG, FH_SPAN_LIT("\xec\x22\x3b\x8f\0\0\0\0"), "8 bytes");
	assert_described(FH_EV_SEPARATOR, separator, "00000000");
	assert_described(FH_EV_NO_ACTION, FH_SPAN_LIT("StartupLocality\0\3"),
			 "StartupLocality 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_boot_in_order_has_no_findings),
		cmocka_unit_test(a_missing_exit_and_separator_are_known),
		cmocka_unit_test(data_that_was_not_digested_is_found),
		cmocka_unit_test(what_hardware_measured_is_told_by_a_fixed_text),
		cmocka_unit_test(one_bank_that_disagrees_is_found),
		cmocka_unit_test(shims_padding_is_no_finding),
		cmocka_unit_test(an_old_boot_variable_digests_its_value),
		cmocka_unit_test(separators_stand_once_and_under_their_type),
		cmocka_unit_test(a_separator_is_told_by_its_digest_in_one_bank),
		cmocka_unit_test(firmware_measures_nothing_behind_the_separator),
		cmocka_unit_test(unknown_types_are_found_in_firmwares_pcrs),
		cmocka_unit_test(no_action_with_a_digest_is_found),
		cmocka_unit_test(a_late_or_impossible_locality_is_found),
		cmocka_unit_test(device_paths_that_lie_about_lengths_are_refused),
		cmocka_unit_test(image_events_are_checked_for_their_path),
		cmocka_unit_test(records_are_described_for_people),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
