/* SPDX-License-Identifier: Apache-2.0 */
#include "role/data_keys.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/sign.h"
#include "os/file.h"

/* The head: magic, epoch (8), length of the chip's blob (2), the blob, zeros, SHA-256 of all
 * before it.  */
constexpr size_t head_size = 4096;
static const char magic[] = "freehold data 1\n";
constexpr size_t share_size = 32;

/* A record: name, class (padded with zeros), period (8), salt, commitment, wrapped key.  */
constexpr size_t record_size = FH_SEAL_NAME_SIZE + FH_CLASS_MAX + 8 + FH_SALT_SIZE + FH_HASH_SIZE
			       + FH_SEAL_KEY_SIZE + FH_AEAD_TAG_SIZE;
constexpr size_t bound_size = FH_SEAL_NAME_SIZE + FH_CLASS_MAX + 8; /* what names the key */
constexpr size_t buckets = 2 * FH_DATA_KEYS_MAX;                    /* a power of two */
static_assert((buckets & (buckets - 1)) == 0);

static const uint8_t zero_nonce[FH_AEAD_NONCE_SIZE];

fh_err fh_data_keys_begin(struct fh_arena *arena, struct fh_data_keys *out)
{
	struct fh_data_keys k = {
		.name = fh_arena_space(arena, FH_DATA_KEYS_MAX * sizeof(*k.name)),
		.bucket = fh_arena_array(arena, buckets, sizeof(*k.bucket)),
	};

	if (k.name == nullptr || k.bucket == nullptr)
		return FH_ERR_NOMEM;
	*out = k;
	return FH_ERR_OK;
}

void fh_data_keys_drop(struct fh_data_keys *k)
{
	fh_secret_drop(&k->epoch_key);
	fh_secret_drop(&k->subject_key);
}

static int file_of(const struct fh_data_keys *k)
{
	return k->file[k->epoch % 2];
}

static const char *name_of(const struct fh_data_keys *k)
{
	return k->epoch % 2 == 0 ? "keys/data.0" : "keys/data.1";
}

static fh_err damaged(const struct fh_data_keys *k, const char *what, struct fh_trace *t)
{
	fh_trace_where(t, "%s", name_of(k));
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "restore the newest keys/; without it what is sealed in the record stays "
		      "unreadable");
	return FH_ERR_FORMAT;
}

static fh_err unwritten(struct fh_data_keys *k, fh_err e, struct fh_trace *t)
{
	k->torn = true;
	fh_trace_where(t, "%s", name_of(k));
	fh_trace_what(t, "cannot be written: %s", fh_err_text(e));
	fh_trace_cure(t, "make room or replace the disk, then start again; nothing is recorded "
		      "without it");
	return e;
}

/* --- keys ------------------------------------------------------------- */

/* The key that wraps the record with SALT, and the commitment to it.  */
static fh_err wrapping_key(const struct fh_secret *epoch_key, struct fh_span salt,
			   struct fh_secret *key, struct fh_hash *commitment)
{
	uint8_t bytes[64];
	struct fh_builder info = FH_BUILDER_ARRAY(bytes);
	FH_OWN(fh_secret) both = { 0 };

	fh_builder_text(&info, "freehold/period/v1");
	fh_builder_bytes(&info, salt);
	fh_err e = fh_hkdf_expand(epoch_key, fh_builder_span(&info),
				  FH_AEAD_KEY_SIZE + FH_HASH_SIZE, &both);

	if (e != FH_ERR_OK)
		return e;
	memcpy(commitment->bytes, both.bytes + FH_AEAD_KEY_SIZE, FH_HASH_SIZE);
	return fh_secret_from(fh_span_of(both.bytes, FH_AEAD_KEY_SIZE), key);
}

static fh_err epoch_key_of(const struct fh_secret *root, struct fh_span share,
			   struct fh_secret *out)
{
	uint8_t bytes[64];
	struct fh_builder info = FH_BUILDER_ARRAY(bytes);

