/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_WITNESS_H
#define FH_MERKLE_WITNESS_H

#include "merkle/checkpoint.h"
#include "merkle/proof.h"

/* What C2SP tlog-witness puts into bodies of HTTP.  docs/spec/WITNESS.  */

constexpr size_t FH_WITNESS_PROOF_MAX = 63; /* hashes of a request */
/* A request: the old size, its proof, and a note.  */
constexpr size_t FH_WITNESS_REQUEST_MAX = FH_NOTE_MAX + 64 * 45 + 64;
/* An answer that is read: signature lines, or a size.  */
constexpr size_t FH_WITNESS_ANSWER_MAX = 32 << 10;
#define FH_WITNESS_SIZE_TYPE "text/x.tlog.size"

struct fh_add_checkpoint {
	uint64_t old;           /* size that the witness is thought to have seen last */
	struct fh_proof proof;  /* from there */
	struct fh_span note;    /* the checkpoint with its signatures */
};

/* Writes a body; strictly reads one, of which the note is read by fh_note_parse.  */
void fh_add_checkpoint_put(struct fh_builder *b, const struct fh_add_checkpoint *a);
fh_err fh_add_checkpoint_read(struct fh_span body, struct fh_add_checkpoint *out);

/* "<size> LF", the answer to a wrong old size.  */
void fh_witness_size_put(struct fh_builder *b, uint64_t size);
fh_err fh_witness_size_read(struct fh_span body, uint64_t *out);

/* Reads the signature lines that answer a request for the checkpoint of TEXT, as a note
 * in B.  FH_ERR_FORMAT, FH_ERR_LIMIT.  */
fh_err fh_witness_lines_read(struct fh_span text, struct fh_span lines, struct fh_builder *b,
			     struct fh_note *out);

#endif
