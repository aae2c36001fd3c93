/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/uki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "image_fixture.h"
#include "log_fixture.h"

/* That the values are those of a machine is shown by tests/boot; here is shown what
 * they depend on.  */

#define MAGIC "#### LoaderInfo: systemd-stub 257.13-1~deb13u1 ####"

constexpr size_t SHA256 = 1; /* in fh_banks */

struct made {
	uint8_t kernel[4096], file[65536];
	struct image_section section[16];
	size_t sections, n;
	struct fh_uki uki;
	struct fh_trace trace;
};

/* A kernel of which only the release can be seen.  */
static struct fh_span kernel_of(uint8_t *room, const char *release)
{
	static uint8_t text[1536];
	const struct image_section s = { ".text", FH_SPAN_ARRAY(text) };
	size_t n = image_make(room, &s, 1);

	memcpy(room + 0x202, "HdrS", 4);
	image_le(room, 0x20e, 2, 0x300);
	memcpy(room + 0x500, release, strlen(release) + 1);
	return fh_span_of(room, n);
}

static void put_section(struct made *m, const char *name, struct fh_span bytes)
{
	m->section[m->sections++] = (struct image_section){ name, bytes };
}

static struct made *begin(void)
{
	static struct made m;

	m = (struct made){ 0 };
	put_section(&m, ".sdmagic", FH_SPAN_LIT(MAGIC));
	put_section(&m, ".osrel", FH_SPAN_LIT("ID=test\n"));
	put_section(&m, ".cmdline", FH_SPAN_LIT("quiet"));
	put_section(&m, ".linux", kernel_of(m.kernel, "6.12.1 (test)"));
	put_section(&m, ".initrd", FH_SPAN_LIT("files"));
	return &m;
}

static fh_err predict(struct made *m, const struct fh_uki_terms *terms)
{
	m->n = image_make(m->file, m->section, m->sections);
	return fh_uki_predict(fh_span_of(m->file, m->n), terms, &m->uki, &m->trace);
}

static void predicted(struct made *m)
{
	const struct fh_uki_terms terms = { 0 };

	assert_int_equal(predict(m, &terms), FH_ERR_OK);
}

static struct fh_digest pcr_of(const struct made *m, unsigned pcr)
{
	assert_true(m->uki.predicted[pcr]);
	assert_null(m->uki.unknown[pcr]);
	return fh_uki_pcr(&m->uki, pcr, SHA256);
}

static bool same(struct fh_digest a, struct fh_digest b)
{
	return fh_span_equal(fh_digest_span(&a), fh_digest_span(&b));
}

static void extend(struct fh_digest *pcr, struct fh_span bytes)
{
	struct fh_digest d = fh_bank_digest(FH_BANK_SHA256, bytes);

	fh_bank_extend(FH_BANK_SHA256, pcr, fh_digest_span(&d));
}

static void pcr_11_is_names_with_zero_and_data_in_the_stub_s_order(void **state)
{
	(void)state;
	struct made *m = begin();
	struct fh_digest expected = fh_bank_reset(FH_BANK_SHA256);

	predicted(m);
	extend(&expected, FH_SPAN_LIT(".linux\0"));
	extend(&expected, m->section[3].bytes);
	extend(&expected, FH_SPAN_LIT(".osrel\0"));
	extend(&expected, FH_SPAN_LIT("ID=test\n"));
	extend(&expected, FH_SPAN_LIT(".cmdline\0"));
	extend(&expected, FH_SPAN_LIT("quiet"));
	extend(&expected, FH_SPAN_LIT(".initrd\0"));
	extend(&expected, FH_SPAN_LIT("files"));
	assert_true(same(expected, pcr_of(m, 11)));
}

static void phases_follow_the_sections(void **state)
{
	(void)state;
	struct made *m = begin();
	struct fh_uki_terms terms = { .phases = FH_SPAN_LIT("enter-initrd:leave-initrd") };
	struct fh_digest expected;

	predicted(m);
	expected = pcr_of(m, 11);
	extend(&expected, FH_SPAN_LIT("enter-initrd"));
	extend(&expected, FH_SPAN_LIT("leave-initrd"));
	assert_int_equal(predict(m, &terms), FH_ERR_OK);
	assert_true(same(expected, pcr_of(m, 11)));
}

