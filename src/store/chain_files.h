/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STORE_CHAIN_FILES_H
#define FH_STORE_CHAIN_FILES_H

#include <dirent.h>

#include "chain/chain.h"
#include "store/store.h"

/* The files below chain/: NNNNNNNN-HHHHHHHHHHHHHHHH.fhs, the sequence in eight
 * decimal digits and the first eight bytes of the statement hash in hex.  They
 * are only ever added.  Two with one sequence are a fork.  Files with other
 * names are not looked at (a file is complete once it has its name).  */

constexpr size_t FH_CHAIN_FILE_NAME = 8 + 1 + 16 + 4; /* without the zero */

struct fh_chain_file {
	char name[FH_CHAIN_FILE_NAME + 1];
	uint64_t sequence;
};

/* NAME is the name of a chain file; its sequence into *SEQUENCE.  */
bool fh_chain_file_is(const char *name, uint64_t *sequence);
/* The name of the file of S.  */
struct fh_chain_file fh_chain_file_of(const struct fh_statement *s);

/* Opens chain/, which leases lie in, too; reads the file NAME there, of MAX bytes at most,
 * into A.  T names the path, and WHAT cannot be read.  */
fh_err fh_chain_directory_open(const struct fh_store *s, DIR **out, struct fh_trace *t);
fh_err fh_chain_directory_read(const struct fh_store *s, const char *name, size_t max,
			       const char *what, struct fh_arena *a, struct fh_span *out,
			       struct fh_trace *t);

/* All chain files, rising by sequence, then by name: the order in which to
 * accept them.  At most 2 * FH_CHAIN_MAX (FH_ERR_LIMIT).  */
fh_err fh_chain_files(const struct fh_store *s, struct fh_arena *a, struct fh_chain_file **out,
		      size_t *count, struct fh_trace *t);

/* The bytes of one of them.  */
fh_err fh_chain_file_read(const struct fh_store *s, const struct fh_chain_file *f,
			  struct fh_arena *a, struct fh_span *out, struct fh_trace *t);

/* Accepts every file into C, which has begun.  A file that is not accepted is
 * an error that names it: a chain with holes permits nothing.  ARENA holds one
 * file at a time, besides the list.  */
fh_err fh_chain_files_load(const struct fh_store *s, struct fh_chain *c, struct fh_arena *arena,
			   struct fh_arena *scratch, struct fh_trace *t);

/* Adds the statement file FILE, which the caller has accepted.  FH_ERR_EXISTS
 * if it is there.  */
fh_err fh_chain_file_add(const struct fh_store *s, struct fh_span file, struct fh_trace *t);

#endif
