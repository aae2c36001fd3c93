/* SPDX-License-Identifier: Apache-2.0 */
/* `chain restore`: chain/ again as the record has it.  Who signs reads the files and not the
 * record: with the last one lost he would sign another of that number, and fork the chain.  */
#include "cli/chain_restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hex.h"
#include "cli/record_read.h"
#include "cli/state.h"
#include "store/lease_files.h"

static const struct fh_usage usage = {
	.verb = "chain restore",
	.operands = "",
	.summary = "Writes again what is missing or damaged in chain/, from the record",
	.text = "Every statement is checked as when it was taken, and the files of those that the\n"
		"record does not hold stay as they are.  The daemon may run.\n",
	.examples = "  freehold chain restore\n",
};

struct restoring {
	const struct fh_cli *cli;
	struct fh_state state;
	size_t held, written;
	struct fh_trace trace; /* of what is wrong with a statement or file */
};

static void drop(struct restoring *r)
{
	fh_state_drop(&r->state);
}

/* The file NAME holds BYTES afterwards.  Nobody can have changed it for the better: its name
 * says which statement it is of.  */
static fh_err settle(struct restoring *r, const char *name, struct fh_span bytes)
{
	char file[sizeof("chain/") + FH_LEASE_NAME], path[FH_PATH_MAX];
	bool same = false;

	(void)snprintf(file, sizeof(file), "chain/%s", name);
	fh_err e = fh_store_path(&r->state.store, file, path);

	if (e == FH_ERR_OK)
		e = fh_file_compare(AT_FDCWD, path, bytes, &same);
	bool missing = e == FH_ERR_MISSING;

	r->held++;
	if (e == FH_ERR_OK && same)
		return e;
	if (e == FH_ERR_OK && unlink(path) != 0)
		e = fh_errno_err(errno);
	if (e == FH_ERR_OK || missing)
		e = fh_store_put(&r->state.store, file, bytes, &r->trace);
	if (e != FH_ERR_OK) {
		fh_trace_where(&r->trace, "%s", file);
		return e;
	}
	r->written++;
	if (!r->cli->json)
		fh_cli_say(r->cli, "%s: %s, written again", file, missing ? "was missing"
			   : "was damaged");
	return FH_ERR_OK;
}

/* The record is of the chain of these files, if one of them says of which chain it is.  */
static fh_err check_genesis(struct restoring *r)
{
	struct fh_chain_file *f;
	char hex[2 * 8 + 1];
	size_t n;
	fh_err e = fh_chain_files(&r->state.store, &r->state.memory, &f, &n, &r->trace);
	struct fh_builder b = FH_BUILDER_ARRAY(hex);

	if (e != FH_ERR_OK || n == 0 || f[0].sequence != 0)
		return e;
	fh_builder_hex(&b, fh_span_of(r->state.chain.id.bytes, 8));
	hex[16] = '\0';
	for (size_t i = 0; i < n && f[i].sequence == 0; i++) {
		if (fh_span_starts(fh_span_str(f[i].name + 9), fh_span_str(hex)))
			return FH_ERR_OK;
	}
	fh_trace_where(&r->trace, "chain/%s", f[0].name);
	fh_trace_what(&r->trace, "is the genesis of another chain than the record's");
	fh_trace_cure(&r->trace, "put the chain/ and the record/ of one machine together");
	return FH_ERR_CONFLICT;
}

static fh_err take_statement(struct restoring *r, struct fh_span bytes)
{
	struct fh_envelope v;
	fh_err e = fh_chain_accept(&r->state.chain, bytes, &r->state.scratch, &r->trace);

	if (e == FH_ERR_OK && r->held == 0)
		e = check_genesis(r);
	if (e == FH_ERR_OK)
		e = fh_envelope_parse(bytes, &v, &r->trace);
	return e == FH_ERR_OK ? settle(r, fh_chain_file_of(&v.statement).name, bytes) : e;
}

static fh_err take_lease(struct restoring *r, struct fh_span bytes)
{
	struct fh_lease_file f;
	fh_err e = fh_lease_file_read(bytes, &f, &r->trace);

	return e == FH_ERR_OK ? settle(r, fh_lease_name_of(&f).name, bytes) : e;
}

static fh_err on_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct restoring *r = context;
	struct fh_span bytes;

	if (l->kind != FH_ENTRY_CHAIN && l->kind != FH_ENTRY_LEASE)
		return FH_ERR_OK;
	fh_err e = fh_record_bytes(s->payload, FH_FIELD_STATEMENT, &bytes);

	if (e == FH_ERR_OK)
		e = l->kind == FH_ENTRY_CHAIN ? take_statement(r, bytes) : take_lease(r, bytes);
	if (e != FH_ERR_OK && r->trace.where[0] == '\0')
		fh_trace_where(&r->trace, "entry %llu", (unsigned long long)l->index);
	return e;
}

int fh_chain_restore(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_segments) s = { 0 };
	struct fh_trace t = { 0 };
	__attribute__((cleanup(drop))) struct restoring r = { .cli = cli };
	const struct fh_record_visitor v = { on_entry, nullptr, &r };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;
	const char *path = cli->config.state;
	fh_err e = fh_state_begin(&r.state);

	if (e == FH_ERR_OK)
		e = fh_store_open(path, &r.state.store, &t);
	if (e == FH_ERR_OK)
		e = fh_segments_open(path, &s, &t);
	if (e == FH_ERR_OK)
		e = fh_record_read(&s, &v, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, r.trace.what[0] != '\0' ? &r.trace : &t);
	if (cli->json)
		printf("{\"recorded\":%zu,\"written\":%zu}\n", r.held, r.written);
	else
		fh_cli_say(cli, "%zu of %zu recorded statements and leases were written again",
			   r.written, r.held);
	return FH_EXIT_YES;
}
