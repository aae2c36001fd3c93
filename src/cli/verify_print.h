/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_PRINT_H
#define FH_CLI_VERIFY_PRINT_H

#include "cli/command.h"
#include "cli/unread.h"
#include "cli/verify_witnesses.h"
#include "verify/proof.h"
#include "verify/record.h"
#include "verify/stamp.h"

/* How verdicts look, for people and for programs.  verify(1) describes both.  */

/* A report while it is written: JSON into a buffer, text for people to
 * stdout.  */
struct fh_report {
	const struct fh_cli *cli;
	struct fh_builder json;
	const char *anchor; /* what the time comes from; NULL: none */
};

/* What a time of NETWORK's blocks comes from, as the member `anchor` says it.  */
const char *fh_report_anchor(enum fh_network network);

/* What every kind begins with: the verdict V and F's answers, grade and
 * reasons.  */
void fh_report_finding(struct fh_report *r, const char *kind, enum fh_answer v,
		       const struct fh_finding *f);
void fh_report_record(struct fh_report *r, const struct fh_record_check *c,
		      const struct fh_unread *u, const struct fh_given_witnesses *w);
void fh_report_proof(struct fh_report *r, const struct fh_proof_check *c);
/* The whole report of a time stamp, which has one answer and no grade.  */
void fh_report_stamp(struct fh_report *r, enum fh_answer v, const struct fh_stamp_check *c);
/* Writes what is left.  FH_ERR_LIMIT if it did not fit.  */
fh_err fh_report_end(struct fh_report *r);

/* The exit status that stands for V.  */
int fh_exit_of(enum fh_answer v);

#endif
