/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recovery.h"

#include <stdio.h>

#include "codec/json.h"

static const struct fh_option check_options[] = { FH_RECOVERY_OPTIONS };

static const struct fh_usage check_usage = {
	.verb = "recovery check",
	.operands = "",
	.summary = "rehearse: would this key open the record without its chip?",
	.options = check_options,
	.options_n = sizeof(check_options) / sizeof(check_options[0]),
	.text = "Opens the recovery slot of the data epoch in force, and with it the key of every\n"
		"actor, class and period: on a copy of a state directory (--state), away from the\n"
		"machine, since that is where the key belongs.  Changes nothing.  Exit status 0:\n"
		"all that is recorded can be opened with the key; 1: not; 2: could not.\n",
	.examples = "  freehold recovery check --state /mnt/copy --key op.key\n",
};

/* "could not" is no answer.  */
static bool is_answer(fh_err e)
{
	return e == FH_ERR_OK || e == FH_ERR_MISSING || e == FH_ERR_PERMISSION
	       || e == FH_ERR_SIGNATURE || e == FH_ERR_CONFLICT || e == FH_ERR_FORMAT
	       || e == FH_ERR_VERSION;
}

static bool opens_all(const struct fh_recovery_file *f)
{
	return f->e == FH_ERR_OK && f->keys.damaged == 0;
}

static int damaged(const struct fh_cli *cli, size_t n)
{
	char what[96];

	(void)snprintf(what, sizeof(what), "%zu of the keys that the record is sealed with %s "
		       "damaged", n, n == 1 ? "is" : "are");
	return fh_cli_fail(FH_ERR_FORMAT, cli->config.state, what, "take another copy of keys/; "
			   "the others open");
}

static void print_json(const struct fh_recovery *r, const struct fh_recovery_file *f)
{
	uint8_t room[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_builder_text(&b, "{\"opens\":");
	fh_builder_text(&b, opens_all(f) ? "true" : "false");
	fh_builder_text(&b, ",\"epoch\":");
	fh_builder_decimal(&b, r->look.epoch);
	fh_builder_text(&b, ",\"keys\":");
	fh_builder_decimal(&b, r->look.keys);
	fh_builder_text(&b, ",\"key\":\"");
	fh_builder_hex(&b, fh_hash_span(&r->key_id));
	fh_builder_text(&b, "\",\"slot\":");
	if (r->look.slot) {
		fh_builder_u8(&b, '"');
		fh_builder_hex(&b, fh_hash_span(&r->look.slot_key));
		fh_builder_u8(&b, '"');
	} else {
		fh_builder_text(&b, "null");
	}
	fh_builder_text(&b, ",\"damaged\":");
	fh_builder_decimal(&b, f->keys.damaged);
	if (f->e != FH_ERR_OK) {
		fh_builder_text(&b, ",\"why\":");
		fh_json_put_string(&b, fh_span_str(f->t.what));
	}
	fh_builder_text(&b, "}\n");
	(void)fwrite(b.p, 1, b.n, stdout);
}

static int check(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_recovery) r = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &check_usage, argc, argv, &a);

	if (done >= 0)
		return done;
	done = fh_recovery_begin(cli, &check_usage, &a, &r);
	if (done != FH_EXIT_YES)
		return done;
	const struct fh_recovery_file *f = fh_recovery_in_force(&r);

	if (!is_answer(f->e))
		return fh_cli_fail_trace(f->e, cli->config.state, &f->t);
	if (cli->json)
		print_json(&r, f);
	else if (f->keys.damaged > 0)
		(void)damaged(cli, f->keys.damaged);
	else if (f->e == FH_ERR_OK)
		fh_cli_say(cli, "data epoch %llu: this key opens its recovery slot, and the %llu "
			   "key%s that the record is sealed with",
			   (unsigned long long)r.look.epoch, (unsigned long long)r.look.keys,
			   r.look.keys == 1 ? "" : "s");
	else
		(void)fh_cli_fail_trace(f->e, cli->config.state, &f->t);
	return opens_all(f) ? FH_EXIT_YES : FH_EXIT_NO;
}

static const struct fh_subcommand subcommands[] = {
	{ "check", check, "rehearse it: changes nothing" },
	{ "use", fh_recovery_use, "sign for which key the slots are" },
	{ "none", fh_recovery_none, "sign that there are none" },
	{ "open", fh_recovery_open, "open what is sealed in a copy of a record" },
};

int fh_cmd_recovery(struct fh_cli *cli, int argc, char **argv)
{
	return fh_cli_subcommand(cli, "recovery", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
