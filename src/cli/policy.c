/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "cli/policy_files.h"
#include "cli/revoke.h"
#include "cli/time.h"
#include "codec/json.h"
#include "os/clock.h"

constexpr int go_on = -1;
constexpr uint64_t lease_usual_ms = (uint64_t)30 * 24 * 3600 * 1000;
constexpr size_t body_max = 3 * FH_POLICY_TEXT_MAX + 256;

static const struct fh_option sign_options[] = {
	{ "schema", 0, false, "FILE", "the Cedar schema: what actions there are" },
	{ "entities", 0, false, "FILE", "entities with their attributes, as Cedar's JSON" },
	{ "expires", 0, false, "TIME", "permits nothing after this long: 12h, 90d" },
	{ "lease", 0, false, "TIME", "how long without renewal; 30d, or until it expires" },
	{ "retain", 0, false, "TIME", "how long what no @retain covers is kept, denials too" },
	FH_SIGNING_OPTIONS,
};
static const struct fh_option revoke_options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_sign = {
	.verb = "policy sign",
	.operands = "FILE",
	.summary = "Signs a policy, which replaces the one before",
	.options = sign_options,
	.options_n = sizeof(sign_options) / sizeof(sign_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Every policy expires; an expired one permits nothing.  Its lease may end before:\n"
		"without `freehold lease renew` it then permits only what is @fallback, and what\n"
		"is under way is ended.\n",
	.examples = "  freehold policy sign policy.cedar --schema schema.cedarschema \\\n"
		    "      --expires 90d --operator-key op.key\n",
};

static const struct fh_usage usage_show = {
	.verb = "policy show",
	.operands = "",
	.summary = "Shows the policy that is in force",
	.examples = "  freehold policy show\n",
};

static const struct fh_usage usage_revoke = {
	.verb = "policy revoke",
	.operands = "",
	.summary = "Takes back the policy in force; nothing is permitted until another is signed",
	.options = revoke_options,
	.options_n = sizeof(revoke_options) / sizeof(revoke_options[0]),
	.examples = "  freehold policy revoke --operator-key op.key\n",
};

/* Reads the texts, tells what is wrong with them, and warns.  */
static int read_texts(const struct fh_cli *cli, const struct fh_arguments *a,
		      struct fh_state *state, struct fh_policy_body *p)
{
	const struct fh_policy_files files = { a->operand[0], fh_argument(a, "schema"),
					       fh_argument(a, "entities") };
	struct fh_problems problems;
	struct fh_policy_set set;

	if (files.schema == nullptr)
		return fh_usage_error(&usage_sign, "needs --schema FILE");
	int done = fh_policy_files_read(&files, &state->memory, p);

	fh_arena_reset(&state->scratch);
	if (done == go_on)
		done = fh_policy_texts_check(&files, p, &state->scratch, &set, &problems);
	return done == go_on && !cli->json ? fh_policy_warn(cli, &files, p, &set) : done;
}

static int policy_sign(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_policy_body p = { 0 };
	struct fh_arguments a;
	uint64_t ms;
	int done = fh_cli_arguments(cli, &usage_sign, argc, argv, &a);

	if (done != go_on)
		return done;

	const char *expires = fh_argument(&a, "expires"), *lease = fh_argument(&a, "lease");
	const char *retain = fh_argument(&a, "retain");

	if (expires == nullptr || fh_duration_read(fh_span_str(expires), &ms) != FH_ERR_OK)
		return fh_usage_error(&usage_sign, "needs --expires with a time like 12h or 90d");
	p.lease_ms = ms < lease_usual_ms ? ms : lease_usual_ms;
	if (lease != nullptr && fh_duration_read(fh_span_str(lease), &p.lease_ms) != FH_ERR_OK)
		return fh_usage_error(&usage_sign, "--lease needs a time like 12h or 7d");
	if (retain != nullptr && fh_duration_read(fh_span_str(retain), &p.retain_ms) != FH_ERR_OK)
		return fh_usage_error(&usage_sign, "--retain needs a time like 90d or 52w");
	done = fh_signing_begin(cli, &usage_sign, &a, &state, &signing);
	if (done == go_on)
		done = read_texts(cli, &a, &state, &p);
	if (done != go_on)
		return done;
	p.expires_ms = fh_clock_real_ms() + ms;

	struct fh_builder b = fh_builder_of(fh_arena_take(&state.memory, body_max), body_max);

	if (b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "policy", nullptr, nullptr);
	fh_policy_put(&b, &p);
	return fh_signing_next(cli, &a, &state, &signing, "policy", fh_builder_span(&b));
}

static int show_json(struct fh_state *state, const struct fh_policy_held *p)
{
	size_t cap = 12 * FH_POLICY_TEXT_MAX;
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, cap), cap);

	fh_builder_text(&b, "{\"sequence\":");
	fh_builder_decimal(&b, p->sequence);
	fh_builder_text(&b, ",\"hash\":\"");
	fh_builder_hex(&b, fh_hash_span(&p->hash));
	fh_builder_text(&b, "\",\"expires_ms\":");
	fh_builder_decimal(&b, p->body.expires_ms);
	if (p->body.lease_ms > 0) {
		fh_builder_text(&b, ",\"lease-ms\":");
		fh_builder_decimal(&b, p->body.lease_ms);
	}
	if (p->body.retain_ms > 0) {
		fh_builder_text(&b, ",\"retain-ms\":");
		fh_builder_decimal(&b, p->body.retain_ms);
	}
	fh_builder_text(&b, ",\"cedar\":");
	fh_json_put_string(&b, p->body.cedar);
	fh_builder_text(&b, ",\"schema\":");
	fh_json_put_string(&b, p->body.schema);
	if (p->body.entities.n > 0) {
		fh_builder_text(&b, ",\"entities\":");
		fh_json_put_string(&b, p->body.entities);
	}
	fh_builder_text(&b, "}\n");
	if (b.bad || b.p == nullptr)
		return fh_cli_fail(FH_ERR_LIMIT, "policy", nullptr, nullptr);
	(void)fwrite(b.p, 1, b.n, stdout);
	return FH_EXIT_YES;
}

