/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "anchor/fetch.h"
#include "cli/stamp.h"

/* Splits the configuration's list.  */
static bool split(struct fh_calendar_list *l)
{
	for (char *p = l->text; *p != '\0';) {
		size_t n = strcspn(p, " \t,");
		char *next = p + n + strspn(p + n, " \t,");

		if (n > 0 && l->n == FH_CALENDARS_MAX)
			return false;
		if (n > 0)
			l->url[l->n++] = p;
		p[n] = '\0';
		p = next;
	}
	return true;
}

struct fh_calendars fh_calendars_of(const struct fh_cli *cli, const struct fh_calendar_list *l)
{
	return (struct fh_calendars){ l->url, l->n, cli->config.ca_file };
}

int fh_calendar_list_read(const struct fh_cli *cli, const struct fh_usage *u,
			  const struct fh_arguments *a, struct fh_calendar_list *out)
{
	struct fh_calendar_list l = { 0 };
	const char *url;

	static_assert(sizeof(l.text) == sizeof(cli->config.calendars));
	memcpy(out->text, cli->config.calendars, sizeof(out->text));
	out->n = 0;
	if (!split(out))
		return fh_cli_fail(FH_ERR_LIMIT, "configuration", "too many calendars", nullptr);

	const struct fh_calendars allowed = fh_calendars_of(cli, out);

	for (size_t i = 0; (url = fh_argument_nth(a, "calendar", i)) != nullptr; i++) {
		if (!fh_fetch_url_ok(url))
			return fh_usage_error(u, "`%s` is no http or https URL", url);
		if (l.n == FH_CALENDARS_MAX)
			return fh_usage_error(u, "more than %zu calendars", FH_CALENDARS_MAX);
		if (allowed.n > 0 && !fh_calendar_allowed(&allowed, fh_span_str(url)))
			return fh_cli_fail(FH_ERR_PERMISSION, url,
					   "this calendar is not in the configuration",
					   "name one that is, or add it to `calendars`");
		l.url[l.n++] = url;
	}
	if (l.n > 0) {
		memcpy(out->url, l.url, sizeof(l.url));
		out->n = l.n;
	}
	return -1;
}
