/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/request.h"
#include "cli/revoke.h"

#include <stdio.h>

#include "base/hex.h"

constexpr int go_on = -1;

static const struct fh_option options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_admit = {
	.verb = "device admit",
	.operands = "REQUEST",
	.summary = "Signs the machine of a request into the chain",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Compare the device id that is shown with the one that `freehold init` showed on\n"
		"the machine: the request may have been exchanged on its way.\n",
	.examples = "  freehold device admit box.request --operator-key op.key --out answer.fhs\n",
};

static const struct fh_usage usage_revoke = {
	.verb = "device revoke",
	.operands = "ID",
	.summary = "Takes a machine out of the chain; its old records stay verifiable",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.examples = "  freehold device revoke 4f6b... --operator-key op.key\n",
};

static void say_device(const struct fh_cli *cli, const struct fh_request *r)
{
	uint8_t hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(hex);
	struct fh_hash id = fh_key_id(r->device.key);

	fh_builder_hex(&b, fh_hash_span(&id));
	fh_cli_say(cli, "device %s\nname   %.*s\ngrade  %.*s (as it says)", (const char *)hex,
		   (int)r->device.name.n, (const char *)r->device.name.p, (int)r->device.grade.n,
		   (const char *)r->device.grade.p);
}

static int device_admit(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_trace t = { 0 };
	struct fh_request r;
	struct fh_arguments a;
	struct fh_span file;
	int done = fh_cli_arguments(cli, &usage_admit, argc, argv, &a);

	if (done == go_on)
		done = fh_signing_begin(cli, &usage_admit, &a, &state, &signing);
	if (done != go_on)
		return done;

	fh_err e = fh_file_read(a.operand[0], FH_REQUEST_MAX, &state.memory, &file);

	fh_trace_where(&t, "%s", a.operand[0]);
	if (e == FH_ERR_OK)
		e = fh_request_read(file, &r, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, a.operand[0], &t);
	if (!fh_hash_equal(&r.chain_id, &state.chain.id))
		return fh_cli_fail(FH_ERR_UNKNOWN, a.operand[0], "the request is for another chain",
				   "give the machine this chain's genesis and begin again there");
	say_device(cli, &r);
	return fh_signing_next(cli, &a, &state, &signing, "device", r.body);
}

static int device_revoke(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	uint8_t id[FH_HASH_SIZE];
	int done = fh_cli_arguments(cli, &usage_revoke, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_hex_read(fh_span_str(a.operand[0]), id, sizeof(id)) != FH_ERR_OK)
		return fh_usage_error(&usage_revoke, "a device id has 64 hex digits");
	return fh_revoke(cli, &usage_revoke, &a, FH_STATEMENT_DEVICE, FH_SPAN_ARRAY(id));
}

int fh_cmd_device(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "admit", device_admit, "sign the machine of a request into the chain" },
		{ "revoke", device_revoke, "take a machine out of the chain" },
	};

	return fh_cli_subcommand(cli, "device", subcommands, 2, argc, argv);
}
