/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

static const uint8_t name_bytes[FH_SEAL_NAME_SIZE] = { 0x0e };
static const uint8_t salt_one[FH_SALT_SIZE] = { 1 }, salt_two[FH_SALT_SIZE] = { 2 };
static const uint8_t actor[] = { 0x63, 'a', 'm', 'y' };
static const uint8_t effect[] = { 0x82, 0xf5, 0x80 };

static struct fh_secret key_of(uint8_t byte)
{
	struct fh_secret k = { .n = FH_SEAL_KEY_SIZE };

	memset(k.bytes, byte, k.n);
	return k;
}

static struct fh_fields two_fields(void)
{
	return (struct fh_fields){ .n = 2, .field = {
		{ FH_FIELD_ACTOR, FH_SPAN_ARRAY(salt_one), FH_SPAN_ARRAY(actor) },
		{ FH_FIELD_EFFECT, FH_SPAN_ARRAY(salt_two), FH_SPAN_ARRAY(effect) } } };
}

static struct fh_leaf entry(uint64_t index)
{
	struct fh_fields f = two_fields();

	return (struct fh_leaf){ .index = index, .fields = fh_fields_root(&f) };
}

/* Entry 7 with the actor under keys of 11 and the effect under keys of 22.  */
static struct fh_span sealed_payload(uint8_t *room, size_t cap)
{
	static const bool first[FH_FIELDS_MAX] = { true }, second[FH_FIELDS_MAX] = { false, true };
	struct fh_builder b = fh_builder_of(room, cap);
	struct fh_secret one = key_of(0x11), two = key_of(0x22);
	FH_OWN(fh_aead) aead = { 0 };
	const struct fh_sealer with[] = { { FH_SPAN_ARRAY(name_bytes), &one, &aead },
					  { FH_SPAN_ARRAY(name_bytes), &two, &aead } };
	struct fh_fields f = two_fields();
	const struct fh_leaf leaf = entry(7);
	uint8_t plain[512];

