/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_STAMP_H
#define FH_VERIFY_STAMP_H

#include "stamp/headers.h"
#include "stamp/stamp.h"
#include "verify/finding.h"

/* An OpenTimestamps proof, of anybody's file, against headers of Bitcoin.  Of the
 * four answers only `authentic` is given.  docs/spec/STAMP.  */

struct fh_stamp_check {
	struct fh_finding finding;
	struct fh_stamp_file stamp;   /* what was read; no root if it could not be */
	struct fh_stamp_claim *claim; /* its attestations */
	size_t claims;
	bool existed;                 /* an attestation holds, and what follows is filled */
	enum fh_network network;      /* which the headers are of */
	uint64_t height;              /* of the block, as the attestation has it */
	struct fh_header_place place; /* its header; its time is when the file existed */
};

/* Checks that the proof OTS is of the FILE, and its attestations against HEADERS, which
 * may be NULL; only such count whose trust is at least LEAST.  Memory comes from A, and
 * FH_STAMP_MEMORY is enough.  Not FH_ERR_OK only if there is no memory.  */
fh_err fh_stamp_verify(struct fh_span ots, struct fh_span file, const struct fh_headers *headers,
		       enum fh_header_trust least, struct fh_arena *a, struct fh_stamp_check *out);

#endif
