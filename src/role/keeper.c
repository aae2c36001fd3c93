/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: answer the requests of its door table to
 * core, use the chip it was started with, and rewrite two small files that the
 * supervisor opened for it (keys/signed, keys/session).  It opens no file and
 * no connection, and it builds what it signs itself.  */
#include "role/keeper.h"

#include "chip/soft.h"
#include "chip/tpm2/tpm2.h"
#include "base/hex.h"
#include "crypto/sign.h"
#include "evidence/document.h"
#include "os/memory.h"
#include "os/slots.h"
#include "role/confine.h"
#include "role/door.h"
#include "role/frame.h"
#include "role/log.h"
#include "role/role.h"

#include <string.h>
#include <sys/stat.h>

constexpr size_t document_room = 4 * (FH_DOCUMENT_PAYLOAD_MAX / 3 + 1) + 256; /* in base64 */
constexpr size_t keeper_arena = (1 << 20) + FH_DOOR_DOCUMENT_MAX + document_room;
constexpr size_t origin_size = 9 + 2 * FH_HASH_SIZE; /* "freehold/" and hex */

struct keeper {
	struct fh_chip chip;
	enum fh_stage stage;
	struct fh_slots signed_slots;   /* what was signed last */
	struct fh_slots session_slots;  /* the session of this boot, sealed */
	struct fh_hash chain_id;
	struct fh_hash device_id;
	struct fh_secret device_seed;   /* from OPEN until BEGIN has used it */
	struct fh_signer session;
	struct fh_hash session_id;
	uint64_t signed_size;
	struct fh_hash signed_root;
	char origin[origin_size + 1];
	uint32_t note_key;              /* key id of the session on signature lines */
	uint8_t *room;                  /* for a document in base64 */
	struct fh_trace trace;
};

/* --- what was signed last --------------------------------------------- */

static fh_err load_signed(struct keeper *k)
{
	uint8_t bytes[FH_SLOT_VALUE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = fh_slots_open(FH_KEEPER_SIGNED, &k->signed_slots, &b);

	struct stat session;

	/* Something is in it before there is a session (new_session).  */
	if (e == FH_ERR_MISSING
	    && (fstat(FH_KEEPER_SESSION, &session) != 0 || session.st_size > 0))
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_MISSING) {
		struct fh_tree empty = { 0 };

		k->signed_size = 0;
		k->signed_root = fh_tree_root(&empty);
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK) {
		fh_trace_where(&k->trace, "keys/signed");
		fh_trace_what(&k->trace, "does not say what was signed last: %s", fh_err_text(e));
		fh_trace_cure(&k->trace, "restore keys/ and record/ of one moment, or enrol this "
			      "machine anew");
		return e;
	}
	struct fh_cursor c = fh_cursor_of(fh_builder_span(&b));

	fh_cbor_array_exact(&c, 3);
	(void)fh_cbor_bytes_exact(&c, FH_HASH_SIZE);
	uint64_t size = fh_cbor_uint(&c);
	struct fh_hash root = fh_cbor_hash(&c);

	e = fh_cursor_end(&c);
	if (e != FH_ERR_OK)
		return e;
	k->signed_size = size;
	k->signed_root = root;
	return FH_ERR_OK;
}

static void tell_unwritten(struct keeper *k, const char *file, fh_err e)
{
	fh_trace_where(&k->trace, "%s", file);
	fh_trace_what(&k->trace, "cannot be written: %s", fh_err_text(e));
	fh_trace_cure(&k->trace, "make room or replace the disk, then start again; nothing is "
		      "signed without it");
}

/* Durable before the signature leaves: whatever core becomes, a second tree of
 * this size is never signed.  */
