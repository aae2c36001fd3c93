/* SPDX-License-Identifier: Apache-2.0 */
/* From inside each role of the real daemon, every way out is tried: the system
 * call is made by the role's own process, as by somebody who had taken it over.
 * An unconfined process makes the same calls first and succeeds, so that no
 * attempt fails for want of a correct argument.  Then once more with Landlock as
 * an older kernel has it, and once without it: seccomp alone must hold.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/cbor.h"
#include "codec/lookup.h"
#include "sandbox/attempt.h"
#include "sandbox/part.h"
#include "sandbox/record.h"

constexpr size_t checks_max = 1024;

struct stage {
	struct fh_house house;
	struct fh_guest guest;
	int listener, abstract; /* sockets of ours that listen */
	uint16_t port;
	pid_t suspect[FH_SUSPECTS];
	int asked;
	int errand; /* our end of the courier's pair */
};

/* One named check.  */
struct check {
	struct stage *stage;
	const struct fh_attempt *attempt;
	enum fh_suspect suspect;
	char name[160];
};

static const char policy[] =
	"@id(\"crew\")\npermit (principal in Team::\"crew\", action in [Action::\"mcp.initialize\","
	" Action::\"mcp.list\", Action::\"wild.do\"], resource == Server::\"wild\");\n";
static const char schema[] =
	"@mcp(\"wild/do\")\n"
	"action \"wild.do\" appliesTo { principal: [Actor], resource: [Server] };\n";

/* --- setting the stage --------------------------------------------------- */

static void listen_ourselves(struct stage *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un u;
	socklen_t n = sizeof(a);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(bind(s->listener, (struct sockaddr *)&a, sizeof(a)), errno);
	assert_return_code(listen(s->listener, 8), errno);
	assert_return_code(getsockname(s->listener, (struct sockaddr *)&a, &n), errno);
	s->port = ntohs(a.sin_port);
	fh_attempt_abstract("fc", &u);
	assert_return_code(bind(s->abstract, (struct sockaddr *)&u, FH_ABSTRACT_SIZE), errno);
	assert_return_code(listen(s->abstract, 8), errno);
}

static void furnish(struct stage *s)
{
	char server[512], file[FH_HOUSE_PATH], mount_point[2 * FH_HOUSE_PATH];
	struct fh_house *h = &s->house;

	fh_house_make(h);
	fh_house_beside("wild-server", server, sizeof(server));
	fh_house_open_file(h, "heard", file, sizeof(file));
	const char *const add[] = { "server", "add", "wild", "--uid", "65534", "--gid", "65534",
				    "--directory", "/", "--", server, file, h->state, nullptr };
	const char *const grant[] = { "actor", "grant", "crew", "--uid", "0", "--group", "crew",
				      nullptr };

	fh_house_sign(h, add, nullptr, 0);
	fh_house_policy(h, policy, schema);
	fh_house_sign(h, grant, nullptr, 0);
	(void)snprintf(mount_point, sizeof(mount_point), "%s/mount", h->root);
	assert_return_code(mkdir(mount_point, 0700), errno);
	listen_ourselves(s);
}

/* One that waits for its errand, when it has confined itself.  */
static pid_t start_courier(struct stage *s)
{
	const char *const words[] = { "courier", nullptr };
	char path[64], said[4096];
	int pair[2];

	fh_part_pair(pair);
	const int fds[] = { -1, pair[1] };
	pid_t pid = fh_part_start(&s->house, words, fds, 2);

	(void)close(pair[1]);
	s->errand = pair[0];
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (int waited = 0; waited < 5000; waited += 10) {
		FILE *f = fopen(path, "re");

		assert_non_null(f);
		said[fread(said, 1, sizeof(said) - 1, f)] = '\0';
		(void)fclose(f);
		if (strstr(said, "\nSeccomp:\t2\n") != nullptr)
			return pid;
		fh_house_sleep(10);
	}
	fail_msg("the courier does not confine itself");
	return 0;
}

