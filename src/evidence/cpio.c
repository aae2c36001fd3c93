/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/cpio.h"

#include "base/builder.h"

static void add_zeros(struct fh_bank_hash *h, size_t n)
{
	static const uint8_t zeros[4];

	fh_bank_hash_add(h, fh_span_first(FH_SPAN_ARRAY(zeros), n));
}

void fh_cpio_pad(struct fh_bank_hash *h, size_t n)
{
	add_zeros(h, (4 - n % 4) % 4);
}

static void put_word(struct fh_builder *b, uint32_t v)
{
	uint8_t big[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	fh_builder_hex(b, FH_SPAN_ARRAY(big));
}

void fh_cpio_entry(struct fh_bank_hash *h, uint32_t inode, uint32_t mode, const char *name,
		   struct fh_span data)
{
	uint8_t room[160];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	uint32_t words[13] = { inode, mode, 0, 0, 1, 0, (uint32_t)data.n,
			       0, 0, 0, 0, (uint32_t)fh_span_str(name).n + 1, 0 };

	fh_builder_text(&b, "070701");
	for (size_t i = 0; i < 13; i++)
		put_word(&b, words[i]);
	fh_builder_text(&b, name);
	fh_builder_u8(&b, 0);
	fh_bank_hash_add(h, fh_builder_span(&b));
	fh_cpio_pad(h, fh_builder_span(&b).n);
	fh_bank_hash_add(h, data);
	fh_cpio_pad(h, data.n);
}

/* The stub's own: the same as an entry but for one capital letter.  */
void fh_cpio_trailer(struct fh_bank_hash *h)
{
	fh_bank_hash_add(h, FH_SPAN_LIT("070701" "00000000" "00000000" "00000000" "00000000"
					"00000001" "00000000" "00000000" "00000000" "00000000"
					"00000000" "00000000" "0000000B" "00000000"
					"TRAILER!!!"));
	add_zeros(h, 4);
}
