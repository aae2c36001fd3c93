/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "cli/command.h"
#include "cli/segments.h"
#include "cli/time.h"
#include "cli/verify_print.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "entry/segment.h"
#include "os/memory.h"

constexpr size_t line_max = 8 << 20;      /* one entry in JSON: a payload in hex, and more */
constexpr size_t statements_max = 24 << 20; /* what fits a proof file in base64, twice over */
constexpr uint64_t entry_min = 160;       /* bytes of the smallest entry */

/* --- reading -------------------------------------------------------------------- */

/* What is done with each part of the record, in order; others than OK stop.  */
struct visitor {
	fh_err (*entry)(void *context, const struct fh_stored *s, const struct fh_leaf *l);
	fh_err (*checkpoint)(void *context, struct fh_span note);
	void *context;
};

/* The entries of one batch; *NEXT is the index that must come.  */
static fh_err read_batch(struct fh_span body, const struct visitor *v, uint64_t *next)
{
	struct fh_batch batch;
	struct fh_stored s;
	struct fh_leaf leaf;
	fh_err e = fh_batch_read(body, &batch);

	if (e == FH_ERR_OK && batch.first != *next)
		e = FH_ERR_FORMAT;
	while (e == FH_ERR_OK && (e = fh_batch_next(&batch, &s)) == FH_ERR_OK) {
		e = fh_leaf_read(s.leaf, &leaf);
		if (e == FH_ERR_OK)
			e = v->entry(v->context, &s, &leaf);
		if (e == FH_ERR_OK)
			(*next)++;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* The frames of one segment.  A tail that is not all there is not yet written:
 * the segment just ends.  */
static fh_err read_segment(struct fh_span bytes, const struct visitor *v, uint64_t *next)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	enum fh_segment_frame type;
	struct fh_span body;
	fh_err e;

	while ((e = fh_segment_next(&c, &type, &body)) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH)
			e = read_batch(body, v, next);
		if (type == FH_SEGMENT_CHECKPOINT && v->checkpoint != nullptr)
			e = v->checkpoint(v->context, body);
		if (e != FH_ERR_OK)
			return e;
	}
	return e == FH_ERR_TORN ? FH_ERR_OK : e;
}

/* FH_ERR_CLOSED from a visitor means: enough.  */
static fh_err read_record(const struct fh_segments *s, const struct visitor *v, struct fh_trace *t)
{
	uint64_t next = 0;

	for (;;) {
		FH_OWN(fh_mapped) m = { 0 };
		uint64_t first = next;
		struct fh_trace ignored;
		fh_err e = fh_segments_map(s, first, &m, first == 0 ? t : &ignored);

		if (e == FH_ERR_MISSING && first > 0)
			return FH_ERR_OK;
		if (e == FH_ERR_OK)
			e = read_segment(m.bytes, v, &next);
		if (e == FH_ERR_CLOSED || (e == FH_ERR_OK && next == first))
			return FH_ERR_OK;
		if (e != FH_ERR_OK) {
			fh_trace_where(t, "%s entry %llu", m.name, (unsigned long long)next);
			fh_trace_what(t, "%s", fh_err_text(e));
			fh_trace_cure(t, "`freehold verify record` names the damage");
			return e;
		}
	}
}

/* --- show ------------------------------------------------------------------------ */

struct show {
	const struct fh_cli *cli;
	uint64_t from, to;
	bool fields;
	struct fh_builder line;
};

static void put_time(struct fh_builder *b, uint64_t ms)
{
	char text[FH_TIME_TEXT];

	fh_time_text(ms, text);
	fh_builder_text(b, text);
}

static void put_fields_json(struct fh_builder *b, const struct fh_fields *f)
{
	fh_builder_text(b, ",\"fields\":{");
	for (size_t i = 0; i < f->n; i++) {
		fh_builder_text(b, i > 0 ? ",\"" : "\"");
		fh_builder_text(b, fh_field_text(f->field[i].id));
		fh_builder_text(b, "\":");
		fh_report_value(b, f->field[i].value);
	}
	fh_builder_u8(b, '}');
}

static void put_json(struct fh_builder *b, const struct fh_leaf *l, const struct fh_fields *f)
{
	fh_builder_text(b, "{\"index\":");
	fh_builder_decimal(b, l->index);
	fh_builder_text(b, ",\"kind\":\"");
	fh_builder_text(b, fh_entry_kind_text(l->kind));
	fh_builder_text(b, "\",\"not-before-ms\":");
	fh_builder_decimal(b, l->time.lo_ms);
	fh_builder_text(b, ",\"not-after-ms\":");
	fh_builder_decimal(b, l->time.hi_ms);
	fh_builder_text(b, ",\"boot\":");
	fh_builder_decimal(b, l->boot);
	fh_builder_text(b, ",\"start\":");
	fh_builder_decimal(b, l->start);
	fh_builder_text(b, ",\"class\":");
	fh_json_put_string(b, l->class);
	fh_builder_text(b, ",\"session\":\"");
	fh_builder_hex(b, fh_hash_span(&l->session));
	fh_builder_text(b, "\",\"chain-head\":\"");
	fh_builder_hex(b, fh_hash_span(&l->chain_head));
	fh_builder_u8(b, '"');
	if (f != nullptr)
		put_fields_json(b, f);
	fh_builder_text(b, "}\n");
}

