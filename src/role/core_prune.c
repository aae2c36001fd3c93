/* SPDX-License-Identifier: Apache-2.0 */
/* What was shredded goes from the disk, a segment at a request.  A little in each turn, so that
 * everybody else is served meanwhile; only from the entry that says so to the new segment in the
 * place of the old one nothing else happens.  docs/spec/LEAF, "Prune".  */
#include "role/core.h"

#include "codec/cbor.h"
#include "journal/ended.h"
#include "role/log.h"
#include "wire/prune_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What is left could still be opened with a recovery key and a copy of the keys from before.  */
#define HELD "the operator holds everything, so nothing goes from the record"

constexpr uint64_t entries_at_once = 4096;      /* a few milliseconds */
constexpr uint64_t bytes_at_once = 4 << 20;     /* the same, and a sync */

/* --- answering ---------------------------------------------------------- */

static struct fh_builder room(struct fh_core *c, size_t n)
{
	uint8_t *p = fh_arena_space(&c->scratch, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

static void put_number(struct fh_builder *b, const char *name, uint64_t v)
{
	fh_cbor_put_text(b, fh_span_str(name));
	fh_cbor_put_uint(b, v);
}

/* {"done", "next", "entry", "first", "freed", "stubs"}  */
static fh_err put_result(struct fh_core *c, bool done, uint64_t entry, struct fh_span *out)
{
	const struct fh_core_prune *p = &c->prune;
	struct fh_builder b = room(c, 256);

	fh_cbor_put_map(&b, entry == FH_NO_INDEX ? 5 : 6);
	fh_cbor_put_text(&b, FH_SPAN_LIT("done"));
	fh_cbor_put_bool(&b, done);
	put_number(&b, "next", p->from);
	if (entry != FH_NO_INDEX)
		put_number(&b, "entry", entry);
	put_number(&b, "first", p->pruning.first);
	put_number(&b, "freed", p->pruning.freed);
	put_number(&b, "stubs", p->pruning.fresh);
	return fh_builder_end(&b, out);
}

static void drop(struct fh_core_prune *p)
{
	fh_pruning_drop(&p->pruning);
	fh_arena_drop(&p->batch);
	p->step = FH_PRUNE_IDLE;
}

/* Ends with the outcome STATUS; whoever asked gets R, if he is still there.  */
static fh_err end(struct fh_core *c, enum fh_outcome_status status, struct fh_span result,
		  struct fh_reply *r)
{
	struct fh_core_prune *p = &c->prune;
	fh_err e = fh_core_act_end(&p->act, status, result, (struct fh_span){ 0 }, &p->reserve);

	r->exchange = p->ask.exchange;
	r->index = p->act.index;
	if (e == FH_ERR_OK && p->act.gate < FH_GATES_MAX)
		fh_core_reply(c, p->act.gate, r);
	drop(p);
	return e;
}

static fh_err fail(struct fh_core *c, const char *reason, const char *text)
{
	struct fh_reply r = { .status = FH_REPLY_FAILED, .reason = fh_span_str(reason),
			      .text = fh_span_str(text) };

	fh_log(FH_LOG_PRIORITY_WARNING, "core", "the record was not pruned from entry %" PRIu64
	       " on: %s", c->prune.from, text);
	return end(c, FH_OUTCOME_FAILED, (struct fh_span){ 0 }, &r);
}

static fh_err fail_of(struct fh_core *c, fh_err e)
{
	if (e == FH_ERR_STATE)
		return e;
	if (e == FH_ERR_NOMEM)
		return fail(c, "no-memory", "there is no memory for all keys that have ended");
	if (e == FH_ERR_CONFLICT || e == FH_ERR_FORMAT || e == FH_ERR_TORN)
		return fail(c, "damaged", "an entry there is not what was recorded: `freehold "
			    "verify record` names it, and pruning would hide it");
	if (e == FH_ERR_MISSING)
		return fail(c, "not-found", "no segment begins with that entry");
	return fail(c, e == FH_ERR_FULL ? "no-room" : "unwritable",
		    "the segment cannot be written anew beside the old one");
}

static fh_err succeed(struct fh_core *c, bool done, uint64_t entry)
{
	struct fh_span result;
	struct fh_reply r = { .status = FH_REPLY_RESULT };
	fh_err e = put_result(c, done, entry, &result);

	r.body = result;
	return e == FH_ERR_OK ? end(c, FH_OUTCOME_RESULT, result, &r) : e;
}

/* --- asking ------------------------------------------------------------- */

/* What has to outlive the frame.  */
static void keep(struct fh_core_prune *p, const struct fh_core_act *a)
{
	p->act = *a;
	p->act.ask = &p->ask;
	p->act.actor = &p->actor;
	p->ask = (struct fh_ask){ .kind = a->ask->kind, .exchange = a->ask->exchange };
	memcpy(p->name, a->actor->name.p, a->actor->name.n);
	p->actor = (struct fh_core_actor){ .name = fh_span_of(p->name, a->actor->name.n) };
}

/* The intent is durable and signed.  */
static fh_err begin(struct fh_core *c)
{
	struct fh_core_prune *p = &c->prune;

	p->step = FH_PRUNE_COLLECT;
	/* What else was erased is only in the fold's keys now; those end with this.  */
	fh_err e = c->carry ? fh_core_state(c, /* last= */ true) : FH_ERR_OK;

	fh_arena_reset(&c->scratch);
	if (e == FH_ERR_OK && fh_arena_map(FH_BATCH_MAX + 64, &p->batch) != FH_ERR_OK)
		return fail(c, "no-memory", "there is no memory for it");
	return e;
}

fh_err fh_core_prune_ask(struct fh_core *c, size_t gate, const struct fh_ask *ask,
			 const struct fh_core_actor *actor)
{
	struct fh_core_act a = { .core = c, .gate = gate, .ask = ask, .actor = actor,
				 .action = fh_prune_ask_action() };
	struct fh_core_prune *p = &c->prune;
	bool going_on;
	uint64_t from;

	if (c->gate[gate].peer.network || fh_prune_ask_read(ask->params, &from) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	fh_err e = fh_core_act_begin(&a, &going_on);

	if (e != FH_ERR_OK || !going_on)
		return e;
	if (p->step != FH_PRUNE_IDLE || actor->name.n > sizeof(p->name))
		return fh_core_act_refuse(&a, "busy", "the record is being pruned already");
	if (fh_chain_holds_all(&c->chain))
		return fh_core_act_refuse(&a, "held", HELD);
	if (c->tiles.broken != FH_ERR_OK)
		return fh_core_act_refuse(&a, "no-tiles",
					  "the record cannot be read back just now");
	e = fh_core_act_decide(&a, &going_on);
	if (e != FH_ERR_OK || !going_on)
		return e;
	keep(p, &a);
	p->from = from;
	p->reserve = fh_core_reserve(c, &a.decision, a.action, ask->params.n);
	e = fh_core_commit(c);
	return e == FH_ERR_OK ? begin(c) : e;
}

void fh_core_prune_gate_gone(struct fh_core *c, size_t gate)
{
	if (c->prune.step != FH_PRUNE_IDLE && c->prune.act.gate == gate)
		c->prune.act.gate = FH_GATES_MAX;
}

fh_err fh_core_prune_stop(struct fh_core *c)
{
	struct fh_reply r = { .status = FH_REPLY_FAILED, .reason = FH_SPAN_LIT("stopping"),
			      .text = FH_SPAN_LIT("freehold is stopping") };

	fh_arena_reset(&c->scratch);
	return c->prune.step == FH_PRUNE_IDLE
		       ? FH_ERR_OK : end(c, FH_OUTCOME_CANCELLED, (struct fh_span){ 0 }, &r);
}

/* --- what has ended ------------------------------------------------------ */

static fh_err add_shred(void *context, const struct fh_stored *s)
{
	struct fh_core_prune *p = context;
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e == FH_ERR_OK && leaf.kind == FH_ENTRY_SHRED)
		e = fh_payload_fits(&leaf, s->payload)
			    ? fh_ended_add(&p->keys, &p->shredded, leaf.index, s->payload)
			    : FH_ERR_CONFLICT;
	return e;
}

/* Reads on for shred entries, which are remembered from one request to the next.  */
static fh_err collect(struct fh_core *c)
{
	struct fh_core_prune *p = &c->prune;
	const struct fh_entry_visitor v = { add_shred, p };
	uint64_t size = c->journal.signed_tree.size;
	uint64_t last = size - p->collected < entries_at_once ? size
							       : p->collected + entries_at_once;

	/* Keys that end just now are waited for: those of the fold, above all.  */
	if (c->lost == nullptr && (c->shred.begun || c->shred.look))
		return FH_ERR_OK;
	fh_err e = p->collected < last ? fh_core_read_entries(c, p->collected, last, &v)
				       : FH_ERR_OK;

	if (e != FH_ERR_OK)
		return fail_of(c, e);
	p->collected = last;
	if (last == size) {
		p->state = c->fold_period > FH_FOLD_PERIOD_FIRST ? c->fold_period : 0;
		p->step = FH_PRUNE_LOOK;
	}
	return FH_ERR_OK;
}

/* --- a segment ----------------------------------------------------------- */

static fh_err open_segment(struct fh_core *c, bool write)
{
	struct fh_core_prune *p = &c->prune;

	fh_arena_reset(&p->batch);
	fh_pruning_drop(&p->pruning);
	const struct fh_span memory = fh_span_of(fh_arena_space(&p->batch, FH_BATCH_MAX),
						 FH_BATCH_MAX);
	fh_err e = fh_pruning_begin(fh_fd_get(c->journal.directory), p->from, p->state,
				    &p->shredded, memory, write, &p->pruning);

	p->open = e == FH_ERR_OK;
	return e;
}

/* What is written must leave what is kept free for the record itself.  */
static bool has_room(const struct fh_core *c)
{
	const struct fh_pruning *p = &c->prune.pruning;
	struct statfs s;

	return fstatfs(fh_fd_get(c->journal.directory), &s) == 0
	       && (uint64_t)s.f_bavail * (uint64_t)s.f_bsize
			  >= p->map.n - p->freed + 4 * FH_RECORD_RESERVE;
}

/* Something in the segment can go.  */
static fh_err write_anew(struct fh_core *c)
{
	struct fh_core_prune *p = &c->prune;

	if (!has_room(c))
		return fail(c, "no-room", "there is no room to write the segment anew beside the "
			    "old one");
	fh_err e = fh_journal_is_closed(&c->journal, p->from) ? FH_ERR_OK : fh_core_commit(c);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_journal_is_closed(&c->journal, p->from))
		fh_journal_turn(&c->journal);
	if (!fh_journal_is_closed(&c->journal, p->from))
		return FH_ERR_STATE;
	p->step = FH_PRUNE_WRITE;
	e = open_segment(c, /* write= */ true);
	return e == FH_ERR_OK ? e : fail_of(c, e);
}

/* Looks what there would be in the segment at hand, then in the next.  */
static fh_err look(struct fh_core *c)
{
	struct fh_core_prune *p = &c->prune;
	bool done = false;
	fh_err e = p->open ? FH_ERR_OK : open_segment(c, /* write= */ false);

	if (e == FH_ERR_OK)
		e = fh_pruning_step(&p->pruning, bytes_at_once, &done);
	if (e != FH_ERR_OK)
		return fail_of(c, e);
	if (!done)
		return FH_ERR_OK;
	p->open = false;
	if (p->pruning.fresh > 0)
		return write_anew(c);
	bool last = !fh_journal_is_closed(&c->journal, p->from)
		    || p->pruning.next >= c->journal.durable.size
		    || p->pruning.next >= p->state;

	p->from = p->pruning.next;
	return last ? succeed(c, /* done= */ true, FH_NO_INDEX) : FH_ERR_OK;
}

/* --- in its place -------------------------------------------------------- */

/* It says where in a segment something lies, and must not outlive that.  */
static fh_err drop_resume(struct fh_core *c)
{
	int fd = openat(AT_FDCWD, c->record_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) record = fh_fd_of(fd);

	if (unlinkat(fd, "resume", /* flags= */ 0) != 0 && errno != ENOENT)
		return fh_errno_err(errno);
	c->resume.saved = 0;
	return fsync(fd) == 0 ? FH_ERR_OK : fh_errno_err(errno);
}

static fh_err append(struct fh_core *c, uint64_t *index)
{
	const struct fh_pruning *p = &c->prune.pruning;
	const struct fh_stubs_sum sum = fh_stubs_sum(&p->stubs);
	const struct fh_prune said = { p->first, p->next, p->state, sum.n, sum.names };
	struct fh_builder b = room(c, FH_PRUNE_MAX);
	struct fh_fields f = { 0 };

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_prune_put(&b, &said);
	fh_err e = fh_core_field(c, &f, FH_FIELD_DETAIL, fh_builder_span(&b));

	return e == FH_ERR_OK
		       ? fh_core_append(c, FH_ENTRY_PRUNE, FH_CLASS_PUBLIC, &f, index) : e;
}

static fh_err unreplaced(struct fh_core *c, fh_err e)
{
	fh_trace_where(&c->trace, "%s/journal", c->record_path);
	fh_trace_what(&c->trace, "the segment that was pruned cannot take its place: %s",
		      fh_err_text(e));
	fh_trace_cure(&c->trace, "start freehold again: it finds the segment as it was, or pruned");
	return FH_ERR_IO;
}

static fh_err replace(struct fh_core *c)
{
	struct fh_core_prune *p = &c->prune;
	uint64_t index;

	if (fh_chain_holds_all(&c->chain)) /* since it began */
		return fail(c, "held", HELD);
	fh_err e = append(c, &index);

	if (e == FH_ERR_OK)
		e = fh_core_commit(c);
	if (e != FH_ERR_OK)
		return e;
	e = drop_resume(c);
	if (e == FH_ERR_OK)
		e = fh_pruning_replace(&p->pruning, &c->tiles);
	if (e != FH_ERR_OK)
		return unreplaced(c, e);
	c->metrics.pruned += p->pruning.fresh;
	c->metrics.pruned_bytes += p->pruning.freed;
	fh_log(FH_LOG_PRIORITY_NOTICE, "core", "pruned %" PRIu64 " entries of the segment %" PRIu64
	       " (entry %" PRIu64 "): %" PRIu64 " bytes are free", p->pruning.fresh, p->from,
	       index, p->pruning.freed);
	p->from = p->pruning.next;
	return succeed(c, p->from >= p->state, index);
}

static fh_err write_on(struct fh_core *c)
{
	bool done;
	fh_err e = fh_pruning_step(&c->prune.pruning, bytes_at_once, &done);

	if (e != FH_ERR_OK)
		return fail_of(c, e);
	return done ? replace(c) : FH_ERR_OK;
}

fh_err fh_core_prune(struct fh_core *c)
{
	if (c->prune.step == FH_PRUNE_IDLE)
		return FH_ERR_OK;
	fh_arena_reset(&c->scratch);
	switch (c->prune.step) {
	case FH_PRUNE_COLLECT:
		return collect(c);
	case FH_PRUNE_LOOK:
		return look(c);
	case FH_PRUNE_WRITE:
		return write_on(c);
	case FH_PRUNE_IDLE:
		break;
	}
	return FH_ERR_OK;
}
