/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_RECORD_PRIVATE_H
#define FH_VERIFY_RECORD_PRIVATE_H

#include "verify/record.h"

/* The parts of the streaming verifier: record.c reads frames, record_entry.c
 * judges entries, record_session.c sessions and checkpoints.  */

/* An entry while it is judged.  */
struct fh_record_entry {
	struct fh_leaf leaf;
	struct fh_fields fields;
	struct fh_span payload; /* as stored */
};

/* The record is wrong here: says so under CODE, once, and returns where to write
 * what.  Where is filled in already.  */
struct fh_trace *fh_record_refuse(struct fh_record_check *c, const char *code);

/* A place that no checkpoint vouches for.  */
struct fh_trace *fh_record_uncovered(struct fh_record_check *c, const char *code);

/* Judges one entry.  Refusals are said; errors as for fh_record_check_segment().  */
fh_err fh_record_entry_check(struct fh_record_check *c, const struct fh_stored *s);

/* Judges a session entry.  */
fh_err fh_record_session_check(struct fh_record_check *c, const struct fh_record_entry *e);

/* Judges a checkpoint.  */
fh_err fh_record_checkpoint_check(struct fh_record_check *c, struct fh_span note);

/* The tree has grown by one entry: compares with the checkpoint given.  */
void fh_record_least_grown(struct fh_record_check *c);

/* The end of a batch has been reached.  */
void fh_record_boundary_add(struct fh_record_check *c, const struct fh_hash *root);

#endif