static void find_suspects(struct stage *s)
{
	const struct fh_house *h = &s->house;

	s->suspect[FH_SUSPECT_SUPERVISOR] = h->serve;
	s->suspect[FH_SUSPECT_KEEPER] = fh_house_role(h, "keeper", nullptr, 0);
	s->suspect[FH_SUSPECT_CORE] = fh_house_role(h, "core", nullptr, 0);
	s->suspect[FH_SUSPECT_REACH] = fh_house_role(h, "reach", nullptr, 0);
	s->suspect[FH_SUSPECT_WORKER] = fh_house_role(h, "worker", nullptr, 0);
	s->suspect[FH_SUSPECT_NETWORK_GATE] = fh_house_role(h, "gate", "network", 0);
	s->suspect[FH_SUSPECT_PEER_GATE] = fh_house_role(h, "gate", "peer", 0);
	s->suspect[FH_SUSPECT_COURIER] = start_courier(s);
	for (size_t i = 0; i < FH_SUSPECTS; i++)
		assert_int_not_equal(s->suspect[i], 0);
}

static int start(struct stage *s, enum fh_mask_kind kind)
{
	char answer[4096];

	fh_house_serve(&s->house, kind);
	fh_guest_open(&s->house, "wild", &s->guest);
	if (!fh_guest_begin(&s->guest, answer, sizeof(answer))) {
		print_message("# no session: %s\n", answer);
		return -1;
	}
	find_suspects(s);
	return 0;
}

static struct stage stage;

static int start_whole(void **state)
{
	(void)state;
	return start(&stage, FH_MASK_NONE);
}

static int start_at_2(void **state)
{
	(void)state;
	return start(&stage, FH_MASK_ABI_2);
}

static int start_lying(void **state)
{
	(void)state;
	return start(&stage, FH_MASK_LYING);
}

static int start_without(void **state)
{
	(void)state;
	return start(&stage, FH_MASK_ABSENT);
}

static int end(void **state)
{
	(void)state;
	fh_part_end(stage.suspect[FH_SUSPECT_COURIER]);
	(void)close(stage.errand);
	fh_guest_close(&stage.guest);
	return fh_house_stop(&stage.house) == 0 ? 0 : -1;
}

/* --- the unconfined process ------------------------------------------------ */

static void rest(void)
{
	volatile char room[2 * FH_INJECT_SPACE] = { 0 };

	for (;;)
		(void)(pause() + room[0]);
}

/* In the child: its own mounts, and descriptors where the attempts expect them. */
static void become_unconfined(void)
{
	struct rlimit none = { 0, 0 };
	int inet = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);
	int file = open("/etc/passwd", O_RDONLY), self = (int)syscall(SYS_pidfd_open, getppid(), 0);
	const int from[] = { inet, file, local, self };
	int moved[4], nowhere = open("/dev/null", O_RDWR);

	/* As in the roles; and what is tried there must not end in our report.  */
	if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
		_exit(1);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS) != 0
	    || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
		_exit(1);
	(void)setrlimit(RLIMIT_CORE, &none);
	/* A process that it forks goes on in the middle of nothing, and ends by that.  */
	(void)signal(SIGSEGV, SIG_DFL);
	(void)signal(SIGILL, SIG_DFL);
	for (int i = 0; i < 4; i++)
		moved[i] = fcntl(from[i], F_DUPFD, 30);
	for (int i = 0; i < 4; i++) {
		if (dup2(moved[i], 4 + i) < 0)
			_exit(1);
	}
	rest();
}

static void make_decoys(const struct fh_house *h)
{
	const char *const directory[] = { h->root, h->state, h->state };
	const char *const made[] = { "moved", "directory", "link", "second", "device", "made" };
	const char *const file[] = { "decoy", "record/decoy", "made" };
	char path[2 * FH_HOUSE_PATH];

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", h->root, made[i]);
		(void)remove(path);
	}
	(void)unlink("/tmp/made-by-a-role");
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory[i], file[i]);
		(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	(void)snprintf(path, sizeof(path), "%s/%s", directory[2], file[2]);
	(void)unlink(path);
}

