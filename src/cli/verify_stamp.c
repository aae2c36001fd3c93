/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_stamp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/verify_headers.h"
#include "cli/verify_print.h"
#include "os/memory.h"

constexpr size_t report_max = 64 << 10;

static const struct fh_option options[] = {
	{ "ots", 0, false, "FILE.ots", "the OpenTimestamps proof (default FILE.ots)" },
	FH_HEADERS_OPTIONS("headers of Bitcoin blocks (default: what `freehold headers` keeps)"),
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
	const char *file, *ots;
	char ots_path[FH_PATH_MAX], store[FH_PATH_MAX];
	struct fh_given_headers headers;
	struct fh_arena memory, report; /* of the proof; of the answer */
};

static void stamp_task_drop(struct stamp_task *t)
{
	fh_given_headers_drop(&t->headers);
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

	t->file = a.operand[0];
	t->ots = fh_argument(&a, "ots");
	done = fh_given_headers_options(&usage, &a, &t->headers);
	if (done >= 0)
		return done;
	/* What was synced or imported here counts where nothing else is given.  */
	if (t->headers.path == nullptr && fh_headers_path(cli, t->headers.network, t->store) &&
	    access(t->store, F_OK) == 0)
		t->headers.path = t->store;
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
		 struct fh_span ots)
{
	uint8_t *room = fh_arena_take(&t->report, report_max);
	struct fh_report report = { cli, fh_builder_of(room, report_max) };
	struct fh_stamp_check c;
	fh_err e = room == nullptr ? FH_ERR_NOMEM
				   : fh_stamp_verify(ots, file, t->headers.read,
						     t->headers.least, &t->memory, &c);

	if (e != FH_ERR_OK)
		return could_not(e, t->ots, nullptr);

	enum fh_answer v = fh_finding_settle(&c.finding, FH_AUTHENTIC, 0);

	fh_report_stamp(&report, v, &c);
	e = fh_report_end(&report);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stdout", "the answer could not be written", nullptr);
	return fh_exit_of(v);
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
	done = fh_given_headers_read(&t.headers);
	if (done >= 0)
		return done;
	e = fh_arena_map(FH_STAMP_MEMORY, &t.memory);
	if (e == FH_ERR_OK)
		e = fh_arena_map(report_max + 4096, &t.report);
	return e == FH_ERR_OK ? judge(cli, &t, file.bytes, ots.bytes)
			      : could_not(e, t.file, nullptr);
}

bool fh_verify_stamp_meant(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--ots") == 0 || strncmp(argv[i], "--ots=", 6) == 0)
			return true;
	}
	return false;
}
