/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_OPENED_FILE_H
#define FH_CLI_OPENED_FILE_H

#include "base/trace.h"
#include "entry/opened.h"
#include "os/view.h"

/* The file that --openings names, mapped.  Zeroed it is none.  */
struct fh_opened_file {
	struct fh_view view;
	struct fh_opened opened;
	bool given;
};

/* Opens PATH; nothing to do if it is NULL.  */
fh_err fh_opened_file_open(const char *path, struct fh_opened_file *out, struct fh_trace *t);
void fh_opened_file_drop(struct fh_opened_file *f);

/* What is in it, or NULL.  */
static inline struct fh_opened *fh_opened_file_get(struct fh_opened_file *f)
{
	return f->given ? &f->opened : nullptr;
}

#endif
