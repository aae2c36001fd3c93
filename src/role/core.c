/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: decide, charge and record.  It reads framed
 * CBOR and nothing else, opens files below chain/ and record/ only, talks to
 * the keeper, to reach, and to the pairs it was handed, and cannot start,
 * connect or signal anything.  */
#include "role/core.h"

#include "os/clock.h"
#include "role/confine.h"
#include "role/log.h"
#include "role/refused.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

constexpr size_t frames_per_turn = 512; /* of one peer, so that none starves the others */
constexpr size_t scratch_size = 4 * FH_FRAME_MAX + FH_DECISION_ARENA;
constexpr size_t memory_size = 2 * FH_BATCH_MAX + 4 * FH_FRAME_MAX + (4 << 20) + FH_FOLD_ARENA
			       + FH_CORE_RESERVES * sizeof(struct fh_core_reserve)
			       + FH_REQUEST_LOG_MAX + FH_CORE_RESUME_ARENA;
constexpr size_t control_max = 4096;
constexpr int flush_look_ms = 1000; /* how soon to write how many refusals were left out */
constexpr int idle_look_ms = 30000; /* how often to look for sessions nobody uses */
constexpr size_t fixed_polls = 4;
constexpr size_t polls_max = fixed_polls + FH_GATES_MAX + FH_SESSIONS_MAX
				     + FH_WITNESSES_ASKED_MAX;

/* What each entry of the poll set stands for.  */
struct poll_set {
	struct pollfd f[polls_max];
	size_t gate[FH_GATES_MAX];       /* gate number of f[fixed_polls + i] */
	size_t gates;
	size_t session[FH_SESSIONS_MAX]; /* session number behind those */
	size_t sessions;
	size_t witness[FH_WITNESSES_ASKED_MAX]; /* whose courier is behind those */
	size_t witnesses;
};

static struct pollfd poll_for(int fd, const struct fh_outbox *out)
{
	short events = POLLIN;

	if (out != nullptr && fh_outbox_waiting(out))
		events |= POLLOUT;
	return (struct pollfd){ .fd = fd, .events = events };
}

static void fill_polls(const struct fh_core *c, struct poll_set *p)
{
	size_t n = fixed_polls;
	struct pollfd nothing = { .fd = -1 };

	p->f[0] = poll_for(c->control.fd, nullptr);
	p->f[1] = poll_for(c->reach.fd, &c->reach_out);
	p->f[2] = poll_for(c->watch, nullptr);
	p->f[3] = (struct pollfd){ .fd = c->keeper.fd, .events = POLLIN };
	p->gates = p->sessions = 0;
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		if (!c->gate[i].used)
			continue;
		p->gate[p->gates++] = i;
		p->f[n] = poll_for(fh_fd_get(c->gate[i].fd), &c->gate[i].out);
		if (!fh_core_gate_has_room(c, i)) /* first it takes its answers */
			p->f[n].events &= ~POLLIN;
		n++;
	}
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		if (c->session[i].fd.plus_one == 0)
			continue;
		p->session[p->sessions++] = i;
		p->f[n++] = fh_core_gate_has_room(c, c->session[i].gate)
				    ? poll_for(fh_fd_get(c->session[i].fd), &c->session[i].out)
				    : nothing;
	}
	p->witnesses = 0;
	for (size_t i = 0; i < c->submit.witnesses; i++) {
		if (c->submit.witness[i].fd.plus_one == 0)
			continue;
		p->witness[p->witnesses++] = i;
		p->f[n++] = poll_for(fh_fd_get(c->submit.witness[i].fd), nullptr);
	}
}

/* --- the supervisor --------------------------------------------------- */

