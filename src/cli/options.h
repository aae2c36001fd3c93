/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_OPTIONS_H
#define FH_CLI_OPTIONS_H

#include <stddef.h>

/* The command line, by tables: what a verb takes is written once, and read
 * both by the parser and by --help, so that neither (nor the manual, which a
 * test compares with --help) can drift.  Plain C library only: the verifier
 * links this.  */

constexpr size_t FH_OPTIONS_GIVEN_MAX = 256; /* options on one command line */

struct fh_option {
	const char *name;  /* "state" is --state; its value follows as --state=X or --state X */
	char letter;       /* 'q' is -q as well; 0: none */
	bool many;         /* may be given more than once */
	const char *value; /* what --help calls its value; NULL for a flag */
	const char *help;  /* one line, lower case, no full stop */
};

struct fh_usage {
	const char *verb;     /* as typed, e.g. "actor grant" */
	const char *operands; /* as --help shows them, e.g. "NAME"; may be empty */
	const char *summary;  /* one line */
	const struct fh_option *options;
	size_t options_n;
	int operands_min, operands_max; /* besides what follows "--" */
	bool command;                   /* takes "-- COMMAND ARGUMENT..." */
	const char *text;               /* paragraphs for --help; may be NULL */
	const char *examples;           /* lines for --help, which indents them; may be NULL */
};

struct fh_arguments {
	struct {
		const struct fh_option *option;
		const char *value; /* "" for a flag */
	} given[FH_OPTIONS_GIVEN_MAX];
	size_t given_n;
	char **operand;  /* operands, in order */
	int operands;
	char **command;  /* what follows "--" */
	int commands;
};

/* Every verb also takes --state, --config, --json, --quiet and --help.  */

/* Reads argv[1] .. argv[argc-1]; operands are moved to the front of ARGV.
 * Returns -1 to go on, otherwise the exit status: 0 after --help, 64 after
 * telling what is wrong with the command line.  */
int fh_arguments_read(const struct fh_usage *u, int argc, char **argv, struct fh_arguments *out);

/* The last value of --NAME ("" for a flag), or NULL if it was not given.  */
const char *fh_argument(const struct fh_arguments *a, const char *name);
/* The value of the I-th --NAME, or NULL.  */
const char *fh_argument_nth(const struct fh_arguments *a, const char *name, size_t i);

/* The program, and VERB as it is typed behind the program's name, which may be
 * nothing: `freehold-verify record` is the verb "verify record".  Beside each
 * main().  */
const char *fh_program(void);
const char *fh_program_verb(const char *verb);

/* Prints what --help prints, or the lines of a usage error (and returns 64).  */
void fh_usage_print(const struct fh_usage *u);
int fh_usage_error(const struct fh_usage *u, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
