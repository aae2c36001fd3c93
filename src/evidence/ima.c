/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/ima.h"

#include "base/builder.h"
#include "base/decimal.h"
#include "base/hex.h"

#include <string.h>

constexpr size_t sha1_size = 20;
constexpr size_t old_path_size = 256; /* template "ima" digests a path of this, zeros behind it */

/* How the fields of a template are in text (security/integrity/ima/ima_template_lib.c).  */
enum form {
	FORM_DIGEST, /* "sha256:hex"; in the data the name, a colon, a zero, the bytes */
	FORM_NAME,   /* text; in the data with a zero behind it */
	FORM_BYTES,  /* hex, or nothing */
	FORM_NAMES,  /* as a name, or nothing */
	FORM_16,     /* a decimal number, or nothing; in the data so many bits */
	FORM_32,
	FORM_END
};

static const struct {
	const char *name, *fields;
} templates[] = {
	{ "ima-ng", "d-ng|n-ng" },
	{ "ima-ngv2", "d-ngv2|n-ng" },
	{ "ima-sig", "d-ng|n-ng|sig" },
	{ "ima-sigv2", "d-ngv2|n-ng|sig" },
	{ "ima-buf", "d-ng|n-ng|buf" },
	{ "ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig" },
	{ "evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode" },
};

static const struct {
	const char *name;
	enum form form;
} forms[] = {
	{ "d-ng", FORM_DIGEST },	{ "d-ngv2", FORM_DIGEST }, { "d-modsig", FORM_DIGEST },
	{ "n-ng", FORM_NAME },		{ "sig", FORM_BYTES },	   { "buf", FORM_BYTES },
	{ "modsig", FORM_BYTES },	{ "evmsig", FORM_BYTES },  { "xattrnames", FORM_NAMES },
	{ "xattrlengths", FORM_BYTES }, { "xattrvalues", FORM_BYTES },
	{ "iuid", FORM_32 },		{ "igid", FORM_32 },	   { "imode", FORM_16 },
};

/* Hashes that Linux measures files with, and their sizes.  */
static const struct {
	const char *name;
	size_t size;
} hashes[] = {
	{ "md5", 16 },	       { "sha1", 20 },	      { "rmd160", 20 },	   { "sha224", 28 },
	{ "sha256", 32 },      { "sm3", 32 },	      { "sm3-256", 32 },   { "sha384", 48 },
	{ "sha512", 64 },      { "wp512", 64 },	      { "streebog256", 32 },
	{ "streebog512", 64 }, { "sha3-256", 32 },    { "sha3-384", 48 },  { "sha3-512", 64 },
};

static void fail(struct fh_ima_log *log, fh_err e, const char *what)
{
	if (!fh_cursor_bad(&log->rest)) {
		fh_trace_where(log->t, "IMA entry %zu", log->number);
		fh_trace_what(log->t, "%s", what);
	}
	fh_cursor_fail(&log->rest, e);
}

/* --- what the fields say ----------------------------------------------------------- */

static bool zeros(struct fh_span s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] == 0)
		i++;
	return i == s.n;
}

static size_t hash_size(struct fh_span name)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (fh_span_equal(name, fh_span_str(hashes[i].name)))
			return hashes[i].size;
	}
	return 0;
}

/* Linux 5.19 names its hash in a violation and leaves room for SHA-1's zeros.  */
static bool is_short_violation(const struct fh_ima_entry *e)
{
	return zeros(e->shown) && e->file_digest.n == sha1_size && zeros(e->file_digest);
}

/* A digest's field: "sha256:" or "verity:sha256:", a zero, and the bytes.  */
static void read_digest(struct fh_ima_log *log, struct fh_span field, struct fh_ima_entry *e)
{
	struct fh_cursor c = fh_cursor_of(field);
	struct fh_span name = fh_cursor_until(&c, 0);

	if (fh_cursor_bad(&c) || name.n == 0 || name.p[name.n - 1] != ':') {
		fail(log, FH_ERR_FORMAT, "its digest does not name its hash");
		return;
	}
	name.n--;
	size_t kind = fh_span_find(name, ':'); /* "ima" or "verity", of version 2 */

	e->algorithm = kind < name.n ? fh_span_skip(name, kind + 1) : name;
	e->file_digest = c.rest;
	if (hash_size(e->algorithm) == 0)
		fail(log, FH_ERR_UNSUPPORTED, "its digest is by no hash that is known");
	else if (hash_size(e->algorithm) != e->file_digest.n && !is_short_violation(e))
		fail(log, FH_ERR_FORMAT, "its digest has not the size of its hash");
}

