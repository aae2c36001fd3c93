/* SPDX-License-Identifier: Apache-2.0 */
#include "state/effect.h"

#include "codec/cbor.h"

void fh_effect_put(struct fh_builder *b, const struct fh_effect *e)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_bool(b, e->opens);
	fh_cbor_put_array(b, e->parts);
	for (size_t i = 0; i < e->parts; i++) {
		fh_cbor_put_array(b, 3);
		fh_cbor_put_hash(b, &e->part[i].budget);
		fh_cbor_put_uint(b, e->part[i].period_ms);
		fh_cbor_put_uint(b, e->part[i].amount);
	}
}

static bool named_before(const struct fh_effect *e, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (fh_hash_equal(&e->part[k].budget, &e->part[i].budget))
			return true;
	}
	return false;
}

fh_err fh_effect_read(struct fh_span value, struct fh_effect *out)
{
	struct fh_cursor c = fh_cursor_of(value);
	struct fh_effect e = { 0 };

	fh_cbor_array_exact(&c, 2);
	e.opens = fh_cbor_bool(&c);
	e.parts = fh_cbor_array(&c, FH_CHARGES_MAX);
	for (size_t i = 0; i < e.parts && !fh_cursor_bad(&c); i++) {
		fh_cbor_array_exact(&c, 3);
		e.part[i].budget = fh_cbor_hash(&c);
		e.part[i].period_ms = fh_cbor_uint(&c);
		e.part[i].amount = fh_cbor_uint(&c);
		if (e.part[i].period_ms == 0 || named_before(&e, i))
			fh_cursor_fail(&c, FH_ERR_FORMAT);
	}
	fh_err why = fh_cursor_end(&c);

	if (why == FH_ERR_OK)
		*out = e;
	return why;
}
