/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/record.h"

#include "verify/record_private.h"

/* The smallest entry: a leaf of nine members and an empty payload.  Bounds how
 * many entries a number of bytes can hold.  */
constexpr uint64_t entry_min = 160;

size_t fh_record_memory_size(uint64_t bytes, uint64_t before)
{
	uint64_t pages = bytes / entry_min / FH_INTENT_PAGE_ENTRIES
			 + before / FH_INTENT_PAGE_ENTRIES + 3;

	if (pages > FH_INTENT_PAGES_MAX)
		pages = FH_INTENT_PAGES_MAX;
	return (size_t)(pages * (FH_INTENT_PAGE_ENTRIES / 8 + 64)
			+ FH_INTENT_PAGES_MAX * sizeof(uint64_t *)
			+ FH_BOUNDARIES_MAX * sizeof(struct fh_boundary) + FH_FOLD_ARENA
			+ 2 * FH_RECORD_KEYS_MAX * sizeof(struct fh_record_key)
			+ FH_RECORD_PRUNED_MAX * sizeof(struct fh_record_pruned)
			+ FH_RECORD_PERMITS_ARENA + FH_RECORD_TAKEN_ARENA + FH_NOTE_MAX + 4096);
}

struct fh_trace *fh_record_refuse(struct fh_record_check *c, const char *code)
{
	c->refused = true;
	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	struct fh_trace *t = fh_finding_say(&c->finding, code);

	fh_trace_where(t, "%s:%llu entry %llu", c->segment, (unsigned long long)c->offset,
		       (unsigned long long)c->tree.size);
	fh_trace_cure(t, "the record was damaged or altered here; compare it with a copy");
	return t;
}

struct fh_trace *fh_record_uncovered(struct fh_record_check *c, const char *code)
{
	if (c->uncovered_n == FH_UNCOVERED_MAX)
		return nullptr;
	struct fh_uncovered *u = &c->uncovered[c->uncovered_n++];

	*u = (struct fh_uncovered){ .code = code };
	fh_trace_where(&u->why, "%s:%llu", c->segment, (unsigned long long)c->offset);
	return &u->why;
}

static fh_err read_point(struct fh_span note, struct fh_record_point *out)
{
	out->given = note.n > 0;
	if (!out->given)
		return FH_ERR_OK;
	fh_err e = fh_note_parse(note, &out->note);

	if (e == FH_ERR_OK)
		e = fh_checkpoint_parse(out->note.text, &out->at);
	return e == FH_ERR_OK ? e : FH_ERR_FORMAT;
}

/* All memory that it takes, once.  */
static fh_err take_memory(struct fh_record_check *c)
{
	struct fh_arena *own = c->memory.own;

	c->boundary = fh_arena_array(own, FH_BOUNDARIES_MAX, sizeof(*c->boundary));
	c->intents = fh_arena_array(own, FH_INTENT_PAGES_MAX, sizeof(*c->intents));
	if (c->boundary == nullptr || c->intents == nullptr)
		return FH_ERR_NOMEM;
	if (c->options.keep != nullptr) {
		c->note_room = fh_arena_space(own, FH_NOTE_MAX);
		*c->options.keep = fh_builder_of(c->options.keep->p, c->options.keep->cap);
		if (c->note_room == nullptr)
			return FH_ERR_NOMEM;
	}
	if (fh_fold_begin(own, &c->fold) != FH_ERR_OK)
		return FH_ERR_NOMEM;
	if (fh_record_permits_begin(c) != FH_ERR_OK || fh_record_taken_begin(c) != FH_ERR_OK
	    || fh_record_keys_begin(c) != FH_ERR_OK || fh_record_pruned_begin(c) != FH_ERR_OK)
		return FH_ERR_NOMEM;
	return FH_ERR_OK;
}

