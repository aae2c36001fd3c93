/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says for itself: by which key, about what, in which state, endorsed
 * by whom; and the same for the quote that it made for the asker.  */
#include "verify/document_private.h"

#include "evidence/event_log.h"

#include <string.h>

/* --- quotes ----------------------------------------------------------- */

/* A session's quote is about what its certificate names.  */
static bool as_certified(const struct fh_document_check *c, const struct fh_quote_subject *s)
{
	const struct fh_certificate *made = &c->certificate;

	return s->size == made->previous_size && fh_hash_equal(&s->root, &made->previous_root)
	       && s->head_sequence == made->head_sequence && fh_hash_equal(&s->head, &made->head);
}

/* What the subject says and the document contradicts, or NULL.  */
static const char *contradiction(const struct fh_document_check *c,
				 const struct fh_quote_subject *s)
{
	const struct fh_document *d = &c->document;

	if (s->boot != d->boot)
		return "was taken in another boot";
	if (s->start < c->certificate.start)
		return "was taken before its session";
	if (s->purpose == FH_QUOTE_SESSION && !as_certified(c, s))
		return "was taken over another record or chain than the certificate names";
	if (s->size < c->certificate.previous_size)
		return "was taken over less than was signed before its session";
	if (s->size == c->checkpoint.size && !fh_hash_equal(&s->root, &c->checkpoint.root))
		return "was taken over another record of the same size";
	if (d->statements > 0 && s->head_sequence <= d->head_sequence
	    && !fh_chain_holds(&c->chain, s->head_sequence, &s->head))
		return "was taken under another chain";
	return nullptr;
}

/* What the document's own quote may not be ahead of: the document is the newer one.  */
static const char *premature(const struct fh_document_check *c, const struct fh_quote_subject *s)
{
	if (s->start > c->document.start)
		return "was taken at a later start than the document's";
	if (s->size > c->checkpoint.size)
		return "was taken over more than the checkpoint shows";
	return nullptr;
}

/* Whether the document shows the chain head that NAME was taken under.  If not, there
 * may be a revocation that it withholds, so nothing that rests on its chain is a yes.  */
static void check_head(struct fh_document_check *c, const char *name,
		       const struct fh_quote_subject *s)
{
	const struct fh_document *d = &c->document;
	struct fh_trace *t;

	if (d->statements > 0 && s->head_sequence <= d->head_sequence)
		return;
	t = fh_document_say(c, "head-unchecked", name);
	if (d->statements == 0) {
		fh_trace_what(t, "the chain head it was taken under is not checked: the chain is"
				 " too large for the document");
		fh_trace_cure(t, "verify the record, which holds it");
		return;
	}
	fh_trace_what(t, "was taken under statement %llu of the chain, and the document shows"
			 " them up to %llu", (unsigned long long)s->head_sequence,
		      (unsigned long long)d->head_sequence);
	fh_trace_cure(t, "fetch the document again; if it stays so, something is withheld");
	if (fh_finding_answer(&c->finding, FH_ENROLLED) == FH_ANSWER_YES)
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_UNCHECKED);
}

/* The lock PCR as this quote must find it.  */
static struct fh_hash lock_of(const struct fh_document_check *c, const struct fh_quote_subject *s)
{
	struct fh_hash zero = { 0 };

	return s->purpose == FH_QUOTE_SESSION ? zero : fh_pcr_locked(&c->session_id);
}

static void say_checks(struct fh_document_check *c, const struct fh_machine_result *r)
{
	for (int i = 0; i < FH_QUOTE_CHECKS; i++) {
		struct fh_trace *t = r->checks.answer[i] == FH_ANSWER_NO
			? fh_finding_say(&c->finding, fh_quote_check_text((enum fh_quote_check)i))
			: nullptr;

		if (t != nullptr)
			*t = r->checks.why[i];
	}
}

