/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "image_fixture.h"

#define DATA "what it works on"

struct made {
	uint8_t file[16384];
	size_t n;
	struct fh_pe pe;
};

static fh_err read_made(struct made *m)
{
	return fh_pe_read(fh_span_of(m->file, m->n), &m->pe, nullptr);
}

static struct made *two_sections(void)
{
	static struct made m;
	const struct image_section two[] = {
		{ ".text", FH_SPAN_LIT("the code that is started") },
		{ ".data", FH_SPAN_LIT(DATA) },
	};

	m.n = image_make(m.file, two, 2);
	assert_int_equal(read_made(&m), FH_ERR_OK);
	return &m;
}

static struct fh_digest digest_of(struct made *m)
{
	assert_int_equal(read_made(m), FH_ERR_OK);
	return fh_pe_authenticode(&m->pe, FH_BANK_SHA256);
}

static void assert_same(struct fh_digest a, struct fh_digest b)
{
	assert_true(fh_span_equal(fh_digest_span(&a), fh_digest_span(&b)));
}

static void assert_other(struct fh_digest a, struct fh_digest b)
{
	assert_false(fh_span_equal(fh_digest_span(&a), fh_digest_span(&b)));
}

static void reads_sections_by_name(void **state)
{
	(void)state;
	struct made *m = two_sections();

	assert_int_equal(m->pe.machine, FH_PE_X86_64);
	assert_int_equal(m->pe.sections, 2);
	assert_true(fh_span_equal(m->pe.section[0].name, FH_SPAN_LIT(".text")));
	assert_int_equal(m->pe.section[1].memory_size, strlen(DATA));
	assert_true(fh_span_starts(m->pe.section[1].bytes, FH_SPAN_LIT(DATA)));
	assert_int_equal(m->pe.certificates.n, 0);
}

/* The specification in other words: the whole file without checksum and the
 * certificate table's entry, as long as the sections fill it in order.  */
static void the_digest_leaves_out_what_signing_changes(void **state)
{
	(void)state;
	struct made *m = two_sections();

	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) {
		struct fh_span file = fh_span_of(m->file, m->n);
		struct fh_bank_hash h;

		fh_bank_hash_begin(&h, fh_banks[i]);
		fh_bank_hash_add(&h, fh_span_first(file, IMAGE_CHECKSUM));
		file = fh_span_skip(file, IMAGE_CHECKSUM + 4);
		fh_bank_hash_add(&h, fh_span_first(file, IMAGE_CERTIFICATE - IMAGE_CHECKSUM - 4));
		file = fh_span_skip(file, IMAGE_CERTIFICATE - IMAGE_CHECKSUM + 4);
		fh_bank_hash_add(&h, file);
		assert_same(fh_bank_hash_end(&h), fh_pe_authenticode(&m->pe, fh_banks[i]));
	}
}

static void a_signature_does_not_change_the_digest(void **state)
{
	(void)state;
	struct made *m = two_sections();
	struct fh_digest before = digest_of(m);

	m->n = image_sign(m->file, m->n, 1024);
	assert_same(before, digest_of(m));
	assert_int_equal(m->pe.certificates.n, 1024);
}

/* Flips each byte: the image is refused or has another digest, unless the byte is
 * one of those that signing changes.  */
static void every_other_byte_changes_the_digest(void **state)
{
	(void)state;
	struct made *m = two_sections();
	struct fh_digest before = digest_of(m);
	size_t changed = 0;

	for (size_t at = 0; at < m->n; at++) {
		bool signing = (at >= IMAGE_CHECKSUM && at < IMAGE_CHECKSUM + 4) ||
			       (at >= IMAGE_CERTIFICATE && at < IMAGE_CERTIFICATE + 8);

		m->file[at] ^= 0x11;
		if (signing && read_made(m) == FH_ERR_OK)
			assert_same(before, digest_of(m));
		else if (!signing && read_made(m) == FH_ERR_OK && ++changed > 0)
			assert_other(before, digest_of(m));
		m->file[at] ^= 0x11;
	}
	assert_true(changed > 1000);
}

/* The order of the table says nothing about where sections lie.  */
static void sections_count_in_the_order_of_the_file(void **state)
{
	(void)state;
	struct made *m = two_sections();
	uint8_t first[40], *table = m->file + IMAGE_TABLE;
	struct fh_digest end = digest_of(m);
	struct fh_bank_hash h;
	struct fh_span file = fh_span_of(m->file, m->n);

	memcpy(first, table, 40);
	memmove(table, table + 40, 40);
	memcpy(table + 40, first, 40);
	fh_bank_hash_begin(&h, FH_BANK_SHA256);
	fh_bank_hash_add(&h, fh_span_first(file, IMAGE_CHECKSUM));
	fh_bank_hash_add(&h, fh_span_first(fh_span_skip(file, IMAGE_CHECKSUM + 4),
					   IMAGE_CERTIFICATE - IMAGE_CHECKSUM - 4));
	fh_bank_hash_add(&h, fh_span_skip(file, IMAGE_CERTIFICATE + 8));
	assert_same(fh_bank_hash_end(&h), digest_of(m));
	assert_other(end, digest_of(m));
}

