/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_CONNECT_HEARD_H
#define FH_CLI_CONNECT_HEARD_H

#include "cli/command.h"

/* What the daemon says over a connection that somebody else reads, as far as it tells how the
 * connection went: whether a session was opened, and if not, or if that was ended, why.  */

struct fh_heard {
	bool opened;          /* initialize was answered, and with yes */
	bool over;            /* the session was ended, not by the client */
	bool refused;         /* by the operator's word, not because something failed */
	char why[1280];       /* why there was no session, or is none any more; or empty */
	uint8_t line[8192];   /* of the line that is being heard, as far as refusals go */
	size_t n;             /* its length; above that of `line` it is none that matters */
};

/* Hears BYTES, which follow what was heard before.  Nothing is kept of a line but what is said
 * above.  */
void fh_heard_take(struct fh_heard *h, struct fh_span bytes);

/* The exit status of the connection to the server NAME, which the daemon has closed, after
 * saying on stderr what was wrong.  ENDED: the client had closed its side before.  */
int fh_heard_status(const struct fh_heard *h, const char *name, bool ended);

#endif
