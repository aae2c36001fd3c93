/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_NET_HTTP_H
#define FH_NET_HTTP_H

#include "base/builder.h"
#include "base/limits.h"
#include "base/span.h"

/* HTTP/1.1 messages (RFC 9112): what a request is once it is whole, and how a
 * response is written.  net/http_read.h makes requests from bytes.  */

enum fh_http_method {
	FH_HTTP_OTHER = 0, /* any method that nothing here answers to */
	FH_HTTP_GET,
	FH_HTTP_HEAD,
	FH_HTTP_POST,
	FH_HTTP_DELETE,
};

struct fh_http_header {
	struct fh_span name;  /* as sent; compare without case */
	struct fh_span value; /* without blanks around it */
};

struct fh_http_request {
	enum fh_http_method method;
	bool keep_alive;
	struct fh_span target; /* as sent, not decoded */
	struct fh_http_header header[FH_HTTP_HEADERS_MAX];
	size_t headers;
	struct fh_span body;
};

/* Equal, letters of either case (ASCII).  */
bool fh_http_same(struct fh_span a, struct fh_span b);

/* How many header lines of R are called NAME; the value of the first in *VALUE
 * (empty if there is none).  */
size_t fh_http_find(const struct fh_http_request *r, const char *name, struct fh_span *value);

/* R's header NAME, a comma-separated list, allows the media type TYPE/SUBTYPE,
 * as such or by a wildcard (RFC 9110 section 12.5.1).  */
bool fh_http_accepts(const struct fh_http_request *r, const char *type, const char *subtype);

struct fh_http_response {
	uint16_t status;
	bool keep_alive;
	bool challenge;         /* WWW-Authenticate: Bearer */
	const char *allow;      /* Allow: these methods; or NULL */
	struct fh_span session; /* Mcp-Session-Id, raw bytes written as hex; or empty */
	struct fh_span body;    /* of TYPE; or empty */
	const char *type;       /* Content-Type of the body; NULL: application/json */
	const char *cache;      /* Cache-Control; NULL: no-store, or as published */
	struct fh_span etag;    /* ETag: this, quotes included; or empty */
	bool published;         /* any page may read it, and ask whether it has changed */
	bool head_only;         /* of BODY only the length: the answer to HEAD */
	struct fh_span request_id; /* X-Request-ID, as it was asked with; or empty */
	uint32_t retry_s;       /* Retry-After, seconds; or 0 */
	bool chunked;           /* the body comes behind it, in chunks (RFC 9112 section 7.1) */
};

/* R's header NAME is "*" or a list that holds the entity tag ETAG, weak or not (RFC
 * 9110 section 13.1.2).  */
bool fh_http_has_tag(const struct fh_http_request *r, const char *name, struct fh_span etag);

/* Head and body of R.  A full B turns bad.  */
void fh_http_put_response(struct fh_builder *b, const struct fh_http_response *r);

/* A chunk that is one event of text/event-stream, with DATA, which has no line break; and the
 * chunk behind the last one.  */
void fh_http_put_event(struct fh_builder *b, struct fh_span data);
void fh_http_put_last_chunk(struct fh_builder *b);

/* {"error":{"reason":...,"text":...}}: the body of a refusal on HTTP's level.  */
void fh_http_put_problem(struct fh_builder *b, const char *reason, const char *text);

#endif
