/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas.  In what is accepted, everything declared can be found again.  */
#include <stdlib.h>

#include "policy/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t memory_size = 1 << 20;

static void find_all(const struct fh_schema *s)
{
	struct fh_wire_action w;

	for (uint32_t i = 0; i < s->types_n; i++) {
		if (fh_schema_find_type(s, s->types[i].name) != i ||
		    !fh_schema_type_reaches(s, i, i))
			abort();
	}
	for (uint32_t i = 0; i < s->actions_n; i++) {
		if (fh_schema_find_action(s, s->actions[i].uid) != i ||
		    s->actions[i].ancestors[0] != i)
			abort();
	}
	for (uint32_t i = 0; i < s->calls_n; i++) {
		fh_err e = s->calls[i].server.n > 0
				   ? fh_wire_action(s, s->calls[i].server, s->calls[i].tool, &w)
				   : fh_wire_function(s, s->calls[i].tool, &w);

		if (e != FH_ERR_OK ||
		    w.resource->name.n == 0 || w.context->kind != FH_KIND_RECORD)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[memory_size];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_schema s = { 0 };
	struct fh_trace t = { 0 };
	fh_err e = fh_schema_parse(fh_span_of(bytes, n), &a, &s, &t);

	if (e == FH_ERR_OK)
		find_all(&s);
	else if (t.what[0] == '\0' || t.where[0] == '\0' || s.types != nullptr)
		abort();
	return 0;
}
