/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STATE_FOLD_H
#define FH_STATE_FOLD_H

#include "base/arena.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "policy/limit.h"
#include "state/effect.h"

/* What the entries of a record add up to: which permitted intents are open, and how much
 * of each budget is used.  Core adds each entry that it appends and, at a start, each that
 * it reads back, by the same function; so does a verifier.  Nothing else is remembered,
 * so no restart and no clock gives anything back.
 *
 * A budget of N in a period permits at most N in any window of that length.  Its use is
 * kept in FH_SLOTS slots of the time lo, each a little more than a sixty-third of the
 * period; a slot counts until it lies wholly outside the window.  */

constexpr size_t FH_SLOTS = 64;

/* The use of one budget.  */
struct fh_budget {
	struct fh_hash id;
	uint64_t period_ms;
	uint64_t newest;         /* number of the newest slot: lo / its length */
	uint64_t used[FH_SLOTS]; /* of slot number s at s % FH_SLOTS */
	uint32_t next;           /* of the same bucket, plus one; 0: none */
};

/* A permitted intent without an outcome.  */
struct fh_open_intent {
	uint64_t index;
	uint64_t lo_ms;          /* its time: where what it gives back belongs */
};

struct fh_fold {
	struct fh_budget *budget;
	size_t budgets;          /* at most FH_BUDGETS_MAX */
	size_t older;            /* those among them with names of before format 3 */
	uint32_t *bucket;        /* first budget plus one, or 0 */
	struct fh_open_intent *open;
	size_t opens;            /* at most FH_OPEN_MAX */
	uint64_t lo_ms;          /* of the last entry that was added */
	/* The salts of all effects, by exclusive or.  Whoever lacks one of them, as all do for whom
	 * the record is not opened, cannot try which fold a hash is of.  */
	struct fh_hash veil;
	/* Over the indexes of the session, chain and lease entries: from 32 zero bytes on,
	 * SHA-256("freehold/authority/v1" LF || the hash so far || index, u64 big-endian).  */
	struct fh_hash authority;
};

/* An empty fold with memory of A, FH_FOLD_ARENA bytes.  FH_ERR_NOMEM.  */
fh_err fh_fold_begin(struct fh_arena *a, struct fh_fold *out);

/* Adds the entry LEAF with its fields F; kinds that do nothing to the fold are taken, too.
 * FH_ERR_FORMAT for a permitted intent or an outcome that is none, FH_ERR_LIMIT if there
 * are too many budgets or open intents.  After an error the fold is no longer right.  */
fh_err fh_fold_add(struct fh_fold *fold, const struct fh_leaf *leaf, const struct fh_fields *f);

/* Goes on to the session, chain or lease entry INDEX.  */
void fh_fold_authority_add(struct fh_hash *authority, uint64_t index);

/* What of the budget ID with PERIOD_MS counts at LO_MS.  */
uint64_t fh_fold_used(const struct fh_fold *fold, const struct fh_hash *id, uint64_t period_ms,
		      uint64_t lo_ms);

/* The same of CHARGE's budget, under all names that it may have had.  */
uint64_t fh_fold_used_of(const struct fh_fold *fold, const struct fh_charge *charge,
			 uint64_t lo_ms);

/* What the budget of CHARGE has for it at LO_MS: whether so much more stays within its count,
 * and the fold has room to remember it (budgets that have gone out of use are forgotten for
 * that).  There is none if its limit has FH_BUDGETS_SHARE times as many budgets as are free: so
 * no limit, whoever drives it, leaves less than a third of the room to the others.  */
enum fh_funds fh_fold_funds(struct fh_fold *fold, const struct fh_charge *charge, uint64_t lo_ms);

/* One more intent can be opened.  */
bool fh_fold_may_open(const struct fh_fold *fold);

/* How many items a fold has as a text.  */
enum fh_fold_form {
	FH_FOLD_UNVEILED = 2, /* as versions before wrote it */
	FH_FOLD_VEILED = 3,
};

/* A hash over everything above that still counts at FOLD->lo_ms, the same however it came
 * about (docs/spec/LEAF, "State").  Working memory is of A, FH_FOLD_SCRATCH bytes.
 * FH_ERR_NOMEM.  */
fh_err fh_fold_hash(const struct fh_fold *fold, enum fh_fold_form form, struct fh_arena *a,
		    struct fh_hash *out);

/* The text under that hash, veiled, appended to B: FH_ERR_LIMIT if it does not fit.  */
fh_err fh_fold_put(const struct fh_fold *fold, struct fh_arena *a, struct fh_builder *b);
struct fh_hash fh_fold_text_hash(struct fh_span text);

/* The fold of TEXT, of either form, into FOLD, which fh_fold_begin() has made, in place of what it
 * holds; its `authority`, which is no part of TEXT, is left as it is: from here on it answers and
 * adds like the one that TEXT was made of, once its next entry has been added.
 * FH_ERR_FORMAT if there is no such text; FOLD is empty then.  */
fh_err fh_fold_read(struct fh_span text, struct fh_fold *fold);
/* TEXT, which such a fold was read from or will be, knows its veil.  */
bool fh_fold_text_is_veiled(struct fh_span text);

constexpr size_t FH_BUDGETS_SHARE = 2;

constexpr size_t FH_FOLD_ARENA = FH_BUDGETS_MAX * (sizeof(struct fh_budget) + 2 * sizeof(uint32_t))
				 + FH_OPEN_MAX * sizeof(struct fh_open_intent) + 4096;
constexpr size_t FH_FOLD_SCRATCH = FH_BUDGETS_MAX * sizeof(void *)
				   + FH_OPEN_MAX * sizeof(struct fh_open_intent) + 4096;

#endif
