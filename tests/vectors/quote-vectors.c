/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of real TPMs and of a cloud's virtual ones:
 *
 *	quote-vectors FOLDER
 *
 * FOLDER has trustee-tpm_evidence.json (key, quote and values in base64 and hex) and
 * az-snp-vtpm/ (one with values, and one in JSON, whose attestation key stands in the
 * runtime data of the HCL report beside them; and one alone, whose key is not there).
 * Each with a key must be good, and bad once a byte of it is changed.
 * Prints "FAIL name: why" and, last, "N passed, N failed, N skipped".  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/hex.h"
#include "base/own.h"
#include "codec/base64.h"
#include "evidence/quote.h"

constexpr size_t file_max = 64 << 10;
constexpr size_t pcrs_n = 24;

struct quote {
	struct fh_tpm_public ak;
	uint8_t message[1024], signature[1024], value[pcrs_n][32];
	size_t message_n, signature_n;
	bool values;
};

static unsigned passed, failed, skipped;

/* The file NAME of FOLDER, zero-terminated; false if it is not there.  */
static bool read_file(const char *folder, const char *name, uint8_t *out, size_t *n)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");

	if (f == nullptr)
		return false;
	*n = fread(out, 1, file_max - 1, f);
	out[*n] = '\0';
	return fclose(f) == 0;
}

/* The text of member KEY, the first in TEXT.  */
static struct fh_span member(const char *text, const char *key)
{
	char quoted[64];

	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	const char *at = strstr(text, quoted);

	at = at == nullptr ? nullptr : strchr(at + strlen(quoted), ':');
	at = at == nullptr ? nullptr : strchr(at, '"');
	return at == nullptr ? (struct fh_span){ 0 } : fh_span_of(at + 1, strcspn(at + 1, "\""));
}

static bool read_hex(struct fh_span hex, uint8_t *out, size_t *n)
{
	*n = hex.n / 2;
	for (size_t i = 0; i < *n; i++) {
		if (fh_hex_read(fh_span_first(fh_span_skip(hex, 2 * i), 2), out + i, 1) !=
		    FH_ERR_OK)
			return false;
	}
	return hex.n > 0;
}

static bool read_base64(struct fh_span text, bool url, uint8_t *out, size_t max, size_t *n)
{
	struct fh_builder b = fh_builder_of(out, max);

	while (url && text.n > 0 && text.p[text.n - 1] == '=')
		text.n--;
	fh_err e = url ? fh_base64url_read(text, &b) : fh_base64_read(text, &b);

	*n = b.n;
	return e == FH_ERR_OK;
}

/* The 24 values behind "pcrs".  */
static bool read_values(const char *text, struct quote *q)
{
	const char *at = strstr(text, "\"pcrs\"");

	at = at == nullptr ? nullptr : strchr(at, '[');
	for (size_t i = 0; i < pcrs_n; i++) {
		at = at == nullptr ? nullptr : strchr(at, '"');
		if (at == nullptr ||
		    fh_hex_read(fh_span_of(at + 1, 64), q->value[i], 32) != FH_ERR_OK)
			return false;
		at += 66;
	}
	q->values = true;
	return true;
}

/* The key HCLAkPub in the runtime data of an HCL report.  */
static bool read_hcl_key(const uint8_t *report, size_t n, struct quote *q)
{
	static const char kid[] = "\"HCLAkPub\"";
	const char *at = memmem(report, n, kid, sizeof(kid) - 1);

	q->ak = (struct fh_tpm_public){ 0 };
	return at != nullptr &&
	       read_base64(member(at, "n"), true, q->ak.key.x, sizeof(q->ak.key.x), &q->ak.key.n) &&
	       q->ak.key.n == 256;
}

/* --- judging --------------------------------------------------------------------- */

static struct fh_quote_result check(const struct quote *q)
{
	FH_OWN(fh_tpm_verifier) key = { 0 };
	struct fh_quote_result r = { 0 };
	struct fh_span value[pcrs_n];
	struct fh_pcr_values values;

	for (size_t i = 0; i < pcrs_n; i++)
		value[i] = FH_SPAN_ARRAY(q->value[i]);
	if (fh_tpm_verifier_new(&q->ak.key, &key) != FH_ERR_OK ||
	    fh_pcr_values_of(FH_BANK_SHA256, 0xffffff, value, &values) != FH_ERR_OK)
		return r;
	const struct fh_quote_claim claim = {
		.ak = &q->ak,
		.key = &key,
		.message = fh_span_of(q->message, q->message_n),
		.signature = fh_span_of(q->signature, q->signature_n),
		.pcrs = q->values ? &values : nullptr,
	};

	if (fh_quote_check(&claim, &r) != FH_ERR_OK)
		return (struct fh_quote_result){ 0 };
	return r;
}

static void expect(const char *name, bool held, const char *what)
{
	if (held) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %s\n", name, what);
}

static bool refuses(const struct quote *q, enum fh_quote_check c)
{
	struct fh_quote_result r = check(q);

	return r.answer[c] == FH_ANSWER_NO && !fh_quote_holds(&r);
}

static void judge(const char *name, struct quote *q)
{
	struct fh_quote_result r = check(q);

	for (int i = 0; i < FH_QUOTE_CHECKS; i++) {
		if (r.answer[i] == FH_ANSWER_NO)
			printf("FAIL %s: %s: %s\n", name,
			       fh_quote_check_text((enum fh_quote_check)i), r.why[i].what);
	}
	expect(name, fh_quote_holds(&r), "a good quote is refused");
	expect(name, r.attest.type == FH_ATTEST_QUOTE && r.bank == FH_BANK_SHA256,
	       "it is no quote of the SHA-256 bank");
	expect(name, !q->values || r.answer[FH_QUOTE_DIGEST] == FH_ANSWER_YES,
	       "the digest is not of these values");
	q->message[60] ^= 1;
	expect(name, refuses(q, FH_QUOTE_SIGNATURE), "a changed message is accepted");
	q->message[60] ^= 1;
	q->signature[100] ^= 1;
	expect(name, refuses(q, FH_QUOTE_SIGNATURE), "a changed signature is accepted");
	q->signature[100] ^= 1;
	q->value[3][3] ^= 1;
	expect(name, !q->values || refuses(q, FH_QUOTE_DIGEST), "a changed value is accepted");
}

