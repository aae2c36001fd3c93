/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/file.h"

bool fh_name_ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && name[0] != '.' && strcmp(name + n - m, suffix) == 0;
}

static bool is_one(const char *name, const char *const *suffixes)
{
	for (; *suffixes != nullptr; suffixes++) {
		if (fh_name_ends(name, *suffixes))
			return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static fh_err list(DIR *d, const char *const *suffixes, size_t max, struct fh_arena *a,
		   char **names, size_t *n)
{
	const struct dirent *entry;

	while ((entry = readdir(d)) != nullptr) {
		struct fh_span copy;

		if (!is_one(entry->d_name, suffixes))
			continue;
		if (*n == max)
			return FH_ERR_LIMIT;
		fh_err e = fh_arena_copy(a, fh_span_str(entry->d_name), &copy);

		if (e != FH_ERR_OK)
			return e;
		names[(*n)++] = (char *)(uintptr_t)copy.p;
	}
	qsort((void *)names, *n, sizeof(*names), by_name);
	return FH_ERR_OK;
}

fh_err fh_names_read(const char *directory, const char *const *suffixes, size_t max,
		     struct fh_arena *a, char ***names, size_t *n)
{
	DIR *d = opendir(directory);

	if (d == nullptr)
		return errno == ENOTDIR ? FH_ERR_UNSUPPORTED : fh_errno_err(errno);
	*n = 0;
	*names = fh_arena_array(a, max, sizeof(**names));
	fh_err e = *names == nullptr ? FH_ERR_NOMEM : list(d, suffixes, max, a, *names, n);

	(void)closedir(d);
	return e;
}