static void refuses_phases_that_are_no_words(void **state)
{
	(void)state;
	static const char *const bad[] = { ":", "a:", ":a", "a::b", "A", "a b", "a\n",
					   "a:b:c:d:e:f:g:h:i:j:k:l:m:n:o:p:q" };
	struct made *m = begin();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fh_uki_terms terms = { .phases = fh_span_str(bad[i]) };

		m->uki.events = 77;
		assert_int_equal(predict(m, &terms), FH_ERR_FORMAT);
		assert_int_equal(m->uki.events, 77);
	}
}

/* PCR 9 counts what the kernel gets: text in UTF-16 without outer blanks.  */
static void options_are_what_the_stub_makes_of_the_command_line(void **state)
{
	(void)state;
	static const char *const as_quiet[] = { " quiet", "quiet\n", "\t quiet \x7f", "quiet" };
	struct fh_digest d = fh_bank_digest(FH_BANK_SHA256,
					    FH_SPAN_LIT("q\0u\0i\0e\0t\0\0\0"));

	for (size_t i = 0; i < 4; i++) {
		struct made *m = begin();

		m->section[2].bytes = fh_span_str(as_quiet[i]);
		predicted(m);
		assert_true(m->uki.predicted[9]);
		size_t seen = 0;

		for (size_t e = 0; e < m->uki.events; e++) {
			if (m->uki.event[e].pcr != 9 ||
			    m->uki.event[e].component != FH_COMPONENT_COMMAND_LINE)
				continue;
			assert_true(same(d, m->uki.event[e].digest[SHA256]));
			seen++;
		}
		assert_int_equal(seen, 1);
	}
}

static void no_command_line_is_no_event(void **state)
{
	(void)state;
	struct made *m = begin();

	size_t seen = 0;

	m->section[2].bytes = FH_SPAN_LIT("  \n");
	predicted(m);
	assert_true(m->uki.predicted[9]);
	for (size_t e = 0; e < m->uki.events; e++) {
		if (m->uki.event[e].pcr != 9)
			continue;
		assert_int_equal(m->uki.event[e].component, FH_COMPONENT_INITRD);
		seen++;
	}
	assert_int_equal(seen, 1);
}

/* M differs from begin()'s image in exactly these PCRs.  */
static void check_change(struct made *m, bool boot, bool linux_, bool sections)
{
	static struct made before, changed;

	changed = *m;
	before = *begin();
	predicted(&before);
	*m = changed;
	predicted(m);
	assert_int_equal(!same(pcr_of(&before, 4), pcr_of(m, 4)), boot);
	assert_int_equal(!same(pcr_of(&before, 9), pcr_of(m, 9)), linux_);
	assert_int_equal(!same(pcr_of(&before, 11), pcr_of(m, 11)), sections);
	assert_true(same(pcr_of(&before, 7), pcr_of(m, 7)));
	assert_true(same(pcr_of(&before, 12), pcr_of(m, 12)));
}

static void a_change_shows_where_it_counts(void **state)
{
	(void)state;
	struct made *m = begin();

	check_change(m, false, false, false);
	m = begin();
	m->section[2].bytes = FH_SPAN_LIT("quiet debug");
	check_change(m, true, true, true);
	m = begin();
	m->section[4].bytes = FH_SPAN_LIT("other files");
	check_change(m, true, true, true);
	m = begin();
	put_section(m, ".uname", FH_SPAN_LIT("6.12.1"));
	check_change(m, true, false, true);
	m = begin();
	put_section(m, ".pcrsig", FH_SPAN_LIT("{}"));
	check_change(m, true, true, false);
	m = begin();
	put_section(m, ".efifw", FH_SPAN_LIT("unknown to this stub"));
	check_change(m, true, false, false);
}

static void the_kernel_counts_twice_in_pcr_4(void **state)
{
	(void)state;
	static struct made before;
	struct made *m = begin();
	size_t other = 0;

	predicted(m);
	before = *m;
	m->kernel[m->section[3].bytes.n - 1] ^= 1;
	predicted(m);
	for (size_t e = 0; e < 4; e++) {
		assert_int_equal(m->uki.event[e].pcr, 4);
		other += !same(m->uki.event[e].digest[SHA256], before.uki.event[e].digest[SHA256]);
	}
	assert_int_equal(other, 2);
}

