/* SPDX-License-Identifier: Apache-2.0 */
/* A proof's file and its entry: everything but who signed.  */
#include "codec/base64.h"
#include "verify/proof_private.h"

constexpr uint8_t receipt_first = 0xd2; /* CBOR tag 18, COSE_Sign1 */

bool fh_proof_is_receipt(struct fh_span file)
{
	return file.n > 0 && file.p[0] == receipt_first;
}

/* The bundle in EXTRA, decoded into the memory of O.  */
static fh_err read_bundle(struct fh_span extra, const struct fh_proof_options *o,
			  struct fh_bundle *out)
{
	size_t room = extra.n < FH_PROOF_FILE_MAX ? extra.n : FH_PROOF_FILE_MAX;
	struct fh_builder b = fh_builder_of(fh_arena_space(o->own, room + 1), room);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_err e = fh_base64_read(extra, &b);

	return e == FH_ERR_OK ? fh_bundle_read(fh_builder_span(&b), out) : e;
}

static fh_err read_receipt(struct fh_proof_check *c, struct fh_span file)
{
	struct fh_receipt r;
	fh_err e = fh_receipt_read(file, &r);

	if (e != FH_ERR_OK)
		return e;
	c->receipt = true;
	c->file.index = r.index;
	c->file.proof = r.proof;
	c->checkpoint.size = r.size;
	c->session = r.session;
	c->signature = r.signature;
	return FH_ERR_OK;
}

/* The bundle of the file that O gives for files without one.  */
static fh_err read_other(struct fh_proof_check *c, const struct fh_proof_options *o)
{
	struct fh_proof_file other;
	fh_err e = fh_proof_file_read(o->bundle, &other);

	if (e == FH_ERR_OK)
		e = read_bundle(other.extra, o, &c->bundle);
	return e;
}

static void say_no_entry(struct fh_proof_check *c)
{
	struct fh_trace *t = fh_finding_say(&c->finding, "no-bundle");

	fh_trace_where(t, "authentic");
	fh_trace_what(t, "not checked: the file does not hold the entry");
	fh_trace_cure(t, "give --bundle FILE, a bundle of the same entry");
}

/* The file and what is in it.  */
static fh_err read_file(struct fh_proof_check *c, struct fh_span file,
			const struct fh_proof_options *o)
{
	fh_err e = fh_proof_is_receipt(file) ? read_receipt(c, file)
					     : fh_proof_file_read(file, &c->file);

	if (e == FH_ERR_OK && c->file.extra.n > 0)
		e = read_bundle(c->file.extra, o, &c->bundle);
	if (e != FH_ERR_OK && e != FH_ERR_NOMEM)
		fh_trace_what(fh_proof_refuse(c, "format", "file"),
			      "not a proof that can be read: %s", fh_err_text(e));
	return e;
}

fh_err fh_proof_read(struct fh_proof_check *c, struct fh_span file,
		     const struct fh_proof_options *o, struct fh_note *note, bool *go_on)
{
	fh_err e = read_file(c, file, o);

	*go_on = false;
	if (e != FH_ERR_OK)
		return e == FH_ERR_NOMEM ? e : FH_ERR_OK;
	if (!c->receipt
	    && (fh_note_parse(c->file.note, note) != FH_ERR_OK
		|| fh_checkpoint_parse(note->text, &c->checkpoint) != FH_ERR_OK)) {
		fh_trace_what(fh_proof_refuse(c, "checkpoint", "checkpoint"),
			      "not a signed checkpoint");
		return FH_ERR_OK;
	}
	if (c->bundle.certificate.n == 0 && o->bundle.n > 0)
		e = read_other(c, o);
	if (e == FH_ERR_NOMEM)
		return e;
	if (e != FH_ERR_OK)
		fh_trace_what(fh_proof_refuse(c, "format", "--bundle"),
			      "not a bundle that can be read: %s", fh_err_text(e));
	else if (c->bundle.leaf.n == 0)
		say_no_entry(c);
	else
		*go_on = true;
	return FH_ERR_OK;
}

static bool check_place(struct fh_proof_check *c)
{
	struct fh_hash leaf = fh_leaf_hash(c->bundle.leaf), root;
	fh_err e = fh_inclusion_root(&c->file.proof, c->file.index, c->checkpoint.size, &leaf,
				     &root);

	if (c->receipt)
		c->checkpoint.root = root; /* whether it is, the signature tells */
	if (e != FH_ERR_OK || !fh_hash_equal(&root, &c->checkpoint.root)) {
		fh_trace_what(fh_proof_refuse(c, "inclusion", "proof"),
			      "the leaf is not in the checkpoint's tree at this index");
		return false;
	}
	if (fh_leaf_read(c->bundle.leaf, &c->leaf) != FH_ERR_OK
	    || c->leaf.index != c->file.index) {
		fh_trace_what(fh_proof_refuse(c, "leaf", "leaf"),
			      "the leaf cannot be read or says another index");
		return false;
	}
	return true;
}

/* What is wrong with the whole payload, or NULL.  */
static const char *check_payload(struct fh_proof_check *c)
{
	struct fh_hash h = fh_hash_of(c->bundle.payload);

	if (!fh_hash_equal(&h, &c->leaf.payload))
		return "the payload is not the one that the leaf commits to";
	if (fh_payload_read(c->bundle.payload, &c->fields) != FH_ERR_OK)
		return "the payload cannot be read";
	h = fh_fields_root(&c->fields);
	return fh_hash_equal(&h, &c->leaf.fields)
		       ? nullptr
		       : "the fields do not lead to the root that the leaf commits to";
}

/* What is wrong with the fields that are shown alone, or NULL.  */
static const char *check_openings(struct fh_proof_check *c)
{
	const struct fh_openings *s = &c->bundle.shown;

	for (size_t i = 0; i < s->n; i++) {
		const struct fh_opening *o = &s->opening[i];
		struct fh_hash h = fh_leaf_hash(o->bytes);
		struct fh_field *f = &c->fields.field[i];

		if (fh_inclusion_check(&o->proof, o->place, 0, s->fields, &h, &c->leaf.fields)
		    != FH_ERR_OK)
			return "a field is not among those that the leaf commits to";
		if (fh_field_read_opening(o->bytes, f) != FH_ERR_OK
		    || (i > 0 && f->id <= c->fields.field[i - 1].id))
			return "a field cannot be read";
	}
	c->fields.n = s->n;
	return nullptr;
}

bool fh_proof_check_entry(struct fh_proof_check *c)
{
	bool whole = c->bundle.payload.n > 0;

	if (!check_place(c))
		return false;
	if (!whole && c->bundle.shown.n == 0)
		return true;
	const char *what = whole ? check_payload(c) : check_openings(c);

	if (what != nullptr)
		fh_trace_what(fh_proof_refuse(c, whole ? "payload" : "fields",
					      whole ? "payload" : "fields"),
			      "%s", what);
	c->shown = what == nullptr;
	return c->shown;
}
