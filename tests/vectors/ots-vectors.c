/* SPDX-License-Identifier: Apache-2.0 */
/* Published OpenTimestamps proofs, and the headers in the README beside them.
 *
 *	ots-vectors DIRECTORY
 *
 * Of each NAME.ots: it reads, is written back byte for byte, is of the file NAME, and
 * comes to what is expected.  What lies in invalid/ must not read.  Prints "FAIL name:
 * why" and, last, "N passed, N failed, N skipped".  */
#include "base/hex.h"
#include "os/memory.h"
#include "os/view.h"
#include "verify/stamp.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr uint64_t block = 358391;

static const struct {
	const char *name;
	enum fh_answer answer;
} expected[] = {
	{ "hello-world.txt", FH_ANSWER_YES },
	{ "bad-stamp.txt", FH_ANSWER_NO },
	{ "incomplete.txt", FH_ANSWER_UNCHECKED },
	{ "merkle1.txt", FH_ANSWER_UNCHECKED },
	{ "merkle2.txt", FH_ANSWER_UNCHECKED },
	{ "merkle3.txt", FH_ANSWER_UNCHECKED },
	{ "two-calendars.txt", FH_ANSWER_UNCHECKED },
	{ "unknown-notary.txt", FH_ANSWER_UNCHECKED },
	{ "known-and-unknown-notary.txt", FH_ANSWER_UNCHECKED },
};

static int passed, failed;

static void tell(const char *name, const char *why)
{
	if (why != nullptr)
		printf("FAIL %s: %s\n", name, why);
	passed += why == nullptr;
	failed += why != nullptr;
}

static bool is_as_expected(const char *name, enum fh_answer answer)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (strcmp(name, expected[i].name) == 0)
			return answer == expected[i].answer;
	}
	return answer != FH_ANSWER_NO; /* nothing is known of it but that it is sound */
}

