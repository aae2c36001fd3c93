/* SPDX-License-Identifier: Apache-2.0 */
/* Who goes on from what another verification left, wherever in the record that ended, comes to what
 * a reading of all of it comes to; and is told where he cannot.  */
#include "charge_fixture.h"
#include "shred_fixture.h"

#include "entry/pruned.h"
#include "journal/prune.h"
#include "os/memory.h"
#include "verify/anchor.h"

constexpr size_t places_max = 64;
constexpr size_t file_max = 1 << 18;

/* What was left behind each checkpoint.  */
static struct {
	struct fh_arena files, lists, keep;
	struct fh_span file[places_max];
	uint64_t size[places_max];
	size_t n, refused;
} left;

static int begin_saving(void **state)
{
	assert_int_equal(fh_arena_map(places_max * file_max, &left.files), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_RECORD_SAVE_ROOM, &left.lists), FH_ERR_OK);
	assert_int_equal(fh_arena_map(file_max, &left.keep), FH_ERR_OK);
	left.n = left.refused = 0;
	return set_up(state);
}

static int end_saving(void **state)
{
	fh_arena_drop(&left.files);
	fh_arena_drop(&left.lists);
	fh_arena_drop(&left.keep);
	return tear_down(state);
}

/* --- both ways --------------------------------------------------------------- */

/* Verifies what was loaded, from FILE on if it is not empty.  */
static fh_err verify(struct bench *b, struct fh_span file, struct fh_builder *keep)
{
	struct fh_record_options o = b->options;
	static struct fh_saved saved;

	o.keep = keep;
	if (file.n > 0)
		assert_int_equal(fh_saved_read(file, &saved), FH_ERR_OK);
	o.saved = file.n > 0 ? &saved : nullptr;
	return fh_checked_run(&b->checked, &o);
}

/* The record as it is now, read from FILE on, which may be empty: what that leaves.  */
static fh_err save(struct bench *b, struct fh_span file, struct fh_span *out)
{
	struct fh_builder keep = fh_builder_of(left.keep.p, left.keep.cap);
	struct fh_builder made = fh_builder_of(fh_arena_space(&left.files, file_max), file_max);

	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(verify(b, file, &keep), FH_ERR_OK);
	fh_err e = fh_record_save(&b->checked.check, &left.lists, &made);

	if (e == FH_ERR_OK)
		*out = fh_builder_span(&made);
	left.files.n -= file_max - made.n;
	left.files.n += -left.files.n & 15;
	return e;
}

/* FILE without what may differ: whoever goes on remembers the root where he did, and does not see
 * what was pruned in between.  */
static struct fh_span in_common(struct fh_span file, uint8_t *room)
{
	struct fh_builder b = fh_builder_of(room, file_max);
	struct fh_saved s;

	assert_int_equal(fh_saved_read(file, &s), FH_ERR_OK);
	s.points = (struct fh_saved_list){ 0 };
	s.count[offsetof(struct fh_record_counts, pruned) / sizeof(uint64_t)] = 0;
	s.count[offsetof(struct fh_record_counts, bytes) / sizeof(uint64_t)] = 0;
	fh_saved_put(&b, &s);
	return fh_builder_span(&b);
}

/* One more place from which to go on; from the beginning and from the last one it is the same.  */
static void here(struct bench *b)
{
	struct fh_span file = { 0 }, again = { 0 };
	fh_err e = save(b, file, &file);

	if (e == FH_ERR_STATE) { /* something is only explained later */
		left.refused++;
		return;
	}
	assert_int_equal(e, FH_ERR_OK);
	if (left.n > 0) {
		assert_int_equal(save(b, left.file[left.n - 1], &again), FH_ERR_OK);
		static uint8_t one[file_max], other[file_max];

		assert_true(fh_span_equal(in_common(file, one), in_common(again, other)));
	}
	assert_true(left.n < places_max);
	left.file[left.n] = file;
	left.size[left.n++] = b->maker.journal.tree.size;
}

