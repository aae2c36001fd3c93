/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_TRACE_H
#define FH_BASE_TRACE_H

#include <stdarg.h>

#include "base/span.h"

/* Detail for people about an error or a refusal: where, what, what to do.
 * Pure code fills it and never prints; the caller passes it and may pass
 * NULL.  Content is cut to fit, between characters, and made printable and valid UTF-8, so that
 * it can go into CBOR and JSON wherever foreign bytes are in it.  */

constexpr size_t FH_TRACE_WHERE_MAX = 128;
constexpr size_t FH_TRACE_TEXT_MAX = 384;

struct fh_trace {
	char where[FH_TRACE_WHERE_MAX]; /* the object, e.g. "policy.cedar:3:7" */
	char what[FH_TRACE_TEXT_MAX];   /* what is wrong with it */
	char cure[FH_TRACE_TEXT_MAX];   /* what to do about it; may be empty */
};

/* Formats like vprintf into the second part, for those who take arguments
 * themselves.  */
void fh_trace_what_list(struct fh_trace *t, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Formats like printf into the three parts; T may be NULL.  Bytes below 0x20
 * and 0x7f become '?'.  */
void fh_trace_where(struct fh_trace *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void fh_trace_what(struct fh_trace *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void fh_trace_cure(struct fh_trace *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
