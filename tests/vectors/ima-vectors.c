/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of IMA:
 *
 *	ima-vectors FOLDER
 *
 * FOLDER has ima-log-sha1, -sha256, -sha384 and -sha512, in which each digest that the
 * kernel shows is that of the entry's data, or a violation's; and ima-log-unknown, whose
 * hash nobody knows.  Prints "FAIL name: why" and, last, "N passed, N failed, N skipped".  */
#include <stdio.h>
#include <stdlib.h>

#include "evidence/ima.h"

static unsigned passed, failed, skipped;

static void expect(const char *name, bool held, const char *what)
{
	if (held) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %s\n", name, what);
}

static void run(const char *folder, const char *name, fh_err expected)
{
	static uint8_t bytes[1 << 16];
	static struct fh_ima_log log;
	struct fh_trace t = { 0 };
	struct fh_ima_entry e;
	char path[4096];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");

	if (f == nullptr) {
		skipped++;
		printf("SKIP %s: it is not there\n", name);
		return;
	}
	struct fh_span file = fh_span_of(bytes, fread(bytes, 1, sizeof(bytes), f));

	(void)fclose(f);
	expect(name, fh_ima_open(file, &log, &t) == FH_ERR_OK, "does not begin");
	for (; fh_ima_next(&log, &e); n++)
		expect(name, fh_ima_shown_is_right(&e), "shows another digest than its data has");
	expect(name, log.rest.why == expected, expected == FH_ERR_OK ? t.what : "is accepted");
	expect(name, expected == FH_ERR_OK ? n == 2 : t.what[0] != '\0', "has other entries");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	run(argv[1], "ima-log-sha1", FH_ERR_OK);
	run(argv[1], "ima-log-sha256", FH_ERR_OK);
	run(argv[1], "ima-log-sha384", FH_ERR_OK);
	run(argv[1], "ima-log-sha512", FH_ERR_OK);
	run(argv[1], "ima-log-unknown", FH_ERR_UNSUPPORTED);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed == 0 && skipped == 0 && passed > 0 ? 0 : 1;
}
