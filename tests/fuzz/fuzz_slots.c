/* SPDX-License-Identifier: Apache-2.0 */
/* A file of two slots: length of the first (2 bytes), the first, the second.  What can be read is
 * within its limit, and after the next write that value is read, whatever was there before.  */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cursor.h"
#include "os/file.h"
#include "os/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void write_again(int fd, struct fh_slots *s)
{
	static uint8_t room[FH_SLOT_VALUE_MAX];
	struct fh_builder again = FH_BUILDER_ARRAY(room);
	struct fh_span value = FH_SPAN_LIT("the next value");
	uint64_t before = s->number;

	/* After the last number there is none that is newer.  */
	if (before == UINT64_MAX)
		return;
	if (fh_slots_write(s, value) != FH_ERR_OK || fh_slots_open(fd, s, &again) != FH_ERR_OK)
		abort();
	if (s->number != before + 1 || !fh_span_equal(fh_builder_span(&again), value))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_SLOT_VALUE_MAX];
	struct fh_cursor c = fh_cursor_of(fh_span_of(bytes, n));
	size_t first = fh_cursor_be16(&c);
	struct fh_builder out = FH_BUILDER_ARRAY(room);
	struct fh_slots s;
	int fd;

	if (fh_cursor_bad(&c))
		return 0;
	fd = memfd_create("slots", 0);
	struct fh_span one = fh_span_first(c.rest, first), two = fh_span_skip(c.rest, first);

	if (fd < 0 || fh_fd_pwrite(fd, one, 0) != FH_ERR_OK
	    || (two.n > 0 && fh_fd_pwrite(fd, two, FH_SLOT_SIZE) != FH_ERR_OK))
		abort();
	fh_err e = fh_slots_open(fd, &s, &out);

	if (e == FH_ERR_OK && (s.number == 0 || fh_builder_span(&out).n > FH_SLOT_VALUE_MAX))
		abort();
	if (e == FH_ERR_OK || e == FH_ERR_MISSING)
		write_again(fd, &s);
	else if (e != FH_ERR_FORMAT)
		abort();
	(void)close(fd);
	return 0;
}
