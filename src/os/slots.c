/* SPDX-License-Identifier: Apache-2.0 */
/* A slot is: magic (4) | number (8) | length (4) | value | SHA-256 of all before
 * it.  docs/spec/KEYS.  */
#include "os/slots.h"

#include "base/cursor.h"
#include "crypto/hash.h"
#include "os/file.h"

#include <sys/stat.h>
#include <unistd.h>

constexpr uint32_t slot_magic = 0x46485331; /* "FHS1" */

/* Reads slot I; FH_ERR_FORMAT if it is not valid.  */
static fh_err read_slot(int fd, unsigned i, uint8_t bytes[FH_SLOT_SIZE], uint64_t *number,
			struct fh_span *value)
{
	ssize_t got = pread(fd, bytes, FH_SLOT_SIZE, (off_t)(i * FH_SLOT_SIZE));

	if (got < 0)
		return FH_ERR_IO;
	struct fh_span all = fh_span_of(bytes, (size_t)got);
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

fh_err fh_slots_open(int fd, struct fh_slots *s, struct fh_builder *out)
{
	uint8_t bytes[2][FH_SLOT_SIZE];
	struct fh_span value[2];
	uint64_t number[2] = { 0 };
	struct stat st;

	if (fstat(fd, &st) != 0)
		return FH_ERR_IO;
	if (st.st_size == 0) {
		*s = (struct fh_slots){ fd, 0 };
		return FH_ERR_MISSING;
	}
	for (unsigned i = 0; i < 2; i++) {
		fh_err e = read_slot(fd, i, bytes[i], &number[i], &value[i]);

		if (e != FH_ERR_OK && e != FH_ERR_FORMAT)
			return e;
	}
	unsigned newest = number[1] > number[0];

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
