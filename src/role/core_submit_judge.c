/* SPDX-License-Identifier: Apache-2.0 */
/* What a witness of the record answers, and what follows.  Only a checkpoint with our own
 * valid signature that ours does not extend stops the record; everything else that no
 * witness may say is an alarm, and that witness's alone.  docs/spec/WITNESS.  */
#include "role/core.h"

#include "base/utf8.h"
#include "codec/cbor.h"
#include "merkle/witness.h"
#include "os/clock.h"
#include "role/courier.h"
#include "role/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- alarms ----------------------------------------------------------- */

static struct fh_span name_of(const struct fh_core *c, const struct fh_core_witness *w)
{
	return c->submit.quorum.node[w->node].name;
}

static fh_err record_alarm(struct fh_core *c, struct fh_span name, const char *reason,
			   struct fh_span text)
{
	uint8_t bytes[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_fields f = { 0 };

	fh_cbor_put_map(&b, 3);
	fh_cbor_put_text(&b, FH_SPAN_LIT("text"));
	fh_cbor_put_text(&b, fh_utf8_first(text, 256));
	fh_cbor_put_text(&b, FH_SPAN_LIT("reason"));
	fh_cbor_put_text(&b, fh_span_str(reason));
	fh_cbor_put_text(&b, FH_SPAN_LIT("witness"));
	fh_cbor_put_text(&b, fh_utf8_first(name, FH_QUORUM_NAME_MAX));
	if (b.bad)
		return FH_ERR_LIMIT;
	c->submit.alarms++;
	fh_err e = fh_core_field(c, &f, FH_FIELD_DETAIL, fh_builder_span(&b));

	return e == FH_ERR_OK ? fh_core_append(c, FH_ENTRY_WITNESS, FH_CLASS_PUBLIC, &f,
					       /* index= */ nullptr)
			      : e;
}

static uint64_t wait_ms(unsigned failures)
{
	uint64_t ms = FH_WITNESS_AGAIN_MS;

	while (failures-- > 1 && ms < FH_WITNESS_AGAIN_MAX_MS)
		ms *= 2;
	return ms < FH_WITNESS_AGAIN_MAX_MS ? ms : FH_WITNESS_AGAIN_MAX_MS;
}

/* It is asked again, later each time.  An alarm once, if there is REASON for one.  TEXT is
 * a courier's, so it is made one line.  */
static fh_err ask_later(struct fh_core *c, struct fh_core_witness *w, enum fh_witness_state state,
			const char *reason, struct fh_span text)
{
	struct fh_span name = name_of(c, w);
	struct fh_trace why = { 0 };

	text = fh_utf8_first(text, sizeof(w->why) - 1);
	fh_trace_what(&why, "%.*s", (int)text.n, (const char *)text.p);
	bool changed = w->state != state;
	bool news = changed || strcmp(w->why, why.what) != 0;

	w->state = state;
	(void)snprintf(w->why, sizeof(w->why), "%.*s", (int)sizeof(w->why) - 1, why.what);
	w->evidence = false;
	w->failures++;
	w->next_ms = fh_clock_boot_ms() + wait_ms(w->failures);
	if (!news)
		return FH_ERR_OK;
	fh_log(FH_LOG_PRIORITY_WARNING, "core", "witness %.*s: %s: %s; it is asked again later",
	       (int)name.n, (const char *)name.p, reason != nullptr ? reason : "away", w->why);
	return reason == nullptr || !changed ? FH_ERR_OK : record_alarm(c, name, reason, text);
}

void fh_core_witness_away(struct fh_core *c, struct fh_core_witness *w, const char *why)
{
	(void)!ask_later(c, w, FH_WITNESS_AWAY, /* reason= */ nullptr, fh_span_str(why));
}

static fh_err drop(struct fh_core *c, struct fh_core_witness *w, const char *reason,
		   const char *text)
{
	struct fh_span name = name_of(c, w);

	w->state = FH_WITNESS_DROPPED;
	w->evidence = false;
	w->cosigned = 0;
	fh_log(FH_LOG_PRIORITY_ERROR, "core",
	       "witness %.*s: %s (%s); it is not asked any more until freehold starts again or "
	       "another policy is signed", (int)name.n, (const char *)name.p, text, reason);
	return record_alarm(c, name, reason, fh_span_str(text));
}

/* --- a cosignature ---------------------------------------------------- */

/* Keeps the line of W's key alone, whatever else came with it.  */
static bool take_line(struct fh_core *c, struct fh_core_witness *w, struct fh_span lines)
{
	struct fh_core_submit *s = &c->submit;
	const struct fh_note_key *key = &s->quorum.node[w->node].key;
	size_t cap = FH_NOTE_MAX;
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, cap), cap);
	struct fh_note note;

	if (b.p == nullptr
	    || fh_witness_lines_read(fh_span_of(s->note, s->text_n), lines, &b, &note) != FH_ERR_OK
	    || fh_cosignature_check(key, &note, /* time= */ nullptr) != FH_ERR_OK)
		return false;
	for (size_t i = 0; i < note.signatures; i++) {
		const struct fh_note_signature *l = &note.signature[i];
		struct fh_builder out = FH_BUILDER_ARRAY(w->line);

		if (l->key_id != key->id || !fh_span_equal(l->name, key->name))
			continue;
		fh_builder_text(&out, "\xe2\x80\x94 ");
		fh_builder_bytes(&out, l->name);
		fh_builder_u8(&out, ' ');
		fh_builder_bytes(&out, l->encoded);
		fh_builder_u8(&out, '\n');
		w->line_n = out.n;
		return !out.bad;
	}
	return false;
}