static fh_err store_signed(struct keeper *k, uint64_t size, const struct fh_hash *root)
{
	uint8_t bytes[128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_cbor_put_array(&b, 3);
	fh_cbor_put_hash(&b, &k->session_id);
	fh_cbor_put_uint(&b, size);
	fh_cbor_put_hash(&b, root);
	fh_err e = fh_slots_write(&k->signed_slots, fh_builder_span(&b));

	if (e != FH_ERR_OK) {
		tell_unwritten(k, "keys/signed", e);
		return e;
	}
	k->signed_size = size;
	k->signed_root = *root;
	return FH_ERR_OK;
}

/* --- the device key --------------------------------------------------- */

/* The sealed secret is seed || chain id || device id: the key serves no other
 * chain and knows its own name.  */
static fh_err take_device(struct keeper *k, struct fh_span plain)
{
	struct fh_cursor c = fh_cursor_of(plain);
	struct fh_span seed = fh_cursor_take(&c, FH_MLDSA65_SEED_SIZE);
	struct fh_span chain = fh_cursor_take(&c, FH_HASH_SIZE);
	struct fh_span device = fh_cursor_take(&c, FH_HASH_SIZE);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	e = fh_secret_from(seed, &k->device_seed);
	if (e != FH_ERR_OK)
		return e;
	memcpy(k->chain_id.bytes, chain.p, FH_HASH_SIZE);
	memcpy(k->device_id.bytes, device.p, FH_HASH_SIZE);
	struct fh_builder b = fh_builder_of(k->origin, origin_size);

	fh_builder_text(&b, "freehold/");
	fh_builder_hex(&b, fh_hash_span(&k->device_id));
	return FH_ERR_OK;
}

static fh_err open_device(struct keeper *k)
{
	uint8_t blob[FH_CHIP_BLOB_MAX], plain[FH_CHIP_SECRET_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(plain);
	struct stat st;

	if (fstat(FH_KEEPER_DEVICE, &st) != 0)
		return FH_ERR_IO;
	if (st.st_size == 0 || (size_t)st.st_size > sizeof(blob)) {
		fh_trace_where(&k->trace, "keys/device");
		fh_trace_what(&k->trace, "is no sealed key (%lld bytes)", (long long)st.st_size);
		fh_trace_cure(&k->trace, "restore keys/ from a backup, or enrol this machine anew");
		return FH_ERR_FORMAT;
	}
	fh_err e = fh_fd_pread(FH_KEEPER_DEVICE, blob, (size_t)st.st_size, 0);

	if (e != FH_ERR_OK)
		return e;
	e = k->chip.class->unseal(&k->chip, FH_CHIP_DEVICE, fh_span_of(blob, (size_t)st.st_size),
				  &b);
	if (e != FH_ERR_OK) {
		k->trace = k->chip.trace;
		fh_trace_where(&k->trace, "keys/device: %s", k->chip.trace.where);
	} else {
		e = take_device(k, fh_builder_span(&b));
	}
	fh_wipe(plain, sizeof(plain));
	return e;
}

static fh_err answer_open(struct keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	(void)frame;
	fh_err e = load_signed(k);

	if (e == FH_ERR_OK)
		e = open_device(k);
	if (e != FH_ERR_OK)
		return e;
	struct fh_door_opened o = { k->chain_id, k->device_id, k->signed_size, k->signed_root,
				    k->chip.grade };

	fh_door_put_opened(answer, &o);
	return FH_ERR_OK;
}

/* --- the session key -------------------------------------------------- */

static fh_err use_session(struct keeper *k, const struct fh_secret *seed,
			  struct fh_public_key *public)
{
	struct fh_span name = fh_span_of(k->origin, origin_size);
	fh_err e = fh_signer_new(seed, &k->session);

	if (e == FH_ERR_OK)
		e = fh_signer_public(&k->session, public);
	if (e != FH_ERR_OK)
		return e;
	k->session_id = fh_key_id(FH_SPAN_ARRAY(public->bytes));
	k->note_key = fh_note_mldsa65_key_id(name, FH_SPAN_ARRAY(public->bytes));
	return FH_ERR_OK;
}

/* The device key vouches for the session key: used here and nowhere else.  */
static fh_err certify(struct keeper *k, const struct fh_certificate *c, struct fh_builder *out)
{
	uint8_t payload_bytes[FH_CERTIFICATE_MAX], message_bytes[FH_CERTIFICATE_MAX];
	struct fh_builder payload = FH_BUILDER_ARRAY(payload_bytes);
	struct fh_builder message = FH_BUILDER_ARRAY(message_bytes);
	FH_OWN(fh_signer) device = { 0 };
	struct fh_public_key public;
	struct fh_signature s;
	fh_err e = fh_signer_new(&k->device_seed, &device);

	if (e == FH_ERR_OK)
		e = fh_signer_public(&device, &public);
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(public.bytes));

	if (!fh_hash_equal(&id, &k->device_id))
		return FH_ERR_CONFLICT;
	fh_certificate_put_payload(&payload, c);
	fh_certificate_put_signed(&message, fh_builder_span(&payload));
	if (message.bad)
		return FH_ERR_LIMIT;
	e = fh_signer_sign(&device, fh_builder_span(&message), &s);
	if (e != FH_ERR_OK)
		return e;
	fh_certificate_put(out, fh_builder_span(&payload), &k->device_id, FH_SPAN_ARRAY(s.bytes));
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* Seals the session's seed for this boot and files it with its certificate.  */
static fh_err store_session(struct keeper *k, const struct fh_secret *seed,
			    struct fh_span certificate)
{
	uint8_t blob_bytes[FH_CHIP_BLOB_MAX], value_bytes[FH_SLOT_VALUE_MAX];
	struct fh_builder blob = FH_BUILDER_ARRAY(blob_bytes);
	struct fh_builder value = FH_BUILDER_ARRAY(value_bytes);
	fh_err e = k->chip.class->seal(&k->chip, FH_CHIP_BOOT, fh_secret_span(seed), &blob);

	if (e != FH_ERR_OK) {
		k->trace = k->chip.trace;
		return e;
	}
	fh_cbor_put_array(&value, 2);
	fh_cbor_put_bytes(&value, fh_builder_span(&blob));
	fh_cbor_put_bytes(&value, certificate);
	e = fh_slots_write(&k->session_slots, fh_builder_span(&value));
	if (e != FH_ERR_OK)
		tell_unwritten(k, "keys/session", e);
	return e;
}

static fh_err new_session(struct keeper *k, uint64_t boot, uint64_t start, struct fh_builder *out)
{
	FH_OWN(fh_secret) seed = { 0 };
	struct fh_public_key public;
	fh_err e = fh_seed_new(&seed);

	if (e == FH_ERR_OK)
		e = use_session(k, &seed, &public);
	if (e != FH_ERR_OK)
		return e;
	struct fh_certificate c = {
		.chain_id = k->chain_id,
		.device_id = k->device_id,
		.session_key = FH_SPAN_ARRAY(public.bytes),
		.boot = boot,
		.start = start,
		.previous_size = k->signed_size,
		.previous_root = k->signed_root,
		.grade = k->chip.grade,
	};

	e = certify(k, &c, out);
	/* From the first session on, keys/signed says so, if only that nothing was
	 * signed: an empty file will not do any more.  */
	if (e == FH_ERR_OK && k->signed_slots.number == 0)
		e = store_signed(k, k->signed_size, &k->signed_root);
	if (e != FH_ERR_OK)
		return e;
	return store_session(k, &seed, fh_builder_span(out));
}

/* The session of an earlier start in this boot; FH_ERR_MISSING if there is none
 * that this boot can open.  */
static fh_err old_session(struct keeper *k, struct fh_builder *out)
{
	uint8_t value[FH_SLOT_VALUE_MAX], plain[FH_CHIP_SECRET_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(value), opened = FH_BUILDER_ARRAY(plain);
	FH_OWN(fh_secret) seed = { 0 };
	struct fh_public_key public;
	fh_err e = fh_slots_open(FH_KEEPER_SESSION, &k->session_slots, &b);

	if (e == FH_ERR_FORMAT) /* damaged: a new session, certified like any other */
		k->session_slots = (struct fh_slots){ FH_KEEPER_SESSION, 0 };
	if (e == FH_ERR_MISSING || e == FH_ERR_FORMAT)
		return FH_ERR_MISSING;
	if (e != FH_ERR_OK)
		return e;
	struct fh_cursor c = fh_cursor_of(fh_builder_span(&b));

	fh_cbor_array_exact(&c, 2);
	struct fh_span blob = fh_cbor_bytes(&c, FH_CHIP_BLOB_MAX);
	struct fh_span certificate = fh_cbor_bytes(&c, FH_CERTIFICATE_MAX);

	if (fh_cursor_end(&c) != FH_ERR_OK)
		return FH_ERR_MISSING;
	e = k->chip.class->unseal(&k->chip, FH_CHIP_BOOT, blob, &opened);
	if (e == FH_ERR_STATE || e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT)
		return FH_ERR_MISSING;
	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_builder_span(&opened), &seed);
	fh_wipe(plain, sizeof(plain));
	if (e == FH_ERR_OK)
		e = use_session(k, &seed, &public);
	struct fh_certificate held;

	if (e == FH_ERR_OK)
		e = fh_certificate_read(certificate, &held);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_span_equal(held.session_key, FH_SPAN_ARRAY(public.bytes))
	    || !fh_hash_equal(&held.device_id, &k->device_id))
		return FH_ERR_CONFLICT;
	fh_builder_bytes(out, certificate);
	return FH_ERR_OK;
}

static fh_err answer_begin(struct keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_CERTIFICATE_MAX], boot_id[32];
	struct fh_builder certificate = FH_BUILDER_ARRAY(bytes);
	struct fh_door_begun g = { 0 };

	(void)frame;
	fh_err e = k->chip.class->boot(&k->chip, &g.boot, boot_id);

	if (e == FH_ERR_OK)
		e = k->chip.class->counter_increment(&k->chip, &g.start);
	if (e != FH_ERR_OK) {
		k->trace = k->chip.trace;
		return e;
	}
	e = old_session(k, &certificate);
	if (e == FH_ERR_MISSING) {
		g.fresh = true;
		e = new_session(k, g.boot, g.start, &certificate);
	}
	fh_secret_drop(&k->device_seed);
	if (e != FH_ERR_OK)
		return e;
	g.certificate = fh_builder_span(&certificate);
	fh_door_put_begun(answer, &g);
	return FH_ERR_OK;
}

