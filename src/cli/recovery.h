/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECOVERY_H
#define FH_CLI_RECOVERY_H

#include "cli/state.h"
#include "role/data_keys.h"
#include "vault/operator_key.h"

/* Opening a copy of a state directory without its chip, by the recovery slots of its data keys
 * (docs/spec/KEYS, "Recovery slots").  The operator's own act, away from the machine: nobody
 * decides it and nothing records it.  Nothing is written to the copy.  */

#define FH_RECOVERY_OPTIONS                                                                    \
	{ "key", 0, false, "FILE", "the key file that the recovery slots are for" },           \
	{ "passphrase-fd", 0, false, "N", "read its passphrase from descriptor N" }

/* One of the two files of data keys.  */
struct fh_recovery_file {
	struct fh_fd fd;
	struct fh_data_keys keys;
	fh_err e;                 /* OK: it opens, */
	struct fh_trace t;        /* or why it does not */
};

struct fh_recovery {
	struct fh_state state;
	struct fh_arena memory;
	struct fh_operator_key key;
	struct fh_hash key_id;             /* as slots call it */
	struct fh_data_look look;          /* at the file in force */
	struct fh_recovery_file file[2];   /* of even epochs, and of odd ones */
};

/* Opens the key that A names and then what it opens of the state directory of CLI.  Returns
 * FH_EXIT_YES, also if nothing opens, or the status after saying what is wrong.  OUT is to be
 * dropped in any case.  */
int fh_recovery_begin(const struct fh_cli *cli, const struct fh_usage *u,
		      const struct fh_arguments *a, struct fh_recovery *out);
void fh_recovery_drop(struct fh_recovery *r);

/* The file in force, which a shred that was under way has left alone.  */
struct fh_recovery_file *fh_recovery_in_force(struct fh_recovery *r);

/* The period key called NAME.  FH_ERR_MISSING: it has ended, or its file does not open.  */
fh_err fh_recovery_find(struct fh_recovery *r, struct fh_span name, struct fh_secret *key,
			struct fh_trace *t);

/* `freehold recovery open`.  */
int fh_recovery_open(struct fh_cli *cli, int argc, char **argv);
/* `freehold recovery use` and `none`.  */
int fh_recovery_use(struct fh_cli *cli, int argc, char **argv);
int fh_recovery_none(struct fh_cli *cli, int argc, char **argv);

#endif
