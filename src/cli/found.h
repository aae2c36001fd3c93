/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_FOUND_H
#define FH_CLI_FOUND_H

#include "cli/signing.h"

/* Genesis and changes of signers: who may sign, from the command line.  */

#define FH_AUTHORITY_OPTIONS                                                                   \
	{ "signer", 0, true, "FILE",                                                           \
	  "a key file whose key becomes a signer too, without being opened" },                 \
	{ "threshold", 0, true, "KIND=N",                                                      \
	  "signatures that a KIND needs (default=1 if not given)" },                           \
	{ "recovery", 0, true, "FILE", "a key file whose key may only sign `recover`" }

/* An authority and the memory its spans look into.  */
struct fh_founding {
	struct fh_authority authority;
	struct fh_operator_public public[3 * FH_SIGNERS_MAX];
	size_t publics;
};

/* The signers are the keys of S and those of --signer.  Returns -1 to go on,
 * otherwise the exit status.  */
int fh_found_authority(const struct fh_usage *u, const struct fh_arguments *a,
		       const struct fh_signing *s, struct fh_arena *memory,
		       struct fh_founding *out);

/* The genesis file of a chain NAME with authority F, signed by S, in MEMORY.  */
fh_err fh_found_genesis(const char *name, enum fh_placement placement,
			const struct fh_founding *f, const struct fh_signing *s,
			struct fh_arena *memory, struct fh_span *file);

#endif
