/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_FAULT_FAULT_H
#define FH_FAULT_FAULT_H

#include <stddef.h>
#include <sys/types.h>

/* One fault, somewhere among the calls that the linker has wrapped: the loop of
 * a test goes through every place it can have.  */

struct fault {
	bool armed;
	bool met;         /* the call came and failed */
	bool met_again;   /* and the second, if there is one */
	size_t countdown; /* calls that still pass */
	int error;        /* errno of the failing call; FAULT_SHORT: half is done instead */
	bool (*chosen)(const char *call); /* calls that count; NULL: all */
	bool twice;       /* one more fails, GAP calls after the first */
	size_t gap;
	size_t syncs;     /* syncs that succeeded since arming */
	void (*synced)(int fd); /* told of each; NULL: nobody */
	const char *call; /* the one that failed */
	char done[32];    /* what succeeded: write, sync, rename, mkdir, by first letter */
};

constexpr int FAULT_SHORT = 0;

struct fault *fault_now(void);

/* The K-th call from now on fails with ERROR.  */
void fault_arm(size_t k, int error, bool (*chosen)(const char *call));
/* No more faults; whether one was met.  */
bool fault_end(void);
/* CALL is the one that fails.  */
bool fault_fails(const char *call);

/* A directory below /tmp, and its removal with all that is in it.  */
struct fault_place {
	char path[64];
};
void fault_place_make(struct fault_place *p);
void fault_place_drop(struct fault_place *p);

/* Open descriptors of this process.  */
size_t fault_descriptors(void);

#endif
