/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_FRAME_H
#define FH_ROLE_FRAME_H

#include "base/arena.h"
#include "base/builder.h"
#include "os/file.h"

/* Frames between roles: a 32-bit big-endian length and that many bytes of
 * deterministic CBOR, on a stream socket pair.  A frame may carry one
 * descriptor (SCM_RIGHTS).  Malformed framing kills the pair.  docs/spec/DOOR.  */

/* One end of a pair with what has been received and not yet consumed.  */
struct fh_pipe {
	int fd;             /* borrowed; -1 once closed */
	uint8_t *p;         /* receive buffer, given by the owner */
	size_t cap;         /* its size: largest frame + 4 */
	size_t from;        /* first byte not consumed */
	size_t n;           /* end of the bytes received */
	struct fh_fd passed; /* the descriptor that came last, until taken */
};

/* A pipe over FD with a receive buffer of FRAME_MAX + 4 bytes from ARENA.  */
fh_err fh_pipe_open(int fd, size_t frame_max, struct fh_arena *arena, struct fh_pipe *out);

/* Receives what is there (blocking unless FD is non-blocking).  FH_ERR_CLOSED
 * at the end of the stream, FH_ERR_STATE if a non-blocking FD has nothing.  */
fh_err fh_pipe_receive(struct fh_pipe *p);

/* The next whole frame's body in *OUT (valid until the next receive), or
 * FH_ERR_MISSING if there is none yet; FH_ERR_LIMIT or FH_ERR_FORMAT if what is
 * there can never be one: close the pair.  */
fh_err fh_pipe_next(struct fh_pipe *p, struct fh_span *out);

/* Blocks until a whole frame is there.  */
fh_err fh_pipe_wait(struct fh_pipe *p, struct fh_span *out);

/* Sends one frame, blocking, with PASS as its descriptor unless it is -1.  */
fh_err fh_frame_send(int fd, struct fh_span body, int pass);

/* Moves the descriptor that came last out of P; none if there was none.  */
struct fh_fd fh_pipe_take_fd(struct fh_pipe *p);

/* Closes a descriptor that came and was not taken; FD and the buffer are the
 * owner's.  A zeroed one is fine.  */
void fh_pipe_drop(struct fh_pipe *p);

#endif
