/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/login.h"
#include "cli/time.h"
#include "cli/verify_stamp.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/view.h"

constexpr int go_on = -1;
constexpr mode_t store_mode = 0644;

#define STORE_OPTIONS                                                                         \
	{ "headers", 0, false, "FILE", "the store (default: in the state directory's cache)" }, \
	{ "network", 0, false, "NAME", "main (the default), testnet or regtest" }

static const struct fh_option sync_options[] = { FH_NODE_OPTIONS, STORE_OPTIONS };
static const struct fh_option store_options[] = { STORE_OPTIONS };

static const struct fh_usage usage_sync = {
	.verb = "headers sync",
	.operands = "",
	.summary = "Fetches the headers that are missing from the operator's Bitcoin node",
	.options = sync_options,
	.options_n = sizeof(sync_options) / sizeof(sync_options[0]),
	.text = "Every header is checked, and the branch with the most work is kept.\n",
	.examples = "freehold headers sync --bitcoin http://127.0.0.1:8332 --login .cookie\n",
};
static const struct fh_usage usage_import = {
	.verb = "headers import",
	.operands = "FILE",
	.summary = "Takes the headers of a file over",
	.options = store_options,
	.options_n = sizeof(store_options) / sizeof(store_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE has the headers from the genesis block on, or such as lead to a block that is"
		"\nknown, in any form that `verify stamp --headers` reads.\n",
	.examples = "freehold headers import blockchain_headers\n",
};
static const struct fh_usage usage_show = {
	.verb = "headers show",
	.operands = "",
	.summary = "Shows how far the headers reach, after checking all of them",
	.options = store_options,
	.options_n = sizeof(store_options) / sizeof(store_options[0]),
	.examples = "freehold headers show\n",
};

/* The store, and what is in it.  */
struct task {
	const struct fh_cli *cli;
	struct fh_arguments a;
	char path[FH_PATH_MAX];
	enum fh_network network;
	struct fh_view old;
	struct fh_arena memory;
	struct fh_headers headers;
	struct fh_login login;
};

static void task_drop(struct task *t)
{
	fh_view_drop(&t->old);
	fh_arena_drop(&t->memory);
	fh_login_drop(&t->login);
}

static int begin(struct fh_cli *cli, const struct fh_usage *u, int argc, char **argv,
		 struct task *t)
{
	int done = fh_cli_arguments(cli, u, argc, argv, &t->a);

	if (done != go_on)
		return done;

	const char *network = fh_argument(&t->a, "network"), *path = fh_argument(&t->a, "headers");

	t->cli = cli;
	if (network != nullptr && fh_network_parse(fh_span_str(network), &t->network) != FH_ERR_OK)
		return fh_usage_error(u, "--network takes main, testnet or regtest");

	bool fits = path == nullptr
		? fh_headers_path(cli, t->network, t->path)
		: snprintf(t->path, sizeof(t->path), "%s", path) < (int)sizeof(t->path);

	if (!fits)
		return fh_usage_error(u, "the name of the store is too long");
	return go_on;
}

static int fail(const char *path, fh_err e, const struct fh_trace *t)
{
	char where[FH_PATH_MAX + FH_TRACE_WHERE_MAX + 4];

	(void)snprintf(where, sizeof(where), "%s%s%s", path, t->where[0] != '\0' ? ": " : "",
		       t->where);
	return fh_cli_fail(e, where, t->what, t->cure);
}

/* Makes a set for what is in the store and for MORE headers, and reads the store, which
 * may be missing if MAY_MISS.  */
static int load(struct task *t, size_t more, bool may_miss)
{
	struct fh_trace why = { 0 };
	fh_err e = fh_view_open(t->path, &t->old);
	bool missing = e == FH_ERR_MISSING && may_miss;

	if (e != FH_ERR_OK && !missing)
		return fh_cli_fail(e, t->path, nullptr,
				   "fill it with `headers sync` or `headers import`");

	size_t cap = more + (missing ? 0 : fh_headers_count(t->old.bytes));

	e = fh_arena_map(fh_headers_memory(cap) + 4096, &t->memory);
	if (e == FH_ERR_OK)
		e = fh_headers_begin(t->network, cap, &t->memory, &t->headers);
	if (e == FH_ERR_OK && !missing)
		e = fh_headers_read_more(&t->headers, t->old.bytes, &why);
	return e != FH_ERR_OK ? fail(t->path, e, &why) : go_on;
}

/* The state directory may have no cache yet.  */
static fh_err make_cache(const struct task *t)
{
	char path[FH_PATH_MAX];
	const char *slash = strrchr(t->path, '/');

	if (fh_argument(&t->a, "headers") != nullptr || slash == nullptr)
		return FH_ERR_OK;
	(void)snprintf(path, sizeof(path), "%.*s", (int)(slash - t->path), t->path);
	return mkdir(path, 0700) == 0 || errno == EEXIST ? FH_ERR_OK : fh_errno_err(errno);
}

static int tell(const struct task *t)
{
	struct fh_header_place tip, first;
	char when[FH_TIME_TEXT];

	if (!fh_headers_tip(&t->headers, &tip) ||
	    !fh_headers_find(&t->headers, fh_headers_first(&t->headers), &first))
		return fh_cli_fail(FH_ERR_MISSING, t->path, "no header in it has a height",
				   nullptr);
	fh_time_text(UINT64_C(1000) * tip.header.time, when);
	if (t->cli->json)
		printf("{\"network\":\"%s\",\"first\":%llu,\"height\":%llu,\"time\":%llu,"
		       "\"trust\":\"%s\",\"work-log2\":%d}\n", fh_network_text(t->network),
		       (unsigned long long)first.height, (unsigned long long)tip.height,
		       (unsigned long long)tip.header.time, fh_header_trust_text(tip.trust),
		       fh_number_log2(&first.work));
	else
		fh_cli_say(t->cli, "%s: blocks %llu to %llu, %s; trust: %s; 2^%d hashes",
			   fh_network_text(t->network), (unsigned long long)first.height,
			   (unsigned long long)tip.height, when, fh_header_trust_text(tip.trust),
			   fh_number_log2(&first.work));
	return FH_EXIT_YES;
}

/* Writes the best branch, if it is one that stands by itself.  */
static int keep(struct task *t)
{
	size_t size = fh_headers_put_size(&t->headers);
	FH_OWN(fh_arena) room = { 0 };
	struct fh_header_place tip;
	struct fh_span bytes = { 0 };
	fh_err e = fh_arena_map(size, &room);

	if (!fh_headers_tip(&t->headers, &tip) || tip.trust < FH_HEADER_SHORT)
		return fh_cli_fail(FH_ERR_STATE, t->path,
				   "the headers hang from nothing that is known",
				   "give them from the genesis block on");
	if (e == FH_ERR_OK) {
		struct fh_builder b = fh_builder_of(room.p, room.cap);

		fh_headers_put(&b, &t->headers);
		e = fh_builder_end(&b, &bytes);
	}
	if (e == FH_ERR_OK)
		e = make_cache(t);
	if (e == FH_ERR_OK)
		e = fh_file_replace(t->path, bytes, store_mode);
	return e != FH_ERR_OK ? fh_cli_fail(e, t->path, nullptr, nullptr) : tell(t);
}

static void progress(uint64_t height, uint64_t of)
{
	if (isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\rblock %llu of %llu%s", (unsigned long long)height,
			(unsigned long long)of, height == of ? "\n" : "");
}

static int headers_sync(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { 0 };
	struct fh_trace why = { 0 };
	enum fh_network on;
	uint64_t height;
	int done = begin(cli, &usage_sync, argc, argv, &t);

	if (done == go_on)
		done = fh_login_begin(cli, &usage_sync, &t.a, &t.login);
	if (done != go_on)
		return done;

	struct fh_node *n = &t.login.node;

	if (n->url == nullptr)
		return fh_usage_error(&usage_sync, "name a --bitcoin node");

	fh_err e = fh_node_network(n, &on, &height, &why);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, n->url, &why);
	if (on != t.network || height > FH_HEADER_HEIGHT_MAX)
		return fh_cli_fail(FH_ERR_CONFLICT, n->url, "this node is on another network",
				   "name that with --network if it is meant");
	done = load(&t, (size_t)height + 1, true);
	if (done != go_on)
		return done;
	e = fh_node_headers(n, height, &t.headers, progress, &why);
	return e != FH_ERR_OK ? fh_cli_fail_trace(e, n->url, &why) : keep(&t);
}

