/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_USERSPACE_H
#define FH_EVIDENCE_USERSPACE_H

#include "base/arena.h"
#include "base/trace.h"
#include "crypto/bank.h"

/* What systemd measured after the firmware was gone, as it logs it in
 * /run/log/systemd/tpm2-measure.log: a JSON text sequence (RFC 7464) of records after the
 * TCG's Canonical Event Log, without record numbers.  docs/spec/EVIDENCE, "Measurement
 * logs".
 *
 * As IMA's, the log goes on after a quote: it is its prefix that leads to the quoted
 * values.  */

constexpr size_t FH_USERSPACE_LOG_MAX = 4 << 20;     /* 10,000 events at 400 bytes */
constexpr size_t FH_USERSPACE_RECORD_MAX = 16 << 10; /* one of them */
constexpr size_t FH_USERSPACE_DIGESTS_MAX = 8;       /* banks of one TPM */

struct fh_userspace_event {
	size_t number;           /* from 0 */
	unsigned pcr;            /* below FH_PCRS_MAX */
	bool elsewhere;          /* no PCR was extended, but an NV index, or no TPM's register */
	struct fh_span type;     /* "phase", "machine-id", ...; may be empty */
	struct fh_span text;     /* what is said to have been measured; may be empty */
	struct { enum fh_bank bank; struct fh_digest digest; } digest[FH_USERSPACE_DIGESTS_MAX];
	size_t digests;
};

struct fh_userspace_log {
	struct fh_span rest;
	size_t number;
	struct fh_arena *scratch; /* of one record at a time */
	struct fh_trace *t;
	struct fh_trace own;      /* if the caller has none */
	fh_err why;               /* OK, or why it ended early */
};

/* Begins with FILE.  FH_ERR_FORMAT if it is no sequence, FH_ERR_LIMIT.  */
fh_err fh_userspace_open(struct fh_span file, struct fh_arena *scratch,
			 struct fh_userspace_log *out, struct fh_trace *t);

/* The next event, right until the next call: false behind the last one, or when the log is
 * malformed (a record that is cut off included), and then LOG->why says so.  */
bool fh_userspace_next(struct fh_userspace_log *log, struct fh_userspace_event *out);

/* What E extended in BANK; false if it does not say.  */
bool fh_userspace_digest(const struct fh_userspace_event *e, enum fh_bank bank,
			 struct fh_digest *out);

/* E is of a type whose text is what was digested; and it is, in BANK.  */
bool fh_userspace_says(const struct fh_userspace_event *e);
bool fh_userspace_is_right(const struct fh_userspace_event *e, enum fh_bank bank);

#endif
