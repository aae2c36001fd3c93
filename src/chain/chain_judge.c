/* SPDX-License-Identifier: Apache-2.0 */
/* May this statement be believed?  The answer depends on the statement, its
 * signatures and the authority at its place, and on nothing else, so that all
 * readers agree whatever they have seen before.  */
#include "chain/chain_private.h"

/* The side statement that S follows, or NULL.  */
static const struct fh_chain_side *side_before(const struct fh_chain *c,
					       const struct fh_statement *s)
{
	for (size_t i = 0; i < c->sides; i++) {
		if (c->side[i].sequence + 1 == s->sequence &&
		    fh_hash_equal(&c->side[i].step.hash, &s->previous))
			return &c->side[i];
	}
	return nullptr;
}

static bool held(const struct fh_chain *c, const struct fh_statement *s)
{
	if (s->sequence < c->steps && fh_hash_equal(&c->step[s->sequence].hash, &s->hash))
		return true;
	for (size_t i = 0; i < c->sides; i++) {
		if (fh_hash_equal(&c->side[i].step.hash, &s->hash))
			return true;
	}
	return false;
}

static fh_err place_genesis(const struct fh_chain *c, const struct fh_statement *s,
			    struct fh_trace *t)
{
	static const struct fh_hash zero = { 0 };

	if (!fh_hash_equal(&s->chain_id, &zero) || !fh_hash_equal(&s->previous, &zero) ||
	    s->kind != FH_STATEMENT_GENESIS) {
		fh_trace_what(t, "a chain begins with genesis, which names no other statement");
		return FH_ERR_FORMAT;
	}
	if (c->state == FH_CHAIN_EMPTY)
		return FH_ERR_OK;
	fh_trace_what(t, "this is the genesis of another chain");
	fh_trace_cure(t, "one state directory holds one chain; use another with --state");
	return FH_ERR_UNKNOWN;
}

static fh_err check_chain(const struct fh_chain *c, const struct fh_statement *s,
			  struct fh_trace *t)
{
	if (c->state == FH_CHAIN_EMPTY) {
		fh_trace_what(t, "statement %llu came before genesis",
			      (unsigned long long)s->sequence);
		fh_trace_cure(t, "import the whole chain, genesis first");
		return FH_ERR_MISSING;
	}
	if (!fh_hash_equal(&s->chain_id, &c->id)) {
		fh_trace_what(t, "the statement belongs to another chain");
		return FH_ERR_UNKNOWN;
	}
	if (s->kind == FH_STATEMENT_GENESIS) {
		fh_trace_what(t, "genesis can only be the first statement");
		return FH_ERR_FORMAT;
	}
	if (s->kind == FH_STATEMENT_RECOVER) {
		fh_trace_what(t, "`recover` is not supported yet");
		fh_trace_cure(t, "update Freehold on this machine");
		return FH_ERR_STATE;
	}
	return FH_ERR_OK;
}

static fh_err place_behind(const struct fh_chain *c, const struct fh_statement *s,
			   enum fh_chain_place *place, const struct fh_authority **authority,
			   struct fh_trace *t)
{
	const struct fh_chain_side *side = side_before(c, s);

	if (side != nullptr) {
		*place = FH_CHAIN_SIDE;
		*authority = &side->step.authority->authority;
		return FH_ERR_OK;
	}
	if (s->sequence > c->steps) {
		fh_trace_what(t, "statement %llu follows statements that are not here "
			      "(head is %llu)", (unsigned long long)s->sequence,
			      (unsigned long long)c->head.sequence);
		fh_trace_cure(t, "import the statements between them first");
		return FH_ERR_MISSING;
	}
	if (!fh_hash_equal(&c->step[s->sequence - 1].hash, &s->previous)) {
		fh_trace_what(t, "statement %llu follows a statement that this chain does not hold",
			      (unsigned long long)s->sequence);
		fh_trace_cure(t, "sign it anew at the present head");
		return FH_ERR_UNKNOWN;
	}
	*authority = &c->step[s->sequence - 1].authority->authority;
	if (s->sequence < c->steps)
		*place = FH_CHAIN_FORK;
	else
		*place = c->sides > 0 ? FH_CHAIN_SIDE : FH_CHAIN_NEXT;
	return FH_ERR_OK;
}

