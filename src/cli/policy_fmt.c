/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/excerpt.h"
#include "cli/policy_files.h"
#include "os/file.h"
#include "os/memory.h"
#include "policy/format.h"
#include "policy/set.h"

constexpr int go_on = -1;
constexpr size_t text_max = 4 * FH_POLICY_TEXT_MAX; /* laid out, it may be longer */

static const struct fh_option options[] = {
	{ "check", 0, false, nullptr, "change and print nothing; status 1 if it is not laid out" },
	{ "write", 0, false, nullptr, "replace FILE by the result" },
};

static const struct fh_usage usage = {
	.verb = "policy fmt",
	.operands = "FILE",
	.summary = "Lays out Cedar policies in one way, comments and all",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Exit status 0: done.  1: it is no Cedar policy; or, with --check, is not laid\n"
		"out.\n",
	.examples = "  freehold policy fmt --write policy.cedar\n",
};

static int refused(const char *file, struct fh_span text, fh_err e, const struct fh_trace *t)
{
	const char *place = strchr(t->where, ':');
	char where[FH_PATH_MAX];

	if (e == FH_ERR_NOMEM || t->where[0] == '\0')
		return fh_cli_fail(e, file, nullptr, "make it smaller");
	(void)snprintf(where, sizeof(where), "%s%s", file, place == nullptr ? "" : place);
	(void)fh_cli_fail(e, where, t->what, t->cure);
	fh_excerpt(text, t->where);
	return FH_EXIT_NO;
}

static int answer(const struct fh_arguments *a, struct fh_span before, struct fh_span after)
{
	const char *file = a->operand[0];

	if (fh_argument(a, "check") != nullptr) {
		if (fh_span_equal(before, after))
			return FH_EXIT_YES;
		(void)fh_cli_fail(FH_ERR_FORMAT, file, "it is laid out in another way",
				  "run `freehold policy fmt --write`");
		return FH_EXIT_NO;
	}
	if (fh_argument(a, "write") == nullptr) {
		(void)fwrite(after.p, 1, after.n, stdout);
		return FH_EXIT_YES;
	}
	fh_err e = fh_span_equal(before, after) ? FH_ERR_OK : fh_file_replace(file, after, 0644);

	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail(e, file, nullptr, nullptr);
}

int fh_policy_fmt(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_arguments a;
	struct fh_trace t = { 0 };
	struct fh_span before;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_arena_map(FH_POLICY_ARENA + FH_POLICY_TEXT_MAX + text_max, &memory);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, a.operand[0], nullptr, nullptr);
	done = fh_policy_file_read(a.operand[0], FH_POLICY_TEXT_MAX,
				   "give a file with Cedar policies", &memory, &before);
	if (done != go_on)
		return done;
	struct fh_builder b = fh_builder_of(fh_arena_space(&memory, text_max), text_max);

	e = fh_policy_format(before, &memory, &b, &t);
	return e == FH_ERR_OK ? answer(&a, before, fh_builder_span(&b))
			      : refused(a.operand[0], before, e, &t);
}
