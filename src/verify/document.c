/* SPDX-License-Identifier: Apache-2.0 */
/* The document of a machine: signatures from the inside out, the chain, then what
 * the chip says (document_quote.c).  */
#include "verify/document.h"

#include "base/own.h"
#include "codec/base64.h"
#include "verify/document_private.h"
#include "verify/signed.h"

const char *fh_binding_text(enum fh_binding b)
{
	static const char *const texts[] = { "none", "self", "operator-witnessed", "live" };

	return (unsigned)b < sizeof(texts) / sizeof(texts[0]) ? texts[b] : texts[0];
}

const char *fh_channel_text(enum fh_channel c)
{
	return c == FH_CHANNEL_UNBOUND ? "unbound" : "unchecked";
}

struct fh_trace *fh_document_say(struct fh_document_check *c, const char *code, const char *where)
{
	struct fh_trace *t = fh_finding_say(&c->finding, code);

	fh_trace_where(t, "%s", where);
	return t;
}

struct fh_trace *fh_document_refuse(struct fh_document_check *c, const char *code,
				    const char *where)
{
	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	return fh_document_say(c, code, where);
}

bool fh_document_refused(const struct fh_document_check *c)
{
	return fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_NO;
}

static bool could_not(fh_err e)
{
	return e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO;
}

/* --- the signed text -------------------------------------------------- */

