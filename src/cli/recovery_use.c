/* SPDX-License-Identifier: Apache-2.0 */
/* `recovery use` and `recovery none`: the operator's word on who opens the record besides the
 * chip.  */
#include "cli/recovery.h"
#include "cli/signing.h"

constexpr int go_on = -1;
constexpr size_t body_max = FH_KEM_PUBLIC_SIZE + FH_HOLD_REASON_MAX + 64;

static const struct fh_option options[] = {
	{ "reason", 0, false, "TEXT", "why, for whoever reads the chain" },
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage use_usage = {
	.verb = "recovery use",
	.operands = "FILE",
	.summary = "sign for which key the recovery slots of the record are",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE is a key file of `freehold key new` that signs nothing: so that it can be\n"
		"kept elsewhere, and destroyed, without touching the operator key.  Its\n"
		"passphrase is asked for first, so that what is signed is what the file opens.\n"
		"Without such a statement slots are for the key that made genesis.  Every machine\n"
		"of the chain that takes it in begins a new data epoch with a slot for the new\n"
		"key; copies from before open with the old one until that is destroyed.\n",
	.examples = "  freehold recovery use recovery.key --operator-key op.key\n",
};

static const struct fh_usage none_usage = {
	.verb = "recovery none",
	.operands = "",
	.summary = "sign that the record has no recovery slots",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "Then only its chip opens what a machine has recorded: if that breaks, it is\n"
		"lost.  Copies from before open with the old key until that is destroyed.\n",
	.examples = "  freehold recovery none --reason 'erased is erased' --operator-key op.key\n",
};

/* KEY is empty for none.  */
static int sign(const struct fh_cli *cli, const struct fh_usage *u, const struct fh_arguments *a,
		struct fh_span key)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	uint8_t bytes[body_max];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_slot_body s = { .key = key }, again;
	struct fh_trace t = { 0 };
	int done = fh_signing_text(u, a, "reason", &s.reason);

	if (done != go_on)
		return done;
	fh_slot_body_put(&b, &s);
	if (b.bad || fh_slot_body_read(fh_builder_span(&b), &again, &t) != FH_ERR_OK)
		return fh_usage_error(u, "%s", b.bad ? "the reason is too long" : t.what);
	done = fh_signing_begin(cli, u, a, &state, &signing);
	return done == go_on ? fh_signing_next(cli, a, &state, &signing, "slot",
					       fh_builder_span(&b))
			     : done;
}

int fh_recovery_use(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_operator_key) key = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &use_usage, argc, argv, &a);

	if (done == go_on)
		done = fh_signing_open_one(cli, &use_usage, &a, a.operand[0], /* create= */ false,
					   FH_PLACEMENT_OFFLINE, &key);
	return done == go_on ? sign(cli, &use_usage, &a,
				    FH_SPAN_ARRAY(key.public.recipient.bytes))
			     : done;
}

int fh_recovery_none(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &none_usage, argc, argv, &a);

	return done == go_on ? sign(cli, &none_usage, &a, (struct fh_span){ 0 }) : done;
}
