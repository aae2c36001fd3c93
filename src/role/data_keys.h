/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DATA_KEYS_H
#define FH_ROLE_DATA_KEYS_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/trace.h"
#include "chip/chip.h"
#include "entry/leaf.h"
#include "entry/seal.h"

/* What the record is sealed with: a random key for each subject, class and period, wrapped
 * under the key of the data epoch, in keys/data.0 in even epochs and keys/data.1 in odd ones.
 * The key of an epoch follows from a share, which the chip gives while that epoch lasts, and
 * from the root, which follows from the device's seed: neither alone opens anything.
 * docs/spec/KEYS, "The data keys".  Both files are open already; nobody else writes them.  */

constexpr size_t FH_DATA_KEYS_MAX = 16384; /* period keys at one time */
constexpr size_t FH_SUBJECT_MAX = FH_NAME_MAX;

/* Whose, of which class, of when.  */
struct fh_data_period {
	struct fh_span subject; /* at most FH_SUBJECT_MAX bytes; may be empty */
	struct fh_span class;   /* at most FH_CLASS_MAX bytes */
	uint64_t period;
};

struct fh_data_keys {
	struct fh_chip *chip;
	int file[2];                    /* borrowed: of even and of odd epochs */
	uint64_t epoch;
	struct fh_secret epoch_key, subject_key;
	uint8_t (*name)[FH_SEAL_NAME_SIZE]; /* of each record in the file, in order */
	size_t n;
	uint32_t *bucket;               /* by name: number of a record plus one, or 0 */
	bool torn;                      /* a write failed: nobody knows what the disk holds */
};

/* Takes memory of ARENA; everything else is zero before fh_data_keys_open().  */
fh_err fh_data_keys_begin(struct fh_arena *arena, struct fh_data_keys *out);

/* Opens the file of the chip's data epoch by ROOT; where neither file says anything, begins
 * one.  FH_ERR_ROLLBACK if the file is of another epoch than the chip's, FH_ERR_FORMAT if it is
 * damaged.  Cuts off a record that a crash left incomplete.  */
fh_err fh_data_keys_open(struct fh_data_keys *k, struct fh_chip *chip, int even, int odd,
			 const struct fh_secret *root, struct fh_trace *t);

/* Wipes the keys.  */
void fh_data_keys_drop(struct fh_data_keys *k);

/* The period key of P, made durably if there is none yet, and its name.  FH_ERR_LIMIT above
 * FH_DATA_KEYS_MAX, or for a subject or class that is too long.  */
fh_err fh_data_keys_make(struct fh_data_keys *k, const struct fh_data_period *p,
			 uint8_t name[FH_SEAL_NAME_SIZE], struct fh_secret *key,
			 struct fh_trace *t);

/* The period key called NAME.  FH_ERR_MISSING: there is none, or none any more.  */
fh_err fh_data_keys_find(struct fh_data_keys *k, struct fh_span name, struct fh_secret *key,
			 struct fh_trace *t);

#endif
