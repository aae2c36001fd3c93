/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/lease.h"
#include "cli/signing.h"

constexpr int go_on = -1;

static const struct fh_option options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage = {
	.verb = "sign",
	.operands = "FILE",
	.summary = "Adds signatures to a statement or lease that wants more of them",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "What is signed is shown first.  The statement is checked against the chain of\n"
		"--state, except for genesis.  FILE is replaced unless --out names another.\n",
	.examples = "  freehold sign revoke.fhs --operator-key second.key\n",
};

static void show(const struct fh_cli *cli, const struct fh_statement *s)
{
	uint8_t hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(hex);

	fh_builder_hex(&b, fh_hash_span(&s->hash));
	fh_cli_say(cli, "statement %llu (%.*s)\nhash %s", (unsigned long long)s->sequence,
		   (int)s->kind_text.n, (const char *)s->kind_text.p, (const char *)hex);
}

static int add(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
	       const struct fh_signing *signing, const struct fh_envelope *v)
{
	const char *path = fh_argument(a, "out") != nullptr ? fh_argument(a, "out") : a->operand[0];
	struct fh_trace t = { 0 };
	struct fh_span file;
	size_t more;
	fh_err e = fh_signing_more(signing, FH_SPAN_LIT(FH_STATEMENT_AAD), v->statement.payload,
				   v->signature, v->signatures, &state->memory, &file);

	if (e == FH_ERR_OK)
		e = fh_chain_wants(&state->chain, file, &state->scratch, &more, &t);
	if (e == FH_ERR_OK)
		e = fh_file_replace(path, file, 0644);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	fh_signing_tell(cli, path, more);
	return FH_EXIT_YES;
}

/* Reads and judges what is to be signed.  */
static fh_err read_draft(const struct fh_arguments *a, const struct fh_cli *cli,
			 struct fh_state *state, struct fh_envelope *v, struct fh_trace *t)
{
	struct fh_span file;
	fh_err e = fh_state_begin(state);

	if (e == FH_ERR_OK)
		e = fh_file_read(a->operand[0], FH_ENVELOPE_MAX, &state->memory, &file);
	if (e == FH_ERR_OK)
		e = fh_envelope_parse(file, v, t);
	if (e != FH_ERR_OK || v->statement.kind == FH_STATEMENT_GENESIS)
		return e;
	e = fh_store_open(cli->config.state, &state->store, t);
	if (e == FH_ERR_OK)
		e = fh_chain_files_load(&state->store, &state->chain, &state->memory,
					&state->scratch, t);
	if (e == FH_ERR_OK && t != nullptr)
		*t = (struct fh_trace){ 0 };
	return e;
}

int fh_cmd_sign(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_trace t = { 0 };
	struct fh_envelope v;
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_lease_is(a.operand[0]))
		return fh_lease_sign(cli, &usage, &a);

	fh_err e = read_draft(&a, cli, &state, &v, &t);

	if (e == FH_ERR_OK)
		e = fh_chain_check(&state.chain, v.statement.payload, &state.scratch, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, a.operand[0], &t);
	show(cli, &v.statement);
	done = fh_signing_open(cli, &usage, &a, &signing);
	return done != go_on ? done : add(cli, &a, &state, &signing, &v);
}
