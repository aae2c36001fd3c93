/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_RECORD_PRIVATE_H
#define FH_VERIFY_RECORD_PRIVATE_H

#include "evidence/machine.h"
#include "policy/limit.h"
#include "verify/record.h"

/* The parts of the streaming verifier: record.c reads frames, record_entry.c
 * judges entries, record_permit.c and record_quota.c what was permitted, record_session.c
 * sessions and checkpoints, record_quote.c quotes; record_saved.c writes and takes up what another
 * verification goes on from, and record_since.c finds the place.  */

/* An entry while it is judged.  */
struct fh_record_entry {
	struct fh_leaf leaf;
	struct fh_fields fields; /* none of a sealed one */
	bool sealed;             /* and nothing was opened of it */
	bool pruned;             /* what is stored of it is a stub */
	struct fh_span payload; /* as stored */
	struct fh_span key;     /* name of the key it was sealed with first; empty: it is not */
	struct fh_span fold_key; /* the same of what the fold needs of it; empty: nothing */
};

/* The record is wrong here: says so under CODE, once, and returns where to write
 * what.  Where is filled in already.  */
struct fh_trace *fh_record_refuse(struct fh_record_check *c, const char *code);

/* A place that no checkpoint vouches for.  */
struct fh_trace *fh_record_uncovered(struct fh_record_check *c, const char *code);

/* The record is that of DEVICE, in the chain CHAIN.  */
void fh_record_is_of(struct fh_record_check *c, const struct fh_hash *chain,
		     const struct fh_hash *device);

/* The chain takes the statement FILE, as an entry has it: fh_chain_accept().  */
fh_err fh_record_accept(struct fh_record_check *c, struct fh_span file, struct fh_trace *why);
/* The permitted intent INDEX has no outcome yet.  FH_ERR_NOMEM.  */
fh_err fh_record_intent_open(struct fh_record_check *c, uint64_t index);
/* Has it none?  */
bool fh_record_intent_is_open(const struct fh_record_check *c, uint64_t index);

/* Judges one entry.  Refusals are said; errors as for fh_record_check_segment().  */
fh_err fh_record_entry_check(struct fh_record_check *c, const struct fh_stored *s);

/* What the annotations of one permit say; the rest of its text is nothing to a verifier.  */
struct fh_record_permit {
	struct fh_span id;
	struct fh_limits limits; /* which look into the memory of all */
};

/* Those of one policy statement.  */
struct fh_record_permits {
	struct fh_record_permit *list;
	size_t n;
	bool read, known;        /* if it was looked at, and this version could read it */
	struct fh_hash policy;   /* hash of the statement */
	uint32_t *slot;          /* by id: index plus one, or 0 */
	struct fh_arena memory;  /* of texts and limits */
};

constexpr uint32_t FH_RECORD_PERMIT_SLOTS = 1 << 15; /* more than three for each */
constexpr size_t FH_RECORD_PERMIT_TEXTS =
	FH_POLICY_RULES_MAX * (2 * FH_NAME_MAX + FH_LIMITS_MAX * sizeof(struct fh_limit) + 48);
constexpr size_t FH_RECORD_PERMITS_ARENA =
	FH_POLICY_RULES_MAX * sizeof(struct fh_record_permit) + FH_RECORD_PERMIT_TEXTS
	+ FH_RECORD_PERMIT_SLOTS * sizeof(uint32_t) + sizeof(struct fh_record_permits) + 4096;

/* The permits of the policy P, read once.  */
fh_err fh_record_permits_begin(struct fh_record_check *c);
const struct fh_record_permits *fh_record_permits_of(struct fh_record_check *c,
						     const struct fh_policy_held *p);
/* The one called ID, or NULL: it is no permit of that policy.  */
const struct fh_record_permit *fh_record_permit_find(const struct fh_record_permits *all,
						     struct fh_span id);

/* Stands D at what the decision of ENTRY names; returns how many those are.  */
size_t fh_record_named(const struct fh_record_entry *entry, struct fh_cursor *d);
/* The text in field ID of ENTRY; empty if there is none.  */
struct fh_span fh_record_text(const struct fh_record_entry *entry, enum fh_field_id id);

/* Judges when an intent was permitted.  *BY_POLICY: a policy decided, and no statement.  */
void fh_record_permit_check(struct fh_record_check *c, const struct fh_record_entry *e,
			    bool *by_policy);

/* What open intents took, so that their outcomes give back no more.  */
struct fh_record_taken_intent {
	uint64_t index;
	uint32_t next;   /* of the same bucket, or that is free; plus one, or 0 */
	uint32_t parts;
	struct {
		struct fh_hash budget;
		uint64_t back; /* at most so much may be given back: nothing of calls */
	} part[FH_CHARGES_MAX];
};

struct fh_record_taken {
	struct fh_record_taken_intent *list; /* FH_OPEN_MAX */
	uint32_t *bucket;                    /* FH_RECORD_TAKEN_BUCKETS, by index */
	uint32_t used;                       /* of the list: never more than were open at once */
	uint32_t free;                       /* the first of those that are free again */
};

