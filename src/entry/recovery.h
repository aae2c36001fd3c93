/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_RECOVERY_H
#define FH_ENTRY_RECOVERY_H

#include "base/builder.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/kem.h"

/* A recovery slot: the key of one data epoch, encapsulated to a key that the operator keeps away
 * from the machine, so that the chip is never the only thing that opens the record.  It stands
 * in the head of the file of its epoch.  docs/spec/KEYS, "Recovery slots".
 *
 *	["freehold recovery slot 1", chain id, device id, epoch, key, box,
 *	 [[key, until], ...], tag]
 *
 * The tag is made with the epoch key: whoever has that tells a slot that was exchanged from his
 * own, and the box says no other epoch key than the one it was made for.  */

constexpr size_t FH_RECOVERY_EPOCH_KEY_SIZE = 32;
constexpr size_t FH_RECOVERY_BOX_SIZE = FH_KEM_ENCAPSULATION_SIZE + FH_RECOVERY_EPOCH_KEY_SIZE
					+ 16; /* the tag of what is sealed */
constexpr size_t FH_RECOVERY_EARLIER_MAX = 14;
constexpr size_t FH_RECOVERY_MAX = 1 + 26 + 3 * 34 + 9 + 34 + 3 + FH_RECOVERY_BOX_SIZE
				   + 1 + FH_RECOVERY_EARLIER_MAX * (1 + 34 + 9);

/* A key that had a slot of an earlier epoch in which keys were that are still here.  */
struct fh_recovery_earlier {
	struct fh_hash key;  /* SHA-256 of it; zeros: nobody can say which */
	uint64_t until;      /* newest statement that a key was made at that it could open */
};

struct fh_recovery_slot {
	struct fh_hash chain_id, device_id;
	uint64_t epoch;
	bool held;           /* there is a box; else only what is told of earlier ones */
	struct fh_hash key;  /* SHA-256 of the recipient's public key */
	struct fh_span box;  /* by fh_kem_seal() */
	struct fh_recovery_earlier earlier[FH_RECOVERY_EARLIER_MAX]; /* keys rising */
	size_t earliers;
};

/* SHA-256 of a KEM's public key: what a slot, and everybody, calls it.  */
struct fh_hash fh_recovery_key_id(struct fh_span public_key);

/* What the box is bound to.  */
constexpr size_t FH_RECOVERY_CONTEXT = 26 + 2 * FH_HASH_SIZE + 8;
void fh_recovery_put_context(struct fh_builder *b, const struct fh_recovery_slot *s);

/* Writes S with its tag by EPOCH_KEY.  */
fh_err fh_recovery_put(struct fh_builder *b, const struct fh_recovery_slot *s,
		       const struct fh_secret *epoch_key);
/* Reads one, strictly; the box looks into BYTES.  FH_ERR_VERSION for one of another version.  */
fh_err fh_recovery_read(struct fh_span bytes, struct fh_recovery_slot *out);
/* BYTES, which can be read, were written with EPOCH_KEY.  FH_ERR_SIGNATURE if not.  */
fh_err fh_recovery_check(struct fh_span bytes, const struct fh_secret *epoch_key);

#endif
