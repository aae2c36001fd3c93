/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_AUTHZEN_H
#define FH_WIRE_AUTHZEN_H

#include "base/limits.h"
#include "base/trace.h"
#include "policy/question.h"

/* The requests of AuthZEN's Authorization API 1.0 (docs/spec/AUTHZEN): the JSON that a
 * client sends becomes one typed CBOR map, and core reads that.  Unknown members are dropped,
 * as that specification demands; those that count are checked here.  */

/* Values cross between processes (docs/spec/AUTHZEN).  */
enum fh_authzen_api {
	FH_AUTHZEN_EVALUATION = 1,
	FH_AUTHZEN_EVALUATIONS = 2,
	FH_AUTHZEN_SUBJECTS = 3,    /* search/subject */
	FH_AUTHZEN_RESOURCES = 4,   /* search/resource */
	FH_AUTHZEN_ACTIONS = 5,     /* search/action */
};

enum fh_authzen_semantic {
	FH_AUTHZEN_EXECUTE_ALL = 0,
	FH_AUTHZEN_DENY_FIRST = 1,   /* ends behind the first no */
	FH_AUTHZEN_PERMIT_FIRST = 2, /* ends behind the first yes */
};

constexpr size_t FH_AUTHZEN_TOKEN_MAX = 64;

/* Reads the body JSON of a request to API into OUT, which has FH_AUTHZEN_PARAMS_MAX bytes.
 * Evaluations that are none, or one at the top, become FH_AUTHZEN_EVALUATION.  What is
 * wrong with one of several is kept in its place, to be answered there.  FH_ERR_FORMAT,
 * FH_ERR_LIMIT or FH_ERR_NOMEM; *T (never NULL) says what is wrong.  Memory comes from A.  */
fh_err fh_authzen_read(enum fh_authzen_api api, struct fh_span json, struct fh_arena *a,
		       struct fh_builder *out, struct fh_trace *t);

/* The same as core sees it.  */
struct fh_authzen {
	enum fh_authzen_api api;
	enum fh_authzen_semantic semantic;
	size_t limit;               /* results of one page: 1 .. FH_AUTHZEN_PAGE_MAX */
	struct fh_span token;       /* of the page before, or empty */
	size_t questions;           /* 1, or of EVALUATIONS at most FH_AUTHZEN_EVALUATIONS_MAX */
	struct fh_cursor list;      /* stands before the next */
};

/* One of its questions.  */
struct fh_authzen_item {
	struct fh_span bytes;        /* as it stands in the map */
	struct fh_span malformed;    /* why it is none; empty: it is one */
	struct fh_question question; /* what is searched for has an empty id */
	/* Of a call of a function, what the model calls it.  One that is malformed has that, and
	 * the question's function, as far as they are known.  */
	struct fh_span call;
};

/* Reads PARAMS, strictly.  FH_ERR_FORMAT, FH_ERR_LIMIT.  */
fh_err fh_authzen_begin(struct fh_span params, struct fh_authzen *out);
/* The next question of Z, of which there must be one left.  */
fh_err fh_authzen_next(struct fh_authzen *z, struct fh_authzen_item *out);

#endif
