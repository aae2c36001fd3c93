/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that wait: each goes when it is due, and what does not fit is not lost.  */
#include "role/held.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

constexpr size_t cap = 128;    /* of what waits: five frames of 8 bytes */
constexpr size_t size = 8;
constexpr size_t fit = cap / (size + 12);

static uint8_t memory[4096];
static struct fh_arena arena;
static struct fh_held held;
static struct fh_outbox out;

static int set_up(void **state)
{
	(void)state;
	arena = fh_arena_of(memory, sizeof(memory));
	if (fh_held_open(cap, &arena, &held) != FH_ERR_OK)
		return -1;
	return fh_outbox_open(1024, &arena, &out) == FH_ERR_OK ? 0 : -1;
}

static struct fh_span frame(uint8_t name)
{
	static uint8_t bytes[size];

	for (size_t i = 0; i < size; i++)
		bytes[i] = name;
	return FH_SPAN_ARRAY(bytes);
}

static fh_err put(char name, uint64_t due_ms)
{
	return fh_held_put(&held, frame((uint8_t)name), due_ms);
}

/* What is in the outbox, a letter for each frame, and takes it out.  */
static const char *came(void)
{
	static char names[64];
	size_t n = 0;

	for (size_t at = out.from; at < out.n; at += 4 + size) {
		assert_int_equal(out.p[at + 3], size);
		assert_int_equal(out.p[at + 4], out.p[at + 4 + size - 1]);
		names[n++] = (char)out.p[at + 4];
	}
	names[n] = '\0';
	out.from = out.released = out.n;
	return names;
}

static void each_goes_when_it_is_due(void **state)
{
	(void)state;
	assert_int_equal(held.due_ms, UINT64_MAX);
	assert_int_equal(put('a', 30), FH_ERR_OK);
	assert_int_equal(put('b', 10), FH_ERR_OK);
	assert_int_equal(put('c', 20), FH_ERR_OK);
	assert_int_equal(put('d', 10), FH_ERR_OK);
	assert_int_equal(held.due_ms, 10);
	fh_held_move(&held, 9, &out);
	assert_string_equal(came(), "");
	fh_held_move(&held, 10, &out);
	assert_string_equal(came(), "bd");
	assert_int_equal(held.due_ms, 20);
	fh_held_move(&held, 40, &out);
	assert_string_equal(came(), "ac");
	assert_int_equal(held.due_ms, UINT64_MAX);
	fh_held_move(&held, UINT64_MAX, &out);
	assert_string_equal(came(), "");
}

static void what_has_no_room_is_refused_and_there_is_room_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < fit; i++)
		assert_int_equal(put((char)('a' + i), 10 + i), FH_ERR_OK);
	assert_int_equal(put('x', 1), FH_ERR_FULL);
	assert_int_equal(held.due_ms, 10);
	fh_held_move(&held, 11, &out);
	assert_string_equal(came(), "ab");
	assert_int_equal(put('y', 5), FH_ERR_OK);
	assert_int_equal(put('z', 6), FH_ERR_OK);
	assert_int_equal(put('x', 1), FH_ERR_FULL);
	fh_held_move(&held, UINT64_MAX, &out);
	assert_int_equal(came()[0], 'c');
	assert_int_equal(held.n, 0);
}

/* Over and over, so that what is gone lies before, between and behind what waits.  */
static void none_is_lost_or_told_twice(void **state)
{
	uint64_t next = 0;
	size_t inside = 0, moved = 0, taken = 0;

	(void)state;
	for (uint64_t now = 1; now < 10000; now++) {
		if (put((char)('a' + now % 26), now + (now * 7 + next) % 11) == FH_ERR_OK)
			taken++;
		fh_held_move(&held, now, &out);
		for (const char *s = came(); *s != '\0'; s++)
			moved++;
		inside = taken - moved;
		assert_true(inside <= fit);
		assert_true(held.due_ms > now);
		next = now * now;
	}
	fh_held_move(&held, UINT64_MAX, &out);
	for (const char *s = came(); *s != '\0'; s++)
		moved++;
	assert_int_equal(moved, taken);
	assert_true(taken > 1000);
}

static void what_the_outbox_does_not_take_stays(void **state)
{
	struct fh_outbox small;

	(void)state;
	assert_int_equal(fh_outbox_open(2 * (4 + size), &arena, &small), FH_ERR_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(put((char)('a' + i), 10), FH_ERR_OK);
	fh_held_move(&held, 10, &small);
	assert_int_equal(small.n, 2 * (4 + size));
	assert_int_equal(held.due_ms, 10);
	fh_held_move(&held, 10, &out);
	assert_string_equal(came(), "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_goes_when_it_is_due, set_up),
		cmocka_unit_test_setup(what_has_no_room_is_refused_and_there_is_room_again, set_up),
		cmocka_unit_test_setup(none_is_lost_or_told_twice, set_up),
		cmocka_unit_test_setup(what_the_outbox_does_not_take_stays, set_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
