/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_TPM2_NV_H
#define FH_CHIP_TPM2_NV_H

#include "chip/tpm2/tpm2_private.h"

/* NV indices of ours.  An index is used only if its Name is exactly that of the
 * attributes here, because the Name is what sessions authenticate.  */

struct fh_tpm2_index {
	TPM2_HANDLE handle;
	TPMA_NV attributes;     /* without TPMA_NV_WRITTEN */
	uint16_t size;
	bool read_by_policy;    /* its policy: TPM2_PolicyCommandCode(TPM_CC_NV_Read) */
	const struct fh_hash *policy; /* another one, or NULL */
	const char *what;       /* for people */
};

/* The index of a counter.  */
struct fh_tpm2_index fh_tpm2_counter_index(enum fh_chip_counter which);

/* The Name of INDEX, once it was written or before.  */
fh_err fh_tpm2_index_name(const struct fh_tpm2_index *index, bool written,
			  struct fh_tpm2_name *out);

/* ESYS's record of INDEX.  FH_ERR_MISSING if it is not there, FH_ERR_CONFLICT if
 * something else is in its place.  */
fh_err fh_tpm2_index_find(struct fh_tpm2 *t, const struct fh_tpm2_index *index,
			  struct fh_tpm2_handle *out, bool *written);

/* Defines INDEX with authorisation AUTH (empty for none).  */
fh_err fh_tpm2_index_define(struct fh_tpm2 *t, const struct fh_tpm2_index *index,
			    const struct fh_tpm2_handle *session, struct fh_span auth,
			    struct fh_tpm2_handle *out);

/* Removes it; needs the owner, as defining does.  */
fh_err fh_tpm2_index_remove(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			    const struct fh_tpm2_handle *session);

/* Exactly N bytes of it, authorised by AUTH_SESSION.  */
fh_err fh_tpm2_index_read(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			  const struct fh_tpm2_handle *session, uint16_t n, uint8_t *out);

#endif
