/* SPDX-License-Identifier: Apache-2.0 */
#include "role/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool wanted(enum fh_log_priority p)
{
	const char *level = getenv(FH_LOG_VARIABLE);

	if (level == nullptr || level[0] < '0' || level[0] > '7')
		return p <= FH_LOG_PRIORITY_INFO;
	return p <= (enum fh_log_priority)(level[0] - '0');
}

void fh_log(enum fh_log_priority p, const char *who, const char *format, ...)
{
	char line[1024], prefix[8] = "";
	va_list args;

	if (!wanted(p))
		return;
	if (!isatty(STDERR_FILENO))
		(void)snprintf(prefix, sizeof(prefix), "<%d>", p);
	int n = snprintf(line, sizeof(line), "%sfreehold: %s: ", prefix, who);

	va_start(args, format);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);

	va_end(args);
	if (m < 0)
		return;
	n = n + m < (int)sizeof(line) - 2 ? n + m : (int)sizeof(line) - 2;
	line[n++] = '\n';
	/* One write, so that lines of several processes do not mix.  */
	(void)!write(STDERR_FILENO, line, (size_t)n);
}

void fh_log_error(const char *who, fh_err e, const struct fh_trace *t)
{
	const char *what = t->what[0] != '\0' ? t->what : fh_err_text(e);

	fh_log(FH_LOG_PRIORITY_ERROR, who, "%s%s%s%s%s", t->where, t->where[0] ? ": " : "", what,
	       t->cure[0] ? "; " : "", t->cure);
}
