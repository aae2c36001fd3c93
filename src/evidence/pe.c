/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pe.h"

#include "base/cursor.h"

/* The PE format specification's numbers.  */
constexpr size_t new_header_at = 0x3c;   /* where a DOS header says where the PE header is */
constexpr uint16_t magic_32 = 0x010b;    /* PE32 */
constexpr uint16_t magic_64 = 0x020b;    /* PE32+ */
constexpr size_t directories_max = 16;   /* the format knows no more */
constexpr size_t certificate_index = 4;  /* of the attribute certificate table among them */
constexpr size_t checksum_at = 64;       /* in the optional header */
constexpr size_t alignment = 8;          /* of the certificate table */

static fh_err refuse(struct fh_trace *t, const char *what)
{
	fh_trace_what(t, "not an image that firmware starts: %s", what);
	fh_trace_cure(t, "give the file as it was built; it may be cut off or damaged");
	return FH_ERR_FORMAT;
}

/* What the headers say about the rest of the file.  */
struct outline {
	size_t sections;
	size_t table;          /* offset of the section table */
	uint32_t image_size;   /* in memory */
	uint32_t certificates; /* offset in the file; the one directory that is one */
	uint32_t certificates_size;
};

/* Cursor C stands behind the optional header's magic; only the width of a few
 * fields tells PE32 and PE32+ apart.  */
static fh_err read_optional(struct fh_cursor *c, bool wide, size_t optional_size,
			    struct fh_pe *pe, struct outline *o)
{
	uint32_t n;

	fh_cursor_take(c, 54); /* code and data sizes, entry point, base, versions */
	o->image_size = fh_cursor_le32(c);
	pe->headers = fh_cursor_le32(c);
	fh_cursor_take(c, 4 + 2 + 2 + (wide ? 32 : 16) + 4); /* checksum ... loader flags */
	n = fh_cursor_le32(c);
	if (fh_cursor_bad(c) || n > directories_max ||
	    optional_size != (wide ? 112 : 96) + (size_t)n * 8)
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < n; i++) {
		size_t at = pe->file.n - c->rest.n;
		uint32_t where = fh_cursor_le32(c), size = fh_cursor_le32(c);

		if (i != certificate_index)
			continue;
		pe->certificate_entry = at;
		o->certificates = where;
		o->certificates_size = size;
	}
	return fh_cursor_bad(c) ? c->why : FH_ERR_OK;
}

static fh_err read_headers(struct fh_pe *pe, struct outline *o)
{
	struct fh_cursor dos = fh_cursor_of(pe->file), c;
	size_t optional_size;
	uint16_t magic;
	uint32_t at;

	fh_cursor_expect(&dos, FH_SPAN_LIT("MZ"));
	fh_cursor_take(&dos, new_header_at - 2);
	at = fh_cursor_le32(&dos);
	if (fh_cursor_bad(&dos) || at < new_header_at + 4)
		return FH_ERR_FORMAT;
	c = fh_cursor_of(fh_span_skip(pe->file, at));
	fh_cursor_expect(&c, FH_SPAN_LIT("PE\0\0"));
	pe->machine = fh_cursor_le16(&c);
	o->sections = fh_cursor_le16(&c);
	fh_cursor_take(&c, 12); /* time, and the symbols of an object */
	optional_size = fh_cursor_le16(&c);
	fh_cursor_le16(&c); /* characteristics */
	pe->checksum = pe->file.n - c.rest.n + checksum_at;
	o->table = pe->file.n - c.rest.n + optional_size;
	magic = fh_cursor_le16(&c);
	if (fh_cursor_bad(&c) || (magic != magic_32 && magic != magic_64))
		return FH_ERR_FORMAT;
	return read_optional(&c, magic == magic_64, optional_size, pe, o);
}

static fh_err read_section(struct fh_cursor *c, struct fh_pe *pe, const struct outline *o,
			   struct fh_pe_section *s, struct fh_trace *t)
{
	size_t size;

	s->name = fh_cursor_take(c, FH_PE_NAME_MAX);
	s->name.n = fh_span_find(s->name, 0);
	s->memory_size = fh_cursor_le32(c);
	s->address = fh_cursor_le32(c);
	size = fh_cursor_le32(c);
	s->offset = fh_cursor_le32(c);
	fh_cursor_take(c, 16); /* relocations and line numbers of objects; flags */
	if (fh_cursor_bad(c))
		return refuse(t, "its section table is cut off");
	if ((uint64_t)s->address + s->memory_size > o->image_size)
		return refuse(t, "a section lies outside the image in memory");
	if (size == 0)
		return FH_ERR_OK;
	if (s->offset < pe->headers)
		return refuse(t, "a section overlaps the headers");
	if (s->offset > pe->file.n || size > pe->file.n - s->offset)
		return refuse(t, "a section lies outside the file");
	s->bytes = fh_span_first(fh_span_skip(pe->file, s->offset), size);
	return FH_ERR_OK;
}

/* Sorts sections with bytes by where they are in the file; two may touch but not
 * overlap.  */