/* What is compared of a verdict.  */
struct verdict {
	struct fh_record_counts counts;
	struct fh_finding finding;
	struct fh_boundary covered;
	struct fh_hash root, head;
	uint64_t states, charged, uncharged, size;
	size_t keys, slots;
	bool fold_lost, keys_lost;
};

static struct verdict verdict_of(const struct fh_record_check *c)
{
	return (struct verdict){ c->counts, c->finding, c->covered, fh_tree_root(&c->tree),
				 c->chain.head.hash, c->states, c->charged, c->uncharged,
				 c->tree.size, c->keys, c->slots.n, c->fold_lost, c->keys_lost };
}

static void are_alike(const struct verdict *a, const struct verdict *b, uint64_t size)
{
	assert_int_equal(a->finding.reasons, b->finding.reasons);
	for (size_t i = 0; i < a->finding.reasons; i++) {
		assert_string_equal(a->finding.reason[i].code, b->finding.reason[i].code);
		assert_string_equal(a->finding.reason[i].why.where, b->finding.reason[i].why.where);
		assert_string_equal(a->finding.reason[i].why.what, b->finding.reason[i].why.what);
	}
	for (int i = 0; i < FH_QUESTIONS; i++)
		assert_int_equal(a->finding.answer[i], b->finding.answer[i]);
	assert_int_equal(a->finding.grade, b->finding.grade);
	assert_int_equal(a->size, b->size);
	assert_true(fh_hash_equal(&a->root, &b->root));
	assert_true(fh_hash_equal(&a->head, &b->head));
	assert_int_equal(a->covered.size, b->covered.size);
	assert_int_equal(a->covered.lo_ms, b->covered.lo_ms);
	if (memcmp(&a->counts, &b->counts, sizeof(a->counts)) != 0)
		fail_msg("other counts from %llu on", (unsigned long long)size);
	assert_int_equal(a->states, b->states);
	assert_int_equal(a->charged, b->charged);
	assert_int_equal(a->uncharged, b->uncharged);
	assert_int_equal(a->keys, b->keys);
	assert_int_equal(a->slots, b->slots);
	assert_int_equal(a->fold_lost, b->fold_lost);
	assert_int_equal(a->keys_lost, b->keys_lost);
}

/* From every place the record as it is now is judged as from its beginning.  ANEW: what of it was
 * pruned meanwhile is not counted where it was read before.  */
static void from_everywhere(struct bench *b, bool anew)
{
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(verify(b, (struct fh_span){ 0 }, nullptr), FH_ERR_OK);
	struct verdict whole = verdict_of(&b->checked.check);

	for (size_t i = 0; i < left.n; i++) {
		assert_int_equal(verify(b, left.file[i], nullptr), FH_ERR_OK);
		assert_int_equal(b->checked.check.since, left.size[i]);
		struct verdict since = verdict_of(&b->checked.check);

		if (anew) {
			since.counts.pruned = whole.counts.pruned;
			since.counts.bytes = whole.counts.bytes;
		}
		are_alike(&whole, &since, left.size[i]);
	}
}

static bool said(const struct fh_record_check *c, const char *code)
{
	for (size_t i = 0; i < c->finding.reasons; i++) {
		if (strcmp(c->finding.reason[i].code, code) == 0)
			return true;
	}
	return false;
}

/* --- records ------------------------------------------------------------------ */

static void enter(struct bench *b, enum fh_entry_kind kind, enum fh_field_id id,
		  struct fh_span value)
{
	struct fh_fields f = { .field = { { .id = id, .value = value } }, .n = 1 };

	(void)fh_maker_entry(&b->maker, kind, &f);
}

static void sealed_up(struct bench *b)
{
	fh_maker_sync(&b->maker);
	fh_maker_checkpoint(&b->maker);
	here(b);
}

