/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/proof_lines.h"

#include "codec/base64.h"

void fh_proof_put_lines(struct fh_builder *b, const struct fh_proof *p)
{
	for (size_t i = 0; i < p->n; i++) {
		fh_base64_put(b, fh_hash_span(&p->hash[i]));
		fh_builder_u8(b, '\n');
	}
	fh_builder_u8(b, '\n');
}

static fh_err read_hash(struct fh_span line, struct fh_hash *out)
{
	struct fh_hash h;
	struct fh_builder b = FH_BUILDER_ARRAY(h.bytes);

	if (fh_base64_read(line, &b) != FH_ERR_OK || b.n != FH_HASH_SIZE)
		return FH_ERR_FORMAT;
	*out = h;
	return FH_ERR_OK;
}

fh_err fh_proof_read_lines(struct fh_cursor *c, size_t max, struct fh_proof *out)
{
	for (;;) {
		struct fh_span line = fh_cursor_until(c, '\n');

		if (fh_cursor_bad(c))
			return c->why;
		if (line.n == 0)
			return FH_ERR_OK;
		if (out->n == max)
			return FH_ERR_LIMIT;
		fh_err e = read_hash(line, &out->hash[out->n]);

		if (e != FH_ERR_OK)
			return e;
		out->n++;
	}
}
