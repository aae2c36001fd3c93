/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_OPENED_H
#define FH_ENTRY_OPENED_H

#include "entry/field.h"
#include "entry/leaf.h"

/* What was opened of a record, as a file beside it:
 *
 *	freehold openings 1 LF
 *	[index, [opening or hash, ...]]  ...      deterministic CBOR, indexes rising
 *
 * Each entry in it has a member for each of its fields: the opening, or, of a field that was
 * not opened, the hash of it, which tells nothing.  It is believed by nobody: together they
 * lead to the root in the leaf, or they are refused.  docs/spec/LEAF, "Openings".  */

#define FH_OPENED_MAGIC "freehold openings 1\n"

/* A file of openings that is read along with its record.  */
struct fh_opened {
	struct fh_span all;    /* behind the magic */
	struct fh_span rest;   /* not read yet */
	uint64_t next;         /* no entry before it is wanted any more */
};

/* One entry of it.  */
struct fh_opened_entry {
	uint64_t index;
	size_t n;                           /* fields that the entry has */
	struct fh_fields shown;             /* those that were opened */
	uint8_t place[FH_FIELDS_MAX];       /* of each of them among all */
	struct fh_hash hidden[FH_FIELDS_MAX]; /* by place: of those that were not */
};

/* Hashes of all its fields, by place, and the root that they lead to.  */
void fh_opened_hashes(const struct fh_opened_entry *entry, struct fh_hash out[FH_FIELDS_MAX]);
struct fh_hash fh_opened_root(const struct fh_opened_entry *entry);

/* FH_ERR_FORMAT for something else.  */
fh_err fh_opened_begin(struct fh_span file, struct fh_opened *out);

/* The entry INDEX; it looks into the file.  FH_ERR_MISSING: not in it; FH_ERR_FORMAT: the
 * file is damaged.  Fast where the indexes asked for rise.  */
fh_err fh_opened_get(struct fh_opened *o, uint64_t index, struct fh_opened_entry *out);

/* Writes the head; one entry, of whose fields F those in the bits SHOWN (1 << id) are opened.  */
constexpr uint64_t FH_OPENED_ALL = UINT64_MAX;
void fh_opened_put_head(struct fh_builder *b);
void fh_opened_put(struct fh_builder *b, uint64_t index, const struct fh_fields *f,
		   uint64_t shown);
/* Reads one entry of what is written so; writes it again.  */
fh_err fh_opened_take(struct fh_cursor *c, struct fh_opened_entry *out);
void fh_opened_put_again(struct fh_builder *b, const struct fh_opened_entry *entry);

/* The entry LEAF with the PAYLOAD as it is stored: what that says, or, if it is sealed, what O
 * (which may be NULL) holds of it and leads to the leaf's root; nothing (OUT->n is 0) if that
 * is not there.  FH_ERR_SIGNATURE for openings that are not this entry's.  */
fh_err fh_opened_entry(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_span payload,
		       struct fh_opened_entry *out);
/* What O holds of the entry LEAF, which is sealed and was read as such.  *SEALED: not all of its
 * fields are known.  */
fh_err fh_opened_fields_of(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_fields *out,
			   bool *sealed);
/* The same of an entry that may be open to everybody, with the PAYLOAD as it is stored.  */
fh_err fh_opened_fields(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_span payload,
			struct fh_fields *out, bool *sealed);

#endif
