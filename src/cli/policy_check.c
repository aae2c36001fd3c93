/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy.h"

#include <stdio.h>

#include "cli/policy_files.h"
#include "os/memory.h"

constexpr int go_on = -1;

static const struct fh_option options[] = {
	{ "schema", 0, false, "FILE", "the Cedar schema: what actions there are" },
	{ "entities", 0, false, "FILE", "entities with their attributes, as Cedar's JSON" },
};

static const struct fh_usage usage = {
	.verb = "policy check",
	.operands = "FILE",
	.summary = "Says whether a policy could be signed",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Tells all that is wrong.  If nothing is, warns of limits that do not limit: a\n"
		"quota, or the lease, of a permit that others cover; and of a quota per resource\n"
		"where callers name the resource.\n"
		"Exit status 0: yes, with warnings or without.  1: no, and why.\n",
	.examples = "  freehold policy check policy.cedar --schema schema.cedarschema\n",
};

static int say_no(const struct fh_cli *cli, const struct fh_policy_files *f,
		  const struct fh_problems *problems)
{
	if (cli->json) {
		printf("{\"verdict\":\"no\",\"problems\":");
		fh_policy_problems_json(f, problems);
		printf("}\n");
	}
	return FH_EXIT_NO;
}

static int say_yes(const struct fh_cli *cli, const struct fh_policy_files *f,
		   const struct fh_policy_body *p, const struct fh_policy_set *set)
{
	if (cli->json)
		printf("{\"verdict\":\"yes\",\"warnings\":");
	int done = fh_policy_warn(cli, f, p, set);

	if (done != go_on)
		return done;
	if (cli->json)
		printf("}\n");
	else
		fh_cli_say(cli, "%s: can be signed", f->cedar);
	return FH_EXIT_YES;
}

int fh_policy_examine(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_policy_body p = { 0 };
	struct fh_problems problems;
	struct fh_policy_set set;
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	const struct fh_policy_files files = { a.operand[0], fh_argument(&a, "schema"),
					       fh_argument(&a, "entities") };

	if (files.schema == nullptr)
		return fh_usage_error(&usage, "needs --schema FILE");
	fh_err e = fh_arena_map(FH_POLICY_ARENA + 3 * FH_POLICY_TEXT_MAX, &memory);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "policy", nullptr, nullptr);
	done = fh_policy_files_read(&files, &memory, &p);
	if (done == go_on)
		done = fh_policy_texts_check(&files, &p, &memory, &set, &problems);
	if (done == FH_EXIT_NO)
		return say_no(cli, &files, &problems);
	return done == go_on ? say_yes(cli, &files, &p, &set) : done;
}