/* A state entry that says what all entries before it add up to.  */
static void add_up(struct bench *b)
{
	uint8_t room[64];
	struct fh_builder value = FH_BUILDER_ARRAY(room);
	struct fh_hash h;

	fh_maker_sync(&b->maker);
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(verify(b, (struct fh_span){ 0 }, nullptr), FH_ERR_OK);
	fh_arena_reset(&b->checked.scratch);
	assert_int_equal(fh_fold_hash(&b->checked.check.fold, FH_FOLD_VEILED,
				      &b->checked.scratch, &h), FH_ERR_OK);
	fh_cbor_put_hash(&value, &h);
	enter(b, FH_ENTRY_STATE, FH_FIELD_STATE, fh_builder_span(&value));
	sealed_up(b);
}

static void boots_anew(struct bench *b)
{
	fh_maker_session(&b->maker);
	sealed_up(b);
	fh_maker_start(&b->maker);
	sealed_up(b);
}

/* A life with several boots and starts, a place to go on from behind each batch: what is open, who
 * may what, what the policy was, goes over those places.  */
static void live(struct bench *b)
{
	struct fh_maker *m = &b->maker;
	uint64_t open[3];

	fh_maker_first(m);
	b->options.genesis_given = true;
	b->options.genesis = m->chain_id;
	here(b);
	for (size_t i = 0; i < 3; i++)
		open[i] = fh_maker_intent(m, /* allowed= */ true);
	sealed_up(b);
	fh_maker_outcome(m, open[1]);
	(void)fh_maker_intent(m, /* allowed= */ false);
	sealed_up(b);
	add_up(b);
	fh_maker_policy(m);
	sealed_up(b);
	fh_journal_turn(&m->journal);
	here(b);
	fh_maker_batch(m, 5);
	here(b);
	enter(b, FH_ENTRY_STOP, FH_FIELD_DETAIL, FH_SPAN_LIT("\xa0"));
	sealed_up(b);
	boots_anew(b);
	fh_maker_restart(m);
	sealed_up(b);
	fh_maker_outcome(m, open[0]);
	enter(b, FH_ENTRY_WITNESS, FH_FIELD_DETAIL, FH_SPAN_LIT("\xa0"));
	enter(b, FH_ENTRY_BOOT, FH_FIELD_DETAIL, FH_SPAN_LIT("\xa0"));
	/* Several batches to one checkpoint, and several checkpoints of one batch.  */
	fh_maker_sync(m);
	fh_maker_batch(m, 3);
	here(b);
	fh_maker_checkpoint(m);
	here(b);
	add_up(b);
	fh_journal_turn(&m->journal);
	fh_maker_batch(m, 7);
	here(b);
	fh_maker_revoke_policy(m);
	(void)fh_maker_intent(m, /* allowed= */ false);
	sealed_up(b);
}

static void the_verdict_is_that_of_a_whole_reading(void **state)
{
	struct bench *b = *state;

	live(b);
	assert_int_equal(left.refused, 0);
	assert_int_equal(left.n, 16);
	from_everywhere(b, /* anew= */ false);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_ENROLLED), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.states, 2);
	/* And of another genesis.  */
	b->options.genesis.bytes[3] ^= 1;
	from_everywhere(b, false);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_ENROLLED), FH_ANSWER_NO);
}