static void an_unconfined_process_can(void **state)
{
	const struct check *c = *state;
	struct fh_scene scene = { &c->stage->house, c->stage->port,
				  c->stage->suspect[FH_SUSPECT_KEEPER] };
	long result = 0;
	bool gone = false;

	make_decoys(&c->stage->house);
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0)
		become_unconfined();
	fh_house_sleep(20);
	bool tried = fh_attempt_try(c->attempt, &scene, pid, &result, &gone);

	if (c->attempt->number == SYS_fork || c->attempt->number == SYS_clone
	    || c->attempt->number == SYS_clone3)
		(void)kill((pid_t)result, SIGKILL);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, nullptr, 0);
	assert_true(tried);
	if (!gone && result == -ENOSYS) {
		print_message("# this kernel does not have the call\n");
		skip();
	}
	if (!gone && result < 0)
		fail_msg("the unconfined process is refused, too: %s", strerror((int)-result));
}

/* --- the roles --------------------------------------------------------------- */

/* Core opens, unlinks and renames files, so only Landlock keeps it from others.  */
static bool rests_on_landlock(const struct check *c)
{
	return c->suspect == FH_SUSPECT_CORE
	       && (c->attempt->number == SYS_openat || c->attempt->number == SYS_unlinkat
		   || c->attempt->number == SYS_renameat);
}

static long try(const struct check *c)
{
	const struct stage *s = c->stage;
	enum fh_suspect prey = c->suspect == FH_SUSPECT_KEEPER ? FH_SUSPECT_CORE
							       : FH_SUSPECT_KEEPER;
	struct fh_scene scene = { &s->house, s->port, s->suspect[prey] };
	long result = 0;
	bool gone = false;

	make_decoys(&s->house);
	if (!fh_attempt_try(c->attempt, &scene, s->suspect[c->suspect], &result, &gone))
		fail_msg("%s cannot be taken over", fh_suspect_text(c->suspect));
	assert_false(gone);
	return result;
}

static void a_role_cannot(void **state)
{
	const struct check *c = *state;
	long result = try(c);
	bool no_landlock = c->stage->house.mask.kind == FH_MASK_ABSENT;

	if (no_landlock && rests_on_landlock(c)) {
		print_message("# rests on Landlock alone, which is taken away here (%s)\n",
			      result < 0 ? strerror((int)-result) : "and it succeeds");
		skip();
	}
	/* ENOSYS: told to use the older call, which is filtered by its arguments.  */
	if (result == -EPERM || result == -EACCES
	    || (result == -ENOSYS && c->attempt->number == SYS_clone3))
		return;
	if (result >= 0)
		fail_msg("it succeeds with %ld", result);
	fail_msg("it fails, but for another reason: %s", strerror((int)-result));
}

static void a_role_can(void **state)
{
	const struct check *c = *state;
	long result = try(c);

	if (result < 0)
		fail_msg("%s", strerror((int)-result));
}

static void the_daemon_still_serves(void **state)
{
	struct stage *s = ((struct check *)*state)->stage;
	char answer[8192] = "";

	fh_guest_call(&s->guest, ++s->asked + 100, "do", "{\"how\":\"plain\"}");
	assert_true(fh_guest_hear(&s->guest, 10000, answer, sizeof(answer)));
	assert_non_null(strstr(answer, "done"));
	assert_int_equal(fh_house_health(&s->house), 200);
}

static void the_mask_was_worn(void **state)
{
	const struct stage *s = ((struct check *)*state)->stage;
	const struct fh_mask *m = &s->house.mask;

	assert_true(m->seen->versions >= 5); /* core, keeper, two gates, a worker */
	if (m->kind == FH_MASK_ABSENT)
		assert_int_equal(m->seen->granted, 0);
	else
		assert_true(m->seen->granted >= 5);
	if (m->kind == FH_MASK_LYING)
		assert_true(m->seen->refused >= 5);
}

