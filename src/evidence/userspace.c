/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/userspace.h"

#include "base/hex.h"
#include "codec/json_tree.h"
#include "evidence/attest.h"

constexpr uint8_t record_mark = 0x1e; /* RFC 7464, section 2.2 */
constexpr int depth = 8;

fh_err fh_userspace_open(struct fh_span file, struct fh_arena *scratch,
			 struct fh_userspace_log *out, struct fh_trace *t)
{
	*out = (struct fh_userspace_log){ .rest = file, .scratch = scratch };
	out->t = t != nullptr ? t : &out->own;
	if (file.n > FH_USERSPACE_LOG_MAX) {
		fh_trace_what(out->t, "is larger than %zu bytes", FH_USERSPACE_LOG_MAX);
		return out->why = FH_ERR_LIMIT;
	}
	if (file.n > 0 && file.p[0] != record_mark) {
		fh_trace_what(out->t, "is no sequence of JSON texts, each after a byte 1e");
		return out->why = FH_ERR_FORMAT;
	}
	return FH_ERR_OK;
}

/* --- one record ------------------------------------------------------------- */

/* Of an OBJECT that may not be there.  */
static struct fh_span text_of(const struct fh_json *object, const char *name)
{
	const struct fh_json *m = object == nullptr ? nullptr : fh_json_member(object, name);

	return m != nullptr && m->kind == FH_JSON_STRING ? m->text : (struct fh_span){ 0 };
}

/* A hash that no bank has is passed over: a newer TPM may have one.  */
static fh_err read_digest(const struct fh_json *one, struct fh_userspace_event *e)
{
	enum fh_bank bank = fh_bank_named(text_of(one, "hashAlg"));
	struct fh_span hex = text_of(one, "digest");
	struct fh_digest d = { .n = (uint8_t)fh_bank_size(bank) }, seen;

	if (bank == FH_BANK_NONE)
		return hex.n > 0 ? FH_ERR_OK : FH_ERR_FORMAT;
	if (fh_hex_read(hex, d.bytes, d.n) != FH_ERR_OK || fh_userspace_digest(e, bank, &seen))
		return FH_ERR_FORMAT;
	if (e->digests == FH_USERSPACE_DIGESTS_MAX)
		return FH_ERR_LIMIT;
	e->digest[e->digests].bank = bank;
	e->digest[e->digests++].digest = d;
	return FH_ERR_OK;
}

static fh_err read_digests(const struct fh_json *list, struct fh_userspace_event *e)
{
	if (list == nullptr || list->kind != FH_JSON_ARRAY)
		return FH_ERR_FORMAT;
	for (const struct fh_json *d = list->first; d != nullptr; d = d->next) {
		fh_err bad = read_digest(d, e);

		if (bad != FH_ERR_OK)
			return bad;
	}
	return FH_ERR_OK;
}

static fh_err read_target(const struct fh_json *record, struct fh_userspace_event *e)
{
	const struct fh_json *pcr = fh_json_member(record, "pcr");

	e->elsewhere = pcr == nullptr;
	if (e->elsewhere)
		return record->kind == FH_JSON_OBJECT ? FH_ERR_OK : FH_ERR_FORMAT;
	if (pcr->kind != FH_JSON_INTEGER || pcr->integer < 0
	    || pcr->integer >= (int64_t)FH_PCRS_MAX)
		return FH_ERR_FORMAT;
	e->pcr = (unsigned)pcr->integer;
	return FH_ERR_OK;
}

static fh_err read_record(const struct fh_json *record, struct fh_userspace_event *e)
{
	const struct fh_json *content = fh_json_member(record, "content");
	fh_err bad = read_target(record, e);

	if (bad == FH_ERR_OK)
		bad = read_digests(fh_json_member(record, "digests"), e);
	e->type = text_of(content, "eventType");
	e->text = text_of(content, "string");
	return bad;
}

/* --- the sequence ----------------------------------------------------------- */

/* Takes one record off the front; one that does not end in a line feed was cut off.  */
static fh_err cut(struct fh_userspace_log *log, struct fh_span *record)
{
	struct fh_span from = fh_span_skip(log->rest, 1);
	size_t n = fh_span_find(from, record_mark);

	*record = fh_span_first(from, n);
	log->rest = fh_span_skip(from, n);
	if (n > FH_USERSPACE_RECORD_MAX)
		return FH_ERR_LIMIT;
	if (n == 0 || record->p[n - 1] != '\n')
		return FH_ERR_FORMAT;
	return FH_ERR_OK;
}

bool fh_userspace_next(struct fh_userspace_log *log, struct fh_userspace_event *out)
{
	static const struct fh_json_limits limits = { FH_USERSPACE_RECORD_MAX, depth };
	struct fh_userspace_event e = { .number = log->number };
	struct fh_arena space = *log->scratch; /* given back when the next one is read */
	const struct fh_json *json;
	struct fh_span record;

	if (log->why != FH_ERR_OK || log->rest.n == 0)
		return false;
	fh_err bad = cut(log, &record);

	if (bad == FH_ERR_OK)
		bad = fh_json_tree(record, &limits, "record", &space, &json, /* t= */ nullptr);
	if (bad == FH_ERR_OK)
		bad = read_record(json, &e);
	if (bad != FH_ERR_OK) {
		fh_trace_what(log->t, "record %zu is malformed or was cut off", log->number);
		log->why = bad;
		return false;
	}
	log->number++;
	*out = e;
	return true;
}

bool fh_userspace_digest(const struct fh_userspace_event *e, enum fh_bank bank,
			 struct fh_digest *out)
{
	for (size_t i = 0; i < e->digests; i++) {
		if (e->digest[i].bank == bank) {
			*out = e->digest[i].digest;
			return true;
		}
	}
	return false;
}

/* Not of those whose text describes a secret: of a volume's key the HMAC was measured.  Nor
 * where systemd has escaped something in it.  */
bool fh_userspace_says(const struct fh_userspace_event *e)
{
	if (fh_span_find(e->text, '\\') < e->text.n)
		return false;
	return fh_span_equal(e->type, FH_SPAN_LIT("phase"))
	       || fh_span_equal(e->type, FH_SPAN_LIT("machine-id"))
	       || fh_span_equal(e->type, FH_SPAN_LIT("filesystem"));
}

bool fh_userspace_is_right(const struct fh_userspace_event *e, enum fh_bank bank)
{
	struct fh_digest said = fh_bank_digest(bank, e->text), d;

	return fh_userspace_digest(e, bank, &d)
	       && fh_span_equal(fh_digest_span(&said), fh_digest_span(&d));
}