/* What each wrong entry is refused as, whether it contradicts what was read or what was not.  */
static void what_contradicts_what_was_not_read_is_refused(void **state)
{
	for (int what = 0; what < 6; what++) {
		struct bench *b = *state;
		static const char *const code[] = { "outcome", "state", "revoked", "order",
						    "session", "no-policy" };
		uint64_t done;

		left.n = 0;
		fh_arena_reset(&left.files);
		fh_maker_first(&b->maker);
		done = fh_maker_intent(&b->maker, true);
		fh_maker_outcome(&b->maker, done);
		if (what == 5)
			fh_maker_revoke_policy(&b->maker);
		if (what == 2)
			fh_maker_revoke_device(&b->maker);
		sealed_up(b);
		if (what == 0)
			fh_maker_outcome(&b->maker, done);
		else if (what == 1)
			enter(b, FH_ENTRY_STATE, FH_FIELD_STATE, FH_SPAN_LIT("\x40"));
		else if (what == 2 || what == 5)
			(void)fh_maker_intent(&b->maker, true);
		else if (what == 3)
			b->maker.now.lo_ms -= 5000, (void)fh_maker_intent(&b->maker, true);
		else
			b->maker.session_id.bytes[0] ^= 1, (void)fh_maker_intent(&b->maker, true);
		fh_maker_sync(&b->maker);
		fh_maker_checkpoint(&b->maker);
		refused_as(b, code[what]);
		assert_int_equal(left.n, 1);
		from_everywhere(b, false);
		(void)afresh(state);
	}
}

static void every_change_behind_it_is_seen_and_none_before(void **state)
{
	struct bench *b = *state;
	size_t seen = 0;

	live(b);
	const size_t middle = left.n / 2;

	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(b->checked.segments, 3);
	/* The last segment lies behind the place, and is judged as ever.  */
	for (size_t i = 0; i < b->checked.n[2]; i += 211) {
		uint8_t *byte = &b->checked.bytes[2][i];

		*byte ^= 4;
		assert_int_equal(verify(b, (struct fh_span){ 0 }, nullptr), FH_ERR_OK);
		struct verdict whole = verdict_of(&b->checked.check);

		assert_int_equal(verify(b, left.file[middle], nullptr), FH_ERR_OK);
		struct verdict since = verdict_of(&b->checked.check);

		are_alike(&whole, &since, left.size[middle]);
		seen += b->checked.check.refused;
		*byte ^= 4;
	}
	assert_true(seen > 20);
	/* The first need not be there.  */
	assert_true(left.size[middle] > strtoull(b->checked.name[1], nullptr, 10));
	memset(b->checked.bytes[0], 0xff, b->checked.n[0]);
	assert_int_equal(verify(b, left.file[middle], nullptr), FH_ERR_OK);
	assert_false(b->checked.check.refused);
}

static void refused_since(struct bench *b, size_t place, const char *code)
{
	assert_int_equal(verify(b, left.file[place], nullptr), FH_ERR_OK);
	assert_string_equal(fh_checked_why(&b->checked), code);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC), FH_ANSWER_NO);
	assert_int_equal(b->checked.check.covered.size, 0);
}

static void a_record_that_does_not_extend_it_is_refused(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 6);
	here(b);
	fh_maker_batch(&b->maker, 6);
	here(b);
	fh_checked_load(&b->checked, b->directory);
	/* Cut, at a checkpoint and anywhere.  */
	const size_t all = b->checked.n[0];

	for (size_t n = 0; n < all; n += 1009) {
		b->checked.n[0] = n;
		assert_int_equal(verify(b, left.file[1], nullptr), FH_ERR_OK);
		if (!b->checked.check.refused)
			continue; /* what is cut is the checkpoint, or behind it */
		assert_true(said(&b->checked.check, "since-cut")
			    || said(&b->checked.check, "torn-tail"));
		assert_true(b->checked.check.covered.size == (b->checked.check.resumed ? 17 : 0));
	}
	b->checked.n[0] = 0;
	refused_since(b, 1, "since-cut");
	b->checked.segments = 0;
	refused_since(b, 1, "since-cut");
	/* Another branch of it, from the same beginning.  */
	b = afresh(state);
	fh_maker_first(&b->maker);
	b->maker.salts += 1000;
	fh_maker_batch(&b->maker, 12);
	fh_checked_load(&b->checked, b->directory);
	refused_since(b, 1, "since-rewritten");
	/* That goes by the place.  */
	refused_since(b, 0, "since-rewritten");
	b = afresh(state);
	/* Of another device.  */
	b->maker.device_id.bytes[9] ^= 1;
	fh_maker_chain(&b->maker);
	fh_maker_sync(&b->maker);
	fh_checked_load(&b->checked, b->directory);
	refused_since(b, 0, "since-other");
}

