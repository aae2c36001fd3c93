/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_RECORD_PRIVATE_H
#define FH_VERIFY_RECORD_PRIVATE_H

#include "evidence/machine.h"
#include "verify/record.h"

/* The parts of the streaming verifier: record.c reads frames, record_entry.c
 * judges entries, record_session.c sessions and checkpoints, record_quote.c quotes.  */

/* An entry while it is judged.  */
struct fh_record_entry {
	struct fh_leaf leaf;
	struct fh_fields fields; /* none of a sealed one */
	bool sealed;             /* and nothing was opened of it */
	struct fh_span payload; /* as stored */
};

/* The record is wrong here: says so under CODE, once, and returns where to write
 * what.  Where is filled in already.  */
struct fh_trace *fh_record_refuse(struct fh_record_check *c, const char *code);

/* A place that no checkpoint vouches for.  */
struct fh_trace *fh_record_uncovered(struct fh_record_check *c, const char *code);

/* Judges one entry.  Refusals are said; errors as for fh_record_check_segment().  */
fh_err fh_record_entry_check(struct fh_record_check *c, const struct fh_stored *s);

/* Judges when an intent was permitted.  */
fh_err fh_record_permit_begin(struct fh_record_check *c);
void fh_record_permit_check(struct fh_record_check *c, const struct fh_record_entry *e);

/* Compares a state entry with the fold of all entries before it; adds an entry to it.  */
fh_err fh_record_state_check(struct fh_record_check *c, const struct fh_record_entry *e);
void fh_record_fold_add(struct fh_record_check *c, const struct fh_record_entry *e);

/* Judges a session entry.  */
fh_err fh_record_session_check(struct fh_record_check *c, const struct fh_record_entry *e);

/* Judges a QUOTE about SUBJECT, of which chain, device and session are filled in here;
 * LOCK is what the lock PCR has to be.  */
fh_err fh_record_quote_check(struct fh_record_check *c, const struct fh_leaf *leaf,
			     struct fh_span quote, struct fh_quote_subject subject,
			     const struct fh_hash *lock);
/* Judges the quote of an entry, which only a quote entry has to have.  */
fh_err fh_record_quote_entry(struct fh_record_check *c, const struct fh_record_entry *entry,
			     enum fh_quote_purpose purpose);
/* What the quotes say about the states the machine was in.  */
void fh_record_answer_accepted(struct fh_record_check *c);

/* Judges a checkpoint.  */
fh_err fh_record_checkpoint_check(struct fh_record_check *c, struct fh_span note);

/* The entry that comes next is under the checkpoint up to which the record was verified
 * before: what its leaf and payload say of each other is known, and that they are the
 * same the tree shows when it comes to that checkpoint.  */
bool fh_record_is_trusted(const struct fh_record_check *c);

/* The tree has grown by one entry: compares with the checkpoint given.  */
void fh_record_least_grown(struct fh_record_check *c);

/* Compares the tree with the anchors that it has come to, and says what they come to.  */
void fh_record_anchors_begin(struct fh_record_check *c);
void fh_record_anchors_grown(struct fh_record_check *c);
void fh_record_answer_anchors(struct fh_record_check *c);

/* The end of a batch has been reached.  */
void fh_record_boundary_add(struct fh_record_check *c, const struct fh_hash *root);

#endif
