/* SPDX-License-Identifier: Apache-2.0 */
/* The state that the machine was in when the session that signed began, and since when
 * the checkpoint exists.  */
#include "verify/machine.h"
#include "verify/proof_private.h"

/* The subject of a session's quote is what its certificate says (docs/spec/EVIDENCE):
 * the tree signed before it, its boot and start, the chain's head.  */
static fh_err judge(const struct fh_device *d, const struct fh_certificate *made,
		    struct fh_machine_result *out)
{
	const struct fh_quote_subject subject = {
		.purpose = FH_QUOTE_SESSION, .chain_id = made->chain_id,
		.device_id = made->device_id, .session_id = fh_key_id(made->session_key),
		.size = made->previous_size, .root = made->previous_root,
		.boot = made->boot, .start = made->start,
		.head_sequence = made->head_sequence, .head = made->head,
	};

	return fh_machine_quote_judge(d->body.ak, made->quote, &subject, out);
}

fh_err fh_proof_appraise(struct fh_proof_check *c, const struct fh_certificate *made)
{
	static const struct fh_hash reset; /* the lock PCR before the session locks it */
	const struct fh_device *d = fh_chain_device(&c->chain, &made->device_id);
	struct fh_machine_result r = { 0 };

	if (made->quote.n == 0 || d == nullptr)
		return FH_ERR_OK;
	fh_err e = judge(d, made, &r);

	if (e != FH_ERR_OK)
		return e;
	c->quoted = fh_machine_quote_holds(&r) && r.checks.attest.resets == made->boot
		    && fh_hash_equal(&r.quote.pcrs.value[FH_PCR_LOCK], &reset);
	if (!c->quoted)
		fh_trace_what(fh_proof_refuse(c, "quote", "certificate"),
			      "the quote is not by the enrolled attestation key, about this"
			      " machine, session, boot and place in the record");
	c->approved = c->quoted
		      && fh_chain_approved(&c->chain, &made->device_id, &r.quote.pcrs) != nullptr;
	return FH_ERR_OK;
}

static void say_unquoted(struct fh_proof_check *c)
{
	struct fh_trace *t = fh_finding_say(&c->finding, "no-quote");

	fh_trace_where(t, "accepted");
	fh_trace_what(t, "not checked: the session's certificate carries no quote of the machine's"
			 " state");
}

void fh_proof_answer_accepted(struct fh_proof_check *c, const struct fh_certificate *made)
{
	struct fh_trace *t;

	if (made->quote.n == 0) {
		say_unquoted(c);
		return;
	}
	if (!c->approved) {
		fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_NO);
		t = fh_finding_say(&c->finding, "not-approved");
		fh_trace_where(t, "accepted");
		fh_trace_what(t, "the session began in a state that no `reference` in force"
				 " approved");
		fh_trace_cure(t, "`freehold reference approve` would, if the state is as it"
				 " should be");
	} else if (fh_finding_answer(&c->finding, FH_ENROLLED) == FH_ANSWER_YES) {
		/* Without the genesis hash anybody's approval would do.  */
		fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_YES);
	}
}

/* One stamp against the checkpoint as it stands in the file.  */
static fh_err check_stamp(struct fh_proof_check *c, const struct fh_proof_options *o,
			  struct fh_span ots)
{
	struct fh_stamp_check s;

	fh_arena_reset(o->stamps);
	fh_err e = fh_stamp_verify(ots, c->file.note, o->headers, o->trust, o->stamps, &s);

	if (e != FH_ERR_OK)
		return e;
	if (fh_finding_answer(&s.finding, FH_AUTHENTIC) == FH_ANSWER_NO) {
		fh_trace_what(fh_proof_refuse(c, "anchor", "anchor"),
			      "a time stamp is not of this checkpoint, or a block contradicts it");
		return FH_ERR_OK;
	}
	if (s.existed && (!c->stamp.existed || s.place.header.time < c->stamp.place.header.time))
		c->stamp = s;
	return FH_ERR_OK;
}

fh_err fh_proof_check_stamps(struct fh_proof_check *c, const struct fh_proof_options *o)
{
	fh_err e = FH_ERR_OK;

	if (c->receipt || o->stamps == nullptr)
		return FH_ERR_OK;
	for (size_t i = 0; i < c->bundle.stamps && e == FH_ERR_OK; i++)
		e = check_stamp(c, o, c->bundle.stamp[i]);
	if (e != FH_ERR_OK || c->bundle.stamps == 0 || c->stamp.existed)
		return e;
	struct fh_trace *t = fh_finding_say(&c->finding, "anchor");

	fh_trace_where(t, "anchor");
	fh_trace_what(t, "not checked: no header at hand bears out a time stamp of this"
			 " checkpoint");
	fh_trace_cure(t, "give --headers FILE; a pending stamp wants `freehold stamp upgrade`");
	return FH_ERR_OK;
}
