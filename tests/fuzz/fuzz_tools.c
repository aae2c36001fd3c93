/* SPDX-License-Identifier: Apache-2.0 */
/* What a tool server answers to tools/list, and the definitions in it as pins: the digests are
 * those of the bytes, and what cannot be pinned says why.  */
#include <stdlib.h>

#include "chain/pins.h"
#include "wire/tools.h"

constexpr size_t room = 8 << 20;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_pin(const struct fh_json *definition, struct fh_span digest)
{
	static _Alignas(max_align_t) uint8_t memory[room], more[room];
	struct fh_arena a = fh_arena_of(memory, room), scratch = fh_arena_of(more, room);
	struct fh_trace t = { 0 };
	struct fh_pin pin;
	bool valid;

	if (fh_pin_read(fh_mcp_tool_name(definition), definition->raw, &a, &pin, &t) != FH_ERR_OK) {
		if (t.where[0] == '\0' || t.what[0] == '\0' || t.cure[0] == '\0')
			abort();
		return;
	}
	if (!fh_span_equal(fh_hash_span(&pin.digest), digest))
		abort();
	(void)!fh_pin_check_arguments(&pin, definition->raw, &scratch, &valid, nullptr, nullptr);
	if (scratch.n != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[room];
	struct fh_arena a = fh_arena_of(memory, room);
	struct fh_mcp_tools tools;
	size_t at = 0;

	if (fh_mcp_tools_read(fh_span_of(bytes, n), &a, &tools, nullptr) != FH_ERR_OK)
		return 0;
	struct fh_span digests = fh_mcp_tool_digests(&tools, &a);

	if (digests.n != (size_t)tools.list->n * FH_HASH_SIZE && digests.n != 0)
		abort();
	for (const struct fh_json *i = tools.list->first; digests.n > 0 &&
		i != nullptr; i = i->next) {
		check_pin(i, fh_span_first(fh_span_skip(digests, at), FH_HASH_SIZE));
		at += FH_HASH_SIZE;
	}
	return 0;
}
