/* SPDX-License-Identifier: Apache-2.0 */
/* The file record/resume: written at a state entry, and proved at the next start, which then
 * reads only what came since.  What proves it: from its tree the entries behind it lead to the
 * root that the keeper signed; the state entry among them commits to its fold and to which
 * entries carry authority; those lie in its tree; and the chip's note, if it is of before, is
 * of the same tree.  docs/spec/JOURNAL, "Resume".  */
#include "role/core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "codec/cbor.h"
#include "role/log.h"

fh_err fh_core_resume_begin(struct fh_core *c)
{
	struct fh_core_resume *r = &c->resume;

	r->fold = fh_arena_space(&c->memory, FH_RESUME_FOLD_MAX);
	r->file = fh_arena_space(&c->memory, FH_RESUME_MAX);
	r->partial = fh_arena_space(&c->memory, FH_TILES_PARTIAL_MAX);
	r->authority = fh_arena_space(&c->memory, FH_RESUME_AUTHORITY_MAX * sizeof(uint64_t));
	return r->fold == nullptr || r->file == nullptr || r->partial == nullptr
	       || r->authority == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

static bool carries_authority(enum fh_entry_kind kind)
{
	return kind == FH_ENTRY_SESSION || kind == FH_ENTRY_CHAIN || kind == FH_ENTRY_LEASE;
}

void fh_core_resume_remember(struct fh_core *c, const struct fh_leaf *leaf)
{
	struct fh_core_resume *r = &c->resume;

	if (!carries_authority(leaf->kind))
		return;
	if (r->authorities < FH_RESUME_AUTHORITY_MAX)
		r->authority[r->authorities] = leaf->index;
	if (r->authorities <= FH_RESUME_AUTHORITY_MAX)
		r->authorities++;
}

/* --- writing -------------------------------------------------------------- */

static fh_err path_of(const struct fh_core *c, char path[FH_PATH_MAX])
{
	int n = snprintf(path, FH_PATH_MAX, "%s/resume", c->record_path);

	return n >= (int)FH_PATH_MAX ? FH_ERR_LIMIT : FH_ERR_OK;
}

bool fh_core_resume_due(const struct fh_core *c, bool last)
{
	const struct fh_core_resume *r = &c->resume;

	return r->authorities <= FH_RESUME_AUTHORITY_MAX
	       && (last || c->journal.tree.size - r->saved >= FH_RESUME_INTERVAL);
}

struct fh_span fh_core_resume_fold(struct fh_core *c)
{
	struct fh_builder b = fh_builder_of(c->resume.fold,
					    FH_RESUME_FOLD_MAX - 16); /* and its head */

	if (fh_fold_put(&c->fold, &c->scratch, &b) != FH_ERR_OK)
		return (struct fh_span){ 0 };
	return fh_builder_span(&b);
}

static fh_err save(struct fh_core *c, uint64_t index, struct fh_span fold)
{
	struct fh_builder partial = fh_builder_of(c->resume.partial, FH_TILES_PARTIAL_MAX);
	struct fh_builder b = fh_builder_of(c->resume.file, FH_RESUME_MAX);
	struct fh_journal_point p;
	struct fh_span sealed = { 0 };
	fh_err e = fh_core_seal_text(c, index, c->fold_period, fold, &sealed);

	if (e == FH_ERR_OK)
		e = fh_journal_point(&c->journal, &p);
	if (e == FH_ERR_OK && c->tiles.size != p.tree.size)
		e = FH_ERR_STATE;
	/* The file speaks of tiles that must outlive it.  */
	if (e == FH_ERR_OK)
		e = fh_tiles_sync(&c->tiles);
	if (e != FH_ERR_OK)
		return e;
	fh_tiles_put_partial(&c->tiles, &partial);
	const struct fh_resume r = { .chain_id = c->key_chain, .device_id = c->device_id,
				     .state = index, .size = p.tree.size, .place = p.place,
				     .partial = fh_builder_span(&partial), .fold = sealed,
				     .authority = c->resume.authority,
				     .authorities = c->resume.authorities };

	fh_resume_put(&b, &r);
	/* Not synced: what a power cut leaves of it is told by its checksum.  */
	return b.bad ? FH_ERR_LIMIT : fh_core_file_write(c, "resume", fh_builder_span(&b));
}

void fh_core_resume_save(struct fh_core *c, uint64_t index, struct fh_span fold)
{
	fh_err e = save(c, index, fold);

	c->resume.saved = c->journal.tree.size;
	if (e == FH_ERR_OK || e == FH_ERR_MISSING || c->resume.told)
		return;
	c->resume.told = true;
	fh_log(FH_LOG_PRIORITY_WARNING, "core",
	       "record/resume cannot be written: the next start reads the whole record");
}

/* --- proving -------------------------------------------------------------- */

/* What the state entry says, and whether that is what it must.  */
struct proof {
	struct fh_core_resumption *r;
	bool good;
};

static bool hash_in(const struct fh_fields *f, enum fh_field_id id, struct fh_hash *out)
{
	const struct fh_field *field = fh_fields_get(f, id);
	struct fh_cursor c = fh_cursor_of(field == nullptr ? (struct fh_span){ 0 }
							   : field->value);

	*out = fh_cbor_hash(&c);
	return fh_cursor_end(&c) == FH_ERR_OK;
}

static fh_err look_at_state(void *context, const struct fh_leaf *leaf, struct fh_span payload)
{
	struct proof *p = context;
	struct fh_hash authority;
	struct fh_fields f;

	if (leaf->index != p->r->file.state)
		return FH_ERR_OK;
	p->good = leaf->kind == FH_ENTRY_STATE && fh_payload_read(payload, &f) == FH_ERR_OK
		  && hash_in(&f, FH_FIELD_STATE, &p->r->said)
		  && hash_in(&f, FH_FIELD_AUTHORITY, &authority)
		  && fh_hash_equal(&authority, &p->r->authority);
	return FH_ERR_OK;
}

static fh_err prove_tail(struct fh_core *c, const struct fh_door_opened *o,
			 struct fh_core_resumption *r)
{
	size_t taken = c->memory.n;
	char path[FH_PATH_MAX];
	FH_OWN(fh_journal) j = { 0 };
	struct proof p = { .r = r };
	const struct fh_journal_visitor v = { .entry = look_at_state, .context = &p,
					      .noted_size = o->note.size,
					      .noted_root = o->note.root, .from = &r->point };
	struct fh_trace t = { 0 };

	if (snprintf(path, sizeof(path), "%s/journal", c->record_path) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	fh_err e = fh_journal_open(path, &o->chain_id, &o->device_id, o->signed_size,
				   &o->signed_root, &v, &c->memory, &j, &t);

	r->torn = j.torn;
	c->memory.n = taken;
	return e == FH_ERR_OK && !p.good ? FH_ERR_STATE : e;
}

/* A note of before the point is of the same tree.  */
static fh_err prove_note(struct fh_core *c, const struct fh_door_opened *o,
			 const struct fh_core_resumption *r)
{
	const struct fh_subtree_source tiles = { fh_tiles_subtree, &c->tiles };
	struct fh_hash root = fh_tree_root(&r->point.tree);
	uint64_t size = r->point.tree.size;
	struct fh_proof p;

	if (o->note.size == 0 || o->note.size > size)
		return FH_ERR_OK;
	if (o->note.size == size)
		return fh_hash_equal(&o->note.root, &root) ? FH_ERR_OK : FH_ERR_ROLLBACK;
	fh_err e = fh_consistency_build(&tiles, 0, o->note.size, size, &p);

	if (e == FH_ERR_OK)
		e = fh_consistency_check(&p, 0, o->note.size, size, &o->note.root, &root);
	return e;
}

/* --- what lies before the point ------------------------------------------- */

struct wanted {
	const struct fh_core *core;
	const struct fh_core_resumption *r;
	const struct fh_entry_visitor *visitor;
	uint64_t index;
};

/* S is the entry of that index in the tree.  */
static fh_err hand_on(void *context, const struct fh_stored *s)
{
	struct wanted *w = context;
	const struct fh_subtree_source tiles = { fh_tiles_subtree, (void *)&w->core->tiles };
	struct fh_hash root = fh_tree_root(&w->r->point.tree), h = fh_leaf_hash(s->leaf);
	uint64_t size = w->r->point.tree.size;
	struct fh_hash payload = fh_hash_of(s->payload);
	struct fh_leaf leaf;
	struct fh_proof p;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e == FH_ERR_OK
	    && (!carries_authority(leaf.kind) || !fh_hash_equal(&leaf.payload, &payload)))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		e = fh_inclusion_build(&tiles, w->index, 0, size, &p);
	if (e == FH_ERR_OK)
		e = fh_inclusion_check(&p, w->index, 0, size, &h, &root);
	return e == FH_ERR_OK ? w->visitor->entry(w->visitor->context, s) : e;
}

fh_err fh_core_resume_read(struct fh_core *c, const struct fh_core_resumption *r,
			   const struct fh_entry_visitor *v)
{
	char path[FH_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/journal", c->record_path) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) directory = fh_fd_of(fd);
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < r->file.authorities && e == FH_ERR_OK; i++) {
		uint64_t index = r->file.authority[i];
		struct wanted w = { c, r, v, index };
		const struct fh_entry_visitor one = { hand_on, &w };
		struct fh_place place;

		if (index >= r->point.tree.size)
			break; /* the journal's own reading comes to it */
		e = fh_tiles_find(&c->tiles, index / FH_TILE_WIDTH, &place);
		if (e == FH_ERR_OK)
			e = fh_entries_read(fd, place, index, index + 1, &one);
	}
	return e;
}

static fh_err nothing(void *context, const struct fh_stored *s)
{
	(void)context;
	(void)s;
	return FH_ERR_OK;
}

static fh_err prove(struct fh_core *c, const struct fh_door_opened *o,
		    struct fh_core_resumption *r)
{
	const struct fh_entry_visitor v = { nothing, nullptr };
	fh_err e = fh_tiles_resume(c->record_path, r->file.size, r->file.partial, &c->tiles);

	if (e != FH_ERR_OK)
		return e;
	r->point = (struct fh_journal_point){ fh_tiles_tree(&c->tiles), r->file.place };
	for (size_t i = 0; i < r->file.authorities; i++)
		fh_fold_authority_add(&r->authority, r->file.authority[i]);
	e = prove_note(c, o, r);
	if (e == FH_ERR_OK)
		e = prove_tail(c, o, r);
	if (e == FH_ERR_OK)
		e = fh_core_resume_read(c, r, &v);
	return e;
}

static void say_unfit(const char *why)
{
	fh_log(FH_LOG_PRIORITY_NOTICE, "core",
	       "record/resume does not fit the record, which is read from its beginning: %s", why);
}

void fh_core_resume_take_fold(struct fh_core *c)
{
	struct fh_core_folded *f = &c->folded;
	struct fh_span text = { 0 };

	fh_arena_reset(&c->scratch);
	fh_err e = fh_core_unseal_text(c, f->next, f->sealed, FH_RESUME_SEALED_MAX, &text);
	struct fh_hash h = fh_fold_text_hash(text);

	if (e == FH_ERR_OK && !fh_hash_equal(&h, &f->said))
		e = FH_ERR_SIGNATURE;
	/* A version before wrote it: the veil is then known from the entries alone.  */
	if (e == FH_ERR_OK && !fh_fold_text_is_veiled(text))
		e = FH_ERR_VERSION;
	if (e == FH_ERR_OK)
		e = fh_fold_read(text, &c->fold);
	f->sealed = (struct fh_span){ 0 };
	c->trace = (struct fh_trace){ 0 };
	if (e == FH_ERR_OK)
		return;
	say_unfit(e == FH_ERR_VERSION ? "an earlier version wrote it" : fh_err_text(e));
	*f = (struct fh_core_folded){ 0 };
	c->fold.authority = (struct fh_hash){ 0 };
}

/* --- without a file ----------------------------------------------------------- */

/* The state entry of that index, which is in the signed tree.  */
struct carrying {
	struct fh_core *core;
	uint64_t index;
	struct fh_hash said; /* the hash of the fold that it carries */
};

static fh_err take_carried(void *context, const struct fh_stored *s)
{
	struct carrying *w = context;
	struct fh_core *c = w->core;
	struct fh_hash payload = fh_hash_of(s->payload), h;
	struct fh_span text;
	struct fh_carried carried;
	struct fh_fields f;
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e == FH_ERR_OK && (leaf.kind != FH_ENTRY_STATE || leaf.index != w->index
			       || !fh_hash_equal(&leaf.payload, &payload)))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		e = fh_payload_read(s->payload, &f);
	if (e == FH_ERR_OK && (!hash_in(&f, FH_FIELD_STATE, &w->said)
			       || !hash_in(&f, FH_FIELD_AUTHORITY, &c->fold.authority)))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		e = fh_carried_read(&f, &carried);
	if (e == FH_ERR_OK)
		e = fh_core_unseal_text(c, w->index, carried.text, FH_CARRIED_MAX, &text);
	if (e != FH_ERR_OK)
		return e;
	h = fh_fold_text_hash(text);
	return fh_hash_equal(&h, &w->said) ? fh_fold_read(text, &c->fold) : FH_ERR_SIGNATURE;
}

