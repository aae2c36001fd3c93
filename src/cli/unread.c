/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/unread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum level { OF_STATE, OF_RECORD, OF_JOURNAL };

/* Names that a state directory and its record have, and what was not done with them.  */
static const struct {
	enum level level;
	const char *name;
	const char *what;
} known[] = {
	{ OF_STATE, "cache", "not read: nothing in it counts" },
	{ OF_STATE, "chain", "not read: the record carries the statements that it was judged by" },
	{ OF_STATE, "format", "read for the number of the format only" },
	{ OF_STATE, "keys", "not read: keys are no evidence" },
	{ OF_STATE, "lock", "not read: it says who runs" },
	{ OF_RECORD, "resume", "not read: made from the journal, for the next start" },
	{ OF_RECORD, "cosigners", "not read: keys of lines that are for others" },
	{ OF_RECORD, "witnessed", "not read: a checkpoint, for those who ask for a quorum" },
	{ OF_RECORD, "conflict", "not read: what stopped the record, for its operator" },
	{ OF_JOURNAL, "pruned.new", "not read: a pruning that is going on or was cut off" },
	{ OF_RECORD, "receipt", "not read: receipts are made from it, and checked by themselves" },
};

/* The tree as it is served.  */
#define TILES "tiles."

static const char *what_of(enum level level, const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (level == known[i].level && strcmp(name, known[i].name) == 0)
			return known[i].what;
	}
	if (level == OF_RECORD && strncmp(name, TILES, sizeof(TILES) - 1) == 0)
		return "not read: made from the journal, for those who fetch the record";
	return "not read: no part of the record, and not Freehold's";
}

static void add(struct fh_unread *u, const char *prefix, const char *name, bool directory,
		const char *what)
{
	if (u->n == FH_UNREAD_MAX) {
		u->more++;
		return;
	}
	struct fh_uncovered *p = &u->place[u->n++];

	*p = (struct fh_uncovered){ .code = "not-read" };
	fh_trace_where(&p->why, "%s%s%s", prefix, name, directory ? "/" : "");
	fh_trace_what(&p->why, "%s", what);
}

static bool leads_on(enum level level, int at, const char *name)
{
	uint64_t bytes;

	if (level == OF_JOURNAL)
		return fh_segments_is_one(at, name, &bytes);
	/* Anchors are read for themselves.  */
	return strcmp(name, level == OF_STATE ? "record" : "journal") == 0
	       || (level == OF_RECORD && strcmp(name, "anchors") == 0);
}

static bool is_directory(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* All names in the directory PATH but what leads on or is a segment.  */
static fh_err list(enum level level, const char *path, const char *prefix, struct fh_unread *u,
		   struct fh_trace *t)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? nullptr : fdopendir(fd);
	const struct dirent *entry;

	if (d == nullptr) {
		int error = errno;

		if (fd >= 0)
			(void)close(fd);
		fh_trace_where(t, "%s", path);
		fh_trace_what(t, "cannot be read: %s", strerror(error));
		return fh_errno_err(error);
	}
	while ((entry = readdir(d)) != nullptr) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0
		    || leads_on(level, fd, name))
			continue;
		add(u, prefix, name, is_directory(fd, name),
		    what_of(level, name));
	}
	(void)closedir(d);
	return FH_ERR_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct fh_uncovered *x = a, *y = b;

	return strcmp(x->why.where, y->why.where);
}

fh_err fh_unread_find(const char *path, const struct fh_segments *s, struct fh_unread *out,
		      struct fh_trace *t)
{
	size_t n = strlen(path);
	const char *below = s->path + n; /* "/record/journal", "/journal" or "" */
	const char *prefix = strcmp(below, "/record/journal") == 0 ? "record/journal/"
			   : strcmp(below, "/journal") == 0	   ? "journal/" : "";
	char record[FH_PATH_MAX];
	fh_err e = FH_ERR_OK;

	*out = (struct fh_unread){ 0 };
	if (strcmp(below, "/record/journal") == 0) {
		if (snprintf(record, sizeof(record), "%s/record", path) >= (int)sizeof(record))
			return FH_ERR_LIMIT;
		e = list(OF_STATE, path, "", out, t);
		if (e == FH_ERR_OK)
			e = list(OF_RECORD, record, "record/", out, t);
	} else if (strcmp(below, "/journal") == 0) {
		e = list(OF_RECORD, path, "", out, t);
	}
	if (e == FH_ERR_OK)
		e = list(OF_JOURNAL, s->path, prefix, out, t);
	qsort(out->place, out->n, sizeof(out->place[0]), by_name);
	return e;
}
