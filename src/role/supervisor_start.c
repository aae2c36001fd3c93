/* SPDX-License-Identifier: Apache-2.0 */
#include "role/supervisor_private.h"

#include "codec/cbor.h"
#include "os/boot.h"
#include "role/gate.h"
#include "role/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

constexpr int gate_ms = 100; /* for a busy gate to make room for one more connection */

/* A pair that is closed on both ends when it leaves scope.  */
struct pair {
	struct fh_fd a, b;
};

static void pair_drop(struct pair *p)
{
	fh_fd_drop(&p->a);
	fh_fd_drop(&p->b);
}

static fh_err pair_make(struct pair *out)
{
	int fd[2];
	fh_err e = fh_spawn_pair(fd);

	if (e == FH_ERR_OK)
		*out = (struct pair){ fh_fd_of(fd[0]), fh_fd_of(fd[1]) };
	return e;
}

/* --- core, keeper, reach ---------------------------------------------- */

static fh_err start_keeper(struct fh_supervisor *s, int core)
{
	char boot[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = fh_builder_of(boot, sizeof(boot) - 1);
	const char *argument[] = { s->soft ? "soft" : "tpm2", boot, nullptr };
	const int fds[] = { -1, core, fh_fd_get(s->signed_file), fh_fd_get(s->device),
			    fh_fd_get(s->session), fh_fd_get(s->counter),
			    fh_fd_get(s->witnessed),
			    fh_fd_get(s->data[0]), fh_fd_get(s->data[1]) };
	struct fh_hash id;
	fh_err e = fh_boot_id(&id);

	if (e != FH_ERR_OK)
		return e;
	fh_builder_hex(&b, fh_hash_span(&id));
	return fh_spawn_role("keeper", argument, fds, 9, &s->keeper);
}

fh_err fh_supervisor_start_core(struct fh_supervisor *s, struct fh_trace *t)
{
	FH_OWN(pair) keeper = { 0 };
	FH_OWN(pair) reach = { 0 };
	const char *argument[] = { s->store.path, nullptr };
	fh_err e = pair_make(&keeper);

	if (e == FH_ERR_OK)
		e = pair_make(&reach);
	if (e == FH_ERR_OK)
		e = start_keeper(s, fh_fd_get(keeper.b));
	if (e == FH_ERR_OK) {
		const char *ca_file = s->what->ca_file;
		const char *of_reach[] = { ca_file[0] != '\0' ? ca_file : nullptr, nullptr };
		const int fds[] = { -1, fh_fd_get(reach.b) };

		e = fh_spawn_role("reach", of_reach, fds, 2, &s->reach);
	}
	if (e == FH_ERR_OK) {
		const int fds[] = { fh_fd_get(s->core_other), fh_fd_get(keeper.a),
				    fh_fd_get(reach.a), fh_fd_get(s->log) };

		e = fh_spawn_role("core", argument, fds, s->log.plus_one > 0 ? 4 : 3, &s->core);
	}
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "the roles cannot be started: %s", fh_err_text(e));
		fh_trace_cure(t, "raise the limits on processes and descriptors, or free memory");
	}
	fh_fd_drop(&s->core_other);
	fh_fd_drop(&s->signed_file);
	fh_fd_drop(&s->device);
	fh_fd_drop(&s->session);
	fh_fd_drop(&s->counter);
	fh_fd_drop(&s->witnessed);
	fh_fd_drop(&s->data[0]);
	fh_fd_drop(&s->data[1]);
	fh_fd_drop(&s->log);
	return e;
}

/* --- gates ------------------------------------------------------------ */