static fh_err on_control(struct fh_core *c)
{
	enum fh_control_order order;
	struct fh_peer peer;
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&c->control);

	while (e == FH_ERR_OK && (e = fh_pipe_next(&c->control, &frame)) == FH_ERR_OK) {
		e = fh_control_read(frame, &order, &peer);
		if (e != FH_ERR_OK)
			return e;
		if (order == FH_CONTROL_GATE)
			fh_core_gate_add(c, &peer, fh_pipe_take_fd(&c->control));
		if (order == FH_CONTROL_STOP)
			c->stopping = true;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* --- reach ------------------------------------------------------------ */

/* Without WHO there is nothing left to do but end.  */
static fh_err gone(struct fh_core *c, const char *who)
{
	fh_trace_where(&c->trace, "%s", who);
	fh_trace_what(&c->trace, "is gone");
	fh_trace_cure(&c->trace, "start freehold again; the supervisor says what ended first");
	return FH_ERR_CLOSED;
}

static fh_err on_reach(struct fh_core *c)
{
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&c->reach);

	while (e == FH_ERR_OK && (e = fh_pipe_next(&c->reach, &frame)) == FH_ERR_OK) {
		struct fh_started started;

		/* The descriptor may have come with a frame behind one that has none.  */
		fh_arena_reset(&c->scratch);
		e = fh_started_read(frame, &started);
		struct fh_fd pair = e == FH_ERR_OK && started.running ? fh_pipe_take_fd(&c->reach)
								      : (struct fh_fd){ 0 };

		if (e == FH_ERR_OK && fh_core_courier_started(c, &started, &pair))
			fh_fd_drop(&pair);
		else if (e == FH_ERR_OK)
			e = fh_core_started(c, frame, pair);
	}
	if (e == FH_ERR_CLOSED)
		return gone(c, "reach");
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* --- gates and workers ------------------------------------------------ */

/* Of a peer, only its own end; of the record, everybody's.  */
static bool fatal(fh_err e)
{
	return e != FH_ERR_OK && e != FH_ERR_MISSING && e != FH_ERR_FORMAT && e != FH_ERR_CLOSED
	       && e != FH_ERR_LIMIT;
}

/* Nothing new is no reason not to look at what is left.  */
static fh_err received(fh_err e)
{
	return e == FH_ERR_STATE || e == FH_ERR_LIMIT ? FH_ERR_OK : e;
}

static fh_err on_gate(struct fh_core *c, size_t i)
{
	struct fh_core_gate *g = &c->gate[i];
	struct fh_span frame;
	fh_err e = received(fh_pipe_receive(&g->in));

	fh_fd_drop(&g->in.passed); /* it has none to pass */
	for (size_t n = 0; e == FH_ERR_OK && n < frames_per_turn; n++) {
		if (g->cut || !fh_core_gate_has_room(c, i))
			return FH_ERR_OK;
		e = fh_pipe_next(&g->in, &frame);
		if (e != FH_ERR_OK)
			break;
		fh_arena_reset(&c->scratch);
		e = fh_core_ask(c, i, frame);
		g->answer_ms = 0; /* that was for what is answered to this frame */
	}
	if (fatal(e))
		return e;
	if (e != FH_ERR_OK && e != FH_ERR_MISSING) {
		if (e != FH_ERR_CLOSED)
			fh_log(FH_LOG_PRIORITY_WARNING, "core",
			       "a gate said what no gate says; it is cut off");
		return fh_core_gate_drop(c, i);
	}
	return FH_ERR_OK;
}

static fh_err on_session(struct fh_core *c, size_t i)
{
	struct fh_core_session *s = &c->session[i];
	struct fh_span frame;
	fh_err e = received(fh_pipe_receive(&s->in));

	fh_fd_drop(&s->in.passed); /* it has none to pass */
	while (e == FH_ERR_OK && s->fd.plus_one > 0) {
		if (!fh_core_gate_has_room(c, s->gate))
			return FH_ERR_OK;
		e = fh_pipe_next(&s->in, &frame);
		if (e != FH_ERR_OK)
			break;
		/* What waited until its permit lapsed is not passed on any more.  */
		e = fh_core_lease_cut_session(c, s);
		if (e != FH_ERR_OK || s->fd.plus_one == 0)
			break;
		fh_arena_reset(&c->scratch);
		e = fh_core_outcome(c, s, frame);
	}
	if (fatal(e))
		return e;
	if (e != FH_ERR_OK && e != FH_ERR_MISSING && s->fd.plus_one > 0) {
		fh_arena_reset(&c->scratch);
		return fh_core_session_end(c, s, FH_OUTCOME_FAILED, "the tool server ended");
	}
	return FH_ERR_OK;
}

/* Gates whose outbox overflowed while they were replied to.  */
static fh_err drop_cut_gates(struct fh_core *c)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < FH_GATES_MAX && e == FH_ERR_OK; i++) {
		if (c->gate[i].used && c->gate[i].cut)
			e = fh_core_gate_drop(c, i);
	}
	return e;
}