fh_err fh_chain_place(const struct fh_chain *c, const struct fh_statement *s,
		      enum fh_chain_place *place, const struct fh_authority **authority,
		      struct fh_trace *t)
{
	fh_err e;

	if (held(c, s)) {
		fh_trace_what(t, "statement %llu is held already", (unsigned long long)s->sequence);
		return FH_ERR_EXISTS;
	}
	if (s->sequence == 0) {
		e = place_genesis(c, s, t);
		if (e != FH_ERR_OK)
			return e;
		*place = FH_CHAIN_NEXT;
		*authority = nullptr;
		return FH_ERR_OK;
	}
	e = check_chain(c, s, t);
	if (e != FH_ERR_OK)
		return e;
	return place_behind(c, s, place, authority, t);
}

/* Who signs, counted.  */
struct tally {
	const struct fh_authority *old; /* NULL for genesis */
	const struct fh_authority *new; /* genesis and signers: what they establish */
	size_t by_old, by_new;          /* right signatures */
	size_t fresh;                   /* right signatures of keys that old does not have */
};

static fh_err count_one(struct tally *n, const struct fh_cose_signature *s,
			struct fh_span to_sign, struct fh_trace *t)
{
	const struct fh_signer_key *old =
		n->old == nullptr ? nullptr : fh_authority_signer(n->old, &s->key_id);
	const struct fh_signer_key *new =
		n->new == nullptr ? nullptr : fh_authority_signer(n->new, &s->key_id);
	const struct fh_signer_key *k = old != nullptr ? old : new;

	if (k == nullptr) {
		fh_trace_what(t, "signed by key %02x%02x%02x%02x..., which may not sign here",
			      s->key_id.bytes[0], s->key_id.bytes[1], s->key_id.bytes[2],
			      s->key_id.bytes[3]);
		fh_trace_cure(t, "`freehold chain show` lists the keys that may");
		return FH_ERR_SIGNATURE;
	}

	fh_err e = fh_signature_check(k->key, to_sign, s->signature);

	if (e == FH_ERR_SIGNATURE)
		fh_trace_what(t, "the signature of key %02x%02x%02x%02x... is wrong",
			      s->key_id.bytes[0], s->key_id.bytes[1], s->key_id.bytes[2],
			      s->key_id.bytes[3]);
	if (e != FH_ERR_OK)
		return e;
	n->by_old += old != nullptr;
	n->by_new += new != nullptr;
	n->fresh += old == nullptr;
	return FH_ERR_OK;
}

static size_t wanting(size_t needed, size_t have)
{
	return needed > have ? needed - have : 0;
}

/* Keys that NEW has and OLD has not: each must prove possession.  */
static size_t fresh_keys(const struct fh_authority *new, const struct fh_authority *old)
{
	size_t n = 0;

	for (size_t i = 0; i < new->signers; i++)
		n += old == nullptr || fh_authority_signer(old, &new->signer[i].id) == nullptr;
	return n;
}

static size_t more_needed(const struct tally *n, struct fh_span kind)
{
	size_t more = 0;

	if (n->old != nullptr)
		more = wanting(fh_authority_threshold(n->old, kind), n->by_old);
	if (n->new != nullptr) {
		size_t by_new = wanting(fh_authority_threshold(n->new, kind), n->by_new);
		size_t fresh = wanting(fresh_keys(n->new, n->old), n->fresh);

		more = more > by_new ? more : by_new;
		more = more > fresh ? more : fresh;
	}
	return more;
}

/* The authority that S establishes into *OUT, if it is of such a kind.  */
static fh_err established(const struct fh_statement *s, struct fh_authority *out, bool *is,
			  struct fh_trace *t)
{
	struct fh_genesis g;
	fh_err e = FH_ERR_OK;

	*is = true;
	if (s->kind == FH_STATEMENT_GENESIS) {
		e = fh_genesis_read(s->body, &g, t);
		if (e == FH_ERR_OK)
			*out = g.authority;
	} else if (s->kind == FH_STATEMENT_SIGNERS) {
		e = fh_signers_read(s->body, out, t);
	} else {
		*is = false;
	}
	return e;
}

