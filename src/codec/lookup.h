/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_LOOKUP_H
#define FH_CODEC_LOOKUP_H

#include "base/span.h"

/* Finding values in CBOR that has already been checked (fh_cbor_check): typed
 * arguments and schemas, mostly.  Spans look into the item.  */

/* In the map ITEM, the value under the text key NAME; an empty span if there is
 * none or ITEM is no map.  The item must have been checked.  */
struct fh_span fh_cbor_map_get(struct fh_span item, const char *name);

/* The value that the JSON Pointer (RFC 6901) POINTER reaches in ITEM; an empty
 * span if it reaches nothing.  */
struct fh_span fh_cbor_pointer(struct fh_span item, struct fh_span pointer);

#endif
