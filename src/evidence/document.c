/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/document.h"

#include "base/hex.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/json_pull.h"

constexpr size_t ak_max = 1024; /* TPMT_PUBLIC of an RSA-4096 key fits */

/* --- writing ---------------------------------------------------------- */

static void put_number(struct fh_builder *b, const char *name, uint64_t v)
{
	fh_json_put_name(b, name);
	fh_builder_decimal(b, v);
}

static void put_text(struct fh_builder *b, const char *name, const char *text)
{
	fh_json_put_name(b, name);
	fh_json_put_string(b, fh_span_str(text));
}

static void put_hash(struct fh_builder *b, const char *name, const struct fh_hash *h)
{
	fh_json_put_name(b, name);
	fh_builder_u8(b, '"');
	fh_builder_hex(b, fh_hash_span(h));
	fh_builder_u8(b, '"');
}

static void put_encoded(struct fh_builder *b, struct fh_span bytes)
{
	fh_builder_u8(b, '"');
	fh_base64url_put(b, bytes);
	fh_builder_u8(b, '"');
}

/* Base64url, or null for nothing.  */
static void put_bytes(struct fh_builder *b, const char *name, struct fh_span bytes)
{
	fh_json_put_name(b, name);
	if (bytes.n == 0)
		fh_builder_text(b, "null");
	else
		put_encoded(b, bytes);
}

static void put_list(struct fh_builder *b, const char *name, const struct fh_span *s, size_t n)
{
	fh_json_put_name(b, name);
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		put_encoded(b, s[i]);
	}
	fh_builder_u8(b, ']');
}

static void put_head(struct fh_builder *b, uint64_t sequence, const struct fh_hash *hash)
{
	fh_json_put_name(b, "head");
	fh_builder_u8(b, '{');
	put_number(b, "sequence", sequence);
	put_hash(b, "hash", hash);
	fh_builder_u8(b, '}');
}

static const char *const purposes[] = { "", "session", "start", "scheduled", "live" };
constexpr size_t purposes_n = sizeof(purposes) / sizeof(purposes[0]);

void fh_document_quote_put(struct fh_builder *b, const struct fh_document_quote *q)
{
	const struct fh_quote_subject *s = &q->subject;

	if (q->evidence.n == 0) {
		fh_builder_text(b, "null");
		return;
	}
	fh_builder_u8(b, '{');
	put_text(b, "purpose", purposes[s->purpose < purposes_n ? s->purpose : 0]);
	put_number(b, "size", s->size);
	put_hash(b, "root", &s->root);
	put_number(b, "boot", s->boot);
	put_number(b, "start", s->start);
	put_head(b, s->head_sequence, &s->head);
	put_number(b, "serial", s->serial);
	put_bytes(b, "nonce", s->nonce);
	put_bytes(b, "origin", s->origin);
	put_bytes(b, "exporter", s->exporter);
	put_bytes(b, "evidence", q->evidence);
	fh_builder_u8(b, '}');
}

static void put_operator(struct fh_builder *b, const struct fh_document *d)
{
	fh_json_put_name(b, "operator");
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < d->operator_keys; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		fh_jwk_put(b, FH_SPAN_ARRAY(d->operator_key[i].bytes));
	}
	fh_builder_u8(b, ']');
}

static void put_starts(struct fh_builder *b, const struct fh_document *d)
{
	fh_json_put_name(b, "cold_starts");
	fh_builder_u8(b, '[');
	for (size_t i = 0; i < d->cold_starts; i++) {
		const struct fh_document_start *s = &d->cold_start[i];

		fh_builder_text(b, i > 0 ? ",{" : "{");
		put_number(b, "boot", s->boot);
		put_number(b, "start", s->start);
		put_number(b, "time", s->time_ms);
		put_hash(b, "session", &s->session);
		put_number(b, "size", s->size);
		fh_builder_u8(b, '}');
	}
	fh_builder_u8(b, ']');
}

