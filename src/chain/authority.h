/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_AUTHORITY_H
#define FH_CHAIN_AUTHORITY_H

#include "base/arena.h"
#include "chain/approval.h"
#include "chain/body.h"

/* Who may sign, followed through `genesis` and the `signers` statements alone, and for whom
 * recovery slots are, through `slot` statements: for a reader who holds nothing but the chain
 * id and must not take anybody's word for the rest.  What lies between them is not seen, so a
 * later one can be withheld from such a reader; none can be made up.  */

/* Largest statement file of the two kinds: 16 signers, 16 recovery keys, and 32
 * signatures.  */
constexpr size_t FH_AUTHORITY_FILE_MAX = 192 << 10;

struct fh_authority_line {
	struct fh_hash chain_id;        /* given: the statement hash of genesis */
	struct fh_authority authority;  /* who may sign what follows */
	uint64_t sequence;              /* of the statement that says so */
	bool begun;                     /* genesis was seen */
	struct fh_kem_public recipient; /* whom the record's recovery slots are for: as genesis has
					   it, or the last `slot`, */
	bool slotless;                  /* which wants none */
	/* Given: for whom a key is sealed, or nobody.  Once the line has come to them it goes
	 * nowhere behind them, whatever is withheld: until then it tells of the past.  */
	struct fh_release held;
	bool met;
};

/* Takes the next statement of these kinds.  What AUTHORITY points to is copied to
 * KEPT, unless it is as it was, behind a `slot`; SCRATCH is reset.  FH_ERR_UNKNOWN: of
 * another chain, or not the next; FH_ERR_SIGNATURE: not signed as the old and the new
 * authority demand; otherwise as fh_envelope_parse().  On any error L is as before.  */
fh_err fh_authority_follow(struct fh_authority_line *l, struct fh_span file, struct fh_arena *kept,
			   struct fh_arena *scratch, struct fh_trace *t);

/* Whom the data epochs' recovery slots are for: a KEM's public key, or empty.  */
static inline struct fh_span fh_authority_recipient(const struct fh_authority_line *l)
{
	return l->slotless ? (struct fh_span){ 0 } : FH_SPAN_ARRAY(l->recipient.bytes);
}

/* Who approves boot states under A: the companions of its signers, and how many of them
 * it takes, into R; the rest of R is left as it is.  False, and nothing, if there are more
 * signers than FH_COMPANIONS_MAX.  */
bool fh_authority_approvers(const struct fh_authority *a, struct fh_release *r);

#endif
