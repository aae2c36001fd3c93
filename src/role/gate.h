/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_GATE_H
#define FH_ROLE_GATE_H

#include "base/limits.h"
#include "crypto/hash.h"
#include "net/http_read.h"
#include "net/loop.h"
#include "net/route.h"
#include "net/stream.h"
#include "os/file.h"
#include "role/ask.h"
#include "role/frame.h"
#include "wire/mcp.h"

/* The parts of the gate (role/role.h: fh_role_gate) among themselves.
 *
 * Words after the role's name:
 *
 *	network HOST:PORT ...   FH_FD_FIRST is the listening TCP socket, which has
 *	                        these names; Host and Origin must be among them
 *	peer                    connections of one peer come over the control pair
 *
 * The supervisor hands a peer's connection over as a frame whose body is the one
 * CBOR item 1, with the connected stream socket as its descriptor.  The client
 * then says "freehold-connect/1 NAME\n" and goes on with JSON-RPC messages, one
 * per line; or "freehold-record/1\n" and goes on with what is to be opened of the
 * record.  docs/spec/DOOR.  */

constexpr uint64_t FH_GATE_CONNECTION = 1; /* body of the supervisor's frame */
#define FH_GATE_HELLO "freehold-connect/1 "

struct fh_gate;

/* How far a session of a peer connection has come.  Over the network a session
 * is named in each request instead.  */
enum fh_client_stage {
	FH_CLIENT_HELLO,   /* has not named its server yet */
	FH_CLIENT_NEW,     /* initialize must come */
	FH_CLIENT_OPENING, /* initialize waits for core */
	FH_CLIENT_OPEN,    /* has a session */
	FH_CLIENT_READER,  /* wants the record opened, and has no session */
};

/* One connection of a client.  */
struct fh_client {
	struct fh_gate *gate;
	struct fh_stream stream;
	uint64_t generation;        /* rises with each connection in this place */
	struct fh_client *next;     /* in the free list */
	size_t outstanding;         /* exchanges that wait for core */
	uint64_t since_ms;          /* of the connection, or of the request being read */
	uint64_t large_ms;          /* since when its answers are large, if they are */
	/* network */
	struct fh_http http;
	struct fh_route route;      /* of the request being answered */
	bool keep_alive;            /* ... and after it the connection stays */
	bool working;               /* requests are being taken from the queue */
	bool events;                /* its answer is a stream of events, which has begun */
	/* peer */
	enum fh_client_stage stage;
	bool over;                  /* the session ended: close when all is answered */
	uint8_t server[FH_NAME_MAX];
	size_t server_n;
	uint8_t session[FH_SESSION_ID_SIZE];
};

/* A question to core that has not been answered.  */
struct fh_pending {
	uint64_t exchange;          /* 0: this place is free */
	enum fh_ask_kind kind;
	struct fh_client *client;   /* NULL if nobody waits for it any more */
	uint64_t generation;        /* of the client then */
	uint64_t until_ms;          /* HEALTH: given up then */
	bool has_session;
	uint8_t session[FH_SESSION_ID_SIZE];
	uint8_t server[FH_NAME_MAX];
	size_t server_n;
	/* The JSON-RPC request's id, and behind it, where the client wants to hear how far it is,
	 * its token for that; both CBOR.  */
	uint8_t id[FH_MCP_ID_MAX];
	size_t id_n, token_n;
	struct fh_pending *next;    /* in the free list */
};

struct fh_gate {
	struct fh_loop *loop;
	struct fh_pipe core;
	struct fh_pipe control;
	struct fh_watch *core_watch;
	struct fh_watch *control_watch;
	struct fh_watch *listen_watch;
	int listen_fd;              /* -1 for a peer gate */
	bool network;
	struct fh_authorities authorities;
	struct fh_queue to_core;    /* frames that core has not taken yet */
	struct fh_client **clients; /* those that ever were, at most FH_CONNECTIONS_MAX */
	size_t clients_n;
	struct fh_client *spare;    /* free list of clients */
	struct fh_pending *pending; /* FH_INFLIGHT_MAX - 1 places */
	struct fh_pending *free;    /* free list of pending */
	uint64_t counter;           /* of exchanges */
	uint8_t (*live)[FH_SESSION_ID_SIZE]; /* sessions that were opened here */
	size_t lives;
	struct fh_arena memory;     /* everything above, mapped once */
	struct fh_arena scratch;    /* of one message */
	struct fh_arena text;       /* JSON and HTTP being written; used as plain memory */
	uint8_t *document;          /* of the machine, as core gave it last */
	size_t document_n;
	uint8_t etag[2 + 2 * FH_HASH_SIZE]; /* its entity tag: a hash in quotes */
	struct fh_large in_count;   /* clients with a large message */
	struct fh_large out_count;  /* clients with a large answer */
	struct fh_large core_count;
	bool core_gone;
	uint64_t gone_ms;           /* when core went */
	int code;                   /* the process ends with this */
};

