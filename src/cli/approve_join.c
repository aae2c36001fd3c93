/* SPDX-License-Identifier: Apache-2.0 */
/* Where the approval of a boot state takes several operators, each adds his own to the
 * draft of the first, before anybody's signature counts.  docs/spec/CHIP, "Several
 * operators".  */
#include "cli/approve.h"

#include <stdio.h>
#include <string.h>

constexpr int go_on = -1;

static const struct fh_option join_options[] = { FH_SIGNING_OPTIONS };

static const struct fh_usage usage_join = {
	.verb = "reference join",
	.operands = "FILE",
	.summary = "Adds your approval to what another operator approves or revokes",
	.options = join_options,
	.options_n = sizeof(join_options) / sizeof(join_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE is the statement that `freehold reference approve` or `revoke` of another\n"
		"operator wrote with --out, where `reference` takes several of you.  A TPM\n"
		"releases a device key only in a state that as many companion keys approve, and\n"
		"they are inside the statement: so its text grows, who signed it before signs\n"
		"again (freehold sign), and the new one goes to --out or is imported.\n",
	.examples = "  freehold reference join draft.fhs --operator-key second.key --out new.fhs\n",
};

/* A draft, and where its approvals are.  */
struct draft {
	struct fh_statement statement;
	struct fh_reference_body reference; /* of the one kind, */
	struct fh_revoke_body revoke;       /* or of the other */
	struct fh_span approvals;
	bool renewing;
};

static fh_err read_draft(const char *path, struct fh_state *state, struct draft *d,
			 struct fh_trace *t)
{
	struct fh_envelope v;
	struct fh_span file;
	fh_err e = fh_file_read(path, FH_ENVELOPE_MAX, &state->memory, &file);

	if (e == FH_ERR_OK)
		e = fh_envelope_parse(file, &v, t);
	if (e == FH_ERR_OK)
		e = fh_chain_check(&state->chain, v.statement.payload, &state->scratch, t);
	if (e != FH_ERR_OK)
		return e;
	d->statement = v.statement;
	d->renewing = v.statement.kind == FH_STATEMENT_REVOKE;
	if (d->renewing)
		e = fh_revoke_read(v.statement.body, &d->revoke, t);
	else if (v.statement.kind == FH_STATEMENT_REFERENCE)
		e = fh_reference_body_read(v.statement.body, &d->reference, t);
	d->approvals = d->renewing ? d->revoke.approvals : d->reference.approvals;
	if (e != FH_ERR_OK || d->approvals.n > 0)
		return e;
	fh_trace_what(t, "it approves nothing that you could join in");
	fh_trace_cure(t, "add a signature to other statements by `freehold sign`");
	return FH_ERR_UNSUPPORTED;
}

static bool same_subject(const struct fh_approval *a, const struct fh_approval *b)
{
	return a->epoch == b->epoch && fh_hash_equal(&a->device, &b->device)
	       && fh_hash_equal(&a->renews, &b->renews);
}

/* The next device, epoch and state that D approves, each once.  */
static bool next_subject(const struct draft *d, size_t *at, struct fh_approval *out)
{
	while (fh_approval_next(d->approvals, d->renewing, at, out)) {
		struct fh_approval earlier;
		size_t before = 0;

		while (fh_approval_next(d->approvals, d->renewing, &before, &earlier)
		       && before != *at && !same_subject(&earlier, out))
			;
		if (before == *at)
			return true;
	}
	return false;
}

/* One of the keys of S has approved in D already.  */
static bool joined(const struct draft *d, const struct fh_signing *s)
{
	struct fh_approval a;
	size_t at = 0;

	while (fh_approval_next(d->approvals, d->renewing, &at, &a)) {
		for (size_t i = 0; i < s->keys; i++) {
			if (fh_span_equal(a.companion,
					  FH_SPAN_ARRAY(s->key[i].public.companion.bytes)))
				return true;
		}
	}
	return false;
}

/* The approvals of D, to B, and those of S beside them.  */
static fh_err put_all(const struct draft *d, const struct fh_chain *c, const struct fh_signing *s,
		      struct fh_builder *b)
{
	struct fh_approval a;
	fh_err e = FH_ERR_OK;
	size_t at = 0;

	while (fh_approval_next(d->approvals, d->renewing, &at, &a))
		fh_approval_put(b, &a, d->renewing);
	at = 0;
	while (e == FH_ERR_OK && next_subject(d, &at, &a)) {
		const struct fh_device_epoch of = { a.device, a.epoch };
		const struct fh_reference_held *r =
			d->renewing ? fh_chain_reference(c, &a.renews) : nullptr;
		const struct fh_pcr_state *state = r != nullptr ? &r->body.state
								: &d->reference.state;

		e = d->renewing && r == nullptr
			    ? FH_ERR_UNKNOWN
			    : fh_approve_one(s, c, state, &of, d->renewing ? &a.renews : nullptr,
					     b);
	}
	return e;
}

static fh_err grow(const struct draft *d, struct fh_state *state, const struct fh_signing *s,
		   struct fh_span *body)
{
	struct fh_approval a;
	size_t n = 0, at = 0;

	while (fh_approval_next(d->approvals, d->renewing, &at, &a))
		n++;
	at = 0;
	while (next_subject(d, &at, &a))
		n += fh_approve_count(s, &state->chain);
	if (n > FH_APPROVALS_MAX)
		return FH_ERR_LIMIT;

	size_t room = FH_APPROVALS_BODY_ROOM + d->revoke.epochs.n + n * FH_APPROVAL_ROOM;
	struct fh_builder b = fh_builder_of(fh_arena_take(&state->memory, room), room);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	if (d->renewing) {
		fh_revoke_put(&b, &d->revoke, n);
	} else {
		fh_reference_put_head(&b, &d->reference, /* approves= */ true);
		fh_approvals_begin(&b, n);
	}
	fh_err e = put_all(d, &state->chain, s, &b);

	return e == FH_ERR_OK ? fh_builder_end(&b, body) : e;
}

/* What it is that is joined in.  */
static void show(const struct fh_cli *cli, const struct draft *d)
{
	char text[FH_PCRS * (2 * FH_HASH_SIZE + 32)] = "";
	struct fh_builder b = fh_builder_of(text, sizeof(text) - 1);

	if (d->renewing) {
		fh_cli_say(cli, "takes back a boot state, and approves the others anew");
		return;
	}
	fh_approve_put_pcrs(&d->reference.state, &b, /* json= */ false);
	fh_cli_say(cli, "approves `%.*s`:%s", (int)d->reference.label.n,
		   (const char *)d->reference.label.p, text);
}

int fh_reference_join(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_trace t = { 0 };
	struct draft d = { 0 };
	struct fh_arguments a;
	struct fh_span body;
	int done = fh_cli_arguments(cli, &usage_join, argc, argv, &a);

	if (done == go_on)
		done = fh_signing_begin(cli, &usage_join, &a, &state, &signing);
	if (done != go_on)
		return done;
	fh_err e = read_draft(a.operand[0], &state, &d, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, a.operand[0], &t);
	show(cli, &d);
	if (joined(&d, &signing))
		return fh_cli_fail(FH_ERR_EXISTS, a.operand[0],
				   "one of these keys has approved there already",
				   "add its signature by `freehold sign`");
	e = grow(&d, &state, &signing, &body);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, a.operand[0], nullptr, nullptr);
	return fh_signing_next(cli, &a, &state, &signing,
			       fh_statement_kind_text(d.statement.kind), body);
}
