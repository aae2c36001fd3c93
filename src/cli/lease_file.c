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

		/* As the daemon does: one that is wrong is passed over.  */
		if (fh_lease_file_load(&s->store, &files[i], &s->memory, &file, nullptr)
			    == FH_ERR_OK
		    && fh_lease_file_read(file, &f, nullptr) == FH_ERR_OK
		    && fh_lease_judge(&s->chain, &f, device, last.counter, nullptr) == FH_ERR_OK)
			last = fh_lease_take(&f.lease);
		s->memory.n = mark;
	}
	if (e == FH_ERR_OK)
		*out = last;
	return e;
}

int fh_lease_import(const struct fh_cli *cli, struct fh_state *s, struct fh_span file,
		    const char *where)
{
	struct fh_trace t = { 0 };
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
		e = fh_lease_file_add(&s->store, file, &t);
	if (e == FH_ERR_EXISTS) {
		fh_cli_say(cli, "%s: lease %llu is here already", where,
			   (unsigned long long)f.lease.counter);
		return FH_EXIT_YES;
	}
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