/* An answer on its way to a client.  */
struct fh_say {
	uint16_t status;         /* HTTP; a peer connection has none */
	struct fh_span json;     /* one message, no line feed; or empty */
	struct fh_span session;  /* to be told after initialize; or empty */
	bool challenge;
	uint32_t retry_s;        /* Retry-After, seconds; or 0 */
	bool more;               /* it is not the answer yet, which comes behind it */
};

/* --- gate_core.c: the pair with core ------------------------------------ */

/* Sends A, with a new exchange number, to core.  If CLIENT is not NULL, the
 * answer is kept for it, to be given as JSON-RPC id ID.  FH_ERR_FULL if core or
 * the gate has too much to do, FH_ERR_CLOSED if core is gone.  */
fh_err fh_gate_ask(struct fh_gate *g, struct fh_ask *a, struct fh_client *client,
		   struct fh_span id);
/* The same for a call of which CLIENT may be told, under TOKEN, how far it is; TOKEN is empty or
 * fits behind ID into FH_MCP_ID_MAX bytes.  */
fh_err fh_gate_ask_call(struct fh_gate *g, struct fh_ask *a, struct fh_client *client,
			struct fh_span id, struct fh_span token);

/* The exchange that is open for CLIENT's session and the JSON-RPC id ID, or 0.  */
uint64_t fh_gate_find(struct fh_gate *g, struct fh_span session, struct fh_span id);

/* CLIENT is going: nobody waits for its answers; with CANCEL core is told.  */
void fh_gate_forget(struct fh_gate *g, struct fh_client *client, bool cancel);

/* Bytes came from core, or it takes some; the loop's callback.  */
void fh_gate_core_ready(void *gate, bool readable, bool writable);

/* Core is there no longer: everything that waits is answered so, and the gate
 * ends once that is said.  */
void fh_gate_lose_core(struct fh_gate *g);

/* Gives up on health questions that core does not answer.  */
void fh_gate_expire(struct fh_gate *g, uint64_t now_ms);

bool fh_gate_session_lives(const struct fh_gate *g, struct fh_span session);

/* Room for what a question becomes.  */
constexpr size_t FH_GATE_QUESTION_MAX = 1024;

/* --- gate_document.c: what this machine shows of itself ----------------- */

/* Takes the document that core hands over.  FH_ERR_FORMAT for what is none.  */
fh_err fh_gate_document_take(struct fh_gate *g, struct fh_span body);
/* The answer to the request R for it.  */
struct fh_http_response fh_gate_document_answer(const struct fh_gate *g,
						const struct fh_http_request *r);

/* What the JSON text BODY asks to be quoted, as core wants it, into PARAMS; NULL, or why
 * it is refused, in *STATUS and the reason returned.  */
const char *fh_gate_quote_read(const struct fh_gate *g, struct fh_span body,
			       struct fh_builder *params, uint16_t *status);

/* --- gate_record.c: the record for whoever reads it --------------------- */

/* What the target of R names of the record, as core wants it, into PARAMS; false if there
 * is no such thing.  */
bool fh_gate_record_read(const struct fh_http_request *r, struct fh_builder *params);
/* Answers C, whose request that was, with what core says.  */
void fh_gate_record_answer(struct fh_client *c, const struct fh_reply *r);

/* --- gate_question.c: AuthZEN's Authorization API ------------------------- */

/* Asks core what the request of C to ROUTE, a QUESTION, is about, or refuses it.  */
void fh_gate_question(struct fh_client *c, const struct fh_route *route);
/* Answers C, whose request that was, with what core says.  */
void fh_gate_question_answer(struct fh_client *c, const struct fh_reply *r);
/* Says to C what the API has to offer.  */
void fh_gate_questions(struct fh_client *c);
/* Refuses the request of C for REASON.  */
void fh_gate_question_refuse(struct fh_client *c, uint16_t status, struct fh_span reason,
			     struct fh_span text, const char *allow);

