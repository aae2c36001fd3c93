/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/open_ask.h"

#include "base/decimal.h"
#include "codec/cbor.h"

constexpr size_t name_max = 16; /* of a member of the map, or of a field */

struct fh_entity_uid fh_open_ask_action(const struct fh_open_ask *o)
{
	return fh_entity_uid_of(FH_TYPE_ACTION, o->disclose
						       ? FH_SPAN_LIT(FH_ACTION_RECORD_DISCLOSE)
						       : FH_SPAN_LIT(FH_ACTION_RECORD_OPEN));
}

/* --- the line --------------------------------------------------------- */

fh_err fh_open_ask_fields(struct fh_span names, uint64_t *out)
{
	uint64_t bits = 0;

	while (names.n > 0) {
		size_t n = fh_span_find(names, ',');
		enum fh_field_id id;

		if (fh_field_parse(fh_span_first(names, n), &id) != FH_ERR_OK
		    || n + 1 == names.n)
			return FH_ERR_UNKNOWN;
		bits |= UINT64_C(1) << id;
		names = fh_span_skip(names, n + 1);
	}
	*out = bits;
	return bits == 0 ? FH_ERR_UNKNOWN : FH_ERR_OK;
}

/* What O, whose words are all right, may not be, or NULL.  */
static const char *wrong(const struct fh_open_ask *o)
{
	if (o->to < o->from)
		return "the last entry comes before the first";
	if (o->to - o->from >= FH_OPEN_ASK_ENTRIES_MAX)
		return "they are too many for one request";
	if (o->disclose && (o->from != o->to || o->fields == FH_OPEN_ASK_FIELDS))
		return "one entry is disclosed at a time, by fields that are named";
	return nullptr;
}

/* The next word of *LINE, which one blank ends.  */
static struct fh_span word(struct fh_span *line)
{
	size_t n = fh_span_find(*line, ' ');
	struct fh_span w = fh_span_first(*line, n);

	*line = n == line->n ? (struct fh_span){ 0 } : fh_span_skip(*line, n + 1);
	return w;
}

static const char *read_words(struct fh_span line, struct fh_open_ask *o)
{
	bool blank = line.n > 0 && line.p[line.n - 1] == ' ';
	struct fh_span verb = word(&line), from = word(&line), to = word(&line);

	o->disclose = fh_span_equal(verb, FH_SPAN_LIT("disclose"));
	o->fields = FH_OPEN_ASK_FIELDS;
	if (!o->disclose && !fh_span_equal(verb, FH_SPAN_LIT("open")))
		return "the first word is `open` or `disclose`";
	if (fh_decimal_read(from, &o->from) != FH_ERR_OK
	    || fh_decimal_read(to, &o->to) != FH_ERR_OK)
		return "two numbers of entries follow";
	if (blank || (line.n > 0 && fh_open_ask_fields(line, &o->fields) != FH_ERR_OK))
		return "the last word is names of fields, divided by commas";
	return nullptr;
}

fh_err fh_open_ask_parse(struct fh_span line, struct fh_open_ask *out, struct fh_trace *t)
{
	struct fh_open_ask o = { 0 };
	const char *why = read_words(line, &o);

	if (why == nullptr)
		why = wrong(&o);
	if (why != nullptr) {
		fh_trace_what(t, "%s", why);
		return FH_ERR_FORMAT;
	}
	*out = o;
	return FH_ERR_OK;
}

void fh_open_ask_put_line(struct fh_builder *b, const struct fh_open_ask *o)
{
	const char *before = " ";

	fh_builder_text(b, o->disclose ? "disclose " : "open ");
	fh_builder_decimal(b, o->from);
	fh_builder_text(b, " ");
	fh_builder_decimal(b, o->to);
	for (unsigned id = 1; id < FH_FIELD_IDS && o->fields != FH_OPEN_ASK_FIELDS; id++) {
		if ((o->fields >> id & 1) == 0)
			continue;
		fh_builder_text(b, before);
		fh_builder_text(b, fh_field_text((enum fh_field_id)id));
		before = ",";
	}
}

/* --- the map ---------------------------------------------------------- */

/* The names of the fields in BITS, all by all, so that a policy can look for one.  */
static void put_names(struct fh_builder *b, uint64_t bits)
{
	size_t n = 0;

	for (unsigned id = 1; id < FH_FIELD_IDS; id++)
		n += bits >> id & 1;
	fh_cbor_put_array(b, n);
	for (unsigned id = 1; id < FH_FIELD_IDS; id++) {
		if ((bits >> id & 1) != 0)
			fh_cbor_put_text(b, fh_span_str(fh_field_text((enum fh_field_id)id)));
	}
}

void fh_open_ask_put(struct fh_builder *b, const struct fh_open_ask *o)
{
	fh_cbor_put_map(b, 5);
	fh_cbor_put_text(b, FH_SPAN_LIT("to"));
	fh_cbor_put_uint(b, o->to);
	fh_cbor_put_text(b, FH_SPAN_LIT("from"));
	fh_cbor_put_uint(b, o->from);
	fh_cbor_put_text(b, FH_SPAN_LIT("fields"));
	put_names(b, o->fields);
	fh_cbor_put_text(b, FH_SPAN_LIT("entries"));
	fh_cbor_put_uint(b, o->to - o->from + 1);
	fh_cbor_put_text(b, FH_SPAN_LIT("disclose"));
	fh_cbor_put_bool(b, o->disclose);
}

static void expect(struct fh_cursor *c, const char *name)
{
	if (!fh_span_equal(fh_cbor_text(c, name_max), fh_span_str(name)))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

static uint64_t read_names(struct fh_cursor *c)
{
	size_t n = fh_cbor_array(c, FH_FIELD_IDS - 1);
	uint64_t bits = 0;

	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		enum fh_field_id id;

		if (fh_field_parse(fh_cbor_text(c, name_max), &id) != FH_ERR_OK || bits >> id != 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		else
			bits |= UINT64_C(1) << id;
	}
	if (bits == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return bits;
}

fh_err fh_open_ask_read(struct fh_span params, struct fh_open_ask *out)
{
	struct fh_cursor c = fh_cursor_of(params);
	struct fh_open_ask o;

	fh_cbor_map_exact(&c, 5);
	expect(&c, "to");
	o.to = fh_cbor_uint(&c);
	expect(&c, "from");
	o.from = fh_cbor_uint(&c);
	expect(&c, "fields");
	o.fields = read_names(&c);
	expect(&c, "entries");
	uint64_t entries = fh_cbor_uint(&c);

	expect(&c, "disclose");
	o.disclose = fh_cbor_bool(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && (wrong(&o) != nullptr || entries != o.to - o.from + 1))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = o;
	return e;
}
