/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_FILES_H
#define FH_CLI_POLICY_FILES_H

#include "chain/body.h"
#include "cli/state.h"
#include "policy/set.h"

/* A policy document in two or three files, as the verbs get it from the command line.  Functions
 * tell what fails and return the exit status, or -1 to go on.  */

struct fh_policy_files {
	const char *cedar;  /* paths */
	const char *schema;
	const char *entities; /* NULL: none are listed */
};

/* Reads the text PATH of at most MAX bytes; CURE says what to give instead of one that cannot be
 * read.  */
int fh_policy_file_read(const char *path, size_t max, const char *cure, struct fh_arena *memory,
			struct fh_span *out);

/* Reads them; what *OUT looks at is in MEMORY.  */
int fh_policy_files_read(const struct fh_policy_files *f, struct fh_arena *memory,
			 struct fh_policy_body *out);

/* Tells that the texts P are refused as E at the place in T, with the line of the file.  */
void fh_policy_files_tell(const struct fh_policy_files *f, const struct fh_policy_body *p,
			  fh_err e, const struct fh_trace *t);

/* Checks the texts P, which F names, and tells all that is wrong with them: then it returns
 * "no", and it is in *PROBLEMS.  *OUT and that are in MEMORY.  */
int fh_policy_texts_check(const struct fh_policy_files *f, const struct fh_policy_body *p,
			  struct fh_arena *memory, struct fh_policy_set *out,
			  struct fh_problems *problems);

/* LIST as a JSON array, on stdout.  */
void fh_policy_problems_json(const struct fh_policy_files *f, const struct fh_problems *list);

/* Reads the files and checks them; *OUT is in MEMORY.  */
int fh_policy_files_check(const struct fh_policy_files *f, struct fh_arena *memory,
			  struct fh_policy_set *out);

/* Warns of limits of SET, which is what P says, that do not limit; with JSON as an array on
 * stdout, else on stderr.  */
int fh_policy_warn(const struct fh_cli *cli, const struct fh_policy_files *f,
		   const struct fh_policy_body *p, const struct fh_policy_set *set);

/* Opens STATE and checks again the policy that is in force; *OUT is in MEMORY.  */
int fh_policy_held_check(const struct fh_cli *cli, struct fh_state *state,
			 struct fh_arena *memory, struct fh_policy_set *out);

#endif
