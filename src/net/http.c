/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include "base/cursor.h"
#include "codec/json.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool fh_http_same(struct fh_span a, struct fh_span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

size_t fh_http_find(const struct fh_http_request *r, const char *name, struct fh_span *value)
{
	struct fh_span wanted = fh_span_str(name);
	size_t count = 0;

	*value = (struct fh_span){ 0 };
	for (size_t i = 0; i < r->headers; i++) {
		if (!fh_http_same(r->header[i].name, wanted))
			continue;
		if (count == 0)
			*value = r->header[i].value;
		count++;
	}
	return count;
}

static struct fh_span trim(struct fh_span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = fh_span_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s = fh_span_first(s, s.n - 1);
	return s;
}

/* The part of *S before the next B, which is consumed, too.  */
static struct fh_span split(struct fh_span *s, uint8_t b)
{
	struct fh_span part = fh_span_first(*s, fh_span_find(*s, b));

	*s = fh_span_skip(*s, part.n < s->n ? part.n + 1 : part.n);
	return trim(part);
}

/* "q=0", "q=0.0" ... among the parameters PARAMETERS: explicitly not wanted.  */
static bool is_declined(struct fh_span parameters)
{
	while (parameters.n > 0) {
		struct fh_span p = split(&parameters, ';');

		if (p.n < 3 || lower(p.p[0]) != 'q' || p.p[1] != '=')
			continue;
		size_t i = 2;

		while (i < p.n && (p.p[i] == '0' || p.p[i] == '.'))
			i++;
		return i == p.n;
	}
	return false;
}

bool fh_http_accepts(const struct fh_http_request *r, const char *type, const char *subtype)
{
	struct fh_span any = FH_SPAN_LIT("*");
	struct fh_span list;

	if (fh_http_find(r, "accept", &list) != 1)
		return false;
	while (list.n > 0) {
		struct fh_span range = split(&list, ',');
		struct fh_span media = split(&range, ';');
		struct fh_span main = split(&media, '/');
		bool first = fh_span_equal(main, any) || fh_http_same(main, fh_span_str(type));
		bool second = fh_span_equal(media, any)
			   || fh_http_same(media, fh_span_str(subtype));

		if (first && second && !is_declined(range))
			return true;
	}
	return false;
}

static const char *phrase(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *text;
	} phrases[] = {
		{ 200, "OK" }, { 202, "Accepted" }, { 204, "No Content" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
		{ 408, "Request Timeout" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" }, { 417, "Expectation Failed" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
		{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].text;
	return "Refused";
}

bool fh_http_has_tag(const struct fh_http_request *r, const char *name, struct fh_span etag)
{
	struct fh_span list;

	if (fh_http_find(r, name, &list) != 1)
		return false;
	while (list.n > 0) {
		struct fh_span tag = split(&list, ',');

		if (fh_span_starts(tag, FH_SPAN_LIT("W/")))
			tag = fh_span_skip(tag, 2);
		if (fh_span_equal(tag, etag) || fh_span_equal(tag, FH_SPAN_LIT("*")))
			return true;
	}
	return false;
}

static void put_line(struct fh_builder *b, const char *name, struct fh_span value)
{
	fh_builder_text(b, name);
	fh_builder_bytes(b, value);
	fh_builder_text(b, "\r\n");
}

static const char *cache_of(const struct fh_http_response *r)
{
	if (r->cache != nullptr)
		return r->cache;
	return r->published ? "no-cache" : "no-store";
}

void fh_http_put_response(struct fh_builder *b, const struct fh_http_response *r)
{
	fh_builder_text(b, "HTTP/1.1 ");
	fh_builder_decimal(b, r->status);
	fh_builder_text(b, " ");
	fh_builder_text(b, phrase(r->status));
	fh_builder_text(b, "\r\n");
	put_line(b, "Cache-Control: ", fh_span_str(cache_of(r)));
	if (r->published)
		fh_builder_text(b, "Access-Control-Allow-Origin: *\r\n");
	fh_builder_text(b, "X-Content-Type-Options: nosniff\r\n");
	if (r->etag.n > 0)
		put_line(b, "ETag: ", r->etag);
	if (r->retry_s > 0) {
		fh_builder_text(b, "Retry-After: ");
		fh_builder_decimal(b, r->retry_s);
		fh_builder_text(b, "\r\n");
	}
	if (r->chunked) {
		fh_builder_text(b, "Transfer-Encoding: chunked\r\n");
	} else if (r->status != 204 && r->status != 304) {
		fh_builder_text(b, "Content-Length: ");
		fh_builder_decimal(b, r->body.n);
		fh_builder_text(b, "\r\n");
	}
	if (r->body.n > 0 || r->chunked)
		put_line(b, "Content-Type: ",
			 fh_span_str(r->type != nullptr ? r->type : "application/json"));
	if (r->session.n > 0) {
		fh_builder_text(b, "Mcp-Session-Id: ");
		fh_builder_hex(b, r->session);
		fh_builder_text(b, "\r\n");
	}
	if (r->request_id.n > 0)
		put_line(b, "X-Request-ID: ", r->request_id);
	if (r->challenge)
		fh_builder_text(b, "WWW-Authenticate: Bearer\r\n");
	if (r->allow != nullptr)
		put_line(b, "Allow: ", fh_span_str(r->allow));
	fh_builder_text(b, r->keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
	if (!r->head_only)
		fh_builder_bytes(b, r->body);
}

void fh_http_put_event(struct fh_builder *b, struct fh_span data)
{
	const struct fh_span field = FH_SPAN_LIT("data: "), end = FH_SPAN_LIT("\n\n");
	size_t n = field.n + data.n + end.n;
	int shift = 60;

	while (shift > 0 && n >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		fh_builder_u8(b, (uint8_t)"0123456789abcdef"[n >> shift & 15]);
	fh_builder_text(b, "\r\n");
	fh_builder_bytes(b, field);
	fh_builder_bytes(b, data);
	fh_builder_bytes(b, end);
	fh_builder_text(b, "\r\n");
}

void fh_http_put_last_chunk(struct fh_builder *b)
{
	fh_builder_text(b, "0\r\n\r\n");
}

void fh_http_put_problem(struct fh_builder *b, const char *reason, const char *text)
{
	fh_builder_text(b, "{\"error\":{\"reason\":");
	fh_json_put_string(b, fh_span_str(reason));
	fh_builder_text(b, ",\"text\":");
	fh_json_put_string(b, fh_span_str(text));
	fh_builder_text(b, "}}\n");
}
