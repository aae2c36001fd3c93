/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_LEASE_H
#define FH_CLI_LEASE_H

#include "chain/lease.h"
#include "cli/signing.h"
#include "state/lease.h"

/* Leases, for the verbs that meet them: `lease`, `chain import`, `sign` and `status`.  */

/* The last lease for DEVICE among the files of S that its chain lets it take, or did when it
 * was shorter.  */
fh_err fh_lease_look(struct fh_state *s, const struct fh_hash *device, struct fh_lease_taken *out,
		     struct fh_trace *t);

/* Puts the lease FILE, read from WHERE, into the state directory of S if its machine may take
 * it; tells, and returns the exit status.  */
int fh_lease_import(const struct fh_cli *cli, struct fh_state *s, struct fh_span file,
		    const char *where);

/* The file PATH holds a lease.  */
bool fh_lease_is(const char *path);
/* Adds signatures to the lease that A names, for the verb U; returns the exit status.  */
int fh_lease_sign(const struct fh_cli *cli, const struct fh_usage *u, const struct fh_arguments *a);

#endif
