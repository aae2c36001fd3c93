/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/found.h"

#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "os/clock.h"

constexpr int go_on = -1;
constexpr size_t nonce_size = 32;
constexpr size_t body_max = 128 << 10; /* 32 public keys and what stands around them */

static struct fh_signer_key signer_of(const struct fh_operator_public *p)
{
	return (struct fh_signer_key){ FH_SPAN_ARRAY(p->key.bytes),
				       FH_SPAN_ARRAY(p->companion.bytes), p->id };
}

static int by_id(const void *a, const void *b)
{
	const struct fh_signer_key *x = a, *y = b;

	return fh_span_compare(fh_hash_span(&x->id), fh_hash_span(&y->id));
}

/* The order of map keys: shorter first, then by bytes (RFC 8949 4.2.1).  */
static int by_kind(const void *a, const void *b)
{
	const struct fh_threshold *x = a, *y = b;

	if (x->kind.n != y->kind.n)
		return x->kind.n < y->kind.n ? -1 : 1;
	return fh_span_compare(x->kind, y->kind);
}

/* The public half of the key file PATH.  */
static int peek(const char *path, struct fh_arena *memory, struct fh_founding *f,
		const struct fh_operator_public **out)
{
	struct fh_trace t = { 0 };
	struct fh_span file;
	fh_err e = fh_file_read(path, FH_OPERATOR_KEY_FILE_MAX, memory, &file);

	fh_trace_where(&t, "%s", path);
	if (e == FH_ERR_OK)
		e = fh_operator_key_peek(file, &f->public[f->publics], &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &t);
	*out = &f->public[f->publics++];
	return go_on;
}

static int add_signers(const struct fh_usage *u, const struct fh_arguments *a,
		       const struct fh_signing *s, struct fh_arena *memory, struct fh_founding *f)
{
	struct fh_authority *to = &f->authority;
	const struct fh_operator_public *p;
	const char *path;

	for (size_t i = 0; i < s->keys; i++) {
		f->public[f->publics] = s->key[i].public;
		to->signer[to->signers++] = signer_of(&f->public[f->publics++]);
	}
	for (size_t i = 0; (path = fh_argument_nth(a, "signer", i)) != nullptr; i++) {
		if (to->signers == FH_SIGNERS_MAX)
			return fh_usage_error(u, "more than %zu signers", FH_SIGNERS_MAX);

		int done = peek(path, memory, f, &p);

		if (done != go_on)
			return done;
		if (fh_authority_signer(to, &p->id) != nullptr)
			return fh_usage_error(u, "%s is a signer already", path);
		to->signer[to->signers++] = signer_of(p);
	}
	qsort(to->signer, to->signers, sizeof(to->signer[0]), by_id);
	return go_on;
}

static int add_recovery(const struct fh_usage *u, const struct fh_arguments *a,
			struct fh_arena *memory, struct fh_founding *f)
{
	const struct fh_operator_public *p;
	const char *path;

	for (size_t i = 0; (path = fh_argument_nth(a, "recovery", i)) != nullptr; i++) {
		if (i == FH_SIGNERS_MAX)
			return fh_usage_error(u, "more than %zu recovery keys", FH_SIGNERS_MAX);

		int done = peek(path, memory, f, &p);

		if (done != go_on)
			return done;
		f->authority.recovery[f->authority.recoveries++] = FH_SPAN_ARRAY(p->key.bytes);
	}
	return go_on;
}

static int add_threshold(const struct fh_usage *u, const char *text, struct fh_authority *to)
{
	const char *equals = strchr(text, '=');
	uint64_t n;

	if (equals == nullptr || fh_decimal_read(fh_span_str(equals + 1), &n) != FH_ERR_OK ||
	    n == 0 || n > to->signers)
		return fh_usage_error(u, "--threshold needs KIND=N with N from 1 to the number "
				      "of signers");
	if (to->thresholds == FH_THRESHOLDS_MAX)
		return fh_usage_error(u, "more than %zu thresholds", FH_THRESHOLDS_MAX);
	to->threshold[to->thresholds++] = (struct fh_threshold){
		fh_span_of(text, (size_t)(equals - text)), (uint32_t)n };
	return go_on;
}

static int add_thresholds(const struct fh_usage *u, const struct fh_arguments *a,
			  struct fh_authority *to)
{
	const char *text;
	bool has_default = false;

	for (size_t i = 0; (text = fh_argument_nth(a, "threshold", i)) != nullptr; i++) {
		int done = add_threshold(u, text, to);

		if (done != go_on)
			return done;
		has_default |= strncmp(text, "default=", strlen("default=")) == 0;
	}
	if (!has_default)
		to->threshold[to->thresholds++] =
			(struct fh_threshold){ FH_SPAN_LIT("default"), 1 };
	qsort(to->threshold, to->thresholds, sizeof(to->threshold[0]), by_kind);
	return go_on;
}

int fh_found_authority(const struct fh_usage *u, const struct fh_arguments *a,
		       const struct fh_signing *s, struct fh_arena *memory,
		       struct fh_founding *out)
{
	int done = add_signers(u, a, s, memory, out);

	if (done == go_on)
		done = add_recovery(u, a, memory, out);
	if (done == go_on)
		done = add_thresholds(u, a, &out->authority);
	return done;
}

fh_err fh_found_genesis(const char *name, enum fh_placement placement,
			const struct fh_founding *f, const struct fh_signing *s,
			struct fh_arena *memory, struct fh_span *file)
{
	uint8_t nonce[nonce_size];
	struct fh_builder body = fh_builder_of(fh_arena_take(memory, body_max), body_max);
	struct fh_builder b = fh_builder_of(fh_arena_take(memory, 2 * body_max), 2 * body_max);
	struct fh_genesis g = { .nonce = FH_SPAN_ARRAY(nonce), .name = fh_span_str(name),
				.placement = placement, .authority = f->authority,
				.recipient = FH_SPAN_ARRAY(s->key[0].public.recipient.bytes) };
	struct fh_statement genesis = { .kind_text = FH_SPAN_LIT("genesis"),
					.issued_ms = fh_clock_real_ms() };
	struct fh_span payload;

	if (body.p == nullptr || b.p == nullptr)
		return FH_ERR_NOMEM;

	fh_err e = fh_random(nonce, sizeof(nonce));

	if (e != FH_ERR_OK)
		return e;
	fh_genesis_put(&body, &g);
	e = fh_builder_end(&body, &genesis.body);
	if (e != FH_ERR_OK)
		return e;
	fh_statement_put(&b, &genesis);
	e = fh_builder_end(&b, &payload);
	return e != FH_ERR_OK ? e : fh_signing_envelope(s, payload, memory, file);
}
