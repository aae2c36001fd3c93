/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_LISTEN_H
#define FH_ROLE_LISTEN_H

#include "base/limits.h"
#include "base/trace.h"
#include "os/file.h"

/* Listening sockets.  */

/* Listens on TEXT, "ADDRESS:PORT" ("[ADDRESS]:PORT" for IPv6; numbers only,
 * nothing is looked up).  The port in use, which differs if PORT is 0, in
 * *PORT.  FH_ERR_FORMAT, FH_ERR_LOCKED (in use), FH_ERR_PERMISSION.  */
fh_err fh_listen_tcp(const char *text, struct fh_fd *out, uint16_t *port, struct fh_trace *t);

/* Listens on the Unix socket PATH, in place of one that nobody listens on any
 * more.  Everybody may connect: who it is, the kernel says.  */
fh_err fh_listen_unix(const char *path, struct fh_fd *out, struct fh_trace *t);

#endif
