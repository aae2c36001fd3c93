/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a record is verified, beside SHA-256 over the same bytes, which is the limit:
 *
 *	verify-record [ENTRIES [ENTRIES PER CHECKPOINT]]
 *	verify-record DIRECTORY [count]
 *
 * The first makes one, whose entries are open to everybody; in DIRECTORY lies one that core wrote,
 * sealed; "count" verifies it once and says nothing else, for a profiler.  All by one thread's
 * processor time, so that others on the machine do not count; with several threads by the
 * clock.  */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/verify_ahead.h"
#include "fixture/checked.h"
#include "fixture/maker.h"
#include "measure.h"
#include "os/clock.h"
#include "os/memory.h"

constexpr unsigned entries_default = 200000;
constexpr unsigned batch_default = 256;
constexpr int rounds = 5;
constexpr size_t checks = 500;
constexpr unsigned more = 50000;       /* entries behind what was verified before */
constexpr size_t saved_max = 1 << 20;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static double seconds_since(uint64_t begun_ns)
{
	return (double)(fh_clock_boot_ns() - begun_ns) / 1e9;
}

/* Of this thread.  */
static double processor_seconds(void)
{
	return (double)bench_thread_ns() / 1e9;
}

static void make(struct fh_maker *m, const char *directory, unsigned entries, unsigned batch)
{
	fh_maker_begin(m, directory);
	fh_maker_first(m);
	while (m->journal.tree.size < entries)
		fh_maker_batch(m, batch);
}

/* The best of some rounds: the others were disturbed.  */
static double hash_all(const struct fh_checked *c)
{
	double best = 1e9;

	for (int i = 0; i < rounds; i++) {
		double begun = processor_seconds();

		for (size_t s = 0; s < c->segments; s++)
			(void)fh_hash_of(fh_span_of(c->bytes[s], c->n[s]));
		double took = processor_seconds() - begun;

		best = took < best ? took : best;
	}
	return best;
}

/* Seconds of one verification with JOBS threads, and of them the judging thread's own
 * processor time, which is what more processors cannot shorten.  */
struct parallel {
	double took, judging;
};

/* Entries are hashed by the other threads first, so that what is left to the judging one
 * shows; then both at once, as `freehold verify record` does.  */
static fh_err verify_parallel(struct fh_checked *c, const struct fh_record_options *given,
			      unsigned jobs, struct parallel *out)
{
	struct fh_record_memory memory = { &c->live, &c->spare, &c->scratch, &c->own };
	FH_OWN(fh_ahead_handle) ahead = { 0 };
	struct fh_record_options o = *given;
	fh_err e = fh_ahead_begin(jobs, 0, &ahead);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_record_aid aid = fh_ahead_aid(ahead.p);
	uint64_t begun = fh_clock_boot_ns();
	double cpu = processor_seconds();

	fh_record_check_drop(&c->check);
	fh_arena_reset(&c->own);
	o.aid = &aid;
	e = fh_record_check_begin(&o, &memory, &c->check);
	for (size_t i = 0; i < c->segments && e == FH_ERR_OK; i++) {
		struct fh_span bytes = fh_span_of(c->bytes[i], c->n[i]);
		bool right = true;

		e = fh_ahead_segment(ahead.p, bytes);
		if (e == FH_ERR_OK)
			e = fh_record_check_segment(&c->check, bytes, c->name[i],
						    i + 1 == c->segments);
		if (e == FH_ERR_OK)
			e = fh_ahead_settle(ahead.p, &right);
		if (e == FH_ERR_OK && !right)
			e = FH_ERR_SIGNATURE;
	}
	fh_record_check_end(&c->check);
	*out = (struct parallel){ seconds_since(begun), processor_seconds() - cpu };
	return e;
}

static void say_parallel(struct fh_checked *c, const struct fh_record_options *o, double hashing)
{
	double size = (double)c->check.covered.size;
	unsigned processors = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);

	for (unsigned jobs = 1; jobs <= processors; jobs *= 2) {
		struct parallel best = { 1e9, 1e9 }, p;

		for (int i = 0; i < rounds; i++) {
			if (verify_parallel(c, o, jobs, &p) != FH_ERR_OK)
				return;
			best.took = p.took < best.took ? p.took : best.took;
			best.judging = p.judging < best.judging ? p.judging : best.judging;
		}
		printf("%3u threads      %.0f entries/s, %.3f of SHA-256 on one; the judging "
		       "thread's own part %.0f entries/s\n",
		       jobs, size / best.took, hashing / best.took, size / best.judging);
	}
}

static double verify_all(struct fh_checked *c, const struct fh_record_options *o)
{
	double best = 1e9;

	for (int i = 0; i < rounds; i++) {
		double begun = processor_seconds();
		fh_err e = fh_checked_run(c, o);
		double took = processor_seconds() - begun;

		if (e != FH_ERR_OK
		    || fh_finding_answer(&c->check.finding, FH_AUTHENTIC) != FH_ANSWER_YES)
			return -1;
		best = took < best ? took : best;
	}
	return best;
}

/* Seconds that the verification of one signature takes, 0 if that fails.  */
static double check_one(void)
{
	uint64_t ns[checks];
	struct bench_samples s = { ns, 0, checks };
	fh_err e = bench_probe_check(checks, &s);

	return e == FH_ERR_OK ? (double)bench_samples_at(&s, 500) / 1e9 : 0;
}

