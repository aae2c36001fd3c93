/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ANCHORS_H
#define FH_CLI_ANCHORS_H

#include "base/builder.h"
#include "base/own.h"
#include "cli/segments.h"

/* Checkpoints of a record that were stamped: SIZE.note and its proof SIZE.note.ots, in a
 * directory of their own.  docs/spec/ANCHOR.  The verifier links this.  */

#define FH_ANCHORS_LIST "list" /* the file with their sizes, for others */

struct fh_anchors {
	char path[FH_PATH_MAX]; /* of the directory */
	uint64_t *size;         /* entries under each, rising */
	size_t n;
	struct fh_arena memory;
};

/* The directory that belongs to the record S.  FH_ERR_LIMIT: the name is too long.  */
fh_err fh_anchors_beside(const struct fh_segments *s, char out[FH_PATH_MAX]);

/* Lists the directory PATH; one that is not there holds none.  Other names in it are
 * passed over.  FH_ERR_LIMIT above FH_ANCHORS_MAX.  */
fh_err fh_anchors_list(const char *path, struct fh_anchors *out, struct fh_trace *t);
void fh_anchors_drop(struct fh_anchors *a);

/* The paths of the checkpoint over SIZE entries in the directory PATH, and of its proof.
 * FH_ERR_LIMIT as above.  */
fh_err fh_anchor_note_path(const char *path, uint64_t size, char out[FH_PATH_MAX]);
fh_err fh_anchor_proof_path(const char *path, uint64_t size, char out[FH_PATH_MAX]);

/* The sizes of those in A that have a proof, a decimal a line; FH_ANCHORS_LIST_MAX bytes
 * hold any.  */
void fh_anchors_put_list(struct fh_builder *b, const struct fh_anchors *a);

#endif
