/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/function.h"

static const struct fh_function_shape shapes[] = {
#define FH_FUNCTION_ROW(name, text, method, result, n, first, second)                       \
	[FH_FUNCTION_##name] = { FH_TEXT_INIT(text),                                        \
				 method,                                                    \
				 FH_VALUE_##result,                                         \
				 n,                                                         \
				 { FH_VALUE_##first, FH_VALUE_##second } },
	FH_FUNCTION_LIST(FH_FUNCTION_ROW)
#undef FH_FUNCTION_ROW
};

const struct fh_function_shape *fh_function_shape(enum fh_function f)
{
	return &shapes[f];
}

enum fh_function fh_function_find(struct fh_span name)
{
	for (unsigned f = 0; f < FH_FUNCTION_COUNT; f++) {
		if (fh_span_equal(shapes[f].name, name))
			return (enum fh_function)f;
	}
	return FH_FUNCTION_COUNT;
}

enum fh_function fh_function_constructor(enum fh_value_kind k)
{
	switch (k) {
	case FH_VALUE_DECIMAL:
		return FH_FUNCTION_DECIMAL;
	case FH_VALUE_IP:
		return FH_FUNCTION_IP;
	default:
		return k == FH_VALUE_DATETIME ? FH_FUNCTION_DATETIME : FH_FUNCTION_DURATION;
	}
}
