/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/sealed.h"

#include <string.h>

#include "base/own.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

#define MAGIC_ANY "freehold device answer "
#define MAGIC MAGIC_ANY "1"
#define SALT "freehold/device-answer/v1"

constexpr size_t items = 5; /* of the head; the statements follow it */
constexpr size_t items_ever = 64; /* of any later version that is to be told apart */
constexpr size_t secret_size = 32;
constexpr size_t object_max = 2 + 32 + 2 + secret_size;
constexpr size_t seed_max = 256;

bool fh_sealed_answer_is(struct fh_span file)
{
	struct fh_cursor c = fh_cursor_of(file);

	(void)fh_cbor_array(&c, items_ever);
	struct fh_span magic = fh_cbor_text(&c, FH_NAME_MAX);

	return !fh_cursor_bad(&c) && fh_span_starts(magic, FH_SPAN_LIT(MAGIC_ANY));
}

static fh_err read_items(struct fh_span file, struct fh_sealed_answer *out)
{
	struct fh_cursor c = fh_cursor_of(file);
	struct fh_sealed_answer a;
	size_t n = fh_cbor_array(&c, items_ever);

	fh_cbor_magic(&c, FH_SPAN_LIT(MAGIC), sizeof(MAGIC_ANY) - 1);
	if (n != items)
		fh_cursor_fail(&c, FH_ERR_FORMAT);

	struct fh_span chain = fh_cbor_bytes_exact(&c, FH_HASH_SIZE);
	struct fh_span device = fh_cbor_bytes_exact(&c, FH_HASH_SIZE);

	a.object = fh_cbor_bytes(&c, object_max);
	a.seed = fh_cbor_bytes(&c, seed_max);
	a.head = fh_span_first(file, file.n - c.rest.n);
	a.sealed = c.rest;
	if (fh_cursor_bad(&c))
		return c.why;
	if (file.n > FH_SEALED_ANSWER_MAX)
		return FH_ERR_LIMIT;
	if (a.object.n == 0 || a.seed.n == 0 || a.sealed.n <= FH_AEAD_TAG_SIZE)
		return FH_ERR_FORMAT;
	memcpy(a.chain_id.bytes, chain.p, FH_HASH_SIZE);
	memcpy(a.device.bytes, device.p, FH_HASH_SIZE);
	*out = a;
	return FH_ERR_OK;
}

fh_err fh_sealed_answer_read(struct fh_span file, struct fh_sealed_answer *out,
			     struct fh_trace *t)
{
	fh_err e = read_items(file, out);

	if (e == FH_ERR_VERSION) {
		fh_trace_what(t, "this answer is of a newer version");
		fh_trace_cure(t, "update Freehold here");
	} else if (e != FH_ERR_OK) {
		fh_trace_what(t, "this is no answer to a device request, or it was damaged");
		fh_trace_cure(t, "bring the file that `freehold device admit --answer` wrote");
	}
	return e;
}

/* One secret is for one answer, so the nonce is zero; the head is bound through
 * the key.  */
static fh_err answer_key(const struct fh_secret *secret, struct fh_span head,
			 struct fh_secret *out)
{
	struct fh_hash info = fh_hash_of(head);

	if (secret->n != secret_size)
		return FH_ERR_FORMAT;
	return fh_hkdf(secret, FH_SPAN_LIT(SALT), fh_hash_span(&info), FH_AEAD_KEY_SIZE, out);
}

fh_err fh_sealed_answer_put(struct fh_builder *b, const struct fh_sealed_answer *a,
			    const struct fh_secret *secret, struct fh_span plain)
{
	static const uint8_t nonce[FH_AEAD_NONCE_SIZE];
	FH_OWN(fh_secret) key = { 0 };
	struct fh_builder own = *b;

	if (plain.n > FH_SEALED_ANSWER_MAX - FH_SEALED_OVERHEAD)
		return FH_ERR_LIMIT;
	fh_cbor_put_array(&own, items);
	fh_cbor_put_text(&own, FH_SPAN_LIT(MAGIC));
	fh_cbor_put_bytes(&own, fh_hash_span(&a->chain_id));
	fh_cbor_put_bytes(&own, fh_hash_span(&a->device));
	fh_cbor_put_bytes(&own, a->object);
	fh_cbor_put_bytes(&own, a->seed);

	struct fh_span head = fh_span_skip(fh_builder_span(&own), b->n);
	fh_err e = answer_key(secret, head, &key);

	if (e != FH_ERR_OK)
		return e;
	uint8_t *sealed = fh_builder_space(&own, plain.n + FH_AEAD_TAG_SIZE);

	if (sealed == nullptr)
		return FH_ERR_LIMIT;
	e = fh_aead_seal(&key, nonce, (struct fh_span){ 0 }, plain, sealed);
	if (e == FH_ERR_OK)
		*b = own;
	return e;
}

fh_err fh_sealed_answer_open(const struct fh_sealed_answer *a, const struct fh_secret *secret,
			     struct fh_builder *out)
{
	static const uint8_t nonce[FH_AEAD_NONCE_SIZE];
	FH_OWN(fh_secret) key = { 0 };
	struct fh_builder own = *out;
	fh_err e = answer_key(secret, a->head, &key);

	if (e != FH_ERR_OK)
		return e;

	uint8_t *plain = fh_builder_space(&own, a->sealed.n - FH_AEAD_TAG_SIZE);

	if (plain == nullptr)
		return FH_ERR_LIMIT;
	e = fh_aead_open(&key, nonce, (struct fh_span){ 0 }, a->sealed, plain);
	if (e == FH_ERR_OK)
		*out = own;
	return e;
}

void fh_statement_list_put(struct fh_builder *b, size_t n)
{
	fh_cbor_put_array(b, n);
}

fh_err fh_statement_list_read(struct fh_span list, const struct fh_hash *chain_id,
			      struct fh_span *out, size_t max, size_t *count)
{
	struct fh_cursor c = fh_cursor_of(list);
	size_t n = fh_cbor_array(&c, max);
	uint64_t last = 0;

	for (size_t i = 0; i < n && !fh_cursor_bad(&c); i++) {
		struct fh_envelope v;

		out[i] = fh_cbor_bytes(&c, FH_ENVELOPE_MAX);
		if (fh_cursor_bad(&c))
			return c.why;
		fh_err e = fh_envelope_parse(out[i], &v, /* trace */ nullptr);

		if (e != FH_ERR_OK)
			return e;
		if (v.statement.sequence <= last ||
		    !fh_hash_equal(&v.statement.chain_id, chain_id))
			return FH_ERR_FORMAT;
		last = v.statement.sequence;
	}
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK || n == 0)
		return e != FH_ERR_OK ? e : FH_ERR_FORMAT;
	*count = n;
	return FH_ERR_OK;
}