/* record/witnessed: the target with all lines there are, once they are the quorum.  */
static void file_witnessed(struct fh_core *c)
{
	struct fh_core_submit *s = &c->submit;
	size_t cap = FH_NOTE_MAX, lines = 0;
	struct fh_builder b = fh_builder_of(fh_arena_space(&c->scratch, cap), cap);
	struct fh_quorum_verdict *v = fh_arena_take(&c->scratch, sizeof(*v));
	struct fh_note note;

	if (b.p == nullptr || v == nullptr)
		return;
	fh_builder_bytes(&b, fh_span_of(s->note, s->note_n));
	for (size_t i = 0; i < s->witnesses; i++) {
		const struct fh_core_witness *w = &s->witness[i];

		if (w->cosigned != s->size)
			continue;
		fh_builder_bytes(&b, fh_span_of(w->line, w->line_n));
		lines++;
	}
	if (b.bad || lines <= s->filed || fh_note_parse(fh_builder_span(&b), &note) != FH_ERR_OK
	    || fh_quorum_judge(&s->quorum, &note, v) != FH_ERR_OK || v->quorum != FH_ANSWER_YES)
		return;
	if (fh_core_file_write(c, "witnessed", fh_builder_span(&b)) != FH_ERR_OK) {
		fh_log(FH_LOG_PRIORITY_WARNING, "core", "record/witnessed cannot be written");
		return;
	}
	s->filed = lines;
	s->witnessed = s->size;
}

static fh_err on_cosigned(struct fh_core *c, struct fh_core_witness *w, struct fh_span lines)
{
	if (!take_line(c, w, lines))
		return drop(c, w, "signature", "its cosignature is not right");
	w->state = FH_WITNESS_GOOD;
	w->failures = w->conflicts = 0;
	w->next_ms = 0;
	w->seen = w->cosigned = c->submit.size;
	file_witnessed(c);
	return FH_ERR_OK;
}

/* --- conflicts -------------------------------------------------------- */

static bool signed_by_us(struct fh_core *c, const struct fh_note *note)
{
	struct fh_cursor all = fh_cursor_of(fh_span_str(c->submit.vkeys));
	struct fh_note_key own;

	/* The first two are the log's.  */
	for (int i = 0; i < 2 && all.rest.n > 0; i++) {
		if (fh_note_key_read(fh_cursor_until(&all, '\n'), &own) == FH_ERR_OK
		    && fh_cosignature_check(&own, note, /* time= */ nullptr) == FH_ERR_OK)
			return true;
	}
	return false;
}

/* CHECKPOINT is of another history than ours, or of more than we have.  */
static fh_err contradicts(struct fh_core *c, const struct fh_checkpoint *checkpoint, bool *out)
{
	const struct fh_subtree_source from = { fh_tiles_subtree, &c->tiles };
	struct fh_hash root;
	fh_err e = FH_ERR_OK;

	*out = checkpoint->size > c->kept_size;
	if (*out)
		return e;
	e = fh_subtree_hash(&from, 0, checkpoint->size, &root);
	if (e == FH_ERR_OK)
		*out = !fh_hash_equal(&root, &checkpoint->root);
	return e;
}

static fh_err explain_conflict(struct fh_core *c)
{
	fh_trace_where(&c->trace, "record/conflict");
	fh_trace_what(&c->trace, "is a checkpoint with this record's own signature that the record "
		      "does not extend: an older record/ was put in place, or the keys are "
		      "somebody else's, too");
	fh_trace_cure(&c->trace, "put the newest state directory back, or enrol this machine anew; "
		      "to go on with this record, sign `freehold witness sign --resolve` of "
		      "that file");
	return FH_ERR_FORK;
}

