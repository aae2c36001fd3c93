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
constexpr uint64_t sealing_pruned = 2;
constexpr size_t part_members = 3;
constexpr size_t text_members = 4;
constexpr size_t both_size = FH_AEAD_KEY_SIZE + FH_HASH_SIZE; /* a key and its commitment */
constexpr size_t ciphertext_max = FH_PAYLOAD_MAX + FH_AEAD_TAG_SIZE;
static const uint8_t zero_nonce[FH_AEAD_NONCE_SIZE];

/* --- keys ------------------------------------------------------------- */

/* N bytes from KEY, bound to LABEL and WHAT.  */
static fh_err derive(const struct fh_secret *key, struct fh_span label, struct fh_span what,
		     size_t n, struct fh_secret *out)
{
	uint8_t bytes[24 + 8 + FH_HASH_SIZE];
	struct fh_builder info = FH_BUILDER_ARRAY(bytes);

	fh_builder_bytes(&info, label);
	fh_builder_bytes(&info, what);
	return info.bad ? FH_ERR_LIMIT : fh_hkdf_expand(key, fh_builder_span(&info), n, out);
}

fh_err fh_seal_batch_key(const struct fh_secret *period_key, uint64_t batch, struct fh_secret *out)
{
	uint8_t bytes[8];
	struct fh_builder what = FH_BUILDER_ARRAY(bytes);

	fh_builder_be64(&what, batch);
	return derive(period_key, FH_SPAN_LIT("freehold/batch/v1"), fh_builder_span(&what),
		      FH_SEAL_KEY_SIZE, out);
}

/* Key and commitment, from what is both.  */
static fh_err split(const struct fh_secret *both, struct fh_secret *key,
		    struct fh_hash *commitment)
{
	memcpy(commitment->bytes, both->bytes + FH_AEAD_KEY_SIZE, FH_HASH_SIZE);
	return fh_secret_from(fh_span_of(both->bytes, FH_AEAD_KEY_SIZE), key);
}

/* The key of one part of the entry LEAF, and the commitment to the batch key that it came
 * from: two keys with one commitment would be a collision of HMAC.  */
static fh_err entry_key(const struct fh_secret *batch_key, const struct fh_leaf *leaf,
			struct fh_secret *key, struct fh_hash *commitment)
{
	FH_OWN(fh_secret) both = { 0 };
	uint8_t bytes[8 + FH_HASH_SIZE];
	struct fh_builder what = FH_BUILDER_ARRAY(bytes);

	fh_builder_be64(&what, leaf->index);
	fh_builder_bytes(&what, fh_hash_span(&leaf->fields));
	fh_err e = derive(batch_key, FH_SPAN_LIT("freehold/entry/v1"), fh_builder_span(&what),
			  both_size, &both);

	return e == FH_ERR_OK ? split(&both, key, commitment) : e;
}

static fh_err text_key(const struct fh_secret *batch_key, struct fh_span salt,
		       struct fh_secret *key, struct fh_hash *commitment)
{
	FH_OWN(fh_secret) both = { 0 };
	fh_err e = derive(batch_key, FH_SPAN_LIT("freehold/text/v1"), salt, both_size, &both);

