/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_LANDLOCK_H
#define FH_ROLE_LANDLOCK_H

#include "base/trace.h"
#include "freehold/error.h"

/* Landlock: rules about objects, the same on every libc and architecture.  */

/* Denies this process all files but those below DIRECTORY[] (NULL-ended; each
 * readable and writable) and below READABLE[] (NULL-ended; readable and
 * executable), and, where the kernel can, TCP (with CONNECT all but connecting), and
 * signals and abstract sockets to the outside.  *LEVEL is the kernel's level, 0 for none:
 * then nothing was denied.  A directory that does not exist is left out.  */
fh_err fh_landlock_apply(const char *const *directory, const char *const *readable, bool connect,
			 int *level, struct fh_trace *t);

/* Sets this process and what it starts apart from all others, whatever their
 * user: it cannot trace them or reach their memory, nor, from level 6 on, signal
 * them.  Files stay as they are.  Below level 2, where that is not to be had,
 * nothing happens.  */
fh_err fh_landlock_apart(void);

#endif
