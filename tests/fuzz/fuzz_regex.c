/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern and, behind a line feed, a text.  What is refused has a reason and a cure;
 * what is read finds the same twice.  */
#include <stdlib.h>

#include "base/utf8.h"
#include "schema/regex.h"

constexpr size_t room = 4 << 20;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[room], more[room];
	struct fh_span all = fh_span_of(bytes, n);
	size_t end = fh_span_find(all, '\n');
	struct fh_span text = fh_span_skip(all, end + 1);
	struct fh_arena a = fh_arena_of(memory, room), scratch = fh_arena_of(more, room);
	const struct fh_regex *r = nullptr;
	struct fh_trace t = { 0 };
	uint64_t steps = 1000000, again = steps;
	bool found = false, second = false;

	if (!fh_utf8_valid(fh_span_first(all, end)) || !fh_utf8_valid(text))
		return 0;
	fh_err e = fh_regex_read(fh_span_first(all, end), &a, &r, &t);

	if (e != FH_ERR_OK) {
		if (t.what[0] == '\0' || t.cure[0] == '\0' || r != nullptr)
			abort();
		return 0;
	}
	e = fh_regex_search(r, text, &scratch, &steps, &found);
	if (e != fh_regex_search(r, text, &scratch, &again, &second) || found != second ||
	    steps != again || scratch.n != 0)
		abort();
	return 0;
}
