/* SPDX-License-Identifier: Apache-2.0 */
#include "role/data_keys.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "crypto/kdf.h"
#include "crypto/sign.h"
#include "os/file.h"
#include "role/data_keys_private.h"

constexpr size_t buckets = 2 * FH_DATA_KEYS_MAX; /* a power of two */
static_assert((buckets & (buckets - 1)) == 0);
constexpr uint8_t tag_byte = 0xff; /* no class is so long: a tag is no name */
static_assert(FH_CLASS_MAX < tag_byte);

fh_err fh_data_keys_begin(struct fh_arena *arena, struct fh_data_keys *out)
{
	struct fh_data_keys k = {
		.key = fh_arena_space(arena, FH_DATA_KEYS_MAX * sizeof(*k.key)),
		.bucket = fh_arena_array(arena, buckets, sizeof(*k.bucket)),
		.tagged = fh_arena_array(arena, buckets, sizeof(*k.tagged)),
	};

	if (k.key == nullptr || k.bucket == nullptr || k.tagged == nullptr)
		return FH_ERR_NOMEM;
	*out = k;
	return FH_ERR_OK;
}

void fh_data_keys_drop(struct fh_data_keys *k)
{
	fh_secret_drop(&k->epoch_key);
	fh_secret_drop(&k->subject_key);
	fh_secret_drop(&k->shred.next_key);
}

fh_err fh_data_damaged(const struct fh_data_keys *k, const char *what, struct fh_trace *t)
{
	fh_trace_where(t, "%s", fh_data_file_name(k->epoch));
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "restore the newest keys/; without it what is sealed in the record stays "
		      "unreadable");
	return FH_ERR_FORMAT;
}

/* The file of EPOCH; E unless that has been explained.  */
static fh_err unread(uint64_t epoch, fh_err e, struct fh_trace *t)
{
	if (e != FH_ERR_IO)
		return e;
	fh_trace_where(t, "%s", fh_data_file_name(epoch));
	fh_trace_what(t, "cannot be read: %s", fh_err_text(e));
	fh_trace_cure(t, "replace the disk and restore the newest keys/, then start again; without "
		      "it what is sealed in the record stays unreadable");
	return e;
}

static fh_err unwritten(uint64_t epoch, fh_err e, struct fh_trace *t)
{
	fh_trace_where(t, "%s", fh_data_file_name(epoch));
	fh_trace_what(t, "cannot be written: %s", fh_err_text(e));
	fh_trace_cure(t, "make room or replace the disk, then start again; nothing is recorded "
		      "without it");
	return e;
}

fh_err fh_data_unwritten(struct fh_data_keys *k, fh_err e, struct fh_trace *t)
{
	k->torn = true;
	return unwritten(k->epoch, e, t);
}

/* --- names -------------------------------------------------------------- */

