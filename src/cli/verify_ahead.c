/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_ahead.h"

#include <pthread.h>
#include <unistd.h>

#include "entry/segment.h"
#include "os/memory.h"

constexpr size_t task_size = 64 << 10; /* bytes of batches that are worth a turn */
constexpr size_t entry_least = 6;      /* bytes of the two lengths of an entry */
constexpr size_t keys_max = 64;        /* sessions in one segment whose checkpoints wait */

/* One batch of the segment, and where what its entries come to is put.  */
struct batch {
	struct fh_span body;
	size_t at, cap; /* in the array of all entries */
	size_t task;    /* which one does it */
};

/* Batches that follow each other.  */
struct task {
	size_t from, end;
	bool done;
};

struct thread {
	struct fh_ahead *ahead;
	pthread_t id;
	bool runs;
	/* The key that it checked with last, ready for the next.  */
	struct fh_public_key key;
	bool has_key;
	struct fh_verifier verifier;
};

struct fh_ahead {
	struct fh_arena memory;  /* this object */
	unsigned threads;        /* besides the one that judges */
	struct thread thread[FH_JOBS_MAX]; /* the last is the one that judges */
	pthread_mutex_t lock;    /* of all below */
	pthread_cond_t work, done;
	bool over;
	/* The segment.  */
	struct fh_arena room;
	struct fh_span bytes;
	struct batch *batch;
	size_t batches, judged;
	struct fh_entry_ahead *entry;
	struct task *task;
	size_t tasks, tasks_begun, tasks_done;
	struct fh_note_ahead *note;
	struct fh_public_key *key; /* those that signed them */
	size_t keys;
	uint64_t trusted;        /* entries that were verified before */
	size_t notes_max, notes, notes_begun, notes_done;
	fh_err why;              /* a signature could not be checked, or was wrong */
	void (*tick)(void *context, uint64_t bytes);
	void *tick_context;
};

/* --- what there is to do -------------------------------------------------------- */

static void run_task(struct fh_ahead *a, const struct task *t)
{
	for (size_t i = t->from; i < t->end; i++) {
		struct batch *b = &a->batch[i];

		b->cap = fh_batch_look_ahead(b->body, a->trusted, a->entry + b->at, b->cap);
	}
}

static fh_err run_note(struct thread *t, const struct fh_note_ahead *n)
{
	struct fh_span key = FH_SPAN_ARRAY(n->key->bytes);

	if (!t->has_key || !fh_span_equal(FH_SPAN_ARRAY(t->key.bytes), key)) {
		fh_verifier_drop(&t->verifier);
		t->has_key = false;
		fh_err e = fh_verifier_new(key, &t->verifier);

		if (e != FH_ERR_OK)
			return e;
		t->key = *n->key;
		t->has_key = true;
	}
	return fh_note_check_ahead(n, &t->verifier);
}

/* Does one thing, if there is one; called and left with the lock held.  Entries come
 * first: the one that judges waits for them, and for signatures nobody does until the
 * end.  */
static bool do_one(struct fh_ahead *a, struct thread *t)
{
	if (a->tasks_begun < a->tasks) {
		struct task *task = &a->task[a->tasks_begun++];

		(void)pthread_mutex_unlock(&a->lock);
		run_task(a, task);
		(void)pthread_mutex_lock(&a->lock);
		task->done = true;
		a->tasks_done++;
		(void)pthread_cond_broadcast(&a->done);
		return true;
	}
	if (a->notes_begun < a->notes) {
		const struct fh_note_ahead *n = &a->note[a->notes_begun++];

		(void)pthread_mutex_unlock(&a->lock);
		fh_err e = run_note(t, n);

		(void)pthread_mutex_lock(&a->lock);
		a->notes_done++;
		if (a->why == FH_ERR_OK)
			a->why = e;
		(void)pthread_cond_broadcast(&a->done);
		return true;
	}
	return false;
}

static void *work(void *of)
{
	struct thread *t = of;
	struct fh_ahead *a = t->ahead;

	(void)pthread_mutex_lock(&a->lock);
	while (!a->over) {
		if (!do_one(a, t))
			(void)pthread_cond_wait(&a->work, &a->lock);
	}
	(void)pthread_mutex_unlock(&a->lock);
	return nullptr;
}

static struct thread *judge_of(struct fh_ahead *a)
{
	return &a->thread[FH_JOBS_MAX - 1];
}

