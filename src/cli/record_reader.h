/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_READER_H
#define FH_CLI_RECORD_READER_H

#include "cli/daemon_socket.h"
#include "os/memory.h"
#include "wire/open_ask.h"

/* Asking the running daemon to open what is sealed in its record, or to prune it
 * (docs/spec/DOOR, "Readers").  Whether it does is the operator's policy's word, and an entry of
 * the record either way.  */

struct fh_reader {
	struct fh_fd daemon;
	char path[FH_DAEMON_PATH_MAX]; /* of its socket */
	struct fh_arena text;          /* the answer as it came */
	struct fh_arena memory;        /* and what it says */
};

/* What came of one request; the spans are good until the next.  */
struct fh_reader_answer {
	uint64_t record;           /* the entry that decided it */
	uint64_t next;             /* the first entry that it did not come to, */
	bool whole;                /* because the record ends there; else there was no room */
	/* entries: in OPENINGS, never sealed, without the fields */
	uint64_t opened, public, without;
	struct fh_span openings;   /* as in a file of openings, behind its head */
	uint64_t erased[FH_OPEN_ASK_ENTRIES_MAX]; /* whose keys are gone */
	size_t erased_n;
};

/* Connects.  *OUT is to be dropped in any case.  Returns FH_EXIT_YES, or the status after
 * saying what is wrong; so do the others.  */
int fh_reader_open(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_reader *out);
void fh_reader_drop(struct fh_reader *r);

/* Says LINE, which has its end, and reads what comes back: a CBOR map with `record` and `result`,
 * good until the next; what is no is said of WHERE, as what the daemon would not VERB.
 * FH_EXIT_NO: refused.  */
int fh_reader_say(struct fh_reader *r, struct fh_span line, const char *where, const char *verb,
		  struct fh_span *out);
/* The number NAME in the CBOR MAP; UINT64_MAX if there is none.  */
uint64_t fh_reader_number(struct fh_span map, const char *name);

/* Has O opened.  FH_EXIT_NO: refused.  */
int fh_reader_ask(struct fh_reader *r, const struct fh_open_ask *o, struct fh_reader_answer *out);

/* Says why nothing was opened of the one entry WHERE; FH_EXIT_COULD_NOT.  */
int fh_reader_nothing(const struct fh_reader_answer *said, const char *where);

#endif
