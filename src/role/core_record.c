/* SPDX-License-Identifier: Apache-2.0 */
#include "role/core.h"

#include "codec/cbor.h"
#include "crypto/sign.h"
#include "os/clock.h"

#include <string.h>
#include <sys/vfs.h>

/* How long a batch waits for callers that were answered just now: a fraction of what
 * making one durable and signed takes; and with how many entries it waits for nobody,
 * since core needs the time that a signature takes for those.  */
constexpr uint64_t gather_ns = 400000;
constexpr uint64_t gather_enough = 64;

/* --- time ------------------------------------------------------------- */

struct fh_time fh_core_now(struct fh_core *c)
{
	uint64_t elapsed = fh_clock_boot_ms() - c->boot_base_ms;
	uint64_t real = fh_clock_real_ms();
	struct fh_time t = { .lo_ms = c->lo_base_ms + elapsed };

	/* hi is the maximum of all clocks and never goes back on its own.  */
	if (real > c->hi_ms)
		c->hi_ms = real;
	if (t.lo_ms > c->hi_ms)
		c->hi_ms = t.lo_ms;
	t.hi_ms = c->hi_ms;
	return t;
}

/* --- fields ----------------------------------------------------------- */

fh_err fh_core_field(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
		     struct fh_span item)
{
	(void)c;
	if (f->n == FH_FIELDS_MAX || (f->n > 0 && f->field[f->n - 1].id >= id))
		return FH_ERR_STATE;
	f->field[f->n++] = (struct fh_field){ .id = id, .value = item };
	return FH_ERR_OK;
}

/* A builder for an item of about N bytes in scratch memory.  */
static struct fh_builder item_builder(struct fh_core *c, size_t n)
{
	uint8_t *p = fh_arena_space(&c->scratch, n + 16);

	return fh_builder_of(p, p == nullptr ? 0 : n + 16);
}

static fh_err add_built(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			const struct fh_builder *b)
{
	return b->bad ? FH_ERR_NOMEM : fh_core_field(c, f, id, fh_builder_span(b));
}

fh_err fh_core_field_text(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			  struct fh_span text)
{
	struct fh_builder b = item_builder(c, text.n);

	fh_cbor_put_text(&b, text);
	return add_built(c, f, id, &b);
}

fh_err fh_core_field_bytes(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			   struct fh_span bytes)
{
	struct fh_builder b = item_builder(c, bytes.n);

	fh_cbor_put_bytes(&b, bytes);
	return add_built(c, f, id, &b);
}

fh_err fh_core_field_uint(struct fh_core *c, struct fh_fields *f, enum fh_field_id id, uint64_t v)
{
	struct fh_builder b = item_builder(c, 0);

	fh_cbor_put_uint(&b, v);
	return add_built(c, f, id, &b);
}

fh_err fh_core_field_large(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			   struct fh_span item)
{
	struct fh_builder b = item_builder(c, 64);

	if (item.n <= FH_PAYLOAD_ARGUMENTS_MAX)
		return fh_core_field(c, f, id, item);
	struct fh_hash h = fh_hash_of(item);

	fh_cbor_put_array(&b, 2);
	fh_cbor_put_uint(&b, item.n);
	fh_cbor_put_bytes(&b, fh_hash_span(&h));
	return add_built(c, f, id, &b);
}

fh_err fh_core_field_entity(struct fh_core *c, struct fh_fields *f, enum fh_field_id id,
			    struct fh_entity_uid e)
{
	struct fh_builder b = item_builder(c, e.type.n + 4 * e.id.n + 4);

	fh_entity_put(&b, e);
	if (b.bad)
		return FH_ERR_NOMEM;
	return fh_core_field_text(c, f, id, fh_builder_span(&b));
}

/* What goes wrong here is nobody's own fault: it must not look like a peer's.  */
static fh_err final_error(fh_err e)
{
	return e == FH_ERR_OK || e == FH_ERR_FULL || e == FH_ERR_IO ? e : FH_ERR_STATE;
}

/* --- entries ---------------------------------------------------------- */

/* Calls, of each session its start, its opening and a list of its tools, and a pruning; what an
 * earlier start left open is closed before anything is permitted.  */
static_assert(FH_SESSIONS_MAX * (FH_CORE_CALLS_MAX + 3) + 1 <= FH_OPEN_MAX);

/* A fresh salt for each field, so that opening one tells nothing about
 * another.  */
static fh_err add_salts(struct fh_fields *f, uint8_t salts[FH_FIELDS_MAX][FH_SALT_SIZE])
{
	fh_err e = fh_random(salts[0], f->n * FH_SALT_SIZE);

	for (size_t i = 0; i < f->n; i++)
		f->field[i].salt = fh_span_of(salts[i], FH_SALT_SIZE);
	return e;
}

