/* SPDX-License-Identifier: Apache-2.0 */
/* What the record is sealed with: core gets the key of one batch of one subject, class and
 * period at a time, and never what it comes from.  docs/spec/KEYS, "The data keys".  */
#include "role/keeper_private.h"

#include "crypto/kdf.h"
#include "role/log.h"

fh_err fh_keeper_derive_data(struct fh_keeper *k, const struct fh_secret *seed)
{
	return fh_hkdf(seed, FH_SPAN_LIT("freehold/data/v1"), (struct fh_span){ 0 },
		       FH_SEAL_KEY_SIZE, &k->data_root);
}

/* As genesis has it, whose hash was sealed with the device key, and what the operators signed
 * since: not as core says.  */
void fh_keeper_take_recipient(struct fh_keeper *k)
{
	const struct fh_release *r = &k->device.release;

	if (k->line.begun)
		fh_data_keys_recipient(&k->data, &r->chain_id, &r->device_id,
				       fh_authority_recipient(&k->line));
}

fh_err fh_keeper_open_data(struct fh_keeper *k)
{
	fh_keeper_take_recipient(k);
	fh_err e = fh_data_keys_open(&k->data, &k->chip, FH_KEEPER_DATA, FH_KEEPER_DATA + 1,
				     &k->data_root, &k->trace);

	/* It may have been whole and used before it was damaged: nobody can tell.  */
	if (e == FH_ERR_OK && k->data.cut > 0)
		fh_log(FH_LOG_PRIORITY_WARNING, "keeper",
		       "keys/data.%u: the last key in it is incomplete or damaged, and was taken "
		       "away: a crash while it was made, or damage; entries that were sealed with "
		       "it, if any, stay sealed unless keys/ is restored",
		       (unsigned)(k->data.epoch % 2));
	return e == FH_ERR_OK ? fh_data_keys_settle(&k->data, &k->trace) : e;
}

static fh_err answer_key(const struct fh_keeper *k, const struct fh_secret *period_key,
			 struct fh_span name, uint64_t batch, struct fh_builder *answer)
{
	FH_OWN(fh_secret) key = { 0 };
	fh_err e = fh_seal_batch_key(period_key, batch, &key);

	if (e == FH_ERR_OK)
		fh_door_put_key(answer, name, &key, FH_DATA_KEYS_MAX - k->data.n);
	return e;
}

fh_err fh_keeper_seal(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	FH_OWN(fh_secret) key = { 0 };
	uint8_t name[FH_SEAL_NAME_SIZE];
	struct fh_door_sealing s;
	fh_err e = fh_door_read_sealing(frame, &s);

	if (e == FH_ERR_OK)
		e = fh_data_keys_make(&k->data, &s.of, s.head, name, &key, &k->trace);
	return e == FH_ERR_OK ? answer_key(k, &key, FH_SPAN_ARRAY(name), s.batch, answer) : e;
}

fh_err fh_keeper_unseal(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	FH_OWN(fh_secret) key = { 0 };
	struct fh_span name;
	uint64_t batch;
	fh_err e = fh_door_read_unsealing(frame, &name, &batch);

	if (e == FH_ERR_OK)
		e = fh_data_keys_find(&k->data, name, &key, &k->trace);
	return e == FH_ERR_OK ? answer_key(k, &key, name, batch, answer) : e;
}

fh_err fh_keeper_recovery(struct fh_keeper *k, struct fh_span frame, struct fh_builder *answer)
{
	struct fh_door_recovery r = { 0 };
	(void)frame;
	fh_err e = fh_data_keys_renew(&k->data, &k->data_root, &r.renewed, &k->trace);

	if (e != FH_ERR_OK)
		return e;
	r.epoch = k->data.epoch;
	r.held = k->data.slot.held;
	r.key = k->data.slot.key;
	r.useless = k->data.recipient.useless;
	fh_door_put_recovery(answer, &r);
	return FH_ERR_OK;
}