static struct fh_builder room(struct fh_arena *a, size_t n)
{
	uint8_t *p = fh_arena_space(a, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

/* The bytes that the base64url TEXT stands for, at most MAX.  */
static fh_err decode(struct fh_span text, size_t max, struct fh_arena *a, struct fh_span *out)
{
	if (text.n / 4 * 3 > max)
		return FH_ERR_LIMIT;
	struct fh_builder b = room(a, text.n / 4 * 3 + 3);
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : fh_base64url_read(text, &b);

	if (e == FH_ERR_OK)
		*out = fh_builder_span(&b);
	return e;
}

static fh_err read_payload(const struct fh_jws *j, struct fh_arena *a, struct fh_document *out)
{
	struct fh_span payload;
	fh_err e = decode(j->payload, FH_DOCUMENT_PAYLOAD_MAX, a, &payload);

	return e == FH_ERR_OK ? fh_document_read(payload, a, out) : e;
}

fh_err fh_document_peek(struct fh_span text, struct fh_arena *arena, struct fh_document *out)
{
	struct fh_jws j;
	fh_err e = fh_jws_read(text, FH_DOCUMENT_HEADER, &j);

	return e == FH_ERR_OK ? read_payload(&j, arena, out) : e;
}

static fh_err read_jws(struct fh_document_check *c, struct fh_span text, struct fh_arena *a,
		       struct fh_jws *j, struct fh_span *signature)
{
	struct fh_span certificate;
	fh_err e = text.n > FH_DOCUMENT_MAX ? FH_ERR_LIMIT
					    : fh_jws_read(text, FH_DOCUMENT_HEADER, j);

	if (e == FH_ERR_OK)
		e = decode(j->certificate, FH_CERTIFICATE_MAX, a, &certificate);
	if (e == FH_ERR_OK)
		e = decode(j->signature, FH_MLDSA65_SIGNATURE_SIZE, a, signature);
	if (e == FH_ERR_OK)
		e = read_payload(j, a, &c->document);
	if (e == FH_ERR_OK)
		e = fh_certificate_read(certificate, &c->certificate);
	if (e == FH_ERR_OK || e == FH_ERR_NOMEM)
		return e;
	fh_trace_what(fh_document_refuse(c, "format", "document"),
		      "not a document that can be read: %s", fh_err_text(e));
	return FH_ERR_OK;
}

/* The session key of the certificate signed exactly this text.  */
static fh_err check_signature(struct fh_document_check *c, const struct fh_jws *j,
			      struct fh_span signature, struct fh_arena *a)
{
	struct fh_builder message = room(a, j->payload.n + 256);

	fh_jws_put_signed(&message, FH_DOCUMENT_HEADER, j->payload);
	if (message.bad)
		return FH_ERR_NOMEM;
	fh_err e = fh_signature_check(c->certificate.session_key, fh_builder_span(&message),
				      signature);

	if (could_not(e))
		return e;
	if (e != FH_ERR_OK)
		fh_trace_what(fh_document_refuse(c, "signature", "document"),
			      "is not signed by the session key in its certificate");
	return FH_ERR_OK;
}

/* --- who made it ------------------------------------------------------ */

/* The device key certified the session, for this chain.  */
static fh_err check_certificate(struct fh_document_check *c)
{
	const struct fh_document *d = &c->document;
	const struct fh_certificate *made = &c->certificate;
	fh_err e = fh_certificate_check(made, FH_SPAN_ARRAY(d->device.bytes));

	if (could_not(e))
		return e;
	c->device_id = made->device_id;
	c->session_id = fh_key_id(made->session_key);
	if (e != FH_ERR_OK)
		fh_trace_what(fh_document_refuse(c, "signature", "certificate"),
			      "is not signed by the device key that the document shows");
	else if (!fh_hash_equal(&made->chain_id, &d->genesis))
		fh_trace_what(fh_document_refuse(c, "certificate", "certificate"),
			      "is of another chain than the document");
	else if (made->boot != d->boot || made->start > d->start || made->grade != d->grade)
		fh_trace_what(fh_document_refuse(c, "certificate", "certificate"),
			      "says another boot, start or grade than the document");
	return FH_ERR_OK;
}

/* The checkpoint is of this record, signed by this session.  */
static fh_err check_checkpoint(struct fh_document_check *c)
{
	FH_OWN(fh_verifier) v = { 0 };
	char origin[16 + 2 * FH_HASH_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(origin);
	struct fh_note note;
	size_t others;

	fh_builder_text(&b, "freehold/");
	fh_builder_hex(&b, fh_hash_span(&c->device_id));
	struct fh_span key = c->certificate.session_key;
	struct fh_note_key by = { fh_builder_span(&b),
				  fh_note_mldsa65_key_id(fh_builder_span(&b), key), &v };
	fh_err e = fh_note_parse(c->document.checkpoint, &note);

	if (e == FH_ERR_OK)
		e = fh_checkpoint_parse(note.text, &c->checkpoint);
	if (e == FH_ERR_OK && (!fh_span_equal(c->checkpoint.origin, by.name)
			       || c->checkpoint.size < c->certificate.previous_size))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK)
		e = fh_verifier_new(key, &v);
	if (e == FH_ERR_OK)
		e = fh_note_signed_by(&note, &by, &others);
	if (could_not(e))
		return e;
	if (e != FH_ERR_OK)
		fh_trace_what(fh_document_refuse(c, "checkpoint", "checkpoint"),
			      "is not one of this device that its session signed");
	return FH_ERR_OK;
}

/* --- the chain -------------------------------------------------------- */

static fh_err accept_all(struct fh_document_check *c, struct fh_arena *scratch)
{
	for (size_t i = 0; i < c->document.statements; i++) {
		struct fh_trace why = { 0 };
		fh_err e = fh_chain_accept(&c->chain, c->document.statement[i], scratch, &why);

		if (could_not(e))
			return e;
		if (e != FH_ERR_OK) {
			fh_trace_what(fh_document_refuse(c, "statement", "chain"),
				      "statement %zu is refused: %s: %s", i, fh_err_text(e),
				      why.what);
			return FH_ERR_OK;
		}
	}
	return FH_ERR_OK;
}

/* Those who may sign are those that the document shows, in this order.  */
static bool same_operator(const struct fh_document_check *c)
{
	const struct fh_authority *a = c->chain.head.authority;
	const struct fh_document *d = &c->document;

	if (a == nullptr || a->signers != d->operator_keys)
		return false;
	for (size_t i = 0; i < a->signers; i++) {
		if (!fh_span_equal(a->signer[i].key, FH_SPAN_ARRAY(d->operator_key[i].bytes)))
			return false;
	}
	return true;
}

/* What the document says of the chain is what the chain says.  */
static const char *contradiction(const struct fh_document_check *c)
{
	const struct fh_document *d = &c->document;
	const struct fh_device *device = fh_chain_device(&c->chain, &c->device_id);

	if (!fh_hash_equal(&c->chain.id, &d->genesis))
		return "the statements are of another chain than the document";
	if (c->chain.placement != d->placement)
		return "genesis places the operator key elsewhere";
	if (c->chain.head.sequence != d->head_sequence
	    || !fh_hash_equal(&c->chain.head.hash, &d->head))
		return "the statements lead to another head";
	if (!same_operator(c))
		return "others may sign at the head";
	if (device == nullptr)
		return "no statement enrols this device";
	if (!fh_span_equal(device->body.key, FH_SPAN_ARRAY(d->device.bytes)))
		return "another device key is enrolled";
	if (!fh_span_equal(device->body.ak, d->ak))
		return "another attestation key is enrolled";
	if (!fh_span_equal(device->body.ek_certificate,
			   d->endorsements > 0 ? d->endorsement[0] : (struct fh_span){ 0 }))
		return "another endorsement certificate is enrolled";
	return nullptr;
}

static fh_err check_chain(struct fh_document_check *c, const struct fh_document_options *o)
{
	fh_err e = accept_all(c, o->scratch);

	if (e != FH_ERR_OK || fh_document_refused(c) || c->document.statements == 0)
		return e;
	const char *what = contradiction(c);

	if (what != nullptr)
		fh_trace_what(fh_document_refuse(c, "chain", "chain"), "%s", what);
	return FH_ERR_OK;
}

/* The weakest that enrolment and certificate say.  */
static void grade(struct fh_document_check *c)
{
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);
	enum fh_grade enrolled = c->certificate.grade;

	if (d != nullptr && fh_grade_parse(d->body.grade, &enrolled) != FH_ERR_OK)
		enrolled = FH_GRADE_NONE;
	c->finding.graded = true;
	c->finding.grade = enrolled < c->certificate.grade ? enrolled : c->certificate.grade;
	c->finding.placed = true;
	c->finding.placement = c->document.placement;
}

static void answer_enrolled(struct fh_document_check *c, const struct fh_document_options *o)
{
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);
	struct fh_trace *t;

