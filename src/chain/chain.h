/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_CHAIN_H
#define FH_CHAIN_CHAIN_H

#include "base/arena.h"
#include "chain/body.h"

/* What the statements of one authority chain add up to.  The daemon, the
 * command line and the verifier accept by these functions and no others.
 *
 * Feed every statement once, lowest sequence first, with fh_chain_accept().
 * A second valid statement at one sequence is a fork, whenever it comes: the
 * chain then stands at the last statement both sides share, less whatever
 * either side revokes or replaces, and nothing new is granted.  A statement of
 * a kind that this version does not understand stops the chain: no grant is
 * returned any more.
 *
 * Memory: objects live in one of two arenas of equal size.  When the first is
 * full, what is still in force moves to the other and the first is reset, so a
 * process that accepts for years needs 2 * FH_CHAIN_ARENA at most; FH_ERR_NOMEM
 * only when what is in force at one time does not fit.  Pointers and spans from
 * look-ups hold until the next call of fh_chain_accept().  */

/* Enough for FH_CHAIN_MAX hashes, several of the largest policies and the most
 * objects that may be alive, keys included.  */
constexpr size_t FH_CHAIN_ARENA = 48 << 20;
/* Working memory of one fh_chain_accept(), policy check included.  */
constexpr size_t FH_CHAIN_SCRATCH = 72 << 20;
/* Sides of a fork that are followed.  More are refused: FH_ERR_LIMIT.  */
constexpr size_t FH_CHAIN_BRANCHES_MAX = 8;

/* What chain/ asks of the layers below it.  */
struct fh_chain_checks {
	/* The texts of a policy statement can be evaluated by this version.  NULL:
	 * not looked at, for programs that decide nothing.  */
	fh_err (*policy)(const struct fh_policy_body *p, struct fh_arena *scratch,
			 struct fh_trace *t);
	/* The same for the definitions of a pins statement, asked before it is signed; NULL:
	 * not looked at.  */
	fh_err (*pins)(const struct fh_pins_body *pins, struct fh_arena *scratch,
		       struct fh_trace *t);
};

enum fh_chain_state {
	FH_CHAIN_EMPTY = 0, /* no genesis yet: nothing is permitted */
	FH_CHAIN_LIVE,      /* all statements understood and in force */
	FH_CHAIN_FORKED,    /* stands at the common prefix; only `recover` resolves it */
	FH_CHAIN_STOPPED,   /* nothing is permitted; `why` says what to update */
};
/* "empty", "live", "forked", "stopped".  */
const char *fh_chain_state_text(enum fh_chain_state s);

/* One end of the chain: the head, or the head of a side of a fork.  */
struct fh_chain_head {
	uint64_t sequence;
	struct fh_hash hash;
	uint64_t issued_ms;
	const struct fh_authority *authority; /* who may sign what follows */
};

/* Something in force, or for devices also what was.  */
struct fh_device {
	struct fh_hash id;         /* SHA-256 of its key */
	struct fh_device_body body;
	uint64_t sequence;         /* of its statement */
	bool revoked;              /* no longer enrolled */
	bool superseded;           /* not by a revocation, but by a side of a fork */
	uint64_t revoked_at;       /* sequence of the revocation, if there is one */
	uint64_t epoch;            /* boot epoch that the chain takes it to: it never falls */
};
struct fh_actor {
	struct fh_actor_body body;
	uint64_t sequence;
};
struct fh_server {
	struct fh_server_body body;
	uint64_t sequence;
};
struct fh_pins_held {
	struct fh_pins_body body;
	uint64_t sequence;
};
struct fh_policy_held {
	struct fh_policy_body body;
	struct fh_hash hash;       /* of its statement */
	uint64_t sequence;
};

struct fh_witness_held {
	struct fh_witness_body body;
	uint64_t sequence;
};

struct fh_roots_held {
	struct fh_roots_body body;
	uint64_t sequence;
};

struct fh_hold_held {
	struct fh_hold_body body;
	uint64_t sequence;
};

/* A shred that is wished for, or has been carried out: the chain does not tell.  */
struct fh_shred_held {
	struct fh_shred_body body;
	uint64_t sequence;
};

struct fh_slot_held {
	struct fh_slot_body body;
	uint64_t sequence;
};

struct fh_reference_held {
	struct fh_reference_body body;
	struct fh_hash hash;       /* of its statement */
	uint64_t sequence;
};

struct fh_chain_step; /* chain_private.h */
struct fh_chain_side;
struct fh_chain_object;
struct fh_chain_removal;

struct fh_chain {
	/* To be read by anyone.  */
	enum fh_chain_state state;
	struct fh_hash id;              /* genesis' statement hash */
	struct fh_span name;            /* from genesis */
	enum fh_placement placement;    /* of the operator key, from genesis */
	struct fh_span recipient;       /* KEM public key, from genesis */
	struct fh_chain_head head;      /* what is in force; when forked the common prefix */
	struct fh_chain_head branch[FH_CHAIN_BRANCHES_MAX]; /* when forked: each side's head */
	size_t branches;                /* 0 unless forked */
	struct fh_trace why;            /* when stopped or forked: for people */

