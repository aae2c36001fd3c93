/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_PEER_H
#define FH_ROLE_PEER_H

#include "role/digest.h"

/* Who the kernel says is at the other end of a Unix connection.  */
struct fh_peer_identity {
	uint32_t uid, gid;
	bool has_executable;       /* false: we may not look (another user's process) */
	struct fh_hash executable; /* SHA-256 of its program */
};

/* Names the user of the peer of the connected socket FD by SO_PEERCRED; its
 * program is not looked at.  */
fh_err fh_peer_name(int fd, struct fh_peer_identity *out);

/* Adds to WHO the peer's program, through its pidfd, so that a process that took
 * over a dead one's number is not mistaken for it.  A digest in SEEN is not made
 * again.  FH_ERR_CLOSED if the peer is gone already.  */
fh_err fh_peer_look(int fd, struct fh_digests *seen, struct fh_peer_identity *who);

#endif
