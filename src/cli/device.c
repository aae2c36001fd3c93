/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admit.h"
#include "cli/approve.h"
#include "cli/authorisations.h"
#include "cli/revoke.h"
#include "cli/roots_files.h"
#include "cli/signing.h"

#include "base/hex.h"
#include "verify/request.h"

constexpr int go_on = -1;

static const struct fh_option options[] = { FH_SIGNING_OPTIONS };

static const struct fh_option admit_options[] = {
	FH_SIGNING_OPTIONS,
	{ "answer", 0, false, "FILE", "write the chain to FILE, sealed to the machine's TPM" },
	{ "approve", 0, false, "LABEL", "approve the boot state of the request, under this name" },
	{ "unmeasured", 0, false, nullptr, "accept PCRs 0 to 7 at zero: nothing was measured" },
	{ "roots", 0, false, "PATH",
	  "makers' roots: a bundle, or a directory (default " FH_ROOTS_DIRECTORY ")" },
	{ "unendorsed", 0, false, nullptr, "accept a TPM that no root vouches for" },
	{ "weak-firmware", 0, false, nullptr, "accept a TPM that is known to give keys away" },
};

static const struct fh_usage usage_admit = {
	.verb = "device admit",
	.operands = "REQUEST",
	.summary = "Signs the machine of a request into the chain",
	.options = admit_options,
	.options_n = sizeof(admit_options) / sizeof(admit_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Compare the device id that is shown with the one that `freehold init` showed on\n"
		"the machine: the request may have been exchanged on its way, and the machine's\n"
		"key signs all of it.  The boot state in it has to be quoted by its TPM for this\n"
		"request.  Where there are roots, in the chain (`freehold roots sign`) or in\n"
		"--roots, its certificate has to lead to one of each.\n"
		"For a machine with a TPM give --answer: the device statement and all others\n"
		"behind genesis go into FILE, which only that TPM opens, and only if the\n"
		"attestation key of the request is its own.  What is signed before is in it, so\n"
		"sign servers, policy and actors first.  A machine that is in the chain already\n"
		"is not signed again, and no operator key is needed.\n"
		"A TPM releases the device key only in a state that was approved: --approve "
		"approves\n"
		"the one in which the request was made, as `freehold reference approve` does "
		"later.\n"
		"With --out, for a machine without TPM or to gather signatures, the statement\n"
		"is written as it is, which proves nothing about the TPM.\n",
	.examples = "  freehold device admit a.request --operator-key op.key --answer a.answer\n"
		    "  freehold device admit b.request --operator-key op.key --out b.fhs\n",
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

/* The request in the file that A names, for the chain of STATE, the state that its machine's TPM
 * quotes, and whether the machine is in the chain already.  */
static int read_request(const struct fh_cli *cli, const struct fh_arguments *a,
			struct fh_state *state, struct fh_request *r, struct fh_pcr_state *shown,
			bool *held)
{
	const char *path = a->operand[0];
	struct fh_trace t = { 0 };
	struct fh_span file;
	fh_err e = fh_file_read(path, FH_REQUEST_MAX, &state->memory, &file);

	fh_trace_where(&t, "%s", path);
	if (e == FH_ERR_OK)
		e = fh_request_read(file, r, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	if (!fh_hash_equal(&r->chain_id, &state->chain.id))
		return fh_cli_fail(FH_ERR_UNKNOWN, path, "the request is for another chain",
				   "give the machine this chain's genesis and begin again there");
	e = fh_admit_held(state, r, held, &t);
	if (e == FH_ERR_OK && r->tpm)
		e = fh_request_state(r, shown, &t);
	if (e == FH_ERR_OK && r->tpm)
		e = fh_admit_certified(state, r, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	fh_admit_show(cli, r);
	return fh_admit_endorsed(cli, a, state, r);
}

/* Before anything is signed: SHOWN, the state that the request shows, can be approved; it is
 * narrowed to what is.  */
static int may_approve(const struct fh_arguments *a, const struct fh_request *r,
		       struct fh_pcr_state *shown)
{
	if (!r->tpm)
		return fh_cli_fail(FH_ERR_UNSUPPORTED, a->operand[0], "it shows no boot state",
				   "leave out --approve for a machine without a TPM");
	fh_approve_narrow(shown);
	if (fh_approve_unmeasured(shown) && fh_argument(a, "unmeasured") == nullptr)
		return fh_cli_fail(FH_ERR_STATE, a->operand[0],
				   "its PCRs 0 to 7 are zero: the firmware has measured nothing",
				   "turn on the TPM in the firmware; for a simulator, say "
				   "--unmeasured");
	return go_on;
}

/* STATE's chain approves the state that the request shows, for its machine.  */
static bool approved(const struct fh_state *state, const struct fh_request *r,
		     const struct fh_pcr_state *shown)
{
	const struct fh_hash id = fh_key_id(r->device.key);
	const struct fh_reference_held *held = fh_chain_approved(&state->chain, &id, shown);

	return held != nullptr && fh_chain_approves(&state->chain, held, &id, r->device.epoch);
}

/* That state, for its machine alone.  */
static int approve(const struct fh_cli *cli, const struct fh_arguments *a,
		   struct fh_state *state, const struct fh_signing *signing,
		   const struct fh_request *r, const struct fh_pcr_state *shown)
{
	const struct fh_device_epoch device = { fh_key_id(r->device.key), r->device.epoch };
	struct fh_span body;
	fh_err e = fh_approve(signing, &state->chain, fh_argument(a, "approve"), shown, &device,
			      1, &state->memory, &body);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "reference", nullptr, nullptr);
	return fh_signing_next(cli, a, state, signing, "reference", body);
}

/* What of the two is wanted: the machine, and the state that it SHOWs.  */
static int sign(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		const struct fh_request *r, bool device, const struct fh_pcr_state *shown)
{
	FH_OWN(fh_signing) signing = { 0 };
	int done = fh_signing_open(cli, &usage_admit, a, &signing);

	if (done == go_on)
		done = device ? fh_signing_next(cli, a, state, &signing, "device", r->body)
			      : FH_EXIT_YES;
	return done == FH_EXIT_YES && shown != nullptr
		       ? approve(cli, a, state, &signing, r, shown) : done;
}

static int admit(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state)
{
	const char *answer = fh_argument(a, "answer");
	bool wanted = fh_argument(a, "approve") != nullptr, held;
	struct fh_pcr_state shown = { 0 };
	struct fh_request r;
	int done = read_request(cli, a, state, &r, &shown, &held);

	if (done != go_on)
		return done;
	if (answer != nullptr && !r.tpm)
		return fh_cli_fail(FH_ERR_UNSUPPORTED, a->operand[0], "the machine has no TPM to "
				   "seal an answer to", "give --out instead of --answer");
	if (wanted)
		done = may_approve(a, &r, &shown);
	if (done != go_on)
		return done;
	/* What an earlier run signed stays; what it did not is signed now.  */
	bool device = answer == nullptr || !held;
	bool state_too = wanted && !approved(state, &r, &shown);

	if (wanted && !state_too)
		fh_cli_say(cli, "the state that it shows is approved already");
	done = device || state_too
		       ? sign(cli, a, state, &r, device, state_too ? &shown : nullptr)
		       : FH_EXIT_YES;
	if (done != FH_EXIT_YES)
		return done;
	if (answer != nullptr)
		return fh_admit_answer(cli, state, &r, answer);
	if (r.tpm)
		fh_cli_say(cli, "not sealed to its TPM yet: once the statement is in the chain, "
			   "`freehold device admit %s --answer FILE` does that", a->operand[0]);
	return done;
}

static int device_admit(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_admit, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_argument(&a, "answer") != nullptr && fh_argument(&a, "out") != nullptr)
		return fh_usage_error(&usage_admit, "either --answer or --out");
	if (fh_argument(&a, "approve") != nullptr && fh_argument(&a, "out") != nullptr)
		return fh_usage_error(&usage_admit, "--approve signs a second statement: not "
						    "with --out");
	if (fh_argument(&a, "answer") == nullptr && fh_argument(&a, "operator-key") == nullptr)
		return fh_usage_error(&usage_admit, "needs --operator-key FILE");

	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	if (state.chain.state == FH_CHAIN_EMPTY)
		return fh_cli_fail(FH_ERR_MISSING, cli->config.state, "there is no chain here yet",
				   "import its genesis");
	return admit(cli, &a, &state);
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
		{ "authorisations", fh_device_authorisations,
		  "tell the authorisations of a machine's TPM" },
		{ "index", fh_device_index, "make what several operators' approvals take" },
		{ "revoke", device_revoke, "take a machine out of the chain" },
	};

	return fh_cli_subcommand(cli, "device", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