	return e == FH_ERR_OK ? split(&both, key, commitment) : e;
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

uint64_t fh_seal_ends_ms(struct fh_span class, uint64_t period)
{
	uint64_t retained = fh_seal_retained_ms(class), ms;

	if (retained == 0 || ckd_mul(&ms, period, fh_seal_period_ms(class))
	    || ckd_add(&ms, ms, retained))
		return UINT64_MAX;
	return ms;
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

/* Zeros up to the bucket's end.  */
static fh_err pad(struct fh_builder *b)
{
	size_t n = b->bad ? 0 : fh_seal_bucket(b->n) - b->n;
	uint8_t *zeros = fh_builder_space(b, n);

	if (b->bad)
		return FH_ERR_LIMIT;
	memset(zeros, 0, n);
	return FH_ERR_OK;
}

/* [opening, ...], padded.  */
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
	return pad(b);
}

/* PLAIN, sealed under KEY and bound to NAME; it is wiped.  */
static fh_err put_ciphertext(struct fh_builder *b, const struct fh_secret *key,
			     const struct fh_sealer *with, struct fh_builder *plain)
{
	const struct fh_span text = fh_builder_span(plain);
	size_t n = plain->n + FH_AEAD_TAG_SIZE;

	fh_cbor_put_bytes_head(b, n);
	uint8_t *sealed = fh_builder_space(b, n);
	fh_err e = sealed == nullptr ? FH_ERR_LIMIT
		   : with->aead == nullptr
			   ? fh_aead_seal(key, zero_nonce, with->name, text, sealed)
			   : fh_aead_seal_next(with->aead, key, zero_nonce, with->name, text,
					       sealed);

	fh_wipe(plain->p, plain->n);
	return e;
}

fh_err fh_sealed_put_part(struct fh_builder *b, const struct fh_fields *f,
			  const bool chosen[FH_FIELDS_MAX], const struct fh_sealer *with,
			  const struct fh_leaf *leaf, struct fh_span room)
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
		e = entry_key(with->batch_key, leaf, &key, &commitment);
	if (e != FH_ERR_OK)
		return e;
	fh_cbor_put_array(b, part_members);
	fh_cbor_put_bytes(b, with->name);
	fh_cbor_put_hash(b, &commitment);
	return put_ciphertext(b, &key, with, &plain);
}

fh_err fh_sealed_text_put(struct fh_builder *b, struct fh_span text, struct fh_span name,
			  const struct fh_secret *batch_key, struct fh_span salt,
			  struct fh_span room)
{
	struct fh_builder plain = fh_builder_of((void *)room.p, room.n);
	FH_OWN(fh_secret) key = { 0 };
	struct fh_hash commitment;

	fh_cbor_put_bytes(&plain, text);
	fh_err e = pad(&plain);

	if (e == FH_ERR_OK)
		e = text_key(batch_key, salt, &key, &commitment);
	if (e != FH_ERR_OK)
		return e;
	fh_cbor_put_array(b, text_members);
	fh_cbor_put_bytes(b, name);
	fh_cbor_put_bytes(b, salt);
	fh_cbor_put_hash(b, &commitment);
	return put_ciphertext(b, &key, &(struct fh_sealer){ .name = name }, &plain);
}

/* --- reading ---------------------------------------------------------- */

/* How PAYLOAD is sealed; another value than both of ours for what is not, or cannot be read.  */
static uint64_t sealing_of(struct fh_span payload)
{
	struct fh_cursor c = fh_cursor_of(payload);

	fh_cbor_array_exact(&c, 2);
	uint64_t sealing = fh_cbor_uint(&c);

	return fh_cursor_bad(&c) ? 0 : sealing;
}

bool fh_payload_is_sealed(struct fh_span payload)
{
	uint64_t sealing = sealing_of(payload);

	return sealing == sealing_batch || sealing == sealing_pruned;
}

bool fh_payload_is_stub(struct fh_span payload)
{
	return sealing_of(payload) == sealing_pruned;
}

static struct fh_sealed_part take_part(struct fh_cursor *c)
{
	struct fh_sealed_part p;

	fh_cbor_array_exact(c, part_members);
	p.name = fh_cbor_bytes_exact(c, FH_SEAL_NAME_SIZE);
	p.commitment = fh_cbor_bytes_exact(c, FH_HASH_SIZE);
	p.sealed = fh_cbor_bytes(c, ciphertext_max);
	if (p.sealed.n < FH_AEAD_TAG_SIZE || !is_bucket(p.sealed.n - FH_AEAD_TAG_SIZE))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return p;
}

static struct fh_sealed_part take_name(struct fh_cursor *c)
{
	return (struct fh_sealed_part){ .name = fh_cbor_bytes_exact(c, FH_SEAL_NAME_SIZE) };
}

