/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_HEADERS_H
#define FH_CLI_VERIFY_HEADERS_H

#include "cli/command.h"
#include "os/view.h"
#include "stamp/headers.h"

/* The headers of Bitcoin that a kind of `verify` was given, and what they must be.  */

#define FH_HEADERS_OPTIONS(help)                                                              \
	{ "headers", 0, false, "FILE", help },                                                  \
	{ "network", 0, false, "NAME", "of the headers: main (the default), testnet or"        \
	  " regtest" },                                                                        \
	{ "trust", 0, false, "LEVEL", "the least that must speak for a header: unplaced (the"  \
	  " default), alone, short, pinned, genesis" }

struct fh_given_headers {
	const char *path;              /* NULL: none were given */
	enum fh_network network;
	enum fh_header_trust least;
	struct fh_view file;
	struct fh_arena memory;
	struct fh_headers headers;
	const struct fh_headers *read; /* them, once they are; or NULL */
};

/* What the options of A say.  -1 to go on, otherwise the exit status.  */
int fh_given_headers_options(const struct fh_usage *u, const struct fh_arguments *a,
			     struct fh_given_headers *out);

/* Reads the file at PATH, if there is one.  -1 to go on, otherwise the exit status.  */
int fh_given_headers_read(struct fh_given_headers *h);

void fh_given_headers_drop(struct fh_given_headers *h);

#endif
