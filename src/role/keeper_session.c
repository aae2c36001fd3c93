/* SPDX-License-Identifier: Apache-2.0 */
/* The boot window: from the chip's release of the device key to the lock that
 * keeps it from being released again before the next boot.  The order is that of
 * docs/spec/KEYS, "The boot window", which says what each crash leaves.  */
#include "role/keeper_private.h"

#include <string.h>

#include "chip/tpm2/endorse.h"
#include "crypto/kdf.h"
#include "role/role.h"

constexpr size_t kept_size = FH_MLDSA65_SEED_SIZE + FH_CHIP_NOTE_KEY_SIZE + FH_COSIGNER_SEED_SIZE
			     + FH_SEAL_KEY_SIZE;

static fh_err use_session(struct fh_keeper *k, const struct fh_secret *seed,
			  struct fh_public_key *public)
{
	struct fh_span name = fh_span_of(k->origin, FH_KEEPER_ORIGIN_SIZE);
	fh_err e = fh_signer_new(seed, &k->session);

	if (e == FH_ERR_OK)
		e = fh_signer_public(&k->session, public);
	if (e != FH_ERR_OK)
		return e;
	k->session_id = fh_key_id(FH_SPAN_ARRAY(public->bytes));
	k->note_id = fh_note_mldsa65_key_id(name, FH_SPAN_ARRAY(public->bytes));
	return FH_ERR_OK;
}

/* The device key vouches for the session key: used here and nowhere else.  */
static fh_err certify(const struct fh_secret *seed, const struct fh_certificate *c,
		      struct fh_builder *out)
{
	uint8_t payload_bytes[FH_CERTIFICATE_MAX], message_bytes[FH_CERTIFICATE_MAX];
	struct fh_builder payload = FH_BUILDER_ARRAY(payload_bytes);
	struct fh_builder message = FH_BUILDER_ARRAY(message_bytes);
	FH_OWN(fh_signer) device = { 0 };
	struct fh_public_key public;
	struct fh_signature s;
	fh_err e = fh_signer_new(seed, &device);

	if (e == FH_ERR_OK)
		e = fh_signer_public(&device, &public);
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(public.bytes));

	if (!fh_hash_equal(&id, &c->device_id))
		return FH_ERR_CONFLICT;
	fh_certificate_put_payload(&payload, c);
	fh_certificate_put_signed(&message, fh_builder_span(&payload));
	if (message.bad)
		return FH_ERR_LIMIT;
	e = fh_signer_sign(&device, fh_builder_span(&message), &s);
	if (e != FH_ERR_OK)
		return e;
	fh_certificate_put(out, fh_builder_span(&payload), &c->device_id, FH_SPAN_ARRAY(s.bytes));
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* The state in which a restart in this boot finds the machine: what was approved, as far
 * as it stays, and locked.  Under NULL alone, a boot of anything else could open the
 * session where the TPM was not reset in between but restarted, as after hibernation.  */
static struct fh_pcr_state kept_state(const struct fh_keeper *k)
{
	struct fh_pcr_state s = k->approval.state;

	s.selected &= FH_PCRS_STILL;
	s.selected |= UINT32_C(1) << FH_PCR_LOCK;
	s.value[FH_PCR_LOCK] = fh_pcr_locked(&k->session_id);
	return s;
}

/* Seals what a restart in this boot needs, and files it with the certificate.  */
static fh_err store_session(struct fh_keeper *k, const struct fh_secret *seed,
			    struct fh_span certificate)
{
	uint8_t kept[kept_size], blob_bytes[FH_CHIP_BLOB_MAX], value_bytes[FH_SLOT_VALUE_MAX];
	struct fh_builder plain = FH_BUILDER_ARRAY(kept);
	struct fh_builder blob = FH_BUILDER_ARRAY(blob_bytes);
	struct fh_builder value = FH_BUILDER_ARRAY(value_bytes);

	struct fh_pcr_state state = kept_state(k);

	fh_builder_bytes(&plain, fh_secret_span(seed));
	fh_builder_bytes(&plain, fh_secret_span(&k->note_key));
	fh_builder_bytes(&plain, fh_secret_span(&k->cosigner));
	fh_builder_bytes(&plain, fh_secret_span(&k->data_root));
	fh_err e = k->chip.class->seal_boot(&k->chip, &state, fh_builder_span(&plain), &blob);

	fh_wipe(kept, sizeof(kept));
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	fh_cbor_put_array(&value, 2);
	fh_cbor_put_bytes(&value, fh_builder_span(&blob));
	fh_cbor_put_bytes(&value, certificate);
	e = fh_slots_write(&k->session_slots, fh_builder_span(&value));
	return e == FH_ERR_OK ? e : fh_keeper_unwritten(k, "keys/session", e);
}

