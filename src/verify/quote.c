/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/quote.h"

#include "base/own.h"
#include "evidence/certificates.h"
#include "verify/endorsed.h"
#include "verify/firmware.h"

static void say(struct fh_finding *f, const char *code, const char *where, const char *what,
		const char *cure)
{
	struct fh_trace *t = fh_finding_say(f, code);

	fh_trace_where(t, "%s", where);
	fh_trace_what(t, "%s", what);
	if (cure != nullptr)
		fh_trace_cure(t, "%s", cure);
}

/* --- the quote -------------------------------------------------------------------- */

/* Where the log leads in the PCRs SELECTED, as values that nobody gave.  */
static void take_values(const struct fh_pcr_selection *selected, struct fh_quote_verdict *v)
{
	uint32_t mask = 0;
	enum fh_bank bank = fh_pcr_selection_bank(selected, &mask);
	const struct fh_event_bank *led = fh_event_replay_bank(&v->log, bank);
	struct fh_span value[FH_PCRS_MAX];
	size_t n = 0;

	for (unsigned pcr = 0; led != nullptr && pcr < FH_PCRS_MAX; pcr++) {
		if ((mask & 1U << pcr) != 0)
			value[n++] = fh_digest_span(&led->value[pcr]);
	}
	if (led == nullptr || fh_pcr_values_of(bank, mask, value, &v->pcrs) != FH_ERR_OK)
		v->pcrs = (struct fh_pcr_values){ 0 };
}

/* Values that are not of exactly the quoted PCRs are none: the check says no.  */
static void read_values(const struct fh_quote_given *g, struct fh_quote_verdict *v)
{
	struct fh_attest a = { 0 };

	/* Nobody has vouched for the message yet; fh_quote_check() does, or refuses.  */
	if (fh_attest_read(g->message, &a) != FH_ERR_OK)
		return;
	if (!g->pcrs_given)
		take_values(&a.select, v);
	else if (fh_pcr_values_read(g->pcrs, &a.select, &v->pcrs) != FH_ERR_OK)
		v->pcrs = (struct fh_pcr_values){ 0 };
}

/* The bank that the message says was quoted; FH_BANK_NONE: all.  */
static enum fh_bank stated_bank(struct fh_span message)
{
	struct fh_attest a;
	uint32_t mask;

	return fh_attest_read(message, &a) == FH_ERR_OK ? fh_pcr_selection_bank(&a.select, &mask)
							 : FH_BANK_NONE;
}

/* Logs are followed in the bank that was quoted.  Where OpenSSL has no such hash that is no
 * answer, and no log is to blame.  */
static fh_err check_bank(const struct fh_quote_given *g, struct fh_trace *t)
{
	enum fh_bank bank = stated_bank(g->message);

	if (bank == FH_BANK_NONE || fh_bank_available(bank) ||
	    (!g->log_given && !g->userspace_given && !g->ima_given))
		return FH_ERR_OK;
	fh_trace_where(t, "PCRs");
	fh_trace_what(t, "quoted was %s, and where a log leads in it cannot be checked: OpenSSL"
			 " has no such hash here", fh_bank_name(bank));
	fh_trace_cure(t, "use an OpenSSL that has it, or quote the SHA-256 bank");
	return FH_ERR_UNSUPPORTED;
}

/* A log that cannot be followed explains nothing: a no like any other.  *READ tells
 * whether it could.  */
static fh_err read_log(const struct fh_quote_given *g, struct fh_quote_verdict *v, bool *read,
		       struct fh_trace *why)
{
	fh_err e = fh_event_log_replay(g->log, stated_bank(g->message), &v->log, why);

	*read = e == FH_ERR_OK;
	if (e == FH_ERR_MISSING)
		fh_trace_what(why, "has no digests of the bank that was quoted");
	return e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO ? e : FH_ERR_OK;
}

/* Compares where the logs led with what was quoted.  LED: there is one of the
 * firmware.  */
static fh_err compare_logs(const struct fh_quote_given *g, struct fh_arena *arena, bool led,
			   struct fh_quote_verdict *v)
{
	const struct fh_event_bank *bank = fh_event_replay_bank(&v->log, v->quote.bank);
	struct fh_quote_replay replay = { 0 };
	fh_err e = FH_ERR_OK;

