/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ROOTS_FILES_H
#define FH_CLI_ROOTS_FILES_H

#include "base/arena.h"
#include "base/trace.h"
#include "crypto/x509_roots.h"

/* Where an operator's roots are: a directory with a file each (`freehold roots`),
 * or any bundle.  The verifier links this.  */

#define FH_ROOTS_DIRECTORY "/etc/freehold/roots"

/* What reading takes of an arena, at most.  */
constexpr size_t FH_ROOTS_MEMORY = 32 << 20;

struct fh_roots_files {
	struct fh_span der[FH_X509_ROOTS_MAX];
	size_t n;
	struct fh_span crl[FH_X509_CRLS_MAX]; /* lists of revoked ones, as the files have them */
	size_t crls;
};

/* Reads PATH, which is a directory (files that end in .pem, in the order of their
 * names, and in .crl: a list of revoked certificates each, in DER or PEM), a bundle in
 * PEM, or a certificate in DER.  FH_ERR_MISSING if there is none; an empty directory has
 * no roots.  */
fh_err fh_roots_read(const char *path, struct fh_arena *arena, struct fh_roots_files *out,
		     struct fh_trace *t);

/* Reads the file PATH, which holds certificates as above, or lists of revoked ones.  */
fh_err fh_roots_read_any(const char *path, struct fh_arena *arena, struct fh_roots_files *out,
			 struct fh_trace *t);

/* What fh_roots_read() gave, prepared.  FH_ERR_FORMAT for a list that is none.  */
fh_err fh_roots_open(const struct fh_roots_files *files, struct fh_x509_roots *out,
		     struct fh_trace *t);

#endif
