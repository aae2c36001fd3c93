/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BENCH_RIVAL_H
#define FH_BENCH_RIVAL_H

#include "measure.h"

/* What one would take instead of the record: SQLite with synchronous=FULL and a
 * write-ahead log (its fastest durable way: one sync a transaction), one row an
 * entry.  CHAINED adds a SHA-256 chain over the rows and one ML-DSA-65 signature
 * over its head in each transaction, in the same thread.  */

struct bench_rival {
	size_t row;      /* bytes of an entry */
	size_t batch;    /* rows a transaction */
	bool chained;
	double seconds;
};

/* Rows per second in *RATE.  */
fh_err bench_rival_run(const char *path, const struct bench_rival *how, double *rate);

#endif