	if (bank != nullptr) {
		replay.events = v->log.events;
		for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++)
			replay.value[pcr] = bank->value[pcr];
	}
	if (g->userspace_given)
		e = fh_quote_follow_userspace(g->userspace, &v->pcrs, arena, &replay, &v->quote,
					      &v->userspace_events);
	if (e == FH_ERR_OK && g->ima_given)
		e = fh_quote_follow_ima(g->ima, &v->pcrs, arena, &replay, &v->quote,
					&v->ima_entries);
	if (e == FH_ERR_OK && led && bank != nullptr) {
		fh_quote_check_log(&replay, &v->pcrs, &v->quote);
		fh_quote_check_events(g->log, &v->quote);
	}
	return e;
}

static fh_err check(const struct fh_quote_given *g, struct fh_arena *arena,
		    struct fh_quote_verdict *v, struct fh_trace *t)
{
	FH_OWN(fh_tpm_verifier) key = { 0 };
	struct fh_trace torn = { 0 };
	bool led = false;
	fh_err e = fh_tpm_verifier_new(&v->ak.key, &key);

	if (e != FH_ERR_OK) {
		fh_trace_where(t, "attestation key");
		fh_trace_what(t, "is no point of its curve, or no modulus");
		return e;
	}
	e = check_bank(g, t);
	if (e == FH_ERR_OK && g->log_given)
		e = read_log(g, v, &led, &torn);
	if (e != FH_ERR_OK)
		return e;
	if (g->pcrs_given || led)
		read_values(g, v);
	const struct fh_quote_claim claim = {
		.ak = &v->ak,
		.key = &key,
		.message = g->message,
		.signature = g->signature,
		.pcrs = g->pcrs_given || led ? &v->pcrs : nullptr,
		.nonce_given = g->nonce_given,
		.nonce = g->nonce,
	};

	e = fh_quote_check(&claim, &v->quote);
	if (e != FH_ERR_OK)
		return e;
	if (v->quote.answer[FH_QUOTE_SELECTION] == FH_ANSWER_NO && v->pcrs.n == 0)
		fh_trace_what(&v->quote.why[FH_QUOTE_SELECTION],
			      "the file does not hold the values of the quoted PCRs, and of"
			      " nothing else");
	if (!g->pcrs_given && v->quote.answer[FH_QUOTE_DIGEST] == FH_ANSWER_NO)
		fh_trace_what(&v->quote.why[FH_QUOTE_DIGEST],
			      "where the log leads is not what was quoted");
	if (g->log_given && !led && v->quote.answer[FH_QUOTE_TYPE] == FH_ANSWER_YES) {
		v->quote.answer[FH_QUOTE_LOG] = FH_ANSWER_NO;
		v->quote.why[FH_QUOTE_LOG] = torn;
	}
	return compare_logs(g, arena, led, v);
}

static void say_checks(struct fh_quote_verdict *v)
{
	for (int i = 0; i < FH_QUOTE_CHECKS; i++) {
		if (v->quote.why[i].what[0] != '\0')
			fh_finding_say_why(&v->finding, fh_quote_check_text((enum fh_quote_check)i),
				&v->quote.why[i]);
	}
}

/* PCRs of the firmware that are as after a reset: nothing was measured, or not by
 * firmware.  The log would say, if there were one.  */
static void say_untouched(struct fh_quote_verdict *v)
{
	uint32_t untouched = fh_quote_untouched(&v->quote, &v->pcrs);
	struct fh_trace *t;

	if (untouched == 0)
		return;
	t = fh_finding_say(&v->finding, "pcr-untouched");
	fh_trace_where(t, "PCR %d", __builtin_ctz(untouched));
	fh_trace_what(t, "is as after a reset%s: no firmware measured into it",
		      (untouched & (untouched - 1)) != 0 ? ", and more are" : "");
}

