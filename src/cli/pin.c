/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/sort.h"
#include "cli/ask_tools.h"
#include "cli/pin_show.h"
#include "cli/revoke.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t memory_size = 256 << 20; /* several of the largest answers, as trees */
constexpr size_t rows_max = FH_PINS_TOOLS_MAX + FH_TOOLS_LISTED_MAX;

static const struct fh_option options[] = {
	{ "tools", 0, false, "FILE",
	"a saved answer to tools/list, instead of starting the server" },
	{ "except", 0, true, "TOOL", "leave this tool out: it cannot be called then" },
	{ "revoke", 0, false, nullptr, "take the pins back: the server is free again" },
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage usage = {
	.verb = "pin",
	.operands = "SERVER",
	.summary = "Shows or signs what the tools of a server are",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Starts SERVER as its statement says, asks for its tools, and shows how they\n"
		"differ from what is pinned; with --operator-key, pins them as they are.  While\n"
		"pins are in force a tool is listed and called only while the server defines it\n"
		"by the very same bytes, and its arguments are held to the pinned inputSchema.\n"
		"Exit status 0: everything is as pinned, or pinned now.  1: something differs.\n",
	.examples = "  freehold pin notes\n"
		    "  freehold pin notes --except delete --operator-key op.key\n"
		    "  freehold pin notes --tools answer.json --operator-key op.key\n",
};

/* What is known of the tools of one server.  */
struct pinning {
	const struct fh_cli *cli;
	const struct fh_arguments *a;
	struct fh_state state;
	struct fh_arena memory;
	struct fh_span server;
	struct fh_pin_row *row;
	size_t n;
	struct fh_trace t;
};

static struct fh_pin_row *find(const struct pinning *p, struct fh_span name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (fh_span_equal(p->row[i].name, name))
			return &p->row[i];
	}
	return nullptr;
}

static bool is_excepted(const struct pinning *p, struct fh_span name)
{
	const char *said;

	for (size_t i = 0; (said = fh_argument_nth(p->a, "except", i)) != nullptr; i++) {
		if (fh_span_equal(name, fh_span_str(said)))
			return true;
	}
	return false;
}

static bool is_name(struct fh_span name)
{
	bool good = name.n > 0 && name.n <= FH_NAME_MAX;

	for (size_t i = 0; good && i < name.n; i++)
		good = name.p[i] >= 0x20 && name.p[i] != 0x7f;
	return good;
}

static fh_err add_tools(struct pinning *p, const struct fh_mcp_tools *tools)
{
	for (const struct fh_json *i = tools->list->first; i != nullptr; i = i->next) {
		struct fh_span name = fh_mcp_tool_name(i);

		if (!is_name(name)) {
			fh_trace_what(&p->t, "a tool without a name of 1 to 128 printable bytes");
			return FH_ERR_FORMAT;
		}
		if (find(p, name) != nullptr) {
			fh_trace_what(&p->t, "two definitions of the tool `%.*s`", (int)name.n,
				      (const char *)name.p);
			return FH_ERR_FORMAT;
		}
		if (p->n == FH_TOOLS_LISTED_MAX) {
			fh_trace_what(&p->t, "more than %zu tools", FH_TOOLS_LISTED_MAX);
			return FH_ERR_LIMIT;
		}
		p->row[p->n++] = (struct fh_pin_row){ .name = name, .now = i,
						      .left_out = is_excepted(p, name) };
	}
	return FH_ERR_OK;
}

static fh_err add_pinned(struct pinning *p)
{
	const struct fh_pins_held *held = fh_chain_pins(&p->state.chain, p->server);
	struct fh_span name, definition;
	size_t at = 0;

	while (held != nullptr && fh_pins_next(held->body.tools, &at, &name, &definition)) {
		struct fh_pin_row *row = find(p, name);

		if (row == nullptr)
			row = &p->row[p->n++];
		row->name = name;
		row->pinned = definition;
	}
	return FH_ERR_OK;
}

/* The order of map keys: shorter names first, then by bytes.  */
static int by_name(const void *a, const void *b)
{
	const struct fh_pin_row *x = a, *y = b;

	if (x->name.n != y->name.n)
		return x->name.n < y->name.n ? -1 : 1;
	return fh_span_compare(x->name, y->name);
}

