/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/proof.h"

#include "base/own.h"
#include "codec/cbor.h"
#include "verify/proof_private.h"
#include "verify/signed.h"

struct fh_trace *fh_proof_refuse(struct fh_proof_check *c, const char *code, const char *where)
{
	struct fh_trace *t = fh_finding_say(&c->finding, code);

	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	fh_trace_where(t, "%s", where);
	fh_trace_cure(t, "ask for the proof again");
	return t;
}

/* Takes statement I of the bundle into the chain; a refusal is said.  */
static fh_err accept(struct fh_proof_check *c, struct fh_cursor *statements, size_t i,
		     struct fh_arena *scratch)
{
	struct fh_trace why = { 0 };
	struct fh_span file = fh_cbor_bytes(statements, FH_ENVELOPE_MAX);
	fh_err e = fh_chain_accept(&c->chain, file, scratch, &why);

	if (e != FH_ERR_OK && e != FH_ERR_NOMEM && e != FH_ERR_CRYPTO)
		fh_trace_what(fh_proof_refuse(c, "statement", "chain"),
			      "statement %zu is refused: %s: %s", i, fh_err_text(e), why.what);
	return e;
}

/* The chain, and on the way the state of the machine as the rules were when MADE, the
 * session's certificate, was made.  */
static fh_err check_chain(struct fh_proof_check *c, const struct fh_certificate *made,
			  struct fh_arena *scratch)
{
	struct fh_cursor cursor = fh_cursor_of(c->bundle.statement);
	bool judged = false;
	uint64_t sequence;

	for (size_t i = 0; i < c->bundle.statements; i++) {
		fh_err e = accept(c, &cursor, i, scratch);

		if (e != FH_ERR_OK)
			return e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO ? e : FH_ERR_OK;
		/* Version 1 does not say when it was made: judged at the end.  */
		if (judged || (i + 1 < c->bundle.statements
			       && (made->version_1
				   || !fh_hash_equal(&c->chain.head.hash, &made->head))))
			continue;
		judged = true;
		e = fh_proof_appraise(c, made);
		if (e != FH_ERR_OK)
			return e;
	}
	if (c->chain.state != FH_CHAIN_FORKED
	    && fh_chain_find(&c->chain, &c->leaf.chain_head, &sequence) != FH_ERR_OK)
		fh_trace_what(fh_proof_refuse(c, "chain-head", "chain"),
			      "the chain in the file does not hold the head that the leaf names");
	if (made->session_key.n > 0 && !made->version_1
	    && !fh_chain_holds(&c->chain, made->head_sequence, &made->head))
		fh_trace_what(fh_proof_refuse(c, "certificate", "certificate"),
			      "the certificate names a chain head that the chain does not hold");
	return FH_ERR_OK;
}

static void grade(struct fh_proof_check *c, const struct fh_certificate *made,
		  const struct fh_device *d)
{
	enum fh_grade enrolled;

	if (fh_grade_parse(d->body.grade, &enrolled) != FH_ERR_OK)
		enrolled = FH_GRADE_NONE;
	c->finding.graded = c->finding.placed = true;
	c->finding.grade = enrolled < made->grade ? enrolled : made->grade;
	c->finding.placement = c->chain.placement;
}

/* The checkpoint is signed by the session key in MADE.  */
static fh_err check_note(struct fh_proof_check *c, const struct fh_note *note,
			 const struct fh_certificate *made)
{
	FH_OWN(fh_verifier) v = { 0 };
	char origin[16 + 2 * FH_HASH_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(origin);
	size_t others;

	fh_builder_text(&b, "freehold/");
	fh_builder_hex(&b, fh_hash_span(&made->device_id));
	struct fh_note_key key = { fh_builder_span(&b),
				   fh_note_mldsa65_key_id(fh_builder_span(&b), made->session_key),
				   &v };
	fh_err e = fh_verifier_new(made->session_key, &v);

	if (e == FH_ERR_OK && !fh_span_equal(c->checkpoint.origin, key.name))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK)
		e = fh_note_signed_by(note, &key, &others);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	if (e != FH_ERR_OK)
		fh_trace_what(fh_proof_refuse(c, "signature", "checkpoint"),
			      "the checkpoint is not signed by the session's key");
	return FH_ERR_OK;
}

/* The receipt is signed by the session key in MADE, over the root that the entry leads
 * to.  */