static void say_missing(const struct fh_quote_given *g, struct fh_quote_verdict *v)
{
	const struct fh_quote_result *q = &v->quote;

	if (!g->pcrs_given && !g->log_given)
		say(&v->finding, "no-pcrs", "PCRs", "not checked: no values were given, so the"
						    " quote says only that there are some",
		    "give them: --pcrs");
	if (!g->log_given)
		say(&v->finding, "no-log", "event log", "not checked: what the PCRs' values stand"
							" for is unknown",
		    "give the machine's log: --eventlog");
	if (!g->nonce_given)
		say(&v->finding, "static", "fresh", "not checked: without a nonce an old quote"
						    " looks like a new one",
		    "give the nonce that it was made for: --nonce");
	if (q->answer[FH_QUOTE_TYPE] == FH_ANSWER_YES && !q->attest.safe)
		say(&v->finding, "clock-unsafe", "clock", "the TPM lost power without notice, so"
							  " its clock may have gone back", nullptr);
}

/* --- the endorsement -------------------------------------------------------------- */

static fh_err appraise(const struct fh_quote_given *g, struct fh_arena *arena,
		       struct fh_quote_verdict *v)
{
	struct fh_span der[1 + FH_X509_LINKS_MAX];
	uint8_t *space = fh_arena_space(arena, FH_QUOTE_LINKS_FILE_MAX);
	struct fh_builder room = fh_builder_of(space, FH_QUOTE_LINKS_FILE_MAX);
	size_t n;

	if (space == nullptr)
		return FH_ERR_NOMEM;
	v->ek.code = "ek-format";
	if (fh_certificates_read(g->ek, &room, der, 1 + FH_X509_LINKS_MAX, &n, &v->ek.why)
	    != FH_ERR_OK)
		return FH_ERR_OK; /* a no like any other */
	const struct fh_ek_claim claim = {
		.certificate = der[0],
		.links = der + 1,
		.links_n = n - 1,
		.at_ms = g->at_ms,
	};

	return fh_endorsed_judge(g->signed_roots != nullptr ? &g->signed_roots->body : nullptr,
				 g->roots, &claim, &v->ek);
}

/* Only making and opening a credential shows which TPM a key is in; a key of no TPM
 * can say what it likes.  */
static void say_binding(struct fh_quote_verdict *v)
{
	static const char cure[] = "enrol the machine, or ask it live";

	v->parent = fh_parent_of(v->quote.attest.signer, &v->ak.name, &v->ek.key);
	if (v->parent == FH_PARENT_ENDORSEMENT)
		say(&v->finding, "binding-self", "attestation key",
		    "is a child of the endorsement key that is certified, by its own word alone",
		    cure);
	else if (v->parent == FH_PARENT_NULL)
		say(&v->finding, "binding-none", "attestation key",
		    "is of the null hierarchy, so of one boot, and nothing shows of which TPM",
		    cure);
	else
		say(&v->finding, "binding-none", "attestation key",
		    v->parent == FH_PARENT_PRIMARY || v->parent == FH_PARENT_OWNER ||
				    !v->ak.area || v->quote.attest.signer.n == 0
		    ? "nothing shows that it is in the TPM that the certificate endorses"
		    : "is no child of the endorsement key that is certified, and nothing shows"
		      " that it is in the same TPM", cure);
}

static void say_endorsed(struct fh_quote_verdict *v)
{
	const struct fh_ek_result *ek = &v->ek;
	struct fh_finding *f = &v->finding;
	struct fh_trace *t = fh_finding_say(f, "endorsed");

	fh_trace_where(t, "endorsement certificate");
	fh_trace_what(t, "maker %s, model %s, version %s, by the root \"%s\" (%s)",
		      ek->manufacturer, ek->model, ek->version, ek->anchor.name,
		      ek->anchor.vendor != nullptr ? ek->anchor.vendor
						   : fh_x509_maker_text(ek->anchor.maker));
	if (ek->anchor.maker == FH_X509_MAKER_SIMULATOR) {
		f->graded = true;
		f->grade = FH_GRADE_SIMULATED;
		say(f, "simulator", "endorsement certificate",
		    "is a software TPM's, so no hardware stands behind it", nullptr);
	} else if (ek->anchor.maker == FH_X509_MAKER_HYPERVISOR) {
		say(f, "hypervisor", "endorsement certificate",
		    "is a virtual TPM's: whoever runs the machine's host stands behind it",
		    nullptr);
	} else if (ek->anchor.maker == FH_X509_MAKER_UNKNOWN) {
		say(f, "root-unknown", "endorsement certificate",
		    "its root is no chip maker's that is known here: it is worth what whoever gave"
		    " it says", nullptr);
	}
	fh_revocation_tell(ek->revocation, fh_finding_say(f, fh_revocation_code(ek->revocation)));
	say_binding(v);
}