constexpr uint32_t FH_RECORD_TAKEN_BUCKETS = 1 << 15;
constexpr size_t FH_RECORD_TAKEN_ARENA =
	FH_OPEN_MAX * sizeof(struct fh_record_taken_intent)
	+ FH_RECORD_TAKEN_BUCKETS * sizeof(uint32_t) + sizeof(struct fh_record_taken) + 4096;

fh_err fh_record_taken_begin(struct fh_record_check *c);
/* A place for what the intent INDEX took, to be filled in; NULL: too many did.  */
struct fh_record_taken_intent *fh_record_taken_add(struct fh_record_taken *t, uint64_t index);

/* Judges what a permitted intent is charged: all that its policies limit, within their quotas.
 * BY_POLICY as above.  Then what an outcome gives back of it.  FH_ERR_NOMEM.  */
fh_err fh_record_quota_check(struct fh_record_check *c, const struct fh_record_entry *e,
			     bool by_policy);
void fh_record_refund_check(struct fh_record_check *c, const struct fh_record_entry *e,
			    uint64_t intent);

/* Compares a state entry with the fold of all entries before it; adds an entry to it.  */
fh_err fh_record_state_check(struct fh_record_check *c, const struct fh_record_entry *e);
void fh_record_fold_add(struct fh_record_check *c, const struct fh_record_entry *e);

/* Judges a shred entry; counts an entry that is sealed (or was, and is opened).  */
fh_err fh_record_keys_begin(struct fh_record_check *c);
constexpr size_t FH_RECORD_KEY_PLACES = 2 * FH_RECORD_KEYS_MAX;
/* Where the key NAME is, or would go.  */
struct fh_record_key *fh_record_key_at(const struct fh_record_check *c, const uint8_t *name);
void fh_record_shred_check(struct fh_record_check *c, const struct fh_record_entry *e);
/* Unless openings are said to be whole to an entry before E.  */
bool fh_record_is_reached(const struct fh_record_check *c, const struct fh_record_entry *e);
void fh_record_keys_add(struct fh_record_check *c, const struct fh_record_entry *e);

/* Takes a stub in; the segment that was read has ended; judges a prune entry.  */
fh_err fh_record_pruned_begin(struct fh_record_check *c);
void fh_record_stub_add(struct fh_record_check *c, const struct fh_record_entry *e);
void fh_record_pruned_end_segment(struct fh_record_check *c);
void fh_record_prune_check(struct fh_record_check *c, const struct fh_record_entry *e);
/* Refuses stubs that nothing accounts for.  */
void fh_record_answer_pruned(struct fh_record_check *c);

/* Judges a session entry.  */
fh_err fh_record_session_check(struct fh_record_check *c, const struct fh_record_entry *e);

/* Judges a QUOTE about SUBJECT, of which chain, device and session are filled in here;
 * LOCK is what the lock PCR has to be.  */
fh_err fh_record_quote_check(struct fh_record_check *c, const struct fh_leaf *leaf,
			     struct fh_span quote, struct fh_quote_subject subject,
			     const struct fh_hash *lock);
/* Judges the quote of an entry, which only a quote entry has to have.  */
fh_err fh_record_quote_entry(struct fh_record_check *c, const struct fh_record_entry *entry,
			     enum fh_quote_purpose purpose);
/* What the quotes say about the states the machine was in.  */
void fh_record_answer_accepted(struct fh_record_check *c);

/* KEY is the session's: from here on it signs.  FH_ERR_FORMAT: it is none.  */
fh_err fh_record_session_key(struct fh_record_check *c, struct fh_span key);

/* Judges a checkpoint.  */
fh_err fh_record_checkpoint_check(struct fh_record_check *c, struct fh_span note);

/* The entry that comes next is under the checkpoint up to which the record was verified
 * before: what its leaf and payload say of each other is known, and that they are the
 * same the tree shows when it comes to that checkpoint.  */
bool fh_record_is_trusted(const struct fh_record_check *c);

/* The tree has grown by one entry: compares with the checkpoints given.  */
void fh_record_points_grown(struct fh_record_check *c);

/* Compares the tree with the anchors that it has come to, and says what they come to.  */
void fh_record_anchors_begin(struct fh_record_check *c);
void fh_record_anchors_grown(struct fh_record_check *c);
void fh_record_answer_anchors(struct fh_record_check *c);

/* Takes up options.saved, as if what it is of had been read.  FH_ERR_CONFLICT if that
 * cannot be.  */
fh_err fh_record_resume(struct fh_record_check *c);
/* Moves CURSOR, at the beginning of the first segment, behind what was verified before.  */
void fh_record_pass(struct fh_record_check *c, struct fh_cursor *cursor);
/* Refuses a record in which that place never came.  */
void fh_record_answer_since(struct fh_record_check *c);
/* Roots that the record led to, when what is not read now was.  Asked for with rising sizes;
 * false: nobody had asked then.  */
struct fh_recall {
	struct fh_cursor rest;
	struct fh_saved_point at;
};
struct fh_recall fh_recall_begin(const struct fh_record_check *c);
bool fh_recall(struct fh_recall *r, uint64_t size, struct fh_saved_point *out);

/* The end of a batch has been reached.  */
void fh_record_boundary_add(struct fh_record_check *c, const struct fh_hash *root);

#endif
