/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "os/memory.h"

static struct fh_arena arena;

static int begin(void **state)
{
	(void)state;
	return fh_arena_map(3 * FH_STAMP_MEMORY, &arena) == FH_ERR_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	fh_arena_drop(&arena);
	return 0;
}

#define FILE_TEXT FH_SPAN_LIT("what existed\n")

/* A header of regtest with the Merkle root ROOT, that hangs from nothing.  */
static void add_header(struct fh_headers *h, uint64_t height, struct fh_span root)
{
	uint8_t p[FH_HEADER_SIZE] = { 0, 0, 0, 0x20 };
	struct fh_header x;

	memcpy(p + 36, root.p, FH_HASH_SIZE);
	memcpy(p + 68, "\x00\x00\x00\x4e\xff\xff\x7f\x20", 8);
	do {
		p[76]++;
		x = fh_header_of(p);
	} while (!fh_header_works(&x, FH_NETWORK_REGTEST));
	assert_int_equal(fh_headers_add(h, height, p, nullptr), FH_ERR_OK);
}

/* A proof of FILE_TEXT: the message behind each of N operations, and what is attested of
 * it.  */
struct claim {
	enum fh_stamp_op op;
	enum fh_notary notary;
	uint64_t height;
};

static struct fh_span make_proof(const struct claim *c, size_t n, struct fh_span *message)
{
	struct fh_hash *digest = fh_arena_take(&arena, sizeof(*digest));
	struct fh_stamp_file f = { .op = FH_STAMP_SHA256 };
	struct fh_builder b = fh_builder_of(fh_arena_take(&arena, 65536), 65536);
	struct fh_stamp *at;

	*digest = fh_hash_of(FILE_TEXT);
	assert_int_equal(fh_stamp_begin(fh_hash_span(digest), &arena, &f.root), FH_ERR_OK);
	for (size_t i = 0; i < n; i++) {
		fh_err e = fh_stamp_extend(f.root, c[i].op, (struct fh_span){ 0 }, &arena, &at);

		assert_int_equal(e, FH_ERR_OK);
		message[i] = at->message;
		e = c[i].notary == FH_NOTARY_BITCOIN
			? fh_stamp_attest_bitcoin(at, c[i].height, &arena)
			: fh_stamp_attest_pending(at, FH_SPAN_LIT("https://a.b"), &arena);
		assert_int_equal(e, FH_ERR_OK);
	}
	fh_stamp_put(&b, &f);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static void begin_headers(struct fh_headers *h)
{
	assert_int_equal(fh_headers_begin(FH_NETWORK_REGTEST, 100, &arena, h), FH_ERR_OK);
}

static enum fh_answer answer(struct fh_span ots, const struct fh_headers *h,
			     enum fh_header_trust least, struct fh_stamp_check *c)
{
	assert_int_equal(fh_stamp_verify(ots, FILE_TEXT, h, least, &arena, c), FH_ERR_OK);
	return fh_finding_settle(&c->finding, FH_AUTHENTIC, 0);
}

static const struct claim two[] = { { FH_STAMP_SHA256, FH_NOTARY_BITCOIN, 20 },
				    { FH_STAMP_REVERSE, FH_NOTARY_BITCOIN, 10 } };

static void the_earliest_of_equally_trusted_blocks_counts(void **state)
{
	struct fh_stamp_check c;
	struct fh_headers h;
	struct fh_span message[2], ots = make_proof(two, 2, message);

	(void)state;
	begin_headers(&h);
	add_header(&h, 20, message[0]);
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_YES);
	assert_int_equal(c.height, 20);
	add_header(&h, 10, message[1]);
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_YES);
	assert_int_equal(c.height, 10);
	assert_int_equal(c.place.trust, FH_HEADER_ALONE);
	assert_int_equal(c.network, FH_NETWORK_REGTEST);
}

static void one_attestation_that_holds_is_enough(void **state)
{
	struct fh_stamp_check c;
	struct fh_headers h;
	struct fh_span message[2], ots = make_proof(two, 2, message);

	(void)state;
	begin_headers(&h);
	add_header(&h, 10, message[0]);
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_NO);
	assert_false(c.existed);
	add_header(&h, 20, message[0]);
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_YES);
	assert_int_equal(c.height, 20);
	assert_string_equal(c.finding.reason[0].code, "other-root");
	assert_string_equal(c.finding.reason[1].code, "alone");
}

