/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_JSON_H
#define FH_CODEC_JSON_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/trace.h"

/* JSON at the edges (RFC 8259, I-JSON's strictness), deterministic CBOR
 * inside.  Objects become maps with text keys in deterministic order, numbers
 * become integers when written without fraction and exponent, else floats.
 *
 * Refused, each named in the trace with its byte offset: duplicate names,
 * nesting above FH_JSON_DEPTH_MAX, texts above FH_JSON_MAX, integers outside
 * [-2^63, 2^64-1], numbers that overflow a double, bad UTF-8, lone surrogates,
 * anything behind the value, comments, trailing commas.  */

/* Converts the JSON text to one deterministic CBOR item.  Working memory comes
 * from SCRATCH.  */
fh_err fh_json_to_cbor(struct fh_span json, struct fh_arena *scratch, struct fh_builder *out,
		       struct fh_trace *t);

/* Converts one CBOR item to compact JSON on one line.  FH_ERR_FORMAT for what
 * JSON cannot say (byte strings, tags, other keys than text, NaN, infinities).  */
fh_err fh_json_from_cbor(struct fh_span item, struct fh_builder *out);

/* Writes S as a JSON string with its quotes.  */
void fh_json_put_string(struct fh_builder *b, struct fh_span s);

/* In the map ITEM, the value under the text key NAME; an empty span if there is
 * none or ITEM is no map.  The item must have been checked.  */
struct fh_span fh_cbor_map_get(struct fh_span item, const char *name);

/* The value that the JSON Pointer (RFC 6901) POINTER reaches in ITEM; an empty
 * span if it reaches nothing.  */
struct fh_span fh_cbor_pointer(struct fh_span item, struct fh_span pointer);

#endif
