/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DATA_KEYS_H
#define FH_ROLE_DATA_KEYS_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/trace.h"
#include "chip/chip.h"
#include "entry/leaf.h"
#include "entry/recovery.h"
#include "entry/seal.h"
#include "entry/shred.h"

/* What the record is sealed with: a random key for each subject, class and period, wrapped
 * under the key of the data epoch, in keys/data.0 in even epochs and keys/data.1 in odd ones.
 * The key of an epoch follows from a share, which the chip gives while that epoch lasts, and
 * from the root, which follows from the device's seed: neither alone opens anything.
 * docs/spec/KEYS, "The data keys".  Both files are open already; nobody else writes them.  */

constexpr size_t FH_DATA_KEYS_MAX = 16384; /* period keys at one time */
/* Of these so many are left to what has been permitted already: core permits nothing with fewer
 * to come, and says so.  */
constexpr size_t FH_DATA_KEYS_RESERVE = 1024;
constexpr size_t FH_SUBJECT_MAX = FH_NAME_MAX;
constexpr size_t FH_DATA_TAG_SIZE = 16;    /* of whom a key is: a keyed hash */

/* Whose, of which class, of when.  */
struct fh_data_period {
	struct fh_span subject; /* at most FH_SUBJECT_MAX bytes; may be empty */
	struct fh_span class;   /* at most FH_CLASS_MAX bytes */
	uint64_t period;
};

/* What is remembered of a record in the file.  */
struct fh_data_key {
	uint8_t name[FH_SEAL_NAME_SIZE];
	uint8_t tag[FH_DATA_TAG_SIZE];
	uint64_t ends_ms;   /* lo from which on it is not to be kept; UINT64_MAX: for ever */
	uint64_t statement; /* sequence of the chain's head when it was made */
	uint64_t asked;     /* of the statement that asks for its end, or 0 */
	bool held;          /* and the operator forbids it */
	uint64_t fold;      /* of the class `fold`: its period; 0: of another, or never to end */
	bool carried;       /* and a later state entry carries what it is needed for */
	bool doomed;        /* ends with the shred that is under way */
	uint32_t before;    /* the one before it in its place of `tagged`: number plus one, or 0 */
};

/* Who could open an epoch besides the chip (data_keys_slot.c).  */
struct fh_data_slot {
	bool held;                  /* there is a slot, */
	struct fh_hash key;         /* for this key; zeros: for nobody knows which */
	struct fh_recovery_earlier earlier[FH_RECOVERY_EARLIER_MAX]; /* keys rising */
	size_t earliers;
};

/* For whom slots are to be made, as the chain has it.  */
struct fh_data_recipient {
	bool known;                 /* the chain was seen, */
	bool wanted;                /* and wants slots */
	bool useless;               /* but nothing can be encapsulated to its key */
	struct fh_hash chain_id, device_id;
	struct fh_kem_public to;
	struct fh_hash key;         /* SHA-256 of it */
};

/* A shred that is under way (data_keys_shred.c).  */
struct fh_data_shred {
	bool begun;
	struct fh_secret next_key;  /* of the epoch that follows, */
	struct fh_data_slot next_slot; /* and its slot */
	size_t seen;                /* records looked at, of which */
	size_t kept;                /* so many are in the new file */
	size_t doomed;
};

struct fh_data_keys {
	struct fh_chip *chip;
	int file[2];                /* borrowed: of even and of odd epochs */
	uint64_t epoch;
	struct fh_secret epoch_key, subject_key;
	struct fh_data_key *key;    /* of each record in the file, in order */
	size_t n;
	uint32_t *bucket;           /* by name: number of a record plus one, or 0 */
	uint32_t *tagged;           /* by tag: the same, of the last one that has its place there */
	struct fh_data_recipient recipient;
	struct fh_data_slot slot;   /* of this epoch */
	struct fh_data_slot given_up; /* what is told of shreds that were given up: only earlier */
	struct fh_data_shred shred;
	bool torn;                  /* a write failed: nobody knows what the disk holds */
	size_t cut;                 /* bytes of a record that were found at the end and are none */
	size_t damaged;             /* records that were passed over, without the chip */
};

/* Takes memory of ARENA; everything else is zero before fh_data_keys_open().  */
fh_err fh_data_keys_begin(struct fh_arena *arena, struct fh_data_keys *out);

/* Slots are made for RECIPIENT, a KEM's public key, or for nobody if it is empty: of every epoch
 * that begins from now on.  Without this no slot is made or missed.  */
void fh_data_keys_recipient(struct fh_data_keys *k, const struct fh_hash *chain_id,
			    const struct fh_hash *device_id, struct fh_span recipient);

/* Opens the file of the chip's data epoch by ROOT; where neither file says anything, begins
 * one.  FH_ERR_ROLLBACK if the files are of another epoch than the chip's, FH_ERR_FORMAT if
 * they are damaged.  Cuts off a record that a crash left incomplete.  */
fh_err fh_data_keys_open(struct fh_data_keys *k, struct fh_chip *chip, int even, int odd,
			 const struct fh_secret *root, struct fh_trace *t);

/* Empties the file of the epoch before, which a shred has left if it was cut off behind the
 * chip's step.  */
fh_err fh_data_keys_settle(struct fh_data_keys *k, struct fh_trace *t);

/* Wipes the keys.  */
void fh_data_keys_drop(struct fh_data_keys *k);

/* The period key of P, made durably if there is none yet, and its name.  STATEMENT is the
 * sequence of the chain's head.  FH_ERR_LIMIT above FH_DATA_KEYS_MAX, or for a subject or class
 * that is too long.  */