void fh_document_put(struct fh_builder *b, const struct fh_document *d)
{
	fh_builder_u8(b, '{');
	put_number(b, "version", FH_DOCUMENT_VERSION);
	put_number(b, "serial", d->serial);
	fh_json_put_name(b, "issued");
	fh_builder_u8(b, '{');
	put_number(b, "not_before", d->issued.lo_ms);
	put_number(b, "not_after", d->issued.hi_ms);
	fh_builder_u8(b, '}');
	put_hash(b, "genesis", &d->genesis);
	put_text(b, "placement", fh_placement_text(d->placement));
	put_text(b, "grade", fh_grade_text(d->grade));
	put_operator(b, d);
	fh_json_put_name(b, "device");
	fh_jwk_put(b, FH_SPAN_ARRAY(d->device.bytes));
	put_list(b, "chain", d->statement, d->statements);
	put_head(b, d->head_sequence, &d->head);
	put_number(b, "boot", d->boot);
	put_number(b, "start", d->start);
	put_bytes(b, "checkpoint", d->checkpoint);
	put_bytes(b, "ak", d->ak);
	put_list(b, "endorsement", d->endorsement, d->endorsements);
	fh_json_put_name(b, "quote");
	fh_document_quote_put(b, &d->quote);
	put_bytes(b, "event_log", d->log);
	put_bytes(b, "userspace_log", d->userspace_log);
	put_starts(b, d);
	fh_builder_u8(b, '}');
}

void fh_document_put_signed(struct fh_builder *b, struct fh_span payload)
{
	fh_jws_put_signed(b, FH_DOCUMENT_HEADER, (struct fh_span){ 0 });
	fh_base64url_put(b, payload);
}

/* --- reading ---------------------------------------------------------- */

/* Values of one object; the first that is not what it must be stays in e.  */
struct reader {
	struct fh_arena *arena;
	fh_err e;
};

static void note(struct reader *r, fh_err e)
{
	if (r->e == FH_ERR_OK)
		r->e = e;
}

static uint64_t number(struct reader *r, struct fh_span value)
{
	uint64_t v = 0;

	note(r, fh_json_uint(value, &v));
	return v;
}

static struct fh_span text(struct reader *r, struct fh_span value)
{
	struct fh_span s = { 0 };

	note(r, fh_json_string(value, &s));
	return s;
}

static struct fh_hash hash(struct reader *r, struct fh_span value)
{
	struct fh_hash h = { 0 };
	struct fh_span s = text(r, value);

	if (r->e == FH_ERR_OK)
		note(r, fh_hex_read(s, h.bytes, sizeof(h.bytes)));
	return h;
}

static struct fh_span decoded(struct reader *r, struct fh_span value, size_t max)
{
	struct fh_span s = text(r, value);
	size_t room = s.n / 4 * 3 + 3;

	if (r->e != FH_ERR_OK)
		return (struct fh_span){ 0 };
	if (s.n / 4 * 3 > max) {
		note(r, FH_ERR_LIMIT);
		return (struct fh_span){ 0 };
	}
	uint8_t *p = fh_arena_space(r->arena, room);
	struct fh_builder b = fh_builder_of(p, room);

	note(r, p == nullptr ? FH_ERR_NOMEM : fh_base64url_read(s, &b));
	if (r->e == FH_ERR_OK && (b.n == 0 || b.n > max))
		note(r, b.n == 0 ? FH_ERR_FORMAT : FH_ERR_LIMIT);
	return r->e == FH_ERR_OK ? fh_builder_span(&b) : (struct fh_span){ 0 };
}

static struct fh_span bytes(struct reader *r, struct fh_span value, size_t max)
{
	return fh_json_is_null(value) ? (struct fh_span){ 0 } : decoded(r, value, max);
}

static size_t list(struct reader *r, struct fh_span value, struct fh_span *out, size_t count_max,
		   size_t max)
{
	struct fh_cursor c = fh_json_array(value);
	struct fh_span element;
	size_t n = 0, sum = 0;

	while (r->e == FH_ERR_OK && fh_json_element(&c, &element)) {
		if (n == count_max) {
			note(r, FH_ERR_LIMIT);
			break;
		}
		out[n] = decoded(r, element, max - sum);
		sum += out[n++].n;
	}
	if (fh_cursor_bad(&c))
		note(r, c.why);
	return n;
}

