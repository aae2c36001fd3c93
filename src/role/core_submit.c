/* SPDX-License-Identifier: Apache-2.0 */
/* The record's witnesses: which checkpoint they are asked to cosign, when, and what of their
 * answers is kept.  What they say is judged in core_submit_judge.c.  Nothing waits for them:
 * with the cable pulled, only this is late.  docs/spec/WITNESS, "Submitting".  */
#include "role/core_submit.h"

#include "base/hex.h"
#include "base/cursor.h"
#include "codec/cbor.h"
#include "crypto/sign.h"
#include "merkle/witness.h"
#include "os/clock.h"
#include "role/core.h"
#include "role/courier.h"
#include "role/door_cosign.h"
#include "role/log.h"

#include <string.h>

constexpr uint64_t lines_ms = 100; /* not more often, whoever asks */
constexpr size_t courier_memory = 2 * FH_WITNESS_ANSWER_MAX + 8192;

/* --- our own keys ----------------------------------------------------- */

/* Writes the keys in the form of a policy: log lines, and witness lines by the first digits
 * of the device.  */
static void put_keys(struct fh_builder *b, struct fh_span vkeys, struct fh_span device)
{
	static const char *const kind[FH_COSIGN_KEYS] = { "log", "log", "ed25519", "ml-dsa-44" };
	struct fh_cursor c = fh_cursor_of(vkeys);

	for (int i = 0; i < FH_COSIGN_KEYS; i++) {
		struct fh_span vkey = fh_cursor_until(&c, '\n');

		if (i >= 2) {
			fh_builder_text(b, "witness ");
			fh_builder_hex(b, fh_span_first(device, 8));
			fh_builder_u8(b, '-');
		}
		fh_builder_text(b, kind[i]);
		fh_builder_u8(b, ' ');
		fh_builder_bytes(b, vkey);
		fh_builder_u8(b, '\n');
	}
}

fh_err fh_core_cosigners(struct fh_core *c)
{
	struct fh_core_submit *s = &c->submit;
	uint8_t request[16], text[FH_COSIGN_VKEYS_MAX + 256];
	struct fh_builder r = FH_BUILDER_ARRAY(request), b = FH_BUILDER_ARRAY(text);
	struct fh_span frame, vkeys;
	struct fh_trace t = { 0 };

	fh_door_put_request(&r, FH_DOOR_COSIGNERS);
	fh_err e = fh_core_keeper_ask(c, fh_builder_span(&r), &frame);

	if (e != FH_ERR_OK)
		return e;
	if (fh_door_read_text(frame, &vkeys, &t) != FH_ERR_OK || vkeys.n >= sizeof(s->vkeys))
		return FH_ERR_OK; /* the keeper says why; nothing is witnessed in this boot */
	memcpy(s->vkeys, vkeys.p, vkeys.n);
	s->vkeys[vkeys.n] = '\0';
	put_keys(&b, vkeys, fh_hash_span(&c->device_id));
	if (b.bad || fh_core_file_write(c, "cosigners", fh_builder_span(&b)) != FH_ERR_OK)
		fh_log(FH_LOG_PRIORITY_WARNING, "core", "record/cosigners cannot be written");
	return FH_ERR_OK;
}

