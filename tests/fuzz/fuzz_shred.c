/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/shredded.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What a shred entry says is written back as the same bytes, or refused.  */
static void write_back(struct fh_span s, const struct fh_shred *shred)
{
	static uint8_t room[FH_SHRED_MAX], list_room[FH_SHRED_LIST_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room), list = FH_BUILDER_ARRAY(list_room);
	struct fh_shred_key key;
	struct fh_span slot;
	size_t at = 0, keys = 0, slots = 0;

	fh_shred_begin(&list, shred->keys_n);
	for (; fh_shred_next(shred->keys, &at, &key); keys++)
		fh_shred_put_key(&list, &key);
	if (keys != shred->keys_n || list.bad
	    || !fh_span_equal(fh_builder_span(&list), shred->keys))
		abort();
	fh_shred_put(&b, shred->keys, shred->epoch, shred->slots);
	if (b.bad || !fh_span_equal(fh_builder_span(&b), s))
		abort();
	for (at = 0; fh_shred_slot_next(shred->slots, &at, &slot); slots++) {
		if (!fh_span_starts(slot, FH_SPAN_LIT("recovery:")))
			abort();
	}
	if (slots != shred->slots_n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t memory[2 * FH_SHRED_KEYS_MAX * sizeof(struct fh_shredded_key)];
	struct fh_arena arena = fh_arena_of(memory, sizeof(memory));
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_shredded shredded;
	struct fh_shred shred;
	uint64_t by;

	if (fh_shred_read(s, &shred) == FH_ERR_OK)
		write_back(s, &shred);
	if (fh_shredded_begin(&arena, FH_SHRED_KEYS_MAX, &shredded) != FH_ERR_OK)
		abort();
	(void)!fh_shredded_add(&shredded, 7, s);
	(void)!fh_shredded_find(&shredded, 3, s, &by);
	return 0;
}
