/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/authorisations.h"

#include "codec/cbor.h"

#define MAGIC_ANY "freehold chip authorisations "
#define MAGIC MAGIC_ANY "1"
#define DOMAIN "freehold/chip-authorisations/v1\n"

constexpr size_t members = 4;

static_assert(FH_AUTHORISATIONS_CONTEXT == sizeof(DOMAIN) - 1 + 2 * FH_HASH_SIZE);

void fh_authorisations_put(struct fh_builder *b, const struct fh_authorisations *a)
{
	fh_cbor_put_array(b, members);
	fh_cbor_put_text(b, FH_SPAN_LIT(MAGIC));
	fh_cbor_put_hash(b, &a->chain_id);
	fh_cbor_put_hash(b, &a->device);
	fh_cbor_put_bytes(b, a->box);
}

fh_err fh_authorisations_read(struct fh_span file, struct fh_authorisations *out)
{
	struct fh_cursor c = fh_cursor_of(file);
	struct fh_authorisations a;

	fh_cbor_array_exact(&c, members);
	fh_cbor_magic(&c, FH_SPAN_LIT(MAGIC), sizeof(MAGIC_ANY) - 1);
	a.chain_id = fh_cbor_hash(&c);
	a.device = fh_cbor_hash(&c);
	a.box = fh_cbor_bytes(&c, FH_AUTHORISATIONS_BOX_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}

void fh_authorisations_put_context(struct fh_builder *b, const struct fh_authorisations *a)
{
	fh_builder_text(b, DOMAIN);
	fh_builder_bytes(b, fh_hash_span(&a->chain_id));
	fh_builder_bytes(b, fh_hash_span(&a->device));
}
