/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor/fetch.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/builder.h"

/* libcurl brings some thirty libraries.  They are loaded for a request and linked with
 * nothing, so no role of the daemon, whose program this is too, ever holds them.  */
struct fh_curl {
	void *library;
	typeof(curl_easy_init) *init;
	typeof(curl_easy_cleanup) *cleanup;
	typeof(curl_easy_setopt) *set;
	typeof(curl_easy_perform) *perform;
	typeof(curl_easy_getinfo) *info;
	typeof(curl_easy_strerror) *text;
	typeof(curl_slist_append) *append;
	typeof(curl_slist_free_all) *free_all;
	CURL *p;                  /* the request */
	struct curl_slist *lines; /* of its header */
	bool shaking;             /* it has a connection, and TLS has begun */
};

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
	{ "curl_easy_init", offsetof(struct fh_curl, init) },
	{ "curl_easy_cleanup", offsetof(struct fh_curl, cleanup) },
	{ "curl_easy_setopt", offsetof(struct fh_curl, set) },
	{ "curl_easy_perform", offsetof(struct fh_curl, perform) },
	{ "curl_easy_getinfo", offsetof(struct fh_curl, info) },
	{ "curl_easy_strerror", offsetof(struct fh_curl, text) },
	{ "curl_slist_append", offsetof(struct fh_curl, append) },
	{ "curl_slist_free_all", offsetof(struct fh_curl, free_all) },
};

/* The library stays loaded: not everything it brings can be unloaded.  */
static void fh_curl_drop(struct fh_curl *c)
{
	if (c->p != nullptr)
		c->cleanup(c->p);
	if (c->lines != nullptr)
		c->free_all(c->lines);
	*c = (struct fh_curl){ 0 };
}

static fh_err fh_curl_begin(struct fh_curl *c, struct fh_trace *t)
{
	c->library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *f = c->library == nullptr ? nullptr : dlsym(c->library, functions[i].name);

		if (f == nullptr) {
			fh_trace_where(t, "libcurl.so.4");
			fh_trace_what(t, "it cannot be loaded");
			fh_trace_cure(t, "install libcurl");
			return FH_ERR_UNSUPPORTED;
		}
		memcpy((char *)c + functions[i].offset, &f, sizeof(f));
	}
	c->p = c->init();
	return c->p != nullptr ? FH_ERR_OK : FH_ERR_NOMEM;
}

bool fh_fetch_url_ok(const char *url)
{
	size_t n = strlen(url);
	bool scheme = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;

	for (size_t i = 0; i < n; i++)
		scheme &= url[i] > ' ' && url[i] < 0x7f;
	return scheme && n > 8 && n <= FH_FETCH_URL_MAX;
}

static size_t take(char *p, size_t size, size_t n, void *to)
{
	struct fh_builder *b = to;

	fh_builder_bytes(b, fh_span_of(p, size * n));
	return b->bad ? 0 : size * n;
}

static bool add_line(struct fh_curl *c, const char *name, const char *value)
{
	char line[256];

	if (value == nullptr)
		return true;
	if (snprintf(line, sizeof(line), "%s: %s", name, value) >= (int)sizeof(line))
		return false;

	struct curl_slist *longer = c->append(c->lines, line);

	if (longer != nullptr)
		c->lines = longer;
	return longer != nullptr;
}

/* One after the other as long as they are taken.  */
#define SET(option, value) && c->set(c->p, option, value) == CURLE_OK

/* Called when there is a connection to speak TLS over: no time of libcurl's tells that.  */
static CURLcode begin_tls(CURL *p, void *context, void *to)
{
	(void)p;
	(void)context;
	*(bool *)to = true;
	return CURLE_OK;
}

static bool set_bounds(struct fh_curl *c)
{
	return true
		SET(CURLOPT_PROTOCOLS_STR, "http,https")
		SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
		SET(CURLOPT_SSL_CTX_FUNCTION, begin_tls)
		SET(CURLOPT_SSL_CTX_DATA, (void *)&c->shaking)
		SET(CURLOPT_FOLLOWLOCATION, 0L)
		SET(CURLOPT_NOSIGNAL, 1L)
		SET(CURLOPT_QUICK_EXIT, 1L) /* a name server that is silent keeps a thread alone */
		SET(CURLOPT_CONNECTTIMEOUT_MS, FH_FETCH_CONNECT_MS)
		SET(CURLOPT_TIMEOUT_MS, FH_FETCH_MS)
		SET(CURLOPT_USERAGENT, "freehold");
}

static bool set_request(struct fh_curl *c, const struct fh_fetch *f, struct fh_builder *to)
{
	bool ok = add_line(c, "Accept", f->accept) && add_line(c, "Content-Type", f->type)
		SET(CURLOPT_URL, f->url)
		SET(CURLOPT_WRITEFUNCTION, take)
		SET(CURLOPT_WRITEDATA, (void *)to);

	if (f->body.n > 0)
		ok = ok
			SET(CURLOPT_POST, 1L)
			SET(CURLOPT_POSTFIELDS, (const char *)f->body.p)
			SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n);
	/* A password goes to the server that was named, past every proxy.  */
	if (f->login != nullptr)
		ok = ok
			SET(CURLOPT_NOPROXY, "*")
			SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC)
			SET(CURLOPT_USERPWD, f->login);
	if (c->lines != nullptr)
		ok = ok SET(CURLOPT_HTTPHEADER, c->lines);
	/* Its own in the place of the system's, which are a file and a directory.  */
	if (f->ca_file != nullptr && f->ca_file[0] != '\0')
		ok = ok
			SET(CURLOPT_CAINFO, f->ca_file)
			SET(CURLOPT_CAPATH, nullptr);
	return ok;
}
#undef SET

