/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_OS_BOOT_H
#define FH_OS_BOOT_H

#include "crypto/hash.h"
#include "freehold/error.h"

/* SHA-256 of the kernel's id of this boot: differs between boots, stays the
 * same within one.  FH_ERR_IO if the kernel does not tell.  */
fh_err fh_boot_id(struct fh_hash *out);

#endif
