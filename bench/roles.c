/* SPDX-License-Identifier: Apache-2.0 */
#include "roles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entry/segment.h"
#include "os/boot.h"
#include "role/ask.h"
#include "role/permit.h"

constexpr size_t memory_size = 512 << 20;

static void end(pid_t pid)
{
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, nullptr, 0);
	}
}

void bench_roles_drop(struct bench_roles *r)
{
	end(r->core);
	end(r->keeper);
	for (size_t i = 0; i < r->sessions; i++)
		fh_fd_drop(&r->session[i].worker);
	fh_fd_drop(&r->control);
	fh_fd_drop(&r->gate);
	fh_fd_drop(&r->reach);
	fh_store_drop(&r->store);
	fh_arena_drop(&r->memory);
}

void bench_roles_become(int argc, char **argv)
{
	char path[4096] = { 0 };

	if (argc < 3 || strcmp(argv[1], "role") != 0)
		return;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash = n > 0 ? strrchr(path, '/') : nullptr;

	if (slash != nullptr) {
		memcpy(slash, "/../freehold", sizeof("/../freehold"));
		(void)execve(path, argv, environ);
	}
	_exit(127);
}

/* --- starting --------------------------------------------------------- */

static fh_err open_key(const struct bench_roles *r, const char *name, int flags, struct fh_fd *out)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(&r->store, name, path);
	int fd = e == FH_ERR_OK ? open(path, flags | O_CLOEXEC, 0600) : -1;

	if (e == FH_ERR_OK && fd < 0)
		e = fh_errno_err(errno);
	if (e == FH_ERR_OK)
		*out = fh_fd_of(fd);
	return e;
}