static int show(const struct fh_cli *cli, struct fh_state *state)
{
	const struct fh_policy_held *p = fh_chain_policy(&state->chain);
	char when[FH_TIME_TEXT];

	if (p == nullptr)
		return fh_cli_fail(FH_ERR_MISSING, "policy", "no policy is in force: nothing is "
				   "permitted", "sign one with `freehold policy sign`");
	if (cli->json)
		return show_json(state, p);
	fh_time_text(p->body.expires_ms, when);
	printf("// statement %llu, %s %s\n", (unsigned long long)p->sequence,
	       p->body.expires_ms <= fh_clock_real_ms() ? "EXPIRED" : "expires", when);
	if (p->body.retain_ms > 0)
		printf("// what no @retain covers is kept for %llu s\n",
		       (unsigned long long)p->body.retain_ms / 1000);
	else
		printf("// what no @retain covers is kept until `freehold shred`\n");
	(void)fwrite(p->body.cedar.p, 1, p->body.cedar.n, stdout);
	printf("\n// schema\n");
	(void)fwrite(p->body.schema.p, 1, p->body.schema.n, stdout);
	if (p->body.entities.n == 0)
		return FH_EXIT_YES;
	printf("\n// entities\n");
	(void)fwrite(p->body.entities.p, 1, p->body.entities.n, stdout);
	return FH_EXIT_YES;
}

static int policy_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_show, argc, argv, &a);

	if (done != go_on)
		return done;

	fh_err e = fh_state_open(cli, &state, &t);

	return e != FH_ERR_OK ? fh_cli_fail_trace(e, cli->config.state, &t) : show(cli, &state);
}

static int policy_revoke(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_revoke, argc, argv, &a);

	if (done != go_on)
		return done;

	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);

	const struct fh_policy_held *p = fh_chain_policy(&state.chain);

	if (p == nullptr)
		return fh_cli_fail(FH_ERR_MISSING, "policy", "no policy is in force", nullptr);
	return fh_revoke(cli, &usage_revoke, &a, FH_STATEMENT_POLICY, fh_hash_span(&p->hash));
}

int fh_cmd_policy(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "check", fh_policy_examine, "say whether a policy could be signed" },
		{ "diff", fh_policy_diff, "say what another one allows more or less" },
		{ "allows", fh_policy_allows, "say what one could ever allow" },
		{ "fmt", fh_policy_fmt, "lay out policies in one way" },
		{ "sign", policy_sign, "sign one; it replaces the one before" },
		{ "show", policy_show, "show what is in force" },
		{ "test", fh_policy_test, "hold a policy to a file of expected decisions" },
		{ "replay", fh_policy_replay, "say which decisions of a record would change" },
		{ "why", fh_policy_why, "explain a decision that was made" },
		{ "revoke", policy_revoke, "take it back: nothing is permitted" },
	};

	return fh_cli_subcommand(cli, "policy", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
