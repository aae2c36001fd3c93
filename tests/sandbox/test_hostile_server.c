/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile tool servers behind the real daemon: each can spoil its own session
 * and nothing else.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/record.h"

constexpr int answer_ms = 15000;
constexpr int silence_ms = 500;
constexpr int deaf_ms = 30000; /* longer than a worker waits for its server to read */

struct stage {
	struct fh_house house;
	char heard[FH_HOUSE_PATH];
	struct fh_guest guest[3];
	char line[1 << 16];
};

static struct stage stage;

static const char policy[] =
	"@id(\"crew\")\npermit (principal in Team::\"crew\", action in [Action::\"mcp.initialize\","
	" Action::\"mcp.list\", Action::\"wild.do\", Action::\"tame.do\"], resource);\n";
static const char schema[] =
	"@mcp(\"wild/do\")\n"
	"action \"wild.do\" appliesTo { principal: [Actor], resource: [Server] };\n"
	"@mcp(\"tame/do\")\n"
	"action \"tame.do\" appliesTo { principal: [Actor], resource: [Server] };\n";

static void add_server(const char *name, const char *uid, const char *file)
{
	char server[512], heard[FH_HOUSE_PATH];

	fh_house_beside("wild-server", server, sizeof(server));
	fh_house_open_file(&stage.house, file, heard, sizeof(heard));
	const char *const add[] = { "server", "add", name, "--uid", uid, "--gid", uid, "--",
				    server, heard, stage.house.state, nullptr };

	fh_house_sign(&stage.house, add, nullptr, 0);
}

static void furnish(void)
{
	const char *const grant[] = { "actor", "grant", "crew", "--uid", "0", "--group", "crew",
				      nullptr };
	const char *const gone[] = { "server", "add", "gone", "--uid", "65534", "--", "/bin/true",
				     nullptr };

	fh_house_make(&stage.house);
	add_server("wild", "65534", "heard-wild");
	add_server("tame", "65533", "heard-tame");
	(void)snprintf(stage.heard, sizeof(stage.heard), "%.100s/heard-wild", stage.house.root);
	fh_house_sign(&stage.house, gone, nullptr, 0);
	fh_house_policy(&stage.house, policy, schema);
	fh_house_sign(&stage.house, grant, nullptr, 0);
	fh_house_serve(&stage.house, FH_MASK_NONE);
}

static struct fh_guest *begin(size_t i, const char *server)
{
	fh_guest_open(&stage.house, server, &stage.guest[i]);
	assert_true(fh_guest_begin(&stage.guest[i], stage.line, sizeof(stage.line)));
	return &stage.guest[i];
}

static void call(struct fh_guest *g, int id, const char *how)
{
	char arguments[64];

	(void)snprintf(arguments, sizeof(arguments), "{\"how\":\"%s\"}", how);
	fh_guest_call(g, id, "do", arguments);
}

static bool hears(struct fh_guest *g, int ms)
{
	return fh_guest_hear(g, ms, stage.line, sizeof(stage.line));
}

/* The next thing G hears is the answer to ID, and TEXT is in it.  */
static void hears_of(struct fh_guest *g, int id, const char *text)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "\"id\":%d", id);
	assert_true(hears(g, answer_ms));
	if (strstr(stage.line, name) == nullptr || strstr(stage.line, text) == nullptr)
		fail_msg("heard %.300s", stage.line);
}

static void hears_nothing(struct fh_guest *g)
{
	if (hears(g, silence_ms))
		fail_msg("heard %.300s", stage.line);
}

/* Somebody else's session goes on.  */
static void others_are_served(void)
{
	struct fh_guest *g = begin(2, "tame");

	call(g, 900, "plain");
	hears_of(g, 900, "done");
	fh_guest_close(g);
	assert_int_equal(fh_house_health(&stage.house), 200);
}

/* The status of the newest call's outcome.  */
static void recorded_as(const char *status)
{
	char found[64] = "";
	struct fh_seen seen;

	fh_seen_read(&stage.house, &seen);
	for (size_t i = 0; i < seen.n; i++) {
		const char *action = fh_seen_text(&seen, i, FH_FIELD_ACTION);

		if (strstr(action, "wild.do") != nullptr)
			(void)snprintf(found, sizeof(found), "%s", fh_seen_status(&seen, i));
	}
	fh_seen_drop(&seen);
	assert_string_equal(found, status);
}

static bool was_heard(const char *text)
{
	static char bytes[1 << 20];
	FILE *f = fopen(stage.heard, "re");

	assert_non_null(f);
	size_t n = fread(bytes, 1, sizeof(bytes), f);

	(void)fclose(f);
	return memmem(bytes, n, text, strlen(text)) != nullptr;
}

static void comes_to_hear(const char *text)
{
	for (int waited = 0; !was_heard(text); waited += 20) {
		assert_true(waited < answer_ms);
		fh_house_sleep(20);
	}
}

/* --- answers ---------------------------------------------------------------- */

