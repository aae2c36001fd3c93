/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_BUILDER_H
#define FH_BASE_BUILDER_H

#include "base/span.h"
#include "freehold/error.h"

/* Writes bytes front to back into memory of the caller.  The first write that
 * does not fit turns the builder bad and it stays so; the caller asks once at
 * the end.  */
struct fh_builder {
	uint8_t *p; /* the caller's memory */
	size_t n;   /* bytes written */
	size_t cap; /* bytes there are */
	bool bad;   /* something did not fit */
};

static inline struct fh_builder fh_builder_of(void *p, size_t cap)
{
	return (struct fh_builder){ p, 0, cap, false };
}

/* A builder over a whole array object (not a pointer).  */
#define FH_BUILDER_ARRAY(a) fh_builder_of((a), sizeof(a))

void fh_builder_u8(struct fh_builder *b, uint8_t v);
void fh_builder_be16(struct fh_builder *b, uint16_t v);
void fh_builder_be32(struct fh_builder *b, uint32_t v);
void fh_builder_be64(struct fh_builder *b, uint64_t v);
void fh_builder_bytes(struct fh_builder *b, struct fh_span s);

/* The text S without its zero; V in decimal; S in lower-case hex.  */
void fh_builder_text(struct fh_builder *b, const char *s);
void fh_builder_decimal(struct fh_builder *b, uint64_t v);
void fh_builder_hex(struct fh_builder *b, struct fh_span s);

/* N bytes to be filled by the caller, or NULL if they do not fit.  */
uint8_t *fh_builder_space(struct fh_builder *b, size_t n);

/* What has been written so far; empty if the builder is bad.  */
struct fh_span fh_builder_span(const struct fh_builder *b);

/* FH_ERR_LIMIT if anything did not fit, otherwise FH_ERR_OK and the bytes in
 * *OUT.  */
fh_err fh_builder_end(const struct fh_builder *b, struct fh_span *out);

#endif
