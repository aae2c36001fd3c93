/* SPDX-License-Identifier: Apache-2.0 */
/* A slot is: magic (4) | number (8) | length (4) | value | SHA-256 of all before
 * it.  docs/spec/KEYS.  */
#include "os/slots.h"

#include "base/cursor.h"
#include "crypto/hash.h"
#include "os/file.h"

#include <sys/stat.h>

constexpr uint32_t slot_magic = 0x46485331; /* "FHS1" */
constexpr size_t head_size = 4 + 8 + 4;

/* What the file of SIZE bytes has of slot I, all of it: with a part only, the
 * newest slot would look damaged and the older value would come back.  */
static fh_err read_slot(int fd, uint64_t size, unsigned i, uint8_t bytes[FH_SLOT_SIZE],
			struct fh_span *out)
{
	uint64_t at = i * FH_SLOT_SIZE;
	size_t n = size <= at ? 0 : size - at < FH_SLOT_SIZE ? (size_t)(size - at) : FH_SLOT_SIZE;
	fh_err e = fh_fd_pread(fd, bytes, n, at);

	if (e == FH_ERR_OK)
		*out = fh_span_of(bytes, n);
	return e;
}

/* FH_ERR_FORMAT if ALL is not a valid slot.  */
static fh_err parse_slot(struct fh_span all, uint64_t *number, struct fh_span *value)
{
	struct fh_cursor c = fh_cursor_of(all);
	uint32_t magic = fh_cursor_be32(&c);
	uint64_t n = fh_cursor_be64(&c);
	uint32_t length = fh_cursor_be32(&c);

	if (magic != slot_magic || n == 0 || length > FH_SLOT_VALUE_MAX)
		return FH_ERR_FORMAT;
	struct fh_span v = fh_cursor_take(&c, length);
	struct fh_hash sum = fh_hash_of(fh_span_first(all, all.n - c.rest.n));

	if (fh_cursor_bad(&c))
		return FH_ERR_FORMAT;
	if (!fh_span_equal(fh_cursor_take(&c, FH_HASH_SIZE), fh_hash_span(&sum)))
		return FH_ERR_FORMAT;
	*number = n;
	*value = v;
	return FH_ERR_OK;
}

static bool all_zero(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != 0)
			return false;
	}
	return true;
}

/* The first write ever goes to slot 1 and was never reported done: slot 0 was
 * never written, and the file ends in the middle of slot 1.  Whatever else is
 * wrong is damage.  */
static bool first_write_torn(const struct fh_span slot[2])
{
	struct fh_cursor c = fh_cursor_of(slot[1]);

	if (!all_zero(slot[0]) || slot[1].n == 0)
		return false;
	if (slot[1].n < head_size)
		return true;
	uint32_t magic = fh_cursor_be32(&c);
	uint64_t number = fh_cursor_be64(&c);
	uint32_t length = fh_cursor_be32(&c);

	return magic == slot_magic && number == 1 && length <= FH_SLOT_VALUE_MAX
	       && slot[1].n < head_size + length + FH_HASH_SIZE;
}

fh_err fh_slots_open(int fd, struct fh_slots *s, struct fh_builder *out)
{
	uint8_t bytes[2][FH_SLOT_SIZE];
	struct fh_span slot[2], value[2];
	uint64_t number[2] = { 0 };
	struct stat st;

	if (fstat(fd, &st) != 0)
		return FH_ERR_IO;
	for (unsigned i = 0; i < 2; i++) {
		fh_err e = read_slot(fd, (uint64_t)st.st_size, i, bytes[i], &slot[i]);

		if (e != FH_ERR_OK)
			return e;
		if (parse_slot(slot[i], &number[i], &value[i]) != FH_ERR_OK)
			number[i] = 0;
	}
	unsigned newest = number[1] > number[0];

	if (st.st_size == 0 || (number[newest] == 0 && first_write_torn(slot))) {
		*s = (struct fh_slots){ fd, 0 };
		return FH_ERR_MISSING;
	}
	if (number[newest] == 0)
		return FH_ERR_FORMAT;
	fh_builder_bytes(out, value[newest]);
	if (out->bad)
		return FH_ERR_LIMIT;
	*s = (struct fh_slots){ fd, number[newest] };
	return FH_ERR_OK;
}

fh_err fh_slots_write(struct fh_slots *s, struct fh_span value)
{
	uint8_t bytes[FH_SLOT_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	uint64_t number = s->number + 1;

	if (value.n > FH_SLOT_VALUE_MAX)
		return FH_ERR_LIMIT;
	fh_builder_be32(&b, slot_magic);
	fh_builder_be64(&b, number);
	fh_builder_be32(&b, (uint32_t)value.n);
	fh_builder_bytes(&b, value);
	struct fh_hash sum = fh_hash_of(fh_builder_span(&b));

	fh_builder_bytes(&b, fh_hash_span(&sum));
	fh_err e = fh_fd_pwrite(s->fd, fh_builder_span(&b), number % 2 * FH_SLOT_SIZE);

	if (e != FH_ERR_OK)
		return e;
	e = fh_fd_sync(s->fd);
	if (e != FH_ERR_OK)
		return e;
	s->number = number;
	return FH_ERR_OK;
}