fh_err fh_record_check_begin(const struct fh_record_options *o,
			     const struct fh_record_memory *memory, struct fh_record_check *out)
{
	*out = (struct fh_record_check){ .options = *o, .memory = *memory, .segment = "" };
	if (o->saved != nullptr)
		out->options.at_least = o->saved->note;
	fh_err e = take_memory(out);

	if (e != FH_ERR_OK)
		return e;
	out->fold_period = FH_FOLD_PERIOD_FIRST;
	out->boundary[0].root = fh_tree_root(&out->tree);
	out->boundaries = 1;
	out->covered = out->boundary[0];
	fh_finding_begin(&out->finding);
	fh_chain_begin(memory->live, memory->spare, o->checks, &out->chain);
	e = read_point(out->options.at_least, &out->least);
	if (e == FH_ERR_OK)
		e = read_point(o->witnessed, &out->witnessed);
	if (e == FH_ERR_OK && o->saved != nullptr)
		e = fh_record_resume(out);
	if (e == FH_ERR_OK) {
		fh_record_points_grown(out);
		fh_record_anchors_begin(out);
	}
	return e;
}

bool fh_record_is_trusted(const struct fh_record_check *c)
{
	return c->options.trusted && c->tree.size < c->least.at.size;
}

void fh_record_is_of(struct fh_record_check *c, const struct fh_hash *chain,
		     const struct fh_hash *device)
{
	struct fh_builder b = FH_BUILDER_ARRAY(c->origin);

	c->chain_id = *chain;
	c->device_id = *device;
	fh_builder_text(&b, "freehold/");
	fh_builder_hex(&b, fh_hash_span(device));
	c->origin_n = fh_builder_span(&b).n;
}

/* The head is the one that belongs here.  */
static void check_head(struct fh_record_check *c, struct fh_span body)
{
	struct fh_hash root = fh_tree_root(&c->tree);
	struct fh_segment_head h;

	if (fh_segment_head_read(body, &h) != FH_ERR_OK) {
		fh_trace_what(fh_record_refuse(c, "head"), "the segment's head is malformed");
		return;
	}
	if (c->origin_n == 0)
		fh_record_is_of(c, &h.chain_id, &h.device_id);
	if (!fh_hash_equal(&h.chain_id, &c->chain_id)
	    || !fh_hash_equal(&h.device_id, &c->device_id))
		fh_trace_what(fh_record_refuse(c, "head"),
			      "the segment is of another chain or device than those before it");
	else if (h.first != c->tree.size || !fh_hash_equal(&h.root, &root))
		fh_trace_what(fh_record_refuse(c, "order"),
			      "the segment does not continue what was read before it");
}

void fh_record_boundary_add(struct fh_record_check *c, const struct fh_hash *root)
{
	if (c->boundaries == FH_BOUNDARIES_MAX) {
		fh_trace_what(fh_record_refuse(c, "checkpoint"),
			      "more than %zu batches lie between two checkpoints",
			      FH_BOUNDARIES_MAX - 1);
		return;
	}
	c->boundary[c->boundaries++] =
		(struct fh_boundary){ c->tree.size, *root, c->last.time.lo_ms };
}

static fh_err check_batch(struct fh_record_check *c, struct fh_span body)
{
	struct fh_batch batch;
	struct fh_stored s;

	if (fh_batch_read(body, &batch) != FH_ERR_OK || batch.first != c->tree.size) {
		fh_trace_what(fh_record_refuse(c, "batch"),
			      "the batch is malformed or does not follow the one before it");
		return FH_ERR_OK;
	}
	const struct fh_record_aid *aid = c->options.aid;
	fh_err e = FH_ERR_OK;

	c->ahead = aid != nullptr ? aid->batch(aid->context, body) : nullptr;
	while (!c->refused && (e = fh_batch_next(&batch, &s)) == FH_ERR_OK) {
		if (c->tree.size == batch.size) {
			e = FH_ERR_FORMAT;
			break;
		}
		e = fh_record_entry_check(c, &s);
		if (e != FH_ERR_OK)
			return e;
		if (c->ahead != nullptr)
			c->ahead++;
	}
	if (c->refused)
		return FH_ERR_OK;
	struct fh_hash root = fh_tree_root(&c->tree);

	if (e != FH_ERR_MISSING || c->tree.size != batch.size)
		fh_trace_what(fh_record_refuse(c, "batch"),
			      "the batch does not hold the entries it announces");
	else if (!fh_hash_equal(&root, &batch.root))
		fh_trace_what(fh_record_refuse(c, "root"),
			      "the entries do not lead to the root of their batch");
	else
		fh_record_boundary_add(c, &root);
	return FH_ERR_OK;
}