/* What was charged before it counts behind it, and no more of it is given back than was taken.  */
static void quotas_go_on_counting(void **state)
{
	static const char *const code[] = { "", "over-quota", "over-quota", "refund", "refund" };

	for (int what = 0; what < 5; what++) {
		struct bench *b = *state;

		left.n = 0;
		fh_arena_reset(&left.files);
		begin_quota(b);
		uint64_t first = charge_as(b, "a", "few", charged("a", 1, 5000000));

		sealed_up(b);
		uint64_t second = charge_as(b, "b", "few", charged("b", 1, 1000000));

		sealed_up(b);
		if (what == 0)
			give_back(b, first, charged("a", 0, 4999000));
		else if (what == 1)
			(void)charge_as(b, "b", "few", charged("b", 1, 3000001));
		else if (what == 2)
			(void)charge_as(b, "a", "few", charged("a", 1, 10)),
			(void)charge_as(b, "a", "few", charged("a", 1, 10));
		else if (what == 3)
			give_back(b, first, charged("a", 0, 5000001));
		else
			give_back(b, second, charged("b", 1, 0));
		add_up(b);
		from_everywhere(b, false);
		assert_string_equal(b->checked.check.refused ? fh_checked_why(&b->checked) : "",
				    code[what]);
		assert_int_equal(left.n, what == 0 ? 3 : 2);
		(void)afresh(state);
	}
}

/* --- what is sealed, shredded and pruned ------------------------------------------ */

static void prune_first(struct bench *b, uint64_t state, uint64_t by)
{
	static uint8_t batch_room[FH_BATCH_MAX];
	struct fh_shredded_key ended = { .by = by };
	struct fh_shredded all = { .key = &ended, .n = 1, .cap = 1 };
	struct fh_pruning p;
	uint8_t room[FH_PRUNE_MAX];
	struct fh_builder d = FH_BUILDER_ARRAY(room);
	bool done = false;

	memcpy(ended.name, shredded_name, sizeof(shredded_name));
	fh_err e = fh_pruning_begin(fh_fd_get(b->maker.journal.directory), 0, state, &all,
				    FH_SPAN_ARRAY(batch_room), /* write= */ true, &p);

	while (e == FH_ERR_OK && !done)
		e = fh_pruning_step(&p, 1, &done);
	assert_int_equal(e, FH_ERR_OK);
	const struct fh_stubs_sum sum = fh_stubs_sum(&p.stubs);
	const struct fh_prune said = { p.first, p.next, p.state, sum.n, sum.names };

	fh_prune_put(&d, &said);
	enter(b, FH_ENTRY_PRUNE, FH_FIELD_DETAIL, fh_builder_span(&d));
	sealed_up(b);
	assert_int_equal(fh_pruning_replace(&p, /* tiles= */ nullptr), FH_ERR_OK);
	fh_pruning_drop(&p);
	here(b);
}

/* Sealed entries on both sides of each place, whose key ends, and which then are pruned: also those
 * of the segment in which a place lies.  */
static void what_is_sealed_may_end_behind_it(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, "3200s", &openings);
	here(b);
	fh_maker_batch(&b->maker, 6);
	here(b);
	uint64_t carrying = b->maker.journal.tree.size;

	state_entry(b, carrying, /* carries= */ true);
	here(b);
	wait_s(b, 3200);
	from_everywhere(b, false);
	shred(b, "3200s", period_of("3200s"), 0, 1);
	here(b);
	from_everywhere(b, false);
	assert_int_equal(b->checked.check.counts.shredded, 15);
	assert_int_equal(b->checked.check.counts.erased, 15);
	fh_journal_turn(&b->maker.journal);
	prune_first(b, carrying, carrying + 1);
	from_everywhere(b, true);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC), FH_ANSWER_YES);
	/* A key that was not said to be of another class before cannot become so.  */
	fh_maker_batch(&b->maker, 1);
	shred(b, "3200s", period_of("3200s") + 9, 0, 2);
	from_everywhere(b, true);
	assert_true(b->checked.check.refused);
}

