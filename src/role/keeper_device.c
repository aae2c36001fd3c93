/* SPDX-License-Identifier: Apache-2.0 */
/* The device key: what keys/device says, when the chip releases it, and what it is
 * sealed under afterwards.  docs/spec/KEYS, "The device key".  */
#include "role/keeper_private.h"

#include <string.h>

#include "base/hex.h"
#include "role/role.h"

/* --- OPEN --------------------------------------------------------------- */

static fh_err read_file(struct fh_keeper *k)
{
	struct fh_builder b = FH_BUILDER_ARRAY(k->device_bytes);
	fh_err e = fh_slots_open(FH_KEEPER_DEVICE, &k->device_slots, &b);

	if (e == FH_ERR_OK)
		e = fh_device_file_read(fh_builder_span(&b), &k->device);
	if (e == FH_ERR_OK)
		return e;
	if (e == FH_ERR_IO)
		return fh_keeper_unread(k, "keys/device");
	fh_trace_where(&k->trace, "keys/device");
	fh_trace_what(&k->trace, "is no sealed key: %s", fh_err_text(e));
	fh_trace_cure(&k->trace, "run freehold upgrade if this state is older; otherwise restore "
		      "keys/ from a backup, or enrol this machine anew");
	return e == FH_ERR_MISSING ? FH_ERR_FORMAT : e;
}

/* `init` wrote the first one.  */
static fh_err note_gone(struct fh_keeper *k)
{
	struct fh_trace *t = &k->chip.trace;

	fh_trace_where(t, "TPM");
	fh_trace_what(t, "its note of the record is gone: somebody with the owner's "
		      "authorisation has removed it");
	fh_trace_cure(t, "what was rolled back since cannot be told: enrol this machine "
		      "anew");
	return FH_ERR_ROLLBACK;
}

static fh_err read_note(struct fh_keeper *k)
{
	uint8_t bytes[FH_CHIP_NOTE_SIZE];
	fh_err e = k->chip.class->note_read(&k->chip, bytes);

	if (e == FH_ERR_OK)
		e = fh_door_note_unpack(FH_SPAN_ARRAY(bytes), &k->note);
	return e == FH_ERR_MISSING ? note_gone(k) : e;
}

static fh_err read_pcrs(struct fh_keeper *k)
{
	fh_err e = k->chip.class->pcrs(&k->chip, &k->pcrs);

	return e == FH_ERR_UNSUPPORTED && k->chip.grade == FH_GRADE_NONE ? FH_ERR_OK : e;
}

/* The files may not be older than what the chip remembers of them.  */
static fh_err check_note(struct fh_keeper *k)
{
	if (k->signed_size >= k->note.size)
		return FH_ERR_OK;
	fh_trace_where(&k->trace, "record/");
	fh_trace_what(&k->trace, "is older than the chip remembers: %llu entries were signed, %llu "
		      "are here", (unsigned long long)k->note.size,
		      (unsigned long long)k->signed_size);
	fh_trace_cure(&k->trace, "somebody has put an older copy of the state directory in place: "
		      "find the newest one, or enrol this machine anew");
	return FH_ERR_ROLLBACK;
}

fh_err fh_keeper_open_device(struct fh_keeper *k)
{
	struct fh_builder b = fh_builder_of(k->origin, FH_KEEPER_ORIGIN_SIZE);
	fh_err e = read_file(k);

	if (e != FH_ERR_OK)
		return e;
	fh_builder_text(&b, "freehold/");
	fh_builder_hex(&b, fh_hash_span(&k->device.release.device_id));
	e = k->chip.class->belongs(&k->chip, k->device.blob[0], k->device.identity);
	if (e == FH_ERR_OK)
		e = k->chip.class->counter_read(&k->chip, FH_CHIP_EPOCH, &k->epoch);
	if (e == FH_ERR_OK)
		e = read_note(k);
	if (e == FH_ERR_OK)
		e = read_pcrs(k);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	k->line.held = k->device.release;
	return check_note(k);
}

/* --- what core brings ----------------------------------------------------- */

