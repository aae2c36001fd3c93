/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SANDBOX_HOUSE_H
#define FH_SANDBOX_HOUSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/mask.h"

/* A state directory of a test, made without a chip by the real program, and the
 * daemon on it.  What cannot be set up ends the test program.  */

constexpr size_t FH_HOUSE_PATH = 128;

struct fh_house {
	char root[FH_HOUSE_PATH];   /* temporary directory; others may enter it */
	char state[FH_HOUSE_PATH];  /* root/state */
	char key[FH_HOUSE_PATH];    /* root/op.key */
	char socket[FH_HOUSE_PATH]; /* root/socket, of clients */
	char log[FH_HOUSE_PATH];    /* root/log: standard error of what is started */
	char freehold[512];         /* the program under test */
	pid_t serve;
	uint16_t port;              /* of HTTP */
	struct fh_mask mask;        /* of the daemon's view of Landlock */
};

/* True if this process may start tool servers as other users; otherwise says, as
 * the result of the test NAME, that it is skipped.  */
bool fh_house_possible(const char *name);

/* Makes the directory and initialises the state in it.  */
void fh_house_make(struct fh_house *h);
/* Stops the daemon if it runs and removes everything.  */
void fh_house_drop(struct fh_house *h);

/* PATH of a program beside the running one.  */
void fh_house_beside(const char *name, char *out, size_t cap);
/* Runs freehold with WORDS (NULL-ended) and the signing options, and puts what
 * it prints in OUT (may be NULL).  */
void fh_house_sign(const struct fh_house *h, const char *const *words, char *out, size_t cap);
/* Signs POLICY with SCHEMA, both texts.  */
void fh_house_policy(const struct fh_house *h, const char *policy, const char *schema);
/* Opens all that is sealed in the record, which a chip in software lets anybody do, into the
 * file PATH below root (docs/spec/LEAF, "Openings").  */
void fh_house_open_record(const struct fh_house *h, char path[FH_HOUSE_PATH]);
/* A file that every user may write, below root.  */
void fh_house_open_file(const struct fh_house *h, const char *name, char *path, size_t cap);

/* Starts the daemon and waits until it serves.  */
void fh_house_serve(struct fh_house *h, enum fh_mask_kind kind);
/* Ends it in order; its exit status.  */
int fh_house_stop(struct fh_house *h);

/* The process `freehold role ROLE [WORD]` below the daemon (WORD may be NULL),
 * not counting those in NOT, or 0.  */
pid_t fh_house_role(const struct fh_house *h, const char *role, const char *word, pid_t not);
/* The child of PARENT with WORD in its command line, or 0.  */
pid_t fh_house_child(pid_t parent, const char *word);

/* A client: `freehold connect SERVER`.  */
struct fh_guest {
	pid_t pid;
	int to, from;
	char line[1 << 17]; /* what was heard and not yet taken */
	size_t n;
};

void fh_guest_open(const struct fh_house *h, const char *server, struct fh_guest *g);
void fh_guest_close(struct fh_guest *g);
void fh_guest_say(struct fh_guest *g, const char *line);
/* The next line within MS in OUT; false at the end of the stream or in vain.  */
bool fh_guest_hear(struct fh_guest *g, int ms, char *out, size_t cap);
/* Initializes a session; the answer is in OUT.  */
bool fh_guest_begin(struct fh_guest *g, char *out, size_t cap);
/* Calls TOOL with ARGUMENTS, a JSON object, as request ID.  */
void fh_guest_call(struct fh_guest *g, int id, const char *tool, const char *arguments);

/* Status line of GET /healthz: 200 when the network gate and core answer.  */
int fh_house_health(const struct fh_house *h);

void fh_house_sleep(int ms);

#endif