/* Of a quote that is one.  */
static void say_firmware(const struct fh_quote_given *g, enum fh_answer authentic,
			 struct fh_quote_verdict *v)
{
	struct fh_firmware_seen seen = { 0 };

	if (authentic == FH_ANSWER_NO)
		return;
	fh_firmware_note(&seen, &v->quote.attest);
	fh_firmware_say(&v->finding, &seen, g->ak, &v->ek);
}

static fh_err check_endorsement(const struct fh_quote_given *g, struct fh_arena *arena,
				enum fh_answer *authentic, struct fh_quote_verdict *v)
{
	if (!g->ek_given) {
		say(&v->finding, "no-endorsement", "endorsement certificate",
		    "not checked: whose TPM it is, and whether it is one, is not shown",
		    "give its certificate: --ek");
		return FH_ERR_OK;
	}
	if (g->roots == nullptr && g->signed_roots == nullptr) {
		say(&v->finding, "no-roots", "endorsement certificate",
		    "not checked: there is no root to lead to",
		    "give makers' certificates: --roots, or freehold roots add");
		if (*authentic == FH_ANSWER_YES)
			*authentic = FH_ANSWER_UNCHECKED;
		return FH_ERR_OK;
	}
	fh_err e = appraise(g, arena, v);

	if (e != FH_ERR_OK)
		return e;
	if (v->ek.answer == FH_ANSWER_YES) {
		say_endorsed(v);
	} else {
		fh_finding_say_why(&v->finding, v->ek.code, &v->ek.why);
		*authentic = FH_ANSWER_NO;
	}
	if (g->signed_roots != nullptr)
		fh_endorsed_tell(g->signed_roots->sequence, g->roots != nullptr,
				 fh_finding_say(&v->finding, "roots-signed"));
	return FH_ERR_OK;
}

/* --- all of it ---------------------------------------------------------------------- */

static fh_err read_key(const struct fh_quote_given *g, struct fh_quote_verdict *v,
		       struct fh_trace *t)
{
	fh_err e = fh_tpm_public_read_any(g->ak, &v->ak);

	if (e == FH_ERR_OK)
		return e;
	fh_trace_where(t, "attestation key");
	fh_trace_what(t, e == FH_ERR_UNSUPPORTED
		      ? "is of a kind that signs no quotes here"
		      : "is no public area, and no public key in PEM or DER");
	fh_trace_cure(t, "give what tpm2_createak -u or tpm2_readpublic -o wrote: RSA of 2048 to"
			 " 4096 bits, or P-256, P-384, P-521");
	return e;
}

fh_err fh_quote_verify(const struct fh_quote_given *given, struct fh_arena *arena,
		       struct fh_quote_verdict *out, struct fh_trace *t)
{
	struct fh_quote_verdict *v = out;
	enum fh_answer authentic, nonce;

	*v = (struct fh_quote_verdict){ 0 };
	fh_finding_begin(&v->finding);
	fh_err e = read_key(given, v, t);

	if (e == FH_ERR_OK)
		e = check(given, arena, v, t);
	if (e != FH_ERR_OK)
		return e;
	nonce = v->quote.answer[FH_QUOTE_NONCE];
	v->quote.answer[FH_QUOTE_NONCE] = FH_ANSWER_UNCHECKED; /* it is `fresh` that it decides */
	authentic = fh_quote_holds(&v->quote) ? FH_ANSWER_YES : FH_ANSWER_NO;
	v->quote.answer[FH_QUOTE_NONCE] = nonce;
	say_checks(v);
	if (authentic == FH_ANSWER_YES && given->pcrs_given && !given->log_given)
		say_untouched(v);
	say_missing(given, v);
	e = check_endorsement(given, arena, &authentic, v);
	if (e != FH_ERR_OK)
		return e;
	say_firmware(given, authentic, v);
	fh_finding_set(&v->finding, FH_AUTHENTIC, authentic);
	/* A nonce in something that is no quote, or nobody's, is not fresh.  */
	fh_finding_set(&v->finding, FH_FRESH, authentic == FH_ANSWER_NO &&
		       nonce == FH_ANSWER_YES ? FH_ANSWER_UNCHECKED : nonce);
	return FH_ERR_OK;
}
