/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_GRADE_H
#define FH_ENTRY_GRADE_H

#include "base/span.h"
#include "freehold/error.h"

/* How well a key is kept, derived from enrolment, session and endorsement
 * chain; never read from an entry.  Values are part of formats: append.  */
enum fh_grade {
	FH_GRADE_NONE = 0,         /* a file on disk */
	FH_GRADE_SIMULATED = 1,    /* a software TPM */
	FH_GRADE_TPM_SEALED = 2,   /* released by a TPM under a policy */
	FH_GRADE_TPM_RESIDENT = 3, /* made in the chip, never left it */
	FH_GRADE_HSM = 4,          /* PKCS#11: the operator says so */
	FH_GRADE_ENCLAVE = 5,      /* Apple Secure Enclave */
};

/* "none", "simulated", ...; an unknown value reads "none".  */
const char *fh_grade_text(enum fh_grade g);

/* The inverse; FH_ERR_UNKNOWN for another text.  */
fh_err fh_grade_parse(struct fh_span text, enum fh_grade *out);

#endif
