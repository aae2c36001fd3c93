/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_BASE64_H
#define FH_CODEC_BASE64_H

#include "base/builder.h"
#include "freehold/error.h"

/* Standard base64 with padding (RFC 4648 section 4), and the URL-safe alphabet
 * without padding (section 5).  Constant time in the content, since keys pass
 * through it.  Readers are canonical: no whitespace, padding exact, unused
 * bits zero; FH_ERR_FORMAT otherwise.  */

void fh_base64_put(struct fh_builder *b, struct fh_span s);
void fh_base64url_put(struct fh_builder *b, struct fh_span s);
fh_err fh_base64_read(struct fh_span text, struct fh_builder *out);
fh_err fh_base64url_read(struct fh_span text, struct fh_builder *out);

#endif
