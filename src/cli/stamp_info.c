/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stamp.h"

#include <stdio.h>
#include <string.h>

#include "codec/json.h"
#include "os/file.h"
#include "os/memory.h"
#include "stamp/header.h"

constexpr size_t text_max = 64 << 20; /* every attestation there can be */

static const struct fh_usage usage_info = {
	.verb = "stamp info",
	.operands = "FILE.ots",
	.summary = "Shows what a proof is of, and who attests it; nothing is checked",
	.operands_min = 1,
	.operands_max = 1,
	.examples = "freehold stamp info report.pdf.ots\n",
};

static const char *notary_text(enum fh_notary n)
{
	static const char *const text[] = {
		[FH_NOTARY_UNKNOWN] = "unknown",
		[FH_NOTARY_BITCOIN] = "bitcoin",
		[FH_NOTARY_LITECOIN] = "litecoin",
		[FH_NOTARY_PENDING] = "pending",
		[FH_NOTARY_TRANSACTION] = "transaction",
		[FH_NOTARY_REQUEST] = "request",
	};

	return text[n];
}

/* The message of a claim as people write it: roots and ids backwards.  */
static void put_message(struct fh_builder *b, const struct fh_stamp_claim *c)
{
	enum fh_notary n = c->attestation->notary;
	struct fh_span m = c->at->message;

	if (n == FH_NOTARY_PENDING || n == FH_NOTARY_REQUEST || n == FH_NOTARY_UNKNOWN) {
		fh_builder_hex(b, m);
		return;
	}
	for (size_t i = m.n; i > 0; i--)
		fh_builder_hex(b, fh_span_first(fh_span_skip(m, i - 1), 1));
}

static bool has_height(const struct fh_attestation *x)
{
	return x->notary == FH_NOTARY_BITCOIN || x->notary == FH_NOTARY_LITECOIN;
}

static void put_json_claim(struct fh_builder *b, const struct fh_stamp_claim *c)
{
	const struct fh_attestation *x = c->attestation;

	fh_builder_text(b, "{\"kind\":\"");
	fh_builder_text(b, notary_text(x->notary));
	if (has_height(x)) {
		fh_builder_text(b, "\",\"height\":");
		fh_builder_decimal(b, x->height);
	} else if (x->notary == FH_NOTARY_UNKNOWN) {
		fh_builder_text(b, "\",\"tag\":\"");
		fh_builder_hex(b, FH_SPAN_ARRAY(x->tag));
		fh_builder_u8(b, '"');
	} else if (x->notary == FH_NOTARY_REQUEST) {
		fh_builder_u8(b, '"');
	} else {
		fh_builder_text(b, x->notary == FH_NOTARY_PENDING ? "\",\"uri\":"
								  : "\",\"network\":");
		fh_json_put_string(b, x->uri);
	}
	fh_builder_text(b, ",\"message\":\"");
	put_message(b, c);
	fh_builder_text(b, "\"}");
}

static void put_json(struct fh_builder *b, const struct fh_stamp_file *f,
		     const struct fh_stamp_claim *claim, size_t n)
{
	fh_builder_text(b, "{\"hash\":\"");
	fh_builder_text(b, fh_stamp_op_name(f->op));
	fh_builder_text(b, "\",\"digest\":\"");
	fh_builder_hex(b, f->root->message);
	fh_builder_text(b, "\",\"attestations\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		put_json_claim(b, &claim[i]);
	}
	fh_builder_text(b, "]}\n");
}

static void put_text(struct fh_builder *b, const struct fh_stamp_file *f,
		     const struct fh_stamp_claim *claim, size_t n)
{
	char left[32];

	(void)snprintf(left, sizeof(left), "%-11s ", fh_stamp_op_name(f->op));
	fh_builder_text(b, left);
	fh_builder_hex(b, f->root->message);
	fh_builder_u8(b, '\n');
	for (size_t i = 0; i < n; i++) {
		const struct fh_attestation *x = claim[i].attestation;

		(void)snprintf(left, sizeof(left), "%-11s ", notary_text(x->notary));
		fh_builder_text(b, left);
		if (has_height(x))
			fh_builder_decimal(b, x->height);
		else if (x->notary == FH_NOTARY_UNKNOWN)
			fh_builder_hex(b, FH_SPAN_ARRAY(x->tag));
		else
			fh_builder_bytes(b, x->uri);
		if (x->notary != FH_NOTARY_REQUEST)
			fh_builder_text(b, ": ");
		put_message(b, &claim[i]);
		fh_builder_u8(b, '\n');
	}
}

void fh_stamp_say(const struct fh_cli *cli, const char *name, const char *state, const char *text)
{
	uint8_t room[8 * FH_PATH_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	if (!cli->json) {
		if (text != nullptr)
			fh_cli_say(cli, "%s: %s", name, text);
		return;
	}
	fh_builder_text(&b, "{\"proof\":");
	fh_json_put_string(&b, fh_span_str(name));
	fh_builder_text(&b, ",\"state\":\"");
	fh_builder_text(&b, state);
	fh_builder_text(&b, "\"}\n");
	(void)fwrite(room, 1, b.n, stdout);
}

static int show(const struct fh_cli *cli, const char *path, const struct fh_stamp_file *f,
		struct fh_arena *a)
{
	struct fh_stamp_claim *claim;
	size_t n = 0;
	struct fh_builder b = fh_builder_of(fh_arena_space(a, text_max), text_max);
	struct fh_span text;
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : fh_stamp_claims(f->root, a, &claim, &n);

	if (e == FH_ERR_OK && cli->json)
		put_json(&b, f, claim, n);
	else if (e == FH_ERR_OK)
		put_text(&b, f, claim, n);
	if (e == FH_ERR_OK)
		e = fh_builder_end(&b, &text);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	return fwrite(text.p, 1, text.n, stdout) == text.n
		? FH_EXIT_YES : fh_cli_fail(FH_ERR_IO, "stdout", nullptr, nullptr);
}

int fh_stamp_info(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_arguments a;
	struct fh_stamp_file f;
	struct fh_span bytes;
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &usage_info, argc, argv, &a);

	if (done >= 0)
		return done;

	const char *path = a.operand[0];
	fh_err e = fh_arena_map(2 * FH_STAMP_MEMORY, &memory);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, FH_STAMP_FILE_MAX, &memory, &bytes);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "name an OpenTimestamps proof");
	e = fh_stamp_read(bytes, &memory, &f, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, t.what, "name an OpenTimestamps proof");
	return show(cli, path, &f, &memory);
}

static const struct fh_subcommand parts[] = {
	{ "make", fh_stamp_make, "make a proof, by calendars or by the operator's Bitcoin node" },
	{ "upgrade", fh_stamp_upgrade, "complete proofs whose hash has come into a block" },
	{ "import", fh_stamp_import, "take a proof that was made elsewhere for a request" },
	{ "info", fh_stamp_info, "show what a proof is of, and who attests it" },
};

int fh_cmd_stamp(struct fh_cli *cli, int argc, char **argv)
{
	bool named = argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		named |= argc >= 2 && strcmp(argv[1], parts[i].name) == 0;
	/* `stamp FILE` is `stamp make FILE`.  */
	if (!named)
		return fh_stamp_make(cli, argc, argv);
	return fh_cli_subcommand(cli, "stamp", parts, sizeof(parts) / sizeof(parts[0]), argc, argv);
}