/* --- threads ---------------------------------------------------------------------- */

fh_err fh_ahead_begin(unsigned jobs, uint64_t trusted, struct fh_ahead_handle *out)
{
	FH_OWN(fh_arena) memory = { 0 };
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	fh_err e = fh_arena_map(sizeof(struct fh_ahead) + 64, &memory);

	if (e != FH_ERR_OK)
		return e;
	if (jobs == 0)
		jobs = processors < 1 ? 1 : processors > FH_JOBS_MAX ? FH_JOBS_MAX
								     : (unsigned)processors;
	struct fh_ahead *a = fh_arena_take(&memory, sizeof(*a));

	(void)pthread_mutex_init(&a->lock, nullptr);
	(void)pthread_cond_init(&a->work, nullptr);
	(void)pthread_cond_init(&a->done, nullptr);
	for (size_t i = 0; i < FH_JOBS_MAX; i++)
		a->thread[i].ahead = a;
	/* With fewer threads than wanted it only takes longer.  */
	while (a->threads + 1 < jobs && a->threads + 1 < FH_JOBS_MAX) {
		struct thread *t = &a->thread[a->threads];

		t->runs = pthread_create(&t->id, nullptr, work, t) == 0;
		if (!t->runs)
			break;
		a->threads++;
	}
	a->trusted = trusted;
	a->memory = memory;
	memory = (struct fh_arena){ 0 };
	out->p = a;
	return FH_ERR_OK;
}

void fh_ahead_handle_drop(struct fh_ahead_handle *h)
{
	struct fh_ahead *a = h->p;
	bool right;

	h->p = nullptr;
	if (a == nullptr)
		return;
	(void)!fh_ahead_settle(a, &right);
	(void)pthread_mutex_lock(&a->lock);
	a->over = true;
	(void)pthread_cond_broadcast(&a->work);
	(void)pthread_mutex_unlock(&a->lock);
	for (size_t i = 0; i < FH_JOBS_MAX; i++) {
		if (a->thread[i].runs)
			(void)pthread_join(a->thread[i].id, nullptr);
		fh_verifier_drop(&a->thread[i].verifier);
	}
	(void)pthread_cond_destroy(&a->work);
	(void)pthread_cond_destroy(&a->done);
	(void)pthread_mutex_destroy(&a->lock);
	struct fh_arena memory = a->memory;

	fh_arena_drop(&memory);
}

/* --- a segment -------------------------------------------------------------------- */

/* How many there are of each; or, with room taken, what they are.  */
struct count {
	size_t batches, entries, notes;
};

static struct count walk(struct fh_ahead *a, struct fh_span bytes)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	enum fh_segment_frame type;
	struct count n = { 0 };
	struct fh_batch batch;
	struct fh_span body;

	while (fh_segment_next(&c, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		n.notes += type == FH_SEGMENT_CHECKPOINT;
		if (type != FH_SEGMENT_BATCH || fh_batch_read(body, &batch) != FH_ERR_OK)
			continue;
		/* What it announces, and no more than fits: that is a stranger's word.  */
		size_t most = body.n / entry_least;
		size_t cap = batch.count < most ? batch.count : most;

		if (a->batch != nullptr)
			a->batch[n.batches] = (struct batch){ body, n.entries, cap, 0 };
		n.batches++;
		n.entries += cap;
	}
	return n;
}

static void cut_into_tasks(struct fh_ahead *a)
{
	size_t size = 0;

	for (size_t i = 0; i < a->batches; i++) {
		if (a->tasks == 0 || size >= task_size) {
			a->task[a->tasks++] = (struct task){ .from = i };
			size = 0;
		}
		size += a->batch[i].body.n;
		a->batch[i].task = a->tasks - 1;
		a->task[a->tasks - 1].end = i + 1;
	}
}