/* The one thing that a witness can show that ends the record.  */
static fh_err stop_record(struct fh_core *c, struct fh_core_witness *w, struct fh_span note)
{
	const struct fh_witness_held *held = fh_chain_witness(&c->chain);
	struct fh_hash id = fh_hash_of(note);
	char path[FH_PATH_MAX];

	if (held != nullptr && fh_witness_resolves(&held->body, &id))
		return drop(c, w, "resolved", "it keeps to a history that the operator gave up");
	fh_err e = record_alarm(c, name_of(c, w), "conflict",
				FH_SPAN_LIT("it holds a checkpoint with our signature that the "
					    "record does not extend"));

	if (e == FH_ERR_OK
	    && snprintf(path, sizeof(path), "%s/conflict", c->record_path) >= (int)sizeof(path))
		e = FH_ERR_LIMIT;
	if (e == FH_ERR_OK)
		e = fh_file_write_new(path, note, 0600);
	if (e == FH_ERR_EXISTS)
		e = FH_ERR_OK; /* an earlier one is kept */
	if (e == FH_ERR_OK)
		e = fh_core_commit(c);
	return e == FH_ERR_OK ? explain_conflict(c) : e;
}

fh_err fh_core_conflict_check(struct fh_core *c)
{
	const struct fh_witness_held *held = fh_chain_witness(&c->chain);
	char path[FH_PATH_MAX];
	struct fh_span note;

	if (snprintf(path, sizeof(path), "%s/conflict", c->record_path) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	fh_err e = fh_file_read(path, FH_NOTE_MAX, &c->scratch, &note);

	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash id = fh_hash_of(note);

	if (held != nullptr && fh_witness_resolves(&held->body, &id)) {
		/* Done with: a later one would not find its place taken.  */
		(void)unlinkat(AT_FDCWD, path, 0);
		return FH_ERR_OK;
	}
	return explain_conflict(c);
}

/* The answer WHY needs a look at what the witness has.  */
static fh_err look_closer(struct fh_core_witness *w, const char *why)
{
	w->evidence = true;
	w->next_ms = 0;
	(void)snprintf(w->why, sizeof(w->why), "%s", why);
	return FH_ERR_OK;
}

static fh_err on_evidence(struct fh_core *c, struct fh_core_witness *w,
			  const struct fh_errand_answer *a)
{
	struct fh_checkpoint checkpoint;
	struct fh_note note;
	bool other = false;

	w->evidence = false;
	if (a->status != 200 || fh_note_parse(a->body, &note) != FH_ERR_OK
	    || fh_checkpoint_parse(note.text, &checkpoint) != FH_ERR_OK
	    || !signed_by_us(c, &note))
		return drop(c, w, w->why, "it says so, and shows no checkpoint of ours for it");
	/* Of this origin: the key's name is on the line that we signed.  */
	fh_err e = contradicts(c, &checkpoint, &other);

	if (e != FH_ERR_OK)
		return drop(c, w, w->why, "what it shows could not be compared");
	return other ? stop_record(c, w, a->body)
		     : drop(c, w, w->why, "what it shows is part of this record");
}

static fh_err on_other_size(struct fh_core *c, struct fh_core_witness *w, struct fh_span body)
{
	struct fh_core_submit *s = &c->submit;
	uint64_t size;

	if (fh_witness_size_read(body, &size) != FH_ERR_OK)
		return drop(c, w, "answer", "its answer 409 is no size");
	if (size > s->size || (size == s->size && w->seen == s->size))
		return look_closer(w, "size");
	if (++w->conflicts > FH_WITNESS_CONFLICTS_MAX)
		return drop(c, w, "conflict-loop", "it wants another size each time");
	w->seen = size;
	w->next_ms = 0;
	return FH_ERR_OK;
}

/* --- an answer -------------------------------------------------------- */

fh_err fh_core_witness_said(struct fh_core *c, struct fh_core_witness *w,
			    const struct fh_errand_answer *a)
{
	if (a->large)
		return drop(c, w, "answer", "its answer is too large");
	if (a->status == 0)
		return ask_later(c, w, FH_WITNESS_AWAY, /* reason= */ nullptr, a->why);
	if (a->status == 429 || a->status >= 500)
		return ask_later(c, w, FH_WITNESS_AWAY, /* reason= */ nullptr,
				 FH_SPAN_LIT("it answers that it is busy, or broken"));
	if (w->evidence)
		return on_evidence(c, w, a);
	switch (a->status) {
	case 200:
		return on_cosigned(c, w, a->body);
	case 409:
		return on_other_size(c, w, a->body);
	case 422:
		return look_closer(w, "proof");
	case 400:
	case 403:
	case 404:
		return ask_later(c, w, FH_WITNESS_REFUSES, "refuses",
				 FH_SPAN_LIT("it does not know this record, or its keys"));
	default:
		return drop(c, w, "answer", "its status is none that a witness has");
	}
}