static bool has_pcrs(const struct fh_keeper *k)
{
	return k->pcrs.selected != 0;
}

/* Nobody may have locked this boot before us.  */
static fh_err check_unlocked(struct fh_keeper *k)
{
	static const struct fh_hash reset;

	if (!has_pcrs(k) || fh_hash_equal(&k->pcrs.value[FH_PCR_LOCK], &reset))
		return FH_ERR_OK;
	fh_trace_where(&k->trace, "TPM");
	fh_trace_what(&k->trace, "PCR %u was extended in this boot, and not by the session in "
		      "keys/session, or another PCR was behind it", FH_PCR_LOCK);
	fh_trace_cure(&k->trace, "reboot the machine: the device key is released once a boot");
	return FH_ERR_SPENT;
}

static fh_err lock(struct fh_keeper *k)
{
	if (!has_pcrs(k))
		return FH_ERR_OK;

	fh_err e = k->chip.class->lock(&k->chip, &k->session_id);

	return e == FH_ERR_OK ? e : fh_keeper_chip_error(k, e);
}

/* A quote about SUBJECT, as it is carried.  */
static fh_err take_quote(struct fh_keeper *k, const struct fh_quote_subject *subject,
			 struct fh_builder *out)
{
	struct fh_chip_quote taken;
	struct fh_hash qualifying;
	fh_err e = fh_quote_qualify(subject, &qualifying);

	if (e != FH_ERR_OK)
		return e;
	e = k->chip.class->quote(&k->chip, &qualifying, FH_MACHINE_PCRS, &taken);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	struct fh_machine_quote q = {
		.attest = fh_span_of(taken.attest, taken.attest_n),
		.signature = fh_span_of(taken.signature, taken.signature_n),
		.pcrs = taken.pcrs,
	};

	fh_machine_quote_put(out, &q);
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* What this keeper knows of the subject of any quote it takes.  */
static void tell_subject(const struct fh_keeper *k, struct fh_quote_subject *s)
{
	s->chain_id = k->device.release.chain_id;
	s->device_id = k->device.release.device_id;
	s->session_id = k->session_id;
	s->size = k->signed_size;
	s->root = k->signed_root;
	s->boot = k->boot;
	s->start = k->start;
}

/* The quote that the certificate carries: over the checkpoint before it, and
 * before the lock.  */
static fh_err quote_session(struct fh_keeper *k, const struct fh_door_begin *b,
			    struct fh_builder *out)
{
	struct fh_quote_subject s = { .purpose = FH_QUOTE_SESSION,
				      .head_sequence = b->head_sequence, .head = b->head };

	tell_subject(k, &s);
	return has_pcrs(k) ? take_quote(k, &s, out) : FH_ERR_OK;
}

/* A start that fails with the key in its hands is none that the same boot may repeat: whoever
 * takes over the machine meanwhile would have it released, too.  After a crash it may; who can
 * cause one could have had the key before there was a start.  */
static void lock_failed(struct fh_keeper *k)
{
	struct fh_trace why = k->trace;
	bool locked = has_pcrs(k) && k->chip.class->lock(&k->chip, &k->session_id) == FH_ERR_OK;

	k->trace = why;
	if (locked)
		fh_trace_cure(&k->trace, "%s; then reboot the machine: the device key is released"
			      " once a boot, and this one is locked", why.cure);
}

/* What follows from the device key, and the chip's note, which shows by it whose it is.  */
static fh_err derive(struct fh_keeper *k, const struct fh_secret *device)
{
	fh_err e = fh_hkdf(device, FH_SPAN_LIT("freehold/note/v1"), (struct fh_span){ 0 },
			   FH_CHIP_NOTE_KEY_SIZE, &k->note_key);

	if (e == FH_ERR_OK)
		e = fh_keeper_derive_cosigner(device, &k->cosigner);
	if (e == FH_ERR_OK)
		e = fh_keeper_derive_data(k, device);
	return e == FH_ERR_OK ? fh_keeper_own_note(k) : e;
}

/* The session of SEED, certified by DEVICE with QUOTE, and all that a restart needs.  */
static fh_err establish(struct fh_keeper *k, const struct fh_door_begin *b,
			const struct fh_secret *device, const struct fh_secret *seed,
			const struct fh_public_key *public, struct fh_span quote,
			struct fh_builder *out)
{
	struct fh_certificate c = {
		.chain_id = k->device.release.chain_id,
		.device_id = k->device.release.device_id,
		.session_key = FH_SPAN_ARRAY(public->bytes),
		.boot = k->boot,
		.start = k->start,
		.previous_size = k->signed_size,
		.previous_root = k->signed_root,
		.grade = k->chip.grade,
		.quote = quote,
		.head_sequence = b->head_sequence,
		.head = b->head,
	};
	fh_err e = derive(k, device);