static int headers_import(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { 0 };
	FH_OWN(fh_view) file = { 0 };
	struct fh_trace why = { 0 };
	int done = begin(cli, &usage_import, argc, argv, &t);

	if (done != go_on)
		return done;

	fh_err e = fh_view_open(t.a.operand[0], &file);

	if (e == FH_ERR_OK && file.bytes.n > FH_HEADERS_FILE_MAX)
		e = FH_ERR_LIMIT;
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, t.a.operand[0], nullptr, "name a file with headers");
	done = load(&t, fh_headers_count(file.bytes), true);
	if (done != go_on)
		return done;
	e = fh_headers_read_more(&t.headers, file.bytes, &why);
	return e != FH_ERR_OK ? fail(t.a.operand[0], e, &why) : keep(&t);
}

static int headers_show(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { 0 };
	int done = begin(cli, &usage_show, argc, argv, &t);

	if (done == go_on)
		done = load(&t, 0, false);
	return done != go_on ? done : tell(&t);
}

static const struct fh_subcommand parts[] = {
	{ "sync", headers_sync, "fetch what is missing from the operator's Bitcoin node" },
	{ "import", headers_import, "take the headers of a file over" },
	{ "show", headers_show, "show how far the headers reach" },
};

int fh_cmd_headers(struct fh_cli *cli, int argc, char **argv)
{
	return fh_cli_subcommand(cli, "headers", parts, sizeof(parts) / sizeof(parts[0]), argc,
				 argv);
}
