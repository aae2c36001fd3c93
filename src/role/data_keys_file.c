/* SPDX-License-Identifier: Apache-2.0 */
/* Heads and records of keys/data.0 and .1.  docs/spec/KEYS, "The data keys".  */
#include "role/data_keys_private.h"

#include <string.h>

#include "crypto/kdf.h"
#include "crypto/sign.h"
#include "os/file.h"

/* The head: magic, epoch (8), length of the chip's blob (2), the blob, length of the recovery slot
 * (2), the slot, zeros, SHA-256 of all before it.  Where no slot was known yet its length is the
 * first of the zeros.  */
static const char magic[] = "freehold data 1\n";
static_assert(sizeof(magic) - 1 + 8 + 2 + FH_CHIP_BLOB_MAX + 2 + FH_RECOVERY_MAX + FH_HASH_SIZE
	      <= FH_DATA_HEAD_SIZE);
static const uint8_t zero_nonce[FH_AEAD_NONCE_SIZE];

const char *fh_data_file_name(uint64_t epoch)
{
	return epoch % 2 == 0 ? "keys/data.0" : "keys/data.1";
}

fh_err fh_data_epoch_key(const struct fh_secret *root, struct fh_span share,
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

/* --- heads -------------------------------------------------------------- */

fh_err fh_data_head_write(struct fh_chip *chip, int file, uint64_t epoch, struct fh_span share,
			  struct fh_span slot)
{
	uint8_t bytes[FH_DATA_HEAD_SIZE] = { 0 }, blob_bytes[FH_CHIP_BLOB_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), blob = FH_BUILDER_ARRAY(blob_bytes);
	fh_err e = chip->class->seal_data(chip, epoch, share, &blob);

	if (e != FH_ERR_OK)
		return e;
	fh_builder_text(&b, magic);
	fh_builder_be64(&b, epoch);
	fh_builder_be16(&b, (uint16_t)blob.n);
	fh_builder_bytes(&b, fh_builder_span(&blob));
	fh_builder_be16(&b, (uint16_t)slot.n);
	fh_builder_bytes(&b, slot);
	if (b.bad || b.n > FH_DATA_HEAD_SIZE - FH_HASH_SIZE)
		return FH_ERR_LIMIT;
	struct fh_hash sum = fh_hash_of(fh_span_of(bytes, FH_DATA_HEAD_SIZE - FH_HASH_SIZE));

	memcpy(bytes + FH_DATA_HEAD_SIZE - FH_HASH_SIZE, sum.bytes, FH_HASH_SIZE);
	e = fh_fd_pwrite(file, FH_SPAN_ARRAY(bytes), 0);
	return e == FH_ERR_OK ? fh_fd_sync(file) : e;
}

static struct fh_span body_of(const uint8_t bytes[FH_DATA_HEAD_SIZE])
{
	return fh_span_of(bytes, FH_DATA_HEAD_SIZE - FH_HASH_SIZE);
}

fh_err fh_data_head_read_unsummed(int file, uint8_t bytes[FH_DATA_HEAD_SIZE],
				  struct fh_data_head *out)
{
	fh_err e = fh_fd_pread(file, bytes, FH_DATA_HEAD_SIZE, 0);

	if (e != FH_ERR_OK)
		return e == FH_ERR_TORN ? FH_ERR_MISSING : e;
	struct fh_cursor c = fh_cursor_of(body_of(bytes));

	fh_cursor_expect(&c, fh_span_str(magic));
	struct fh_data_head h = { .epoch = fh_cursor_be64(&c) };

	h.blob = fh_cursor_vec16(&c, FH_CHIP_BLOB_MAX);
	h.slot = fh_cursor_vec16(&c, FH_RECOVERY_MAX);
	if (fh_cursor_bad(&c))
		return FH_ERR_FORMAT;
	*out = h;
	return FH_ERR_OK;
}

fh_err fh_data_head_read(int file, uint8_t bytes[FH_DATA_HEAD_SIZE], struct fh_data_head *out)
{
	struct fh_data_head h;
	fh_err e = fh_data_head_read_unsummed(file, bytes, &h);

	if (e != FH_ERR_OK)
		return e;
	struct fh_hash sum = fh_hash_of(body_of(bytes));

	if (!fh_span_equal(fh_hash_span(&sum),
			   fh_span_of(bytes + body_of(bytes).n, FH_HASH_SIZE)))
		return FH_ERR_FORMAT;
	*out = h;
	return FH_ERR_OK;
}

/* --- records ------------------------------------------------------------ */

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

fh_err fh_data_record_write(const struct fh_secret *epoch_key, const struct fh_data_record *r,
			    uint8_t out[FH_DATA_RECORD_SIZE])
{
	struct fh_builder b = fh_builder_of(out, FH_DATA_RECORD_SIZE);
	uint8_t salt[FH_SALT_SIZE], plain[FH_DATA_PLAIN_SIZE];
	FH_OWN(fh_secret) wrapping = { 0 };
	struct fh_hash commitment;
	fh_err e = fh_random(salt, sizeof(salt));

	if (e == FH_ERR_OK)
		e = wrapping_key(epoch_key, FH_SPAN_ARRAY(salt), &wrapping, &commitment);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_bytes(&b, FH_SPAN_ARRAY(r->name));
	fh_builder_bytes(&b, r->class);
	memset(fh_builder_space(&b, FH_CLASS_MAX - r->class.n), 0, FH_CLASS_MAX - r->class.n);
	fh_builder_be64(&b, r->period);
	fh_builder_be64(&b, r->statement);
	fh_builder_bytes(&b, FH_SPAN_ARRAY(salt));
	fh_builder_bytes(&b, fh_hash_span(&commitment));
	memcpy(plain, r->key.bytes, FH_SEAL_KEY_SIZE);
	memcpy(plain + FH_SEAL_KEY_SIZE, r->tag, FH_DATA_TAG_SIZE);
	e = fh_aead_seal(&wrapping, zero_nonce, fh_span_of(out, FH_DATA_BOUND_SIZE),
			 FH_SPAN_ARRAY(plain),
			 fh_builder_space(&b, FH_DATA_PLAIN_SIZE + FH_AEAD_TAG_SIZE));
	fh_wipe(plain, sizeof(plain));
	return e;
}

/* CLASS without the zeros behind it; false if something follows them.  */
static bool unpad(struct fh_span *class)
{
	size_t n = 0;

	while (n < class->n && class->p[n] != 0)
		n++;
	for (size_t i = n; i < class->n; i++) {
		if (class->p[i] != 0)
			return false;
	}
	class->n = n;
	return true;
}

/* Class and period of the record in BYTES.  */
static bool read_period(struct fh_span bytes, struct fh_span *class, uint64_t *period)
{
	struct fh_cursor c = fh_cursor_of(bytes);

	(void)fh_cursor_take(&c, FH_SEAL_NAME_SIZE);
	*class = fh_cursor_take(&c, FH_CLASS_MAX);
	*period = fh_cursor_be64(&c);
	return unpad(class);
}

static void look_at_slot(struct fh_span slot, struct fh_data_look *l)
{
	struct fh_recovery_slot s;

	l->slot = fh_recovery_read(slot, &s) == FH_ERR_OK && s.held;
	if (l->slot)
		l->slot_key = s.key;
}

fh_err fh_data_keys_look(int even, int odd, struct fh_data_look *out)
{
	const int file[2] = { even, odd };
	uint8_t head[FH_DATA_HEAD_SIZE], bytes[FH_DATA_RECORD_SIZE];
	struct fh_data_look l = { .next_ms = UINT64_MAX };
	struct fh_data_head h;
	struct fh_span class;
	uint64_t period;
	int of = -1;

	/* Of two, while a shred is under way, the older one counts.  */
	for (int i = 0; i < 2; i++) {
		if (fh_data_head_read(file[i], head, &h) != FH_ERR_OK
		    || (of >= 0 && h.epoch > l.epoch))
			continue;
		look_at_slot(h.slot, &l);
		l.epoch = h.epoch;
		of = file[i];
	}
	if (of < 0)
		return FH_ERR_MISSING;
	while (l.keys < FH_DATA_KEYS_MAX
	       && fh_fd_pread(of, bytes, sizeof(bytes), fh_data_place((size_t)l.keys))
			  == FH_ERR_OK) {
		uint64_t ends_ms = read_period(FH_SPAN_ARRAY(bytes), &class, &period)
					   ? fh_seal_ends_ms(class, period) : UINT64_MAX;

		l.keys++;
		if (ends_ms < l.next_ms)
			l.next_ms = ends_ms;
	}
	*out = l;
	return FH_ERR_OK;
}

fh_err fh_data_record_open(const struct fh_secret *epoch_key, struct fh_span record,
			   struct fh_data_record *r)
{
	struct fh_cursor c = fh_cursor_of(record);
	uint8_t plain[FH_DATA_PLAIN_SIZE];
	FH_OWN(fh_secret) wrapping = { 0 };
	struct fh_hash commitment;

	memcpy(r->name, fh_cursor_take(&c, FH_SEAL_NAME_SIZE).p, FH_SEAL_NAME_SIZE);
	r->class = fh_cursor_take(&c, FH_CLASS_MAX);
	r->period = fh_cursor_be64(&c);
	r->statement = fh_cursor_be64(&c);
	struct fh_span salt = fh_cursor_take(&c, FH_SALT_SIZE);
	struct fh_span committed = fh_cursor_take(&c, FH_HASH_SIZE);
	fh_err e = wrapping_key(epoch_key, salt, &wrapping, &commitment);

	if (e == FH_ERR_OK && !fh_span_equal(committed, fh_hash_span(&commitment)))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK)
		e = fh_aead_open(&wrapping, zero_nonce, fh_span_first(record, FH_DATA_BOUND_SIZE),
				 c.rest, plain);
	if (e == FH_ERR_OK && !unpad(&r->class))
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK) {
		e = fh_secret_from(fh_span_of(plain, FH_SEAL_KEY_SIZE), &r->key);
		memcpy(r->tag, plain + FH_SEAL_KEY_SIZE, FH_DATA_TAG_SIZE);
	}
	fh_wipe(plain, sizeof(plain));
	return e;
}
