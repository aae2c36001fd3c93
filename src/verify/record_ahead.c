/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/record_ahead.h"

#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/seal.h"
#include "entry/segment.h"
#include "merkle/tree.h"
#include "verify/signed.h"

/* As record_entry.c demands it of every entry.  */
static bool is_right(const struct fh_stored *s, bool trusted)
{
	struct fh_fields fields;
	struct fh_sealed sealed;
	struct fh_leaf leaf;

	if (fh_leaf_read(s->leaf, &leaf) != FH_ERR_OK)
		return false;
	if (!fh_payload_fits(&leaf, s->payload))
		return false;
	if (fh_payload_is_sealed(s->payload))
		return fh_sealed_read(s->payload, &sealed) == FH_ERR_OK;
	if (fh_payload_read(s->payload, &fields) != FH_ERR_OK)
		return false;
	if (trusted)
		return true;
	struct fh_hash h = fh_fields_root(&fields);

	return fh_hash_equal(&h, &leaf.fields);
}

size_t fh_batch_look_ahead(struct fh_span body, uint64_t trusted, struct fh_entry_ahead *out,
			   size_t cap)
{
	struct fh_batch batch;
	struct fh_stored s;
	size_t n = 0;

	if (fh_batch_read(body, &batch) != FH_ERR_OK)
		return 0;
	while (n < cap && fh_batch_next(&batch, &s) == FH_ERR_OK) {
		out[n].leaf = fh_leaf_hash(s.leaf);
		out[n].right = is_right(&s, batch.first + n < trusted);
		n++;
	}
	return n;
}

fh_err fh_note_check_ahead(const struct fh_note_ahead *n, const struct fh_verifier *v)
{
	struct fh_note_key key = { n->origin, n->key_id, v };
	struct fh_note note;
	size_t others;

	if (fh_note_parse(n->note, &note) != FH_ERR_OK)
		return FH_ERR_SIGNATURE;
	return fh_note_signed_by(&note, &key, &others);
}
