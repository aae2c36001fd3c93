/* SPDX-License-Identifier: Apache-2.0 */
#include "record_fixture.h"

#include "entry/anchor_name.h"
#include "os/memory.h"
#include "stamp/request.h"
#include "verify/anchor.h"

static struct fh_arena arena;

static int begin(void **state)
{
	assert_int_equal(fh_arena_map(2 * FH_STAMP_MEMORY, &arena), FH_ERR_OK);
	return set_up(state);
}

static int end(void **state)
{
	fh_arena_drop(&arena);
	return tear_down(state);
}

/* The last checkpoint of B's record, as an anchor in STATE.  */
static struct fh_anchor anchor_of(const struct bench *b, enum fh_anchor_state state)
{
	struct fh_anchor a;

	assert_int_equal(fh_anchor_judge(b->maker.signed_size,
					 fh_span_of(b->maker.note, b->maker.note_n),
					 (struct fh_span){ 0 }, /* headers: */ nullptr,
					 FH_HEADER_UNPLACED, &arena, &a), FH_ERR_OK);
	assert_true(a.noted);
	assert_int_equal(a.state, FH_ANCHOR_UNSTAMPED);
	a.state = state;
	a.place.header.time = UINT32_MAX; /* later than any entry */
	return a;
}

static void given(struct bench *b, struct fh_anchor *a, size_t n)
{
	fh_anchors_sort(a, n);
	b->options.anchor = a;
	b->options.anchors = n;
}

static bool said(const struct fh_record_check *c, const char *code)
{
	for (size_t i = 0; i < c->finding.reasons; i++) {
		if (strcmp(c->finding.reason[i].code, code) == 0)
			return true;
	}
	return false;
}

static void the_largest_that_holds_dates_the_record(void **state)
{
	struct bench *b = *state;
	struct fh_anchor a[5];
	const struct fh_record_check *c;

	fh_maker_first(&b->maker);
	a[4] = anchor_of(b, FH_ANCHOR_HOLDS);
	fh_maker_batch(&b->maker, 6);
	a[3] = anchor_of(b, FH_ANCHOR_HOLDS);
	a[2] = anchor_of(b, FH_ANCHOR_PENDING);
	fh_maker_batch(&b->maker, 6);
	a[1] = anchor_of(b, FH_ANCHOR_UNCHECKED);
	fh_maker_batch(&b->maker, 6);
	a[0] = anchor_of(b, FH_ANCHOR_UNSTAMPED);
	given(b, a, 5);
	for (int twice = 0; twice < 2; twice++) {
		c = run(b);
		assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
		for (size_t i = 0; i < 5; i++)
			assert_true(a[i].reached && a[i].equal);
		assert_non_null(c->dated);
		assert_int_equal(c->dated->size, FH_MAKER_FIRST + 6);
		assert_int_equal(c->dated->state, FH_ANCHOR_HOLDS);
		assert_true(said(c, "anchor-pending") && said(c, "anchor-unchecked"));
		assert_false(c->anchors_unreadable);
	}
}

