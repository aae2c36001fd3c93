/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BENCH_MEASURE_H
#define FH_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "freehold/error.h"

/* What the benches share: samples, the parts that every durable signed append
 * is made of, and what a process has used.  Times are nanoseconds.  */

struct bench_samples {
	uint64_t *ns;
	size_t n, cap; /* further ones are not kept */
};

fh_err bench_samples_open(size_t cap, struct fh_arena *a, struct bench_samples *out);
void bench_samples_add(struct bench_samples *s, uint64_t ns);
/* The sample below which PER_MILLE of 1000 lie; sorts S.  0 without samples.  */
uint64_t bench_samples_at(struct bench_samples *s, unsigned per_mille);

/* fdatasync() after appending BYTES to a file below DIRECTORY, N times.  */
fh_err bench_probe_sync(const char *directory, size_t bytes, size_t n, struct bench_samples *out);
/* fdatasync() after rewriting a small slot in place, as the keeper does.  */
fh_err bench_probe_rewrite(const char *directory, size_t n, struct bench_samples *out);
/* A hedged ML-DSA-65 signature over a checkpoint's worth of bytes, N times.  */
fh_err bench_probe_sign(size_t n, struct bench_samples *out);
/* The verification of one, N times.  */
fh_err bench_probe_check(size_t n, struct bench_samples *out);

/* Processor time that PID has used; 0 if that cannot be read.  */
uint64_t bench_cpu_ns(pid_t pid);
/* And that this thread has.  */
uint64_t bench_thread_ns(void);

/* The most memory that PID has held at once, in kB, files that it maps among it; 0 if that
 * cannot be read.  */
uint64_t bench_peak_kb(pid_t pid);

/* Says what failed on standard error and returns 2, the exit code.  */
int bench_failed(const char *where, fh_err e);

/* The number in TEXT, or 0 if it is none.  */
uint64_t bench_number(const char *text);

#endif
