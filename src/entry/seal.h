/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_SEAL_H
#define FH_ENTRY_SEAL_H

#include "base/secret.h"
#include "crypto/aead.h"
#include "entry/field.h"
#include "entry/leaf.h"

/* A sealed payload: the openings of an entry's fields in one part or two, each under the
 * key of a class of its own, so that what budgets need outlives the rest.
 *
 *	[1, [[period key's name, commitment, ciphertext], ...]]
 *
 * Keys: period key -> batch key = HKDF(period key, batch) -> entry key and commitment =
 * HKDF(batch key, index, root of the fields).  A batch is FH_SEAL_BATCH indices of the record.
 * An index may be used again: what a crash left unsigned is cut off.  The root may not, it is
 * over fresh salts; so each entry key seals one message, and the nonce is zero.  The commitment
 * makes the key the only one that opens it.  docs/spec/LEAF, "Sealed payloads".  */

constexpr size_t FH_SEAL_NAME_SIZE = 16;     /* of a period key */
constexpr size_t FH_SEAL_KEY_SIZE = 32;      /* period and batch keys */
constexpr uint64_t FH_SEAL_BATCH = 4096;     /* entries under one batch key */
constexpr size_t FH_SEAL_PARTS_MAX = 2;
constexpr size_t FH_SEAL_BUCKET_MIN = 128;   /* a length tells no more than its bucket */

/* What a part adds to the padded openings in it: heads, name, commitment, tag.  */
constexpr size_t FH_SEAL_OVERHEAD = 96;

struct fh_sealed_part {
	struct fh_span name;       /* FH_SEAL_NAME_SIZE bytes */
	struct fh_span commitment; /* FH_HASH_SIZE bytes; of a stub none, */
	struct fh_span sealed;     /* ciphertext and tag; nor these */
};

struct fh_sealed {
	struct fh_sealed_part part[FH_SEAL_PARTS_MAX];
	size_t parts;
	bool pruned;               /* it is a stub: only names are left */
};

/* How long a period of CLASS is, in milliseconds; 0: there is one period for ever.  What is
 * kept for N seconds has periods of N / 16, so that a key can end with its oldest entry.  */
uint64_t fh_seal_period_ms(struct fh_span class);

/* The period of CLASS that LO_MS is in.  */
uint64_t fh_seal_period(struct fh_span class, uint64_t lo_ms);

/* For how long at most an entry of CLASS is kept, in milliseconds; 0: for ever.  */
uint64_t fh_seal_retained_ms(struct fh_span class);

/* The lo from which on nothing of PERIOD of CLASS is to be kept: its first entry is as old then
 * as it may become.  UINT64_MAX: it is kept for ever.  */
uint64_t fh_seal_ends_ms(struct fh_span class, uint64_t period);

/* The batch that the entry INDEX belongs to.  */
static inline uint64_t fh_seal_batch(uint64_t index)
{
	return index / FH_SEAL_BATCH;
}

/* The batch key of BATCH from its PERIOD_KEY.  */
fh_err fh_seal_batch_key(const struct fh_secret *period_key, uint64_t batch,
			 struct fh_secret *out);

/* What N bytes are padded to: 2^k or 3 * 2^k, at least FH_SEAL_BUCKET_MIN.  */
size_t fh_seal_bucket(size_t n);

/* Largest payload of fields whose openings take N bytes in PARTS parts.  */
size_t fh_sealed_size(size_t n, size_t parts);

/* What parts are sealed with.  */
struct fh_sealer {
	struct fh_span name;               /* of the period key */
	const struct fh_secret *batch_key; /* made of it */
	struct fh_aead *aead;              /* for one part after another; NULL: one of its own */
};

/* Writes the head of a payload of PARTS parts, then each: the fields of F at whose place
 * CHOSEN is true, for the entry LEAF, whose index and root of fields are known.  ROOM is
 * memory for the openings, padded.  FH_ERR_LIMIT if something does not fit, FH_ERR_STATE for
 * fields that could not be read back.  The part of the class `fold` comes second.  */
