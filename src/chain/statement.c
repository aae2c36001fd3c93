/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/statement.h"

#include <string.h>

/* Keys of the payload (docs/spec/STATEMENT).  */
enum payload_key {
	KEY_VERSION = 1,
	KEY_CHAIN = 2,
	KEY_SEQUENCE = 3,
	KEY_PREVIOUS = 4,
	KEY_KIND = 5,
	KEY_BODY = 6,
	KEY_ISSUED = 7,
	KEYS = 7,
};

constexpr size_t kind_text_max = 32;

static const struct {
	const char *text;
	bool understood;
} kinds[] = {
	[FH_STATEMENT_OTHER] = { "other", false },
#define KIND_ROW(name, text, understood) [FH_STATEMENT_##name] = { text, understood },
	FH_STATEMENT_KINDS(KIND_ROW)
#undef KIND_ROW
};
constexpr size_t kinds_n = sizeof(kinds) / sizeof(kinds[0]);

const char *fh_statement_kind_text(enum fh_statement_kind k)
{
	return (size_t)k < kinds_n ? kinds[k].text : kinds[FH_STATEMENT_OTHER].text;
}

enum fh_statement_kind fh_statement_kind_parse(struct fh_span text)
{
	for (size_t i = FH_STATEMENT_OTHER + 1; i < kinds_n; i++) {
		if (fh_span_equal(text, fh_span_str(kinds[i].text)))
			return (enum fh_statement_kind)i;
	}
	return FH_STATEMENT_OTHER;
}

bool fh_statement_kind_understood(enum fh_statement_kind k)
{
	return (size_t)k < kinds_n && kinds[k].understood;
}

struct fh_hash fh_statement_hash(struct fh_span payload)
{
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, FH_SPAN_LIT(FH_STATEMENT_AAD "\n"));
	fh_sha256_add(&s, payload);
	return fh_sha256_end(&s);
}

/* Another version may differ in everything behind the version.  */
static fh_err read_version(struct fh_cursor *c, struct fh_trace *t)
{
	size_t pairs = fh_cbor_map(c, FH_CBOR_ITEMS_MAX);

	fh_cbor_key(c, KEY_VERSION);
	uint64_t version = fh_cbor_uint(c);

	if (fh_cursor_bad(c)) {
		fh_trace_what(t, "this is no statement");
		fh_trace_cure(t, "give a file that `freehold` has signed");
		return c->why;
	}
	if (version != FH_STATEMENT_VERSION) {
		fh_trace_what(t, "statement version %llu is not known here",
			      (unsigned long long)version);
		fh_trace_cure(t, "update Freehold on this machine");
		return FH_ERR_VERSION;
	}
	if (pairs != KEYS)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return FH_ERR_OK;
}

static void read_payload(struct fh_cursor *c, struct fh_statement *s)
{
	fh_cbor_key(c, KEY_CHAIN);
	s->chain_id = fh_cbor_hash(c);
	fh_cbor_key(c, KEY_SEQUENCE);
	s->sequence = fh_cbor_uint(c);
	fh_cbor_key(c, KEY_PREVIOUS);
	s->previous = fh_cbor_hash(c);
	fh_cbor_key(c, KEY_KIND);
	s->kind_text = fh_cbor_text(c, kind_text_max);
	fh_cbor_key(c, KEY_BODY);
	if (fh_cbor_peek(c) != FH_CBOR_MAP)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	s->body = fh_cbor_item(c);
	fh_cbor_key(c, KEY_ISSUED);
	s->issued_ms = fh_cbor_uint(c);
}

fh_err fh_statement_parse(struct fh_span payload, struct fh_statement *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(payload);
	struct fh_statement s = { .payload = payload };

	if (payload.n > FH_STATEMENT_MAX) {
		fh_trace_what(t, "a statement has at most %zu bytes", FH_STATEMENT_MAX);
		return FH_ERR_LIMIT;
	}
	fh_err e = read_version(&c, t);

	if (e != FH_ERR_OK)
		return e;
	read_payload(&c, &s);
	e = fh_cursor_end(&c);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "the statement is malformed");
		fh_trace_cure(t, "fetch it again from where it was signed");
		return e;
	}
	s.kind = fh_statement_kind_parse(s.kind_text);
	s.hash = fh_statement_hash(payload);
	*out = s;
	return FH_ERR_OK;
}

void fh_statement_put(struct fh_builder *b, const struct fh_statement *s)
{
	fh_cbor_put_map(b, KEYS);
	fh_cbor_put_uint(b, KEY_VERSION);
	fh_cbor_put_uint(b, FH_STATEMENT_VERSION);
	fh_cbor_put_uint(b, KEY_CHAIN);
	fh_cbor_put_bytes(b, fh_hash_span(&s->chain_id));
	fh_cbor_put_uint(b, KEY_SEQUENCE);
	fh_cbor_put_uint(b, s->sequence);
	fh_cbor_put_uint(b, KEY_PREVIOUS);
	fh_cbor_put_bytes(b, fh_hash_span(&s->previous));
	fh_cbor_put_uint(b, KEY_KIND);
	fh_cbor_put_text(b, s->kind_text);
	fh_cbor_put_uint(b, KEY_BODY);
	fh_builder_bytes(b, s->body);
	fh_cbor_put_uint(b, KEY_ISSUED);
	fh_cbor_put_uint(b, s->issued_ms);
}

fh_err fh_envelope_parse(struct fh_span file, struct fh_envelope *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(file);
	struct fh_envelope v = { 0 };

	fh_cbor_array_exact(&c, 2);
	struct fh_span payload = fh_cbor_bytes(&c, FH_STATEMENT_MAX);

	if (fh_cursor_bad(&c)) {
		fh_trace_what(t, "this is no statement file");
		fh_trace_cure(t, "give a file that `freehold` has signed");
		return c.why;
	}
	fh_err e = fh_statement_parse(payload, &v.statement, t);

	if (e != FH_ERR_OK)
		return e;
	e = fh_cose_read_sign(&c, v.signature, FH_STATEMENT_SIGNATURES_MAX, &v.signatures);
	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "the signatures are malformed");
		fh_trace_cure(t, "fetch it again from where it was signed");
		return e;
	}
	*out = v;
	return FH_ERR_OK;
}

void fh_envelope_put(struct fh_builder *b, struct fh_span payload,
		     const struct fh_cose_signature *s, size_t n)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_bytes(b, payload);
	fh_cose_put_sign(b, s, n);
}
