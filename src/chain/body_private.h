/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_BODY_PRIVATE_H
#define FH_CHAIN_BODY_PRIVATE_H

#include "chain/body.h"

/* The members of a body, read in their deterministic order: a required one
 * that is absent, one that is not known and one of another type each turn the
 * reader bad, and the first reason is told in the trace.  */
struct fh_members {
	struct fh_cursor c;
	size_t left;        /* members not read yet */
	struct fh_trace *t; /* may be NULL */
	const char *what;   /* the body, for the trace: "device" */
};

/* Over a whole body, which is checked to be one deterministic item.  */
struct fh_members fh_members_of(struct fh_span body, const char *what, struct fh_trace *t);
/* Over a map inside, which has been checked already.  */
struct fh_members fh_members_within(struct fh_span map, const char *what, struct fh_trace *t);
/* The next member is NAME; then the cursor stands at its value.  */
bool fh_members_has(struct fh_members *m, const char *name);
/* The same, but it must be there.  */
void fh_members_need(struct fh_members *m, const char *name);
/* Turns M bad because of member NAME, saying what it must be.  */
void fh_members_refuse(struct fh_members *m, const char *name, const char *must);
/* FH_ERR_OK if everything was read and nothing is left.  */
fh_err fh_members_end(struct fh_members *m);

/* Values, required, each checked; NAME is the member.  */
struct fh_span fh_members_bytes(struct fh_members *m, const char *name, size_t n);
struct fh_span fh_members_text(struct fh_members *m, const char *name, size_t max);
/* A name the operator gave: 1 .. FH_NAME_MAX bytes, no control characters.  */
struct fh_span fh_members_name(struct fh_members *m, const char *name);
/* An absolute path without zero bytes.  */
struct fh_span fh_members_path(struct fh_members *m, const char *name);
uint64_t fh_members_uint(struct fh_members *m, const char *name, uint64_t max);
/* An array of MIN .. MAX texts of at most FH_PATH_MAX bytes without zeros, as
 * one item.  */
struct fh_span fh_members_texts(struct fh_members *m, const char *name, size_t min, size_t max);

/* The member `approvals`, empty if it is not there.  */
struct fh_span fh_members_approvals(struct fh_members *m, bool renewing);
/* The member `epochs`, likewise.  */
struct fh_span fh_members_epochs(struct fh_members *m);

/* NAME as a map key or text.  */
void fh_put_name(struct fh_builder *b, const char *name);

/* S stands behind LAST in the order of our lists, which is that of deterministic keys: shorter
 * ones first, then bytewise, no two alike.  */
bool fh_rises(struct fh_span last, struct fh_span s);

/* Printable: no byte below 0x20, no 0x7f.  */
bool fh_text_printable(struct fh_span s);

#endif
