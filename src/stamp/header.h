/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_HEADER_H
#define FH_STAMP_HEADER_H

#include "crypto/hash.h"
#include "freehold/error.h"
#include "stamp/number.h"

/* One header of a Bitcoin block, and what each network demands of it alone.
 * stamp/headers.h has what it takes to follow another.  docs/spec/STAMP.  */

constexpr size_t FH_HEADER_SIZE = 80;
constexpr uint64_t FH_HEADER_PERIOD = 2016;                /* blocks of one difficulty */
constexpr uint32_t FH_HEADER_TIMESPAN = 14 * 24 * 60 * 60; /* seconds they should take */
constexpr uint64_t FH_HEADER_HEIGHT_MAX = 1 << 22; /* near the year 2089 */
constexpr uint64_t FH_HEADER_HEIGHT_NONE = UINT64_MAX; /* nobody said at what height */

/* The order of the numbers in a file of headers: append, never reorder.  */
enum fh_network {
	FH_NETWORK_MAIN = 0,
	FH_NETWORK_TESTNET = 1, /* testnet3 */
	FH_NETWORK_REGTEST = 2,
};
constexpr int FH_NETWORKS = 3;

/* "main", "testnet" or "regtest", and back (FH_ERR_UNKNOWN).  */
const char *fh_network_text(enum fh_network n);
fh_err fh_network_parse(struct fh_span text, enum fh_network *out);

struct fh_header {
	int32_t version;
	struct fh_hash previous; /* in the order of the bytes, which people see reversed */
	struct fh_hash root;     /* of the block's Merkle tree */
	uint32_t time;           /* seconds of Unix time, as the miner claims */
	uint32_t bits;           /* the target, in short */
	struct fh_hash hash;     /* of all 80 bytes */
};

/* The header in the 80 bytes P.  */
struct fh_header fh_header_of(const uint8_t p[FH_HEADER_SIZE]);

/* Its work meets its own target, and the target is one that NETWORK allows.  */
bool fh_header_works(const struct fh_header *h, enum fh_network network);

/* The target is as hard as that of every block of NETWORK from HEIGHT on was, so
 * far as this program knows: what a header that hangs from nothing must meet.  */
bool fh_header_hard_enough(const struct fh_header *h, enum fh_network network, uint64_t height);

/* NETWORK's easiest target.  */
struct fh_number fh_network_limit(enum fh_network network);
/* ... and whether every block has that one.  */
bool fh_network_constant(enum fh_network network);

/* The bits after a period of blocks with BITS, whose first and last have these
 * times.  */
uint32_t fh_header_retarget(enum fh_network network, uint32_t bits, uint32_t first_time,
			    uint32_t last_time);

/* A block of NETWORK that everybody agrees on stands at HEIGHT: its hash in *OUT.
 * Height 0 is the genesis block.  */
bool fh_network_pinned(enum fh_network network, uint64_t height, struct fh_hash *out);

/* The height of the first such block from HEIGHT on; FH_HEADER_HEIGHT_NONE if there is
 * none.  */
uint64_t fh_network_next_pin(enum fh_network network, uint64_t height);

/* The least version that a block at HEIGHT may have (BIP 34, 66, 65).  */
int32_t fh_network_version(enum fh_network network, uint64_t height);

#endif