static void say_limit(double verifying, double hashing, double checkpoints)
{
	double one = check_one();

	printf("limit: SHA-256 of every byte, twice where it is not sealed and with the padding of "
	       "short fields: at least %.0f %% of the time\n",
	       100 * hashing / verifying);
	printf("limit: an ML-DSA-65 signature a checkpoint, %.0f us each: %.0f %%\n",
	       1e6 * one, 100 * one * checkpoints / verifying);
}

static int measure(struct fh_checked *c, const struct fh_record_options *o)
{
	double hashing = hash_all(c), verifying = verify_all(c, o);
	double size = (double)c->check.covered.size, bytes = (double)c->check.counts.bytes;

	if (verifying < 0) {
		fprintf(stderr, "verify-record: the record did not verify: %s\n",
			fh_checked_why(c));
		return 2;
	}
	printf("record           %.0f entries, %llu of them sealed, %.1f MB, %llu checkpoints\n",
	       size, (unsigned long long)c->check.counts.sealed, bytes / 1e6,
	       (unsigned long long)c->check.counts.checkpoints);
	printf("verify           %.0f entries/s, %.0f MB/s\n", size / verifying,
	       bytes / verifying / 1e6);
	printf("SHA-256 alone    %.0f entries/s, %.0f MB/s\n", size / hashing,
	       bytes / hashing / 1e6);
	printf("verify / SHA-256 %.3f\n", hashing / verifying);
	say_limit(verifying, hashing, (double)c->check.counts.checkpoints);
	say_parallel(c, o, hashing);
	return 0;
}

static int count(struct fh_checked *c, const struct fh_record_options *o)
{
	if (fh_checked_run(c, o) != FH_ERR_OK || c->check.refused)
		return 2;
	printf("%llu\n", (unsigned long long)c->check.covered.size);
	return 0;
}

/* What a verification of C leaves, in *OUT.  */
static fh_err save(struct fh_checked *c, const struct fh_record_options *given,
		   struct fh_arena *a, struct fh_saved *out)
{
	struct fh_record_options o = *given;
	struct fh_builder keep = fh_builder_of(fh_arena_space(a, saved_max), saved_max);
	struct fh_builder made = fh_builder_of(fh_arena_space(a, saved_max), saved_max);
	struct fh_arena room = fh_arena_of(fh_arena_space(a, FH_RECORD_SAVE_ROOM),
					   FH_RECORD_SAVE_ROOM);

	o.keep = &keep;
	fh_err e = fh_checked_run(c, &o);

	if (e == FH_ERR_OK)
		e = fh_record_save(&c->check, &room, &made);
	return e == FH_ERR_OK ? fh_saved_read(fh_builder_span(&made), out) : e;
}

/* The record of M, which C is of, goes on, and is verified from where it was and as a whole.  */
static int measure_since(struct fh_maker *m, struct fh_checked *c,
			 const struct fh_record_options *o, unsigned batch)
{
	struct fh_record_options since = *o;
	const uint64_t before = m->journal.tree.size;
	static struct fh_saved saved;
	struct fh_arena a;
	fh_err e = fh_arena_map(FH_RECORD_SAVE_ROOM + 2 * saved_max + 4096, &a);

	if (e == FH_ERR_OK)
		e = save(c, o, &a, &saved);
	since.saved = &saved;
	while (m->journal.tree.size < before + more)
		fh_maker_batch(m, batch);
	fh_checked_load(c, m->directory);
	double whole = e == FH_ERR_OK ? verify_all(c, o) : -1;
	double rest = whole > 0 ? verify_all(c, &since) : -1;

	if (rest > 0)
		printf("goes on          %llu entries behind %llu verified before: %.3f s, of all "
		       "%.3f s\n", (unsigned long long)(m->journal.tree.size - before),
		       (unsigned long long)before, rest, whole);
	fh_arena_drop(&a);
	return rest > 0 ? 0 : 2;
}

static int measure_made(unsigned entries, unsigned batch)
{
	static struct fh_maker maker;
	static struct fh_checked checked;
	char directory[] = "/tmp/freehold-bench-XXXXXX";

	if (entries == 0 || batch == 0 || batch > FH_BATCH_ENTRIES_MAX
	    || mkdtemp(directory) == nullptr)
		return 64;
	make(&maker, directory, entries, batch);
	fh_checked_begin(&checked);
	fh_checked_load(&checked, directory);
	const struct fh_record_options o = { .genesis_given = true, .genesis = maker.chain_id };
	int status = measure(&checked, &o);

	if (status == 0)
		status = measure_since(&maker, &checked, &o, batch);
	(void)nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	fh_maker_end(&maker);
	fh_checked_end(&checked);
	return status;
}

int main(int argc, char **argv)
{
	static const struct fh_record_options nothing = { 0 };
	static struct fh_checked checked;

	if (argc < 2 || argv[1][0] != '/')
		return measure_made(argc > 1 ? (unsigned)bench_number(argv[1]) : entries_default,
				    argc > 2 ? (unsigned)bench_number(argv[2]) : batch_default);
	fh_checked_begin(&checked);
	fh_checked_load(&checked, argv[1]);
	int status = argc > 2 ? count(&checked, &nothing) : measure(&checked, &nothing);

	fh_checked_end(&checked);
	return status;
}
