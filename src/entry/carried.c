/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/carried.h"

#include "codec/cbor.h"

void fh_carried_put(struct fh_builder *b, const struct fh_carried *c)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, c->period);
	fh_cbor_put_bytes(b, c->text);
}

fh_err fh_carried_read(const struct fh_fields *f, struct fh_carried *out)
{
	const struct fh_field *field = fh_fields_get(f, FH_FIELD_FOLD);

	if (field == nullptr)
		return FH_ERR_MISSING;
	struct fh_cursor c = fh_cursor_of(field->value);

	fh_cbor_array_exact(&c, 2);
	struct fh_carried said = { .period = fh_cbor_uint(&c) };

	said.text = fh_cbor_bytes(&c, FH_CARRIED_MAX);
	if (said.period < FH_FOLD_PERIOD_FIRST)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	if (fh_cursor_end(&c) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	*out = said;
	return FH_ERR_OK;
}
