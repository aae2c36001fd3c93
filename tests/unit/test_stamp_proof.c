/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "os/memory.h"

#define MAGIC "004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e89294"
#define DIGEST "0808080808080808080808080808080808080808080808080808080808080808"
#define BITCOIN "0588960d73d71901"
#define PENDING "83dfe30d2ef90c8e"

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

static struct fh_span bytes_of(const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = fh_arena_take(&arena, n + 1);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fh_hex_read(fh_span_of(hex + 2 * i, 2), p + i, 1), FH_ERR_OK);
	return fh_span_of(p, n);
}

static fh_err read_hex(const char *hex, struct fh_stamp_file *out)
{
	struct fh_trace t = { 0 };

	return fh_stamp_read(bytes_of(hex), &arena, out, &t);
}

static void assert_written(const struct fh_stamp_file *f, const char *hex)
{
	uint8_t *room = fh_arena_take(&arena, FH_STAMP_FILE_MAX);
	struct fh_builder b = fh_builder_of(room, FH_STAMP_FILE_MAX);

	fh_stamp_put(&b, f);
	assert_false(b.bad);
	assert_true(fh_span_equal(fh_builder_span(&b), bytes_of(hex)));
}

static void assert_message(const struct fh_stamp *s, const char *hex)
{
	assert_non_null(s);
	assert_true(fh_span_equal(s->message, bytes_of(hex)));
}

/* The golden proof of docs/spec/STAMP.  */
static const char golden[] = MAGIC "0108" DIGEST
	"f0020102" "08" "ff00" BITCOIN "03f7ef15" "00" PENDING "0e0d" "68747470733a2f2f612e622f63";