static void head(struct reader *r, struct fh_span value, uint64_t *sequence, struct fh_hash *out)
{
	static const char *const names[] = { "sequence", "hash" };
	struct fh_span v[2] = { 0 };

	note(r, fh_json_object(value, names, 2, v));
	*sequence = number(r, v[0]);
	*out = hash(r, v[1]);
}

static enum fh_quote_purpose purpose(struct reader *r, struct fh_span value)
{
	struct fh_span s = text(r, value);

	for (size_t i = 1; i < purposes_n; i++) {
		if (fh_span_equal(s, fh_span_str(purposes[i])))
			return (enum fh_quote_purpose)i;
	}
	note(r, FH_ERR_UNKNOWN);
	return FH_QUOTE_SESSION;
}

static void read_quote(struct reader *r, struct fh_span value, struct fh_document_quote *q)
{
	static const char *const names[] = { "purpose", "size", "root", "boot", "start", "head",
					     "serial", "nonce", "origin", "exporter", "evidence" };
	struct fh_span v[sizeof(names) / sizeof(names[0])] = { 0 };
	struct fh_quote_subject *s = &q->subject;

	if (fh_json_is_null(value))
		return;
	note(r, fh_json_object(value, names, sizeof(names) / sizeof(names[0]), v));
	s->purpose = purpose(r, v[0]);
	s->size = number(r, v[1]);
	s->root = hash(r, v[2]);
	s->boot = number(r, v[3]);
	s->start = number(r, v[4]);
	head(r, v[5], &s->head_sequence, &s->head);
	s->serial = number(r, v[6]);
	s->nonce = bytes(r, v[7], FH_QUOTE_NONCE_MAX);
	s->origin = bytes(r, v[8], FH_QUOTE_ORIGIN_MAX);
	s->exporter = bytes(r, v[9], FH_QUOTE_EXPORTER_MAX);
	q->evidence = decoded(r, v[10], FH_MACHINE_QUOTE_MAX);
}

fh_err fh_document_quote_read(struct fh_span value, struct fh_arena *arena,
			      struct fh_document_quote *out)
{
	struct reader r = { .arena = arena };
	struct fh_document_quote q = { 0 };

	read_quote(&r, value, &q);
	if (r.e == FH_ERR_OK)
		*out = q;
	return r.e;
}

static void read_operator(struct reader *r, struct fh_span value, struct fh_document *d)
{
	struct fh_public_key *k = fh_arena_array(r->arena, FH_SIGNERS_MAX, sizeof(*k));
	struct fh_cursor c = fh_json_array(value);
	struct fh_span element;

	if (k == nullptr)
		note(r, FH_ERR_NOMEM);
	while (r->e == FH_ERR_OK && fh_json_element(&c, &element)) {
		if (d->operator_keys == FH_SIGNERS_MAX)
			note(r, FH_ERR_LIMIT);
		else
			note(r, fh_jwk_read(element, &k[d->operator_keys++]));
	}
	if (fh_cursor_bad(&c))
		note(r, c.why);
	d->operator_key = k;
}

static void read_chain(struct reader *r, struct fh_span value, struct fh_document *d)
{
	struct fh_span *s = fh_arena_array(r->arena, FH_DOCUMENT_STATEMENTS_MAX, sizeof(*s));

	if (s == nullptr) {
		note(r, FH_ERR_NOMEM);
		return;
	}
	d->statements = list(r, value, s, FH_DOCUMENT_STATEMENTS_MAX, FH_DOCUMENT_CHAIN_MAX);
	d->statement = s;
}

static void read_start(struct reader *r, struct fh_span value, struct fh_document_start *s)
{
	static const char *const names[] = { "boot", "start", "time", "session", "size" };
	struct fh_span v[5] = { 0 };

	note(r, fh_json_object(value, names, 5, v));
	s->boot = number(r, v[0]);
	s->start = number(r, v[1]);
	s->time_ms = number(r, v[2]);
	s->session = hash(r, v[3]);
	s->size = number(r, v[4]);
}

