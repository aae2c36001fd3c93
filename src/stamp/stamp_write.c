/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/stamp_private.h"

void fh_stamp_builder_number(struct fh_builder *b, uint64_t v)
{
	for (; v > 0x7f; v >>= 7)
		fh_builder_u8(b, (uint8_t)(v | 0x80));
	fh_builder_u8(b, (uint8_t)v);
}

void fh_stamp_builder_bytes(struct fh_builder *b, struct fh_span s)
{
	fh_stamp_builder_number(b, s.n);
	fh_builder_bytes(b, s);
}

/* Every item but the last of a message has 0xff before it.  */
static void put_more(struct fh_builder *b, bool more)
{
	if (more)
		fh_builder_u8(b, 0xff);
}

static void put_items(struct fh_builder *b, const struct fh_stamp *at, int depth)
{
	if (depth == FH_STAMP_DEPTH_MAX || (at->attestation == nullptr && at->child == nullptr)) {
		b->bad = true;
		return;
	}
	for (const struct fh_attestation *x = at->attestation; x != nullptr; x = x->next) {
		put_more(b, x->next != nullptr || at->child != nullptr);
		fh_builder_u8(b, 0x00);
		fh_builder_bytes(b, FH_SPAN_ARRAY(x->tag));
		fh_stamp_builder_bytes(b, x->payload);
	}
	for (const struct fh_stamp *s = at->child; s != nullptr && !b->bad; s = s->next) {
		put_more(b, s->next != nullptr);
		fh_builder_u8(b, s->op);
		if (fh_stamp_op_has_argument(s->op))
			fh_stamp_builder_bytes(b, s->argument);
		put_items(b, s, depth + 1);
	}
}

void fh_stamp_put_bare(struct fh_builder *b, const struct fh_stamp *s)
{
	put_items(b, s, 0);
}

void fh_stamp_put(struct fh_builder *b, const struct fh_stamp_file *f)
{
	fh_builder_bytes(b, fh_stamp_magic);
	fh_builder_u8(b, FH_STAMP_VERSION);
	fh_builder_u8(b, f->op);
	if (f->root->message.n != fh_stamp_op_digest_size(f->op))
		b->bad = true;
	fh_builder_bytes(b, f->root->message);
	fh_stamp_put_bare(b, f->root);
}