static fh_err check_frame(struct fh_record_check *c, enum fh_segment_frame type,
			  struct fh_span body, bool first)
{
	if (first != (type == FH_SEGMENT_HEAD)) {
		fh_trace_what(fh_record_refuse(c, "head"),
			      first ? "the segment does not begin with a head"
				    : "a second head in one segment");
		return FH_ERR_OK;
	}
	if (type == FH_SEGMENT_BATCH)
		return check_batch(c, body);
	if (type == FH_SEGMENT_CHECKPOINT)
		return fh_record_checkpoint_check(c, body);
	check_head(c, body);
	return FH_ERR_OK;
}

/* Frames have ended at REST with result E.  */
static void check_tail(struct fh_record_check *c, fh_err e, struct fh_span rest, bool headed,
		       bool last)
{
	if (e == FH_ERR_OK && !headed)
		fh_trace_what(fh_record_refuse(c, "torn-tail"), "the segment has no head");
	else if (e == FH_ERR_OK && rest.n > 0 && !last)
		fh_trace_what(fh_record_refuse(c, "torn-tail"),
			      "the segment ends in %zu zeros although another one follows", rest.n);
	else if (e == FH_ERR_OK && rest.n > 0)
		fh_trace_what(fh_record_uncovered(c, "zeros"), "%zu zeros behind the last frame",
			      rest.n);
	else if (e == FH_ERR_TORN)
		fh_trace_what(fh_record_refuse(c, "torn-tail"),
			      "the segment ends in the middle of a frame");
	else if (e != FH_ERR_OK)
		fh_trace_what(fh_record_refuse(c, "frame"), "not a frame: %s", fh_err_text(e));
}

fh_err fh_record_check_segment(struct fh_record_check *c, struct fh_span bytes, const char *name,
			       bool last)
{
	struct fh_cursor cursor = fh_cursor_of(bytes);
	enum fh_segment_frame type;
	struct fh_span body;
	bool first = true;
	fh_err e;

	if (c->refused)
		return FH_ERR_OK;
	c->segment = name;
	c->offset = 0;
	c->segment_first = c->tree.size;
	c->segment_bytes = bytes.n;
	c->repeated = 0;
	c->counts.segments++;
	c->counts.bytes += bytes.n;
	if (c->since > 0 && !c->resumed) {
		fh_record_pass(c, &cursor);
		if (c->refused)
			return FH_ERR_OK;
		c->offset = bytes.n - cursor.rest.n;
		first = false;
	}
	while ((e = fh_segment_next(&cursor, &type, &body)) == FH_ERR_OK
	       && type != FH_SEGMENT_END) {
		fh_err why = check_frame(c, type, body, first);

		if (why != FH_ERR_OK || c->refused)
			return why;
		first = false;
		c->offset = bytes.n - cursor.rest.n;
	}
	check_tail(c, e, cursor.rest, !first, last);
	fh_record_pruned_end_segment(c);
	return FH_ERR_OK;
}

void fh_record_check_strays(struct fh_record_check *c, uint64_t n)
{
	if (!c->refused && n > 0)
		fh_trace_what(fh_record_refuse(c, "order"),
			      "%llu segments lie beside the record without continuing it",
			      (unsigned long long)n);
}