static void the_first_profile_overrides_the_base(void **state)
{
	(void)state;
	struct made *m = begin();
	struct fh_digest base;

	put_section(m, ".profile", FH_SPAN_LIT("ID=a"));
	predicted(m);
	base = pcr_of(m, 9);
	put_section(m, ".cmdline", FH_SPAN_LIT("of the first profile"));
	predicted(m);
	assert_false(same(base, pcr_of(m, 9)));
	m->sections--;
	put_section(m, ".profile", FH_SPAN_LIT("ID=b"));
	put_section(m, ".cmdline", FH_SPAN_LIT("of the second profile"));
	predicted(m);
	assert_true(same(base, pcr_of(m, 9)));
}

static void cannot_tell_with_another_stub(void **state)
{
	(void)state;
	static const char *const others[] = {
		"#### LoaderInfo: systemd-stub 256.1 ####",
		"#### LoaderInfo: systemd-stub 2570 ####",
		"#### LoaderInfo: systemd-stub ####",
		"#### LoaderInfo: systemd-boot 257.1 ####",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct made *m = begin();

		m->section[0].bytes = fh_span_str(others[i]);
		predicted(m);
		for (unsigned pcr = 4; pcr <= 12; pcr++) {
			if (pcr == 4 || pcr == 9 || pcr == 11 || pcr == 12) {
				assert_false(m->uki.predicted[pcr]);
				assert_non_null(m->uki.unknown[pcr]);
			}
		}
	}
}

static void cannot_tell_what_an_older_kernel_measures(void **state)
{
	(void)state;
	struct made *m = begin();

	m->section[3].bytes = kernel_of(m->kernel, "5.10.0 (test)");
	predicted(m);
	assert_false(m->uki.predicted[9]);
	assert_non_null(m->uki.unknown[9]);
	assert_true(m->uki.predicted[11]);
	m->section[3].bytes = kernel_of(m->kernel, "6.0.9");
	predicted(m);
	assert_false(m->uki.predicted[9]);
	m->section[3].bytes = kernel_of(m->kernel, "7.0");
	predicted(m);
	assert_true(m->uki.predicted[9]);
}

static void cannot_tell_under_secure_boot(void **state)
{
	(void)state;
	const struct fh_uki_terms terms = { .secure_boot = true };
	struct made *m = begin();

	assert_int_equal(predict(m, &terms), FH_ERR_OK);
	assert_false(m->uki.predicted[4]);
	assert_false(m->uki.predicted[7]);
	assert_non_null(m->uki.unknown[4]);
	assert_non_null(m->uki.unknown[7]);
	assert_true(m->uki.predicted[9]);
	assert_true(m->uki.predicted[11]);
}

static void cannot_tell_which_device_tree_is_chosen(void **state)
{
	(void)state;
	struct made *m = begin();

	put_section(m, ".dtbauto", FH_SPAN_LIT("one"));
	put_section(m, ".dtbauto", FH_SPAN_LIT("two"));
	predicted(m);
	assert_false(m->uki.predicted[11]);
	assert_non_null(m->uki.unknown[11]);
}

static void cannot_tell_options_that_are_not_ascii(void **state)
{
	(void)state;
	static uint8_t longer[FH_UKI_OPTIONS_MAX + 1];
	struct made *m = begin();

	m->section[2].bytes = FH_SPAN_LIT("caf\xc3\xa9");
	predicted(m);
	assert_false(m->uki.predicted[9]);
	memset(longer, 'x', sizeof(longer));
	m->section[2].bytes = FH_SPAN_ARRAY(longer);
	predicted(m);
	assert_false(m->uki.predicted[9]);
	m->section[2].bytes.n--;
	predicted(m);
	assert_true(m->uki.predicted[9]);
}

/* --- with a machine's log ------------------------------------------------ */

struct logged {
	uint8_t bytes[65536];
	struct log_maker made;
	struct fh_uki_base base;
	struct fh_trace trace;
};

