/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_CERTIFICATES_H
#define FH_EVIDENCE_CERTIFICATES_H

#include "base/builder.h"
#include "base/trace.h"

/* Files of certificates: PEM bundles with whatever comments, or one in DER, which
 * may have zeros behind it.  What the certificates say, crypto/x509_*.h reads.  */

constexpr size_t FH_CERTIFICATES_FILE_MAX = 4 << 20; /* all makers' together take 360 KiB */

/* Reads FILE: at most MAX certificates into DER, *N of them, with their bytes in
 * ROOM.  FH_ERR_FORMAT (T says where) for none, or for a block that is no
 * certificate; FH_ERR_LIMIT for more than MAX or what ROOM holds.  */
fh_err fh_certificates_read(struct fh_span file, struct fh_builder *room, struct fh_span *der,
			    size_t max, size_t *n, struct fh_trace *t);

#endif