	if (e == FH_ERR_OK)
		e = certify(device, &c, out);
	if (e == FH_ERR_OK)
		e = fh_keeper_reseal(k, device, b->epoch);
	/* From the first session on, keys/signed says so, if only that nothing was
	 * signed: an empty file will not do any more.  */
	if (e == FH_ERR_OK && k->signed_slots.number == 0)
		e = fh_keeper_store_signed(k, k->signed_size, &k->signed_root);
	if (e == FH_ERR_OK)
		e = store_session(k, seed, fh_builder_span(out));
	return e == FH_ERR_OK ? lock(k) : e;
}

/* The steps of the window, behind which the device key is gone.  */
static fh_err new_session(struct fh_keeper *k, const struct fh_door_begin *b,
			  struct fh_builder *out)
{
	uint8_t quote_bytes[FH_MACHINE_QUOTE_MAX];
	struct fh_builder quote = FH_BUILDER_ARRAY(quote_bytes);
	FH_OWN(fh_secret) device = { 0 };
	FH_OWN(fh_secret) seed = { 0 };
	struct fh_public_key public;
	bool released = false;
	fh_err e = check_unlocked(k);

	if (e == FH_ERR_OK)
		e = fh_seed_new(&seed);
	if (e == FH_ERR_OK)
		e = use_session(k, &seed, &public);
	if (e == FH_ERR_OK)
		e = quote_session(k, b, &quote);
	if (e == FH_ERR_OK)
		e = fh_keeper_release(k, &device, &released);
	if (e == FH_ERR_OK)
		e = establish(k, b, &device, &seed, &public, fh_builder_span(&quote), out);
	if (e != FH_ERR_OK && released)
		lock_failed(k);
	return e;
}

/* --- an earlier start of this boot ---------------------------------------- */

/* What keys/session holds, opened; FH_ERR_MISSING if this boot cannot.  */
static fh_err open_kept(struct fh_keeper *k, struct fh_builder *value, struct fh_span *certificate,
			struct fh_secret *seed)
{
	uint8_t plain[FH_CHIP_SECRET_MAX];
	struct fh_builder opened = FH_BUILDER_ARRAY(plain);
	fh_err e = fh_slots_open(FH_KEEPER_SESSION, &k->session_slots, value);

	if (e == FH_ERR_FORMAT) /* damaged: a new session, certified like any other */
		k->session_slots = (struct fh_slots){ FH_KEEPER_SESSION, 0 };
	if (e == FH_ERR_MISSING || e == FH_ERR_FORMAT)
		return FH_ERR_MISSING;
	if (e == FH_ERR_IO)
		return fh_keeper_unread(k, "keys/session");
	if (e != FH_ERR_OK)
		return e;
	struct fh_cursor c = fh_cursor_of(fh_builder_span(value));

	fh_cbor_array_exact(&c, 2);
	struct fh_span blob = fh_cbor_bytes(&c, FH_CHIP_BLOB_MAX);

	*certificate = fh_cbor_bytes(&c, FH_CERTIFICATE_MAX);
	if (fh_cursor_end(&c) != FH_ERR_OK)
		return FH_ERR_MISSING;
	e = k->chip.class->unseal_boot(&k->chip, blob, &opened);
	if (e == FH_ERR_STATE || e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT || e == FH_ERR_VERSION)
		return FH_ERR_MISSING;
	if (e == FH_ERR_OK && opened.n != kept_size)
		e = FH_ERR_MISSING;
	struct fh_cursor kept = fh_cursor_of(fh_builder_span(&opened));

	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_cursor_take(&kept, FH_MLDSA65_SEED_SIZE), seed);
	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_cursor_take(&kept, FH_CHIP_NOTE_KEY_SIZE), &k->note_key);
	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_cursor_take(&kept, FH_COSIGNER_SEED_SIZE), &k->cosigner);
	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_cursor_take(&kept, FH_SEAL_KEY_SIZE), &k->data_root);
	fh_wipe(plain, sizeof(plain));
	return e == FH_ERR_OK || e == FH_ERR_MISSING ? e : fh_keeper_chip_error(k, e);
}

/* The lock says which session this boot is.  Before it, a crash left a session
 * that nobody has seen: it is made anew.  */
static bool locked_by(const struct fh_keeper *k, const struct fh_hash *session)
{
	struct fh_hash locked = fh_pcr_locked(session);

	return !has_pcrs(k) || fh_hash_equal(&k->pcrs.value[FH_PCR_LOCK], &locked);
}

