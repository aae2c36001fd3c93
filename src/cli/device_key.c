/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/device_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "chain/authority.h"
#include "chip/tpm2/endorse.h"
#include "crypto/kdf.h"
#include "merkle/tree.h"
#include "os/slots.h"
#include "role/door.h"

static fh_err told(struct fh_chip *chip, fh_err e, struct fh_trace *t)
{
	if (e != FH_ERR_OK && t != nullptr)
		*t = chip->trace;
	return e;
}

/* Left by a state directory that was removed, a counter counts on from there.  */
static fh_err make_counters(struct fh_chip *chip, uint64_t *epoch)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < FH_CHIP_COUNTERS && e == FH_ERR_OK; i++) {
		e = chip->class->counter_create(chip, (enum fh_chip_counter)i);
		if (e == FH_ERR_EXISTS)
			e = FH_ERR_OK;
	}
	return e == FH_ERR_OK ? chip->class->counter_read(chip, FH_CHIP_EPOCH, epoch) : e;
}

/* The key that writes the note follows from the seed, so that only a released
 * device key can write it (role/keeper_session.c).  The first says that nothing was
 * recorded: from then on a chip without a note is one whose note was taken away.  */
static fh_err make_note(struct fh_chip *chip, const struct fh_secret *seed)
{
	FH_OWN(fh_secret) key = { 0 };
	uint8_t bytes[FH_CHIP_NOTE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_tree none = { 0 };
	const struct fh_door_note first = { .root = fh_tree_root(&none) };
	fh_err e = fh_hkdf(seed, FH_SPAN_LIT("freehold/note/v1"), (struct fh_span){ 0 },
			   FH_CHIP_NOTE_KEY_SIZE, &key);

	fh_door_note_pack(&b, &first);
	if (e == FH_ERR_OK)
		e = chip->class->note_create(chip, &key);
	return e == FH_ERR_OK ? chip->class->note_write(chip, &key, fh_builder_span(&b)) : e;
}

static fh_err who_approves(const struct fh_state *s, const struct fh_chip *chip,
			   struct fh_release *r, struct fh_trace *t)
{
	if (fh_authority_approvers(s->chain.head.authority, r) || chip->grade == FH_GRADE_NONE)
		return FH_ERR_OK;
	fh_trace_where(t, "chain");
	fh_trace_what(t, "a TPM's policy holds at most %zu operators", FH_COMPANIONS_MAX);
	fh_trace_cure(t, "have no more signers than that (freehold signers)");
	return FH_ERR_UNSUPPORTED;
}

/* Seals seed || chain id || device id; CERTIFIED (may be NULL): what the TPM says of that.  */
static fh_err seal(struct fh_chip *chip, const struct fh_release *r, const struct fh_secret *seed,
		   struct fh_builder *blob, struct fh_builder *certified)
{
	uint8_t plain[FH_CHIP_SECRET_MAX];
	struct fh_builder p = FH_BUILDER_ARRAY(plain);

	fh_builder_bytes(&p, fh_secret_span(seed));
	fh_builder_bytes(&p, fh_hash_span(&r->chain_id));
	fh_builder_bytes(&p, fh_hash_span(&r->device_id));
	fh_err e = certified != nullptr
			   ? fh_endorsement_seal(chip, r, fh_builder_span(&p), blob, certified)
			   : chip->class->seal_device(chip, r, fh_builder_span(&p), blob);

	fh_wipe(plain, sizeof(plain));
	return e;
}

static fh_err open_file(const struct fh_state *s, int flags, struct fh_fd *out)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(&s->store, "keys/device", path);

	if (e != FH_ERR_OK)
		return e;

	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return fh_errno_err(errno);
	*out = fh_fd_of(fd);
	return FH_ERR_OK;
}

