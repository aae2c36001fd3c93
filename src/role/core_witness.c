/* SPDX-License-Identifier: Apache-2.0 */
/* This machine as a witness of the logs that the operator names: C2SP tlog-witness.  What
 * was cosigned last is the keeper's to remember; here a request is read, and the log's own
 * signature checked.  docs/spec/WITNESS, "Serving".  */
#include "role/core.h"

#include "base/hex.h"
#include "merkle/quorum.h"
#include "merkle/witness.h"
#include "os/clock.h"
#include "role/door_cosign.h"
#include "role/log.h"
#include "role/witness_ask.h"

#include <stdio.h>

constexpr uint32_t cosigned_per_second = 64; /* each may cost a sync */

/* An answer, and memory for what it says.  */
struct answer {
	uint16_t status;
	uint8_t bytes[FH_NOTE_MAX];
	struct fh_builder body;
};

static void refuse(struct answer *a, uint16_t status, const char *text)
{
	a->status = status;
	fh_builder_text(&a->body, text);
}

/* --- the newest checkpoint of a log -------------------------------------- */

static bool path_of(char name[96], const struct fh_hash *origin)
{
	struct fh_builder b = fh_builder_of(name, 95);

	fh_builder_text(&b, "cosigned-");
	fh_builder_hex(&b, fh_hash_span(origin));
	name[b.n] = '\0';
	return !b.bad;
}

/* For monitors, and for a log that wants to see what we have: no promise rests on it.  */
static void keep_checkpoint(struct fh_core *c, struct fh_span origin, struct fh_span note,
			    struct fh_span lines)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, FH_NOTE_MAX), FH_NOTE_MAX);
	struct fh_hash id = fh_hash_of(origin);
	char name[96];

	if (b.p == nullptr || !path_of(name, &id))
		return;
	fh_builder_bytes(&b, note);
	fh_builder_bytes(&b, lines);
	if (b.bad || fh_core_file_write(c, name, fh_builder_span(&b)) != FH_ERR_OK)
		fh_log(FH_LOG_PRIORITY_WARNING, "core", "record/%s cannot be written", name);
}

static void tell_checkpoint(struct fh_core *c, const struct fh_hash *origin, struct answer *a)
{
	char name[96], path[FH_PATH_MAX];
	struct fh_span bytes;

	if (!path_of(name, origin)
	    || snprintf(path, sizeof(path), "%s/%s", c->record_path, name) >= (int)sizeof(path)
	    || fh_file_read(path, FH_NOTE_MAX, &c->scratch, &bytes) != FH_ERR_OK) {
		refuse(a, 404, "no checkpoint of this log was cosigned here");
		return;
	}
	a->status = 200;
	fh_builder_bytes(&a->body, bytes);
}

/* --- add-checkpoint ------------------------------------------------------ */

/* The checkpoint in NOTE is one of a log that the operator names, and its own.  */
static bool is_logs_own(struct fh_core *c, const struct fh_note *note, struct fh_span origin,
			struct answer *a)
{
	const struct fh_witness_held *held = fh_chain_witness(&c->chain);
	struct fh_quorum *q = fh_arena_take(&c->scratch, sizeof(*q));
	struct fh_trace t = { 0 };
	bool named = false;

	if (held == nullptr || q == nullptr
	    || fh_quorum_read(held->body.logs, q, &t) != FH_ERR_OK) {
		refuse(a, 404, "no log is witnessed here");
		return false;
	}
	for (size_t i = 0; i < q->logs; i++) {
		if (!fh_span_equal(q->log[i].key.name, origin))
			continue;
		named = true;
		if (fh_cosignature_check(&q->log[i].key, note, /* time= */ nullptr) == FH_ERR_OK)
			return true;
	}
	if (named)
		refuse(a, 403, "no signature on it is by a key of this log");
	else
		refuse(a, 404, "this log is not witnessed here");
	return false;
}

static bool too_often(struct fh_core *c)
{
	uint64_t second = fh_clock_boot_ms() / 1000;

	if (c->cosign_second != second) {
		c->cosign_second = second;
		c->cosign_count = 0;
	}
	return c->cosign_count++ >= cosigned_per_second;
}

