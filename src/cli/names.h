/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_NAMES_H
#define FH_CLI_NAMES_H

#include "base/arena.h"

/* The names of files in DIRECTORY that end in one of the SUFFIXES (".pem"; NULL ends them) and
 * begin with no point, sorted, at most MAX of them, in A.  FH_ERR_UNSUPPORTED for what is no
 * directory, FH_ERR_LIMIT for more; otherwise what the system says.  */
fh_err fh_names_read(const char *directory, const char *const *suffixes, size_t max,
		     struct fh_arena *a, char ***names, size_t *n);
/* NAME, which may be a path, ends in SUFFIX and is more than that.  */
bool fh_name_ends(const char *name, const char *suffix);

#endif
