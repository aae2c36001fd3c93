/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/chain_files.h"

struct place {
	char top[64], path[96];
};

static int set_up(void **state)
{
	struct place *p = test_calloc(1, sizeof(*p));

	memcpy(p->top, "/tmp/freehold-test-store-XXXXXX",
	       sizeof("/tmp/freehold-test-store-XXXXXX"));
	if (mkdtemp(p->top) == nullptr)
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/state", p->top);
	*state = p;
	return 0;
}

static int drop_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int tear_down(void **state)
{
	struct place *p = *state;

	(void)nftw(p->top, drop_one, 8, FTW_DEPTH | FTW_PHYS);
	test_free(p);
	return 0;
}

static void write_format(const struct place *p, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/format", p->path);

	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void makes_a_closed_directory_once(void **state)
{
	struct place *p = *state;
	FH_OWN(fh_store) s = { 0 };
	struct stat st;
	char path[128];

	assert_int_equal(fh_store_open(p->path, &s, nullptr), FH_ERR_MISSING);
	assert_int_equal(fh_store_create(p->path, &s, nullptr), FH_ERR_OK);
	assert_int_equal(fh_store_create(p->path, &s, nullptr), FH_ERR_EXISTS);
	assert_int_equal(fh_store_open(p->path, &s, nullptr), FH_ERR_OK);
	snprintf(path, sizeof(path), "%s/keys", p->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void refuses_other_formats_by_name(void **state)
{
	struct place *p = *state;
	FH_OWN(fh_store) s = { 0 };
	struct fh_trace t = { 0 };

	assert_int_equal(fh_store_create(p->path, &s, nullptr), FH_ERR_OK);
	write_format(p, "freehold 4\n");
	assert_int_equal(fh_store_open(p->path, &s, &t), FH_ERR_VERSION);
	assert_non_null(strstr(t.what, "format 4"));
	write_format(p, "freehold 1");
	assert_int_equal(fh_store_open(p->path, &s, nullptr), FH_ERR_FORMAT);
	write_format(p, "something\n");
	assert_int_equal(fh_store_open(p->path, &s, nullptr), FH_ERR_FORMAT);
	write_format(p, "freehold 1\n");
	assert_int_equal(chmod(p->path, 0750), 0);
	assert_int_equal(fh_store_open(p->path, &s, nullptr), FH_ERR_PERMISSION);
}

static void only_one_process_has_the_lock(void **state)
{
	struct place *p = *state;
	FH_OWN(fh_store) s = { 0 };
	FH_OWN(fh_store) other = { 0 };
	struct fh_trace t = { 0 };
	char pid[32];

	assert_int_equal(fh_store_create(p->path, &s, nullptr), FH_ERR_OK);
	assert_int_equal(fh_store_open(p->path, &other, nullptr), FH_ERR_OK);
	assert_int_equal(fh_store_lock(&s, nullptr), FH_ERR_OK);
	assert_int_equal(fh_store_lock(&other, &t), FH_ERR_LOCKED);
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_non_null(strstr(t.what, pid));
	fh_store_drop(&s);
	assert_int_equal(fh_store_lock(&other, nullptr), FH_ERR_OK);
}

static void files_are_never_overwritten(void **state)
{
	struct place *p = *state;
	FH_OWN(fh_store) s = { 0 };

	assert_int_equal(fh_store_create(p->path, &s, nullptr), FH_ERR_OK);
	assert_int_equal(fh_store_put(&s, "keys/x", FH_SPAN_LIT("one"), nullptr), FH_ERR_OK);
	assert_int_equal(fh_store_put(&s, "keys/x", FH_SPAN_LIT("two"), nullptr), FH_ERR_EXISTS);
}

static void knows_its_chain_files(void **state)
{
	uint64_t sequence;

	(void)state;
	assert_true(fh_chain_file_is("00000012-0123456789abcdef.fhs", &sequence));
	assert_int_equal(sequence, 12);
	assert_false(fh_chain_file_is("00000012-0123456789ABCDEF.fhs", &sequence));
	assert_false(fh_chain_file_is(".00000012-0123456789abcdef.fhs.77", &sequence));
	assert_false(fh_chain_file_is("0000012-0123456789abcdef.fhs", &sequence));
	assert_false(fh_chain_file_is("", &sequence));
}

static void loads_the_chain_it_has_stored(void **state)
{
	struct place *p = *state;
	FH_OWN(fh_store) s = { 0 };
	struct fh_trace t = { 0 };
	void *inner = nullptr;

	assert_int_equal(fixture_set_up(&inner), 0);

	struct fixture *f = inner;
	struct fh_span genesis = fixture_genesis(f, 1, 1, 1);

	assert_int_equal(fh_store_create(p->path, &s, nullptr), FH_ERR_OK);
	fixture_must(f, genesis);

	struct fh_span actor = fixture_next(f, "actor", fixture_actor(f, "a", 1, nullptr), 1);

	assert_int_equal(fh_chain_file_add(&s, actor, nullptr), FH_ERR_OK);
	fixture_begin(f);
	assert_int_equal(fh_chain_files_load(&s, &f->chain, &f->memory, &f->scratch, &t),
			 FH_ERR_MISSING); /* genesis is not there */
	assert_non_null(strstr(t.where, "00000001-"));
	assert_int_equal(fh_chain_file_add(&s, genesis, nullptr), FH_ERR_OK);
	assert_int_equal(fh_chain_file_add(&s, genesis, nullptr), FH_ERR_EXISTS);
	fixture_begin(f);
	assert_int_equal(fh_chain_files_load(&s, &f->chain, &f->memory, &f->scratch, nullptr),
			 FH_ERR_OK);
	assert_non_null(fh_chain_actor(&f->chain, FH_SPAN_LIT("a")));
	fixture_tear_down(&inner);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_a_closed_directory_once),
		TEST(refuses_other_formats_by_name),
		TEST(only_one_process_has_the_lock),
		TEST(files_are_never_overwritten),
		TEST(knows_its_chain_files),
		TEST(loads_the_chain_it_has_stored),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
