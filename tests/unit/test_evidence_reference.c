/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log_fixture.h"

static uint8_t memory[1 << 20];

/* 32 bytes of one hex digit.  */
#define H(d) d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d \
	     d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d
#define EVENT(pcr, component, d) \
	"{\"pcr\":" pcr ",\"component\":\"" component "\",\"name\":\"n\"," \
	"\"digests\":{\"sha256\":\"" H(d) "\"}}"
#define PCR(pcr, d) "\"" pcr "\":\"" H(d) "\""
#define REFERENCE(events, pcrs) \
	"{\"events\":[" events "],\"pcrs\":{\"sha256\":{" pcrs "}}}"

static fh_err read_text(const char *text, struct fh_arena *a, struct fh_reference *out)
{
	return fh_reference_read(fh_span_str(text), "test.json", a, out, nullptr);
}

static struct fh_reference_diff diff(const char *old, const char *new)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_reference one, other;
	struct fh_reference_diff d;

	assert_int_equal(read_text(old, &a, &one), FH_ERR_OK);
	assert_int_equal(read_text(new, &a, &other), FH_ERR_OK);
	assert_int_equal(fh_reference_compare(&one, &other, &d), FH_ERR_OK);
	return d;
}

static void reads_events_and_values(void **state)
{
	(void)state;
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_reference r;

	assert_int_equal(read_text(REFERENCE(EVENT("4", "kernel", "1"), PCR("4", "2")), &a, &r),
			 FH_ERR_OK);
	assert_int_equal(r.events, 1);
	assert_int_equal(r.event[0].pcr, 4);
	assert_int_equal(r.event[0].component, FH_COMPONENT_KERNEL);
	assert_int_equal(r.event[0].digest[1].n, 32);
	assert_int_equal(r.event[0].digest[0].n, 0);
	assert_int_equal(r.event[0].digest[1].bytes[31], 0x11);
	assert_int_equal(r.value[1][4].bytes[0], 0x22);
	assert_int_equal(r.value[1][5].n, 0);
	assert_int_equal(r.value[2][4].n, 0);
}

static void names_what_changed_and_where(void **state)
{
	(void)state;
	struct fh_reference_diff d = diff(
		REFERENCE(EVENT("4", "kernel", "1") "," EVENT("11", "initrd", "1"),
			  PCR("4", "2") "," PCR("11", "2")),
		REFERENCE(EVENT("4", "kernel", "3") "," EVENT("11", "initrd", "1"),
			  PCR("4", "4") "," PCR("11", "2")));

	assert_int_equal(d.bank, FH_BANK_SHA256);
	assert_int_equal(d.pcrs, 1 << 4);
	assert_int_equal(d.unknown, 0);
	assert_int_equal(d.component[FH_COMPONENT_KERNEL].how, FH_CHANGED);
	assert_int_equal(d.component[FH_COMPONENT_KERNEL].pcrs, 1 << 4);
	assert_int_equal(d.component[FH_COMPONENT_INITRD].how, FH_SAME);
}

static void tells_added_from_removed_and_longer(void **state)
{
	(void)state;
	const char *with = REFERENCE(EVENT("11", "splash picture", "1"), PCR("11", "2"));
	const char *twice = REFERENCE(EVENT("11", "splash picture", "1") ","
				      EVENT("11", "splash picture", "1"), PCR("11", "5"));
	const char *without = REFERENCE("", PCR("11", "3"));

	assert_int_equal(diff(with, without).component[FH_COMPONENT_SPLASH].how, FH_REMOVED);
	assert_int_equal(diff(without, with).component[FH_COMPONENT_SPLASH].how, FH_ADDED);
	assert_int_equal(diff(with, twice).component[FH_COMPONENT_SPLASH].how, FH_CHANGED);
	assert_int_equal(diff(twice, with).component[FH_COMPONENT_SPLASH].how, FH_CHANGED);
	assert_int_equal(diff(with, with).component[FH_COMPONENT_SPLASH].how, FH_SAME);
	assert_int_equal(diff(with, with).pcrs, 0);
}

