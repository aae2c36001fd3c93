/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_JSON_H
#define FH_CODEC_JSON_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/trace.h"

/* JSON at the edges (RFC 8259, I-JSON's strictness), deterministic CBOR
 * inside.  Objects become maps with text keys in deterministic order, numbers
 * become integers when written without fraction and exponent, else floats;
 * so "-0" is the integer 0 and "-0.0" the float.
 *
 * Refused, each named in the trace with its byte offset: duplicate names,
 * nesting above FH_JSON_DEPTH_MAX, texts above FH_JSON_MAX, integers outside
 * [-2^63, 2^64-1], numbers that overflow a double, bad UTF-8, lone surrogates,
 * anything behind the value, comments, trailing commas.  */

/* Converts the JSON text to one deterministic CBOR item, appended to OUT.
 * Working memory comes from SCRATCH, which gets it all back; 16 times the text
 * and 4 KiB always suffice (FH_ERR_NOMEM).  FH_ERR_FORMAT or FH_ERR_LIMIT for what
 * is refused; FH_ERR_LIMIT without a trace if OUT is too small.  */
fh_err fh_json_to_cbor(struct fh_span json, struct fh_arena *scratch, struct fh_builder *out,
		       struct fh_trace *t);

/* Converts one CBOR item to compact JSON on one line, appended to OUT.
 * FH_ERR_FORMAT for what is not deterministic and what JSON cannot say (byte
 * strings, tags, other keys than text, NaN, infinities); FH_ERR_LIMIT if OUT is
 * too small.  Floats are written with the fewest digits that read back the same,
 * and with a point or an exponent, so that they stay floats.  */
fh_err fh_json_from_cbor(struct fh_span item, struct fh_builder *out);

/* Writes S as a JSON string with its quotes.  A byte that is not part of valid
 * UTF-8 becomes U+FFFD.  */
void fh_json_put_string(struct fh_builder *b, struct fh_span s);

/* Writes what stands before the value of the member NAME, the comma included
 * unless it is the first.  */
void fh_json_put_name(struct fh_builder *b, const char *name);

#endif
