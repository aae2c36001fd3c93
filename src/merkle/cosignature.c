/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/cosignature.h"

#include "base/cursor.h"
#include "base/hex.h"
#include "codec/base64.h"

#include <string.h>

constexpr size_t time_size = 8;
constexpr size_t key_room = 4096; /* of types that we do not know, too */

/* --- verifier keys ---------------------------------------------------- */

static bool known(uint8_t type, enum fh_cosigner *out)
{
	*out = type == FH_NOTE_MLDSA44_COSIGNATURE ? FH_COSIGNER_MLDSA44 : FH_COSIGNER_ED25519;
	return type == FH_NOTE_ED25519 || type == FH_NOTE_ED25519_COSIGNATURE
	       || type == FH_NOTE_MLDSA44_COSIGNATURE;
}

bool fh_note_type_timed(uint8_t type)
{
	return type == FH_NOTE_ED25519_COSIGNATURE || type == FH_NOTE_MLDSA44_COSIGNATURE;
}

/* Over everything that stands in a verifier key behind its id.  */
static uint32_t id_of(struct fh_span name, struct fh_span typed_key)
{
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, name);
	fh_sha256_add(&s, FH_SPAN_LIT("\n"));
	fh_sha256_add(&s, typed_key);
	struct fh_hash h = fh_sha256_end(&s);
	struct fh_cursor c = fh_cursor_of(fh_hash_span(&h));

	return fh_cursor_be32(&c);
}

static fh_err id_read(struct fh_span hex, uint32_t *out)
{
	uint8_t bytes[4];
	fh_err e = fh_hex_read(hex, bytes, sizeof(bytes));

	if (e != FH_ERR_OK)
		return FH_ERR_FORMAT;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_ARRAY(bytes));

	*out = fh_cursor_be32(&c);
	return FH_ERR_OK;
}

fh_err fh_note_key_read(struct fh_span vkey, struct fh_note_key *out)
{
	uint8_t bytes[key_room];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_cursor c = fh_cursor_of(vkey);
	struct fh_note_key k = { .name = fh_cursor_until(&c, '+') };
	struct fh_span id = fh_cursor_until(&c, '+');
	enum fh_cosigner a;

	k.encoded = fh_cursor_take(&c, c.rest.n);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		e = fh_note_name_check(k.name);
	if (e == FH_ERR_OK)
		e = id_read(id, &k.id);
	if (e == FH_ERR_OK)
		e = fh_base64_read(k.encoded, &b);
	if (e != FH_ERR_OK || b.n < 2)
		return e == FH_ERR_LIMIT ? e : FH_ERR_FORMAT;
	if (id_of(k.name, fh_builder_span(&b)) != k.id)
		return FH_ERR_FORMAT;
	k.type = bytes[0];
	k.hash = fh_hash_of(fh_span_skip(fh_builder_span(&b), 1));
	bool ours = known(k.type, &a);

	if (ours && b.n != 1 + fh_cosigner_public_size(a))
		return FH_ERR_FORMAT;
	*out = k;
	return ours ? FH_ERR_OK : FH_ERR_UNSUPPORTED;
}

static void put_typed(struct fh_builder *b, uint8_t type, struct fh_span key)
{
	fh_builder_u8(b, type);
	fh_builder_bytes(b, key);
}