static void skip(const char *name)
{
	skipped++;
	printf("SKIP %s: the file is not there, or is not what it was\n", name);
}

/* --- the files ---------------------------------------------------------------------- */

static void run_trustee(const char *folder)
{
	static uint8_t text[file_max];
	const char *name = "trustee-tpm_evidence.json", *json = (const char *)text;
	struct quote q = { 0 };
	uint8_t spki[1024];
	size_t n;

	if (!read_file(folder, name, text, &n)) {
		skip(name);
		return;
	}
	bool read = read_base64(member(json, "ak_public"), false, spki, sizeof(spki), &n) &&
		    fh_tpm_public_read_any(fh_span_of(spki, n), &q.ak) == FH_ERR_OK &&
		    read_base64(member(json, "message"), false, q.message, sizeof(q.message),
				&q.message_n) &&
		    read_base64(member(json, "signature"), false, q.signature,
				sizeof(q.signature), &q.signature_n) &&
		    read_values(json, &q);

	expect(name, read, "cannot be read");
	if (read)
		judge(name, &q);
}

/* A quote of a TPM whose key is not there: it is well-formed, and no other TPM's
 * key made it.  */
static void run_pair(const char *folder, const uint8_t *report, size_t report_n)
{
	static uint8_t message[file_max], signature[file_max];
	struct quote q = { 0 };

	if (!read_file(folder, "tpm-quote.msg", message, &q.message_n) ||
	    !read_file(folder, "tpm-quote.sig", signature, &q.signature_n) ||
	    q.message_n > sizeof(q.message) || q.signature_n > sizeof(q.signature)) {
		skip("tpm-quote.msg");
		return;
	}
	memcpy(q.message, message, q.message_n);
	memcpy(q.signature, signature, q.signature_n);
	expect("tpm-quote.msg", read_hcl_key(report, report_n, &q), "no key in hcl-report.bin");
	struct fh_attest a;

	expect("tpm-quote.msg", fh_attest_read(fh_span_of(q.message, q.message_n), &a) == FH_ERR_OK
				&& a.type == FH_ATTEST_QUOTE
				&& fh_span_equal(a.extra, FH_SPAN_LIT("challenge")),
	       "is not read as a quote with its nonce");
	expect("tpm-quote.msg", refuses(&q, FH_QUOTE_SIGNATURE),
	       "is taken for a quote of another TPM");
}

/* Each part behind its length, 8 bytes little-endian: signature, message, and so
 * many values.  */
static void run_packed(const char *folder, const uint8_t *report, size_t report_n)
{
	static uint8_t packed[file_max];
	struct quote q = { .values = true };
	size_t n;

	if (!read_file(folder, "quote.bin", packed, &n)) {
		skip("quote.bin");
		return;
	}
	struct fh_cursor c = fh_cursor_of(fh_span_of(packed, n));
	struct fh_span signature = fh_cursor_take(&c, fh_cursor_le64(&c));
	struct fh_span message = fh_cursor_take(&c, fh_cursor_le64(&c));
	bool read = fh_cursor_le64(&c) == pcrs_n && signature.n <= sizeof(q.signature) &&
		    message.n <= sizeof(q.message);

	for (size_t i = 0; i < pcrs_n && read; i++) {
		struct fh_span value = fh_cursor_take(&c, 32);

		if (value.n == 32)
			memcpy(q.value[i], value.p, 32);
	}
	read = read && fh_cursor_end(&c) == FH_ERR_OK && read_hcl_key(report, report_n, &q);
	expect("quote.bin", read, "cannot be read");
	if (!read)
		return;
	memcpy(q.signature, signature.p, signature.n);
	memcpy(q.message, message.p, message.n);
	q.signature_n = signature.n;
	q.message_n = message.n;
	judge("quote.bin", &q);
}

static void run_evidence(const char *folder)
{
	static uint8_t text[file_max], report[file_max];
	const char *json = (const char *)text;
	struct quote q = { 0 };
	size_t n, report_n;

	if (!read_file(folder, "evidence-v2.json", text, &n)) {
		skip("evidence-v2.json");
		return;
	}
	bool read = read_hex(member(json, "message"), q.message, &q.message_n) &&
		    read_hex(member(json, "signature"), q.signature, &q.signature_n) &&
		    read_values(json, &q) &&
		    read_base64(member(json, "hcl_report"), true, report, sizeof(report) - 1,
				&report_n) &&
		    read_hcl_key(report, report_n, &q);

	expect("evidence-v2.json", read, "cannot be read");
	if (read)
		judge("evidence-v2.json", &q);
}

int main(int argc, char **argv)
{
	static uint8_t report[file_max];
	char azure[4096];
	size_t n;

	if (argc != 2)
		return 64;
	(void)snprintf(azure, sizeof(azure), "%s/az-snp-vtpm", argv[1]);
	run_trustee(argv[1]);
	if (read_file(azure, "hcl-report.bin", report, &n)) {
		run_pair(azure, report, n);
		run_packed(azure, report, n);
	} else {
		skip("hcl-report.bin");
	}
	run_evidence(azure);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed == 0 && skipped == 0 && passed > 0 ? 0 : 1;
}
