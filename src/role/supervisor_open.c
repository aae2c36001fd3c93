/* SPDX-License-Identifier: Apache-2.0 */
#include "role/supervisor_private.h"

#include "chip/tpm2/tpm2.h"
#include "os/clock.h"
#include "role/listen.h"
#include "role/log.h"
#include "role/refused.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

constexpr size_t supervisor_memory = 64 << 10;
constexpr size_t control_max = 4096;

void fh_supervisor_drop(struct fh_supervisor *s)
{
	for (size_t i = 0; i < FH_GATES_MAX; i++)
		fh_fd_drop(&s->gate[i].control);
	fh_fd_drop(&s->core_end);
	fh_fd_drop(&s->core_other);
	fh_fd_drop(&s->network_control);
	fh_fd_drop(&s->signed_file);
	fh_fd_drop(&s->device);
	fh_fd_drop(&s->session);
	fh_fd_drop(&s->counter);
	fh_fd_drop(&s->witnessed);
	fh_fd_drop(&s->data[0]);
	fh_fd_drop(&s->data[1]);
	fh_fd_drop(&s->log);
	fh_fd_drop(&s->unix_socket);
	fh_fd_drop(&s->tcp_socket);
	fh_store_drop(&s->store);
	fh_arena_drop(&s->memory);
}

/* A key file that others may read or write is not used: somebody may have.  */
static fh_err check_modes(int fd, const char *path, struct fh_trace *t)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fh_errno_err(errno);
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 && st.st_uid == geteuid())
		return FH_ERR_OK;
	fh_trace_where(t, "%s", path);
	fh_trace_what(t, "is not a file that only this user can read and write (mode %04o,"
		      " owner %u)", st.st_mode & 07777, st.st_uid);
	fh_trace_cure(t, "find out who changed it; then chmod 600 and chown it to uid %u",
		      geteuid());
	return FH_ERR_PERMISSION;
}

static fh_err open_key(struct fh_supervisor *s, const char *name, int flags, struct fh_fd *out,
		       struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(&s->store, name, path);

	if (e != FH_ERR_OK)
		return e;
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		int error = errno;

		fh_trace_where(t, "%s", path);
		fh_trace_what(t, "cannot be opened: %s", strerror(error));
		fh_trace_cure(t, error == ENOENT ? "move this state directory away and run "
						  "freehold init again, or restore keys/ whole"
						 : "run freehold as the user whose state this is");
		return fh_errno_err(error);
	}
	*out = fh_fd_of(fd);
	return check_modes(fd, path, t);
}

/* Without its chip no role can say what is wrong.  */
static void leave_word(struct fh_supervisor *s, fh_err e, const struct fh_trace *t)
{
	char record[FH_PATH_MAX];
	const char *state = fh_refused_state(e);

	if (state == nullptr || fh_store_path(&s->store, "record", record) != FH_ERR_OK
	    || fh_refused_leave(record, state, fh_clock_real_ms(), t) == FH_ERR_OK)
		return;
	fh_log(FH_LOG_PRIORITY_ERROR, "serve", "record/pending cannot be written: the next start "
	       "will not record that this one was refused");
}

/* The chip this state was made on: keys/counter is there iff it was made
 * without one.  */
static fh_err open_chip(struct fh_supervisor *s, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	int fd;
	fh_err e = fh_store_path(&s->store, "keys/counter", path);

	if (e != FH_ERR_OK)
		return e;
	s->soft = access(path, F_OK) == 0;
	if (s->soft)
		return open_key(s, "keys/counter", O_RDWR, &s->counter, t);
	e = fh_chip_tpm2_connect(s->what->tcti, t, &fd);
	if (e == FH_ERR_OK)
		s->counter = fh_fd_of(fd);
	else
		leave_word(s, e, t);
	/* What tells the two kinds of machine apart may itself be lost.  */
	if (e == FH_ERR_GONE)
		fh_trace_cure(t, "check the TCTI in freehold.conf, that the TPM is there, and that "
			      "freehold may open it; if this machine was made without a TPM, "
			      "restore "
			      "keys/counter");
	return e;
}

