/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DATA_KEYS_PRIVATE_H
#define FH_ROLE_DATA_KEYS_PRIVATE_H

#include "role/data_keys.h"

#include "crypto/aead.h"

/* The form of keys/data.0 and .1 (docs/spec/KEYS, "The data keys"): a head, then records.  */

constexpr size_t FH_DATA_HEAD_SIZE = 4096;
constexpr size_t FH_DATA_SHARE_SIZE = 32;

/* A record: name, class (padded with zeros), period (8), statement (8), salt, commitment, and
 * the period key with its subject's tag, wrapped.  */
constexpr size_t FH_DATA_BOUND_SIZE = FH_SEAL_NAME_SIZE + FH_CLASS_MAX + 8 + 8;
constexpr size_t FH_DATA_PLAIN_SIZE = FH_SEAL_KEY_SIZE + FH_DATA_TAG_SIZE;
constexpr size_t FH_DATA_RECORD_SIZE = FH_DATA_BOUND_SIZE + FH_SALT_SIZE + FH_HASH_SIZE
				       + FH_DATA_PLAIN_SIZE + FH_AEAD_TAG_SIZE;
static_assert(FH_DATA_RECORD_SIZE == 192);

/* A record, opened.  CLASS looks into the bytes it was read from.  */
struct fh_data_record {
	uint8_t name[FH_SEAL_NAME_SIZE];
	struct fh_span class;
	uint64_t period;
	uint64_t statement;
	uint8_t tag[FH_DATA_TAG_SIZE];
	struct fh_secret key;
};

/* Where record I begins.  */
static inline uint64_t fh_data_place(size_t i)
{
	return FH_DATA_HEAD_SIZE + (uint64_t)i * FH_DATA_RECORD_SIZE;
}

/* "keys/data.0" or "keys/data.1", for people.  */
const char *fh_data_file_name(uint64_t epoch);

/* The key of an epoch from ROOT and the epoch's SHARE.  */
fh_err fh_data_epoch_key(const struct fh_secret *root, struct fh_span share,
			 struct fh_secret *out);

/* What the head of a file says.  */
struct fh_data_head {
	uint64_t epoch;
	struct fh_span blob; /* the share, as the chip sealed it */
	struct fh_span slot; /* entry/recovery.h; may be empty */
};

/* Has CHIP seal SHARE for EPOCH and writes the head of FILE with it and with SLOT, durably: with
 * one write, so that no key of an epoch is there without its slot.  */
fh_err fh_data_head_write(struct fh_chip *chip, int file, uint64_t epoch, struct fh_span share,
			  struct fh_span slot);
/* Reads it; the spans look into BYTES.  FH_ERR_MISSING if the file ends before its head is whole,
 * which nothing was sealed with.  */
fh_err fh_data_head_read(int file, uint8_t bytes[FH_DATA_HEAD_SIZE], struct fh_data_head *out);
/* The same whatever its sum is: for the slot alone, which has a tag of its own.  */
fh_err fh_data_head_read_unsummed(int file, uint8_t bytes[FH_DATA_HEAD_SIZE],
				  struct fh_data_head *out);

/* Makes the slot of EPOCH, whose key is EPOCH_KEY, into B, and what is to be remembered of it into
 * *OUT: nothing, if none is wanted and none was.  */
fh_err fh_data_slot_make(struct fh_data_keys *k, uint64_t epoch,
			 const struct fh_secret *epoch_key, struct fh_data_slot *out,
			 struct fh_builder *b);
/* Remembers the SLOT that stands in the head of this epoch's file.  What was exchanged or altered
 * there is taken for a slot of a key that nobody knows.  */
void fh_data_slot_take(struct fh_data_keys *k, struct fh_span slot);
/* Adds what the head of the file of the next epoch tells of slots, which was given up.  */
void fh_data_slot_absorb(struct fh_data_keys *k, struct fh_span slot);
/* This epoch's slot is another than is wanted.  */
bool fh_data_slot_due(const struct fh_data_keys *k);

/* The records of the file of this epoch; CUT: a last one that is torn is cut off, and damage is an
 * error; else it is passed over, and nothing is written.  */
fh_err fh_data_records_read(struct fh_data_keys *k, bool cut, struct fh_trace *t);

/* R under EPOCH_KEY, with a salt of its own.  */
fh_err fh_data_record_write(const struct fh_secret *epoch_key, const struct fh_data_record *r,
			    uint8_t out[FH_DATA_RECORD_SIZE]);
/* FH_ERR_SIGNATURE if it is of another epoch, or was altered.  R's key is to be wiped.  */
fh_err fh_data_record_open(const struct fh_secret *epoch_key, struct fh_span record,
			   struct fh_data_record *r);

/* The file of K's epoch.  */
static inline int fh_data_file(const struct fh_data_keys *k)
{
	return k->file[k->epoch % 2];
}

/* What is wrong with it, and what its owner can do: FH_ERR_FORMAT; E.  */
fh_err fh_data_damaged(const struct fh_data_keys *k, const char *what, struct fh_trace *t);
fh_err fh_data_unwritten(struct fh_data_keys *k, fh_err e, struct fh_trace *t);

/* Whose keys have this tag.  */
fh_err fh_data_tag(const struct fh_data_keys *k, struct fh_span subject,
		   uint8_t tag[FH_DATA_TAG_SIZE]);

/* Record I, read and opened; BYTES holds it.  */
fh_err fh_data_open_at(struct fh_data_keys *k, size_t i, uint8_t bytes[FH_DATA_RECORD_SIZE],
		       struct fh_data_record *r, struct fh_trace *t);

/* Remembers the key in R at the next place; where the one called NAME is (number plus one; 0:
 * nowhere).  */
void fh_data_enter(struct fh_data_keys *k, const struct fh_data_record *r);
void fh_data_index(struct fh_data_keys *k); /* what stands at the next place already */
void fh_data_index_none(struct fh_data_keys *k);
/* The record with TAG that was made last, or last before BEHIND; NULL if there is none.  */
struct fh_data_key *fh_data_tagged(const struct fh_data_keys *k, const uint8_t *tag,
				   const struct fh_data_key *behind);
uint32_t fh_data_find(const struct fh_data_keys *k, const uint8_t *name);

#endif
