/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_CHAIN_PRIVATE_H
#define FH_CHAIN_CHAIN_PRIVATE_H

#include "chain/chain.h"

/* Who may sign, with the bytes it was read from, so that it can be moved.  */
struct fh_chain_authority {
	struct fh_authority authority;
	struct fh_span body;               /* of the genesis or signers statement */
	bool genesis;                      /* which of the two */
	struct fh_chain_authority *moved;  /* where compaction has put it */
};

/* A statement that both the head and every side of a fork build on.  */
struct fh_chain_step {
	struct fh_hash hash;
	uint64_t issued_ms;
	struct fh_chain_authority *authority; /* who may sign what follows it */
};

/* A statement on a side of a fork.  */
struct fh_chain_side {
	uint64_t sequence;
	struct fh_chain_step step;
	bool end; /* nothing follows it */
};

/* One version of a device, actor, server, pins, policy, witness, roots, hold, shred or reference,
 * or a revocation that brings approvals.  */
struct fh_chain_object {
	enum fh_statement_kind kind;
	struct fh_hash key;      /* what a later version shares with it */
	struct fh_hash revoked_by; /* what a revocation of it names */
	struct fh_span body;     /* its bytes */
	uint64_t sequence;       /* of its statement */
	bool newest;             /* of its key, up to head */
	bool removed;            /* by a revocation at removed_at */
	uint64_t removed_at;
	bool superseded;         /* by a statement behind head, on a side of a fork */
	bool bad;                /* a policy that cannot be evaluated */
	union {
		struct fh_device device;
		struct fh_actor actor;
		struct fh_server server;
		struct fh_pins_held pins;
		struct fh_policy_held policy;
		struct fh_reference_held reference;
		struct fh_witness_held witness;
		struct fh_roots_held roots;
		struct fh_hold_held hold;
		struct fh_shred_held shred;
		struct fh_slot_held slot;
		struct fh_revoke_body revoke; /* one that approves the states that stay */
	};
};

struct fh_chain_removal {
	enum fh_statement_kind what;
	struct fh_hash key;      /* an object's revoked_by */
	uint64_t sequence;       /* of its statement; older objects are removed */
};

/* Where a statement belongs.  */
enum fh_chain_place {
	FH_CHAIN_NEXT, /* behind head of an unforked chain */
	FH_CHAIN_FORK, /* beside a statement of the trunk */
	FH_CHAIN_SIDE, /* behind a statement of a side, or another side */
};

/* --- chain_judge.c: may this statement be believed? ------------------------ */

/* Where V belongs and who may sign there.  */
fh_err fh_chain_place(const struct fh_chain *c, const struct fh_statement *s,
		      enum fh_chain_place *place, const struct fh_authority **authority,
		      struct fh_trace *t);
/* How many signatures are right and wanting; FH_ERR_SIGNATURE if one is wrong
 * or nobody's.  AUTHORITY is NULL for genesis.  */
fh_err fh_chain_count(const struct fh_envelope *v, const struct fh_authority *authority,
		      struct fh_arena *scratch, size_t *more, struct fh_trace *t);
/* The body's form, and a device's proof of possession.  FH_ERR_UNSUPPORTED for
 * what a newer version may understand.  */
fh_err fh_chain_body(const struct fh_statement *s, const struct fh_hash *chain_id,
		     struct fh_trace *t);

/* --- chain_hold.c, chain_boot.c: what is held ------------------------------------------- */

/* Makes ARRAY (COUNT of CAP objects of SIZE) hold one more.  */
fh_err fh_chain_grow(struct fh_arena *a, void *array, size_t count, size_t *cap, size_t size);
/* Reads the statement's body, in memory that stays, into an object.  */
fh_err fh_chain_object_of(const struct fh_statement *s, struct fh_span body,
			  struct fh_chain_object *out);
/* The removal that the revocation R at SEQUENCE makes.  */
struct fh_chain_removal fh_chain_removal_of(const struct fh_revoke_body *r, uint64_t sequence);
/* Adds an object or removal for which there is room, and applies it.  */
void fh_chain_add_object(struct fh_chain *c, const struct fh_chain_object *o);
void fh_chain_add_removal(struct fh_chain *c, const struct fh_chain_removal *r);
/* Takes out of force what the object SIDE, which stands on a side of a fork,
 * replaces: what went before it neither comes back nor is what it grants.  */
void fh_chain_supersede(struct fh_chain *c, const struct fh_chain_object *side);
/* Takes every device that BODY, of a reference or a revocation, names with a boot
 * epoch to that epoch, unless it has come further.  */
void fh_chain_raise_epochs(struct fh_chain *c, enum fh_statement_kind kind, struct fh_span body);
/* The revocation O approves something that an approval could still be used for.  */
bool fh_chain_renews(const struct fh_chain *c, const struct fh_chain_object *o);
/* The same for a revocation on a side: of pins, it leaves their server free no more.  */
void fh_chain_supersede_removal(struct fh_chain *c, const struct fh_chain_removal *side);
/* Works out anew which objects are in force, after head has moved back.  */
void fh_chain_refresh(struct fh_chain *c);
/* Moves what is in force to the other arena.  On FH_ERR_NOMEM C is as before.  */
fh_err fh_chain_compact(struct fh_chain *c);
/* A copy of the authority in BODY.  */
fh_err fh_chain_authority_of(struct fh_arena *a, struct fh_span body, bool genesis,
			     struct fh_chain_authority **out);
/* The newest policy up to head, in force or not, or NULL.  */
const struct fh_chain_object *fh_chain_newest_policy(const struct fh_chain *c);

#endif
