/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STORE_LEASE_FILES_H
#define FH_STORE_LEASE_FILES_H

#include "chain/lease.h"
#include "store/store.h"

/* Leases below chain/: lease-CCCCCCCCCCCCCCCCCCCC-HHHHHHHHHHHHHHHH.fhl, the counter in
 * twenty decimal digits and the first eight bytes of the payload's SHA-256 in hex.  They are
 * only ever added.  Those for other machines of the chain may lie there, too.  */

constexpr size_t FH_LEASE_NAME = 6 + 20 + 1 + 16 + 4; /* without the zero */
constexpr size_t FH_LEASE_FILES_MAX = 100000;         /* in one directory */

struct fh_lease_name {
	char name[FH_LEASE_NAME + 1];
	uint64_t counter;
};

/* The name of the file of F.  */
struct fh_lease_name fh_lease_name_of(const struct fh_lease_file *f);

/* All lease files with a counter greater than AFTER, rising: the order in which to take them.
 * FH_ERR_LIMIT for more than FH_LEASE_FILES_MAX.  */
fh_err fh_lease_files(const struct fh_store *s, uint64_t after, struct fh_arena *a,
		      struct fh_lease_name **out, size_t *count, struct fh_trace *t);

/* The bytes of one of them.  */
fh_err fh_lease_file_load(const struct fh_store *s, const struct fh_lease_name *f,
			  struct fh_arena *a, struct fh_span *out, struct fh_trace *t);

/* Adds the lease file FILE, which the caller has judged.  FH_ERR_EXISTS if it is there.  */
fh_err fh_lease_file_add(const struct fh_store *s, struct fh_span file, struct fh_trace *t);

#endif
