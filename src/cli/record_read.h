/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_READ_H
#define FH_CLI_RECORD_READ_H

#include "cli/command.h"
#include "cli/opened_file.h"
#include "cli/segments.h"
#include "entry/field.h"
#include "entry/leaf.h"
#include "entry/segment.h"
#include "entry/shredded.h"
#include "merkle/checkpoint.h"

/* Reading a record through, as `record` and its kinds do: nothing is verified, and
 * what is only half written is not there yet.  */

/* What is done with each part of the record, in order; others than OK stop.
 * FH_ERR_CLOSED means: enough.  */
struct fh_record_visitor {
	fh_err (*entry)(void *context, const struct fh_stored *s, const struct fh_leaf *l);
	fh_err (*checkpoint)(void *context, struct fh_span note); /* or NULL */
	void *context;
	bool prints; /* to standard output, which a bar on the same terminal would cut up */
	bool settled; /* nothing that no checkpoint is over, since a start may take that back */
};

/* How far a reading has come; zeroed it is at the beginning.  */
struct fh_record_place {
	uint64_t segment; /* index of the first entry of the segment being read */
	uint64_t file;    /* which file that was, as pruning puts another in its place */
	size_t offset;    /* behind the last whole frame of it */
	uint64_t next;    /* the entry that comes next */
	bool enough;      /* a visitor has said so */
};

/* Reads what there is, from *AT on, which goes along; from the beginning with a bar of
 * progress where that may be.  FH_ERR_MISSING: no record.  */
fh_err fh_record_read_on(const struct fh_segments *s, const struct fh_record_visitor *v,
			 struct fh_record_place *at, struct fh_trace *t);
/* The same from the beginning, once.  */
fh_err fh_record_read(const struct fh_segments *s, const struct fh_record_visitor *v,
		      struct fh_trace *t);

/* The newest checkpoint of S into NOTE, which has room for FH_NOTE_MAX, and what it says
 * into *OUT, which borrows from there.  FH_ERR_MISSING if no entry is under one.  */
fh_err fh_record_newest(const struct fh_segments *s, struct fh_builder *note,
			struct fh_checkpoint *out, struct fh_trace *t);

constexpr size_t FH_RECORD_LINE_MAX = 8 << 20; /* one entry as text: a payload in hex, and more */

/* How an entry is shown.  */
struct fh_record_look {
	bool json;
	bool fields;              /* all that is recorded of it */
	struct fh_opened *opened; /* of what is sealed, or NULL */
	struct fh_shredded *shredded;
};

/* What has become of an entry's payload: BY says that nobody opens it any more, or is
 * FH_NOT_SHREDDED; and only a stub of it may be left.  */
constexpr uint64_t FH_NOT_SHREDDED = UINT64_MAX;
struct fh_record_fate {
	uint64_t by;
	bool pruned;
};
/* Of the entry INDEX with the PAYLOAD as it is stored; ALL may be NULL.  */
struct fh_record_fate fh_record_fate_of(struct fh_shredded *all, uint64_t index,
					struct fh_span payload);

/* An entry as one JSON object and a line feed, with F's fields unless that is NULL; SEALED: they
 * are not known.  */
void fh_record_put_json(struct fh_builder *b, const struct fh_leaf *l, const struct fh_fields *f,
			bool sealed, struct fh_record_fate fate);
/* An entry as it is stored.  */
fh_err fh_record_put_entry(struct fh_builder *b, const struct fh_stored *s, const struct fh_leaf *l,
			   const struct fh_record_look *look);

/* The option of the verbs that show what is sealed, and the file that it names.  */
#define FH_OPENINGS_OPTION                                                                         \
	{ "openings", 0, false, "FILE", "what an entitled reader opened of it" }

/* The byte string in field ID of the payload; it looks into it.  */
fh_err fh_record_bytes(struct fh_span payload, enum fh_field_id id, struct fh_span *out);

/* The number that --OPTION was given into *OUT, which stays if it was not.  -1, or a
 * usage error's status.  */
int fh_record_number(const struct fh_usage *u, const struct fh_arguments *a, const char *option,
		     uint64_t *out);

/* The entries that the first operand of A names, N or N..M.  The same.  */
int fh_record_range(const struct fh_usage *u, const struct fh_arguments *a, uint64_t *from,
		    uint64_t *to);

/* The fields that --field names, as bits 1 << id, into *OUT; 0 if it does not.  -1, or a usage
 * error's status.  */
int fh_record_fields(const struct fh_usage *u, const struct fh_arguments *a, uint64_t *out);

/* What was opened of an entry, as fh_record_put_json() says it and for people.  */
void fh_record_put_opened(struct fh_builder *b, const struct fh_opened_entry *x, bool json);

/* The kinds of `record`, each a file.  */
int fh_record_open(struct fh_cli *cli, int argc, char **argv);
int fh_record_prune(struct fh_cli *cli, int argc, char **argv);
int fh_record_anchor(struct fh_cli *cli, int argc, char **argv);
int fh_record_prove(struct fh_cli *cli, int argc, char **argv);
int fh_record_disclose(struct fh_cli *cli, int argc, char **argv);
int fh_record_search(struct fh_cli *cli, int argc, char **argv);
int fh_record_export(struct fh_cli *cli, int argc, char **argv);
int fh_record_tiles(struct fh_cli *cli, int argc, char **argv);

#endif