	fh_sealed_put_head(&b, 2);
	assert_int_equal(fh_sealed_put_part(&b, &f, first, &with[0], &leaf,
					    FH_SPAN_ARRAY(plain)), FH_ERR_OK);
	assert_int_equal(fh_sealed_put_part(&b, &f, second, &with[1], &leaf,
					    FH_SPAN_ARRAY(plain)), FH_ERR_OK);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static void opens_each_part_with_its_key(void **state)
{
	uint8_t bytes[1024], first[512], second[512];
	struct fh_span payload = sealed_payload(bytes, sizeof(bytes));
	struct fh_secret one = key_of(0x11), two = key_of(0x22);
	struct fh_fields opened = { 0 }, sealed = two_fields();
	const struct fh_leaf seventh = entry(7);
	struct fh_sealed s;

	(void)state;
	assert_true(fh_payload_is_sealed(payload));
	assert_int_equal(fh_sealed_read(payload, &s), FH_ERR_OK);
	assert_int_equal(s.parts, 2);
	/* In any order, the fields come in that of their ids.  */
	assert_int_equal(fh_sealed_open_part(&s.part[1], &two, &seventh, second, &opened),
			 FH_ERR_OK);
	assert_int_equal(opened.n, 1);
	assert_int_equal(fh_sealed_open_part(&s.part[0], &one, &seventh, first, &opened),
			 FH_ERR_OK);
	assert_int_equal(opened.n, 2);
	assert_int_equal(opened.field[0].id, FH_FIELD_ACTOR);
	assert_true(fh_span_equal(opened.field[0].value, FH_SPAN_ARRAY(actor)));
	struct fh_hash was = fh_fields_root(&sealed), is = fh_fields_root(&opened);

	assert_true(fh_hash_equal(&was, &is));
	/* Twice is once too often.  */
	assert_int_equal(fh_sealed_open_part(&s.part[0], &one, &seventh, first, &opened),
			 FH_ERR_FORMAT);
	assert_int_equal(opened.n, 2);
}

static void another_key_index_or_root_opens_nothing(void **state)
{
	uint8_t bytes[1024], room[512];
	struct fh_span payload = sealed_payload(bytes, sizeof(bytes));
	struct fh_secret one = key_of(0x11), two = key_of(0x22);
	struct fh_leaf seventh = entry(7), eighth = entry(8);
	struct fh_fields opened = { 0 };
	struct fh_sealed s;

	(void)state;
	assert_int_equal(fh_sealed_read(payload, &s), FH_ERR_OK);
	assert_int_equal(fh_sealed_open_part(&s.part[0], &two, &seventh, room, &opened),
			 FH_ERR_MISSING);
	assert_int_equal(fh_sealed_open_part(&s.part[0], &one, &eighth, room, &opened),
			 FH_ERR_MISSING);
	seventh.fields.bytes[0] ^= 1;
	assert_int_equal(fh_sealed_open_part(&s.part[0], &one, &seventh, room, &opened),
			 FH_ERR_MISSING);
	assert_int_equal(opened.n, 0);
}

static void every_altered_byte_is_noticed(void **state)
{
	uint8_t bytes[1024], room[512];
	struct fh_span payload = sealed_payload(bytes, sizeof(bytes));
	struct fh_secret key[] = { key_of(0x11), key_of(0x22) };
	const struct fh_leaf seventh = entry(7);

	(void)state;
	for (size_t i = 0; i < payload.n; i++) {
		struct fh_fields opened = { 0 };
		struct fh_sealed s;

		bytes[i] ^= 1;
		fh_err e = fh_sealed_read(payload, &s);

		for (size_t k = 0; k < 2 && e == FH_ERR_OK; k++)
			e = s.parts == 2 ? fh_sealed_open_part(&s.part[k], &key[k], &seventh, room,
							       &opened)
					 : FH_ERR_FORMAT;
		assert_int_not_equal(e, FH_ERR_OK);
		bytes[i] ^= 1;
	}
	for (size_t n = 0; n < payload.n; n++) {
		struct fh_sealed s;

		assert_int_not_equal(fh_sealed_read(fh_span_first(payload, n), &s), FH_ERR_OK);
	}
}

/* The longest actor and the shortest one of a bucket look the same.  */
/* A text with the salt of 44, under keys of 11.  */
static struct fh_span sealed_text(const char *text, uint8_t *bytes, size_t n)
{
	static uint8_t salt[FH_SALT_SIZE], room[512];
	struct fh_builder b = fh_builder_of(bytes, n);
	struct fh_secret key = key_of(0x11);