/* --- what went wrong --------------------------------------------------- */

/* What CURLINFO_SSL_VERIFYRESULT says is OpenSSL's, fixed by its interface; but for the
 * first, which libcurl leaves there when it looks at the name.  */
enum fault {
	FAULT_NAME = 1,
	FAULT_NOT_YET = 9,      /* X509_V_ERR_CERT_NOT_YET_VALID */
	FAULT_EXPIRED = 10,     /* X509_V_ERR_CERT_HAS_EXPIRED */
	FAULT_SELF_SIGNED = 18, /* X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ... */
	FAULT_NO_ISSUER = 21,   /* ... X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE */
};

/* In our words alone: what a certificate says of itself is the server's to choose.  */
static void explain_certificate(const struct fh_curl *c, struct fh_trace *t)
{
	long fault = -1;

	(void)c->info(c->p, CURLINFO_SSL_VERIFYRESULT, &fault);
	if (fault == FAULT_NAME) {
		fh_trace_what(t, "its certificate is for another name");
		fh_trace_cure(t, "name the server as its certificate does");
	} else if (fault == FAULT_EXPIRED) {
		fh_trace_what(t, "its certificate has expired");
		fh_trace_cure(t, "have the server renew it, or set this machine's clock");
	} else if (fault == FAULT_NOT_YET) {
		fh_trace_what(t, "its certificate is not valid yet");
		fh_trace_cure(t, "set this machine's clock");
	} else if (fault >= FAULT_SELF_SIGNED && fault <= FAULT_NO_ISSUER) {
		fh_trace_what(t, "its certificate is by no authority that is trusted here");
		fh_trace_cure(t, "name the file of its authority as `ca-file` in freehold.conf");
	} else {
		fh_trace_what(t, "its certificate is not right (OpenSSL's reason %ld)", fault);
		fh_trace_cure(t, "have the server renew it");
	}
}

/* How far it came before the time was over.  */
static void explain_timeout(const struct fh_curl *c, struct fh_trace *t)
{
	curl_off_t connected = 0; /* TLS included */

	(void)c->info(c->p, CURLINFO_CONNECT_TIME_T, &connected);
	if (connected > 0)
		fh_trace_what(t, "no whole answer in %ld s", FH_FETCH_MS / 1000);
	else
		fh_trace_what(t, "no %s in %ld s", c->shaking ? "TLS handshake" : "connection",
			      FH_FETCH_CONNECT_MS / 1000);
}

static void explain(const struct fh_curl *c, CURLcode code, struct fh_trace *t)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		explain_certificate(c, t);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		fh_trace_what(t, "no TLS connection can be made with it");
		fh_trace_cure(t, "have the server speak TLS 1.2 or newer there");
		break;
	case CURLE_SSL_CACERT_BADFILE:
		fh_trace_what(t, "the authorities for its certificate cannot be read");
		fh_trace_cure(t, "look at the file that `ca-file` in freehold.conf names, or"
			      " install ca-certificates");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		explain_timeout(c, t);
		break;
	default:
		fh_trace_what(t, "%s", c->text(code));
	}
}

static fh_err err_of(CURLcode code, const struct fh_builder *got)
{
	if (code == CURLE_OK)
		return FH_ERR_OK;
	if (got->bad)
		return FH_ERR_LIMIT;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return FH_ERR_TIMEOUT;
	return code == CURLE_OUT_OF_MEMORY ? FH_ERR_NOMEM : FH_ERR_CLOSED;
}

fh_err fh_fetch(const struct fh_fetch *f, struct fh_arena *a, struct fh_fetched *out,
		struct fh_trace *t)
{
	FH_OWN(fh_curl) c = { 0 };
	struct fh_builder got = fh_builder_of(fh_arena_space(a, f->max), f->max);
	struct fh_fetched all = { 0 };
	fh_err e = fh_curl_begin(&c, t);

	if (e != FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", f->url);
	if (got.p == nullptr || !set_bounds(&c) || !set_request(&c, f, &got))
		return FH_ERR_NOMEM;

	CURLcode code = c.perform(c.p);

	e = err_of(code, &got);
	if (e == FH_ERR_LIMIT)
		fh_trace_what(t, "its answer has more than %zu bytes", f->max);
	else if (e != FH_ERR_OK)
		explain(&c, code, t);
	if (e != FH_ERR_OK)
		return e;
	if (c.info(c.p, CURLINFO_RESPONSE_CODE, &all.status) != CURLE_OK)
		return FH_ERR_CLOSED;
	all.body = fh_builder_span(&got);
	*out = all;
	return FH_ERR_OK;
}
