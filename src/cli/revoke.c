/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/revoke.h"

constexpr int go_on = -1;

int fh_revoke_next(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		   const struct fh_signing *signing, enum fh_statement_kind what,
		   struct fh_span id)
{
	uint8_t body[2 * FH_NAME_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(body);
	struct fh_revoke_body r = { .what = what, .id = id };

	fh_revoke_put(&b, &r, /* n= */ 0);
	return fh_signing_next(cli, a, state, signing, "revoke", fh_builder_span(&b));
}

int fh_revoke(const struct fh_cli *cli, const struct fh_usage *u, const struct fh_arguments *a,
	      enum fh_statement_kind what, struct fh_span id)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	int done;

	if (id.n > FH_NAME_MAX)
		return fh_usage_error(u, "a name has at most %zu bytes", FH_NAME_MAX);
	done = fh_signing_begin(cli, u, a, &state, &signing);
	return done == go_on ? fh_revoke_next(cli, a, &state, &signing, what, id) : done;
}
