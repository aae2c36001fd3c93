/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stamp.h"

#include "base/decimal.h"
#include "os/file.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr mode_t proof_mode = 0644;
constexpr int operands_max = 4096;

static const struct fh_option options[] = {
	FH_CALENDAR_OPTION,
	FH_NODE_OPTIONS,
	FH_CONFIRMATIONS_OPTION,
};
static const struct fh_usage usage = {
	.verb = "stamp upgrade",
	.operands = "FILE.ots...",
	.summary = "Completes proofs whose hash has come into a block",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = operands_max,
	.text = "Exit status 0: all of them are complete.  2: some are not yet.\n",
	.examples = "freehold stamp upgrade report.pdf.ots --calendar https://calendar.example\n",
};

struct upgrading {
	const struct fh_cli *cli;
	struct fh_calendar_list calendars;
	struct fh_login login;
	struct fh_arena memory;
	uint64_t confirmations;
};

static void upgrading_drop(struct upgrading *u)
{
	fh_login_drop(&u->login);
	fh_arena_drop(&u->memory);
}

/* Looks for the transaction of CLAIM on the network that it was sent to.  */
static fh_err upgrade_transaction(struct upgrading *u, const struct fh_stamp_claim *claim,
				  struct fh_trace *t)
{
	struct fh_node *n = &u->login.node;
	enum fh_network network, on;
	uint64_t height;

	fh_trace_where(t, "%s", n->url != nullptr ? n->url : "transaction");
	if (n->url == nullptr) {
		fh_trace_what(t, "it is on its way, and no node was named that could tell where");
		fh_trace_cure(t, "name it with --bitcoin");
		return FH_ERR_STATE;
	}

	fh_err e = fh_network_parse(claim->attestation->uri, &network);

	if (e == FH_ERR_OK)
		e = fh_node_network(n, &on, &height, t);
	if (e != FH_ERR_OK)
		return e;
	if (on != network) {
		fh_trace_what(t, "the transaction was sent to `%s`, and this node is on `%s`",
			      fh_network_text(network), fh_network_text(on));
		return FH_ERR_CONFLICT;
	}
	e = fh_node_confirm(n, network, u->confirmations, claim->at, &u->memory, t);
	if (e == FH_ERR_OK)
		fh_stamp_retract(claim->at, claim->attestation);
	return e;
}

/* Tries to complete what hangs at CLAIM; true if something came of it.  */
static bool upgrade_claim(struct upgrading *u, const struct fh_stamp_claim *claim)
{
	const struct fh_calendars allowed = fh_calendars_of(u->cli, &u->calendars);
	struct fh_trace t = { 0 };
	fh_err e = claim->attestation->notary == FH_NOTARY_PENDING
		? fh_calendar_upgrade(&allowed, claim, &u->memory, &t)
		: upgrade_transaction(u, claim, &t);

	if (e != FH_ERR_OK)
		(void)fh_cli_fail_trace(e, "stamp", &t);
	return e == FH_ERR_OK;
}

/* What nobody can be asked about.  */
static void say_requested(const char *path)
{
	(void)fh_cli_fail(FH_ERR_MISSING, path, "it waits for the answer to its request",
			  "give the proof that came back to `freehold stamp import`, or, of a "
			  "record, to `freehold record anchor --import`");
}

static bool upgrade_tree(struct upgrading *u, const char *path, struct fh_stamp *root)
{
	struct fh_stamp_claim *claim;
	bool changed = false;
	size_t n = 0, asked = 0;

	if (fh_stamp_claims(root, &u->memory, &claim, &n) != FH_ERR_OK)
		return false;
	for (size_t i = 0; i < n && asked < FH_UPGRADES_MAX; i++) {
		enum fh_notary notary = claim[i].attestation->notary;

		if (notary == FH_NOTARY_REQUEST && !fh_stamp_anchored(claim[i].at))
			say_requested(path);
		if ((notary != FH_NOTARY_PENDING && notary != FH_NOTARY_TRANSACTION) ||
		    fh_stamp_anchored(claim[i].at))
			continue;
		changed |= upgrade_claim(u, &claim[i]);
		asked++;
	}
	return changed;
}

fh_err fh_stamp_write_back(const char *path, const struct fh_stamp_file *f, struct fh_arena *a)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(a, FH_STAMP_FILE_MAX),
					    FH_STAMP_FILE_MAX);
	struct fh_span bytes;

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_stamp_put(&b, f);

	struct fh_stamp_file again;
	fh_err e = fh_builder_end(&b, &bytes);

	if (e == FH_ERR_OK)
		e = fh_stamp_read(bytes, a, &again, /* trace: */ nullptr);
	return e != FH_ERR_OK ? e : fh_file_replace(path, bytes, proof_mode);
}

/* 0 if it is complete now.  */
static int upgrade_file(struct upgrading *u, const char *path)
{
	struct fh_stamp_file f;
	struct fh_span bytes;
	struct fh_trace t = { 0 };

	fh_arena_reset(&u->memory);

	fh_err e = fh_file_read(path, FH_STAMP_FILE_MAX, &u->memory, &bytes);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "name an OpenTimestamps proof");
	e = fh_stamp_read(bytes, &u->memory, &f, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, t.what, "name an OpenTimestamps proof");
	if (upgrade_tree(u, path, f.root)) {
		e = fh_stamp_write_back(path, &f, &u->memory);
		if (e != FH_ERR_OK)
			return fh_cli_fail(e, path, nullptr, nullptr);
	}

	bool complete = fh_stamp_anchored(f.root);

	fh_stamp_say(u->cli, path, complete ? "complete" : "pending",
		     complete ? "complete" : nullptr);
	return complete ? FH_EXIT_YES : FH_EXIT_COULD_NOT;
}

int fh_stamp_upgrade_all(const struct fh_cli *cli, const struct fh_usage *usage_of,
			 const struct fh_arguments *a, char *const *proof, size_t n)
{
	__attribute__((cleanup(upgrading_drop))) struct upgrading u = { .cli = cli };
	int status = FH_EXIT_YES, done = fh_calendar_list_read(cli, usage_of, a, &u.calendars);

	if (done == go_on)
		done = fh_login_begin(cli, usage_of, a, &u.login);
	if (done != go_on)
		return done;

	const char *text = fh_argument(a, "confirmations");

	u.confirmations = FH_NODE_CONFIRMATIONS;
	if (text != nullptr && (fh_decimal_read(fh_span_str(text), &u.confirmations) != FH_ERR_OK ||
				u.confirmations == 0))
		return fh_usage_error(usage_of, "--confirmations takes a number above 0");
	if (fh_arena_map(3 * FH_STAMP_MEMORY, &u.memory) != FH_ERR_OK)
		return fh_cli_fail(FH_ERR_NOMEM, "stamp", nullptr, nullptr);
	for (size_t i = 0; i < n; i++) {
		if (upgrade_file(&u, proof[i]) != FH_EXIT_YES)
			status = FH_EXIT_COULD_NOT;
	}
	return status;
}

int fh_stamp_upgrade(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	return done != go_on ? done
			     : fh_stamp_upgrade_all(cli, &usage, &a, a.operand, (size_t)a.operands);
}
