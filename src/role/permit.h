/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_PERMIT_H
#define FH_ROLE_PERMIT_H

#include "base/builder.h"
#include "base/limits.h"
#include "crypto/hash.h"
#include "role/ask.h"

/* What core tells reach and its workers to do, and what they report.  Every
 * order names the index of the acknowledged intent that permits it, and indexes
 * only rise on a pair.  docs/spec/DOOR.  */

/* --- core to reach ---------------------------------------------------- */

enum fh_reach_order {
	FH_REACH_START = 1, /* start a tool server for a session */
	FH_REACH_STOP = 2,  /* end the session's server, or the courier */
	FH_REACH_COURIER = 3, /* start a courier, under a session's id of its own */
};

struct fh_start {
	uint64_t index;               /* of the intent server.start */
	struct fh_span session;       /* FH_SESSION_ID_SIZE bytes */
	struct fh_span argument[FH_SERVER_ARGUMENTS_MAX];
	size_t arguments;             /* at least 1; the first is an absolute path */
	struct fh_span environment[FH_SERVER_ENVIRONMENT_MAX][2];
	size_t environments;
	struct fh_span directory;     /* absolute path it starts in */
	uint32_t uid, gid;            /* who it runs as */
	struct fh_span executable;    /* SHA-256 its program must have, or empty */
};

void fh_start_put(struct fh_builder *b, const struct fh_start *s);
void fh_stop_put(struct fh_builder *b, struct fh_span session);
void fh_courier_put(struct fh_builder *b, struct fh_span session);
/* Reads any; *ORDER tells which, a stop and a courier fill only session.  */
fh_err fh_reach_order_read(struct fh_span frame, enum fh_reach_order *order, struct fh_start *out);

/* --- reach to core ---------------------------------------------------- */

/* A session's server runs (the frame carries the worker's pair), or could not
 * be started.  */
struct fh_started {
	struct fh_span session;
	bool running;
	struct fh_span text; /* why not, for people */
};

void fh_started_put(struct fh_builder *b, const struct fh_started *s);
fh_err fh_started_read(struct fh_span frame, struct fh_started *out);

/* --- core to a worker ------------------------------------------------- */

enum fh_permit_kind {
	FH_PERMIT_INITIALIZE = 1, /* body: the client's params */
	FH_PERMIT_LIST = 2,       /* body: {"cursor": text} or {} */
	FH_PERMIT_CALL = 3,       /* body: the arguments */
	FH_PERMIT_CANCEL = 4,     /* give up on the exchange INDEX; does not rise */
};

struct fh_permit {
	enum fh_permit_kind kind;
	uint64_t index;      /* of the intent */
	struct fh_span tool; /* for CALL */
	struct fh_span body; /* a deterministic CBOR map, or empty */
	bool progress;       /* CALL: how far it is may be told, with FH_OUTCOME_PROGRESS */
};

void fh_permit_put(struct fh_builder *b, const struct fh_permit *p);
fh_err fh_permit_read(struct fh_span frame, struct fh_permit *out);

/* --- a worker to core ------------------------------------------------- */

enum fh_outcome_status {
	FH_OUTCOME_RESULT = 0,    /* body: the result */
	FH_OUTCOME_ERROR = 1,     /* body: the server's error object */
	FH_OUTCOME_TIMEOUT = 2,   /* it did not answer in time */
	FH_OUTCOME_CANCELLED = 3, /* given up on request */
	FH_OUTCOME_FAILED = 4,    /* the server died or spoke nonsense */
	FH_OUTCOME_UNKNOWN = 5,   /* not reported: written by core after a crash */
	FH_OUTCOME_PARTIAL = 6,   /* cut by core: what permitted it has ended */
	FH_OUTCOME_PROGRESS = 7,  /* none yet; body: how far it is.  No entry has this status. */
	FH_OUTCOMES,
};

/* "result", "error", ...; an unknown value reads "unknown".  */
const char *fh_outcome_text(enum fh_outcome_status s);

struct fh_outcome {
	uint64_t index;      /* of the permit's intent */
	enum fh_outcome_status status;
	uint64_t dropped;    /* messages of the server that nobody had asked for, since the last */
	struct fh_span text; /* detail for people when it failed; else empty */
	struct fh_span body; /* a deterministic CBOR item, or empty */
	/* LIST: of each definition in the result, as it was written: SHA-256; else empty */
	struct fh_span digests;
};

void fh_outcome_put(struct fh_builder *b, const struct fh_outcome *o);
fh_err fh_outcome_read(struct fh_span frame, struct fh_outcome *out);

/* --- supervisor and core ---------------------------------------------- */

enum fh_control_order {
	FH_CONTROL_GATE = 1,  /* a new gate; the frame carries its pair */
	FH_CONTROL_STOP = 2,  /* end in order */
	FH_CONTROL_READY = 3, /* core to supervisor: serving */
};

/* Who is behind a gate's pair, as the kernel says.  */
struct fh_peer {
	bool network;              /* any connection over TCP: nobody is named */
	uint32_t uid, gid;
	struct fh_span executable; /* SHA-256 of its program, or empty */
};

void fh_control_put(struct fh_builder *b, enum fh_control_order order, const struct fh_peer *peer);
fh_err fh_control_read(struct fh_span frame, enum fh_control_order *order, struct fh_peer *peer);

#endif
