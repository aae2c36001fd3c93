/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_CONFINE_H
#define FH_ROLE_CONFINE_H

#include "base/trace.h"
#include "freehold/error.h"

/* What each role may still do once it runs.  Called before the role reads its
 * first byte from anybody, with one thread running.  */

enum fh_role {
	FH_ROLE_SUPERVISOR,
	FH_ROLE_GATE,
	FH_ROLE_CORE,
	FH_ROLE_REACH,  /* starts tool servers, reads nothing of theirs */
	FH_ROLE_WORKER, /* holds the pipe of one tool server */
	FH_ROLE_KEEPER,
	FH_ROLE_COURIER, /* carries one request to a witness */
};

/* "gate", "core", ...  */
const char *fh_role_text(enum fh_role r);

/* What a role may reach beyond its open descriptors.  */
struct fh_confinement {
	enum fh_role role;
	const char *directory[4]; /* may read, create and write files below; NULL-ended */
	const char *ca_file;      /* a courier may read this, too; NULL: no more */
};

/* Confines this process for good: not dumpable, no new privileges, no core
 * files, Landlock as far as the kernel has it, then the role's system call
 * list; a call outside it fails with EPERM.  FH_ERR_UNSUPPORTED if seccomp is
 * missing; Landlock's level is put in *LANDLOCK (0: none).  */
fh_err fh_confine(const struct fh_confinement *what, int *landlock, struct fh_trace *t);

#endif