	fh_builder_text(&info, "freehold/data-epoch/v1");
	fh_builder_bytes(&info, share);
	fh_err e = fh_hkdf_expand(root, fh_builder_span(&info), FH_SEAL_KEY_SIZE, out);

	fh_wipe(bytes, sizeof(bytes));
	return e;
}

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

/* --- records ---------------------------------------------------------- */

static fh_err record_write(const struct fh_data_keys *k, const struct fh_data_period *p,
			   const uint8_t *name, const struct fh_secret *key,
			   uint8_t record[record_size])
{
	struct fh_builder b = fh_builder_of(record, record_size);
	uint8_t salt[FH_SALT_SIZE];
	FH_OWN(fh_secret) wrapping = { 0 };
	struct fh_hash commitment;
	fh_err e = fh_random(salt, sizeof(salt));

	if (e == FH_ERR_OK)
		e = wrapping_key(&k->epoch_key, FH_SPAN_ARRAY(salt), &wrapping, &commitment);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_bytes(&b, fh_span_of(name, FH_SEAL_NAME_SIZE));
	fh_builder_bytes(&b, p->class);
	memset(fh_builder_space(&b, FH_CLASS_MAX - p->class.n), 0, FH_CLASS_MAX - p->class.n);
	fh_builder_be64(&b, p->period);
	fh_builder_bytes(&b, FH_SPAN_ARRAY(salt));
	fh_builder_bytes(&b, fh_hash_span(&commitment));
	return fh_aead_seal(&wrapping, zero_nonce, fh_span_of(record, bound_size),
			    fh_secret_span(key),
			    fh_builder_space(&b, FH_SEAL_KEY_SIZE + FH_AEAD_TAG_SIZE));
}

/* The period key in RECORD; FH_ERR_SIGNATURE if it is not of this epoch, or was altered.  */
static fh_err record_open(const struct fh_data_keys *k, struct fh_span record,
			  struct fh_secret *key)
{
	struct fh_cursor c = fh_cursor_of(record);
	struct fh_span bound = fh_cursor_take(&c, bound_size);
	struct fh_span salt = fh_cursor_take(&c, FH_SALT_SIZE);
	struct fh_span committed = fh_cursor_take(&c, FH_HASH_SIZE);
	FH_OWN(fh_secret) wrapping = { 0 };
	struct fh_hash commitment;
	fh_err e = wrapping_key(&k->epoch_key, salt, &wrapping, &commitment);

	if (e == FH_ERR_OK && !fh_span_equal(committed, fh_hash_span(&commitment)))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK)
		e = fh_aead_open(&wrapping, zero_nonce, bound, c.rest, key->bytes);
	if (e == FH_ERR_OK)
		key->n = FH_SEAL_KEY_SIZE;
	return e;
}

static uint64_t place_of(size_t i)
{
	return head_size + (uint64_t)i * record_size;
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
		if (same_name(k->name[k->bucket[at] - 1], name))
			break;
	}
	return &k->bucket[at];
}

static void enter(struct fh_data_keys *k, const uint8_t *name)
{
	memcpy(k->name[k->n], name, FH_SEAL_NAME_SIZE);
	*bucket_of(k, name) = (uint32_t)++k->n;
}

/* --- opening ---------------------------------------------------------- */

static fh_err write_head(const struct fh_data_keys *k, int file, uint64_t epoch,
			 struct fh_span share)
{
	uint8_t bytes[head_size] = { 0 }, blob_bytes[FH_CHIP_BLOB_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), blob = FH_BUILDER_ARRAY(blob_bytes);
	fh_err e = k->chip->class->seal_data(k->chip, epoch, share, &blob);

	if (e != FH_ERR_OK)
		return e;
	fh_builder_text(&b, magic);
	fh_builder_be64(&b, epoch);
	fh_builder_be16(&b, (uint16_t)blob.n);
	fh_builder_bytes(&b, fh_builder_span(&blob));
	if (b.bad || b.n > head_size - FH_HASH_SIZE)
		return FH_ERR_LIMIT;
	struct fh_hash sum = fh_hash_of(fh_span_of(bytes, head_size - FH_HASH_SIZE));