fh_err fh_device_key_held(struct fh_state *state, struct fh_device_file *out, struct fh_trace *t)
{
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, FH_DEVICE_FILE_MAX),
					    FH_DEVICE_FILE_MAX);
	FH_OWN(fh_fd) file = { 0 };
	struct fh_slots slots;
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : open_file(state, O_RDONLY, &file);

	if (e != FH_ERR_OK)
		return e;
	e = fh_slots_open(fh_fd_get(file), &slots, &b);
	if (e == FH_ERR_OK)
		e = fh_device_file_read(fh_builder_span(&b), out);
	if (e == FH_ERR_OK || e == FH_ERR_IO)
		return e;
	fh_trace_where(t, "keys/device");
	fh_trace_what(t, "is no sealed device key");
	fh_trace_cure(t, "run freehold upgrade if this state directory is older");
	return FH_ERR_FORMAT;
}

/* Makes all that goes with SEED in the chip, and what keys/device is to say; CERTIFIED (may
 * be NULL) is what the TPM says of it.  */
static fh_err fill(struct fh_state *s, struct fh_chip *chip, const struct fh_secret *seed,
		   struct fh_release *r, struct fh_builder *value, struct fh_builder *certified,
		   struct fh_trace *t)
{
	uint8_t blob_bytes[FH_CHIP_BLOB_MAX], who[FH_CHIP_IDENTITY_MAX];
	struct fh_builder blob = FH_BUILDER_ARRAY(blob_bytes), identity = FH_BUILDER_ARRAY(who);
	fh_err e = who_approves(s, chip, r, t);

	if (e != FH_ERR_OK)
		return e;
	e = make_counters(chip, &r->epoch);
	if (e == FH_ERR_OK)
		e = chip->class->joint_prepare(chip, r);
	if (e == FH_ERR_OK)
		e = make_note(chip, seed);
	if (e == FH_ERR_OK)
		e = chip->class->identity(chip, &identity);
	if (e == FH_ERR_OK)
		e = seal(chip, r, seed, &blob, certified);
	if (e != FH_ERR_OK)
		return told(chip, e, t);
	struct fh_device_file f = { .release = *r, .identity = fh_builder_span(&identity),
				    .blob = { fh_builder_span(&blob) }, .blobs = 1 };

	fh_device_file_put(value, &f);
	return value->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* Into the second slot, as the first value of all: what an earlier format holds at
 * the beginning of the file outlives a crash.  */
static fh_err write_first(struct fh_state *s, struct fh_span value)
{
	FH_OWN(fh_fd) file = { 0 };
	fh_err e = open_file(s, O_RDWR, &file);
	struct fh_slots slots = { .fd = fh_fd_get(file) };

	return e == FH_ERR_OK ? fh_slots_write(&slots, value) : e;
}

fh_err fh_device_key_keep(struct fh_state *s, struct fh_chip *chip, const struct fh_secret *seed,
			  const struct fh_hash *device, uint64_t *epoch,
			  struct fh_builder *certified, struct fh_trace *t)
{
	static const char *const files[] = { "keys/signed", "keys/session", "keys/witnessed",
					     "keys/device" };
	uint8_t bytes[FH_DEVICE_FILE_MAX];
	struct fh_builder value = FH_BUILDER_ARRAY(bytes);
	struct fh_release r = { .chain_id = s->chain.id, .device_id = *device };
	fh_err e = fill(s, chip, seed, &r, &value, certified, t);

	/* What the keeper rewrites exists from the beginning, so that a file that is
	 * gone later is noticed.  */
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && e == FH_ERR_OK; i++)
		e = fh_store_put(&s->store, files[i], (struct fh_span){ 0 }, t);
	if (e == FH_ERR_OK)
		e = fh_device_key_add_data(s, chip, t);
	if (e == FH_ERR_OK)
		e = write_first(s, fh_builder_span(&value));
	if (e == FH_ERR_OK)
		*epoch = r.epoch;
	return e;
}

/* --- from format 2 ---------------------------------------------------------- */

