/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_SAVED_H
#define FH_VERIFY_SAVED_H

#include "base/builder.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/signature.h"
#include "entry/leaf.h"
#include "entry/seal.h"
#include "evidence/tpm_public.h"
#include "merkle/checkpoint.h"

/* The file that a verifier of a record leaves behind its last checkpoint, so that it can go on
 * there without what came before.  Here is its form; what it is of, and that it holds together,
 * is for verify/record_saved.c.  Who has it believes it as he believes his own memory: that these
 * entries were verified.  docs/spec/SAVED.  */

constexpr size_t FH_SAVED_OPEN_MAX = 1 << 16;               /* intents without an outcome */
constexpr size_t FH_SAVED_POINTS_MAX = 2 * FH_ANCHORS_MAX;  /* roots of smaller trees */
constexpr size_t FH_SAVED_KEYS_MAX = 1 << 15;               /* FH_RECORD_KEYS_MAX */
constexpr size_t FH_SAVED_SLOTS_MAX = 32;                   /* FH_RECORD_SLOTS_MAX */
constexpr size_t FH_SAVED_VERSIONS_MAX = 8;                 /* FH_FIRMWARE_SEEN_MAX */
constexpr size_t FH_SAVED_FOLD_MAX = 8 << 20;               /* every slot of every budget */
constexpr size_t FH_SAVED_COUNTS = FH_ENTRY_KINDS + 14;     /* struct fh_record_counts */
constexpr size_t FH_SAVED_NUMBERS = 28;                     /* as record_saved.c lists them; */
constexpr size_t FH_SAVED_SEGMENT = 0;                      /* the first entry of the segment */

/* N items, as they stand in the file.  */
struct fh_saved_list {
	size_t n;
	struct fh_span items;
};

struct fh_saved {
	struct fh_hash chain_id, device_id;
	struct fh_span note;          /* the last checkpoint; */
	struct fh_checkpoint at;      /* read only: what it says */
	struct fh_tree tree;          /* the root of which is that checkpoint's */
	uint64_t count[FH_SAVED_COUNTS], number[FH_SAVED_NUMBERS];
	struct fh_span key;           /* of the session: an ML-DSA-65 public key */
	struct fh_hash authority;     /* of the fold */
	struct fh_hash opening;       /* the session that the last permitted initialize opens */
	struct fh_span fold;          /* text of it; empty: it is not known */
	struct fh_span signer;        /* of quotes: a TPM name, or empty */
	struct fh_saved_list versions;   /* of firmware that quotes told: uint */
	struct fh_saved_list slots;      /* recovery slots that open what was shredded: tstr */
	struct fh_saved_list open;       /* permitted intents without an outcome, rising: uint */
	struct fh_saved_list taken;      /* what such took of budgets: struct fh_saved_taken */
	struct fh_saved_list keys;       /* what entries are sealed with: struct fh_saved_key */
	struct fh_saved_list points;     /* smaller trees that were asked about: ..._point */
	struct fh_saved_list statements; /* files of the chain, as they were recorded: bstr */
};

struct fh_saved_taken {
	uint64_t index;               /* of the intent; rising */
	size_t parts;                 /* 1 to FH_CHARGES_MAX */
	struct {
		struct fh_hash budget;
		uint64_t back;        /* at most so much may be given back */
	} part[FH_CHARGES_MAX];
};

struct fh_saved_key {
	struct fh_span name;          /* FH_SEAL_NAME_SIZE bytes; rising */
	struct fh_span class;         /* 1 to FH_CLASS_MAX bytes */
	uint64_t period;
	bool fold;                    /* what the fold needs */
	uint64_t entries, unopened;   /* entries: not 0 */
};

struct fh_saved_point {
	uint64_t size;                /* entries; rising, and not 0 */
	struct fh_hash root;          /* over them */
	uint64_t lo_ms;               /* the last one's time, its start */
};

/* FILE says that it is one, of whatever version.  */
bool fh_saved_is(struct fh_span file);

/* Appends the file of S to B; too much turns B bad.  */
void fh_saved_put(struct fh_builder *b, const struct fh_saved *s);

/* Reads FILE, into which the spans look.  FH_ERR_VERSION: it is of another version; FH_ERR_TORN:
 * it is not whole, or was altered; FH_ERR_FORMAT, FH_ERR_LIMIT for what fh_saved_put() does not
 * write.  */
fh_err fh_saved_read(struct fh_span file, struct fh_saved *out);

/* One item of a list; reading as codec/cbor.h does.  */
void fh_saved_put_taken(struct fh_builder *b, const struct fh_saved_taken *t);
void fh_saved_put_key(struct fh_builder *b, const struct fh_saved_key *k);
void fh_saved_put_point(struct fh_builder *b, const struct fh_saved_point *p);
struct fh_saved_taken fh_saved_take_taken(struct fh_cursor *c);
struct fh_saved_key fh_saved_take_key(struct fh_cursor *c);
struct fh_saved_point fh_saved_take_point(struct fh_cursor *c);

#endif