uint32_t fh_note_key_id(struct fh_span name, uint8_t type, struct fh_span key)
{
	uint8_t bytes[1 + FH_COSIGNER_PUBLIC_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	put_typed(&b, type, key);
	return id_of(name, fh_builder_span(&b));
}

void fh_note_put_vkey(struct fh_builder *b, struct fh_span name, uint8_t type, struct fh_span key)
{
	uint8_t bytes[1 + FH_COSIGNER_PUBLIC_MAX], id_bytes[4];
	struct fh_builder typed = FH_BUILDER_ARRAY(bytes);
	struct fh_builder id = FH_BUILDER_ARRAY(id_bytes);

	put_typed(&typed, type, key);
	fh_builder_be32(&id, id_of(name, fh_builder_span(&typed)));
	if (typed.bad)
		b->bad = true;
	fh_builder_bytes(b, name);
	fh_builder_u8(b, '+');
	fh_builder_hex(b, fh_builder_span(&id));
	fh_builder_u8(b, '+');
	fh_base64_put(b, fh_builder_span(&typed));
}

/* --- what is signed --------------------------------------------------- */

static void put_opaque8(struct fh_builder *b, struct fh_span s)
{
	if (s.n == 0 || s.n > 255)
		b->bad = true;
	fh_builder_u8(b, (uint8_t)s.n);
	fh_builder_bytes(b, s);
}

/* C2SP tlog-cosignature: the whole tree as the subtree from 0.  */
static void put_subtree(struct fh_builder *b, struct fh_span name, uint64_t time,
			struct fh_span text)
{
	struct fh_checkpoint c;

	if (fh_checkpoint_parse(text, &c) != FH_ERR_OK) {
		b->bad = true;
		return;
	}
	fh_builder_bytes(b, FH_SPAN_LIT("subtree/v1\n\0"));
	put_opaque8(b, name);
	fh_builder_be64(b, time);
	put_opaque8(b, c.origin);
	fh_builder_be64(b, 0);
	fh_builder_be64(b, c.size);
	fh_builder_bytes(b, fh_hash_span(&c.root));
}

void fh_cosignature_put_signed(struct fh_builder *b, uint8_t type, struct fh_span name,
			       uint64_t time, struct fh_span text)
{
	switch (type) {
	case FH_NOTE_ED25519:
		fh_builder_bytes(b, text);
		return;
	case FH_NOTE_ED25519_COSIGNATURE:
		fh_builder_text(b, "cosignature/v1\ntime ");
		fh_builder_decimal(b, time);
		fh_builder_u8(b, '\n');
		fh_builder_bytes(b, text);
		return;
	case FH_NOTE_MLDSA44_COSIGNATURE:
		put_subtree(b, name, time, text);
		return;
	default:
		b->bad = true;
	}
}

/* --- checking --------------------------------------------------------- */

static fh_err line_check(const struct fh_note_key *key, enum fh_cosigner a,
			 const struct fh_note_signature *line, struct fh_span text, uint64_t *time)
{
	uint8_t blob[time_size + FH_COSIGNER_SIGNATURE_MAX], key_bytes[1 + FH_COSIGNER_PUBLIC_MAX];
	uint8_t message_bytes[FH_COSIGNED_MAX];
	struct fh_builder typed = FH_BUILDER_ARRAY(key_bytes);
	struct fh_builder message = FH_BUILDER_ARRAY(message_bytes);
	size_t before = fh_note_type_timed(key->type) ? time_size : 0;
	size_t n = before + fh_cosigner_signature_size(a);

	if (fh_note_signature_bytes(line, blob, n) != FH_ERR_OK)
		return FH_ERR_SIGNATURE;
	struct fh_cursor c = fh_cursor_of(fh_span_of(blob, n));

	*time = before > 0 ? fh_cursor_be64(&c) : 0;
	fh_cosignature_put_signed(&message, key->type, key->name, *time, text);
	if (message.bad || fh_base64_read(key->encoded, &typed) != FH_ERR_OK)
		return FH_ERR_UNSUPPORTED;
	return fh_cosigner_check(a, fh_span_skip(fh_builder_span(&typed), 1),
				 fh_builder_span(&message), c.rest);
}

fh_err fh_cosignature_check(const struct fh_note_key *key, const struct fh_note *note,
			    uint64_t *time)
{
	enum fh_cosigner a;
	uint64_t told;

	for (size_t i = 0; i < note->signatures; i++) {
		const struct fh_note_signature *line = &note->signature[i];

		if (line->key_id != key->id || !fh_span_equal(line->name, key->name))
			continue;
		if (!known(key->type, &a))
			return FH_ERR_UNSUPPORTED;
		fh_err e = line_check(key, a, line, note->text, &told);

		if (e == FH_ERR_OK && time != nullptr)
			*time = told;
		return e;
	}
	return FH_ERR_MISSING;
}
