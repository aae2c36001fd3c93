/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_PROGRESS_H
#define FH_CLI_PROGRESS_H

#include <stdint.h>

/* How far a long reading, or another long work, is: a bar on stderr, if that is a terminal and
 * once it takes longer than two seconds.  */
struct fh_progress {
	uint64_t bytes;              /* to be read in all, or another measure of the work */
	const char *what;            /* what is counted beside it: "entries" */
	uint64_t begun_ms, shown_ms; /* shown: 0 if nothing was */
	bool terminal;
};

/* Begins one of BYTES bytes.  */
struct fh_progress fh_progress_begin(uint64_t bytes);
/* DONE bytes are read, with ENTRIES entries, or whatever is counted; costs little and may be
 * called often.  */
void fh_progress_tick(struct fh_progress *p, uint64_t done, uint64_t entries);
/* Wipes the bar.  */
void fh_progress_end(const struct fh_progress *p);

#endif
