/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_AHEAD_H
#define FH_CLI_VERIFY_AHEAD_H

#include "verify/record_ahead.h"

#include "base/own.h"

/* All processors for the verification of a record: threads hash the entries of a segment
 * ahead of the one that judges them in order, and check the signatures that it leaves to
 * them.  Memory is bounded by one segment.  */

constexpr unsigned FH_JOBS_MAX = 256; /* threads; the one that judges is one of them */

struct fh_ahead;
struct fh_ahead_handle {
	struct fh_ahead *p;
};

/* JOBS threads in all, 0: one for each processor.  The first TRUSTED entries were verified
 * before.  FH_ERR_NOMEM.  */
fh_err fh_ahead_begin(unsigned jobs, uint64_t trusted, struct fh_ahead_handle *out);
void fh_ahead_handle_drop(struct fh_ahead_handle *h);

/* What the verifier is given.  */
struct fh_record_aid fh_ahead_aid(struct fh_ahead *a);

/* Begins with the segment BYTES, which has to stay until it is settled.  FH_ERR_NOMEM.  */
fh_err fh_ahead_segment(struct fh_ahead *a, struct fh_span bytes);

/* Waits for everything that was begun.  *RIGHT is false if a signature was not; an error if
 * one could not be checked.  */
fh_err fh_ahead_settle(struct fh_ahead *a, bool *right);

/* Called from time to time while a segment is judged, with the bytes of it that were.  */
void fh_ahead_watch(struct fh_ahead *a, void (*tick)(void *context, uint64_t bytes),
		    void *context);

#endif