/* Why the proof OTS of FILE is not right, or NULL.  */
static const char *check(const char *name, struct fh_span ots, struct fh_span file,
			 const struct fh_headers *headers)
{
	static uint8_t room[FH_STAMP_FILE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	FH_OWN(fh_arena) a = { 0 };
	struct fh_stamp_check c;

	if (fh_arena_map(FH_STAMP_MEMORY, &a) != FH_ERR_OK ||
	    fh_stamp_verify(ots, file, headers, FH_HEADER_UNPLACED, &a, &c) != FH_ERR_OK)
		return "there is no memory";
	if (c.claims == 0)
		return "it does not read, or is of another file";
	if (!is_as_expected(name, fh_finding_answer(&c.finding, FH_AUTHENTIC)))
		return "the answer is another one";
	fh_stamp_put(&b, &c.stamp);
	return fh_span_equal(fh_builder_span(&b), ots) ? nullptr
						       : "it is not written back as it was";
}

static const char *check_valid(const char *directory, const char *name,
			       const struct fh_headers *headers)
{
	FH_OWN(fh_view) ots = { 0 };
	FH_OWN(fh_view) file = { 0 };
	char path[4096], stem[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(stem, sizeof(stem), "%.*s", (int)(strlen(name) - 4), name);
	if (fh_view_open(path, &ots) != FH_ERR_OK)
		return "it cannot be opened";
	path[strlen(path) - 4] = '\0';
	if (fh_view_open(path, &file) != FH_ERR_OK)
		return "its file cannot be opened";
	return check(stem, ots.bytes, file.bytes, headers);
}

static const char *check_invalid(const char *directory, const char *name)
{
	FH_OWN(fh_view) ots = { 0 };
	FH_OWN(fh_arena) a = { 0 };
	struct fh_stamp_file f;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (fh_view_open(path, &ots) != FH_ERR_OK ||
	    fh_arena_map(FH_STAMP_MEMORY, &a) != FH_ERR_OK)
		return "it cannot be opened";
	return fh_stamp_read(ots.bytes, &a, &f, nullptr) != FH_ERR_OK ? nullptr : "it was accepted";
}

static bool is_ots(const char *name)
{
	return strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".ots") == 0;
}

static void check_all(const char *directory, const struct fh_headers *headers)
{
	DIR *d = opendir(directory);
	struct dirent *entry;

	while (d != nullptr && (entry = readdir(d)) != nullptr) {
		if (is_ots(entry->d_name))
			tell(entry->d_name, headers == nullptr
				? check_invalid(directory, entry->d_name)
				: check_valid(directory, entry->d_name, headers));
	}
	if (d == nullptr)
		tell(directory, "it cannot be opened");
	else
		closedir(d);
}

/* The 80 bytes behind the first hex digits like START in README.  */
static bool find_header(const char *readme, const char *start, uint8_t out[FH_HEADER_SIZE])
{
	const char *at = strstr(readme, start);

	return at != nullptr && strlen(at) >= 160 &&
	       fh_hex_read(fh_span_of(at, 80), out, 40) == FH_ERR_OK &&
	       fh_hex_read(fh_span_of(at + 80, 80), out + 40, 40) == FH_ERR_OK;
}

/* The proof from the README's regtest chain holds there and nowhere else.  */
static const char *check_regtest(const char *readme)
{
	static uint8_t ots[4096];
	uint8_t header[FH_HEADER_SIZE];
	const char *hex = strstr(readme, "004f70656e");
	size_t n = 0;
	FH_OWN(fh_arena) a = { 0 };
	struct fh_headers on_regtest, on_main;
	struct fh_stamp_check c;

	if (!find_header(readme, "00000020", header) || hex == nullptr)
		return "the README does not have it";
	while (n < sizeof(ots) && strlen(hex) >= 2 * n + 2 &&
	       fh_hex_read(fh_span_of(hex + 2 * n, 2), &ots[n], 1) == FH_ERR_OK)
		n++;
	if (fh_arena_map(2 * FH_STAMP_MEMORY, &a) != FH_ERR_OK ||
	    fh_headers_begin(FH_NETWORK_MAIN, 1, &a, &on_main) != FH_ERR_OK ||
	    fh_headers_begin(FH_NETWORK_REGTEST, 1, &a, &on_regtest) != FH_ERR_OK)
		return "there is no memory";
	if (fh_headers_add(&on_main, 102, header, nullptr) == FH_ERR_OK)
		return "its header passes for one of the main network";
	if (fh_headers_add(&on_regtest, 102, header, nullptr) != FH_ERR_OK ||
	    fh_stamp_verify(fh_span_of(ots, n), FH_SPAN_LIT("origin\n1\nroot\n"), &on_regtest,
			    FH_HEADER_UNPLACED, &a, &c) != FH_ERR_OK)
		return "it cannot be checked";
	return fh_finding_answer(&c.finding, FH_AUTHENTIC) == FH_ANSWER_YES ? nullptr
									    : "it does not hold";
}

int main(int argc, char **argv)
{
	static uint8_t memory[1 << 20];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	uint8_t bytes[FH_HEADER_SIZE];
	struct fh_headers headers;
	char path[4096], readme[16384] = "";
	FILE *f = nullptr;

	if (argc == 2) {
		snprintf(path, sizeof(path), "%s/README.md", argv[1]);
		f = fopen(path, "rb");
	}
	if (f == nullptr) {
		fprintf(stderr, "usage: ots-vectors DIRECTORY\n");
		return 64;
	}
	readme[fread(readme, 1, sizeof(readme) - 1, f)] = '\0';
	fclose(f);
	if (!find_header(readme, "02000000", bytes) ||
	    fh_headers_begin(FH_NETWORK_MAIN, 1, &a, &headers) != FH_ERR_OK ||
	    fh_headers_add(&headers, block, bytes, nullptr) != FH_ERR_OK)
		tell("header", "the README's header is not accepted");
	else
		check_all(argv[1], &headers);
	snprintf(path, sizeof(path), "%s/invalid", argv[1]);
	check_all(path, nullptr);
	tell("regtest", check_regtest(readme));
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return passed > 0 && failed == 0 ? 0 : 1;
}
