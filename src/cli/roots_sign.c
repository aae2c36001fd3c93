/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/roots_sign.h"

#include "base/sort.h"
#include "cli/signing.h"
#include "os/memory.h"
#include "verify/endorsed.h"

constexpr int go_on = -1;

static const struct fh_option options[] = {
	{ "roots", 0, false, "DIR", "where the roots are (default " FH_ROOTS_DIRECTORY ")" },
	FH_SIGNING_OPTIONS,
};
static const struct fh_usage usage = {
	.verb = "roots sign",
	.operands = "",
	.summary = "Signs whose TPMs are believed to be TPMs, by all machines and verifiers",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "Puts the roots and lists of --roots into the chain, in place of those signed\n"
		"before.  Who verifies by this chain's genesis then trusts these, and his own\n"
		"only where both say yes.\n",
	.examples = "  freehold roots sign --operator-key op.key\n",
};

static int in_order(const void *a, const void *b)
{
	const struct fh_span *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n ? -1 : 1) : fh_span_compare(*x, *y);
}

/* Sorts the N spans and drops what is there twice; how many are left.  */
static size_t settle(struct fh_span *s, size_t n)
{
	size_t kept = 0;

	fh_sort(s, n, sizeof(*s), in_order);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || !fh_span_equal(s[kept - 1], s[i]))
			s[kept++] = s[i];
	}
	return kept;
}

/* The body of what FILES hold, if a verifier could use it.  */
static fh_err make_body(struct fh_roots_files *files, struct fh_arena *memory, struct fh_span *body,
			struct fh_trace *t)
{
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_builder b = fh_builder_of(fh_arena_take(memory, FH_ROOTS_BODY_MAX),
					    FH_ROOTS_BODY_MAX);
	struct fh_roots_body made;
	size_t n = settle(files->der, files->n), lists = settle(files->crl, files->crls);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	if (n == 0) {
		fh_trace_what(t, "there is no root to sign");
		fh_trace_cure(t, "`freehold roots add` takes some");
		return FH_ERR_MISSING;
	}
	fh_roots_body_put(&b, files->der, n, files->crl, lists);
	if (b.bad || n > FH_ROOTS_CERTIFICATES_MAX || lists > FH_ROOTS_LISTS_MAX) {
		fh_trace_what(t, "a statement holds at most %zu certificates and %zu lists, of %zu"
			      " bytes", FH_ROOTS_CERTIFICATES_MAX, FH_ROOTS_LISTS_MAX,
			      FH_ROOTS_BODY_MAX);
		fh_trace_cure(t, "give a --roots with those of the makers whose machines you have");
		return FH_ERR_LIMIT;
	}
	*body = fh_builder_span(&b);
	fh_err e = fh_roots_body_read(*body, &made, t);

	return e == FH_ERR_OK ? fh_endorsed_open(&made, &roots, t) : e;
}

int fh_roots_sign(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	struct fh_span body;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	const char *directory = fh_argument(&a, "roots") != nullptr ? fh_argument(&a, "roots")
								     : FH_ROOTS_DIRECTORY;
	fh_err e = fh_arena_map(FH_ROOTS_MEMORY + FH_ROOTS_BODY_MAX, &memory);
	struct fh_roots_files *files =
		e == FH_ERR_OK ? fh_arena_take(&memory, sizeof(*files)) : nullptr;

	if (files == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, usage.verb, nullptr, nullptr);
	e = fh_roots_read(directory, &memory, files, &t);
	if (e == FH_ERR_OK)
		e = make_body(files, &memory, &body, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, directory, &t);
	done = fh_signing_begin(cli, &usage, &a, &state, &signing);
	return done == go_on ? fh_signing_next(cli, &a, &state, &signing, "roots", body) : done;
}

fh_err fh_roots_signed(const struct fh_cli *cli, struct fh_state *state, struct fh_roots_files *out,
		       struct fh_trace *t)
{
	fh_err e = fh_state_open(cli, state, t);
	const struct fh_roots_held *held = e == FH_ERR_OK ? fh_chain_roots(&state->chain) : nullptr;

	if (e != FH_ERR_OK)
		return e;
	if (held == nullptr) {
		fh_trace_where(t, "%s", cli->config.state);
		fh_trace_what(t, "the chain there names no roots");
		fh_trace_cure(t, "sign some with `freehold roots sign`");
		return FH_ERR_MISSING;
	}
	out->n = fh_roots_members(held->body.certificates, out->der, FH_ROOTS_CERTIFICATES_MAX);
	out->crls = fh_roots_members(held->body.lists, out->crl, FH_ROOTS_LISTS_MAX);
	return FH_ERR_OK;
}