static void answer_authentic(struct fh_record_check *c)
{
	struct fh_trace *t;

	if (c->refused)
		return;
	if (c->covered.size == 0) {
		t = fh_finding_say(&c->finding, "empty");
		fh_trace_what(t, "no checkpoint vouches for any entry");
	} else if (c->covered.size < c->tree.size) {
		t = fh_finding_say(&c->finding, "uncovered");
		fh_trace_where(t, "entries %llu to %llu", (unsigned long long)c->covered.size,
			       (unsigned long long)c->tree.size - 1);
		fh_trace_what(t, "no checkpoint vouches for them");
		fh_trace_cure(t, "start freehold once more, or wait for it: it signs what is"
				 " durable");
	} else {
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_YES);
	}
	if (c->covered.size < c->tree.size)
		fh_trace_what(fh_record_uncovered(c, "entries"),
			      "entries %llu to %llu lie behind the last checkpoint",
			      (unsigned long long)c->covered.size,
			      (unsigned long long)c->tree.size - 1);
}

static void answer_least(struct fh_record_check *c)
{
	const char *what = nullptr;

	/* How a record fails to extend what was verified of it is said where that is found.  */
	if (!c->least.given || (c->since > 0 && c->refused))
		return;
	if (c->covered.size < c->least.at.size)
		what = "checkpoints reach entry %llu, which is not as far as the checkpoint given"
		       " (%llu)";
	else if (!c->least.reached || !c->least.equal)
		what = "consistent to entry %llu, but with another root at %llu than the"
		       " checkpoint given: the record was rewritten";
	else if (!c->least.signed_here)
		what = "consistent to entry %llu, but the checkpoint given (%llu) is not signed by"
		       " a session of this record";
	if (what == nullptr)
		return;
	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	struct fh_trace *t = fh_finding_say(&c->finding, "at-least");

	fh_trace_where(t, "--at-least");
	fh_trace_what(t, what, (unsigned long long)c->covered.size,
		      (unsigned long long)c->least.at.size);
	fh_trace_cure(t, "entries are missing or altered; look for another copy of the record");
}

/* No yes any more; a no stays one.  */
static void not_known(struct fh_record_check *c)
{
	enum fh_answer was = fh_finding_answer(&c->finding, FH_AUTHENTIC);

	fh_finding_set(&c->finding, FH_AUTHENTIC, fh_answer_both(was, FH_ANSWER_UNCHECKED));
}

/* What witnesses have cosigned has to be in the record, however little of it is left: it
 * is asked of what was read, and not of what is covered.  */
static void answer_witnessed(struct fh_record_check *c)
{
	const struct fh_record_point *w = &c->witnessed;
	const char *code = nullptr, *what = nullptr;

	if (!w->given)
		return;
	if (c->origin_n > 0 && !fh_span_equal(w->at.origin, fh_span_of(c->origin, c->origin_n)))
		code = "witnessed-other", what = "it is a checkpoint of another record";
	else if (!w->reached && w->at.size < c->since)
		code = "witnessed-before", what = "not checked: what lies there was not read";
	else if (w->reached && !w->equal)
		code = "witnessed-rewritten",
		what = "the record leads to another root there: it was rewritten";
	else if (!w->reached && !c->refused)
		code = "witnessed-cut", what = "the record does not reach so far: its end was "
					       "cut off";
	if (code == nullptr)
		return;
	bool unread = !w->reached && w->at.size < c->since;

	if (!unread)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	else
		not_known(c);
	struct fh_trace *t = fh_finding_say(&c->finding, code);

	fh_trace_where(t, "witnessed %llu entries", (unsigned long long)w->at.size);
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, unread ? "verify the whole record" : "look for another copy of the "
							      "record");
}