fh_err fh_device_key_add_data(struct fh_state *s, struct fh_chip *chip, struct fh_trace *t)
{
	static const char *const files[] = { "keys/data.0", "keys/data.1" };
	uint64_t epoch;
	fh_err e = told(chip, make_counters(chip, &epoch), t);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && e == FH_ERR_OK; i++) {
		e = fh_store_put(&s->store, files[i], (struct fh_span){ 0 }, t);
		if (e == FH_ERR_EXISTS)
			e = FH_ERR_OK;
	}
	return e;
}

/* --- from format 1 ---------------------------------------------------------- */

/* There the file was nothing but the blob.  */
static fh_err open_1(struct fh_state *s, struct fh_chip *chip, struct fh_builder *plain,
		     struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	struct fh_span blob;
	fh_err e = fh_store_path(&s->store, "keys/device", path);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, 2 * FH_SLOT_SIZE, &s->memory, &blob);
	if (e == FH_ERR_OK && blob.n > FH_CHIP_BLOB_MAX)
		blob = fh_span_first(blob, FH_CHIP_BLOB_MAX); /* a second slot was begun */
	return e == FH_ERR_OK ? told(chip, chip->class->unseal_1(chip, blob, plain), t) : e;
}

/* The old blob lay where the first slot is, and the chip opens it in any state: it is
 * overwritten as soon as the second slot is durable.  Done again after a crash; once
 * the keeper has written the first slot there is nothing left of it.  */
static fh_err forget_1(struct fh_state *s)
{
	static const uint8_t zeros[FH_SLOT_SIZE];
	uint8_t bytes[FH_DEVICE_FILE_MAX];
	struct fh_builder value = FH_BUILDER_ARRAY(bytes);
	FH_OWN(fh_fd) file = { 0 };
	struct fh_slots slots;
	fh_err e = open_file(s, O_RDWR, &file);

	if (e == FH_ERR_OK)
		e = fh_slots_open(fh_fd_get(file), &slots, &value);
	if (e != FH_ERR_OK || slots.number > 1)
		return e;
	e = fh_fd_pwrite(fh_fd_get(file), FH_SPAN_ARRAY(zeros), 0);
	return e == FH_ERR_OK ? fh_fd_sync(fh_fd_get(file)) : e;
}

fh_err fh_device_key_upgrade(struct fh_state *s, struct fh_chip *chip, struct fh_trace *t)
{
	uint8_t plain[FH_CHIP_SECRET_MAX], bytes[FH_DEVICE_FILE_MAX];
	struct fh_builder opened = FH_BUILDER_ARRAY(plain), value = FH_BUILDER_ARRAY(bytes);
	FH_OWN(fh_secret) seed = { 0 };
	struct fh_device_file held;
	struct fh_release r = { 0 };

	if (fh_device_key_held(s, &held, /* trace: */ nullptr) == FH_ERR_OK)
		return forget_1(s);
	fh_err e = open_1(s, chip, &opened, t);
	struct fh_cursor c = fh_cursor_of(fh_builder_span(&opened));
	struct fh_span secret = fh_cursor_take(&c, FH_MLDSA65_SEED_SIZE);
	struct fh_span chain = fh_cursor_take(&c, FH_HASH_SIZE);
	struct fh_span device = fh_cursor_take(&c, FH_HASH_SIZE);

	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e == FH_ERR_OK && !fh_span_equal(chain, fh_hash_span(&s->chain.id)))
		e = FH_ERR_CONFLICT;
	if (e == FH_ERR_OK)
		e = fh_secret_from(secret, &seed);
	if (e == FH_ERR_OK) {
		r.chain_id = s->chain.id;
		memcpy(r.device_id.bytes, device.p, FH_HASH_SIZE);
	}
	fh_wipe(plain, sizeof(plain));
	if (e == FH_ERR_OK)
		e = fill(s, chip, &seed, &r, &value, /* certified: */ nullptr, t);
	if (e == FH_ERR_OK)
		e = write_first(s, fh_builder_span(&value));
	return e == FH_ERR_OK ? forget_1(s) : e;
}
