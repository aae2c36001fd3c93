/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_words.h"

#include "cli/command.h"
#include "cli/roots_files.h"
#include "cli/time.h"
#include "os/clock.h"
#include "verify/finding.h"

static fh_err read_question(struct fh_span word, unsigned *bits)
{
	enum fh_aspect q;
	fh_err e = fh_question_parse(word, &q);

	if (e == FH_ERR_OK)
		*bits |= (unsigned)q;
	return e;
}

static fh_err read_weakness(struct fh_span word, unsigned *bits)
{
	enum fh_weakness w;
	fh_err e = fh_weakness_parse(word, &w);

	if (e == FH_ERR_OK)
		*bits |= (unsigned)w;
	return e;
}

/* Reads every "a,b" that --NAME was given; -1, or a usage error's status.  */
static int read_words(const struct fh_usage *u, const struct fh_arguments *a, const char *option,
		      fh_err (*read)(struct fh_span, unsigned *), unsigned *bits)
{
	const char *value;

	for (size_t i = 0; (value = fh_argument_nth(a, option, i)) != nullptr; i++) {
		struct fh_span rest = fh_span_str(value);

		while (rest.n > 0) {
			struct fh_span word = fh_span_first(rest, fh_span_find(rest, ','));

			if (read(word, bits) != FH_ERR_OK)
				return fh_usage_error(u, "--%s: `%.*s` is not one of the words",
						      option, (int)word.n, (const char *)word.p);
			rest = fh_span_skip(rest, word.n + 1);
		}
	}
	return -1;
}

int fh_verify_words(const struct fh_usage *u, const struct fh_arguments *a, unsigned *required,
		    unsigned *allowed)
{
	int done = read_words(u, a, "require", read_question, required);

	return done < 0 ? read_words(u, a, "allow-grade", read_weakness, allowed) : done;
}

int fh_verify_at(const struct fh_usage *u, const struct fh_arguments *a, uint64_t *at_ms)
{
	const char *at = fh_argument(a, "at");

	if (at == nullptr)
		*at_ms = fh_clock_real_ms();
	else if (fh_time_read(at, at_ms) != FH_ERR_OK)
		return fh_usage_error(u, "--at takes a time as in 2026-01-31T12:00:00Z, or a day");
	return -1;
}

int fh_verify_roots(const char *named, struct fh_arena *arena, struct fh_x509_roots *out,
		    const struct fh_x509_roots **given)
{
	const char *path = named != nullptr ? named : FH_ROOTS_DIRECTORY;
	struct fh_roots_files *files = fh_arena_take(arena, sizeof(*files));
	struct fh_trace why = { 0 };
	fh_err e = files == nullptr ? FH_ERR_NOMEM : fh_roots_read(path, arena, files, &why);

	if (e == FH_ERR_MISSING && named == nullptr)
		return -1;
	if (e == FH_ERR_OK && files->n > 0) {
		e = fh_roots_open(files, out, &why);
		*given = out;
	}
	return e == FH_ERR_OK ? -1 : fh_cli_fail_trace(e, path, &why);
}