/* The value of the text field ID, quoted and safe for a terminal.  */
static void put_text_field(struct fh_builder *b, const struct fh_fields *f, enum fh_field_id id)
{
	const struct fh_field *field = fh_fields_get(f, id);

	if (field == nullptr)
		return;
	fh_builder_text(b, "  ");
	fh_report_value(b, field->value);
}

static void put_fields_text(struct fh_builder *b, const struct fh_fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		fh_builder_text(b, "          ");
		fh_builder_text(b, fh_field_text(f->field[i].id));
		fh_builder_text(b, ": ");
		fh_report_value(b, f->field[i].value);
		fh_builder_u8(b, '\n');
	}
}

static void put_text(struct fh_builder *b, const struct fh_leaf *l, const struct fh_fields *f,
		     bool fields)
{
	fh_builder_decimal(b, l->index);
	fh_builder_text(b, "  ");
	put_time(b, l->time.lo_ms);
	fh_builder_text(b, "  ");
	fh_builder_text(b, fh_entry_kind_text(l->kind));
	if (fields) {
		fh_builder_u8(b, '\n');
		put_fields_text(b, f);
		return;
	}
	put_text_field(b, f, FH_FIELD_ACTOR);
	put_text_field(b, f, FH_FIELD_ACTION);
	put_text_field(b, f, FH_FIELD_RESOURCE);
	put_text_field(b, f, FH_FIELD_DECISION);
	put_text_field(b, f, FH_FIELD_INTENT);
	put_text_field(b, f, FH_FIELD_STATUS);
	put_text_field(b, f, FH_FIELD_DETAIL);
	fh_builder_u8(b, '\n');
}

static fh_err show_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct show *w = context;
	struct fh_fields f;

	if (l->index > w->to)
		return FH_ERR_CLOSED;
	if (l->index < w->from)
		return FH_ERR_OK;
	fh_err e = fh_payload_read(s->payload, &f);

	if (e != FH_ERR_OK)
		return e;
	w->line.n = 0;
	if (w->cli->json)
		put_json(&w->line, l, w->fields ? &f : nullptr);
	else
		put_text(&w->line, l, &f, w->fields);
	if (w->line.bad)
		return FH_ERR_LIMIT;
	return fwrite(w->line.p, 1, w->line.n, stdout) == w->line.n ? FH_ERR_OK : FH_ERR_IO;
}

static const struct fh_option show_options[] = {
	{ "from", 0, false, "N", "begin with this entry (default 0)" },
	{ "to", 0, false, "N", "end with this entry (default the last)" },
	{ "fields", 0, false, nullptr, "all that is recorded of each entry" },
};
static const struct fh_usage show_usage = {
	.verb = "record show",
	.operands = "[DIR]",
	.summary = "show entries of the record",
	.options = show_options,
	.options_n = sizeof(show_options) / sizeof(show_options[0]),
	.operands_max = 1,
	.text = "DIR is a state directory, or a copy of its record; without it, --state.  It\n"
		"may be in use.  Nothing is verified: see `freehold verify record --help`.",
	.examples = "freehold record show --from 100 --to 110 --fields",
};

/* The number that --NAME was given into *OUT, which stays if it was not.  -1, or
 * a usage error's status.  */
static int read_number(const struct fh_usage *u, const struct fh_arguments *a, const char *option,
		       uint64_t *out)
{
	const char *value = fh_argument(a, option);

	if (value == nullptr || fh_decimal_read(fh_span_str(value), out) == FH_ERR_OK)
		return -1;
	return fh_usage_error(u, "--%s takes the index of an entry", option);
}

static int run_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_segments) s = { 0 };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct show w = { .cli = cli, .to = UINT64_MAX };
	struct visitor v = { show_entry, nullptr, &w };
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &show_usage, argc, argv, &a);

	if (done < 0)
		done = read_number(&show_usage, &a, "from", &w.from);
	if (done < 0)
		done = read_number(&show_usage, &a, "to", &w.to);
	if (done >= 0)
		return done;
	w.fields = fh_argument(&a, "fields") != nullptr;
	const char *path = a.operands > 0 ? a.operand[0] : cli->config.state;
	fh_err e = fh_segments_open(path, &s, &t);

	if (e == FH_ERR_OK)
		e = fh_arena_map(line_max, &arena);
	w.line = fh_builder_of(arena.p, arena.cap);
	if (e == FH_ERR_OK)
		e = read_record(&s, &v, &t);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, path, &t);
}

