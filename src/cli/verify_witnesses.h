/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_WITNESSES_H
#define FH_CLI_VERIFY_WITNESSES_H

#include "base/arena.h"
#include "base/builder.h"
#include "cli/command.h"
#include "merkle/quorum.h"
#include "verify/finding.h"

/* Whether those whom the asker trusts have witnessed a checkpoint (C2SP tlog-policy).  */

#define FH_WITNESSES_OPTION                                                                   \
	{ "witnesses", 0, false, "POLICY", "demand the quorum of this witness policy" }

struct fh_given_witnesses {
	struct fh_quorum *quorum;   /* of --witnesses; NULL: it was not given */
	struct fh_quorum_verdict v; /* of the note that was judged */
	bool noted;                 /* it is a checkpoint */
	/* Of the whole: yes if nobody asks or the quorum has cosigned it, no if it has not,
	 * unchecked if that cannot be told by this policy.  */
	enum fh_answer answer;
};

/* Reads the policy that --witnesses in A names, if it does, into memory of ROOM.  -1 to go
 * on, otherwise the exit status.  */
int fh_given_witnesses_read(const struct fh_arguments *a, struct fh_arena *room,
			    struct fh_given_witnesses *out);

/* Judges NOTE (empty: there is none) by the policy that was read.  FH_ERR_CRYPTO.  */
fh_err fh_given_witnesses_judge(struct fh_given_witnesses *w, struct fh_span note);

/* Says in F why the answer is not yes, if it is not.  */
void fh_given_witnesses_say(const struct fh_given_witnesses *w, struct fh_finding *f);

/* Who has cosigned a checkpoint over SIZE entries, and when by his own clock: for people, to
 * stdout, and for programs, as a JSON object.  */
void fh_given_witnesses_print(const struct fh_given_witnesses *w, uint64_t size);
void fh_given_witnesses_put(const struct fh_given_witnesses *w, uint64_t size,
			    struct fh_builder *b);

#endif
