/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SANDBOX_MASK_H
#define FH_SANDBOX_MASK_H

#include <sys/types.h>

/* Makes a process believe in an older Landlock: a seccomp filter hands each
 * landlock_create_ruleset() to a process of ours, which answers it as the older
 * kernel would, or lets it through.  */

enum fh_mask_kind {
	FH_MASK_NONE,   /* the kernel as it is */
	FH_MASK_ABI_2,  /* level 2: no network, no devices, no scopes, no truncation */
	FH_MASK_LYING,  /* claims level 7 and knows what level 2 knows */
	FH_MASK_ABSENT, /* no Landlock at all */
};

/* What the answering process has seen; shared with it.  */
struct fh_mask_seen {
	int versions; /* questions for the level */
	int refused;  /* rulesets that an older kernel would not know */
	int granted;  /* rulesets let through */
};

struct fh_mask {
	enum fh_mask_kind kind;
	int pair[2];               /* the listener comes over it */
	pid_t answering;           /* 0: none */
	struct fh_mask_seen *seen;
};

/* Before the fork.  */
void fh_mask_prepare(struct fh_mask *m, enum fh_mask_kind kind);
/* In the child, before it executes the program.  */
void fh_mask_wear(struct fh_mask *m);
/* In the parent, after the fork.  */
void fh_mask_answer(struct fh_mask *m);
void fh_mask_drop(struct fh_mask *m);

#endif
