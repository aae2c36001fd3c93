/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_LEASE_H
#define FH_CHAIN_LEASE_H

#include "chain/chain.h"

/* A lease: the operator's word to one device that it may go on for a while.  It is signed as
 * statements are and stands beside the chain, not in it (docs/spec/STATEMENT, "Leases"):
 * thousands of them neither make the chain longer nor fork it.  */

constexpr uint64_t FH_LEASE_VERSION = 1;

/* What each signature names as its purpose (external_aad), and the kind whose threshold
 * counts.  */
#define FH_LEASE_AAD "freehold/lease/v1"
#define FH_LEASE_KIND "lease"

struct fh_lease {
	struct fh_hash chain_id;
	struct fh_hash head;     /* a statement that the device must hold */
	struct fh_hash device;   /* its id */
	uint64_t counter;        /* greater than that of every lease it took before */
	uint64_t issued_ms;      /* when it was signed, as the signer says */
	uint64_t begins_ms;      /* not before */
	uint64_t duration_ms;    /* from then on; at least 1 */
	struct fh_span payload;  /* the bytes all of this was read from */
};

/* A lease and who signed it.  */
struct fh_lease_file {
	struct fh_lease lease;
	struct fh_cose_signature signature[FH_STATEMENT_SIGNATURES_MAX]; /* rising key ids */
	size_t signatures;
};

constexpr size_t FH_LEASE_PAYLOAD_MAX = 192;
constexpr size_t FH_LEASE_FILE_MAX = FH_LEASE_PAYLOAD_MAX
	+ FH_STATEMENT_SIGNATURES_MAX * (FH_MLDSA65_SIGNATURE_SIZE + 64) + 64;

/* Writes the payload of L.  The file is made by fh_envelope_put().  */
void fh_lease_put(struct fh_builder *b, const struct fh_lease *l);

/* FILE looks like a lease rather than a statement.  */
bool fh_lease_file_is(struct fh_span file);
/* Reads a lease file, strictly; whether it may be believed is judged below.  Spans look
 * into FILE.  T may be NULL.  */
fh_err fh_lease_file_read(struct fh_span file, struct fh_lease_file *out, struct fh_trace *t);

/* Whether the signatures of F are right and by those who may sign at C's present head, and
 * how many more are needed.  FH_ERR_SIGNATURE: one is wrong, or nobody's.  */
fh_err fh_lease_wants(const struct fh_chain *c, const struct fh_lease_file *f, size_t *more,
		      struct fh_trace *t);

/* May DEVICE, which has taken leases up to the counter LAST, take F now?  FH_ERR_OK, or
 *   FH_ERR_UNKNOWN    it is of another chain
 *   FH_ERR_CONFLICT   it is for another device
 *   FH_ERR_MISSING    it names a statement that C does not hold: import that first
 *   FH_ERR_EXISTS     its counter is not greater than LAST
 *   FH_ERR_STATE      the chain is not live: nothing new is granted
 *   FH_ERR_SIGNATURE  a signature is wrong, nobody's, or too few of them
 * The answer depends on C's present head.  */
fh_err fh_lease_judge(const struct fh_chain *c, const struct fh_lease_file *f,
		      const struct fh_hash *device, uint64_t last, struct fh_trace *t);

/* Whether DEVICE may hold F as taken: whatever took it judged by the head of that moment, and
 * F is signed as it had to be while some statement, from the one that it names to the head,
 * was the last.  That it was taken, only the record of DEVICE tells.  What fh_lease_judge()
 * lets pass is so, and it stays so when signers change and when the chain forks.  */
bool fh_lease_may_be_taken(const struct fh_chain *c, const struct fh_lease_file *f,
			   const struct fh_hash *device);

/* When what BEGINS and takes a DURATION ends; the end of time if that does not fit.  */
uint64_t fh_lease_end(uint64_t begins_ms, uint64_t duration_ms);

#endif
