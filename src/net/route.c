/* SPDX-License-Identifier: Apache-2.0 */
#include "net/route.h"

#include "base/hex.h"

/* MCP revision 2025-11-25, basic/transports: Streamable HTTP, the part with
 * plain JSON answers.  A GET would open a stream for messages of the server;
 * those are not passed on, so there is no such stream (405).  */

constexpr size_t bearer_max = 256;

static void refuse(struct fh_route *out, uint16_t status, const char *reason, const char *text)
{
	out->kind = FH_ROUTE_REFUSE;
	out->status = status;
	out->reason = reason;
	out->text = text;
}

static bool is_ours(const struct fh_authorities *a, struct fh_span name)
{
	for (size_t i = 0; i < a->names; i++)
		if (fh_http_same(a->name[i], name))
			return true;
	return false;
}

bool fh_route_is_origin(const struct fh_authorities *a, struct fh_span origin)
{
	struct fh_span scheme = FH_SPAN_LIT("http://");

	return fh_span_starts(origin, scheme) && is_ours(a, fh_span_skip(origin, scheme.n));
}

static bool check_host(const struct fh_http_request *r, const struct fh_authorities *a,
		       struct fh_route *out)
{
	struct fh_span host;

	if (fh_http_find(r, "host", &host) != 1) {
		refuse(out, 400, "bad-host", "there must be exactly one Host");
		return false;
	}
	if (!is_ours(a, host)) {
		refuse(out, 403, "foreign-host", "Host names another server than this one");
		return false;
	}
	return true;
}

static bool check_origin(const struct fh_http_request *r, const struct fh_authorities *a,
			 struct fh_route *out)
{
	struct fh_span origin;
	size_t origins = fh_http_find(r, "origin", &origin);

	if (origins == 0)
		return true;
	if (origins == 1 && fh_route_is_origin(a, origin))
		return true;
	refuse(out, 403, "foreign-origin", "a page of another origin may not ask");
	return false;
}

static bool is_token_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
	    || c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/' || c == '=';
}

/* "Bearer" and a token68 (RFC 6750 section 2.1).  */
static bool read_bearer(const struct fh_http_request *r, struct fh_route *out)
{
	struct fh_span scheme = FH_SPAN_LIT("Bearer ");
	struct fh_span value;
	size_t count = fh_http_find(r, "authorization", &value);

	if (count == 0)
		return true;
	struct fh_span token = fh_span_skip(value, scheme.n);
	bool good = count == 1 && token.n > 0 && token.n <= bearer_max
		 && fh_http_same(fh_span_first(value, scheme.n), scheme);

	for (size_t i = 0; good && i < token.n; i++)
		good = is_token_byte(token.p[i]);
	if (good)
		out->bearer = token;
	else
		refuse(out, 401, "bad-credential", "Authorization must be Bearer and one token");
	return good;
}

static bool read_session(const struct fh_http_request *r, struct fh_route *out)
{
	struct fh_span value;
	size_t count = fh_http_find(r, "mcp-session-id", &value);

	if (count == 0)
		return true;
	if (count == 1 && fh_hex_read(value, out->session, sizeof(out->session)) == FH_ERR_OK) {
		out->has_session = true;
		return true;
	}
	refuse(out, 404, "unknown-session", "Mcp-Session-Id is none that was given out here");
	return false;
}

static bool check_revision(const struct fh_http_request *r, struct fh_route *out)
{
	struct fh_span value;
	size_t count = fh_http_find(r, "mcp-protocol-version", &value);

	if (count == 0 || (count == 1 && fh_span_equal(value, FH_SPAN_LIT("2025-11-25"))))
		return true;
	refuse(out, 400, "protocol-version", "MCP-Protocol-Version must be 2025-11-25");
	return false;
}

