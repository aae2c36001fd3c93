/* SPDX-License-Identifier: Apache-2.0 */
/* What is read in place as a value is one, wherever it is read again; and what
 * Freehold writes, but for floats, can be read in place.  */
#include "codec/json.h"
#include "codec/json_pull.h"

#include <stdlib.h>

constexpr size_t room = 1 << 20;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void walk(struct fh_span value)
{
	static const char *const names[] = { "a", "b" };
	struct fh_span v[2], element, s;
	uint64_t number;

	if (fh_json_object(value, names, 2, v) == FH_ERR_OK && v[0].n + v[1].n > value.n)
		abort();
	struct fh_cursor c = fh_json_array(value);

	while (fh_json_element(&c, &element)) {
		struct fh_cursor again = fh_cursor_of(element);

		if (!fh_span_equal(fh_json_value(&again), element) || again.rest.n != 0)
			abort();
		(void)!fh_json_string(element, &s);
		(void)!fh_json_uint(element, &number);
	}
}

static void rewrite(struct fh_span in)
{
	static uint8_t scratch[64 * 1024 + 4096], cbor[room], text[room];
	struct fh_arena arena = fh_arena_of(scratch, sizeof(scratch));
	struct fh_builder c = FH_BUILDER_ARRAY(cbor), t = FH_BUILDER_ARRAY(text);

	if (in.n > 2048 || fh_json_to_cbor(in, &arena, &c, nullptr) != FH_ERR_OK
	    || fh_json_from_cbor(fh_builder_span(&c), &t) != FH_ERR_OK)
		return;
	struct fh_span out = fh_builder_span(&t);
	struct fh_cursor again = fh_cursor_of(out);

	(void)fh_json_value(&again);
	if (fh_cursor_end(&again) != FH_ERR_OK && fh_span_find(out, '.') == out.n
	    && fh_span_find(out, 'e') == out.n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_cursor c = fh_cursor_of(in);
	struct fh_span value = fh_json_value(&c);

	if (!fh_cursor_bad(&c))
		walk(value);
	rewrite(in);
	return 0;
}
