/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/operator_key.h"

#include <string.h>

#include "crypto/aead.h"

#define MAGIC "freehold operator key\n"

constexpr uint64_t version = 1;
constexpr size_t salt_size = 16;
constexpr size_t seed_size = FH_MLDSA65_SEED_SIZE;
constexpr size_t sealed_size = seed_size + FH_AEAD_TAG_SIZE;
constexpr size_t header_max = 4096;
constexpr size_t placement_max = 32;

/* The public, authenticated part of the file.  */
struct header {
	struct fh_argon2 cost;
	uint8_t salt[salt_size];
	uint8_t nonce[FH_AEAD_NONCE_SIZE];
	struct fh_operator_public public;
};

void fh_operator_key_drop(struct fh_operator_key *k)
{
	fh_secret_drop(&k->seed);
	fh_signer_drop(&k->signer);
	*k = (struct fh_operator_key){ 0 };
}

fh_err fh_operator_key_of(const struct fh_secret *seed, enum fh_placement placement,
			  struct fh_operator_key *out)
{
	FH_OWN(fh_operator_key) k = { .seed = *seed, .public.placement = placement };
	fh_err e = fh_signer_new(seed, &k.signer);

	if (e == FH_ERR_OK)
		e = fh_signer_public(&k.signer, &k.public.key);
	if (e == FH_ERR_OK)
		e = fh_companion_public(seed, &k.public.companion);
	if (e == FH_ERR_OK)
		e = fh_kem_public_of(seed, &k.public.recipient);
	if (e != FH_ERR_OK)
		return e;
	k.public.id = fh_key_id(FH_SPAN_ARRAY(k.public.key.bytes));
	*out = k;
	k = (struct fh_operator_key){ 0 };
	return FH_ERR_OK;
}

fh_err fh_operator_key_new(enum fh_placement placement, struct fh_operator_key *out)
{
	FH_OWN(fh_secret) seed = { 0 };
	fh_err e = fh_seed_new(&seed);

	return e != FH_ERR_OK ? e : fh_operator_key_of(&seed, placement, out);
}

static void put_header(struct fh_builder *b, const struct header *h)
{
	fh_cbor_put_map(b, 8);
	fh_cbor_put_uint(b, 1);
	fh_cbor_put_uint(b, version);
	fh_cbor_put_uint(b, 2);
	fh_cbor_put_array(b, 3);
	fh_cbor_put_uint(b, h->cost.memory_kib);
	fh_cbor_put_uint(b, h->cost.passes);
	fh_cbor_put_uint(b, h->cost.lanes);
	fh_cbor_put_uint(b, 3);
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(h->salt));
	fh_cbor_put_uint(b, 4);
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(h->nonce));
	fh_cbor_put_uint(b, 5);
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(h->public.key.bytes));
	fh_cbor_put_uint(b, 6);
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(h->public.companion.bytes));
	fh_cbor_put_uint(b, 7);
	fh_cbor_put_bytes(b, FH_SPAN_ARRAY(h->public.recipient.bytes));
	fh_cbor_put_uint(b, 8);
	fh_cbor_put_text(b, fh_span_str(fh_placement_text(h->public.placement)));
}

static void read_into(struct fh_cursor *c, uint64_t key, uint8_t *out, size_t n)
{
	fh_cbor_key(c, key);

	struct fh_span s = fh_cbor_bytes_exact(c, n);

	if (s.n == n)
		memcpy(out, s.p, n);
}

static uint32_t read_cost(struct fh_cursor *c)
{
	uint64_t v = fh_cbor_uint(c);

	if (v > UINT32_MAX)
		fh_cursor_fail(c, FH_ERR_LIMIT);
	return (uint32_t)v;
}

static fh_err read_header(struct fh_span header, struct header *out)
{
	struct fh_cursor c = fh_cursor_of(header);
	struct header h = { 0 };

	size_t pairs = fh_cbor_map(&c, FH_CBOR_ITEMS_MAX);

	fh_cbor_key(&c, 1);
	uint64_t v = fh_cbor_uint(&c);

	if (!fh_cursor_bad(&c) && v > version)
		return FH_ERR_VERSION;
	if (pairs != 8 || v != version)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_cbor_key(&c, 2);
	fh_cbor_array_exact(&c, 3);
	h.cost.memory_kib = read_cost(&c);
	h.cost.passes = read_cost(&c);
	h.cost.lanes = read_cost(&c);
	read_into(&c, 3, h.salt, sizeof(h.salt));
	read_into(&c, 4, h.nonce, sizeof(h.nonce));
	read_into(&c, 5, h.public.key.bytes, sizeof(h.public.key.bytes));
	read_into(&c, 6, h.public.companion.bytes, sizeof(h.public.companion.bytes));
	read_into(&c, 7, h.public.recipient.bytes, sizeof(h.public.recipient.bytes));
	fh_cbor_key(&c, 8);
	if (fh_placement_parse(fh_cbor_text(&c, placement_max), &h.public.placement) != FH_ERR_OK)
		fh_cursor_fail(&c, FH_ERR_FORMAT);

	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	h.public.id = fh_key_id(FH_SPAN_ARRAY(h.public.key.bytes));
	*out = h;
	return FH_ERR_OK;
}

/* What the seal is bound to: the magic line and the header.  */
static struct fh_span associated(struct fh_builder *b, struct fh_span header)
{
	fh_builder_text(b, MAGIC);
	fh_builder_bytes(b, header);
	return fh_builder_span(b);
}

