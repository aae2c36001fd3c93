/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/recovery.h"

#include <string.h>

#include "base/own.h"
#include "codec/cbor.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

#define MAGIC_ANY "freehold recovery slot "
#define MAGIC MAGIC_ANY "1"
#define DOMAIN "freehold/recovery-slot/v1\n"
#define TAG_LABEL "freehold/recovery-tag/v1"

constexpr size_t members = 8;
constexpr size_t earlier_members = 2;
constexpr size_t tag_size = 2 + FH_HASH_SIZE; /* as CBOR */

static_assert(FH_RECOVERY_CONTEXT == sizeof(DOMAIN) - 1 + 2 * FH_HASH_SIZE + 8);
static_assert(FH_RECOVERY_BOX_SIZE == FH_KEM_ENCAPSULATION_SIZE + FH_RECOVERY_EPOCH_KEY_SIZE
				      + FH_AEAD_TAG_SIZE);

struct fh_hash fh_recovery_key_id(struct fh_span public_key)
{
	return fh_hash_of(public_key);
}

void fh_recovery_put_context(struct fh_builder *b, const struct fh_recovery_slot *s)
{
	fh_builder_text(b, DOMAIN);
	fh_builder_bytes(b, fh_hash_span(&s->chain_id));
	fh_builder_bytes(b, fh_hash_span(&s->device_id));
	fh_builder_be64(b, s->epoch);
}

static fh_err tag_of(struct fh_span said, const struct fh_secret *epoch_key, struct fh_hash *out)
{
	FH_OWN(fh_secret) key = { 0 };
	fh_err e = fh_hkdf_expand(epoch_key, FH_SPAN_LIT(TAG_LABEL), FH_HASH_SIZE, &key);

	return e == FH_ERR_OK ? fh_hmac(&key, said, out) : e;
}

fh_err fh_recovery_put(struct fh_builder *b, const struct fh_recovery_slot *s,
		       const struct fh_secret *epoch_key)
{
	const size_t from = b->n;
	struct fh_hash tag;

	fh_cbor_put_array(b, members);
	fh_cbor_put_text(b, FH_SPAN_LIT(MAGIC));
	fh_cbor_put_hash(b, &s->chain_id);
	fh_cbor_put_hash(b, &s->device_id);
	fh_cbor_put_uint(b, s->epoch);
	fh_cbor_put_bytes(b, s->held ? fh_hash_span(&s->key) : (struct fh_span){ 0 });
	fh_cbor_put_bytes(b, s->held ? s->box : (struct fh_span){ 0 });
	fh_cbor_put_array(b, s->earliers);
	for (size_t i = 0; i < s->earliers; i++) {
		fh_cbor_put_array(b, earlier_members);
		fh_cbor_put_hash(b, &s->earlier[i].key);
		fh_cbor_put_uint(b, s->earlier[i].until);
	}
	if (b->bad)
		return FH_ERR_LIMIT;
	fh_err e = tag_of(fh_span_skip(fh_builder_span(b), from), epoch_key, &tag);

	fh_cbor_put_hash(b, &tag);
	return e == FH_ERR_OK && b->bad ? FH_ERR_LIMIT : e;
}

static void take_earlier(struct fh_cursor *c, struct fh_recovery_slot *s)
{
	s->earliers = fh_cbor_array(c, FH_RECOVERY_EARLIER_MAX);
	for (size_t i = 0; i < s->earliers && !fh_cursor_bad(c); i++) {
		struct fh_recovery_earlier *x = &s->earlier[i];

		fh_cbor_array_exact(c, earlier_members);
		x->key = fh_cbor_hash(c);
		x->until = fh_cbor_uint(c);
		if (i > 0 && fh_span_compare(fh_hash_span(&s->earlier[i - 1].key),
					     fh_hash_span(&x->key)) >= 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
	}
}

/* Both of the recipient's key and the box, or neither.  */
static void take_box(struct fh_cursor *c, struct fh_recovery_slot *s)
{
	struct fh_span key = fh_cbor_bytes(c, FH_HASH_SIZE);

	s->box = fh_cbor_bytes(c, FH_RECOVERY_BOX_SIZE);
	s->held = key.n > 0;
	if (key.n != (s->held ? FH_HASH_SIZE : 0)
	    || s->box.n != (s->held ? FH_RECOVERY_BOX_SIZE : 0))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	if (!fh_cursor_bad(c) && s->held)
		memcpy(s->key.bytes, key.p, FH_HASH_SIZE);
}

fh_err fh_recovery_read(struct fh_span bytes, struct fh_recovery_slot *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_recovery_slot s = { 0 };

	fh_cbor_array_exact(&c, members);
	fh_cbor_magic(&c, FH_SPAN_LIT(MAGIC), sizeof(MAGIC_ANY) - 1);
	s.chain_id = fh_cbor_hash(&c);
	s.device_id = fh_cbor_hash(&c);
	s.epoch = fh_cbor_uint(&c);
	take_box(&c, &s);
	take_earlier(&c, &s);
	(void)fh_cbor_hash(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

fh_err fh_recovery_check(struct fh_span bytes, const struct fh_secret *epoch_key)
{
	struct fh_hash tag;

	if (bytes.n < tag_size)
		return FH_ERR_SIGNATURE;
	fh_err e = tag_of(fh_span_first(bytes, bytes.n - tag_size), epoch_key, &tag);

	if (e != FH_ERR_OK)
		return e;
	return fh_secret_equal(fh_hash_span(&tag), fh_span_skip(bytes, bytes.n - FH_HASH_SIZE))
		       ? FH_ERR_OK : FH_ERR_SIGNATURE;
}