static void what_is_behind_the_sections_counts(void **state)
{
	(void)state;
	struct made *m = two_sections();
	struct fh_digest before = digest_of(m), with;

	memset(m->file + m->n, 7, 8);
	m->n += 8;
	with = digest_of(m);
	assert_other(before, with);
	m->n = image_sign(m->file, m->n, 64);
	assert_same(with, digest_of(m));
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	struct made *m = two_sections();
	size_t whole = m->n;

	for (m->n = 0; m->n < whole; m->n++)
		assert_int_not_equal(read_made(m), FH_ERR_OK);
	m->n = image_sign(m->file, whole, 64);
	for (whole = m->n, m->n = 0; m->n < whole; m->n++)
		assert_int_not_equal(read_made(m), FH_ERR_OK);
}

/* One field of a good image set to V.  */
static void refuse_field(size_t at, size_t width, uint64_t v)
{
	struct made *m = two_sections();
	struct fh_pe untouched = { .sections = 77 };

	image_le(m->file, at, width, v);
	m->pe = untouched;
	assert_int_not_equal(read_made(m), FH_ERR_OK);
	assert_int_equal(m->pe.sections, 77);
}

static void refuses_other_formats(void **state)
{
	(void)state;
	refuse_field(0, 2, 0x457f);            /* not MZ */
	refuse_field(0x3c, 4, 0x3c);           /* a PE header inside the DOS header */
	refuse_field(0x3c, 4, 0xfffffff0);     /* or behind the file */
	refuse_field(IMAGE_PE, 4, 0x0000454e); /* NE */
	refuse_field(IMAGE_OPTIONAL, 2, 0x107); /* a ROM image */
	refuse_field(IMAGE_OPTIONAL + 108, 4, 17);
	refuse_field(IMAGE_OPTIONAL + 108, 4, 15); /* not what the header's size says */
	refuse_field(IMAGE_PE + 20, 2, 96);
}

static void refuses_sections_that_are_not_there(void **state)
{
	(void)state;
	size_t row = IMAGE_TABLE + 40;

	refuse_field(IMAGE_PE + 6, 2, FH_PE_SECTIONS_MAX + 1);
	refuse_field(IMAGE_PE + 6, 2, 9);                /* more than the headers hold */
	refuse_field(IMAGE_OPTIONAL + 60, 4, IMAGE_TABLE + 79);
	refuse_field(IMAGE_OPTIONAL + 60, 4, 1 << 20);
	refuse_field(row + 20, 4, 1 << 20);              /* outside the file */
	refuse_field(row + 16, 4, 0xffffffff);
	refuse_field(row + 12, 4, 0xfffff000);           /* outside the image */
	refuse_field(row + 8, 4, 0xffffffff);
}

static void refuses_sections_that_overlap(void **state)
{
	(void)state;
	size_t row = IMAGE_TABLE + 40;
	struct made *m = two_sections();
	size_t first = m->pe.section[0].offset;

	refuse_field(row + 20, 4, 64);             /* the headers */
	refuse_field(row + 20, 4, first);          /* each other, in the file */
	refuse_field(row + 20, 4, first + 511);
	refuse_field(row + 12, 4, 4096);           /* and in memory */
	refuse_field(row + 12, 4, 4096 - 1);
}

static void refuses_a_certificate_table_that_is_not_the_end(void **state)
{
	(void)state;
	struct made *m = two_sections();

	m->n = image_sign(m->file, m->n, 64);
	assert_int_equal(read_made(m), FH_ERR_OK);
	m->n++;
	assert_int_not_equal(read_made(m), FH_ERR_OK);
	m->n--;
	image_le(m->file, IMAGE_CERTIFICATE, 4, m->n - 56);
	assert_int_not_equal(read_made(m), FH_ERR_OK);
	image_le(m->file, IMAGE_CERTIFICATE + 4, 4, 56);
	assert_int_equal(read_made(m), FH_ERR_OK);
	image_le(m->file, IMAGE_CERTIFICATE, 4, m->n - 72); /* reaches into a section */
	image_le(m->file, IMAGE_CERTIFICATE + 4, 4, 72);
	assert_int_not_equal(read_made(m), FH_ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sections_by_name),
		cmocka_unit_test(the_digest_leaves_out_what_signing_changes),
		cmocka_unit_test(a_signature_does_not_change_the_digest),
		cmocka_unit_test(every_other_byte_changes_the_digest),
		cmocka_unit_test(sections_count_in_the_order_of_the_file),
		cmocka_unit_test(what_is_behind_the_sections_counts),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_other_formats),
		cmocka_unit_test(refuses_sections_that_are_not_there),
		cmocka_unit_test(refuses_sections_that_overlap),
		cmocka_unit_test(refuses_a_certificate_table_that_is_not_the_end),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
