/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_SHRED_H
#define FH_ENTRY_SHRED_H

#include "base/builder.h"
#include "base/span.h"
#include "entry/leaf.h"
#include "entry/seal.h"

/* What a shred entry says: which period keys ended, and what could still open what was sealed
 * with them.  docs/spec/LEAF, "Shred".
 *
 *	{"keys": [[name, class, period, statement], ...], "epoch": uint, "slots": [tstr, ...]}
 */

constexpr size_t FH_SHRED_KEYS_MAX = 1024; /* of one entry; of more there are several */
constexpr size_t FH_SHRED_SLOTS_MAX = 16;
/* A key in the list as CBOR, the list, and the whole.  */
constexpr size_t FH_SHRED_KEY_MAX = 1 + 1 + FH_SEAL_NAME_SIZE + 2 + FH_CLASS_MAX + 9 + 9;
constexpr size_t FH_SHRED_LIST_MAX = 4 + FH_SHRED_KEYS_MAX * FH_SHRED_KEY_MAX;
constexpr size_t FH_SHRED_SLOT_MAX = 9 + 2 * FH_HASH_SIZE; /* "recovery:" and hex */
constexpr size_t FH_SHRED_SLOT_LIST_MAX = 1 + FH_SHRED_SLOTS_MAX * (2 + FH_SHRED_SLOT_MAX);
constexpr size_t FH_SHRED_MAX = FH_SHRED_LIST_MAX + FH_SHRED_SLOT_LIST_MAX + 64;

struct fh_shred_key {
	struct fh_span name;  /* FH_SEAL_NAME_SIZE bytes */
	struct fh_span class;
	uint64_t period;
	uint64_t statement;   /* sequence of the one that asked for it; 0: it was due */
};

struct fh_shred {
	struct fh_span keys;  /* the list: read by fh_shred_next() */
	size_t keys_n;
	uint64_t epoch;       /* data epoch that it ended */
	struct fh_span slots; /* the list: read by fh_shred_slot_next() */
	size_t slots_n;
};

/* A list of N keys is begun and gets them, names rising.  */
void fh_shred_begin(struct fh_builder *b, size_t n);
void fh_shred_put_key(struct fh_builder *b, const struct fh_shred_key *k);
/* A list of N slots is begun and gets them, rising: each a key that opens a copy from before, by
 * its SHA-256; one of zeros nobody can name.  */
void fh_shred_slots_begin(struct fh_builder *b, size_t n);
void fh_shred_put_slot(struct fh_builder *b, const struct fh_hash *key);
/* What the entry says of the list KEYS and the list SLOTS, of which an empty span is none.  */
void fh_shred_put(struct fh_builder *b, struct fh_span keys, uint64_t epoch,
		  struct fh_span slots);

/* Reads a list, strictly; how many there are goes to *N.  */
fh_err fh_shred_list_read(struct fh_span keys, size_t *n);
/* Reads the whole, strictly; the spans look into DETAIL.  */
fh_err fh_shred_read(struct fh_span detail, struct fh_shred *out);
/* Reads a list of slots, strictly; how many there are goes to *N.  */
fh_err fh_shred_slots_read(struct fh_span slots, size_t *n);
/* Walk a list that a reader above has accepted; *AT starts at 0.  A slot as the entry has it,
 * FH_SHRED_SLOT_MAX bytes at most.  */
bool fh_shred_next(struct fh_span keys, size_t *at, struct fh_shred_key *out);
bool fh_shred_slot_next(struct fh_span slots, size_t *at, struct fh_span *out);

#endif
