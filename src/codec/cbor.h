/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_CBOR_H
#define FH_CODEC_CBOR_H

#include "base/builder.h"
#include "base/cursor.h"
#include "crypto/hash.h"

/* Deterministic CBOR (RFC 8949 section 4.2.1): shortest heads, definite
 * lengths, map keys in bytewise order of their encoding and no duplicates,
 * shortest floats.  What is not encoded so is refused as FH_ERR_FORMAT, so
 * that every value has exactly one encoding.
 *
 * Readers work on a cursor and follow its rule: the first misfit turns it bad
 * and everything after yields zero.  */

/* Major types as they stand in the first three bits (RFC 8949 section 3.1).  */
enum fh_cbor_type {
	FH_CBOR_UINT = 0,
	FH_CBOR_NINT = 1,
	FH_CBOR_BYTES = 2,
	FH_CBOR_TEXT = 3,
	FH_CBOR_ARRAY = 4,
	FH_CBOR_MAP = 5,
	FH_CBOR_TAG = 6,
	FH_CBOR_SIMPLE = 7, /* false, true, null, floats */
	FH_CBOR_NONE = 8,   /* nothing left, or the cursor is bad */
};

/* --- writing ---------------------------------------------------------- */

void fh_cbor_put_uint(struct fh_builder *b, uint64_t v);
void fh_cbor_put_int(struct fh_builder *b, int64_t v);
void fh_cbor_put_bytes(struct fh_builder *b, struct fh_span s);
/* The head of N bytes, which the caller writes behind it.  */
void fh_cbor_put_bytes_head(struct fh_builder *b, size_t n);
void fh_cbor_put_hash(struct fh_builder *b, const struct fh_hash *h);
/* The caller vouches for UTF-8; readers check it.  */
void fh_cbor_put_text(struct fh_builder *b, struct fh_span s);
/* N items follow; for a map N pairs, already in key order.  */
void fh_cbor_put_array(struct fh_builder *b, size_t n);
void fh_cbor_put_map(struct fh_builder *b, size_t n);
void fh_cbor_put_tag(struct fh_builder *b, uint64_t tag);
void fh_cbor_put_bool(struct fh_builder *b, bool v);
void fh_cbor_put_null(struct fh_builder *b);
/* Shortest of half, single and double that keeps the value (NaN as 0xf97e00).  */
void fh_cbor_put_float(struct fh_builder *b, double v);

/* --- reading ---------------------------------------------------------- */

/* The type of the next item, without reading it.  */
enum fh_cbor_type fh_cbor_peek(const struct fh_cursor *c);

uint64_t fh_cbor_uint(struct fh_cursor *c);
/* An unsigned or negative integer that fits int64_t.  */
int64_t fh_cbor_int(struct fh_cursor *c);
/* At most MAX bytes (FH_ERR_LIMIT above); the span looks into the input.  */
struct fh_span fh_cbor_bytes(struct fh_cursor *c, size_t max);
/* Exactly N bytes.  */
struct fh_span fh_cbor_bytes_exact(struct fh_cursor *c, size_t n);
/* Exactly FH_HASH_SIZE bytes; zero if the cursor turns bad.  */
struct fh_hash fh_cbor_hash(struct fh_cursor *c);
/* As bytes, and valid UTF-8.  */
struct fh_span fh_cbor_text(struct fh_cursor *c, size_t max);
/* Number of items (pairs for a map) that follow, at most MAX (FH_ERR_LIMIT).  */
size_t fh_cbor_array(struct fh_cursor *c, size_t max);
size_t fh_cbor_map(struct fh_cursor *c, size_t max);
/* Demands an array of exactly N items, a map of exactly N pairs, tag TAG.  */
void fh_cbor_array_exact(struct fh_cursor *c, size_t n);
void fh_cbor_map_exact(struct fh_cursor *c, size_t n);
void fh_cbor_tag(struct fh_cursor *c, uint64_t tag);
bool fh_cbor_bool(struct fh_cursor *c);
/* The next item is null; then it is consumed.  */
bool fh_cbor_null(struct fh_cursor *c);
double fh_cbor_float(struct fh_cursor *c);
/* Demands the unsigned map key KEY, or the text NAME.  */
void fh_cbor_key(struct fh_cursor *c, uint64_t key);
void fh_cbor_name(struct fh_cursor *c, const char *name);
/* Demands the text MAGIC, of which the first NAME bytes say what kind of file this is, and the
 * rest which version of it: FH_ERR_VERSION if only the rest is another.  */
void fh_cbor_magic(struct fh_cursor *c, struct fh_span magic, size_t name);
/* One whole item of any type, checked to be deterministic and to nest at most
 * FH_CBOR_DEPTH_MAX arrays, maps and tags; the span looks into the input.  */
struct fh_span fh_cbor_item(struct fh_cursor *c);

/* FH_ERR_OK if S is exactly one deterministic item.  */
fh_err fh_cbor_check(struct fh_span s);
/* The same, and that it still is where it stands inside DEPTH others: FH_ERR_LIMIT.  */
fh_err fh_cbor_check_inside(struct fh_span s, int depth);

#endif
