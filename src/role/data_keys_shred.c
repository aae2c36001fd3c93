/* SPDX-License-Identifier: Apache-2.0 */
/* Ending period keys.  What stays is wrapped under the key of the next data epoch in the other
 * file; when the chip has counted its epoch up, it gives the share of this one to nobody any
 * more.  Until then nothing has changed.  docs/spec/KEYS, "Shredding".  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "crypto/sign.h"
#include "os/file.h"
#include "role/data_keys_private.h"

/* --- what is to end ----------------------------------------------------- */

void fh_data_keys_forget_wishes(struct fh_data_keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		k->key[i].held = false;
		k->key[i].asked = 0;
		k->key[i].carried = false;
	}
}

void fh_data_keys_hold_all(struct fh_data_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		k->key[i].held = true;
}

fh_err fh_data_keys_hold(struct fh_data_keys *k, struct fh_span subject)
{
	uint8_t tag[FH_DATA_TAG_SIZE];
	fh_err e = fh_data_tag(k, subject, tag);

	if (e != FH_ERR_OK)
		return e;
	for (struct fh_data_key *key = nullptr; (key = fh_data_tagged(k, tag, key)) != nullptr;)
		key->held = true;
	return FH_ERR_OK;
}

fh_err fh_data_keys_ask(struct fh_data_keys *k, struct fh_span subject, uint64_t statement)
{
	uint8_t tag[FH_DATA_TAG_SIZE];
	fh_err e = fh_data_tag(k, subject, tag);

	if (e != FH_ERR_OK)
		return e;
	for (struct fh_data_key *key = nullptr; (key = fh_data_tagged(k, tag, key)) != nullptr;) {
		if (key->statement < statement)
			key->asked = statement;
	}
	return FH_ERR_OK;
}

void fh_data_keys_carried(struct fh_data_keys *k, uint64_t period)
{
	for (size_t i = 0; i < k->n; i++)
		k->key[i].carried = k->key[i].fold > 0 && k->key[i].fold < period;
}

static bool ends(const struct fh_data_key *key, uint64_t lo_ms)
{
	return key->asked > 0 || key->carried || key->ends_ms <= lo_ms;
}

struct fh_data_due fh_data_keys_due(const struct fh_data_keys *k, uint64_t lo_ms)
{
	struct fh_data_due d = { .next_ms = UINT64_MAX, .room = FH_DATA_KEYS_MAX - k->n };

	for (size_t i = 0; i < k->n; i++) {
		const struct fh_data_key *key = &k->key[i];

		if (ends(key, lo_ms) && !key->held)
			d.due++;
		else if (ends(key, lo_ms))
			d.held++;
		else if (!key->held && key->ends_ms < d.next_ms)
			d.next_ms = key->ends_ms;
	}
	return d;
}

/* --- beginning ---------------------------------------------------------- */

static int next_file(const struct fh_data_keys *k)
{
	return k->file[(k->epoch + 1) % 2];
}

/* As if it had not been begun.  What is in the file of the next epoch counts for nothing.  */
static void undo(struct fh_data_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		k->key[i].doomed = false;
	fh_secret_drop(&k->shred.next_key);
	k->shred = (struct fh_data_shred){ 0 };
}

static fh_err not_begun(struct fh_data_keys *k, fh_err e, struct fh_trace *t)
{
	undo(k);
	if (e != FH_ERR_FULL && e != FH_ERR_IO && k->chip->trace.what[0] != '\0') {
		*t = k->chip->trace;
		return e;
	}
	fh_trace_where(t, "%s", fh_data_file_name(k->epoch + 1));
	fh_trace_what(t, "cannot be written, so nothing is shredded: %s", fh_err_text(e));
	fh_trace_cure(t, "make room or replace the disk; it is tried again");
	return e;
}

/* Keys that were wrapped for an epoch that was given up can be opened by its slot: what is over
 * written says for whom that was.  */
