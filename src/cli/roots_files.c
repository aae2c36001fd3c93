/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/roots_files.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "cli/names.h"
#include "codec/pem.h"
#include "evidence/certificates.h"
#include "os/file.h"

static const char suffix_list[] = ".crl";

/* Adds the certificates of the file PATH to R.  */
static fh_err add_file(const char *path, struct fh_arena *arena, struct fh_roots_files *r,
		       struct fh_trace *t)
{
	struct fh_span file;
	size_t n;
	fh_err e = fh_file_read(path, FH_CERTIFICATES_FILE_MAX, arena, &file);

	if (e == FH_ERR_OK) {
		uint8_t *space = fh_arena_space(arena, file.n);
		struct fh_builder room = fh_builder_of(space, file.n);

		if (space == nullptr)
			return FH_ERR_NOMEM;
		e = fh_certificates_read(file, &room, r->der + r->n, FH_X509_ROOTS_MAX - r->n, &n,
					 t);
	} else {
		fh_trace_what(t, "%s", fh_err_text(e));
	}
	if (e == FH_ERR_OK)
		r->n += n;
	else
		fh_trace_where(t, "%s", path);
	return e;
}

static bool is_list_label(struct fh_span label)
{
	return fh_span_equal(label, FH_SPAN_LIT("X509 CRL"));
}

/* Adds all lists of FILE to R: one that is passed over would be a revocation missed.  */
static fh_err take_lists(struct fh_span file, struct fh_arena *arena, struct fh_roots_files *r)
{
	struct fh_cursor text = fh_cursor_of(file);
	struct fh_span label, block = file;
	fh_err e = FH_ERR_OK;

	if (!fh_pem_is(file)) {
		if (r->crls == FH_X509_CRLS_MAX)
			return FH_ERR_LIMIT;
		r->crl[r->crls++] = file;
		return FH_ERR_OK;
	}
	struct fh_builder room = fh_builder_of(fh_arena_space(arena, file.n), file.n);

	if (room.p == nullptr)
		return FH_ERR_NOMEM;
	while (e == FH_ERR_OK && (e = fh_pem_next(&text, &room, &label, &block)) == FH_ERR_OK) {
		if (!is_list_label(label))
			e = FH_ERR_FORMAT;
		else if (r->crls == FH_X509_CRLS_MAX)
			e = FH_ERR_LIMIT;
		else
			r->crl[r->crls++] = block;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* Adds the lists in the file PATH to R.  */
static fh_err add_list(const char *path, struct fh_arena *arena, struct fh_roots_files *r,
		       struct fh_trace *t)
{
	struct fh_span file;
	fh_err e = fh_file_read(path, 2 * FH_X509_CRL_MAX, arena, &file);

	if (e == FH_ERR_OK)
		e = take_lists(file, arena, r);
	if (e == FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", path);
	fh_trace_what(t, "is no list of revoked certificates: %s", fh_err_text(e));
	return e;
}

/* By what is in it, so that a file may have any name.  */
static bool is_list(struct fh_span file)
{
	FH_OWN(fh_x509_roots) none = { 0 };
	struct fh_x509_list facts;
	struct fh_span label;

	if (fh_pem_label(file, &label))
		return is_list_label(label);
	return fh_x509_roots_new(nullptr, 0, &none, nullptr) == FH_ERR_OK
	       && fh_x509_list_describe(&none, file, &facts) == FH_ERR_OK;
}

static fh_err add_all(const char *path, char *const *names, size_t n, struct fh_arena *arena,
		      struct fh_roots_files *r, struct fh_trace *t)
{
	char file[FH_PATH_MAX];
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		int length = snprintf(file, sizeof(file), "%s/%s", path, names[i]);

		if (length <= 0 || (size_t)length >= sizeof(file))
			e = FH_ERR_LIMIT;
		else
			e = fh_name_ends(names[i], suffix_list) ? add_list(file, arena, r, t)
								: add_file(file, arena, r, t);
	}
	return e;
}

fh_err fh_roots_read(const char *path, struct fh_arena *arena, struct fh_roots_files *out,
		     struct fh_trace *t)
{
	static const char *const suffixes[] = { ".pem", suffix_list, nullptr };
	char **names;
	size_t n;
	fh_err e = fh_names_read(path, suffixes, FH_X509_ROOTS_MAX, arena, &names, &n);

	out->n = 0;
	out->crls = 0;
	if (e == FH_ERR_UNSUPPORTED)
		return add_file(path, arena, out, t);
	if (e != FH_ERR_OK) {
		fh_trace_where(t, "%s", path);
		fh_trace_what(t, "cannot be read: %s", fh_err_text(e));
		return e;
	}
	return add_all(path, names, n, arena, out, t);
}

fh_err fh_roots_read_any(const char *path, struct fh_arena *arena, struct fh_roots_files *out,
			 struct fh_trace *t)
{
	struct fh_span file;
	fh_err e = fh_file_read(path, 2 * FH_X509_CRL_MAX, arena, &file);

	out->n = 0;
	out->crls = 0;
	if (e != FH_ERR_OK) {
		fh_trace_where(t, "%s", path);
		fh_trace_what(t, "cannot be read: %s", fh_err_text(e));
		return e;
	}
	return is_list(file) ? add_list(path, arena, out, t) : add_file(path, arena, out, t);
}

fh_err fh_roots_open(const struct fh_roots_files *files, struct fh_x509_roots *out,
		     struct fh_trace *t)
{
	FH_OWN(fh_x509_roots) r = { 0 };
	fh_err e = fh_x509_roots_new(files->der, files->n, &r, t);

	for (size_t i = 0; e == FH_ERR_OK && i < files->crls; i++) {
		e = fh_x509_roots_revoke(&r, files->crl[i]);
		if (e != FH_ERR_OK)
			fh_trace_what(t, "list %zu of revoked certificates (.crl) is none", i + 1);
	}
	if (e != FH_ERR_OK)
		return e;
	*out = r;
	r = (struct fh_x509_roots){ 0 };
	return FH_ERR_OK;
}
