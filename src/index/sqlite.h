/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_INDEX_SQLITE_H
#define FH_INDEX_SQLITE_H

#include <sqlite3.h>

#include "base/trace.h"
#include "freehold/error.h"

/* The functions of SQLite that are used, loaded for a search and linked with nothing, so
 * that no role of the daemon, whose program this is too, ever holds the library.  */
struct fh_sqlite {
	typeof(sqlite3_open_v2) *open;
	typeof(sqlite3_close) *close;
	typeof(sqlite3_exec) *exec;
	typeof(sqlite3_prepare_v2) *prepare;
	typeof(sqlite3_bind_text) *bind_text;
	typeof(sqlite3_bind_int64) *bind_int;
	typeof(sqlite3_bind_null) *bind_null;
	typeof(sqlite3_step) *step;
	typeof(sqlite3_reset) *reset;
	typeof(sqlite3_column_int64) *column_int;
	typeof(sqlite3_finalize) *finalize;
};

/* FH_ERR_UNSUPPORTED: it is not installed, and T says so.  */
fh_err fh_sqlite_load(struct fh_sqlite *out, struct fh_trace *t);

#endif
