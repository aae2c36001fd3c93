/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_LEAF_H
#define FH_ENTRY_LEAF_H

#include "base/builder.h"
#include "base/limits.h"
#include "base/time.h"
#include "crypto/hash.h"

/* A leaf of the record: the small, public part of an entry that the Merkle
 * tree is made of.  Everything that could tell something about a person stands
 * in committed fields (entry/field.h).  docs/spec/LEAF.  */

constexpr uint64_t FH_LEAF_VERSION = 1;
constexpr size_t FH_CLASS_MAX = 32; /* a retention class's name */

/* Classes that exist without a policy naming them.  */
#define FH_CLASS_PUBLIC "public"   /* committed, never sealed: outsiders need it */
#define FH_CLASS_DEFAULT "default" /* what no @retain says otherwise about */
#define FH_CLASS_FOLD "fold"       /* of a part of an entry: what budgets need */

/* Values are part of the format: append.  */
enum fh_entry_kind {
	FH_ENTRY_SESSION = 1, /* the certificate of a session key */
	FH_ENTRY_START = 2,   /* serve has started */
	FH_ENTRY_CHAIN = 3,   /* a statement was accepted (or a fork seen) */
	FH_ENTRY_INTENT = 4,  /* a decision, before it is acted on */
	FH_ENTRY_OUTCOME = 5, /* what came of a permitted intent */
	FH_ENTRY_REFUSAL = 6, /* a message that never became an action */
	FH_ENTRY_STOP = 7,    /* serve ends in order */
	FH_ENTRY_QUOTE = 8,   /* the chip's word on its state, over the checkpoint before */
	FH_ENTRY_BOOT = 9,    /* an earlier start was refused, and why */
	FH_ENTRY_LEASE = 10,  /* the operator's lease was taken */
	FH_ENTRY_STATE = 11,  /* what all entries before it add up to */
	FH_ENTRY_ANSWER = 12, /* what was said to a question; nothing was done because of it here */
	FH_ENTRY_WITNESS = 13, /* a witness of the record said what none may */
	FH_ENTRY_SHRED = 14,  /* keys of the record have ended */
	FH_ENTRY_PRUNE = 15,  /* what was sealed with such keys goes from the disk */
	FH_ENTRY_KINDS,
};

/* "session", "start", ...; an unknown value reads "unknown".  */
const char *fh_entry_kind_text(enum fh_entry_kind k);

struct fh_leaf {
	uint64_t index;            /* position in the tree, from 0 */
	struct fh_time time;       /* when, as an interval */
	uint64_t boot;             /* how often the machine had booted */
	uint64_t start;            /* start counter of the chip */
	struct fh_hash session;    /* SHA-256 of the session public key */
	enum fh_entry_kind kind;
	struct fh_span class;      /* retention class */
	struct fh_hash chain_head; /* newest accepted statement, zero before genesis */
	struct fh_hash payload;    /* SHA-256 of the stored payload (the ciphertext) */
	struct fh_hash fields;     /* root over the committed fields */
};

/* Writes / reads the deterministic CBOR map {1: version ... 9: fields}.
 * FH_ERR_VERSION for another version, FH_ERR_UNKNOWN for a kind we do not
 * know.  */
void fh_leaf_put(struct fh_builder *b, const struct fh_leaf *l);
fh_err fh_leaf_read(struct fh_span bytes, struct fh_leaf *out);

#endif
