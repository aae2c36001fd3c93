/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "os/memory.h"
#include "stamp/request.h"
#include "stamp/transaction.h"

static struct fh_arena arena;

static int begin(void **state)
{
	(void)state;
	return fh_arena_map(FH_GATHER_MEMORY + FH_STAMP_MEMORY, &arena) == FH_ERR_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	fh_arena_drop(&arena);
	return 0;
}

static struct fh_span bytes_of(const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = fh_arena_take(&arena, n + 1);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fh_hex_read(fh_span_of(hex + 2 * i, 2), p + i, 1), FH_ERR_OK);
	return fh_span_of(p, n);
}

/* --- many digests --- */

static void assert_gathers(size_t n)
{
	struct fh_stamp **leaf = fh_arena_array(&arena, n, sizeof(*leaf));
	struct fh_stamp **tip = fh_arena_array(&arena, n, sizeof(*tip));
	struct fh_stamp_nonce *nonce = fh_arena_array(&arena, n, sizeof(*nonce));
	struct fh_hash *digest = fh_arena_array(&arena, n, sizeof(*digest)), commitment;
	struct fh_stamp *promise;

	for (size_t i = 0; i < n; i++) {
		digest[i].bytes[0] = (uint8_t)i;
		digest[i].bytes[1] = (uint8_t)(i >> 8);
		nonce[i].bytes[0] = (uint8_t)(i * 3);
		assert_int_equal(fh_stamp_begin(fh_hash_span(&digest[i]), &arena, &leaf[i]),
				 FH_ERR_OK);
	}
	assert_int_equal(fh_stamp_gather(leaf, nonce, n, &arena, tip, &commitment), FH_ERR_OK);
	assert_int_equal(fh_stamp_begin(fh_hash_span(&commitment), &arena, &promise), FH_ERR_OK);
	assert_int_equal(fh_stamp_attest_bitcoin(promise, 7, &arena), FH_ERR_OK);
	for (size_t i = 0; i < n; i++) {
		static uint8_t room[4096];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_stamp_file f = { FH_STAMP_SHA256, leaf[i] }, again;
		struct fh_stamp_claim *claim;
		size_t claims;

		assert_true(fh_span_equal(tip[i]->message, fh_hash_span(&commitment)));
		assert_int_equal(fh_stamp_merge(tip[i], promise, &arena), FH_ERR_OK);
		/* What is read computes every message again.  */
		fh_stamp_put(&b, &f);
		assert_false(b.bad);
		assert_int_equal(fh_stamp_read(fh_builder_span(&b), &arena, &again, nullptr),
				 FH_ERR_OK);
		assert_int_equal(fh_stamp_claims(again.root, &arena, &claim, &claims), FH_ERR_OK);
		assert_int_equal(claims, 1);
		assert_true(fh_span_equal(claim[0].at->message, fh_hash_span(&commitment)));
		assert_true(fh_stamp_anchored(again.root));
	}
}

static void each_digest_keeps_a_proof_of_its_own(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 13, 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct fh_arena before = arena;

		assert_gathers(sizes[i]);
		arena = before;
	}
}

static void as_many_as_may_be_fit_into_their_memory(void **state)
{
	static struct fh_stamp *leaf[FH_GATHER_MAX + 1], *tip[FH_GATHER_MAX + 1];
	static struct fh_stamp_nonce nonce[FH_GATHER_MAX + 1];
	static struct fh_hash digest;
	struct fh_hash commitment;

	(void)state;
	for (size_t i = 0; i <= FH_GATHER_MAX; i++)
		assert_int_equal(fh_stamp_begin(fh_hash_span(&digest), &arena, &leaf[i]),
				 FH_ERR_OK);

	struct fh_arena own = fh_arena_of(arena.p + arena.n, FH_GATHER_MEMORY);

	assert_int_equal(fh_stamp_gather(leaf, nonce, FH_GATHER_MAX, &own, tip, &commitment),
			 FH_ERR_OK);
	assert_int_equal(fh_stamp_gather(leaf, nonce, FH_GATHER_MAX + 1, &own, tip, &commitment),
			 FH_ERR_LIMIT);
	assert_int_equal(fh_stamp_gather(leaf, nonce, 0, &own, tip, &commitment), FH_ERR_LIMIT);
}

/* --- transactions --- */

#define COMMITMENT "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
#define INPUT "1111111111111111111111111111111111111111111111111111111111111111" "00000000"   \
	"00" "feffffff"
#define CHANGE "00e1f50500000000" "16" "00142222222222222222222222222222222222222222"
#define RETURNS "0000000000000000" "22" "6a20" COMMITMENT
#define PLAIN "02000000" "01" INPUT "02" CHANGE RETURNS "00000000"
#define WITNESS "02000000" "0001" "01" INPUT "02" CHANGE RETURNS "02" "02abcd" "00" "00000000"