/* --- prove ------------------------------------------------------------------------ */

struct prove {
	uint64_t index;
	struct fh_hash *leaf;         /* leaf hashes of all entries */
	uint64_t leaves, leaf_cap;
	struct fh_arena *arena;       /* for copies */
	struct fh_span leaf_bytes, payload, certificate; /* of the entry; of the newest session */
	struct fh_builder statements; /* CBOR byte strings */
	size_t statements_n;
	/* As they were at the newest checkpoint.  */
	struct fh_span note, note_certificate;
	struct fh_checkpoint checkpoint;
	size_t note_statements, note_statements_size;
};

/* The byte string in field ID of the payload.  */
static fh_err bytes_field(struct fh_span payload, enum fh_field_id id, struct fh_span *out)
{
	struct fh_fields f;
	fh_err e = fh_payload_read(payload, &f);
	const struct fh_field *field = e == FH_ERR_OK ? fh_fields_get(&f, id) : nullptr;

	if (field == nullptr)
		return e == FH_ERR_OK ? FH_ERR_FORMAT : e;
	struct fh_cursor c = fh_cursor_of(field->value);

	*out = fh_cbor_bytes(&c, FH_PAYLOAD_MAX);
	return fh_cursor_end(&c);
}

static fh_err prove_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct prove *w = context;
	struct fh_span bytes;
	fh_err e = FH_ERR_OK;

	if (w->leaves == w->leaf_cap || l->index != w->leaves)
		return FH_ERR_FORMAT;
	w->leaf[w->leaves++] = fh_leaf_hash(s->leaf);
	if (l->index == w->index) {
		e = fh_arena_copy(w->arena, s->leaf, &w->leaf_bytes);
		if (e == FH_ERR_OK)
			e = fh_arena_copy(w->arena, s->payload, &w->payload);
	}
	if (e == FH_ERR_OK && l->kind == FH_ENTRY_SESSION) {
		e = bytes_field(s->payload, FH_FIELD_CERTIFICATE, &bytes);
		if (e == FH_ERR_OK)
			e = fh_arena_copy(w->arena, bytes, &w->certificate);
	}
	if (e == FH_ERR_OK && l->kind == FH_ENTRY_CHAIN) {
		e = bytes_field(s->payload, FH_FIELD_STATEMENT, &bytes);
		if (e == FH_ERR_OK)
			fh_cbor_put_bytes(&w->statements, bytes);
		if (e == FH_ERR_OK && (w->statements.bad
				       || ++w->statements_n > FH_BUNDLE_STATEMENTS_MAX))
			e = FH_ERR_LIMIT;
	}
	return e;
}

static fh_err prove_checkpoint(void *context, struct fh_span bytes)
{
	struct prove *w = context;
	struct fh_note note;
	struct fh_checkpoint cp;
	fh_err e = fh_note_parse(bytes, &note);

	if (e == FH_ERR_OK)
		e = fh_checkpoint_parse(note.text, &cp);
	if (e != FH_ERR_OK || cp.size > w->leaves)
		return FH_ERR_FORMAT;
	/* Only the newest one is kept, in the room of the one before.  */
	if (w->note.p == nullptr) {
		uint8_t *room = fh_arena_take(w->arena, FH_CHECKPOINT_NOTE_MAX);

		if (room == nullptr)
			return FH_ERR_NOMEM;
		w->note = fh_span_of(room, 0);
	}
	if (bytes.n > FH_CHECKPOINT_NOTE_MAX)
		return FH_ERR_LIMIT;
	memcpy((uint8_t *)w->note.p, bytes.p, bytes.n);
	w->note.n = bytes.n;
	w->checkpoint = cp;
	w->note_certificate = w->certificate;
	w->note_statements = w->statements_n;
	w->note_statements_size = w->statements.n;
	return FH_ERR_OK;
}

static fh_err read_subtree(void *context, int level, uint64_t index, struct fh_hash *out)
{
	const struct prove *w = context;
	uint64_t start = index << level, end = start + (UINT64_C(1) << level);
	struct fh_tree part = { 0 };

	if (end > w->leaves)
		return FH_ERR_STATE;
	for (uint64_t i = start; i < end; i++)
		fh_tree_add(&part, &w->leaf[i]);
	*out = fh_tree_root(&part);
	return FH_ERR_OK;
}