static fh_err check_receipt(struct fh_proof_check *c, const struct fh_certificate *made)
{
	uint8_t message[FH_RECEIPT_SIGNED_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(message);
	struct fh_hash session = fh_key_id(made->session_key);
	fh_err e = FH_ERR_SIGNATURE;

	fh_receipt_put_signed(&b, &session, fh_hash_span(&c->checkpoint.root));
	if (fh_hash_equal(&session, &c->session))
		e = fh_signature_check(made->session_key, fh_builder_span(&b), c->signature);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	if (e != FH_ERR_OK)
		fh_trace_what(fh_proof_refuse(c, "signature", "receipt"),
			      "the receipt is not signed by the session whose certificate is in"
			      " the bundle, over a tree with this entry");
	return FH_ERR_OK;
}

static fh_err check_session(struct fh_proof_check *c, const struct fh_certificate *made,
			    const struct fh_note *note)
{
	const struct fh_device *d = nullptr;
	fh_err e;

	if (made->session_key.n > 0 && fh_hash_equal(&made->chain_id, &c->chain.id))
		d = fh_chain_device(&c->chain, &made->device_id);
	if (d == nullptr) {
		fh_trace_what(fh_proof_refuse(c, "not-enrolled", "certificate"),
			      "the session certificate is malformed, or of a device that the chain"
			      " does not hold");
		return FH_ERR_OK;
	}
	e = fh_certificate_check(made, d->body.key);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	if (e != FH_ERR_OK) {
		fh_trace_what(fh_proof_refuse(c, "signature", "certificate"),
			      "the session certificate is not signed by the device key");
		return FH_ERR_OK;
	}
	c->device_id = made->device_id;
	grade(c, made, d);
	return c->receipt ? check_receipt(c, made) : check_note(c, note, made);
}

static void answer(struct fh_proof_check *c, const struct fh_proof_options *o)
{
	struct fh_trace *t;
	bool authentic = fh_finding_answer(&c->finding, FH_AUTHENTIC) != FH_ANSWER_NO;

	if (authentic)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_YES);
	const struct fh_device *d = authentic ? fh_chain_device(&c->chain, &c->device_id) : nullptr;

	if (o->genesis_given && c->chain.state != FH_CHAIN_EMPTY
	    && !fh_hash_equal(&o->genesis, &c->chain.id)) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_NO);
		t = fh_finding_say(&c->finding, "genesis");
		fh_trace_where(t, "enrolled");
		fh_trace_what(t, "the proof is of another authority chain than the genesis hash"
				 " given");
	} else if (o->genesis_given && d != nullptr && d->revoked && !d->superseded) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_NO);
		t = fh_finding_say(&c->finding, "revoked");
		fh_trace_where(t, "device");
		fh_trace_what(t, "the operator has revoked it");
	} else if (o->genesis_given && d != nullptr && c->chain.state == FH_CHAIN_LIVE) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_YES);
	} else if (!o->genesis_given) {
		t = fh_finding_say(&c->finding, "genesis");
		fh_trace_where(t, "enrolled");
		fh_trace_what(t, "not checked: no genesis hash was given, so any operator would"
				 " do");
		fh_trace_cure(t, "give --genesis HASH, from a source you trust");
	} else if (authentic) {
		t = fh_finding_say(&c->finding, "chain");
		fh_trace_where(t, "chain %s", fh_chain_state_text(c->chain.state));
		fh_trace_what(t, "%s", c->chain.why.what);
	}
}

/* Nothing says who signed, so nobody can tell whether that is right.  */
static void say_unsigned(struct fh_proof_check *c)
{
	struct fh_trace *t = fh_finding_say(&c->finding, "no-bundle");

	fh_trace_where(t, "authentic");
	fh_trace_what(t, "not checked: the file does not say who signed; the entry is in the tree");
	fh_trace_cure(t, "give --bundle FILE, a bundle of the same entry");
}

/* The session that signed, the chain behind it, and what they come to.  */
static fh_err judge(struct fh_proof_check *c, const struct fh_proof_options *o,
		    const struct fh_note *note)
{
	struct fh_certificate made = { 0 };

	if (c->bundle.certificate.n == 0) {
		say_unsigned(c);
		return FH_ERR_OK;
	}
	/* One that cannot be read names no device.  */
	(void)!fh_certificate_read(c->bundle.certificate, &made);
	fh_err e = check_chain(c, &made, o->scratch);

	if (e == FH_ERR_OK && fh_finding_answer(&c->finding, FH_AUTHENTIC) != FH_ANSWER_NO)
		e = check_session(c, &made, note);
	if (e == FH_ERR_OK && fh_finding_answer(&c->finding, FH_AUTHENTIC) != FH_ANSWER_NO)
		e = fh_proof_check_stamps(c, o);
	if (e != FH_ERR_OK)
		return e;
	answer(c, o);
	if (fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_YES)
		fh_proof_answer_accepted(c, &made);
	return FH_ERR_OK;
}

fh_err fh_proof_verify(struct fh_span file, const struct fh_proof_options *o,
		       struct fh_proof_check *out)
{
	struct fh_note note;
	bool go_on;

	*out = (struct fh_proof_check){ 0 };
	fh_finding_begin(&out->finding);
	fh_chain_begin(o->live, o->spare, o->checks, &out->chain);
	fh_err e = fh_proof_read(out, file, o, &note, &go_on);

	if (e == FH_ERR_OK && go_on && fh_proof_check_entry(out))
		e = judge(out, o, &note);
	if (e == FH_ERR_OK)
		fh_finding_say_static(&out->finding, "a proof");
	return e;
}
