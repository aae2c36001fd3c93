/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DATA_KEYS_FIXTURE_H
#define DATA_KEYS_FIXTURE_H

/* The two files of data keys beside a chip in software, opened as a new process would.  Behind
 * cmocka.h.  */
#include <fcntl.h>
#include <unistd.h>

#include "chip/soft.h"
#include "os/memory.h"
#include "role/data_keys.h"

constexpr size_t arena_size = 64 << 20;

struct bench {
	struct fh_arena arena;
	struct fh_chip chip;
	struct fh_trace trace;
	int counter, file[2];
	struct fh_secret root;
	struct fh_data_keys keys;
	void (*tell)(struct bench *b); /* what the chain says, before they are opened; or NULL */
	uint8_t who;                   /* for whom slots are, as TELL takes it */
};

struct made {
	uint8_t name[FH_SEAL_NAME_SIZE];
	struct fh_secret key;
};

static inline int temporary(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static inline void open_chip(struct bench *b)
{
	static const uint8_t boot[32] = { 1 };

	fh_chip_drop(&b->chip);
	assert_int_equal(fh_chip_soft_open(b->counter, boot, &b->arena, &b->trace, &b->chip),
			 FH_ERR_OK);
}

/* As a new process would.  */
static inline fh_err open_again(struct bench *b)
{
	fh_arena_reset(&b->arena);
	open_chip(b);
	fh_data_keys_drop(&b->keys);
	assert_int_equal(fh_data_keys_begin(&b->arena, &b->keys), FH_ERR_OK);
	if (b->tell != nullptr)
		b->tell(b);
	return fh_data_keys_open(&b->keys, &b->chip, b->file[0], b->file[1], &b->root, &b->trace);
}

static inline struct bench *bench_new(void (*tell)(struct bench *b), uint8_t who)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	b->tell = tell;
	b->who = who;
	b->counter = temporary();
	b->file[0] = temporary();
	b->file[1] = temporary();
	b->root = (struct fh_secret){ .bytes = { 9 }, .n = 32 };
	assert_int_equal(fh_arena_map(arena_size, &b->arena), FH_ERR_OK);
	open_chip(b);
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_DATA), FH_ERR_OK);
	assert_int_equal(open_again(b), FH_ERR_OK);
	return b;
}

static inline int tear_down(void **state)
{
	struct bench *b = *state;

	fh_data_keys_drop(&b->keys);
	fh_chip_drop(&b->chip);
	fh_arena_drop(&b->arena);
	(void)close(b->counter);
	(void)close(b->file[0]);
	(void)close(b->file[1]);
	test_free(b);
	return 0;
}

#endif