	memset(salt, 0x44, sizeof(salt));
	assert_int_equal(fh_sealed_text_put(&b, fh_span_str(text),
					    FH_SPAN_LIT("0123456789abcdef"), &key,
					    FH_SPAN_ARRAY(salt), FH_SPAN_ARRAY(room)),
			 FH_ERR_OK);
	return fh_builder_span(&b);
}

static void a_text_of_no_entry_opens_with_its_key_alone(void **state)
{
	uint8_t bytes[1024], room[512];
	struct fh_span sealed = sealed_text("who used what", bytes, sizeof(bytes)), text;
	struct fh_secret one = key_of(0x11), two = key_of(0x22);
	struct fh_sealed_text s;

	(void)state;
	assert_null(memmem(bytes, sealed.n, "who", 3));
	assert_true(sealed.n <= FH_SEAL_BUCKET_MIN + FH_SEAL_TEXT_OVERHEAD);
	assert_int_equal(fh_sealed_text_read(sealed, 512, &s), FH_ERR_OK);
	assert_int_equal(fh_sealed_text_open(&s, &one, room, &text), FH_ERR_OK);
	assert_true(fh_span_equal(text, FH_SPAN_LIT("who used what")));
	assert_int_equal(fh_sealed_text_open(&s, &two, room, &text), FH_ERR_SIGNATURE);
	assert_int_equal(fh_sealed_text_read(sealed, 100, &s), FH_ERR_LIMIT);
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_not_equal(fh_sealed_text_read(fh_span_first(sealed, n), 512, &s),
				     FH_ERR_OK);
	for (size_t i = 0; i < sealed.n; i++) {
		bytes[i] ^= 1;
		fh_err e = fh_sealed_text_read(sealed, 512, &s);

		if (e == FH_ERR_OK)
			e = fh_sealed_text_open(&s, &one, room, &text);
		assert_int_not_equal(e, FH_ERR_OK);
		bytes[i] ^= 1;
	}
}

static void lengths_are_those_of_buckets(void **state)
{
	(void)state;
	assert_int_equal(fh_seal_bucket(0), 128);
	assert_int_equal(fh_seal_bucket(128), 128);
	assert_int_equal(fh_seal_bucket(129), 192);
	assert_int_equal(fh_seal_bucket(193), 256);
	assert_int_equal(fh_seal_bucket(257), 384);
	assert_int_equal(fh_seal_bucket(70000), 98304);
	assert_int_equal(fh_seal_bucket(98305), 131072);
	for (size_t n = 1; n < 5000; n++) {
		assert_true(fh_seal_bucket(n) >= n);
		assert_int_equal(fh_seal_bucket(fh_seal_bucket(n)), fh_seal_bucket(n));
	}
}

/* Whoever sealed can have put anything behind the tag.  */
static void what_is_no_openings_is_refused(void **state)
{
	static const uint8_t zeros[FH_AEAD_NONCE_SIZE];
	struct fh_secret batch = key_of(0x11), key = { 0 }, both = { 0 };
	const struct fh_leaf seventh = entry(7);
	uint8_t info_bytes[64], plain[128] = { 0x80 }, sealed[128 + FH_AEAD_TAG_SIZE], room[128];
	struct fh_builder info = FH_BUILDER_ARRAY(info_bytes);
	struct fh_fields opened = { 0 };

	(void)state;
	fh_builder_text(&info, "freehold/entry/v1");
	fh_builder_be64(&info, 7);
	fh_builder_bytes(&info, fh_hash_span(&seventh.fields));
	assert_int_equal(fh_hkdf_expand(&batch, fh_builder_span(&info), 64, &both), FH_ERR_OK);
	assert_int_equal(fh_secret_from(fh_span_of(both.bytes, 32), &key), FH_ERR_OK);
	struct fh_sealed_part p = { FH_SPAN_ARRAY(name_bytes), fh_span_of(both.bytes + 32, 32),
				    FH_SPAN_ARRAY(sealed) };

	assert_int_equal(fh_aead_seal(&key, zeros, p.name, FH_SPAN_ARRAY(plain), sealed),
			 FH_ERR_OK);
	assert_int_equal(fh_sealed_open_part(&p, &batch, &seventh, room, &opened), FH_ERR_OK);
	plain[127] = 1; /* padding that is none */
	assert_int_equal(fh_aead_seal(&key, zeros, p.name, FH_SPAN_ARRAY(plain), sealed),
			 FH_ERR_OK);
	assert_int_equal(fh_sealed_open_part(&p, &batch, &seventh, room, &opened), FH_ERR_FORMAT);
	plain[0] = 0x01; /* no array */
	plain[127] = 0;
	assert_int_equal(fh_aead_seal(&key, zeros, p.name, FH_SPAN_ARRAY(plain), sealed),
			 FH_ERR_OK);
	assert_int_equal(fh_sealed_open_part(&p, &batch, &seventh, room, &opened), FH_ERR_FORMAT);
	assert_int_equal(opened.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_each_part_with_its_key),
		cmocka_unit_test(another_key_index_or_root_opens_nothing),
		cmocka_unit_test(a_text_of_no_entry_opens_with_its_key_alone),
		cmocka_unit_test(every_altered_byte_is_noticed),
		cmocka_unit_test(lengths_are_those_of_buckets),
		cmocka_unit_test(what_is_no_openings_is_refused),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
