/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/shred.h"

#include "base/hex.h"
#include "codec/cbor.h"

constexpr size_t members = 3;
constexpr size_t key_members = 4;

/* What a slot begins with, and what one is called that nobody can name.  */
#define SLOT "recovery:"
#define SLOT_UNKNOWN SLOT "unknown"
static_assert(FH_SHRED_SLOT_MAX == sizeof(SLOT) - 1 + 2 * FH_HASH_SIZE);

/* --- writing ------------------------------------------------------------ */

void fh_shred_begin(struct fh_builder *b, size_t n)
{
	fh_cbor_put_array(b, n);
}

void fh_shred_put_key(struct fh_builder *b, const struct fh_shred_key *k)
{
	fh_cbor_put_array(b, key_members);
	fh_cbor_put_bytes(b, k->name);
	fh_cbor_put_text(b, k->class);
	fh_cbor_put_uint(b, k->period);
	fh_cbor_put_uint(b, k->statement);
}

void fh_shred_slots_begin(struct fh_builder *b, size_t n)
{
	fh_cbor_put_array(b, n);
}

void fh_shred_put_slot(struct fh_builder *b, const struct fh_hash *key)
{
	static const struct fh_hash unknown;
	char text[FH_SHRED_SLOT_MAX];
	struct fh_builder t = FH_BUILDER_ARRAY(text);

	if (fh_hash_equal(key, &unknown)) {
		fh_builder_text(&t, SLOT_UNKNOWN);
	} else {
		fh_builder_text(&t, SLOT);
		fh_builder_hex(&t, fh_hash_span(key));
	}
	fh_cbor_put_text(b, fh_builder_span(&t));
}

void fh_shred_put(struct fh_builder *b, struct fh_span keys, uint64_t epoch, struct fh_span slots)
{
	fh_cbor_put_map(b, members);
	fh_cbor_put_text(b, FH_SPAN_LIT("keys"));
	fh_builder_bytes(b, keys);
	fh_cbor_put_text(b, FH_SPAN_LIT("epoch"));
	fh_cbor_put_uint(b, epoch);
	fh_cbor_put_text(b, FH_SPAN_LIT("slots"));
	if (slots.n > 0)
		fh_builder_bytes(b, slots);
	else
		fh_shred_slots_begin(b, 0);
}

/* --- reading ------------------------------------------------------------ */

static struct fh_shred_key take_key(struct fh_cursor *c)
{
	struct fh_shred_key k;

	fh_cbor_array_exact(c, key_members);
	k.name = fh_cbor_bytes_exact(c, FH_SEAL_NAME_SIZE);
	k.class = fh_cbor_text(c, FH_CLASS_MAX);
	k.period = fh_cbor_uint(c);
	k.statement = fh_cbor_uint(c);
	return k;
}

static size_t take_list(struct fh_cursor *c)
{
	size_t n = fh_cbor_array(c, FH_SHRED_KEYS_MAX);
	struct fh_span last = { 0 };

	if (n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		struct fh_shred_key k = take_key(c);

		if (fh_cursor_bad(c))
			return 0;
		if (k.class.n == 0 || (i > 0 && fh_span_compare(last, k.name) >= 0))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		last = k.name;
	}
	return n;
}

fh_err fh_shred_list_read(struct fh_span keys, size_t *n)
{
	struct fh_cursor c = fh_cursor_of(keys);

	*n = take_list(&c);
	return fh_cursor_end(&c);
}

/* "recovery:" and the hash of a key in hex, or "recovery:unknown".  */
static bool is_slot(struct fh_span text)
{
	char again[2 * FH_HASH_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(again);
	struct fh_hash key;

	if (fh_span_equal(text, FH_SPAN_LIT(SLOT_UNKNOWN)))
		return true;
	if (!fh_span_starts(text, FH_SPAN_LIT(SLOT)))
		return false;
	struct fh_span hex = fh_span_skip(text, sizeof(SLOT) - 1);

	if (fh_hex_read(hex, key.bytes, sizeof(key.bytes)) != FH_ERR_OK)
		return false;
	fh_builder_hex(&b, fh_hash_span(&key));
	return fh_span_equal(hex, fh_builder_span(&b)); /* which has small letters */
}

static size_t take_slots(struct fh_cursor *c)
{
	size_t n = fh_cbor_array(c, FH_SHRED_SLOTS_MAX);
	struct fh_span last = { 0 };

	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		struct fh_span text = fh_cbor_text(c, FH_SHRED_SLOT_MAX);

		if (!fh_cursor_bad(c)
		    && (!is_slot(text) || (i > 0 && fh_span_compare(last, text) >= 0)))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		last = text;
	}
	return n;
}

fh_err fh_shred_slots_read(struct fh_span slots, size_t *n)
{
	struct fh_cursor c = fh_cursor_of(slots);

	*n = take_slots(&c);
	return fh_cursor_end(&c);
}

/* What C has passed since FROM.  */
static struct fh_span passed(struct fh_span from, const struct fh_cursor *c)
{
	return fh_span_first(from, from.n - c->rest.n);
}

fh_err fh_shred_read(struct fh_span detail, struct fh_shred *out)
{
	struct fh_cursor c = fh_cursor_of(detail);
	struct fh_shred s;

	fh_cbor_map_exact(&c, members);
	fh_cbor_name(&c, "keys");
	struct fh_span from = c.rest;

	s.keys_n = take_list(&c);
	s.keys = passed(from, &c);
	fh_cbor_name(&c, "epoch");
	s.epoch = fh_cbor_uint(&c);
	fh_cbor_name(&c, "slots");
	from = c.rest;
	s.slots_n = take_slots(&c);
	s.slots = passed(from, &c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

/* What of LIST comes behind the first AT bytes, and behind its head.  */
static struct fh_cursor rest_of(struct fh_span list, size_t max, size_t at)
{
	struct fh_cursor c = fh_cursor_of(fh_span_skip(list, at));

	if (at == 0)
		(void)fh_cbor_array(&c, max);
	return c;
}

bool fh_shred_next(struct fh_span keys, size_t *at, struct fh_shred_key *out)
{
	struct fh_cursor c = rest_of(keys, FH_SHRED_KEYS_MAX, *at);

	if (c.rest.n == 0)
		return false;
	*out = take_key(&c);
	*at = keys.n - c.rest.n;
	return !fh_cursor_bad(&c);
}

bool fh_shred_slot_next(struct fh_span slots, size_t *at, struct fh_span *out)
{
	struct fh_cursor c = rest_of(slots, FH_SHRED_SLOTS_MAX, *at);

	if (c.rest.n == 0)
		return false;
	*out = fh_cbor_text(&c, FH_SHRED_SLOT_MAX);
	*at = slots.n - c.rest.n;
	return !fh_cursor_bad(&c);
}
