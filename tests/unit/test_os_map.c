/* SPDX-License-Identifier: Apache-2.0 */
/* A mapped file that is cut while it is looked at.  */
#include "os/map.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

constexpr size_t page = 4096;
#define PATH "/tmp/freehold-map-XXXXXX"

/* A file of three pages.  */
static int make(char path[sizeof(PATH)])
{
	memcpy(path, PATH, sizeof(PATH));
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 3 * page), 0);
	return fd;
}

/* Runs LOOK in a process of its own, whose messages are put into SAID, about the
 * file whose name is put into PATH.  */
static int status_of(void (*look)(int fd), char *said, size_t room, char path[sizeof(PATH)])
{
	int fd = make(path), out[2], status;
	size_t n = 0;
	ssize_t some;

	assert_int_equal(pipe(out), 0);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		(void)dup2(out[1], STDERR_FILENO);
		look(fd);
		_exit(0);
	}
	(void)close(out[1]);
	while (n < room - 1 && (some = read(out[0], said + n, room - 1 - n)) > 0)
		n += (size_t)some;
	said[n] = '\0';
	(void)close(out[0]);
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void look_behind_a_cut(int fd)
{
	struct fh_span first, other;
	int sum = 0;

	if (fh_map_open(fd, 3 * page, &first) != FH_ERR_OK
	    || fh_map_open(fd, 2 * page, &other) != FH_ERR_OK)
		_exit(3);
	fh_map_drop(&other);
	for (size_t i = 0; i < first.n; i++)
		sum += ((const volatile uint8_t *)first.p)[i];
	if (sum != 0 || ftruncate(fd, page) != 0)
		_exit(4);
	sum = ((const volatile uint8_t *)first.p)[2 * page];
	_exit(sum + 5);
}

static void says_which_file_was_cut(void **state)
{
	char said[512], path[sizeof(PATH)], wanted[128];
	int status = status_of(look_behind_a_cut, said, sizeof(said), path);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	(void)snprintf(wanted, sizeof(wanted), "freehold: %s: cannot be read any more", path);
	assert_non_null(strstr(said, wanted));
}

static void look_elsewhere(int fd)
{
	struct fh_span bytes;

	if (fh_map_open(fd, 3 * page, &bytes) != FH_ERR_OK)
		_exit(3);
	fh_map_drop(&bytes);
	(void)raise(SIGBUS);
	_exit(5);
}

static void leaves_other_faults_alone(void **state)
{
	char said[512], path[sizeof(PATH)];
	int status = status_of(look_elsewhere, said, sizeof(said), path);

	(void)state;
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 1); /* the sanitizer exits */
	assert_null(strstr(said, "cannot be read any more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_file_was_cut),
		cmocka_unit_test(leaves_other_faults_alone),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