static void what_is_missing_before_it_is_not_known(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, "3200s", &openings);
	here(b);
	fh_maker_batch(&b->maker, 2);
	b->options.whole = b->maker.journal.tree.size;
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(verify(b, left.file[0], nullptr), FH_ERR_OK);
	assert_true(said(&b->checked.check, "missing"));
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC),
			 FH_ANSWER_UNCHECKED);
}

/* --- what others say of it --------------------------------------------------------- */

static struct fh_anchor anchor_of(const struct bench *b)
{
	static struct fh_arena a;
	struct fh_anchor out;

	if (a.cap == 0)
		assert_int_equal(fh_arena_map(2 * FH_STAMP_MEMORY, &a), FH_ERR_OK);
	fh_arena_reset(&a);
	assert_int_equal(fh_anchor_judge(b->maker.signed_size,
					 fh_span_of(b->maker.note, b->maker.note_n),
					 (struct fh_span){ 0 }, /* headers: */ nullptr,
					 FH_HEADER_UNPLACED, &a, &out), FH_ERR_OK);
	out.state = FH_ANCHOR_HOLDS;
	out.place.header.time = UINT32_MAX;
	return out;
}

static void anchors_and_witnesses_are_judged_where_it_is_known(void **state)
{
	struct bench *b = *state;
	struct fh_anchor a[3];
	uint8_t note[FH_CHECKPOINT_NOTE_MAX];
	const struct fh_record_check *c = &b->checked.check;
	size_t n;

	fh_maker_first(&b->maker);
	a[0] = anchor_of(b);
	fh_maker_batch(&b->maker, 4);
	a[1] = anchor_of(b);
	n = b->maker.note_n;
	memcpy(note, b->maker.note, n);
	fh_maker_batch(&b->maker, 4);
	b->options.anchor = a;
	b->options.anchors = 1;
	here(b); /* which was asked of the first alone */
	fh_maker_batch(&b->maker, 4);
	a[2] = anchor_of(b);
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(verify(b, left.file[0], nullptr), FH_ERR_OK);
	assert_true(a[0].reached && a[0].equal && c->dated == &a[0] && !c->anchors_unreadable);
	b->options.anchors = 3;
	assert_int_equal(verify(b, left.file[0], nullptr), FH_ERR_OK);
	assert_true(said(c, "anchor-before") && c->anchors_unreadable && c->dated == &a[2]);
	assert_false(a[1].reached);
	/* The same of what witnesses have cosigned.  */
	b->options.anchors = 0;
	b->options.witnessed = fh_span_of(note, n);
	assert_int_equal(verify(b, left.file[0], nullptr), FH_ERR_OK);
	assert_true(said(c, "witnessed-before"));
	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_UNCHECKED);
	/* Once it was asked of it while that was read, it is known; also to whoever goes on.  */
	left.n = 0;
	here(b);
	fh_maker_batch(&b->maker, 4);
	here(b);
	fh_checked_load(&b->checked, b->directory);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(verify(b, left.file[i], nullptr), FH_ERR_OK);
		assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
		assert_true(c->witnessed.reached && c->witnessed.equal);
	}
}

/* --- the file ------------------------------------------------------------------------ */

static void only_a_yes_is_left(void **state)
{
	struct bench *b = *state;
	struct fh_span file;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, true);
	fh_maker_sync(&b->maker); /* no checkpoint is over it */
	assert_int_equal(save(b, (struct fh_span){ 0 }, &file), FH_ERR_STATE);
	fh_maker_checkpoint(&b->maker);
	assert_int_equal(save(b, (struct fh_span){ 0 }, &file), FH_ERR_OK);
	b->options.genesis_given = true; /* and is another */
	assert_int_equal(save(b, (struct fh_span){ 0 }, &file), FH_ERR_STATE);
}