	/* Private to src/chain.  */
	struct fh_chain_checks checks;
	struct fh_arena *live, *spare;
	struct fh_span genesis;           /* its body */
	struct fh_chain_step *step;       /* each statement up to head, by sequence */
	size_t steps, step_cap;
	struct fh_chain_side *side;       /* when forked: each statement behind head */
	size_t sides, side_cap;
	struct fh_chain_object *object;   /* every version of every object since floor */
	size_t objects, object_cap;
	struct fh_chain_removal *removal; /* every revocation since floor */
	size_t removals, removal_cap;
	uint64_t floor;                   /* what was replaced before this is forgotten */
	bool stopped;                     /* something was met that is not understood */
};

/* An empty chain over two arenas, equally large, which it keeps.  */
void fh_chain_begin(struct fh_arena *live, struct fh_arena *spare, struct fh_chain_checks checks,
		    struct fh_chain *out);

/* Takes one statement file if everything about it is right, and applies it.
 * The bytes are copied; SCRATCH is reset.  T says what is wrong:
 *   FH_ERR_FORMAT, _LIMIT, _VERSION  the file or its body
 *   FH_ERR_SIGNATURE   a signature is wrong, unknown, or too few of them
 *   FH_ERR_MISSING     statements before this one are missing: import them first
 *   FH_ERR_UNKNOWN     of another chain, or follows what this chain does not hold
 *   FH_ERR_EXISTS      held already; nothing changed
 *   FH_ERR_STATE       `recover`, which is not supported yet
 *   FH_ERR_NOMEM       does not fit the arena
 * On any of these C is as before.  What counts is the statement, its signatures
 * and who could sign at its place, so every reader takes the same statements in
 * any order.  A fork, a kind that is not understood and a policy that cannot be
 * evaluated are FH_ERR_OK: the statement counts, and c->state and c->why tell.
 * A policy that can be evaluated ends the last of the three.  */
fh_err fh_chain_accept(struct fh_chain *c, struct fh_span file, struct fh_arena *scratch,
		       struct fh_trace *t);

/* What is asked before signing PAYLOAD as the next statement: everything but
 * the signatures, and stricter than accepting it.  FH_ERR_UNSUPPORTED for what
 * is not understood, FH_ERR_STATE when the chain is forked or stopped,
 * FH_ERR_CONFLICT when it is not the next one, or revokes what is not there,
 * FH_ERR_LIMIT for more than FH_CHAIN_OBJECTS_MAX of a kind; a policy's own
 * errors as policy/set.h has them.  */
fh_err fh_chain_check(const struct fh_chain *c, struct fh_span payload, struct fh_arena *scratch,
		      struct fh_trace *t);

/* Whether the signatures of the statement FILE, which need not be enough yet,
 * are right, and how many more its kind needs at the head: 0 means it can be
 * imported.  For gathering signatures one by one.  */
fh_err fh_chain_wants(const struct fh_chain *c, struct fh_span file, struct fh_arena *scratch,
		      size_t *more, struct fh_trace *t);

/* When the statement at SEQUENCE (up to head) was signed, as its signer says; else 0.  */
uint64_t fh_chain_issued_at(const struct fh_chain *c, uint64_t sequence);
/* The hash of the statement at SEQUENCE (up to head) into *OUT.  */
fh_err fh_chain_hash_at(const struct fh_chain *c, uint64_t sequence, struct fh_hash *out);
/* The sequence of the statement with HASH, which then is on this chain (up to
 * head); FH_ERR_UNKNOWN otherwise.  */
fh_err fh_chain_find(const struct fh_chain *c, const struct fh_hash *hash, uint64_t *sequence);
/* The statement at SEQUENCE with HASH is held: on this chain, or on a side of a fork,
 * where it may have been the head before the fork was known.  */
bool fh_chain_holds(const struct fh_chain *c, uint64_t sequence, const struct fh_hash *hash);

/* The newest statement about the device with this id, revoked ones included,
 * or NULL.  Answers in every state, because old records must stay verifiable.  */
const struct fh_device *fh_chain_device(const struct fh_chain *c, const struct fh_hash *id);

/* Grants: NULL if there is none, and always NULL unless LIVE or FORKED.
 * Expiry is the caller's business, who knows the time.  */

/* The actor whose peer credential is UID and, if it names one, EXECUTABLE
 * (SHA-256; empty if unknown).  One that names the executable is preferred;
 * among equals the newest statement.  */
const struct fh_actor *fh_chain_actor_by_peer(const struct fh_chain *c, uint32_t uid,
					      struct fh_span executable);