static fh_err add_lines(struct fh_core *c, struct fh_builder *note)
{
	uint8_t request[16];
	struct fh_builder r = FH_BUILDER_ARRAY(request);
	struct fh_trace t = { 0 };
	struct fh_span frame, lines;

	fh_door_put_lines_of(&r, fh_clock_real_ms() / 1000);
	fh_err e = fh_core_keeper_ask(c, fh_builder_span(&r), &frame);

	if (e != FH_ERR_OK)
		return e;
	/* Behind it, as the batch that was being signed is the newest by now.  */
	fh_builder_bytes(note, fh_span_of(c->note, c->note_n));
	if (fh_door_read_text(frame, &lines, &t) == FH_ERR_OK)
		fh_builder_bytes(note, lines);
	return note->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_core_lined(struct fh_core *c, struct fh_span *out)
{
	struct fh_core_submit *s = &c->submit;
	struct fh_builder note = FH_BUILDER_ARRAY(s->lined);
	uint64_t now_ms = fh_clock_boot_ms();

	*out = fh_span_of(c->note, c->note_n);
	if (s->vkeys[0] == '\0')
		return FH_ERR_OK;
	if (s->lined_size != c->kept_size && now_ms - s->lined_ms < lines_ms)
		return FH_ERR_OK;
	if (s->lined_size != c->kept_size) {
		fh_err e = add_lines(c, &note);

		if (e != FH_ERR_OK)
			return e;
		s->lined_n = note.n;
		s->lined_size = c->kept_size;
		s->lined_ms = now_ms;
	}
	*out = fh_span_of(s->lined, s->lined_n);
	return FH_ERR_OK;
}

/* --- whom to ask ------------------------------------------------------ */

static void stop_courier(struct fh_core *c, struct fh_core_witness *w)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (!w->asking)
		return;
	fh_stop_put(&b, FH_SPAN_ARRAY(w->id));
	(void)!fh_outbox_put(&c->reach_out, fh_builder_span(&b));
	fh_core_courier_done(w);
}

void fh_core_courier_done(struct fh_core_witness *w)
{
	fh_fd_drop(&w->fd);
	w->asking = false;
}

static bool is_own_key(const struct fh_core *c, const struct fh_note_key *k)
{
	struct fh_cursor all = fh_cursor_of(fh_span_str(c->submit.vkeys));
	struct fh_note_key own;
	bool found = false;

	while (all.rest.n > 0 && !found)
		found = fh_note_key_read(fh_cursor_until(&all, '\n'), &own) == FH_ERR_OK
			&& fh_hash_equal(&own.hash, &k->hash);
	return found;
}

static void add_witness(struct fh_core *c, size_t node)
{
	struct fh_core_submit *s = &c->submit;
	const struct fh_quorum_node *n = &s->quorum.node[node];
	struct fh_core_witness *w = &s->witness[s->witnesses];
	struct fh_arena memory = w->memory;

	/* No machine is its own witness.  */
	if (n->group || n->url.n == 0 || !n->supported || is_own_key(c, &n->key))
		return;
	if (memory.p == nullptr && fh_arena_map(courier_memory, &memory) != FH_ERR_OK)
		return;
	*w = (struct fh_core_witness){ .node = node, .memory = memory };
	s->witnesses++;
}

/* Follows the chain: another statement begins everything anew.  */
static fh_err follow_statement(struct fh_core *c)
{
	const struct fh_witness_held *held = fh_chain_witness(&c->chain);
	struct fh_core_submit *s = &c->submit;
	struct fh_trace t = { 0 };
	struct fh_span text;
	fh_err e = FH_ERR_OK;

	if ((held == nullptr ? 0 : held->sequence) == s->sequence)
		return e;
	for (size_t i = 0; i < s->witnesses; i++)
		stop_courier(c, &s->witness[i]);
	s->witnesses = 0;
	s->size = s->witnessed = 0;
	s->sequence = held == nullptr ? 0 : held->sequence;
	if (held == nullptr)
		return e;
	if (s->memory.p == nullptr)
		e = fh_arena_map(FH_QUORUM_TEXT_MAX + 4096, &s->memory);
	if (e != FH_ERR_OK)
		return e;
	fh_arena_reset(&s->memory);
	e = fh_arena_copy(&s->memory, held->body.policy, &text);
	if (e == FH_ERR_OK)
		e = fh_quorum_read(text, &s->quorum, &t);
	for (size_t i = 0; e == FH_ERR_OK && i < s->quorum.nodes; i++) {
		if (s->witnesses < FH_WITNESSES_ASKED_MAX)
			add_witness(c, i);
	}
	return e;
}

/* --- asking ----------------------------------------------------------- */

