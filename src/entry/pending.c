/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/pending.h"

#include "codec/cbor.h"

constexpr uint64_t pending_version = 1;
constexpr size_t members = 6;
constexpr size_t state_max = 32;

void fh_pending_put(struct fh_builder *b, const struct fh_pending *p)
{
	fh_cbor_put_array(b, members);
	fh_cbor_put_uint(b, pending_version);
	fh_cbor_put_uint(b, p->time_ms);
	fh_cbor_put_text(b, p->state);
	fh_cbor_put_text(b, p->where);
	fh_cbor_put_text(b, p->what);
	fh_cbor_put_text(b, p->cure);
}

fh_err fh_pending_read(struct fh_span bytes, struct fh_pending *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_pending p = { 0 };

	fh_cbor_array_exact(&c, members);
	uint64_t version = fh_cbor_uint(&c);

	if (!fh_cursor_bad(&c) && version > pending_version)
		return FH_ERR_VERSION;
	p.time_ms = fh_cbor_uint(&c);
	p.state = fh_cbor_text(&c, state_max);
	p.where = fh_cbor_text(&c, FH_PENDING_MAX);
	p.what = fh_cbor_text(&c, FH_PENDING_MAX);
	p.cure = fh_cbor_text(&c, FH_PENDING_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && version == 0)
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}