/* The actor whose bearer token has this SHA-256.  Compares in constant time.  */
const struct fh_actor *fh_chain_actor_by_bearer(const struct fh_chain *c,
						const struct fh_hash *token_hash);
const struct fh_actor *fh_chain_actor(const struct fh_chain *c, struct fh_span name);
const struct fh_server *fh_chain_server(const struct fh_chain *c, struct fh_span name);
/* What is pinned of the server NAME; without, its tools may be what they like.  */
const struct fh_pins_held *fh_chain_pins(const struct fh_chain *c, struct fh_span name);
/* The newest policy, unless revoked, or replaced on a side of a fork.  */
const struct fh_policy_held *fh_chain_policy(const struct fh_chain *c);
/* The newest witness statement, unless replaced on a side of a fork.  */
const struct fh_witness_held *fh_chain_witness(const struct fh_chain *c);
/* The newest slot statement, unless replaced on a side of a fork; NULL: genesis' recipient.  */
const struct fh_slot_held *fh_chain_slot(const struct fh_chain *c);

/* The newest roots statement up to head, or NULL; in every state, since who holds on to it
 * believes no more TPMs than without.  */
const struct fh_roots_held *fh_chain_roots(const struct fh_chain *c);

/* References in force; *AT starts at 0; NULL at the end.  Not revoked ones, and
 * none while the chain is STOPPED.  */
const struct fh_reference_held *fh_chain_reference_next(const struct fh_chain *c, size_t *at);
/* The reference with this statement hash, if it is in force.  */
const struct fh_reference_held *fh_chain_reference(const struct fh_chain *c,
					      const struct fh_hash *hash);

/* Approvals in force for DEVICE: those of references, and those that revocations
 * of others brought.  Those of earlier epochs are among them, because a chip comes
 * to an epoch later than the chain; not those of FH_EPOCHS_BEHIND_MAX before.  */
struct fh_chain_approvals {
	size_t object, approval;   /* both start at 0 */
};
bool fh_chain_approval_next(const struct fh_chain *c, const struct fh_hash *device,
			    struct fh_chain_approvals *at,
			    	const struct fh_reference_held **reference,
			    struct fh_approval *out);
/* What a device key is sealed under for those who approve at the head; false if it cannot
 * be for so many.  */
bool fh_chain_release(const struct fh_chain *c, const struct fh_hash *device, uint64_t epoch,
		      struct fh_release *out);
/* The same for those who approved at genesis, whose key a machine seals that asks to be
 * enrolled.  */
bool fh_chain_release_first(const struct fh_chain *c, const struct fh_hash *device,
			    uint64_t epoch, struct fh_release *out);
/* Approvals of R, rightly signed by enough companions, release what is sealed under
 * RELEASE.  One that is wrong is for whoever uses it to pass over: the statement is the
 * operator's all the same.  */
bool fh_chain_releases(const struct fh_chain *c, const struct fh_release *release,
		       const struct fh_reference_held *r);
/* R is rightly approved for DEVICE in EPOCH: by somebody, or, where the head takes several,
 * by enough of them.  */
bool fh_chain_approves(const struct fh_chain *c, const struct fh_reference_held *r,
		       const struct fh_hash *device, uint64_t epoch);
/* The boot epoch that the chain takes DEVICE to: the highest that its enrolment, a
 * revocation or an approval ever named, whatever became of them.  0 for a device
 * that is not known.  */
uint64_t fh_chain_epoch(const struct fh_chain *c, const struct fh_hash *device);
/* Whether STATE is one that is approved for DEVICE: then its reference, else
 * NULL.  */
const struct fh_reference_held *fh_chain_approved(const struct fh_chain *c,
					     const struct fh_hash *device,
					     const struct fh_pcr_state *now);

/* Holds and wishes to shred that are in force, likewise; none unless LIVE or FORKED.  */
const struct fh_hold_held *fh_chain_hold_next(const struct fh_chain *c, size_t *at);
/* One of them is on everything, and the chain is live.  */
bool fh_chain_holds_all(const struct fh_chain *c);
const struct fh_shred_held *fh_chain_shred_next(const struct fh_chain *c, size_t *at);
/* The hold that keeps what is recorded of SUBJECT, or NULL.  */
const struct fh_hold_held *fh_chain_hold_of(const struct fh_chain *c, struct fh_span subject);

/* Pins in force, those of each server once; *AT starts at 0; NULL at the end.  */
const struct fh_pins_held *fh_chain_pins_next(const struct fh_chain *c, size_t *at);

/* Iteration, for people: *AT starts at 0; NULL at the end.  Devices include
 * revoked ones; actors and servers are those in force.  */
const struct fh_device *fh_chain_device_next(const struct fh_chain *c, size_t *at);
const struct fh_actor *fh_chain_actor_next(const struct fh_chain *c, size_t *at);
const struct fh_server *fh_chain_server_next(const struct fh_chain *c, size_t *at);

#endif
