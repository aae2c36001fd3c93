/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery slots: each data epoch's key is encapsulated to the operator, too, and what could open
 * keys in the epochs before is remembered for as long as they are here.  docs/spec/KEYS,
 * "Recovery slots".  */
#include <string.h>

#include "base/own.h"
#include "crypto/kem.h"
#include "role/data_keys_private.h"

/* The chain can name as recipient what is no key: that is found out before anything relies on
 * it.  */
static bool is_useless(const struct fh_kem_public *to)
{
	static const uint8_t nothing[FH_RECOVERY_EPOCH_KEY_SIZE];
	uint8_t bytes[FH_RECOVERY_BOX_SIZE];
	struct fh_builder box = FH_BUILDER_ARRAY(bytes);

	return fh_kem_seal(to, (struct fh_span){ 0 }, FH_SPAN_ARRAY(nothing), &box)
	       == FH_ERR_FORMAT;
}

void fh_data_keys_recipient(struct fh_data_keys *k, const struct fh_hash *chain_id,
			    const struct fh_hash *device_id, struct fh_span recipient)
{
	struct fh_data_recipient r = { .known = true, .chain_id = *chain_id,
				       .device_id = *device_id,
				       .wanted = recipient.n == sizeof(r.to.bytes) };

	if (r.wanted) {
		memcpy(r.to.bytes, recipient.p, sizeof(r.to.bytes));
		r.key = fh_recovery_key_id(recipient);
		r.useless = is_useless(&r.to);
	}
	k->recipient = r;
}

/* --- what is remembered ------------------------------------------------- */

/* The newest statement that one of the keys here was made at.  */
static uint64_t newest(const struct fh_data_keys *k)
{
	uint64_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		n = k->key[i].statement > n ? k->key[i].statement : n;
	return n;
}

/* DOOMED or other keys here were made at UNTIL or before.  */
static bool any_until(const struct fh_data_keys *k, bool doomed, uint64_t until)
{
	for (size_t i = 0; i < k->n; i++) {
		if (k->key[i].doomed == doomed && k->key[i].statement <= until)
			return true;
	}
	return false;
}

static void insert(struct fh_data_slot *s, size_t at, struct fh_recovery_earlier x)
{
	memmove(&s->earlier[at + 1], &s->earlier[at], (s->earliers - at) * sizeof(x));
	s->earlier[at] = x;
	s->earliers++;
}

static void remember(struct fh_data_slot *s, struct fh_recovery_earlier x)
{
	static const struct fh_hash unknown;
	size_t at = 0;
	int order = 1;

	for (; at < s->earliers; at++) {
		order = fh_span_compare(fh_hash_span(&s->earlier[at].key), fh_hash_span(&x.key));
		if (order >= 0)
			break;
	}
	if (at < s->earliers && order == 0) {
		if (s->earlier[at].until < x.until)
			s->earlier[at].until = x.until;
	} else if (s->earliers < FH_RECOVERY_EARLIER_MAX) {
		insert(s, at, x);
	} else {
		/* Too many to name them all: what is said has to be true, not complete.  */
		s->earlier[0].key = unknown;
		if (s->earlier[0].until < x.until)
			s->earlier[0].until = x.until;
	}
}

void fh_data_slot_take(struct fh_data_keys *k, struct fh_span slot)
{
	const struct fh_data_recipient *r = &k->recipient;
	struct fh_recovery_slot s;

	k->slot = (struct fh_data_slot){ 0 };
	if (slot.n == 0)
		return;
	k->slot.held = true; /* with a key of zeros, unless it is in order */
	if (fh_recovery_read(slot, &s) != FH_ERR_OK
	    || fh_recovery_check(slot, &k->epoch_key) != FH_ERR_OK || s.epoch != k->epoch
	    || (r->known && (!fh_hash_equal(&s.chain_id, &r->chain_id)
			     || !fh_hash_equal(&s.device_id, &r->device_id))))
		return;
	k->slot.held = s.held;
	k->slot.key = s.key;
	k->slot.earliers = s.earliers;
	memcpy(k->slot.earlier, s.earlier, sizeof(s.earlier));
}

void fh_data_slot_absorb(struct fh_data_keys *k, struct fh_span slot)
{
	const uint64_t until = newest(k);
	struct fh_recovery_slot s;

	if (fh_recovery_read(slot, &s) != FH_ERR_OK)
		return;
	if (s.held && !(k->slot.held && fh_hash_equal(&s.key, &k->slot.key)))
		remember(&k->given_up, (struct fh_recovery_earlier){ s.key, until });
	for (size_t i = 0; i < s.earliers; i++)
		remember(&k->given_up, s.earlier[i]);
}

