/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_CPIO_H
#define FH_EVIDENCE_CPIO_H

#include "crypto/bank.h"

/* A cpio archive in the "newc" form (Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst) as systemd-stub makes it, into the hash of what a boot loader hands to the
 * kernel.  It begins at a multiple of four.  */

/* An entry: all that varies is inode, mode, name and DATA; the name has at most 48 bytes.  */
void fh_cpio_entry(struct fh_bank_hash *h, uint32_t inode, uint32_t mode, const char *name,
		   struct fh_span data);
/* What ends an archive.  */
void fh_cpio_trailer(struct fh_bank_hash *h);
/* Zeros up to the next multiple of four behind N bytes.  */
void fh_cpio_pad(struct fh_bank_hash *h, size_t n);

#endif
