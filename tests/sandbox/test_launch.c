/* SPDX-License-Identifier: Apache-2.0 */
/* Tool servers that reach starts directly, by a daemon that is an ordinary user
 * with the capability to change users.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role/digest.h"
#include "role/launch.h"
#include "sandbox/house.h"

constexpr uint32_t ours = 65534;
constexpr uint32_t other = 65533;

struct stage {
	char top[64], secret[96], own[96], allowed[160], program[96];
};

static struct stage stage;

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Root gives up being root and keeps what reach keeps.  */
static void become_daemon(void)
{
	constexpr uint32_t keep = UINT32_C(1) << CAP_SETUID | UINT32_C(1) << CAP_SETGID;
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { .effective = keep, .permitted = keep } };

	assert_int_equal(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	assert_int_equal(setresgid(ours, ours, ours), 0);
	assert_int_equal(setresuid(ours, ours, ours), 0);
	assert_int_equal(syscall(SYS_capset, &h, d), 0);
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
}

static void furnish(void)
{
	(void)snprintf(stage.top, sizeof(stage.top), "/tmp/freehold-launch-XXXXXX");
	assert_non_null(mkdtemp(stage.top));
	(void)snprintf(stage.secret, sizeof(stage.secret), "%s/secret", stage.top);
	(void)snprintf(stage.own, sizeof(stage.own), "%s/own", stage.top);
	(void)snprintf(stage.allowed, sizeof(stage.allowed), "%s/own/allowed", stage.top);
	(void)snprintf(stage.program, sizeof(stage.program), "%s/program", stage.top);
	assert_int_equal(chmod(stage.top, 0755), 0);
	assert_int_equal(mkdir(stage.own, 0755), 0);
	write_file(stage.secret, "secret");
	write_file(stage.allowed, "allowed");
	assert_int_equal(chown(stage.secret, ours, ours), 0);
	assert_int_equal(chmod(stage.secret, 0600), 0);
	assert_int_equal(chown(stage.own, ours, ours), 0);
	assert_int_equal(chown(stage.top, ours, ours), 0);
}

static void clear(void)
{
	(void)unlink(stage.allowed);
	(void)unlink(stage.secret);
	(void)unlink(stage.program);
	(void)rmdir(stage.own);
	(void)rmdir(stage.top);
}

/* Launches S and reads what it prints.  */
static fh_err launch(const struct fh_start *s, char said[256], struct fh_trace *t)
{
	int out[2], nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid;
	size_t n = 0;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fh_err e = fh_launch(s, nothing, out[1], &pid, t);

	(void)close(out[1]);
	for (ssize_t got; n < 255 && (got = read(out[0], said + n, 255 - n)) > 0;)
		n += (size_t)got;
	said[n] = '\0';
	(void)close(out[0]);
	(void)close(nothing);
	while (waitpid(-1, nullptr, 0) > 0)
		;
	return e;
}

static struct fh_start of(uint32_t uid, uint32_t gid, const char *program, const char *file)
{
	return (struct fh_start){
		.index = 1,
		.argument = { fh_span_str(program), fh_span_str(file) },
		.arguments = 2,
		.directory = fh_span_str(stage.own),
		.uid = uid,
		.gid = gid,
	};
}

static fh_err prints(const struct fh_start *s, const char *text)
{
	char said[256];
	struct fh_trace t = { 0 };
	fh_err e = launch(s, said, &t);

	if (e != FH_ERR_OK)
		print_message("# %s: %s\n", t.where, t.what);
	assert_string_equal(said, text);
	return e;
}

static void a_server_of_our_user_is_enclosed_whatever_its_group(void **state)
{
	static const uint32_t group[] = { ours, other };

	(void)state;
	if (syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
		print_message("# this kernel has no Landlock\n");
		skip();
	}
	for (size_t i = 0; i < 2; i++) {
		struct fh_start s = of(ours, group[i], "/usr/bin/cat", stage.secret);

		assert_int_equal(prints(&s, ""), FH_ERR_OK);
		s.argument[1] = fh_span_str(stage.allowed);
		assert_int_equal(prints(&s, "allowed"), FH_ERR_OK);
		s.directory = FH_SPAN_LIT("/.");
		assert_int_equal(prints(&s, ""), FH_ERR_OK);
	}
}

static void a_server_of_another_user_is_that_user(void **state)
{
	struct fh_start s = of(other, other, "/usr/bin/id", "-u");

	(void)state;
	assert_int_equal(prints(&s, "65533\n"), FH_ERR_OK);
}

static void no_server_is_root(void **state)
{
	struct fh_start s = of(0, 0, "/usr/bin/id", "-u");

	(void)state;
	assert_int_equal(prints(&s, ""), FH_ERR_PERMISSION);
}

/* --- a pinned program ------------------------------------------------------ */

