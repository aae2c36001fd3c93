/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_DIGEST_H
#define FH_CLI_DIGEST_H

#include "crypto/hash.h"
#include "freehold/error.h"

/* SHA-256 of the regular file PATH, at most FH_EXECUTABLE_MAX bytes.  */
fh_err fh_digest_file(const char *path, struct fh_hash *out);

#endif