static void does_not_compare_what_one_does_not_know(void **state)
{
	(void)state;
	struct fh_reference_diff d = diff(
		REFERENCE(EVENT("0", "firmware", "1") "," EVENT("4", "kernel", "1"),
			  PCR("0", "2") "," PCR("4", "2")),
		REFERENCE(EVENT("4", "kernel", "1"), PCR("4", "2") "," PCR("7", "2")));

	assert_int_equal(d.pcrs, 0);
	assert_int_equal(d.unknown, 1 << 0 | 1 << 7);
	assert_int_equal(d.component[FH_COMPONENT_FIRMWARE].how, FH_SAME);
}

#define INITRD9(d) EVENT("9", "initrd", d)
#define INITRD11(d) EVENT("11", "initrd", d)
#define RELEASE(d) EVENT("11", "os-release", d)
#define BOTH PCR("9", "2") "," PCR("11", "2")

/* The kernel's initramfs holds files that other sections are.  */
static void a_section_s_file_is_not_another_initrd(void **state)
{
	(void)state;
	const char *before = REFERENCE(INITRD9("1") "," INITRD11("1") "," RELEASE("1"), BOTH);
	struct fh_reference_diff d = diff(
		before, REFERENCE(INITRD9("2") "," INITRD11("1") "," RELEASE("2"), BOTH));

	assert_int_equal(d.component[FH_COMPONENT_INITRD].how, FH_SAME);
	assert_int_equal(d.component[FH_COMPONENT_OS_RELEASE].pcrs, 1 << 9 | 1 << 11);
	d = diff(before, REFERENCE(INITRD9("2") "," INITRD11("1") "," RELEASE("1"), BOTH));
	assert_int_equal(d.component[FH_COMPONENT_INITRD].how, FH_SAME);
	assert_int_equal(d.component[FH_COMPONENT_POLICY_KEY].how, FH_CHANGED);
	d = diff(before, REFERENCE(INITRD9("2") "," INITRD11("2") "," RELEASE("2"), BOTH));
	assert_int_equal(d.component[FH_COMPONENT_INITRD].pcrs, 1 << 9 | 1 << 11);
	/* without PCR 11 nobody can tell */
	d = diff(REFERENCE(INITRD9("1"), PCR("9", "1")), REFERENCE(INITRD9("2"), PCR("9", "2")));
	assert_int_equal(d.component[FH_COMPONENT_INITRD].how, FH_CHANGED);
}

static void needs_a_bank_in_common(void **state)
{
	(void)state;
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_reference one, other;
	struct fh_reference_diff d;

	assert_int_equal(read_text(REFERENCE("", PCR("4", "2")), &a, &one), FH_ERR_OK);
	assert_int_equal(read_text("{\"events\":[],\"pcrs\":{\"sm3\":{\"4\":\"00\"}}}", &a, &other),
			 FH_ERR_OK);
	assert_int_equal(fh_reference_compare(&one, &other, &d), FH_ERR_MISSING);
}

static void refuses_what_is_no_reference(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"", "[]", "{}", "{\"events\":[]}", "{\"pcrs\":{}}", "{\"events\":{},\"pcrs\":{}}",
		"{\"events\":[],\"pcrs\":[]}", "{\"events\":[],\"pcrs\":{\"sha256\":[]}}",
		"{\"events\":[1],\"pcrs\":{}}", "{\"events\":[{}],\"pcrs\":{}}",
		REFERENCE(EVENT("24", "kernel", "1"), ""),
		REFERENCE(EVENT("-1", "kernel", "1"), ""),
		REFERENCE(EVENT("4.0", "kernel", "1"), ""),
		REFERENCE(EVENT("4", "kernel", "x"), ""), REFERENCE("", PCR("24", "1")),
		REFERENCE("", PCR("04", "1")), REFERENCE("", PCR("", "1")),
		REFERENCE("", PCR("4", "x")), REFERENCE("", "\"4\":\"00\""),
		REFERENCE("", "\"4\":4"), REFERENCE("", PCR("4", "1") "," PCR("4", "1")),
		"{\"events\":[{\"pcr\":4,\"digests\":{}}],\"pcrs\":{}}",
		"{\"events\":[{\"pcr\":4,\"component\":\"kernel\"}],\"pcrs\":{}}",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct fh_arena a = fh_arena_of(memory, sizeof(memory));
		struct fh_reference r = { .events = 77 };

		assert_int_not_equal(read_text(refused[i], &a, &r), FH_ERR_OK);
		assert_int_equal(r.events, 77);
	}
}

