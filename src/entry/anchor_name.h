/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_ANCHOR_NAME_H
#define FH_ENTRY_ANCHOR_NAME_H

#include "base/builder.h"

/* The names of the two files of an anchor: the number of entries under the checkpoint, in
 * 20 digits, and what the file is.  docs/spec/ANCHOR.  */

constexpr size_t FH_ANCHOR_NAME_SIZE = 30; /* the longer one and its zero */

enum fh_anchor_file {
	FH_ANCHOR_NOTE,  /* ".note": the checkpoint */
	FH_ANCHOR_PROOF, /* ".note.ots": its proof */
};

void fh_anchor_name_put(struct fh_builder *b, uint64_t size, enum fh_anchor_file which);

/* FH_ERR_FORMAT: NAME is neither.  */
fh_err fh_anchor_name_read(struct fh_span name, uint64_t *size, enum fh_anchor_file *which);

#endif