/* The session of an earlier start in this boot; FH_ERR_MISSING if there is none
 * that this boot can open.  */
static fh_err old_session(struct fh_keeper *k, struct fh_builder *out)
{
	uint8_t bytes[FH_SLOT_VALUE_MAX];
	struct fh_builder value = FH_BUILDER_ARRAY(bytes);
	FH_OWN(fh_secret) seed = { 0 };
	struct fh_public_key public;
	struct fh_certificate held;
	struct fh_span certificate;
	fh_err e = open_kept(k, &value, &certificate, &seed);

	/* A certificate that is none was not written here: it opens nothing.  */
	if (e == FH_ERR_OK && fh_certificate_read(certificate, &held) != FH_ERR_OK)
		e = FH_ERR_MISSING;
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash id = fh_key_id(held.session_key);

	if (!locked_by(k, &id))
		return FH_ERR_MISSING;
	e = use_session(k, &seed, &public);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_span_equal(held.session_key, FH_SPAN_ARRAY(public.bytes))
	    || !fh_hash_equal(&held.device_id, &k->device.release.device_id)) {
		fh_trace_where(&k->trace, "keys/session");
		fh_trace_what(&k->trace, "is of another session than its certificate, or of "
			      "another device");
		fh_trace_cure(&k->trace, "somebody has put it there: restore the keys/ of this "
			      "boot, or reboot the machine");
		return FH_ERR_CONFLICT;
	}
	e = fh_keeper_own_note(k);
	if (e == FH_ERR_OK)
		fh_builder_bytes(out, certificate);
	return e;
}

/* --- the door --------------------------------------------------------------- */

static void tell_sealed(const struct fh_keeper *k, struct fh_builder *points,
			struct fh_door_begun *g)
{
	const struct fh_release *r = &k->device.release;

	for (size_t i = 0; i < r->companions; i++)
		fh_builder_bytes(points, FH_SPAN_ARRAY(r->companion[i].bytes));
	g->first_epoch = r->epoch;
	g->epochs = k->device.blobs;
	g->companions = fh_builder_span(points);
	g->needed = r->needed;
}

fh_err fh_keeper_begin(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_CERTIFICATE_MAX], boot_id[32];
	uint8_t points[FH_COMPANIONS_MAX * FH_P256_PUBLIC_SIZE];
	struct fh_builder certificate = FH_BUILDER_ARRAY(bytes);
	struct fh_builder companions = FH_BUILDER_ARRAY(points);
	struct fh_door_begun g = { 0 };
	struct fh_door_begin b;
	fh_err e = fh_door_read_begin(frame, &b);

	if (e != FH_ERR_OK)
		return e;
	e = k->chip.class->boot(&k->chip, &k->boot, boot_id);
	if (e == FH_ERR_OK)
		e = k->chip.class->counter_increment(&k->chip, FH_CHIP_STARTS, &k->start);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	e = old_session(k, &certificate);
	if (e == FH_ERR_MISSING) {
		g.fresh = true;
		e = new_session(k, &b, &certificate);
	}
	if (e == FH_ERR_OK)
		e = fh_keeper_open_data(k);
	if (e != FH_ERR_OK)
		return e;
	g.boot = k->boot;
	g.start = k->start;
	g.data_epoch = k->data.epoch;
	g.certificate = fh_builder_span(&certificate);
	tell_sealed(k, &companions, &g);
	fh_door_put_begun(answer, &g);
	return FH_ERR_OK;
}

fh_err fh_keeper_quote(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_MACHINE_QUOTE_MAX];
	struct fh_builder quote = FH_BUILDER_ARRAY(bytes);
	struct fh_quote_subject s;
	fh_err e = fh_door_read_quoting(frame, &s);

	if (e != FH_ERR_OK)
		return e;
	tell_subject(k, &s);
	e = take_quote(k, &s, &quote);
	if (e == FH_ERR_OK)
		fh_door_put_quote(answer, fh_builder_span(&quote));
	return e;
}

/* Only who made the credential learns anything: the secret in it stays here.  */
fh_err fh_keeper_activate(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	FH_OWN(fh_secret) secret = { 0 };
	struct fh_span object, seed;
	fh_err e = fh_door_read_activation(frame, &object, &seed);

	if (e == FH_ERR_OK && !has_pcrs(k))
		e = FH_ERR_UNSUPPORTED;
	if (e != FH_ERR_OK)
		return e;
	e = fh_endorsement_activate(&k->chip, object, seed, &secret);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	struct fh_hash proof = fh_activation_proof(fh_secret_span(&secret));

	fh_door_put_proof(answer, &proof);
	return FH_ERR_OK;
}
