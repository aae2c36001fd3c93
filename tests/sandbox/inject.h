/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SANDBOX_INJECT_H
#define FH_SANDBOX_INJECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/* Makes another process perform system calls of our choice, as whoever had
 * taken it over could.  x86-64.  */

constexpr size_t FH_INJECT_SPACE = 2048; /* bytes of its stack borrowed for arguments */

struct fh_inject {
	pid_t pid;
	struct user_regs_struct saved; /* its registers when it was stopped */
	uint64_t gadget;               /* address of a `syscall` instruction in it */
	uint64_t space;                /* where arguments are put */
	size_t used;
	uint8_t kept[FH_INJECT_SPACE]; /* what stood there */
	bool gone;                     /* it executed another program, or ended */
};

/* Stops PID; false if it cannot be taken over.  */
bool fh_inject_begin(pid_t pid, struct fh_inject *t);
/* Puts N BYTES into it; their address there.  */
uint64_t fh_inject_put(struct fh_inject *t, const void *bytes, size_t n);
/* Has it make the call NUMBER; its result, a negative error for a failure.  */
long fh_inject_call(struct fh_inject *t, long number, const uint64_t argument[6]);
/* Restores it and lets it go on.  */
void fh_inject_end(struct fh_inject *t);

#endif
