/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_chain.h"

#include <stdio.h>

#include "base/hex.h"
#include "cli/command.h"
#include "cli/names.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t names_max = 16 << 20;

void fh_verify_chain_drop(struct fh_verify_chain *c)
{
	fh_arena_drop(&c->live);
	fh_arena_drop(&c->spare);
	fh_arena_drop(&c->scratch);
	fh_arena_drop(&c->files);
}

static fh_err accept(const char *directory, const char *name, struct fh_verify_chain *c,
		     struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	struct fh_arena memory = c->files; /* what is read is given back */
	struct fh_span file;
	int length = snprintf(path, sizeof(path), "%s/%s", directory, name);

	fh_trace_where(t, "%s", name);
	if (length <= 0 || (size_t)length >= sizeof(path))
		return FH_ERR_LIMIT;
	fh_err e = fh_file_read(path, FH_ENVELOPE_MAX, &memory, &file);

	return e == FH_ERR_OK ? fh_chain_accept(&c->chain, file, &c->scratch, t) : e;
}

/* Their names begin with their sequence.  */
static fh_err accept_all(const char *directory, struct fh_verify_chain *c, struct fh_trace *t)
{
	static const char *const suffixes[] = { ".fhs", nullptr };
	char **names;
	size_t n;
	fh_err e = fh_names_read(directory, suffixes, FH_CHAIN_MAX, &c->files, &names, &n);

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++)
		e = accept(directory, names[i], c, t);
	return e;
}

static fh_err take_memory(struct fh_verify_chain *c)
{
	fh_err e = fh_arena_map(FH_CHAIN_ARENA, &c->live);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_ARENA, &c->spare);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_SCRATCH, &c->scratch);
	return e == FH_ERR_OK ? fh_arena_map(names_max + 2 * FH_ENVELOPE_MAX, &c->files) : e;
}

int fh_verify_chain_read(const struct fh_usage *u, const struct fh_arguments *a,
			 struct fh_verify_chain *out)
{
	const char *directory = fh_argument(a, "chain"), *genesis = fh_argument(a, "genesis");
	struct fh_trace t = { 0 };
	struct fh_hash id;

	if (directory == nullptr && genesis == nullptr)
		return -1;
	if (directory == nullptr || genesis == nullptr)
		return fh_usage_error(u, "--chain and --genesis go together");
	if (fh_hex_read(fh_span_str(genesis), id.bytes, FH_HASH_SIZE) != FH_ERR_OK)
		return fh_usage_error(u, "--genesis takes 64 hex digits");
	fh_err e = take_memory(out);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, u->verb, nullptr, nullptr);
	fh_chain_begin(&out->live, &out->spare, (struct fh_chain_checks){ 0 }, &out->chain);
	e = accept_all(directory, out, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, directory, &t);
	if (!fh_hash_equal(&out->chain.id, &id))
		return fh_cli_fail(FH_ERR_UNKNOWN, directory, "is of another chain than --genesis",
				   "give the chain with that genesis hash");
	if (out->chain.state == FH_CHAIN_LIVE)
		return -1;
	return fh_cli_fail(FH_ERR_STATE, directory, out->chain.why.what, out->chain.why.cure);
}