/* A newer checkpoint, once the last one has had its time.  */
static fh_err next_target(struct fh_core *c)
{
	struct fh_core_submit *s = &c->submit;
	uint64_t now_ms = fh_clock_boot_ms();
	struct fh_builder note = FH_BUILDER_ARRAY(s->note);
	struct fh_span lined;
	struct fh_note read;

	if (c->signing || c->kept_size <= s->size || now_ms < s->due_ms)
		return FH_ERR_OK;
	for (size_t i = 0; i < s->witnesses; i++) {
		if (s->witness[i].asking)
			return FH_ERR_OK;
	}
	s->lined_ms = 0;
	fh_err e = fh_core_lined(c, &lined);

	if (e != FH_ERR_OK)
		return e;
	fh_builder_bytes(&note, lined);
	if (note.bad || fh_note_parse(fh_builder_span(&note), &read) != FH_ERR_OK)
		return FH_ERR_STATE;
	s->text_n = read.text.n;
	s->size = c->kept_size;
	s->root = c->kept_root;
	s->note_n = note.n;
	s->filed = 0;
	s->due_ms = now_ms + FH_WITNESS_INTERVAL_MS;
	for (size_t i = 0; i < s->witnesses; i++)
		s->witness[i].conflicts = 0;
	return FH_ERR_OK;
}

static fh_err order_courier(struct fh_core *c, struct fh_core_witness *w)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = fh_random(w->id, sizeof(w->id));

	if (e != FH_ERR_OK)
		return e;
	fh_courier_put(&b, FH_SPAN_ARRAY(w->id));
	w->asking = true;
	w->asked_ms = fh_clock_boot_ms();
	return fh_outbox_put(&c->reach_out, fh_builder_span(&b));
}

static bool may_be_asked(const struct fh_core_submit *s, const struct fh_core_witness *w,
			 uint64_t now_ms)
{
	return !w->asking && w->state != FH_WITNESS_DROPPED && now_ms >= w->next_ms
	       && (w->evidence || w->cosigned != s->size);
}

static fh_err ask_all(struct fh_core *c)
{
	struct fh_core_submit *s = &c->submit;
	uint64_t now_ms = fh_clock_boot_ms();
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < s->witnesses && e == FH_ERR_OK; i++) {
		struct fh_core_witness *w = &s->witness[i];

		if (w->asking && now_ms - w->asked_ms > FH_WITNESS_ANSWER_MS) {
			stop_courier(c, w);
			fh_core_witness_away(c, w, "it did not answer in time");
		}
		if (may_be_asked(s, w, now_ms))
			e = order_courier(c, w);
	}
	return e;
}

fh_err fh_core_submit(struct fh_core *c)
{
	struct fh_core_submit *s = &c->submit;
	fh_err e = follow_statement(c);

	if (e == FH_ERR_OK && s->witnesses > 0)
		e = next_target(c);
	return e == FH_ERR_OK && s->size > 0 ? ask_all(c) : e;
}

uint64_t fh_core_submit_due_ms(const struct fh_core *c)
{
	const struct fh_core_submit *s = &c->submit;
	uint64_t due_ms = UINT64_MAX, now_ms = fh_clock_boot_ms();
	bool asking = false;

	for (size_t i = 0; i < s->witnesses; i++) {
		const struct fh_core_witness *w = &s->witness[i];

		asking |= w->asking;
		if (w->asking || w->state == FH_WITNESS_DROPPED || s->size == 0
		    || (w->cosigned == s->size && !w->evidence))
			continue;
		if (w->next_ms < due_ms)
			due_ms = w->next_ms;
	}
	if (!asking && s->witnesses > 0 && c->kept_size > s->size && s->due_ms < due_ms)
		due_ms = s->due_ms;
	return due_ms < now_ms ? now_ms : due_ms;
}

/* --- the courier ------------------------------------------------------ */

/* URL of W, PATH and, if ORIGIN, our origin's hash before it.  */
static void put_url(const struct fh_core *c, const struct fh_core_witness *w,
		    struct fh_builder *b)
{
	struct fh_span url = c->submit.quorum.node[w->node].url;
	uint8_t text[9 + 2 * FH_HASH_SIZE];
	struct fh_builder origin = FH_BUILDER_ARRAY(text);

