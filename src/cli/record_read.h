/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_READ_H
#define FH_CLI_RECORD_READ_H

#include "cli/command.h"
#include "cli/segments.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/segment.h"

/* Reading a record through, as `record` and its kinds do: nothing is verified, and
 * what is only half written is not there yet.  */

/* What is done with each part of the record, in order; others than OK stop.
 * FH_ERR_CLOSED means: enough.  */
struct fh_record_visitor {
	fh_err (*entry)(void *context, const struct fh_stored *s, const struct fh_leaf *l);
	fh_err (*checkpoint)(void *context, struct fh_span note); /* or NULL */
	void *context;
};

fh_err fh_record_read(const struct fh_segments *s, const struct fh_record_visitor *v,
		      struct fh_trace *t);

/* The byte string in field ID of the payload; it looks into it.  */
fh_err fh_record_bytes(struct fh_span payload, enum fh_field_id id, struct fh_span *out);

/* The number that --OPTION was given into *OUT, which stays if it was not.  -1, or a
 * usage error's status.  */
int fh_record_number(const struct fh_usage *u, const struct fh_arguments *a, const char *option,
		     uint64_t *out);

/* The kinds of `record`, each a file.  */
int fh_record_prove(struct fh_cli *cli, int argc, char **argv);

#endif
