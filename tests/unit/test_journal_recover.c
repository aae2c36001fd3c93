/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/recover.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/note.h"
#include "fixture/remove.h"
#include "os/memory.h"

struct bench {
	char directory[48], path[128];
	struct fh_arena arena;
	struct fh_journal journal;
	uint64_t signed_size;
	struct fh_hash signed_root;
	uint64_t signed_end; /* offset behind the last checkpoint */
	struct fh_trace trace;
	uint64_t first, seen; /* of the entries read at the last opening from a point */
};

static fh_err open_with(struct bench *b, const struct fh_journal_visitor *visitor)
{
	static const struct fh_hash chain = { { 1 } }, device = { { 2 } };

	fh_journal_drop(&b->journal);
	fh_arena_reset(&b->arena);
	return fh_journal_open(b->directory, &chain, &device, b->signed_size, &b->signed_root,
			       visitor, &b->arena, &b->journal, &b->trace);
}

static fh_err open_journal(struct bench *b)
{
	return open_with(b, /* visitor= */ nullptr);
}

static void append(struct bench *b, unsigned n)
{
	uint8_t payload[60] = { 0 };

	for (unsigned i = 0; i < n; i++) {
		uint8_t room[FH_LEAF_MAX];
		struct fh_builder leaf = FH_BUILDER_ARRAY(room);
		struct fh_leaf l = { .index = b->journal.tree.size, .kind = FH_ENTRY_STOP,
				     .class = FH_SPAN_LIT("test"),
				     .payload = fh_hash_of(FH_SPAN_ARRAY(payload)) };

		fh_leaf_put(&leaf, &l);
		assert_int_equal(fh_journal_append(&b->journal, fh_builder_span(&leaf),
						   FH_SPAN_ARRAY(payload)), FH_ERR_OK);
	}
	assert_int_equal(fh_journal_sync(&b->journal), FH_ERR_OK);
}

/* A note over the durable tree; nobody checks its signature here.  */
static void put_note(const struct fh_journal *j, struct fh_builder *note)
{
	struct fh_span name = FH_SPAN_LIT("test");
	struct fh_checkpoint c = { name, j->durable.size, fh_tree_root(&j->durable) };

	fh_checkpoint_put_text(note, &c);
	fh_builder_text(note, "\n");
	fh_note_put_signature(note, name, 1, FH_SPAN_LIT("signature"));
}

static void sign(struct bench *b)
{
	uint8_t room[FH_CHECKPOINT_NOTE_MAX];
	struct fh_builder note = FH_BUILDER_ARRAY(room);

	put_note(&b->journal, &note);
	b->signed_size = b->journal.durable.size;
	b->signed_root = fh_tree_root(&b->journal.durable);
	assert_int_equal(fh_journal_checkpoint(&b->journal, fh_builder_span(&note)),
			 FH_ERR_OK);
	b->signed_end = b->journal.offset;
}

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-recover-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	(void)snprintf(b->path, sizeof(b->path), "%s/%020u.fhj", b->directory, 0);
	assert_int_equal(fh_arena_map(32 << 20, &b->arena), FH_ERR_OK);
	assert_int_equal(open_journal(b), FH_ERR_OK);
	append(b, 5);
	sign(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_journal_drop(&b->journal);
	fh_arena_drop(&b->arena);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

static void cut(struct bench *b, uint64_t n)
{
	assert_int_equal(truncate(b->path, (off_t)n), 0);
}

static void write_at(struct bench *b, uint64_t at, struct fh_span s)
{
	int fd = open(b->path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, s.p, s.n, (off_t)at), s.n);
	close(fd);
}

static void goes_on_where_it_stopped(void **state)
{
	struct bench *b = *state;

	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_int_equal(b->journal.durable.size, 5);
	assert_int_equal(b->journal.signed_tree.size, 5);
	assert_int_equal(b->journal.torn, 0);
	append(b, 3);
	sign(b);
	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_int_equal(b->journal.durable.size, 8);
}