/* What the keeper said.  */
static void say_cosigned(const struct fh_cosign_answer *k, struct answer *a)
{
	switch (k->status) {
	case FH_COSIGNED:
		a->status = 200;
		fh_builder_bytes(&a->body, k->lines);
		return;
	case FH_COSIGN_OTHER_SIZE:
	case FH_COSIGN_OTHER_ROOT:
		a->status = 409;
		fh_witness_size_put(&a->body, k->last);
		return;
	case FH_COSIGN_NO_PROOF:
		refuse(a, 422, "the proof does not show that it extends what was cosigned last");
		return;
	default:
		refuse(a, 503, "there is no room for another log");
	}
}

static fh_err ask_keeper(struct fh_core *c, const struct fh_cosign_request *r,
			 struct fh_span note, struct answer *a)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, FH_DOOR_COSIGN_MAX),
					    FH_DOOR_COSIGN_MAX);
	struct fh_cosign_answer k;
	struct fh_span frame;
	struct fh_trace t = { 0 };

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_door_put_cosigning(&b, r);
	if (b.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	if (e != FH_ERR_OK)
		return e;
	if (fh_door_read_cosigned(frame, &k, &t) != FH_ERR_OK) {
		/* The keeper says it in the log.  Nothing of ours depends on it.  */
		refuse(a, 503, "this witness cannot cosign");
		return FH_ERR_OK;
	}
	if (k.status == FH_COSIGNED)
		keep_checkpoint(c, r->origin, note, k.lines);
	c->metrics.cosigned += k.status == FH_COSIGNED;
	say_cosigned(&k, a);
	return FH_ERR_OK;
}

static fh_err add_checkpoint(struct fh_core *c, struct fh_span body, struct answer *a)
{
	struct fh_add_checkpoint *asked = fh_arena_take(&c->scratch, sizeof(*asked));
	struct fh_checkpoint checkpoint;
	struct fh_note note;

	if (asked == nullptr)
		return FH_ERR_NOMEM;
	if (fh_add_checkpoint_read(body, asked) != FH_ERR_OK
	    || fh_note_parse(asked->note, &note) != FH_ERR_OK
	    || fh_checkpoint_parse(note.text, &checkpoint) != FH_ERR_OK) {
		refuse(a, 400, "that is no old size, proof and checkpoint");
		return FH_ERR_OK;
	}
	if (!is_logs_own(c, &note, checkpoint.origin, a))
		return FH_ERR_OK;
	if (asked->old > checkpoint.size) {
		refuse(a, 400, "the old size is larger than the checkpoint's");
		return FH_ERR_OK;
	}
	if (too_often(c)) {
		refuse(a, 503, "too many at one time; ask again");
		return FH_ERR_OK;
	}
	struct fh_cosign_request r = { fh_clock_real_ms() / 1000, checkpoint.origin, asked->old,
				       checkpoint.size, checkpoint.root, asked->proof };

	return ask_keeper(c, &r, asked->note, a);
}

fh_err fh_core_witness(struct fh_core *c, size_t gate, const struct fh_ask *ask)
{
	struct fh_reply reply = { .status = FH_REPLY_RESULT, .exchange = ask->exchange,
				  .index = FH_NO_INDEX };
	struct answer *a = fh_arena_take(&c->scratch, sizeof(*a));
	size_t cap = FH_NOTE_MAX + 64;
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, cap), cap);
	struct fh_witness_ask w;

	if (!c->gate[gate].peer.network || fh_witness_ask_read(ask->params, &w) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	if (a == nullptr || b.p == nullptr)
		return FH_ERR_NOMEM;
	a->body = FH_BUILDER_ARRAY(a->bytes);
	fh_err e = FH_ERR_OK;

	if (w.request.n > 0)
		e = add_checkpoint(c, w.request, a);
	else
		tell_checkpoint(c, &w.origin, a);
	if (e != FH_ERR_OK)
		return e == FH_ERR_NOMEM ? e : FH_ERR_STATE; /* the keeper's pair: final */
	struct fh_witness_reply said = { a->status, fh_builder_span(&a->body) };

	fh_witness_reply_put(&b, &said);
	if (b.bad || a->body.bad)
		return FH_ERR_NOMEM;
	reply.body = fh_builder_span(&b);
	fh_core_reply(c, gate, &reply);
	return FH_ERR_OK;
}
