/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_CORE_ACT_H
#define FH_ROLE_CORE_ACT_H

#include "crypto/hash.h"
#include "journal/prune.h"
#include "os/memory.h"
#include "policy/decision.h"
#include "role/ask.h"
#include "role/permit.h"

struct fh_core;

/* What peers ask core to do with the record itself, and the one such act that takes longer than a
 * turn.  Part of role/core.h.  */

/* Who asks, as far as can be known.  */
struct fh_core_actor {
	struct fh_span name;    /* Actor::"name"; "anonymous" without a credential */
	struct fh_span groups;  /* CBOR array of team names, or empty */
	struct fh_span asks;    /* whom it may ask about (chain/body.h), or empty */
	uint64_t sequence;      /* of its statement; 0 for anonymous */
	const char *grade;      /* "bearer", "peer" or "anonymous" */
	bool known;             /* false: a credential was presented that is not one */
	bool identified;        /* by a credential or by the kernel; not anonymous */
};

/* What a peer asks of the record itself (core_act.c), on its way through core.  */
struct fh_core_act {
	struct fh_core *core;
	size_t gate;
	const struct fh_ask *ask;
	const struct fh_core_actor *actor;
	struct fh_entity_uid action; /* told by whoever begins it */
	struct fh_entity_uid resource;
	char device[2 * FH_HASH_SIZE]; /* its id */
	struct fh_decision decision;
	uint64_t index;              /* of the intent */
};

/* The record being pruned (core_prune.c): one request at a time.  */
enum fh_core_prune_step {
	FH_PRUNE_IDLE = 0,
	FH_PRUNE_COLLECT, /* reads which keys have ended */
	FH_PRUNE_LOOK,    /* looks for a segment in which something can go */
	FH_PRUNE_WRITE,   /* writes it anew */
};
struct fh_core_prune {
	enum fh_core_prune_step step;
	struct fh_core_act act;      /* whose gate is FH_GATES_MAX once that has gone */
	struct fh_ask ask;           /* what of both has to stay */
	struct fh_core_actor actor;
	char name[FH_NAME_MAX];
	uint32_t reserve;
	uint64_t from;               /* first entry of the segment at hand */
	uint64_t state;              /* state entry before which something can go; 0: nothing */
	struct fh_arena keys, batch;
	struct fh_shredded shredded; /* by the entries COLLECTED so far */
	uint64_t collected;
	struct fh_pruning pruning;
	bool open;                   /* that has begun to look */
};

/* --- core_act.c: what peers ask of the record itself ------------------------ */

/* A, of which core, gate, ask, actor and action are told, may be decided; or it was refused, and
 * *GOING_ON is false.  Then decides it: an intent says so, which is not durable yet.
 * Errors as fh_core_ask().  */
fh_err fh_core_act_begin(struct fh_core_act *a, bool *going_on);
fh_err fh_core_act_decide(struct fh_core_act *a, bool *going_on);
fh_err fh_core_act_refuse(struct fh_core_act *a, const char *code, const char *text);
/* Appends its outcome: RESULT if STATUS is that, and LEFT is what leaves because of it; *RESERVE
 * was taken for it.  */
fh_err fh_core_act_end(const struct fh_core_act *a, enum fh_outcome_status status,
		       struct fh_span result, struct fh_span left, uint32_t *reserve);

/* --- core_prune.c: what was shredded goes from the disk ----------------------- */

/* Begins to prune one segment for ACTOR at GATE, if the policy lets him, between two entries that
 * say so; takes the next step of that; ends it before its time, because freehold stops; and, for
 * the gate that asked has gone, answers nobody.  Errors as fh_core_ask().  */
fh_err fh_core_prune_ask(struct fh_core *c, size_t gate, const struct fh_ask *ask,
			 const struct fh_core_actor *actor);
fh_err fh_core_prune(struct fh_core *c);
fh_err fh_core_prune_stop(struct fh_core *c);
void fh_core_prune_gate_gone(struct fh_core *c, size_t gate);

#endif
