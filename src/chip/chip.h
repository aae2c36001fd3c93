/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_CHIP_H
#define FH_CHIP_CHIP_H

#include "base/builder.h"
#include "base/secret.h"
#include "base/trace.h"
#include "chain/approval.h"
#include "entry/grade.h"

/* Where keys live: one interface, several chips.  Only the keeper and `init`
 * hold one.  Everything that can fail reports why in a trace that the chip
 * keeps for its owner.  */

/* Counters: monotone over the life of the chip, 8 bytes each.  */
enum fh_chip_counter {
	FH_CHIP_STARTS, /* counts starts of the daemon */
	FH_CHIP_EPOCH,  /* boot epoch: what was sealed for another is dead */
	FH_CHIP_DATA,   /* data epoch: the same of what the record is sealed with */
};
constexpr size_t FH_CHIP_COUNTERS = 3;

/* Largest secret and largest blob.  96 = seed || chain id || device id.  */
constexpr size_t FH_CHIP_SECRET_MAX = 128;
constexpr size_t FH_CHIP_BLOB_MAX = 2048;
constexpr size_t FH_CHIP_IDENTITY_MAX = 34;

/* The note that a chip keeps of the record: [start counter, size, root, chain
 * sequence], as docs/spec/CHIP lists it.  */
constexpr size_t FH_CHIP_NOTE_SIZE = 56;
constexpr size_t FH_CHIP_NOTE_KEY_SIZE = 32;

/* A quote: what the chip says about its PCRs, signed by its AK.  */
constexpr size_t FH_CHIP_ATTEST_MAX = 256;    /* TPMS_ATTEST of a quote over one bank */
constexpr size_t FH_CHIP_SIGNATURE_MAX = 128; /* TPMT_SIGNATURE of P-256 */
struct fh_chip_quote {
	uint8_t attest[FH_CHIP_ATTEST_MAX];
	size_t attest_n;
	uint8_t signature[FH_CHIP_SIGNATURE_MAX];
	size_t signature_n;
	struct fh_pcr_state pcrs; /* the values that were quoted */
};

/* The operators' approval of the state that the machine is in.  */
struct fh_chip_approval {
	struct fh_pcr_state state;
	size_t companion;                   /* which of the release's signed */
	struct fh_p256_signature signature; /* over fh_approval_digest() */
	/* Where the release takes several: who signed (bit I: the I-th companion) over
	 * fh_joint_digest() of an index that was never written [0], or was [1].  */
	uint32_t signers[2];
	struct fh_p256_signature joint[2][FH_COMPANIONS_MAX];
};

struct fh_chip;

/* A chip that has no PCRs (no TPM) answers FH_ERR_UNSUPPORTED where it would need
 * them, and releases without approval.  */
