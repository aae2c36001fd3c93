/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/connect_heard.h"

#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"
#include "os/memory.h"
#include "wire/mcp.h"

constexpr size_t room = 32 * sizeof((struct fh_heard){ 0 }.line); /* to read one line */

static struct fh_span text(struct fh_span map, const char *name)
{
	struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(map, name));

	return fh_cbor_text(&c, FH_JSON_MAX);
}

static bool is_null(struct fh_span item)
{
	return item.n == 1 && item.p[0] == 0xf6;
}

/* The daemon's own errors say {"reason"} in `data`; a tool server's, once there is a session, are
 * none of ours.  One for no request ends the session, and its reason is an outcome's status.  */
static void hear_error(struct fh_heard *h, struct fh_span said, struct fh_span error)
{
	static const char *const ends[] = { "partial", "cancelled", "failed" };
	struct fh_span reason = text(fh_cbor_map_get(error, "data"), "reason");
	struct fh_span message = text(error, "message");
	struct fh_cursor code = fh_cursor_of(fh_cbor_map_get(error, "code"));
	bool over = false;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		over |= is_null(fh_cbor_map_get(said, "id"))
			&& fh_span_equal(reason, fh_span_str(ends[i]));
	if (h->opened && !over)
		return;
	h->over |= over;
	h->refused = over ? fh_span_equal(reason, fh_span_str(ends[0]))
			  : fh_cbor_int(&code) == FH_MCP_CODE_REFUSED;
	(void)snprintf(h->why, sizeof(h->why), "%.*s (reason %.*s)", (int)message.n,
		       (const char *)message.p, (int)reason.n, (const char *)reason.p);
}

static void hear_line(struct fh_heard *h, struct fh_arena *a)
{
	size_t cap = h->n + 64;
	struct fh_builder b = fh_builder_of(fh_arena_space(a, cap), cap);
	struct fh_trace t = { 0 };

	if (b.p == nullptr
	    || fh_json_to_cbor(fh_span_of(h->line, h->n), a, &b, &t) != FH_ERR_OK)
		return;
	struct fh_span said = fh_builder_span(&b), error = fh_cbor_map_get(said, "error");

	if (error.n > 0)
		hear_error(h, said, error);
	else if (text(fh_cbor_map_get(said, "result"), "protocolVersion").n > 0)
		h->opened = true;
}

/* Once a session is open only its end matters, and that has no id.  */
static bool matters(const struct fh_heard *h)
{
	const struct fh_span end = FH_SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":null,");

	return h->n <= sizeof(h->line)
	       && (!h->opened || fh_span_starts(fh_span_of(h->line, h->n), end));
}

static void hear_end(struct fh_heard *h)
{
	FH_OWN(fh_arena) memory = { 0 };

	if (matters(h) && fh_arena_map(room, &memory) == FH_ERR_OK)
		hear_line(h, &memory);
	h->n = 0;
}

void fh_heard_take(struct fh_heard *h, struct fh_span bytes)
{
	while (bytes.n > 0) {
		size_t n = fh_span_find(bytes, '\n');
		struct fh_span part = fh_span_first(bytes, n);

		if (h->n <= sizeof(h->line) && part.n <= sizeof(h->line) - h->n) {
			memcpy(h->line + h->n, part.p, part.n);
			h->n += part.n;
		} else {
			h->n = sizeof(h->line) + 1;
		}
		if (n == bytes.n)
			return;
		hear_end(h);
		bytes = fh_span_skip(bytes, n + 1);
	}
}

int fh_heard_status(const struct fh_heard *h, const char *name, bool ended)
{
	if (h->why[0] != '\0' && (!h->opened || h->over)) {
		(void)fh_cli_fail(FH_ERR_PERMISSION, name, h->why,
				  h->refused ? "what is allowed is the operator's word: "
					       "freehold-policy(1), freehold-actor(1)"
					     : "see what the daemon says: freehold status");
		return h->refused ? FH_EXIT_NO : FH_EXIT_COULD_NOT;
	}
	if (!ended)
		return fh_cli_fail(FH_ERR_CLOSED, name, "the daemon closed the connection",
				   "see what it says: freehold status");
	return FH_EXIT_YES;
}