fh_err fh_sealed_read(struct fh_span payload, struct fh_sealed *out)
{
	struct fh_cursor c = fh_cursor_of(payload);
	struct fh_sealed s = { 0 };

	fh_cbor_array_exact(&c, 2);
	uint64_t sealing = fh_cbor_uint(&c);

	s.pruned = sealing == sealing_pruned;
	if (sealing != sealing_batch && !s.pruned && !fh_cursor_bad(&c))
		return FH_ERR_VERSION;
	s.parts = fh_cbor_array(&c, FH_SEAL_PARTS_MAX);
	if (s.parts == 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	for (size_t i = 0; i < s.parts && !fh_cursor_bad(&c); i++)
		s.part[i] = s.pruned ? take_name(&c) : take_part(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

void fh_stub_put(struct fh_builder *b, const struct fh_sealed *s)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, sealing_pruned);
	fh_cbor_put_array(b, s->parts);
	for (size_t i = 0; i < s->parts; i++)
		fh_cbor_put_bytes(b, s->part[i].name);
}

bool fh_payload_fits(const struct fh_leaf *leaf, struct fh_span payload)
{
	struct fh_hash h;
	struct fh_sealed s;

	if (fh_payload_is_stub(payload))
		return !fh_span_equal(leaf->class, FH_SPAN_LIT(FH_CLASS_PUBLIC))
		       && fh_sealed_read(payload, &s) == FH_ERR_OK;
	h = fh_hash_of(payload);
	return fh_hash_equal(&h, &leaf->payload);
}

fh_err fh_sealed_open_part(const struct fh_sealed_part *p, const struct fh_secret *batch_key,
			   const struct fh_leaf *leaf, uint8_t *room, struct fh_fields *out)
{
	FH_OWN(fh_secret) key = { 0 };
	struct fh_hash commitment;
	fh_err e = entry_key(batch_key, leaf, &key, &commitment);

	if (e == FH_ERR_OK && !fh_span_equal(p->commitment, fh_hash_span(&commitment)))
		e = FH_ERR_MISSING;
	if (e == FH_ERR_OK)
		e = fh_aead_open(&key, zero_nonce, p->name, p->sealed, room);
	if (e != FH_ERR_OK)
		return e;
	return read_openings(fh_span_of(room, p->sealed.n - FH_AEAD_TAG_SIZE), out);
}

bool fh_sealed_is_whole(const struct fh_fields *f, const struct fh_leaf *leaf)
{
	struct fh_hash root = fh_fields_root(f);

	return fh_hash_equal(&root, &leaf->fields);
}

fh_err fh_sealed_text_read(struct fh_span bytes, size_t max, struct fh_sealed_text *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_sealed_text s;

	fh_cbor_array_exact(&c, text_members);
	s.part.name = fh_cbor_bytes_exact(&c, FH_SEAL_NAME_SIZE);
	s.salt = fh_cbor_bytes_exact(&c, FH_SALT_SIZE);
	s.part.commitment = fh_cbor_bytes_exact(&c, FH_HASH_SIZE);
	s.part.sealed = fh_cbor_bytes(&c, max);
	if (s.part.sealed.n < FH_AEAD_TAG_SIZE
	    || !is_bucket(s.part.sealed.n - FH_AEAD_TAG_SIZE))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

fh_err fh_sealed_text_open(const struct fh_sealed_text *s, const struct fh_secret *batch_key,
			   uint8_t *room, struct fh_span *out)
{
	FH_OWN(fh_secret) key = { 0 };
	struct fh_hash commitment;
	fh_err e = text_key(batch_key, s->salt, &key, &commitment);

	if (e == FH_ERR_OK && !fh_span_equal(s->part.commitment, fh_hash_span(&commitment)))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK)
		e = fh_aead_open(&key, zero_nonce, s->part.name, s->part.sealed, room);
	if (e != FH_ERR_OK)
		return e;
	size_t n = s->part.sealed.n - FH_AEAD_TAG_SIZE;
	struct fh_cursor c = fh_cursor_of(fh_span_of(room, n));
	struct fh_span text = fh_cbor_bytes(&c, n);

	if (fh_cursor_bad(&c) || !all_zero(c.rest))
		return FH_ERR_FORMAT;
	*out = text;
	return FH_ERR_OK;
}
