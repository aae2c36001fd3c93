/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lease.h"

#include <stdio.h>

#include "base/decimal.h"
#include "base/duration.h"
#include "base/hex.h"
#include "cli/time.h"
#include "codec/json.h"
#include "os/clock.h"

constexpr int go_on = -1;

static const struct fh_option renew_options[] = {
	{ "for", 0, false, "TIME", "how long: 12h, 30d" },
	{ "device", 0, false, "DEVICE", "the machine's name or id, if the chain has several" },
	{ "counter", 0, false, "N", "instead of the time in milliseconds" },
	FH_SIGNING_OPTIONS,
};

static const struct fh_option show_options[] = {
	{ "device", 0, false, "DEVICE", "the machine's name or id, if the chain has several" },
};

static const struct fh_usage usage_renew = {
	.verb = "lease renew",
	.operands = "",
	.summary = "Lets a machine go on for a while",
	.options = renew_options,
	.options_n = sizeof(renew_options) / sizeof(renew_options[0]),
	.text = "A machine permits only what is @fallback once its lease has ended, and ends what\n"
		"is under way.  A policy begins with a lease of its own; each renewal takes the\n"
		"place of what was signed before it, and can also make it shorter.  It may be\n"
		"signed anywhere that holds the chain, and is brought by `freehold chain import`.\n"
		"The threshold is that of `lease`.\n",
	.examples = "  freehold lease renew --for 30d --operator-key op.key --out box.fhl\n",
};

static const struct fh_usage usage_show = {
	.verb = "lease show",
	.operands = "",
	.summary = "Shows until when a machine may go on",
	.options = show_options,
	.options_n = sizeof(show_options) / sizeof(show_options[0]),
	.text = "Exit status 0 if the lease is live by this machine's clock, 1 if not.\n",
	.examples = "  freehold lease show --json\n",
};

/* --- which machine ----------------------------------------------------------- */

