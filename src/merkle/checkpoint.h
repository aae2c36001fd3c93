/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_CHECKPOINT_H
#define FH_MERKLE_CHECKPOINT_H

#include "codec/note.h"
#include "merkle/tree.h"

/* C2SP tlog-checkpoint: "origin LF size LF base64(root) LF", no extension
 * lines from us.  */
struct fh_checkpoint {
	struct fh_span origin;   /* e.g. "freehold/<hex of device id>" */
	uint64_t size;           /* leaves */
	struct fh_hash root;     /* RFC 6962 root */
};

/* Largest text: origin, 20 digits, 44 characters, three newlines.  */
constexpr size_t FH_CHECKPOINT_TEXT_MAX = FH_NOTE_NAME_MAX + 80;
/* Largest note with one ML-DSA-65 signature.  */
constexpr size_t FH_CHECKPOINT_NOTE_MAX = FH_CHECKPOINT_TEXT_MAX + FH_NOTE_NAME_MAX + 4500;

void fh_checkpoint_put_text(struct fh_builder *b, const struct fh_checkpoint *c);

/* Parses a note's text; strict (no leading zeros, canonical base64, no
 * extension lines).  */
fh_err fh_checkpoint_parse(struct fh_span text, struct fh_checkpoint *out);

/* What our ML-DSA-65 line signs: "freehold/checkpoint/v1\n" || text.  */
void fh_checkpoint_put_signed(struct fh_builder *b, struct fh_span text);

#endif
