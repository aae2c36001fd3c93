/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_PROOF_H
#define FH_VERIFY_PROOF_H

#include "chain/chain.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/receipt.h"
#include "merkle/checkpoint.h"
#include "merkle/proof.h"
#include "verify/finding.h"
#include "verify/stamp.h"

/* A proof in one file that an entry is in a record: a C2SP tlog-proof, whose
 * `extra` line carries what an outsider needs besides (the bundle), or a COSE
 * receipt, which is judged with another file's bundle.  docs/spec/PROOF.  */

constexpr uint64_t FH_BUNDLE_VERSION = 2; /* version 1, without openings and stamps, is read */
constexpr size_t FH_PROOF_FILE_MAX = 64 << 20; /* a chain of sixty large policies */
constexpr size_t FH_BUNDLE_STATEMENTS_MAX = 4096; /* statements in one file */
constexpr size_t FH_BUNDLE_STAMPS_MAX = 8;     /* OpenTimestamps proofs in one file */

/* One committed field, shown alone.  */
struct fh_opening {
	uint64_t place;        /* among the entry's fields, from 0 */
	struct fh_span bytes;  /* the opening, as it is hashed */
	struct fh_proof proof; /* that it is there, under the leaf's commitment root */
};

/* The fields of an entry that are shown.  */
struct fh_openings {
	struct fh_opening opening[FH_FIELDS_MAX]; /* in rising order of place */
	size_t n;
	uint64_t fields;       /* that the entry has */
};

/* What the extra line carries, before base64.  */
struct fh_bundle {
	struct fh_span leaf;        /* as in the tree */
	struct fh_span payload;     /* as stored; or empty: not all is shown */
	struct fh_openings shown;   /* then these fields are */
	struct fh_span certificate; /* of the session whose key signed; empty: not in the file */
	size_t statements;
	struct fh_span statement;   /* all of them: CBOR byte strings, one after the other */
	struct fh_span stamp[FH_BUNDLE_STAMPS_MAX]; /* .ots files of the checkpoint */
	size_t stamps;
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

/* Writes / reads a bundle; U->statement holds U->statements byte strings.  */
void fh_bundle_put(struct fh_builder *b, const struct fh_bundle *u);
fh_err fh_bundle_read(struct fh_span bytes, struct fh_bundle *out);

/* Whether FILE is a COSE receipt rather than a text.  */
bool fh_proof_is_receipt(struct fh_span file);

/* What is trusted, and memory as for a record (OWN has twice both files).  */
struct fh_proof_options {
	bool genesis_given;
	struct fh_hash genesis;
	struct fh_span bundle;             /* a file whose bundle is used where FILE has none */
	const struct fh_headers *headers;  /* of Bitcoin, for its stamps; may be NULL */
	enum fh_header_trust trust;        /* the least that must speak for a header */
	struct fh_chain_checks checks;
	struct fh_arena *live, *spare, *scratch, *own;
	struct fh_arena *stamps;           /* FH_STAMP_MEMORY; NULL: stamps are not checked */
};

struct fh_proof_check {
	struct fh_finding finding;
	bool receipt;              /* the file is a COSE receipt */
	struct fh_proof_file file; /* of a receipt index and proof alone */
	struct fh_hash session;    /* of a receipt: who signed it */
	struct fh_span signature;
	struct fh_bundle bundle;
	struct fh_leaf leaf;       /* the entry; of no worth unless authentic is yes */
	bool shown;                /* all or some of its fields are in the file */
	struct fh_fields fields;
	struct fh_checkpoint checkpoint; /* of a receipt size and root alone */
	struct fh_chain chain;
	struct fh_hash device_id;
	bool quoted, approved;     /* the session's quote holds; its state was approved then */
	struct fh_stamp_check stamp; /* the one that dates the checkpoint, if stamp.existed */
};

/* Judges FILE.  FH_ERR_NOMEM, FH_ERR_CRYPTO: could not tell.  What is no proof file
 * is a no like any other.  */
fh_err fh_proof_verify(struct fh_span file, const struct fh_proof_options *o,
		       struct fh_proof_check *out);

#endif
