/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of checkpoints that are for others (docs/spec/NOTE), and this machine as a
 * witness of other logs (docs/spec/WITNESS).  The keeper remembers for each log what it
 * cosigned last, and syncs it before the cosignature leaves: whatever core becomes, no two
 * trees that do not extend each other are cosigned.  That a checkpoint is the log's own is
 * core's word.  */
#include "role/keeper_private.h"

#include "crypto/cosign.h"
#include "crypto/kdf.h"
#include "role/door_cosign.h"

#include <string.h>

static const struct {
	enum fh_cosigner algorithm;
	uint8_t type;
	const char *info; /* which of the keys that follow from the one secret */
	bool witness;
} keys[FH_COSIGN_KEYS] = {
	[FH_COSIGN_LOG_ED25519] = { FH_COSIGNER_ED25519, FH_NOTE_ED25519, "log/ed25519", false },
	[FH_COSIGN_LOG_MLDSA44] = { FH_COSIGNER_MLDSA44, FH_NOTE_MLDSA44_COSIGNATURE,
				    "log/ml-dsa-44", false },
	[FH_COSIGN_WITNESS_ED25519] = { FH_COSIGNER_ED25519, FH_NOTE_ED25519_COSIGNATURE,
					"witness/ed25519", true },
	[FH_COSIGN_WITNESS_MLDSA44] = { FH_COSIGNER_MLDSA44, FH_NOTE_MLDSA44_COSIGNATURE,
					"witness/ml-dsa-44", true },
};

fh_err fh_keeper_derive_cosigner(const struct fh_secret *device, struct fh_secret *out)
{
	return fh_hkdf(device, FH_SPAN_LIT("freehold/cosigner/v1"), (struct fh_span){ 0 },
		       FH_COSIGNER_SEED_SIZE, out);
}

/* --- keys and lines --------------------------------------------------- */

/* A session that an earlier version sealed has none: they come with the next boot.  */
static fh_err have_cosigner(struct fh_keeper *k)
{
	if (k->cosigner.n > 0)
		return FH_ERR_OK;
	fh_trace_where(&k->trace, "keys/session");
	fh_trace_what(&k->trace, "holds no keys for witnesses: it is of an earlier version");
	fh_trace_cure(&k->trace, "reboot the machine");
	return FH_ERR_STATE;
}

static fh_err seed_of(const struct fh_keeper *k, enum fh_cosign_key key, struct fh_secret *out)
{
	return fh_hkdf(&k->cosigner, FH_SPAN_LIT("freehold/cosigner/v1"),
		       fh_span_str(keys[key].info), FH_COSIGNER_SEED_SIZE, out);
}

/* The name that KEY signs under.  */
static struct fh_span name_of(const struct fh_keeper *k, enum fh_cosign_key key,
			      uint8_t room[FH_NOTE_NAME_MAX])
{
	struct fh_builder b = fh_builder_of(room, FH_NOTE_NAME_MAX);

	fh_builder_bytes(&b, fh_span_of(k->origin, FH_KEEPER_ORIGIN_SIZE));
	if (keys[key].witness)
		fh_builder_text(&b, FH_WITNESS_NAME_SUFFIX);
	return fh_builder_span(&b);
}

static fh_err put_line(const struct fh_keeper *k, enum fh_cosign_key key, uint64_t time_s,
		       struct fh_span text, struct fh_builder *lines)
{
	uint8_t room[FH_NOTE_NAME_MAX], public_bytes[FH_COSIGNER_PUBLIC_MAX];
	uint8_t message_bytes[FH_COSIGNED_MAX], blob_bytes[8 + FH_COSIGNER_SIGNATURE_MAX];
	struct fh_builder public = FH_BUILDER_ARRAY(public_bytes);
	struct fh_builder message = FH_BUILDER_ARRAY(message_bytes);
	struct fh_builder blob = FH_BUILDER_ARRAY(blob_bytes);
	struct fh_span name = name_of(k, key, room);
	FH_OWN(fh_secret) seed = { 0 };
	fh_err e = seed_of(k, key, &seed);