static bool is_named(const struct fh_device *d, struct fh_span name)
{
	uint8_t hex[2 * FH_HASH_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(hex);

	fh_builder_hex(&b, fh_hash_span(&d->id));
	return fh_span_equal(d->body.name, name) || fh_span_equal(fh_builder_span(&b), name);
}

/* The one enrolled machine, or the one that --device names.  */
static int find_device(const struct fh_usage *u, const struct fh_arguments *a,
		       const struct fh_chain *c, const struct fh_device **out)
{
	const char *name = fh_argument(a, "device");
	const struct fh_device *d;
	size_t at = 0, found = 0;

	while ((d = fh_chain_device_next(c, &at)) != nullptr) {
		if (d->revoked || (name != nullptr && !is_named(d, fh_span_str(name))))
			continue;
		*out = d;
		found++;
	}
	if (found == 1)
		return go_on;
	if (found > 1)
		return fh_usage_error(u, name == nullptr ? "needs --device: there are %zu"
							 : "%zu have that name; give the id",
				      found);
	return fh_cli_fail(FH_ERR_MISSING, "chain", "no such machine is enrolled",
			   "`freehold chain show` lists them");
}

/* --- renew -------------------------------------------------------------------- */

/* By default the time: it rises without anybody remembering the last.  */
static int read_counter(const struct fh_usage *u, const struct fh_arguments *a,
			struct fh_lease *l, const struct fh_lease_taken *last)
{
	const char *given = fh_argument(a, "counter");
	struct fh_trace t = { 0 };

	if (given == nullptr)
		l->counter = l->issued_ms > last->counter ? l->issued_ms : last->counter + 1;
	else if (fh_decimal_read(fh_span_str(given), &l->counter) != FH_ERR_OK || l->counter == 0)
		return fh_usage_error(u, "--counter needs a number from 1 on");
	if (l->counter > last->counter)
		return go_on;
	fh_trace_what(&t, "lease %llu is here already, and the machine takes no lease whose "
		      "counter is not greater", (unsigned long long)last->counter);
	fh_trace_cure(&t, given != nullptr ? "leave --counter out, or give a greater one"
					   : "no counter is greater: enrol the machine anew");
	return fh_cli_fail_trace(FH_ERR_EXISTS, "lease", &t);
}

static int finish(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		  const struct fh_signing *signing, const struct fh_lease *l)
{
	const char *out = fh_argument(a, "out");
	uint8_t bytes[FH_LEASE_PAYLOAD_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_lease_file f;
	struct fh_trace t = { 0 };
	struct fh_span file;
	size_t more;

	fh_lease_put(&b, l);
	fh_err e = fh_signing_more(signing, FH_SPAN_LIT(FH_LEASE_AAD), fh_builder_span(&b),
				   /* signed= */ nullptr, 0, &state->memory, &file);

	if (e == FH_ERR_OK)
		e = fh_lease_file_read(file, &f, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "lease", &t);
	if (out == nullptr)
		return fh_lease_import(cli, state, file, "lease");
	e = fh_lease_wants(&state->chain, &f, &more, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "lease", &t);
	e = fh_file_write_new(out, file, 0644);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, out, nullptr, "choose a file that does not exist yet");
	fh_signing_tell(cli, out, more);
	return FH_EXIT_YES;
}

static int lease_renew(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	const struct fh_device *device;
	struct fh_lease_taken last;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	struct fh_lease l = { 0 };
	int done = fh_cli_arguments(cli, &usage_renew, argc, argv, &a);

	if (done != go_on)
		return done;
	const char *how_long = fh_argument(&a, "for");

	if (how_long == nullptr || fh_duration_read(fh_span_str(how_long),
						    &l.duration_ms) != FH_ERR_OK)
		return fh_usage_error(&usage_renew, "needs --for with a time like 12h or 30d");
	done = fh_signing_begin(cli, &usage_renew, &a, &state, &signing);
	if (done == go_on)
		done = find_device(&usage_renew, &a, &state.chain, &device);
	if (done != go_on)
		return done;
	l.chain_id = state.chain.id;
	l.head = state.chain.head.hash;
	l.device = device->id;
	l.issued_ms = l.begins_ms = fh_clock_real_ms();
	fh_err e = fh_lease_look(&state, &device->id, &last, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "lease", &t);
	done = read_counter(&usage_renew, &a, &l, &last);
	return done == go_on ? finish(cli, &a, &state, &signing, &l) : done;
}

/* --- show --------------------------------------------------------------------- */

static void print(const struct fh_device *d, const struct fh_lease_term *x,
		  const struct fh_lease_taken *last, bool live)
{
	char when[FH_TIME_TEXT];

	fh_time_text(x->ends_ms, when);
	printf("%.*s: %s %s, ", (int)d->body.name.n, (const char *)d->body.name.p,
	       live ? "until" : "ENDED", when);
	if (x->own)
		printf("the policy's own\n");
	else
		printf("lease %llu\n", (unsigned long long)last->counter);
}

static int print_json(const struct fh_device *d, const struct fh_lease_term *x,
		      const struct fh_lease_taken *last, bool live)
{
	uint8_t room[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_builder_text(&b, live ? "{\"live\":true" : "{\"live\":false");
	fh_builder_text(&b, ",\"device\":\"");
	fh_builder_hex(&b, fh_hash_span(&d->id));
	fh_builder_text(&b, "\",\"name\":");
	fh_json_put_string(&b, d->body.name);
	fh_builder_text(&b, ",\"begins-ms\":");
	fh_builder_decimal(&b, x->begins_ms);
	fh_builder_text(&b, ",\"ends-ms\":");
	fh_builder_decimal(&b, x->ends_ms);
	if (!x->own) {
		fh_builder_text(&b, ",\"counter\":");
		fh_builder_decimal(&b, last->counter);
	}
	fh_builder_text(&b, "}\n");
	if (b.bad)
		return fh_cli_fail(FH_ERR_LIMIT, "lease", nullptr, nullptr);
	(void)fwrite(b.p, 1, b.n, stdout);
	return go_on;
}

static int lease_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	const struct fh_device *device;
	struct fh_lease_taken last;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_show, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	const struct fh_policy_held *p = fh_chain_policy(&state.chain);

	if (p == nullptr)
		return fh_cli_fail(FH_ERR_MISSING, "lease", "no policy is in force: nothing is "
				   "permitted", "sign one with `freehold policy sign`");
	done = find_device(&usage_show, &a, &state.chain, &device);
	if (done != go_on)
		return done;
	e = fh_lease_look(&state, &device->id, &last, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "lease", &t);
	const struct fh_lease_term x = fh_lease_term(&state.chain, p, &last);
	uint64_t now = fh_clock_real_ms();
	bool live = fh_lease_live(&x, (struct fh_time){ now, now });

	if (cli->json)
		done = print_json(device, &x, &last, live);
	else
		print(device, &x, &last, live);
	return done != go_on ? done : live ? FH_EXIT_YES : FH_EXIT_NO;
}

int fh_cmd_lease(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "renew", lease_renew, "let a machine go on for a while" },
		{ "show", lease_show, "until when it may" },
	};

	return fh_cli_subcommand(cli, "lease", subcommands, 2, argc, argv);
}