fh_err fh_data_keys_make(struct fh_data_keys *k, const struct fh_data_period *p,
			 uint64_t statement, uint8_t name[FH_SEAL_NAME_SIZE],
			 struct fh_secret *key, struct fh_trace *t);

/* The period key called NAME.  FH_ERR_MISSING: there is none, or none any more.  */
fh_err fh_data_keys_find(struct fh_data_keys *k, struct fh_span name, struct fh_secret *key,
			 struct fh_trace *t);

/* What the files EVEN and ODD (descriptors) tell anybody: how many keys there are, and the lo at
 * which the first of them comes to its age (UINT64_MAX: none does), held or not.  Nothing is
 * verified.  FH_ERR_MISSING: there are none yet.  */
struct fh_data_look {
	uint64_t epoch, keys, next_ms;
	bool slot;               /* there is a recovery slot, */
	struct fh_hash slot_key; /* for the key with this SHA-256 */
};
fh_err fh_data_keys_look(int even, int odd, struct fh_data_look *out);

/* --- recovery slots: docs/spec/KEYS, "Recovery slots" --------------------- */

/* Sees to it that this epoch has the slot that is wanted, and no other: if not, takes all keys
 * along into the next epoch, which has it, and *RENEWED.  Not while a shred was acknowledged that
 * is not finished.  An error before the chip's step is put off: K is as it was.  */
fh_err fh_data_keys_renew(struct fh_data_keys *k, const struct fh_secret *root, bool *renewed,
			  struct fh_trace *t);

/* What opens a copy from before of the keys that the shred under way ends: a list as
 * entry/shred.h has it, FH_SHRED_SLOT_LIST_MAX bytes at most.  */
void fh_data_keys_put_slots(const struct fh_data_keys *k, struct fh_builder *b);
/* The list SLOTS of an entry names all of them that the file of this epoch tells of.  */
bool fh_data_keys_slots_named(const struct fh_data_keys *k, struct fh_span slots);

/* Opens FILE (EVEN: of even epochs) without the chip, by the SEED of the key that its slot is for:
 * K is good for fh_data_keys_find() alone, and nothing is written.  It is to be of CHAIN_ID and
 * DEVICE_ID (NULL: that is not known).  FH_ERR_MISSING: the file says nothing, or has no slot,
 * which T says; FH_ERR_PERMISSION: its slot is for another key; FH_ERR_SIGNATURE: that was
 * altered; FH_ERR_CONFLICT: it is of another chain, device or epoch.  Records that are damaged or
 * cannot be read are counted, and stop nothing.  */
fh_err fh_data_keys_recover(struct fh_data_keys *k, int file, bool even,
			    const struct fh_hash *chain_id, const struct fh_hash *device_id,
			    const struct fh_secret *seed, struct fh_trace *t);

/* --- ending keys: docs/spec/KEYS, "Shredding" ----------------------------- */

/* What the operator wants of keys, said anew before each look: nothing; that those of SUBJECT
 * stay, or all; that those of SUBJECT end that were made before STATEMENT.  FH_ERR_LIMIT for a
 * subject that is too long.  */
void fh_data_keys_forget_wishes(struct fh_data_keys *k);
void fh_data_keys_hold_all(struct fh_data_keys *k);
fh_err fh_data_keys_hold(struct fh_data_keys *k, struct fh_span subject);
/* Those of the class `fold` whose period is before PERIOD end, but for 0.  */
void fh_data_keys_carried(struct fh_data_keys *k, uint64_t period);
fh_err fh_data_keys_ask(struct fh_data_keys *k, struct fh_span subject, uint64_t statement);

/* What is due at LO_MS.  */
struct fh_data_due {
	uint64_t due;     /* keys that are to end now */
	uint64_t held;    /* that would be, but are held */
	uint64_t next_ms; /* lo at which the next is due; UINT64_MAX: none */
	uint64_t room;    /* keys that can still be made */
};
struct fh_data_due fh_data_keys_due(const struct fh_data_keys *k, uint64_t lo_ms);

/* Begins a shred of what is due, up to FH_SHRED_KEYS_MAX keys: the head of the file of the next
 * epoch is written.  What they are goes to LIST (FH_SHRED_LIST_MAX bytes at most).  An earlier
 * one that was not ended is undone, which takes an epoch of its own if keys were wrapped.
 * FH_ERR_MISSING: nothing is due.  After any error nothing is under way.  */
fh_err fh_data_keys_shred_begin(struct fh_data_keys *k, const struct fh_secret *root,
				uint64_t lo_ms, struct fh_builder *list, struct fh_trace *t);
/* The same of just the keys that LIST names, which an acknowledged entry does: goes on with the
 * shred that is under way if it is of these.  FH_ERR_FORMAT if one of them is not there,
 * FH_ERR_CONFLICT if LIST says of one what is not so: another class or period, or that a
 * statement asked for it that is not younger than the key.  */
fh_err fh_data_keys_shred_these(struct fh_data_keys *k, const struct fh_secret *root,
				struct fh_span list, struct fh_trace *t);

/* Wraps up to MOST more of those that stay under the next epoch's key; *LEFT is how many wait.
 * With none left what was written is durable.  Keys may be made meanwhile: they stay.  Errors as
 * above.  */
fh_err fh_data_keys_rewrap(struct fh_data_keys *k, size_t most, uint64_t *left,
			   struct fh_trace *t);

/* Ends it: wraps what is left, has the chip count its data epoch up, and empties the file of the
 * epoch that is over.  After an error K is of no use any more.  */
fh_err fh_data_keys_shred_end(struct fh_data_keys *k, struct fh_trace *t);

#endif
