/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DIGEST_H
#define FH_ROLE_DIGEST_H

#include "crypto/hash.h"
#include "freehold/error.h"

/* SHA-256 of the whole file behind FD; FH_ERR_LIMIT above FH_EXECUTABLE_MAX.  */
fh_err fh_digest_of_fd(int fd, struct fh_hash *out);

#endif