/* Judges Q, called NAME; *RIGHT tells whether it is what it says.  */
static fh_err judge(struct fh_document_check *c, const char *name,
		    const struct fh_document_quote *q, struct fh_machine_result *r, bool *right)
{
	struct fh_quote_subject s = q->subject;

	*right = false;
	s.chain_id = c->document.genesis;
	s.device_id = c->device_id;
	s.session_id = c->session_id;
	fh_err e = fh_machine_quote_judge(c->document.ak, q->evidence, &s, r);

	if (e != FH_ERR_OK)
		return e;
	const char *what = contradiction(c, &s);
	struct fh_hash lock = lock_of(c, &s);

	if (!r->readable) {
		what = "is no quote by an attestation key";
	} else if (!fh_machine_quote_holds(r)) {
		say_checks(c, r);
		return FH_ERR_OK;
	} else if (what == nullptr && r->checks.attest.resets != s.boot) {
		what = "was made in another boot of the TPM than it says";
	} else if (what == nullptr
		   && !fh_hash_equal(&r->quote.pcrs.value[FH_PCR_LOCK], &lock)) {
		what = "finds the lock PCR not as this session leaves it";
	}
	if (what == nullptr && q == &c->document.quote)
		what = premature(c, &s);
	*right = what == nullptr;
	if (what != nullptr)
		fh_trace_what(fh_document_say(c, "quote", name), "%s", what);
	else
		check_head(c, name, &s);
	return FH_ERR_OK;
}

static fh_err check_quote(struct fh_document_check *c)
{
	bool right;

	if (c->document.quote.evidence.n == 0)
		return FH_ERR_OK;
	fh_err e = judge(c, "quote", &c->document.quote, &c->quote, &right);

	if (e == FH_ERR_OK && !right)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	return e;
}

/* --- the asker's own question ----------------------------------------- */

/* Fresh is what answers the nonce and nothing else.  */
static fh_err check_answer(struct fh_document_check *c, const struct fh_document_options *o)
{
	struct fh_document_quote q = { 0 };
	bool right = false;
	fh_err e = fh_document_quote_read(o->answer, o->own, &q);

	if (e == FH_ERR_NOMEM)
		return e;
	if (e != FH_ERR_OK || q.evidence.n == 0)
		fh_trace_what(fh_document_say(c, "format", "answer"),
			      "holds no quote that can be read");
	else if (q.subject.purpose != FH_QUOTE_LIVE
		 || !fh_span_equal(q.subject.nonce, o->nonce))
		fh_trace_what(fh_document_say(c, "quote-nonce", "answer"),
			      "was not made for the nonce that was given");
	else if (!fh_span_equal(q.subject.origin, o->origin))
		fh_trace_what(fh_document_say(c, "origin", "answer"),
			      "was made for somebody who asked at another address");
	else if (q.subject.exporter.n > 0)
		fh_trace_what(fh_document_say(c, "channel", "answer"),
			      "is bound to a TLS session that is not the one it came over");
	else
		e = judge(c, "answer", &q, &c->answer, &right);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	fh_finding_set(&c->finding, FH_FRESH, right ? FH_ANSWER_YES : FH_ANSWER_NO);
	if (right) {
		c->channel = FH_CHANNEL_UNBOUND;
		fh_trace_what(fh_document_say(c, "channel-unbound", "fresh"),
			      "the machine answered, over a connection that it says nothing about:"
			      " what else comes over it may be of whoever carried the answer");
	}
	return FH_ERR_OK;
}

static fh_err answer_fresh(struct fh_document_check *c, const struct fh_document_options *o)
{
	struct fh_trace *t;

	if (o->answer.n > 0)
		return check_answer(c, o);
	t = fh_document_say(c, "static", "fresh");
	fh_trace_what(t, "not checked: a document says nothing about now");
	fh_trace_cure(t, "ask the machine: freehold verify URL --nonce");
	return FH_ERR_OK;
}

/* --- the attestation key ---------------------------------------------- */

static void answer_binding(struct fh_document_check *c, const struct fh_document_options *o)
{
	bool witnessed = c->document.statements > 0
		      && c->document.placement != FH_PLACEMENT_CO_LOCATED;
	struct fh_trace *t;

	if (c->document.ak.n == 0)
		return;
	if (o->activation == FH_ACTIVATION_FAILED) {
		fh_trace_what(fh_document_refuse(c, "binding", "attestation key"),
			      "does not live in the TPM that the certificate endorses: it did not"
			      " open the credential");
		return;
	}
	c->binding = o->activation == FH_ACTIVATION_OPENED ? FH_BINDING_LIVE
		   : witnessed ? FH_BINDING_OPERATOR
			       : FH_BINDING_SELF;
	if (c->binding != FH_BINDING_SELF)
		return;
	t = fh_document_say(c, "binding-self", "attestation key");
	fh_trace_what(t, "that it lives beside the endorsement key is this machine's own word");
	fh_trace_cure(t, c->document.endorsements == 0
			 ? "enrol it by `freehold device admit`: it has no certificate to show"
			 : "ask the machine: freehold verify URL --nonce");
}

