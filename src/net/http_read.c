/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_read.h"

/* llhttp hands its callbacks the parser; this is whose it is.  */
static struct fh_http *owner_of(llhttp_t *parser)
{
	return parser->data;
}

/* Refuses the request; the first reason stays.  */
static int refuse(struct fh_http *h, uint16_t status, const char *reason, const char *why)
{
	if (h->reason == nullptr) {
		h->status = status;
		h->reason = reason;
		h->why = why;
	}
	return HPE_USER;
}

static int on_url(llhttp_t *parser, const char *at, size_t n)
{
	struct fh_http *h = owner_of(parser);

	h->target_n += n;
	if (h->target_n > FH_HTTP_TARGET_MAX)
		return refuse(h, 414, "target-too-long", "the request target is too long");
	fh_builder_bytes(&h->text, fh_span_of(at, n));
	return 0;
}

static int append(struct fh_http *h, const char *at, size_t n)
{
	if (h->text.n - h->target_n + n > FH_HTTP_HEADER_MAX)
		return refuse(h, 431, "header-too-large", "the header lines are too long");
	fh_builder_bytes(&h->text, fh_span_of(at, n));
	return 0;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t n)
{
	struct fh_http *h = owner_of(parser);
	struct fh_http_request *r = &h->request;

	if (h->in_body)
		return refuse(h, 400, "trailers-refused", "trailers are not accepted");
	if (h->in_value || r->headers == 0) {
		if (r->headers == FH_HTTP_HEADERS_MAX)
			return refuse(h, 431, "too-many-headers", "too many header lines");
		h->in_value = false;
		h->part_from = h->text.n;
		r->header[r->headers++] = (struct fh_http_header){ 0 };
	}
	int e = append(h, at, n);

	r->header[r->headers - 1].name = fh_span_of(h->head + h->part_from,
						    h->text.n - h->part_from);
	return e;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t n)
{
	struct fh_http *h = owner_of(parser);
	struct fh_http_request *r = &h->request;

	if (r->headers == 0)
		return refuse(h, 400, "malformed-http", "a header value without a name");
	if (!h->in_value) {
		h->in_value = true;
		h->part_from = h->text.n;
	}
	int e = append(h, at, n);
	struct fh_span value = fh_span_of(h->head + h->part_from, h->text.n - h->part_from);

	while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
		value = fh_span_first(value, value.n - 1);
	r->header[r->headers - 1].value = value;
	return e;
}

static int on_headers_complete(llhttp_t *parser)
{
	struct fh_http *h = owner_of(parser);
	struct fh_span expect;
	size_t expectations = fh_http_find(&h->request, "expect", &expect);

	h->in_body = true;
	if (parser->http_major != 1 || parser->http_minor != 1)
		return refuse(h, 505, "http-version", "only HTTP/1.1 is spoken here");
	if (parser->upgrade != 0)
		return refuse(h, 400, "upgrade-refused", "there is nothing to upgrade to");
	if (expectations > 1
	    || (expectations == 1 && !fh_http_same(expect, FH_SPAN_LIT("100-continue"))))
		return refuse(h, 417, "expectation-refused", "only 100-continue can be expected");
	if ((parser->flags & F_CONTENT_LENGTH) != 0 && parser->content_length > FH_JSON_MAX)
		return refuse(h, 413, "too-large", "the body is longer than any message may be");
	h->expects = expectations == 1;
	return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
	struct fh_http *h = owner_of(parser);
	fh_err e = fh_queue_put(&h->body, fh_span_of(at, n));

	h->expects = false;
	if (e == FH_ERR_LIMIT)
		return refuse(h, 413, "too-large", "the body is longer than any message may be");
	if (e != FH_ERR_OK)
		return refuse(h, 503, "busy", "too many large requests just now; try again");
	return 0;
}

static int on_chunk_extension(llhttp_t *parser, const char *at, size_t n)
{
	(void)at;
	(void)n;
	return refuse(owner_of(parser), 400, "chunk-extension-refused",
		      "chunk extensions are not accepted");
}

static int on_message_complete(llhttp_t *parser)
{
	struct fh_http *h = owner_of(parser);

	h->whole = true;
	return HPE_PAUSED;
}

static enum fh_http_method method_of(uint8_t method)
{
	switch (method) {
	case HTTP_GET:
		return FH_HTTP_GET;
	case HTTP_HEAD:
		return FH_HTTP_HEAD;
	case HTTP_POST:
		return FH_HTTP_POST;
	case HTTP_DELETE:
		return FH_HTTP_DELETE;
	default:
		return FH_HTTP_OTHER;
	}
}

/* Forgets the request that was handed out; the parser goes on where it was.  */
static void begin_request(struct fh_http *h)
{
	fh_queue_clear(&h->body);
	h->request.headers = 0;
	h->text = FH_BUILDER_ARRAY(h->head);
	h->target_n = 0;
	h->part_from = 0;
	h->in_value = false;
	h->in_body = false;
	h->begun = false;
	h->whole = false;
	h->expects = false;
}

fh_err fh_http_prepare(struct fh_http *h, struct fh_large *count, struct fh_arena *arena)
{
	return fh_queue_open(FH_CLIENT_SMALL, FH_JSON_MAX, count, arena, &h->body);
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
	.on_chunk_extension_name = on_chunk_extension,
	.on_chunk_extension_value = on_chunk_extension,
};

void fh_http_start(struct fh_http *h)
{
	/* llhttp takes a writable pointer and only reads.  */
	llhttp_init(&h->parser, HTTP_REQUEST, (llhttp_settings_t *)&settings);
	h->parser.data = h;
	h->reason = nullptr;
	h->why = nullptr;
	h->status = 0;
	begin_request(h);
}

void fh_http_stop(struct fh_http *h)
{
	fh_queue_clear(&h->body);
}

enum fh_http_step fh_http_feed(struct fh_http *h, struct fh_span bytes, size_t *used)
{
	if (h->whole) {
		begin_request(h);
		llhttp_resume(&h->parser);
	}
	*used = bytes.n;
	h->begun = h->begun || bytes.n > 0;
	enum llhttp_errno e = llhttp_execute(&h->parser, (const char *)bytes.p, bytes.n);

	if (e == HPE_OK)
		return FH_HTTP_MORE;
	if (e == HPE_PAUSED && h->whole && h->reason == nullptr) {
		const char *at = llhttp_get_error_pos(&h->parser);

		*used = (size_t)(at - (const char *)bytes.p);
		h->request.method = method_of(h->parser.method);
		h->request.keep_alive = llhttp_should_keep_alive(&h->parser) != 0;
		h->request.target = fh_span_of(h->head, h->target_n);
		h->request.body = fh_queue_span(&h->body);
		return FH_HTTP_WHOLE;
	}
	(void)refuse(h, 400, "malformed-http", "the request is not well-formed HTTP/1.1");
	return FH_HTTP_BAD;
}
