/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_PROOF_H
#define FH_VERIFY_PROOF_H

#include "chain/chain.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "merkle/checkpoint.h"
#include "merkle/proof.h"
#include "verify/finding.h"

/* A proof in one file that an entry is in a record: a C2SP tlog-proof, whose
 * `extra` line carries what an outsider needs besides: the leaf, its payload, the
 * certificate of the session that signed the checkpoint, and the authority chain.
 * docs/spec/PROOF.  */

constexpr uint64_t FH_BUNDLE_VERSION = 1;
constexpr size_t FH_PROOF_FILE_MAX = 64 << 20; /* a chain of sixty large policies */
constexpr size_t FH_BUNDLE_STATEMENTS_MAX = 4096; /* statements in one file */

/* What the extra line carries, before base64.  */
struct fh_bundle {
	struct fh_span leaf;        /* as in the tree */
	struct fh_span payload;     /* as stored, or empty: not shown */
	struct fh_span certificate; /* of the session whose key signed the checkpoint */
	size_t statements;
	struct fh_span rest;        /* the statements: CBOR byte strings, one after the other */
};

struct fh_proof_file {
	struct fh_span extra;       /* base64 */
	uint64_t index;             /* of the leaf */
	struct fh_proof proof;      /* inclusion in the checkpoint's tree */
	struct fh_span note;        /* the checkpoint */
};

/* Writes / reads the file.  */
void fh_proof_file_put(struct fh_builder *b, const struct fh_proof_file *p);
fh_err fh_proof_file_read(struct fh_span text, struct fh_proof_file *out);

/* Begins a bundle; its statements follow as CBOR byte strings.  */
void fh_bundle_put_open(struct fh_builder *b, const struct fh_bundle *u);
fh_err fh_bundle_read(struct fh_span bytes, struct fh_bundle *out);

/* What is trusted, and memory as for a record (OWN has twice the file).  */
struct fh_proof_options {
	bool genesis_given;
	struct fh_hash genesis;
	struct fh_chain_checks checks;
	struct fh_arena *live, *spare, *scratch, *own;
};

struct fh_proof_check {
	struct fh_finding finding;
	struct fh_proof_file file;
	struct fh_bundle bundle;
	struct fh_leaf leaf;       /* the entry; of no worth unless authentic is yes */
	bool shown;                /* its fields are in the file */
	struct fh_fields fields;
	struct fh_checkpoint checkpoint;
	struct fh_chain chain;
	struct fh_hash device_id;
};

/* Judges the file TEXT.  FH_ERR_NOMEM, FH_ERR_CRYPTO: could not tell.  What is no
 * proof file is a no like any other.  */
fh_err fh_proof_verify(struct fh_span text, const struct fh_proof_options *o,
		       struct fh_proof_check *out);

#endif
