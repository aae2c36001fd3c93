/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_MACHINE_H
#define FH_VERIFY_MACHINE_H

#include "evidence/machine.h"
#include "evidence/quote.h"

/* One of Freehold's own quotes against what it has to be about (docs/spec/EVIDENCE,
 * "Machine quotes").  */

struct fh_machine_result {
	bool readable;                /* a machine quote by a key of a kind that can be read */
	struct fh_machine_quote quote;
	struct fh_pcr_values values;  /* its PCRs, as the checks want them; looks into quote */
	struct fh_quote_result checks;
};

/* Judges QUOTE by AK (TPMT_PUBLIC) about SUBJECT.  FH_ERR_CRYPTO, FH_ERR_NOMEM: could not
 * tell.  OUT must stay where it is.  */
fh_err fh_machine_quote_judge(struct fh_span ak, struct fh_span quote,
			      const struct fh_quote_subject *subject,
			      struct fh_machine_result *out);

/* It is one, and no check said no.  */
bool fh_machine_quote_holds(const struct fh_machine_result *r);

#endif
