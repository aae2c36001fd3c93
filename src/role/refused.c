/* SPDX-License-Identifier: Apache-2.0 */
#include "role/refused.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "entry/pending.h"
#include "os/file.h"

const char *fh_refused_state(fh_err e)
{
	switch (e) {
	case FH_ERR_UNAPPROVED:
		return "wrong-boot-state";
	case FH_ERR_SPENT:
		return "key-spent";
	case FH_ERR_ROLLBACK:
		return "rollback";
	case FH_ERR_CLONE:
		return "clone";
	case FH_ERR_FORK:
		return "record-conflict";
	case FH_ERR_CLEARED:
		return "chip-cleared";
	case FH_ERR_LOCKOUT:
		return "chip-lockout";
	case FH_ERR_NV_FULL:
		return "chip-full";
	case FH_ERR_GONE:
		return "chip-gone";
	case FH_ERR_RESET:
		return "chip-reset";
	case FH_ERR_REPLACED:
		return "chip-replaced";
	case FH_ERR_TPM:
		return "chip-failed";
	default:
		return nullptr;
	}
}

fh_err fh_refused_leave(const char *record, const char *state, uint64_t time_ms,
			const struct fh_trace *t)
{
	uint8_t bytes[FH_PENDING_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	char path[FH_PATH_MAX];
	const struct fh_pending p = {
		.time_ms = time_ms,
		.state = fh_span_str(state),
		.where = fh_span_str(t->where),
		.what = fh_span_str(t->what),
		.cure = fh_span_str(t->cure),
	};

	fh_pending_put(&b, &p);
	if (b.bad || snprintf(path, sizeof(path), "%s/pending", record) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	/* In its place, as half a word would be told as such.  */
	(void)unlinkat(AT_FDCWD, path, 0);
	return fh_file_write_new(path, fh_builder_span(&b), 0600);
}
