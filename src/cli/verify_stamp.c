/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_stamp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/verify_print.h"
#include "os/memory.h"
#include "os/view.h"

constexpr size_t report_max = 64 << 10;

static const struct fh_option options[] = {
	{ "ots", 0, false, "FILE.ots", "the OpenTimestamps proof (default FILE.ots)" },
	{ "headers", 0, false, "FILE", "headers of Bitcoin blocks (default: what `freehold headers`"
	  " keeps)" },
	{ "network", 0, false, "NAME", "main (the default), testnet or regtest" },
	{ "trust", 0, false, "LEVEL", "the least that must speak for the header: unplaced (the"
	  " default), alone, short, pinned, genesis" },
};
static const struct fh_usage usage = {
	.verb = "verify stamp",
	.operands = "FILE",
	.summary = "check that a file existed when a block of Bitcoin was made",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "With --ots, the word `stamp` may be left out.\n"
		"Exits 0 if an attestation holds, 1 if the file, the proof or the block contradicts"
		"\nit, 2 if it could not be checked: it is pending, or the header is missing.",
	.examples = "freehold verify report.pdf --ots report.pdf.ots --headers headers.bin",
};

struct stamp_task {
	const char *file, *ots, *headers;
	char ots_path[FH_PATH_MAX], store[FH_PATH_MAX];
	enum fh_network network;
	enum fh_header_trust least;
	struct fh_arena memory, report; /* of the proof and the headers; of the answer */
};

static void stamp_task_drop(struct stamp_task *t)
{
	fh_arena_drop(&t->memory);
	fh_arena_drop(&t->report);
}

bool fh_headers_path(const struct fh_cli *cli, enum fh_network network, char out[FH_PATH_MAX])
{
	return snprintf(out, FH_PATH_MAX, "%s/cache/headers-%s", cli->config.state,
			fh_network_text(network)) < (int)FH_PATH_MAX;
}

static int read_task(struct fh_cli *cli, int argc, char **argv, struct stamp_task *t)
{
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;

	const char *network = fh_argument(&a, "network"), *trust = fh_argument(&a, "trust");

	t->file = a.operand[0];
	t->ots = fh_argument(&a, "ots");
	t->headers = fh_argument(&a, "headers");
	if (network != nullptr && fh_network_parse(fh_span_str(network), &t->network) != FH_ERR_OK)
		return fh_usage_error(&usage, "--network takes main, testnet or regtest");
	if (trust != nullptr && fh_header_trust_parse(fh_span_str(trust), &t->least) != FH_ERR_OK)
		return fh_usage_error(&usage, "--trust takes one of its levels");
	/* What was synced or imported here counts where nothing else is given.  */
	if (t->headers == nullptr && fh_headers_path(cli, t->network, t->store) &&
	    access(t->store, F_OK) == 0)
		t->headers = t->store;
	if (t->ots != nullptr)
		return -1;
	if (snprintf(t->ots_path, sizeof(t->ots_path), "%s.ots", t->file) >=
	    (int)sizeof(t->ots_path))
		return fh_usage_error(&usage, "the name of FILE is too long");
	t->ots = t->ots_path;
	return -1;
}

static int could_not(fh_err e, const char *path, const char *cure)
{
	return fh_cli_fail(e, path, nullptr, cure);
}

static int judge(const struct fh_cli *cli, struct stamp_task *t, struct fh_span file,
		 struct fh_span ots, const struct fh_headers *headers)
{
	uint8_t *room = fh_arena_take(&t->report, report_max);
	struct fh_report report = { cli, fh_builder_of(room, report_max) };
	struct fh_stamp_check c;
	fh_err e = room == nullptr ? FH_ERR_NOMEM
				   : fh_stamp_verify(ots, file, headers, t->least, &t->memory,
							&c);

	if (e != FH_ERR_OK)
		return could_not(e, t->ots, nullptr);

	enum fh_answer v = fh_finding_settle(&c.finding, FH_AUTHENTIC, 0);

	fh_report_stamp(&report, v, &c);
	e = fh_report_end(&report);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stdout", "the answer could not be written", nullptr);
	return fh_exit_of(v);
}

/* With the headers, if there are any; then judges.  */
static int with_headers(const struct fh_cli *cli, struct stamp_task *t, struct fh_span file,
			struct fh_span ots)
{
	FH_OWN(fh_view) view = { 0 };
	struct fh_headers headers;
	struct fh_trace why = { 0 };
	size_t memory = FH_STAMP_MEMORY;
	fh_err e = t->headers != nullptr ? fh_view_open(t->headers, &view) : FH_ERR_OK;

	if (e != FH_ERR_OK)
		return could_not(e, t->headers, "name a file with headers of Bitcoin blocks");
	if (t->headers != nullptr)
		memory += fh_headers_memory(fh_headers_count(view.bytes));
	e = fh_arena_map(memory, &t->memory);
	if (e == FH_ERR_OK)
		e = fh_arena_map(report_max + 4096, &t->report);
	if (e != FH_ERR_OK)
		return could_not(e, t->file, nullptr);
	if (t->headers == nullptr)
		return judge(cli, t, file, ots, nullptr);
	e = fh_headers_read(view.bytes, t->network, &t->memory, &headers, &why);
	if (e != FH_ERR_OK) {
		char where[FH_PATH_MAX];

		(void)snprintf(where, sizeof(where), "%s%s%s", t->headers,
			       why.where[0] != '\0' ? ": " : "", why.where);
		return fh_cli_fail(e, where, why.what,
				   "give headers of the network that --network names (main, if it"
				   " is not given)");
	}
	return judge(cli, t, file, ots, &headers);
}

int fh_verify_stamp(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(stamp_task_drop))) struct stamp_task t = { 0 };
	FH_OWN(fh_view) file = { 0 };
	FH_OWN(fh_view) ots = { 0 };
	int done = read_task(cli, argc, argv, &t);

	if (done >= 0)
		return done;

	fh_err e = fh_view_open(t.file, &file);

	if (e != FH_ERR_OK)
		return could_not(e, t.file, "name the file that was stamped");
	e = fh_view_open(t.ots, &ots);
	if (e != FH_ERR_OK)
		return could_not(e, t.ots, "name its OpenTimestamps proof with --ots");
	return with_headers(cli, &t, file.bytes, ots.bytes);
}

bool fh_verify_stamp_meant(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--ots") == 0 || strncmp(argv[i], "--ots=", 6) == 0)
			return true;
	}
	return false;
}
