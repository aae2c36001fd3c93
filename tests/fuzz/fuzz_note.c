/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read as a note is written back as the same bytes.  */
#include "codec/note.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_NOTE_MAX];
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_note note;

	if (fh_note_parse(in, &note) != FH_ERR_OK)
		return 0;
	fh_builder_bytes(&b, note.text);
	fh_builder_u8(&b, '\n');
	for (size_t i = 0; i < note.signatures; i++) {
		const struct fh_note_signature *s = &note.signature[i];
		static uint8_t signature[FH_NOTE_SIGNATURE_MAX];
		size_t size = s->encoded.n / 4 * 3 - 4;

		while (size > 0 && (size > sizeof(signature) ||
				    fh_note_signature_bytes(s, signature, size) != FH_ERR_OK))
			size--;
		if (size == 0)
			return 0; /* longer than we decode */
		fh_note_put_signature(&b, s->name, s->key_id, fh_span_of(signature, size));
	}
	if (!fh_span_equal(fh_builder_span(&b), in))
		abort();
	return 0;
}
