/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_HEADERS_H
#define FH_STAMP_HEADERS_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/trace.h"
#include "stamp/header.h"

/* Headers of one network, as many as somebody gave us: whole chains from the
 * genesis block, or a few that hang from nothing.  Every header is held to every
 * rule that can be checked with what is there, and of branches the one with the
 * most work counts.  The only rules that are not looked at are those about blocks'
 * contents, and that no time may lie two hours ahead of a clock.
 * docs/spec/STAMP.  */

constexpr size_t FH_HEADERS_FILE_MAX = 512 << 20; /* with hex lines: 3 million headers */
constexpr size_t FH_HEADERS_RUNS_MAX = 4096;      /* branches, and headers that stand alone */

/* What speaks for a header besides its own work; more is better.  */
enum fh_header_trust {
	FH_HEADER_UNPLACED, /* nobody said at what height it is */
	FH_HEADER_ALONE,    /* it hangs from nothing that is known */
	FH_HEADER_SHORT,    /* its chain ends before the next block that this program knows */
	FH_HEADER_PINNED,   /* it is linked with a block that this program knows */
	FH_HEADER_GENESIS,  /* every header since the genesis block was checked */
};
constexpr int FH_HEADER_TRUSTS = 5;

/* "unplaced", "alone", "short", "pinned" or "genesis", and back (FH_ERR_UNKNOWN).  */
const char *fh_header_trust_text(enum fh_header_trust t);
fh_err fh_header_trust_parse(struct fh_span text, enum fh_header_trust *out);

/* Headers that follow each other.  */
struct fh_header_run {
	uint64_t first; /* height of the first one; counted from 0 if it is unplaced */
	size_t at, n;   /* where they are in the set */
	size_t parent;  /* the run that the first one follows, or SIZE_MAX */
	enum fh_header_trust trust;
};

struct fh_headers {
	enum fh_network network;
	uint8_t *bytes;         /* FH_HEADER_SIZE each */
	struct fh_number *work; /* of each and of all before it, as far as they are known */
	size_t n, cap;
	struct fh_header_run *run;
	size_t runs;
	/* Of what was added last: */
	struct fh_hash tip;
	struct fh_number target_work; /* of one block with BITS */
	uint32_t bits;
};

/* A header in the set, and what speaks for it.  */
struct fh_header_place {
	struct fh_header header;
	uint64_t height;     /* FH_HEADER_HEIGHT_NONE if it is unplaced */
	enum fh_header_trust trust;
	uint64_t following;  /* headers that follow it */
	struct fh_number work; /* what it takes to make it and them again */
};

/* An empty set for CAP headers, in A.  */
fh_err fh_headers_begin(enum fh_network network, size_t cap, struct fh_arena *a,
			struct fh_headers *out);
size_t fh_headers_memory(size_t cap);

/* Adds the header P at HEIGHT, or at FH_HEADER_HEIGHT_NONE; one that is there already
 * is fine.  FH_ERR_FORMAT if it breaks a rule, FH_ERR_CONFLICT if another block is
 * known to stand there, FH_ERR_LIMIT if there is no room, each with a reason in T.  */
fh_err fh_headers_add(struct fh_headers *h, uint64_t height, const uint8_t p[FH_HEADER_SIZE],
		      struct fh_trace *t);

/* Reads a file of headers in any of the forms of docs/spec/STAMP.  A file of ours for
 * another network is FH_ERR_CONFLICT.  fh_headers_memory(fh_headers_count(FILE)) is
 * enough memory.  */
fh_err fh_headers_read(struct fh_span file, enum fh_network network, struct fh_arena *a,
		       struct fh_headers *out, struct fh_trace *t);
size_t fh_headers_count(struct fh_span file);

/* The same, into the set H, which has headers already.  */
fh_err fh_headers_read_more(struct fh_headers *h, struct fh_span file, struct fh_trace *t);

/* The header at HEIGHT on the best branch that has one: the one that is trusted most,
 * and of those the one with the most work.  */
bool fh_headers_find(const struct fh_headers *h, uint64_t height, struct fh_header_place *out);

/* An unplaced header whose Merkle root is ROOT.  */
bool fh_headers_find_root(const struct fh_headers *h, const struct fh_hash *root,
			  struct fh_header_place *out);

/* They are one header that nobody gave a height: it was given for one proof.  */
bool fh_headers_is_single(const struct fh_headers *h);

/* The tip of the best branch; false if there is no placed header.  */
bool fh_headers_tip(const struct fh_headers *h, struct fh_header_place *out);

/* The height at which the best branch begins; FH_HEADER_HEIGHT_NONE if there is none.  */
uint64_t fh_headers_first(const struct fh_headers *h);

/* Writes the best branch as a file of ours (docs/spec/STAMP).  */
void fh_headers_put(struct fh_builder *b, const struct fh_headers *h);
size_t fh_headers_put_size(const struct fh_headers *h);

#endif
