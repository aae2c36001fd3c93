/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opened_file.h"

fh_err fh_opened_file_open(const char *path, struct fh_opened_file *out, struct fh_trace *t)
{
	if (path == nullptr)
		return FH_ERR_OK;
	fh_err e = fh_view_open(path, &out->view);

	if (e == FH_ERR_OK)
		e = fh_opened_begin(out->view.bytes, &out->opened);
	out->given = e == FH_ERR_OK;
	if (e == FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", path);
	fh_trace_what(t, e == FH_ERR_FORMAT ? "holds no openings of a record"
		      : "cannot be read: %s",
		      fh_err_text(e));
	fh_trace_cure(t, "name a file that `freehold record open` wrote");
	return e;
}

void fh_opened_file_drop(struct fh_opened_file *f)
{
	fh_view_drop(&f->view);
	f->given = false;
}
