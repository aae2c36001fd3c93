/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "os/map.h"

void fh_segment_name(uint64_t first, char name[FH_SEGMENT_NAME_SIZE])
{
	(void)snprintf(name, FH_SEGMENT_NAME_SIZE, "%020llu.fhj", (unsigned long long)first);
}

void fh_segment_map_drop(struct fh_segment_map *m)
{
	struct fh_span bytes = fh_span_of(m->p, m->n);

	fh_map_drop(&bytes);
	*m = (struct fh_segment_map){ 0 };
}

fh_err fh_segment_map_open(int fd, struct fh_segment_map *out)
{
	struct fh_span bytes;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fh_errno_err(errno);
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return FH_ERR_FORMAT;
	if ((uint64_t)st.st_size > FH_SEGMENT_FILE_MAX)
		return FH_ERR_LIMIT;
	if (st.st_size == 0) {
		*out = (struct fh_segment_map){ 0 };
		return FH_ERR_OK;
	}
	fh_err e = fh_map_open(fd, (size_t)st.st_size, &bytes);

	if (e == FH_ERR_OK)
		*out = (struct fh_segment_map){ (void *)bytes.p, bytes.n };
	return e;
}

/* Which entries are wanted, and how far the reading has come.  */
struct reading {
	uint64_t next, end;
	uint64_t behind; /* index behind the batch that was read last */
	const struct fh_entry_visitor *visitor;
};

static fh_err read_batch(struct fh_span body, struct reading *r)
{
	struct fh_batch batch;
	struct fh_stored s;
	fh_err e = fh_batch_read(body, &batch);

	if (e != FH_ERR_OK || batch.first > r->next)
		return FH_ERR_FORMAT;
	r->behind = batch.size;
	for (uint64_t i = batch.first; r->next < r->end; i++) {
		e = fh_batch_next(&batch, &s);
		if (e == FH_ERR_OK && i < r->next)
			continue;
		if (e == FH_ERR_OK)
			e = r->visitor->entry(r->visitor->context, &s);
		if (e != FH_ERR_OK)
			break;
		r->next++;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* What is wanted of the segment that begins with FIRST, from OFFSET on.  */
static fh_err read_segment(int directory, uint64_t first, uint64_t offset, struct reading *r)
{
	char name[FH_SEGMENT_NAME_SIZE];
	FH_OWN(fh_segment_map) m = { 0 };
	enum fh_segment_frame type;
	struct fh_span body;

	fh_segment_name(first, name);
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);
	fh_err e = fh_segment_map_open(fd, &m);
	struct fh_cursor c = fh_cursor_of(fh_span_skip(fh_span_of(m.p, m.n), offset));

	while (e == FH_ERR_OK && r->next < r->end) {
		e = fh_segment_next(&c, &type, &body);
		if (e != FH_ERR_OK || type == FH_SEGMENT_END)
			break;
		if (type == FH_SEGMENT_BATCH)
			e = read_batch(body, r);
	}
	return e;
}

fh_err fh_entries_read(int directory, struct fh_place place, uint64_t from, uint64_t end,
		       const struct fh_entry_visitor *v)
{
	struct reading r = { .next = from, .end = end, .visitor = v };
	fh_err e = read_segment(directory, place.segment, place.offset, &r);

	/* The next segment begins behind the last batch, which may be before what is wanted.  */
	while (e == FH_ERR_OK && r.next < end) {
		uint64_t before = r.behind;

		e = read_segment(directory, before, 0, &r);
		if (e == FH_ERR_OK && r.behind == before)
			e = FH_ERR_FORMAT;
	}
	return e;
}
