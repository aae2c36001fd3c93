/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_OPENINGS_OUT_H
#define FH_CLI_OPENINGS_OUT_H

#include "base/arena.h"
#include "base/builder.h"
#include "cli/command.h"

/* Where what was opened of a record goes: to standard output, or into a file for --openings of
 * other verbs.  */

#define FH_OPENINGS_OUT_OPTION                                                                     \
	{ "out", 'o', false, "FILE", "write a file of openings, for --openings of other verbs" }

struct fh_openings_out {
	const struct fh_cli *cli;
	const char *path;       /* --out, or NULL */
	struct fh_arena memory;
	struct fh_builder out;  /* the file, or one entry as text */
};

/* Takes memory.  *OUT was zeroed, and is to be dropped in any case.  */
fh_err fh_openings_out_begin(const struct fh_cli *cli, const struct fh_arguments *a,
			     struct fh_openings_out *out);
void fh_openings_out_drop(struct fh_openings_out *o);

/* Entries as fh_opened_put() writes them, which are checked whatever becomes of them.
 * FH_ERR_LIMIT: there are too many for one file.  */
fh_err fh_openings_out_put(struct fh_openings_out *o, struct fh_span entries);

/* Writes the file and says so: OPENED entries are in it, ERASED could not be opened.  Nothing to
 * do without --out, or if none was opened.  Tells what fails; the exit status.  */
int fh_openings_out_keep(const struct fh_openings_out *o, uint64_t opened, uint64_t erased);

#endif
