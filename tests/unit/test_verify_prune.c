/* SPDX-License-Identifier: Apache-2.0 */
/* Segments written anew without what was shredded: the same tree, and for each stub an entry that
 * ended its key and one that was signed for it.  */
#include "shred_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "entry/pruned.h"
#include "journal/prune.h"

static uint8_t batch_room[FH_BATCH_MAX];
static struct fh_shredded_key ended[1];

/* What a reader of the record would have found: that BY ended the maker's key; 0: nothing.  */
static struct fh_shredded shredded_by(uint64_t by)
{
	ended[0] = (struct fh_shredded_key){ .by = by };
	memcpy(ended[0].name, shredded_name, sizeof(shredded_name));
	return (struct fh_shredded){ .key = ended, .n = by > 0, .cap = 1 };
}

/* Nine entries that are sealed, a state entry that carries the fold, and the end of their key if
 * SHREDDED; then the segment ends.  Returns the state entry.  */
static uint64_t make(struct bench *b, struct fh_builder *openings, bool shredded)
{
	begin(b, "3200s", openings);
	uint64_t carrying = b->maker.journal.tree.size;

	state_entry(b, carrying, /* carries= */ true);
	wait_s(b, 3200);
	if (shredded)
		shred(b, "3200s", period_of("3200s"), 0, 1);
	fh_journal_turn(&b->maker.journal);
	assert_true(fh_journal_is_closed(&b->maker.journal, 0));
	return carrying;
}

/* Writes the first segment anew for those that lie before STATE; *P holds what it came to.  */
static fh_err write_anew(struct bench *b, uint64_t state, uint64_t by, struct fh_pruning *p)
{
	struct fh_shredded all = shredded_by(by);
	int directory = fh_fd_get(b->maker.journal.directory);
	bool done = false;
	fh_err e = fh_pruning_begin(directory, 0, state, &all, FH_SPAN_ARRAY(batch_room),
				    /* write= */ true, p);

	while (e == FH_ERR_OK && !done)
		e = fh_pruning_step(p, 1, &done);
	return e;
}

static struct fh_prune prune_of(const struct fh_pruning *p)
{
	struct fh_stubs_sum sum = fh_stubs_sum(&p->stubs);

	return (struct fh_prune){ p->first, p->next, p->state, sum.n, sum.names };
}

static void say(struct bench *b, const struct fh_prune *p)
{
	uint8_t room[FH_PRUNE_MAX];
	struct fh_builder d = FH_BUILDER_ARRAY(room);
	struct fh_fields f = { .n = 1 };

	fh_prune_put(&d, p);
	f.field[0] = (struct fh_field){ .id = FH_FIELD_DETAIL, .value = fh_builder_span(&d) };
	(void)fh_maker_entry(&b->maker, FH_ENTRY_PRUNE, &f);
	fh_maker_sync(&b->maker);
	fh_maker_checkpoint(&b->maker);
}

static void put_in_place(struct fh_pruning *p)
{
	assert_int_equal(fh_pruning_replace(p, /* tiles= */ nullptr), FH_ERR_OK);
	fh_pruning_drop(p);
}

/* Pruned, with all that it takes.  */
static void prune(struct bench *b, struct fh_builder *openings)
{
	uint64_t carrying = make(b, openings, /* shredded= */ true);
	struct fh_pruning p;

	assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_OK);
	const struct fh_prune said = prune_of(&p);

	assert_int_equal(said.stubs, 9);
	assert_int_equal(p.fresh, 9);
	say(b, &said);
	put_in_place(&p);
}

static uint64_t bytes_of(const struct bench *b)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%020d.fhj", b->directory, 0);
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

/* S is a stub, of which the openings CONTEXT hold all.  */
static fh_err is_opened(void *context, const struct fh_stored *s)
{
	struct fh_sealed sealed;
	struct fh_fields f;
	struct fh_leaf leaf;
	bool closed;

	assert_int_equal(fh_leaf_read(s->leaf, &leaf), FH_ERR_OK);
	assert_int_equal(fh_sealed_read(s->payload, &sealed), FH_ERR_OK);
	assert_true(sealed.pruned);
	assert_int_equal(fh_opened_fields(context, &leaf, s->payload, &f, &closed), FH_ERR_OK);
	assert_false(closed);
	return FH_ERR_OK;
}

