/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/seal.h"

#include <stdckdint.h>
#include <string.h>

#include "base/decimal.h"
#include "base/own.h"
#include "codec/cbor.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

constexpr uint64_t sealing_batch = 1;
constexpr size_t part_members = 3;
constexpr size_t ciphertext_max = FH_PAYLOAD_MAX + FH_AEAD_TAG_SIZE;
static const uint8_t zero_nonce[FH_AEAD_NONCE_SIZE];

/* --- keys ------------------------------------------------------------- */

/* N bytes from KEY, bound to LABEL and NUMBER.  */
static fh_err derive(const struct fh_secret *key, struct fh_span label, uint64_t number, size_t n,
		     struct fh_secret *out)
{
	uint8_t bytes[32];
	struct fh_builder info = FH_BUILDER_ARRAY(bytes);

	fh_builder_bytes(&info, label);
	fh_builder_be64(&info, number);
	return fh_hkdf_expand(key, fh_builder_span(&info), n, out);
}

fh_err fh_seal_batch_key(const struct fh_secret *period_key, uint64_t batch, struct fh_secret *out)
{
	return derive(period_key, FH_SPAN_LIT("freehold/batch/v1"), batch, FH_SEAL_KEY_SIZE, out);
}

/* The key of one part of the entry INDEX, and the commitment to the batch key that it came
 * from: two keys with one commitment would be a collision of HMAC.  */
static fh_err entry_key(const struct fh_secret *batch_key, uint64_t index, struct fh_secret *key,
			struct fh_hash *commitment)
{
	FH_OWN(fh_secret) both = { 0 };
	fh_err e = derive(batch_key, FH_SPAN_LIT("freehold/entry/v1"), index,
			  FH_AEAD_KEY_SIZE + FH_HASH_SIZE, &both);

	if (e != FH_ERR_OK)
		return e;
	memcpy(commitment->bytes, both.bytes + FH_AEAD_KEY_SIZE, FH_HASH_SIZE);
	return fh_secret_from(fh_span_of(both.bytes, FH_AEAD_KEY_SIZE), key);
}

/* --- periods ---------------------------------------------------------- */

constexpr uint64_t default_period_ms = UINT64_C(30) * 24 * 60 * 60 * 1000;
constexpr uint64_t periods_kept = 16; /* of what is kept for a time */
constexpr uint64_t second_ms = 1000;

/* "Ns", as core writes what @retain says.  */
uint64_t fh_seal_retained_ms(struct fh_span class)
{
	uint64_t seconds, ms;

	if (class.n < 2 || class.p[class.n - 1] != 's'
	    || fh_decimal_read(fh_span_first(class, class.n - 1), &seconds) != FH_ERR_OK
	    || ckd_mul(&ms, seconds, second_ms))
		return 0;
	return ms;
}

uint64_t fh_seal_period_ms(struct fh_span class)
{
	uint64_t retained = fh_seal_retained_ms(class) / periods_kept;

	if (retained > 0)
		return retained > second_ms ? retained : second_ms;
	return fh_span_equal(class, FH_SPAN_LIT(FH_CLASS_FOLD)) ? 0 : default_period_ms;
}

uint64_t fh_seal_period(struct fh_span class, uint64_t lo_ms)
{
	uint64_t length = fh_seal_period_ms(class);

	return length == 0 ? 0 : lo_ms / length;
}

/* --- sizes ------------------------------------------------------------ */

size_t fh_seal_bucket(size_t n)
{
	size_t power = FH_SEAL_BUCKET_MIN;

	while (power < n) {
		if (power / 2 * 3 >= n)
			return power / 2 * 3;
		power *= 2;
	}
	return power;
}

size_t fh_sealed_size(size_t n, size_t parts)
{
	return parts * (fh_seal_bucket(n + 8) + FH_SEAL_OVERHEAD) + 8;
}

static bool is_bucket(size_t n)
{
	return fh_seal_bucket(n) == n;
}

/* --- openings --------------------------------------------------------- */

/* Puts F where its id belongs.  */
static fh_err insert(struct fh_fields *fields, struct fh_field f)
{
	size_t at = fields->n;

	if (fields->n == FH_FIELDS_MAX)
		return FH_ERR_FORMAT;
	while (at > 0 && fields->field[at - 1].id > f.id) {
		fields->field[at] = fields->field[at - 1];
		at--;
	}
	fields->field[at] = f;
	fields->n++;
	return at > 0 && fields->field[at - 1].id == f.id ? FH_ERR_FORMAT : FH_ERR_OK;
}

static bool all_zero(struct fh_span s)
{
	uint8_t any = 0;

	for (size_t i = 0; i < s.n; i++)
		any |= s.p[i];
	return any == 0;
}

