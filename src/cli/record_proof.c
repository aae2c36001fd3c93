/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_proof.h"

#include "codec/base64.h"
#include "codec/cbor.h"
#include "entry/seal.h"
#include "os/memory.h"

constexpr size_t statements_max = 24 << 20; /* what fits a proof file in base64 */
constexpr size_t file_max = FH_PROOF_FILE_MAX;
constexpr uint64_t entry_min = 160;         /* bytes of the smallest entry */

void fh_prove_drop(struct fh_prove *w)
{
	fh_arena_drop(&w->arena);
}

/* --- gathering ---------------------------------------------------------------- */

static fh_err add_statement(struct fh_prove *w, struct fh_span payload)
{
	struct fh_span bytes;
	fh_err e = fh_record_bytes(payload, FH_FIELD_STATEMENT, &bytes);

	if (e != FH_ERR_OK)
		return e;
	fh_cbor_put_bytes(&w->statements, bytes);
	return w->statements.bad || ++w->statements_n > FH_BUNDLE_STATEMENTS_MAX ? FH_ERR_LIMIT
										  : FH_ERR_OK;
}

static fh_err on_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct fh_prove *w = context;
	struct fh_span bytes;
	fh_err e = FH_ERR_OK;

	if (w->leaves == w->leaf_cap || l->index != w->leaves)
		return FH_ERR_FORMAT;
	w->leaf[w->leaves++] = fh_leaf_hash(s->leaf);
	if (l->index == w->index) {
		e = fh_arena_copy(&w->arena, s->leaf, &w->leaf_bytes);
		if (e == FH_ERR_OK)
			e = fh_arena_copy(&w->arena, s->payload, &w->payload);
	}
	if (e == FH_ERR_OK && l->kind == FH_ENTRY_SESSION) {
		e = fh_record_bytes(s->payload, FH_FIELD_CERTIFICATE, &bytes);
		if (e == FH_ERR_OK)
			e = fh_arena_copy(&w->arena, bytes, &w->certificate);
	}
	return e == FH_ERR_OK && l->kind == FH_ENTRY_CHAIN ? add_statement(w, s->payload) : e;
}