	while (url.n > 0 && url.p[url.n - 1] == '/')
		url = fh_span_first(url, url.n - 1);
	fh_builder_bytes(b, url);
	if (!w->evidence) {
		fh_builder_text(b, "/add-checkpoint");
		return;
	}
	fh_builder_text(&origin, "freehold/");
	fh_builder_hex(&origin, fh_hash_span(&c->device_id));
	struct fh_hash id = fh_hash_of(fh_builder_span(&origin));

	fh_builder_u8(b, '/');
	fh_builder_hex(b, fh_hash_span(&id));
	fh_builder_text(b, "/checkpoint");
}

/* What is asked of W, into B.  */
static fh_err put_request(struct fh_core *c, struct fh_core_witness *w, struct fh_builder *b)
{
	const struct fh_subtree_source from = { fh_tiles_subtree, &c->tiles };
	struct fh_core_submit *s = &c->submit;
	struct fh_add_checkpoint a = { .old = w->seen, .note = fh_span_of(s->note, s->note_n) };
	fh_err e = FH_ERR_OK;

	if (w->evidence)
		return e;
	if (w->seen > 0 && w->seen < s->size)
		e = fh_consistency_build(&from, 0, w->seen, s->size, &a.proof);
	if (e == FH_ERR_OK)
		fh_add_checkpoint_put(b, &a);
	return e == FH_ERR_OK && b->bad ? FH_ERR_LIMIT : e;
}

static fh_err send_errand(struct fh_core *c, struct fh_core_witness *w)
{
	uint8_t url_bytes[FH_QUORUM_URL_MAX + 128];
	size_t cap = FH_WITNESS_REQUEST_MAX;
	struct fh_builder url = FH_BUILDER_ARRAY(url_bytes);
	struct fh_builder body = fh_builder_of(fh_arena_space(&c->scratch, cap), cap);
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, cap + 1024), cap + 1024);

	if (body.p == nullptr || b.p == nullptr)
		return FH_ERR_NOMEM;
	put_url(c, w, &url);
	fh_err e = put_request(c, w, &body);
	const struct fh_errand errand = { fh_builder_span(&url), fh_builder_span(&body) };

	if (e != FH_ERR_OK || url.bad)
		return e == FH_ERR_OK ? FH_ERR_LIMIT : e;
	fh_errand_put(&b, &errand);
	return b.bad ? FH_ERR_LIMIT : fh_frame_send(w->in.fd, fh_builder_span(&b), /* pass= */ -1);
}

bool fh_core_courier_started(struct fh_core *c, const struct fh_started *started,
			     struct fh_fd *pair)
{
	struct fh_core_submit *s = &c->submit;

	for (size_t i = 0; i < s->witnesses; i++) {
		struct fh_core_witness *w = &s->witness[i];

		if (!w->asking || !fh_span_equal(FH_SPAN_ARRAY(w->id), started->session))
			continue;
		fh_arena_reset(&w->memory);
		fh_err e = started->running && pair->plus_one > 0
				   ? fh_pipe_open(fh_fd_get(*pair), FH_WITNESS_ANSWER_MAX + 1024,
						  &w->memory, &w->in)
				   : FH_ERR_CLOSED;

		if (e == FH_ERR_OK) {
			w->fd = *pair;
			*pair = (struct fh_fd){ 0 };
			e = send_errand(c, w);
		}
		if (e != FH_ERR_OK) {
			stop_courier(c, w);
			fh_core_witness_away(c, w, "no courier could be sent");
		}
		return true;
	}
	return false;
}

fh_err fh_core_courier_heard(struct fh_core *c, struct fh_core_witness *w)
{
	struct fh_errand_answer answer = { .why = FH_SPAN_LIT("the courier was lost") };
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&w->in);

	if (e == FH_ERR_OK || e == FH_ERR_CLOSED) {
		fh_err next = fh_pipe_next(&w->in, &frame);

		if (next == FH_ERR_MISSING && e == FH_ERR_OK)
			return FH_ERR_OK; /* half an answer */
		if (next == FH_ERR_OK && fh_errand_answer_read(frame, &answer) != FH_ERR_OK)
			answer = (struct fh_errand_answer){
				.why = FH_SPAN_LIT("the courier was lost"),
			};
	}
	e = fh_core_witness_said(c, w, &answer);
	fh_core_courier_done(w);
	return e;
}
