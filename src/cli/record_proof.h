/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_PROOF_H
#define FH_CLI_RECORD_PROOF_H

#include "cli/record_read.h"
#include "merkle/checkpoint.h"
#include "verify/proof.h"

/* What it takes to prove one entry, gathered from a record, and the forms in which it
 * is written.  */

struct fh_prove {
	struct fh_opened *opened;    /* of what is sealed, or NULL */
	uint64_t index;               /* of the entry */
	struct fh_span wanted;        /* the checkpoint to prove it under; empty: the newest */
	struct fh_arena arena;        /* everything below */
	struct fh_hash *leaf;         /* leaf hashes of all entries */
	uint64_t leaves, leaf_cap;
	struct fh_span leaf_bytes, payload; /* of the entry */
	struct fh_span certificate;   /* of the newest session */
	struct fh_builder statements; /* CBOR byte strings */
	size_t statements_n;
	/* As they were at the checkpoint.  */
	struct fh_builder note;
	struct fh_checkpoint checkpoint;
	struct fh_span note_certificate;
	size_t note_statements, note_statements_size;
};

/* Reads the record S through into W, whose index and wanted are set.  */
fh_err fh_prove_gather(const struct fh_segments *s, struct fh_prove *w, struct fh_trace *t);
void fh_prove_drop(struct fh_prove *w);

/* The bundle: of the fields in the bits SHOWN (1 << id), or of all of them if that is 0.
 * FH_ERR_MISSING if the entry has not all of those, FH_ERR_PERMISSION if they are sealed.  */
fh_err fh_prove_bundle(struct fh_prove *w, uint64_t shown, struct fh_bundle *out);
/* The bundle that says no more than the leaf.  */
struct fh_bundle fh_prove_leaf(const struct fh_prove *w);

/* A tlog-proof with bundle U in it, and a receipt from ROOT, in W's memory.
 * FH_ERR_CONFLICT if this record does not lead to ROOT.  */
fh_err fh_prove_tlog(struct fh_prove *w, const struct fh_bundle *u, struct fh_span *out);
fh_err fh_prove_receipt(struct fh_prove *w, const struct fh_signed_root *root,
			struct fh_span *out);

#endif
