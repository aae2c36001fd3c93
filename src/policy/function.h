/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_FUNCTION_H
#define FH_POLICY_FUNCTION_H

#include "base/span.h"
#include "policy/value.h"

/* The functions of Cedar's extension types.  Some are written f(x), the others
 * as methods, x.f(y); both have the receiver as their first argument.  */

/* One row each: name, as written, is a method, result, number of arguments,
 * the kinds of the first and the second.  */
#define FH_FUNCTION_LIST(X)                                                            \
	X(DECIMAL, "decimal", false, DECIMAL, 1, STRING, STRING)                       \
	X(LESS_THAN, "lessThan", true, BOOL, 2, DECIMAL, DECIMAL)                      \
	X(LESS_OR_EQUAL, "lessThanOrEqual", true, BOOL, 2, DECIMAL, DECIMAL)           \
	X(GREATER_THAN, "greaterThan", true, BOOL, 2, DECIMAL, DECIMAL)                \
	X(GREATER_OR_EQUAL, "greaterThanOrEqual", true, BOOL, 2, DECIMAL, DECIMAL)     \
	X(IP, "ip", false, IP, 1, STRING, STRING)                                      \
	X(IS_IPV4, "isIpv4", true, BOOL, 1, IP, IP)                                    \
	X(IS_IPV6, "isIpv6", true, BOOL, 1, IP, IP)                                    \
	X(IS_LOOPBACK, "isLoopback", true, BOOL, 1, IP, IP)                            \
	X(IS_MULTICAST, "isMulticast", true, BOOL, 1, IP, IP)                          \
	X(IS_IN_RANGE, "isInRange", true, BOOL, 2, IP, IP)                             \
	X(DATETIME, "datetime", false, DATETIME, 1, STRING, STRING)                    \
	X(OFFSET, "offset", true, DATETIME, 2, DATETIME, DURATION)                     \
	X(DURATION_SINCE, "durationSince", true, DURATION, 2, DATETIME, DATETIME)      \
	X(TO_DATE, "toDate", true, DATETIME, 1, DATETIME, DATETIME)                    \
	X(TO_TIME, "toTime", true, DURATION, 1, DATETIME, DATETIME)                    \
	X(DURATION, "duration", false, DURATION, 1, STRING, STRING)                    \
	X(TO_MILLISECONDS, "toMilliseconds", true, LONG, 1, DURATION, DURATION)        \
	X(TO_SECONDS, "toSeconds", true, LONG, 1, DURATION, DURATION)                  \
	X(TO_MINUTES, "toMinutes", true, LONG, 1, DURATION, DURATION)                  \
	X(TO_HOURS, "toHours", true, LONG, 1, DURATION, DURATION)                      \
	X(TO_DAYS, "toDays", true, LONG, 1, DURATION, DURATION)

enum fh_function {
#define FH_FUNCTION_ROW(name, text, method, result, n, first, second) FH_FUNCTION_##name,
	FH_FUNCTION_LIST(FH_FUNCTION_ROW)
#undef FH_FUNCTION_ROW
	FH_FUNCTION_COUNT
};

struct fh_function_shape {
	struct fh_span name;
	bool method;
	enum fh_value_kind result;
	uint32_t arguments_n;
	enum fh_value_kind argument[2]; /* the first arguments_n count */
};

/* The shape of F, which is below FH_FUNCTION_COUNT.  */
const struct fh_function_shape *fh_function_shape(enum fh_function f);

/* The function called NAME, or FH_FUNCTION_COUNT.  */
enum fh_function fh_function_find(struct fh_span name);

/* What makes a value of the extension type K of a text.  */
enum fh_function fh_function_constructor(enum fh_value_kind k);

#endif
