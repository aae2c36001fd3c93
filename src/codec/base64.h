/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_BASE64_H
#define FH_CODEC_BASE64_H

#include "base/builder.h"
#include "freehold/error.h"

/* Standard base64 with padding (RFC 4648 section 4), and the URL-safe alphabet
 * without padding (section 5).  Constant time in the content, since keys pass
 * through it.  Readers are canonical: no whitespace, padding exact, unused
 * bits zero; FH_ERR_FORMAT otherwise, FH_ERR_LIMIT if the bytes do not fit.  An
 * error leaves the builder as it was.  */

void fh_base64_put(struct fh_builder *b, struct fh_span s);
void fh_base64url_put(struct fh_builder *b, struct fh_span s);
fh_err fh_base64_read(struct fh_span text, struct fh_builder *out);
fh_err fh_base64url_read(struct fh_span text, struct fh_builder *out);

/* The number of bytes that the standard base64 TEXT stands for; FH_ERR_FORMAT if
 * it is not canonical.  */
fh_err fh_base64_size(struct fh_span text, size_t *out);

#endif
