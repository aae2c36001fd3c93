/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_LOG_H
#define FH_ROLE_LOG_H

#include "base/trace.h"
#include "freehold/error.h"

/* What a process says about itself, once, where it decides: one line on
 * standard error with a journal priority prefix.  Never payload.  */

enum fh_log_priority {
	FH_LOG_PRIORITY_ERROR = 3,
	FH_LOG_PRIORITY_WARNING = 4,
	FH_LOG_PRIORITY_NOTICE = 5,
	FH_LOG_PRIORITY_INFO = 6,
	FH_LOG_PRIORITY_DEBUG = 7,
};

/* What the supervisor tells all roles: how much to say, "3" to "7".  */
#define FH_LOG_VARIABLE "FREEHOLD_LOG"

/* "freehold: WHO: ...", behind "<P>" unless it goes to a terminal.  */
void fh_log(enum fh_log_priority p, const char *who, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The error E with what T says about it, as "WHERE: WHAT; WHAT TO DO".  */
void fh_log_error(const char *who, fh_err e, const struct fh_trace *t);

#endif
