/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/decimal.h"
#include "os/clock.h"
#include "os/memory.h"
#include "vault/passphrase.h"

constexpr int go_on = -1;
constexpr uint64_t descriptor_max = 1 << 20;

void fh_signing_drop(struct fh_signing *s)
{
	for (size_t i = 0; i < s->keys; i++)
		fh_operator_key_drop(&s->key[i]);
	s->keys = 0;
}

/* The passphrase of the key PATH, from --passphrase-fd or the terminal.  */
static int ask(const struct fh_usage *u, const struct fh_arguments *a, const char *path, bool new,
	       struct fh_passphrase *out)
{
	const char *given = fh_argument(a, "passphrase-fd");
	struct fh_trace t = { 0 };
	uint64_t fd;
	fh_err e;

	if (given == nullptr) {
		e = fh_passphrase_ask(path, new, out, &t);
	} else {
		if (fh_decimal_read(fh_span_str(given), &fd) != FH_ERR_OK || fd > descriptor_max)
			return fh_usage_error(u, "--passphrase-fd needs a number");
		e = fh_passphrase_read((int)fd, new, out, &t);
	}
	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, path, &t);
}

static int create_one(const struct fh_cli *cli, const struct fh_usage *u,
		      const struct fh_arguments *a, const char *path,
		      enum fh_placement placement, struct fh_operator_key *out)
{
	FH_OWN(fh_passphrase) p = { .n = 0 };
	FH_OWN(fh_operator_key) k = { 0 };
	uint8_t bytes[FH_OPERATOR_KEY_FILE_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_trace t = { 0 };
	int done = ask(u, a, path, /* new */ true, &p);

	if (done != go_on)
		return done;

	fh_err e = fh_operator_key_new(placement, &k);

	if (e == FH_ERR_OK)
		e = fh_operator_key_seal(&k, fh_passphrase_span(&p), FH_ARGON2_DEFAULT, &b);
	if (e == FH_ERR_OK)
		e = fh_operator_key_write(path, cli->config.state, fh_builder_span(&b), &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	fh_cli_say(cli, "%s: made a new operator key; keep a copy, and the passphrase elsewhere",
		   path);
	*out = k;
	k = (struct fh_operator_key){ 0 };
	return go_on;
}

int fh_signing_open_one(const struct fh_cli *cli, const struct fh_usage *u,
			const struct fh_arguments *a, const char *path, bool create,
			enum fh_placement placement, struct fh_operator_key *out)
{
	FH_OWN(fh_passphrase) p = { .n = 0 };
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_trace t = { 0 };
	struct fh_span file;
	struct stat st;

	if (create && lstat(path, &st) != 0)
		return create_one(cli, u, a, path, placement, out);

	fh_err e = fh_arena_map(2 * FH_OPERATOR_KEY_FILE_MAX, &memory);

	if (e == FH_ERR_OK)
		e = fh_operator_key_read(path, cli->config.state, &memory, &file, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);

	int done = ask(u, a, path, /* new */ false, &p);

	if (done != go_on)
		return done;
	e = fh_operator_key_open(file, fh_passphrase_span(&p), out, &t);
	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, path, &t);
}

/* Keys stand in rising key id, as signatures must.  */
static bool insert(struct fh_signing *s, struct fh_operator_key *k)
{
	size_t at = s->keys;

	for (size_t i = 0; i < s->keys; i++) {
		if (fh_hash_equal(&s->key[i].public.id, &k->public.id))
			return false;
	}
	for (; at > 0 && fh_span_compare(fh_hash_span(&s->key[at - 1].public.id),
					 fh_hash_span(&k->public.id)) > 0; at--)
		s->key[at] = s->key[at - 1];
	s->key[at] = *k;
	*k = (struct fh_operator_key){ 0 };
	s->keys++;
	return true;
}

int fh_signing_open(const struct fh_cli *cli, const struct fh_usage *u,
		    const struct fh_arguments *a, struct fh_signing *out)
{
	const char *path;

	for (size_t i = 0; (path = fh_argument_nth(a, "operator-key", i)) != nullptr; i++) {
		FH_OWN(fh_operator_key) k = { 0 };

		if (i == FH_SIGNERS_MAX)
			return fh_usage_error(u, "more than %zu operator keys", FH_SIGNERS_MAX);

		int done = fh_signing_open_one(cli, u, a, path, /* create */ false,
					       FH_PLACEMENT_OFFLINE, &k);

		if (done != go_on)
			return done;
		if (!insert(out, &k))
			return fh_usage_error(u, "%s is a key that was given already", path);
	}
	if (out->keys == 0)
		return fh_usage_error(u, "needs --operator-key FILE");
	return go_on;
}

/* Both sets in rising key id; a key that signed already is left as it is.  */
static size_t merge(const struct fh_cose_signature *old, size_t olds,
		    const struct fh_cose_signature *add, size_t n, struct fh_cose_signature *out)
{
	size_t i = 0, k = 0, count = 0;

	while ((i < olds || k < n) && count < FH_STATEMENT_SIGNATURES_MAX) {
		int order = i == olds ? 1 : k == n ? -1
			: fh_span_compare(fh_hash_span(&old[i].key_id),
					  fh_hash_span(&add[k].key_id));

		out[count++] = order <= 0 ? old[i] : add[k];
		i += order <= 0;
		k += order >= 0;
	}
	return count;
}

fh_err fh_signing_more(const struct fh_signing *s, struct fh_span aad, struct fh_span payload,
		       const struct fh_cose_signature *old, size_t olds, struct fh_arena *a,
		       struct fh_span *file)
{
	struct fh_cose_signature mine[FH_SIGNERS_MAX], all[FH_STATEMENT_SIGNATURES_MAX];
	size_t cap = payload.n + (olds + s->keys) * (FH_MLDSA65_SIGNATURE_SIZE + 128) + 64;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, cap), cap);
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < s->keys; i++)
		e = fh_operator_key_sign_as(&s->key[i], aad, payload, a, &mine[i]);
	if (e != FH_ERR_OK)
		return e;
	fh_envelope_put(&b, payload, all, merge(old, olds, mine, s->keys, all));
	return fh_builder_end(&b, file);
}