void fh_sealed_put_head(struct fh_builder *b, size_t parts);
fh_err fh_sealed_put_part(struct fh_builder *b, const struct fh_fields *f,
			  const bool chosen[FH_FIELDS_MAX], const struct fh_sealer *with,
			  const struct fh_leaf *leaf, struct fh_span room);

/* Whether PAYLOAD begins as a sealed one does, or as what pruning left of one.  */
bool fh_payload_is_sealed(struct fh_span payload);
bool fh_payload_is_stub(struct fh_span payload);

/* Reads a sealed payload or the stub of one, strictly; the spans look into it.  */
fh_err fh_sealed_read(struct fh_span payload, struct fh_sealed *out);

/* What is stored in the place of a sealed payload when all its keys have ended and it was pruned
 * (entry/pruned.h): [2, [period key's name, ...]].  Of S nothing else is looked at.  */
constexpr size_t FH_STUB_MAX = 3 + FH_SEAL_PARTS_MAX * (1 + FH_SEAL_NAME_SIZE);
void fh_stub_put(struct fh_builder *b, const struct fh_sealed *s);

/* PAYLOAD may be what is stored of LEAF: it has the hash that the leaf says; or it is a stub, of
 * an entry that was sealed, whose hash nothing can show any more.  What stubs have to owe is in
 * entry/pruned.h.  */
bool fh_payload_fits(const struct fh_leaf *leaf, struct fh_span payload);

/* Opens one part of the entry LEAF into ROOM (P->sealed.n bytes at least) and adds what is
 * in it to *OUT, whose fields stay in order; they look into ROOM.  FH_ERR_MISSING if BATCH_KEY is
 * another key, such as one that was made when the one of that name had ended, or P is of a stub,
 * of which nothing can be opened; FH_ERR_SIGNATURE if
 * the part was altered; FH_ERR_FORMAT if what was sealed is no openings, or one of them is in
 * *OUT already.  */
fh_err fh_sealed_open_part(const struct fh_sealed_part *p, const struct fh_secret *batch_key,
			   const struct fh_leaf *leaf, uint8_t *room,
			   struct fh_fields *out);

/* F is all that LEAF commits to, so that no other part has to be opened: the first part of an entry
 * holds all its fields, but of versions that had no periods of the fold.  */
bool fh_sealed_is_whole(const struct fh_fields *f, const struct fh_leaf *leaf);

/* A text that is of no entry, and written again and again: under a key of its own each time,
 * which SALT (random, FH_SALT_SIZE bytes) makes of BATCH_KEY.
 *
 *	[period key's name, salt, commitment, ciphertext]
 *
 * Before sealing it is a CBOR byte string, and zeros up to the bucket's end.  */
constexpr size_t FH_SEAL_TEXT_OVERHEAD = FH_SEAL_OVERHEAD + FH_SALT_SIZE + 16;

struct fh_sealed_text {
	struct fh_sealed_part part;
	struct fh_span salt;
};

/* Appends TEXT, sealed; ROOM is memory for it, padded.  FH_ERR_LIMIT if something does not
 * fit.  */
fh_err fh_sealed_text_put(struct fh_builder *b, struct fh_span text, struct fh_span name,
			  const struct fh_secret *batch_key, struct fh_span salt,
			  struct fh_span room);
/* Reads one that has at most MAX bytes of ciphertext, strictly; the spans look into it.  */
fh_err fh_sealed_text_read(struct fh_span bytes, size_t max, struct fh_sealed_text *out);
/* Opens it into ROOM (S->part.sealed.n bytes at least), which *OUT looks into.  Errors as
 * fh_sealed_open_part().  */
fh_err fh_sealed_text_open(const struct fh_sealed_text *s, const struct fh_secret *batch_key,
			   uint8_t *room, struct fh_span *out);

#endif