fh_err fh_keeper_authority(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	struct fh_span file;
	fh_err e = fh_door_read_authority(frame, &file);

	k->line.chain_id = k->device.release.chain_id;
	fh_arena_reset(&k->authority[1]);
	if (e == FH_ERR_OK)
		e = fh_authority_follow(&k->line, file, &k->authority[1], &k->scratch, &k->trace);
	if (e != FH_ERR_OK)
		return e;
	if (k->authority[1].n > 0) { /* else it is as it was, but for the slots */
		struct fh_arena older = k->authority[0];

		k->authority[0] = k->authority[1];
		k->authority[1] = older;
	}
	if (k->stage == FH_STAGE_LIVE)
		fh_keeper_take_recipient(k);
	fh_door_put_done(answer);
	return FH_ERR_OK;
}

/* --- release and sealing ---------------------------------------------------- */

static fh_err blob_of_epoch(struct fh_keeper *k, struct fh_span *out, struct fh_release *r)
{
	uint64_t first = k->device.release.epoch;

	if (k->epoch >= first && k->epoch - first < k->device.blobs) {
		*r = k->device.release;
		r->epoch = k->epoch;
		*out = k->device.blob[k->epoch - first];
		return FH_ERR_OK;
	}
	fh_trace_where(&k->trace, "keys/device");
	fh_trace_what(&k->trace, "is sealed for boot epoch %llu, and the chip has come to %llu",
		      (unsigned long long)first, (unsigned long long)k->epoch);
	fh_trace_cure(&k->trace, "restore the newest keys/, or enrol this machine anew");
	return FH_ERR_ROLLBACK;
}

/* The sealed secret is seed || chain id || device id: the key serves no other
 * chain and knows its own name.  */
static fh_err take_seed(const struct fh_release *r, struct fh_span plain, struct fh_secret *seed)
{
	struct fh_cursor c = fh_cursor_of(plain);
	struct fh_span bytes = fh_cursor_take(&c, FH_MLDSA65_SEED_SIZE);
	struct fh_span chain = fh_cursor_take(&c, FH_HASH_SIZE);
	struct fh_span device = fh_cursor_take(&c, FH_HASH_SIZE);

	if (fh_cursor_end(&c) != FH_ERR_OK || !fh_span_equal(chain, fh_hash_span(&r->chain_id))
	    || !fh_span_equal(device, fh_hash_span(&r->device_id)))
		return FH_ERR_CONFLICT;
	return fh_secret_from(bytes, seed);
}

