/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_FIRMWARE_H
#define FH_VERIFY_FIRMWARE_H

#include "crypto/x509_ek.h"
#include "evidence/attest.h"
#include "evidence/tpm_public.h"
#include "verify/finding.h"

/* Whether a TPM's firmware is known to give keys away: which versions its quotes tell, and
 * whose they are by its endorsement certificate.  evidence/firmware.h.  */

constexpr size_t FH_FIRMWARE_SEEN_MAX = 8; /* versions of one TPM in one record */

/* What quotes by one attestation key told.  Zero-initialised: there was none.  A version that
 * was left behind counts as well, since an update takes no key back.  */
struct fh_firmware_seen {
	uint64_t version[FH_FIRMWARE_SEEN_MAX]; /* different ones */
	size_t n;
	bool more;                  /* than there is room for */
	struct fh_tpm_name signer;  /* the key's qualified name, as the first quote has it */
};

/* A is authentic, and by the key of those before.  */
void fh_firmware_note(struct fh_firmware_seen *s, const struct fh_attest *a);

/* Says in F what is known of the versions S, of the TPM with attestation key AK (its public
 * area) and the appraised certificate EK, or NULL: nobody vouches for its maker.  Firmware that
 * is weak becomes a weakness of F; what cannot be told is said to be unchecked.  Nothing is said
 * where there was no quote, and of software.  */
void fh_firmware_say(struct fh_finding *f, const struct fh_firmware_seen *s, struct fh_span ak,
		     const struct fh_ek_result *ek);

#endif
