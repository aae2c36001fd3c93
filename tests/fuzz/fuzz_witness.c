/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a witness is written back as the same bytes; its answers, read as such, keep
 * the text that they are about.  */
#include "merkle/witness.h"

#include <stdlib.h>

#include "merkle/cosignature.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_WITNESS_REQUEST_MAX + 64];
	const struct fh_span text = FH_SPAN_LIT("o\n1\n"
						"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_add_checkpoint a;
	struct fh_note_key key;
	struct fh_note note;
	uint64_t size;

	if (fh_add_checkpoint_read(in, &a) == FH_ERR_OK) {
		fh_add_checkpoint_put(&b, &a);
		if (!fh_span_equal(fh_builder_span(&b), in))
			abort();
	}
	b = FH_BUILDER_ARRAY(room);
	if (fh_witness_lines_read(text, in, &b, &note) == FH_ERR_OK
	    && !fh_span_equal(note.text, text))
		abort();
	b = FH_BUILDER_ARRAY(room);
	if (fh_witness_size_read(in, &size) == FH_ERR_OK) {
		fh_witness_size_put(&b, size);
		if (!fh_span_equal(fh_builder_span(&b), in))
			abort();
	}
	(void)fh_note_key_read(in, &key);
	return 0;
}