	if (!o->genesis_given) {
		t = fh_finding_say(&c->finding, "genesis");
		fh_trace_where(t, "enrolled");
		fh_trace_what(t, "not checked: no genesis hash was given, so any operator would"
				 " do");
		fh_trace_cure(t, "give --genesis HASH, from a source you trust");
	} else if (!fh_hash_equal(&o->genesis, &c->document.genesis)) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_NO);
		t = fh_finding_say(&c->finding, "genesis");
		fh_trace_where(t, "enrolled");
		fh_trace_what(t, "the document is of another authority chain than the genesis"
				 " hash given");
	} else if (c->document.statements == 0) {
		t = fh_finding_say(&c->finding, "chain");
		fh_trace_where(t, "enrolled");
		fh_trace_what(t, "not checked: the chain is too large for the document");
		fh_trace_cure(t, "verify the record, which holds it");
	} else if (d->revoked && !d->superseded) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_NO);
		t = fh_finding_say(&c->finding, "revoked");
		fh_trace_where(t, "device");
		fh_trace_what(t, "the operator has revoked it");
	} else if (c->chain.state == FH_CHAIN_LIVE) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_YES);
	} else {
		t = fh_finding_say(&c->finding, "chain");
		fh_trace_where(t, "chain %s", fh_chain_state_text(c->chain.state));
		fh_trace_what(t, "%s", c->chain.why.what);
	}
}

/* --- all of it -------------------------------------------------------- */

static fh_err check_signatures(struct fh_document_check *c, struct fh_span text,
			       const struct fh_document_options *o)
{
	struct fh_jws j;
	struct fh_span signature;
	fh_err e = read_jws(c, text, o->own, &j, &signature);

	if (e == FH_ERR_OK && !fh_document_refused(c))
		e = check_certificate(c);
	if (e == FH_ERR_OK && !fh_document_refused(c))
		e = check_signature(c, &j, signature, o->own);
	if (e == FH_ERR_OK && !fh_document_refused(c))
		e = check_checkpoint(c);
	return e;
}

fh_err fh_document_verify(struct fh_span text, const struct fh_document_options *o,
			  struct fh_document_check *out)
{
	struct fh_document_check *c = out;

	*c = (struct fh_document_check){ 0 };
	fh_finding_begin(&c->finding);
	fh_chain_begin(o->live, o->spare, o->checks, &c->chain);
	fh_err e = check_signatures(c, text, o);

	if (e == FH_ERR_OK && !fh_document_refused(c))
		e = check_chain(c, o);
	if (e != FH_ERR_OK || fh_document_refused(c))
		return e;
	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_YES);
	grade(c);
	answer_enrolled(c, o);
	return fh_document_check_chip(c, o);
}