static void look_at_given_up(struct fh_data_keys *k)
{
	uint8_t bytes[FH_DATA_HEAD_SIZE];
	struct fh_data_head h;

	if (fh_data_head_read(next_file(k), bytes, &h) == FH_ERR_OK && h.epoch == k->epoch + 1)
		fh_data_slot_absorb(k, h.slot);
}

/* The head of the file of the next epoch.  What stands behind it stays until all is written that
 * takes its place: as long as it is there, pass_by() knows that keys were.  */
static fh_err begin(struct fh_data_keys *k, const struct fh_secret *root, struct fh_trace *t)
{
	uint8_t share[FH_DATA_SHARE_SIZE], slot_bytes[FH_RECOVERY_MAX];
	struct fh_builder slot = FH_BUILDER_ARRAY(slot_bytes);
	fh_err e = k->torn ? FH_ERR_IO : fh_random(share, sizeof(share));

	k->chip->trace = (struct fh_trace){ 0 };
	look_at_given_up(k);
	if (e == FH_ERR_OK)
		e = fh_data_epoch_key(root, FH_SPAN_ARRAY(share), &k->shred.next_key);
	if (e == FH_ERR_OK)
		e = fh_data_slot_make(k, k->epoch + 1, &k->shred.next_key, &k->shred.next_slot,
				      &slot);
	if (e == FH_ERR_OK)
		e = fh_data_head_write(k->chip, next_file(k), k->epoch + 1, FH_SPAN_ARRAY(share),
				       fh_builder_span(&slot));
	fh_wipe(share, sizeof(share));
	if (e != FH_ERR_OK)
		return not_begun(k, e, t);
	k->shred.begun = true;
	return FH_ERR_OK;
}

/* Dooms what is due: numbers of records, their names rising.  */
static size_t doom(struct fh_data_keys *k, uint64_t lo_ms, uint32_t order[FH_SHRED_KEYS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < k->n && n < FH_SHRED_KEYS_MAX; i++) {
		struct fh_data_key *key = &k->key[i];
		size_t at = n;

		if (key->held || !ends(key, lo_ms))
			continue;
		key->doomed = true;
		while (at > 0 && fh_span_compare(FH_SPAN_ARRAY(k->key[order[at - 1]].name),
						 FH_SPAN_ARRAY(key->name)) > 0) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = (uint32_t)i;
		n++;
	}
	return n;
}

static fh_err put_list(struct fh_data_keys *k, const uint32_t *order, struct fh_builder *list,
		       struct fh_trace *t)
{
	uint8_t bytes[FH_DATA_RECORD_SIZE];

	fh_shred_begin(list, k->shred.doomed);
	for (size_t i = 0; i < k->shred.doomed; i++) {
		struct fh_data_record r = { 0 };
		fh_err e = fh_data_open_at(k, order[i], bytes, &r, t);

		fh_secret_drop(&r.key);
		if (e != FH_ERR_OK)
			return e;
		const struct fh_shred_key key = { FH_SPAN_ARRAY(r.name), r.class, r.period,
						  k->key[order[i]].asked };

		fh_shred_put_key(list, &key);
	}
	return list->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* --- what an entry names -------------------------------------------------- */

static fh_err no_such_key(struct fh_trace *t)
{
	fh_trace_where(t, "shred");
	fh_trace_what(t, "its entry says of a key another class or period than it has, or that it "
		      "ends by a statement which is older than it");
	fh_trace_cure(t, "nothing was shredded, and no core that works writes such an entry: find "
		      "out what was run in its place");
	return FH_ERR_CONFLICT;
}

/* The entry tells all the world what ended and why: so it has to be true of KEY.  */
static fh_err agrees(struct fh_data_keys *k, const struct fh_shred_key *key, struct fh_trace *t)
{
	uint32_t number = fh_data_find(k, key->name.p);
	uint8_t bytes[FH_DATA_RECORD_SIZE];
	struct fh_data_record r = { 0 };

	if (number == 0)
		return fh_data_damaged(k, "lacks a key that the record says is to be shredded", t);
	fh_err e = fh_data_open_at(k, number - 1, bytes, &r, t);

	fh_secret_drop(&r.key);
	if (e != FH_ERR_OK)
		return e;
	if (!fh_span_equal(key->class, r.class) || key->period != r.period
	    || (key->statement > 0 && key->statement <= r.statement))
		return no_such_key(t);
	return FH_ERR_OK;
}

static bool is_under_way(const struct fh_data_keys *k, struct fh_span list, size_t n)
{
	struct fh_shred_key key;
	size_t at = 0;

	if (!k->shred.begun || k->shred.doomed != n)
		return false;
	while (fh_shred_next(list, &at, &key)) {
		if (!k->key[fh_data_find(k, key.name.p) - 1].doomed)
			return false;
	}
	return true;
}

fh_err fh_data_keys_shred_these(struct fh_data_keys *k, const struct fh_secret *root,
				struct fh_span list, struct fh_trace *t)
{
	struct fh_shred_key key;
	size_t at = 0, n;
	fh_err e = fh_shred_list_read(list, &n);

