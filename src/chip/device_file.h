/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_DEVICE_FILE_H
#define FH_CHIP_DEVICE_FILE_H

#include "chip/chip.h"

/* keys/device: the device secret, sealed for a boot epoch and, once it was
 * released, for the next ones too, with what is needed to ask for its release.
 * Nothing in it is secret or believed: a wrong member means that nothing is
 * released.  docs/spec/KEYS.  */

constexpr uint64_t FH_DEVICE_FILE_VERSION = 2;
/* Of one that several operators release: it says how many.  */
constexpr uint64_t FH_DEVICE_FILE_JOINT = 3;
/* Two, unless more states were revoked than epochs could be counted up.  */
constexpr size_t FH_DEVICE_EPOCHS = 2;
constexpr size_t FH_DEVICE_EPOCHS_MAX = 6;
constexpr size_t FH_DEVICE_FILE_MAX = 14 << 10;

struct fh_device_file {
	struct fh_release release; /* the epoch is that of the first blob */
	struct fh_span identity;   /* of the chip, or empty */
	struct fh_span blob[FH_DEVICE_EPOCHS_MAX]; /* for that epoch, and for those after it */
	size_t blobs;
};

void fh_device_file_put(struct fh_builder *b, const struct fh_device_file *f);
fh_err fh_device_file_read(struct fh_span bytes, struct fh_device_file *out);

#endif
