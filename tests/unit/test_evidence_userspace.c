/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's log of measurements: what is read of it, and what is refused.  */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/userspace.h"

#define DIGEST "51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed"
#define PHASE                                                                                      \
	"\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" DIGEST "\"}],"        \
	"\"content_type\":\"systemd\",\"content\":{\"string\":\"enter-initrd\","                   \
	"\"eventType\":\"phase\"}}\n"

static alignas(16) uint8_t memory[256 << 10];

/* How many events are read of TEXT; *WHY is why no more, and LAST the last one.  */
static size_t read_all(struct fh_span text, fh_err *why, struct fh_userspace_event *last)
{
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	struct fh_userspace_log log;
	struct fh_trace t = { 0 };
	size_t n = 0;

	*why = fh_userspace_open(text, &scratch, &log, &t);
	while (*why == FH_ERR_OK && fh_userspace_next(&log, last))
		n++;
	if (*why == FH_ERR_OK)
		*why = log.why;
	if (*why != FH_ERR_OK)
		assert_string_not_equal(t.what, "");
	return n;
}

static void reads_a_phase(void **state)
{
	struct fh_userspace_event e;
	struct fh_digest d;
	fh_err why;

	(void)state;
	assert_int_equal(read_all(FH_SPAN_LIT(PHASE PHASE), &why, &e), 2);
	assert_int_equal(why, FH_ERR_OK);
	assert_int_equal(e.number, 1);
	assert_int_equal(e.pcr, 11);
	assert_false(e.elsewhere);
	assert_true(fh_userspace_digest(&e, FH_BANK_SHA256, &d));
	assert_false(fh_userspace_digest(&e, FH_BANK_SHA384, &d));
	assert_true(fh_userspace_says(&e));
	assert_true(fh_userspace_is_right(&e, FH_BANK_SHA256));
	assert_false(fh_userspace_is_right(&e, FH_BANK_SHA384));
	assert_int_equal(read_all((struct fh_span){ 0 }, &why, &e), 0);
	assert_int_equal(why, FH_ERR_OK);
}

static void an_event_of_another_register_is_elsewhere(void **state)
{
	struct fh_userspace_event e;
	fh_err why;

	(void)state;
	assert_int_equal(read_all(FH_SPAN_LIT("\x1e{\"nv_index\":1,\"digests\":[]}\n"), &why, &e),
			 1);
	assert_true(e.elsewhere);
	assert_false(fh_userspace_says(&e));
}

static void refuses_what_is_malformed(void **state)
{
	static const char *const bad[] = {
		"\x1e{\"pcr\":32,\"digests\":[]}\n",
		"\x1e{\"pcr\":-1,\"digests\":[]}\n",
		"\x1e{\"pcr\":\"1\",\"digests\":[]}\n",
		"\x1e{\"pcr\":1}\n",
		"\x1e{\"pcr\":1,\"digests\":{}}\n",
		"\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"00\"}]}\n",
		"\x1e{\"pcr\":1,\"digests\":[{\"digest\":\"\"}]}\n",
		"\x1e[]\n",
		"\x1e\n",
		"\x1e",
		"\x1e{\"pcr\":1,\"pcr\":2,\"digests\":[]}\n",
		"\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" DIGEST "\"},"
		"{\"hashAlg\":\"sha256\",\"digest\":\"" DIGEST "\"}]}\n",
		"\x1e{\"pcr\":1,\"digests\":[]}", /* cut off */
		"{\"pcr\":1,\"digests\":[]}\n",
	};
	struct fh_userspace_event e;
	fh_err why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_all(fh_span_str(bad[i]), &why, &e) != 0 || why != FH_ERR_FORMAT)
			fail_msg("not refused: %s", bad[i]);
	}
}

static void its_limits_have_names(void **state)
{
	static uint8_t large[FH_USERSPACE_LOG_MAX + 1] = { 0x1e };
	struct fh_userspace_event e;
	fh_err why;

	(void)state;
	(void)read_all(FH_SPAN_ARRAY(large), &why, &e);
	assert_int_equal(why, FH_ERR_LIMIT);
	(void)read_all(fh_span_of(large, FH_USERSPACE_RECORD_MAX + 2), &why, &e);
	assert_int_equal(why, FH_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_phase),
		cmocka_unit_test(an_event_of_another_register_is_elsewhere),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(its_limits_have_names),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
