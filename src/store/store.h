/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STORE_STORE_H
#define FH_STORE_STORE_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/trace.h"
#include "os/file.h"

/* The state directory: who may enter it, which format it has, and who uses it.
 *
 *	format   "freehold 1\n"
 *	lock     locked by the running daemon, holds its process id
 *	chain/   one file per statement (store/chain_files.h)
 *	record/  the journal
 *	keys/    what the chip has sealed
 *	cache/   may be deleted at any time
 *
 * All directories have mode 0700.  What another user made inside is handed to
 * the owner of the state directory, so that root may run `init` for the
 * daemon's user.  */

constexpr unsigned FH_STORE_FORMAT = 3;

struct fh_store {
	char path[FH_PATH_MAX]; /* of the state directory */
	struct fh_fd lock;      /* held lock, or none */
	unsigned format;        /* of an opened one: at most FH_STORE_FORMAT */
};

/* Releases the lock.  */
void fh_store_drop(struct fh_store *s);

/* Makes a state directory at PATH, which must be missing or empty
 * (FH_ERR_EXISTS otherwise).  After an error it is as before.  */
fh_err fh_store_create(const char *path, struct fh_store *out, struct fh_trace *t);

/* Opens the state directory at PATH.  FH_ERR_MISSING: there is none.
 * FH_ERR_VERSION: of a newer format.  FH_ERR_FORMAT: something else.
 * FH_ERR_PERMISSION: group or others may enter, or it is another user's.  */
fh_err fh_store_open(const char *path, struct fh_store *out, struct fh_trace *t);

/* Locks S for this process.  FH_ERR_LOCKED: another process has it; T names
 * its process id.  */
fh_err fh_store_lock(struct fh_store *s, struct fh_trace *t);

/* Says that S has come to FH_STORE_FORMAT.  */
fh_err fh_store_upgraded(struct fh_store *s, struct fh_trace *t);

/* "PATH/NAME" into OUT.  FH_ERR_LIMIT if it does not fit.  */
fh_err fh_store_path(const struct fh_store *s, const char *name, char out[FH_PATH_MAX]);

/* Creates the file NAME (like "keys/device") durably and for all of its bytes
 * or not at all, owned as the state directory is.  FH_ERR_EXISTS if it is
 * there.  Only when the last sync fails, the file is there in spite of the
 * error, complete.  */
fh_err fh_store_put(const struct fh_store *s, const char *name, struct fh_span bytes,
		    struct fh_trace *t);

#endif
