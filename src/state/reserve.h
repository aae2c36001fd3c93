/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STATE_RESERVE_H
#define FH_STATE_RESERVE_H

#include "policy/decision.h"
#include "state/effect.h"

/* What of a permitted call's charges is known only afterwards: its bytes, and the tokens that
 * the tool server says it used.  Core settles by it, and whoever replays a record.  */
struct fh_reserve {
	struct fh_effect effect;     /* what was taken */
	bool tokens[FH_CHARGES_MAX]; /* of each part: tokens, not bytes */
	uint8_t at[FH_TOKENS_POINTER_MAX]; /* where in the result they are said */
	size_t at_n;                 /* 0: no part is of tokens */
	uint64_t sent;               /* bytes that the request had */
};

/* That of D, the decision about a request to do ACTION with SENT bytes of arguments, under
 * schema S.  Without parts there is nothing to settle.  */
struct fh_reserve fh_reserve_of(const struct fh_schema *s, const struct fh_decision *d,
				struct fh_entity_uid action, uint64_t sent);

/* What R's whole answer gives back, which has RECEIVED bytes and is BODY (checked CBOR; empty if
 * it is not at hand).  Tokens that it does not say, not as an integer, or more of than were
 * taken, stay taken.  */
struct fh_effect fh_reserve_settle(const struct fh_reserve *r, uint64_t received,
				   struct fh_span body);

#endif
