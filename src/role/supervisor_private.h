/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_SUPERVISOR_PRIVATE_H
#define FH_ROLE_SUPERVISOR_PRIVATE_H

#include "os/memory.h"
#include "role/frame.h"
#include "role/peer.h"
#include "role/permit.h"
#include "role/spawn.h"
#include "role/supervisor.h"
#include "store/store.h"

#include <sys/types.h>

/* What the files of the supervisor share.  */

/* A gate of one kernel-named peer.  */
struct supervised_gate {
	pid_t pid;             /* 0: free */
	struct fh_fd control;  /* hands connections over */
	struct fh_peer_identity who;
};

struct fh_supervisor {
	const struct fh_serve *what;
	struct fh_arena memory;
	struct fh_store store;
	/* The keeper's; counter or the TPM.  */
	struct fh_fd signed_file, device, session, counter, witnessed;
	struct fh_fd data[2];
	struct fh_fd log;             /* core's: the firmware's event log, or none */
	bool soft;                    /* made without a chip */
	struct fh_fd unix_socket, tcp_socket;
	char url[160];                /* "http://ADDRESS:PORT", or empty */
	int signals;                  /* signalfd */
	struct fh_fd core_end;        /* our end of the pair with core */
	struct fh_fd core_other;      /* core's, until it has started */
	struct fh_fd network_control; /* our end of the pair with the network gate */
	struct fh_pipe control;       /* over it */
	pid_t core, keeper, reach, network;
	struct supervised_gate gate[FH_GATES_MAX];
	struct fh_digests digests;    /* of peers' programs */
	bool ready, stopping, core_silent;
};

void fh_supervisor_drop(struct fh_supervisor *s);

/* --- supervisor_open.c: the state directory and the sockets --- */
fh_err fh_supervisor_open(struct fh_supervisor *s, struct fh_trace *t);

/* --- supervisor_start.c: the roles --- */
fh_err fh_supervisor_start_core(struct fh_supervisor *s, struct fh_trace *t);
fh_err fh_supervisor_start_network(struct fh_supervisor *s, struct fh_trace *t);
/* Takes a Unix connection, names its peer and hands it to that peer's gate.  */
void fh_supervisor_accept(struct fh_supervisor *s);

#endif
