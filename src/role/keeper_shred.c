/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that end.  Core says when and whose; which keys that are, and that no key ends without an
 * entry of the signed record that names it, is seen to here.  docs/spec/KEYS, "Shredding".  */
#include "role/keeper_private.h"

#include "entry/shredded.h"

constexpr size_t rewrapped_at_once = 128; /* a few milliseconds */

fh_err fh_keeper_wish(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	enum fh_door_wish wish;
	struct fh_span subject;
	uint64_t before;
	fh_err e = fh_door_read_wish(frame, &wish, &subject, &before);

	if (e != FH_ERR_OK)
		return e;
	switch (wish) {
	case FH_WISH_NONE:
		fh_data_keys_forget_wishes(&k->data);
		break;
	case FH_WISH_HOLD_ALL:
		fh_data_keys_hold_all(&k->data);
		break;
	case FH_WISH_HOLD:
		e = fh_data_keys_hold(&k->data, subject);
		break;
	case FH_WISH_SHRED:
		e = fh_data_keys_ask(&k->data, subject, before);
		break;
	case FH_WISH_CARRIED:
		fh_data_keys_carried(&k->data, before);
		break;
	}
	if (e == FH_ERR_OK)
		fh_door_put_done(answer);
	return e;
}

fh_err fh_keeper_due(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint64_t lo_ms;
	fh_err e = fh_door_read_lo(frame, &lo_ms);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_data_due d = fh_data_keys_due(&k->data, lo_ms);

	fh_door_put_due(answer, &d);
	return FH_ERR_OK;
}

fh_err fh_keeper_shred(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint8_t bytes[FH_SHRED_SLOT_LIST_MAX];
	struct fh_builder list = fh_builder_of(k->room, FH_SHRED_LIST_MAX);
	struct fh_builder slots = FH_BUILDER_ARRAY(bytes);
	uint64_t lo_ms;
	fh_err e = fh_door_read_lo(frame, &lo_ms);

	if (e == FH_ERR_OK)
		e = fh_data_keys_shred_begin(&k->data, &k->data_root, lo_ms, &list, &k->trace);
	if (e != FH_ERR_OK)
		return e;
	fh_data_keys_put_slots(&k->data, &slots);
	fh_door_put_doomed(answer, &(struct fh_door_doomed){ k->data.epoch, fh_builder_span(&list),
							     fh_builder_span(&slots) });
	return FH_ERR_OK;
}

fh_err fh_keeper_rewrap(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	uint64_t left;
	(void)frame;
	fh_err e = fh_data_keys_rewrap(&k->data, rewrapped_at_once, &left, &k->trace);

	if (e == FH_ERR_OK)
		fh_door_put_left(answer, left);
	return e;
}

/* --- ending it ------------------------------------------------------------ */

static fh_err not_acknowledged(struct fh_keeper *k, const char *what)
{
	fh_trace_where(&k->trace, "shred");
	fh_trace_what(&k->trace, "%s", what);
	fh_trace_cure(&k->trace, "nothing was shredded; start freehold again");
	return FH_ERR_CONFLICT;
}

/* The entry S is the last one of the tree that was signed last.  */
static fh_err is_acknowledged(struct fh_keeper *k, const struct fh_door_shredded *s)
{
	struct fh_hash leaf_hash = fh_leaf_hash(s->leaf), payload = fh_hash_of(s->payload);
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e != FH_ERR_OK)
		return e;
	if (leaf.kind != FH_ENTRY_SHRED || !fh_hash_equal(&payload, &leaf.payload))
		return not_acknowledged(k, "what is said to be its entry is none");
	if (k->signed_size == 0 || leaf.index != k->signed_size - 1
	    || fh_inclusion_check(&s->proof, leaf.index, 0, k->signed_size, &leaf_hash,
				  &k->signed_root) != FH_ERR_OK)
		return not_acknowledged(k, "its entry is not the last of the record that was "
					"signed");
	return FH_ERR_OK;
}

fh_err fh_keeper_shredded(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	struct fh_door_shredded s;
	struct fh_shred shred;
	fh_err e = fh_door_read_shredded(frame, &s);

	if (e == FH_ERR_OK)
		e = is_acknowledged(k, &s);
	if (e == FH_ERR_OK)
		e = fh_shred_of_payload(s.payload, &shred);
	if (e != FH_ERR_OK)
		return e;
	if (shred.epoch != k->data.epoch)
		return not_acknowledged(k, "its entry is of another data epoch");
	/* Of one that was cut off, as of one that is under way: only what the entry names, and says
	 * truly.  */
	e = fh_data_keys_shred_these(&k->data, &k->data_root, shred.keys, &k->trace);
	if (e == FH_ERR_OK && !fh_data_keys_slots_named(&k->data, shred.slots))
		e = not_acknowledged(k, "its entry does not name all that could still open the "
				     "keys");
	if (e == FH_ERR_OK)
		e = fh_data_keys_shred_end(&k->data, &k->trace);
	if (e == FH_ERR_OK)
		fh_door_put_done(answer);
	return e;
}