static void headers_that_are_trusted_too_little_are_as_good_as_none(void **state)
{
	struct fh_stamp_check c;
	struct fh_headers h;
	struct fh_span message[2], ots = make_proof(two, 1, message);

	(void)state;
	begin_headers(&h);
	add_header(&h, FH_HEADER_HEIGHT_NONE, message[0]);
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_YES);
	assert_int_equal(c.place.trust, FH_HEADER_UNPLACED);
	assert_int_equal(answer(ots, &h, FH_HEADER_ALONE, &c), FH_ANSWER_UNCHECKED);
	add_header(&h, 20, message[0]);
	assert_int_equal(answer(ots, &h, FH_HEADER_ALONE, &c), FH_ANSWER_YES);
	assert_int_equal(answer(ots, &h, FH_HEADER_PINNED, &c), FH_ANSWER_UNCHECKED);
	assert_string_equal(c.finding.reason[0].code, "weak-header");
}

static void only_a_single_header_without_a_height_can_contradict(void **state)
{
	static const uint8_t other[FH_HASH_SIZE] = { 1 };
	struct fh_stamp_check c;
	struct fh_headers h;
	struct fh_span message[2], ots = make_proof(two, 1, message);

	(void)state;
	begin_headers(&h);
	add_header(&h, FH_HEADER_HEIGHT_NONE, FH_SPAN_ARRAY(other));
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_NO);
	add_header(&h, FH_HEADER_HEIGHT_NONE, FH_SPAN_ARRAY(other));
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_UNCHECKED);
}

static void messages_that_are_no_hash_never_hold(void **state)
{
	static const struct claim hexed[] = { { FH_STAMP_HEXLIFY, FH_NOTARY_BITCOIN, 20 } };
	struct fh_stamp_check c;
	struct fh_headers h;
	struct fh_span message[1], ots = make_proof(hexed, 1, message);

	(void)state;
	begin_headers(&h);
	add_header(&h, 20, fh_span_first(message[0], FH_HASH_SIZE));
	assert_int_equal(answer(ots, &h, FH_HEADER_UNPLACED, &c), FH_ANSWER_NO);
}

static void without_a_block_nothing_is_answered(void **state)
{
	static const struct claim promise[] = { { FH_STAMP_SHA256, FH_NOTARY_PENDING, 0 } };
	struct fh_stamp_check c;
	struct fh_span message[2];

	(void)state;
	assert_int_equal(answer(make_proof(promise, 1, message), nullptr, FH_HEADER_UNPLACED, &c),
			 FH_ANSWER_UNCHECKED);
	assert_string_equal(c.finding.reason[0].code, "pending");
	assert_int_equal(answer(make_proof(two, 2, message), nullptr, FH_HEADER_UNPLACED, &c),
			 FH_ANSWER_UNCHECKED);
	assert_string_equal(c.finding.reason[0].code, "no-header");
}

static void every_flipped_bit_of_a_proof_is_found(void **state)
{
	struct fh_stamp_check c;
	struct fh_headers h;
	struct fh_span message[2], ots = make_proof(two, 1, message);
	uint8_t *p = fh_arena_take(&arena, ots.n);

	(void)state;
	begin_headers(&h);
	add_header(&h, 20, message[0]);
	memcpy(p, ots.p, ots.n);
	for (size_t i = 0; i < 8 * ots.n; i++) {
		struct fh_arena before = arena;

		p[i / 8] ^= (uint8_t)(1 << i % 8);
		if (answer(fh_span_of(p, ots.n), &h, FH_HEADER_UNPLACED, &c) == FH_ANSWER_YES)
			fail_msg("bit %zu", i);
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		arena = before;
	}
}

static void blocks_that_are_known_are_found_by_their_heights(void **state)
{
	(void)state;
	assert_int_equal(fh_network_next_pin(FH_NETWORK_MAIN, 0), 0);
	assert_int_equal(fh_network_next_pin(FH_NETWORK_MAIN, 1), 11111);
	assert_int_equal(fh_network_next_pin(FH_NETWORK_MAIN, 358391), 363725);
	assert_int_equal(fh_network_next_pin(FH_NETWORK_MAIN, 824000), 824000);
	assert_true(fh_network_next_pin(FH_NETWORK_MAIN, 824001) == FH_HEADER_HEIGHT_NONE);
	assert_true(fh_network_next_pin(FH_NETWORK_REGTEST, 1) == FH_HEADER_HEIGHT_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_earliest_of_equally_trusted_blocks_counts),
		TEST(one_attestation_that_holds_is_enough),
		TEST(headers_that_are_trusted_too_little_are_as_good_as_none),
		TEST(only_a_single_header_without_a_height_can_contradict),
		TEST(messages_that_are_no_hash_never_hold),
		TEST(without_a_block_nothing_is_answered),
		TEST(every_flipped_bit_of_a_proof_is_found),
		TEST(blocks_that_are_known_are_found_by_their_heights),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
