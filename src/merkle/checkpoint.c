/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/checkpoint.h"

#include "base/cursor.h"
#include "base/decimal.h"
#include "base/utf8.h"
#include "codec/base64.h"

void fh_checkpoint_put_text(struct fh_builder *b, const struct fh_checkpoint *c)
{
	fh_builder_bytes(b, c->origin);
	fh_builder_u8(b, '\n');
	fh_builder_decimal(b, c->size);
	fh_builder_u8(b, '\n');
	fh_base64_put(b, fh_hash_span(&c->root));
	fh_builder_u8(b, '\n');
}

static fh_err origin_check(struct fh_span origin)
{
	if (origin.n > FH_NOTE_NAME_MAX)
		return FH_ERR_LIMIT;
	if (origin.n == 0 || !fh_utf8_valid(origin))
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < origin.n; i++) {
		if (origin.p[i] < 0x20)
			return FH_ERR_FORMAT;
	}
	return FH_ERR_OK;
}

static fh_err root_read(struct fh_span text, struct fh_hash *out)
{
	struct fh_hash root;
	struct fh_builder b = FH_BUILDER_ARRAY(root.bytes);

	if (fh_base64_read(text, &b) != FH_ERR_OK || b.n != FH_HASH_SIZE)
		return FH_ERR_FORMAT;
	*out = root;
	return FH_ERR_OK;
}

fh_err fh_checkpoint_parse(struct fh_span text, struct fh_checkpoint *out)
{
	struct fh_cursor c = fh_cursor_of(text);
	struct fh_checkpoint made = { .origin = fh_cursor_until(&c, '\n') };
	struct fh_span size = fh_cursor_until(&c, '\n');
	struct fh_span root = fh_cursor_until(&c, '\n');
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		e = origin_check(made.origin);
	if (e == FH_ERR_OK)
		e = fh_decimal_read(size, &made.size);
	if (e == FH_ERR_OK)
		e = root_read(root, &made.root);
	if (e == FH_ERR_OK)
		*out = made;
	return e;
}

void fh_checkpoint_put_signed(struct fh_builder *b, struct fh_span text)
{
	fh_builder_text(b, "freehold/checkpoint/v1\n");
	fh_builder_bytes(b, text);
}
