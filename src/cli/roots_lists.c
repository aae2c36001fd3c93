/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/roots_lists.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/time.h"
#include "codec/json.h"
#include "os/clock.h"
#include "os/file.h"

constexpr mode_t file_mode = 0644; /* nothing in it is secret */

/* What is done with each list of NEW.  */
struct lists {
	const struct fh_cli *cli;      /* NULL: only checked */
	const char *directory;
	struct fh_x509_roots roots;    /* who may have signed them */
	struct fh_arena *arena;
	struct fh_trace *t;
};

static fh_err union_of(const struct fh_roots_files *held, const struct fh_roots_files *new,
		       struct fh_arena *arena, struct fh_x509_roots *out, struct fh_trace *t)
{
	size_t n = held->n + new->n;
	struct fh_span *all = fh_arena_array(arena, n + 1, sizeof(*all));

	if (all == nullptr)
		return FH_ERR_NOMEM;
	memcpy(all, held->der, held->n * sizeof(*all));
	memcpy(all + held->n, new->der, new->n * sizeof(*all));
	return fh_x509_roots_new(all, n, out, t);
}

/* Where a list is kept: an issuer has one that tells all; parts stand beside each other.  */
static fh_err place_of(const char *directory, const struct fh_x509_list *f,
		       char path[FH_PATH_MAX])
{
	struct fh_builder b = fh_builder_of(path, FH_PATH_MAX);

	fh_builder_text(&b, directory);
	fh_builder_u8(&b, '/');
	fh_builder_hex(&b, fh_hash_span(f->whole ? &f->by : &f->sha256));
	fh_builder_text(&b, ".crl");
	fh_builder_u8(&b, '\0');
	return b.bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

static fh_err nobodys(const struct lists *l, const struct fh_x509_list *f)
{
	fh_trace_where(l->t, "list of revoked certificates of %s", f->issuer);
	fh_trace_what(l->t, "none of the roots has signed it");
	fh_trace_cure(l->t, "add the root whose list it is first, or with it");
	return FH_ERR_SIGNATURE;
}

/* An older list in the place of a newer one would give back what was taken.  */
static fh_err older(const struct lists *l, const char *path, const struct fh_x509_list *there)
{
	char when[FH_TIME_TEXT];

	fh_time_text(there->from_ms, when);
	fh_trace_where(l->t, "list of revoked certificates of %s", there->issuer);
	fh_trace_what(l->t, "is not newer than the one that is there, of %s", when);
	fh_trace_cure(l->t, "get the maker's newest; if you mean this one, remove %s first", path);
	return FH_ERR_ROLLBACK;
}

/* *THERE: this very list is at PATH already.  */
static fh_err may_be_put(const struct lists *l, const char *path, const struct fh_x509_list *f,
			 bool *there)
{
	struct fh_x509_list held;
	struct fh_span file;
	fh_err e = fh_file_read(path, FH_X509_CRL_MAX, l->arena, &file);

	*there = false;
	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	if (e == FH_ERR_OK)
		e = fh_x509_list_describe(&l->roots, file, &held);
	if (e != FH_ERR_OK) {
		fh_trace_where(l->t, "%s", path);
		fh_trace_what(l->t, "cannot be read as the list it should be: %s", fh_err_text(e));
		fh_trace_cure(l->t, "find out who wrote it, and remove it");
		return e;
	}
	*there = fh_hash_equal(&held.sha256, &f->sha256);
	return *there || held.from_ms < f->from_ms ? FH_ERR_OK : older(l, path, &held);
}

static fh_err add_one(const struct lists *l, struct fh_span der)
{
	char path[FH_PATH_MAX];
	struct fh_x509_list f;
	bool there;
	fh_err e = fh_x509_list_describe(&l->roots, der, &f);

	if (e == FH_ERR_OK && !f.known)
		return nobodys(l, &f);
	if (e == FH_ERR_OK)
		e = place_of(l->directory, &f, path);
	if (e == FH_ERR_OK)
		e = may_be_put(l, path, &f, &there);
	if (e != FH_ERR_OK || l->cli == nullptr)
		return e;
	if (!there)
		e = fh_file_replace(path, der, file_mode);
	if (e == FH_ERR_OK)
		fh_cli_say(l->cli, "%s: list of %s, %zu revoked%s",
			   there ? "already there" : "added", f.issuer, f.revoked,
			   f.whole && f.entitled ? "" : "; it is a part, or its issuer's not to "
							"make, so that others stay unchecked");
	return e;
}

static fh_err add(struct lists *l, const struct fh_roots_files *held,
		  const struct fh_roots_files *new)
{
	fh_err e = new->crls == 0 ? FH_ERR_OK : union_of(held, new, l->arena, &l->roots, l->t);

	for (size_t i = 0; i < new->crls && e == FH_ERR_OK; i++)
		e = add_one(l, new->crl[i]);
	fh_x509_roots_drop(&l->roots);
	return e;
}

fh_err fh_roots_lists_check(const char *directory, const struct fh_roots_files *held,
			    const struct fh_roots_files *new, struct fh_arena *arena,
			    struct fh_trace *t)
{
	struct lists l = { .directory = directory, .arena = arena, .t = t };

	return add(&l, held, new);
}

fh_err fh_roots_lists_write(const struct fh_cli *cli, const char *directory,
			    const struct fh_roots_files *held, const struct fh_roots_files *new,
			    struct fh_arena *arena, struct fh_trace *t)
{
	struct lists l = { .cli = cli, .directory = directory, .arena = arena, .t = t };

	return add(&l, held, new);
}

/* --- list --------------------------------------------------------------------- */

static const char *state_of(const struct fh_x509_list *f)
{
	uint64_t now_ms = fh_clock_real_ms();

	if (!f->known)
		return "of-nobody";
	if (!f->whole)
		return "part";
	if (!f->entitled)
		return "not-entitled";
	return f->from_ms <= now_ms && (f->until_ms == 0 || now_ms < f->until_ms) ? "current"
										    : "stale";
}

static void put_list(struct fh_builder *b, const struct fh_x509_list *f)
{
	char when[FH_TIME_TEXT];

	if (b->p[b->n - 1] != '[')
		fh_builder_u8(b, ',');
	fh_builder_text(b, "{\"issuer\":");
	fh_json_put_string(b, fh_span_str(f->issuer));
	fh_time_text(f->from_ms, when);
	fh_json_put_name(b, "this-update");
	fh_json_put_string(b, fh_span_str(when));
	if (f->until_ms != 0) {
		fh_time_text(f->until_ms, when);
		fh_json_put_name(b, "next-update");
		fh_json_put_string(b, fh_span_str(when));
	}
	fh_json_put_name(b, "revoked");
	fh_builder_decimal(b, f->revoked);
	fh_json_put_name(b, "state");
	fh_json_put_string(b, fh_span_str(state_of(f)));
	fh_json_put_name(b, "sha256");
	fh_builder_u8(b, '"');
	fh_builder_hex(b, fh_hash_span(&f->sha256));
	fh_builder_text(b, "\"}");
}

static void print_list(const struct fh_x509_list *f)
{
	char from[FH_TIME_TEXT], until[FH_TIME_TEXT] = "for ever";

	fh_time_text(f->from_ms, from);
	if (f->until_ms != 0)
		fh_time_text(f->until_ms, until);
	for (size_t i = 0; i < 8; i++)
		printf("%02x", f->sha256.bytes[i]);
	printf("  %-18s until %.10s  %zu revoked by %s, of %.10s, %s\n", "list", until, f->revoked,
	       f->issuer, from, state_of(f));
}

fh_err fh_roots_lists_show(const struct fh_cli *cli, const struct fh_x509_roots *roots,
			   const struct fh_roots_files *all, struct fh_builder *json,
			   struct fh_trace *t)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < all->crls && e == FH_ERR_OK; i++) {
		struct fh_x509_list f;

		e = fh_x509_list_describe(roots, all->crl[i], &f);
		if (e != FH_ERR_OK)
			fh_trace_what(t, "list %zu of revoked certificates (.crl) is none", i + 1);
		else if (cli->json)
			put_list(json, &f);
		else
			print_list(&f);
	}
	return e;
}
