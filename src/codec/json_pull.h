/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_JSON_PULL_H
#define FH_CODEC_JSON_PULL_H

#include "base/cursor.h"

/* JSON (RFC 8259) read in place, for the verifier: no memory, no tree, no
 * recursion.  It reads the JSON that Freehold itself writes and is strict: UTF-8,
 * names in an object once and all of them known, integers only, nesting at most
 * FH_JSON_DEPTH_MAX.  Readers follow the rule of fh_cursor: the first misfit turns
 * it bad, and everything after yields nothing.  */

/* One whole value with the blanks before it; its grammar is checked, and the span
 * covers the value alone.  */
struct fh_span fh_json_value(struct fh_cursor *c);

/* Demands a bracket, comma or colon, blanks before it aside.  */
void fh_json_punctuation(struct fh_cursor *c, uint8_t which);

/* The one value of TEXT is an object whose members are all among the N names, each
 * at most once; VALUE[I] becomes the value of NAME[I], empty if there is none.
 * FH_ERR_UNKNOWN for another name, FH_ERR_EXISTS for one that is there twice.
 * VALUE is written on success only.  */
constexpr size_t FH_JSON_NAMES_MAX = 32;
fh_err fh_json_object(struct fh_span text, const char *const *name, size_t n,
		      struct fh_span *value);

/* Opens the array that is the one value of TEXT, and gives its elements one by
 * one: false at the end, or when the cursor is bad.  */
struct fh_cursor fh_json_array(struct fh_span text);
bool fh_json_element(struct fh_cursor *c, struct fh_span *value);

/* What VALUE, as the above gave it, says.  A string is given as it stands between
 * its quotes, so one with an escape in it is refused: nothing here needs one.  A
 * number is an integer of at most 64 bits, without sign.  */
fh_err fh_json_string(struct fh_span value, struct fh_span *out);
fh_err fh_json_uint(struct fh_span value, uint64_t *out);
bool fh_json_is_null(struct fh_span value);

#endif
