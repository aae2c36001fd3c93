/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_SOURCE_H
#define FH_CLI_RECORD_SOURCE_H

#include "cli/record_read.h"

/* A record together with what makes its sealed entries readable, or says why they are not, as
 * the verbs that show entries take it from their command line.  */

struct fh_record_source {
	const char *path;            /* of the record, for people */
	struct fh_segments segments;
	struct fh_opened_file openings;
	struct fh_shredded shredded; /* after fh_record_source_shredded() */
	struct fh_arena keys;        /* its memory */
};

/* Opens the record that A's operand NTH names, or that of the state directory, and the file that
 * --openings names.  *OUT was zeroed, and is to be dropped in any case.  */
fh_err fh_record_source_open(const struct fh_cli *cli, const struct fh_arguments *a, int nth,
			     struct fh_record_source *out, struct fh_trace *t);
void fh_record_source_drop(struct fh_record_source *s);

/* Reads what of S was shredded with a record of it.  */
fh_err fh_record_source_shredded(struct fh_record_source *s, struct fh_trace *t);

/* How A asks for the entries of S to be shown; it looks into S.  */
struct fh_record_look fh_record_source_look(const struct fh_cli *cli, const struct fh_arguments *a,
					    struct fh_record_source *s);

/* What was opened of S, or NULL.  */
static inline struct fh_opened *fh_record_source_opened(struct fh_record_source *s)
{
	return fh_opened_file_get(&s->openings);
}

#endif
