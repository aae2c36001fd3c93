/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/firmware.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fh_firmware_fact *fact;

static uint64_t version(unsigned major, unsigned minor)
{
	return (uint64_t)major << 48 | (uint64_t)minor << 32 | 0x11223344; /* and some build */
}

static enum fh_firmware_known judge(const char *maker, unsigned major, unsigned minor)
{
	fact = nullptr;
	return fh_firmware_judge(fh_span_str(maker), version(major, minor), &fact);
}

/* As the makers wrote it: st.com, "TPM firmware update"; Microsoft, ADV170012.  */
static void the_versions_that_their_makers_name_are_weak(void **state)
{
	(void)state;
	static const unsigned st[][2] = { { 71, 0 },  { 71, 4 }, { 71, 12 }, { 73, 0 }, { 73, 4 },
					  { 73, 8 },  { 73, 5 }, { 73, 9 },  { 74, 0 }, { 74, 4 },
					  { 74, 8 },  { 74, 16 }, { 74, 5 }, { 74, 9 } };
	static const unsigned mended[][2] = { { 71, 16 }, { 73, 20 }, { 73, 64 }, { 73, 21 },
					      { 73, 65 }, { 74, 20 }, { 74, 64 }, { 74, 21 },
					      { 74, 65 } };
	static const unsigned infineon[][3] = { { 4, 0, 33 }, { 4, 40, 42 }, { 5, 0, 61 },
						{ 6, 0, 42 }, { 7, 0, 61 },  { 133, 0, 32 } };

	for (size_t i = 0; i < sizeof(st) / sizeof(st[0]); i++) {
		assert_int_equal(judge("id:53544D20", st[i][0], st[i][1]), FH_FIRMWARE_WEAK);
		assert_string_equal(fact->cve, "CVE-2019-16863");
	}
	for (size_t i = 0; i < sizeof(mended) / sizeof(mended[0]); i++)
		assert_int_equal(judge("id:53544D20", mended[i][0], mended[i][1]),
				 FH_FIRMWARE_UNLISTED);
	for (size_t i = 0; i < sizeof(infineon) / sizeof(infineon[0]); i++) {
		const unsigned *v = infineon[i];

		assert_int_equal(judge("id:49465800", v[0], v[1]), FH_FIRMWARE_WEAK);
		assert_int_equal(judge("id:49465800", v[0], v[2]), FH_FIRMWARE_WEAK);
		assert_string_equal(fact->cve, "CVE-2017-15361");
		assert_int_equal(judge("id:49465800", v[0], v[2] + 1), FH_FIRMWARE_UNLISTED);
	}
	assert_int_equal(judge("id:49465800", 4, 39), FH_FIRMWARE_UNLISTED);
	assert_int_equal(judge("id:49465800", 15, 23), FH_FIRMWARE_UNLISTED);
}

/* The build, below the version, decides nothing.  */
static void every_build_of_a_version_is_as_weak(void **state)
{
	(void)state;
	assert_int_equal(fh_firmware_judge(FH_SPAN_LIT("STM"), version(73, 4) & ~0xffffffffULL,
					   &fact), FH_FIRMWARE_WEAK);
	assert_int_equal(fh_firmware_judge(FH_SPAN_LIT("STM"), version(73, 4) | 0xffffffffULL,
					   &fact), FH_FIRMWARE_WEAK);
}

static void a_version_is_weak_with_its_maker_alone(void **state)
{
	(void)state;
	assert_int_equal(judge("STM ", 73, 4), FH_FIRMWARE_WEAK);
	assert_int_equal(fh_firmware_judge(FH_SPAN_LIT("IFX\0"), version(7, 61), &fact),
			 FH_FIRMWARE_WEAK);
	assert_int_equal(judge("id:49465800", 73, 4), FH_FIRMWARE_UNLISTED);
	assert_int_equal(judge("id:4e544300", 7, 2), FH_FIRMWARE_UNLISTED);
	assert_int_equal(judge("", 7, 61), FH_FIRMWARE_UNLISTED);
	assert_int_equal(judge("id:", 7, 61), FH_FIRMWARE_UNLISTED);
	assert_int_equal(judge("id:zzzzzzzz", 7, 61), FH_FIRMWARE_UNLISTED);
}

static void of_intels_the_version_does_not_tell(void **state)
{
	(void)state;
	assert_int_equal(judge("id:494E5443", 11, 8), FH_FIRMWARE_UNTOLD);
	assert_int_equal(judge("INTC", 600, 7), FH_FIRMWARE_UNTOLD);
	assert_string_equal(fact->cve, "CVE-2019-11090");
}

/* A row that cannot be shown to people, or that no version falls into, is of no use.  */
static void every_fact_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < FH_FIRMWARE_FACTS; i++) {
		const struct fh_firmware_fact *f = &fh_firmware_facts[i], *found;

		assert_non_null(f->maker);
		assert_true(f->first <= f->last);
		assert_true(f->cve[0] != '\0' && f->what[0] != '\0' && f->source[0] != '\0');
		assert_int_not_equal(fh_firmware_judge(fh_span_str(f->maker),
						       (uint64_t)f->last << 32, &found),
				     FH_FIRMWARE_UNLISTED);
		assert_ptr_equal(found, f); /* and no other hides it */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_versions_that_their_makers_name_are_weak),
		cmocka_unit_test(every_build_of_a_version_is_as_weak),
		cmocka_unit_test(a_version_is_weak_with_its_maker_alone),
		cmocka_unit_test(of_intels_the_version_does_not_tell),
		cmocka_unit_test(every_fact_is_whole),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
