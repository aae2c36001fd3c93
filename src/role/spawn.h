/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_SPAWN_H
#define FH_ROLE_SPAWN_H

#include "freehold/error.h"

#include <sys/types.h>

/* Starting a role: this very program again, with exactly the descriptors it is
 * meant to have.  */

constexpr size_t FH_SPAWN_FDS_MAX = 10;

/* Runs "freehold role NAME ARGUMENT..." with fds[i] as descriptor 3 + i (-1:
 * left closed), standard error kept, everything else closed, no environment
 * but what is fixed here, and its death tied to ours.  ARGUMENT ends with
 * NULL.  */
fh_err fh_spawn_role(const char *name, const char *const *argument, const int *fds, size_t n,
		     pid_t *pid);

/* A pair of connected stream sockets, close-on-exec.  */
fh_err fh_spawn_pair(int pair[2]);

#endif
