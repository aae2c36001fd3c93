/* SPDX-License-Identifier: Apache-2.0 */
/* Deterministic CBOR and its SHA-256: the file is not synced, so after a power cut anything
 * can be in it.  */
#include "journal/resume.h"

#include "codec/cbor.h"

constexpr uint64_t version = 2; /* in 1 the fold was in clear */

void fh_resume_put(struct fh_builder *b, const struct fh_resume *r)
{
	size_t before = b->n;

	fh_cbor_put_array(b, 10);
	fh_cbor_put_uint(b, version);
	fh_cbor_put_hash(b, &r->chain_id);
	fh_cbor_put_hash(b, &r->device_id);
	fh_cbor_put_uint(b, r->state);
	fh_cbor_put_uint(b, r->size);
	fh_cbor_put_uint(b, r->place.segment);
	fh_cbor_put_uint(b, r->place.offset);
	fh_cbor_put_bytes(b, r->partial);
	fh_cbor_put_bytes(b, r->fold);
	fh_cbor_put_array(b, r->authorities);
	for (size_t i = 0; i < r->authorities; i++)
		fh_cbor_put_uint(b, r->authority[i]);
	struct fh_hash sum = fh_hash_of(fh_span_skip(fh_builder_span(b), before));

	fh_builder_bytes(b, fh_hash_span(&sum));
}

static fh_err read_authority(struct fh_cursor *c, struct fh_arena *a, struct fh_resume *r)
{
	size_t n = fh_cbor_array(c, FH_RESUME_AUTHORITY_MAX);
	uint64_t *index = fh_arena_array(a, n + 1, sizeof(*index));

	if (index == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		index[i] = fh_cbor_uint(c);
		if (fh_cursor_bad(c) || index[i] >= r->state || (i > 0 && index[i] <= index[i - 1]))
			return FH_ERR_FORMAT;
	}
	r->authority = index;
	r->authorities = n;
	return FH_ERR_OK;
}

fh_err fh_resume_read(struct fh_span file, struct fh_arena *a, struct fh_resume *out)
{
	size_t n = file.n < FH_HASH_SIZE ? 0 : file.n - FH_HASH_SIZE;
	struct fh_cursor c = fh_cursor_of(fh_span_first(file, n));
	struct fh_hash sum = fh_hash_of(c.rest);
	struct fh_resume r = { 0 };

	if (n == 0 || !fh_span_equal(fh_span_skip(file, n), fh_hash_span(&sum)))
		return FH_ERR_FORMAT;
	fh_cbor_array_exact(&c, 10);
	uint64_t is = fh_cbor_uint(&c);

	r.chain_id = fh_cbor_hash(&c);
	r.device_id = fh_cbor_hash(&c);
	r.state = fh_cbor_uint(&c);
	r.size = fh_cbor_uint(&c);
	r.place.segment = fh_cbor_uint(&c);
	r.place.offset = fh_cbor_uint(&c);
	r.partial = fh_cbor_bytes(&c, FH_TILES_PARTIAL_MAX);
	r.fold = fh_cbor_bytes(&c, FH_RESUME_SEALED_MAX);
	if (fh_cursor_bad(&c) || is != version || r.size == 0 || r.size > r.state)
		return FH_ERR_FORMAT;
	fh_err e = read_authority(&c, a, &r);

	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}
