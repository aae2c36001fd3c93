/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_PCR_VALUES_H
#define FH_EVIDENCE_PCR_VALUES_H

#include "evidence/attest.h"

/* Values of PCRs that travel beside a quote.  They are claims until their digest
 * is the quoted one.  */

constexpr size_t FH_PCR_VALUES_MAX = 128; /* four banks of 32 */
/* TPML_PCR_SELECTION, a count, and TPML_DIGESTs of 8, as tpm2-tools lay them out;
 * each list may hold as little as one value.  */
constexpr size_t FH_PCR_FILE_MAX = 132 + 4 + FH_PCR_VALUES_MAX * 532;

struct fh_pcr_values {
	struct fh_pcr_selection select;
	size_t n;                                 /* those that SELECT selects */
	struct fh_span value[FH_PCR_VALUES_MAX];  /* in its order, each of its bank's size */
};

/* Reads what tpm2_quote or tpm2_pcrread wrote.  The serialized format names its
 * selection; the other ("values") does not, and is read as QUOTED.  FH_ERR_FORMAT
 * if it is neither, FH_ERR_LIMIT, or FH_ERR_UNSUPPORTED for a bank that is not
 * known.  */
fh_err fh_pcr_values_read(struct fh_span file, const struct fh_pcr_selection *quoted,
			  struct fh_pcr_values *out);

/* VALUES of PCRs MASK of one BANK, in order: the same from an array.  */
fh_err fh_pcr_values_of(enum fh_bank bank, uint32_t mask, const struct fh_span *values,
			struct fh_pcr_values *out);

/* The digest of the values, as a TPM makes it for a quote.  */
struct fh_digest fh_pcr_values_digest(const struct fh_pcr_values *v, enum fh_bank hash);

/* PCR's value in BANK, or an empty span if it was not selected.  */
struct fh_span fh_pcr_values_find(const struct fh_pcr_values *v, enum fh_bank bank, unsigned pcr);

#endif
