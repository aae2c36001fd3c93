/* SPDX-License-Identifier: Apache-2.0 */
/* What an outcome says of what was told before it.  */
#include "entry/told.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "spec_fixture.h"

/* The one of docs/spec/LEAF: {"progress": 1}, then {"message": "half", "progress": 2}; 3 were
 * dropped.  */
static struct fh_told documented(void)
{
	struct fh_told t = { .dropped = 3 };

	fh_told_add(&t, FH_SPAN_LIT("\xa1\x68progress\x01"));
	fh_told_add(&t, FH_SPAN_LIT("\xa2\x67message\x64half\x68progress\x02"));
	return t;
}

static struct fh_span written(const struct fh_told *t)
{
	static uint8_t room[FH_TOLD_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_told_put(&b, t);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static fh_err read_detail(struct fh_span detail, struct fh_told *out)
{
	const struct fh_fields f = { { { .id = FH_FIELD_DETAIL, .value = detail } }, 1 };

	return fh_told_read(&f, out);
}

static void has_the_documented_bytes(void **state)
{
	const struct fh_told t = documented();

	(void)state;
	stands_in("LEAF.md", "what was told", written(&t));
}

static void reads_what_it_writes(void **state)
{
	static const bool which[][2] = { { true, true }, { true, false }, { false, true } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fh_told t = which[i][0] ? documented() : (struct fh_told){ 0 }, back;

		t.dropped = which[i][1] ? 3 : 0;
		assert_int_equal(read_detail(written(&t), &back), FH_ERR_OK);
		assert_int_equal(back.messages, t.messages);
		assert_int_equal(back.bytes, t.bytes);
		assert_int_equal(back.dropped, t.dropped);
		assert_true(fh_hash_equal(&back.link, &t.link));
	}
}

static void nothing_to_say_is_nothing(void **state)
{
	static const struct fh_told none;
	static const struct fh_fields fields;
	struct fh_told back = { .bytes = 7 };

	(void)state;
	assert_int_equal(written(&none).n, 0);
	assert_int_equal(fh_told_read(&fields, &back), FH_ERR_MISSING);
	assert_int_equal(back.bytes, 0);
}

static void refuses_what_nobody_writes(void **state)
{
	static const char *const bad[] = { "\xa0", "\xa1\x67" "dropped", "\xa1\x61x\x01", "\x01",
					   "\xa1\x64told\x83\x01\x02\x03" };
	static const uint8_t no_drops[] = "\xa1\x67" "dropped";
	const struct fh_told t = documented();
	struct fh_span d = written(&t);
	struct fh_told back;

	(void)state;
	for (size_t cut = 0; cut < d.n; cut++) {
		assert_int_not_equal(read_detail(fh_span_first(d, cut), &back), FH_ERR_OK);
		assert_int_equal(back.messages + back.bytes + back.dropped, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(read_detail(fh_span_str(bad[i]), &back), FH_ERR_OK);
	assert_int_not_equal(read_detail(FH_SPAN_ARRAY(no_drops), &back), FH_ERR_OK); /* 0 */
}

static void the_largest_has_room(void **state)
{
	const struct fh_told t = { .messages = UINT64_MAX, .bytes = UINT64_MAX,
				   .dropped = UINT64_MAX };

	(void)state;
	(void)written(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_documented_bytes),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(nothing_to_say_is_nothing),
		cmocka_unit_test(refuses_what_nobody_writes),
		cmocka_unit_test(the_largest_has_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