	if (e == FH_ERR_OK)
		e = fh_cosign_public(keys[key].algorithm, &seed, &public);
	fh_cosignature_put_signed(&message, keys[key].type, name, time_s, text);
	if (e == FH_ERR_OK && message.bad)
		e = FH_ERR_LIMIT;
	if (fh_note_type_timed(keys[key].type))
		fh_builder_be64(&blob, time_s);
	if (e == FH_ERR_OK)
		e = fh_cosign(keys[key].algorithm, &seed, fh_builder_span(&message), &blob);
	if (e != FH_ERR_OK)
		return e;
	fh_note_put_signature(lines, name,
			      fh_note_key_id(name, keys[key].type, fh_builder_span(&public)),
			      fh_builder_span(&blob));
	return lines->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* Both lines of the record, or of the witness, on the checkpoint C.  */
static fh_err put_lines(const struct fh_keeper *k, bool witness, uint64_t time_s,
			const struct fh_checkpoint *c, struct fh_builder *lines)
{
	uint8_t bytes[FH_CHECKPOINT_TEXT_MAX];
	struct fh_builder text = FH_BUILDER_ARRAY(bytes);
	fh_err e = FH_ERR_OK;

	fh_checkpoint_put_text(&text, c);
	if (text.bad)
		return FH_ERR_LIMIT;
	for (enum fh_cosign_key i = 0; i < FH_COSIGN_KEYS && e == FH_ERR_OK; i++) {
		if (keys[i].witness == witness)
			e = put_line(k, i, time_s, fh_builder_span(&text), lines);
	}
	return e;
}

/* Over the tree that was signed last and no other, so there is nothing to prove.  */
fh_err fh_keeper_lines(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	struct fh_checkpoint c = { fh_span_of(k->origin, FH_KEEPER_ORIGIN_SIZE), k->signed_size,
				   k->signed_root };
	uint8_t bytes[FH_COSIGN_LINES_MAX];
	struct fh_builder lines = FH_BUILDER_ARRAY(bytes);
	uint64_t time_s;
	fh_err e = fh_door_read_lines_of(frame, &time_s);

	if (e == FH_ERR_OK)
		e = have_cosigner(k);
	if (e == FH_ERR_OK)
		e = put_lines(k, /* witness= */ false, time_s, &c, &lines);
	if (e == FH_ERR_OK)
		fh_door_put_text(answer, fh_builder_span(&lines));
	return e;
}

fh_err fh_keeper_cosigners(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_COSIGN_VKEYS_MAX], room[FH_NOTE_NAME_MAX];
	struct fh_builder vkeys = FH_BUILDER_ARRAY(bytes);
	fh_err e = have_cosigner(k);

	(void)frame;
	for (enum fh_cosign_key i = 0; i < FH_COSIGN_KEYS && e == FH_ERR_OK; i++) {
		uint8_t public_bytes[FH_COSIGNER_PUBLIC_MAX];
		struct fh_builder public = FH_BUILDER_ARRAY(public_bytes);
		FH_OWN(fh_secret) seed = { 0 };

		e = seed_of(k, i, &seed);
		if (e == FH_ERR_OK)
			e = fh_cosign_public(keys[i].algorithm, &seed, &public);
		fh_note_put_vkey(&vkeys, name_of(k, i, room), keys[i].type,
				 fh_builder_span(&public));
		fh_builder_u8(&vkeys, '\n');
	}
	if (e == FH_ERR_OK && vkeys.bad)
		e = FH_ERR_LIMIT;
	if (e == FH_ERR_OK)
		fh_door_put_text(answer, fh_builder_span(&vkeys));
	return e;
}

/* --- what was cosigned last ------------------------------------------- */