static void reads_and_writes_the_golden_proof(void **state)
{
	struct fh_stamp_file f;
	struct fh_stamp_claim *claim;
	size_t n;

	(void)state;
	assert_int_equal(read_hex(golden, &f), FH_ERR_OK);
	assert_int_equal(f.op, FH_STAMP_SHA256);
	assert_int_equal(fh_stamp_claims(f.root, &arena, &claim, &n), FH_ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(claim[0].attestation->notary, FH_NOTARY_BITCOIN);
	assert_int_equal(claim[0].attestation->height, 358391);
	assert_int_equal(claim[1].attestation->notary, FH_NOTARY_PENDING);
	assert_true(fh_span_equal(claim[1].attestation->uri, FH_SPAN_LIT("https://a.b/c")));
	assert_written(&f, golden);
}

static void refuses_every_truncation(void **state)
{
	struct fh_stamp_file f = { 0 };
	struct fh_span all = bytes_of(golden);

	(void)state;
	for (size_t n = 0; n < all.n; n++)
		assert_int_not_equal(fh_stamp_read(fh_span_first(all, n), &arena, &f, nullptr),
				     FH_ERR_OK);
	assert_null(f.root);
}

static void operations_do_what_they_say(void **state)
{
	static const struct {
		enum fh_stamp_op op;
		const char *argument, *message, *result;
	} rows[] = {
		{ FH_STAMP_APPEND, "0304", "0102", "01020304" },
		{ FH_STAMP_PREPEND, "0304", "0102", "03040102" },
		{ FH_STAMP_REVERSE, "", "010203", "030201" },
		{ FH_STAMP_HEXLIFY, "", "0fa0", "30666130" },
		{ FH_STAMP_SHA1, "", "616263", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ FH_STAMP_RIPEMD160, "", "616263", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc" },
		{ FH_STAMP_SHA256, "", "616263",
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ FH_STAMP_KECCAK256, "", "616263",
		  "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_span out;

		assert_int_equal(fh_stamp_op_apply(rows[i].op, bytes_of(rows[i].argument),
						   bytes_of(rows[i].message), &arena, &out),
				 FH_ERR_OK);
		assert_true(fh_span_equal(out, bytes_of(rows[i].result)));
	}
}

static void messages_and_arguments_have_the_limits_of_the_reference(void **state)
{
	static const uint8_t zero[FH_STAMP_MESSAGE_MAX + 1];
	struct fh_span out;

	(void)state;
#define APPLY(op, argument, message)                                                          \
	fh_stamp_op_apply(op, fh_span_of(zero, argument), fh_span_of(zero, message), &arena, &out)
	assert_int_equal(APPLY(FH_STAMP_APPEND, 1, 4095), FH_ERR_OK);
	assert_int_equal(APPLY(FH_STAMP_APPEND, 1, 4096), FH_ERR_LIMIT);
	assert_int_equal(APPLY(FH_STAMP_PREPEND, 4096, 1), FH_ERR_LIMIT);
	assert_int_equal(APPLY(FH_STAMP_PREPEND, 0, 1), FH_ERR_FORMAT);
	assert_int_equal(APPLY(FH_STAMP_HEXLIFY, 0, 2048), FH_ERR_OK);
	assert_int_equal(APPLY(FH_STAMP_HEXLIFY, 0, 2049), FH_ERR_LIMIT);
	assert_int_equal(APPLY(FH_STAMP_SHA256, 0, 4096), FH_ERR_OK);
	assert_int_equal(APPLY(FH_STAMP_SHA256, 0, 4097), FH_ERR_LIMIT);
	assert_int_equal(APPLY(FH_STAMP_REVERSE, 0, 0), FH_ERR_FORMAT);
#undef APPLY
}

static void refuses_what_is_malformed(void **state)
{
	static const struct {
		const char *hex;
		fh_err why;
	} rows[] = {
		{ "01" MAGIC, FH_ERR_FORMAT },
		{ MAGIC "0208" DIGEST "00" BITCOIN "0101", FH_ERR_VERSION },
		{ MAGIC "8100" "08" DIGEST "00" BITCOIN "0101", FH_ERR_VERSION },
		{ MAGIC "01f3" DIGEST "00" BITCOIN "0101", FH_ERR_UNKNOWN },
		{ MAGIC "0109" DIGEST "00" BITCOIN "0101", FH_ERR_UNKNOWN },
		{ MAGIC "0108" DIGEST "00" BITCOIN "010100", FH_ERR_FORMAT },  /* trailing */
		{ MAGIC "0108" DIGEST "00" BITCOIN "020100", FH_ERR_FORMAT },  /* left in payload */
		{ MAGIC "0108" DIGEST "00" BITCOIN "028100", FH_ERR_FORMAT },  /* not the fewest */
		{ MAGIC "0108" DIGEST "00" BITCOIN "00", FH_ERR_FORMAT },
		{ MAGIC "0108" DIGEST "00" BITCOIN "0bffffffffffffffffffff01", FH_ERR_FORMAT },
		{ MAGIC "0108" DIGEST "00" BITCOIN "810101", FH_ERR_FORMAT },
		{ MAGIC "0108" DIGEST "f4" "00" BITCOIN "0101", FH_ERR_UNKNOWN },
		{ MAGIC "0108" DIGEST "ffff" "00" BITCOIN "0101", FH_ERR_UNKNOWN },
		{ MAGIC "0108" DIGEST "f000" "00" BITCOIN "0101", FH_ERR_FORMAT }, /* no argument */
		{ MAGIC "0108" DIGEST "f08120" "00" BITCOIN "0101", FH_ERR_LIMIT }, /* 4097 */
		{ MAGIC "0108" DIGEST "ff00" BITCOIN "0101", FH_ERR_FORMAT },
		{ MAGIC "0108" DIGEST "00" PENDING "020120", FH_ERR_FORMAT }, /* a blank */
		{ MAGIC "0108" DIGEST "00" PENDING "03026120", FH_ERR_FORMAT },
		{ MAGIC "0108" DIGEST "00" PENDING "03016161", FH_ERR_FORMAT },
		{ MAGIC "0108" DIGEST "00" "0001020304050607" "814001", FH_ERR_LIMIT }, /* 8193 */
	};
	struct fh_stamp_file f = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (read_hex(rows[i].hex, &f) != rows[i].why)
			fail_msg("row %zu: %s", i, fh_err_text(read_hex(rows[i].hex, &f)));
	}
	assert_null(f.root);
}

/* N times a REVERSE, and an attestation.  */
static struct fh_span chain(size_t n)
{
	uint8_t *room = fh_arena_take(&arena, 4096);
	struct fh_builder b = fh_builder_of(room, 4096);

	fh_builder_bytes(&b, bytes_of(MAGIC "0108" DIGEST));
	while (n-- > 0)
		fh_builder_u8(&b, FH_STAMP_REVERSE);
	fh_builder_bytes(&b, bytes_of("00" BITCOIN "0101"));
	return fh_builder_span(&b);
}

static void paths_have_at_most_256_messages(void **state)
{
	struct fh_stamp_file f;

	(void)state;
	assert_int_equal(fh_stamp_read(chain(255), &arena, &f, nullptr), FH_ERR_OK);
	assert_int_equal(fh_stamp_read(chain(256), &arena, &f, nullptr), FH_ERR_LIMIT);
}

static void unknown_attestations_are_kept_and_sorted(void **state)
{
	struct fh_stamp_file f;

	(void)state;
	assert_int_equal(read_hex(MAGIC "0108" DIGEST "ff00" "0001020304050607" "02ffff"
					"ff00" BITCOIN "0105" "ff00" BITCOIN "0104"
					"ff00" "0001020304050607" "02fffe"
					"00" BITCOIN "0104", &f), FH_ERR_OK);
	assert_written(&f, MAGIC "0108" DIGEST "ff00" "0001020304050607" "02fffe"
				 "ff00" "0001020304050607" "02ffff"
				 "ff00" BITCOIN "0104" "00" BITCOIN "0105");
}

static void the_same_operation_twice_becomes_one(void **state)
{
	struct fh_stamp_file f;

	(void)state;
	assert_int_equal(read_hex(MAGIC "0108" DIGEST "fff2" "00" BITCOIN "0102"
					"fff002aaaa" "00" BITCOIN "0101"
					"f2" "00" BITCOIN "0101", &f), FH_ERR_OK);
	assert_written(&f, MAGIC "0108" DIGEST "fff002aaaa" "00" BITCOIN "0101"
				 "f2" "ff00" BITCOIN "0101" "00" BITCOIN "0102");
}

static void branches_are_bounded(void **state)
{
	struct fh_stamp *s, *child;
	struct fh_span message = bytes_of(DIGEST);

	(void)state;
	assert_int_equal(fh_stamp_begin(message, &arena, &s), FH_ERR_OK);
	for (unsigned i = 0; i <= FH_STAMP_BRANCHES_MAX; i++) {
		uint8_t *p = fh_arena_take(&arena, 2);
		fh_err e;

		p[0] = (uint8_t)(i >> 8);
		p[1] = (uint8_t)i;
		e = fh_stamp_extend(s, FH_STAMP_APPEND, fh_span_of(p, 2), &arena, &child);
		assert_int_equal(e, i < FH_STAMP_BRANCHES_MAX ? FH_ERR_OK : FH_ERR_LIMIT);
	}
}

static void paths_without_an_attestation_are_not_written(void **state)
{
	uint8_t room[256];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_stamp *s, *child;

	(void)state;
	assert_int_equal(fh_stamp_begin(bytes_of(DIGEST), &arena, &s), FH_ERR_OK);
	assert_int_equal(fh_stamp_extend(s, FH_STAMP_SHA256, (struct fh_span){ 0 }, &arena, &child),
			 FH_ERR_OK);
	fh_stamp_put_bare(&b, s);
	assert_true(b.bad);
}

static void merging_adds_what_is_new(void **state)
{
	struct fh_stamp_file one, two;
	struct fh_stamp *other;

	(void)state;
	assert_int_equal(read_hex(MAGIC "0108" DIGEST "f001aa" "00" BITCOIN "0101", &one),
			 FH_ERR_OK);
	assert_int_equal(read_hex(MAGIC "0108" DIGEST "fff001aa" "00" BITCOIN "0102"
					"f001ab" "00" BITCOIN "0101", &two), FH_ERR_OK);
	assert_int_equal(fh_stamp_merge(one.root, two.root, &arena), FH_ERR_OK);
	assert_written(&one, MAGIC "0108" DIGEST "fff001aa" "ff00" BITCOIN "0101"
				   "00" BITCOIN "0102" "f001ab" "00" BITCOIN "0101");
	assert_int_equal(fh_stamp_begin(bytes_of("00"), &arena, &other), FH_ERR_OK);
	assert_int_equal(fh_stamp_merge(one.root, other, &arena), FH_ERR_CONFLICT);
}

static void attestations_are_made_and_taken_back(void **state)
{
	struct fh_stamp_file f = { FH_STAMP_SHA256, nullptr };

	(void)state;
	assert_int_equal(fh_stamp_begin(bytes_of(DIGEST), &arena, &f.root), FH_ERR_OK);
	assert_int_equal(fh_stamp_attest_pending(f.root, FH_SPAN_LIT("https://a.b/c"), &arena),
			 FH_ERR_OK);
	assert_int_equal(fh_stamp_attest_pending(f.root, FH_SPAN_LIT("https://a b"), &arena),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_stamp_attest_bitcoin(f.root, 358391, &arena), FH_ERR_OK);
	assert_int_equal(fh_stamp_attest_transaction(f.root, FH_SPAN_LIT("regtest"), &arena),
			 FH_ERR_OK);
	assert_written(&f, MAGIC "0108" DIGEST "ff00" BITCOIN "03f7ef15"
				 "ff00" "66686f6c642d7478" "08" "07" "72656774657374"
				 "00" PENDING "0e0d" "68747470733a2f2f612e622f63");
	fh_stamp_retract(f.root, f.root->attestation->next->next);
	fh_stamp_retract(f.root, f.root->attestation->next);
	assert_written(&f, MAGIC "0108" DIGEST "00" BITCOIN "03f7ef15");
	assert_message(f.root, DIGEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_and_writes_the_golden_proof, begin, end),
		cmocka_unit_test_setup_teardown(refuses_every_truncation, begin, end),
		cmocka_unit_test_setup_teardown(operations_do_what_they_say, begin, end),
		cmocka_unit_test_setup_teardown(
			messages_and_arguments_have_the_limits_of_the_reference, begin, end),
		cmocka_unit_test_setup_teardown(refuses_what_is_malformed, begin, end),
		cmocka_unit_test_setup_teardown(paths_have_at_most_256_messages, begin, end),
		cmocka_unit_test_setup_teardown(unknown_attestations_are_kept_and_sorted, begin,
						end),
		cmocka_unit_test_setup_teardown(the_same_operation_twice_becomes_one, begin, end),
		cmocka_unit_test_setup_teardown(branches_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(paths_without_an_attestation_are_not_written, begin,
						end),
		cmocka_unit_test_setup_teardown(merging_adds_what_is_new, begin, end),
		cmocka_unit_test_setup_teardown(attestations_are_made_and_taken_back, begin, end),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
