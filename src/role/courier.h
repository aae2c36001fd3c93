/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_COURIER_H
#define FH_ROLE_COURIER_H

#include "base/builder.h"
#include "freehold/error.h"

/* What core has a courier carry to one witness, and what that said.  docs/spec/DOOR.  */

struct fh_errand {
	struct fh_span url;
	struct fh_span body;   /* to POST; empty: it is a GET */
};

struct fh_errand_answer {
	uint64_t status;       /* HTTP; 0: there was no answer */
	struct fh_span body;   /* at most FH_WITNESS_ANSWER_MAX */
	struct fh_span why;    /* for people, without an answer */
	bool large;            /* it was there, and larger than that */
};

void fh_errand_put(struct fh_builder *b, const struct fh_errand *e);
fh_err fh_errand_read(struct fh_span frame, struct fh_errand *out);
void fh_errand_answer_put(struct fh_builder *b, const struct fh_errand_answer *a);
fh_err fh_errand_answer_read(struct fh_span frame, struct fh_errand_answer *out);

#endif
