/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_NET_HTTP_READ_H
#define FH_NET_HTTP_READ_H

#include <llhttp.h>

#include "net/http.h"
#include "net/queue.h"

/* Reads the requests of one connection, one after the other, from whatever
 * pieces the bytes arrive in.  llhttp in its strict mode does the grammar; here
 * are the limits and what we refuse beyond it: HTTP/1.0, Upgrade and CONNECT,
 * trailers and chunk extensions, an expectation other than 100-continue.  A
 * request with both Transfer-Encoding and Content-Length, or two lengths, is
 * refused by llhttp.  */

enum fh_http_step {
	FH_HTTP_BAD = 0, /* refused: status, reason and text say why; close after answering */
	FH_HTTP_MORE,    /* all bytes used, the request is not whole yet */
	FH_HTTP_WHOLE,   /* request is whole; the rest of the bytes belongs to the next */
};

struct fh_http {
	llhttp_t parser;
	struct fh_http_request request; /* filled once WHOLE; looks into head and body */
	struct fh_queue body;           /* of this request */
	uint8_t head[FH_HTTP_HEADER_MAX + FH_HTTP_TARGET_MAX];
	struct fh_builder text;         /* over head: target, names and values */
	size_t target_n;                /* bytes of the target so far */
	size_t part_from;               /* where the name or value begins that is being read */
	bool in_value;                  /* the last piece was of a value */
	bool in_body;                   /* the header is over */
	bool begun;                     /* at least one byte of this request came */
	bool whole;                     /* the request was handed out */
	bool expects;                   /* waits for 100 Continue; the owner sends and clears */
	uint16_t status;                /* BAD: how to answer */
	const char *reason;             /* BAD: stable code */
	const char *why;                /* BAD: for people */
};

/* Memory for H's body, once.  COUNT bounds how many bodies are large.  */
fh_err fh_http_prepare(struct fh_http *h, struct fh_large *count, struct fh_arena *arena);

/* Ready for a new connection.  */
void fh_http_start(struct fh_http *h);

/* Reads on with BYTES.  *USED of them were consumed.  After WHOLE, the next call
 * begins the next request.  After BAD nothing may follow.  */
enum fh_http_step fh_http_feed(struct fh_http *h, struct fh_span bytes, size_t *used);

/* Gives the body's memory back.  */
void fh_http_stop(struct fh_http *h);

#endif
