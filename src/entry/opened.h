/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_OPENED_H
#define FH_ENTRY_OPENED_H

#include "entry/field.h"
#include "entry/leaf.h"

/* What was opened of a record, as a file beside it:
 *
 *	freehold openings 1 LF
 *	[index, [opening, ...]]  ...      deterministic CBOR, indexes rising
 *
 * It carries all fields of each entry in it.  It is believed by nobody: the openings lead to
 * the root in the leaf, or they are refused.  docs/spec/LEAF, "Openings".  */

#define FH_OPENED_MAGIC "freehold openings 1\n"

/* A file of openings that is read along with its record.  */
struct fh_opened {
	struct fh_span all;    /* behind the magic */
	struct fh_span rest;   /* not read yet */
	uint64_t next;         /* no entry before it is wanted any more */
};

/* FH_ERR_FORMAT for something else.  */
fh_err fh_opened_begin(struct fh_span file, struct fh_opened *out);

/* The fields of the entry INDEX; they look into the file.  FH_ERR_MISSING: not in it;
 * FH_ERR_FORMAT: the file is damaged.  Fast where the indexes asked for rise.  */
fh_err fh_opened_get(struct fh_opened *o, uint64_t index, struct fh_fields *out);

/* Writes the head; one entry.  */
void fh_opened_put_head(struct fh_builder *b);
void fh_opened_put(struct fh_builder *b, uint64_t index, const struct fh_fields *f);
/* Reads one entry of what is written so.  */
fh_err fh_opened_take(struct fh_cursor *c, uint64_t *index, struct fh_fields *out);

/* The fields of the entry LEAF with the PAYLOAD as it is stored: themselves, or, if that is
 * sealed, what O (which may be NULL) holds of them and leads to the leaf's root.  *SEALED: they
 * are not known.  FH_ERR_SIGNATURE for openings that are not this entry's.  */
fh_err fh_opened_fields(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_span payload,
			struct fh_fields *out, bool *sealed);

#endif
