/* SPDX-License-Identifier: Apache-2.0 */
/* Makers' certificates, as somebody collected them:
 *
 *	roots-vectors FOLDER
 *
 * FOLDER has tpm-ca-certificates.pem (roots) and tpm-intermediate-ca-certificates.pem.
 * Every one must be read, may issue, and is valid; every root is one that is known.
 * Prints "FAIL name: why" and, last, "N passed, N failed, N skipped".  */
#include <stdio.h>
#include <stdlib.h>

#include "base/own.h"
#include "crypto/x509_roots.h"
#include "evidence/certificates.h"

constexpr size_t file_max = FH_CERTIFICATES_FILE_MAX;

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

/* The certificates in FOLDER's file NAME, behind the N in DER.  */
static void read_bundle(const char *folder, const char *name, uint8_t *room, struct fh_span *der,
			size_t *n, bool roots)
{
	static uint8_t text[file_max];
	struct fh_builder out = fh_builder_of(room, file_max);
	struct fh_trace t = { 0 };
	char path[4096];
	size_t found = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");

	if (f == nullptr) {
		skipped++;
		printf("SKIP %s: it is not there\n", name);
		return;
	}
	struct fh_span file = fh_span_of(text, fread(text, 1, sizeof(text), f));

	(void)fclose(f);
	expect(name, fh_certificates_read(file, &out, der + *n, FH_X509_ROOTS_MAX - *n, &found, &t)
		     == FH_ERR_OK && found > 0, t.what);
	for (size_t i = *n; i < *n + found; i++) {
		struct fh_x509_facts facts = { 0 };

		expect(name, fh_x509_describe(der[i], &facts) == FH_ERR_OK, "cannot be read");
		expect(facts.name, facts.authority && facts.until_ms > facts.from_ms &&
		       facts.name[0] != '\0', "is no authority's");
		if (roots)
			expect(facts.name, facts.vendor != nullptr, "is not a known root");
	}
	*n += found;
}

int main(int argc, char **argv)
{
	static uint8_t roots[file_max], links[file_max];
	static struct fh_span der[FH_X509_ROOTS_MAX];
	FH_OWN(fh_x509_roots) all = { 0 };
	struct fh_trace t = { 0 };
	size_t n = 0;

	if (argc != 2)
		return 64;
	read_bundle(argv[1], "tpm-ca-certificates.pem", roots, der, &n, true);
	size_t anchors = n;

	read_bundle(argv[1], "tpm-intermediate-ca-certificates.pem", links, der, &n, false);
	expect("all", fh_x509_roots_new(der, n, &all, &t) == FH_ERR_OK, t.what);
	expect("all", all.anchors == anchors, "an intermediate has no issuer among the roots");
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed == 0 && skipped == 0 && passed > 0 ? 0 : 1;
}
