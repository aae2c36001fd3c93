/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_INDEX_INDEX_H
#define FH_INDEX_INDEX_H

#include "base/own.h"
#include "base/span.h"
#include "base/trace.h"
#include "freehold/error.h"

/* An index over entries, for people's searches: a SQLite database in memory, made anew
 * for each search and gone with it, so nothing of the record is kept a second time.  */

/* What is known of one entry; texts may be empty.  */
struct fh_index_row {
	uint64_t index;
	uint64_t time_ms;        /* not before */
	const char *kind;
	struct fh_span actor, action, resource; /* Cedar's Type::"id" */
	struct fh_span server, reason, status;
	int allowed;             /* of a decision 1 or 0; -1: there is none */
	uint64_t intent;         /* the entry that it is about */
	struct fh_span text;     /* everything it says, for words */
};

/* What is searched for; NULL and the widest bounds match everything.  Names match what
 * they are part of, whatever the letters' case.  */
struct fh_index_query {
	const char *kind, *actor, *action, *resource, *server, *status, *reason;
	const char *word;        /* anywhere in the text */
	int allowed;             /* -1: either, and what is no decision */
	uint64_t since_ms, until_ms; /* since <= time < until */
	uint64_t about;          /* that intent and its outcome; UINT64_MAX: any */
	uint64_t limit;          /* so many, the newest ones */
};

struct fh_index;
struct fh_index_handle {
	struct fh_index *p;
};

/* An empty index.  FH_ERR_UNSUPPORTED: the library is not installed, and T says so.
 * FH_ERR_NOMEM.  */
fh_err fh_index_open(struct fh_index_handle *out, struct fh_trace *t);
void fh_index_handle_drop(struct fh_index_handle *h);

/* Adds R, which is not needed afterwards.  FH_ERR_NOMEM.  */
fh_err fh_index_add(struct fh_index *x, const struct fh_index_row *r);

/* The indexes of the entries that Q matches, rising, into OUT; *N of them, at most
 * Q->limit, for which OUT has room.  */
fh_err fh_index_search(struct fh_index *x, const struct fh_index_query *q, uint64_t *out,
		       size_t *n);

#endif
