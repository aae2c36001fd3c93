/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_ASK_H
#define FH_ROLE_ASK_H

#include "base/builder.h"
#include "base/limits.h"
#include "base/span.h"
#include "freehold/error.h"

/* What a gate may say to core, and what core answers.  docs/spec/DOOR.
 *
 * A gate turns hostile bytes into these and nothing else.  It never says who
 * is behind it: core knows that of the pair.  Only a bearer credential, which
 * is the client's own word, travels in the frame.  */

constexpr size_t FH_SESSION_ID_SIZE = 16; /* a client session, chosen by core */
constexpr size_t FH_BEARER_MAX = 256;     /* a bearer credential as presented */
constexpr size_t FH_REASON_MAX = 64;      /* a stable reason code */

enum fh_ask_kind {
	FH_ASK_INITIALIZE = 1, /* open a session with SERVER; params: the client's */
	FH_ASK_LIST = 2,       /* tools/list; params: {"cursor": text} or {} */
	FH_ASK_CALL = 3,       /* tools/call of TOOL; params: its arguments, a map */
	FH_ASK_CANCEL = 4,     /* give up on exchange TARGET of this gate */
	FH_ASK_END = 5,        /* close the session */
	FH_ASK_HEALTH = 6,     /* does core answer?  Not recorded. */
	FH_ASK_REFUSED = 7,    /* the gate refused a message itself: record it */
	FH_ASK_QUOTE = 8,      /* a quote; params: see DOOR */
	FH_ASK_RECORD = 9,     /* a part of the record; params: role/record_ask.h.  Not recorded. */
	FH_ASK_QUESTION = 10,  /* what somebody may do; params: wire/authzen.h */
	FH_ASK_WITNESS = 11,   /* as a witness; params: role/witness_ask.h.  Not recorded. */
	FH_ASK_OPEN = 12,      /* open entries of the record; params: wire/open_ask.h */
	FH_ASK_PRUNE = 13,     /* prune a segment of it; params: wire/prune_ask.h */
};

struct fh_ask {
	enum fh_ask_kind kind;
	uint64_t exchange;      /* the gate's number for it, in the answer too; rising */
	uint64_t target;        /* for CANCEL: the exchange; else 0 */
	struct fh_span session; /* FH_SESSION_ID_SIZE bytes, or empty */
	struct fh_span bearer;  /* the credential as presented, or empty */
	struct fh_span server;  /* name of the tool server, UTF-8 */
	struct fh_span tool;    /* for CALL: the tool; for REFUSED: a reason code */
	struct fh_span params;  /* one deterministic CBOR map, or empty */
	bool progress;          /* CALL: the client wants to hear how far it is */
};

enum fh_reply_status {
	FH_REPLY_RESULT = 0,   /* body: the server's result, a CBOR map */
	FH_REPLY_REFUSED = 1,  /* decided, and no; reason and policies say why */
	FH_REPLY_ERROR = 2,    /* body: the server's JSON-RPC error, a CBOR map */
	FH_REPLY_FAILED = 3,   /* could not decide or carry out; reason says why */
	FH_REPLY_ENDED = 4,    /* unsolicited, exchange 0: the session is over */
	FH_REPLY_DOCUMENT = 5, /* unsolicited, exchange 0: body: the document to serve, bytes */
	FH_REPLY_PROGRESS = 6, /* not the last word: body: how far it is (wire/progress.h) */
};

constexpr uint64_t FH_NO_INDEX = UINT64_MAX;
constexpr size_t FH_REPLY_POLICIES_MAX = 16;

struct fh_reply {
	enum fh_reply_status status;
	uint64_t exchange;      /* of the ask */
	uint64_t index;         /* entry in the record that decided it, or FH_NO_INDEX */
	struct fh_span session; /* the session: new after INITIALIZE */
	struct fh_span reason;  /* stable code, e.g. "no-permit"; empty for a result */
	struct fh_span text;    /* one sentence for people; empty for a result */
	struct fh_span policy[FH_REPLY_POLICIES_MAX]; /* ids of the policies that decided */
	size_t policies;
	struct fh_span body;    /* one CBOR item, or empty */
};

/* Writes and reads; reading is strict (FH_ERR_FORMAT, FH_ERR_LIMIT) and yields
 * spans into the frame.  Params and body are checked to be deterministic.  */
void fh_ask_put(struct fh_builder *b, const struct fh_ask *a);
fh_err fh_ask_read(struct fh_span frame, struct fh_ask *out);
void fh_reply_put(struct fh_builder *b, const struct fh_reply *r);
fh_err fh_reply_read(struct fh_span frame, struct fh_reply *out);

#endif
