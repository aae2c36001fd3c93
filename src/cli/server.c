/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "cli/digest.h"
#include "cli/revoke.h"

constexpr int go_on = -1;
constexpr size_t body_max = 512 << 10;

static const struct fh_option add_options[] = {
	{ "uid", 0, false, "N", "the user it runs as" },
	{ "gid", 0, false, "N", "the group it runs as (default: as --uid)" },
	{ "directory", 0, false, "DIR", "where it starts (default: /)" },
	{ "env", 0, true, "NAME=VALUE", "its environment; nothing else is in it" },
	{ "pin", 0, false, nullptr, "only while its program is the very file it is now" },
	{ "url", 0, false, "URL", "a server over HTTP: not supported yet" },
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage usage_add = {
	.verb = "server add",
	.operands = "NAME",
	.summary = "Says how the tool server NAME is started",
	.options = add_options,
	.options_n = sizeof(add_options) / sizeof(add_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.command = true,
	.text = "Command, environment and user are part of what is signed: whoever connects\n"
		"chooses a name and nothing else.  The same NAME again replaces it.\n",
	.examples = "  freehold server add notes --uid 1001 --directory /srv/notes \\\n"
		    "      --operator-key op.key -- /usr/bin/notes-server /srv/notes\n",
};

static const struct fh_option revoke_options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_revoke = {
	.verb = "server revoke",
	.operands = "NAME",
	.summary = "Starts the tool server NAME no more",
	.options = revoke_options,
	.options_n = sizeof(revoke_options) / sizeof(revoke_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.examples = "  freehold server revoke notes --operator-key op.key\n",
};

static int read_id(const struct fh_arguments *a, const char *name, uint32_t *out)
{
	uint64_t id;

	if (fh_decimal_read(fh_span_str(fh_argument(a, name)), &id) != FH_ERR_OK ||
	    id >= UINT32_MAX)
		return fh_usage_error(&usage_add, "--%s needs a number", name);
	*out = (uint32_t)id;
	return go_on;
}

static int read_command(const struct fh_arguments *a, struct fh_arena *memory,
			struct fh_span *out)
{
	struct fh_builder b = fh_builder_of(fh_arena_take(memory, body_max), body_max);

	if (b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "server", nullptr, nullptr);
	if (a->command[0][0] != '/')
		return fh_usage_error(&usage_add, "`%s` is no absolute path", a->command[0]);
	if ((size_t)a->commands > FH_SERVER_ARGUMENTS_MAX)
		return fh_usage_error(&usage_add, "more than %zu words", FH_SERVER_ARGUMENTS_MAX);
	fh_cbor_put_array(&b, (size_t)a->commands);
	for (int i = 0; i < a->commands; i++)
		fh_cbor_put_text(&b, fh_span_str(a->command[i]));
	if (fh_builder_end(&b, out) != FH_ERR_OK)
		return fh_usage_error(&usage_add, "the command is too long");
	return go_on;
}

static size_t name_length(const char *variable)
{
	return (size_t)(strchr(variable, '=') - variable);
}

/* The order of map keys: shorter names first, then by bytes.  */
static int by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = name_length(x), m = name_length(y);

	if (n != m)
		return n < m ? -1 : 1;
	return strncmp(x, y, n);
}

static int read_environment(const struct fh_arguments *a, struct fh_arena *memory,
			    struct fh_span *out)
{
	const char *variable[FH_SERVER_ENVIRONMENT_MAX], *v;
	struct fh_builder b = fh_builder_of(fh_arena_take(memory, body_max), body_max);
	size_t n = 0;

	if (b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "server", nullptr, nullptr);
	for (; (v = fh_argument_nth(a, "env", n)) != nullptr; n++) {
		if (n == FH_SERVER_ENVIRONMENT_MAX || strchr(v, '=') == nullptr || v[0] == '=')
			return fh_usage_error(&usage_add,
					"--env needs NAME=VALUE, at most %zu times",
					      FH_SERVER_ENVIRONMENT_MAX);
		variable[n] = v;
	}
	qsort(variable, n, sizeof(variable[0]), by_name);
	fh_cbor_put_map(&b, n);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && by_name(&variable[i - 1], &variable[i]) == 0)
			return fh_usage_error(&usage_add, "--env names `%.*s` twice",
					      (int)name_length(variable[i]), variable[i]);
		fh_cbor_put_text(&b, fh_span_of(variable[i], name_length(variable[i])));
		fh_cbor_put_text(&b, fh_span_str(variable[i] + name_length(variable[i]) + 1));
	}
	return fh_builder_end(&b, out) == FH_ERR_OK
		? go_on : fh_usage_error(&usage_add, "the environment is too long");
}

static int read_server(const struct fh_arguments *a, struct fh_arena *memory,
		       struct fh_hash *digest, struct fh_server_body *s)
{
	const char *directory = fh_argument(a, "directory");

	if (fh_argument(a, "url") != nullptr)
		return fh_cli_fail(FH_ERR_UNSUPPORTED, "server",
				   "servers over HTTP are not supported yet",
				   "use one that speaks over stdio");
	if (fh_argument(a, "uid") == nullptr)
		return fh_usage_error(&usage_add, "needs --uid N, the user it runs as");
	s->name = fh_span_str(a->operand[0]);
	s->directory = fh_span_str(directory == nullptr ? "/" : directory);

	int done = read_id(a, "uid", &s->uid);

	s->gid = s->uid;
	if (done == go_on && fh_argument(a, "gid") != nullptr)
		done = read_id(a, "gid", &s->gid);
	if (done == go_on)
		done = read_command(a, memory, &s->command);
	if (done == go_on)
		done = read_environment(a, memory, &s->environment);
	if (done != go_on || fh_argument(a, "pin") == nullptr)
		return done;

	fh_err e = fh_digest_file(a->command[0], digest);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, a->command[0], nullptr, "give the program's file");
	s->executable = fh_hash_span(digest);
	return go_on;
}

static int server_add(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_server_body s = { 0 };
	struct fh_hash digest;
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_add, argc, argv, &a);

	if (done == go_on)
		done = fh_signing_begin(cli, &usage_add, &a, &state, &signing);
	if (done == go_on)
		done = read_server(&a, &state.memory, &digest, &s);
	if (done != go_on)
		return done;

	size_t cap = 2 * body_max;
	struct fh_builder b = fh_builder_of(fh_arena_take(&state.memory, cap), cap);

	if (b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "server", nullptr, nullptr);
	fh_server_put(&b, &s);
	return fh_signing_next(cli, &a, &state, &signing, "server", fh_builder_span(&b));
}

static int server_revoke(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_revoke, argc, argv, &a);

	if (done != go_on)
		return done;
	return fh_revoke(cli, &usage_revoke, &a, FH_STATEMENT_SERVER, fh_span_str(a.operand[0]));
}

int fh_cmd_server(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "add", server_add, "say how a tool server is started" },
		{ "revoke", server_revoke, "start it no more" },
	};

	return fh_cli_subcommand(cli, "server", subcommands, 2, argc, argv);
}