fh_err fh_operator_key_seal(const struct fh_operator_key *k, struct fh_span passphrase,
			    struct fh_argon2 cost, struct fh_builder *out)
{
	struct header h = { .cost = cost, .public = k->public };
	uint8_t bytes[header_max], bound_bytes[header_max + 64], sealed[sealed_size];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), bound = FH_BUILDER_ARRAY(bound_bytes);
	FH_OWN(fh_secret) key = { 0 };
	fh_err e = fh_random(h.salt, sizeof(h.salt));

	if (e == FH_ERR_OK)
		e = fh_random(h.nonce, sizeof(h.nonce));
	if (e == FH_ERR_OK)
		e = fh_argon2id(passphrase, FH_SPAN_ARRAY(h.salt), cost, &key);
	if (e != FH_ERR_OK)
		return e;
	put_header(&b, &h);

	struct fh_span header = fh_builder_span(&b);

	e = fh_aead_seal(&key, h.nonce, associated(&bound, header), fh_secret_span(&k->seed),
			 sealed);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_text(out, MAGIC);
	fh_cbor_put_array(out, 2);
	fh_cbor_put_bytes(out, header);
	fh_cbor_put_bytes(out, FH_SPAN_ARRAY(sealed));
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err split(struct fh_span file, struct fh_span *header, struct fh_span *sealed,
		    struct header *h, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(file);

	fh_cursor_expect(&c, FH_SPAN_LIT(MAGIC));
	if (fh_cursor_bad(&c)) {
		fh_trace_what(t, "this is no operator key file");
		fh_trace_cure(t, "make one with `freehold key new FILE`");
		return FH_ERR_FORMAT;
	}
	fh_cbor_array_exact(&c, 2);

	struct fh_span first = fh_cbor_bytes(&c, header_max);
	struct fh_span second = fh_cbor_bytes_exact(&c, sealed_size);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		e = read_header(first, h);
	if (e == FH_ERR_VERSION)
		fh_trace_what(t, "this operator key file was made by a newer version");
	else if (e != FH_ERR_OK)
		fh_trace_what(t, "the operator key file is damaged");
	if (e != FH_ERR_OK) {
		fh_trace_cure(t, "%s", e == FH_ERR_VERSION ? "update Freehold"
							   : "restore it from its backup");
		return e;
	}
	*header = first;
	*sealed = second;
	return FH_ERR_OK;
}

fh_err fh_operator_key_peek(struct fh_span file, struct fh_operator_public *out,
			    struct fh_trace *t)
{
	struct fh_span header, sealed;
	struct header h;
	fh_err e = split(file, &header, &sealed, &h, t);

	if (e == FH_ERR_OK)
		*out = h.public;
	return e;
}

static fh_err unseal(struct fh_span header, const struct header *h, struct fh_span sealed,
		     struct fh_span passphrase, struct fh_secret *out)
{
	uint8_t bytes[header_max + 64];
	struct fh_builder bound = FH_BUILDER_ARRAY(bytes);
	FH_OWN(fh_secret) key = { 0 };
	FH_OWN(fh_secret) seed = { .n = seed_size };
	fh_err e = fh_argon2id(passphrase, FH_SPAN_ARRAY(h->salt), h->cost, &key);

	if (e == FH_ERR_OK)
		e = fh_aead_open(&key, h->nonce, associated(&bound, header), sealed, seed.bytes);
	if (e == FH_ERR_OK)
		*out = seed;
	return e;
}

fh_err fh_operator_key_open(struct fh_span file, struct fh_span passphrase,
			    struct fh_operator_key *out, struct fh_trace *t)
{
	struct fh_span header, sealed;
	struct header h;
	FH_OWN(fh_secret) seed = { 0 };
	FH_OWN(fh_operator_key) k = { 0 };
	fh_err e = split(file, &header, &sealed, &h, t);

	if (e != FH_ERR_OK)
		return e;
	e = unseal(header, &h, sealed, passphrase, &seed);
	if (e == FH_ERR_SIGNATURE) {
		fh_trace_what(t, "wrong passphrase, or the operator key file is damaged");
		fh_trace_cure(t, "try again, or restore the file from its backup");
	}
	if (e == FH_ERR_OK)
		e = fh_operator_key_of(&seed, h.public.placement, &k);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_hash_equal(&k.public.id, &h.public.id)) {
		fh_trace_what(t, "the operator key file names another key than it holds");
		return FH_ERR_FORMAT;
	}
	*out = k;
	k = (struct fh_operator_key){ 0 };
	return FH_ERR_OK;
}

fh_err fh_operator_key_sign(const struct fh_operator_key *k, struct fh_span payload,
			    struct fh_arena *a, struct fh_cose_signature *out)
{
	return fh_operator_key_sign_as(k, FH_SPAN_LIT(FH_STATEMENT_AAD), payload, a, out);
}

fh_err fh_operator_key_sign_as(const struct fh_operator_key *k, struct fh_span aad,
			       struct fh_span payload, struct fh_arena *a,
			       struct fh_cose_signature *out)
{
	size_t cap = payload.n + FH_COSE_SIGNED_OVERHEAD;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, cap), cap);
	struct fh_signature *s = fh_arena_take(a, sizeof(*s));
	struct fh_span to_sign;
	fh_err e;

	if (b.p == nullptr || s == nullptr)
		return FH_ERR_NOMEM;
	fh_cose_put_signed(&b, aad, payload);
	e = fh_builder_end(&b, &to_sign);
	if (e == FH_ERR_OK)
		e = fh_signer_sign(&k->signer, to_sign, s);
	if (e != FH_ERR_OK)
		return e;
	*out = (struct fh_cose_signature){ k->public.id, FH_SPAN_ARRAY(s->bytes) };
	return FH_ERR_OK;
}