	memcpy(bytes + head_size - FH_HASH_SIZE, sum.bytes, FH_HASH_SIZE);
	e = fh_fd_pwrite(file, FH_SPAN_ARRAY(bytes), 0);
	return e == FH_ERR_OK ? fh_fd_sync(file) : e;
}

/* FH_ERR_MISSING if the file ends before its head is whole, which nothing was sealed with.  */
static fh_err read_head(int file, uint8_t bytes[head_size], uint64_t *epoch, struct fh_span *blob)
{
	fh_err e = fh_fd_pread(file, bytes, head_size, 0);

	if (e != FH_ERR_OK)
		return e == FH_ERR_TORN ? FH_ERR_MISSING : e;
	struct fh_span body = fh_span_of(bytes, head_size - FH_HASH_SIZE);
	struct fh_hash sum = fh_hash_of(body);
	struct fh_cursor c = fh_cursor_of(body);

	fh_cursor_expect(&c, fh_span_str(magic));
	*epoch = fh_cursor_be64(&c);
	*blob = fh_cursor_vec16(&c, FH_CHIP_BLOB_MAX);
	if (fh_cursor_bad(&c)
	    || !fh_span_equal(fh_hash_span(&sum), fh_span_of(bytes + body.n, FH_HASH_SIZE)))
		return FH_ERR_FORMAT;
	return FH_ERR_OK;
}

static bool has_no_record(int file)
{
	struct stat st;

	return fstat(file, &st) == 0 && (uint64_t)st.st_size <= head_size;
}

/* The key of this epoch from the share that its file holds.  */
static fh_err take_share(struct fh_data_keys *k, const struct fh_secret *root, struct fh_trace *t)
{
	uint8_t head[head_size], plain[FH_CHIP_SECRET_MAX];
	struct fh_builder share = FH_BUILDER_ARRAY(plain);
	struct fh_span blob;
	uint64_t epoch;
	fh_err e = read_head(file_of(k), head, &epoch, &blob);

	/* Without a record behind it nothing was sealed with it: what a crash left.  */
	if (e == FH_ERR_FORMAT && has_no_record(file_of(k)))
		e = FH_ERR_MISSING;
	if (e == FH_ERR_FORMAT)
		return damaged(k, "its head is damaged", t);
	if (e != FH_ERR_OK)
		return e;
	if (epoch == k->epoch) {
		e = k->chip->class->unseal_data(k->chip, epoch, blob, &share);
		if (e == FH_ERR_OK)
			e = epoch_key_of(root, fh_builder_span(&share), &k->epoch_key);
		else
			*t = k->chip->trace;
		fh_wipe(plain, sizeof(plain));
		return e;
	}
	fh_trace_where(t, "%s", name_of(k));
	fh_trace_what(t, "is of data epoch %llu, and the chip has come to %llu",
		      (unsigned long long)epoch, (unsigned long long)k->epoch);
	fh_trace_cure(t, "somebody has put an older copy of keys/ in place: restore the newest");
	return FH_ERR_ROLLBACK;
}

static bool is_empty(int file)
{
	struct stat st;

	return fstat(file, &st) == 0 && st.st_size == 0;
}

/* Neither file says anything: the first epoch of this state directory.  */
static fh_err begin_file(struct fh_data_keys *k, const struct fh_secret *root, struct fh_trace *t)
{
	uint8_t share[share_size];
	fh_err e = fh_random(share, sizeof(share));

	if (!is_empty(k->file[(k->epoch + 1) % 2])) {
		*t = (struct fh_trace){ 0 };
		return damaged(k, "is empty, and the file of another data epoch is not", t);
	}
	if (e == FH_ERR_OK)
		e = write_head(k, file_of(k), k->epoch, FH_SPAN_ARRAY(share));
	if (e == FH_ERR_OK)
		e = epoch_key_of(root, FH_SPAN_ARRAY(share), &k->epoch_key);
	else
		e = unwritten(k, e, t);
	fh_wipe(share, sizeof(share));
	return e;
}

/* The names of all records.  The last one alone may be incomplete: each is synced before the
 * next is begun.  */
