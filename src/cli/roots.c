/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/roots_files.h"
#include "cli/roots_lists.h"
#include "cli/roots_sign.h"
#include "cli/time.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t memory_max = 3 * FH_ROOTS_MEMORY;
constexpr size_t list_max = (FH_X509_ROOTS_MAX + FH_X509_CRLS_MAX) << 10; /* 1 KiB each */
constexpr size_t pem_line = 64;           /* RFC 7468 */
constexpr mode_t directory_mode = 0755;
constexpr mode_t file_mode = 0644;        /* nothing in it is secret */

#define STORE_OPTION { "roots", 0, false, "DIR", "where the roots are (default " \
		       FH_ROOTS_DIRECTORY ")" }

static const struct fh_option add_options[] = { STORE_OPTION };
static const struct fh_usage add_usage = {
	.verb = "roots add",
	.operands = "FILE...",
	.summary = "trust the certificates in these files to endorse TPMs, but for those on lists",
	.options = add_options,
	.options_n = 1,
	.operands_min = 1,
	.operands_max = FH_X509_ROOTS_MAX,
	.text = "A FILE is a bundle in PEM or one certificate in DER; or a list of revoked\n"
		"certificates (CRL) in DER, or some in PEM. All of it is checked before anything\n"
		"is added: what may not issue certificates is refused, and a list that none of\n"
		"the roots has signed, or that is older than the one that is there.",
	.examples = "freehold roots add tpm-ca-certificates.pem\n"
		    "freehold roots add maker-root.crl",
};

static const struct fh_option list_options[] = {
	STORE_OPTION,
	{ "signed", 0, false, nullptr, "those that the chain of --state names instead" },
};
static const struct fh_usage list_usage = {
	.verb = "roots list",
	.operands = "",
	.summary = "show which certificates are trusted to endorse TPMs",
	.options = list_options,
	.options_n = 2,
	.examples = "freehold roots list --json",
};

static const char *directory_of(const struct fh_arguments *a)
{
	const char *named = fh_argument(a, "roots");

	return named != nullptr ? named : FH_ROOTS_DIRECTORY;
}

/* Who stands behind it, for people; nobody does behind a link.  */
static const char *maker_of(const struct fh_x509_facts *f)
{
	return f->vendor != nullptr ? f->vendor : fh_x509_maker_text(f->maker);
}

/* --- add -------------------------------------------------------------------------- */

