/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of IMA:
 *
 *	ima-vectors PATH
 *
 * PATH is a log or a folder of logs.  One with "unknown" in its name has a hash that nobody
 * knows, and must be refused as that; of any other each digest that the kernel shows is that of
 * the entry's data, or a violation's.  Prints "FAIL name: why" and, last,
 * "N passed, N failed, N skipped".  */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/own.h"
#include "evidence/ima.h"
#include "os/view.h"

static unsigned passed, failed;

static void expect(const char *name, bool held, const char *what)
{
	if (held) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %s\n", name, what);
}

static void run(const char *path, const char *name)
{
	FH_OWN(fh_view) file = { 0 };
	fh_err expected = strstr(name, "unknown") != nullptr ? FH_ERR_UNSUPPORTED : FH_ERR_OK;
	static struct fh_ima_log log;
	struct fh_trace t = { 0 };
	struct fh_ima_entry e;
	size_t n = 0;

	if (fh_view_open(path, &file) != FH_ERR_OK) {
		expect(name, false, "cannot be opened");
		return;
	}
	expect(name, fh_ima_open(file.bytes, &log, &t) == FH_ERR_OK, "does not begin");
	for (; fh_ima_next(&log, &e); n++)
		expect(name, fh_ima_shown_is_right(&e), "shows another digest than its data has");
	expect(name, log.rest.why == expected, expected == FH_ERR_OK ? t.what : "is accepted");
	expect(name, expected == FH_ERR_OK ? n > 0 : t.what[0] != '\0',
	       "has no entries, or no reason why");
}

static void run_all(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while (d != nullptr && (entry = readdir(d)) != nullptr) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		run(path, entry->d_name);
	}
	if (d != nullptr)
		closedir(d);
}

int main(int argc, char **argv)
{
	struct stat s;

	if (argc != 2)
		return 64;
	if (stat(argv[1], &s) == 0 && S_ISDIR(s.st_mode))
		run_all(argv[1]);
	else
		run(argv[1], argv[1]);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
