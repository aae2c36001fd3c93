/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_ENDORSED_H
#define FH_VERIFY_ENDORSED_H

#include "chain/chain.h"
#include "crypto/x509_ek.h"
#include "verify/finding.h"

/* By whose roots a TPM is endorsed (docs/spec/EVIDENCE, "Endorsement"): those that the
 * operator signed, and those that the asker has.  */

/* Appraises CLAIM by SIGNED, of a roots statement of a chain that is trusted, and by OWN.  One
 * of them may be NULL; of two, both have to say yes, so nobody's word widens the other's.  What
 * SIGNED holds may be no certificates: a no, of code `roots-format`.  FH_ERR_CRYPTO,
 * FH_ERR_NOMEM.  */
fh_err fh_endorsed_judge(const struct fh_roots_body *signed_roots, const struct fh_x509_roots *own,
			 const struct fh_ek_claim *claim, struct fh_ek_result *out);

/* Prepares what R names.  FH_ERR_FORMAT for what is no certificate, none that may issue, or no
 * list; T says which.  Drop OUT.  */
fh_err fh_endorsed_open(const struct fh_roots_body *r, struct fh_x509_roots *out,
			struct fh_trace *t);

/* Says in T which roots were trusted: those of statement SEQUENCE, and the asker's as well if
 * OWN.  */
void fh_endorsed_tell(uint64_t sequence, bool own, struct fh_trace *t);

/* Says in F who endorses a TPM that EK says yes of, and what is known of revocation; lowers F's
 * grade for a simulator.  */
void fh_endorsed_say(const struct fh_ek_result *ek, struct fh_finding *f);

/* How the key of D, a device of C, is kept, in the words of its TPM: whether the attestation key
 * that D was enrolled with certifies an object made for it, that the operators of genesis' states
 * alone open.  *ANSWER is unchecked if C does not hold what the TPM certifies; WHY says what
 * there is to say.  FH_ERR_CRYPTO, FH_ERR_NOMEM.  */
fh_err fh_kept_judge(const struct fh_chain *c, const struct fh_device *d, enum fh_answer *answer,
		     struct fh_trace *why);

#endif
