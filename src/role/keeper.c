/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: answer the requests of its door table to
 * core, use the chip it was started with, and rewrite five files that the supervisor
 * opened for it (keys/signed, keys/device, keys/session, keys/data.0 and .1).  It opens no
 * file and no connection, and it builds what it signs itself.  */
#include "role/keeper.h"

#include "base/hex.h"
#include "chain/joint.h"
#include "chip/soft.h"
#include "chip/tpm2/tpm2.h"
#include "base/hex.h"
#include "entry/receipt.h"
#include "evidence/document.h"
#include "os/memory.h"
#include "role/confine.h"
#include "role/keeper_private.h"
#include "role/log.h"
#include "role/role.h"

#include <string.h>
#include <sys/stat.h>

constexpr size_t document_room = 4 * (FH_DOCUMENT_PAYLOAD_MAX / 3 + 1) + 256; /* in base64 */
constexpr size_t keeper_arena = (2 << 20) + (512 << 10)
				+ FH_DATA_KEYS_MAX * (sizeof(struct fh_data_key) + 8)
				+ FH_DOOR_DOCUMENT_MAX + document_room;
constexpr size_t authority_room = 128 << 10; /* the largest body of genesis or signers */
constexpr size_t scratch_room = 512 << 10;   /* checking such a statement */

fh_err fh_keeper_chip_error(struct fh_keeper *k, fh_err e)
{
	k->trace = k->chip.trace;
	return e;
}

/* --- what was signed last --------------------------------------------- */

