/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lease.h"

#include <stdio.h>

#include "os/memory.h"
#include "store/lease_files.h"

constexpr int go_on = -1;

fh_err fh_lease_look(struct fh_state *s, const struct fh_hash *device, struct fh_lease_taken *out,
		     struct fh_trace *t)
{
	struct fh_lease_taken last = { 0 };
	struct fh_lease_name *files;
	size_t n = 0;
	fh_err e = fh_lease_files(&s->store, 0, &s->memory, &files, &n, t);

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		size_t mark = s->memory.n;
		struct fh_lease_file f;
		struct fh_span file;

		/* As the daemon does: one that is wrong is passed over.  What it took before
		 * signers changed or the chain forked, it goes on counting.  */
		if (fh_lease_file_load(&s->store, &files[i], &s->memory, &file, nullptr)
			    == FH_ERR_OK
		    && fh_lease_file_read(file, &f, nullptr) == FH_ERR_OK
		    && f.lease.counter > last.counter
		    && fh_lease_may_be_taken(&s->chain, &f, device))
			last = fh_lease_take(&f.lease);
		s->memory.n = mark;
	}
	if (e == FH_ERR_OK)
		*out = last;
	return e;
}

/* L is no newer than LAST, and no machine that has LAST takes it.  One of a replica that
 * comes along with newer ones is nothing wrong.  */
static int tell_older(const struct fh_cli *cli, const char *where, const struct fh_lease *l,
		      const struct fh_lease_taken *last)
{
	unsigned long long own = l->counter, held = last->counter;
	struct fh_trace t = { 0 };

	if (own < held) {
		fh_cli_say(cli, "%s: lease %llu changes nothing: lease %llu, which is here, is "
			   "newer", where, own, held);
		return FH_EXIT_YES;
	}
	if (l->issued_ms == last->issued_ms && l->begins_ms == last->begins_ms
	    && fh_lease_end(l->begins_ms, l->duration_ms) == last->ends_ms) {
		fh_cli_say(cli, "%s: lease %llu is here already", where, own);
		return FH_EXIT_YES;
	}
	fh_trace_what(&t, "another lease %llu is here, and this one would never be taken", own);
	fh_trace_cure(&t, "sign one with a greater counter: `freehold lease renew`");
	return fh_cli_fail_trace(FH_ERR_EXISTS, where, &t);
}

int fh_lease_import(const struct fh_cli *cli, struct fh_state *s, struct fh_span file,
		    const char *where)
{
	struct fh_trace t = { 0 };
	struct fh_lease_taken last;
	struct fh_lease_file f;
	fh_err e = fh_lease_file_read(file, &f, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, where, &t);
	const struct fh_device *d = fh_chain_device(&s->chain, &f.lease.device);

	if (d == nullptr || d->revoked)
		return fh_cli_fail(FH_ERR_UNKNOWN, where, "the lease is for a machine that is not "
				   "enrolled here", "import the chain first");
	e = fh_lease_judge(&s->chain, &f, &f.lease.device, /* last= */ 0, &t);
	if (e == FH_ERR_OK)
		e = fh_lease_look(s, &f.lease.device, &last, &t);
	if (e == FH_ERR_OK && f.lease.counter <= last.counter)
		return tell_older(cli, where, &f.lease, &last);
	if (e == FH_ERR_OK)
		e = fh_lease_file_add(&s->store, file, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, where, &t);
	fh_cli_say(cli, "%s: lease %llu accepted", where, (unsigned long long)f.lease.counter);
	return FH_EXIT_YES;
}

/* --- signing ------------------------------------------------------------- */

bool fh_lease_is(const char *path)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_span file;

	return fh_arena_map(2 * FH_LEASE_FILE_MAX, &memory) == FH_ERR_OK
	       && fh_file_read(path, FH_LEASE_FILE_MAX, &memory, &file) == FH_ERR_OK
	       && fh_lease_file_is(file);
}

int fh_lease_sign(const struct fh_cli *cli, const struct fh_usage *u, const struct fh_arguments *a)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	const char *path = fh_argument(a, "out") != nullptr ? fh_argument(a, "out") : a->operand[0];
	struct fh_trace t = { 0 };
	struct fh_lease_file f;
	struct fh_span file;
	size_t more;
	int done = fh_signing_begin(cli, u, a, &state, &signing);

	if (done != go_on)
		return done;
	fh_err e = fh_file_read(a->operand[0], FH_LEASE_FILE_MAX, &state.memory, &file);

	if (e == FH_ERR_OK)
		e = fh_lease_file_read(file, &f, &t);
	if (e == FH_ERR_OK)
		e = fh_signing_more(&signing, FH_SPAN_LIT(FH_LEASE_AAD), f.lease.payload,
				    f.signature, f.signatures, &state.memory, &file);
	if (e == FH_ERR_OK)
		e = fh_lease_file_read(file, &f, &t);
	if (e == FH_ERR_OK)
		e = fh_lease_wants(&state.chain, &f, &more, &t);
	if (e == FH_ERR_OK)
		e = fh_file_replace(path, file, 0644);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	fh_signing_tell(cli, path, more);
	return FH_EXIT_YES;
}
