/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_REACH_H
#define FH_ROLE_REACH_H

#include "role/role.h"

/* Descriptors of a worker besides the pair with core.  */
enum fh_worker_fd {
	FH_WORKER_FROM = FH_FD_FIRST,   /* the tool server's standard output */
	FH_WORKER_TO = FH_FD_FIRST + 1, /* its standard input */
	FH_WORKER_END = FH_FD_FIRST + 2,
};

#endif
