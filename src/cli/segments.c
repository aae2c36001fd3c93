/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/decimal.h"
#include "os/map.h"
#include "store/store.h"

constexpr size_t format_file_max = 64;

void fh_segments_drop(struct fh_segments *s)
{
	fh_fd_drop(&s->directory);
}

static bool is_segment(const char *name)
{
	size_t n = strlen(name);

	return n == FH_SEGMENTS_NAME_SIZE - 1 && strcmp(name + n - 4, ".fhj") == 0
	       && strspn(name, "0123456789") == n - 4;
}

static fh_err say(struct fh_trace *t, const char *path, const char *what)
{
	int error = errno;

	fh_trace_where(t, "%s", path);
	fh_trace_what(t, "%s: %s", what, strerror(error));
	fh_trace_cure(t, "name a state directory, or a copy of its record/journal");
	return fh_errno_err(error);
}

/* However large it says it is, or whatever else than a file it is, it is not read.  */
static fh_err refuse(struct fh_trace *t, const char *name, const char *what)
{
	fh_trace_where(t, "%s", name);
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "get the record anew from where it was written");
	return FH_ERR_FORMAT;
}

bool fh_segments_is_one(int directory, const char *name, uint64_t *bytes)
{
	struct stat st;

	if (!is_segment(name) || fstatat(directory, name, &st, 0) != 0)
		return false;
	*bytes = (uint64_t)st.st_size;
	return true;
}

/* The names in S's directory.  */
static fh_err list(const struct fh_segments *s, DIR **out, struct fh_trace *t)
{
	int fd = openat(fh_fd_get(s->directory), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*out = fd < 0 ? nullptr : fdopendir(fd);
	return *out == nullptr ? say(t, s->path, "cannot be read") : FH_ERR_OK;
}

static void name_of(uint64_t first, char out[FH_SEGMENTS_NAME_SIZE])
{
	(void)snprintf(out, FH_SEGMENTS_NAME_SIZE, "%020llu.fhj", (unsigned long long)first);
}

/* Counts the segments in S's directory whose first entry is FROM or comes behind it.  */
static fh_err count_files(struct fh_segments *s, uint64_t from, struct fh_trace *t)
{
	char least[FH_SEGMENTS_NAME_SIZE];
	const struct dirent *entry;
	uint64_t bytes;
	DIR *d;
	fh_err e = list(s, &d, t);

	if (e != FH_ERR_OK)
		return e;
	name_of(from, least);
	s->files = s->bytes = 0;
	while ((entry = readdir(d)) != nullptr) {
		/* All names are equally long.  */
		if (!fh_segments_is_one(dirfd(d), entry->d_name, &bytes)
		    || strcmp(entry->d_name, least) < 0)
			continue;
		s->files++;
		s->bytes += bytes;
	}
	(void)closedir(d);
	return FH_ERR_OK;
}

bool fh_segments_has(const struct fh_segments *s, uint64_t first)
{
	char name[FH_SEGMENTS_NAME_SIZE];
	uint64_t bytes;

	name_of(first, name);
	return fh_segments_is_one(fh_fd_get(s->directory), name, &bytes);
}

fh_err fh_segments_behind(const struct fh_segments *s, uint64_t first, uint64_t *out,
			  struct fh_trace *t)
{
	const struct dirent *entry;
	uint64_t found = UINT64_MAX;
	DIR *d;
	fh_err e = list(s, &d, t);

	if (e != FH_ERR_OK)
		return e;
	while ((entry = readdir(d)) != nullptr) {
		uint64_t n = is_segment(entry->d_name)
				     ? strtoull(entry->d_name, nullptr, 10) : 0;

		if (n > first && n < found)
			found = n;
	}
	(void)closedir(d);
	*out = found;
	return found == UINT64_MAX ? FH_ERR_MISSING : FH_ERR_OK;
}

/* As fh_store_open() judges it, for a state directory that may be another user's
 * copy; one without the file `format` is a copy of the record alone.  */
static fh_err check_format(const char *directory, struct fh_trace *t)
{
	alignas(max_align_t) uint8_t memory[2 * format_file_max];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	const struct fh_span name = FH_SPAN_LIT("freehold ");
	struct fh_span text;
	char path[FH_PATH_MAX];
	uint64_t v;

	if (snprintf(path, sizeof(path), "%s/format", directory) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	fh_err e = fh_file_read(path, format_file_max, &a, &text);

	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	fh_trace_where(t, "%s", path);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "cannot be read: %s", fh_err_text(e));
		return e;
	}
	struct fh_span digits = fh_span_skip(text, name.n);

	if (!fh_span_starts(text, name) || digits.n == 0 || digits.p[digits.n - 1] != '\n'
	    || fh_decimal_read(fh_span_first(digits, digits.n - 1), &v) != FH_ERR_OK || v == 0) {
		fh_trace_what(t, "is not Freehold's");
		fh_trace_cure(t, "name a state directory, or a copy of its record/journal");
		return FH_ERR_FORMAT;
	}
	if (v <= FH_STORE_FORMAT)
		return FH_ERR_OK;
	fh_trace_where(t, "%s", directory);
	fh_trace_what(t, "the state directory has format %llu; this version knows up to %u",
		      (unsigned long long)v, FH_STORE_FORMAT);
	fh_trace_cure(t, "update Freehold; nothing was changed");
	return FH_ERR_VERSION;
}