/* The level of Landlock in the newest start entry.  */
static uint64_t recorded_level(const struct fh_house *h)
{
	uint64_t level = UINT64_MAX;
	struct fh_seen seen;

	fh_seen_read(h, &seen);
	for (size_t i = 0; i < seen.n; i++) {
		const struct fh_field *f = fh_fields_get(&seen.entry[i].fields, FH_FIELD_DETAIL);

		if (seen.entry[i].kind != FH_ENTRY_START || f == nullptr)
			continue;
		struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(f->value, "landlock"));

		level = fh_cbor_uint(&c);
		assert_false(fh_cursor_bad(&c));
	}
	fh_seen_drop(&seen);
	return level;
}

static void the_record_tells_the_level_of_landlock(void **state)
{
	const struct stage *s = ((struct check *)*state)->stage;
	uint64_t level = recorded_level(&s->house);

	if (s->house.mask.kind == FH_MASK_NONE)
		assert_true(level <= 6);
	else
		assert_int_equal(level, s->house.mask.kind == FH_MASK_ABSENT ? 0 : 2);
}

/* --- the list ------------------------------------------------------------------ */

static struct check check[checks_max];
static struct CMUnitTest test[checks_max];
static size_t checks;

static struct check *add(CMUnitTestFunction f)
{
	struct check *c = &check[checks];

	assert_true(checks < checks_max);
	c->stage = &stage;
	test[checks++] = (struct CMUnitTest){ .name = c->name, .test_func = f,
					      .initial_state = c };
	return c;
}

static void add_attempt(const char *how, const struct fh_attempt *a, enum fh_suspect s, bool may)
{
	struct check *c = add(may ? a_role_can : a_role_cannot);

	c->attempt = a;
	c->suspect = s;
	(void)snprintf(c->name, sizeof(c->name), "%s%s %s %s", how, fh_suspect_text(s),
		       may ? "can" : "cannot", a->name);
}

static void add_attempts(const char *how, bool masked)
{
	/* The courier is not the daemon's, and wears no mask.  */
	size_t suspects = masked ? FH_SUSPECT_COURIER : FH_SUSPECTS;

	for (size_t s = 0; s < suspects; s++) {
		for (size_t i = 0; i < fh_attempts_n; i++) {
			const struct fh_attempt *a = &fh_attempts[i];

			bool may = (a->allowed_to & 1u << s) != 0;

			if (may || (a->refused_to & 1u << s) != 0)
				add_attempt(how, a, (enum fh_suspect)s, may);
		}
	}
	struct check *c = add(the_daemon_still_serves);

	(void)snprintf(c->name, sizeof(c->name), "%sthe daemon still serves a call", how);
	c = add(the_record_tells_the_level_of_landlock);
	(void)snprintf(c->name, sizeof(c->name), "%sthe record tells the level of Landlock", how);
	if (!masked)
		return;
	c = add(the_mask_was_worn);
	(void)snprintf(c->name, sizeof(c->name), "%sthe mask was worn by every role", how);
}

static void add_comparison(void)
{
	for (size_t i = 0; i < fh_attempts_n; i++) {
		if (fh_attempts[i].uncompared)
			continue;
		struct check *c = add(an_unconfined_process_can);

		c->attempt = &fh_attempts[i];
		(void)snprintf(c->name, sizeof(c->name), "an unconfined process can %s",
			       fh_attempts[i].name);
	}
}

static int run(const char *how, bool masked, CMFixtureFunction begin)
{
	checks = 0;
	if (!masked)
		add_comparison();
	add_attempts(how, masked);
	return _cmocka_run_group_tests("breakout", test, checks, begin, end);
}

int main(void)
{
	int failed;

	if (!fh_house_possible("breakout"))
		return 0;
	furnish(&stage);
	failed = run("", false, start_whole);
	failed |= run("with Landlock 2, ", true, start_at_2);
	failed |= run("with a Landlock that lies, ", true, start_lying);
	failed |= run("without Landlock, ", true, start_without);
	make_decoys(&stage.house);
	fh_house_drop(&stage.house);
	return failed;
}