/* The state of the chain at the end, for a genesis that was given and fits.  */
static void answer_device(struct fh_record_check *c)
{
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);
	struct fh_trace *t;

	if (c->chain.state != FH_CHAIN_LIVE) {
		t = fh_finding_say(&c->finding, "chain");
		fh_trace_where(t, "chain %s", fh_chain_state_text(c->chain.state));
		fh_trace_what(t, "%s", c->chain.why.what);
		fh_trace_cure(t, "%s", c->chain.why.cure);
	} else if (d == nullptr || d->revoked) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_NO);
		t = fh_finding_say(&c->finding, "revoked");
		fh_trace_where(t, "device");
		fh_trace_what(t, "the operator has revoked it, or never enrolled it");
	} else if (!c->refused && c->covered.size > 0) {
		fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_YES);
	}
}

static void answer_enrolled(struct fh_record_check *c)
{
	struct fh_trace *t;

	if (!c->options.genesis_given) {
		t = fh_finding_say(&c->finding, "genesis");
		fh_trace_where(t, "enrolled");
		fh_trace_what(t, "not checked: no genesis hash was given, so any operator would"
				 " do");
		fh_trace_cure(t, "give --genesis HASH, from a source you trust");
		return;
	}
	if (c->chain.state == FH_CHAIN_EMPTY)
		return;
	if (fh_hash_equal(&c->chain.id, &c->options.genesis)) {
		answer_device(c);
		return;
	}
	fh_finding_set(&c->finding, FH_ENROLLED, FH_ANSWER_NO);
	t = fh_finding_say(&c->finding, "genesis");
	fh_trace_where(t, "enrolled");
	fh_trace_what(t, "the record is of another authority chain than the genesis hash given");
}

bool fh_record_missing(const struct fh_record_check *c, uint64_t *n)
{
	*n = c->counts.sealed - c->counts.unreached - c->counts.erased;
	return c->options.whole > 0 && !c->keys_lost && !c->sealed_before;
}

static void answer_missing(struct fh_record_check *c)
{
	uint64_t n;
	bool known = fh_record_missing(c, &n);

	if (c->options.whole == 0 || c->refused || (known && n == 0))
		return;
	if (known)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	else
		not_known(c);
	struct fh_trace *t = fh_finding_say(&c->finding, "missing");

	fh_trace_where(t, "authentic");
	fh_trace_what(t, known ? "%llu entries were not opened, and no shred entry says that they "
				 "cannot be" : "whether entries are missing (%llu) is not known",
		      (unsigned long long)n);
	fh_trace_cure(t, c->sealed_before && !known
		      ? "verify the whole record: of what was not read this time, some is sealed"
		      : "have the whole record opened; if that lacks them too, what was in them "
			"is lost without a record of it");
}

static void say_sealed(struct fh_record_check *c)
{
	struct fh_trace *t = fh_finding_say(&c->finding, "sealed");

	fh_trace_where(t, "authentic");
	fh_trace_what(t, "%llu entries are sealed (%llu of them shredded): that they are unaltered "
		      "was checked, what they permitted and did to budgets was not",
		      (unsigned long long)c->counts.sealed, (unsigned long long)c->counts.erased);
	if (c->counts.sealed > c->counts.erased)
		fh_trace_cure(t, "have an entitled reader open them (freehold record open), and "
			      "give --openings FILE");
}

void fh_record_check_end(struct fh_record_check *c)
{
	if (c->ended)
		return;
	c->ended = true;
	fh_record_answer_since(c);
	answer_authentic(c);
	answer_least(c);
	answer_witnessed(c);
	fh_record_answer_anchors(c);
	answer_enrolled(c);
	c->finding.graded = c->finding.placed = c->counts.sessions > 0;
	c->finding.placement = c->chain.placement;
	answer_missing(c);
	fh_record_answer_pruned(c);
	if (c->counts.sealed > 0)
		say_sealed(c);
	fh_finding_say_static(&c->finding, "a record");
	fh_record_answer_accepted(c);
}

void fh_record_check_drop(struct fh_record_check *c)
{
	fh_verifier_drop(&c->session.verifier);
	*c = (struct fh_record_check){ 0 };
}
