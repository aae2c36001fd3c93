/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_SINCE_H
#define FH_CLI_VERIFY_SINCE_H

#include "os/view.h"
#include "verify/record.h"

/* What the options --since and --at-least of `verify record` name: a checkpoint, a document that
 * holds one, or what --save wrote, from which a verification goes on.  Zeroed it is none.  */
struct fh_given_since {
	struct fh_view view;
	struct fh_arena memory;
	struct fh_span note;      /* the checkpoint, or empty */
	struct fh_saved saved;    /* what --save wrote, */
	bool goes_on;             /* if it is that */
	struct fh_arena room, file; /* for --save, if it was given: where the file is made, */
	struct fh_builder keep;     /* and the chain's statements until then */
};

constexpr size_t FH_SINCE_NOTE_MAX = 64 << 10; /* FH_NOTE_MAX */

/* Reads PATH; nothing to do if it is NULL.  WHOLE: what --save wrote will not do.  -1, or the exit
 * status after an error that was said.  */
int fh_given_since_read(const char *path, bool whole, struct fh_given_since *out);
void fh_given_since_drop(struct fh_given_since *s);

/* What the verifier is told.  */
void fh_given_since_get(struct fh_given_since *s, struct fh_record_options *o);

/* Memory for --save.  */
fh_err fh_given_since_save_begin(struct fh_given_since *s);
/* Writes PATH, if the verdict V on C is a yes, and says so if it is not.  V's exit status, or that
 * of an error.  */
int fh_given_since_save(struct fh_given_since *s, struct fh_record_check *c, enum fh_answer v,
			int status, const char *path);

#endif
