/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what is sealed, for a reader: an action like any other, decided by the policy and
 * recorded.  The entry that says who may see what is durable and signed before the keeper is
 * asked for a key; the entry that says what was opened is, before it leaves.  docs/spec/LEAF,
 * "Opening".  */
#include "role/core.h"

#include "codec/base64.h"
#include "codec/cbor.h"
#include "entry/opened.h"
#include "wire/open_ask.h"

/* Openings of one answer: an entry's fit, and in base64 they fit a frame.  */
constexpr size_t openings_max = FH_PAYLOAD_MAX + (512 << 10);

/* One request on its way through core.  */
struct opening {
	struct fh_core_act act;
	struct fh_open_ask what;
	uint64_t next;                /* the first entry that was not come to */
	uint64_t opened;              /* entries in OUT */
	uint64_t public;              /* those that are not sealed, */
	uint64_t without;             /* and that have none of the fields */
	uint64_t erased[FH_OPEN_ASK_ENTRIES_MAX]; /* whose keys are gone */
	size_t erased_n;
	bool full;                    /* the rest is for another request */
	struct fh_builder out;        /* openings, without their head */
};

static struct fh_builder room(struct fh_core *c, size_t n)
{
	uint8_t *p = fh_arena_space(&c->scratch, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

/* --- entries about it ------------------------------------------------- */

/* How many, and the hash of what leaves: not what it says, which would outlive its erasure.  */
static fh_err put_result(struct opening *o, struct fh_span *out)
{
	struct fh_builder b = room(o->act.core, 256);
	struct fh_hash h = fh_hash_of(fh_builder_span(&o->out));

	fh_cbor_put_map(&b, 4);
	fh_cbor_put_text(&b, FH_SPAN_LIT("next"));
	fh_cbor_put_uint(&b, o->next);
	fh_cbor_put_text(&b, FH_SPAN_LIT("erased"));
	fh_cbor_put_uint(&b, o->erased_n);
	fh_cbor_put_text(&b, FH_SPAN_LIT("opened"));
	fh_cbor_put_uint(&b, o->opened);
	fh_cbor_put_text(&b, FH_SPAN_LIT("sha256"));
	fh_cbor_put_hash(&b, &h);
	return fh_builder_end(&b, out);
}

static fh_err append_outcome(struct opening *o, enum fh_outcome_status status, uint32_t *reserve)
{
	struct fh_span result;
	fh_err e = put_result(o, &result);

	if (e == FH_ERR_OK)
		e = fh_core_act_end(&o->act, status, result, fh_builder_span(&o->out), reserve);
	return e;
}

/* --- opening ---------------------------------------------------------- */

/* All fields of the entry LEAF, sealed as PAYLOAD, whose first part holds them all; in entries of
 * before there were periods of the fold it is both parts together that do.  FH_ERR_MISSING: a key
 * of it is gone; FH_ERR_SIGNATURE: it does not say what the leaf commits to.  */
static fh_err unseal(struct fh_core *c, const struct fh_leaf *leaf, struct fh_span payload,
		     struct fh_fields *out)
{
	struct fh_sealed s;
	fh_err e = fh_payload_fits(leaf, payload) ? fh_sealed_read(payload, &s) : FH_ERR_SIGNATURE;

	*out = (struct fh_fields){ 0 };
	if (e != FH_ERR_OK)
		return e;
	for (size_t i = 0; e == FH_ERR_OK && i < s.parts; i++) {
		if (!fh_sealed_is_whole(out, leaf))
			e = fh_core_unseal(c, &s.part[i], leaf, out);
	}
	/* It is as it was sealed, so what does not open it is another key: of the same subject,
	 * class and period, and called the same, made after its own was erased.  */
	if (e != FH_ERR_OK)
		return e == FH_ERR_SIGNATURE ? FH_ERR_MISSING : e;
	return fh_sealed_is_whole(out, leaf) ? FH_ERR_OK : FH_ERR_SIGNATURE;
}

static bool has_any(const struct fh_fields *f, uint64_t bits)
{
	uint64_t has = 0;

	for (size_t i = 0; i < f->n; i++)
		has |= UINT64_C(1) << f->field[i].id;
	return (has & bits) != 0;
}

/* Puts what was asked for of LEAF's fields F, or leaves it to another request.  */
static void put_opened(struct opening *o, const struct fh_leaf *leaf, const struct fh_fields *f)
{
	const struct fh_builder before = o->out;

	if (!has_any(f, o->what.fields)) {
		o->without++;
		return;
	}
	fh_opened_put(&o->out, leaf->index, f, o->what.fields);
	if (o->out.bad) {
		o->out = before;
		o->full = true;
		return;
	}
	o->opened++;
}

/* Wipes what came to the scratch arena behind MARK, and gives it back.  */
static void forget(struct fh_core *c, size_t mark)
{
	if (c->scratch.n <= mark)
		return;
	fh_wipe(c->scratch.p + mark, c->scratch.n - mark);
	c->scratch.n = mark;
}

static fh_err open_entry(void *context, const struct fh_stored *s)
{
	struct opening *o = context;
	struct fh_core *c = o->act.core;
	size_t mark = c->scratch.n;
	struct fh_fields f;
	struct fh_leaf leaf;

	if (!fh_payload_is_sealed(s->payload)) {
		o->public++;
		o->next++;
		return FH_ERR_OK;
	}
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e == FH_ERR_OK)
		e = unseal(c, &leaf, s->payload, &f);
	if (e == FH_ERR_MISSING)
		o->erased[o->erased_n++] = leaf.index;
	else if (e == FH_ERR_OK)
		put_opened(o, &leaf, &f);
	forget(c, mark);
	if (o->full)
		return FH_ERR_CLOSED;
	if (e == FH_ERR_OK || e == FH_ERR_MISSING) {
		o->next++;
		return FH_ERR_OK;
	}
	return e;
}

/* Whether E, which ended the opening, is about an entry or its place on the disk, and not
 * about the keeper.  */
static bool is_damage(fh_err e)
{
	return e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT || e == FH_ERR_MISSING
	       || e == FH_ERR_VERSION || e == FH_ERR_TORN || e == FH_ERR_IO
	       || e == FH_ERR_PERMISSION;
}

/* {"next", "whole", "erased", "opened", "public", "without", "openings"}  */
static fh_err reply(struct opening *o)
{
	size_t n = o->out.n / 3 * 4 + 4;
	struct fh_builder text = room(o->act.core, n), b = room(o->act.core, n + 4096);
	struct fh_reply r = { .status = FH_REPLY_RESULT, .exchange = o->act.ask->exchange,
			      .index = o->act.index };

	fh_base64_put(&text, fh_builder_span(&o->out));
	fh_cbor_put_map(&b, 7);
	fh_cbor_put_text(&b, FH_SPAN_LIT("next"));
	fh_cbor_put_uint(&b, o->next);
	fh_cbor_put_text(&b, FH_SPAN_LIT("whole"));
	fh_cbor_put_bool(&b, !o->full);
	fh_cbor_put_text(&b, FH_SPAN_LIT("erased"));
	fh_cbor_put_array(&b, o->erased_n);
	for (size_t i = 0; i < o->erased_n; i++)
		fh_cbor_put_uint(&b, o->erased[i]);
	fh_cbor_put_text(&b, FH_SPAN_LIT("opened"));
	fh_cbor_put_uint(&b, o->opened);
	fh_cbor_put_text(&b, FH_SPAN_LIT("public"));
	fh_cbor_put_uint(&b, o->public);
	fh_cbor_put_text(&b, FH_SPAN_LIT("without"));
	fh_cbor_put_uint(&b, o->without);
	fh_cbor_put_text(&b, FH_SPAN_LIT("openings"));
	fh_cbor_put_text(&b, fh_builder_span(&text));
	r.body = fh_builder_span(&b);
	if (text.bad || b.bad)
		return FH_ERR_NOMEM;
	fh_core_reply(o->act.core, o->act.gate, &r);
	return FH_ERR_OK;
}

static void reply_failed(struct opening *o)
{
	struct fh_reply r = { .status = FH_REPLY_FAILED, .exchange = o->act.ask->exchange,
			      .index = o->act.index, .reason = FH_SPAN_LIT("unreadable"),
			      .text = FH_SPAN_LIT("an entry there cannot be read back, or is not "
						  "what was recorded") };

	fh_core_reply(o->act.core, o->act.gate, &r);
}

/* The intent is in the record: makes it durable, opens, and says what came of it.  */
static fh_err open_all(struct opening *o, uint64_t end)
{
	const struct fh_entry_visitor v = { open_entry, o };
	struct fh_core *c = o->act.core;
	uint32_t reserve = fh_core_reserve(c, &o->act.decision, o->act.action,
					   o->act.ask->params.n);
	size_t mark = c->scratch.n;
	fh_err e = fh_core_commit(c);

	o->out = room(c, openings_max);
	o->next = o->what.from;
	if (e == FH_ERR_OK && o->out.p == nullptr)
		e = FH_ERR_NOMEM;
	if (e != FH_ERR_OK)
		return e;
	e = fh_core_read_entries(c, o->what.from, end, &v);
	fh_secret_drop(&c->opening.key);
	if (e == FH_ERR_CLOSED && o->full)
		e = FH_ERR_OK;
	if (e != FH_ERR_OK && !is_damage(e))
		return e == FH_ERR_NOMEM ? e : FH_ERR_STATE; /* the keeper has gone */
	bool whole = e == FH_ERR_OK;

	e = append_outcome(o, whole ? FH_OUTCOME_RESULT : FH_OUTCOME_FAILED, &reserve);
	if (e == FH_ERR_OK && whole)
		e = reply(o);
	else if (e == FH_ERR_OK)
		reply_failed(o);
	forget(c, mark);
	return e;
}

fh_err fh_core_open(struct fh_core *c, size_t gate, const struct fh_ask *ask,
		    const struct fh_core_actor *actor)
{
	struct opening o = { .act = { .core = c, .gate = gate, .ask = ask, .actor = actor } };
	bool going_on;

	if (c->gate[gate].peer.network || fh_open_ask_read(ask->params, &o.what) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	o.act.action = fh_open_ask_action(&o.what);
	fh_err e = fh_core_act_begin(&o.act, &going_on);

	if (e != FH_ERR_OK || !going_on)
		return e;
	if (o.what.from >= c->journal.tree.size)
		return fh_core_act_refuse(&o.act, "not-found", "the record does not reach so far");
	uint64_t last = c->journal.tree.size - 1;
	uint64_t end = (o.what.to < last ? o.what.to : last) + 1;

	e = fh_core_act_decide(&o.act, &going_on);
	return e == FH_ERR_OK && going_on ? open_all(&o, end) : e;
}
