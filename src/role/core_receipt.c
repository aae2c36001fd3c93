/* SPDX-License-Identifier: Apache-2.0 */
/* The file record/receipt: a signature over the newest root of the form that COSE
 * receipts want (docs/spec/PROOF), so that whoever has a copy of the record can make
 * receipts.  One signature serves all entries under a root, so it is not made for each
 * batch but from time to time.  Derived: it is not synced, and one that is lost or torn
 * is made again.  */
#include "role/core.h"

#include "entry/receipt.h"
#include "os/clock.h"
#include "role/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t fh_core_receipt_due_ms(const struct fh_core *c)
{
	if (c->kept_size < 2 || c->kept_size == c->receipt_size)
		return UINT64_MAX;
	return c->receipt_ms + FH_RECEIPT_INTERVAL_MS;
}

/* Nothing rests on it, so the file may be away for a moment.  */
fh_err fh_core_file_write(const struct fh_core *c, const char *name, struct fh_span bytes)
{
	char path[FH_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", c->record_path, name) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	(void)unlinkat(AT_FDCWD, path, 0);
	int fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);

	return fh_fd_write(fd, bytes);
}

static fh_err ask(struct fh_core *c, struct fh_signature *out)
{
	uint8_t bytes[8];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span frame;

	fh_door_put_request(&b, FH_DOOR_RECEIPT);
	fh_err e = fh_core_keeper_ask(c, fh_builder_span(&b), &frame);

	return e == FH_ERR_OK ? fh_door_read_signature(frame, out, &c->trace) : e;
}

fh_err fh_core_receipt(struct fh_core *c)
{
	uint8_t bytes[FH_SIGNED_ROOT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_signature signature;
	fh_err e = fh_core_commit_end(c); /* the root that is being signed is a newer one */
	struct fh_signed_root root = { c->kept_size, c->kept_root, c->session_id,
				       FH_SPAN_ARRAY(signature.bytes) };

	if (e != FH_ERR_OK || fh_core_receipt_due_ms(c) == UINT64_MAX)
		return e;
	c->receipt_ms = fh_clock_boot_ms();
	c->receipt_size = c->kept_size;
	e = ask(c, &signature);

	if (e != FH_ERR_OK)
		return e;
	fh_signed_root_put(&b, &root);
	e = b.bad ? FH_ERR_LIMIT : fh_core_file_write(c, "receipt", fh_builder_span(&b));
	/* The record goes on without it.  */
	if (e != FH_ERR_OK)
		fh_log(FH_LOG_PRIORITY_WARNING, "core",
		       "record/receipt cannot be written: receipts can be made up to the root "
		       "that was signed before");
	return FH_ERR_OK;
}
