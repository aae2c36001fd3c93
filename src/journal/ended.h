/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_JOURNAL_ENDED_H
#define FH_JOURNAL_ENDED_H

#include "base/arena.h"
#include "entry/shredded.h"

/* Gathering which keys of a record have ended, however many those are: they end as long as a
 * record lives, so nothing bounds them but memory.  */

/* The shred entry BY with this PAYLOAD, into ALL, whose memory is KEYS; both begin zeroed, and KEYS
 * grows with what is there, and is to be dropped.  FH_ERR_FORMAT, FH_ERR_NOMEM.  */
fh_err fh_ended_add(struct fh_arena *keys, struct fh_shredded *all, uint64_t by,
		    struct fh_span payload);

#endif