fh_err fh_signing_envelope(const struct fh_signing *s, struct fh_span payload, struct fh_arena *a,
			   struct fh_span *file)
{
	return fh_signing_more(s, FH_SPAN_LIT(FH_STATEMENT_AAD), payload, /* old= */ nullptr, 0, a,
			       file);
}

void fh_signing_tell(const struct fh_cli *cli, const char *path, size_t more)
{
	if (more > 0)
		fh_cli_say(cli, "%s: %zu more signature%s wanted; `freehold sign %s` adds one",
			   path, more, more == 1 ? " is" : "s are", path);
	else
		fh_cli_say(cli, "%s: complete; `freehold chain import %s` brings it in", path,
			   path);
}

static void warn_stopped(const struct fh_chain *c)
{
	if (c->state != FH_CHAIN_LIVE)
		(void)fh_cli_fail(FH_ERR_STATE, "chain", c->why.what, c->why.cure);
}

int fh_signing_import(const struct fh_cli *cli, struct fh_state *state, struct fh_span file,
		      const char *where)
{
	struct fh_trace t = { 0 };
	struct fh_envelope v;
	fh_err e = fh_envelope_parse(file, &v, &t);

	if (e == FH_ERR_OK)
		e = fh_chain_accept(&state->chain, file, &state->scratch, &t);
	if (e == FH_ERR_EXISTS) {
		fh_cli_say(cli, "%s: statement %llu is here already", where,
			   (unsigned long long)v.statement.sequence);
		return FH_EXIT_YES;
	}
	if (e == FH_ERR_OK)
		e = fh_chain_file_add(&state->store, file, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, where, &t);
	fh_cli_say(cli, "%s: statement %llu (%.*s) accepted", where,
		   (unsigned long long)v.statement.sequence, (int)v.statement.kind_text.n,
		   (const char *)v.statement.kind_text.p);
	warn_stopped(&state->chain);
	return state->chain.state == FH_CHAIN_LIVE ? FH_EXIT_YES : FH_EXIT_NO;
}

static int write_out(const struct fh_cli *cli, struct fh_state *state, struct fh_span file,
		     const char *out)
{
	struct fh_trace t = { 0 };
	size_t more = 0;
	fh_err e = fh_chain_wants(&state->chain, file, &state->scratch, &more, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "signature", &t);
	e = fh_file_write_new(out, file, 0644);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, out, nullptr, "choose a file that does not exist yet");
	fh_signing_tell(cli, out, more);
	return FH_EXIT_YES;
}

int fh_signing_next(const struct fh_cli *cli, const struct fh_arguments *a,
		    struct fh_state *state, const struct fh_signing *s, const char *kind,
		    struct fh_span body)
{
	struct fh_statement next = { .chain_id = state->chain.id,
				     .sequence = state->chain.head.sequence + 1,
				     .previous = state->chain.head.hash,
				     .kind_text = fh_span_str(kind), .body = body,
				     .issued_ms = fh_clock_real_ms() };
	size_t cap = body.n + 256;
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, cap), cap);
	struct fh_trace t = { 0 };
	struct fh_span payload, file;

	if (b.p == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, kind, nullptr, nullptr);
	fh_statement_put(&b, &next);

	fh_err e = fh_builder_end(&b, &payload);

	if (e == FH_ERR_OK)
		e = fh_chain_check(&state->chain, payload, &state->scratch, &t);
	if (e == FH_ERR_OK)
		e = fh_signing_envelope(s, payload, &state->memory, &file);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, kind, &t);

	const char *out = fh_argument(a, "out");

	return out != nullptr ? write_out(cli, state, file, out)
			      : fh_signing_import(cli, state, file, kind);
}

int fh_signing_text(const struct fh_usage *u, const struct fh_arguments *a, const char *name,
		    struct fh_span *out)
{
	const char *text = fh_argument(a, name);

	*out = text == nullptr ? (struct fh_span){ 0 } : fh_span_str(text);
	return text == nullptr || out->n > 0 ? -1
					     : fh_usage_error(u, "--%s must not be empty", name);
}

int fh_signing_begin(const struct fh_cli *cli, const struct fh_usage *u,
		     const struct fh_arguments *a, struct fh_state *state,
		     struct fh_signing *signing)
{
	struct fh_trace t = { 0 };

	if (fh_argument(a, "operator-key") == nullptr)
		return fh_usage_error(u, "needs --operator-key FILE");

	fh_err e = fh_state_open(cli, state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	if (state->chain.state == FH_CHAIN_EMPTY)
		return fh_cli_fail(FH_ERR_MISSING, cli->config.state, "there is no chain here yet",
				   "begin one with `freehold init` or import its genesis");
	return fh_signing_open(cli, u, a, signing);
}