/* As it is stored while it is not sealed.  */
static fh_err put_open(struct fh_core *c, const struct fh_fields *fields, struct fh_span *payload)
{
	size_t cap = 64;

	for (size_t i = 0; i < fields->n; i++)
		cap += fields->field[i].value.n + FH_SALT_SIZE + 16;
	struct fh_builder b = item_builder(c, cap);
	struct fh_fields again;

	fh_payload_put(&b, fields);
	*payload = fh_builder_span(&b);
	if (b.bad)
		return FH_ERR_NOMEM;
	/* What cannot be read back must not be signed: it would stay unreadable.  */
	return fh_payload_read(*payload, &again) == FH_ERR_OK ? FH_ERR_OK : FH_ERR_STATE;
}

/* Files it; commits first if the batch is full.  */
static fh_err put_entry(struct fh_core *c, struct fh_span leaf, struct fh_span payload)
{
	fh_err e = fh_journal_append(&c->journal, leaf, payload);

	if (e != FH_ERR_LIMIT)
		return e;
	e = fh_core_commit(c);
	return e == FH_ERR_OK ? fh_journal_append(&c->journal, leaf, payload) : e;
}

static fh_err append(struct fh_core *c, struct fh_span subject, enum fh_entry_kind kind,
		     const char *class, struct fh_fields *fields, struct fh_core_stored *stored)
{
	uint8_t salts[FH_FIELDS_MAX][FH_SALT_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(stored->leaf);
	fh_err e = add_salts(fields, salts);

	if (e != FH_ERR_OK)
		return e == FH_ERR_NOMEM ? e : final_error(e);
	struct fh_leaf leaf = {
		.index = c->journal.tree.size,
		.time = fh_core_now(c),
		.boot = c->boot,
		.start = c->start,
		.session = c->session_id,
		.kind = kind,
		.class = fh_span_str(class),
		.chain_head = c->recorded_head,
		.fields = fh_fields_root(fields),
	};
	const struct fh_core_sealing s = { &leaf, subject };

	e = fh_span_equal(leaf.class, FH_SPAN_LIT(FH_CLASS_PUBLIC))
		    ? put_open(c, fields, &stored->payload)
		    : fh_core_seal(c, &s, fields, &stored->payload);
	if (e != FH_ERR_OK)
		return e == FH_ERR_NOMEM ? e : final_error(e);
	leaf.payload = fh_hash_of(stored->payload);
	fh_leaf_put(&b, &leaf);
	stored->leaf_n = b.n;
	/* What the fold does not take is not written: no start could read it back.  After
	 * either failure fold and record are not of one mind, and core has to end.  */
	e = fh_fold_add(&c->fold, &leaf, fields);
	if (e == FH_ERR_OK)
		e = put_entry(c, fh_builder_span(&b), stored->payload);
	if (e != FH_ERR_OK)
		return final_error(e);
	fh_core_resume_remember(c, &leaf);
	fh_core_count_entry(&c->metrics, kind, fields);
	return FH_ERR_OK;
}

fh_err fh_core_append_about(struct fh_core *c, struct fh_span subject, enum fh_entry_kind kind,
			    const char *class, struct fh_fields *fields, uint64_t *index)
{
	uint64_t at = c->journal.tree.size;
	struct fh_core_stored stored;
	fh_err e = append(c, subject, kind, class, fields, &stored);

	if (e == FH_ERR_OK && index != nullptr)
		*index = at;
	return e;
}

fh_err fh_core_append_stored(struct fh_core *c, enum fh_entry_kind kind, struct fh_fields *fields,
			     struct fh_core_stored *stored)
{
	return append(c, (struct fh_span){ 0 }, kind, FH_CLASS_PUBLIC, fields, stored);
}

fh_err fh_core_append(struct fh_core *c, enum fh_entry_kind kind, const char *class,
		      struct fh_fields *fields, uint64_t *index)
{
	return fh_core_append_about(c, (struct fh_span){ 0 }, kind, class, fields, index);
}

/* --- commits ---------------------------------------------------------- */

static fh_err unwritten(struct fh_core *c, fh_err e)
{
	fh_trace_where(&c->trace, "%s", c->record_path);
	fh_trace_what(&c->trace, "the record cannot be written: %s", fh_err_text(e));
	fh_trace_cure(&c->trace, "make room or replace the disk, then start again; "
		      "nothing is permitted without the record");
	return e;
}

/* Asks for the signature of the durable tree.  */
static fh_err ask_signature(struct fh_core *c)
{
	uint8_t bytes[FH_DOOR_CHECKPOINT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash root = fh_tree_root(&c->journal.durable);
	struct fh_proof proof;
	fh_err e = fh_journal_proof(&c->journal, &proof);

	if (e != FH_ERR_OK)
		return e;
	fh_door_put_checkpoint(&b, c->journal.durable.size, &root, &proof);
	if (b.bad)
		return FH_ERR_LIMIT;
	e = fh_frame_send(c->keeper.fd, fh_builder_span(&b), /* pass= */ -1);
	if (e != FH_ERR_OK)
		fh_trace_where(&c->trace, "keeper");
	return e;
}

/* Waits for it, and files the checkpoint: nothing was made durable since.  */
static fh_err take_signature(struct fh_core *c)
{
	struct fh_span frame, note;
	fh_err e = fh_pipe_wait(&c->keeper, &frame);

	if (e != FH_ERR_OK)
		fh_trace_where(&c->trace, "keeper");
	else
		e = fh_door_read_note(frame, &note, &c->trace);
	if (e != FH_ERR_OK)
		return e;
	memcpy(c->note, note.p, note.n);
	c->note_n = note.n;
	c->kept_size = c->journal.durable.size;
	c->kept_root = fh_tree_root(&c->journal.durable);
	e = fh_journal_checkpoint(&c->journal, note);
	return e == FH_ERR_OK ? e : unwritten(c, e);
}

/* Does ACT with all that waits to be sent.  */
static void each_outbox(struct fh_core *c, void (*act)(struct fh_outbox *o))
{
	act(&c->reach_out);
	for (size_t i = 0; i < FH_GATES_MAX; i++)
		act(&c->gate[i].out);
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++)
		act(&c->session[i].out);
}

static void release(struct fh_outbox *o)
{
	fh_outbox_release(o);
}

static void mark(struct fh_outbox *o)
{
	fh_outbox_mark(o);
}

static void release_marked(struct fh_outbox *o)
{
	fh_outbox_release_marked(o);
}

/* Looks whether there is still room for more than what is reserved.  */
static void look_at_space(struct fh_core *c)
{
	struct statfs s;

	if (fstatfs(fh_fd_get(c->journal.segment), &s) == 0)
		c->nearly_full = (uint64_t)s.f_bavail * (uint64_t)s.f_bsize < 2 * FH_RECORD_RESERVE;
}

const char *fh_core_full(const struct fh_core *c)
{
	if (c->nearly_full)
		return "record-full";
	return c->key_room < FH_DATA_KEYS_RESERVE ? "keys-full" : nullptr;
}

const char *fh_core_full_text(const struct fh_core *c)
{
	return c->nearly_full ? "the record has no room left, so nothing is permitted"
			      : "the record is sealed with as many keys as there can be, so "
				"nothing is permitted until some have ended";
}

/* Who was let go with a batch of N entries answers in a moment with as many.  */
static void await_answers(struct fh_core *c, uint64_t n)
{
	c->gather_size = c->journal.tree.size + n;
	c->gather_until_ns = fh_clock_boot_ns() + gather_ns;
}

uint64_t fh_core_gather_ns(const struct fh_core *c)
{
	uint64_t now_ns = fh_clock_boot_ns();
	uint64_t gathered = c->journal.tree.size - c->journal.durable.size;

	if (c->signing || gathered == 0 || gathered >= gather_enough)
		return 0;
	if (c->journal.tree.size >= c->gather_size || now_ns >= c->gather_until_ns)
		return 0;
	return c->gather_until_ns - now_ns;
}

fh_err fh_core_commit_begin(struct fh_core *c)
{
	uint64_t begun_ns = fh_clock_boot_ns();

	if (c->signing)
		return FH_ERR_OK;
	fh_err e = fh_journal_sync(&c->journal);

	if (e != FH_ERR_OK)
		return unwritten(c, e);
	if (c->journal.durable.size == c->journal.signed_tree.size) {
		if (c->nearly_full)
			look_at_space(c); /* somebody may have made room */
		each_outbox(c, release);
		return FH_ERR_OK;
	}
	c->asked_ns = fh_clock_boot_ns();
	c->sync_ns = c->asked_ns - begun_ns;
	e = ask_signature(c);
	if (e != FH_ERR_OK)
		return final_error(e);
	c->signing = true;
	each_outbox(c, mark);
	return FH_ERR_OK;
}

fh_err fh_core_commit_end(struct fh_core *c)
{
	if (!c->signing)
		return FH_ERR_OK;
	c->signing = false;
	uint64_t n = c->journal.durable.size - c->journal.signed_tree.size;
	fh_err e = take_signature(c);

	if (e != FH_ERR_OK)
		return final_error(e);
	await_answers(c, n);
	fh_core_count_commit(&c->metrics, c->sync_ns, fh_clock_boot_ns() - c->asked_ns);
	look_at_space(c);
	each_outbox(c, release_marked);
	return FH_ERR_OK;
}

fh_err fh_core_commit(struct fh_core *c)
{
	fh_err e = fh_core_commit_end(c);

	if (e == FH_ERR_OK)
		e = fh_core_commit_begin(c);
	return e == FH_ERR_OK ? fh_core_commit_end(c) : e;
}
