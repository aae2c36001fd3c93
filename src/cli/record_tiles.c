/* SPDX-License-Identifier: Apache-2.0 */
/* `record tiles`: the record as static files, laid out as it is served (docs/spec/TILES),
 * for a web server, a mirror or an object store.  */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/anchors.h"
#include "cli/record_read.h"
#include "entry/anchor_name.h"
#include "merkle/tile.h"
#include "os/memory.h"
#include "stamp/stamp.h"

constexpr size_t tile_size = FH_TILE_WIDTH * FH_HASH_SIZE;
constexpr size_t bundle_max = FH_TILE_WIDTH * (FH_LEAF_MAX + 2);

static const struct fh_option options[] = {
	{ "out", 0, false, "DIR", "the directory to write to, which may hold an earlier writing" },
};
static const struct fh_usage usage = {
	.verb = "record tiles",
	.operands = "[DIR]",
	.summary = "write the record as C2SP tiles, as it is served",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = 1,
	.text = "Writes checkpoint, tile/, tile/entries/ and payload/ (of public entries) up to\n"
		"the newest checkpoint, anchors/ with those that it has, and witnessed, the\n"
		"checkpoint that witnesses cosigned, if there is one.  The newest checkpoint is\n"
		"written last.  What is there and right stays as it is, so that rsync carries on\n"
		"only what is new.\n"
		"Nothing is verified: see `freehold verify record --help`.",
	.examples = "freehold record tiles --out /srv/record",
};

struct level {
	uint64_t full;
	unsigned n;
	struct fh_hash hash[FH_TILE_WIDTH];
};

struct tiles {
	struct fh_fd out;
	uint64_t size;             /* of the newest checkpoint: nothing behind it is written */
	struct fh_builder note;    /* that checkpoint */
	struct fh_span witnessed;  /* the one that witnesses cosigned, of earlier; may be empty */
	uint64_t taken;
	struct level level[FH_TILE_LEVELS];
	struct fh_builder bundle;  /* entries of the bundle that is not full */
	char failed[128];          /* what could not be written */
};

/* --- files ---------------------------------------------------------------------- */

static fh_err make_directories(const struct tiles *w, char *path)
{
	for (char *at = strchr(path, '/'); at != nullptr; at = strchr(at + 1, '/')) {
		*at = '\0';
		int made = mkdirat(fh_fd_get(w->out), path, 0755);
		int error = errno;

		*at = '/';
		if (made != 0 && error != EEXIST)
			return fh_errno_err(error);
	}
	return FH_ERR_OK;
}

/* Puts BYTES at PATH at once: whoever fetches sees all of it or nothing.  */
static fh_err put_at(const struct tiles *w, const char *path, struct fh_span bytes)
{
	char fresh[160];

	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	int fd = openat(fh_fd_get(w->out), fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);
	fh_err e = fh_fd_write(fd, bytes);

	if (e == FH_ERR_OK
	    && renameat(fh_fd_get(w->out), fresh, fh_fd_get(w->out), path) != 0)
		e = fh_errno_err(errno);
	return e;
}

/* What is there already stays, so that rsync sees what is new; what is there and something
 * else, after a loss of power or from another record, does not.  */
static fh_err write_file(struct tiles *w, const char *path, struct fh_span bytes)
{
	char copy[128];
	bool same;
	fh_err e = fh_file_compare(fh_fd_get(w->out), path, bytes, &same);

	(void)snprintf(copy, sizeof(copy), "%s", path);
	if (e == FH_ERR_OK && same)
		return e;
	if (e == FH_ERR_OK || e == FH_ERR_MISSING || e == FH_ERR_TORN)
		e = make_directories(w, copy);
	if (e == FH_ERR_OK)
		e = put_at(w, path, bytes);
	if (e != FH_ERR_OK)
		(void)snprintf(w->failed, sizeof(w->failed), "%s", path);
	return e;
}

static fh_err write_tile(struct tiles *w, int level, uint64_t index, unsigned width,
			 struct fh_span bytes)
{
	const struct fh_tile t = { level, index, width };
	char path[128];
	struct fh_builder b = FH_BUILDER_ARRAY(path);

	fh_tile_put_path(&b, &t);
	fh_builder_u8(&b, '\0');
	return b.bad ? FH_ERR_LIMIT : write_file(w, path, bytes);
}

/* --- the tree ------------------------------------------------------------------- */

