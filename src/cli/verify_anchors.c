/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_anchors.h"

#include <unistd.h>

#include "os/memory.h"
#include "stamp/stamp.h"

constexpr size_t files_max = FH_NOTE_MAX + FH_STAMP_FILE_MAX + 64; /* of one anchor */

void fh_given_anchors_drop(struct fh_given_anchors *g)
{
	fh_arena_drop(&g->memory);
	*g = (struct fh_given_anchors){ 0 };
}

/* What there is at PATH; nothing if that is missing.  What is too large to be one of ours
 * cannot be read as one: a byte of it.  */
static fh_err read_file(const char *path, size_t max, struct fh_arena *room, struct fh_span *out,
			struct fh_trace *t)
{
	fh_err e = fh_file_read(path, max, room, out);

	if (e == FH_ERR_MISSING || e == FH_ERR_LIMIT) {
		*out = e == FH_ERR_MISSING ? (struct fh_span){ 0 } : FH_SPAN_LIT("?");
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK)
		fh_trace_where(t, "%s", path);
	return e;
}

static fh_err judge_one(const char *directory, uint64_t size, const struct fh_given_headers *h,
			struct fh_arena *room, struct fh_anchor *out, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	struct fh_span note, ots;
	fh_err e = fh_anchor_note_path(directory, size, path);

	fh_arena_reset(room);
	if (e == FH_ERR_OK)
		e = read_file(path, FH_NOTE_MAX, room, &note, t);
	if (e == FH_ERR_OK)
		e = fh_anchor_proof_path(directory, size, path);
	if (e == FH_ERR_OK)
		e = read_file(path, FH_STAMP_FILE_MAX, room, &ots, t);
	return e == FH_ERR_OK ? fh_anchor_judge(size, note, ots, h->read, h->least, room, out) : e;
}

static fh_err read_directory(const char *directory, const struct fh_given_headers *h,
			     struct fh_arena *room, struct fh_given_anchors *g,
			     struct fh_trace *t)
{
	FH_OWN(fh_anchors) there = { 0 };
	fh_err e = fh_anchors_list(directory, &there, t);

	for (size_t i = 0; e == FH_ERR_OK && i < there.n; i++) {
		if (g->n == FH_ANCHORS_MAX) {
			fh_trace_where(t, "%s", directory);
			fh_trace_what(t, "more than %zu anchors in all", FH_ANCHORS_MAX);
			fh_trace_cure(t, "name fewer directories");
			return FH_ERR_LIMIT;
		}
		e = judge_one(directory, there.size[i], h, room, &g->anchor[g->n++], t);
	}
	return e;
}

static fh_err read_given(const char *directory, const struct fh_given_headers *h,
			 struct fh_arena *room, struct fh_given_anchors *g, struct fh_trace *t)
{
	if (access(directory, F_OK) == 0)
		return read_directory(directory, h, room, g, t);
	fh_trace_where(t, "%s", directory);
	fh_trace_what(t, "there is no such directory");
	fh_trace_cure(t, "name one with anchors of the record");
	return FH_ERR_MISSING;
}

fh_err fh_given_anchors_read(const struct fh_segments *s, const struct fh_arguments *a,
			     const struct fh_given_headers *h, struct fh_given_anchors *out,
			     struct fh_trace *t)
{
	FH_OWN(fh_given_anchors) g = { 0 };
	FH_OWN(fh_arena) room = { 0 };
	char beside[FH_PATH_MAX];
	const char *given;
	fh_err e = fh_arena_map(FH_ANCHORS_MAX * sizeof(*g.anchor) + 64, &g.memory);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_STAMP_MEMORY + files_max, &room);
	if (e == FH_ERR_OK)
		e = fh_anchors_beside(s, beside);
	if (e != FH_ERR_OK)
		return e;
	g.anchor = fh_arena_space(&g.memory, FH_ANCHORS_MAX * sizeof(*g.anchor));
	e = read_directory(beside, h, &room, &g, t);
	for (size_t i = 0; e == FH_ERR_OK && (given = fh_argument_nth(a, "anchors", i)) != nullptr;
	     i++)
		e = read_given(given, h, &room, &g, t);
	if (e != FH_ERR_OK)
		return e;
	fh_anchors_sort(g.anchor, g.n);
	*out = g;
	g = (struct fh_given_anchors){ 0 };
	return FH_ERR_OK;
}