/* PATH of the root F in DIRECTORY: SHA-256 and ".pem".  */
static fh_err name_file(const char *directory, const struct fh_x509_facts *f,
			char path[FH_PATH_MAX])
{
	struct fh_builder b = fh_builder_of(path, FH_PATH_MAX);

	fh_builder_text(&b, directory);
	fh_builder_u8(&b, '/');
	fh_builder_hex(&b, fh_hash_span(&f->sha256));
	fh_builder_text(&b, ".pem");
	fh_builder_u8(&b, '\0');
	return b.bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static void put_pem(struct fh_builder *b, struct fh_span der, const struct fh_x509_facts *f)
{
	uint8_t text[FH_X509_MAX / 3 * 4 + 8];
	struct fh_builder base64 = FH_BUILDER_ARRAY(text);

	fh_base64_put(&base64, der);
	fh_builder_text(b, "# ");
	fh_builder_text(b, f->name);
	fh_builder_text(b, "\n-----BEGIN CERTIFICATE-----\n");
	for (struct fh_span rest = fh_builder_span(&base64); rest.n > 0;
	     rest = fh_span_skip(rest, pem_line)) {
		fh_builder_bytes(b, fh_span_first(rest, pem_line));
		fh_builder_u8(b, '\n');
	}
	fh_builder_text(b, "-----END CERTIFICATE-----\n");
	b->bad |= base64.bad;
}

/* Writes the certificate, unless it is there.  */
static fh_err write_one(const struct fh_cli *cli, const char *directory, struct fh_span der)
{
	uint8_t room[2 * FH_X509_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	char path[FH_PATH_MAX];
	struct fh_x509_facts f;
	fh_err e = fh_x509_describe(der, &f);

	if (e == FH_ERR_OK)
		e = name_file(directory, &f, path);
	if (e != FH_ERR_OK)
		return e;
	put_pem(&b, der, &f);
	e = b.bad ? FH_ERR_LIMIT : fh_file_write_new(path, fh_builder_span(&b), file_mode);
	if (e == FH_ERR_OK || e == FH_ERR_EXISTS)
		fh_cli_say(cli, "%s: %s (%s)%s", e == FH_ERR_OK ? "added" : "already there",
			   f.name, maker_of(&f),
			   f.self_signed ? "" : ", not self-signed: trusted as it stands unless"
						" its issuer is there");
	return e == FH_ERR_EXISTS ? FH_ERR_OK : e;
}

/* Everything in the files the operator named; all of it is checked first.  */
static fh_err read_files(const struct fh_arguments *a, struct fh_arena *arena,
			 struct fh_roots_files *all, struct fh_trace *t)
{
	struct fh_roots_files *one = fh_arena_take(arena, sizeof(*one));
	struct fh_x509_roots checked = { 0 };

	if (one == nullptr)
		return FH_ERR_NOMEM;
	for (int i = 0; i < a->operands; i++) {
		fh_err e = fh_roots_read_any(a->operand[i], arena, one, t);

		if (e == FH_ERR_OK)
			e = fh_x509_roots_new(one->der, one->n, &checked, t);
		fh_x509_roots_drop(&checked);
		if (e == FH_ERR_OK && (all->n + one->n > FH_X509_ROOTS_MAX
				       || all->crls + one->crls > FH_X509_CRLS_MAX))
			e = FH_ERR_LIMIT;
		if (e != FH_ERR_OK) {
			char where[FH_TRACE_WHERE_MAX];

			memcpy(where, t->where, sizeof(where));
			if (strstr(where, a->operand[i]) == nullptr)
				fh_trace_where(t, "%s%s%s", a->operand[i],
					       where[0] != '\0' ? ": " : "", where);
			return e;
		}
		memcpy(all->der + all->n, one->der, one->n * sizeof(one->der[0]));
		all->n += one->n;
		memcpy(all->crl + all->crls, one->crl, one->crls * sizeof(one->crl[0]));
		all->crls += one->crls;
	}
	return FH_ERR_OK;
}

/* What is in DIRECTORY already; nothing if it is not there.  */
static fh_err read_held(const char *directory, struct fh_arena *arena, struct fh_roots_files *held,
			struct fh_trace *t)
{
	fh_err e = fh_roots_read(directory, arena, held, t);

	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* The directory, and the one above it.  */
static fh_err make_directory(const char *path, struct fh_trace *t)
{
	char above[FH_PATH_MAX];
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n > 1 && n < sizeof(above)) {
		memcpy(above, path, n - 1);
		above[n - 1] = '\0';
		if (mkdir(above, directory_mode) == 0)
			(void)!fh_directory_sync_of(above);
	}
	if (mkdir(path, directory_mode) == 0)
		return fh_directory_sync_of(path);
	if (errno == EEXIST)
		return FH_ERR_OK;
	fh_trace_where(t, "%s", path);
	fh_trace_what(t, "cannot be made: %s", strerror(errno));
	return fh_errno_err(errno);
}

static fh_err add_all(const struct fh_cli *cli, const struct fh_arguments *a,
		      struct fh_arena *arena, struct fh_trace *t)
{
	struct fh_roots_files *all = fh_arena_take(arena, sizeof(*all));
	struct fh_roots_files *held = fh_arena_take(arena, sizeof(*held));
	const char *directory = directory_of(a);
	fh_err e = all == nullptr || held == nullptr ? FH_ERR_NOMEM
						     : read_files(a, arena, all, t);

	if (e == FH_ERR_OK && all->crls > 0)
		e = read_held(directory, arena, held, t);
	if (e == FH_ERR_OK)
		e = fh_roots_lists_check(directory, held, all, arena, t);
	if (e == FH_ERR_OK)
		e = make_directory(directory, t);
	for (size_t i = 0; i < (all == nullptr ? 0 : all->n) && e == FH_ERR_OK; i++) {
		e = write_one(cli, directory, all->der[i]);
		fh_trace_where(t, "%s", directory);
	}
	return e == FH_ERR_OK ? fh_roots_lists_write(cli, directory, held, all, arena, t) : e;
}

static int run_add(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &add_usage, argc, argv, &a);

	if (done >= 0)
		return done;
	fh_err e = fh_arena_map(memory_max, &arena);

	if (e == FH_ERR_OK)
		e = add_all(cli, &a, &arena, &t);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, add_usage.verb, &t);
}

/* --- list ------------------------------------------------------------------------- */

static void put_member(struct fh_builder *b, const char *name, const char *value)
{
	fh_json_put_name(b, name);
	fh_json_put_string(b, fh_span_str(value));
}

