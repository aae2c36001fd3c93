/* SPDX-License-Identifier: Apache-2.0 */
#include "index/sqlite.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
	{ "sqlite3_open_v2", offsetof(struct fh_sqlite, open) },
	{ "sqlite3_close", offsetof(struct fh_sqlite, close) },
	{ "sqlite3_exec", offsetof(struct fh_sqlite, exec) },
	{ "sqlite3_prepare_v2", offsetof(struct fh_sqlite, prepare) },
	{ "sqlite3_bind_text", offsetof(struct fh_sqlite, bind_text) },
	{ "sqlite3_bind_int64", offsetof(struct fh_sqlite, bind_int) },
	{ "sqlite3_bind_null", offsetof(struct fh_sqlite, bind_null) },
	{ "sqlite3_step", offsetof(struct fh_sqlite, step) },
	{ "sqlite3_reset", offsetof(struct fh_sqlite, reset) },
	{ "sqlite3_column_int64", offsetof(struct fh_sqlite, column_int) },
	{ "sqlite3_finalize", offsetof(struct fh_sqlite, finalize) },
};

fh_err fh_sqlite_load(struct fh_sqlite *out, struct fh_trace *t)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *f = library == nullptr ? nullptr : dlsym(library, functions[i].name);

		if (f == nullptr) {
			fh_trace_where(t, "libsqlite3.so.0");
			fh_trace_what(t, "it cannot be loaded");
			fh_trace_cure(t, "install libsqlite3, or read `freehold record export`");
			return FH_ERR_UNSUPPORTED;
		}
		memcpy((char *)out + functions[i].offset, &f, sizeof(f));
	}
	return FH_ERR_OK;
}