static fh_err read_hex(const char *hex, struct fh_transaction *out)
{
	struct fh_hash commitment;
	struct fh_trace t = { 0 };

	memcpy(commitment.bytes, bytes_of(COMMITMENT).p, FH_HASH_SIZE);
	return fh_transaction_read(bytes_of(hex), &commitment, &arena, out, &t);
}

static void the_id_does_not_cover_the_witness(void **state)
{
	struct fh_transaction plain, witness;
	struct fh_hash id = fh_hash_twice(bytes_of(PLAIN));
	struct fh_stamp *at, *out;

	(void)state;
	assert_int_equal(read_hex(PLAIN, &plain), FH_ERR_OK);
	assert_int_equal(read_hex(WITNESS, &witness), FH_ERR_OK);
	assert_true(fh_hash_equal(&plain.id, &id));
	assert_true(fh_hash_equal(&witness.id, &id));
	assert_true(fh_span_equal(witness.bytes, bytes_of(PLAIN)));
	assert_int_equal(fh_stamp_begin(bytes_of(COMMITMENT), &arena, &at), FH_ERR_OK);
	assert_int_equal(fh_transaction_path(at, &witness, &arena, &out), FH_ERR_OK);
	assert_true(fh_span_equal(out->message, fh_hash_span(&id)));
}

static void refuses_every_truncation_of_a_transaction(void **state)
{
	static const char *const all[] = { PLAIN, WITNESS };
	struct fh_hash commitment;
	struct fh_transaction x;

	(void)state;
	memcpy(commitment.bytes, bytes_of(COMMITMENT).p, FH_HASH_SIZE);
	for (size_t k = 0; k < 2; k++) {
		struct fh_span raw = bytes_of(all[k]);

		for (size_t n = 0; n < raw.n; n++)
			assert_int_not_equal(fh_transaction_read(fh_span_first(raw, n), &commitment,
								 &arena, &x, nullptr), FH_ERR_OK);
	}
}

static void refuses_transactions_that_prove_nothing(void **state)
{
	static const struct {
		const char *hex;
		fh_err why;
	} rows[] = {
		{ PLAIN "00", FH_ERR_FORMAT },
		{ "02000000" "00" "01" RETURNS "00000000", FH_ERR_FORMAT },
		{ "02000000" "01" INPUT "01" CHANGE "00000000", FH_ERR_MISSING },
		{ "02000000" "01" INPUT "02" RETURNS RETURNS "00000000", FH_ERR_MISSING },
		{ "02000000" "fd0100" INPUT "02" CHANGE RETURNS "00000000", FH_ERR_FORMAT },
		{ "02000000" "ff0100000000000000" INPUT "02" CHANGE RETURNS "00000000",
		  FH_ERR_FORMAT },
		{ "02000000" "fde903" INPUT "02" CHANGE RETURNS "00000000", FH_ERR_FORMAT },
	};
	struct fh_transaction x;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(read_hex(rows[i].hex, &x), rows[i].why);
}

/* The root by its definition: halves of a full tree, the last id taken again.  */
static struct fh_hash root_of(const struct fh_hash *id, size_t first, size_t width, size_t n)
{
	uint8_t both[2 * FH_HASH_SIZE];
	struct fh_hash left, right;

	if (width == 1)
		return id[first];
	left = root_of(id, first, width / 2, n);
	right = first + width / 2 < n ? root_of(id, first + width / 2, width / 2, n) : left;
	memcpy(both, left.bytes, FH_HASH_SIZE);
	memcpy(both + FH_HASH_SIZE, right.bytes, FH_HASH_SIZE);
	return fh_hash_twice(FH_SPAN_ARRAY(both));
}

static void every_transaction_leads_to_the_root_of_its_block(void **state)
{
	struct fh_hash id[20];
	struct fh_stamp *at, *out;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		id[i] = fh_hash_of(fh_span_of(&i, sizeof(i)));
	for (size_t n = 1, width = 1; n <= 20; n++) {
		while (width < n)
			width *= 2;

		struct fh_hash root = root_of(id, 0, width, n);

		for (size_t i = 0; i < n; i++) {
			assert_int_equal(fh_stamp_begin(fh_hash_span(&id[i]), &arena, &at),
					 FH_ERR_OK);
			assert_int_equal(fh_block_path(at, id, n, &arena, &out), FH_ERR_OK);
			assert_true(fh_span_equal(out->message, fh_hash_span(&root)));
		}
	}
	assert_int_equal(fh_stamp_begin(fh_hash_span(&id[19]), &arena, &at), FH_ERR_OK);
	assert_int_equal(fh_block_path(at, id, 19, &arena, &out), FH_ERR_MISSING);
	assert_int_equal(fh_block_path(at, id, 0, &arena, &out), FH_ERR_MISSING);
}

/* The proof of a file with MESSAGE in it, as somebody else makes it, attested by a
 * calendar and, if HEIGHT is not 0, by the block there.  */
static struct fh_stamp_file answer_of(struct fh_span message, uint64_t height)
{
	struct fh_stamp_file f = { .op = FH_STAMP_SHA256 };
	struct fh_hash digest = fh_hash_of(message);
	struct fh_stamp *at;
	struct fh_span kept;

