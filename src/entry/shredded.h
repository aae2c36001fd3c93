/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_SHREDDED_H
#define FH_ENTRY_SHREDDED_H

#include "base/arena.h"
#include "entry/shred.h"

/* Which entries of a record have been shredded with a record of it: all shred entries are added,
 * and then each sealed entry can be asked about.  A key's name can end more than once: what was
 * sealed after it ended was so with another key.  */

struct fh_shredded_key {
	uint8_t name[FH_SEAL_NAME_SIZE];
	uint64_t by; /* index of the shred entry */
};

struct fh_shredded {
	struct fh_shredded_key *key;
	size_t n, cap;
	bool sorted;
};

/* Takes memory of ARENA for CAP keys.  */
fh_err fh_shredded_begin(struct fh_arena *arena, size_t cap, struct fh_shredded *out);

/* The same for CAP keys, at least as many as *OUT holds, which are moved there from other
 * memory.  */
fh_err fh_shredded_move(struct fh_arena *arena, size_t cap, struct fh_shredded *out);

/* The shred entry BY ended the keys of PAYLOAD.  FH_ERR_FORMAT, FH_ERR_LIMIT.  */
fh_err fh_shredded_add(struct fh_shredded *s, uint64_t by, struct fh_span payload);

/* The detail in the PAYLOAD of a shred entry; it looks into it.  */
fh_err fh_shred_of_payload(struct fh_span payload, struct fh_shred *out);

/* The shred entry that ended the key NAME, with which something of the entry INDEX was sealed, into
 * *BY; FH_ERR_MISSING if none did.  */
fh_err fh_shredded_key_find(struct fh_shredded *s, uint64_t index, struct fh_span name,
			    uint64_t *by);

/* The same of what the entry INDEX with this stored PAYLOAD, or its stub, was sealed with first;
 * FH_ERR_MISSING also if it is not sealed.  */
fh_err fh_shredded_find(struct fh_shredded *s, uint64_t index, struct fh_span payload,
			uint64_t *by);

#endif