/* Adds to OUT what FROM tells of keys here, DOOMED or others.  */
static void gather(const struct fh_data_keys *k, const struct fh_data_slot *from, bool doomed,
		   struct fh_data_slot *out)
{
	for (size_t i = 0; i < from->earliers; i++) {
		if (any_until(k, doomed, from->earlier[i].until))
			remember(out, from->earlier[i]);
	}
}

/* What the next epoch has to remember of the one before it, for the keys that go along.  */
static void pass_on(const struct fh_data_keys *k, struct fh_data_slot *next)
{
	const struct fh_data_slot *s = &k->slot;
	const struct fh_recovery_earlier last = { s->key, newest(k) };

	gather(k, s, /* doomed= */ false, next);
	gather(k, &k->given_up, /* doomed= */ false, next);
	if (s->held && k->n > 0 && !(next->held && fh_hash_equal(&next->key, &s->key)))
		remember(next, last);
}

/* --- making ------------------------------------------------------------- */

static fh_err fill(const struct fh_data_recipient *r, const struct fh_secret *epoch_key,
		   struct fh_recovery_slot *s, struct fh_builder *box)
{
	uint8_t bytes[FH_RECOVERY_CONTEXT];
	struct fh_builder context = FH_BUILDER_ARRAY(bytes);

	fh_recovery_put_context(&context, s);
	fh_err e = fh_kem_seal(&r->to, fh_builder_span(&context), fh_secret_span(epoch_key), box);

	s->box = fh_builder_span(box);
	return e;
}

fh_err fh_data_slot_make(struct fh_data_keys *k, uint64_t epoch,
			 const struct fh_secret *epoch_key, struct fh_data_slot *out,
			 struct fh_builder *b)
{
	const struct fh_data_recipient *r = &k->recipient;
	struct fh_recovery_slot s = { .chain_id = r->chain_id, .device_id = r->device_id,
				      .epoch = epoch };
	struct fh_data_slot next = { .held = r->wanted && !r->useless, .key = r->key };
	uint8_t bytes[FH_RECOVERY_BOX_SIZE];
	struct fh_builder box = FH_BUILDER_ARRAY(bytes);
	fh_err e = next.held ? fill(r, epoch_key, &s, &box) : FH_ERR_OK;

	if (!next.held)
		next.key = (struct fh_hash){ 0 };
	pass_on(k, &next);
	s.held = next.held;
	s.key = next.key;
	s.earliers = next.earliers;
	memcpy(s.earlier, next.earlier, sizeof(next.earlier));
	if (e == FH_ERR_OK && (s.held || s.earliers > 0))
		e = fh_recovery_put(b, &s, epoch_key);
	if (e == FH_ERR_OK)
		*out = next;
	return e;
}

bool fh_data_slot_due(const struct fh_data_keys *k)
{
	const struct fh_data_recipient *r = &k->recipient;
	bool wanted = r->wanted && !r->useless;

	return r->known
	       && (wanted != k->slot.held || (wanted && !fh_hash_equal(&r->key, &k->slot.key)));
}

/* --- what an entry names -------------------------------------------------- */

/* What the file of this epoch says could open the keys that end.  */
static struct fh_data_slot of_doomed(const struct fh_data_keys *k)
{
	struct fh_data_slot all = { 0 };

	gather(k, &k->slot, /* doomed= */ true, &all);
	if (k->slot.held)
		remember(&all, (struct fh_recovery_earlier){ k->slot.key, 0 });
	return all;
}

/* Keys rise, and the one of zeros, which would come first, is called what comes last.  */
void fh_data_keys_put_slots(const struct fh_data_keys *k, struct fh_builder *b)
{
	static const struct fh_hash unknown;
	struct fh_data_slot all = of_doomed(k);

	gather(k, &k->given_up, /* doomed= */ true, &all);
	size_t first = all.earliers > 0 && fh_hash_equal(&all.earlier[0].key, &unknown) ? 1 : 0;

	fh_shred_slots_begin(b, all.earliers);
	for (size_t i = first; i < all.earliers; i++)
		fh_shred_put_slot(b, &all.earlier[i].key);
	if (first > 0)
		fh_shred_put_slot(b, &unknown);
}

bool fh_data_keys_slots_named(const struct fh_data_keys *k, struct fh_span slots)
{
	const struct fh_data_slot all = of_doomed(k);
	size_t found = 0;

	for (size_t i = 0; i < all.earliers; i++) {
		uint8_t bytes[2 + FH_SHRED_SLOT_MAX];
		struct fh_builder b = FH_BUILDER_ARRAY(bytes);
		struct fh_span slot;
		bool named = false;

		fh_shred_put_slot(&b, &all.earlier[i].key);
		for (size_t at = 0; !named && fh_shred_slot_next(slots, &at, &slot);)
			named = fh_span_equal(slot, fh_span_skip(fh_builder_span(&b),
								 b.n - slot.n));
		found += named;
	}
	return found == all.earliers;
}

