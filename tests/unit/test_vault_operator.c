/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/memory.h"
#include "vault/passphrase.h"

static const struct fh_argon2 cheap = { .memory_kib = 64, .passes = 1, .lanes = 1 };

struct fixture {
	struct fh_operator_key key;
	uint8_t file[FH_OPERATOR_KEY_FILE_MAX];
	size_t n;
	char directory[64];
};

static struct fh_span file_of(const struct fixture *f)
{
	return fh_span_of(f->file, f->n);
}

static int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct fh_builder b = FH_BUILDER_ARRAY(f->file);

	assert_int_equal(fh_operator_key_new(FH_PLACEMENT_OFFLINE, &f->key), FH_ERR_OK);
	assert_int_equal(fh_operator_key_seal(&f->key, FH_SPAN_LIT("a passphrase"), cheap, &b),
			 FH_ERR_OK);
	f->n = b.n;
	memcpy(f->directory, "/tmp/freehold-test-vault-XXXXXX",
	       sizeof("/tmp/freehold-test-vault-XXXXXX"));
	if (mkdtemp(f->directory) == nullptr)
		return -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/key", f->directory);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/link", f->directory);
	(void)unlink(path);
	(void)rmdir(f->directory);
	fh_operator_key_drop(&f->key);
	test_free(f);
	return 0;
}

static void opens_with_its_passphrase_only(void **state)
{
	struct fixture *f = *state;
	FH_OWN(fh_operator_key) k = { 0 };

	assert_int_equal(fh_operator_key_open(file_of(f), FH_SPAN_LIT("another"), &k, nullptr),
			 FH_ERR_SIGNATURE);
	assert_int_equal(fh_operator_key_open(file_of(f), FH_SPAN_LIT("a passphrase"), &k, nullptr),
			 FH_ERR_OK);
	assert_true(fh_hash_equal(&k.public.id, &f->key.public.id));
	assert_true(fh_secret_equal(fh_secret_span(&k.seed), fh_secret_span(&f->key.seed)));
	assert_memory_equal(&k.public.recipient, &f->key.public.recipient, FH_KEM_PUBLIC_SIZE);
}

static void refuses_every_truncation_and_change(void **state)
{
	struct fixture *f = *state;
	FH_OWN(fh_operator_key) k = { 0 };

	for (size_t n = 0; n < f->n; n++)
		assert_int_not_equal(fh_operator_key_open(fh_span_of(f->file, n),
				     FH_SPAN_LIT("a passphrase"), &k, nullptr), FH_ERR_OK);
	for (size_t i = 0; i < f->n; i += i < 128 ? 1 : 37) {
		f->file[i] ^= 1;
		assert_int_not_equal(fh_operator_key_open(file_of(f), FH_SPAN_LIT("a passphrase"),
				     &k, nullptr), FH_ERR_OK);
		f->file[i] ^= 1;
	}
}

static void tells_its_public_part_without_a_passphrase(void **state)
{
	struct fixture *f = *state;
	struct fh_operator_public p;

	assert_int_equal(fh_operator_key_peek(file_of(f), &p, nullptr), FH_ERR_OK);
	assert_true(fh_hash_equal(&p.id, &f->key.public.id));
	assert_int_equal(p.placement, FH_PLACEMENT_OFFLINE);
}

static void a_key_file_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	alignas(16) uint8_t room[2 * FH_OPERATOR_KEY_FILE_MAX];
	struct fh_arena a = fh_arena_of(room, sizeof(room));
	struct fh_span back;
	char path[128], link[128];

	snprintf(path, sizeof(path), "%s/key", f->directory);
	snprintf(link, sizeof(link), "%s/link", f->directory);
	assert_int_equal(fh_operator_key_write(path, nullptr, file_of(f), nullptr), FH_ERR_OK);
	assert_int_equal(fh_operator_key_write(path, nullptr, file_of(f), nullptr), FH_ERR_EXISTS);
	assert_int_equal(fh_operator_key_read(path, nullptr, &a, &back, nullptr), FH_ERR_OK);
	assert_true(fh_span_equal(back, file_of(f)));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(fh_operator_key_read(path, nullptr, &a, &back, nullptr),
			FH_ERR_PERMISSION);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(fh_operator_key_read(link, nullptr, &a, &back, nullptr),
			FH_ERR_PERMISSION);
	/* Nor in the state directory.  */
	assert_int_equal(fh_operator_key_read(path, f->directory, &a, &back, nullptr),
			 FH_ERR_PERMISSION);
	assert_int_equal(fh_operator_key_read(path, "/tmp", &a, &back, nullptr), FH_ERR_PERMISSION);
	assert_int_equal(fh_operator_key_read(path, "/tmp/freehold-no-such", &a, &back, nullptr),
			 FH_ERR_OK);
}

static fh_err passphrase_from(const char *text, bool new, struct fh_passphrase *out)
{
	int pair[2];

	assert_int_equal(pipe(pair), 0);
	assert_int_equal(write(pair[1], text, strlen(text)), (ssize_t)strlen(text));
	close(pair[1]);

	fh_err e = fh_passphrase_read(pair[0], new, out, nullptr);

	close(pair[0]);
	return e;
}

static void a_passphrase_is_one_line(void **state)
{
	FH_OWN(fh_passphrase) p = { .n = 0 };

	(void)state;
	assert_int_equal(passphrase_from("first line\nsecond\n", true, &p), FH_ERR_OK);
	assert_true(fh_span_equal(fh_passphrase_span(&p), FH_SPAN_LIT("first line")));
	assert_int_equal(passphrase_from("no newline", true, &p), FH_ERR_OK);
	assert_int_equal(passphrase_from("", false, &p), FH_ERR_FORMAT);
	assert_int_equal(passphrase_from("short\n", true, &p), FH_ERR_FORMAT);
	assert_int_equal(passphrase_from("short\n", false, &p), FH_ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_with_its_passphrase_only),
		TEST(refuses_every_truncation_and_change),
		TEST(tells_its_public_part_without_a_passphrase),
		TEST(a_key_file_is_for_its_owner_alone),
		TEST(a_passphrase_is_one_line),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