fh_err fh_keeper_release(struct fh_keeper *k, struct fh_secret *seed, bool *released)
{
	uint8_t plain[FH_CHIP_SECRET_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(plain);
	struct fh_release r;
	struct fh_span blob;
	fh_err e = blob_of_epoch(k, &blob, &r);

	if (e != FH_ERR_OK)
		return e;
	e = k->chip.class->unseal_device(&k->chip, &r, k->approved ? &k->approval : nullptr, blob,
					 &b);
	*released = e == FH_ERR_OK;
	if (*released)
		e = take_seed(&r, fh_builder_span(&b), seed);
	else
		e = fh_keeper_chip_error(k, e);
	fh_wipe(plain, sizeof(plain));
	return e;
}

static fh_err seal_for(struct fh_keeper *k, const struct fh_release *r,
		       const struct fh_secret *seed, struct fh_builder *blob)
{
	uint8_t plain[FH_CHIP_SECRET_MAX];
	struct fh_builder p = FH_BUILDER_ARRAY(plain);

	fh_builder_bytes(&p, fh_secret_span(seed));
	fh_builder_bytes(&p, fh_hash_span(&r->chain_id));
	fh_builder_bytes(&p, fh_hash_span(&r->device_id));
	fh_err e = k->chip.class->seal_device(&k->chip, r, fh_builder_span(&p), blob);

	fh_wipe(plain, sizeof(plain));
	return e == FH_ERR_OK ? e : fh_keeper_chip_error(k, e);
}

/* Who may approve from now on: what the chain says, or, where core brought no authority,
 * or none that comes as far as those for whom the key is sealed, who could before.  So a
 * core that withholds statements cannot give the key back to somebody whom they put out.  */
static fh_err release_now(struct fh_keeper *k, struct fh_release *r)
{
	bool can = true;

	*r = k->device.release;
	r->epoch = k->epoch;
	if (k->line.begun && k->line.met)
		can = fh_authority_approvers(&k->line.authority, r);
	if (can || k->pcrs.selected == 0) /* without PCRs nobody approves */
		return FH_ERR_OK;
	fh_trace_where(&k->trace, "chain/");
	fh_trace_what(&k->trace, "has more than %zu signers, whom no policy of a TPM holds",
		      FH_COMPANIONS_MAX);
	fh_trace_cure(&k->trace, "have the operators sign a `signers` statement of no more than "
		      "that, and import it");
	return FH_ERR_STATE;
}

/* How many epochs to seal for, when the chain takes this device to EPOCH: none is
 * counted up to that the key is not sealed for.  */
static size_t epochs_to(const struct fh_keeper *k, uint64_t epoch)
{
	uint64_t ahead = epoch > k->epoch ? epoch - k->epoch : 0;

	return ahead < FH_DEVICE_EPOCHS_MAX - FH_DEVICE_EPOCHS
		       ? FH_DEVICE_EPOCHS + (size_t)ahead : FH_DEVICE_EPOCHS_MAX;
}

static bool sealed_so(const struct fh_keeper *k, const struct fh_release *r, size_t epochs)
{
	const struct fh_release *held = &k->device.release;

	return held->epoch == r->epoch && k->device.blobs >= epochs
	       && fh_release_same_approvers(held, r);
}

/* What is in keys/device now is what later requests go by.  */
static fh_err store_device(struct fh_keeper *k, const struct fh_device_file *f)
{
	uint8_t value[FH_DEVICE_FILE_MAX];
	struct fh_builder file = FH_BUILDER_ARRAY(value);

	fh_device_file_put(&file, f);
	if (file.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_slots_write(&k->device_slots, fh_builder_span(&file));

	if (e != FH_ERR_OK)
		return fh_keeper_unwritten(k, "keys/device", e);
	memcpy(k->device_bytes, value, file.n);
	return fh_device_file_read(fh_span_of(k->device_bytes, file.n), &k->device);
}

fh_err fh_keeper_reseal(struct fh_keeper *k, const struct fh_secret *seed, uint64_t epoch)
{
	uint8_t blobs[FH_DEVICE_EPOCHS_MAX][FH_CHIP_BLOB_MAX];
	struct fh_device_file f = { .identity = k->device.identity };
	size_t epochs = epochs_to(k, epoch);
	fh_err e = release_now(k, &f.release);

	if (e != FH_ERR_OK || sealed_so(k, &f.release, epochs))
		return e;
	/* Before anything is sealed that could not be had again.  */
	e = k->chip.class->joint_prepare(&k->chip, &f.release);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	struct fh_release r = f.release;

	for (; f.blobs < epochs; f.blobs++, r.epoch++) {
		struct fh_builder b = fh_builder_of(blobs[f.blobs], FH_CHIP_BLOB_MAX);

		e = seal_for(k, &r, seed, &b);
		if (e != FH_ERR_OK)
			return e;
		f.blob[f.blobs] = fh_builder_span(&b);
	}
	return store_device(k, &f);
}

/* --- while it runs ---------------------------------------------------------- */

/* One step, and only to the epoch that the device key is already sealed for: the
 * chip would release it to nobody otherwise.  */
fh_err fh_keeper_epoch(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint64_t to, now;
	fh_err e = fh_door_read_epoch(frame, &to);

	if (e != FH_ERR_OK)
		return e;
	if (to != k->epoch + 1 || to - k->device.release.epoch >= k->device.blobs)
		return FH_ERR_CONFLICT;
	e = k->chip.class->counter_increment(&k->chip, FH_CHIP_EPOCH, &now);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	k->epoch = now;
	fh_door_put_done(answer);
	return FH_ERR_OK;
}

static fh_err write_note(struct fh_keeper *k, const struct fh_door_note *n)
{
	uint8_t bytes[FH_CHIP_NOTE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_door_note_pack(&b, n);
	return k->chip.class->note_write(&k->chip, &k->note_key, fh_builder_span(&b));
}

fh_err fh_keeper_own_note(struct fh_keeper *k)
{
	fh_err e = write_note(k, &k->note);

	if (e == FH_ERR_MISSING)
		e = note_gone(k);
	if (e == FH_ERR_CONFLICT) /* the chip says so */
		e = FH_ERR_ROLLBACK;
	return e == FH_ERR_OK ? e : fh_keeper_chip_error(k, e);
}

fh_err fh_keeper_note(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	struct fh_door_note n = { .start = k->start, .size = k->signed_size,
				  .root = k->signed_root };
	fh_err e = fh_door_read_noting(frame, &n.sequence);

	if (e != FH_ERR_OK)
		return e;
	e = write_note(k, &n);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	k->note = n;
	fh_door_put_done(answer);
	return FH_ERR_OK;
}
