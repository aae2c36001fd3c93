/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_PROOF_PRIVATE_H
#define FH_VERIFY_PROOF_PRIVATE_H

#include "entry/certificate.h"
#include "verify/proof.h"

/* The parts of the judging of a proof: proof.c signatures and the chain, proof_read.c
 * the file and the entry, proof_state.c the machine's state and time stamps.  */

/* Authentic is no, under CODE; returns where to write what.  */
struct fh_trace *fh_proof_refuse(struct fh_proof_check *c, const char *code, const char *where);

/* Reads FILE and its bundle, or the bundle of O.  GO_ON is false after a refusal, and
 * after saying that there is no bundle.  FH_ERR_NOMEM.  */
fh_err fh_proof_read(struct fh_proof_check *c, struct fh_span file,
		     const struct fh_proof_options *o, struct fh_note *note, bool *go_on);

/* The leaf is at its place, and what is shown of the entry is the leaf's.  Of a receipt
 * the root follows from it.  */
bool fh_proof_check_entry(struct fh_proof_check *c);

/* The chain is as it was when MADE's quote was taken: judges it.  */
fh_err fh_proof_appraise(struct fh_proof_check *c, const struct fh_certificate *made);

/* What that, and the stamps, come to.  */
void fh_proof_answer_accepted(struct fh_proof_check *c, const struct fh_certificate *made);
fh_err fh_proof_check_stamps(struct fh_proof_check *c, const struct fh_proof_options *o);

#endif