	assert_int_equal(fh_arena_copy(&arena, fh_hash_span(&digest), &kept), FH_ERR_OK);
	assert_int_equal(fh_stamp_begin(kept, &arena, &f.root), FH_ERR_OK);
	assert_int_equal(fh_stamp_extend(f.root, FH_STAMP_APPEND, FH_SPAN_LIT("nonce"), &arena,
					 &at), FH_ERR_OK);
	assert_int_equal(fh_stamp_extend(at, FH_STAMP_SHA256, (struct fh_span){ 0 }, &arena, &at),
			 FH_ERR_OK);
	assert_int_equal(fh_stamp_attest_pending(at, FH_SPAN_LIT("https://a.b"), &arena),
			 FH_ERR_OK);
	if (height > 0)
		assert_int_equal(fh_stamp_attest_bitcoin(at, height, &arena), FH_ERR_OK);
	return f;
}

static size_t claims_of(struct fh_stamp *s, enum fh_notary notary)
{
	struct fh_stamp_claim *claim;
	size_t n = 0, found = 0;

	assert_int_equal(fh_stamp_claims(s, &arena, &claim, &n), FH_ERR_OK);
	for (size_t i = 0; i < n; i++)
		found += claim[i].attestation->notary == notary;
	return found;
}

static void takes_the_proof_of_what_was_carried_out(void **state)
{
	uint8_t digest[FH_HASH_SIZE] = { 1 }, room[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_stamp_file f = { .op = FH_STAMP_SHA256 }, again, answer;
	struct fh_trace t = { 0 };
	struct fh_stamp *tip;

	(void)state;
	assert_int_equal(fh_stamp_begin(FH_SPAN_ARRAY(digest), &arena, &f.root), FH_ERR_OK);
	assert_int_equal(fh_stamp_extend(f.root, FH_STAMP_APPEND, FH_SPAN_LIT("x"), &arena, &tip),
			 FH_ERR_OK);
	answer = answer_of(tip->message, 0);
	assert_int_equal(fh_stamp_answer(f.root, &answer, &arena), FH_ERR_MISSING);
	assert_int_equal(fh_stamp_attest_request(tip, &arena), FH_ERR_OK);

	/* It is kept in the file until a block has come.  */
	fh_stamp_put(&b, &f);
	assert_int_equal(fh_stamp_read(fh_builder_span(&b), &arena, &again, &t), FH_ERR_OK);
	assert_int_equal(claims_of(again.root, FH_NOTARY_REQUEST), 1);
	assert_int_equal(fh_stamp_answer(again.root, &answer, &arena), FH_ERR_OK);
	assert_int_equal(claims_of(again.root, FH_NOTARY_PENDING), 1);
	assert_int_equal(claims_of(again.root, FH_NOTARY_REQUEST), 1);
	assert_false(fh_stamp_anchored(again.root));

	/* Proofs of other files, and such by other hashes, are not what was asked for.  */
	answer = answer_of(FH_SPAN_ARRAY(digest), 5);
	assert_int_equal(fh_stamp_answer(again.root, &answer, &arena), FH_ERR_MISSING);
	answer = answer_of(tip->message, 5);
	answer.op = FH_STAMP_KECCAK256;
	assert_int_equal(fh_stamp_answer(again.root, &answer, &arena), FH_ERR_MISSING);

	answer.op = FH_STAMP_SHA256;
	assert_int_equal(fh_stamp_answer(again.root, &answer, &arena), FH_ERR_OK);
	assert_true(fh_stamp_anchored(again.root));
	assert_int_equal(claims_of(again.root, FH_NOTARY_REQUEST), 0);
	assert_int_equal(fh_stamp_answer(again.root, &answer, &arena), FH_ERR_MISSING);
}

static void a_request_says_nothing_more(void **state)
{
	static const uint8_t tag[FH_STAMP_TAG_SIZE] = { 'f', 'h', 'o', 'l', 'd', '-', 'r', 'q' };
	struct fh_stamp *s;

	(void)state;
	assert_int_equal(fh_stamp_begin(FH_SPAN_LIT("message"), &arena, &s), FH_ERR_OK);
	assert_int_equal(fh_stamp_attest(s, tag, FH_SPAN_LIT("x"), &arena), FH_ERR_FORMAT);
	assert_int_equal(fh_stamp_attest(s, tag, (struct fh_span){ 0 }, &arena), FH_ERR_OK);
	assert_int_equal(s->attestation->notary, FH_NOTARY_REQUEST);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(each_digest_keeps_a_proof_of_its_own),
		TEST(as_many_as_may_be_fit_into_their_memory),
		TEST(the_id_does_not_cover_the_witness),
		TEST(refuses_every_truncation_of_a_transaction),
		TEST(refuses_transactions_that_prove_nothing),
		TEST(every_transaction_leads_to_the_root_of_its_block),
		TEST(takes_the_proof_of_what_was_carried_out),
		TEST(a_request_says_nothing_more),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
