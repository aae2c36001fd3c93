/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_TPM2_TPM2_H
#define FH_CHIP_TPM2_TPM2_H

#include "base/arena.h"
#include "chip/chip.h"

/* A TPM 2.0 as the chip, through tpm2-tss's ESYS.  docs/spec/CHIP.md lists all
 * that is made in the TPM and why.
 *
 * Once a chip is open nothing is opened any more, so that the keeper can be
 * confined then.  After FH_ERR_IO the connection is
 * spent: every further call fails so, too, and the chip is to be closed.  */

/* Where Linux shows what the firmware measured into this TPM.  */
#define FH_EVENT_LOG_PATH "/sys/kernel/security/tpm0/binary_bios_measurements"

/* Opens the descriptor of the TPM that TCTI names: "device:/dev/tpmrm0", or
 * "swtpm:path=/..." for a simulator's unix socket; paths absolute.  So one
 * process can open it and another speak through it.  FH_ERR_UNSUPPORTED for
 * another TCTI, FH_ERR_GONE if it is not there, otherwise by errno; TRACE (may be
 * NULL) says why.  */
fh_err fh_chip_tpm2_connect(const char *tcti, struct fh_trace *trace, int *fd);

/* The TPM behind FD, which is ours from now on, also if this fails.  The chip's
 * state is taken from ARENA.  Before any thread exists, because it may set
 * TSS2_LOG in the environment.  TRACE (may be NULL) says what failed: FH_ERR_GONE
 * if nothing answers, FH_ERR_PERMISSION if the owner authorisation is needed,
 * FH_ERR_UNSUPPORTED for a TPM without P-256, SHA-256 or AES-128, FH_ERR_TPM
 * otherwise.  */
fh_err fh_chip_tpm2_on(int fd, struct fh_arena *arena, struct fh_trace *trace,
		       struct fh_chip *out);

/* Both in one; other TCTIs go through tpm2-tss's loader, which opens what it
 * likes and when.  Errors of both, and FH_ERR_GONE if the loader finds no TPM.  */
fh_err fh_chip_tpm2_open(const char *tcti, struct fh_arena *arena, struct fh_trace *trace,
			 struct fh_chip *out);

/* Makes the storage key persistent at 0x81000001, so that the chip can be
 * opened after an owner authorisation is set.  Done already: FH_ERR_OK.
 * FH_ERR_CONFLICT if a key that is not fit is in its place, FH_ERR_UNSUPPORTED
 * for a chip of another kind.  */
fh_err fh_chip_tpm2_settle(struct fh_chip *c);

/* Which authorisations somebody has set.  FH_ERR_UNSUPPORTED as above, here and
 * below.  */
struct fh_chip_owned {
	bool owner, lockout;
};
fh_err fh_chip_tpm2_owned(struct fh_chip *c, struct fh_chip_owned *out);

/* Says the owner's authorisation, of up to 64 bytes, for what C does from now on.
 * Whether it is right shows when it is needed: FH_ERR_PERMISSION then.  */
fh_err fh_chip_tpm2_authorise(struct fh_chip *c, const struct fh_secret *owner);

/* Makes the storage key persistent, and sets both authorisations, which are empty
 * until then: FH_CHIP_AUTHORISATION_SIZE bytes each, the last of which is not zero
 * (FH_ERR_FORMAT otherwise).  The lockout's first; FH_ERR_PERMISSION if one of them
 * was set.  */
constexpr size_t FH_CHIP_AUTHORISATION_SIZE = 32;
fh_err fh_chip_tpm2_take(struct fh_chip *c, const struct fh_secret *owner,
			 const struct fh_secret *lockout);

/* The index of approved states (chain/joint.h) that a release R by several takes: whether
 * it is there; and its removal, which takes the owner's authorisation (FH_ERR_PERMISSION)
 * and opens nothing: what is sealed for R can never be released again.  FH_ERR_MISSING if
 * it is not there, or another stands in its place.  */
fh_err fh_chip_tpm2_joint_there(struct fh_chip *c, const struct fh_release *r, bool *there);
fh_err fh_chip_tpm2_joint_remove(struct fh_chip *c, const struct fh_release *r);

#endif
