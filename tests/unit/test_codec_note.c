/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "crypto/signature.h"

#define LINE "\xe2\x80\x94 example.com/foo AAAAAQI=\n"

static fh_err parses(const char *text)
{
	struct fh_note n = { .signatures = 77 };
	fh_err e = fh_note_parse(fh_span_str(text), &n);

	if (e != FH_ERR_OK)
		assert_int_equal(n.signatures, 77);
	return e;
}

static void parses_text_and_signatures(void **state)
{
	(void)state;
	struct fh_note n;
	uint8_t bytes[2] = { 9, 9 };

	assert_int_equal(fh_note_parse(FH_SPAN_LIT("one\n\ntwo\n\n" LINE LINE), &n), FH_ERR_OK);
	assert_true(fh_span_equal(n.text, FH_SPAN_LIT("one\n\ntwo\n")));
	assert_int_equal(n.signatures, 2);
	assert_true(fh_span_equal(n.signature[1].name, FH_SPAN_LIT("example.com/foo")));
	assert_int_equal(n.signature[0].key_id, 1);
	assert_int_equal(fh_note_signature_bytes(&n.signature[0], bytes, 2), FH_ERR_FORMAT);
	assert_int_equal(fh_note_signature_bytes(&n.signature[0], bytes, 0), FH_ERR_FORMAT);
	assert_int_equal(fh_note_signature_bytes(&n.signature[0], bytes, FH_NOTE_SIGNATURE_MAX + 1),
			 FH_ERR_LIMIT);
	assert_int_equal(bytes[0], 9);
	assert_int_equal(fh_note_signature_bytes(&n.signature[0], bytes, 1), FH_ERR_OK);
	assert_int_equal(bytes[0], 2);
}

static void refuses_malformed_notes(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"", "\n", "text\n", "text\n\n", "text\n" LINE, "text\n\n" LINE "x",
		"text\n\n" LINE "\n",
		"te\x01xt\n\n" LINE, "te\rxt\n\n" LINE, "te\txt\n\n" LINE, "te\xffxt\n\n" LINE,
		"text\n\n- example.com/foo AAAAAQI=\n", "text\n\n\xe2\x80\x94 AAAAAQI=\n",
		"text\n\n\xe2\x80\x94  AAAAAQI=\n", "text\n\n\xe2\x80\x94 a+b AAAAAQI=\n",
		"text\n\n\xe2\x80\x94 a AAAAAQI\n", "text\n\n\xe2\x80\x94 a AAAAAQJ=\n",
		"text\n\n\xe2\x80\x94 a AAAAAQ==\n", "text\n\n\xe2\x80\x94 a \n",
		"text\n\n\xe2\x80\x94 a  AAAAAQI=\n", "text\n\n\xe2\x80\x94 a b AAAAAQI=\n",
		"text\n\n\xe2\x80\x94 a\xc2\xa0" "b AAAAAQI=\n",
		"text\n\n\xe2\x80\x94 \xe3\x80\x80 AAAAAQI=\n",
		"text\n\n\xe2\x80\x94 a AAAAAQI=", "text\n\n\xe2\x80\x94 a AAAAAQI= \n",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (parses(refused[i]) != FH_ERR_FORMAT)
			fail_msg("number %zu was accepted: %s", i, refused[i]);
	}
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	struct fh_span whole = FH_SPAN_LIT("text\n\n" LINE);
	struct fh_note n;

	assert_int_equal(fh_note_parse(whole, &n), FH_ERR_OK);
	for (size_t cut = 0; cut < whole.n; cut++)
		assert_int_equal(fh_note_parse(fh_span_first(whole, cut), &n), FH_ERR_FORMAT);
}

