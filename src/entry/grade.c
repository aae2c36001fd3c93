/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/grade.h"

static const char *const texts[] = {
	[FH_GRADE_NONE] = "none",
	[FH_GRADE_SIMULATED] = "simulated",
	[FH_GRADE_TPM_SEALED] = "tpm-sealed",
	[FH_GRADE_TPM_RESIDENT] = "tpm-resident",
	[FH_GRADE_HSM] = "hsm",
	[FH_GRADE_ENCLAVE] = "enclave",
};

constexpr unsigned grades = sizeof(texts) / sizeof(texts[0]);

const char *fh_grade_text(enum fh_grade g)
{
	return (unsigned)g < grades ? texts[g] : texts[FH_GRADE_NONE];
}

fh_err fh_grade_parse(struct fh_span text, enum fh_grade *out)
{
	for (unsigned g = 0; g < grades; g++) {
		if (fh_span_equal(text, fh_span_str(texts[g]))) {
			*out = (enum fh_grade)g;
			return FH_ERR_OK;
		}
	}
	return FH_ERR_UNKNOWN;
}