static void compares_any_size_there_is(void **state)
{
	struct bench *b = *state;
	const struct fh_tree nothing = { 0 };
	struct fh_anchor a[64];
	size_t n = 0;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 12);
	const struct fh_boundary all = run(b)->covered;

	/* One for each number of entries, of which the first and the last are right.  */
	for (uint64_t size = 0; size <= all.size; size++) {
		a[n] = anchor_of(b, FH_ANCHOR_PENDING);
		a[n].size = size;
		a[n++].root = fh_tree_root(&nothing);
	}
	a[n - 1].root = all.root;
	given(b, a, n);
	refused_as(b, "anchor-rewritten");
	for (size_t i = 0; i < n; i++) {
		assert_true(a[i].reached);
		assert_int_equal(a[i].equal, i == 0 || i == n - 1);
	}
	given(b, &a[n - 1], 1);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void refuses_a_record_that_was_rewritten_cut_or_is_another(void **state)
{
	struct bench *b = *state;
	struct fh_anchor good, a;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 6);
	good = anchor_of(b, FH_ANCHOR_PENDING);
	a = good;
	a.root.bytes[0] ^= 1;
	given(b, &a, 1);
	refused_as(b, "anchor-rewritten");
	a = good;
	a.size++;
	refused_as(b, "anchor-cut");
	a = good;
	a.origin.bytes[31] ^= 1;
	refused_as(b, "anchor-other");
	a = good;
	a.state = FH_ANCHOR_CONTRADICTED;
	refused_as(b, "anchor-block");
	/* What holds dates nothing when the record is another.  */
	a = good;
	a.state = FH_ANCHOR_HOLDS;
	a.root.bytes[0] ^= 1;
	refused_as(b, "anchor-rewritten");
	assert_null(b->checked.check.dated);
	a = good;
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void what_cannot_be_read_is_no_refusal_and_not_passed_over(void **state)
{
	struct bench *b = *state;
	struct fh_anchor a = { .size = 3, .state = FH_ANCHOR_UNREADABLE };

	fh_maker_first(&b->maker);
	given(b, &a, 1);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_true(b->checked.check.anchors_unreadable);
	assert_true(said(&b->checked.check, "anchor-unreadable"));
	/* Whatever its size.  */
	a.size = UINT64_MAX;
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void says_that_the_clock_was_ahead(void **state)
{
	struct bench *b = *state;
	struct fh_anchor a;

	fh_maker_first(&b->maker);
	a = anchor_of(b, FH_ANCHOR_HOLDS);
	uint64_t lo_s = b->maker.now.lo_ms / 1000;

	given(b, &a, 1);
	a.place.header.time = (uint32_t)(lo_s - 3 * 3600);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_true(said(&b->checked.check, "anchor-clock"));
	assert_non_null(b->checked.check.dated);
	a.place.header.time = (uint32_t)(lo_s - 3600);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_false(said(&b->checked.check, "anchor-clock"));
}

/* A proof of NOTE that a calendar, and if HEIGHT is not 0 a block there, attests.  */
static struct fh_span proof_of(struct fh_span note, uint64_t height)
{
	struct fh_hash digest = fh_hash_of(note);
	struct fh_stamp_file f = { .op = FH_STAMP_SHA256 };
	struct fh_span kept;
	struct fh_builder b = fh_builder_of(fh_arena_take(&arena, 4096), 4096);

	assert_int_equal(fh_arena_copy(&arena, fh_hash_span(&digest), &kept), FH_ERR_OK);
	assert_int_equal(fh_stamp_begin(kept, &arena, &f.root), FH_ERR_OK);
	assert_int_equal(fh_stamp_attest_pending(f.root, FH_SPAN_LIT("https://a.b"), &arena),
			 FH_ERR_OK);
	if (height > 0)
		assert_int_equal(fh_stamp_attest_bitcoin(f.root, height, &arena), FH_ERR_OK);
	fh_stamp_put(&b, &f);
	return fh_builder_span(&b);
}

static void judges_what_lies_there(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	const struct fh_span note = fh_span_of(b->maker.note, b->maker.note_n);
	const struct fh_span pending = proof_of(note, 0), block = proof_of(note, 7);
	const uint64_t size = b->maker.signed_size;
	const struct {
		uint64_t size;
		struct fh_span note, ots;
		enum fh_anchor_state is;
		bool noted;
	} rows[] = {
		{ size, note, { 0 }, FH_ANCHOR_UNSTAMPED, true },
		{ size, note, pending, FH_ANCHOR_PENDING, true },
		{ size, note, block, FH_ANCHOR_UNCHECKED, true },
		{ size, note, fh_span_first(block, block.n - 1), FH_ANCHOR_UNREADABLE, true },
		{ size, note, FH_SPAN_LIT("?"), FH_ANCHOR_UNREADABLE, true },
		{ size, note, proof_of(FH_SPAN_LIT("other"), 7), FH_ANCHOR_UNREADABLE, true },
		{ size + 1, note, block, FH_ANCHOR_UNREADABLE, false },
		{ size, { 0 }, block, FH_ANCHOR_UNREADABLE, false },
		{ size, fh_span_first(note, note.n - 1), block, FH_ANCHOR_UNREADABLE, false },
		{ size, FH_SPAN_LIT("text\n"), block, FH_ANCHOR_UNREADABLE, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_arena room = arena;
		struct fh_anchor a;

		assert_int_equal(fh_anchor_judge(rows[i].size, rows[i].note, rows[i].ots,
						 /* headers: */ nullptr, FH_HEADER_UNPLACED, &room,
						 &a), FH_ERR_OK);
		assert_int_equal(a.state, rows[i].is);
		assert_int_equal(a.noted, rows[i].noted);
		assert_int_equal(a.size, rows[i].size);
	}
}

static void a_name_has_one_form(void **state)
{
	static const uint64_t sizes[] = { 0, 7, 29, UINT64_MAX };
	static const char *const wrong[] = {
		"", "7.note", "0000000000000000007.note", "000000000000000000007.note",
		"0000000000000000000x.note", "00000000000000000007.not", "00000000000000000007",
		"00000000000000000007.note.ots.new", "00000000000000000007.note.1.new",
		"99999999999999999999.note", " 0000000000000000007.note", "list",
	};
	uint64_t size;
	enum fh_anchor_file which;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t room[FH_ANCHOR_NAME_SIZE - 1];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		fh_anchor_name_put(&b, sizes[i / 2], (enum fh_anchor_file)(i % 2));
		assert_false(b.bad);
		assert_int_equal(fh_anchor_name_read(fh_builder_span(&b), &size, &which),
				 FH_ERR_OK);
		assert_true(size == sizes[i / 2] && which == (enum fh_anchor_file)(i % 2));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(fh_anchor_name_read(fh_span_str(wrong[i]), &size, &which),
				 FH_ERR_FORMAT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_largest_that_holds_dates_the_record),
		TEST(compares_any_size_there_is),
		TEST(refuses_a_record_that_was_rewritten_cut_or_is_another),
		TEST(what_cannot_be_read_is_no_refusal_and_not_passed_over),
		TEST(says_that_the_clock_was_ahead),
		TEST(judges_what_lies_there),
		TEST(a_name_has_one_form),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