static void refuses_more_events_than_it_takes(void **state)
{
	(void)state;
	static char text[4 * FH_REFERENCE_EVENTS_MAX];
	static uint8_t room[8 << 20];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_arena a = fh_arena_of(room, sizeof(room));
	struct fh_reference r;

	fh_builder_text(&b, "{\"events\":[0");
	for (size_t i = 0; i < FH_REFERENCE_EVENTS_MAX; i++)
		fh_builder_text(&b, ",0");
	fh_builder_text(&b, "],\"pcrs\":{}}");
	assert_int_equal(fh_reference_read(fh_builder_span(&b), "many", &a, &r, nullptr),
			 FH_ERR_LIMIT);
}

static void what_is_predicted_is_a_reference(void **state)
{
	(void)state;
	static struct fh_uki u = { .bank = { true, true, true, true } };
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_reference r;

	assert_int_equal(fh_uki_add_program(&u, FH_SPAN_LIT("p"), FH_SPAN_LIT("abc")), FH_ERR_OK);
	assert_int_equal(fh_reference_of_uki(&u, &a, &r), FH_ERR_OK);
	assert_int_equal(r.events, 1);
	assert_int_equal(r.event[0].component, FH_COMPONENT_RUNTIME);
	assert_int_equal(r.value[1][14].n, 32);
	assert_int_equal(r.value[1][4].n, 0);
}

/* --- components of a log's events --------------------------------------- */

#define UTF16_LINUX ".\0l\0i\0n\0u\0x\0\0\0"

static enum fh_component component_of(uint32_t pcr, uint32_t type, struct fh_span data)
{
	const struct fh_component_programs none = { SIZE_MAX, SIZE_MAX };
	const struct fh_event e = { .pcr = pcr, .type = type, .data = data };

	return fh_component_of(&e, &none);
}