static void keeps_all_signed_when_torn_at_any_byte(void **state)
{
	struct bench *b = *state;

	append(b, 4);
	uint64_t end = b->journal.offset;
	uint8_t kept[8192];

	int fd = open(b->path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(pread(fd, kept, sizeof(kept), 0), (ssize_t)end);
	close(fd);
	for (uint64_t n = b->signed_end; n < end; n++) {
		write_at(b, 0, fh_span_of(kept, end));
		cut(b, n);
		assert_int_equal(open_journal(b), FH_ERR_OK);
		assert_int_equal(b->journal.durable.size, 5);
		assert_int_equal(b->journal.torn, n - b->signed_end);
		assert_int_equal(b->journal.offset, b->signed_end);
	}
	/* Whole, but never signed: nobody was told, and nothing was done for it.  */
	fh_journal_drop(&b->journal);
	write_at(b, 0, fh_span_of(kept, end));
	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_int_equal(b->journal.durable.size, 5);
	assert_int_equal(b->journal.torn, end - b->signed_end);
}

static void keeps_all_signed_when_the_tail_is_damaged_at_any_byte(void **state)
{
	struct bench *b = *state;

	append(b, 2);
	uint64_t end = b->journal.offset;
	uint8_t kept[8192];

	int fd = open(b->path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(pread(fd, kept, sizeof(kept), 0), (ssize_t)end);
	close(fd);
	for (uint64_t at = b->signed_end; at < end; at++) {
		kept[at] ^= 0x20;
		write_at(b, 0, fh_span_of(kept, end));
		assert_int_equal(open_journal(b), FH_ERR_OK);
		assert_int_equal(b->journal.durable.size, 5);
		kept[at] ^= 0x20;
	}
}

static void refuses_damage_below_what_was_signed(void **state)
{
	struct bench *b = *state;

	fh_journal_drop(&b->journal);
	write_at(b, 160, FH_SPAN_LIT("\xff\xff"));
	assert_int_not_equal(open_journal(b), FH_ERR_OK);
	assert_string_not_equal(b->trace.what, "");
}

static void refuses_a_record_cut_below_what_was_signed(void **state)
{
	struct bench *b = *state;

	fh_journal_drop(&b->journal);
	cut(b, 300);
	assert_int_not_equal(open_journal(b), FH_ERR_OK);
	/* And leaves the evidence alone.  */
	struct stat st;

	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_size, 300);
}

static void refuses_a_record_that_is_gone(void **state)
{
	struct bench *b = *state;

	fh_journal_drop(&b->journal);
	assert_int_equal(unlink(b->path), 0);
	assert_int_equal(open_journal(b), FH_ERR_CONFLICT);
}

static fh_err read_back(struct bench *b)
{
	int directory = open(b->directory, O_RDONLY | O_DIRECTORY);
	const struct fh_entry_visitor v = { 0 };
	fh_err e = fh_entries_read(directory, (struct fh_place){ 0 }, 0, 1, &v);

	assert_int_equal(close(directory), 0);
	return e;
}

/* Nor is it waited for, or mapped.  */
static void refuses_what_no_segment_can_be(void **state)
{
	struct bench *b = *state;

	fh_journal_drop(&b->journal);
	assert_int_equal(truncate(b->path, FH_SEGMENT_FILE_MAX + 1), 0);
	assert_int_equal(open_journal(b), FH_ERR_LIMIT);
	assert_non_null(strstr(b->trace.what, "larger than a segment can be"));
	assert_int_equal(read_back(b), FH_ERR_LIMIT);
	assert_int_equal(unlink(b->path), 0);
	assert_int_equal(mkfifo(b->path, 0600), 0);
	assert_int_equal(open_journal(b), FH_ERR_FORMAT);
	assert_non_null(strstr(b->trace.what, "is no file"));
	assert_int_equal(read_back(b), FH_ERR_FORMAT);
}

static void refuses_another_root_at_the_signed_size(void **state)
{
	struct bench *b = *state;

	b->signed_root.bytes[0] ^= 1;
	assert_int_equal(open_journal(b), FH_ERR_CONFLICT);
}

static void cuts_zeros_and_garbage_off_the_tail(void **state)
{
	static const uint8_t zeros[4096], garbage[64] = { 0xde, 0xad };
	struct bench *b = *state;

	write_at(b, b->signed_end, FH_SPAN_ARRAY(zeros));
	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_int_equal(b->journal.torn, sizeof(zeros));
	write_at(b, b->signed_end, FH_SPAN_ARRAY(garbage));
	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_int_equal(b->journal.torn, sizeof(garbage));
	assert_int_equal(b->journal.durable.size, 5);
}

static void cuts_batches_that_were_never_signed(void **state)
{
	struct bench *b = *state;

	append(b, FH_BATCH_ENTRIES_MAX);
	append(b, FH_BATCH_ENTRIES_MAX);
	assert_int_equal(open_journal(b), FH_ERR_OK);
	assert_int_equal(b->journal.durable.size, 5);
	append(b, 1);
	struct fh_proof proof;

	assert_int_equal(fh_journal_proof(&b->journal, &proof), FH_ERR_OK);
}

static fh_err count(void *context, const struct fh_leaf *leaf, struct fh_span payload)
{
	struct bench *b = context;

	(void)payload;
	b->first = b->seen == 0 ? leaf->index : b->first;
	b->seen++;
	return FH_ERR_OK;
}

static fh_err open_from(struct bench *b, const struct fh_journal_point *p)
{
	const struct fh_journal_visitor v = { .entry = count, .context = b, .from = p };

	b->seen = 0;
	return open_with(b, &v);
}

static void begins_at_any_point_that_leads_to_what_was_signed(void **state)
{
	struct bench *b = *state;
	struct fh_journal_point p[8], other;
	struct fh_tree tree;

	for (unsigned i = 0; i < 8; i++) {
		append(b, 3 + i);
		if (i % 2 == 0) /* in the middle of a batch being signed */
			assert_int_equal(fh_journal_point(&b->journal, &p[i]), FH_ERR_OK);
		sign(b);
		if (i % 2 == 1)
			assert_int_equal(fh_journal_point(&b->journal, &p[i]), FH_ERR_OK);
		if (i == 4)
			b->journal.offset += FH_SEGMENT_MAX; /* the next one needs a new segment */
	}
	append(b, 1);
	sign(b);
	tree = b->journal.signed_tree;
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(open_from(b, &p[i]), FH_ERR_OK);
		assert_int_equal(b->first, p[i].tree.size);
		assert_int_equal(b->seen, tree.size - p[i].tree.size);
		assert_memory_equal(&b->journal.signed_tree, &tree, sizeof(tree));
		assert_int_equal(b->journal.torn, 0);
		other = p[i];
		other.tree.stack[0].bytes[0] ^= 1;
		assert_int_not_equal(open_from(b, &other), FH_ERR_OK);
		other = p[i];
		other.place.offset += 1;
		assert_int_not_equal(open_from(b, &other), FH_ERR_OK);
		other = p[i];
		other.place.segment += 1;
		assert_int_not_equal(open_from(b, &other), FH_ERR_OK);
	}
	/* And it goes on from there.  */
	assert_int_equal(open_from(b, &p[7]), FH_ERR_OK);
	append(b, 2);
	sign(b);
	assert_int_equal(open_journal(b), FH_ERR_OK);
}