/* --- without the chip ----------------------------------------------------- */

static fh_err said(struct fh_data_keys *k, fh_err e, const char *what, const char *cure,
		   struct fh_trace *t)
{
	fh_trace_where(t, "%s", fh_data_file_name(k->epoch));
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "%s", cure);
	return e;
}

static fh_err not_ours(struct fh_data_keys *k, const struct fh_recovery_slot *s,
		       const struct fh_hash *ours, struct fh_trace *t)
{
	char theirs_hex[2 * FH_HASH_SIZE + 1] = { 0 }, ours_hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder a = fh_builder_of(theirs_hex, 2 * FH_HASH_SIZE);
	struct fh_builder b = fh_builder_of(ours_hex, 2 * FH_HASH_SIZE);

	fh_builder_hex(&a, fh_hash_span(&s->key));
	fh_builder_hex(&b, fh_hash_span(ours));
	fh_trace_where(t, "%s", fh_data_file_name(k->epoch));
	fh_trace_what(t, "its recovery slot is for the key %s, and this is %s", theirs_hex,
		      ours_hex);
	fh_trace_cure(t, "give the key that was in force when this copy was made");
	return FH_ERR_PERMISSION;
}

/* The epoch key from the box of S.  */
static fh_err decapsulate(struct fh_data_keys *k, const struct fh_recovery_slot *s,
			  struct fh_span slot, const struct fh_secret *seed, struct fh_trace *t)
{
	uint8_t bytes[FH_RECOVERY_CONTEXT], plain[FH_RECOVERY_EPOCH_KEY_SIZE];
	struct fh_builder context = FH_BUILDER_ARRAY(bytes), key = FH_BUILDER_ARRAY(plain);

	fh_recovery_put_context(&context, s);
	fh_err e = fh_kem_open(seed, fh_builder_span(&context), s->box, &key);

	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_builder_span(&key), &k->epoch_key);
	fh_wipe(plain, sizeof(plain));
	if (e == FH_ERR_OK)
		e = fh_recovery_check(slot, &k->epoch_key);
	return e != FH_ERR_SIGNATURE ? e
	       : said(k, e, "its recovery slot was altered: it does not open with the key it is "
		      "for", "take another copy of keys/", t);
}

static fh_err open_slot(struct fh_data_keys *k, const struct fh_data_head *h,
			const struct fh_hash *chain_id, const struct fh_hash *device_id,
			const struct fh_secret *seed, struct fh_trace *t)
{
	struct fh_recovery_slot s;
	struct fh_kem_public self;
	fh_err e = h->slot.n == 0 ? FH_ERR_MISSING : fh_recovery_read(h->slot, &s);

	if (e == FH_ERR_MISSING || (e == FH_ERR_OK && !s.held))
		return said(k, FH_ERR_MISSING, "has no recovery slot: only its chip opens it",
			    "there is nothing to be done with this copy away from its machine", t);
	if (e != FH_ERR_OK)
		return said(k, e, "its recovery slot cannot be read",
			    "take another copy of keys/", t);
	if (!fh_hash_equal(&s.chain_id, chain_id) || s.epoch != h->epoch
	    || (device_id != nullptr && !fh_hash_equal(&s.device_id, device_id)))
		return said(k, FH_ERR_CONFLICT, "its recovery slot is of another chain, device or "
			    "data epoch",
			    "somebody has put it there: take another copy of keys/", t);
	e = fh_kem_public_of(seed, &self);
	if (e != FH_ERR_OK)
		return e;
	const struct fh_hash ours = fh_recovery_key_id(FH_SPAN_ARRAY(self.bytes));

	return fh_hash_equal(&ours, &s.key) ? decapsulate(k, &s, h->slot, seed, t)
					    : not_ours(k, &s, &ours, t);
}

fh_err fh_data_keys_recover(struct fh_data_keys *k, int file, bool even,
			    const struct fh_hash *chain_id, const struct fh_hash *device_id,
			    const struct fh_secret *seed, struct fh_trace *t)
{
	uint8_t bytes[FH_DATA_HEAD_SIZE];
	struct fh_data_head h;
	fh_err e = fh_data_head_read_unsummed(file, bytes, &h);

	k->epoch = even ? 0 : 1;
	if (e == FH_ERR_FORMAT)
		return said(k, e, "its head is damaged", "take another copy of keys/", t);
	if (e != FH_ERR_OK)
		return e;
	if (h.epoch % 2 != k->epoch)
		return said(k, FH_ERR_CONFLICT, "is the file of other epochs",
			    "take another copy of keys/", t);
	k->epoch = h.epoch;
	k->file[k->epoch % 2] = file;
	e = open_slot(k, &h, chain_id, device_id, seed, t);
	return e == FH_ERR_OK ? fh_data_records_read(k, /* cut= */ false, t) : e;
}
