/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/component.h"

static const char *const names[] = {
#define FH_COMPONENT_ROW(name, text) [FH_COMPONENT_##name] = text,
	FH_COMPONENT_LIST(FH_COMPONENT_ROW)
#undef FH_COMPONENT_ROW
};

const char *fh_component_name(enum fh_component c)
{
	return names[(unsigned)c < FH_COMPONENT_COUNT ? c : FH_COMPONENT_OTHER];
}

enum fh_component fh_component_named(struct fh_span name)
{
	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++) {
		if (fh_span_equal(name, fh_span_str(names[c])))
			return (enum fh_component)c;
	}
	return FH_COMPONENT_OTHER;
}
