/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_reader.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"

constexpr size_t line_max = FH_JSON_MAX;
constexpr size_t memory_max = 16 * FH_JSON_MAX + 3 * FH_JSON_MAX + (64 << 10);

void fh_reader_drop(struct fh_reader *r)
{
	fh_fd_drop(&r->daemon);
	fh_arena_drop(&r->text);
	fh_arena_drop(&r->memory);
}

static int broke(const struct fh_reader *r, fh_err e)
{
	return fh_cli_fail(e, r->path, e == FH_ERR_CLOSED ? "the daemon closed the connection"
							  : nullptr,
			   "see what the daemon says: freehold status");
}

int fh_reader_open(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_reader *out)
{
	int done = fh_daemon_connect(cli, a, out->path, &out->daemon);
	fh_err e;

	if (done != FH_EXIT_YES)
		return done;
	e = fh_arena_map(line_max + 1, &out->text);
	if (e == FH_ERR_OK)
		e = fh_arena_map(memory_max, &out->memory);
	if (e == FH_ERR_OK)
		e = fh_fd_write(fh_fd_get(out->daemon), FH_SPAN_LIT(FH_OPEN_ASK_HELLO "\n"));
	return e == FH_ERR_OK ? FH_EXIT_YES : broke(out, e);
}

/* --- one line each way -------------------------------------------------- */

/* Nothing is sent before it was asked for, so behind the line there is nothing.  */
static fh_err read_line(struct fh_reader *r, struct fh_span *out)
{
	size_t n = 0;

	while (n == 0 || r->text.p[n - 1] != '\n') {
		if (n > line_max)
			return FH_ERR_LIMIT;
		ssize_t got = read(fh_fd_get(r->daemon), r->text.p + n, line_max + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 || errno == ECONNRESET ? FH_ERR_CLOSED
							       : fh_errno_err(errno);
		n += (size_t)got;
	}
	*out = fh_span_of(r->text.p, n - 1);
	return FH_ERR_OK;
}

/* --- what it says ------------------------------------------------------- */

uint64_t fh_reader_number(struct fh_span map, const char *name)
{
	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(map, name));
	uint64_t v = fh_cbor_uint(&c);

	return fh_cursor_bad(&c) ? UINT64_MAX : v;
}

static struct fh_span text(struct fh_span map, const char *name)
{
	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(map, name));

	return fh_cbor_text(&c, FH_JSON_MAX);
}

static fh_err read_result(struct fh_reader *r, struct fh_span map, struct fh_reader_answer *out)
{
	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(map, "erased"));
	struct fh_span coded = text(map, "openings");
	uint8_t *p = fh_arena_space(&r->memory, coded.n);
	struct fh_builder openings = fh_builder_of(p, p == nullptr ? 0 : coded.n);

	struct fh_cursor whole = fh_cursor_of(fh_cbor_map_get(map, "whole"));

	out->next = fh_reader_number(map, "next");
	out->whole = fh_cbor_bool(&whole);
	out->opened = fh_reader_number(map, "opened");
	out->public = fh_reader_number(map, "public");
	out->without = fh_reader_number(map, "without");
	out->erased_n = fh_cbor_array(&c, FH_OPEN_ASK_ENTRIES_MAX);
	for (size_t i = 0; i < out->erased_n; i++)
		out->erased[i] = fh_cbor_uint(&c);
	if (fh_cursor_end(&c) != FH_ERR_OK || fh_cursor_end(&whole) != FH_ERR_OK
	    || out->next == UINT64_MAX
	    || fh_base64_read(coded, &openings) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	out->openings = fh_builder_span(&openings);
	return FH_ERR_OK;
}

/* Tells why not.  */
static int say_refused(struct fh_span no, const char *where, const char *verb)
{
	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(no, "refused"));
	struct fh_span reason = text(no, "reason"), why = text(no, "text");
	bool refused = fh_cbor_bool(&c);
	uint64_t record = fh_reader_number(no, "record");
	char what[1280], entry[64] = "";

	if (record != UINT64_MAX)
		(void)snprintf(entry, sizeof(entry), " (entry %llu of the record)",
			       (unsigned long long)record);
	(void)snprintf(what, sizeof(what), "%s %s that: %.*s: %.*s%s",
		       refused ? "the daemon refuses to" : "the daemon could not", verb,
		       (int)reason.n, (const char *)reason.p, (int)why.n, (const char *)why.p,
		       entry);
	(void)fh_cli_fail(FH_ERR_PERMISSION, where, what,
			  refused ? "what it takes is in freehold-record(1), \"Sealed entries\""
				  : "see what the daemon says: freehold status");
	return refused && !fh_cursor_bad(&c) ? FH_EXIT_NO : FH_EXIT_COULD_NOT;
}

static int say_senseless(const struct fh_reader *r)
{
	return fh_cli_fail(FH_ERR_FORMAT, r->path, "the daemon's answer makes no sense",
			   "use the daemon's own version of this program");
}

int fh_reader_say(struct fh_reader *r, struct fh_span line, const char *where, const char *verb,
		  struct fh_span *out)
{
	struct fh_trace t = { 0 };
	struct fh_builder cbor;
	struct fh_span came;
	fh_err e = fh_fd_write(fh_fd_get(r->daemon), line);

	fh_arena_reset(&r->memory);
	if (e == FH_ERR_OK)
		e = read_line(r, &came);
	if (e != FH_ERR_OK)
		return broke(r, e);
	/* As CBOR a text is no longer than in JSON.  */
	cbor = fh_builder_of(fh_arena_space(&r->memory, came.n + 64), came.n + 64);
	e = cbor.p == nullptr ? FH_ERR_NOMEM : fh_json_to_cbor(came, &r->memory, &cbor, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, r->path, &t);
	struct fh_span said = fh_builder_span(&cbor), no = fh_cbor_map_get(said, "error");

	if (no.n > 0)
		return say_refused(no, where, verb);
	*out = said;
	return fh_cbor_map_get(said, "result").n > 0 ? FH_EXIT_YES : say_senseless(r);
}

int fh_reader_ask(struct fh_reader *r, const struct fh_open_ask *o, struct fh_reader_answer *out)
{
	uint8_t bytes[FH_OPEN_ASK_LINE_MAX];
	struct fh_builder line = FH_BUILDER_ARRAY(bytes);
	struct fh_span said;
	char where[96];

	(void)snprintf(where, sizeof(where), o->from == o->to ? "entry %llu" : "entries %llu..%llu",
		       (unsigned long long)o->from, (unsigned long long)o->to);
	fh_open_ask_put_line(&line, o);
	fh_builder_text(&line, "\n");
	int done = line.bad ? broke(r, FH_ERR_LIMIT)
			    : fh_reader_say(r, fh_builder_span(&line), where, "open", &said);

	if (done != FH_EXIT_YES)
		return done;
	*out = (struct fh_reader_answer){ .record = fh_reader_number(said, "record") };
	return read_result(r, fh_cbor_map_get(said, "result"), out) == FH_ERR_OK
		       ? FH_EXIT_YES : say_senseless(r);
}

int fh_reader_nothing(const struct fh_reader_answer *said, const char *where)
{
	if (said->erased_n > 0)
		return fh_cli_fail(FH_ERR_MISSING, where,
				   "its key is gone: what it said was erased",
				   "that it is in the record and unaltered is still proved: "
				   "freehold verify record");
	if (said->without > 0)
		return fh_cli_fail(FH_ERR_MISSING, where, "it has no such field",
				   "without --field all that it has is opened");
	return fh_cli_fail(FH_ERR_STATE, where, "it is not sealed",
			   "`freehold record show --fields` shows it");
}