static fh_err add_hash(struct tiles *w, struct fh_hash h)
{
	for (int i = 0; i < FH_TILE_LEVELS; i++) {
		struct level *l = &w->level[i];
		struct fh_tree tree = { 0 };

		l->hash[l->n++] = h;
		if (l->n < FH_TILE_WIDTH)
			return FH_ERR_OK;
		for (unsigned k = 0; k < FH_TILE_WIDTH; k++)
			fh_tree_add(&tree, &l->hash[k]);
		h = fh_tree_root(&tree);
		fh_err e = write_tile(w, i, l->full, FH_TILE_WIDTH, fh_span_of(l->hash, tile_size));

		if (e != FH_ERR_OK)
			return e;
		l->full++;
		l->n = 0;
	}
	return FH_ERR_OK;
}

static fh_err add_entry(struct tiles *w, struct fh_span leaf)
{
	fh_builder_be16(&w->bundle, (uint16_t)leaf.n);
	fh_builder_bytes(&w->bundle, leaf);
	if (w->bundle.bad)
		return FH_ERR_LIMIT;
	if (++w->taken % FH_TILE_WIDTH != 0)
		return FH_ERR_OK;
	fh_err e = write_tile(w, FH_TILE_ENTRIES, w->taken / FH_TILE_WIDTH - 1, FH_TILE_WIDTH,
			      fh_builder_span(&w->bundle));

	w->bundle.n = 0;
	return e;
}

static fh_err on_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct tiles *w = context;
	char path[64];

	if (l->index >= w->size)
		return FH_ERR_CLOSED;
	fh_err e = add_hash(w, fh_leaf_hash(s->leaf));

	if (e == FH_ERR_OK)
		e = add_entry(w, s->leaf);
	if (e != FH_ERR_OK || !fh_span_equal(l->class, FH_SPAN_LIT(FH_CLASS_PUBLIC)))
		return e;
	(void)snprintf(path, sizeof(path), "payload/%llu", (unsigned long long)l->index);
	return write_file(w, path, s->payload);
}

/* The partial tiles, and at last the checkpoint that is over all of it.  */
static fh_err finish(struct tiles *w)
{
	fh_err e = FH_ERR_OK;

	for (int i = 0; i < FH_TILE_LEVELS && e == FH_ERR_OK; i++) {
		const struct level *l = &w->level[i];

		if (l->n > 0)
			e = write_tile(w, i, l->full, l->n,
				       fh_span_of(l->hash, l->n * FH_HASH_SIZE));
	}
	if (e == FH_ERR_OK && w->bundle.n > 0)
		e = write_tile(w, FH_TILE_ENTRIES, w->taken / FH_TILE_WIDTH,
			       (unsigned)(w->taken % FH_TILE_WIDTH), fh_builder_span(&w->bundle));
	if (e == FH_ERR_OK && w->witnessed.n > 0)
		e = write_file(w, "witnessed", w->witnessed);
	return e == FH_ERR_OK ? write_file(w, "checkpoint", fh_builder_span(&w->note)) : e;
}

/* --- anchors --------------------------------------------------------------------- */

/* The file FROM of the anchor over SIZE entries.  */
static fh_err copy_one(struct tiles *w, const char *from, uint64_t size, enum fh_anchor_file which,
		       struct fh_arena *room)
{
	char path[64] = "anchors/";
	struct fh_builder b = FH_BUILDER_ARRAY(path);
	struct fh_span bytes;

	b.n = strlen(path);
	fh_anchor_name_put(&b, size, which);
	fh_builder_u8(&b, '\0');
	fh_err e = fh_file_read(from, FH_STAMP_FILE_MAX, room, &bytes);

	return e == FH_ERR_OK ? write_file(w, path, bytes) : e;
}

/* What has no proof yet is none.  */
static fh_err copy_anchor(struct tiles *w, const char *directory, uint64_t size,
			  struct fh_arena *room)
{
	char note[FH_PATH_MAX], proof[FH_PATH_MAX];
	fh_err e = fh_anchor_note_path(directory, size, note);

	fh_arena_reset(room);
	if (e == FH_ERR_OK)
		e = fh_anchor_proof_path(directory, size, proof);
	if (e == FH_ERR_OK && (access(note, F_OK) != 0 || access(proof, F_OK) != 0))
		return FH_ERR_OK;
	if (e == FH_ERR_OK)
		e = copy_one(w, note, size, FH_ANCHOR_NOTE, room);
	return e == FH_ERR_OK ? copy_one(w, proof, size, FH_ANCHOR_PROOF, room) : e;
}