/* --- gate_opening.c: readers of the record -------------------------------- */

/* Asks core to open what LINE of the peer C names, or refuses it.  */
void fh_gate_opening(struct fh_client *c, struct fh_span line);
/* Answers C, whose request that was, with what core says.  */
void fh_gate_opening_answer(struct fh_client *c, const struct fh_reply *r);

/* --- gate_witness.c: as a witness of other logs -------------------------- */

/* What R asks, as core wants it, into PARAMS, which is memory for one message; false if
 * there is no such thing, or it is too large.  */
bool fh_gate_witness_read(struct fh_gate *g, const struct fh_http_request *r,
			  struct fh_builder *params);
/* Answers C, whose request that was, with what core says.  */
void fh_gate_witness_answer(struct fh_client *c, const struct fh_reply *r);

/* --- gate_answer.c: from core's replies to JSON ------------------------- */

/* Answers P, which has a client, with R.  */
void fh_gate_answer(struct fh_gate *g, struct fh_pending *p, const struct fh_reply *r);

/* Tells the client of P, which waits, how far it is.  */
void fh_gate_progress(struct fh_gate *g, const struct fh_pending *p, const struct fh_reply *r);

/* Tells the peer CLIENT why its session ended, as R says.  */
void fh_gate_say_ended(struct fh_client *client, const struct fh_reply *r);

/* Tells CLIENT that its message ID was not carried out, for REASON.  CALL: as a
 * tool's result; otherwise as an error with CODE.  */
void fh_gate_refuse(struct fh_client *client, struct fh_span id, bool call, uint16_t status,
		    int64_t code, const char *reason, const char *text);

/* --- gate_message.c: what both kinds of connection do with a message ---- */

/* Acts on the one message JSON, sent to the server named in SENT with its session
 * and credential: asks core, or answers at once.  A peer's message for which it is too early
 * pauses its stream, and is to be given again when that goes on.  */
void fh_gate_message(struct fh_client *client, struct fh_span json, const struct fh_ask *sent);
/* A clean scratch arena; pages that only a large message needed go back.  FH_ERR_NOMEM.  */
fh_err fh_gate_renew_scratch(struct fh_gate *g);

/* --- gate_http.c, gate_line.c: the two kinds of connection -------------- */

void fh_gate_http_open(struct fh_client *c);
void fh_gate_http_heard(void *client);
void fh_gate_http_say(struct fh_client *c, const struct fh_say *say);
/* An answer of another kind, and a refusal with a reason.  */
void fh_gate_http_respond(struct fh_client *c, struct fh_http_response *r);
void fh_gate_http_refuse(struct fh_client *c, uint16_t status, struct fh_span reason,
			 struct fh_span text);
void fh_gate_http_tick(struct fh_client *c, uint64_t now_ms);
void fh_gate_line_open(struct fh_client *c);
void fh_gate_line_heard(void *client);
void fh_gate_line_say(struct fh_client *c, const struct fh_say *say);
void fh_gate_line_tick(struct fh_client *c, uint64_t now_ms);

/* --- gate_client.c: the places of connections -------------------------- */

/* Begins a connection with FD, which is owned here even on error.  */
fh_err fh_gate_client_open(struct fh_gate *g, struct fh_fd fd);

/* A peer's session ends when its connection does.  */
void fh_gate_client_closed(void *client);

/* Every place, for what happens with time.  */
void fh_gate_clients_tick(struct fh_gate *g, uint64_t now_ms);

/* No client still waits for bytes that are queued.  */
bool fh_gate_clients_drained(const struct fh_gate *g);

/* Room for N more bytes to CLIENT, as fh_queue_reserve().  Where too many clients let large
 * answers wait, who has done so longest is cut off, so that nobody keeps others from theirs.  */
fh_err fh_gate_reserve(struct fh_client *client, size_t n);

/* Says SAY in the manner of CLIENT's connection.  */
void fh_gate_say(struct fh_client *c, const struct fh_say *say);

/* The session of R ended by itself.  */
void fh_gate_end_session(struct fh_gate *g, const struct fh_reply *r);

#endif