static void bounds_signatures_names_and_size(void **state)
{
	(void)state;
	static uint8_t room[FH_NOTE_MAX + 2];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	char named[320];
	struct fh_note n;

	fh_builder_text(&b, "text\n\n");
	for (size_t i = 0; i < FH_NOTE_SIGNATURES_MAX; i++)
		fh_builder_text(&b, LINE);
	assert_int_equal(fh_note_parse(fh_builder_span(&b), &n), FH_ERR_OK);
	assert_int_equal(n.signatures, FH_NOTE_SIGNATURES_MAX);
	fh_builder_text(&b, LINE);
	assert_false(b.bad);
	assert_int_equal(fh_note_parse(fh_builder_span(&b), &n), FH_ERR_LIMIT);
	(void)snprintf(named, sizeof(named), "t\n\n\xe2\x80\x94 %0255d AAAAAQI=\n", 0);
	assert_int_equal(fh_note_parse(fh_span_str(named), &n), FH_ERR_OK);
	(void)snprintf(named, sizeof(named), "t\n\n\xe2\x80\x94 %0256d AAAAAQI=\n", 0);
	assert_int_equal(fh_note_parse(fh_span_str(named), &n), FH_ERR_LIMIT);
	memset(room, 'a', sizeof(room));
	assert_int_equal(fh_note_parse(fh_span_of(room, FH_NOTE_MAX + 1), &n), FH_ERR_LIMIT);
	assert_int_equal(fh_note_parse(fh_span_of(room, FH_NOTE_MAX), &n), FH_ERR_FORMAT);
}

/* C2SP signed-note's example key: the rule for key ids, with its own type.  */
static void key_ids_follow_c2sp(void **state)
{
	(void)state;
	uint8_t key[33];
	struct fh_builder b = FH_BUILDER_ARRAY(key);
	struct fh_sha256 s;

	assert_int_equal(fh_base64_read(FH_SPAN_LIT("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
					&b),
			 FH_ERR_OK);
	assert_int_equal(key[0], FH_NOTE_ED25519);
	fh_sha256_begin(&s);
	fh_sha256_add(&s, FH_SPAN_LIT("example.com/foo\n"));
	fh_sha256_add(&s, fh_builder_span(&b));
	struct fh_hash h = fh_sha256_end(&s);

	assert_memory_equal(h.bytes, "\x53\x0d\x90\x3a", 4);
	fh_sha256_begin(&s);
	fh_sha256_add(&s, FH_SPAN_LIT("n\n\xff" "freehold/ml-dsa-65" "key"));
	h = fh_sha256_end(&s);
	assert_int_equal(fh_note_mldsa65_key_id(FH_SPAN_LIT("n"), FH_SPAN_LIT("key")),
			 (uint32_t)h.bytes[0] << 24 | h.bytes[1] << 16 | h.bytes[2] << 8
				 | h.bytes[3]);
}

static void reads_back_the_line_it_writes(void **state)
{
	(void)state;
	static uint8_t room[8192], signature[FH_MLDSA65_SIGNATURE_SIZE], back[sizeof(signature)];

	for (size_t n = 1; n <= sizeof(signature); n += n < 8 ? 1 : 3301) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_note note;

		memset(signature, (int)n, sizeof(signature));
		fh_builder_text(&b, "text\n\n");
		fh_note_put_signature(&b, FH_SPAN_LIT("me"), 0xfedcba98, fh_span_of(signature, n));
		assert_int_equal(fh_note_parse(fh_builder_span(&b), &note), FH_ERR_OK);
		assert_int_equal(note.signature[0].key_id, 0xfedcba98);
		assert_int_equal(fh_note_signature_bytes(&note.signature[0], back, n), FH_ERR_OK);
		assert_memory_equal(back, signature, n);
	}
}

static void writes_these_bytes(void **state)
{
	(void)state;
	uint8_t room[128];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_note_put_signature(&b, FH_SPAN_LIT("a"), 1, FH_SPAN_LIT("\x02"));
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT("\xe2\x80\x94 a AAAAAQI=\n")));
	b.n = 0;
	fh_note_put_mldsa65_vkey(&b, FH_SPAN_LIT("n"), FH_SPAN_LIT("key"));
	struct fh_span made = fh_builder_span(&b);

	assert_true(fh_span_starts(made, FH_SPAN_LIT("n+")));
	assert_true(fh_span_equal(fh_span_skip(made, 10),
				  FH_SPAN_LIT("+/2ZyZWVob2xkL21sLWRzYS02NWtleQ==")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_text_and_signatures),
		cmocka_unit_test(refuses_malformed_notes),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(bounds_signatures_names_and_size),
		cmocka_unit_test(key_ids_follow_c2sp),
		cmocka_unit_test(reads_back_the_line_it_writes),
		cmocka_unit_test(writes_these_bytes),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
