/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to do where nobody knew anything better.  */
static const char *usual_cure(fh_err e)
{
	switch (e) {
	case FH_ERR_NOMEM:
		return "free some memory and try again";
	case FH_ERR_IO:
		return "check the disk or pipe behind it, then try again";
	case FH_ERR_MISSING:
		return "check the name";
	case FH_ERR_PERMISSION:
		return "run this as the user whose it is";
	case FH_ERR_EXISTS:
		return "choose a name that is not taken";
	case FH_ERR_FULL:
		return "make room and try again";
	case FH_ERR_TIMEOUT:
	case FH_ERR_LOCKED:
		return "try again later";
	case FH_ERR_VERSION:
	case FH_ERR_UNSUPPORTED:
		return "update Freehold, or go without it";
	default:
		return "correct or replace it, then try again";
	}
}

static bool is_said(const char *text)
{
	return text != nullptr && text[0] != '\0';
}

int fh_cli_fail(fh_err e, const char *where, const char *what, const char *cure)
{
	fprintf(stderr, "freehold: %s: %s; %s\n", where, is_said(what) ? what : fh_err_text(e),
		is_said(cure) ? cure : usual_cure(e));
	return FH_EXIT_COULD_NOT;
}

int fh_cli_fail_trace(fh_err e, const char *where, const struct fh_trace *t)
{
	return fh_cli_fail(e, t->where[0] != '\0' ? t->where : where, t->what, t->cure);
}

void fh_cli_say(const struct fh_cli *cli, const char *format, ...)
{
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

bool fh_cli_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) == 1 && (no == nullptr || no[0] == '\0') &&
	       term != nullptr && strcmp(term, "dumb") != 0;
}

static fh_err load_config(struct fh_cli *cli, const char *given, struct fh_trace *t)
{
	fh_err e = fh_config_load(given != nullptr ? given : FH_CONFIG_PATH, &cli->config, t);

	return e == FH_ERR_MISSING && given == nullptr ? FH_ERR_OK : e;
}

int fh_cli_arguments(struct fh_cli *cli, const struct fh_usage *u, int argc, char **argv,
		     struct fh_arguments *out)
{
	struct fh_trace t = { 0 };
	int done = fh_arguments_read(u, argc, argv, out);

	if (done >= 0)
		return done;

	const char *state = fh_argument(out, "state");
	fh_err e = load_config(cli, fh_argument(out, "config"), &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "configuration", &t);
	if (state != nullptr) {
		if (state[0] == '\0' || strlen(state) >= sizeof(cli->config.state))
			return fh_usage_error(u, "--state needs a directory");
		memcpy(cli->config.state, state, strlen(state) + 1);
	}
	cli->json = fh_argument(out, "json") != nullptr;
	cli->quiet = fh_argument(out, "quiet") != nullptr;
	return -1;
}

static void print_subcommands(FILE *to, const char *verb, const struct fh_subcommand *s, size_t n)
{
	const char *typed = fh_program_verb(verb);

	fprintf(to, "usage: %s%s%s SUBCOMMAND [OPTION]...\n\n", fh_program(),
		typed[0] != '\0' ? " " : "", typed);
	for (size_t i = 0; i < n; i++)
		fprintf(to, "  %-10s %s\n", s[i].name, s[i].summary);
	fprintf(to, "\nEach has its own --help.\n");
}

int fh_cli_subcommand(struct fh_cli *cli, const char *verb, const struct fh_subcommand *s,
		      size_t n, int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_subcommands(stdout, verb, s, n);
		return FH_EXIT_YES;
	}
	for (size_t i = 0; argc >= 2 && i < n; i++) {
		if (strcmp(argv[1], s[i].name) == 0)
			return s[i].run(cli, argc - 1, argv + 1);
	}
	if (argc >= 2)
		fprintf(stderr, "freehold: %s: there is no subcommand `%s`; choose one of these\n",
			verb, argv[1]);
	print_subcommands(stderr, verb, s, n);
	return FH_EXIT_USAGE;
}