fh_err fh_core_carried_take(struct fh_core *c)
{
	struct carrying w = { .core = c, .index = c->fold_period };
	const struct fh_entry_visitor v = { take_carried, &w };
	struct fh_place place;
	fh_err e = fh_tiles_find(&c->tiles, w.index / FH_TILE_WIDTH, &place);

	fh_arena_reset(&c->scratch);
	if (e == FH_ERR_OK)
		e = fh_entries_read(fh_fd_get(c->journal.directory), place, w.index, w.index + 1,
				    &v);
	if (e == FH_ERR_OK) {
		c->folded = (struct fh_core_folded){ .place = place, .from = w.index,
						     .next = w.index };
		return e;
	}
	if (c->trace.what[0] != '\0' && e != FH_ERR_MISSING)
		return e;
	fh_trace_where(&c->trace, "record/journal entry %llu", (unsigned long long)w.index);
	fh_trace_what(&c->trace, "the fold that it carries cannot be read: %s", fh_err_text(e));
	fh_trace_cure(&c->trace, "restore keys/ and record/ of one moment, or enrol this machine "
		      "anew");
	return e == FH_ERR_MISSING ? FH_ERR_ROLLBACK : e;
}

static fh_err read_file(struct fh_core *c, const struct fh_door_opened *o, struct fh_resume *out)
{
	struct fh_arena room = fh_arena_of(c->resume.file, FH_RESUME_MAX);
	struct fh_arena list = fh_arena_of(c->resume.authority,
					   FH_RESUME_AUTHORITY_MAX * sizeof(uint64_t));
	char path[FH_PATH_MAX];
	struct fh_span file;
	fh_err e = path_of(c, path);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, FH_RESUME_MAX - 64, &room, &file);
	if (e == FH_ERR_OK)
		e = fh_resume_read(file, &list, out);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_hash_equal(&out->chain_id, &o->chain_id)
	    || !fh_hash_equal(&out->device_id, &o->device_id) || out->state >= o->signed_size)
		return FH_ERR_CONFLICT;
	return FH_ERR_OK;
}

fh_err fh_core_resume_load(struct fh_core *c, const struct fh_door_opened *o,
			   struct fh_core_resumption *out)
{
	*out = (struct fh_core_resumption){ 0 };
	fh_err e = read_file(c, o, &out->file);

	if (e == FH_ERR_MISSING)
		return e;
	if (e == FH_ERR_OK)
		e = prove(c, o, out);
	if (e == FH_ERR_OK) {
		c->resume.saved = out->file.state;
		return e;
	}
	fh_tiles_drop(&c->tiles);
	say_unfit(fh_err_text(e));
	return e;
}
