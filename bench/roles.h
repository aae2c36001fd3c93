/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BENCH_ROLES_H
#define FH_BENCH_ROLES_H

#include "os/memory.h"
#include "role/frame.h"
#include "role/spawn.h"
#include "store/store.h"

/* Core and keeper as `freehold serve` runs them, confined and out of the very
 * program that is shipped, with the bench in the place of the supervisor, of the
 * network gate and of reach.  So what is measured is core's socket, the record
 * and the keeper; no client, no HTTP and no tool server is in the way.  */

constexpr size_t BENCH_SESSIONS_MAX = 32;

/* A client session, whose worker is the bench, too.  */
struct bench_session {
	uint8_t id[16];
	struct fh_fd worker; /* our end of the worker's pair */
	struct fh_pipe in;   /* over it */
};

struct bench_roles {
	struct fh_arena memory;
	struct fh_store store;
	struct fh_fd control, gate, reach; /* our ends of core's pairs */
	struct fh_pipe gate_in;
	pid_t core, keeper;
	uint64_t exchange;                 /* the last one used */
	struct bench_session session[BENCH_SESSIONS_MAX];
	size_t sessions;
};

void bench_roles_drop(struct bench_roles *r);

/* Call first in main(): becomes the role if this process was started as one.  */
void bench_roles_become(int argc, char **argv);

/* Starts both on the state directory PATH and waits until core serves.  */
fh_err bench_roles_start(const char *path, struct bench_roles *r, struct fh_trace *t);

/* Opens one more session with SERVER for the bearer of TOKEN.  */
fh_err bench_roles_session(struct bench_roles *r, const char *server, const char *token);

/* What the record below the state directory holds.  */
struct bench_record {
	uint64_t entries, batches, bytes;
};

fh_err bench_roles_record(const struct bench_roles *r, struct bench_record *out);

#endif