fh_err fh_ahead_segment(struct fh_ahead *a, struct fh_span bytes)
{
	a->batch = nullptr;
	struct count n = walk(a, bytes);
	fh_err e = fh_arena_map(n.batches * (sizeof(*a->batch) + sizeof(*a->task))
					+ n.entries * sizeof(*a->entry)
					+ n.notes * sizeof(*a->note)
					+ keys_max * sizeof(*a->key) + 4096,
				&a->room);

	if (e != FH_ERR_OK)
		return e;
	a->batch = fh_arena_space(&a->room, n.batches * sizeof(*a->batch));
	a->task = fh_arena_space(&a->room, n.batches * sizeof(*a->task));
	a->entry = fh_arena_space(&a->room, n.entries * sizeof(*a->entry));
	a->note = fh_arena_space(&a->room, n.notes * sizeof(*a->note));
	a->key = fh_arena_space(&a->room, keys_max * sizeof(*a->key));
	if (a->batch == nullptr || a->task == nullptr || a->entry == nullptr || a->note == nullptr
	    || a->key == nullptr)
		return FH_ERR_NOMEM;
	(void)walk(a, bytes);
	a->bytes = bytes;
	a->batches = n.batches;
	a->notes_max = n.notes;
	a->judged = 0;
	(void)pthread_mutex_lock(&a->lock);
	cut_into_tasks(a);
	(void)pthread_cond_broadcast(&a->work);
	(void)pthread_mutex_unlock(&a->lock);
	return FH_ERR_OK;
}

static const struct fh_entry_ahead *take_batch(void *context, struct fh_span body)
{
	struct fh_ahead *a = context;

	if (a->tick != nullptr && a->bytes.p != nullptr)
		a->tick(a->tick_context, (uint64_t)(body.p - a->bytes.p));
	if (a->judged >= a->batches || a->batch[a->judged].body.p != body.p)
		return nullptr;
	const struct batch *b = &a->batch[a->judged++];
	const struct task *t = &a->task[b->task];
	struct fh_batch head;

	(void)pthread_mutex_lock(&a->lock);
	while (!t->done) {
		if (!do_one(a, judge_of(a)))
			(void)pthread_cond_wait(&a->done, &a->lock);
	}
	(void)pthread_mutex_unlock(&a->lock);
	/* One that does not hold what it announces is judged without.  */
	bool whole = fh_batch_read(body, &head) == FH_ERR_OK && b->cap == head.count;

	return whole ? a->entry + b->at : nullptr;
}

/* KEY is one of those kept, the last one; false if there is no room for one more.  */
static bool keep_key(struct fh_ahead *a, const struct fh_public_key *key)
{
	if (a->keys > 0 && fh_span_equal(FH_SPAN_ARRAY(a->key[a->keys - 1].bytes),
					 FH_SPAN_ARRAY(key->bytes)))
		return true;
	if (a->keys == keys_max)
		return false;
	a->key[a->keys++] = *key;
	return true;
}

static bool take_note(void *context, const struct fh_note_ahead *n)
{
	struct fh_ahead *a = context;
	struct fh_note_ahead kept = *n;

	if (a->notes == a->notes_max || !keep_key(a, n->key))
		return false;
	kept.key = &a->key[a->keys - 1];
	(void)pthread_mutex_lock(&a->lock);
	a->note[a->notes++] = kept;
	(void)pthread_cond_signal(&a->work);
	(void)pthread_mutex_unlock(&a->lock);
	return true;
}

struct fh_record_aid fh_ahead_aid(struct fh_ahead *a)
{
	return (struct fh_record_aid){ take_batch, take_note, a };
}

fh_err fh_ahead_settle(struct fh_ahead *a, bool *right)
{
	(void)pthread_mutex_lock(&a->lock);
	/* What nobody will judge need not be looked at.  */
	a->tasks_done += a->tasks - a->tasks_begun;
	a->tasks_begun = a->tasks;
	while (a->tasks_done < a->tasks || a->notes_done < a->notes) {
		if (!do_one(a, judge_of(a)))
			(void)pthread_cond_wait(&a->done, &a->lock);
	}
	fh_err why = a->why;

	a->why = FH_ERR_OK;
	a->tasks = a->tasks_begun = a->tasks_done = 0;
	a->notes = a->notes_begun = a->notes_done = a->notes_max = 0;
	a->batches = a->judged = a->keys = 0;
	a->bytes = (struct fh_span){ 0 };
	(void)pthread_mutex_unlock(&a->lock);
	fh_arena_drop(&a->room);
	*right = why == FH_ERR_OK;
	return why == FH_ERR_NOMEM || why == FH_ERR_CRYPTO ? why : FH_ERR_OK;
}

void fh_ahead_watch(struct fh_ahead *a, void (*tick)(void *context, uint64_t bytes),
		    void *context)
{
	a->tick = tick;
	a->tick_context = context;
}