static void damage_is_named(void **state)
{
	struct bench *b = *state;
	struct fh_saved s;
	uint8_t bytes[file_max];

	fh_maker_first(&b->maker);
	here(b);
	const size_t n = left.file[0].n;

	memcpy(bytes, left.file[0].p, n);
	for (size_t i = 0; i < n; i += 31) {
		bytes[i] ^= 1;
		assert_true(fh_saved_read(fh_span_of(bytes, n), &s) != FH_ERR_OK);
		bytes[i] ^= 1;
	}
	for (size_t i = 0; i < n; i += 31)
		assert_true(fh_saved_read(fh_span_of(bytes, i), &s) != FH_ERR_OK);
	bytes[n / 2] ^= 1;
	assert_int_equal(fh_saved_read(fh_span_of(bytes, n), &s), FH_ERR_TORN);
	assert_int_equal(fh_saved_read(fh_span_of(bytes, n - 1), &s), FH_ERR_TORN);
	bytes[3 + strlen("freehold saved verification ")]++;
	assert_int_equal(fh_saved_read(fh_span_of(bytes, n), &s), FH_ERR_VERSION);
	assert_int_equal(fh_saved_read(FH_SPAN_LIT("freehold"), &s), FH_ERR_FORMAT);
}

/* With a digest that fits, what it says still has to hold together.  */
static void what_contradicts_itself_is_refused(void **state)
{
	struct bench *b = *state;
	const struct fh_saved *was;
	struct fh_saved s;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, true);
	sealed_up(b);
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(fh_saved_read(left.file[0], &s), FH_ERR_OK);
	was = &s;
	for (int what = 0; what < 9; what++) {
		struct fh_saved x = *was;
		uint8_t key[FH_MLDSA65_PUBLIC_SIZE], room[file_max];
		struct fh_builder made = FH_BUILDER_ARRAY(room);

		memcpy(key, x.key.p, sizeof(key));
		key[7] ^= 1;
		if (what == 0)
			x.chain_id.bytes[0] ^= 1;
		else if (what == 1)
			x.device_id.bytes[0] ^= 1;
		else if (what == 2)
			x.key = FH_SPAN_ARRAY(key);
		else if (what == 3)
			x.count[FH_ENTRY_INTENT]++;
		else if (what == 4)
			x.number[FH_SAVED_NUMBERS - 1] = 77;
		else if (what == 5)
			x.open = (struct fh_saved_list){ 0 };
		else if (what == 6)
			x.statements.n = 0, x.statements.items.n = 0;
		else if (what == 7)
			x.fold = FH_SPAN_LIT("\x80");
		else
			x.number[FH_SAVED_SEGMENT] = x.tree.size + 1;
		fh_saved_put(&made, &x);
		assert_int_equal(verify(b, fh_builder_span(&made), nullptr), FH_ERR_CONFLICT);
	}
	struct fh_builder made = fh_builder_of(fh_arena_space(&left.files, file_max), file_max);
	struct fh_saved x = *was;

	x.tree.stack[0].bytes[0] ^= 1;
	fh_saved_put(&made, &x);
	assert_int_equal(fh_saved_read(fh_builder_span(&made), &x), FH_ERR_FORMAT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_saving, end_saving)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_verdict_is_that_of_a_whole_reading),
		TEST(what_contradicts_what_was_not_read_is_refused),
		TEST(every_change_behind_it_is_seen_and_none_before),
		TEST(a_record_that_does_not_extend_it_is_refused),
		TEST(quotas_go_on_counting),
		TEST(what_is_sealed_may_end_behind_it),
		TEST(what_is_missing_before_it_is_not_known),
		TEST(anchors_and_witnesses_are_judged_where_it_is_known),
		TEST(only_a_yes_is_left),
		TEST(damage_is_named),
		TEST(what_contradicts_itself_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