static fh_err load_signed(struct fh_keeper *k)
{
	uint8_t bytes[FH_SLOT_VALUE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = fh_slots_open(FH_KEEPER_SIGNED, &k->signed_slots, &b);
	struct stat st;
	bool session = fstat(FH_KEEPER_SESSION, &st) != 0 || st.st_size > 0;

	if (e == FH_ERR_IO)
		return fh_keeper_unread(k, "keys/signed");
	/* Something is in it before there is a session (new_session), and before that nothing
	 * was signed: a first write that a crash has torn takes nothing with it.  */
	if (e == FH_ERR_MISSING && session)
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_FORMAT && !session) {
		k->signed_slots = (struct fh_slots){ FH_KEEPER_SIGNED, 0 };
		e = FH_ERR_MISSING;
	}
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

fh_err fh_keeper_unread(struct fh_keeper *k, const char *file)
{
	fh_trace_where(&k->trace, "%s", file);
	fh_trace_what(&k->trace, "cannot be read: %s", fh_err_text(FH_ERR_IO));
	fh_trace_cure(&k->trace, "the kernel's log says what is wrong with the disk; start again "
		      "when it can be read");
	return FH_ERR_IO;
}

fh_err fh_keeper_unwritten(struct fh_keeper *k, const char *file, fh_err e)
{
	fh_trace_where(&k->trace, "%s", file);
	fh_trace_what(&k->trace, "cannot be written: %s", fh_err_text(e));
	fh_trace_cure(&k->trace, "make room or replace the disk, then start again; nothing is "
		      "signed without it");
	return e;
}

fh_err fh_keeper_store_signed(struct fh_keeper *k, uint64_t size, const struct fh_hash *root)
{
	uint8_t bytes[128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_cbor_put_array(&b, 3);
	fh_cbor_put_hash(&b, &k->session_id);
	fh_cbor_put_uint(&b, size);
	fh_cbor_put_hash(&b, root);
	fh_err e = fh_slots_write(&k->signed_slots, fh_builder_span(&b));

	if (e != FH_ERR_OK)
		return fh_keeper_unwritten(k, "keys/signed", e);
	k->signed_size = size;
	k->signed_root = *root;
	return FH_ERR_OK;
}

/* --- checkpoints ------------------------------------------------------ */

/* Only a tree that extends the last signed one, or that very tree again.  */
static fh_err extends_signed(struct fh_keeper *k, uint64_t size, const struct fh_hash *root,
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

static fh_err sign_note(struct fh_keeper *k, uint64_t size, const struct fh_hash *root,
			struct fh_builder *note)
{
	struct fh_span name = fh_span_of(k->origin, FH_KEEPER_ORIGIN_SIZE);
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
	fh_note_put_signature(note, name, k->note_id, FH_SPAN_ARRAY(s.bytes));
	return note->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err answer_checkpoint(struct fh_keeper *k, struct fh_span frame,
				struct fh_builder *answer)
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
		e = fh_keeper_store_signed(k, size, &root);
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
static fh_err answer_document(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
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

/* --- receipts --------------------------------------------------------- */

/* Over the tree that was signed last and no other, so there is nothing to ask.  */
static fh_err answer_receipt(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_RECEIPT_SIGNED_MAX];
	struct fh_builder message = FH_BUILDER_ARRAY(bytes);
	struct fh_signature s;

	(void)frame;
	if (k->signed_size < 2)
		return FH_ERR_STATE;
	fh_receipt_put_signed(&message, &k->session_id, fh_hash_span(&k->signed_root));
	if (message.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_signer_sign(&k->session, fh_builder_span(&message), &s);

	if (e == FH_ERR_OK)
		fh_door_put_signature(answer, &s);
	return e;
}

/* --- opening and closing -------------------------------------------------- */

/* What keys/device may be released by now, in one number.  */
static struct fh_hash companions_of(const struct fh_release *r)
{
	struct fh_sha256 h;

	fh_sha256_begin(&h);
	for (size_t i = 0; i < r->companions; i++)
		fh_sha256_add(&h, FH_SPAN_ARRAY(r->companion[i].bytes));
	if (fh_release_joint(r))
		fh_sha256_add(&h, fh_span_of((const uint8_t[]){ (uint8_t)r->needed }, 1));
	return fh_sha256_end(&h);
}

static fh_err answer_open(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	(void)frame;
	k->trace = k->unopened_trace;
	fh_err e = k->unopened;

	if (e == FH_ERR_OK)
		e = load_signed(k);
	if (e == FH_ERR_OK)
		e = fh_keeper_open_device(k);
	if (e != FH_ERR_OK)
		return e;
	struct fh_door_opened o = {
		.chain_id = k->device.release.chain_id,
		.device_id = k->device.release.device_id,
		.signed_size = k->signed_size,
		.signed_root = k->signed_root,
		.grade = k->chip.grade,
		.epoch = k->epoch,
		.measured = k->pcrs.selected != 0,
		.note = k->note,
		.companions = companions_of(&k->device.release),
	};

	fh_door_put_opened(answer, &o);
	return FH_ERR_OK;
}

/* A reset while the machine runs begins all PCRs anew, for anybody to extend as he likes:
 * what was released before it is no sign any more of what runs here.  */
static fh_err answer_look(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint64_t boot;
	fh_err e = k->chip.class->look(&k->chip, false, &boot);

	(void)frame;
	/* What anybody on the way can say is enough to stop, and not to go on.  */
	if (e == FH_ERR_OK && boot == k->boot && ++k->looks % FH_CHIP_LOOKS == 0)
		e = k->chip.class->look(&k->chip, true, &boot);
	if (e != FH_ERR_OK)
		return fh_keeper_chip_error(k, e);
	if (boot != k->boot) {
		fh_trace_where(&k->trace, "TPM");
		fh_trace_what(&k->trace, "was reset while the machine ran: it counts %llu resets, "
			      "and %llu when this session began", (unsigned long long)boot,
			      (unsigned long long)k->boot);
		fh_trace_cure(&k->trace, "reboot the machine; if it was not hibernated, treat it "
			      "as attacked");
		return FH_ERR_RESET;
	}
	fh_door_put_done(answer);
	return FH_ERR_OK;
}

static fh_err answer_close(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	(void)frame;
	fh_signer_drop(&k->session);
	fh_secret_drop(&k->note_key);
	fh_secret_drop(&k->cosigner);
	fh_secret_drop(&k->data_root);
	fh_data_keys_drop(&k->data);
	fh_chip_drop(&k->chip); /* before the answer: then we may be killed any time */
	fh_door_put_done(answer);
	return FH_ERR_OK;
}

/* --- the door --------------------------------------------------------- */

struct door {
	enum fh_door_request request;
	enum fh_stage asked_in;
	enum fh_stage leads_to;
	size_t frame_max; /* bytes of the whole request */
	fh_err (*answer)(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer);
};

/* Everything the keeper will do for core.  */
static const struct door door[] = {
	/* request           asked in         leads to         max  */
	{ FH_DOOR_OPEN, FH_STAGE_NEW, FH_STAGE_OPENED, 8, answer_open },
	{ FH_DOOR_AUTHORITY, FH_STAGE_OPENED, FH_STAGE_OPENED, FH_DOOR_AUTHORITY_MAX,
	  fh_keeper_authority },
	{ FH_DOOR_APPROVAL, FH_STAGE_OPENED, FH_STAGE_OPENED, FH_DOOR_APPROVAL_MAX,
	  fh_keeper_approval },
	{ FH_DOOR_BEGIN, FH_STAGE_OPENED, FH_STAGE_LIVE, FH_DOOR_BEGIN_MAX, fh_keeper_begin },
	{ FH_DOOR_CHECKPOINT, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_CHECKPOINT_MAX,
	  answer_checkpoint },
	{ FH_DOOR_NOTE, FH_STAGE_LIVE, FH_STAGE_LIVE, 16, fh_keeper_note },
	{ FH_DOOR_QUOTE, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_QUOTE_MAX, fh_keeper_quote },
	{ FH_DOOR_EPOCH, FH_STAGE_LIVE, FH_STAGE_LIVE, 16, fh_keeper_epoch },
	{ FH_DOOR_CLOSE, FH_STAGE_LIVE, FH_STAGE_CLOSED, 8, answer_close },
	{ FH_DOOR_DOCUMENT, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_DOCUMENT_MAX,
	  answer_document },
	{ FH_DOOR_ACTIVATE, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_ACTIVATE_MAX,
	  fh_keeper_activate },
	{ FH_DOOR_RECEIPT, FH_STAGE_LIVE, FH_STAGE_LIVE, 8, answer_receipt },
	{ FH_DOOR_LINES, FH_STAGE_LIVE, FH_STAGE_LIVE, 16, fh_keeper_lines },
	{ FH_DOOR_COSIGN, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_COSIGN_MAX, fh_keeper_cosign },
	{ FH_DOOR_COSIGNERS, FH_STAGE_LIVE, FH_STAGE_LIVE, 8, fh_keeper_cosigners },
	{ FH_DOOR_SEAL, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_SEAL_MAX, fh_keeper_seal },
	{ FH_DOOR_UNSEAL, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_UNSEAL_MAX, fh_keeper_unseal },
	{ FH_DOOR_LOOK, FH_STAGE_LIVE, FH_STAGE_LIVE, 8, answer_look },
	{ FH_DOOR_WISH, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_WISH_MAX, fh_keeper_wish },
	{ FH_DOOR_DUE, FH_STAGE_LIVE, FH_STAGE_LIVE, 16, fh_keeper_due },
	{ FH_DOOR_SHRED, FH_STAGE_LIVE, FH_STAGE_LIVE, 16, fh_keeper_shred },
	{ FH_DOOR_REWRAP, FH_STAGE_LIVE, FH_STAGE_LIVE, 8, fh_keeper_rewrap },
	{ FH_DOOR_SHREDDED, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_SHREDDED_MAX,
	  fh_keeper_shredded },
	{ FH_DOOR_AUTHORITY, FH_STAGE_LIVE, FH_STAGE_LIVE, FH_DOOR_AUTHORITY_MAX,
	  fh_keeper_authority },
	{ FH_DOOR_RECOVERY, FH_STAGE_LIVE, FH_STAGE_LIVE, 8, fh_keeper_recovery },
	{ FH_DOOR_CLOSE, FH_STAGE_OPENED, FH_STAGE_CLOSED, 8, answer_close },
	{ FH_DOOR_CLOSE, FH_STAGE_NEW, FH_STAGE_CLOSED, 8, answer_close },
};

static const struct door *find_door(enum fh_stage stage, struct fh_span frame)
{
	struct fh_cursor c = fh_cursor_of(frame);

	size_t members = fh_cbor_array(&c, 8);
	uint64_t request = fh_cbor_uint(&c);
	bool bare = request == FH_DOOR_OPEN || request == FH_DOOR_CLOSE
		    || request == FH_DOOR_RECEIPT || request == FH_DOOR_COSIGNERS
		    || request == FH_DOOR_LOOK || request == FH_DOOR_REWRAP
		    || request == FH_DOOR_RECOVERY;

	/* A body is read by its answer.  */
	if (bare && (members != 1 || fh_cursor_end(&c) != FH_ERR_OK))
		return nullptr;
	for (size_t i = 0; i < sizeof(door) / sizeof(door[0]); i++) {
		if (!fh_cursor_bad(&c) && door[i].request == request && door[i].asked_in == stage
		    && frame.n <= door[i].frame_max)
			return &door[i];
	}
	return nullptr;
}

/* Answers one request; an error that is not an answer ends the keeper.  */
static fh_err answer(struct fh_keeper *k, struct fh_span frame)
{
	uint8_t bytes[FH_DOOR_ANSWER_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	const struct door *d = find_door(k->stage, frame);

	if (d == nullptr)
		return FH_ERR_STATE;
	k->trace = (struct fh_trace){ 0 };
	fh_err e = d->answer(k, frame, &b);

	if (e == FH_ERR_OK) {
		k->stage = d->leads_to;
	} else {
		b = FH_BUILDER_ARRAY(bytes);
		fh_door_put_error(&b, e, &k->trace);
		if (e != FH_ERR_MISSING || k->trace.what[0] != '\0')
			fh_log_error("keeper", e, &k->trace); /* that a key has ended is no error */
	}
	e = b.bad ? FH_ERR_LIMIT : fh_frame_send(FH_FD_CORE, fh_builder_span(&b), /* pass= */ -1);
	fh_wipe(bytes, sizeof(bytes));
	return e;
}

static fh_err serve(struct fh_keeper *k, struct fh_arena *arena)
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

static fh_err open_chip(struct fh_keeper *k, int argc, char **argv, struct fh_arena *arena)
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

static fh_err take_memory(struct fh_keeper *k, struct fh_arena *from)
{
	void *first = fh_arena_space(from, authority_room);
	void *second = fh_arena_space(from, authority_room);
	void *scratch = fh_arena_space(from, scratch_room);

	if (first == nullptr || second == nullptr || scratch == nullptr)
		return FH_ERR_NOMEM;
	k->authority[0] = fh_arena_of(first, authority_room);
	k->authority[1] = fh_arena_of(second, authority_room);
	k->scratch = fh_arena_of(scratch, scratch_room);
	return fh_data_keys_begin(from, &k->data);
}

int fh_role_keeper(int argc, char **argv)
{
	struct fh_confinement what = { .role = FH_ROLE_KEEPER };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_keeper k = { 0 };
	int landlock;
	fh_err e = fh_arena_map(keeper_arena, &arena);

	if (e == FH_ERR_OK)
		e = take_memory(&k, &arena);
	if (e == FH_ERR_OK)
		e = fh_confine(&what, &landlock, &k.trace);
	/* Why it cannot be opened is the answer to OPEN: core names the state.  */
	if (e == FH_ERR_OK) {
		k.unopened = open_chip(&k, argc, argv, &arena);
		k.unopened_trace = k.trace;
		e = serve(&k, &arena);
	} else {
		fh_log_error("keeper", e, &k.trace);
	}
	if (e == FH_ERR_STATE)
		fh_log(FH_LOG_PRIORITY_ERROR, "keeper",
		       "core asked for what is not on its door; ending");
	fh_secret_drop(&k.note_key);
	fh_secret_drop(&k.cosigner);
	fh_secret_drop(&k.data_root);
	fh_data_keys_drop(&k.data);
	fh_signer_drop(&k.session);
	fh_chip_drop(&k.chip);
	return e == FH_ERR_OK || e == FH_ERR_CLOSED ? 0 : 2;
}
