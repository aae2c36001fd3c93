/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void fill(char *out, size_t cap, const char *format, va_list args)
{
	int n = vsnprintf(out, cap, format, args);

	if (n < 0)
		out[0] = '\0';
	for (char *c = out; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	out[fh_utf8_mend((uint8_t *)out, strlen(out))] = '\0';
}

void fh_trace_where(struct fh_trace *t, const char *format, ...)
{
	va_list args;

	if (t == nullptr)
		return;
	va_start(args, format);
	fill(t->where, sizeof(t->where), format, args);
	va_end(args);
}

void fh_trace_what_list(struct fh_trace *t, const char *format, va_list arguments)
{
	if (t != nullptr)
		fill(t->what, sizeof(t->what), format, arguments);
}

void fh_trace_what(struct fh_trace *t, const char *format, ...)
{
	va_list args;

	if (t == nullptr)
		return;
	va_start(args, format);
	fh_trace_what_list(t, format, args);
	va_end(args);
}

void fh_trace_cure(struct fh_trace *t, const char *format, ...)
{
	va_list args;

	if (t == nullptr)
		return;
	va_start(args, format);
	fill(t->cure, sizeof(t->cure), format, args);
	va_end(args);
}
