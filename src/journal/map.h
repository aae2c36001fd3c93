/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_JOURNAL_MAP_H
#define FH_JOURNAL_MAP_H

#include "entry/segment.h"
#include "os/file.h"

/* Segments as files: what they are called, and reading entries back from where they lie.  */

/* "%020llu.fhj" and its zero.  */
constexpr size_t FH_SEGMENT_NAME_SIZE = 25;

/* The name of the segment whose first entry is FIRST.  */
void fh_segment_name(uint64_t first, char name[FH_SEGMENT_NAME_SIZE]);

/* A segment mapped for reading.  */
struct fh_segment_map {
	void *p;
	size_t n;
};

/* FH_ERR_FORMAT if FD is no file, FH_ERR_LIMIT if it is larger than FH_SEGMENT_FILE_MAX.  Whoever
 * opens it says O_NONBLOCK, or a pipe in its place would be waited for.  */
fh_err fh_segment_map_open(int fd, struct fh_segment_map *out);
void fh_segment_map_drop(struct fh_segment_map *m);

/* Where the batch that holds an entry lies.  */
struct fh_place {
	uint64_t segment; /* index of that segment's first entry */
	uint64_t offset;  /* of the batch's frame in it */
};

/* What is done with each entry; others than OK end the reading.  */
struct fh_entry_visitor {
	fh_err (*entry)(void *context, const struct fh_stored *s);
	void *context;
};

/* Hands out the entries FROM to END - 1 of the journal in the open DIRECTORY, FROM being
 * in the batch at PLACE or one behind it.  FH_ERR_FORMAT if they do not lie there,
 * FH_ERR_MISSING if a segment does not.  */
fh_err fh_entries_read(int directory, struct fh_place place, uint64_t from, uint64_t end,
		       const struct fh_entry_visitor *v);

#endif
