/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/signing.h"
#include "os/memory.h"

constexpr int go_on = -1;

static const struct fh_option new_options[] = {
	{ "placement", 0, false, "WHERE", "where it will be kept: offline (default), hsm, enclave, "
	  "co-located" },
	{ "passphrase-fd", 0, false, "N", "read the passphrase from descriptor N" },
};

static const struct fh_usage usage_new = {
	.verb = "key new",
	.operands = "FILE",
	.summary = "Makes an operator key and writes it to FILE, encrypted by a passphrase",
	.options = new_options,
	.options_n = sizeof(new_options) / sizeof(new_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Keep the file away from the machines it governs.  Who has it and the passphrase\n"
		"decides what they may do; without both nobody can change that any more.\n",
	.examples = "  freehold key new ~/operator.key\n",
};

static const struct fh_usage usage_show = {
	.verb = "key show",
	.operands = "FILE",
	.summary = "Shows the public part of an operator key; asks for no passphrase",
	.operands_min = 1,
	.operands_max = 1,
	.examples = "  freehold key show ~/operator.key\n",
};

static void print_public(const struct fh_cli *cli, const struct fh_operator_public *p)
{
	uint8_t hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(hex);

	fh_builder_hex(&b, fh_hash_span(&p->id));
	if (cli->json)
		printf("{\"key\":\"%s\",\"algorithm\":\"ML-DSA-65\",\"placement\":\"%s\"}\n",
		       (const char *)hex, fh_placement_text(p->placement));
	else
		printf("key        %s\nalgorithm  ML-DSA-65, with a P-256 companion\n"
		       "placement  %s\n", (const char *)hex, fh_placement_text(p->placement));
}

static int key_new(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_operator_key) k = { 0 };
	enum fh_placement placement = FH_PLACEMENT_OFFLINE;
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_new, argc, argv, &a);

	if (done != go_on)
		return done;

	const char *where = fh_argument(&a, "placement");

	if (where != nullptr && fh_placement_parse(fh_span_str(where), &placement) != FH_ERR_OK)
		return fh_usage_error(&usage_new, "--placement must be offline, hsm, enclave or "
				      "co-located");

	FILE *there = fopen(a.operand[0], "re");

	if (there != nullptr) {
		(void)fclose(there);
		return fh_cli_fail(FH_ERR_EXISTS, a.operand[0], nullptr,
				   "a key is never overwritten; choose another file");
	}
	done = fh_signing_open_one(cli, &usage_new, &a, a.operand[0], /* create */ true, placement,
				   &k);
	if (done != go_on)
		return done;
	print_public(cli, &k.public);
	return FH_EXIT_YES;
}

static int key_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_operator_public p;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	struct fh_span file;
	int done = fh_cli_arguments(cli, &usage_show, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_trace_where(&t, "%s", a.operand[0]);

	fh_err e = fh_arena_map(2 * FH_OPERATOR_KEY_FILE_MAX, &memory);

	if (e == FH_ERR_OK)
		e = fh_file_read(a.operand[0], FH_OPERATOR_KEY_FILE_MAX, &memory, &file);
	if (e == FH_ERR_OK)
		e = fh_operator_key_peek(file, &p, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, a.operand[0], &t);
	print_public(cli, &p);
	return FH_EXIT_YES;
}

int fh_cmd_key(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "new", key_new, "make an operator key" },
		{ "show", key_show, "show the public part of one" },
	};

	return fh_cli_subcommand(cli, "key", subcommands, 2, argc, argv);
}
