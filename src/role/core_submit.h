/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_CORE_SUBMIT_H
#define FH_ROLE_CORE_SUBMIT_H

#include "chain/body.h"
#include "merkle/quorum.h"
#include "role/ask.h"
#include "role/frame.h"

/* The record and its witnesses, as core keeps it: docs/spec/WITNESS, "Submitting".  */

constexpr uint64_t FH_WITNESS_INTERVAL_MS = 10000;    /* from one checkpoint to the next */
constexpr uint64_t FH_WITNESS_ANSWER_MS = 75000;      /* for a courier to come back */
constexpr uint64_t FH_WITNESS_AGAIN_MS = 5000;        /* first wait for one that is away ... */
constexpr uint64_t FH_WITNESS_AGAIN_MAX_MS = 600000;  /* ... doubled up to this */
constexpr unsigned FH_WITNESS_CONFLICTS_MAX = 3;      /* other sizes, one after the other */
/* A checkpoint with our lines, and one with those of the witnesses, too.  */
constexpr size_t FH_LINED_NOTE_MAX = FH_CHECKPOINT_NOTE_MAX + 2 * FH_COSIGNATURE_LINE_MAX;

enum fh_witness_state {
	FH_WITNESS_NEW = 0,  /* not asked yet */
	FH_WITNESS_GOOD,     /* cosigned what it was asked last */
	FH_WITNESS_AWAY,     /* did not answer: asked again later */
	FH_WITNESS_REFUSES,  /* does not know us, or our keys: an alarm; asked again later */
	FH_WITNESS_DROPPED,  /* answered what no witness may: an alarm; not asked any more */
	FH_WITNESS_STATES,
};

/* One that is asked.  */
struct fh_core_witness {
	size_t node;                        /* of the policy */
	enum fh_witness_state state;
	uint64_t seen;                      /* size that it saw last, as far as we know */
	unsigned conflicts;                 /* other sizes in a row */
	unsigned failures;                  /* in a row */
	uint64_t next_ms;                   /* not asked before: boot clock */
	uint64_t cosigned;                  /* size under its newest line; 0: none */
	uint8_t line[FH_COSIGNATURE_LINE_MAX]; /* of the target, while cosigned is its size */
	size_t line_n;
	/* While a courier is under way.  */
	bool asking;
	bool evidence;                      /* it fetches the checkpoint that the witness has */
	char why[128];                      /* why it is away; evidence: what it answered before */
	uint64_t asked_ms;
	uint8_t id[FH_SESSION_ID_SIZE];
	struct fh_arena memory;
	struct fh_fd fd;
	struct fh_pipe in;
};

struct fh_core_submit {
	uint64_t sequence;                  /* of the statement that the rest is by; 0: none */
	struct fh_arena memory;             /* its text */
	struct fh_quorum quorum;
	struct fh_core_witness witness[FH_WITNESSES_ASKED_MAX];
	size_t witnesses;
	/* The checkpoint that is asked for.  */
	uint64_t size;                      /* 0: none yet */
	struct fh_hash root;
	uint8_t note[FH_LINED_NOTE_MAX];
	size_t note_n, text_n;
	uint64_t due_ms;                    /* the next one: boot clock */
	/* The newest checkpoint with our lines for others.  */
	uint8_t lined[FH_LINED_NOTE_MAX];
	size_t lined_n;
	uint64_t lined_size, lined_ms;
	/* What has come of it.  */
	uint64_t witnessed;                 /* entries under the newest checkpoint with quorum */
	size_t filed;                       /* lines in record/witnessed, if that is the target */
	uint64_t alarms;                    /* since the start */
	char vkeys[8192];                   /* our verifier keys, a line each; empty: none */
};

#endif
