/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_REFUSED_H
#define FH_ROLE_REFUSED_H

#include <stdint.h>

#include "base/trace.h"
#include "freehold/error.h"

/* States in which nothing is permitted, and which another start does not change: `serve`
 * ends with 1, so that no service manager starts it in a loop, and leaves word of it in
 * record/pending for `status` and for the next start that is accepted.  */

/* The stable name of what only the machine's owner can cure; NULL for what a restart
 * may cure.  */
const char *fh_refused_state(fh_err e);

/* Writes RECORD/pending: at TIME_MS the machine was found in STATE, because of T.  Not
 * signed, because the key to sign with may be what was not released.  */
fh_err fh_refused_leave(const char *record, const char *state, uint64_t time_ms,
			const struct fh_trace *t);

#endif