static fh_err read_records(struct fh_data_keys *k, struct fh_trace *t)
{
	uint8_t record[record_size];
	FH_OWN(fh_secret) key = { 0 };
	struct stat st;

	if (fstat(file_of(k), &st) != 0)
		return FH_ERR_IO;
	uint64_t records = ((uint64_t)st.st_size - head_size) / record_size;
	bool cut = place_of(records) != (uint64_t)st.st_size;

	if (records > FH_DATA_KEYS_MAX)
		return damaged(k, "holds more keys than were ever written to it", t);
	for (size_t i = 0; i < records; i++) {
		fh_err e = fh_fd_pread(file_of(k), record, record_size, place_of(i));

		if (e == FH_ERR_OK && i + 1 == records && !cut)
			e = record_open(k, FH_SPAN_ARRAY(record), &key);
		if (e == FH_ERR_SIGNATURE) {
			cut = true;
			break;
		}
		if (e != FH_ERR_OK)
			return e;
		if (*bucket_of(k, record) != 0)
			return damaged(k, "holds one key twice", t);
		enter(k, record);
	}
	if (cut && (ftruncate(file_of(k), (off_t)place_of(k->n)) != 0
		    || fdatasync(file_of(k)) != 0))
		return unwritten(k, fh_errno_err(errno), t);
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
	return e == FH_ERR_OK ? read_records(k, t) : e;
}

/* --- use -------------------------------------------------------------- */

static fh_err open_at(struct fh_data_keys *k, size_t i, struct fh_secret *key, struct fh_trace *t)
{
	uint8_t record[record_size];
	fh_err e = fh_fd_pread(file_of(k), record, record_size, place_of(i));

	if (e == FH_ERR_OK && !same_name(record, k->name[i]))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK)
		e = record_open(k, FH_SPAN_ARRAY(record), key);
	if (e == FH_ERR_SIGNATURE || e == FH_ERR_TORN)
		e = damaged(k, "a key in it was altered", t);
	return e;
}

fh_err fh_data_keys_find(struct fh_data_keys *k, struct fh_span name, struct fh_secret *key,
			 struct fh_trace *t)
{
	if (name.n != FH_SEAL_NAME_SIZE)
		return FH_ERR_FORMAT;
	uint32_t at = *bucket_of(k, name.p);

	return at == 0 ? FH_ERR_MISSING : open_at(k, at - 1, key, t);
}

/* Durable before anything is sealed with it.  */
static fh_err add(struct fh_data_keys *k, const struct fh_data_period *p, const uint8_t *name,
		  struct fh_secret *key, struct fh_trace *t)
{
	uint8_t record[record_size];
	fh_err e = k->torn ? FH_ERR_IO : fh_seed_new(key);

	if (k->n == FH_DATA_KEYS_MAX) {
		fh_trace_where(t, "%s", name_of(k));
		fh_trace_what(t, "is full: %zu keys of actors, classes and periods are in use",
			      FH_DATA_KEYS_MAX);
		fh_trace_cure(t, "shorten @retain, or have less of it kept");
		return FH_ERR_LIMIT;
	}
	if (e == FH_ERR_OK)
		e = record_write(k, p, name, key, record);
	if (e != FH_ERR_OK)
		return e;
	e = fh_fd_pwrite(file_of(k), FH_SPAN_ARRAY(record), place_of(k->n));
	if (e == FH_ERR_OK)
		e = fh_fd_sync(file_of(k));
	if (e != FH_ERR_OK)
		return unwritten(k, e, t);
	enter(k, name);
	return FH_ERR_OK;
}

fh_err fh_data_keys_make(struct fh_data_keys *k, const struct fh_data_period *p,
			 uint8_t name[FH_SEAL_NAME_SIZE], struct fh_secret *key,
			 struct fh_trace *t)
{
	fh_err e = name_period(k, p, name);

	if (e == FH_ERR_OK)
		e = fh_data_keys_find(k, fh_span_of(name, FH_SEAL_NAME_SIZE), key, t);
	return e == FH_ERR_MISSING ? add(k, p, name, key, t) : e;
}