	while (e == FH_ERR_OK && fh_shred_next(list, &at, &key))
		e = agrees(k, &key, t);
	if (e == FH_ERR_OK && is_under_way(k, list, n))
		return FH_ERR_OK;
	undo(k);
	for (at = 0; e == FH_ERR_OK && fh_shred_next(list, &at, &key);)
		k->key[fh_data_find(k, key.name.p) - 1].doomed = true;
	if (e == FH_ERR_OK)
		e = begin(k, root, t);
	if (e == FH_ERR_OK)
		k->shred.doomed = n;
	return e;
}

/* --- wrapping what stays -------------------------------------------------- */

static fh_err rewrap_one(struct fh_data_keys *k, size_t i, struct fh_trace *t)
{
	uint8_t bytes[FH_DATA_RECORD_SIZE], wrapped[FH_DATA_RECORD_SIZE];
	struct fh_data_record r = { 0 };
	fh_err e = fh_data_open_at(k, i, bytes, &r, t);

	if (e == FH_ERR_OK)
		e = fh_data_record_write(&k->shred.next_key, &r, wrapped);
	fh_secret_drop(&r.key);
	if (e == FH_ERR_OK)
		e = fh_fd_pwrite(next_file(k), FH_SPAN_ARRAY(wrapped),
				 fh_data_place(k->shred.kept));
	if (e == FH_ERR_OK)
		k->shred.kept++;
	return e;
}

/* Nothing that was there before follows what is wrapped.  */
static fh_err cut(const struct fh_data_keys *k)
{
	if (ftruncate(next_file(k), (off_t)fh_data_place(k->shred.kept)) != 0)
		return fh_errno_err(errno);
	return fh_fd_sync(next_file(k));
}

static fh_err rewrap(struct fh_data_keys *k, size_t most, struct fh_trace *t)
{
	struct fh_data_shred *s = &k->shred;
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < most && s->seen < k->n && e == FH_ERR_OK; i++) {
		if (!k->key[s->seen].doomed)
			e = rewrap_one(k, s->seen, t);
		if (e == FH_ERR_OK)
			s->seen++;
	}
	return e == FH_ERR_OK && s->seen == k->n ? cut(k) : e;
}

fh_err fh_data_keys_rewrap(struct fh_data_keys *k, size_t most, uint64_t *left, struct fh_trace *t)
{
	if (!k->shred.begun)
		return FH_ERR_STATE;
	fh_err e = rewrap(k, most, t);

	if (e == FH_ERR_FORMAT)
		undo(k);
	else if (e != FH_ERR_OK)
		return not_begun(k, e, t);
	*left = k->n - k->shred.seen;
	return e;
}

/* --- ending ------------------------------------------------------------- */

/* What is remembered, as the file of the new epoch has it: in the same order, less what is
 * doomed.  */
static void forget_doomed(struct fh_data_keys *k)
{
	size_t n = k->n;

	fh_data_index_none(k);
	for (size_t i = 0; i < n; i++) {
		const struct fh_data_key key = k->key[i];

		if (key.doomed)
			continue;
		k->key[k->n] = key;
		fh_data_index(k);
	}
}