/* "application/json", parameters or not.  */
static bool is_json(struct fh_span type)
{
	struct fh_span media = fh_span_first(type, fh_span_find(type, ';'));

	while (media.n > 0 && (media.p[media.n - 1] == ' ' || media.p[media.n - 1] == '\t'))
		media = fh_span_first(media, media.n - 1);
	return fh_http_same(media, FH_SPAN_LIT("application/json"));
}

static void route_message(const struct fh_http_request *r, struct fh_route *out)
{
	struct fh_span type;

	if (fh_http_find(r, "content-type", &type) != 1 || !is_json(type))
		refuse(out, 415, "content-type", "Content-Type must be application/json");
	else if (!fh_http_accepts(r, "application", "json"))
		refuse(out, 406, "accept", "Accept must contain application/json");
	else
		out->kind = FH_ROUTE_MESSAGE;
}

bool fh_route_is_name(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_byte(s.p[i]) || s.p[i] == '/' || s.p[i] == '=' || s.p[i] == '+')
			return false;
	return s.n > 0 && s.n <= FH_NAME_MAX;
}

static void route_mcp(const struct fh_http_request *r, struct fh_route *out)
{
	if (!check_revision(r, out) || !read_bearer(r, out) || !read_session(r, out))
		return;
	if (r->method == FH_HTTP_POST) {
		route_message(r, out);
	} else if (r->method != FH_HTTP_DELETE) {
		refuse(out, 405, "method", "only POST and DELETE are answered here");
		out->allow = "POST, DELETE";
	} else if (!out->has_session) {
		refuse(out, 400, "missing-session", "Mcp-Session-Id says which session ends");
	} else {
		out->kind = FH_ROUTE_END;
	}
}

static bool is_document(struct fh_span target)
{
	return fh_span_equal(target, FH_SPAN_LIT("/.well-known/freehold-operator-key.json"))
	    || fh_span_equal(target, FH_SPAN_LIT("/.well-known/mickai-operator-key.json"));
}

/* Made to be read by anybody, pages of other origins too.  */
static void route_document(const struct fh_http_request *r, struct fh_route *out)
{
	out->kind = FH_ROUTE_DOCUMENT;
	if (r->method == FH_HTTP_GET || r->method == FH_HTTP_HEAD)
		return;
	refuse(out, 405, "method", "only GET and HEAD are answered here");
	out->allow = "GET, HEAD";
}

static void route_quote(const struct fh_http_request *r, struct fh_route *out)
{
	struct fh_span type;

	out->kind = FH_ROUTE_QUOTE;
	if (r->method != FH_HTTP_POST) {
		refuse(out, 405, "method", "only POST is answered here");
		out->allow = "POST";
	} else if (fh_http_find(r, "content-type", &type) != 1 || !is_json(type)) {
		refuse(out, 415, "content-type", "Content-Type must be application/json");
	}
}

static void route_record(const struct fh_http_request *r, struct fh_route *out)
{
	out->kind = FH_ROUTE_RECORD;
	if (r->method == FH_HTTP_GET || r->method == FH_HTTP_HEAD)
		return;
	refuse(out, 405, "method", "only GET and HEAD are answered here");
	out->allow = "GET, HEAD";
}

/* What of AuthZEN's Authorization API TARGET is; 0: nothing.  */
static enum fh_authzen_api question_api(struct fh_span target)
{
	static const struct {
		const char *path;
		enum fh_authzen_api api;
	} paths[] = {
		{ FH_ROUTE_QUESTION_PREFIX "evaluation", FH_AUTHZEN_EVALUATION },
		{ FH_ROUTE_QUESTION_PREFIX "evaluations", FH_AUTHZEN_EVALUATIONS },
		{ FH_ROUTE_QUESTION_PREFIX "search/subject", FH_AUTHZEN_SUBJECTS },
		{ FH_ROUTE_QUESTION_PREFIX "search/resource", FH_AUTHZEN_RESOURCES },
		{ FH_ROUTE_QUESTION_PREFIX "search/action", FH_AUTHZEN_ACTIONS },
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (fh_span_equal(target, fh_span_str(paths[i].path)))
			return paths[i].api;
	}
	return (enum fh_authzen_api)0;
}