static void copy_of_id(mode_t mode)
{
	char bytes[4096];
	FILE *from = fopen("/usr/bin/id", "re"), *to = fopen(stage.program, "we");

	assert_true(from != nullptr && to != nullptr);
	for (size_t n; (n = fread(bytes, 1, sizeof(bytes), from)) > 0;)
		assert_int_equal(fwrite(bytes, 1, n, to), n);
	(void)fclose(from);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(chmod(stage.program, mode), 0);
}

static fh_err runs_pinned(mode_t mode, uint8_t change, const char *text)
{
	struct fh_hash h;
	struct fh_start s = of(other, other, stage.program, "-u");

	copy_of_id(mode);
	int fd = open(stage.program, O_RDONLY | O_CLOEXEC);

	assert_int_equal(fh_digest_of_fd(fd, &h), FH_ERR_OK);
	(void)close(fd);
	h.bytes[0] ^= change;
	s.executable = fh_hash_span(&h);
	return prints(&s, text);
}

static void a_pinned_program_runs(void **state)
{
	(void)state;
	assert_int_equal(runs_pinned(0755, 0, "65533\n"), FH_ERR_OK);
}

static void another_than_the_pinned_program_is_refused(void **state)
{
	(void)state;
	assert_int_equal(runs_pinned(0755, 1, ""), FH_ERR_SIGNATURE);
}

static void a_pinned_program_that_others_can_change_is_refused(void **state)
{
	(void)state;
	assert_int_equal(runs_pinned(0775, 0, ""), FH_ERR_PERMISSION);
	assert_int_equal(runs_pinned(0757, 0, ""), FH_ERR_PERMISSION);
}

/* The server's user owns it.  */
static void a_pinned_program_of_its_own_user_is_refused(void **state)
{
	struct fh_hash h = { 0 };
	struct fh_start s = of(other, other, stage.program, "-u");
	pid_t pid;

	(void)state;
	(void)unlink(stage.program);
	assert_int_equal(chmod(stage.top, 01777), 0);
	pid = fork();
	if (pid == 0) {
		if (setresuid(other, other, other) == 0)
			copy_of_id(0755);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, nullptr, 0), pid);
	assert_int_equal(access(stage.program, X_OK), 0);
	s.executable = fh_hash_span(&h);
	assert_int_equal(prints(&s, ""), FH_ERR_PERMISSION);
	(void)unlink(stage.program);
}

static void a_pinned_program_that_is_a_pipe_does_not_keep_us_waiting(void **state)
{
	struct fh_hash h = { 0 };
	struct fh_start s = of(other, other, stage.program, "-u");

	(void)state;
	(void)unlink(stage.program);
	assert_int_equal(mkfifo(stage.program, 0644), 0);
	s.executable = fh_hash_span(&h);
	assert_int_equal(prints(&s, ""), FH_ERR_PERMISSION);
}

/* --- digests ------------------------------------------------------------------ */

static struct fh_hash remembered(struct fh_digests *d, const char *path)
{
	struct fh_hash h = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(fh_digests_of_fd(d, fd, &h), FH_ERR_OK);
	(void)close(fd);
	return h;
}

static void a_digest_is_made_once_for_a_file_that_stays_the_same(void **state)
{
	static struct fh_digests d;
	struct fh_hash made = remembered(&d, "/usr/bin/id");

	(void)state;
	assert_int_equal(d.next, 1);
	d.file[0].digest.bytes[0] ^= 1; /* to see where the second comes from */
	struct fh_hash found = remembered(&d, "/usr/bin/id");

	assert_int_equal(d.next, 1);
	assert_int_equal(found.bytes[0] ^ 1, made.bytes[0]);
}

static void a_digest_of_a_file_that_just_changed_is_made_again(void **state)
{
	static struct fh_digests d;

	(void)state;
	(void)unlink(stage.program);
	write_file(stage.program, "one");
	struct fh_hash one = remembered(&d, stage.program);

	write_file(stage.program, "two");
	struct fh_hash two = remembered(&d, stage.program);

	assert_memory_not_equal(one.bytes, two.bytes, sizeof(one.bytes));
	assert_int_equal(d.next, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_of_our_user_is_enclosed_whatever_its_group),
		cmocka_unit_test(a_server_of_another_user_is_that_user),
		cmocka_unit_test(no_server_is_root),
		cmocka_unit_test(a_pinned_program_runs),
		cmocka_unit_test(another_than_the_pinned_program_is_refused),
		cmocka_unit_test(a_pinned_program_that_others_can_change_is_refused),
		cmocka_unit_test(a_pinned_program_of_its_own_user_is_refused),
		cmocka_unit_test(a_pinned_program_that_is_a_pipe_does_not_keep_us_waiting),
		cmocka_unit_test(a_digest_is_made_once_for_a_file_that_stays_the_same),
		cmocka_unit_test(a_digest_of_a_file_that_just_changed_is_made_again),
	};

	if (!fh_house_possible("launch"))
		return 0;
	furnish();
	become_daemon();
	int failed = cmocka_run_group_tests(tests, nullptr, nullptr);

	clear();
	return failed;
}
