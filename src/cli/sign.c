/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/signing.h"

constexpr int go_on = -1;

static const struct fh_option options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage = {
	.verb = "sign",
	.operands = "FILE",
	.summary = "Adds signatures to a statement that wants more of them",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "What is signed is shown first.  The statement is checked against the chain of\n"
		"--state, except for genesis.  FILE is replaced unless --out names another.\n",
	.examples = "  freehold sign revoke.fhs --operator-key second.key\n",
};

/* Both sets in rising key id; a key that signed already is left as it is.  */
static size_t merge(const struct fh_envelope *v, const struct fh_cose_signature *add, size_t n,
		    struct fh_cose_signature *out)
{
	size_t i = 0, k = 0, count = 0;

	while ((i < v->signatures || k < n) && count < FH_STATEMENT_SIGNATURES_MAX) {
		int order = i == v->signatures ? 1 : k == n ? -1
			: fh_span_compare(fh_hash_span(&v->signature[i].key_id),
					  fh_hash_span(&add[k].key_id));

		out[count++] = order <= 0 ? v->signature[i] : add[k];
		i += order <= 0;
		k += order >= 0;
	}
	return count;
}

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
	struct fh_cose_signature mine[FH_SIGNERS_MAX], all[FH_STATEMENT_SIGNATURES_MAX];
	const char *path = fh_argument(a, "out") != nullptr ? fh_argument(a, "out") : a->operand[0];
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, FH_ENVELOPE_MAX),
					    FH_ENVELOPE_MAX);
	struct fh_trace t = { 0 };
	struct fh_span file;
	size_t more;
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < signing->keys; i++)
		e = fh_operator_key_sign(&signing->key[i], v->statement.payload, &state->memory,
					 &mine[i]);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	fh_envelope_put(&b, v->statement.payload, all, merge(v, mine, signing->keys, all));
	e = fh_builder_end(&b, &file);
	if (e == FH_ERR_OK)
		e = fh_chain_wants(&state->chain, file, &state->scratch, &more, &t);
	if (e == FH_ERR_OK)
		e = fh_file_replace(path, file, 0644);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	if (more > 0)
		fh_cli_say(cli, "%s: signed; %zu more wanted", path, more);
	else
		fh_cli_say(cli, "%s: complete; `freehold chain import %s` brings it in", path,
				path);
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

	fh_err e = read_draft(&a, cli, &state, &v, &t);

	if (e == FH_ERR_OK)
		e = fh_chain_check(&state.chain, v.statement.payload, &state.scratch, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, a.operand[0], &t);
	show(cli, &v.statement);
	done = fh_signing_open(cli, &usage, &a, &signing);
	return done != go_on ? done : add(cli, &a, &state, &signing, &v);
}
