/* SPDX-License-Identifier: Apache-2.0 */
#include "role/courier.h"

#include "codec/cbor.h"
#include "merkle/quorum.h"
#include "merkle/witness.h"

constexpr size_t url_max = FH_QUORUM_URL_MAX + 128;
constexpr size_t why_max = 512;

void fh_errand_put(struct fh_builder *b, const struct fh_errand *e)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_text(b, e->url);
	fh_cbor_put_bytes(b, e->body);
}

fh_err fh_errand_read(struct fh_span frame, struct fh_errand *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_errand e = { 0 };

	fh_cbor_array_exact(&c, 2);
	e.url = fh_cbor_text(&c, url_max);
	e.body = fh_cbor_bytes(&c, FH_WITNESS_REQUEST_MAX);
	fh_err err = fh_cursor_end(&c);

	if (err == FH_ERR_OK)
		*out = e;
	return err;
}

void fh_errand_answer_put(struct fh_builder *b, const struct fh_errand_answer *a)
{
	fh_cbor_put_array(b, 4);
	fh_cbor_put_uint(b, a->status);
	fh_cbor_put_bytes(b, a->body);
	fh_cbor_put_text(b, a->why);
	fh_cbor_put_bool(b, a->large);
}

fh_err fh_errand_answer_read(struct fh_span frame, struct fh_errand_answer *out)
{
	struct fh_cursor c = fh_cursor_of(frame);
	struct fh_errand_answer a = { 0 };

	fh_cbor_array_exact(&c, 4);
	a.status = fh_cbor_uint(&c);
	a.body = fh_cbor_bytes(&c, FH_WITNESS_ANSWER_MAX);
	a.why = fh_cbor_text(&c, why_max);
	a.large = fh_cbor_bool(&c);
	if (a.status > 999)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err err = fh_cursor_end(&c);

	if (err == FH_ERR_OK)
		*out = a;
	return err;
}
