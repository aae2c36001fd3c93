/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_SIGNING_H
#define FH_CLI_SIGNING_H

#include "cli/state.h"
#include "vault/operator_key.h"

/* What every verb that signs a statement shares: the options, the operator
 * keys, and what becomes of the statement.  */

#define FH_SIGNING_OPTIONS                                                                     \
	{ "operator-key", 0, true, "FILE", "sign with this operator key" },                    \
	{ "passphrase-fd", 0, false, "N",                                                      \
	  "read passphrases from descriptor N, one line per key" },                            \
	{ "out", 0, false, "FILE", "write the statement to FILE instead of importing it" }

struct fh_signing {
	struct fh_operator_key key[FH_SIGNERS_MAX]; /* rising key ids */
	size_t keys;
};

void fh_signing_drop(struct fh_signing *s);

/* Opens the keys that --operator-key names, at least one.  Tells what fails;
 * returns -1 to go on, otherwise the exit status.  */
int fh_signing_open(const struct fh_cli *cli, const struct fh_usage *u,
		    const struct fh_arguments *a, struct fh_signing *out);
/* Opens or, if CREATE and it is missing, makes the key file PATH.  */
int fh_signing_open_one(const struct fh_cli *cli, const struct fh_usage *u,
			const struct fh_arguments *a, const char *path, bool create,
			enum fh_placement placement, struct fh_operator_key *out);

/* Signs PAYLOAD with all keys of S; the file is in A.  */
fh_err fh_signing_envelope(const struct fh_signing *s, struct fh_span payload, struct fh_arena *a,
			   struct fh_span *file);

/* The same for the purpose AAD (docs/spec/KEYS), beside the OLDS signatures that are there; a
 * key that signed already is left as it is.  */
fh_err fh_signing_more(const struct fh_signing *s, struct fh_span aad, struct fh_span payload,
		       const struct fh_cose_signature *old, size_t olds, struct fh_arena *a,
		       struct fh_span *file);
/* Says whether the file PATH wants MORE signatures, and what to do with it.  */
void fh_signing_tell(const struct fh_cli *cli, const char *path, size_t more);

/* Signs the statement KIND with BODY as the next of STATE's chain.  With --out
 * it is written there, also when signatures are still wanting; otherwise it is
 * accepted and added to the state directory.  Tells what happened and returns
 * the exit status.  */
int fh_signing_next(const struct fh_cli *cli, const struct fh_arguments *a,
		    struct fh_state *state, const struct fh_signing *s, const char *kind,
		    struct fh_span body);

/* Accepts FILE into STATE's chain and adds it to the directory.  */
int fh_signing_import(const struct fh_cli *cli, struct fh_state *state, struct fh_span file,
		      const char *where);

/* The text that --NAME gives to be signed into *OUT, which is empty if it was not given: then it
 * must not be.  Returns -1 to go on, otherwise the exit status.  */
int fh_signing_text(const struct fh_usage *u, const struct fh_arguments *a, const char *name,
		    struct fh_span *out);

/* For verbs: opens the state and the keys.  Returns as fh_signing_open().  */
int fh_signing_begin(const struct fh_cli *cli, const struct fh_usage *u,
		     const struct fh_arguments *a, struct fh_state *state,
		     struct fh_signing *signing);

#endif
