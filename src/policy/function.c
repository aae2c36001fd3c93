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