static struct fh_span without_zero(struct fh_span s)
{
	return s.n > 0 && s.p[s.n - 1] == 0 ? fh_span_first(s, s.n - 1) : s;
}

/* The template "ima" digests SHA-1 of the file and a padded path.  */
static bool is_old(struct fh_span name)
{
	return fh_span_equal(name, FH_SPAN_LIT("ima"));
}

/* In the binary form as the machine has numbers; what is made of text is little-endian.  */
static uint32_t read_number(const struct fh_ima_log *log, struct fh_cursor *c)
{
	return log->big ? fh_cursor_be32(c) : fh_cursor_le32(c);
}

/* The fields of DATA, each behind its length.  */
static void split(struct fh_ima_log *log, struct fh_ima_entry *e)
{
	struct fh_cursor c = fh_cursor_of(e->data);

	while (c.rest.n > 0 && e->fields < FH_IMA_FIELDS_MAX) {
		e->field[e->fields] = fh_cursor_take(&c, read_number(log, &c));
		if (!fh_cursor_bad(&c))
			e->fields++;
	}
	if (fh_cursor_end(&c) != FH_ERR_OK || e->fields < 2) {
		fail(log, FH_ERR_FORMAT, "its fields do not fill its data");
		return;
	}
	read_digest(log, e->field[0], e);
	e->path = without_zero(e->field[1]);
}

/* --- text --------------------------------------------------------------------------- */

static struct fh_span next_word(struct fh_span *line)
{
	struct fh_span word = fh_span_first(*line, fh_span_find(*line, ' '));

	*line = fh_span_skip(*line, word.n + 1);
	return word;
}

static bool put_unhex(struct fh_builder *b, struct fh_span hex)
{
	uint8_t *p = hex.n % 2 == 0 ? fh_builder_space(b, hex.n / 2) : nullptr;

	if (p == nullptr)
		return false;
	for (size_t i = 0; i < hex.n; i += 2) {
		if (fh_hex_read(fh_span_first(fh_span_skip(hex, i), 2), p + i / 2, 1) != FH_ERR_OK)
			return false;
	}
	return true;
}

static bool put_number(struct fh_builder *b, struct fh_span word, unsigned bits)
{
	uint64_t v;

	if (word.n == 0)
		return true; /* of what is no file */
	if (fh_decimal_read(word, &v) != FH_ERR_OK || v >> bits != 0)
		return false;
	for (unsigned i = 0; i < bits; i += 8)
		fh_builder_u8(b, (uint8_t)(v >> i));
	return true;
}

/* WORD as the data has it.  */
static bool put_field(struct fh_builder *b, enum form form, struct fh_span word)
{
	size_t colon = word.n;

	switch (form) {
	case FORM_DIGEST:
		if (word.n == 0)
			return true; /* a module without a signature */
		while (colon > 0 && word.p[colon - 1] != ':')
			colon--;
		fh_builder_bytes(b, fh_span_first(word, colon));
		fh_builder_u8(b, 0);
		return colon > 0 && put_unhex(b, fh_span_skip(word, colon));
	case FORM_NAMES:
		if (word.n == 0)
			return true; /* a file without attributes */
		[[fallthrough]];
	case FORM_NAME:
		fh_builder_bytes(b, word);
		fh_builder_u8(b, 0);
		return true;
	case FORM_BYTES:
		return put_unhex(b, word);
	case FORM_16:
		return put_number(b, word, 16);
	case FORM_32:
		return put_number(b, word, 32);
	default:
		return false;
	}
}

static enum form form_of(struct fh_span field)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (fh_span_equal(field, fh_span_str(forms[i].name)))
			return forms[i].form;
	}
	return FORM_END;
}

/* The fields of the template NAME, which may be a list of fields itself.  */
static struct fh_span fields_of(struct fh_span name)
{
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		if (fh_span_equal(name, fh_span_str(templates[i].name)))
			return fh_span_str(templates[i].fields);
	}
	return name;
}