static fh_err check_format(const struct fh_supervisor *s, struct fh_trace *t)
{
	if (s->store.format == FH_STORE_FORMAT)
		return FH_ERR_OK;
	fh_trace_where(t, "%s", s->store.path);
	fh_trace_what(t, "the state directory has format %u, and this version serves format %u",
		      s->store.format, FH_STORE_FORMAT);
	fh_trace_cure(t, "run freehold upgrade");
	return FH_ERR_STATE;
}

static fh_err open_keys(struct fh_supervisor *s, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = open_key(s, "keys/device", O_RDWR, &s->device, t);

	if (e == FH_ERR_OK)
		e = open_key(s, "keys/signed", O_RDWR, &s->signed_file, t);
	if (e == FH_ERR_OK)
		e = open_key(s, "keys/session", O_RDWR, &s->session, t);
	/* States that were made before there were witnesses have none.  Its name is synced
	 * before anything is remembered in it.  */
	if (e == FH_ERR_OK)
		e = open_key(s, "keys/witnessed", O_RDWR | O_CREAT, &s->witnessed, t);
	if (e == FH_ERR_OK)
		e = fh_store_path(&s->store, "keys", path);
	if (e == FH_ERR_OK)
		e = fh_directory_sync_of(path);
	if (e == FH_ERR_OK)
		e = open_key(s, "keys/data.0", O_RDWR, &s->data[0], t);
	if (e == FH_ERR_OK)
		e = open_key(s, "keys/data.1", O_RDWR, &s->data[1], t);
	if (e == FH_ERR_OK)
		e = open_chip(s, t);
	return e;
}

/* A machine without measured boot has none.  */
static void open_log(struct fh_supervisor *s)
{
	int fd = open(FH_EVENT_LOG_PATH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		s->log = fh_fd_of(fd);
}

static fh_err make_journal(struct fh_supervisor *s, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(&s->store, "record/journal", path);

	if (e != FH_ERR_OK)
		return e;
	/* Synced even if it is there: whoever made it may not have come to it.  Without its name,
	 * what core syncs below it can be gone after the power fails.  */
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		e = fh_directory_sync_of(path);
	else
		e = fh_errno_err(errno);
	if (e == FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", path);
	fh_trace_what(t, "cannot be made: %s", fh_err_text(e));
	fh_trace_cure(t, "make room, or let this user write there");
	return e;
}

static fh_err open_sockets(struct fh_supervisor *s, struct fh_trace *t)
{
	uint16_t port;
	fh_err e = FH_ERR_OK;

	if (s->what->socket[0] != '\0')
		e = fh_listen_unix(s->what->socket, &s->unix_socket, t);
	if (e != FH_ERR_OK || s->what->address[0] == '\0')
		return e;
	e = fh_listen_tcp(s->what->address, &s->tcp_socket, &port, t);
	if (e != FH_ERR_OK)
		return e;
	int host = (int)(strrchr(s->what->address, ':') - s->what->address);

	(void)snprintf(s->url, sizeof(s->url), "http://%.*s:%u", host, s->what->address, port);
	return FH_ERR_OK;
}

fh_err fh_supervisor_open(struct fh_supervisor *s, struct fh_trace *t)
{
	fh_err e = fh_arena_map(supervisor_memory, &s->memory);

	if (e == FH_ERR_OK)
		e = fh_store_open(s->what->state, &s->store, t);
	if (e == FH_ERR_OK)
		e = check_format(s, t);
	if (e == FH_ERR_OK)
		e = fh_store_lock(&s->store, t);
	if (e == FH_ERR_OK)
		e = make_journal(s, t);
	if (e == FH_ERR_OK)
		e = open_keys(s, t);
	if (!s->soft)
		open_log(s);
	if (e == FH_ERR_OK)
		e = open_sockets(s, t);
	int pair[2];

	if (e == FH_ERR_OK)
		e = fh_spawn_pair(pair);
	if (e != FH_ERR_OK)
		return e;
	s->core_end = fh_fd_of(pair[0]);
	s->core_other = fh_fd_of(pair[1]);
	return fh_pipe_open(pair[0], control_max, &s->memory, &s->control);
}
