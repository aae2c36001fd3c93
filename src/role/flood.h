/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_FLOOD_H
#define FH_ROLE_FLOOD_H

#include "base/limits.h"
#include "entry/counted.h"

/* How many refusals of each actor become entries of their own, and what is remembered of the
 * others until an entry says it.  An actor who is refused over and over would fill the disk
 * otherwise, and a machine without room permits nothing to anybody.
 *
 * Each actor has tokens, FH_FLOOD_BURST at most, and a refusal that becomes an entry takes one, or
 * more if it is large.  A token comes back in FH_FLOOD_TOKEN_MS; the more actors have taken some
 * the slower, so that together they get no more than FH_FLOOD_SHARE in that time, whatever their
 * number.  Who has none left is counted: a tally for each of his reasons.  What was counted is told
 * after FH_FLOOD_TELL_MS, in one batch, since a batch costs a signature in room and time: an entry
 * for each tally, or, if more than FH_FLOOD_SHARE wait, for as many, in turn.
 *
 * What is counted costs no room any more, and still time, which others need as well: so of each
 * actor FH_FLOOD_AT_ONCE are answered at once, and then as many in each FH_FLOOD_REST_MS.
 *
 * Pure: the time is passed in.  All zero: nobody was refused anything.  */

constexpr uint64_t FH_FLOOD_BURST = 256;      /* refusals of one actor that are entries at once */
constexpr size_t FH_FLOOD_TOKEN_SIZE = 16 << 10; /* bytes of what was asked, for a token more */
constexpr uint64_t FH_FLOOD_TOKEN_MS = 4000;  /* until one comes back to one who is alone */
constexpr uint64_t FH_FLOOD_SHARE = 16;       /* as many actors get theirs as fast as one */
constexpr uint64_t FH_FLOOD_TELL_MS = 1000;   /* what was counted is told after this */
constexpr uint64_t FH_FLOOD_AT_ONCE = 16;     /* that are counted, and answered at once: */
constexpr uint64_t FH_FLOOD_REST_MS = 4;      /* as many in this time, 4,000 a second */
constexpr size_t FH_FLOOD_ACTORS = 1024;      /* remembered at one time; the others are as one */
constexpr size_t FH_FLOOD_REASONS = 8;        /* of one actor, the last of them for all others */

/* The reason under which those are told that are one too many.  */
#define FH_FLOOD_OTHER_REASONS "other-reasons"

struct fh_flood_tally {
	char reason[FH_COUNTED_REASON_MAX];
	size_t reason_n;
	uint64_t count;             /* 0: nothing is counted for this reason */
	uint64_t first_ms, last_ms; /* lo */
	struct fh_hash digest;
};

struct fh_flood_actor {
	char name[FH_NAME_MAX];
	size_t name_n;              /* 0: all for whom there is no place */
	uint64_t owed;              /* what his tokens cost, of the credit clock, at AT */
	uint64_t at;
	uint64_t busy_us;           /* boot clock, until when what was counted keeps him */
	struct fh_flood_tally tally[FH_FLOOD_REASONS];
};

struct fh_flood {
	uint64_t credit;            /* a clock in us that goes slower the more actors there are */
	uint64_t now_ms;            /* boot clock, when it was read last */
	uint64_t swept_ms;          /* the same, when those were forgotten who owe nothing */
	uint64_t tell_ms;           /* the same, when what waits is to be told */
	uint64_t left;              /* tallies that are still to be told at that time */
	size_t next;                /* tally that is looked at first then */
	size_t actors;              /* those in use lie first */
	uint64_t key[FH_FLOOD_ACTORS]; /* of their names, to be found by */
	struct fh_flood_actor actor[FH_FLOOD_ACTORS + 1]; /* the last: all the others */
	uint64_t waiting;           /* refusals in all tallies */
	uint64_t answer_ms;         /* boot clock: when what was counted last may be answered */
};

/* What was refused, to whom, and why.  */
struct fh_flood_refusal {
	struct fh_span who;    /* an actor's name, of 1 to FH_NAME_MAX bytes */
	struct fh_span reason; /* of 1 to FH_COUNTED_REASON_MAX bytes */
	struct fh_span server, tool, params; /* what was asked */
	uint64_t lo_ms;
};

/* R, at NOW_MS of the boot clock, may be an entry of its own; false: it was counted.  */
bool fh_flood_single(struct fh_flood *f, const struct fh_flood_refusal *r, uint64_t now_ms);
/* Counts R in any case.  */
void fh_flood_count(struct fh_flood *f, const struct fh_flood_refusal *r, uint64_t now_ms);
/* One more is counted at NOW_MS of somebody who is kept until *BUSY_US, which grows by that; when
 * it may be answered, all on the boot clock.  */
uint64_t fh_flood_pace(uint64_t *busy_us, uint64_t now_ms);
/* How many tokens an entry takes that holds SIZE bytes of what was asked.  */
uint64_t fh_flood_cost(size_t size);

/* The next tally that is to be told at NOW_MS, and in *WHO whose it is; NULL: none is.  ALL: any
 * that there is, whether or not its time has come.  */
struct fh_flood_tally *fh_flood_due(struct fh_flood *f, uint64_t now_ms, bool all,
				    const struct fh_flood_actor **who);
/* An entry says what T counted.  */
void fh_flood_told(struct fh_flood *f, struct fh_flood_tally *t);
/* When fh_flood_due() is to be asked next, on the boot clock; UINT64_MAX if nothing waits.  */
uint64_t fh_flood_due_ms(const struct fh_flood *f);

#endif