/* A payload is in the tree only by its leaf.  */
static void refuses_a_payload_other_than_its_leaf_says(void **state)
{
	struct bench *b = *state;
	const struct fh_journal_visitor v = { .entry = count, .context = b };
	uint8_t all[4096];

	assert_int_equal(open_with(b, &v), FH_ERR_OK);
	fh_journal_drop(&b->journal);
	int fd = open(b->path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, all, sizeof(all));

	close(fd);
	assert_true(n > 0 && (size_t)n < sizeof(all));
	static const uint8_t payload[60];
	uint8_t *at = memmem(all, (size_t)n, payload, sizeof(payload));

	assert_non_null(at);
	write_at(b, (uint64_t)(at - all) + 30, FH_SPAN_LIT("x"));
	assert_int_equal(open_with(b, &v), FH_ERR_CONFLICT);
}

static void begins_at_no_point_behind_what_was_signed(void **state)
{
	struct bench *b = *state;
	struct fh_journal_point p;

	assert_int_equal(fh_journal_point(&b->journal, &p), FH_ERR_OK);
	assert_int_equal(open_from(b, &p), FH_ERR_FORMAT);
	p.place.offset = 0;
	p.tree.size = 1;
	assert_int_equal(open_from(b, &p), FH_ERR_FORMAT);
	fh_journal_drop(&b->journal);
	assert_int_equal(fh_journal_point(&b->journal, &p), FH_ERR_MISSING);
}

static void proves_that_each_batch_extends_the_last(void **state)
{
	struct bench *b = *state;
	struct fh_proof proof;

	for (unsigned n = 1; n < 40; n++) {
		struct fh_hash old = fh_tree_root(&b->journal.signed_tree), now;

		append(b, n % 7 + 1);
		now = fh_tree_root(&b->journal.durable);
		assert_int_equal(fh_journal_proof(&b->journal, &proof), FH_ERR_OK);
		assert_int_equal(fh_consistency_check(&proof, 0, b->journal.signed_tree.size,
						      b->journal.durable.size, &old, &now),
				 FH_ERR_OK);
		sign(b);
		if (n % 5 == 0)
			assert_int_equal(open_journal(b), FH_ERR_OK);
	}
}

static void refuses_an_append_to_a_full_batch(void **state)
{
	struct bench *b = *state;
	uint8_t leaf[1] = { 0 };

	for (size_t i = 0; i < FH_BATCH_ENTRIES_MAX; i++)
		assert_int_equal(fh_journal_append(&b->journal, FH_SPAN_ARRAY(leaf),
						   FH_SPAN_ARRAY(leaf)), FH_ERR_OK);
	assert_int_equal(fh_journal_append(&b->journal, FH_SPAN_ARRAY(leaf), FH_SPAN_ARRAY(leaf)),
			 FH_ERR_LIMIT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(goes_on_where_it_stopped),
		TEST(keeps_all_signed_when_torn_at_any_byte),
		TEST(keeps_all_signed_when_the_tail_is_damaged_at_any_byte),
		TEST(refuses_damage_below_what_was_signed),
		TEST(refuses_a_record_cut_below_what_was_signed),
		TEST(refuses_a_record_that_is_gone),
		TEST(refuses_what_no_segment_can_be),
		TEST(refuses_another_root_at_the_signed_size),
		TEST(cuts_zeros_and_garbage_off_the_tail),
		TEST(cuts_batches_that_were_never_signed),
		TEST(begins_at_any_point_that_leads_to_what_was_signed),
		TEST(refuses_a_payload_other_than_its_leaf_says),
		TEST(begins_at_no_point_behind_what_was_signed),
		TEST(proves_that_each_batch_extends_the_last),
		TEST(refuses_an_append_to_a_full_batch),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
