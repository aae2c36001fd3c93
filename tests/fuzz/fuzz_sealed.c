/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/opened.h"
#include "entry/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct fh_secret zeros = { .n = FH_SEAL_KEY_SIZE };

static void open_parts(const struct fh_sealed *sealed, uint8_t *room)
{
	static const struct fh_leaf leaf = { .index = 7 };
	struct fh_fields f = { 0 };

	for (size_t i = 0; i < sealed->parts; i++)
		(void)!fh_sealed_open_part(&sealed->part[i], &zeros, &leaf, room, &f);
}

/* A sealed payload is within its limits, or refused; what a file of openings holds is written
 * back as the same bytes.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_PAYLOAD_MAX + 64];
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_sealed sealed;
	struct fh_opened opened;
	struct fh_opened_entry x;

	struct fh_sealed_text text;
	struct fh_span out;

	if (fh_sealed_text_read(s, sizeof(room), &text) == FH_ERR_OK)
		(void)!fh_sealed_text_open(&text, &zeros, room, &out);
	if (fh_sealed_read(s, &sealed) == FH_ERR_OK)
		open_parts(&sealed, room);
	if (fh_opened_begin(s, &opened) != FH_ERR_OK)
		return 0;
	fh_opened_put_head(&b);
	struct fh_cursor c = fh_cursor_of(opened.rest);

	while (c.rest.n > 0 && fh_opened_take(&c, &x) == FH_ERR_OK)
		fh_opened_put_again(&b, &x);
	if (c.why == FH_ERR_OK && !b.bad && !fh_span_equal(fh_builder_span(&b), s))
		abort();
	(void)!fh_opened_get(&opened, 1, &x);
	return 0;
}
