/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_PEER_H
#define FH_ROLE_PEER_H

#include "crypto/hash.h"
#include "freehold/error.h"

/* Who the kernel says is at the other end of a Unix connection.  */
struct fh_peer_identity {
	uint32_t uid, gid;
	bool has_executable;       /* false: we may not look (another user's process) */
	struct fh_hash executable; /* SHA-256 of its program */
};

/* Names the peer of the connected socket FD by SO_PEERCRED and, through its
 * pidfd, so that a process that took over a dead one's number is not mistaken
 * for it, by its program.  FH_ERR_CLOSED if it is gone already.  */
fh_err fh_peer_of(int fd, struct fh_peer_identity *out);

#endif
