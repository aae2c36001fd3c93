/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ANCHOR_FETCH_H
#define FH_ANCHOR_FETCH_H

#include "base/arena.h"
#include "base/own.h"
#include "base/trace.h"

/* One HTTP request to a server that the operator named, and its answer, bounded in
 * time and size.  Nothing is followed to anywhere else, and nothing is kept.  An https
 * server must have a certificate of its name, by an authority of the system or of the
 * operator, and speak TLS 1.2 or newer.  */

constexpr long FH_FETCH_CONNECT_MS = 10000; /* to reach a server, the TLS handshake included */
constexpr long FH_FETCH_MS = 60000;         /* for the whole of a request */
constexpr size_t FH_FETCH_URL_MAX = 1024;   /* a URL */

struct fh_fetch {
	const char *url;
	struct fh_span body;   /* to POST; without bytes it is a GET */
	const char *type;      /* its media type; NULL for a GET */
	const char *accept;    /* the media type that is asked for; NULL for any */
	const char *login;     /* USER:PASSWORD, or NULL.  Then no proxy is used */
	size_t max;            /* bytes of an answer */
	const char *ca_file;   /* PEM, in the place of the system's authorities; NULL or empty:
				* those */
};

struct fh_fetched {
	long status;
	struct fh_span body;
};

/* http:// or https:// and something behind it, without blanks and control
 * characters.  */
bool fh_fetch_url_ok(const char *url);

/* What the server says, whatever its status, in A.  FH_ERR_TIMEOUT, FH_ERR_LIMIT (the
 * answer is larger than MAX), FH_ERR_CLOSED (no connection, or none that is trusted),
 * with a reason in T.  */
fh_err fh_fetch(const struct fh_fetch *f, struct fh_arena *a, struct fh_fetched *out,
		struct fh_trace *t);

#endif