static fh_err order_in_file(struct fh_pe *pe, struct fh_trace *t)
{
	size_t end = 0;

	for (size_t i = 0; i < pe->sections; i++) {
		size_t at = pe->in_file_n;

		if (pe->section[i].bytes.n == 0)
			continue;
		while (at > 0 && pe->section[pe->in_file[at - 1]].offset > pe->section[i].offset) {
			pe->in_file[at] = pe->in_file[at - 1];
			at--;
		}
		pe->in_file[at] = (uint8_t)i;
		pe->in_file_n++;
	}
	for (size_t i = 0; i < pe->in_file_n; i++) {
		const struct fh_pe_section *s = &pe->section[pe->in_file[i]];

		if (s->offset < end)
			return refuse(t, "two sections overlap in the file");
		end = s->offset + s->bytes.n;
	}
	return FH_ERR_OK;
}

static bool overlap_in_memory(const struct fh_pe_section *a, const struct fh_pe_section *b)
{
	return a->memory_size > 0 && b->memory_size > 0 &&
	       a->address < (uint64_t)b->address + b->memory_size &&
	       b->address < (uint64_t)a->address + a->memory_size;
}

static fh_err read_sections(struct fh_pe *pe, const struct outline *o, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(fh_span_skip(pe->file, o->table));

	if (o->sections > FH_PE_SECTIONS_MAX) {
		fh_trace_what(t, "has more than %zu sections", FH_PE_SECTIONS_MAX);
		return FH_ERR_LIMIT;
	}
	if (pe->headers > pe->file.n || pe->headers < o->table + 40 * o->sections)
		return refuse(t, "its headers do not hold the section table");
	for (; pe->sections < o->sections; pe->sections++) {
		struct fh_pe_section *s = &pe->section[pe->sections];
		fh_err e = read_section(&c, pe, o, s, t);

		if (e != FH_ERR_OK)
			return e;
		for (size_t i = 0; i < pe->sections; i++) {
			if (overlap_in_memory(&pe->section[i], s))
				return refuse(t, "two sections overlap in memory");
		}
	}
	return order_in_file(pe, t);
}

/* The bytes that the hash takes before what lies behind all sections.  */
static size_t hashed_of(const struct fh_pe *pe)
{
	size_t n = pe->headers;

	for (size_t i = 0; i < pe->in_file_n; i++)
		n += pe->section[pe->in_file[i]].bytes.n;
	return n;
}

/* The table has to be the file's end: firmware subtracts its size from there,
 * wherever it says that it is.  */
static fh_err read_certificates(struct fh_pe *pe, const struct outline *o, struct fh_trace *t)
{
	if (o->certificates_size == 0)
		return FH_ERR_OK;
	if (o->certificates > pe->file.n || o->certificates % alignment != 0 ||
	    pe->file.n - o->certificates != o->certificates_size ||
	    o->certificates < hashed_of(pe))
		return refuse(t, "its certificate table is not the end of the file");
	pe->certificates = fh_span_skip(pe->file, o->certificates);
	return FH_ERR_OK;
}

fh_err fh_pe_read(struct fh_span file, struct fh_pe *out, struct fh_trace *t)
{
	struct fh_pe pe = { .file = file };
	struct outline o = { 0 };
	fh_err e;

	if (file.n > FH_PE_FILE_MAX) {
		fh_trace_what(t, "is larger than %zu bytes", FH_PE_FILE_MAX);
		return FH_ERR_LIMIT;
	}
	e = read_headers(&pe, &o);
	if (e != FH_ERR_OK)
		return refuse(t, "its headers are not those of a PE file");
	e = read_sections(&pe, &o, t);
	if (e == FH_ERR_OK)
		e = read_certificates(&pe, &o, t);
	if (e == FH_ERR_OK)
		*out = pe;
	return e;
}

/* The file from FROM up to and without TO.  */
static void add_part(struct fh_bank_hash *h, const struct fh_pe *pe, size_t from, size_t to)
{
	fh_bank_hash_add(h, fh_span_first(fh_span_skip(pe->file, from), to - from));
}

/* "Windows Authenticode Portable Executable Signature Format", calculating the PE
 * image hash.  What is behind the sections counts from the sum of what was hashed,
 * as written there and as firmware does, which differs from the last section's end
 * when there are gaps between sections.  */
struct fh_digest fh_pe_authenticode(const struct fh_pe *pe, enum fh_bank bank)
{
	size_t end = pe->file.n - pe->certificates.n, hashed = hashed_of(pe);
	struct fh_bank_hash h;

	fh_bank_hash_begin(&h, bank);
	add_part(&h, pe, 0, pe->checksum);
	if (pe->certificate_entry == 0) {
		add_part(&h, pe, pe->checksum + 4, pe->headers);
	} else {
		add_part(&h, pe, pe->checksum + 4, pe->certificate_entry);
		add_part(&h, pe, pe->certificate_entry + 8, pe->headers);
	}
	for (size_t i = 0; i < pe->in_file_n; i++)
		fh_bank_hash_add(&h, pe->section[pe->in_file[i]].bytes);
	if (end > hashed)
		add_part(&h, pe, hashed, end);
	return fh_bank_hash_end(&h);
}
