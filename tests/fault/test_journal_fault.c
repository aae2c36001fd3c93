/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th write, sync, open or truncation of the journal fails, for every k:
 * an error is returned, the journal stops for good, and after opening it anew
 * everything that was acknowledged is there.  The linker wraps the calls, which
 * with 64-bit file offsets have 64 in their names.  */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/note.h"
#include "journal/journal.h"
#include "os/memory.h"

/* --- faults ------------------------------------------------------------------ */

struct fault {
	bool armed;
	size_t countdown; /* calls that still pass */
	bool met;
	int error;        /* errno of the failing call; 0: a short write instead */
	int unsynced;     /* descriptor + 1 of what was written last, until it is synced */
	bool left;        /* a file was made while another was not synced */
};

static struct fault *fault(void)
{
	static struct fault f;

	return &f;
}

static bool fails(void)
{
	struct fault *f = fault();

	if (!f->armed || f->countdown-- > 0)
		return false;
	f->armed = false;
	f->met = true;
	errno = f->error;
	return true;
}

ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t at);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_ftruncate64(int fd, off_t n);
int __real_open64(const char *path, int flags, ...);
int __real_openat64(int at, const char *path, int flags, ...);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_ftruncate64(int fd, off_t n);
int __wrap_open64(const char *path, int flags, mode_t mode);
int __wrap_openat64(int at, const char *path, int flags, mode_t mode);

ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
	fault()->unsynced = fd + 1;
	if (!fails())
		return __real_pwrite64(fd, p, n, at);
	if (fault()->error == 0)
		return __real_pwrite64(fd, p, n > 1 ? n / 2 : n, at);
	/* Half of it is there all the same, as after a full disk.  */
	(void)!__real_pwrite64(fd, p, n / 2, at);
	errno = fault()->error;
	return -1;
}

static void synced(int fd)
{
	if (fault()->unsynced == fd + 1)
		fault()->unsynced = 0;
}

int __wrap_fdatasync(int fd)
{
	synced(fd);
	return fails() && fault()->error != 0 ? -1 : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
	synced(fd);
	return fails() && fault()->error != 0 ? -1 : __real_fsync(fd);
}

int __wrap_ftruncate64(int fd, off_t n)
{
	return fails() && fault()->error != 0 ? -1 : __real_ftruncate64(fd, n);
}

int __wrap_open64(const char *path, int flags, mode_t mode)
{
	return fails() && fault()->error != 0 ? -1 : __real_open64(path, flags, mode);
}

int __wrap_openat64(int at, const char *path, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0 && fault()->unsynced != 0)
		fault()->left = true;
	return fails() && fault()->error != 0 ? -1 : __real_openat64(at, path, flags, mode);
}

/* --- a journal ---------------------------------------------------------------- */

struct bench {
	char directory[40];
	struct fh_arena arena;
	struct fh_journal journal;
	uint64_t signed_size;       /* as the keeper remembers */
	struct fh_hash signed_root;
	uint64_t acknowledged;      /* what others were told is there */
	uint64_t seen;              /* entries visited at the last opening */
	bool wrong;                 /* one of them was not what was appended */
};