static struct logged *logged(void)
{
	static struct logged l;

	l.made = (struct log_maker){ .bytes = l.bytes, .cap = sizeof(l.bytes) };
	log_begin(&l.made);
	return &l;
}

static fh_err log_read(struct logged *l)
{
	return fh_uki_base_read(fh_span_of(l->bytes, l->made.n), &l->base, &l->trace);
}

#define GUID "0123456789abcdef"
#define SECURE_BOOT(v) GUID "\12\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" \
	"S\0e\0c\0u\0r\0e\0B\0o\0o\0t\0" v
constexpr uint32_t VARIABLE = 0x80000001;
constexpr uint32_t PROGRAM = 0x80000003;

static void a_machine_s_log_says_what_its_firmware_measures(void **state)
{
	(void)state;
	struct logged *l = logged();
	struct made *m = begin();
	const struct fh_uki_terms terms = { .base = &l->base };
	struct fh_digest firmware = fh_bank_reset(FH_BANK_SHA256), secure = firmware;

	log_event(&l->made, 0, 8, FH_SPAN_LIT("version"));
	log_event(&l->made, 7, VARIABLE, FH_SPAN_LIT(SECURE_BOOT("\0")));
	log_event(&l->made, 4, 5, FH_SPAN_LIT("its own way"));
	log_event(&l->made, 4, PROGRAM, FH_SPAN_LIT("what it started"));
	log_event(&l->made, 7, VARIABLE, FH_SPAN_LIT("what that measured"));
	assert_int_equal(log_read(l), FH_ERR_OK);
	assert_false(l->base.secure_boot);
	assert_int_equal(predict(m, &terms), FH_ERR_OK);
	extend(&firmware, FH_SPAN_LIT("version"));
	extend(&secure, FH_SPAN_LIT(SECURE_BOOT("\0")));
	assert_true(same(firmware, pcr_of(m, 0)));
	assert_true(same(secure, pcr_of(m, 7)));
	assert_true(same(fh_bank_reset(FH_BANK_SHA256), pcr_of(m, 2)));
	firmware = fh_bank_reset(FH_BANK_SHA256);
	extend(&firmware, FH_SPAN_LIT("its own way"));
	for (size_t e = 0; e < m->uki.events; e++) {
		if (m->uki.event[e].type[3] == 'E' && m->uki.event[e].pcr == 4)
			fh_bank_extend(FH_BANK_SHA256, &firmware,
				       fh_digest_span(&m->uki.event[e].digest[SHA256]));
	}
	assert_true(same(firmware, pcr_of(m, 4))); /* that, the image and the kernel */
	assert_true(m->uki.bank[SHA256]);
	assert_false(m->uki.bank[0]);
}

static void a_machine_s_log_tells_that_secure_boot_is_on(void **state)
{
	(void)state;
	struct logged *l = logged();
	struct made *m = begin();
	const struct fh_uki_terms terms = { .base = &l->base };

	log_event(&l->made, 7, VARIABLE, FH_SPAN_LIT(SECURE_BOOT("\1")));
	log_event(&l->made, 4, PROGRAM, FH_SPAN_LIT("what it started"));
	assert_int_equal(log_read(l), FH_ERR_OK);
	assert_true(l->base.secure_boot);
	assert_int_equal(predict(m, &terms), FH_ERR_OK);
	assert_non_null(m->uki.unknown[4]);
	assert_non_null(m->uki.unknown[7]);
	assert_true(m->uki.predicted[0]);
}

static void pcr_0_begins_as_the_log_says(void **state)
{
	(void)state;
	struct logged *l = logged();
	struct made *m = begin();
	const struct fh_uki_terms terms = { .base = &l->base };
	struct fh_digest expected = fh_bank_reset(FH_BANK_SHA256);

	log_event(&l->made, 0, 3, FH_SPAN_LIT("StartupLocality\0\3"));
	log_event(&l->made, 0, 8, FH_SPAN_LIT("version"));
	log_event(&l->made, 4, PROGRAM, FH_SPAN_LIT("what it started"));
	assert_int_equal(log_read(l), FH_ERR_OK);
	assert_int_equal(predict(m, &terms), FH_ERR_OK);
	expected.bytes[31] = 3;
	extend(&expected, FH_SPAN_LIT("version"));
	assert_true(same(expected, pcr_of(m, 0)));
}

