/* SPDX-License-Identifier: Apache-2.0 */
/* A gate that takes no more connections keeps nobody else from theirs.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/house.h"

constexpr size_t connections = 400; /* more than a pair of sockets holds */

static struct fh_house house;

/* Never waits: a daemon that hangs must fail the test and not hang it, too.  */
static int open_connection(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", house.socket);
	(void)connect(fd, (struct sockaddr *)&a, sizeof(a));
	return fd;
}

static pid_t await_gate(void)
{
	for (int waited = 0; waited < 10000; waited += 20) {
		pid_t gate = fh_house_role(&house, "gate", "peer", 0);

		if (gate > 0)
			return gate;
		fh_house_sleep(20);
	}
	fail_msg("no gate was started");
	return 0;
}

/* `freehold connect` is another program than this, and so behind another gate.  */
static bool others_are_answered(void)
{
	static struct fh_guest g;
	char line[4096] = "";

	fh_guest_open(&house, "nowhere", &g);
	(void)fh_guest_begin(&g, line, sizeof(line));
	fh_guest_close(&g);
	return strstr(line, "\"error\"") != nullptr;
}

static void a_gate_that_takes_nothing_holds_up_nobody(void **state)
{
	static int fd[connections];

	(void)state;
	fd[0] = open_connection();
	pid_t gate = await_gate();

	assert_int_equal(kill(gate, SIGSTOP), 0);
	for (size_t i = 1; i < connections; i++) {
		fd[i] = open_connection();
		if (i % 20 == 0)
			fh_house_sleep(20); /* for the supervisor to take them */
	}
	assert_true(others_are_answered());
	for (size_t i = 0; i < connections; i++)
		(void)close(fd[i]);
	assert_int_not_equal(kill(gate, 0), 0); /* it was ended */
	assert_true(others_are_answered());
	assert_int_equal(fh_house_stop(&house), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gate_that_takes_nothing_holds_up_nobody),
	};

	if (!fh_house_possible("wedged_gate"))
		return 0;
	fh_house_make(&house);
	fh_house_serve(&house, FH_MASK_NONE);
	int failed = cmocka_run_group_tests(tests, nullptr, nullptr);

	fh_house_drop(&house);
	return failed;
}