/* --- checkpoints ------------------------------------------------------ */

/* Only a tree that extends the last signed one, or that very tree again.  */
static fh_err extends_signed(struct keeper *k, uint64_t size, const struct fh_hash *root,
			     const struct fh_proof *proof)
{
	fh_err e = FH_ERR_SIGNATURE;

	if (size == k->signed_size && size > 0)
		e = fh_hash_equal(root, &k->signed_root) ? FH_ERR_OK : FH_ERR_SIGNATURE;
	else if (size > k->signed_size)
		e = fh_consistency_check(proof, 0, k->signed_size, size, &k->signed_root, root);
	if (e == FH_ERR_OK)
		return e;
	fh_trace_where(&k->trace, "checkpoint of size %llu", (unsigned long long)size);
	fh_trace_what(&k->trace, "does not extend the tree of size %llu that was signed last",
		      (unsigned long long)k->signed_size);
	return FH_ERR_CONFLICT;
}

static fh_err sign_note(struct keeper *k, uint64_t size, const struct fh_hash *root,
			struct fh_builder *note)
{
	struct fh_span name = fh_span_of(k->origin, origin_size);
	struct fh_checkpoint c = { name, size, *root };
	uint8_t text_bytes[FH_CHECKPOINT_TEXT_MAX], message_bytes[FH_CHECKPOINT_TEXT_MAX + 64];
	struct fh_builder text = FH_BUILDER_ARRAY(text_bytes);
	struct fh_builder message = FH_BUILDER_ARRAY(message_bytes);
	struct fh_signature s;