static void what_is_pruned_leaves_the_record_as_it_was(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_opened opened;
	struct fh_pruning p;
	uint64_t carrying = make(b, &openings, /* shredded= */ true);

	assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_OK);
	const struct fh_prune said = prune_of(&p);

	say(b, &said);
	struct fh_record_check *c = run(b);
	const struct fh_hash before = fh_tree_root(&c->tree);
	uint64_t bytes = bytes_of(b), freed = p.freed;

	/* The entry that says so changes nothing as long as it is not done.  */
	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(c->counts.pruned, 0);
	put_in_place(&p);
	assert_int_equal(bytes_of(b), bytes - freed);
	c = run(b);
	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(c->counts.pruned, 9);
	assert_int_equal(c->counts.erased, 9);
	struct fh_hash after = fh_tree_root(&c->tree);

	assert_true(fh_hash_equal(&before, &after));
	/* What somebody opened of it before still leads to its leaves.  */
	const struct fh_entry_visitor v = { is_opened, &opened };

	assert_int_equal(fh_opened_begin(fh_builder_span(&openings), &opened), FH_ERR_OK);
	assert_int_equal(fh_entries_read(fh_fd_get(b->maker.journal.directory),
					 (struct fh_place){ 0 }, carrying - 9, carrying, &v),
			 FH_ERR_OK);
}

static void what_is_behind_the_state_entry_stays(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_pruning p;
	uint64_t carrying = make(b, &openings, /* shredded= */ true);

	assert_int_equal(write_anew(b, carrying - 4, carrying + 1, &p), FH_ERR_OK);
	assert_int_equal(p.fresh, 5);
	fh_pruning_drop(&p);
	/* And what no shred entry ended.  */
	assert_int_equal(write_anew(b, carrying, 0, &p), FH_ERR_OK);
	assert_int_equal(p.fresh, 0);
	assert_int_equal(p.freed, 0);
	fh_pruning_drop(&p);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.pruned, 0);
}

static void a_stub_that_no_prune_entry_tells_of_is_missing(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_pruning p;
	uint64_t carrying = make(b, &openings, /* shredded= */ true);

	assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_OK);
	put_in_place(&p);
	refused_as(b, "missing");
	assert_non_null(strstr(b->checked.check.finding.reason[0].why.where, "entry 5"));
}

static void a_stub_whose_key_did_not_end_is_missing(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_pruning p;
	uint64_t carrying = make(b, &openings, /* shredded= */ false);

	assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_OK);
	const struct fh_prune said = prune_of(&p);

	say(b, &said);
	put_in_place(&p);
	refused_as(b, "missing");
	assert_non_null(strstr(b->checked.check.finding.reason[0].why.what, "no shred entry"));
}

static void a_prune_entry_is_about_its_stubs_alone(void **state)
{
	for (int i = 0; i < 5; i++) {
		struct bench *b = *state;
		struct fh_builder openings;
		struct fh_pruning p;
		uint64_t carrying = make(b, &openings, /* shredded= */ true);

		assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_OK);
		struct fh_prune said = prune_of(&p);

		said.names.bytes[7] ^= i == 0;
		said.stubs -= i == 1;
		said.end -= i == 2;
		said.first += i == 3;
		said.state -= i == 4;
		say(b, &said);
		put_in_place(&p);
		refused_as(b, "missing");
		(void)afresh(state);
	}
}

static void a_prune_entry_is_behind_what_it_speaks_of(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_prune p = { .first = 0, .state = make(b, &openings, true), .stubs = 1 };

	p.end = b->maker.journal.tree.size + 1;
	say(b, &p);
	refused_as(b, "prune");
	b = afresh(state);
	/* And behind the state entry that it names.  */
	p.state = make(b, &openings, /* shredded= */ true) + 1;
	p.end = b->maker.journal.tree.size;
	say(b, &p);
	refused_as(b, "prune");
	b = afresh(state);
	begin(b, "3200s", &openings);
	p = (struct fh_prune){ .first = 0, .end = b->maker.journal.tree.size, .state = 1,
			       .stubs = 1 };
	say(b, &p);
	refused_as(b, "prune");
	b = afresh(state);
	begin(b, "3200s", &openings);
	struct fh_fields f = { 0 };

	(void)fh_maker_entry(&b->maker, FH_ENTRY_PRUNE, &f);
	fh_maker_sync(&b->maker);
	fh_maker_checkpoint(&b->maker);
	refused_as(b, "prune");
}

