/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor/calendar.h"

#include <string.h>

#include "anchor/fetch.h"

static const char media_type[] = "application/vnd.opentimestamps.v1";

static struct fh_span without_slash(struct fh_span url)
{
	while (url.n > 0 && url.p[url.n - 1] == '/')
		url = fh_span_first(url, url.n - 1);
	return url;
}

bool fh_calendar_allowed(const struct fh_calendars *allowed, struct fh_span uri)
{
	for (size_t i = 0; i < allowed->n; i++) {
		if (fh_span_equal(without_slash(fh_span_str(allowed->url[i])), without_slash(uri)))
			return true;
	}
	return false;
}

/* URL and PATH, and MESSAGE in hex if it is not empty.  */
static fh_err join(struct fh_span url, const char *path, struct fh_span message,
		   struct fh_arena *a, const char **out)
{
	size_t size = url.n + strlen(path) + 2 * message.n + 1;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, size), size);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_builder_bytes(&b, without_slash(url));
	fh_builder_text(&b, path);
	fh_builder_hex(&b, message);
	*out = (const char *)b.p;
	return fh_fetch_url_ok(*out) ? FH_ERR_OK : FH_ERR_FORMAT;
}

/* Asks, and merges the answer into AT.  */
static fh_err ask(const struct fh_fetch *f, struct fh_stamp *at, struct fh_arena *a,
		  struct fh_trace *t)
{
	struct fh_fetched got;
	struct fh_trace why = { 0 };
	struct fh_stamp *answer;
	fh_err e = fh_fetch(f, a, &got, t);

	if (e != FH_ERR_OK)
		return e;
	if (got.status != 200) {
		fh_trace_what(t, "it answers with status %ld", got.status);
		return got.status == 404 ? FH_ERR_MISSING : FH_ERR_CLOSED;
	}
	e = fh_stamp_read_bare(got.body, at->message, a, &answer, &why);
	if (e == FH_ERR_OK)
		e = fh_stamp_merge(at, answer, a);
	if (e != FH_ERR_OK)
		fh_trace_what(t, "its answer is no time stamp: %s: %s", why.where,
			      why.what[0] != '\0' ? why.what : fh_err_text(e));
	return e;
}

fh_err fh_calendar_submit(const struct fh_calendars *allowed, size_t i, struct fh_stamp *at,
			  struct fh_arena *a, struct fh_trace *t)
{
	struct fh_fetch f = { .body = at->message, .type = "application/octet-stream",
			      .accept = media_type, .max = FH_CALENDAR_ANSWER_MAX,
			      .ca_file = allowed->ca_file };
	fh_err e = join(fh_span_str(allowed->url[i]), "/digest", (struct fh_span){ 0 }, a, &f.url);

	return e != FH_ERR_OK ? e : ask(&f, at, a, t);
}

fh_err fh_calendar_upgrade(const struct fh_calendars *allowed, const struct fh_stamp_claim *claim,
			   struct fh_arena *a, struct fh_trace *t)
{
	struct fh_fetch f = { .accept = media_type, .max = FH_CALENDAR_ANSWER_MAX,
			      .ca_file = allowed->ca_file };
	struct fh_span uri = claim->attestation->uri;

	fh_trace_where(t, "%.*s", (int)uri.n, (const char *)uri.p);
	if (!fh_calendar_allowed(allowed, uri)) {
		fh_trace_what(t, "this calendar is none that may be asked");
		fh_trace_cure(t, "name it with --calendar, or as `calendars` in freehold.conf");
		return FH_ERR_PERMISSION;
	}

	fh_err e = join(uri, "/timestamp/", claim->at->message, a, &f.url);

	if (e == FH_ERR_OK)
		e = ask(&f, claim->at, a, t);
	if (e == FH_ERR_OK && !fh_stamp_anchored(claim->at)) {
		fh_trace_what(t, "it has not put it into a block yet");
		e = FH_ERR_MISSING;
	}
	return e;
}
