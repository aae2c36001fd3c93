/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_NOTE_H
#define FH_CODEC_NOTE_H

#include "base/builder.h"
#include "base/limits.h"
#include "base/span.h"
#include "freehold/error.h"

/* C2SP signed notes: a text ending in a newline, an empty line, and signature
 * lines "EM-DASH SP name SP base64(key id (4 bytes, big-endian) || signature)".
 * docs/spec/NOTE.  */

/* Signature types (C2SP signed-note).  0xff is "no assigned byte", followed by
 * a longer identifier: ours is FH_NOTE_MLDSA65_ID.  */
constexpr uint8_t FH_NOTE_ED25519 = 0x01;
constexpr uint8_t FH_NOTE_MLDSA44_COSIGNATURE = 0x06;
constexpr uint8_t FH_NOTE_EXTENDED = 0xff;
#define FH_NOTE_MLDSA65_ID "freehold/ml-dsa-65"

struct fh_note_signature {
	struct fh_span name;      /* key name */
	uint32_t key_id;          /* first four bytes of the key hash */
	struct fh_span encoded;   /* base64 of key id || signature, as on the line */
};

struct fh_note {
	struct fh_span text;      /* with its last newline: what is signed */
	struct fh_note_signature signature[FH_NOTE_SIGNATURES_MAX];
	size_t signatures;
};

/* Strict: UTF-8, no control characters but newline, split at the last empty
 * line, 1 to FH_NOTE_SIGNATURES_MAX signature lines, canonical base64, nothing
 * behind.  Spans look into the input.  */
fh_err fh_note_parse(struct fh_span note, struct fh_note *out);

/* A key name: 1 to FH_NOTE_NAME_MAX bytes (FH_ERR_LIMIT above) without spaces and "+".  */
fh_err fh_note_name_check(struct fh_span name);

/* Decodes S's signature without its key id into OUT: exactly N bytes, or
 * FH_ERR_FORMAT and OUT is untouched.  N is at most FH_NOTE_SIGNATURE_MAX
 * (FH_ERR_LIMIT).  */
fh_err fh_note_signature_bytes(const struct fh_note_signature *s, uint8_t *out, size_t n);

/* Key id of an ML-DSA-65 key under NAME: the first four bytes, big-endian, of
 * SHA-256(name || 0x0A || 0xff || FH_NOTE_MLDSA65_ID || public key).  */
uint32_t fh_note_mldsa65_key_id(struct fh_span name, struct fh_span public_key);

/* Appends one signature line.  A note is its text, "\n" and these lines.  */
void fh_note_put_signature(struct fh_builder *b, struct fh_span name, uint32_t key_id,
			   struct fh_span signature);

/* The verifier key "name+hex(key id)+base64(0xff || id || public key)" of an
 * ML-DSA-65 key, as C2SP writes them.  */
void fh_note_put_mldsa65_vkey(struct fh_builder *b, struct fh_span name,
			      struct fh_span public_key);

#endif
