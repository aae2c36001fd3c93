/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_DEVICE_KEY_H
#define FH_CLI_DEVICE_KEY_H

#include "chip/device_file.h"
#include "cli/state.h"

/* keys/device as `init` makes it and `upgrade` carries it over; afterwards only the
 * keeper writes it.  */

/* Makes the chip's counters and note, seals SEED || chain id || DEVICE to be released
 * in the states that the signers of STATE's chain approve, and makes the files of
 * keys/.  *EPOCH is the chip's.  CERTIFIED gets what a TPM certifies of it
 * (evidence/certified.h); NULL: nothing is asked for.  */
fh_err fh_device_key_keep(struct fh_state *state, struct fh_chip *chip,
			  const struct fh_secret *seed, const struct fh_hash *device,
			  uint64_t *epoch, struct fh_builder *certified, struct fh_trace *t);

/* What keys/device says, in STATE's memory.  FH_ERR_MISSING: there is none.  */
fh_err fh_device_key_held(struct fh_state *state, struct fh_device_file *out,
			  struct fh_trace *t);

/* Carries keys/device over from format 1; nothing to do if that was done.  A crash
 * leaves one of the two.  */
fh_err fh_device_key_upgrade(struct fh_state *state, struct fh_chip *chip, struct fh_trace *t);

/* Makes what the record is sealed with from format 3 on: the chip's data epoch, and the two
 * files, empty; what is there already stays.  */
fh_err fh_device_key_add_data(struct fh_state *state, struct fh_chip *chip, struct fh_trace *t);

#endif
