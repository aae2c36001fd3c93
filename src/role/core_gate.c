/* SPDX-License-Identifier: Apache-2.0 */
#include "role/core.h"

#include "os/clock.h"
#include "role/log.h"

#include <fcntl.h>
#include <string.h>

constexpr size_t gate_memory = FH_FRAME_MAX + 4096 + FH_CORE_OUTBOX + FH_CORE_HELD;

static fh_err open_gate(struct fh_core_gate *g, struct fh_fd *pair)
{
	fh_err e = fh_arena_map(gate_memory, &g->memory);

	if (e == FH_ERR_OK && fcntl(fh_fd_get(*pair), F_SETFL, O_NONBLOCK) != 0)
		e = FH_ERR_IO;
	if (e == FH_ERR_OK)
		e = fh_pipe_open(fh_fd_get(*pair), FH_FRAME_MAX, &g->memory, &g->in);
	if (e == FH_ERR_OK)
		e = fh_outbox_open(FH_CORE_OUTBOX, &g->memory, &g->out);
	if (e == FH_ERR_OK)
		e = fh_held_open(FH_CORE_HELD, &g->memory, &g->held);
	if (e != FH_ERR_OK) {
		fh_arena_drop(&g->memory);
		return e;
	}
	g->fd = *pair;
	*pair = (struct fh_fd){ 0 };
	return FH_ERR_OK;
}

void fh_core_gate_add(struct fh_core *c, const struct fh_peer *peer, struct fh_fd pair)
{
	FH_OWN(fh_fd) owned = pair;
	struct fh_core_gate *g = nullptr;

	for (size_t i = 0; i < FH_GATES_MAX && g == nullptr; i++) {
		if (!c->gate[i].used)
			g = &c->gate[i];
	}
	if (g == nullptr || owned.plus_one == 0) {
		fh_log(FH_LOG_PRIORITY_WARNING, "core", "no room for another gate; it is cut off");
		return;
	}
	*g = (struct fh_core_gate){ .peer = *peer };
	if (peer->executable.n == FH_HASH_SIZE)
		memcpy(g->executable, peer->executable.p, FH_HASH_SIZE);
	g->peer.executable = fh_span_of(g->executable, peer->executable.n);
	if (open_gate(g, &owned) != FH_ERR_OK) {
		fh_log(FH_LOG_PRIORITY_WARNING, "core", "out of memory; a gate is cut off");
		return;
	}
	g->used = true;
	fh_core_document_hand(c, (size_t)(g - c->gate));
}

static bool room_to_say(const struct fh_core_gate *g)
{
	return g->out.cap - (g->out.n - g->out.from) >= FH_CORE_ROOM;
}

bool fh_core_gate_has_room(const struct fh_core *c, size_t i)
{
	const struct fh_core_gate *g = &c->gate[i];
	bool rests = g->rest_ms > 0 && fh_clock_boot_ms() < g->rest_ms;

	return !g->used || (room_to_say(g) && !rests);
}

fh_err fh_core_gate_say(struct fh_core_gate *g, struct fh_span frame)
{
	if (g->answer_ms > fh_clock_boot_ms()
	    && fh_held_put(&g->held, frame, g->answer_ms) == FH_ERR_OK)
		return FH_ERR_OK;
	return fh_outbox_put(&g->out, frame);
}

void fh_core_gates_move(struct fh_core *c, uint64_t now_ms)
{
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		if (c->gate[i].used)
			fh_held_move(&c->gate[i].held, now_ms, &c->gate[i].out);
	}
}

uint64_t fh_core_gates_due_ms(const struct fh_core *c)
{
	uint64_t due_ms = UINT64_MAX;

	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		const struct fh_core_gate *g = &c->gate[i];

		if (g->used && g->held.due_ms < due_ms && room_to_say(g))
			due_ms = g->held.due_ms;
	}
	return due_ms;
}

fh_err fh_core_gate_drop(struct fh_core *c, size_t i)
{
	struct fh_core_gate *g = &c->gate[i];
	fh_err e = fh_core_ask_flush(c, i);

	fh_core_prune_gate_gone(c, i);
	g->used = false; /* first, so that its sessions' ends are not told to it */
	for (size_t s = 0; s < FH_SESSIONS_MAX; s++) {
		if (c->session[s].state == FH_SESSION_FREE || c->session[s].gate != i)
			continue;
		fh_err ended = fh_core_session_end(c, &c->session[s], FH_OUTCOME_CANCELLED,
						   "the client's gate is gone");

		if (e == FH_ERR_OK)
			e = ended;
	}
	fh_pipe_drop(&g->in);
	fh_fd_drop(&g->fd);
	fh_arena_drop(&g->memory);
	*g = (struct fh_core_gate){ 0 };
	return e;
}