static void nothing_is_pruned_while_everything_is_held(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings, body;
	struct fh_pruning p;
	uint8_t room[256];
	uint64_t carrying = make(b, &openings, /* shredded= */ true);
	const struct fh_hold_body h = { .name = FH_SPAN_LIT("everything") };

	assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_OK);
	const struct fh_prune said = prune_of(&p);

	fh_pruning_drop(&p);
	body = FH_BUILDER_ARRAY(room);
	fh_hold_put(&body, &h);
	fh_maker_accept(&b->maker, "hold", fh_builder_span(&body));
	say(b, &said);
	refused_as(b, "prune");
}

static void more_is_pruned_later(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_pruning p;
	uint64_t carrying = make(b, &openings, /* shredded= */ true);

	for (uint64_t before = carrying - 4; before <= carrying; before += 4) {
		assert_int_equal(write_anew(b, before, carrying + 1, &p), FH_ERR_OK);
		const struct fh_prune said = prune_of(&p);

		assert_int_equal(said.stubs, before == carrying ? 9 : 5);
		assert_int_equal(p.fresh, before == carrying ? 4 : 5);
		say(b, &said);
		assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
		put_in_place(&p);
		assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
		assert_int_equal(b->checked.check.counts.pruned, said.stubs);
	}
}

/* Adds BY to the byte at OFFSET of the first segment.  */
static void alter(const struct bench *b, uint64_t offset, int by)
{
	char path[128];
	uint8_t byte;

	(void)snprintf(path, sizeof(path), "%s/%020d.fhj", b->directory, 0);
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
	byte = (uint8_t)(byte + by);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
	assert_int_equal(close(fd), 0);
}

static void damage_is_not_covered_up(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_pruning p;
	uint64_t carrying = make(b, &openings, /* shredded= */ true);
	char path[128];

	for (uint64_t at = 0; at < bytes_of(b); at += 97) {
		alter(b, at, 1);
		fh_err e = write_anew(b, carrying, carrying + 1, &p);

		fh_pruning_drop(&p);
		alter(b, at, -1);
		/* Of leaves and of checkpoints the tree tells; and they are copied as they are.  */
		assert_true(e == FH_ERR_CONFLICT || e == FH_ERR_OK);
	}
	/* In the middle of what is sealed: between the ninth and what follows it.  */
	(void)snprintf(path, sizeof(path), "%s/%020d.fhj", b->directory, 0);
	fh_checked_load(&b->checked, b->directory);
	uint8_t *name = memmem(b->checked.bytes[0], b->checked.n[0], "\x82\x01\x81\x83\x50", 5);

	assert_non_null(name);
	alter(b, (uint64_t)(name - b->checked.bytes[0]) + 120, 1);
	assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_CONFLICT);
	fh_pruning_drop(&p);
	refused_as(b, "payload");
}

static void a_stub_is_none_of_what_is_public(void **state)
{
	static const uint8_t stub[] = { 0x82, 2, 0x81, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					0, 0, 0 };
	struct fh_leaf leaf = { .class = FH_SPAN_LIT("3200s") };
	struct fh_sealed s;

	(void)state;
	assert_true(fh_payload_fits(&leaf, FH_SPAN_ARRAY(stub)));
	assert_int_equal(fh_sealed_read(FH_SPAN_ARRAY(stub), &s), FH_ERR_OK);
	assert_true(s.pruned);
	leaf.class = FH_SPAN_LIT(FH_CLASS_PUBLIC);
	assert_false(fh_payload_fits(&leaf, FH_SPAN_ARRAY(stub)));
	leaf.class = FH_SPAN_LIT("3200s");
	for (size_t n = 0; n < sizeof(stub); n++)
		assert_false(fh_payload_fits(&leaf, fh_span_of(stub, n)));
}

