/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_RECORD_FIXTURE_H
#define FH_TESTS_RECORD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "fixture/checked.h"
#include "fixture/maker.h"
#include "fixture/remove.h"

/* A record in a directory of its own, and a verifier that is run over it.  */

struct bench {
	char directory[32];
	struct fh_maker maker;
	struct fh_checked checked;
	struct fh_record_options options;
};

static inline int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-verify-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	fh_maker_begin(&b->maker, b->directory);
	fh_checked_begin(&b->checked);
	*state = b;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *b = *state;

	fh_maker_end(&b->maker);
	fh_checked_end(&b->checked);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

/* For the next of several records in one test.  */
static inline struct bench *afresh(void **state)
{
	assert_int_equal(tear_down(state), 0);
	assert_int_equal(set_up(state), 0);
	return *state;
}

static inline struct fh_record_check *run(struct bench *b)
{
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_OK);
	return &b->checked.check;
}

static inline enum fh_answer answer(struct bench *b, enum fh_aspect q)
{
	return fh_finding_answer(&run(b)->finding, q);
}

static inline void refused_as(struct bench *b, const char *code)
{
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_NO);
	assert_string_equal(fh_checked_why(&b->checked), code);
}

#endif