static void it_cannot_answer_for_another_session(void **state)
{
	struct fh_guest *victim = begin(0, "wild"), *liar = begin(1, "wild");

	(void)state;
	call(victim, 5, "silent");
	fh_house_sleep(100);
	call(liar, 6, "forge"); /* answers each id around its own first */
	hears_of(liar, 6, "done");
	hears_nothing(liar);
	hears_nothing(victim);
	fh_guest_close(victim);
	fh_house_sleep(200);
	fh_guest_close(liar);
	others_are_served();
}

static void it_cannot_answer_for_another_server(void **state)
{
	struct fh_guest *victim = begin(0, "tame"), *liar = begin(1, "wild");

	(void)state;
	call(victim, 5, "silent");
	fh_house_sleep(100);
	call(liar, 6, "forge");
	hears_of(liar, 6, "done");
	hears_nothing(victim);
	call(victim, 7, "plain");
	hears_of(victim, 7, "done");
	fh_guest_close(victim);
	fh_guest_close(liar);
}

static void its_second_answer_is_dropped(void **state)
{
	struct fh_guest *g = begin(0, "wild");

	(void)state;
	call(g, 5, "twice");
	hears_of(g, 5, "done");
	hears_nothing(g);
	recorded_as("result");
	call(g, 6, "plain");
	hears_of(g, 6, "done");
	fh_guest_close(g);
}

static void what_nobody_asked_for_is_dropped(void **state)
{
	struct fh_guest *g = begin(0, "wild");

	(void)state;
	call(g, 5, "flood");
	hears_of(g, 5, "done");
	call(g, 6, "nonsense");
	hears_of(g, 6, "done");
	hears_nothing(g);
	fh_guest_close(g);
	others_are_served();
}

static void its_requests_do_not_reach_the_client(void **state)
{
	struct fh_guest *g = begin(0, "wild");

	(void)state;
	call(g, 5, "ask");
	hears_of(g, 5, "done");
	hears_nothing(g);
	assert_true(was_heard("-32601"));
	fh_guest_close(g);
}

/* --- ends -------------------------------------------------------------------- */

static void a_line_without_end_ends_its_session_alone(void **state)
{
	struct fh_guest *g = begin(0, "wild");

	(void)state;
	call(g, 5, "long");
	hears_of(g, 5, "\"isError\":true");
	recorded_as("failed");
	fh_guest_close(g);
	others_are_served();
}

static void its_death_fails_what_it_was_asked(void **state)
{
	struct fh_guest *g = begin(0, "wild");

	(void)state;
	call(g, 5, "silent");
	call(g, 6, "die");
	assert_true(hears(g, answer_ms));
	assert_non_null(strstr(stage.line, "\"isError\":true"));
	assert_true(hears(g, answer_ms));
	assert_non_null(strstr(stage.line, "\"isError\":true"));
	recorded_as("failed");
	fh_guest_close(g);
	others_are_served();
}

static void one_that_ends_at_once_serves_nobody(void **state)
{
	struct fh_guest *g = &stage.guest[0];

	(void)state;
	fh_guest_open(&stage.house, "gone", g);
	assert_false(fh_guest_begin(g, stage.line, sizeof(stage.line)));
	assert_non_null(strstr(stage.line, "\"error\""));
	fh_guest_close(g);
	others_are_served();
}

static void one_that_never_answers_can_be_given_up(void **state)
{
	struct fh_guest *g = begin(0, "wild");

	(void)state;
	call(g, 5, "silent");
	hears_nothing(g);
	fh_guest_say(g, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
		     "\"requestId\":5}}");
	fh_house_sleep(300);
	recorded_as("cancelled");
	assert_true(was_heard("notifications/cancelled"));
	call(g, 6, "plain");
	for (bool own = false; !own;) {
		assert_true(hears(g, answer_ms));
		own = strstr(stage.line, "\"id\":6") != nullptr;
		assert_true(own || strstr(stage.line, "\"id\":5") != nullptr);
	}
	fh_guest_close(g);
}

static void one_that_does_not_read_ends_its_session_alone(void **state)
{
	static char large[120 << 10];
	struct fh_guest *g = begin(0, "wild");
	size_t n = (size_t)snprintf(large, sizeof(large),
				    "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"tools/call\","
				    "\"params\":{\"name\":\"do\",\"arguments\":{\"x\":\"");

	(void)state;
	memset(large + n, 'x', sizeof(large) - n - 8);
	(void)snprintf(large + sizeof(large) - 8, 8, "\"}}}");
	call(g, 5, "deaf");
	comes_to_hear("\"deaf\""); /* or its last read may take what is to fill its pipe */
	fh_guest_say(g, large);
	others_are_served();
	assert_true(hears(g, deaf_ms));
	assert_non_null(strstr(stage.line, "\"isError\":true"));
	assert_true(hears(g, answer_ms));
	recorded_as("failed");
	fh_guest_close(g);
	others_are_served();
}

/* --- what it leaves behind ------------------------------------------------------- */

struct left {
	pid_t near, far; /* in its process group, and in a session of its own */
};

static struct left leaves(struct fh_guest *g, int id)
{
	char *end;

