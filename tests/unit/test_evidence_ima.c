/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/ima.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/builder.h"
#include "base/hex.h"

static struct fh_ima_log reader;

static const char text[] =
	"10 fa023ca4264db2326b61bb1b1799deb9230deb78 ima-ng "
	"sha256:7365d029861e32c521f8089b00a6fb32daf0615025b69b599d1ce53501b845c2 /usr/bin/own\n"
	"10 0000000000000000000000000000000000000000 ima-sig sha1:"
	"0000000000000000000000000000000000000000 /open \n";

/* All entries of FILE; what ended it.  */
static fh_err read_all(struct fh_span file, size_t *n, struct fh_trace *t)
{
	fh_err e = fh_ima_open(file, &reader, t);
	struct fh_ima_entry entry;

	*n = 0;
	if (e != FH_ERR_OK)
		return e;
	while (fh_ima_next(&reader, &entry))
		++*n;
	return reader.rest.why;
}

static void digests_the_data_as_the_kernel_shows_it(void **state)
{
	(void)state;
	struct fh_ima_entry e;

	assert_int_equal(fh_ima_open(fh_span_str(text), &reader, nullptr), FH_ERR_OK);
	assert_false(reader.binary);
	assert_true(fh_ima_next(&reader, &e));
	assert_int_equal(e.pcr, 10);
	assert_true(fh_span_equal(e.path, FH_SPAN_LIT("/usr/bin/own")));
	assert_true(fh_span_equal(e.algorithm, FH_SPAN_LIT("sha256")));
	assert_int_equal(e.file_digest.n, 32);
	struct fh_digest d = fh_ima_digest(&e, FH_BANK_SHA1, FH_IMA_HASHED);

	assert_true(fh_span_equal(fh_digest_span(&d), e.shown));
	assert_true(fh_ima_shown_is_right(&e));
	struct fh_digest padded = fh_ima_digest(&e, FH_BANK_SHA256, FH_IMA_PADDED);

	assert_memory_equal(padded.bytes, d.bytes, 20);
	assert_int_equal(padded.bytes[20], 0);
}

static void a_violation_shows_zeros_and_extends_ones(void **state)
{
	(void)state;
	struct fh_ima_entry e;

	assert_int_equal(fh_ima_open(fh_span_str(text), &reader, nullptr), FH_ERR_OK);
	assert_true(fh_ima_next(&reader, &e) && fh_ima_next(&reader, &e));
	assert_true(e.violation);
	assert_int_equal(e.fields, 3);
	assert_int_equal(e.field[2].n, 0);
	struct fh_digest d = fh_ima_digest(&e, FH_BANK_SHA256, FH_IMA_HASHED);

	assert_int_equal(d.bytes[0], 0xff);
	assert_int_equal(d.bytes[31], 0xff);
	assert_false(fh_ima_next(&reader, &e));
	assert_int_equal(reader.rest.why, FH_ERR_OK);
}

static void le32(struct fh_builder *b, size_t v)
{
	for (int i = 0; i < 4; i++)
		fh_builder_u8(b, (uint8_t)(v >> (8 * i)));
}

/* The binary form of the entries that FILE has as text.  */
static void put_binary(struct fh_span file, struct fh_builder *b)
{
	struct fh_ima_entry e;

	assert_int_equal(fh_ima_open(file, &reader, nullptr), FH_ERR_OK);
	while (fh_ima_next(&reader, &e)) {
		le32(b, e.pcr);
		fh_builder_bytes(b, e.shown);
		le32(b, e.name.n);
		fh_builder_bytes(b, e.name);
		if (fh_span_equal(e.name, FH_SPAN_LIT("ima"))) {
			fh_builder_bytes(b, e.file_digest);
			le32(b, e.path.n);
			fh_builder_bytes(b, e.path);
		} else {
			le32(b, e.data.n);
			fh_builder_bytes(b, e.data);
		}
	}
	assert_int_equal(reader.rest.why, FH_ERR_OK);
}

