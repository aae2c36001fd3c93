/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_CORE_FLOOD_H
#define FH_ROLE_CORE_FLOOD_H

#include "role/ask.h"

/* Refusals that are too many to be entries (role/flood.h): what core does with them.
 * docs/spec/LEAF, "Counted refusals".  */

struct fh_core;
struct fh_core_actor;

constexpr uint32_t FH_CORE_REFUSALS_PER_SECOND = 16; /* entries of one gate; more are counted */

/* ASK of ACTOR at gate I is refused for REASON, and is to be counted, not written: because there
 * are so many of him (of nobody: at this gate), or because there is no room; what is replied to it
 * then waits its time.  False: it is to be an entry of its own.  */
bool fh_core_flood(struct fh_core *c, size_t i, const struct fh_core_actor *actor,
		   const struct fh_ask *ask, const char *reason);
/* The answer to QUESTION, of ACTOR at gate I, is no for CODE, and is to be counted, not written;
 * false: as above.  */
bool fh_core_flood_answer(struct fh_core *c, size_t i, const struct fh_core_actor *actor,
			  struct fh_span question, const char *code);
/* TEXT, and that it was counted.  In the scratch arena.  */
struct fh_span fh_core_flood_text(struct fh_core *c, struct fh_span text);
/* Records what was counted of actors and is due; ALL: all of it, since core ends.  */
fh_err fh_core_flood_tell(struct fh_core *c, bool all);
/* When that is to be done next, on the boot clock; UINT64_MAX: not of itself.  */
uint64_t fh_core_flood_due_ms(const struct fh_core *c);

#endif