static fh_err read_openings(struct fh_span plain, struct fh_fields *out)
{
	struct fh_cursor c = fh_cursor_of(plain);
	size_t n = fh_cbor_array(&c, FH_FIELDS_MAX);
	struct fh_fields all = *out;
	fh_err e = c.why;

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		struct fh_field f = fh_field_take_opening(&c);

		e = c.why == FH_ERR_OK ? insert(&all, f) : c.why;
	}
	if (e == FH_ERR_OK && !all_zero(c.rest))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		*out = all;
	return e;
}

/* --- sealing ---------------------------------------------------------- */

void fh_sealed_put_head(struct fh_builder *b, size_t parts)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, sealing_batch);
	fh_cbor_put_array(b, parts);
}

/* [opening, ...] and zeros up to the bucket's end.  */
static fh_err put_padded(struct fh_builder *b, const struct fh_fields *f,
			 const bool chosen[FH_FIELDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += chosen[i];
	fh_cbor_put_array(b, n);
	for (size_t i = 0; i < f->n; i++) {
		if (chosen[i])
			fh_field_put_opening(b, &f->field[i]);
	}
	size_t pad = b->bad ? 0 : fh_seal_bucket(b->n) - b->n;
	uint8_t *zeros = fh_builder_space(b, pad);

	if (b->bad)
		return FH_ERR_LIMIT;
	memset(zeros, 0, pad);
	return FH_ERR_OK;
}

fh_err fh_sealed_put_part(struct fh_builder *b, const struct fh_fields *f,
			  const bool chosen[FH_FIELDS_MAX], struct fh_span name,
			  const struct fh_secret *batch_key, uint64_t index, struct fh_span room)
{
	struct fh_builder plain = fh_builder_of((void *)room.p, room.n);
	FH_OWN(fh_secret) key = { 0 };
	struct fh_hash commitment;
	struct fh_fields again = { 0 };
	fh_err e = put_padded(&plain, f, chosen);

	/* What cannot be read back must not be signed: it would stay unreadable.  */
	if (e == FH_ERR_OK && read_openings(fh_builder_span(&plain), &again) != FH_ERR_OK)
		e = FH_ERR_STATE;
	if (e == FH_ERR_OK)
		e = entry_key(batch_key, index, &key, &commitment);
	if (e != FH_ERR_OK)
		return e;
	size_t n = plain.n + FH_AEAD_TAG_SIZE;

	fh_cbor_put_array(b, part_members);
	fh_cbor_put_bytes(b, name);
	fh_cbor_put_hash(b, &commitment);
	fh_cbor_put_bytes_head(b, n);
	uint8_t *sealed = fh_builder_space(b, n);

	if (sealed == nullptr)
		return FH_ERR_LIMIT;
	e = fh_aead_seal(&key, zero_nonce, name, fh_builder_span(&plain), sealed);
	fh_wipe((void *)room.p, plain.n);
	return e;
}

/* --- reading ---------------------------------------------------------- */

bool fh_payload_is_sealed(struct fh_span payload)
{
	struct fh_cursor c = fh_cursor_of(payload);

	fh_cbor_array_exact(&c, 2);
	return fh_cbor_uint(&c) == sealing_batch && !fh_cursor_bad(&c);
}

fh_err fh_sealed_read(struct fh_span payload, struct fh_sealed *out)
{
	struct fh_cursor c = fh_cursor_of(payload);
	struct fh_sealed s = { 0 };

	fh_cbor_array_exact(&c, 2);
	if (fh_cbor_uint(&c) != sealing_batch && !fh_cursor_bad(&c))
		return FH_ERR_VERSION;
	s.parts = fh_cbor_array(&c, FH_SEAL_PARTS_MAX);
	if (s.parts == 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	for (size_t i = 0; i < s.parts && !fh_cursor_bad(&c); i++) {
		struct fh_sealed_part *p = &s.part[i];

		fh_cbor_array_exact(&c, part_members);
		p->name = fh_cbor_bytes_exact(&c, FH_SEAL_NAME_SIZE);
		p->commitment = fh_cbor_bytes_exact(&c, FH_HASH_SIZE);
		p->sealed = fh_cbor_bytes(&c, ciphertext_max);
		if (p->sealed.n < FH_AEAD_TAG_SIZE || !is_bucket(p->sealed.n - FH_AEAD_TAG_SIZE))
			fh_cursor_fail(&c, FH_ERR_FORMAT);
	}
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

fh_err fh_sealed_open_part(const struct fh_sealed_part *p, const struct fh_secret *batch_key,
			   uint64_t index, uint8_t *room, struct fh_fields *out)
{
	FH_OWN(fh_secret) key = { 0 };
	struct fh_hash commitment;
	fh_err e = entry_key(batch_key, index, &key, &commitment);

	if (e == FH_ERR_OK && !fh_span_equal(p->commitment, fh_hash_span(&commitment)))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK)
		e = fh_aead_open(&key, zero_nonce, p->name, p->sealed, room);
	if (e != FH_ERR_OK)
		return e;
	return read_openings(fh_span_of(room, p->sealed.n - FH_AEAD_TAG_SIZE), out);
}
