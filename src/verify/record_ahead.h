/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_RECORD_AHEAD_H
#define FH_VERIFY_RECORD_AHEAD_H

#include "codec/note.h"
#include "crypto/hash.h"
#include "crypto/signature.h"

/* The part of a record's verification that does not hang on what came before: hashes of
 * entries, and signatures under keys that are known by then.  Whoever has several
 * processors does it there, ahead or behind, and the verifier takes it from him; it
 * starts no threads itself.  */

/* What one entry comes to by itself.  */
struct fh_entry_ahead {
	struct fh_hash leaf; /* its leaf hash */
	bool right;          /* leaf and payload can be read, and the hashes in the leaf hold */
};

/* A checkpoint whose signature is to be checked; looks into what the verifier holds.  */
struct fh_note_ahead {
	struct fh_span note;   /* the whole, in the segment */
	struct fh_span origin; /* name on the lines; stays as long as the verifier */
	uint32_t key_id;       /* on the lines */
	const struct fh_public_key *key; /* to be copied */
};

struct fh_record_aid {
	/* What the entries of the batch BODY come to, in order; NULL: nobody has looked.  */
	const struct fh_entry_ahead *(*batch)(void *context, struct fh_span body);
	/* Takes N over: it is checked before the segment is given back, and one that is
	 * wrong is the caller's to act on (by verifying again without an aid, which then
	 * finds the place).  False: no, check it here and now.  */
	bool (*sign)(void *context, const struct fh_note_ahead *n);
	void *context;
};

/* Looks at the entries of the batch BODY, at most CAP, and returns how many there are.
 * Those before TRUSTED are known to commit to fields that are those of their payload.
 * Pure, so it may run in any thread.  */
size_t fh_batch_look_ahead(struct fh_span body, uint64_t trusted, struct fh_entry_ahead *out,
			   size_t cap);

/* FH_ERR_OK if every line of the key in N under N's note is right, by V, which is of that
 * key; FH_ERR_SIGNATURE or FH_ERR_MISSING if not.  */
fh_err fh_note_check_ahead(const struct fh_note_ahead *n, const struct fh_verifier *v);

#endif