fh_err fh_segments_open(const char *path, struct fh_segments *out, struct fh_trace *t)
{
	static const char *const below[] = { "/record/journal", "/journal", "" };
	FH_OWN(fh_segments) s = { 0 };
	int fd = -1;
	fh_err e = check_format(path, t);

	if (e != FH_ERR_OK)
		return e;
	for (size_t i = 0; fd < 0 && i < sizeof(below) / sizeof(below[0]); i++) {
		int n = snprintf(s.path, sizeof(s.path), "%s%s", path, below[i]);

		if (n < 0 || (size_t)n >= sizeof(s.path))
			return FH_ERR_LIMIT;
		fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
			break;
	}
	if (fd < 0)
		return say(t, s.path, "no record here");
	s.directory = fh_fd_of(fd);
	e = count_files(&s, /* from= */ 0, t);
	if (e != FH_ERR_OK)
		return e;
	if (s.files == 0) {
		fh_trace_where(t, "%s", path);
		fh_trace_what(t, "holds no segment of a record (NUMBER.fhj)");
		fh_trace_cure(t, "name a state directory, or a copy of its record/journal");
		return FH_ERR_MISSING;
	}
	*out = s;
	s = (struct fh_segments){ 0 };
	return FH_ERR_OK;
}

fh_err fh_segments_from(struct fh_segments *s, uint64_t first, struct fh_trace *t)
{
	return count_files(s, first, t);
}

fh_err fh_segments_map(const struct fh_segments *s, uint64_t first, struct fh_mapped *out,
		       struct fh_trace *t)
{
	struct fh_mapped m = { 0 };
	struct stat st;

	name_of(first, m.name);
	int fd = openat(fh_fd_get(s->directory), m.name,
			O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return say(t, m.name, "cannot be opened");
	FH_OWN(fh_fd) file = fh_fd_of(fd);

	if (fstat(fd, &st) != 0)
		return say(t, m.name, "cannot be read");
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FH_SEGMENT_FILE_MAX)
		return refuse(t, m.name, S_ISREG(st.st_mode)
			      ? "is larger than a segment of a record can be" : "is no file");
	m.file = st.st_ino;
	if (st.st_size > 0) {
		fh_err e = fh_map_open(fd, (size_t)st.st_size, &m.bytes);

		if (e != FH_ERR_OK)
			return say(t, m.name, "cannot be read");
	}
	*out = m;
	return FH_ERR_OK;
}

void fh_mapped_drop(struct fh_mapped *m)
{
	fh_map_drop(&m->bytes);
	*m = (struct fh_mapped){ 0 };
}