	call(g, id, "leave");
	hears_of(g, id, "left ");
	struct left l = { .near = (pid_t)strtol(strstr(stage.line, "left ") + 5, &end, 10) };

	l.far = (pid_t)strtol(end + strlen(" and "), nullptr, 10);
	assert_true(l.near > 1 && l.far > 1);
	assert_int_equal(kill(l.near, 0), 0);
	assert_int_equal(kill(l.far, 0), 0);
	return l;
}

static void are_gone(struct left l)
{
	for (int waited = 0; kill(l.near, 0) == 0 || kill(l.far, 0) == 0; waited += 20) {
		assert_true(waited < answer_ms);
		fh_house_sleep(20);
	}
}

static void what_it_leaves_ends_with_it(void **state)
{
	struct fh_guest *g = begin(0, "wild");
	struct left l = leaves(g, 5);

	(void)state;
	call(g, 6, "die");
	hears_of(g, 6, "\"isError\":true");
	are_gone(l);
	fh_guest_close(g);
	others_are_served();
}

static void what_it_leaves_ends_with_its_session(void **state)
{
	struct fh_guest *g = begin(0, "wild");
	struct left l = leaves(g, 5);

	(void)state;
	fh_guest_close(g);
	are_gone(l);
	others_are_served();
}

/* --- its surroundings ---------------------------------------------------------- */

static void attacks(struct fh_guest *g, int id, pid_t prey)
{
	char arguments[64];

	assert_true(prey > 0);
	(void)snprintf(arguments, sizeof(arguments), "{\"how\":\"attack\",\"prey\":%d}", prey);
	fh_guest_call(g, id, "do", arguments);
	hears_of(g, id, "refused everything");
}

static void it_reaches_no_other_process(void **state)
{
	struct fh_guest *g = begin(0, "wild");
	const struct fh_house *h = &stage.house;
	pid_t worker = fh_house_role(h, "worker", nullptr, 0);

	(void)state;
	(void)begin(1, "tame");
	attacks(g, 5, worker);
	attacks(g, 6, fh_house_role(h, "worker", nullptr, worker));
	attacks(g, 7, fh_house_role(h, "core", nullptr, 0));
	attacks(g, 8, fh_house_role(h, "keeper", nullptr, 0));
	attacks(g, 9, fh_house_role(h, "reach", nullptr, 0));
	attacks(g, 10, h->serve);
	attacks(g, 11, fh_house_child(fh_house_role(h, "reach", nullptr, 0), "heard-tame"));
	fh_guest_close(&stage.guest[1]);
	fh_guest_close(g);
}

/* The kernel lets processes of one user do much to each other.  */
static void it_reaches_no_other_server_of_its_user(void **state)
{
	struct fh_guest *g = begin(0, "wild");
	pid_t reach = fh_house_role(&stage.house, "reach", nullptr, 0);
	pid_t twin = fh_house_child(reach, "heard-wild");

	(void)state;
	if (syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 6) {
		fh_guest_close(g);
		print_message("# rests on level 6 of Landlock, which this kernel does not have\n");
		skip();
	}
	attacks(begin(1, "wild"), 5, twin);
	call(g, 6, "plain");
	hears_of(g, 6, "done");
	fh_guest_close(&stage.guest[1]);
	fh_guest_close(g);
}

static void it_opens_nothing_of_the_state(void **state)
{
	struct fh_guest *g = begin(0, "wild");

	(void)state;
	call(g, 5, "open");
	hears_of(g, 5, "refused everything");
	fh_guest_close(g);
}

static void the_daemon_ends_in_order_and_leaves_nothing(void **state)
{
	struct left l = leaves(begin(0, "wild"), 5);

	(void)state;
	others_are_served();
	assert_int_equal(fh_house_stop(&stage.house), 0);
	are_gone(l);
	fh_guest_close(&stage.guest[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_cannot_answer_for_another_session),
		cmocka_unit_test(it_cannot_answer_for_another_server),
		cmocka_unit_test(its_second_answer_is_dropped),
		cmocka_unit_test(what_nobody_asked_for_is_dropped),
		cmocka_unit_test(its_requests_do_not_reach_the_client),
		cmocka_unit_test(a_line_without_end_ends_its_session_alone),
		cmocka_unit_test(its_death_fails_what_it_was_asked),
		cmocka_unit_test(one_that_ends_at_once_serves_nobody),
		cmocka_unit_test(one_that_never_answers_can_be_given_up),
		cmocka_unit_test(one_that_does_not_read_ends_its_session_alone),
		cmocka_unit_test(it_reaches_no_other_process),
		cmocka_unit_test(it_reaches_no_other_server_of_its_user),
		cmocka_unit_test(it_opens_nothing_of_the_state),
		cmocka_unit_test(what_it_leaves_ends_with_it),
		cmocka_unit_test(what_it_leaves_ends_with_its_session),
		cmocka_unit_test(the_daemon_ends_in_order_and_leaves_nothing),
	};

	if (!fh_house_possible("hostile_server"))
		return 0;
	furnish();
	int failed = cmocka_run_group_tests(tests, nullptr, nullptr);

	fh_house_drop(&stage.house);
	return failed;
}
