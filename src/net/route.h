/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_NET_ROUTE_H
#define FH_NET_ROUTE_H

#include "net/http.h"
#include "wire/authzen.h"

/* What a whole HTTP request asks of the gate: a pure function of the request
 * and of the names that the listening socket has.  */

constexpr size_t FH_AUTHORITIES_MAX = 8;  /* names of one listening socket */
constexpr size_t FH_MCP_SESSION_SIZE = 16; /* bytes behind Mcp-Session-Id */

/* HOST:PORT, as browsers put it in Host and behind http:// in Origin.  A request
 * that says another name was aimed at somebody else (DNS rebinding).  */
struct fh_authorities {
	struct fh_span name[FH_AUTHORITIES_MAX];
	size_t names;
};

enum fh_route_kind {
	FH_ROUTE_REFUSE = 0, /* answer status, reason and text */
	FH_ROUTE_MESSAGE,    /* POST /mcp/NAME: the body is a message for that server */
	FH_ROUTE_END,        /* DELETE /mcp/NAME: the session is over */
	FH_ROUTE_HEALTH,     /* GET /healthz */
	FH_ROUTE_DOCUMENT,   /* GET or HEAD of the document, under either name */
	FH_ROUTE_QUOTE,      /* POST: the body asks for a quote */
	FH_ROUTE_RECORD,     /* GET or HEAD of something behind FH_ROUTE_RECORD_PREFIX, or of
			      * FH_ROUTE_METRICS */
	FH_ROUTE_QUESTION,   /* POST of something behind FH_ROUTE_QUESTION_PREFIX: `api` */
	FH_ROUTE_QUESTIONS,  /* GET or HEAD of what the API has to offer */
	FH_ROUTE_WITNESS,    /* behind FH_ROUTE_WITNESS_PREFIX: POST add-checkpoint, or GET */
};
#define FH_ROUTE_QUESTION_PREFIX "/access/v1/"
#define FH_ROUTE_QUESTIONS_TARGET "/.well-known/authzen-configuration"
#define FH_ROUTE_RECORD_PREFIX "/record/"
#define FH_ROUTE_METRICS "/metrics"
#define FH_ROUTE_WITNESS_PREFIX "/witness/"

struct fh_route {
	enum fh_route_kind kind;
	uint16_t status;        /* REFUSE */
	const char *reason;     /* REFUSE: stable code */
	const char *text;       /* REFUSE: for people */
	enum fh_authzen_api api; /* QUESTION, or REFUSE what would have been one; else 0 */
	const char *allow;      /* REFUSE with 405: methods that exist */
	struct fh_span server;  /* MESSAGE, END: NAME */
	struct fh_span bearer;  /* credential as presented, or empty */
	bool has_session;
	uint8_t session[FH_MCP_SESSION_SIZE];
};

/* S can name a tool server in a path: letters, digits, "-", ".", "_", "~", at most
 * FH_NAME_MAX of them.  Nothing is percent-decoded.  */
bool fh_route_is_name(struct fh_span s);

/* ORIGIN is http:// and one of A's names.  */
bool fh_route_is_origin(const struct fh_authorities *a, struct fh_span origin);

/* Never fails: what is not understood is REFUSE.  *OUT looks into R.  */
void fh_route(const struct fh_http_request *r, const struct fh_authorities *a,
	      struct fh_route *out);

#endif