static void refuses_a_log_that_it_cannot_go_by(void **state)
{
	(void)state;
	struct logged *l = logged();

	l->base.events = 77;
	log_event(&l->made, 0, 8, FH_SPAN_LIT("version"));
	assert_int_equal(log_read(l), FH_ERR_UNSUPPORTED); /* nothing was started */
	log_event(&l->made, 4, PROGRAM, FH_SPAN_LIT("what it started"));
	l->made.n--;
	assert_int_not_equal(log_read(l), FH_ERR_OK); /* cut, behind all that is wanted */
	l = logged();
	for (size_t i = 0; i <= FH_UKI_BASE_MAX; i++)
		log_event(&l->made, 2, 4, FH_SPAN_LIT("\0\0\0\0"));
	log_event(&l->made, 4, PROGRAM, FH_SPAN_LIT("what it started"));
	assert_int_equal(log_read(l), FH_ERR_LIMIT);
	assert_int_equal(l->base.events, 77);
}

static void refuses_what_is_not_a_unified_kernel_image(void **state)
{
	(void)state;
	const struct fh_uki_terms terms = { 0 };
	struct made *m = begin();

	m->section[3].name = ".lunix";
	assert_int_equal(predict(m, &terms), FH_ERR_FORMAT);
	m = begin();
	m->section[3].bytes = FH_SPAN_LIT("no kernel");
	assert_int_equal(predict(m, &terms), FH_ERR_FORMAT);
	m = begin();
	put_section(m, ".cmdline", FH_SPAN_LIT("a second one"));
	assert_int_equal(predict(m, &terms), FH_ERR_FORMAT);
	m = begin();
	m->n = image_make(m->file, m->section, m->sections);
	image_le(m->file, IMAGE_TABLE + 40 * 4 + 8, 4, 513); /* longer than in the file */
	assert_int_equal(fh_uki_predict(fh_span_of(m->file, m->n), &terms, &m->uki, &m->trace),
			 FH_ERR_UNSUPPORTED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	const struct fh_uki_terms terms = { 0 };
	struct made *m = begin();

	predicted(m);
	for (size_t n = 0; n < m->n; n++)
		assert_int_not_equal(fh_uki_predict(fh_span_of(m->file, n), &terms, &m->uki,
						    nullptr), FH_ERR_OK);
}

static void components_have_names(void **state)
{
	(void)state;
	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++) {
		const char *name = fh_component_name((enum fh_component)c);

		assert_int_equal(fh_component_named(fh_span_str(name)), c);
	}
	assert_int_equal(fh_component_named(FH_SPAN_LIT("engine")), FH_COMPONENT_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcr_11_is_names_with_zero_and_data_in_the_stub_s_order),
		cmocka_unit_test(phases_follow_the_sections),
		cmocka_unit_test(refuses_phases_that_are_no_words),
		cmocka_unit_test(options_are_what_the_stub_makes_of_the_command_line),
		cmocka_unit_test(no_command_line_is_no_event),
		cmocka_unit_test(a_change_shows_where_it_counts),
		cmocka_unit_test(the_kernel_counts_twice_in_pcr_4),
		cmocka_unit_test(the_first_profile_overrides_the_base),
		cmocka_unit_test(cannot_tell_with_another_stub),
		cmocka_unit_test(cannot_tell_what_an_older_kernel_measures),
		cmocka_unit_test(cannot_tell_under_secure_boot),
		cmocka_unit_test(cannot_tell_which_device_tree_is_chosen),
		cmocka_unit_test(cannot_tell_options_that_are_not_ascii),
		cmocka_unit_test(a_machine_s_log_says_what_its_firmware_measures),
		cmocka_unit_test(a_machine_s_log_tells_that_secure_boot_is_on),
		cmocka_unit_test(pcr_0_begins_as_the_log_says),
		cmocka_unit_test(refuses_a_log_that_it_cannot_go_by),
		cmocka_unit_test(refuses_what_is_not_a_unified_kernel_image),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(components_have_names),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