/* --- the event log ---------------------------------------------------- */

/* PCRs that firmware alone extends.  Behind it others do, and the firmware's log does
 * not hold what they measure: the lock PCR is judged for itself, and the rest by
 * reference values.  */
constexpr unsigned firmware_pcrs = 8;

/* Where the log leads is what was quoted, or the machine was not booted so.  */
static void check_log(struct fh_document_check *c, struct fh_machine_result *r)
{
	struct fh_event_replay replay = { 0 }; /* of a log that cannot be read: no bank */
	struct fh_quote_replay leads = { 0 };
	struct fh_trace why = { 0 };
	fh_err e = fh_event_log_replay(c->document.log, FH_BANK_SHA256, &replay, &why);
	const struct fh_event_bank *bank = fh_event_replay_bank(&replay, FH_BANK_SHA256);
	struct fh_trace *t;

	if (e != FH_ERR_OK || bank == nullptr) {
		fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_NO);
		fh_trace_what(fh_document_say(c, "log-format", "event log"),
			      "cannot be read: %s: %s",
			      fh_err_text(e), why.what);
		return;
	}
	leads.events = replay.events;
	for (unsigned i = 0; i < FH_PCRS_MAX; i++)
		leads.value[i] = bank->value[i];
	for (unsigned i = firmware_pcrs; i < FH_PCRS; i++) {
		leads.events |= 1U << i;
		memcpy(leads.value[i].bytes, r->quote.pcrs.value[i].bytes, FH_HASH_SIZE);
		leads.value[i].n = FH_HASH_SIZE;
	}
	fh_quote_check_log(&leads, &r->values, &r->checks);
	for (int i = FH_QUOTE_LOG; i <= FH_QUOTE_RESET; i++) {
		if (r->checks.answer[i] != FH_ANSWER_NO)
			continue;
		fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_NO);
		t = fh_finding_say(&c->finding, fh_quote_check_text((enum fh_quote_check)i));
		if (t != nullptr)
			*t = r->checks.why[i];
	}
}

/* --- the state that was quoted ---------------------------------------- */

static void answer_accepted(struct fh_document_check *c)
{
	/* The asker's own quote is the newer one.  */
	struct fh_machine_result *r = c->answer.readable ? &c->answer : &c->quote;
	struct fh_trace *t;

	if (r->readable && c->document.log.n > 0)
		check_log(c, r);
	if (fh_finding_answer(&c->finding, FH_ACCEPTED) == FH_ANSWER_NO)
		return;
	if (!r->readable) {
		fh_trace_what(fh_document_say(c, "no-quote", "accepted"),
			      "not checked: the document carries no quote of the machine's state");
	} else if (fh_finding_answer(&c->finding, FH_ENROLLED) != FH_ANSWER_YES) {
		fh_trace_what(fh_document_say(c, "no-reference", "accepted"),
			      "not checked: of a device that is not known to be enrolled,"
			      " anybody's approval would do");
	} else if (fh_chain_approved(&c->chain, &c->device_id, &r->quote.pcrs) == nullptr) {
		fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_NO);
		t = fh_document_say(c, "not-approved", "accepted");
		fh_trace_what(t, "the machine is in a state that no `reference` in force approves");
		fh_trace_cure(t, "`freehold reference approve` would, if the state is as it should"
				 " be");
	} else {
		fh_finding_set(&c->finding, FH_ACCEPTED, FH_ANSWER_YES);
	}
}

fh_err fh_document_check_chip(struct fh_document_check *c, const struct fh_document_options *o)
{
	const struct fh_document *d = &c->document;
	fh_err e;

	if (d->ak.n == 0 && (d->quote.evidence.n > 0 || o->answer.n > 0)) {
		fh_trace_what(fh_document_refuse(c, "quote", "quote"),
			      "there is one, but no attestation key that could have made it");
		return FH_ERR_OK;
	}
	e = check_quote(c);
	if (e == FH_ERR_OK)
		e = answer_fresh(c, o);
	if (e == FH_ERR_OK && d->ak.n > 0)
		e = fh_document_check_endorsement(c, o);
	if (e == FH_ERR_OK && d->ak.n > 0)
		e = fh_document_check_sealed(c);
	if (e != FH_ERR_OK)
		return e;
	answer_binding(c, o);
	answer_accepted(c);
	return FH_ERR_OK;
}
