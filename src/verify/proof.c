/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/proof.h"

#include "base/own.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "entry/certificate.h"
#include "verify/signed.h"

static struct fh_trace *refuse(struct fh_proof_check *c, const char *code, const char *where)
{
	struct fh_trace *t = fh_finding_say(&c->finding, code);

	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	fh_trace_where(t, "%s", where);
	fh_trace_cure(t, "ask for the proof again");
	return t;
}

/* The file, its bundle and its checkpoint; false after a refusal.  */
static bool read_all(struct fh_proof_check *c, struct fh_span text, struct fh_builder *room,
		     struct fh_note *note)
{
	fh_err e = fh_proof_file_read(text, &c->file);

	if (e == FH_ERR_OK)
		e = fh_base64_read(c->file.extra, room);
	if (e == FH_ERR_OK)
		e = fh_bundle_read(fh_builder_span(room), &c->bundle);
	if (e != FH_ERR_OK) {
		fh_trace_what(refuse(c, "format", "file"), "not a proof that can be read: %s",
			      fh_err_text(e));
		return false;
	}
	if (fh_note_parse(c->file.note, note) != FH_ERR_OK
	    || fh_checkpoint_parse(note->text, &c->checkpoint) != FH_ERR_OK) {
		fh_trace_what(refuse(c, "checkpoint", "checkpoint"), "not a signed checkpoint");
		return false;
	}
	return true;
}

static bool check_entry(struct fh_proof_check *c)
{
	struct fh_hash h = fh_leaf_hash(c->bundle.leaf);
	const char *what = nullptr;

	if (fh_inclusion_check(&c->file.proof, c->file.index, 0, c->checkpoint.size, &h,
			       &c->checkpoint.root) != FH_ERR_OK) {
		fh_trace_what(refuse(c, "inclusion", "proof"),
			      "the leaf is not in the checkpoint's tree at this index");
		return false;
	}
	if (fh_leaf_read(c->bundle.leaf, &c->leaf) != FH_ERR_OK
	    || c->leaf.index != c->file.index) {
		fh_trace_what(refuse(c, "leaf", "leaf"),
			      "the leaf cannot be read or says another index");
		return false;
	}
	if (c->bundle.payload.n == 0)
		return true;
	h = fh_hash_of(c->bundle.payload);
	if (!fh_hash_equal(&h, &c->leaf.payload))
		what = "the payload is not the one that the leaf commits to";
	else if (fh_payload_read(c->bundle.payload, &c->fields) != FH_ERR_OK)
		what = "the payload cannot be read";
	if (what == nullptr) {
		h = fh_fields_root(&c->fields);
		if (!fh_hash_equal(&h, &c->leaf.fields))
			what = "the fields do not lead to the root that the leaf commits to";
	}
	if (what != nullptr)
		fh_trace_what(refuse(c, "payload", "payload"), "%s", what);
	c->shown = what == nullptr;
	return c->shown;
}

static fh_err check_chain(struct fh_proof_check *c, struct fh_arena *scratch)
{
	struct fh_cursor cursor = fh_cursor_of(c->bundle.rest);

	for (size_t i = 0; i < c->bundle.statements; i++) {
		struct fh_trace why = { 0 };
		struct fh_span file = fh_cbor_bytes(&cursor, FH_ENVELOPE_MAX);
		fh_err e = fh_chain_accept(&c->chain, file, scratch, &why);

		if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
			return e;
		if (e != FH_ERR_OK) {
			fh_trace_what(refuse(c, "statement", "chain"),
				      "statement %zu is refused: %s: %s", i, fh_err_text(e),
				      why.what);
			return FH_ERR_OK;
		}
	}
	uint64_t sequence;

	if (c->chain.state != FH_CHAIN_FORKED
	    && fh_chain_find(&c->chain, &c->leaf.chain_head, &sequence) != FH_ERR_OK)
		fh_trace_what(refuse(c, "chain-head", "chain"),
			      "the chain in the file does not hold the head that the leaf names");
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
		fh_trace_what(refuse(c, "signature", "checkpoint"),
			      "the checkpoint is not signed by the session's key");
	return FH_ERR_OK;
}

static fh_err check_session(struct fh_proof_check *c, const struct fh_note *note)
{
	struct fh_certificate made;
	const struct fh_device *d = nullptr;
	fh_err e = fh_certificate_read(c->bundle.certificate, &made);

	if (e == FH_ERR_OK && fh_hash_equal(&made.chain_id, &c->chain.id))
		d = fh_chain_device(&c->chain, &made.device_id);
	if (d == nullptr) {
		fh_trace_what(refuse(c, "not-enrolled", "certificate"),
			      "the session certificate is malformed, or of a device that the chain"
			      " does not hold");
		return FH_ERR_OK;
	}
	e = fh_certificate_check(&made, d->body.key);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	if (e != FH_ERR_OK) {
		fh_trace_what(refuse(c, "signature", "certificate"),
			      "the session certificate is not signed by the device key");
		return FH_ERR_OK;
	}
	c->device_id = made.device_id;
	grade(c, &made, d);
	return check_note(c, note, &made);
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

static void say_unappraised(struct fh_finding *f)
{
	struct fh_trace *t = fh_finding_say(f, "no-quote");

	fh_trace_where(t, "accepted");
	fh_trace_what(t, "not checked: a proof is of one entry; the record tells the states that "
		      "the machine was in");
}

fh_err fh_proof_verify(struct fh_span text, const struct fh_proof_options *o,
		       struct fh_proof_check *out)
{
	struct fh_note note;
	size_t room = text.n < FH_PROOF_FILE_MAX ? text.n : FH_PROOF_FILE_MAX;
	uint8_t *memory = fh_arena_take(o->own, room + 1);
	fh_err e = FH_ERR_OK;

	if (memory == nullptr)
		return FH_ERR_NOMEM;
	struct fh_builder b = fh_builder_of(memory, room);

	*out = (struct fh_proof_check){ 0 };
	fh_finding_begin(&out->finding);
	fh_chain_begin(o->live, o->spare, o->checks, &out->chain);
	if (read_all(out, text, &b, &note) && check_entry(out))
		e = check_chain(out, o->scratch);
	if (e == FH_ERR_OK && fh_finding_answer(&out->finding, FH_AUTHENTIC) != FH_ANSWER_NO)
		e = check_session(out, &note);
	if (e == FH_ERR_OK) {
		answer(out, o);
		fh_finding_say_static(&out->finding, "a proof");
		say_unappraised(&out->finding);
	}
	return e;
}
