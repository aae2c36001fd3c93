/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/cosignature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/cosign.h"
#include "crypto/signature.h"

#define ORIGIN "freehold/example"
#define VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

static const uint8_t types[] = { FH_NOTE_ED25519, FH_NOTE_ED25519_COSIGNATURE,
				 FH_NOTE_MLDSA44_COSIGNATURE };

static enum fh_cosigner algorithm(uint8_t type)
{
	return type == FH_NOTE_MLDSA44_COSIGNATURE ? FH_COSIGNER_MLDSA44 : FH_COSIGNER_ED25519;
}

static struct fh_secret seed_of(uint8_t byte)
{
	struct fh_secret s = { .n = FH_COSIGNER_SEED_SIZE };

	memset(s.bytes, byte, s.n);
	return s;
}

static struct fh_checkpoint example(void)
{
	struct fh_checkpoint c = { FH_SPAN_LIT(ORIGIN), 70000, { { 0 } } };

	memset(c.root.bytes, 0x0a, sizeof(c.root.bytes));
	return c;
}

/* RFC 8032, section 7.1, test 2.  */
static void signs_ed25519_as_others_do(void **state)
{
	(void)state;
	struct fh_secret seed = { .n = 32 };
	uint8_t public[32], signature[64], room[128], message[] = { 0x72 };
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	assert_int_equal(fh_hex_read(FH_SPAN_LIT(
		"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
		seed.bytes, 32), FH_ERR_OK);
	assert_int_equal(fh_hex_read(FH_SPAN_LIT(
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), public, 32),
		FH_ERR_OK);
	assert_int_equal(fh_hex_read(FH_SPAN_LIT(
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"), signature, 64),
		FH_ERR_OK);
	assert_int_equal(fh_cosign_public(FH_COSIGNER_ED25519, &seed, &b), FH_ERR_OK);
	assert_int_equal(fh_cosign(FH_COSIGNER_ED25519, &seed, FH_SPAN_ARRAY(message), &b),
			 FH_ERR_OK);
	assert_memory_equal(room, public, 32);
	assert_memory_equal(room + 32, signature, 64);
	assert_int_equal(fh_cosigner_check(FH_COSIGNER_ED25519, FH_SPAN_ARRAY(public),
					   FH_SPAN_ARRAY(message), FH_SPAN_ARRAY(signature)),
			 FH_ERR_OK);
	signature[40] ^= 1;
	assert_int_equal(fh_cosigner_check(FH_COSIGNER_ED25519, FH_SPAN_ARRAY(public),
					   FH_SPAN_ARRAY(message), FH_SPAN_ARRAY(signature)),
			 FH_ERR_SIGNATURE);
}

static void reads_verifier_keys_and_writes_them_back(void **state)
{
	(void)state;
	struct fh_note_key k;

	assert_int_equal(fh_note_key_read(FH_SPAN_LIT(VKEY), &k), FH_ERR_OK);
	assert_int_equal(k.id, 0x530d903a);
	assert_int_equal(k.type, FH_NOTE_ED25519);
	for (size_t i = 0; i < sizeof(types); i++) {
		uint8_t public[FH_COSIGNER_PUBLIC_MAX], text[4096];
		struct fh_builder p = FH_BUILDER_ARRAY(public), b = FH_BUILDER_ARRAY(text);
		struct fh_secret seed = seed_of((uint8_t)i);

		assert_int_equal(fh_cosign_public(algorithm(types[i]), &seed, &p), FH_ERR_OK);
		fh_note_put_vkey(&b, FH_SPAN_LIT("w/1"), types[i], fh_builder_span(&p));
		assert_int_equal(fh_note_key_read(fh_builder_span(&b), &k), FH_ERR_OK);
		assert_int_equal(k.type, types[i]);
		assert_int_equal(k.id, fh_note_key_id(FH_SPAN_LIT("w/1"), types[i],
						      fh_builder_span(&p)));
		for (size_t cut = 0; cut < b.n; cut++)
			assert_int_not_equal(fh_note_key_read(fh_span_of(text, cut), &k),
					     FH_ERR_OK);
	}
}

static void tells_keys_it_cannot_use_from_none(void **state)
{
	(void)state;
	uint8_t text[4096];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_note_key k;

	fh_note_put_vkey(&b, FH_SPAN_LIT("w"), 0x07, FH_SPAN_LIT("some key"));
	assert_int_equal(fh_note_key_read(fh_builder_span(&b), &k), FH_ERR_UNSUPPORTED);
	b.n = 0;
	fh_note_put_vkey(&b, FH_SPAN_LIT("w"), FH_NOTE_ED25519, FH_SPAN_LIT("too short"));
	assert_int_equal(fh_note_key_read(fh_builder_span(&b), &k), FH_ERR_FORMAT);
	assert_int_equal(fh_note_key_read(FH_SPAN_LIT("a" VKEY), &k), FH_ERR_FORMAT);
	assert_int_equal(fh_note_key_read(FH_SPAN_LIT(""), &k), FH_ERR_FORMAT);
}

/* docs/spec/NOTE, "Golden bytes".  */
static void signs_what_the_specification_says(void **state)
{
	(void)state;
	static const char golden[] =
		"737562747265652f76310a000377" "2f31000000006955b90010" "66726565686f6c642f6578616d"
		"706c65000000000000000000000000" "00011170"
		"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
	struct fh_checkpoint c = example();
	uint8_t text_room[256], room[512], hex[1024];
	struct fh_builder text = FH_BUILDER_ARRAY(text_room), b = FH_BUILDER_ARRAY(room);
	struct fh_builder h = FH_BUILDER_ARRAY(hex);

	fh_checkpoint_put_text(&text, &c);
	fh_cosignature_put_signed(&b, FH_NOTE_MLDSA44_COSIGNATURE, FH_SPAN_LIT("w/1"), 1767225600,
				  fh_builder_span(&text));
	fh_builder_hex(&h, fh_builder_span(&b));
	assert_true(fh_span_equal(fh_builder_span(&h), fh_span_str(golden)));
	b.n = 0;
	fh_cosignature_put_signed(&b, FH_NOTE_ED25519_COSIGNATURE, FH_SPAN_LIT("w/1"), 1767225600,
				  fh_builder_span(&text));
	assert_true(fh_span_starts(fh_builder_span(&b),
				   FH_SPAN_LIT("cosignature/v1\ntime 1767225600\n" ORIGIN
					       "\n70000\n")));
}

/* A checkpoint with a line of each type.  */
struct signed_note {
	uint8_t bytes[16384], keys[3][4096];
	struct fh_builder note;
	struct fh_note_key key[3];
};

static void make_note(struct signed_note *n)
{
	struct fh_checkpoint c = example();
	uint8_t text_room[256];
	struct fh_builder text = FH_BUILDER_ARRAY(text_room);

	n->note = FH_BUILDER_ARRAY(n->bytes);
	fh_checkpoint_put_text(&text, &c);
	fh_builder_bytes(&n->note, fh_builder_span(&text));
	fh_builder_text(&n->note, "\n");
	for (size_t i = 0; i < sizeof(types); i++) {
		uint8_t public[FH_COSIGNER_PUBLIC_MAX], blob[2600], message[600];
		struct fh_builder p = FH_BUILDER_ARRAY(public), s = FH_BUILDER_ARRAY(blob);
		struct fh_builder m = FH_BUILDER_ARRAY(message), v = FH_BUILDER_ARRAY(n->keys[i]);
		struct fh_secret seed = seed_of((uint8_t)(i + 1));
		struct fh_span name = FH_SPAN_LIT("w/1");

		fh_cosignature_put_signed(&m, types[i], name, 77, fh_builder_span(&text));
		if (fh_note_type_timed(types[i]))
			fh_builder_be64(&s, 77);
		assert_int_equal(fh_cosign(algorithm(types[i]), &seed, fh_builder_span(&m), &s),
				 FH_ERR_OK);
		assert_int_equal(fh_cosign_public(algorithm(types[i]), &seed, &p), FH_ERR_OK);
		fh_note_put_signature(&n->note, name,
				      fh_note_key_id(name, types[i], fh_builder_span(&p)),
				      fh_builder_span(&s));
		fh_note_put_vkey(&v, name, types[i], fh_builder_span(&p));
		assert_int_equal(fh_note_key_read(fh_builder_span(&v), &n->key[i]), FH_ERR_OK);
	}
	assert_false(n->note.bad);
}

static void checks_each_type_of_line(void **state)
{
	(void)state;
	static struct signed_note made;
	struct fh_note note;
	uint64_t time = 1;

	make_note(&made);
	assert_int_equal(fh_note_parse(fh_builder_span(&made.note), &note), FH_ERR_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(fh_cosignature_check(&made.key[i], &note, &time), FH_ERR_OK);
		assert_int_equal(time, i == 0 ? 0 : 77);
	}
	/* Another size: every line is wrong.  */
	uint8_t *digit = memchr(made.bytes, '7', made.note.n);

	*digit = '8';
	assert_int_equal(fh_note_parse(fh_builder_span(&made.note), &note), FH_ERR_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fh_cosignature_check(&made.key[i], &note, &time),
				 FH_ERR_SIGNATURE);
	note.signatures = 1;
	assert_int_equal(fh_cosignature_check(&made.key[1], &note, &time), FH_ERR_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_ed25519_as_others_do),
		cmocka_unit_test(reads_verifier_keys_and_writes_them_back),
		cmocka_unit_test(tells_keys_it_cannot_use_from_none),
		cmocka_unit_test(signs_what_the_specification_says),
		cmocka_unit_test(checks_each_type_of_line),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
