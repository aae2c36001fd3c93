/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_SIGNED_H
#define FH_VERIFY_SIGNED_H

#include "codec/note.h"
#include "crypto/signature.h"

/* A key that signs checkpoint notes.  */
struct fh_note_key {
	struct fh_span name;                /* on its lines */
	uint32_t key_id;                    /* on its lines */
	const struct fh_verifier *verifier;
};

/* FH_ERR_OK if NOTE, which is a checkpoint, has a line of KEY and every such
 * line is right; FH_ERR_SIGNATURE if not, FH_ERR_MISSING if it has none.
 * *OTHERS counts the lines of other keys, which were not looked at.  */
fh_err fh_note_signed_by(const struct fh_note *note, const struct fh_note_key *key,
			 size_t *others);

#endif
