/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/quote.h"

#include "crypto/weak_rsa.h"

/* What an attestation key is, and what it must not be (part 1, clause 25.5; a
 * key that also decrypts may be made to sign what it did not see).  */
static const struct {
	uint32_t bit;
	const char *text;
} demanded[] = {
	{ FH_TPM_RESTRICTED, "restricted" },
	{ FH_TPM_SIGN, "sign" },
	{ FH_TPM_FIXED_TPM, "fixedTPM" },
	{ FH_TPM_FIXED_PARENT, "fixedParent" },
	{ FH_TPM_SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin" },
};

constexpr size_t text_room = 192; /* of a selection, for people */

const char *fh_quote_check_text(enum fh_quote_check c)
{
	static const char *const text[FH_QUOTE_CHECKS] = {
		[FH_QUOTE_KEY] = "ak-attributes",
		[FH_QUOTE_SIGNATURE] = "quote-signature",
		[FH_QUOTE_MAGIC] = "quote-magic",
		[FH_QUOTE_TYPE] = "quote-type",
		[FH_QUOTE_NONCE] = "quote-nonce",
		[FH_QUOTE_SELECTION] = "pcr-selection",
		[FH_QUOTE_BANK] = "pcr-bank",
		[FH_QUOTE_DIGEST] = "pcr-digest",
		[FH_QUOTE_LOG] = "log-replay",
		[FH_QUOTE_RESET] = "pcr-unexplained",
		[FH_QUOTE_EVENTS] = "log-events",
		[FH_QUOTE_IMA] = "ima-replay",
		[FH_QUOTE_USERSPACE] = "userspace-replay",
	};

	return c < FH_QUOTE_CHECKS ? text[c] : "unknown";
}

/* Where to write why C is not yes.  */
static struct fh_trace *say(struct fh_quote_result *r, enum fh_quote_check c, enum fh_answer a)
{
	r->answer[c] = a;
	return &r->why[c];
}

/* --- key and signature -------------------------------------------------------- */

static void check_key(const struct fh_tpm_public *ak, struct fh_quote_result *r)
{
	struct fh_trace *t = &r->why[FH_QUOTE_KEY];

	if (ak->key.curve == FH_TPM_CURVE_NONE
	    && fh_rsa_guessable(fh_span_of(ak->key.x, ak->key.n))) {
		t = say(r, FH_QUOTE_KEY, FH_ANSWER_NO);
		fh_trace_where(t, "attestation key");
		fh_trace_what(t, "can be computed from its public half, as those of one maker's"
				 " chips (CVE-2017-15361): anybody may have signed");
		fh_trace_cure(t, "update the TPM's firmware, and make another key");
		return;
	}
	if (!ak->area) {
		fh_trace_where(t, "attestation key");
		fh_trace_what(t, "a bare key does not say whether it signs only what its TPM made");
		fh_trace_cure(t, "give its public area, as `tpm2_readpublic -f tss` writes it");
		return; /* unchecked */
	}
	for (size_t i = 0; i < sizeof(demanded) / sizeof(demanded[0]); i++) {
		if ((ak->attributes & demanded[i].bit) != 0)
			continue;
		fh_trace_where(t, "attestation key");
		fh_trace_what(t, "is not %s, so what it signs need not come from a TPM",
			      demanded[i].text);
		r->answer[FH_QUOTE_KEY] = FH_ANSWER_NO;
		return;
	}
	r->answer[FH_QUOTE_KEY] = FH_ANSWER_YES;
	if ((ak->attributes & FH_TPM_DECRYPT) != 0) {
		t = say(r, FH_QUOTE_KEY, FH_ANSWER_NO);
		fh_trace_where(t, "attestation key");
		fh_trace_what(t, "decrypts as well, which an attestation key must not");
	}
}

static void refuse_signature(struct fh_quote_result *r, const char *what)
{
	struct fh_trace *t = say(r, FH_QUOTE_SIGNATURE, FH_ANSWER_NO);

	fh_trace_where(t, "signature");
	fh_trace_what(t, "%s", what);
}

/* A signature that does not name its scheme or hash: what the key's area says, or
 * else each that is good enough.  */
static fh_err try_schemes(const struct fh_quote_claim *c, struct fh_tpm_signature *s)
{
	static const enum fh_bank hashes[] = { FH_BANK_SHA256, FH_BANK_SHA384, FH_BANK_SHA512 };
	static const enum fh_tpm_scheme rsa[] = { FH_TPM_RSASSA, FH_TPM_RSAPSS };
	static const enum fh_tpm_scheme ecc[] = { FH_TPM_ECDSA };
	bool is_rsa = c->ak->key.curve == FH_TPM_CURVE_NONE;
	const enum fh_tpm_scheme *schemes = is_rsa ? rsa : ecc;
	fh_err e = FH_ERR_SIGNATURE;

	for (size_t i = 0; i < (is_rsa ? 2 : 1); i++) {
		for (size_t k = 0; k < sizeof(hashes) / sizeof(hashes[0]); k++) {
			e = fh_tpm_verifier_check(c->key, schemes[i], hashes[k], c->message,
						  fh_span_of(s->bytes, s->n));
			if (e == FH_ERR_SIGNATURE)
				continue;
			s->scheme = schemes[i];
			s->hash = hashes[k];
			return e;
		}
	}
	return e;
}

/* S, as it says it was made.  */
static fh_err try_stated(const struct fh_quote_claim *c, const struct fh_tpm_signature *s,
			 struct fh_quote_result *r)
{
	if (s->hash == FH_BANK_SHA1) {
		refuse_signature(r, "is over a SHA-1 digest, which proves nothing");
		return FH_ERR_OK;
	}
	fh_err e = fh_tpm_verifier_check(c->key, (enum fh_tpm_scheme)s->scheme,
					 (enum fh_bank)s->hash, c->message,
					 fh_span_of(s->bytes, s->n));

	if (e == FH_ERR_OK)
		r->answer[FH_QUOTE_SIGNATURE] = FH_ANSWER_YES;
	return e;
}

/* Completes S from C's key, whose scheme a TPM does not let a quote change.  */
static bool is_stated(const struct fh_quote_claim *c, struct fh_tpm_signature *s,
		      struct fh_quote_result *r)
{
	const struct fh_tpm_public *ak = c->ak;

	if (ak->area && ak->scheme_hash != FH_BANK_NONE) {
		if (s->scheme == 0) {
			s->scheme = ak->scheme;
			s->hash = ak->scheme_hash;
		} else if (s->scheme != ak->scheme || s->hash != ak->scheme_hash) {
			refuse_signature(r, "is by another scheme or hash than the key's own");
		}
	}
	return s->scheme != 0;
}

/* *HASH is what was signed with.  */
static fh_err check_signature(const struct fh_quote_claim *c, enum fh_bank *hash,
			      struct fh_quote_result *r)
{
	struct fh_tpm_signature s;
	fh_err e = fh_tpm_signature_read(c->signature, &c->ak->key, &s);

	if (e != FH_ERR_OK) {
		refuse_signature(r, e == FH_ERR_UNSUPPORTED
				 ? "is by a scheme that is not of the key's kind"
				 : "is neither a TPMT_SIGNATURE nor plain");
		return FH_ERR_OK;
	}
	if (is_stated(c, &s, r)) {
		if (r->answer[FH_QUOTE_SIGNATURE] == FH_ANSWER_UNCHECKED)
			e = try_stated(c, &s, r);
	} else {
		e = try_schemes(c, &s);
		if (e == FH_ERR_OK)
			r->answer[FH_QUOTE_SIGNATURE] = FH_ANSWER_YES;
	}
	if (e == FH_ERR_SIGNATURE) {
		refuse_signature(r, "is not by this attestation key over these bytes");
		e = FH_ERR_OK;
	}
	*hash = (enum fh_bank)s.hash;
	return e;
}

/* --- what was signed ------------------------------------------------------------ */

static bool check_attest(struct fh_span message, struct fh_quote_result *r)
{
	struct fh_attest a;
	fh_err e = fh_attest_read(message, &a);
	struct fh_trace *t;

	if (e == FH_ERR_UNKNOWN) {
		t = say(r, FH_QUOTE_MAGIC, FH_ANSWER_NO);
		fh_trace_where(t, "message");
		fh_trace_what(t, "does not begin as what a TPM made itself (ff544347)");
		return false;
	}
	r->answer[FH_QUOTE_MAGIC] = FH_ANSWER_YES;
	if (e != FH_ERR_OK || a.type != FH_ATTEST_QUOTE) {
		t = say(r, FH_QUOTE_TYPE, FH_ANSWER_NO);
		fh_trace_where(t, "message");
		fh_trace_what(t, e == FH_ERR_OK || e == FH_ERR_UNSUPPORTED
			      ? "is an attestation, but no quote"
			      : "is no well-formed attestation");
		return false;
	}
	r->answer[FH_QUOTE_TYPE] = FH_ANSWER_YES;
	r->attest = a;
	return true;
}

static void check_nonce(const struct fh_quote_claim *c, struct fh_quote_result *r)
{
	struct fh_trace *t;

	if (!c->nonce_given)
		return;
	if (fh_span_equal(r->attest.extra, c->nonce)) {
		r->answer[FH_QUOTE_NONCE] = FH_ANSWER_YES;
		return;
	}
	t = say(r, FH_QUOTE_NONCE, FH_ANSWER_NO);
	fh_trace_where(t, "qualifying data");
	fh_trace_what(t, "is %s the nonce (%zu bytes, not %zu)",
		      r->attest.extra.n == c->nonce.n ? "not" : "longer or shorter than",
		      r->attest.extra.n, c->nonce.n);
	fh_trace_cure(t, "ask the machine for a new quote over this nonce");
}

static struct fh_span selection_text(const struct fh_pcr_selection *s, char room[text_room])
{
	struct fh_builder b = fh_builder_of(room, text_room);

	fh_pcr_selection_describe(&b, s);
	return b.bad ? FH_SPAN_LIT("too many to name") : fh_builder_span(&b);
}

static void check_bank(struct fh_quote_result *r)
{
	const struct fh_pcr_selection *s = &r->attest.select;
	char room[text_room];
	struct fh_trace *t;

	r->bank = fh_pcr_selection_bank(s, &r->mask);
	if (r->bank != FH_BANK_NONE && r->bank != FH_BANK_SHA1) {
		r->answer[FH_QUOTE_BANK] = FH_ANSWER_YES;
		return;
	}
	t = say(r, FH_QUOTE_BANK, FH_ANSWER_NO);
	fh_trace_where(t, "PCRs");
	if (fh_pcr_selection_count(s) == 0) {
		fh_trace_what(t, "the quote is over no PCR at all");
	} else if (r->bank == FH_BANK_SHA1) {
		fh_trace_what(t, "the quote is over the SHA-1 bank, which proves nothing");
		fh_trace_cure(t, "quote the SHA-256 bank");
	} else {
		struct fh_span text = selection_text(s, room);

		fh_trace_what(t, "the quote is not over one known bank: %.*s", (int)text.n,
			      (const char *)text.p);
		fh_trace_cure(t, "quote the SHA-256 bank alone");
	}
	r->bank = FH_BANK_NONE;
}

static void check_values(const struct fh_pcr_values *v, enum fh_bank hash,
			 struct fh_quote_result *r)
{
	char room[text_room], other[text_room];
	struct fh_trace *t;

	if (v == nullptr)
		return;
	if (!fh_pcr_selection_equal(&r->attest.select, &v->select)) {
		struct fh_span quoted = selection_text(&r->attest.select, room);
		struct fh_span given = selection_text(&v->select, other);

		t = say(r, FH_QUOTE_SELECTION, FH_ANSWER_NO);
		fh_trace_where(t, "PCRs");
		fh_trace_what(t, "quoted were %.*s, and values are given of %.*s", (int)quoted.n,
			      (const char *)quoted.p, (int)given.n, (const char *)given.p);
		return;
	}
	r->answer[FH_QUOTE_SELECTION] = FH_ANSWER_YES;
	struct fh_digest d = fh_pcr_values_digest(v, hash);

	if (fh_span_equal(fh_digest_span(&d), r->attest.digest)) {
		r->answer[FH_QUOTE_DIGEST] = FH_ANSWER_YES;
		return;
	}
	t = say(r, FH_QUOTE_DIGEST, FH_ANSWER_NO);
	fh_trace_where(t, "PCRs");
	fh_trace_what(t, "the values given are not those that were quoted: their digest differs");
}

fh_err fh_quote_check(const struct fh_quote_claim *claim, struct fh_quote_result *out)
{
	enum fh_bank hash = FH_BANK_NONE;

	*out = (struct fh_quote_result){ 0 };
	for (int i = 0; i < FH_QUOTE_CHECKS; i++)
		out->answer[i] = FH_ANSWER_UNCHECKED;
	check_key(claim->ak, out);
	fh_err e = check_signature(claim, &hash, out);

	/* Without the signature nothing that follows says anything.  */
	if (e != FH_ERR_OK || out->answer[FH_QUOTE_SIGNATURE] != FH_ANSWER_YES ||
	    !check_attest(claim->message, out))
		return e;
	check_nonce(claim, out);
	check_bank(out);
	check_values(claim->pcrs, hash, out);
	return FH_ERR_OK;
}

bool fh_quote_holds(const struct fh_quote_result *r)
{
	bool holds = r->answer[FH_QUOTE_SIGNATURE] == FH_ANSWER_YES &&
		     r->answer[FH_QUOTE_MAGIC] == FH_ANSWER_YES &&
		     r->answer[FH_QUOTE_TYPE] == FH_ANSWER_YES;

	for (int i = 0; i < FH_QUOTE_CHECKS; i++)
		holds = holds && (r->answer[i] == FH_ANSWER_YES ||
				  r->answer[i] == FH_ANSWER_UNCHECKED);
	return holds;
}