static fh_err start_keeper(struct bench_roles *r, int core)
{
	FH_OWN(fh_fd) last = { 0 };
	FH_OWN(fh_fd) device = { 0 };
	FH_OWN(fh_fd) session = { 0 };
	FH_OWN(fh_fd) counter = { 0 };
	FH_OWN(fh_fd) witnessed = { 0 };
	FH_OWN(fh_fd) even = { 0 };
	FH_OWN(fh_fd) odd = { 0 };
	char boot[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = fh_builder_of(boot, sizeof(boot) - 1);
	const char *argument[] = { "soft", boot, nullptr };
	struct fh_hash id;
	fh_err e = fh_boot_id(&id);

	if (e == FH_ERR_OK)
		e = open_key(r, "keys/signed", O_RDWR, &last);
	if (e == FH_ERR_OK)
		e = open_key(r, "keys/device", O_RDWR, &device);
	if (e == FH_ERR_OK)
		e = open_key(r, "keys/session", O_RDWR, &session);
	if (e == FH_ERR_OK)
		e = open_key(r, "keys/counter", O_RDWR, &counter);
	if (e == FH_ERR_OK)
		e = open_key(r, "keys/witnessed", O_RDWR | O_CREAT, &witnessed);
	if (e == FH_ERR_OK)
		e = open_key(r, "keys/data.0", O_RDWR, &even);
	if (e == FH_ERR_OK)
		e = open_key(r, "keys/data.1", O_RDWR, &odd);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_hex(&b, fh_hash_span(&id));
	const int fds[] = {
		-1, core, fh_fd_get(last), fh_fd_get(device), fh_fd_get(session),
		fh_fd_get(counter), fh_fd_get(witnessed), fh_fd_get(even), fh_fd_get(odd)
	};

	return fh_spawn_role("keeper", argument, fds, 9, &r->keeper);
}

static fh_err make_pair(struct fh_fd *ours, struct fh_fd *theirs)
{
	int fd[2];
	fh_err e = fh_spawn_pair(fd);

	if (e == FH_ERR_OK) {
		*ours = fh_fd_of(fd[0]);
		*theirs = fh_fd_of(fd[1]);
	}
	return e;
}

static fh_err start_core(struct bench_roles *r)
{
	FH_OWN(fh_fd) control = { 0 };
	FH_OWN(fh_fd) reach = { 0 };
	FH_OWN(fh_fd) keeper = { 0 };
	FH_OWN(fh_fd) core = { 0 };
	const char *argument[] = { r->store.path, nullptr };
	fh_err e = make_pair(&r->control, &control);

	if (e == FH_ERR_OK)
		e = make_pair(&r->reach, &reach);
	if (e == FH_ERR_OK)
		e = make_pair(&core, &keeper);
	if (e == FH_ERR_OK)
		e = start_keeper(r, fh_fd_get(keeper));
	if (e != FH_ERR_OK)
		return e;
	const int fds[] = { fh_fd_get(control), fh_fd_get(core), fh_fd_get(reach) };

	return fh_spawn_role("core", argument, fds, 3, &r->core);
}

static fh_err become_gate(struct bench_roles *r)
{
	FH_OWN(fh_fd) gate = { 0 };
	struct fh_peer network = { .network = true };
	uint8_t bytes[128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = make_pair(&r->gate, &gate);

	if (e != FH_ERR_OK)
		return e;
	fh_control_put(&b, FH_CONTROL_GATE, &network);
	e = fh_frame_send(fh_fd_get(r->control), fh_builder_span(&b), fh_fd_get(gate));
	return e == FH_ERR_OK
		       ? fh_pipe_open(fh_fd_get(r->gate), FH_FRAME_MAX, &r->memory, &r->gate_in)
		       : e;
}

fh_err bench_roles_start(const char *path, struct bench_roles *r, struct fh_trace *t)
{
	enum fh_control_order order;
	struct fh_pipe control;
	struct fh_peer peer;
	struct fh_span frame;
	char journal[FH_PATH_MAX];
	fh_err e = fh_arena_map(memory_size, &r->memory);

	if (e == FH_ERR_OK)
		e = fh_store_open(path, &r->store, t);
	if (e == FH_ERR_OK)
		e = fh_store_lock(&r->store, t);
	if (e == FH_ERR_OK)
		e = fh_store_path(&r->store, "record/journal", journal);
	if (e == FH_ERR_OK && mkdir(journal, 0700) != 0 && errno != EEXIST)
		e = fh_errno_err(errno);
	if (e == FH_ERR_OK)
		e = start_core(r);
	if (e == FH_ERR_OK)
		e = fh_pipe_open(fh_fd_get(r->control), 4096, &r->memory, &control);
	if (e == FH_ERR_OK)
		e = fh_pipe_wait(&control, &frame); /* ready */
	if (e == FH_ERR_OK)
		e = fh_control_read(frame, &order, &peer);
	return e == FH_ERR_OK ? become_gate(r) : e;
}

/* --- sessions --------------------------------------------------------- */

/* Reach's part of an initialize: hands core the pair of a worker.  */
static fh_err become_worker(struct bench_roles *r, struct bench_session *s)
{
	FH_OWN(fh_fd) core = { 0 };
	uint8_t bytes[1280];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	enum fh_reach_order order;
	struct fh_start *start = fh_arena_take(&r->memory, sizeof(*start));
	struct fh_pipe reach;
	struct fh_span frame;
	fh_err e = fh_pipe_open(fh_fd_get(r->reach), 1 << 20, &r->memory, &reach);

	if (e == FH_ERR_OK && start == nullptr)
		e = FH_ERR_NOMEM;
	if (e == FH_ERR_OK)
		e = fh_pipe_wait(&reach, &frame);
	if (e == FH_ERR_OK)
		e = fh_reach_order_read(frame, &order, start);
	if (e == FH_ERR_OK)
		e = make_pair(&s->worker, &core);
	if (e != FH_ERR_OK)
		return e;
	fh_started_put(&b, &(struct fh_started){ .session = start->session, .running = true });
	e = fh_frame_send(fh_fd_get(r->reach), fh_builder_span(&b), fh_fd_get(core));
	return e == FH_ERR_OK ? fh_pipe_open(fh_fd_get(s->worker), FH_FRAME_MAX, &r->memory, &s->in)
			      : e;
}

/* The worker's part: the server's answer to initialize is an empty map.  */
static fh_err initialize(struct bench_session *s)
{
	static const uint8_t nothing[] = { 0xa0 };
	uint8_t bytes[1280];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_permit p;
	struct fh_span frame;
	fh_err e = fh_pipe_wait(&s->in, &frame);

	if (e == FH_ERR_OK)
		e = fh_permit_read(frame, &p);
	if (e != FH_ERR_OK)
		return e;
	fh_outcome_put(&b, &(struct fh_outcome){ .index = p.index,
						 .status = FH_OUTCOME_RESULT,
						 .body = FH_SPAN_ARRAY(nothing) });
	return fh_frame_send(fh_fd_get(s->worker), fh_builder_span(&b), /* pass= */ -1);
}

fh_err bench_roles_session(struct bench_roles *r, const char *server, const char *token)
{
	static const uint8_t nothing[] = { 0xa0 };
	uint8_t bytes[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct bench_session *s = &r->session[r->sessions];
	struct fh_reply reply;
	struct fh_span frame;

	if (r->sessions == BENCH_SESSIONS_MAX)
		return FH_ERR_LIMIT;
	fh_ask_put(&b, &(struct fh_ask){ .kind = FH_ASK_INITIALIZE,
					 .exchange = ++r->exchange,
					 .bearer = fh_span_str(token),
					 .server = fh_span_str(server),
					 .params = FH_SPAN_ARRAY(nothing) });
	fh_err e = fh_frame_send(fh_fd_get(r->gate), fh_builder_span(&b), /* pass= */ -1);

	if (e == FH_ERR_OK)
		e = become_worker(r, s);
	if (e == FH_ERR_OK)
		e = initialize(s);
	do { /* the document comes unasked */
		if (e == FH_ERR_OK)
			e = fh_pipe_wait(&r->gate_in, &frame);
		if (e == FH_ERR_OK)
			e = fh_reply_read(frame, &reply);
	} while (e == FH_ERR_OK && reply.status == FH_REPLY_DOCUMENT);
	if (e == FH_ERR_OK && (reply.status != FH_REPLY_RESULT || reply.session.n != sizeof(s->id)))
		e = FH_ERR_PERMISSION;
	if (e != FH_ERR_OK)
		return e;
	memcpy(s->id, reply.session.p, sizeof(s->id));
	r->sessions++;
	return FH_ERR_OK;
}

/* --- the record ------------------------------------------------------- */

static void count_frames(struct fh_span segment, struct bench_record *out)
{
	struct fh_cursor c = fh_cursor_of(segment);
	enum fh_segment_frame type;
	struct fh_span body;
	struct fh_batch batch;

	while (fh_segment_next(&c, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH && fh_batch_read(body, &batch) == FH_ERR_OK) {
			out->batches++;
			out->entries += batch.count;
		}
	}
	out->bytes += segment.n;
}

static fh_err count_segment(int directory, const char *name, struct bench_record *out)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) owned = fh_fd_of(fd);

	if (fstat(fd, &st) != 0 || st.st_size == 0)
		return FH_ERR_IO;
	void *p = mmap(nullptr, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return FH_ERR_NOMEM;
	count_frames(fh_span_of(p, (size_t)st.st_size), out);
	(void)munmap(p, (size_t)st.st_size);
	return FH_ERR_OK;
}

fh_err bench_roles_record(const struct bench_roles *r, struct bench_record *out)
{
	struct bench_record sum = { 0 };
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(&r->store, "record/journal", path);
	DIR *d = e == FH_ERR_OK ? opendir(path) : nullptr;

	if (d == nullptr)
		return FH_ERR_IO;
	for (struct dirent *x = readdir(d); x != nullptr && e == FH_ERR_OK; x = readdir(d)) {
		if (x->d_name[0] != '.')
			e = count_segment(dirfd(d), x->d_name, &sum);
	}
	(void)closedir(d);
	if (e == FH_ERR_OK)
		*out = sum;
	return e;
}