/* Starts a gate and gives core its pair, with who is behind it.  */
static fh_err start_gate(struct fh_supervisor *s, const struct fh_peer *peer,
			 const char *const *argument, int listening, pid_t *pid,
			 struct fh_fd *control)
{
	FH_OWN(pair) core = { 0 };
	FH_OWN(pair) ours = { 0 };
	uint8_t bytes[128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e = pair_make(&core);

	if (e == FH_ERR_OK)
		e = pair_make(&ours);
	if (e != FH_ERR_OK)
		return e;
	const int fds[] = { fh_fd_get(ours.b), fh_fd_get(core.b), listening };

	e = fh_spawn_role("gate", argument, fds, listening < 0 ? 2 : 3, pid);
	if (e != FH_ERR_OK)
		return e;
	fh_control_put(&b, FH_CONTROL_GATE, peer);
	e = fh_frame_send(s->control.fd, fh_builder_span(&b), fh_fd_get(core.a));
	*control = ours.a;
	ours.a = (struct fh_fd){ 0 };
	return e;
}

fh_err fh_supervisor_start_network(struct fh_supervisor *s, struct fh_trace *t)
{
	struct fh_peer peer = { .network = true };
	const char *port = strrchr(s->url, ':');
	char localhost[32], four[32], six[32];
	const char *argument[] = { "network", s->url + strlen("http://"), localhost, four, six,
				   nullptr };

	if (s->tcp_socket.plus_one == 0)
		return FH_ERR_OK;
	(void)snprintf(localhost, sizeof(localhost), "localhost%s", port);
	(void)snprintf(four, sizeof(four), "127.0.0.1%s", port);
	(void)snprintf(six, sizeof(six), "[::1]%s", port);
	fh_err e = start_gate(s, &peer, argument, fh_fd_get(s->tcp_socket), &s->network,
			      &s->network_control);

	fh_fd_drop(&s->tcp_socket);
	if (e != FH_ERR_OK)
		fh_trace_what(t, "the network gate cannot be started: %s", fh_err_text(e));
	return e;
}

static bool same_peer(const struct fh_peer_identity *a, const struct fh_peer_identity *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->has_executable == b->has_executable
	       && fh_hash_equal(&a->executable, &b->executable);
}

/* The gate of WHO, started if there is none; NULL if there is no room.  */
static struct supervised_gate *gate_of(struct fh_supervisor *s, const struct fh_peer_identity *who)
{
	struct supervised_gate *spare = nullptr;
	struct fh_peer peer = { .uid = who->uid, .gid = who->gid };
	const char *argument[] = { "peer", nullptr };
	size_t of_user = 0;

	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		if (s->gate[i].pid > 0 && same_peer(&s->gate[i].who, who))
			return &s->gate[i];
		if (s->gate[i].pid == 0)
			spare = &s->gate[i];
		else
			of_user += s->gate[i].who.uid == who->uid;
	}
	if (spare == nullptr || of_user >= FH_GATES_PER_USER_MAX)
		return nullptr;
	if (who->has_executable)
		peer.executable = fh_hash_span(&who->executable);
	if (start_gate(s, &peer, argument, -1, &spare->pid, &spare->control) != FH_ERR_OK)
		return nullptr;
	spare->who = *who;
	return spare;
}

/* Whether a connection of UID has a chance, before its program is read.  */
static bool may_have_gate(const struct fh_supervisor *s, uint32_t uid)
{
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		if (s->gate[i].pid == 0 || s->gate[i].who.uid == uid)
			return true;
	}
	return false;
}

/* A gate that takes nothing must not keep us: it is killed, and reaped like any
 * other.  A pair that poll() calls writable has room for a frame this small.  */
static void hand_over(const struct supervised_gate *g, int connection)
{
	struct pollfd f = { .fd = fh_fd_get(g->control), .events = POLLOUT };
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	fh_cbor_put_uint(&b, FH_GATE_CONNECTION);
	if (poll(&f, 1, gate_ms) != 1) {
		(void)kill(g->pid, SIGKILL);
		fh_log(FH_LOG_PRIORITY_WARNING, "serve",
		       "the gate of uid %u takes no connections; it is ended", g->who.uid);
	} else if (fh_frame_send(f.fd, fh_builder_span(&b), connection) != FH_ERR_OK) {
		fh_log(FH_LOG_PRIORITY_WARNING, "serve", "a gate did not take its connection");
	}
}

void fh_supervisor_accept(struct fh_supervisor *s)
{
	struct fh_peer_identity who = { 0 };
	struct supervised_gate *g = nullptr;
	int fd = accept4(fh_fd_get(s->unix_socket), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	FH_OWN(fh_fd) connection = fh_fd_of(fd);

	if (fh_peer_name(fd, &who) != FH_ERR_OK)
		return;
	if (may_have_gate(s, who.uid)) {
		if (fh_peer_look(fd, &s->digests, &who) != FH_ERR_OK)
			return; /* gone already */
		g = gate_of(s, &who);
	}
	if (g != nullptr)
		hand_over(g, fd);
	else
		fh_log(FH_LOG_PRIORITY_WARNING, "serve",
		       "too many different peers at one time; a connection of uid %u is refused",
		       who.uid);
}