static void both_forms_say_the_same(void **state)
{
	(void)state;
	static const char old[] = "10 1d8d532d463c9f8c205d0df7787669a85f93e260 ima "
				  "d0b59bb1d6ae39fc0c7d2ea5ca8b0bc7a6a4b2c3 /a file\n";
	const struct fh_span files[] = { fh_span_str(text), fh_span_str(old) };

	for (size_t i = 0; i < 2; i++) {
		uint8_t room[1024];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_ima_entry one, two;
		static struct fh_ima_log binary;

		put_binary(files[i], &b);
		assert_int_equal(fh_ima_open(files[i], &reader, nullptr), FH_ERR_OK);
		assert_int_equal(fh_ima_open(fh_builder_span(&b), &binary, nullptr), FH_ERR_OK);
		assert_true(binary.binary);
		while (fh_ima_next(&reader, &one)) {
			assert_true(fh_ima_next(&binary, &two));
			assert_true(fh_span_equal(one.data, two.data));
			assert_true(fh_span_equal(one.path, two.path));
			assert_true(fh_span_equal(one.file_digest, two.file_digest));
			assert_int_equal(one.violation, two.violation);
		}
		assert_false(fh_ima_next(&binary, &two));
		assert_int_equal(binary.rest.why, FH_ERR_OK);
	}
}