/* Writes the proof file from what was gathered into OUT.  */
static fh_err put_proof(struct prove *w, struct fh_builder *bundle, struct fh_builder *out)
{
	struct fh_subtree_source from = { read_subtree, w };
	struct fh_proof_file p = { .index = w->index, .note = w->note };
	struct fh_bundle u = { .leaf = w->leaf_bytes, .payload = w->payload,
			       .certificate = w->note_certificate,
			       .statements = w->note_statements };
	fh_err e = fh_inclusion_build(&from, w->index, 0, w->checkpoint.size, &p.proof);

	if (e != FH_ERR_OK)
		return e;
	fh_bundle_put_open(bundle, &u);
	fh_builder_bytes(bundle, fh_span_first(fh_builder_span(&w->statements),
					       w->note_statements_size));
	size_t room = bundle->n / 3 * 4 + 8;
	uint8_t *text = fh_arena_take(w->arena, room);

	if (text == nullptr)
		return FH_ERR_NOMEM;
	struct fh_builder extra = fh_builder_of(text, room);

	fh_base64_put(&extra, fh_builder_span(bundle));
	p.extra = fh_builder_span(&extra);
	fh_proof_file_put(out, &p);
	return out->bad || extra.bad || bundle->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err take_memory(const struct fh_segments *s, struct fh_arena *arena, struct prove *w,
			  struct fh_builder *bundle, struct fh_builder *out)
{
	uint64_t entries = s->bytes / entry_min + FH_BATCH_ENTRIES_MAX;
	size_t file = 2 * statements_max + 2 * FH_PAYLOAD_MAX;
	fh_err e = fh_arena_map(entries * FH_HASH_SIZE + 4 * file + (8 << 20), arena);

	if (e != FH_ERR_OK)
		return e;
	w->arena = arena;
	w->leaf_cap = entries;
	w->leaf = fh_arena_array(arena, entries, FH_HASH_SIZE);
	w->statements = fh_builder_of(fh_arena_take(arena, statements_max), statements_max);
	*bundle = fh_builder_of(fh_arena_take(arena, file / 2), file / 2);
	*out = fh_builder_of(fh_arena_take(arena, file), file);
	return w->leaf == nullptr || out->p == nullptr || bundle->p == nullptr
			       || w->statements.p == nullptr
		       ? FH_ERR_NOMEM
		       : FH_ERR_OK;
}

static const struct fh_option prove_options[] = {
	{ "out", 0, false, "FILE", "write the proof here (default entry-N.tlog-proof)" },
};
static const struct fh_usage prove_usage = {
	.verb = "record prove",
	.operands = "N [DIR]",
	.summary = "prove to outsiders that entry N is in the record",
	.options = prove_options,
	.options_n = sizeof(prove_options) / sizeof(prove_options[0]),
	.operands_min = 1,
	.operands_max = 2,
	.text = "The file holds the entry with everything it says, its place under the newest\n"
		"checkpoint, and what it takes to check both.  Whoever gets it can read the\n"
		"entry; `freehold verify proof` checks it without this machine.",
	.examples = "freehold record prove 17 --out entry-17.tlog-proof",
};

static int write_proof(const struct fh_cli *cli, const char *path, struct fh_span text)
{
	fh_err e = fh_file_write_new(path, text, 0600);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "give another --out");
	fh_cli_say(cli, "%s", path);
	return FH_EXIT_YES;
}

static int run_prove(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_segments) s = { 0 };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct prove w = { 0 };
	struct visitor v = { prove_entry, prove_checkpoint, &w };
	struct fh_builder bundle, out;
	struct fh_trace t = { 0 };
	char name[64];
	int done = fh_cli_arguments(cli, &prove_usage, argc, argv, &a);

	if (done >= 0)
		return done;
	if (fh_decimal_read(fh_span_str(a.operand[0]), &w.index) != FH_ERR_OK)
		return fh_usage_error(&prove_usage, "`%s` is not the index of an entry",
				      a.operand[0]);
	(void)snprintf(name, sizeof(name), "entry-%llu.tlog-proof", (unsigned long long)w.index);
	const char *path = a.operands > 1 ? a.operand[1] : cli->config.state;
	const char *file = fh_argument(&a, "out");
	fh_err e = fh_segments_open(path, &s, &t);

	if (e == FH_ERR_OK)
		e = take_memory(&s, &arena, &w, &bundle, &out);
	if (e == FH_ERR_OK)
		e = read_record(&s, &v, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	if (w.index >= w.checkpoint.size)
		return fh_cli_fail(FH_ERR_MISSING, path, "no checkpoint covers that entry",
				   "see `freehold record show`; a new entry is covered at once when"
				   " freehold runs");
	e = put_proof(&w, &bundle, &out);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	return write_proof(cli, file != nullptr ? file : name, fh_builder_span(&out));
}

static const struct fh_subcommand subcommands[] = {
	{ "show", run_show, "show entries" },
	{ "prove", run_prove, "prove to outsiders that an entry is in the record" },
};

int fh_cmd_record(struct fh_cli *cli, int argc, char **argv)
{
	return fh_cli_subcommand(cli, "record", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
