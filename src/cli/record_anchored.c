/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_anchored.h"

#include "os/memory.h"
#include "stamp/stamp.h"

bool fh_anchored_complete(const char *path, struct fh_arena *room)
{
	struct fh_stamp_file f;
	struct fh_span bytes;

	fh_arena_reset(room);
	return fh_file_read(path, FH_STAMP_FILE_MAX, room, &bytes) == FH_ERR_OK
	       && fh_stamp_read(bytes, room, &f, /* trace: */ nullptr) == FH_ERR_OK
	       && fh_stamp_anchored(f.root);
}

static fh_err read_both(const char *directory, uint64_t size, struct fh_arena *a,
			struct fh_anchored *out, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_anchor_note_path(directory, size, path);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, FH_NOTE_MAX, a, &out->note);
	if (e == FH_ERR_OK)
		e = fh_anchor_proof_path(directory, size, path);
	if (e == FH_ERR_OK)
		e = fh_file_read(path, FH_STAMP_FILE_MAX, a, &out->ots);
	if (e != FH_ERR_OK)
		fh_trace_where(t, "%s", path);
	return e;
}

/* The anchors in DIRECTORY, or, if that is NULL, those beside S, whose path is put into BESIDE;
 * and ROOM to look at them.  */
static fh_err list(const struct fh_segments *s, const char **directory, char beside[FH_PATH_MAX],
		   struct fh_anchors *out, struct fh_arena *room, struct fh_trace *t)
{
	fh_err e = fh_anchors_beside(s, beside);

	if (*directory == nullptr)
		*directory = beside;
	if (e == FH_ERR_OK)
		e = fh_anchors_list(*directory, out, t);
	return e == FH_ERR_OK ? fh_arena_map(FH_STAMP_MEMORY + FH_STAMP_FILE_MAX, room) : e;
}

fh_err fh_anchored_find(const struct fh_segments *s, const char *directory, uint64_t index,
			struct fh_arena *a, struct fh_anchored *out, struct fh_trace *t)
{
	FH_OWN(fh_anchors) there = { 0 };
	FH_OWN(fh_arena) room = { 0 };
	struct fh_anchored found = { 0 };
	char beside[FH_PATH_MAX], path[FH_PATH_MAX];
	fh_err e = list(s, &directory, beside, &there, &room, t);

	for (size_t i = 0; e == FH_ERR_OK && found.note.n == 0 && i < there.n; i++) {
		if (there.size[i] <= index)
			continue;
		e = fh_anchor_proof_path(directory, there.size[i], path);
		if (e == FH_ERR_OK && fh_anchored_complete(path, &room))
			e = read_both(directory, there.size[i], a, &found, t);
	}
	if (e == FH_ERR_OK)
		*out = found;
	return e;
}

fh_err fh_anchored_look(const struct fh_segments *s, struct fh_anchored_state *out,
			struct fh_trace *t)
{
	FH_OWN(fh_anchors) there = { 0 };
	FH_OWN(fh_arena) room = { 0 };
	struct fh_anchored_state found = { 0 };
	char beside[FH_PATH_MAX], path[FH_PATH_MAX];
	const char *directory = nullptr;
	fh_err e = list(s, &directory, beside, &there, &room, t);

	for (size_t i = there.n; e == FH_ERR_OK && i > 0 && found.size == 0; i--) {
		e = fh_anchor_proof_path(directory, there.size[i - 1], path);
		if (e == FH_ERR_OK && fh_anchored_complete(path, &room))
			found.size = there.size[i - 1];
		else
			found.open++;
	}
	if (e == FH_ERR_OK)
		*out = found;
	return e;
}