/* Refusals that a flood left out are written when it has ended.  */
static fh_err flush_refusals(struct fh_core *c)
{
	uint64_t second = fh_clock_boot_ms() / 1000;
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < FH_GATES_MAX && e == FH_ERR_OK; i++) {
		if (c->gate[i].suppressed > 0 && c->gate[i].second != second)
			e = fh_core_ask_flush(c, i);
	}
	return e == FH_ERR_OK ? fh_core_flood_tell(c, /* all= */ false) : e;
}

static fh_err on_chain(struct fh_core *c)
{
	alignas(struct inotify_event) char events[4096];

	(void)!read(c->watch, events, sizeof(events));
	return fh_core_chain_refresh(c);
}

/* Whole frames left over from the last turn, of gate I or for it, and room to
 * act on them.  */
static bool pipe_has_frame(struct fh_pipe look)
{
	struct fh_span frame;

	return fh_pipe_next(&look, &frame) == FH_ERR_OK;
}

static bool gate_left(const struct fh_core *c, size_t i)
{
	return c->gate[i].used && fh_core_gate_has_room(c, i) && pipe_has_frame(c->gate[i].in);
}

static bool session_left(const struct fh_core *c, size_t i)
{
	const struct fh_core_session *s = &c->session[i];

	return s->fd.plus_one > 0 && fh_core_gate_has_room(c, s->gate) && pipe_has_frame(s->in);
}

/* Lets go what the commit has released.  */
static fh_err send_released(struct fh_core *c)
{
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		struct fh_core_gate *g = &c->gate[i];

		if (g->used && fh_outbox_send(&g->out, fh_fd_get(g->fd)) != FH_ERR_OK)
			g->cut = true; /* the next turn drops it */
	}
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct fh_core_session *s = &c->session[i];

		if (s->fd.plus_one > 0)
			(void)!fh_outbox_send(&s->out, fh_fd_get(s->fd)); /* its end: read above */
	}
	return fh_outbox_send(&c->reach_out, c->reach.fd);
}

static fh_err on_couriers(struct fh_core *c, const struct poll_set *p)
{
	const struct pollfd *f = p->f + fixed_polls + p->gates + p->sessions;
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < p->witnesses && e == FH_ERR_OK; i++) {
		struct fh_core_witness *w = &c->submit.witness[p->witness[i]];

		fh_arena_reset(&c->scratch);
		if (f[i].revents != 0 && w->fd.plus_one > 0)
			e = fh_core_courier_heard(c, w);
	}
	return e;
}

static fh_err act(struct fh_core *c, const struct poll_set *p)
{
	const struct pollfd *f = p->f + fixed_polls;
	const bool was_signing = c->signing;
	fh_err e = p->f[0].revents != 0 ? on_control(c) : FH_ERR_OK;

	/* Who waits for the batch that is signed now gets his answer before others are
	 * heard.  */
	if (e == FH_ERR_OK && p->f[3].revents != 0 && was_signing) {
		e = fh_core_commit_end(c);
		if (e == FH_ERR_OK)
			e = send_released(c);
	}

	/* Revocations come before whatever waits behind them.  */
	if (e == FH_ERR_OK && p->f[2].revents != 0)
		e = on_chain(c);
	if (e == FH_ERR_OK && (p->f[1].revents & ~POLLOUT) != 0)
		e = on_reach(c);
	if (e == FH_ERR_OK && p->f[3].revents != 0 && !was_signing)
		e = gone(c, "keeper"); /* it speaks only when asked */
	for (size_t i = 0; i < p->sessions && e == FH_ERR_OK; i++) {
		if ((f[p->gates + i].revents & ~POLLOUT) != 0
		    && c->session[p->session[i]].fd.plus_one > 0)
			e = on_session(c, p->session[i]);
	}
	for (size_t i = 0; i < p->gates && e == FH_ERR_OK; i++) {
		if ((f[i].revents & ~POLLOUT) != 0 && c->gate[p->gate[i]].used
		    && !c->gate[p->gate[i]].cut)
			e = on_gate(c, p->gate[i]);
	}
	if (e == FH_ERR_OK)
		e = on_couriers(c, p);
	if (e == FH_ERR_OK)
		e = flush_refusals(c);
	return e == FH_ERR_OK ? drop_cut_gates(c) : e;
}

