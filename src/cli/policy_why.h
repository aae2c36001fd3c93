/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_WHY_H
#define FH_CLI_POLICY_WHY_H

#include "cli/policy_request.h"
#include "entry/counted.h"
#include "policy/explain.h"

/* What `policy why` has found out about one entry, and how it looks.  */

constexpr size_t FH_WHY_SHOWN_MAX = 16; /* policies that are shown with their text */
constexpr size_t FH_WHY_NEEDS_MAX = 6;  /* clauses, conditions and limits named of one */

struct fh_why {
	const struct fh_cli *cli;
	const char *openings;        /* the file that --openings names; or NULL */
	struct fh_past *past;        /* as it was before the entry */
	const struct fh_leaf *leaf;  /* the entry that decided */
	bool is_outcome;             /* the entry that was asked for is OUTCOME, of that one */
	uint64_t outcome;
	struct fh_past_request request;
	struct fh_span refusal;      /* it came before any action, with this code; or empty */
	struct fh_counted counted;   /* it stands for so many of them; count 0: for itself */
	struct fh_span tool;         /* what it was about; or empty */
	struct fh_decision computed; /* the decision made again; nothing if by_statement */
	bool same;                   /* it is the record's */
	struct fh_moment moment;     /* it was made in */
	struct fh_circumstances now;
	struct fh_explained *explained; /* each policy of the set, if policies were asked */
	size_t explained_n;
	const struct fh_explained *nearest; /* of a refusal for want of a permit; or NULL */
	const char *unknown;         /* what cannot be reconstructed; or NULL */
	char budgets[256];           /* UNKNOWN, where budgets are */
	struct fh_builder out;
};

/* Tells T why entry INDEX, not all fields of which are known, is not, and what would open it.  */
void fh_why_sealed(const struct fh_why *w, uint64_t index, struct fh_trace *t);

/* The whole answer, into W->out.  */
void fh_why_put_text(struct fh_why *w);
void fh_why_put_json(struct fh_why *w);

/* What X lacks to have its effect, each in words, in the order in which it is looked at; how
 * many there are.  They lie in the memory of W's state.  */
size_t fh_why_needs(struct fh_why *w, const struct fh_explained *x,
		    struct fh_span need[FH_WHY_NEEDS_MAX]);
/* Why nothing was asked of policies, or which statement decided; in words, or empty.  */
struct fh_span fh_why_obstacle(struct fh_why *w);
/* What a refusal for CODE means.  Never NULL.  */
const char *fh_why_refusal(struct fh_span code);

/* X has what it needs to be shown: it determined the answer, or stood closest to it.  */
bool fh_why_shows(const struct fh_why *w, const struct fh_explained *x);
/* Its policy, and that one's text, of which *LINE is the first line.  */
const struct fh_policy *fh_why_policy(const struct fh_why *w, const struct fh_explained *x);
struct fh_span fh_why_policy_text(struct fh_why *w, const struct fh_explained *x, uint32_t *line);

#endif
