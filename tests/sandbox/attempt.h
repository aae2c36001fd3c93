/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SANDBOX_ATTEMPT_H
#define FH_SANDBOX_ATTEMPT_H

#include <sys/socket.h>
#include <sys/un.h>

#include "sandbox/house.h"
#include "sandbox/inject.h"

/* What a role that was taken over would try, as data.  */

/* The processes that are tried.  */
enum fh_suspect {
	FH_SUSPECT_SUPERVISOR,
	FH_SUSPECT_KEEPER,
	FH_SUSPECT_CORE,
	FH_SUSPECT_REACH,
	FH_SUSPECT_WORKER,
	FH_SUSPECT_NETWORK_GATE,
	FH_SUSPECT_PEER_GATE,
	FH_SUSPECT_COURIER, /* comes and goes, so the test starts one that waits */
	FH_SUSPECTS,
	FH_SUSPECT_NOBODY = FH_SUSPECTS, /* an unconfined process, for comparison */
};

const char *fh_suspect_text(enum fh_suspect s);

constexpr unsigned FH_CONFINED = 1u << FH_SUSPECT_KEEPER | 1u << FH_SUSPECT_CORE
				 | 1u << FH_SUSPECT_WORKER | 1u << FH_SUSPECT_NETWORK_GATE
				 | 1u << FH_SUSPECT_PEER_GATE;
/* Those that start programs and so keep most calls.  */
constexpr unsigned FH_STARTERS = 1u << FH_SUSPECT_SUPERVISOR | 1u << FH_SUSPECT_REACH;

enum fh_argument_kind {
	FH_ARGUMENT_NUMBER,    /* as it is */
	FH_ARGUMENT_TEXT,      /* address of the text */
	FH_ARGUMENT_STATE,     /* address of a path below the state directory */
	FH_ARGUMENT_ROOT,      /* address of a path below the test's directory */
	FH_ARGUMENT_PREY,      /* number of another role's process */
	FH_ARGUMENT_PREY_FILE, /* address of "/proc/PREY/TEXT" */
	FH_ARGUMENT_BYTES,     /* address of the bytes */
	FH_ARGUMENT_PAGE,      /* address of the page its stack is in */
	FH_ARGUMENT_LISTENER,  /* address of the socket address of our listener */
	FH_ARGUMENT_ABSTRACT,  /* address of the abstract Unix address TEXT of this run */
};

struct fh_try_argument {
	enum fh_argument_kind kind;
	long number;
	const char *text;
	const void *bytes;
	size_t n;
};

struct fh_attempt {
	const char *name;
	long number;                       /* of the system call */
	struct fh_try_argument argument[6];
	unsigned refused_to;               /* bits of those that must fail */
	unsigned allowed_to;               /* bits of those that must not */
	bool uncompared;                   /* no unconfined process can do it either, or safely */
};

extern const struct fh_attempt fh_attempts[];
extern const size_t fh_attempts_n;

/* What surrounds an attempt.  */
struct fh_scene {
	const struct fh_house *house;
	uint16_t listener; /* a port of ours on loopback */
	pid_t prey;
};

/* The abstract Unix address with two letters NAME that only this run uses; its
 * size.  */
constexpr unsigned FH_ABSTRACT_SIZE = 13;
void fh_attempt_abstract(const char *name, struct sockaddr_un *out);

/* Makes PID try A; its result, or false if it cannot be taken over.  *GONE: it
 * became another program.  */
bool fh_attempt_try(const struct fh_attempt *a, const struct fh_scene *s, pid_t pid, long *result,
		    bool *gone);

#endif