static void an_event_s_text_names_its_component(void **state)
{
	(void)state;
	static const struct {
		uint32_t pcr, type;
		const char *text;
		enum fh_component component;
	} of[] = {
		{ 11, FH_EV_IPL, ".initrd", FH_COMPONENT_INITRD },
		{ 11, FH_EV_IPL, ".dtbauto", FH_COMPONENT_DEVICE_TREE },
		{ 11, FH_EV_IPL, ".new", FH_COMPONENT_OTHER },
		{ 11, FH_EV_IPL, "enter-initrd", FH_COMPONENT_PHASE },
		{ 9, FH_EV_EVENT_TAG, "12345678LOADED_IMAGE::LoadOptions",
		  FH_COMPONENT_COMMAND_LINE },
		{ 9, FH_EV_EVENT_TAG, "12345678Linux initrd", FH_COMPONENT_INITRD },
		{ 9, FH_EV_IPL, "(hd0)/vmlinuz-6.1", FH_COMPONENT_KERNEL },
		{ 8, FH_EV_IPL, "grub_cmd: set x", FH_COMPONENT_LOADER_SETTINGS },
		{ 8, FH_EV_IPL, "kernel_cmdline: quiet", FH_COMPONENT_COMMAND_LINE },
		{ 12, FH_EV_IPL, "debug", FH_COMPONENT_COMMAND_LINE },
		{ 12, FH_EV_IPL, "Credentials initrd", FH_COMPONENT_CREDENTIALS },
		{ 13, FH_EV_IPL, "System extension initrd", FH_COMPONENT_EXTENSIONS },
		{ 14, FH_EV_IPL, "freehold:/usr/bin/freehold", FH_COMPONENT_RUNTIME },
		{ 14, FH_EV_IPL, "MokList", FH_COMPONENT_SECURE_BOOT },
		{ 0, FH_EV_S_CRTM_VERSION, "1", FH_COMPONENT_FIRMWARE },
		{ 1, FH_EV_IPL, "", FH_COMPONENT_SETTINGS },
		{ 2, FH_EV_IPL, "", FH_COMPONENT_DRIVER },
		{ 4, FH_EV_SEPARATOR, "", FH_COMPONENT_FIRMWARE },
		{ 4, FH_EV_EFI_BOOT_SERVICES_APPLICATION, "", FH_COMPONENT_LOADER },
		{ 5, FH_EV_EFI_GPT_EVENT, "", FH_COMPONENT_PARTITIONS },
		{ 5, FH_EV_IPL, "loader.conf", FH_COMPONENT_LOADER_SETTINGS },
		{ 7, FH_EV_EFI_VARIABLE_AUTHORITY, "", FH_COMPONENT_SECURE_BOOT },
		{ 10, FH_EV_IPL, "", FH_COMPONENT_FILES },
		{ 15, FH_EV_IPL, "machine-id", FH_COMPONENT_MACHINE },
		{ 23, FH_EV_IPL, "", FH_COMPONENT_OTHER },
		{ 31, FH_EV_IPL, "", FH_COMPONENT_OTHER },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		assert_int_equal(component_of(of[i].pcr, of[i].type, fh_span_str(of[i].text)),
				 of[i].component);
	assert_int_equal(component_of(11, FH_EV_IPL, FH_SPAN_LIT(UTF16_LINUX)),
			 FH_COMPONENT_KERNEL);
}

/* A log with one bank whose events measured nothing: PCRS and TYPES, in order.  */
static struct fh_span log_of(const uint32_t (*events)[2], size_t n)
{
	static uint8_t bytes[4096];
	struct log_maker l = { .bytes = bytes, .cap = sizeof(bytes) };

	log_begin(&l);
	for (size_t i = 0; i < n; i++)
		log_event(&l, events[i][0], events[i][1], (struct fh_span){ 0 });
	return fh_span_of(bytes, l.n);
}

static void check_log(const uint32_t (*events)[2], size_t n, const enum fh_component *expected)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_reference r;

	assert_int_equal(fh_reference_of_log(log_of(events, n), &a, &r, nullptr), FH_ERR_OK);
	assert_int_equal(r.events, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(r.event[i].component, expected[i]);
	assert_int_equal(r.value[1][4].n, 32);
	assert_int_equal(r.value[1][9].n, 0);
}

static void programs_are_told_apart_by_what_follows(void **state)
{
	(void)state;
	constexpr uint32_t program = FH_EV_EFI_BOOT_SERVICES_APPLICATION;
	static const uint32_t stub[][2] = {
		{ 4, program }, { 4, program }, { 11, FH_EV_IPL }, { 11, FH_EV_IPL },
		{ 4, program },
	};
	static const enum fh_component of_stub[] = {
		FH_COMPONENT_LOADER, FH_COMPONENT_IMAGE, FH_COMPONENT_PHASE, FH_COMPONENT_PHASE,
		FH_COMPONENT_KERNEL,
	};
	static const uint32_t grub[][2] = {
		{ 4, FH_EV_SEPARATOR }, { 4, program }, { 4, program }, { 4, program },
	};
	static const enum fh_component of_grub[] = {
		FH_COMPONENT_FIRMWARE, FH_COMPONENT_LOADER, FH_COMPONENT_LOADER,
		FH_COMPONENT_KERNEL,
	};
	static const uint32_t alone[][2] = { { 4, program } };
	static const enum fh_component of_alone[] = { FH_COMPONENT_LOADER };

	check_log(stub, 5, of_stub);
	check_log(grub, 4, of_grub);
	check_log(alone, 1, of_alone);
}

static void records_that_extend_nothing_do_not_count(void **state)
{
	(void)state;
	struct fh_reference_diff d = diff(
		REFERENCE("{\"pcr\":4294967295,\"type\":\"EV_NO_ACTION\",\"digests\":{}}",
			  PCR("4", "2")),
		REFERENCE("", PCR("4", "2")));

	assert_int_equal(d.pcrs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_events_and_values),
		cmocka_unit_test(names_what_changed_and_where),
		cmocka_unit_test(tells_added_from_removed_and_longer),
		cmocka_unit_test(does_not_compare_what_one_does_not_know),
		cmocka_unit_test(a_section_s_file_is_not_another_initrd),
		cmocka_unit_test(needs_a_bank_in_common),
		cmocka_unit_test(refuses_what_is_no_reference),
		cmocka_unit_test(refuses_more_events_than_it_takes),
		cmocka_unit_test(what_is_predicted_is_a_reference),
		cmocka_unit_test(an_event_s_text_names_its_component),
		cmocka_unit_test(programs_are_told_apart_by_what_follows),
		cmocka_unit_test(records_that_extend_nothing_do_not_count),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
