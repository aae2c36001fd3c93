/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_SOFT_H
#define FH_CHIP_SOFT_H

#include "base/arena.h"
#include "chip/chip.h"

/* No chip: grade none.  What it "seals" are plain bytes with a checksum.  It
 * protects against accidents (a torn file, a blob of another boot or kind)
 * and against nobody: who reads the blob has the secret, who writes the
 * counter file sets the counter.  It exists so that everything else runs the
 * same on a machine without a TPM, and says so by its grade.
 *
 * The start counter and the boot count live in one small file of two slots
 * (os/slots.h), so that a torn write always leaves the older value.
 * docs/spec/CHIP.md has both formats.  */

/* Opens the soft chip over COUNTER, an open file that is empty the first time
 * (read and write; locked by the caller; stays the caller's and outlives
 * *OUT).  BOOT_ID is SHA-256 of this boot's id, read before the process is
 * confined: the chip itself opens nothing.  Its state is taken from ARENA.
 * FH_ERR_FORMAT if the file is damaged, FH_ERR_IO, FH_ERR_NOMEM; the trace
 * (may be NULL) says why.  */
fh_err fh_chip_soft_open(int counter, const uint8_t boot_id[32], struct fh_arena *arena,
			 struct fh_trace *trace, struct fh_chip *out);

#endif
