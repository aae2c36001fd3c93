/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_OS_SLOTS_H
#define FH_OS_SLOTS_H

#include "base/builder.h"
#include "freehold/error.h"

/* A small value that is replaced in place through a descriptor opened
 * beforehand, for processes that may not open files.  Two slots are written in
 * turn, each with a rising number and a checksum: a crash in the middle of one
 * leaves the other.  */

/* Largest value: a sealed session seed and its certificate fit.  */
constexpr size_t FH_SLOT_VALUE_MAX = 16 << 10;
/* Distance of the two slots in the file; only what a value needs is written.  */
constexpr size_t FH_SLOT_SIZE = FH_SLOT_VALUE_MAX + 64;

struct fh_slots {
	int fd;          /* borrowed; open for reading and writing */
	uint64_t number; /* of the newest valid slot; 0 if there is none */
};

/* Finds the newest valid slot and puts its value in OUT.  An empty file, and one
 * whose first write ever was cut short and thus never reported done, is
 * FH_ERR_MISSING (and S is ready for the first write); a file whose slots are
 * both damaged is FH_ERR_FORMAT.  */
fh_err fh_slots_open(int fd, struct fh_slots *s, struct fh_builder *out);

/* Writes VALUE into the older slot and syncs it before returning.  */
fh_err fh_slots_write(struct fh_slots *s, struct fh_span value);

#endif