/* keys/witnessed: [[SHA-256 of the origin, size, root], ...].  */
static fh_err load_witnessed(struct fh_keeper *k)
{
	uint8_t bytes[FH_SLOT_VALUE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = fh_slots_open(FH_KEEPER_WITNESSED, &k->witnessed_slots, &b);

	k->witnessed_n = 0;
	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	struct fh_cursor c = fh_cursor_of(fh_builder_span(&b));
	size_t n = e == FH_ERR_OK ? fh_cbor_array(&c, FH_COSIGN_LOGS_MAX) : 0;

	for (size_t i = 0; i < n; i++) {
		fh_cbor_array_exact(&c, 3);
		k->witnessed[i].origin = fh_cbor_hash(&c);
		k->witnessed[i].size = fh_cbor_uint(&c);
		k->witnessed[i].root = fh_cbor_hash(&c);
	}
	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	if (e == FH_ERR_OK) {
		k->witnessed_n = n;
		return e;
	}
	fh_trace_where(&k->trace, "keys/witnessed");
	fh_trace_what(&k->trace, "does not say what was cosigned last: %s", fh_err_text(e));
	fh_trace_cure(&k->trace, "restore the newest keys/; nothing of other logs is cosigned "
		      "without it");
	return e;
}

static fh_err store_witnessed(struct fh_keeper *k)
{
	uint8_t bytes[FH_SLOT_VALUE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_cbor_put_array(&b, k->witnessed_n);
	for (size_t i = 0; i < k->witnessed_n; i++) {
		fh_cbor_put_array(&b, 3);
		fh_cbor_put_hash(&b, &k->witnessed[i].origin);
		fh_cbor_put_uint(&b, k->witnessed[i].size);
		fh_cbor_put_hash(&b, &k->witnessed[i].root);
	}
	if (b.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_slots_write(&k->witnessed_slots, fh_builder_span(&b));

	return e == FH_ERR_OK ? e : fh_keeper_unwritten(k, "keys/witnessed", e);
}

/* Of the log of ORIGIN; one that was never cosigned has the empty tree.  NULL: full.  */
static struct fh_keeper_witnessed *witnessed_of(struct fh_keeper *k, struct fh_span origin)
{
	struct fh_hash id = fh_hash_of(origin);
	struct fh_tree empty = { 0 };

	for (size_t i = 0; i < k->witnessed_n; i++) {
		if (fh_hash_equal(&k->witnessed[i].origin, &id))
			return &k->witnessed[i];
	}
	if (k->witnessed_n == FH_COSIGN_LOGS_MAX)
		return nullptr;
	struct fh_keeper_witnessed *w = &k->witnessed[k->witnessed_n];

	*w = (struct fh_keeper_witnessed){ id, 0, fh_tree_root(&empty) };
	return w;
}

/* --- cosigning -------------------------------------------------------- */

static enum fh_cosign_status judge(const struct fh_keeper_witnessed *last,
				   const struct fh_cosign_request *r)
{
	if (last == nullptr)
		return FH_COSIGN_FULL;
	if (r->old != last->size)
		return FH_COSIGN_OTHER_SIZE;
	if (r->size == last->size) {
		if (!fh_hash_equal(&r->root, &last->root))
			return FH_COSIGN_OTHER_ROOT;
		return r->proof.n == 0 ? FH_COSIGNED : FH_COSIGN_NO_PROOF;
	}
	if (r->size < last->size)
		return FH_COSIGN_NO_PROOF;
	fh_err e = fh_consistency_check(&r->proof, 0, last->size, r->size, &last->root, &r->root);

	return e == FH_ERR_OK ? FH_COSIGNED : FH_COSIGN_NO_PROOF;
}

/* Remembers it, durably.  After a failed write the disk may have it or not, and this
 * keeper goes by the newer: what it could still cosign extends both.  */
static fh_err remember(struct fh_keeper *k, struct fh_keeper_witnessed *last,
		       const struct fh_cosign_request *r)
{
	bool new = last == &k->witnessed[k->witnessed_n];

	if (!new && r->size == last->size)
		return FH_ERR_OK; /* that very one again */
	last->size = r->size;
	last->root = r->root;
	k->witnessed_n += new;
	return store_witnessed(k);
}

fh_err fh_keeper_cosign(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_COSIGN_LINES_MAX];
	struct fh_builder lines = FH_BUILDER_ARRAY(bytes);
	struct fh_cosign_request r;
	fh_err e = fh_door_read_cosigning(frame, &r);

	/* The record is signed under its own rule (extends_signed).  */
	if (e == FH_ERR_OK
	    && fh_span_equal(r.origin, fh_span_of(k->origin, FH_KEEPER_ORIGIN_SIZE)))
		e = FH_ERR_CONFLICT;
	if (e == FH_ERR_OK)
		e = have_cosigner(k);
	if (e == FH_ERR_OK && k->witnessed_slots.fd == 0)
		e = load_witnessed(k);
	if (e != FH_ERR_OK)
		return e;
	struct fh_keeper_witnessed *last = witnessed_of(k, r.origin);
	struct fh_cosign_answer a = { .status = judge(last, &r),
				      .last = last == nullptr ? 0 : last->size };

	if (a.status == FH_COSIGNED) {
		struct fh_checkpoint c = { r.origin, r.size, r.root };

		e = remember(k, last, &r);
		if (e == FH_ERR_OK)
			e = put_lines(k, /* witness= */ true, r.time_s, &c, &lines);
		a.last = r.size;
		a.lines = fh_builder_span(&lines);
	}
	if (e == FH_ERR_OK)
		fh_door_put_cosigned(answer, &a);
	return e;
}