static int wake_ms(struct fh_core *c)
{
	uint64_t now_ms = fh_clock_boot_ms(), due_ms = fh_core_receipt_due_ms(c);
	uint64_t lease_ms = fh_core_lease_due_ms(c), submit_ms = fh_core_submit_due_ms(c);
	int timeout = idle_look_ms;

	if (lease_ms < due_ms)
		due_ms = lease_ms;
	if (submit_ms < due_ms)
		due_ms = submit_ms;
	if (fh_core_chip_due_ms(c) < due_ms)
		due_ms = fh_core_chip_due_ms(c);
	if (fh_core_shred_due_ms(c) < due_ms)
		due_ms = fh_core_shred_due_ms(c);
	if (fh_core_flood_due_ms(c) < due_ms)
		due_ms = fh_core_flood_due_ms(c);
	if (fh_core_gates_due_ms(c) < due_ms)
		due_ms = fh_core_gates_due_ms(c);
	if (due_ms < now_ms + idle_look_ms)
		timeout = due_ms > now_ms ? (int)(due_ms - now_ms) : 0;

	if (c->prune.step != FH_PRUNE_IDLE)
		return 0;
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		if (c->gate[i].cut || gate_left(c, i))
			return 0;
		if (c->gate[i].suppressed > 0 && timeout > flush_look_ms)
			timeout = flush_look_ms;
		if (c->gate[i].rest_ms > now_ms && c->gate[i].rest_ms < now_ms + (uint64_t)timeout)
			timeout = (int)(c->gate[i].rest_ms - now_ms);
	}
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		if (session_left(c, i))
			return 0;
	}
	return timeout;
}

/* A batch that waits for callers does so for less than a millisecond.  */
static struct timespec poll_timeout(struct fh_core *c)
{
	uint64_t gather_ns = fh_core_gather_ns(c);
	int ms = wake_ms(c);

	if (ms > 0 && gather_ns > 0)
		return (struct timespec){ .tv_nsec = (long)gather_ns };
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
}

/* Commits, unless more is to come into the batch at once.  */
static fh_err commit_if_gathered(struct fh_core *c)
{
	if (c->document_due)
		return fh_core_commit(c);
	return fh_core_gather_ns(c) > 0 ? FH_ERR_OK : fh_core_commit_begin(c);
}

/* Takes a quote over the checkpoint from time to time, and has it noted.  */
static fh_err quote_if_due(struct fh_core *c)
{
	if (!c->measured || c->lost != nullptr
	    || fh_clock_boot_ms() - c->quoted_ms < FH_QUOTE_INTERVAL_MS)
		return FH_ERR_OK;
	c->quoted_ms = fh_clock_boot_ms();
	fh_arena_reset(&c->scratch);
	fh_err e = fh_core_record_quote(c);

	if (e == FH_ERR_OK)
		e = fh_core_commit(c);
	return fh_core_chip_lost(c, e == FH_ERR_OK ? fh_core_note(c) : e);
}

/* Between two batches, and after the answers to the one before are out.  */
static fh_err receipt_if_due(struct fh_core *c)
{
	if (fh_core_receipt_due_ms(c) > fh_clock_boot_ms())
		return FH_ERR_OK;
	fh_err e = fh_core_commit_end(c);

	if (e == FH_ERR_OK)
		e = send_released(c);
	return e == FH_ERR_OK ? fh_core_receipt(c) : e;
}

