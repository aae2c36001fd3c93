/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/found.h"

constexpr int go_on = -1;
constexpr size_t body_max = 128 << 10;

static const struct fh_option options[] = {
	{ "new-key", 0, true, "FILE", "a key file that is opened, signs, and becomes a signer" },
	FH_AUTHORITY_OPTIONS,
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage usage_change = {
	.verb = "signers change",
	.operands = "",
	.summary = "Says anew who may sign, with which thresholds",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "The signers are from then on exactly those of --new-key and --signer; keys given\n"
		"with --operator-key alone only sign.  The old threshold, the new one and every\n"
		"new key are needed; what is missing is added with `freehold sign`.\n",
	.examples = "  freehold signers change --operator-key old.key --new-key new.key\n",
};

/* Opens the keys of --new-key, and adds them to the signing ones.  */
static int open_new(const struct fh_cli *cli, const struct fh_arguments *a,
		    struct fh_signing *fresh)
{
	const char *path;

	for (size_t i = 0; (path = fh_argument_nth(a, "new-key", i)) != nullptr; i++) {
		if (i == FH_SIGNERS_MAX)
			return fh_usage_error(&usage_change, "more than %zu keys", FH_SIGNERS_MAX);

		int done = fh_signing_open_one(cli, &usage_change, a, path, /* create */ false,
					       FH_PLACEMENT_OFFLINE, &fresh->key[fresh->keys]);

		if (done != go_on)
			return done;
		fresh->keys++;
	}
	return go_on;
}

/* Moves the keys of FROM that TO lacks, in rising key id.  */
static void merge(struct fh_signing *to, struct fh_signing *from)
{
	for (size_t i = 0; i < from->keys && to->keys < FH_SIGNERS_MAX; i++) {
		struct fh_operator_key *k = &from->key[i];
		size_t at = to->keys;
		int order = -1;

		while (at > 0 && (order = fh_span_compare(fh_hash_span(&to->key[at - 1].public.id),
							  fh_hash_span(&k->public.id))) > 0)
			at--;
		if (at > 0 && order == 0)
			continue;
		for (size_t m = to->keys; m > at; m--)
			to->key[m] = to->key[m - 1];
		to->key[at] = *k;
		*k = (struct fh_operator_key){ 0 };
		to->keys++;
	}
}

static int signers_change(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	FH_OWN(fh_signing) fresh = { 0 };
	struct fh_founding f = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_change, argc, argv, &a);

	if (done == go_on)
		done = fh_signing_begin(cli, &usage_change, &a, &state, &signing);
	if (done == go_on)
		done = open_new(cli, &a, &fresh);
	if (done == go_on)
		done = fh_found_authority(&usage_change, &a, &fresh, &state.memory, &f);
	if (done != go_on)
		return done;
	if (f.authority.signers == 0)
		return fh_usage_error(&usage_change, "needs --new-key or --signer");
	merge(&signing, &fresh);

	struct fh_builder b = fh_builder_of(fh_arena_take(&state.memory, body_max), body_max);

	if (b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, "signers", nullptr, nullptr);
	fh_signers_put(&b, &f.authority);
	return fh_signing_next(cli, &a, &state, &signing, "signers", fh_builder_span(&b));
}

int fh_cmd_signers(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "change", signers_change, "say anew who may sign" },
	};

	return fh_cli_subcommand(cli, "signers", subcommands, 1, argc, argv);
}