static void put_root(struct fh_builder *b, const struct fh_x509_facts *f, bool link)
{
	char until[FH_TIME_TEXT];

	fh_time_text(f->until_ms, until);
	if (b->p[b->n - 1] != '[')
		fh_builder_u8(b, ',');
	fh_builder_u8(b, '{');
	put_member(b, "name", f->name);
	put_member(b, "issuer", f->issuer);
	put_member(b, "role", link ? "link" : "root");
	put_member(b, "maker", fh_x509_maker_text(f->maker));
	if (f->vendor != nullptr)
		put_member(b, "vendor", f->vendor);
	put_member(b, "until", until);
	put_member(b, "self-signed", f->self_signed ? "yes" : "no");
	fh_json_put_name(b, "sha256");
	fh_builder_u8(b, '"');
	fh_builder_hex(b, fh_hash_span(&f->sha256));
	fh_builder_text(b, "\"}");
}

static void print_root(const struct fh_x509_facts *f, bool link)
{
	char until[FH_TIME_TEXT];

	fh_time_text(f->until_ms, until);
	for (size_t i = 0; i < 8; i++)
		printf("%02x", f->sha256.bytes[i]);
	printf("  %-18s until %.10s  %s%s%s\n", link ? "link" : maker_of(f), until, f->name,
	       link ? ", by " : f->self_signed ? "" : ", not self-signed, by ",
	       link || !f->self_signed ? f->issuer : "");
}

static fh_err list_all(const struct fh_cli *cli, const struct fh_roots_files *all,
		       struct fh_builder *json, struct fh_trace *t)
{
	FH_OWN(fh_x509_roots) roots = { 0 };
	fh_err e = fh_x509_roots_new(all->der, all->n, &roots, t);

	fh_builder_text(json, "{\"roots\":[");
	for (size_t i = 0; i < all->n && e == FH_ERR_OK; i++) {
		bool link = fh_x509_is_link(&roots, all->der[i]);
		struct fh_x509_facts f;

		e = fh_x509_describe(all->der[i], &f);
		if (e == FH_ERR_OK && cli->json)
			put_root(json, &f, link);
		else if (e == FH_ERR_OK)
			print_root(&f, link);
	}
	fh_builder_text(json, "],\"lists\":[");
	if (e == FH_ERR_OK)
		e = fh_roots_lists_show(cli, &roots, all, json, t);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_text(json, "]}\n");
	if (!cli->json && all->n == 0)
		fh_cli_say(cli, "no root is trusted; `freehold roots add` takes some");
	if (!cli->json)
		return FH_ERR_OK;
	if (json->bad)
		return FH_ERR_LIMIT;
	return fwrite(json->p, 1, json->n, stdout) == json->n ? FH_ERR_OK : FH_ERR_IO;
}

/* What the directory has, or the chain.  */
static fh_err read_listed(const struct fh_cli *cli, const struct fh_arguments *a,
			  struct fh_state *state, struct fh_arena *arena,
			  struct fh_roots_files *all, struct fh_trace *t)
{
	if (fh_argument(a, "signed") != nullptr)
		return fh_roots_signed(cli, state, all, t);
	return fh_argument(a, "roots") != nullptr ? fh_roots_read(directory_of(a), arena, all, t)
						  : read_held(directory_of(a), arena, all, t);
}

static int run_list(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_arena) arena = { 0 };
	FH_OWN(fh_state) state = { 0 };
	struct fh_arguments a;
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &list_usage, argc, argv, &a);

	if (done >= 0)
		return done;
	fh_err e = fh_arena_map(memory_max, &arena);
	struct fh_roots_files *all = e == FH_ERR_OK ? fh_arena_take(&arena, sizeof(*all)) : nullptr;
	uint8_t *room = e == FH_ERR_OK ? fh_arena_space(&arena, list_max) : nullptr;

	if (all == nullptr || room == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, list_usage.verb, nullptr, nullptr);
	e = read_listed(cli, &a, &state, &arena, all, &t);
	if (e == FH_ERR_OK) {
		struct fh_builder json = fh_builder_of(room, list_max);

		e = list_all(cli, all, &json, &t);
	}
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, directory_of(&a), &t);
}

static const struct fh_subcommand kinds[] = {
	{ "add", run_add, "trust the certificates in some files" },
	{ "list", run_list, "show which are trusted" },
	{ "sign", fh_roots_sign, "sign which are, for all who verify by this chain" },
};

int fh_cmd_roots(struct fh_cli *cli, int argc, char **argv)
{
	return fh_cli_subcommand(cli, "roots", kinds, sizeof(kinds) / sizeof(kinds[0]), argc,
				 argv);
}
