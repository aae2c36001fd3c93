/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_QUOTE_H
#define FH_VERIFY_QUOTE_H

#include "base/arena.h"
#include "chain/chain.h"
#include "crypto/x509_ek.h"
#include "evidence/event_log.h"
#include "evidence/parent.h"
#include "evidence/quote.h"
#include "verify/finding.h"

/* A verdict over somebody's quote and what came with it, as files.  docs/spec/
 * EVIDENCE.  What is not given is unchecked, and said.  */

constexpr size_t FH_QUOTE_LINKS_FILE_MAX = (1 + FH_X509_LINKS_MAX) * FH_X509_MAX;

struct fh_quote_given {
	struct fh_span ak;                   /* public area, or key in PEM or DER */
	struct fh_span message, signature;
	bool pcrs_given, log_given, userspace_given, ima_given, nonce_given, ek_given;
	struct fh_span pcrs;
	struct fh_span log;                  /* the firmware's event log */
	struct fh_span userspace;            /* systemd's */
	struct fh_span ima;                  /* Linux's, of files */
	struct fh_span nonce;
	struct fh_span ek;                   /* its certificate, and links to its root */
	const struct fh_x509_roots *roots;   /* NULL: there are none */
	const struct fh_roots_held *signed_roots; /* of a chain that is trusted, or NULL */
	uint64_t at_ms;                      /* when certificates have to be valid */
};

struct fh_quote_verdict {
	struct fh_finding finding;
	struct fh_tpm_public ak;
	struct fh_quote_result quote;
	struct fh_pcr_values pcrs;           /* those given, or where the log leads; if they were
						the quoted ones */
	struct fh_event_replay log;          /* if it was given */
	size_t userspace_events, ima_entries; /* of those logs that the quote covers */
	struct fh_ek_result ek;              /* if it was given and there are roots */
	enum fh_parent parent;               /* of the key, by the quote's own word */
};

/* Judges GIVEN; ARENA holds what is decoded.  FH_ERR_FORMAT and FH_ERR_UNSUPPORTED
 * if the key cannot be read (T says why), FH_ERR_CRYPTO, FH_ERR_NOMEM: could not
 * tell.  */
fh_err fh_quote_verify(const struct fh_quote_given *given, struct fh_arena *arena,
		       struct fh_quote_verdict *out, struct fh_trace *t);

#endif
