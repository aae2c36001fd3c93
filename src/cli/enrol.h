/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ENROL_H
#define FH_CLI_ENROL_H

#include "chip/chip.h"
#include "cli/authorisations.h"
#include "cli/state.h"

/* What the operator gets to see of this machine, in the state's memory.  */
struct fh_enrolled {
	struct fh_span body;    /* of its `device` statement */
	struct fh_span request; /* the same as a request to be enrolled (chain/request.h) */
	struct fh_hash device;  /* device id */
	uint64_t epoch;         /* boot epoch of the chip */
	struct fh_pcr_state state; /* the state the machine is in; nothing selected: no TPM */
	struct fh_authorisation_pair pair; /* for the TPM to be given; empty: it is not */
};
void fh_enrolled_drop(struct fh_enrolled *e);

/* Makes this machine's device key for STATE's chain, seals seed || chain id ||
 * device id to the chip into keys/device, to be released in the states that the
 * chain's signers approve, and makes the chip's counters and note.
 * TPM null: without a chip, grade none; otherwise the TPM's attestation key and
 * endorsement certificate are in the body, and in the request its endorsement
 * key.  If TAKE, authorisations for the TPM are made too, encrypted to the chain's
 * recipient in the request and in keys/authorisations; giving them to the TPM is the
 * caller's, once the request is where it can be found.  */
fh_err fh_enrol(struct fh_state *state, const char *name, struct fh_chip *tpm, bool take,
		struct fh_enrolled *out, struct fh_trace *t);

/* Opens the chip of a state directory that was made without a TPM; *COUNTER is to be
 * kept as long as the chip.  */
fh_err fh_enrol_soft(struct fh_state *state, struct fh_arena *memory, struct fh_fd *counter,
		     struct fh_chip *out, struct fh_trace *t);

/* Opens the TPM that CLI's configuration names, or the machine's.  */
fh_err fh_enrol_tpm(const struct fh_cli *cli, struct fh_arena *memory, struct fh_chip *out,
		    struct fh_trace *t);

#endif