static fh_err on_checkpoint(void *context, struct fh_span bytes)
{
	struct fh_prove *w = context;
	struct fh_note note;

	/* Others' lines may follow those in the record.  */
	if (w->wanted.n > 0 && !fh_span_starts(w->wanted, bytes))
		return FH_ERR_OK;
	/* Only one is kept, in the room of the one before.  */
	w->note.n = 0;
	fh_builder_bytes(&w->note, w->wanted.n > 0 ? w->wanted : bytes);
	if (w->note.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_note_parse(fh_builder_span(&w->note), &note);

	if (e == FH_ERR_OK)
		e = fh_checkpoint_parse(note.text, &w->checkpoint);
	if (e != FH_ERR_OK || w->checkpoint.size > w->leaves)
		return FH_ERR_FORMAT;
	w->note_certificate = w->certificate;
	w->note_statements = w->statements_n;
	w->note_statements_size = w->statements.n;
	return FH_ERR_OK;
}

fh_err fh_prove_gather(const struct fh_segments *s, struct fh_prove *w, struct fh_trace *t)
{
	const struct fh_record_visitor v = { on_entry, on_checkpoint, w };
	uint64_t entries = s->bytes / entry_min + FH_BATCH_ENTRIES_MAX;
	fh_err e = fh_arena_map(entries * FH_HASH_SIZE + statements_max + 4 * file_max,
				&w->arena);

	if (e != FH_ERR_OK)
		return e;
	w->leaf_cap = entries;
	w->leaf = fh_arena_space(&w->arena, entries * FH_HASH_SIZE);
	w->statements = fh_builder_of(fh_arena_space(&w->arena, statements_max), statements_max);
	w->note = fh_builder_of(fh_arena_space(&w->arena, FH_NOTE_MAX), FH_NOTE_MAX);
	if (w->leaf == nullptr || w->statements.p == nullptr || w->note.p == nullptr)
		return FH_ERR_NOMEM;
	return fh_record_read(s, &v, t);
}

/* --- the tree ------------------------------------------------------------------- */

/* Hashes to build proofs from: those of a record, or of an entry's fields.  */
struct hashes {
	const struct fh_hash *hash;
	uint64_t n;
};

static fh_err read_subtree(void *context, int level, uint64_t index, struct fh_hash *out)
{
	const struct hashes *h = context;
	uint64_t start = index << level, end = start + (UINT64_C(1) << level);
	struct fh_tree part = { 0 };

	if (end > h->n)
		return FH_ERR_STATE;
	for (uint64_t i = start; i < end; i++)
		fh_tree_add(&part, &h->hash[i]);
	*out = fh_tree_root(&part);
	return FH_ERR_OK;
}

static fh_err inclusion(struct hashes h, uint64_t index, uint64_t size, struct fh_proof *out)
{
	struct fh_subtree_source from = { read_subtree, &h };

	return fh_inclusion_build(&from, index, 0, size, out);
}

/* --- bundles --------------------------------------------------------------------- */

struct fh_bundle fh_prove_leaf(const struct fh_prove *w)
{
	return (struct fh_bundle){ .leaf = w->leaf_bytes };
}

/* The opening of F, and that it is field number I of those in H.  */
static fh_err open_field(struct fh_prove *w, const struct fh_field *f, struct hashes h, uint64_t i,
			 struct fh_opening *out)
{
	size_t room = f->value.n + 64;
	struct fh_builder b = fh_builder_of(fh_arena_space(&w->arena, room), room);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_field_put_opening(&b, f);
	out->place = i;
	out->bytes = fh_builder_span(&b);
	return b.bad ? FH_ERR_LIMIT : inclusion(h, i, h.n, &out->proof);
}

static fh_err read_opened(const struct fh_prove *w, struct fh_opened_entry *out)
{
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(w->leaf_bytes, &leaf);

	return e == FH_ERR_OK ? fh_opened_entry(w->opened, &leaf, w->payload, out) : e;
}

/* The bits of F.  */
static uint64_t all_fields(const struct fh_fields *f)
{
	uint64_t all = 0;

	for (size_t i = 0; i < f->n; i++)
		all |= UINT64_C(1) << f->field[i].id;
	return all;
}

/* Those of the fields X that are in the bits SHOWN.  */
static fh_err open_fields(struct fh_prove *w, const struct fh_opened_entry *x, uint64_t shown,
			  struct fh_openings *out)
{
	struct fh_hash hash[FH_FIELDS_MAX];
	fh_err e = FH_ERR_OK;

	fh_opened_hashes(x, hash);
	out->fields = x->n;
	for (size_t i = 0; i < x->shown.n && e == FH_ERR_OK; i++) {
		const struct fh_field *f = &x->shown.field[i];
		uint64_t bit = UINT64_C(1) << f->id;

		if ((shown & bit) == 0)
			continue;
		shown &= ~bit;
		e = open_field(w, f, (struct hashes){ hash, x->n }, x->place[i],
			       &out->opening[out->n++]);
	}
	if (e != FH_ERR_OK || shown == 0)
		return e;
	/* It may be among those that were not opened.  */
	return x->shown.n < x->n ? FH_ERR_PERMISSION : FH_ERR_MISSING;
}

fh_err fh_prove_bundle(struct fh_prove *w, uint64_t shown, struct fh_bundle *out)
{
	bool sealed = fh_payload_is_sealed(w->payload);
	struct fh_opened_entry x;

	*out = (struct fh_bundle){
		.leaf = w->leaf_bytes, .certificate = w->note_certificate,
		.statements = w->note_statements,
		.statement = fh_span_first(fh_builder_span(&w->statements),
					   w->note_statements_size),
	};
	if (shown == 0 && !sealed) {
		out->payload = w->payload;
		return FH_ERR_OK;
	}
	fh_err e = read_opened(w, &x);

	if (e != FH_ERR_OK)
		return e;
	if (x.n == 0) /* of what is sealed it proves that it is there, as the leaf does */
		return shown == 0 ? FH_ERR_OK : FH_ERR_PERMISSION;
	return open_fields(w, &x, shown == 0 ? all_fields(&x.shown) : shown, &out->shown);
}

/* --- forms ------------------------------------------------------------------------ */

static struct fh_builder room(struct fh_prove *w, size_t n)
{
	uint8_t *p = fh_arena_space(&w->arena, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

fh_err fh_prove_tlog(struct fh_prove *w, const struct fh_bundle *u, struct fh_span *out)
{
	struct fh_proof_file p = { .index = w->index, .note = fh_builder_span(&w->note) };
	struct fh_builder bundle = room(w, file_max / 4 * 3), extra, file = room(w, file_max);
	fh_err e = inclusion((struct hashes){ w->leaf, w->leaves }, w->index, w->checkpoint.size,
			     &p.proof);

	if (e != FH_ERR_OK)
		return e;
	fh_bundle_put(&bundle, u);
	extra = room(w, bundle.n / 3 * 4 + 8);
	fh_base64_put(&extra, fh_builder_span(&bundle));
	p.extra = fh_builder_span(&extra);
	fh_proof_file_put(&file, &p);
	if (bundle.bad || extra.bad)
		return FH_ERR_LIMIT;
	return fh_builder_end(&file, out);
}

fh_err fh_prove_receipt(struct fh_prove *w, const struct fh_signed_root *root, struct fh_span *out)
{
	struct fh_receipt r = { .session = root->session, .size = root->size, .index = w->index,
				.signature = root->signature };
	struct fh_builder b = room(w, FH_RECEIPT_MAX);
	struct fh_hash led;
	fh_err e = root->size > w->leaves
			   ? FH_ERR_CONFLICT
			   : inclusion((struct hashes){ w->leaf, w->leaves }, w->index, root->size,
				       &r.proof);

	if (e == FH_ERR_OK)
		e = fh_inclusion_root(&r.proof, r.index, r.size, &w->leaf[w->index], &led);
	if (e == FH_ERR_OK && !fh_hash_equal(&led, &root->root))
		e = FH_ERR_CONFLICT;
	if (e != FH_ERR_OK)
		return e;
	fh_receipt_put(&b, &r);
	return fh_builder_end(&b, out);
}
