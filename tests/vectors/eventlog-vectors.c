/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs of real machines.
 *
 *	eventlog-vectors PATH
 *
 * PATH is a log or a directory of logs.  One that is known to be broken must be
 * refused, and any other be read and lead somewhere, each bank alone to where it leads
 * beside the others.  Where that is, tests/cli/test-eventlogs.sh compares with
 * tpm2_eventlog.  Prints "FAIL name: why" and, last, "N passed, N failed, N skipped".  */
#include "evidence/event_log.h"
#include "os/memory.h"
#include "os/view.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int passed, failed;

static bool is_broken(const char *name)
{
	static const char *const broken[] = { "bogus", "empty", "short_no_action" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		if (strstr(name, broken[i]) != nullptr)
			return true;
	}
	return false;
}

static const char *check_bank(struct fh_span file, const struct fh_event_bank *b)
{
	static struct fh_event_replay one;

	if (fh_event_log_replay(file, b->bank, &one, nullptr) != FH_ERR_OK)
		return "one bank alone is refused";
	for (size_t pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
		if (!fh_span_equal(fh_digest_span(&b->value[pcr]),
				   fh_digest_span(&one.bank[0].value[pcr])))
			return "one bank alone leads elsewhere";
	}
	return nullptr;
}

static const char *check(const char *name, struct fh_span file, struct fh_trace *t)
{
	static struct fh_event_replay r;
	fh_err e = fh_event_log_replay(file, FH_BANK_NONE, &r, t);
	const char *why = nullptr;

	if (is_broken(name))
		return e == FH_ERR_OK ? "it is read though it is broken" : nullptr;
	if (e != FH_ERR_OK)
		return t->what[0] != '\0' ? t->what : fh_err_text(e);
	if (r.events == 0)
		return "it has no events";
	for (size_t i = 0; i < r.banks && why == nullptr; i++)
		why = check_bank(file, &r.bank[i]);
	return why;
}

static void run(const char *path, const char *name)
{
	FH_OWN(fh_view) file = { 0 };
	struct fh_trace t = { 0 };
	const char *why = fh_view_open(path, &file) == FH_ERR_OK ? check(name, file.bytes, &t)
								 : "it cannot be opened";

	if (why != nullptr)
		printf("FAIL %s: %s%s%s\n", name, t.where, t.where[0] != '\0' ? ": " : "", why);
	passed += why == nullptr;
	failed += why != nullptr;
}

static void run_all(const char *directory)
{
	DIR *d = opendir(directory);
	struct dirent *entry;

	while (d != nullptr && (entry = readdir(d)) != nullptr) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		run(path, entry->d_name);
	}
	if (d != nullptr)
		closedir(d);
}

int main(int argc, char **argv)
{
	struct stat s;

	if (argc != 2) {
		fprintf(stderr, "usage: eventlog-vectors PATH\n");
		return 64;
	}
	if (stat(argv[1], &s) == 0 && S_ISDIR(s.st_mode))
		run_all(argv[1]);
	else
		run(argv[1], argv[1]);
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
