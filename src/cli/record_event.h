/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_EVENT_H
#define FH_CLI_RECORD_EVENT_H

#include "base/arena.h"
#include "cli/record_read.h"
#include "entry/called.h"
#include "entry/counted.h"

/* An entry as other programs think of it: who did what to what, and what came of it.  An
 * outcome takes who and what from its intent, which came before it.  */

/* Who did what to what, as an intent says.  */
struct fh_event_act {
	struct fh_span actor, action, resource; /* Cedar's Type::"id" */
	struct fh_span server;
	struct fh_span client;  /* session id; or empty */
	uint64_t time_ms;
};

struct fh_event {
	const struct fh_leaf *leaf;
	struct fh_fields fields;
	struct fh_event_act act; /* empty if nobody knows: an intent of long ago, a refusal */
	bool sealed;             /* and nothing was opened of it: what follows is empty */
	bool decided;            /* allowed and reason hold */
	bool allowed;
	struct fh_span reason;   /* code of a decision or refusal; or empty */
	struct fh_span status;   /* of an outcome */
	struct fh_span subject;  /* of an answer: about whom; or empty */
	struct fh_called called; /* and about which call of a function; or empty */
	struct fh_counted counted; /* it stands for so many refusals; count 0: for itself */
	uint64_t intent;         /* the entry that it is about: its intent's, or its own */
	struct fh_record_fate fate; /* of its payload */
};

/* Intents whose outcome has not come, as many as core lets be open.  */
struct fh_event_open;
struct fh_events {
	struct fh_event_open *open;
	size_t cap;
	struct fh_opened *opened; /* of what is sealed, or NULL */
	struct fh_shredded *shredded; /* or NULL: nobody asks */
};

constexpr size_t FH_EVENTS_ROOM = 32 << 20;

/* Takes FH_EVENTS_ROOM of A, at most.  */
fh_err fh_events_begin(struct fh_arena *a, struct fh_events *out);

/* Reads the entry S with the leaf L.  What OUT says looks into S, or into EVENTS until the
 * next call.  */
fh_err fh_event_read(struct fh_events *events, const struct fh_stored *s, const struct fh_leaf *l,
		     struct fh_event *out);

/* Of Type::"id" what stands between the quotes; of anything else all of it.  */
struct fh_span fh_event_id(struct fh_span entity);

/* The forms, each one line.  DEVICE is the record's; PAYLOAD: arguments and results, too.  */
void fh_event_put_ocsf(struct fh_builder *b, const struct fh_event *v, const struct fh_hash *device,
		       bool payload);
void fh_event_put_cef(struct fh_builder *b, const struct fh_event *v, const struct fh_hash *device);

#endif
