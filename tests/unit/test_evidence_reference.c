/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	static struct fh_uki u;
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

#define EV_IPL 0x0d
#define EV_TAG 0x06
#define EV_APPLICATION 0x80000003
#define UTF16_LINUX ".\0l\0i\0n\0u\0x\0\0\0"

static enum fh_component component_of(uint8_t pcr, uint32_t type, struct fh_span data)
{
	struct fh_component_event e = { .pcr = pcr, .type = type, .data = data };

	fh_components_find(&e, 1);
	return e.component;
}

static void an_event_s_text_names_its_component(void **state)
{
	(void)state;
	assert_int_equal(component_of(11, EV_IPL, FH_SPAN_LIT(UTF16_LINUX)), FH_COMPONENT_KERNEL);
	assert_int_equal(component_of(11, EV_IPL, FH_SPAN_LIT(".initrd\0")), FH_COMPONENT_INITRD);
	assert_int_equal(component_of(11, EV_IPL, FH_SPAN_LIT("enter-initrd")),
			 FH_COMPONENT_PHASE);
	assert_int_equal(component_of(9, EV_TAG, FH_SPAN_LIT("\xed\x22\x3b\x8f\x1a\0\0\0"
			 "LOADED_IMAGE::LoadOptions\0")), FH_COMPONENT_COMMAND_LINE);
	assert_int_equal(component_of(9, EV_TAG, FH_SPAN_LIT("\xec\x22\x3b\x8f\x0d\0\0\0"
			 "Linux initrd\0")), FH_COMPONENT_INITRD);
	assert_int_equal(component_of(9, EV_IPL, FH_SPAN_LIT("(hd0)/vmlinuz-6.1\0")),
			 FH_COMPONENT_KERNEL);
	assert_int_equal(component_of(8, EV_IPL, FH_SPAN_LIT("grub_cmd: set x\0")),
			 FH_COMPONENT_LOADER_SETTINGS);
	assert_int_equal(component_of(8, EV_IPL, FH_SPAN_LIT("kernel_cmdline: quiet\0")),
			 FH_COMPONENT_COMMAND_LINE);
	assert_int_equal(component_of(12, EV_IPL, FH_SPAN_LIT("q\0u\0i\0e\0t\0\0\0")),
			 FH_COMPONENT_COMMAND_LINE);
	assert_int_equal(component_of(12, EV_IPL, FH_SPAN_LIT("Credentials initrd\0")),
			 FH_COMPONENT_CREDENTIALS);
	assert_int_equal(component_of(14, EV_IPL, FH_SPAN_LIT("freehold:/usr/bin/freehold")),
			 FH_COMPONENT_RUNTIME);
	assert_int_equal(component_of(14, EV_IPL, FH_SPAN_LIT("MokList\0")),
			 FH_COMPONENT_SECURE_BOOT);
	assert_int_equal(component_of(0, EV_IPL, (struct fh_span){ 0 }), FH_COMPONENT_FIRMWARE);
	assert_int_equal(component_of(5, 0x80000006, (struct fh_span){ 0 }),
			 FH_COMPONENT_PARTITIONS);
	assert_int_equal(component_of(23, EV_IPL, (struct fh_span){ 0 }), FH_COMPONENT_OTHER);
}

static void programs_are_told_apart_by_what_follows(void **state)
{
	(void)state;
	struct fh_component_event stub[] = {
		{ .pcr = 4, .type = EV_APPLICATION }, { .pcr = 4, .type = EV_APPLICATION },
		{ .pcr = 11, .type = EV_IPL },        { .pcr = 11, .type = EV_IPL },
		{ .pcr = 4, .type = EV_APPLICATION },
	};
	struct fh_component_event grub[] = {
		{ .pcr = 4, .type = EV_APPLICATION }, { .pcr = 4, .type = EV_APPLICATION },
		{ .pcr = 4, .type = EV_APPLICATION }, { .pcr = 4, .type = 4 },
	};

	fh_components_find(stub, 5);
	assert_int_equal(stub[0].component, FH_COMPONENT_LOADER);
	assert_int_equal(stub[1].component, FH_COMPONENT_IMAGE);
	assert_int_equal(stub[4].component, FH_COMPONENT_KERNEL);
	fh_components_find(grub, 4);
	assert_int_equal(grub[0].component, FH_COMPONENT_LOADER);
	assert_int_equal(grub[1].component, FH_COMPONENT_LOADER);
	assert_int_equal(grub[2].component, FH_COMPONENT_KERNEL);
	assert_int_equal(grub[3].component, FH_COMPONENT_FIRMWARE);
	assert_int_equal(component_of(4, EV_APPLICATION, (struct fh_span){ 0 }),
			 FH_COMPONENT_LOADER);
}

static void text_is_cut_and_made_printable(void **state)
{
	(void)state;
	static uint8_t longer[300];
	uint8_t room[FH_COMPONENT_TEXT_MAX];
	struct fh_component_event e = { .pcr = 12, .type = EV_IPL,
					.data = FH_SPAN_LIT("a\033b\xff" "c\0d") };

	assert_true(fh_span_equal(fh_component_text(&e, room), FH_SPAN_LIT("a?b?c")));
	memset(longer, 'x', sizeof(longer));
	e.data = FH_SPAN_ARRAY(longer);
	assert_int_equal(fh_component_text(&e, room).n, FH_COMPONENT_TEXT_MAX);
	e.type = EV_APPLICATION;
	assert_int_equal(fh_component_text(&e, room).n, 0);
	for (size_t n = 0; n < 8; n++) { /* a tagged event without its head */
		e = (struct fh_component_event){ .type = EV_TAG, .data = fh_span_of(longer, n) };
		assert_int_equal(fh_component_text(&e, room).n, 0);
	}
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
		cmocka_unit_test(text_is_cut_and_made_printable),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