/* What the key of P is called: a keyed hash, so that a name tells nobody of whom it is.  */
static fh_err name_period(const struct fh_data_keys *k, const struct fh_data_period *p,
			  uint8_t name[FH_SEAL_NAME_SIZE])
{
	uint8_t bytes[1 + FH_CLASS_MAX + 8 + FH_SUBJECT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash h;

	if (p->class.n > FH_CLASS_MAX || p->subject.n > FH_SUBJECT_MAX)
		return FH_ERR_LIMIT;
	fh_builder_u8(&b, (uint8_t)p->class.n);
	fh_builder_bytes(&b, p->class);
	fh_builder_be64(&b, p->period);
	fh_builder_bytes(&b, p->subject);
	fh_err e = fh_hmac(&k->subject_key, fh_builder_span(&b), &h);

	if (e == FH_ERR_OK)
		memcpy(name, h.bytes, FH_SEAL_NAME_SIZE);
	return e;
}

fh_err fh_data_tag(const struct fh_data_keys *k, struct fh_span subject,
		   uint8_t tag[FH_DATA_TAG_SIZE])
{
	uint8_t bytes[1 + FH_SUBJECT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash h;

	if (subject.n > FH_SUBJECT_MAX)
		return FH_ERR_LIMIT;
	fh_builder_u8(&b, tag_byte);
	fh_builder_bytes(&b, subject);
	fh_err e = fh_hmac(&k->subject_key, fh_builder_span(&b), &h);

	if (e == FH_ERR_OK)
		memcpy(tag, h.bytes, FH_DATA_TAG_SIZE);
	return e;
}

/* --- the index -------------------------------------------------------- */

static bool same_name(const uint8_t *a, const uint8_t *b)
{
	return fh_span_equal(fh_span_of(a, FH_SEAL_NAME_SIZE), fh_span_of(b, FH_SEAL_NAME_SIZE));
}

/* Where NAME is in the table, or where it would go.  */
static uint32_t *bucket_of(const struct fh_data_keys *k, const uint8_t *name)
{
	uint32_t at;

	memcpy(&at, name, sizeof(at)); /* a hash already */
	for (at %= buckets; k->bucket[at] != 0; at = (at + 1) % buckets) {
		if (same_name(k->key[k->bucket[at] - 1].name, name))
			break;
	}
	return &k->bucket[at];
}

uint32_t fh_data_find(const struct fh_data_keys *k, const uint8_t *name)
{
	return *bucket_of(k, name);
}

void fh_data_enter(struct fh_data_keys *k, const struct fh_data_record *r)
{
	struct fh_data_key *key = &k->key[k->n];

	*key = (struct fh_data_key){ .ends_ms = fh_seal_ends_ms(r->class, r->period),
				     .statement = r->statement };
	if (fh_span_equal(r->class, FH_SPAN_LIT(FH_CLASS_FOLD)))
		key->fold = r->period;
	memcpy(key->name, r->name, FH_SEAL_NAME_SIZE);
	memcpy(key->tag, r->tag, FH_DATA_TAG_SIZE);
	fh_data_index(k);
}

/* All records whose tags have one place hang together, so who asks for those of a subject need
 * not look at every one.  */
static uint32_t *place_of(const struct fh_data_keys *k, const uint8_t *tag)
{
	uint32_t at;

	memcpy(&at, tag, sizeof(at)); /* a hash already */
	return &k->tagged[at % buckets];
}

struct fh_data_key *fh_data_tagged(const struct fh_data_keys *k, const uint8_t *tag,
				   const struct fh_data_key *behind)
{
	uint32_t at = behind == nullptr ? *place_of(k, tag) : behind->before;

	for (; at != 0; at = k->key[at - 1].before) {
		struct fh_data_key *key = &k->key[at - 1];

		if (fh_span_equal(FH_SPAN_ARRAY(key->tag), fh_span_of(tag, FH_DATA_TAG_SIZE)))
			return key;
	}
	return nullptr;
}

void fh_data_index(struct fh_data_keys *k)
{
	struct fh_data_key *key = &k->key[k->n];
	uint32_t *place = place_of(k, key->tag);

	*bucket_of(k, key->name) = (uint32_t)(k->n + 1);
	key->before = *place;
	*place = (uint32_t)(k->n + 1);
	k->n++;
}

void fh_data_index_none(struct fh_data_keys *k)
{
	memset(k->bucket, 0, buckets * sizeof(*k->bucket));
	memset(k->tagged, 0, buckets * sizeof(*k->tagged));
	k->n = 0;
}

/* --- opening ---------------------------------------------------------- */

static uint64_t size_of(int file)
{
	struct stat st;

	return fstat(file, &st) == 0 ? (uint64_t)st.st_size : UINT64_MAX;
}

static fh_err rolled_back(const struct fh_data_keys *k, uint64_t epoch, struct fh_trace *t)
{
	fh_trace_where(t, "%s", fh_data_file_name(epoch));
	fh_trace_what(t, "is of data epoch %llu, and the chip has come to %llu",
		      (unsigned long long)epoch, (unsigned long long)k->epoch);
	fh_trace_cure(t, "somebody has put an older copy of keys/ in place: restore the newest");
	return FH_ERR_ROLLBACK;
}

/* The key of this epoch from the share that its file holds.  */
static fh_err take_share(struct fh_data_keys *k, const struct fh_secret *root, struct fh_trace *t)
{
	uint8_t head[FH_DATA_HEAD_SIZE], plain[FH_CHIP_SECRET_MAX];
	struct fh_builder share = FH_BUILDER_ARRAY(plain);
	int file = fh_data_file(k);
	struct fh_data_head h;
	fh_err e = fh_data_head_read(file, head, &h);

	/* Without a record behind it nothing was sealed with it: what a crash left.  */
	if (e == FH_ERR_FORMAT && size_of(file) <= FH_DATA_HEAD_SIZE)
		e = FH_ERR_MISSING;
	if (e == FH_ERR_FORMAT)
		return fh_data_damaged(k, "its head is damaged", t);
	if (e != FH_ERR_OK)
		return unread(k->epoch, e, t);
	if (h.epoch != k->epoch)
		return rolled_back(k, h.epoch, t);
	e = k->chip->class->unseal_data(k->chip, h.epoch, h.blob, &share);
	if (e == FH_ERR_OK)
		e = fh_data_epoch_key(root, fh_builder_span(&share), &k->epoch_key);
	else
		*t = k->chip->trace;
	fh_wipe(plain, sizeof(plain));
	if (e == FH_ERR_OK)
		fh_data_slot_take(k, h.slot);
	return e;
}

/* The file of this epoch says nothing, and the other one does.  */
static fh_err other_alone(struct fh_data_keys *k, struct fh_trace *t)
{
	uint8_t head[FH_DATA_HEAD_SIZE];
	struct fh_data_head h;

	*t = (struct fh_trace){ 0 };
	if (fh_data_head_read(k->file[(k->epoch + 1) % 2], head, &h) == FH_ERR_OK
	    && h.epoch < k->epoch)
		return rolled_back(k, h.epoch, t);
	return fh_data_damaged(k, "is empty, and the file of another data epoch is not", t);
}

/* Neither file says anything: the first epoch of this state directory.  */
static fh_err begin_file(struct fh_data_keys *k, const struct fh_secret *root, struct fh_trace *t)
{
	uint8_t share[FH_DATA_SHARE_SIZE], slot_bytes[FH_RECOVERY_MAX];
	struct fh_builder slot = FH_BUILDER_ARRAY(slot_bytes);
	fh_err e = fh_random(share, sizeof(share));

	if (size_of(k->file[(k->epoch + 1) % 2]) != 0)
		return other_alone(k, t);
	if (e == FH_ERR_OK)
		e = fh_data_epoch_key(root, FH_SPAN_ARRAY(share), &k->epoch_key);
	if (e == FH_ERR_OK)
		e = fh_data_slot_make(k, k->epoch, &k->epoch_key, &k->slot, &slot);
	if (e == FH_ERR_OK)
		e = fh_data_head_write(k->chip, fh_data_file(k), k->epoch, FH_SPAN_ARRAY(share),
				       fh_builder_span(&slot));
	if (e != FH_ERR_OK)
		e = fh_data_unwritten(k, e, t);
	fh_wipe(share, sizeof(share));
	return e;
}

/* Keeps its place, under no name.  */
static void pass_over(struct fh_data_keys *k)
{
	k->key[k->n++] = (struct fh_data_key){ .ends_ms = UINT64_MAX };
	k->damaged++;
}

/* All records.  The last one alone may be incomplete: each is synced before the next is
 * begun.  */
fh_err fh_data_records_read(struct fh_data_keys *k, bool cut, struct fh_trace *t)
{
	uint8_t bytes[FH_DATA_RECORD_SIZE];
	int file = fh_data_file(k);
	uint64_t size = size_of(file);

	if (size == UINT64_MAX)
		return unread(k->epoch, FH_ERR_IO, t);
	uint64_t records = (size - FH_DATA_HEAD_SIZE) / FH_DATA_RECORD_SIZE;

	if (records > FH_DATA_KEYS_MAX)
		return fh_data_damaged(k, "holds more keys than were ever written to it", t);
	for (size_t i = 0; i < records; i++) {
		struct fh_data_record r = { 0 };
		fh_err e = fh_fd_pread(file, bytes, sizeof(bytes), fh_data_place(i));

		if (e == FH_ERR_OK)
			e = fh_data_record_open(&k->epoch_key, FH_SPAN_ARRAY(bytes), &r);
		fh_secret_drop(&r.key);
		if (e == FH_ERR_SIGNATURE && fh_data_place(i + 1) == size)
			break; /* torn */
		if (!cut && (e == FH_ERR_SIGNATURE || e == FH_ERR_IO)) {
			pass_over(k);
			continue;
		}
		if (e == FH_ERR_SIGNATURE)
			return fh_data_damaged(k, "a key in it was altered", t);
		if (e != FH_ERR_OK)
			return unread(k->epoch, e, t);
		if (fh_data_find(k, r.name) != 0)
			return fh_data_damaged(k, "holds one key twice", t);
		fh_data_enter(k, &r);
	}
	k->cut = (size_t)(size - fh_data_place(k->n));
	if (cut && fh_data_place(k->n) != size && (ftruncate(file, (off_t)fh_data_place(k->n)) != 0
					    || fdatasync(file) != 0))
		return fh_data_unwritten(k, fh_errno_err(errno), t);
	return FH_ERR_OK;
}

fh_err fh_data_keys_open(struct fh_data_keys *k, struct fh_chip *chip, int even, int odd,
			 const struct fh_secret *root, struct fh_trace *t)
{
	k->chip = chip;
	k->file[0] = even;
	k->file[1] = odd;
	fh_err e = chip->class->counter_read(chip, FH_CHIP_DATA, &k->epoch);

	if (e != FH_ERR_OK) {
		*t = chip->trace;
		return e;
	}
	e = fh_hkdf_expand(root, FH_SPAN_LIT("freehold/subject/v1"), FH_SEAL_KEY_SIZE,
			   &k->subject_key);
	if (e == FH_ERR_OK)
		e = take_share(k, root, t);
	if (e == FH_ERR_MISSING)
		e = begin_file(k, root, t);
	return e == FH_ERR_OK ? fh_data_records_read(k, /* cut= */ true, t) : e;
}

/* The file of the next epoch stays: that it is there says something (data_keys_shred.c).  It is
 * that one, too, if its head is torn: the next head is written over the one before.  */
fh_err fh_data_keys_settle(struct fh_data_keys *k, struct fh_trace *t)
{
	uint8_t head[FH_DATA_HEAD_SIZE];
	int other = k->file[(k->epoch + 1) % 2];
	struct fh_data_head h;
	fh_err e = fh_data_head_read(other, head, &h);

	if (e == FH_ERR_IO)
		return unread(k->epoch + 1, e, t);
	if (size_of(other) == 0 || (e == FH_ERR_OK && h.epoch > k->epoch)
	    || (e == FH_ERR_FORMAT && size_of(other) > FH_DATA_HEAD_SIZE))
		return FH_ERR_OK;
	if (ftruncate(other, 0) == 0 && fdatasync(other) == 0)
		return FH_ERR_OK;
	return unwritten(k->epoch + 1, fh_errno_err(errno), t);
}

/* --- use -------------------------------------------------------------- */

fh_err fh_data_open_at(struct fh_data_keys *k, size_t i, uint8_t bytes[FH_DATA_RECORD_SIZE],
		       struct fh_data_record *r, struct fh_trace *t)
{
	fh_err e = fh_fd_pread(fh_data_file(k), bytes, FH_DATA_RECORD_SIZE, fh_data_place(i));

	if (e == FH_ERR_OK)
		e = fh_data_record_open(&k->epoch_key, fh_span_of(bytes, FH_DATA_RECORD_SIZE), r);
	if (e == FH_ERR_OK && !same_name(r->name, k->key[i].name))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_SIGNATURE || e == FH_ERR_TORN)
		return fh_data_damaged(k, "a key in it was altered", t);
	return unread(k->epoch, e, t);
}

fh_err fh_data_keys_find(struct fh_data_keys *k, struct fh_span name, struct fh_secret *key,
			 struct fh_trace *t)
{
	uint8_t bytes[FH_DATA_RECORD_SIZE];
	struct fh_data_record r = { 0 };

	if (name.n != FH_SEAL_NAME_SIZE)
		return FH_ERR_FORMAT;
	uint32_t at = fh_data_find(k, name.p);

	if (at == 0)
		return FH_ERR_MISSING;
	fh_err e = fh_data_open_at(k, at - 1, bytes, &r, t);

	if (e == FH_ERR_OK)
		*key = r.key;
	fh_secret_drop(&r.key);
	return e;
}

static fh_err full(const struct fh_data_keys *k, struct fh_trace *t)
{
	fh_trace_where(t, "%s", fh_data_file_name(k->epoch));
	fh_trace_what(t, "is full: %zu keys of actors, classes and periods are in use",
		      FH_DATA_KEYS_MAX);
	fh_trace_cure(t, "shorten @retain, or have less of it kept");
	return FH_ERR_LIMIT;
}

/* Durable before anything is sealed with it.  */
static fh_err add(struct fh_data_keys *k, struct fh_data_record *r, struct fh_trace *t)
{
	uint8_t bytes[FH_DATA_RECORD_SIZE];

	if (k->torn)
		return fh_data_unwritten(k, FH_ERR_IO, t);
	if (k->n == FH_DATA_KEYS_MAX)
		return full(k, t);
	fh_err e = fh_seed_new(&r->key);

	if (e == FH_ERR_OK)
		e = fh_data_record_write(&k->epoch_key, r, bytes);
	if (e != FH_ERR_OK)
		return e;
	e = fh_fd_pwrite(fh_data_file(k), FH_SPAN_ARRAY(bytes), fh_data_place(k->n));
	if (e == FH_ERR_OK)
		e = fh_fd_sync(fh_data_file(k));
	if (e != FH_ERR_OK)
		return fh_data_unwritten(k, e, t);
	fh_data_enter(k, r);
	return FH_ERR_OK;
}

fh_err fh_data_keys_make(struct fh_data_keys *k, const struct fh_data_period *p,
			 uint64_t statement, uint8_t name[FH_SEAL_NAME_SIZE],
			 struct fh_secret *key, struct fh_trace *t)
{
	struct fh_data_record r = { .class = p->class, .period = p->period,
				    .statement = statement };
	fh_err e = name_period(k, p, r.name);

	if (e != FH_ERR_OK)
		return e;
	memcpy(name, r.name, FH_SEAL_NAME_SIZE);
	e = fh_data_keys_find(k, FH_SPAN_ARRAY(r.name), key, t);
	if (e != FH_ERR_MISSING)
		return e;
	e = fh_data_tag(k, p->subject, r.tag);
	if (e == FH_ERR_OK)
		e = add(k, &r, t);
	if (e == FH_ERR_OK)
		*key = r.key;
	fh_secret_drop(&r.key);
	return e;
}
