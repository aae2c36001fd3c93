/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

constexpr int exit_usage = 64;
constexpr int go_on = -1;

static const struct fh_option global_options[] = {
	{ "state", 0, false, "DIR", "the state directory (default /var/lib/freehold)" },
	{ "config", 0, false, "FILE", "the configuration (default /etc/freehold/freehold.conf)" },
	{ "json", 0, false, nullptr, "answer in JSON, for programs" },
	{ "quiet", 'q', false, nullptr, "say nothing that is not an answer" },
	{ "help", 'h', false, nullptr, "show this" },
};
constexpr size_t global_options_n = sizeof(global_options) / sizeof(global_options[0]);

/* What is being read.  */
struct reader {
	const struct fh_usage *usage;
	int argc;
	char **argv;
	int at; /* next argument */
	struct fh_arguments *out;
};

static void print_option(const struct fh_option *o)
{
	char left[64], letter[8] = "    ";

	if (o->letter != 0)
		(void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
		       o->value == nullptr ? "" : " ", o->value == nullptr ? "" : o->value);
	printf("  %-30s %s%s\n", left, o->help, o->many ? "; may be given again" : "");
}

/* All lines of TEXT, each behind INDENT unless it begins with it, the last one
 * ended too.  */
static void print_lines(const char *text, const char *indent)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		bool indented = n == 0 || strncmp(text, indent, strlen(indent)) == 0;

		printf("%s%.*s\n", indented ? "" : indent, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

void fh_usage_print(const struct fh_usage *u)
{
	printf("usage: %s %s [OPTION]...%s%s%s\n\n%s.\n", fh_program(), fh_program_verb(u->verb),
	       u->operands[0] != '\0' ? " " : "", u->operands,
	       u->command ? " -- COMMAND [ARGUMENT]..." : "", u->summary);
	if (u->text != nullptr) {
		printf("\n");
		print_lines(u->text, "");
	}
	printf("\nOptions:\n");
	for (size_t i = 0; i < u->options_n; i++)
		print_option(&u->options[i]);
	for (size_t i = 0; i < global_options_n; i++)
		print_option(&global_options[i]);
	if (u->examples != nullptr) {
		printf("\nExamples:\n");
		print_lines(u->examples, "  ");
	}
}

int fh_usage_error(const struct fh_usage *u, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "freehold: %s: ", u->verb);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "; see `%s %s --help`\n", fh_program(), fh_program_verb(u->verb));
	return exit_usage;
}

static const struct fh_option *find(const struct fh_option *o, size_t n, const char *name,
				    size_t length)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(o[i].name) == length && strncmp(o[i].name, name, length) == 0)
			return &o[i];
	}
	return nullptr;
}

static const struct fh_option *by_name(const struct fh_usage *u, const char *name, size_t length)
{
	const struct fh_option *o = find(u->options, u->options_n, name, length);

	return o != nullptr ? o : find(global_options, global_options_n, name, length);
}

static const struct fh_option *by_letter(const struct fh_usage *u, char letter)
{
	for (size_t i = 0; i < u->options_n; i++) {
		if (u->options[i].letter == letter)
			return &u->options[i];
	}
	for (size_t i = 0; i < global_options_n; i++) {
		if (global_options[i].letter == letter)
			return &global_options[i];
	}
	return nullptr;
}

static int take(struct reader *r, const struct fh_option *o, const char *value)
{
	struct fh_arguments *a = r->out;

	if (!o->many && fh_argument(a, o->name) != nullptr)
		return fh_usage_error(r->usage, "--%s was given twice", o->name);
	if (a->given_n == FH_OPTIONS_GIVEN_MAX)
		return fh_usage_error(r->usage, "more than %zu options", FH_OPTIONS_GIVEN_MAX);
	a->given[a->given_n].option = o;
	a->given[a->given_n++].value = value;
	return go_on;
}

static int read_long(struct reader *r, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t length = equals == nullptr ? strlen(word) : (size_t)(equals - word);
	const struct fh_option *o = by_name(r->usage, word, length);

	if (o == nullptr)
		return fh_usage_error(r->usage, "unknown option --%.*s", (int)length, word);
	if (o->value == nullptr)
		return equals == nullptr ? take(r, o, "")
			: fh_usage_error(r->usage, "--%s takes no value", o->name);
	if (equals != nullptr)
		return take(r, o, equals + 1);
	if (r->at == r->argc)
		return fh_usage_error(r->usage, "--%s needs %s", o->name, o->value);
	return take(r, o, r->argv[r->at++]);
}

static int read_letters(struct reader *r, const char *word)
{
	int done = go_on;

	for (; done == go_on && *word != '\0'; word++) {
		const struct fh_option *o = by_letter(r->usage, *word);

		if (o == nullptr)
			return fh_usage_error(r->usage, "unknown option -%c", *word);
		if (o->value == nullptr)
			done = take(r, o, "");
		else if (r->at == r->argc)
			done = fh_usage_error(r->usage, "-%c needs %s", *word, o->value);
		else
			done = take(r, o, r->argv[r->at++]);
	}
	return done;
}

static int read_words(struct reader *r)
{
	struct fh_arguments *a = r->out;
	int done = go_on;

	while (done == go_on && r->at < r->argc) {
		char *word = r->argv[r->at++];

		if (strcmp(word, "--") == 0) {
			a->command = &r->argv[r->at];
			a->commands = r->argc - r->at;
			r->at = r->argc;
		} else if (strncmp(word, "--", 2) == 0) {
			done = read_long(r, word + 2);
		} else if (word[0] == '-' && word[1] != '\0') {
			done = read_letters(r, word + 1);
		} else {
			a->operand[a->operands++] = word;
		}
	}
	return done;
}

static int check_counts(const struct fh_usage *u, const struct fh_arguments *a)
{
	if (a->operands < u->operands_min)
		return fh_usage_error(u, "needs %s", u->operands);
	if (a->operands > u->operands_max)
		return fh_usage_error(u, "`%s` is one argument too many",
				      a->operand[u->operands_max]);
	if (a->commands > 0 && !u->command)
		return fh_usage_error(u, "takes no command behind `--`");
	if (a->commands == 0 && u->command)
		return fh_usage_error(u, "needs `-- COMMAND`");
	return go_on;
}

int fh_arguments_read(const struct fh_usage *u, int argc, char **argv, struct fh_arguments *out)
{
	struct reader r = { .usage = u, .argc = argc, .argv = argv, .at = 1, .out = out };
	int done;

	*out = (struct fh_arguments){ .operand = &argv[argc > 0] };
	done = read_words(&r);
	if (done != go_on)
		return done;
	if (fh_argument(out, "help") != nullptr) {
		fh_usage_print(u);
		return 0;
	}
	return check_counts(u, out);
}

const char *fh_argument_nth(const struct fh_arguments *a, const char *name, size_t i)
{
	for (size_t k = 0; k < a->given_n; k++) {
		if (strcmp(a->given[k].option->name, name) == 0 && i-- == 0)
			return a->given[k].value;
	}
	return nullptr;
}

const char *fh_argument(const struct fh_arguments *a, const char *name)
{
	const char *last = nullptr;

	for (size_t k = 0; k < a->given_n; k++) {
		if (strcmp(a->given[k].option->name, name) == 0)
			last = a->given[k].value;
	}
	return last;
}
