/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/revoke.h"
#include "cli/subject.h"
#include "codec/json.h"
#include "policy/suggest.h"

constexpr int go_on = -1;
constexpr size_t body_max = 2 * FH_NAME_MAX + FH_HOLD_REASON_MAX + 64;

static const struct fh_option add_options[] = {
	{ "subject", 0, false, "NAME", "hold what this actor did; without it, everything" },
	{ "reason", 0, false, "TEXT", "why, for whoever reads the chain" },
	FH_SIGNING_OPTIONS,
};
static const struct fh_option release_options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_add = {
	.verb = "hold add",
	.operands = "NAME",
	.summary = "Signs that nothing recorded of a subject may be erased",
	.options = add_options,
	.options_n = sizeof(add_options) / sizeof(add_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "While it is in force neither @retain nor `freehold shred` ends what is held, on\n"
		"every machine of this chain.  NAME is what it is released by.\n",
	.examples = "  freehold hold add case-17 --subject editor --operator-key op.key\n",
};

static const struct fh_usage usage_release = {
	.verb = "hold release",
	.operands = "NAME",
	.summary = "Signs that a hold is over",
	.options = release_options,
	.options_n = sizeof(release_options) / sizeof(release_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "What has come to its age meanwhile, or was to be shredded, ends then.\n",
	.examples = "  freehold hold release case-17 --operator-key op.key\n",
};

static const struct fh_usage usage_show = {
	.verb = "hold show",
	.operands = "",
	.summary = "Shows the holds in force",
	.text = "Exit status 0 if there is one, 1 if there is none.\n",
	.examples = "  freehold hold show --json\n",
};

static int hold_add(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	uint8_t bytes[body_max];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_trace t = { 0 };
	struct fh_hold_body h, again;
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_add, argc, argv, &a);

	if (done == go_on)
		done = fh_signing_text(&usage_add, &a, "subject", &h.subject);
	if (done == go_on)
		done = fh_signing_text(&usage_add, &a, "reason", &h.reason);
	if (done != go_on)
		return done;
	h.name = fh_span_str(a.operand[0]);
	fh_hold_put(&b, &h);
	if (b.bad || fh_hold_read(fh_builder_span(&b), &again, &t) != FH_ERR_OK)
		return fh_usage_error(&usage_add, "%s", b.bad ? "a name or the reason is too long"
							      : t.what);
	done = fh_signing_begin(cli, &usage_add, &a, &state, &signing);
	if (done != go_on)
		return done;
	if (h.subject.n > 0)
		fh_subject_warn(cli, &state.chain, h.subject);
	return fh_signing_next(cli, &a, &state, &signing, "hold", fh_builder_span(&b));
}

/* Tells that NAME holds nothing, and what was probably meant.  */
static int no_such_hold(const struct fh_chain *c, struct fh_span name)
{
	struct fh_suggestion near = fh_suggestion_for(name);
	const struct fh_hold_held *h;
	struct fh_trace t = { 0 };
	size_t at = 0;

	while ((h = fh_chain_hold_next(c, &at)) != nullptr)
		fh_suggestion_offer(&near, h->body.name);
	fh_trace_what(&t, "no hold `%.*s` is in force, so there is nothing to release",
		      (int)name.n, (const char *)name.p);
	if (near.best.n > 0)
		fh_trace_cure(&t, "did you mean `%.*s`?", (int)near.best.n,
			      (const char *)near.best.p);
	else
		fh_trace_cure(&t, "`freehold hold show` lists what is held");
	return fh_cli_fail_trace(FH_ERR_UNKNOWN, "hold release", &t);
}

static bool is_held(const struct fh_chain *c, struct fh_span name)
{
	const struct fh_hold_held *h;
	size_t at = 0;

	while ((h = fh_chain_hold_next(c, &at)) != nullptr) {
		if (fh_span_equal(h->body.name, name))
			return true;
	}
	return false;
}

static int hold_release(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_release, argc, argv, &a);

	if (done != go_on)
		return done;
	struct fh_span name = fh_span_str(a.operand[0]);

	if (name.n == 0 || name.n > FH_NAME_MAX)
		return fh_usage_error(&usage_release, "a name has 1 to %zu bytes", FH_NAME_MAX);
	done = fh_signing_begin(cli, &usage_release, &a, &state, &signing);
	if (done != go_on)
		return done;
	return is_held(&state.chain, name)
		       ? fh_revoke_next(cli, &a, &state, &signing, FH_STATEMENT_HOLD, name)
		       : no_such_hold(&state.chain, name);
}

static void put_hold(struct fh_builder *b, const struct fh_hold_held *h)
{
	fh_builder_text(b, "{\"name\":");
	fh_json_put_string(b, h->body.name);
	if (h->body.subject.n > 0) {
		fh_builder_text(b, ",\"subject\":");
		fh_json_put_string(b, h->body.subject);
	}
	if (h->body.reason.n > 0) {
		fh_builder_text(b, ",\"reason\":");
		fh_json_put_string(b, h->body.reason);
	}
	fh_builder_text(b, ",\"sequence\":");
	fh_builder_decimal(b, h->sequence);
	fh_builder_u8(b, '}');
}

/* For printf's %.*s.  */
#define text(s) (int)(s).n, (s).n > 0 ? (const char *)(s).p : ""

static void print_hold(const struct fh_hold_held *h)
{
	printf("%.*s  %s%.*s%s", text(h->body.name), h->body.subject.n > 0 ? "`" : "everything",
	       text(h->body.subject), h->body.subject.n > 0 ? "`" : "");
	if (h->body.reason.n > 0)
		printf("  %.*s", text(h->body.reason));
	printf("\n");
}

static int hold_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	uint8_t room[4 * body_max];
	const struct fh_hold_held *h;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	size_t at = 0, n = 0;
	int done = fh_cli_arguments(cli, &usage_show, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	if (cli->json)
		printf("{\"holds\":[");
	for (; (h = fh_chain_hold_next(&state.chain, &at)) != nullptr; n++) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		if (!cli->json) {
			print_hold(h);
			continue;
		}
		put_hold(&b, h);
		if (b.bad)
			return fh_cli_fail(FH_ERR_LIMIT, "hold", nullptr, nullptr);
		printf("%s%.*s", n > 0 ? "," : "", (int)b.n, (const char *)b.p);
	}
	if (cli->json)
		printf("]}\n");
	else if (n == 0)
		fh_cli_say(cli, "nothing is held");
	return n > 0 ? FH_EXIT_YES : FH_EXIT_NO;
}

int fh_cmd_hold(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "add", hold_add, "let nothing of a subject be erased" },
		{ "release", hold_release, "end a hold" },
		{ "show", hold_show, "show the holds in force" },
	};

	return fh_cli_subcommand(cli, "hold", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
