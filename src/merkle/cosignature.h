/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_COSIGNATURE_H
#define FH_MERKLE_COSIGNATURE_H

#include "crypto/cosigner.h"
#include "merkle/checkpoint.h"

/* The lines of a checkpoint that are for others than us (docs/spec/NOTE): Ed25519 of
 * C2SP signed-note, and the timestamped cosignatures of C2SP tlog-cosignature by Ed25519
 * and ML-DSA-44.  And verifier keys, "name+hex(key id)+base64(type || key)", by which the
 * signers of such lines are named.  */

/* A timestamped Ed25519 cosignature; the other types are in codec/note.h.  */
constexpr uint8_t FH_NOTE_ED25519_COSIGNATURE = 0x04;

/* A verifier key; spans look into the text it was read from.  */
struct fh_note_key {
	struct fh_span name;
	uint8_t type;
	uint32_t id;            /* first four bytes of the key hash */
	struct fh_span encoded; /* base64 of type || key */
	struct fh_hash hash;    /* SHA-256 of the key's bytes, whatever its name and type */
};

/* Reads a verifier key.  FH_ERR_FORMAT if it is none, or the id is not its own;
 * FH_ERR_UNSUPPORTED for a type that cannot be checked here: then *OUT is filled in all the
 * same.  */
fh_err fh_note_key_read(struct fh_span vkey, struct fh_note_key *out);

/* Of the three types here: whether such a line has a time before its signature.  */
bool fh_note_type_timed(uint8_t type);

/* Key id of KEY (its bytes) under NAME, and the verifier key.  */
uint32_t fh_note_key_id(struct fh_span name, uint8_t type, struct fh_span key);
void fh_note_put_vkey(struct fh_builder *b, struct fh_span name, uint8_t type, struct fh_span key);

/* Largest text that is signed below.  */
constexpr size_t FH_COSIGNED_MAX = FH_CHECKPOINT_TEXT_MAX + FH_NOTE_NAME_MAX + 128;
/* Largest signature line of these types.  */
constexpr size_t FH_COSIGNATURE_LINE_MAX = FH_NOTE_NAME_MAX + 3300;

/* What a line of TYPE under NAME is a signature over: the checkpoint of TEXT, at the Unix
 * time TIME in seconds where the type has one (0 for no statement about time).  A type
 * that is none of ours turns B bad.  */
void fh_cosignature_put_signed(struct fh_builder *b, uint8_t type, struct fh_span name,
			       uint64_t time, struct fh_span text);

/* Looks for a line of KEY in NOTE, whose text is a checkpoint.  FH_ERR_OK: it is there,
 * and right; its time is in *TIME (may be NULL; 0 where there is none).  FH_ERR_MISSING:
 * it is not there.  FH_ERR_SIGNATURE: it is there, and wrong.  FH_ERR_UNSUPPORTED: it
 * could not be checked.  */
fh_err fh_cosignature_check(const struct fh_note_key *key, const struct fh_note *note,
			    uint64_t *time);

#endif