	fh_checkpoint_put_text(&text, &c);
	fh_checkpoint_put_signed(&message, fh_builder_span(&text));
	if (message.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_signer_sign(&k->session, fh_builder_span(&message), &s);

	if (e != FH_ERR_OK)
		return e;
	fh_builder_bytes(note, fh_builder_span(&text));
	fh_builder_text(note, "\n");
	fh_note_put_signature(note, name, k->note_key, FH_SPAN_ARRAY(s.bytes));
	return note->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err answer_checkpoint(struct keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_CHECKPOINT_NOTE_MAX];
	struct fh_builder note = FH_BUILDER_ARRAY(bytes);
	struct fh_proof proof;
	struct fh_hash root;
	uint64_t size;
	fh_err e = fh_door_read_checkpoint(frame, &size, &root, &proof);

	if (e == FH_ERR_OK)
		e = extends_signed(k, size, &root, &proof);
	if (e == FH_ERR_OK && size > k->signed_size)
		e = store_signed(k, size, &root);
	if (e == FH_ERR_OK)
		e = sign_note(k, size, &root, &note);
	if (e != FH_ERR_OK)
		return e;
	fh_door_put_note(answer, fh_builder_span(&note));
	return FH_ERR_OK;
}

/* --- documents -------------------------------------------------------- */

/* The header is ours, whatever the payload says: what is signed is a document
 * and nothing else.  */
static fh_err answer_document(struct keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	struct fh_builder message = fh_builder_of(k->room, document_room);
	struct fh_span payload;
	struct fh_signature s;
	fh_err e = fh_door_read_document(frame, &payload);

	if (e != FH_ERR_OK)
		return e;
	fh_document_put_signed(&message, payload);
	if (message.bad)
		return FH_ERR_LIMIT;
	e = fh_signer_sign(&k->session, fh_builder_span(&message), &s);
	if (e == FH_ERR_OK)
		fh_door_put_signature(answer, &s);
	return e;
}

static fh_err answer_close(struct keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	(void)frame;
	fh_signer_drop(&k->session);
	fh_secret_drop(&k->device_seed);
	fh_cbor_put_array(answer, 1);
	fh_cbor_put_uint(answer, FH_ERR_OK);
	return FH_ERR_OK;
}

/* --- the door --------------------------------------------------------- */

struct door {
	enum fh_door_request request;
	enum fh_stage asked_in;
	enum fh_stage leads_to;
	size_t frame_max; /* bytes of the whole request */
	fh_err (*answer)(struct keeper *k, struct fh_span frame, struct fh_builder *answer);
};

/* Everything the keeper will do for core.  */
static const struct door door[] = {
	/* request           asked in         leads to         max  */
	{ FH_DOOR_OPEN, FH_STAGE_NEW, FH_STAGE_OPENED, 8, answer_open },
	{ FH_DOOR_BEGIN, FH_STAGE_OPENED, FH_STAGE_LIVE, 8, answer_begin },
	{ FH_DOOR_CHECKPOINT, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_REQUEST_MAX,
	  answer_checkpoint },
	{ FH_DOOR_CLOSE, FH_STAGE_LIVE, FH_STAGE_CLOSED, 8, answer_close },
	{ FH_DOOR_DOCUMENT, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_DOCUMENT_MAX,
	  answer_document },
};

static const struct door *find_door(struct fh_span frame)
{
	struct fh_cursor c = fh_cursor_of(frame);

	size_t members = fh_cbor_array(&c, 4);
	uint64_t request = fh_cbor_uint(&c);

	/* These have a body, which their answers read.  */
	bool body = request == FH_DOOR_CHECKPOINT || request == FH_DOOR_DOCUMENT;

	if (!body && (members != 1 || fh_cursor_end(&c) != FH_ERR_OK))
		return nullptr;
	for (size_t i = 0; i < sizeof(door) / sizeof(door[0]); i++) {
		if (!fh_cursor_bad(&c) && door[i].request == request
		    && frame.n <= door[i].frame_max)
			return &door[i];
	}
	return nullptr;
}

/* Answers one request; an error that is not an answer ends the keeper.  */
static fh_err answer(struct keeper *k, struct fh_span frame)
{
	uint8_t bytes[FH_DOOR_ANSWER_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	const struct door *d = find_door(frame);

	if (d == nullptr || d->asked_in != k->stage)
		return FH_ERR_STATE;
	k->trace = (struct fh_trace){ 0 };
	fh_err e = d->answer(k, frame, &b);

	if (e == FH_ERR_OK) {
		k->stage = d->leads_to;
	} else {
		b = FH_BUILDER_ARRAY(bytes);
		fh_door_put_error(&b, e, &k->trace);
		fh_log_error("keeper", e, &k->trace);
	}
	return b.bad ? FH_ERR_LIMIT
		     : fh_frame_send(FH_FD_CORE, fh_builder_span(&b), /* pass= */ -1);
}

static fh_err serve(struct keeper *k, struct fh_arena *arena)
{
	struct fh_pipe core;
	struct fh_span frame;
	fh_err e = fh_pipe_open(FH_FD_CORE, FH_DOOR_DOCUMENT_MAX, arena, &core);

	k->room = fh_arena_space(arena, document_room);
	if (e == FH_ERR_OK && k->room == nullptr)
		e = FH_ERR_NOMEM;

	while (e == FH_ERR_OK && k->stage != FH_STAGE_CLOSED) {
		e = fh_pipe_wait(&core, &frame);
		if (e == FH_ERR_OK)
			e = answer(k, frame);
	}
	return e;
}

static fh_err open_chip(struct keeper *k, int argc, char **argv, struct fh_arena *arena)
{
	uint8_t boot_id[FH_HASH_SIZE];

	if (argc != 3)
		return FH_ERR_UNSUPPORTED;
	if (strcmp(argv[1], "tpm2") == 0)
		return fh_chip_tpm2_on(FH_KEEPER_CHIP, arena, &k->trace, &k->chip);
	fh_err e = fh_hex_read(fh_span_str(argv[2]), boot_id, sizeof(boot_id));

	if (e != FH_ERR_OK)
		return e;
	return fh_chip_soft_open(FH_KEEPER_CHIP, boot_id, arena, &k->trace, &k->chip);
}

int fh_role_keeper(int argc, char **argv)
{
	struct fh_confinement what = { .role = FH_ROLE_KEEPER };
	FH_OWN(fh_arena) arena = { 0 };
	struct keeper k = { 0 };
	int landlock;
	fh_err e = fh_arena_map(keeper_arena, &arena);

	if (e == FH_ERR_OK)
		e = fh_confine(&what, &landlock, &k.trace);
	if (e == FH_ERR_OK)
		e = open_chip(&k, argc, argv, &arena);
	if (e == FH_ERR_OK)
		e = serve(&k, &arena);
	else
		fh_log_error("keeper", e, &k.trace);
	if (e == FH_ERR_STATE)
		fh_log(FH_LOG_PRIORITY_ERROR, "keeper",
		       "core asked for what is not on its door; ending");
	fh_secret_drop(&k.device_seed);
	fh_signer_drop(&k.session);
	fh_chip_drop(&k.chip);
	return e == FH_ERR_OK || e == FH_ERR_CLOSED ? 0 : 2;
}
