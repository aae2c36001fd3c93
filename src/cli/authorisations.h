/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_AUTHORISATIONS_H
#define FH_CLI_AUTHORISATIONS_H

#include "chip/chip.h"
#include "cli/state.h"

/* The authorisations of the TPM's owner and lockout, which the operator holds and the
 * machine does not (docs/spec/ENROLMENT).  */
struct fh_authorisation_pair {
	struct fh_secret owner;
	struct fh_secret lockout;
};

void fh_authorisation_pair_drop(struct fh_authorisation_pair *p);

/* Makes a pair and puts it, encrypted to the recipient of STATE's chain for DEVICE, into
 * keys/authorisations and, in STATE's memory, into *SEALED.  */
fh_err fh_authorisations_make(struct fh_state *state, const struct fh_hash *device,
			      struct fh_authorisation_pair *out, struct fh_span *sealed,
			      struct fh_trace *t);

/* What `init` is to do with the authorisations of TPM: *TAKE unless they are to be kept, or
 * somebody has set them, whose owner's is in the file that --owner-auth of A names.  The
 * exit status, or -1 to go on.  */
int fh_authorisations_ask(const struct fh_cli *cli, const struct fh_arguments *a,
			  struct fh_chip *tpm, bool *take);

/* Says the owner's authorisation in the file PATH to TPM.  The exit status, or -1 to go
 * on.  */
int fh_authorisations_say(struct fh_chip *tpm, const char *path);

/* `freehold device authorisations` and `index`.  */
int fh_device_authorisations(struct fh_cli *cli, int argc, char **argv);
int fh_device_index(struct fh_cli *cli, int argc, char **argv);

#endif