fh_err fh_chain_count(const struct fh_envelope *v, const struct fh_authority *authority,
		      struct fh_arena *scratch, size_t *more, struct fh_trace *t)
{
	const struct fh_statement *s = &v->statement;
	struct tally n = { .old = authority };
	struct fh_authority *new = fh_arena_take(scratch, sizeof(*new));
	size_t cap = s->payload.n + FH_COSE_SIGNED_OVERHEAD;
	struct fh_builder b = fh_builder_of(fh_arena_take(scratch, cap), cap);
	struct fh_span to_sign;
	bool is;

	if (new == nullptr || b.p == nullptr)
		return FH_ERR_NOMEM;

	fh_err e = established(s, new, &is, t);

	if (e != FH_ERR_OK)
		return e;
	n.new = is ? new : nullptr;
	fh_cose_put_signed(&b, FH_SPAN_LIT(FH_STATEMENT_AAD), s->payload);
	e = fh_builder_end(&b, &to_sign);
	for (size_t i = 0; e == FH_ERR_OK && i < v->signatures; i++)
		e = count_one(&n, &v->signature[i], to_sign, t);
	if (e == FH_ERR_OK)
		*more = more_needed(&n, s->kind_text);
	return e;
}

static fh_err check_device(const struct fh_statement *s, const struct fh_hash *chain_id,
			   struct fh_trace *t)
{
	struct fh_device_body d;
	fh_err e = fh_device_read(s->body, &d, t);

	if (e != FH_ERR_OK)
		return e;
	e = fh_device_possession_check(&d, chain_id);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "device: its key did not sign for this chain");
		fh_trace_cure(t, "make the request anew on the device, with this chain's genesis");
	}
	return e;
}

fh_err fh_chain_body(const struct fh_statement *s, const struct fh_hash *chain_id,
		     struct fh_trace *t)
{
	struct fh_genesis genesis;
	struct fh_authority signers;
	struct fh_actor_body actor;
	struct fh_server_body server;
	struct fh_pins_body pins;
	struct fh_policy_body policy;
	struct fh_witness_body witness;
	struct fh_roots_body roots;
	struct fh_reference_body reference;
	struct fh_revoke_body revoke;
	struct fh_hold_body hold;
	struct fh_shred_body shred;
	struct fh_slot_body slot;

	switch (s->kind) {
	case FH_STATEMENT_GENESIS:
		return fh_genesis_read(s->body, &genesis, t);
	case FH_STATEMENT_SIGNERS:
		return fh_signers_read(s->body, &signers, t);
	case FH_STATEMENT_DEVICE:
		return check_device(s, chain_id, t);
	case FH_STATEMENT_ACTOR:
		return fh_actor_read(s->body, &actor, t);
	case FH_STATEMENT_SERVER:
		return fh_server_read(s->body, &server, t);
	case FH_STATEMENT_PINS:
		return fh_pins_read(s->body, &pins, t);
	case FH_STATEMENT_POLICY:
		return fh_policy_read(s->body, &policy, t);
	case FH_STATEMENT_WITNESS:
		return fh_witness_read(s->body, &witness, t);
	case FH_STATEMENT_ROOTS:
		return fh_roots_body_read(s->body, &roots, t);
	case FH_STATEMENT_REFERENCE:
		return fh_reference_body_read(s->body, &reference, t);
	case FH_STATEMENT_REVOKE:
		return fh_revoke_read(s->body, &revoke, t);
	case FH_STATEMENT_HOLD:
		return fh_hold_read(s->body, &hold, t);
	case FH_STATEMENT_SHRED:
		return fh_shred_body_read(s->body, &shred, t);
	case FH_STATEMENT_SLOT:
		return fh_slot_body_read(s->body, &slot, t);
	default:
		fh_trace_what(t, "statements of kind `%.*s` are not supported yet",
			      (int)s->kind_text.n, (const char *)s->kind_text.p);
		fh_trace_cure(t, "update Freehold on this machine");
		return FH_ERR_UNSUPPORTED;
	}
}
