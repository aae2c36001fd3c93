/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "role/log.h"
#include "role/supervisor.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TCTI "device:/dev/tpmrm0"

static const struct fh_option options[] = {
	{ "socket", 0, false, "PATH", "the Unix socket of clients; empty: none" },
	{ "listen", 0, false, "ADDRESS:PORT", "where to serve HTTP; port 0 takes any free one" },
	{ "tcti", 0, false, "TCTI", "which TPM: device:PATH, or swtpm:path=PATH of a simulator" },
};

static const struct fh_usage usage = {
	.verb = "serve",
	.operands = "",
	.summary = "Runs the daemon",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "Runs in the foreground until SIGTERM or SIGINT. Decides, records and passes on\n"
		"what actors ask of tool servers; messages go to standard error. It ends with\n"
		"status 2 when one of its processes dies or the record cannot be written, and the\n"
		"service manager starts it again; and with status 1 in a state that only the\n"
		"machine's owner can cure, which `freehold status` names.\n",
	.examples = "  freehold serve --state ./state --listen 127.0.0.1:7420\n",
};

static fh_err fill(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_serve *out)
{
	const char *socket = fh_argument(a, "socket"), *listen = fh_argument(a, "listen");
	const char *tcti = fh_argument(a, "tcti");
	bool whole = true;

	if (socket == nullptr)
		socket = cli->config.socket;
	if (listen == nullptr)
		listen = cli->config.listen;
	if (tcti == nullptr)
		tcti = cli->config.tcti[0] != '\0' ? cli->config.tcti : DEFAULT_TCTI;
	whole &= snprintf(out->state, sizeof(out->state), "%s", cli->config.state)
		 < (int)sizeof(out->state);
	whole &= snprintf(out->address, sizeof(out->address), "%s", listen)
		 < (int)sizeof(out->address);
	whole &= snprintf(out->ca_file, sizeof(out->ca_file), "%s", cli->config.ca_file)
		 < (int)sizeof(out->ca_file);
	whole &= snprintf(out->tcti, sizeof(out->tcti), "%s", tcti) < (int)sizeof(out->tcti);
	if (socket[0] == '\0' && fh_argument(a, "socket") == nullptr)
		whole &= snprintf(out->socket, sizeof(out->socket), "%s/socket", cli->config.state)
			 < (int)sizeof(out->socket);
	else
		whole &= snprintf(out->socket, sizeof(out->socket), "%s", socket)
			 < (int)sizeof(out->socket);
	return whole ? FH_ERR_OK : FH_ERR_LIMIT;
}

/* `log` of the configuration, for this process and its roles.  */
static fh_err set_log(enum fh_log_level level)
{
	static const char *const priority[] = {
		[FH_LOG_ERROR] = "3",
		[FH_LOG_WARNING] = "4",
		[FH_LOG_INFO] = "6",
		[FH_LOG_DEBUG] = "7",
	};

	if (setenv(FH_LOG_VARIABLE, priority[level], /* overwrite= */ 1) != 0)
		return FH_ERR_NOMEM;
	return FH_ERR_OK;
}

int fh_cmd_serve(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_trace t = { 0 };
	struct fh_serve what = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;
	fh_err e = fill(cli, &a, &what);

	if (e == FH_ERR_OK)
		e = set_log(cli->config.log);
	if (e == FH_ERR_OK)
		e = fh_supervise(&what, &t);
	if (e == FH_ERR_OK)
		return FH_EXIT_YES;
	done = fh_cli_fail_trace(e, "serve", &t);
	return e == FH_ERR_UNAPPROVED || e == FH_ERR_GONE ? FH_EXIT_NO : done;
}