/* The chip counts its epoch up.  If it does not say that it has, nobody knows which one counts.  */
static fh_err step(struct fh_data_keys *k, struct fh_trace *t)
{
	uint64_t now = 0;
	fh_err e = k->chip->class->counter_increment(k->chip, FH_CHIP_DATA, &now);

	if (e == FH_ERR_OK && now != k->epoch + 1)
		e = FH_ERR_ROLLBACK;
	if (e != FH_ERR_OK) {
		k->torn = true;
		*t = k->chip->trace;
		return e;
	}
	k->epoch = now;
	fh_secret_drop(&k->epoch_key);
	k->epoch_key = k->shred.next_key;
	k->slot = k->shred.next_slot;
	k->given_up = (struct fh_data_slot){ 0 };
	forget_doomed(k);
	undo(k);
	return FH_ERR_OK;
}

fh_err fh_data_keys_shred_end(struct fh_data_keys *k, struct fh_trace *t)
{
	if (!k->shred.begun)
		return FH_ERR_STATE;
	fh_err e = rewrap(k, k->n, t);

	if (e != FH_ERR_OK)
		return e == FH_ERR_FORMAT ? e : fh_data_unwritten(k, e, t);
	e = step(k, t);
	if (e == FH_ERR_OK)
		e = fh_data_keys_settle(k, t);
	if (e != FH_ERR_OK)
		k->torn = true;
	return e;
}

/* --- beginning anew ------------------------------------------------------- */

/* The chip comes to the next epoch with all keys.  Nothing was promised: but for the chip's step,
 * what fails is put off.  */
static fh_err take_all(struct fh_data_keys *k, const struct fh_secret *root, struct fh_trace *t)
{
	uint64_t left;
	fh_err e = begin(k, root, t);

	if (e == FH_ERR_OK)
		e = fh_data_keys_rewrap(k, SIZE_MAX, &left, t);
	if (e == FH_ERR_OK)
		e = step(k, t);
	if (e != FH_ERR_OK)
		return e;
	e = fh_data_keys_settle(k, t);
	return e == FH_ERR_OK ? e : not_begun(k, e, t);
}

/* A shred that was given up has left keys in the file of the next epoch: a copy of it would open
 * them when the chip comes to that epoch, however many end on the way there.  So the chip comes
 * there with all of them first.  */
static fh_err pass_by(struct fh_data_keys *k, const struct fh_secret *root, struct fh_trace *t)
{
	struct stat st;

	if (fstat(next_file(k), &st) != 0)
		return not_begun(k, FH_ERR_IO, t);
	return st.st_size <= (off_t)FH_DATA_HEAD_SIZE ? FH_ERR_OK : take_all(k, root, t);
}

fh_err fh_data_keys_renew(struct fh_data_keys *k, const struct fh_secret *root, bool *renewed,
			  struct fh_trace *t)
{
	fh_err e = FH_ERR_OK;

	*renewed = fh_data_slot_due(k);
	if (*renewed) {
		undo(k);
		e = take_all(k, root, t);
	}
	return e;
}

fh_err fh_data_keys_shred_begin(struct fh_data_keys *k, const struct fh_secret *root,
				uint64_t lo_ms, struct fh_builder *list, struct fh_trace *t)
{
	uint32_t order[FH_SHRED_KEYS_MAX];

	undo(k);
	if (fh_data_keys_due(k, lo_ms).due == 0)
		return FH_ERR_MISSING;
	fh_err e = pass_by(k, root, t);
	size_t doomed = e == FH_ERR_OK ? doom(k, lo_ms, order) : 0;

	if (e == FH_ERR_OK)
		e = begin(k, root, t);
	k->shred.doomed = doomed;
	if (e == FH_ERR_OK)
		e = put_list(k, order, list, t);
	if (e != FH_ERR_OK)
		undo(k);
	return e;
}
