/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/anchors.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sort.h"
#include "entry/anchor_name.h"
#include "os/memory.h"

constexpr size_t listed_max = 2 * FH_ANCHORS_MAX; /* a note and a proof of each */

void fh_anchors_drop(struct fh_anchors *a)
{
	fh_arena_drop(&a->memory);
}

static fh_err path_of(const char *path, uint64_t size, enum fh_anchor_file which,
		      char out[FH_PATH_MAX])
{
	char name[FH_ANCHOR_NAME_SIZE] = { 0 };
	struct fh_builder b = fh_builder_of((uint8_t *)name, sizeof(name) - 1);

	fh_anchor_name_put(&b, size, which);
	return snprintf(out, FH_PATH_MAX, "%s/%s", path, name) < (int)FH_PATH_MAX ? FH_ERR_OK
										   : FH_ERR_LIMIT;
}

fh_err fh_anchor_note_path(const char *path, uint64_t size, char out[FH_PATH_MAX])
{
	return path_of(path, size, FH_ANCHOR_NOTE, out);
}

fh_err fh_anchor_proof_path(const char *path, uint64_t size, char out[FH_PATH_MAX])
{
	return path_of(path, size, FH_ANCHOR_PROOF, out);
}

fh_err fh_anchors_beside(const struct fh_segments *s, char out[FH_PATH_MAX])
{
	const struct fh_span path = fh_span_str(s->path), journal = FH_SPAN_LIT("/journal");
	bool named = path.n > journal.n && fh_span_equal(fh_span_skip(path, path.n - journal.n),
							  journal);
	int n = named ? snprintf(out, FH_PATH_MAX, "%.*s/anchors", (int)(path.n - journal.n),
				 s->path)
		      : snprintf(out, FH_PATH_MAX, "%s/../anchors", s->path);

	return n < (int)FH_PATH_MAX ? FH_ERR_OK : FH_ERR_LIMIT;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort(struct fh_anchors *a)
{
	size_t kept = 0;

	fh_sort(a->size, a->n, sizeof(*a->size), by_size);
	for (size_t i = 0; i < a->n; i++) {
		if (kept == 0 || a->size[kept - 1] != a->size[i])
			a->size[kept++] = a->size[i];
	}
	a->n = kept;
}

static fh_err too_many(const char *path, struct fh_trace *t)
{
	fh_trace_where(t, "%s", path);
	fh_trace_what(t, "more than %zu anchors", FH_ANCHORS_MAX);
	fh_trace_cure(t, "keep the older ones in another directory");
	return FH_ERR_LIMIT;
}

static fh_err read_names(DIR *d, struct fh_anchors *a)
{
	const struct dirent *entry;
	enum fh_anchor_file which;
	uint64_t size;

	while ((entry = readdir(d)) != nullptr) {
		if (fh_anchor_name_read(fh_span_str(entry->d_name), &size, &which) != FH_ERR_OK)
			continue;
		if (a->n == listed_max)
			return FH_ERR_LIMIT;
		a->size[a->n++] = size;
	}
	sort(a);
	return a->n <= FH_ANCHORS_MAX ? FH_ERR_OK : FH_ERR_LIMIT;
}

fh_err fh_anchors_list(const char *path, struct fh_anchors *out, struct fh_trace *t)
{
	FH_OWN(fh_anchors) a = { 0 };
	fh_err e = fh_arena_map(listed_max * sizeof(*a.size) + 64, &a.memory);

	if (e == FH_ERR_OK && snprintf(a.path, sizeof(a.path), "%s", path) >= (int)sizeof(a.path))
		e = FH_ERR_LIMIT;
	if (e != FH_ERR_OK)
		return e;
	a.size = fh_arena_array(&a.memory, listed_max, sizeof(*a.size));
	DIR *d = opendir(path);

	if (d == nullptr && errno != ENOENT) {
		int error = errno;

		fh_trace_where(t, "%s", path);
		fh_trace_what(t, "cannot be read: %s", strerror(error));
		fh_trace_cure(t, "name a directory with anchors of the record");
		return fh_errno_err(error);
	}
	if (d != nullptr) {
		e = read_names(d, &a);
		(void)closedir(d);
	}
	if (e != FH_ERR_OK)
		return too_many(path, t);
	*out = a;
	a = (struct fh_anchors){ 0 };
	return FH_ERR_OK;
}

void fh_anchors_put_list(struct fh_builder *b, const struct fh_anchors *a)
{
	char note[FH_PATH_MAX], proof[FH_PATH_MAX];

	for (size_t i = 0; i < a->n; i++) {
		if (fh_anchor_note_path(a->path, a->size[i], note) != FH_ERR_OK
		    || fh_anchor_proof_path(a->path, a->size[i], proof) != FH_ERR_OK
		    || access(note, F_OK) != 0 || access(proof, F_OK) != 0)
			continue;
		fh_builder_decimal(b, a->size[i]);
		fh_builder_u8(b, '\n');
	}
}