/* Of 5.19 to 6.0, which name the hash of the others and leave room for SHA-1's.  */
static void a_violation_may_have_room_for_another_hash(void **state)
{
	(void)state;
	static const char line[] = "10 0000000000000000000000000000000000000000 ima-ng sha256:"
				   "0000000000000000000000000000000000000000 /open\n";
	static const char measured[] = "10 0000000000000000000000000000000000000001 ima-ng sha256:"
				       "0000000000000000000000000000000000000000 /open\n";
	size_t n;

	assert_int_equal(read_all(fh_span_str(line), &n, nullptr), FH_ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(read_all(fh_span_str(measured), &n, nullptr), FH_ERR_FORMAT);
}

static void reads_what_evm_signs_with_a_file(void **state)
{
	(void)state;
	static const char lines[] =
		"10 f0556432ecbc1de8672346c7d1da35d627948700 evm-sig sha1:"
		"1111111111111111111111111111111111111111 /bin/a 0302 security.ima|user.a 02000000"
		"01000000 aabbcc 1000 5 33261\n"
		"10 b736509b861834c78bd999a0078d2997367251f3 evm-sig sha1:"
		"1111111111111111111111111111111111111111 boot_aggregate       \n";
	static const uint8_t ids[] = { 0xe8, 0x03, 0, 0 }, mode[] = { 0xed, 0x81 };
	struct fh_ima_entry e;

	assert_int_equal(fh_ima_open(fh_span_str(lines), &reader, nullptr), FH_ERR_OK);
	assert_true(fh_ima_next(&reader, &e));
	assert_int_equal(e.fields, 9);
	assert_true(fh_span_equal(e.field[3], FH_SPAN_LIT("security.ima|user.a\0")));
	assert_true(fh_span_equal(e.field[6], FH_SPAN_ARRAY(ids)));
	assert_true(fh_span_equal(e.field[8], FH_SPAN_ARRAY(mode)));
	assert_true(fh_ima_shown_is_right(&e));
	assert_true(fh_ima_next(&reader, &e));
	assert_int_equal(e.fields, 9);
	for (size_t i = 2; i < 9; i++)
		assert_int_equal(e.field[i].n, 0);
	assert_false(fh_ima_next(&reader, &e));
	assert_int_equal(reader.rest.why, FH_ERR_OK);
}

/* The files of other banks, and those of machines with the other byte order.  */
static void reads_longer_digests_and_the_other_byte_order(void **state)
{
	(void)state;
	const struct fh_span whole = FH_SPAN_LIT("\0\0\0\x1asha1:\0abcdefghijklmnopqrst"
						 "\0\0\0\5/bin\0");

	for (size_t i = 0; i < FH_BANKS; i++) {
		struct fh_digest d = fh_bank_digest(fh_banks[i], whole);
		uint8_t room[256];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_ima_entry e;

		fh_builder_bytes(&b, FH_SPAN_LIT("\0\0\0\x0a"));
		fh_builder_bytes(&b, fh_digest_span(&d));
		fh_builder_bytes(&b, FH_SPAN_LIT("\0\0\0\6ima-ng\0\0\0"));
		fh_builder_u8(&b, (uint8_t)whole.n);
		fh_builder_bytes(&b, whole);
		assert_int_equal(fh_ima_open(fh_builder_span(&b), &reader, nullptr), FH_ERR_OK);
		assert_true(reader.binary && reader.big);
		assert_true(fh_ima_next(&reader, &e));
		assert_true(fh_span_equal(e.path, FH_SPAN_LIT("/bin")));
		assert_true(fh_ima_shown_is_right(&e));
		assert_false(fh_ima_next(&reader, &e));
		assert_int_equal(reader.rest.why, FH_ERR_OK);
	}
}

/* Rules may name registers that no TPM has: logged, and extended nowhere.  */
static void reads_entries_of_registers_that_no_tpm_has(void **state)
{
	(void)state;
	static const char line[] = "63 fa023ca4264db2326b61bb1b1799deb9230deb78 ima-ng sha1:"
				   "0000000000000000000000000000000000000000 /a";
	size_t n;

	assert_int_equal(read_all(fh_span_str(line), &n, nullptr), FH_ERR_OK);
	assert_int_equal(n, 1);
}

static void refuses_every_truncation_within_a_binary_record(void **state)
{
	(void)state;
	uint8_t room[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	size_t n, whole = 0;

	put_binary(fh_span_str(text), &b);
	for (size_t i = 1; i < b.n; i++)
		whole += read_all(fh_span_of(room, i), &n, nullptr) == FH_ERR_OK;
	assert_int_equal(whole, 1); /* behind the first record */
}

static void refuses_what_is_no_log(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"no log\n",
		"10 00 ima-ng sha1:00 /a\n",
		"64 fa023ca4264db2326b61bb1b1799deb9230deb78 ima-ng sha1:"
		"0000000000000000000000000000000000000000 /a\n",
		"10 fa023ca4264db2326b61bb1b1799deb9230deb78 ima-ng sha256:00 /a\n",
		"10 fa023ca4264db2326b61bb1b1799deb9230deb78 ima-ng sha1:"
		"0000000000000000000000000000000000000000 /a b\n",
		"10 fa023ca4264db2326b61bb1b1799deb9230deb78 ima-ng\n",
		"10 fa023ca4264db2326b61bb1b1799deb9230deb78 ima /a\n",
	};
	struct fh_trace t;
	size_t n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t = (struct fh_trace){ 0 };
		assert_int_equal(read_all(fh_span_str(bad[i]), &n, &t), FH_ERR_FORMAT);
		assert_true(t.what[0] != '\0');
	}
	t = (struct fh_trace){ 0 };
	assert_int_equal(read_all(FH_SPAN_LIT("10 fa023ca4264db2326b61bb1b1799deb9230deb78 ima-ng "
					      "unknown:00 /a\n"), &n, &t), FH_ERR_UNSUPPORTED);
	assert_int_equal(read_all(FH_SPAN_LIT("10 fa023ca4264db2326b61bb1b1799deb9230deb78 "
					      "nobody 00 /a\n"), &n, &t), FH_ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_the_data_as_the_kernel_shows_it),
		cmocka_unit_test(a_violation_shows_zeros_and_extends_ones),
		cmocka_unit_test(both_forms_say_the_same),
		cmocka_unit_test(a_violation_may_have_room_for_another_hash),
		cmocka_unit_test(reads_what_evm_signs_with_a_file),
		cmocka_unit_test(reads_longer_digests_and_the_other_byte_order),
		cmocka_unit_test(reads_entries_of_registers_that_no_tpm_has),
		cmocka_unit_test(refuses_every_truncation_within_a_binary_record),
		cmocka_unit_test(refuses_what_is_no_log),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
