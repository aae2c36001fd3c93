/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_QUOTE_H
#define FH_EVIDENCE_QUOTE_H

#include "base/arena.h"
#include "base/trace.h"
#include "evidence/pcr_values.h"
#include "evidence/tpm_public.h"
#include "freehold/verdict.h"

/* The appraisal of a quote: what was claimed, check by check.  Nothing here
 * believes a size, a name or a value that the signature does not cover.
 * docs/spec/EVIDENCE.  */

/* In the order in which they are made.  */
enum fh_quote_check {
	FH_QUOTE_KEY,       /* the key is one that signs only what its TPM made */
	FH_QUOTE_SIGNATURE, /* by that key, over these bytes, with no hash weaker than SHA-256 */
	FH_QUOTE_MAGIC,     /* the bytes were made inside a TPM */
	FH_QUOTE_TYPE,      /* and are a quote */
	FH_QUOTE_NONCE,     /* with the nonce, and nothing else */
	FH_QUOTE_SELECTION, /* of exactly those PCRs that values were given for */
	FH_QUOTE_BANK,      /* of one bank, SHA-256 or better, and of at least one PCR */
	FH_QUOTE_DIGEST,    /* whose values have the quoted digest */
	FH_QUOTE_LOG,       /* and are where the event log leads */
	FH_QUOTE_RESET,     /* or what a reset leaves, where the log has no events: but for
			       PCR 0 to 7, where every firmware measures something */
	FH_QUOTE_EVENTS,    /* and its events say nothing that their digests deny */
	FH_QUOTE_IMA,       /* and where IMA's log leads */
	FH_QUOTE_USERSPACE, /* and systemd's */
	FH_QUOTE_CHECKS
};

/* Stable, for programs: "quote-signature", ...  */
const char *fh_quote_check_text(enum fh_quote_check c);

/* Where a log leads, in the bank that was quoted.  */
struct fh_quote_replay {
	uint32_t events;                      /* bit I: the log has events of PCR I */
	struct fh_digest value[FH_PCRS_MAX];  /* of those */
};

struct fh_quote_claim {
	const struct fh_tpm_public *ak;
	struct fh_tpm_verifier *key;         /* made of AK's key */
	struct fh_span message;              /* TPMS_ATTEST */
	struct fh_span signature;            /* TPMT_SIGNATURE, or plain */
	const struct fh_pcr_values *pcrs;    /* NULL: not given */
	bool nonce_given;
	struct fh_span nonce;
};

struct fh_quote_result {
	enum fh_answer answer[FH_QUOTE_CHECKS]; /* unchecked: not given, or moot after a no */
	struct fh_trace why[FH_QUOTE_CHECKS];   /* why not yes */
	struct fh_attest attest;                /* if signature, magic and type are yes */
	enum fh_bank bank;                      /* that was quoted, if that is yes */
	uint32_t mask;                          /* and of which PCRs */
};

/* Everything but the logs.  FH_ERR_CRYPTO or FH_ERR_NOMEM if it could not tell;
 * whatever is wrong with the claim is an answer.  */
fh_err fh_quote_check(const struct fh_quote_claim *claim, struct fh_quote_result *out);

/* Whether LOG leads to the quoted PCRS, which fh_quote_check() found right.  */
void fh_quote_check_log(const struct fh_quote_replay *log, const struct fh_pcr_values *pcrs,
			struct fh_quote_result *r);

/* Follows IMA's log, which goes on after a quote, until the quoted PCRS that it extends
 * are as quoted, and puts them into LOG, which is where the firmware's led.  ENTRIES: how
 * many records that took.  SCRATCH is of the log's reader.  FH_ERR_NOMEM.  */
fh_err fh_quote_follow_ima(struct fh_span file, const struct fh_pcr_values *pcrs,
			   struct fh_arena *scratch, struct fh_quote_replay *log,
			   struct fh_quote_result *r, size_t *entries);

/* The same with what systemd measured, whose texts have to be what was digested where they
 * are.  */
fh_err fh_quote_follow_userspace(struct fh_span file, const struct fh_pcr_values *pcrs,
				 struct fh_arena *scratch, struct fh_quote_replay *log,
				 struct fh_quote_result *r, size_t *entries);

/* What the events of the log FILE, which leads there, say of themselves.  */
void fh_quote_check_events(struct fh_span file, struct fh_quote_result *r);

/* The quoted ones of PCR 0 to 7 that are as a reset leaves them: no firmware
 * measured into them.  */
uint32_t fh_quote_untouched(const struct fh_quote_result *r, const struct fh_pcr_values *pcrs);

/* It is a quote by the key, and no check said no.  */
bool fh_quote_holds(const struct fh_quote_result *r);

#endif