/* Those FROM that are under the newest checkpoint, and a list of them.  */
static fh_err copy_anchors(struct tiles *w, struct fh_anchors *from, struct fh_trace *t)
{
	FH_OWN(fh_arena) room = { 0 };
	fh_err e = fh_arena_map(FH_ANCHORS_LIST_MAX + 4 * FH_STAMP_FILE_MAX, &room);

	while (from->n > 0 && from->size[from->n - 1] > w->size)
		from->n--;
	for (size_t i = 0; e == FH_ERR_OK && i < from->n; i++)
		e = copy_anchor(w, from->path, from->size[i], &room);
	if (e != FH_ERR_OK) {
		fh_trace_where(t, "%s", from->path);
		return e;
	}
	fh_arena_reset(&room);
	struct fh_builder list = fh_builder_of(fh_arena_space(&room, FH_ANCHORS_LIST_MAX),
					       FH_ANCHORS_LIST_MAX);

	fh_anchors_put_list(&list, from);
	return list.n == 0 ? FH_ERR_OK
			   : write_file(w, "anchors/" FH_ANCHORS_LIST, fh_builder_span(&list));
}

static fh_err open_out(struct tiles *w, const char *path)
{
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return fh_errno_err(errno);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fh_errno_err(errno);
	w->out = fh_fd_of(fd);
	return FH_ERR_OK;
}

static fh_err read_witnessed(const struct fh_segments *s, struct tiles *w, struct fh_arena *room,
			     struct fh_trace *t)
{
	char path[FH_PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/../witnessed", s->path);
	fh_err e = fh_file_read(path, FH_NOTE_MAX, room, &w->witnessed);

	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	if (e != FH_ERR_OK)
		fh_trace_where(t, "%s", path);
	return e;
}

static fh_err write_all(const struct fh_segments *s, struct tiles *w, struct fh_arena *room,
			struct fh_trace *t)
{
	const struct fh_record_visitor write = { on_entry, nullptr, w };
	FH_OWN(fh_anchors) anchors = { 0 };
	struct fh_checkpoint newest;
	char beside[FH_PATH_MAX];
	/* It comes first, so that the tree that is written reaches it.  */
	fh_err e = read_witnessed(s, w, room, t);

	if (e == FH_ERR_OK)
		e = fh_record_newest(s, &w->note, &newest, t);

	if (e == FH_ERR_OK)
		w->size = newest.size;
	if (e == FH_ERR_OK)
		e = fh_anchors_beside(s, beside);
	if (e == FH_ERR_OK)
		e = fh_anchors_list(beside, &anchors, t);
	if (e == FH_ERR_OK)
		e = copy_anchors(w, &anchors, t);
	if (e == FH_ERR_OK)
		e = fh_record_read(s, &write, t);
	return e == FH_ERR_OK ? finish(w) : e;
}

int fh_record_tiles(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_segments) s = { 0 };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);
	const char *out = done < 0 ? fh_argument(&a, "out") : nullptr;

	if (done < 0 && out == nullptr)
		done = fh_usage_error(&usage, "--out says where to write");
	if (done >= 0)
		return done;
	const char *path = a.operands > 0 ? a.operand[0] : cli->config.state;
	fh_err e = fh_segments_open(path, &s, &t);

	if (e == FH_ERR_OK)
		e = fh_arena_map(sizeof(struct tiles) + 2 * FH_NOTE_MAX + bundle_max + 4096,
				 &arena);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	struct tiles *w = fh_arena_take(&arena, sizeof(*w));

	w->note = fh_builder_of(fh_arena_take(&arena, FH_NOTE_MAX), FH_NOTE_MAX);
	w->bundle = fh_builder_of(fh_arena_take(&arena, bundle_max), bundle_max);
	e = open_out(w, out);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, out, nullptr, "name a directory that can be written");
	e = write_all(&s, w, &arena, &t);
	fh_fd_drop(&w->out);
	if (w->failed[0] != '\0')
		return fh_cli_fail(e, w->failed, nullptr, "make room in the directory given");
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	fh_cli_say(cli, "%llu entries", (unsigned long long)w->size);
	return FH_EXIT_YES;
}
