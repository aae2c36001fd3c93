/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/authority.h"

#include <string.h>

#include "chain/chain_private.h"

static fh_err check_place(const struct fh_authority_line *l, const struct fh_statement *s,
			  struct fh_trace *t)
{
	bool right = l->begun ? (s->kind == FH_STATEMENT_SIGNERS
				 || s->kind == FH_STATEMENT_SLOT)
					&& s->sequence > l->sequence
					&& fh_hash_equal(&s->chain_id, &l->chain_id)
			      : s->kind == FH_STATEMENT_GENESIS
					&& fh_hash_equal(&s->hash, &l->chain_id);

	if (right)
		return FH_ERR_OK;
	fh_trace_what(t, "statement %llu does not say next who may sign in this device's chain, or "
		      "for whom slots are",
		      (unsigned long long)s->sequence);
	return FH_ERR_UNKNOWN;
}

static fh_err establish(struct fh_span body, bool genesis, struct fh_authority_line *out)
{
	struct fh_genesis g;

	if (!genesis)
		return fh_signers_read(body, &out->authority, /* trace */ nullptr);

	fh_err e = fh_genesis_read(body, &g, /* trace */ nullptr);

	if (e != FH_ERR_OK)
		return e;
	out->authority = g.authority;
	memcpy(out->recipient.bytes, g.recipient.p, sizeof(out->recipient.bytes));
	return FH_ERR_OK;
}

static fh_err take_slot(struct fh_span body, struct fh_authority_line *out)
{
	struct fh_slot_body s;
	fh_err e = fh_slot_body_read(body, &s, /* trace */ nullptr);

	if (e != FH_ERR_OK)
		return e;
	out->slotless = s.key.n == 0;
	if (!out->slotless)
		memcpy(out->recipient.bytes, s.key.p, sizeof(out->recipient.bytes));
	return FH_ERR_OK;
}

static bool meets(const struct fh_authority_line *l)
{
	struct fh_release r = { 0 };

	return fh_authority_approvers(&l->authority, &r)
	       && fh_release_same_approvers(&r, &l->held);
}

fh_err fh_authority_follow(struct fh_authority_line *l, struct fh_span file, struct fh_arena *kept,
			   struct fh_arena *scratch, struct fh_trace *t)
{
	struct fh_authority_line next = *l;
	struct fh_envelope v;
	struct fh_span body;
	size_t more = 0;

	fh_arena_reset(scratch);
	fh_err e = fh_envelope_parse(file, &v, t);

	if (e == FH_ERR_OK)
		e = check_place(l, &v.statement, t);
	if (e == FH_ERR_OK)
		e = fh_chain_count(&v, l->begun ? &l->authority : nullptr, scratch, &more, t);
	if (e == FH_ERR_OK && more > 0)
		e = FH_ERR_SIGNATURE;
	bool slot = e == FH_ERR_OK && v.statement.kind == FH_STATEMENT_SLOT;

	if (slot)
		e = take_slot(v.statement.body, &next);
	if (e == FH_ERR_OK && !slot)
		e = fh_arena_copy(kept, v.statement.body, &body);
	if (e == FH_ERR_OK && !slot)
		e = establish(body, !l->begun, &next);
	if (e != FH_ERR_OK)
		return e;
	next.sequence = v.statement.sequence;
	next.begun = true;
	next.met = l->met || meets(&next);
	*l = next;
	return FH_ERR_OK;
}

bool fh_authority_approvers(const struct fh_authority *a, struct fh_release *r)
{
	if (a->signers > FH_COMPANIONS_MAX)
		return false;
	for (size_t i = 0; i < a->signers; i++)
		memcpy(r->companion[i].bytes, a->signer[i].companion.p, FH_P256_PUBLIC_SIZE);
	r->companions = a->signers;
	r->needed = fh_authority_threshold(a, FH_SPAN_LIT("reference"));
	return true;
}