static fh_err turn(struct fh_core *c)
{
	struct poll_set p;

	c->trace = (struct fh_trace){ 0 }; /* what went wrong before has been dealt with */
	fill_polls(c, &p);
	size_t n = fixed_polls + p.gates + p.sessions + p.witnesses;

	const struct timespec timeout = poll_timeout(c);

	if (ppoll(p.f, n, &timeout, /* sigmask= */ nullptr) < 0)
		return FH_ERR_OK; /* a signal: look again */
	for (size_t i = 0; i < p.gates; i++) {
		if (gate_left(c, p.gate[i]))
			p.f[fixed_polls + i].revents |= POLLIN;
	}
	for (size_t i = 0; i < p.sessions; i++) {
		if (session_left(c, p.session[i]))
			p.f[fixed_polls + p.gates + i].revents |= POLLIN;
	}
	fh_err e = act(c, &p);

	fh_core_gates_move(c, fh_clock_boot_ms());
	if (e == FH_ERR_OK)
		e = fh_core_session_expire(c);
	if (e == FH_ERR_OK)
		e = fh_core_lease_cut(c);
	if (e == FH_ERR_OK)
		e = fh_core_state(c, /* last= */ false);
	if (e == FH_ERR_OK)
		e = fh_core_chip_look(c);
	if (e == FH_ERR_OK)
		e = quote_if_due(c);
	if (e == FH_ERR_OK)
		e = fh_core_shred(c);
	if (e == FH_ERR_OK)
		e = fh_core_prune(c);
	if (e == FH_ERR_OK) {
		fh_arena_reset(&c->scratch);
		e = fh_core_submit(c);
	}
	if (e == FH_ERR_OK)
		e = commit_if_gathered(c);
	if (e == FH_ERR_OK && c->document_due)
		e = fh_core_document(c);
	if (e == FH_ERR_OK)
		e = send_released(c);
	fh_core_tiles_watch(c);
	return e == FH_ERR_OK ? receipt_if_due(c) : e;
}

/* Ends in order: sessions get their outcomes, the record its stop.  */
static fh_err stop(struct fh_core *c)
{
	struct fh_fields f = { 0 };
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < FH_SESSIONS_MAX && e == FH_ERR_OK; i++) {
		fh_arena_reset(&c->scratch);
		if (c->session[i].state != FH_SESSION_FREE)
			e = fh_core_session_end(c, &c->session[i], FH_OUTCOME_CANCELLED,
						"freehold is stopping");
	}
	fh_core_gates_move(c, UINT64_MAX);
	for (size_t i = 0; i < FH_GATES_MAX && e == FH_ERR_OK; i++)
		e = fh_core_ask_flush(c, i);
	if (e == FH_ERR_OK)
		e = fh_core_flood_tell(c, /* all= */ true);
	if (e == FH_ERR_OK)
		e = fh_core_prune_stop(c);
	if (e == FH_ERR_OK)
		e = fh_core_state(c, /* last= */ true);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_STOP, FH_CLASS_PUBLIC, &f, /* index= */ nullptr);
	if (e == FH_ERR_OK)
		e = fh_core_commit(c);
	if (e == FH_ERR_OK && c->lost == nullptr)
		e = fh_core_chip_lost(c, fh_core_note(c));
	if (e == FH_ERR_OK)
		e = fh_core_receipt(c);
	if (e == FH_ERR_OK)
		e = send_released(c);
	if (e == FH_ERR_OK && c->lost != nullptr) {
		c->trace = c->lost_trace;
		e = c->lost_why;
	}
	return e;
}

static fh_err say_ready(struct fh_core *c)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_control_put(&b, FH_CONTROL_READY, /* peer= */ nullptr);
	return fh_frame_send(c->control.fd, fh_builder_span(&b), /* pass= */ -1);
}

static fh_err check_policy(const struct fh_policy_body *p, struct fh_arena *scratch,
			   struct fh_trace *t)
{
	struct fh_policy_set set;

	return fh_policy_check_all(p->cedar, p->schema, p->entities, scratch, &set, t);
}