/* Another content type is a 400 there, by the API's specification.  */
static void route_question(const struct fh_http_request *r, enum fh_authzen_api api,
			   struct fh_route *out)
{
	struct fh_span type;

	out->api = api;
	if (r->method != FH_HTTP_POST) {
		refuse(out, 405, "method", "only POST is answered here");
		out->allow = "POST";
	} else if (fh_http_find(r, "content-type", &type) != 1 || !is_json(type)) {
		refuse(out, 400, "content-type", "Content-Type must be application/json");
	} else if (read_bearer(r, out)) {
		out->kind = FH_ROUTE_QUESTION;
	}
}

static void route_questions(const struct fh_http_request *r, struct fh_route *out)
{
	out->kind = FH_ROUTE_QUESTIONS;
	if (r->method == FH_HTTP_GET || r->method == FH_HTTP_HEAD)
		return;
	refuse(out, 405, "method", "only GET and HEAD are answered here");
	out->allow = "GET, HEAD";
}

/* C2SP tlog-witness asks for no Content-Type.  */
static void route_witness(const struct fh_http_request *r, struct fh_route *out)
{
	bool add = fh_span_equal(r->target, FH_SPAN_LIT(FH_ROUTE_WITNESS_PREFIX "add-checkpoint"));

	out->kind = FH_ROUTE_WITNESS;
	if (add ? r->method == FH_HTTP_POST
		: r->method == FH_HTTP_GET || r->method == FH_HTTP_HEAD)
		return;
	refuse(out, 405, "method", add ? "only POST is answered here"
				       : "only GET and HEAD are answered here");
	out->allow = add ? "POST" : "GET, HEAD";
}

void fh_route(const struct fh_http_request *r, const struct fh_authorities *a,
	      struct fh_route *out)
{
	struct fh_span prefix = FH_SPAN_LIT("/mcp/");
	struct fh_span name = fh_span_skip(r->target, prefix.n);

	*out = (struct fh_route){ 0 };
	refuse(out, 404, "not-found", "there are /mcp/NAME, /access/v1/, /healthz, /metrics, "
	       "/record/ and /.well-known/freehold-operator-key.json");
	if (!check_host(r, a, out))
		return;
	if (is_document(r->target)) {
		route_document(r, out);
		return;
	}
	if (!check_origin(r, a, out))
		return;
	if (fh_span_equal(r->target, FH_SPAN_LIT("/.well-known/freehold-quote"))) {
		route_quote(r, out);
		return;
	}
	if (question_api(r->target) != 0) {
		route_question(r, question_api(r->target), out);
		return;
	}
	if (fh_span_equal(r->target, FH_SPAN_LIT(FH_ROUTE_QUESTIONS_TARGET))) {
		route_questions(r, out);
		return;
	}
	if (fh_span_starts(r->target, FH_SPAN_LIT(FH_ROUTE_RECORD_PREFIX))
	    || fh_span_equal(r->target, FH_SPAN_LIT(FH_ROUTE_METRICS))) {
		route_record(r, out);
		return;
	}
	if (fh_span_starts(r->target, FH_SPAN_LIT(FH_ROUTE_WITNESS_PREFIX))) {
		route_witness(r, out);
		return;
	}
	if (fh_span_starts(r->target, prefix) && fh_route_is_name(name)) {
		out->server = name;
		route_mcp(r, out);
	} else if (fh_span_equal(r->target, FH_SPAN_LIT("/healthz"))) {
		out->kind = FH_ROUTE_HEALTH;
		if (r->method == FH_HTTP_GET)
			return;
		refuse(out, 405, "method", "only GET is answered here");
		out->allow = "GET";
	}
}
