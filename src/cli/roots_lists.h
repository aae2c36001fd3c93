/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ROOTS_LISTS_H
#define FH_CLI_ROOTS_LISTS_H

#include "base/builder.h"
#include "cli/command.h"
#include "cli/roots_files.h"

/* Lists of revoked certificates among an operator's roots.  */

/* Each of NEW's lists is signed by a certificate of NEW or of HELD, which is what DIRECTORY
 * has, and newer than the one there.  FH_ERR_SIGNATURE, FH_ERR_ROLLBACK; T says which.  */
fh_err fh_roots_lists_check(const char *directory, const struct fh_roots_files *held,
			    const struct fh_roots_files *new, struct fh_arena *arena,
			    struct fh_trace *t);

/* Writes them: one that tells all of an issuer takes the place of that issuer's.  */
fh_err fh_roots_lists_write(const struct fh_cli *cli, const char *directory,
			    const struct fh_roots_files *held, const struct fh_roots_files *new,
			    struct fh_arena *arena, struct fh_trace *t);

/* Prints ALL's lists, by whom of ROOTS, or puts them behind `[` into JSON.  */
fh_err fh_roots_lists_show(const struct fh_cli *cli, const struct fh_x509_roots *roots,
			   const struct fh_roots_files *all, struct fh_builder *json,
			   struct fh_trace *t);

#endif