static fh_err read_saved(struct pinning *p, const char *path)
{
	struct fh_mcp_tools tools;
	struct fh_span text;
	fh_err e = fh_file_read(path, FH_JSON_MAX, &p->memory, &text);

	if (e == FH_ERR_OK)
		e = fh_mcp_tools_read(text, &p->memory, &tools, &p->t);
	if (e == FH_ERR_OK && tools.cursor.n > 0) {
		fh_trace_what(&p->t, "the answer says that there is more (`nextCursor`)");
		fh_trace_cure(&p->t, "save all tools in one list");
		return FH_ERR_FORMAT;
	}
	return e == FH_ERR_OK ? add_tools(p, &tools) : e;
}

static fh_err ask_server(struct pinning *p)
{
	const struct fh_server *server = fh_chain_server(&p->state.chain, p->server);
	struct fh_mcp_tools page[FH_ASK_PAGES_MAX];
	size_t n = 0;
	fh_err e = fh_ask_tools(&server->body, &p->memory, page, &n, &p->t);

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++)
		e = add_tools(p, &page[i]);
	if (e != FH_ERR_OK)
		fh_trace_cure(&p->t,
			"start it by hand, save its answer to tools/list and give that "
				     "with --tools");
	return e;
}

static int collect(struct pinning *p)
{
	const char *saved = fh_argument(p->a, "tools");
	fh_err e = fh_arena_map(memory_size, &p->memory);

	p->row = fh_arena_array(&p->memory, rows_max, sizeof(*p->row));
	if (e == FH_ERR_OK && p->row == nullptr)
		e = FH_ERR_NOMEM;
	if (e == FH_ERR_OK)
		e = saved != nullptr ? read_saved(p, saved) : ask_server(p);
	if (e == FH_ERR_OK)
		e = add_pinned(p);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, saved != nullptr ? saved : p->a->operand[0], &p->t);
	fh_sort(p->row, p->n, sizeof(*p->row), by_name);
	return go_on;
}

static bool differs(const struct pinning *p)
{
	for (size_t i = 0; i < p->n; i++) {
		enum fh_pin_change change = fh_pin_change(&p->row[i]);

		if (change != FH_PIN_SAME && (change != FH_PIN_LEFT_OUT || p->row[i].pinned.n > 0))
			return true;
	}
	return fh_chain_pins(&p->state.chain, p->server) == nullptr;
}

static bool to_be_pinned(const struct fh_pin_row *row)
{
	return row->now != nullptr && !row->left_out;
}

static int sign(struct pinning *p)
{
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_builder b = fh_builder_of(fh_arena_space(&p->memory, FH_STATEMENT_MAX),
					    FH_STATEMENT_MAX);
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += to_be_pinned(&p->row[i]);
	if (b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "pin", nullptr, nullptr);
	fh_pins_begin(&b, n);
	for (size_t i = 0; i < p->n; i++) {
		if (to_be_pinned(&p->row[i]))
			fh_pins_put_tool(&b, p->row[i].name, p->row[i].now->raw);
	}
	fh_pins_end(&b, p->server);
	if (b.bad || n > FH_PINS_TOOLS_MAX)
		return fh_cli_fail(FH_ERR_LIMIT, "pin", "the definitions do not fit a statement",
				   "leave tools out with --except");
	int done = fh_signing_open(p->cli, &usage, p->a, &signing);

	return done != go_on ? done
			     : fh_signing_next(p->cli, p->a, &p->state, &signing, "pins",
					       fh_builder_span(&b));
}

static int run(struct pinning *p)
{
	fh_err e = fh_state_open(p->cli, &p->state, &p->t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, p->cli->config.state, &p->t);
	if (fh_chain_server(&p->state.chain, p->server) == nullptr)
		return fh_cli_fail(FH_ERR_MISSING, p->a->operand[0],
				   "no statement of the operator names such a server",
				   "`freehold chain show` lists those in force");
	int done = collect(p);

	if (done != go_on)
		return done;
	e = fh_pin_show(p->cli, p->server, p->row, p->n, &p->memory);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, p->a->operand[0], nullptr, nullptr);
	if (fh_argument(p->a, "operator-key") != nullptr)
		return sign(p);
	return differs(p) ? FH_EXIT_NO : FH_EXIT_YES;
}

int fh_cmd_pin(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	struct pinning p = { .cli = cli, .a = &a };
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	p.server = fh_span_str(a.operand[0]);
	if (fh_argument(&a, "revoke") != nullptr)
		return fh_revoke(cli, &usage, &a, FH_STATEMENT_PINS, p.server);
	done = run(&p);
	fh_arena_drop(&p.memory);
	fh_state_drop(&p.state);
	return done;
}
