/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_KEEPER_PRIVATE_H
#define FH_ROLE_KEEPER_PRIVATE_H

#include "role/keeper.h"

#include "chain/authority.h"
#include "chip/device_file.h"
#include "crypto/sign.h"
#include "os/slots.h"
#include "role/door.h"
#include "role/door_cosign.h"
#include "role/frame.h"

/* What the files of the keeper share.  */

constexpr size_t FH_KEEPER_ORIGIN_SIZE = 9 + 2 * FH_HASH_SIZE; /* "freehold/" and hex */

/* What was cosigned last of another log.  */
struct fh_keeper_witnessed {
	struct fh_hash origin;          /* SHA-256 of it */
	uint64_t size;
	struct fh_hash root;
};

/* States that fit the machine at once, differing in the PCRs they say.  */
constexpr size_t FH_KEEPER_GATHERED = 4;

struct fh_keeper {
	struct fh_chip chip;
	fh_err unopened;                /* why it is not open, if it is not */
	struct fh_trace unopened_trace;
	enum fh_stage stage;
	struct fh_slots signed_slots;   /* keys/signed */
	struct fh_slots device_slots;   /* keys/device */
	struct fh_slots session_slots;  /* keys/session */
	/* From OPEN on.  */
	uint8_t device_bytes[FH_DEVICE_FILE_MAX];
	struct fh_device_file device;   /* looks into device_bytes */
	uint64_t epoch;                 /* of the chip, now */
	struct fh_door_note note;       /* of the record, as the chip has it */
	struct fh_authority_line line;  /* who may approve states, as far as core told */
	struct fh_pcr_state pcrs;       /* none selected: a chip without PCRs */
	uint64_t looks;                 /* whether the chip is there, by which no reset was told */
	bool approved;                  /* approval is for the state we are in */
	struct fh_chip_approval approval;
	/* Of states that we are in, from some of the operators it takes.  */
	struct fh_chip_approval gathered[FH_KEEPER_GATHERED];
	size_t gathered_next;
	/* From BEGIN on.  */
	uint64_t boot, start;
	struct fh_signer session;
	struct fh_hash session_id;
	struct fh_secret note_key;      /* lets the note be written */
	struct fh_secret cosigner;      /* what the keys for witnesses follow from; or empty */
	struct fh_slots witnessed_slots; /* keys/witnessed; opened when it is needed */
	struct fh_keeper_witnessed witnessed[FH_COSIGN_LOGS_MAX + 1];
	size_t witnessed_n;
	struct fh_secret data_root;     /* of what the record is sealed with */
	struct fh_data_keys data;
	uint64_t signed_size;
	struct fh_hash signed_root;
	char origin[FH_KEEPER_ORIGIN_SIZE + 1];
	uint32_t note_id;               /* key id of the session on signature lines */
	struct fh_arena authority[2];   /* what line points into, and what it will */
	struct fh_arena scratch;
	uint8_t *room;                  /* for a document in base64 */
	struct fh_trace trace;
};

/* Takes the chip's own words for what failed.  */
fh_err fh_keeper_chip_error(struct fh_keeper *k, fh_err e);
/* FILE cannot be read: FH_ERR_IO.  */
fh_err fh_keeper_unread(struct fh_keeper *k, const char *file);
/* FILE could not be written because of E, which is returned.  */
fh_err fh_keeper_unwritten(struct fh_keeper *k, const char *file, fh_err e);
/* Durable before the signature leaves: whatever core becomes, a second tree of
 * this size is never signed.  */
fh_err fh_keeper_store_signed(struct fh_keeper *k, uint64_t size, const struct fh_hash *root);

/* --- keeper_device.c: the device key ---------------------------------- */

/* Reads keys/device and what the chip remembers.  */
fh_err fh_keeper_open_device(struct fh_keeper *k);
/* The device's seed into *SEED, by the approval at hand.  *RELEASED tells, also of a failure,
 * whether the chip has given something out.  */
fh_err fh_keeper_release(struct fh_keeper *k, struct fh_secret *seed, bool *released);
/* Seals SEED again for this epoch and the next, and on to the one behind EPOCH, where
 * the chain takes this device, as far as keys/device has room; under who may approve
 * now; unless keys/device holds just that already.  */
fh_err fh_keeper_reseal(struct fh_keeper *k, const struct fh_secret *seed, uint64_t epoch);

fh_err fh_keeper_authority(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_epoch(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_note(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);

/* Shows that the note that was read is this device's: writes it once more, with the
 * key that only the device key gives.  FH_ERR_ROLLBACK for one that somebody else put
 * in its place.  Before anything is certified or signed.  */
fh_err fh_keeper_own_note(struct fh_keeper *k);

/* --- keeper_witness.c: lines for others, and as others' witness -------- */

/* The secret that those keys follow from, which follows from the device's.  */
fh_err fh_keeper_derive_cosigner(const struct fh_secret *device, struct fh_secret *out);

fh_err fh_keeper_lines(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_cosigners(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_cosign(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);

/* --- keeper_approval.c ------------------------------------------------ */

fh_err fh_keeper_approval(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);

/* --- keeper_session.c: the boot window -------------------------------- */

fh_err fh_keeper_begin(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_quote(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_activate(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);

/* --- keeper_data.c: what the record is sealed with ---------------------- */

/* From the device's seed; the root outlives it, as the note's key does.  */
fh_err fh_keeper_derive_data(struct fh_keeper *k, const struct fh_secret *seed);
fh_err fh_keeper_open_data(struct fh_keeper *k);
/* For whom slots are, as far as the line has come.  */
void fh_keeper_take_recipient(struct fh_keeper *k);
fh_err fh_keeper_seal(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_unseal(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_recovery(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);

/* --- keeper_shred.c: keys that end -------------------------------------- */

fh_err fh_keeper_wish(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_due(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_shred(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_rewrap(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
fh_err fh_keeper_shredded(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);

#endif