static void put_le32(uint8_t *p, size_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* The data that the fields in LINE stand for.  */
static void build(struct fh_ima_log *log, struct fh_span line, struct fh_builder *b,
		  struct fh_ima_entry *e)
{
	struct fh_span fields = fields_of(e->name);
	size_t begin = b->n;

	while (fields.n > 0 && !fh_cursor_bad(&log->rest)) {
		struct fh_span field = fh_span_first(fields, fh_span_find(fields, '|'));
		enum form form = form_of(field);
		uint8_t *length = fh_builder_space(b, 4);
		size_t before = b->n;

		fields = fh_span_skip(fields, field.n + 1);
		if (form == FORM_END)
			fail(log, FH_ERR_UNSUPPORTED, "its template is not known");
		else if (length == nullptr || !put_field(b, form, next_word(&line)) || b->bad)
			fail(log, FH_ERR_FORMAT, "its fields are not its template's");
		else
			put_le32(length, b->n - before);
	}
	if (line.n > 0)
		fail(log, FH_ERR_FORMAT, "it has more fields than its template");
	e->data = fh_span_of(log->room + begin, b->n - begin);
	if (!fh_cursor_bad(&log->rest))
		split(log, e);
}

/* "ima": the digest, and a path that may have blanks.  */
static void build_old(struct fh_ima_log *log, struct fh_span line, struct fh_builder *b,
		      struct fh_ima_entry *e)
{
	size_t begin = b->n;

	if (!put_unhex(b, next_word(&line)) || b->n - begin != sha1_size ||
	    line.n >= old_path_size) {
		fail(log, FH_ERR_FORMAT, "its fields are not its template's");
		return;
	}
	fh_builder_bytes(b, line);
	memset(fh_builder_space(b, old_path_size - line.n), 0, old_path_size - line.n);
	e->data = fh_span_of(log->room + begin, b->n - begin);
}

static void set_old(struct fh_ima_entry *e, size_t path_n)
{
	e->fields = 2;
	e->field[0] = fh_span_first(e->data, sha1_size);
	e->field[1] = fh_span_first(fh_span_skip(e->data, sha1_size), path_n);
	e->algorithm = FH_SPAN_LIT("sha1");
	e->file_digest = e->field[0];
	e->path = e->field[1];
}

static void read_text(struct fh_ima_log *log, struct fh_ima_entry *e)
{
	struct fh_builder b = FH_BUILDER_ARRAY(log->room);
	struct fh_span line = fh_span_first(log->rest.rest, fh_span_find(log->rest.rest, '\n'));
	uint64_t pcr;

	(void)fh_cursor_take(&log->rest, line.n < log->rest.rest.n ? line.n + 1 : line.n);
	if (fh_decimal_read(next_word(&line), &pcr) != FH_ERR_OK || pcr >= FH_IMA_PCRS_MAX) {
		fail(log, FH_ERR_FORMAT, "it does not begin with a PCR");
		return;
	}
	e->pcr = (uint32_t)pcr;
	if (!put_unhex(&b, next_word(&line)) || b.n < sha1_size || b.n > FH_DIGEST_MAX) {
		fail(log, FH_ERR_FORMAT, "it shows no digest");
		return;
	}
	e->shown = fh_span_of(log->room, b.n);
	e->name = next_word(&line);
	if (e->name.n == 0 || e->name.n > FH_IMA_NAME_MAX) {
		fail(log, FH_ERR_FORMAT, "it names no template");
	} else if (is_old(e->name)) {
		build_old(log, line, &b, e);
		size_t blank = sha1_size * 2 + 1;

		if (!fh_cursor_bad(&log->rest))
			set_old(e, line.n - blank);
	} else {
		build(log, line, &b, e);
	}
}

/* --- binary -------------------------------------------------------------------------- */

static void read_old(struct fh_ima_log *log, struct fh_ima_entry *e)
{
	struct fh_builder b = FH_BUILDER_ARRAY(log->room);
	struct fh_span digest = fh_cursor_take(&log->rest, sha1_size);
	struct fh_span path = fh_cursor_take(&log->rest, read_number(log, &log->rest));

	if (fh_cursor_bad(&log->rest) || path.n >= old_path_size) {
		fail(log, FH_ERR_FORMAT, "its path is too long for its template");
		return;
	}
	fh_builder_bytes(&b, digest);
	fh_builder_bytes(&b, path);
	memset(fh_builder_space(&b, old_path_size - path.n), 0, old_path_size - path.n);
	e->data = fh_builder_span(&b);
	set_old(e, path.n);
}

static void read_binary(struct fh_ima_log *log, struct fh_ima_entry *e)
{
	struct fh_cursor *c = &log->rest;

	e->pcr = read_number(log, c);
	e->shown = fh_cursor_take(c, log->shown_n);
	size_t name_n = read_number(log, c);

	if (e->pcr >= FH_IMA_PCRS_MAX || name_n == 0 || name_n > FH_IMA_NAME_MAX)
		fail(log, FH_ERR_FORMAT, "it names no PCR, or no template");
	e->name = fh_cursor_take(c, name_n);
	if (is_old(e->name)) {
		read_old(log, e);
		return;
	}
	size_t n = read_number(log, c);

	if (n > FH_IMA_DATA_MAX)
		fail(log, FH_ERR_LIMIT, "its data is larger than 128 KiB");
	e->data = fh_cursor_take(c, n);
	if (!fh_cursor_bad(c))
		split(log, e);
}

/* --- the log --------------------------------------------------------------------------- */

/* How long the template digest of FILE's first record is: behind it stand the length of a
 * template's name, and the name, of which the binary form says nothing else.  */
static size_t find_shown(const struct fh_ima_log *log, struct fh_span file)
{
	for (size_t i = 0; i < FH_BANKS_PLAIN; i++) { /* the others have none of another length */
		size_t n = fh_bank_size(fh_banks[i]);
		struct fh_cursor c = fh_cursor_of(fh_span_skip(file, 4 + n));
		size_t name_n = read_number(log, &c);
		struct fh_span name = fh_cursor_take(&c, name_n <= FH_IMA_NAME_MAX ? name_n : 0);
		size_t k = 0;

		while (k < name.n && (name.p[k] == '-' || name.p[k] == '|' ||
				      (name.p[k] >= '0' && name.p[k] <= '9') ||
				      (name.p[k] >= 'a' && name.p[k] <= 'z')))
			k++;
		if (k > 0 && k == name.n)
			return n;
	}
	return sha1_size;
}

fh_err fh_ima_open(struct fh_span file, struct fh_ima_log *out, struct fh_trace *t)
{
	/* A PCR below 256 leaves three zeros; no text has them.  */
	struct fh_span number = fh_span_first(file, 4);

	out->binary = number.n == 4 && number.p[1] == 0;
	out->big = out->binary && number.p[0] == 0 && number.p[3] != 0;
	out->shown_n = find_shown(out, file);
	out->rest = fh_cursor_of(file);
	out->number = 0;
	out->t = t;
	if (file.n == 0)
		fail(out, FH_ERR_FORMAT, "the log is empty");
	if (file.n > FH_IMA_LOG_MAX)
		fail(out, FH_ERR_LIMIT, "the log is larger than 64 MiB");
	return out->rest.why;
}

bool fh_ima_next(struct fh_ima_log *log, struct fh_ima_entry *out)
{
	struct fh_ima_entry e = { .number = log->number };

	if (fh_cursor_bad(&log->rest) || log->rest.rest.n == 0)
		return false;
	if (log->binary)
		read_binary(log, &e);
	else
		read_text(log, &e);
	if (fh_cursor_bad(&log->rest)) {
		if (log->t != nullptr && log->t->what[0] == '\0') {
			fh_trace_where(log->t, "IMA entry %zu", log->number);
			fh_trace_what(log->t, "the log ends within it");
		}
		return false;
	}
	e.violation = zeros(e.shown);
	log->number++;
	*out = e;
	return true;
}

struct fh_digest fh_ima_digest(const struct fh_ima_entry *e, enum fh_bank bank,
			       enum fh_ima_padding padding)
{
	struct fh_digest d = fh_bank_reset(bank);

	if (e->violation) {
		memset(d.bytes, 0xff, d.n);
	} else if (padding == FH_IMA_HASHED) {
		d = fh_bank_digest(bank, e->data);
	} else {
		struct fh_digest sha1 = fh_bank_digest(FH_BANK_SHA1, e->data);

		memcpy(d.bytes, sha1.bytes, sha1.n);
	}
	return d;
}

bool fh_ima_shown_is_right(const struct fh_ima_entry *e)
{
	for (size_t i = 0; i < FH_BANKS && !e->violation; i++) {
		struct fh_digest d = fh_bank_digest(fh_banks[i], e->data);

		if (fh_span_equal(fh_digest_span(&d), e->shown))
			return true;
	}
	return e->violation;
}