static void read_starts(struct reader *r, struct fh_span value, struct fh_document *d)
{
	struct fh_cursor c = fh_json_array(value);
	struct fh_span element;

	while (r->e == FH_ERR_OK && fh_json_element(&c, &element)) {
		if (d->cold_starts == FH_DOCUMENT_STARTS_MAX)
			note(r, FH_ERR_LIMIT);
		else
			read_start(r, element, &d->cold_start[d->cold_starts++]);
	}
	if (fh_cursor_bad(&c))
		note(r, c.why);
}

static void read_issued(struct reader *r, struct fh_span value, struct fh_time *out)
{
	static const char *const names[] = { "not_before", "not_after" };
	struct fh_span v[2] = { 0 };

	note(r, fh_json_object(value, names, 2, v));
	out->lo_ms = number(r, v[0]);
	out->hi_ms = number(r, v[1]);
}

enum member {
	VERSION, SERIAL, ISSUED, GENESIS, PLACEMENT, GRADE, OPERATOR, DEVICE, CHAIN, HEAD, BOOT,
	START, CHECKPOINT, AK, ENDORSEMENT, QUOTE, EVENT_LOG, USERSPACE_LOG, COLD_STARTS, MEMBERS,
};
static const char *const members[MEMBERS] = {
	"version", "serial", "issued", "genesis", "placement", "grade", "operator", "device",
	"chain", "head", "boot", "start", "checkpoint", "ak", "endorsement", "quote", "event_log",
	"userspace_log", "cold_starts",
};
static_assert(MEMBERS <= FH_JSON_NAMES_MAX);

static void read_members(struct reader *r, const struct fh_span v[MEMBERS], struct fh_document *d)
{
	d->serial = number(r, v[SERIAL]);
	read_issued(r, v[ISSUED], &d->issued);
	d->genesis = hash(r, v[GENESIS]);
	note(r, fh_placement_parse(text(r, v[PLACEMENT]), &d->placement));
	note(r, fh_grade_parse(text(r, v[GRADE]), &d->grade));
	read_operator(r, v[OPERATOR], d);
	note(r, fh_jwk_read(v[DEVICE], &d->device));
	read_chain(r, v[CHAIN], d);
	head(r, v[HEAD], &d->head_sequence, &d->head);
	d->boot = number(r, v[BOOT]);
	d->start = number(r, v[START]);
	d->checkpoint = decoded(r, v[CHECKPOINT], FH_NOTE_MAX);
	d->ak = bytes(r, v[AK], ak_max);
	d->endorsements = list(r, v[ENDORSEMENT], d->endorsement, FH_ENDORSEMENTS_MAX,
			       FH_REQUEST_MAX);
	read_quote(r, v[QUOTE], &d->quote);
	d->log = bytes(r, v[EVENT_LOG], FH_DOCUMENT_LOG_MAX);
	d->userspace_log = bytes(r, v[USERSPACE_LOG], FH_DOCUMENT_LOG_MAX);
	read_starts(r, v[COLD_STARTS], d);
}

/* The ids of the quote's subject are the document's.  */
static void complete_subject(struct fh_document *d)
{
	d->quote.subject.chain_id = d->genesis;
	d->quote.subject.device_id = fh_key_id(FH_SPAN_ARRAY(d->device.bytes));
}

fh_err fh_document_read(struct fh_span payload, struct fh_arena *arena, struct fh_document *out)
{
	struct fh_span v[MEMBERS] = { 0 };
	struct reader r = { .arena = arena };
	struct fh_document d = { 0 };
	uint64_t version = 0;
	fh_err e = fh_json_object(payload, members, MEMBERS, v);

	if (e == FH_ERR_OK)
		e = fh_json_uint(v[VERSION], &version);
	if (e != FH_ERR_OK)
		return e;
	if (version != FH_DOCUMENT_VERSION)
		return version > FH_DOCUMENT_VERSION ? FH_ERR_VERSION : FH_ERR_FORMAT;
	read_members(&r, v, &d);
	complete_subject(&d);
	if (r.e == FH_ERR_OK)
		*out = d;
	return r.e;
}
