/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_SEGMENTS_H
#define FH_CLI_SEGMENTS_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/trace.h"
#include "os/file.h"

/* Reading the segments of a journal, also while the daemon writes them: nothing
 * is locked or changed.  The verifier links this, so it stands on files alone.  */

constexpr size_t FH_SEGMENTS_NAME_SIZE = 25; /* "%020llu.fhj" and its zero */

struct fh_segments {
	struct fh_fd directory;
	char path[FH_PATH_MAX];  /* of it, for people */
	uint64_t files;          /* segments in it */
	uint64_t bytes;          /* of all of them */
};

/* Finds the journal in PATH, which is a journal, or a directory that holds one
 * as journal/ or record/journal/.  FH_ERR_MISSING if there is none, and
 * FH_ERR_VERSION if PATH is a state directory of a newer format.  */
fh_err fh_segments_open(const char *path, struct fh_segments *out, struct fh_trace *t);
void fh_segments_drop(struct fh_segments *s);

/* From here on S is of the segments whose first entry is FIRST or comes behind it.  */
fh_err fh_segments_from(struct fh_segments *s, uint64_t first, struct fh_trace *t);

/* NAME in the open DIRECTORY is that of a segment, and there; its size.  */
bool fh_segments_is_one(int directory, const char *name, uint64_t *bytes);

/* There is a segment that begins with the entry FIRST.  */
bool fh_segments_has(const struct fh_segments *s, uint64_t first);

/* The first entry of the next segment behind that which begins with FIRST, as the directory has
 * it now; FH_ERR_MISSING if there is none.  */
fh_err fh_segments_behind(const struct fh_segments *s, uint64_t first, uint64_t *out,
			  struct fh_trace *t);

/* A segment mapped for reading.  */
struct fh_mapped {
	struct fh_span bytes;
	uint64_t file; /* which file it is: another one if the segment was written anew */
	char name[FH_SEGMENTS_NAME_SIZE];
};

/* Maps the segment whose first entry is FIRST; FH_ERR_MISSING if there is none, FH_ERR_FORMAT if
 * it is no file, or larger than FH_SEGMENT_FILE_MAX.
 * A file that is cut while it is mapped ends the program: who may cut the record
 * may do that.  */
fh_err fh_segments_map(const struct fh_segments *s, uint64_t first, struct fh_mapped *out,
		       struct fh_trace *t);
void fh_mapped_drop(struct fh_mapped *m);

#endif
