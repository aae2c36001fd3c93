/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SANDBOX_PART_H
#define FH_SANDBOX_PART_H

#include "os/file.h"
#include "role/frame.h"
#include "sandbox/house.h"

/* A real role whose counterparts the test plays itself.  */

/* Starts `freehold role WORDS` (NULL-ended) with fds[i] as descriptor 3 + i (-1:
 * closed).  */
pid_t fh_part_start(const struct fh_house *h, const char *const *words, const int *fds, size_t n);
/* Starts the keeper on the state's key files; CORE is core's end of its pair.  */
pid_t fh_part_keeper(const struct fh_house *h, int *core);
/* Kills and reaps PID.  */
void fh_part_end(pid_t pid);

/* A pair of sockets, close-on-exec.  */
void fh_part_pair(int pair[2]);
/* Sends the raw N BYTES; false if the other end is gone.  */
bool fh_part_send(int fd, const void *bytes, size_t n);
/* The next frame within MS; false in vain or at the end of the stream.  */
bool fh_part_hear(struct fh_pipe *p, int ms, struct fh_span *out);
/* The other end is gone, within MS.  */
bool fh_part_cut_off(int fd, int ms);
/* Descriptors that PID has open.  */
size_t fh_part_descriptors(pid_t pid);

#endif
