/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_SHRED_FIXTURE_H
#define FH_TESTS_SHRED_FIXTURE_H

#include "entry/carried.h"
#include "entry/opened.h"
#include "entry/shred.h"
#include "record_fixture.h"
#include "verify/record.h"

/* A record of entries that are sealed with one key, which ends.  */

static uint8_t openings_room[1 << 16];

static uint64_t sealed_ms; /* lo of the first entry that is sealed */
static uint8_t shredded_name[FH_SEAL_NAME_SIZE]; /* begin() makes it that of what it seals */

static inline uint64_t period_of(const char *class)
{
	return fh_seal_period(fh_span_str(class), sealed_ms);
}

/* Nine entries of CLASS.  */
static inline void begin(struct bench *b, const char *class, struct fh_builder *openings)
{
	*openings = FH_BUILDER_ARRAY(openings_room);
	fh_opened_put_head(openings);
	b->maker.openings = openings;
	fh_maker_first(&b->maker);
	b->options.genesis_given = true;
	b->options.genesis = b->maker.chain_id;
	b->maker.class = class;
	sealed_ms = b->maker.now.lo_ms;
	fh_maker_key_name(fh_span_str(class != nullptr ? class : "default"),
			  period_of(class != nullptr ? class : "default"), shredded_name);
	fh_maker_batch(&b->maker, 9);
}

static inline void wait_s(struct bench *b, uint64_t seconds)
{
	b->maker.now.lo_ms += 1000 * seconds;
	b->maker.now.hi_ms += 1000 * seconds;
}

/* The key of the maker's entries ends: said to be of CLASS and PERIOD, because STATEMENT asked for
 * it.  */
static inline void shred(struct bench *b, const char *class, uint64_t period, uint64_t statement,
		  uint64_t epoch)
{
	const struct fh_shred_key key = { FH_SPAN_ARRAY(shredded_name), fh_span_str(class), period,
					  statement };
	uint8_t list_room[128], room[256];
	struct fh_builder list = FH_BUILDER_ARRAY(list_room), d = FH_BUILDER_ARRAY(room);
	struct fh_fields f = { .n = 1 };

	fh_shred_begin(&list, 1);
	fh_shred_put_key(&list, &key);
	fh_shred_put(&d, fh_builder_span(&list), epoch, /* slots= */ (struct fh_span){ 0 });
	f.field[0] = (struct fh_field){ .id = FH_FIELD_DETAIL, .value = fh_builder_span(&d) };
	(void)fh_maker_entry(&b->maker, FH_ENTRY_SHRED, &f);
	fh_maker_sync(&b->maker);
	fh_maker_checkpoint(&b->maker);
}

/* A state entry that says that PERIOD of the fold is the one to come, and carries something that
 * might be the fold if that is its own index.  */
static inline void state_entry(struct bench *b, uint64_t period, bool carries)
{
	static const uint8_t zeros[FH_SEAL_BUCKET_MIN + FH_AEAD_TAG_SIZE];
	uint8_t hash_room[64], text_room[512], fold_room[600];
	struct fh_builder hash = FH_BUILDER_ARRAY(hash_room), text = FH_BUILDER_ARRAY(text_room),
			  fold = FH_BUILDER_ARRAY(fold_room);
	struct fh_fields f = { .n = 2 };

	fh_cbor_put_bytes(&hash, fh_span_of(zeros, FH_HASH_SIZE)); /* what is sealed is not known */
	fh_cbor_put_array(&text, 4);
	fh_cbor_put_bytes(&text, fh_span_of(zeros, FH_SEAL_NAME_SIZE));
	fh_cbor_put_bytes(&text, fh_span_of(zeros, FH_SALT_SIZE));
	fh_cbor_put_bytes(&text, fh_span_of(zeros, FH_HASH_SIZE));
	fh_cbor_put_bytes(&text, FH_SPAN_ARRAY(zeros));
	fh_carried_put(&fold, &(struct fh_carried){ .period = period,
						    .text = fh_span_first(fh_builder_span(&text),
									  carries ? text.n : 0) });
	f.field[0] = (struct fh_field){ .id = FH_FIELD_STATE, .value = fh_builder_span(&hash) };
	f.field[1] = (struct fh_field){ .id = FH_FIELD_FOLD, .value = fh_builder_span(&fold) };
	(void)fh_maker_entry(&b->maker, FH_ENTRY_STATE, &f);
	fh_maker_sync(&b->maker);
	fh_maker_checkpoint(&b->maker);
}

#endif