struct fh_chip_class {
	/* Seals PLAIN (at most FH_CHIP_SECRET_MAX bytes) into BLOB: to be released in
	 * the states that R's companions approve, in R's epoch.  */
	fh_err (*seal_device)(struct fh_chip *c, const struct fh_release *r, struct fh_span plain,
			      struct fh_builder *blob);
	/* Opens such a BLOB into OUT (wiped by the caller).  FH_ERR_SIGNATURE: not
	 * altered, or the approval is not right; FH_ERR_UNAPPROVED: the machine is not
	 * in the approved state, is locked, or the epoch is another; FH_ERR_TPM: the
	 * chip refused.  */
	fh_err (*unseal_device)(struct fh_chip *c, const struct fh_release *r,
				const struct fh_chip_approval *a, struct fh_span blob,
				struct fh_builder *out);
	/* Has everything in place that a release by several companions takes (TPM: an index),
	 * if R is one.  FH_ERR_PERMISSION if that takes the owner's authorisation.  */
	fh_err (*joint_prepare)(struct fh_chip *c, const struct fh_release *r);
	/* Opens a device secret of format 1, which any state released.  BLOB may have
	 * something behind it.  Only for `upgrade`.  */
	fh_err (*unseal_1)(struct fh_chip *c, struct fh_span blob, struct fh_builder *out);
	/* Whether BLOB was sealed here: FH_ERR_CLONE if by another chip, FH_ERR_CLEARED
	 * if by this one before it was cleared.  IDENTITY is what identity() told
	 * then.  */
	fh_err (*belongs)(struct fh_chip *c, struct fh_span blob, struct fh_span identity);
	/* What tells this chip from all others, also after it was cleared (TPM: the
	 * Name of the AK).  */
	fh_err (*identity)(struct fh_chip *c, struct fh_builder *out);
	/* As the device's, for a secret of this boot: until the next reboot (TPM: under the
	 * NULL hierarchy), and only while the machine is in STATE, which may come later and
	 * may hold the lock PCR.  FH_ERR_STATE: sealed in another boot, or for another
	 * state.  */
	fh_err (*seal_boot)(struct fh_chip *c, const struct fh_pcr_state *state,
			    struct fh_span plain, struct fh_builder *blob);
	fh_err (*unseal_boot)(struct fh_chip *c, struct fh_span blob, struct fh_builder *out);
	/* Seals PLAIN for as long as the data epoch is EPOCH, in any state of the machine:
	 * whoever needs more binds it to the device's secret.  FH_ERR_ROLLBACK: the epoch is
	 * another by now, so nobody opens it any more.  */
	fh_err (*seal_data)(struct fh_chip *c, uint64_t epoch, struct fh_span plain,
			    struct fh_builder *blob);
	fh_err (*unseal_data)(struct fh_chip *c, uint64_t epoch, struct fh_span blob,
			      struct fh_builder *out);
	/* Create is done by `init`; FH_ERR_EXISTS if it is there.  */
	fh_err (*counter_create)(struct fh_chip *c, enum fh_chip_counter which);
	fh_err (*counter_increment)(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now);
	fh_err (*counter_read)(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now);
	/* The note of the record, FH_CHIP_NOTE_SIZE bytes: anybody reads it, who holds
	 * KEY (FH_CHIP_NOTE_KEY_SIZE bytes, fixed by create) writes it.  Reading one
	 * that was never written: FH_ERR_MISSING.  Create replaces an older one.  */
	fh_err (*note_create)(struct fh_chip *c, const struct fh_secret *key);
	fh_err (*note_write)(struct fh_chip *c, const struct fh_secret *key, struct fh_span note);
	fh_err (*note_read)(struct fh_chip *c, uint8_t note[FH_CHIP_NOTE_SIZE]);
	/* The PCRs of the SHA-256 bank, all of them.  */
	fh_err (*pcrs)(struct fh_chip *c, struct fh_pcr_state *out);
	/* Extends the lock PCR with the session's id.  */
	fh_err (*lock)(struct fh_chip *c, const struct fh_hash *session_id);
	/* Quotes the PCRs SELECTED over QUALIFYING.  */
	fh_err (*quote)(struct fh_chip *c, const struct fh_hash *qualifying, uint32_t selected,
			struct fh_chip_quote *out);
	/* How often this machine has booted (TPM: resetCount), and a value that
	 * differs between boots.  */
	fh_err (*boot)(struct fh_chip *c, uint64_t *count, uint8_t id[32]);
	/* The same count: whether the chip is there, and was not reset since.  By one command on
	 * the word of whoever answers or, if AUTHENTIC, by three on the chip's.  */
	fh_err (*look)(struct fh_chip *c, bool authentic, uint64_t *count);
	void (*close)(struct fh_chip *c);
};

struct fh_chip {
	const struct fh_chip_class *class; /* NULL once closed */
	void *state;                       /* the class's own */
	enum fh_grade grade;               /* what this chip makes a key worth */
	char name[64];                     /* for people: manufacturer, or "no chip" */
	struct fh_trace trace;             /* why the last call failed */
};

/* Closes C; a zeroed one is fine.  */
void fh_chip_drop(struct fh_chip *c);

#endif
