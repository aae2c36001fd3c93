/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_NET_STREAM_H
#define FH_NET_STREAM_H

#include "net/loop.h"
#include "net/queue.h"
#include "os/file.h"

/* One client's connected socket in the loop, with the bytes that wait in both
 * directions.  The owner reads `in`, fills `out`, and calls fh_stream_update()
 * when it has; a stream that is over closes itself then.  Nothing is read from a
 * client that does not read what it was sent.  */

struct fh_stream {
	struct fh_fd fd;
	struct fh_watch *watch; /* NULL: the stream is not open */
	struct fh_loop *loop;
	struct fh_queue in;
	struct fh_queue out;
	bool paused;            /* the owner wants nothing more for now */
	bool ended;             /* the other side sends nothing more */
	bool closing;           /* close once `out` is empty */
	bool lingering;         /* all is said; waits for the other side to close, too */
	uint64_t linger_ms;     /* since when */
	uint64_t moved_ms;      /* when a byte last came or went */
	void *owner;
	void (*heard)(void *owner);  /* bytes came, or `ended` was set */
	void (*closed)(void *owner); /* the stream is over; memory stays */
};

/* Memory for the queues of S, once; OUT_MAX bounds what waits to be sent, IN_MAX
 * what waits to be read.  */
fh_err fh_stream_prepare(struct fh_stream *s, size_t in_max, size_t out_max,
			 struct fh_large *in_count, struct fh_large *out_count,
			 struct fh_arena *arena);

/* Begins with the socket FD, which S owns now even on error.  */
fh_err fh_stream_open(struct fh_stream *s, struct fh_loop *l, struct fh_fd fd);

/* Sends what can be sent, then asks the loop for what is still wanted.  A stream
 * that is `closing` and has sent all says so and throws away what still comes,
 * until the other side closes: closing at once would take back what was said
 * before it was read (RFC 9112 section 9.6).  */
void fh_stream_update(struct fh_stream *s);

/* Closes a stream that has lingered for too long; true if it did.  */
bool fh_stream_expire(struct fh_stream *s, uint64_t now_ms);

/* The other side is gone altogether, and not only done with sending.  */
bool fh_stream_hung_up(const struct fh_stream *s);

/* Closes at once.  */
void fh_stream_close(struct fh_stream *s);

#endif