static fh_err count(void *context, const struct fh_leaf *leaf, struct fh_span payload)
{
	struct fh_sealed s;

	if (fh_sealed_read(payload, &s) == FH_ERR_OK && s.pruned)
		(*(unsigned *)context)++;
	return leaf->kind == FH_ENTRY_KINDS ? FH_ERR_STATE : FH_ERR_OK;
}

static void a_start_reads_it(void **state)
{
	struct bench *b = *state;
	struct fh_maker *m = &b->maker;
	struct fh_builder openings;
	unsigned stubs = 0;
	const struct fh_journal_visitor v = { .entry = count, .context = &stubs };
	struct fh_trace t = { 0 };

	prune(b, &openings);
	fh_journal_drop(&m->journal);
	assert_int_equal(fh_journal_open(b->directory, &m->chain_id, &m->device_id, m->signed_size,
					 &m->signed_root, &v, &m->arena, &m->journal, &t),
			 FH_ERR_OK);
	assert_int_equal(stubs, 9);
	fh_maker_batch(m, 4);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.pruned, 9);
}

static void what_was_begun_is_removed(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_pruning p;
	uint64_t carrying = make(b, &openings, /* shredded= */ true);
	int directory = fh_fd_get(b->maker.journal.directory);
	struct stat st;

	assert_int_equal(write_anew(b, carrying, carrying + 1, &p), FH_ERR_OK);
	assert_int_equal(fstatat(directory, "pruned.new", &st, 0), 0);
	assert_int_equal(fh_pruning_clean(directory), FH_ERR_OK);
	assert_int_not_equal(fstatat(directory, "pruned.new", &st, 0), 0);
	assert_int_equal(fh_pruning_clean(directory), FH_ERR_OK);
	fh_pruning_drop(&p);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static fh_err note_index(void *context, const struct fh_stored *s)
{
	struct fh_leaf leaf;

	assert_int_equal(fh_leaf_read(s->leaf, &leaf), FH_ERR_OK);
	*(uint64_t *)context = leaf.index;
	return FH_ERR_OK;
}

static void entries_are_found_across_the_segment_that_it_began(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	uint64_t first = make(b, &openings, /* shredded= */ true) + 2, last = first + 8, seen = 0;
	const struct fh_entry_visitor v = { note_index, &seen };

	fh_maker_batch(&b->maker, 4);
	fh_maker_batch(&b->maker, 4);
	assert_int_equal(b->maker.journal.segment_first, first);
	for (uint64_t i = 0; i < last; i++) {
		assert_int_equal(fh_entries_read(fh_fd_get(b->maker.journal.directory),
						 (struct fh_place){ 0 }, i, i + 1, &v), FH_ERR_OK);
		assert_int_equal(seen, i);
	}
	assert_int_not_equal(fh_entries_read(fh_fd_get(b->maker.journal.directory),
					     (struct fh_place){ 0 }, last, last + 1, &v),
			     FH_ERR_OK);
}

#define ON_A_RECORD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_RECORD(what_is_pruned_leaves_the_record_as_it_was),
		ON_A_RECORD(what_is_behind_the_state_entry_stays),
		ON_A_RECORD(a_stub_that_no_prune_entry_tells_of_is_missing),
		ON_A_RECORD(a_stub_whose_key_did_not_end_is_missing),
		ON_A_RECORD(a_prune_entry_is_about_its_stubs_alone),
		ON_A_RECORD(a_prune_entry_is_behind_what_it_speaks_of),
		ON_A_RECORD(nothing_is_pruned_while_everything_is_held),
		ON_A_RECORD(more_is_pruned_later),
		ON_A_RECORD(damage_is_not_covered_up),
		cmocka_unit_test(a_stub_is_none_of_what_is_public),
		ON_A_RECORD(a_start_reads_it),
		ON_A_RECORD(what_was_begun_is_removed),
		ON_A_RECORD(entries_are_found_across_the_segment_that_it_began),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