static void make_directory(struct bench *b)
{
	*b = (struct bench){ 0 };
	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-fault-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	assert_int_equal(fh_arena_map(32 << 20, &b->arena), FH_ERR_OK);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void drop(struct bench *b)
{
	fh_journal_drop(&b->journal);
	fh_arena_drop(&b->arena);
	(void)nftw(b->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct fh_span entry(uint64_t index, uint8_t room[FH_LEAF_MAX])
{
	struct fh_builder b = fh_builder_of(room, FH_LEAF_MAX);
	static const uint8_t payload[100];
	struct fh_leaf l = { .index = index, .kind = FH_ENTRY_STOP, .class = FH_SPAN_LIT("test"),
			     .payload = fh_hash_of(FH_SPAN_ARRAY(payload)) };

	fh_leaf_put(&b, &l);
	return fh_builder_span(&b);
}

static fh_err visit(void *context, const struct fh_leaf *leaf, struct fh_span payload)
{
	struct bench *b = context;

	b->wrong |= leaf->index != b->seen || payload.n != 100;
	b->seen++;
	return FH_ERR_OK;
}

static fh_err open_journal(struct bench *b)
{
	static const struct fh_hash chain = { { 1 } }, device = { { 2 } };
	struct fh_journal_visitor visitor = { visit, b };
	struct fh_trace t = { 0 };

	fh_journal_drop(&b->journal);
	fh_arena_reset(&b->arena);
	b->seen = 0;
	return fh_journal_open(b->directory, &chain, &device, b->signed_size, &b->signed_root,
			       &visitor, &b->arena, &b->journal, &t);
}

/* Append, sync, sign, acknowledge: the order of core and keeper.  */
static fh_err batch(struct bench *b, unsigned n)
{
	uint8_t room[FH_LEAF_MAX], payload[100] = { 0 }, note_room[FH_CHECKPOINT_NOTE_MAX];
	uint8_t signature[1500] = { 0 }; /* nobody checks it here */
	struct fh_builder note = FH_BUILDER_ARRAY(note_room);
	struct fh_span name = FH_SPAN_LIT("test");
	fh_err e = FH_ERR_OK;

	for (unsigned i = 0; i < n && e == FH_ERR_OK; i++)
		e = fh_journal_append(&b->journal, entry(b->journal.tree.size, room),
				      FH_SPAN_ARRAY(payload));
	if (e == FH_ERR_OK)
		e = fh_journal_sync(&b->journal);
	if (e != FH_ERR_OK)
		return e;
	b->signed_size = b->journal.durable.size;
	b->signed_root = fh_tree_root(&b->journal.durable);
	b->acknowledged = b->signed_size;
	struct fh_checkpoint c = { name, b->signed_size, b->signed_root };

	fh_checkpoint_put_text(&note, &c);
	fh_builder_text(&note, "\n");
	fh_note_put_signature(&note, name, 1, FH_SPAN_ARRAY(signature));
	return fh_journal_checkpoint(&b->journal, fh_builder_span(&note));
}

/* Everything a journal does in its life.  */
static fh_err live(struct bench *b)
{
	fh_err e = open_journal(b);

	if (e == FH_ERR_OK)
		e = batch(b, 3);
	if (e == FH_ERR_OK)
		e = batch(b, 5);
	if (e == FH_ERR_OK) {
		/* The segment counts as full: a new one begins.  */
		b->journal.offset += FH_SEGMENT_MAX;
		e = batch(b, 2);
	}
	if (e == FH_ERR_OK)
		e = batch(b, 1);
	return e;
}

/* A torn tail, so that opening has something to cut off.  */
static void tear(struct bench *b)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%020u.fhj", b->directory, 8);
	int fd = __real_open64(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return;
	assert_int_equal(write(fd, "\2\0\0\1\0torn", 9), 9);
	(void)close(fd);
}

static void arm(size_t k, int error)
{
	*fault() = (struct fault){ .armed = true, .countdown = k, .error = error };
}

static void stopped_for_good(struct bench *b)
{
	uint8_t room[FH_LEAF_MAX];

	if (!b->journal.stopped)
		return;
	assert_int_equal(fh_journal_append(&b->journal, entry(0, room), (struct fh_span){ 0 }),
			 FH_ERR_STATE);
	assert_int_equal(fh_journal_sync(&b->journal), FH_ERR_STATE);
	assert_int_equal(fh_journal_checkpoint(&b->journal, (struct fh_span){ 0 }), FH_ERR_STATE);
}

static void all_acknowledged_is_there(struct bench *b)
{
	*fault() = (struct fault){ 0 };
	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_false(b->wrong);
	assert_true(b->seen >= b->acknowledged);
	assert_int_equal(b->seen, b->journal.durable.size);
	/* And it goes on from there.  */
	assert_int_equal(batch(b, 4), FH_ERR_OK);
	uint64_t size = b->signed_size;

	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_int_equal(b->journal.durable.size, size);
}

static size_t fail_each_call_of_a_life(int error)
{
	struct bench b;

	for (size_t k = 0;; k++) {
		make_directory(&b);
		arm(k, error);
		fh_err e = live(&b);
		bool met = fault()->met;

		fault()->armed = false;
		if (met && error != 0) {
			assert_int_not_equal(e, FH_ERR_OK);
			stopped_for_good(&b);
		} else {
			assert_int_equal(e, FH_ERR_OK);
		}
		all_acknowledged_is_there(&b);
		drop(&b);
		if (!met)
			return k;
	}
}

static void loses_nothing_when_any_call_fails(void **state)
{
	(void)state;
	assert_true(fail_each_call_of_a_life(EIO) > 20);
}

static void loses_nothing_on_a_full_disk(void **state)
{
	(void)state;
	assert_true(fail_each_call_of_a_life(ENOSPC) > 20);
}

static void continues_short_writes(void **state)
{
	(void)state;
	assert_true(fail_each_call_of_a_life(0) > 20);
}

static void loses_nothing_when_recovery_fails(void **state)
{
	struct bench b;
	bool met = true;

	(void)state;
	for (size_t k = 0; met; k++) {
		make_directory(&b);
		*fault() = (struct fault){ 0 };
		assert_int_equal(live(&b), FH_ERR_OK);
		fh_journal_drop(&b.journal);
		tear(&b);
		arm(k, EIO);
		fh_err e = open_journal(&b);

		met = fault()->met;
		if (met)
			assert_int_not_equal(e, FH_ERR_OK);
		else
			assert_int_equal(b.journal.torn, 9);
		all_acknowledged_is_there(&b);
		drop(&b);
	}
}

/* A checkpoint is not synced, since it can be signed again; but when another segment is there the
 * end of its own must not be torn.  */
static void a_segment_is_whole_before_the_next_one_is_there(void **state)
{
	struct bench b;

	(void)state;
	make_directory(&b);
	*fault() = (struct fault){ 0 };
	assert_int_equal(live(&b), FH_ERR_OK);
	assert_int_not_equal(b.journal.segment_first, 0);
	fh_journal_turn(&b.journal); /* as when it is to be pruned */
	assert_int_equal(batch(&b, 1), FH_ERR_OK);
	assert_int_equal(b.journal.segment_first, b.signed_size - 1);
	assert_false(fault()->left);
	drop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loses_nothing_when_any_call_fails),
		cmocka_unit_test(loses_nothing_on_a_full_disk),
		cmocka_unit_test(continues_short_writes),
		cmocka_unit_test(loses_nothing_when_recovery_fails),
		cmocka_unit_test(a_segment_is_whole_before_the_next_one_is_there),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
