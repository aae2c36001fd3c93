/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject.h"

#include "policy/suggest.h"

bool fh_subject_known(const struct fh_chain *c, struct fh_span subject, struct fh_span *near)
{
	struct fh_suggestion s = fh_suggestion_for(subject);
	const struct fh_actor *a;
	size_t at = 0;

	while ((a = fh_chain_actor_next(c, &at)) != nullptr)
		fh_suggestion_offer(&s, a->body.name);
	*near = s.best;
	return fh_chain_actor(c, subject) != nullptr;
}

void fh_subject_warn(const struct fh_cli *cli, const struct fh_chain *c, struct fh_span subject)
{
	struct fh_span near;

	if (fh_subject_known(c, subject, &near))
		return;
	if (near.n > 0)
		fh_cli_say(cli, "warning: no actor `%.*s` is in force; did you mean `%.*s`?",
			   (int)subject.n, (const char *)subject.p, (int)near.n,
			   (const char *)near.p);
	else
		fh_cli_say(cli, "warning: no actor `%.*s` is in force, and if there never was one, "
			   "nothing was recorded of it; `freehold chain show` lists them",
			   (int)subject.n, (const char *)subject.p);
}