static fh_err take_memory(struct fh_core *c)
{
	fh_err e = fh_arena_map(memory_size, &c->memory);

	for (size_t i = 0; i < 2 && e == FH_ERR_OK; i++)
		e = fh_arena_map(FH_CHAIN_ARENA, &c->chain_arena[i]);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_SCRATCH, &c->chain_scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_POLICY_ARENA + 3 * FH_POLICY_TEXT_MAX, &c->policy_arena);
	if (e == FH_ERR_OK)
		e = fh_arena_map(scratch_size, &c->scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CORE_PINS_ARENA, &c->pins_arena);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CORE_PINS_ARENA, &c->pins_scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_DOCUMENT_MAX, &c->document_memory);
	if (e == FH_ERR_OK)
		e = fh_pipe_open(FH_FD_CONTROL, control_max, &c->memory, &c->control);
	if (e == FH_ERR_OK)
		e = fh_pipe_open(FH_CORE_KEEPER, FH_DOOR_ANSWER_MAX, &c->memory, &c->keeper);
	if (e == FH_ERR_OK)
		e = fh_pipe_open(FH_CORE_REACH, control_max, &c->memory, &c->reach);
	if (e == FH_ERR_OK)
		e = fh_outbox_open(2 * FH_FRAME_MAX, &c->memory, &c->reach_out);
	if (e == FH_ERR_OK)
		e = fh_core_seal_begin(c);
	if (e == FH_ERR_OK)
		e = fh_core_shred_memory(c);
	if (e == FH_ERR_OK)
		e = fh_core_quota_begin(c);
	return e == FH_ERR_OK ? fh_core_resume_begin(c) : e;
}

/* Opens what needs a call that core gives up, then gives it up.  */
static fh_err enclose(struct fh_core *c, const char *state, char chain[FH_PATH_MAX],
		      char record[FH_PATH_MAX])
{
	struct fh_confinement what = { .role = FH_ROLE_CORE, .directory = { chain, record } };

	if (snprintf(chain, FH_PATH_MAX, "%s/chain", state) >= (int)FH_PATH_MAX
	    || snprintf(record, FH_PATH_MAX, "%s/record", state) >= (int)FH_PATH_MAX)
		return FH_ERR_LIMIT;
	c->chain_path = state;
	c->record_path = record;
	c->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (c->watch < 0
	    || inotify_add_watch(c->watch, chain, IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE) < 0) {
		bool missing = errno == ENOENT;

		fh_trace_where(&c->trace, "%s", chain);
		fh_trace_what(&c->trace, "cannot be watched: %s", strerror(errno));
		fh_trace_cure(&c->trace, missing ? "restore the chain of this machine"
						 : "raise fs.inotify limits, or start again");
		return FH_ERR_IO;
	}
	fh_err e = fh_confine(&what, &c->landlock, &c->trace);

	if (e == FH_ERR_OK && c->landlock == 0)
		fh_log(FH_LOG_PRIORITY_WARNING, "core",
		       "this kernel has no Landlock: a taken-over core could open the keys; "
		       "use one with CONFIG_SECURITY_LANDLOCK and landlock among its LSMs");
	return e;
}

static fh_err run(struct fh_core *c)
{
	fh_err e = fh_core_begin(c);

	if (e == FH_ERR_OK)
		e = say_ready(c);
	while (e == FH_ERR_OK && !c->stopping)
		e = turn(c);
	if (e == FH_ERR_OK)
		e = stop(c);
	return e;
}

int fh_role_core(int argc, char **argv)
{
	char chain[FH_PATH_MAX], record[FH_PATH_MAX];
	FH_OWN(fh_arena) memory = { 0 };
	fh_err e = fh_arena_map(sizeof(struct fh_core) + alignof(max_align_t), &memory);
	struct fh_core *c = e == FH_ERR_OK ? fh_arena_take(&memory, sizeof(*c)) : nullptr;

	if (argc != 2 || c == nullptr)
		return 2;
	e = take_memory(c);
	if (e == FH_ERR_OK) {
		fh_chain_begin(&c->chain_arena[0], &c->chain_arena[1],
			       (struct fh_chain_checks){ check_policy }, &c->chain);
		e = enclose(c, argv[1], chain, record);
	}
	if (e == FH_ERR_OK)
		e = run(c);
	fh_core_close_keeper(c);
	if (e == FH_ERR_OK)
		return 0;
	if (c->trace.cure[0] == '\0')
		fh_trace_cure(&c->trace, "start freehold again; nothing is permitted meanwhile");
	fh_log_error("core", e, &c->trace);
	const char *refused = fh_refused_state(e);

	if (refused != nullptr)
		fh_core_leave_word(c, refused);
	return refused == nullptr || c->again ? 2 : 1;
}
