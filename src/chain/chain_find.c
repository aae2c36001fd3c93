/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/chain_private.h"

uint64_t fh_chain_issued_at(const struct fh_chain *c, uint64_t sequence)
{
	return sequence < c->steps ? c->step[sequence].issued_ms : 0;
}

fh_err fh_chain_hash_at(const struct fh_chain *c, uint64_t sequence, struct fh_hash *out)
{
	if (sequence >= c->steps)
		return FH_ERR_UNKNOWN;
	*out = c->step[sequence].hash;
	return FH_ERR_OK;
}

/* Newest first: that is what records name.  */
fh_err fh_chain_find(const struct fh_chain *c, const struct fh_hash *hash, uint64_t *sequence)
{
	for (size_t i = c->steps; i > 0; i--) {
		if (fh_hash_equal(&c->step[i - 1].hash, hash)) {
			*sequence = i - 1;
			return FH_ERR_OK;
		}
	}
	return FH_ERR_UNKNOWN;
}

bool fh_chain_holds(const struct fh_chain *c, uint64_t sequence, const struct fh_hash *hash)
{
	if (sequence < c->steps && fh_hash_equal(&c->step[sequence].hash, hash))
		return true;
	for (size_t i = 0; i < c->sides; i++) {
		if (c->side[i].sequence == sequence && fh_hash_equal(&c->side[i].step.hash, hash))
			return true;
	}
	return false;
}

static const struct fh_chain_object *next(const struct fh_chain *c, enum fh_statement_kind kind,
					  size_t *at)
{
	while (*at < c->objects) {
		const struct fh_chain_object *o = &c->object[(*at)++];

		if (o->kind == kind && o->newest)
			return o;
	}
	return nullptr;
}

static bool grants(const struct fh_chain *c)
{
	return c->state == FH_CHAIN_LIVE || c->state == FH_CHAIN_FORKED;
}

/* The next of KIND that is in force.  */
static const struct fh_chain_object *next_granted(const struct fh_chain *c,
						  enum fh_statement_kind kind, size_t *at)
{
	const struct fh_chain_object *o;

	if (!grants(c))
		return nullptr;
	do
		o = next(c, kind, at);
	while (o != nullptr && (o->removed || o->superseded));
	return o;
}

const struct fh_device *fh_chain_device_next(const struct fh_chain *c, size_t *at)
{
	const struct fh_chain_object *o = next(c, FH_STATEMENT_DEVICE, at);

	return o == nullptr ? nullptr : &o->device;
}

const struct fh_actor *fh_chain_actor_next(const struct fh_chain *c, size_t *at)
{
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_ACTOR, at);

	return o == nullptr ? nullptr : &o->actor;
}

const struct fh_server *fh_chain_server_next(const struct fh_chain *c, size_t *at)
{
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_SERVER, at);

	return o == nullptr ? nullptr : &o->server;
}

const struct fh_device *fh_chain_device(const struct fh_chain *c, const struct fh_hash *id)
{
	const struct fh_device *d;
	size_t at = 0;

	do
		d = fh_chain_device_next(c, &at);
	while (d != nullptr && !fh_hash_equal(&d->id, id));
	return d;
}

const struct fh_actor *fh_chain_actor(const struct fh_chain *c, struct fh_span name)
{
	const struct fh_actor *a;
	size_t at = 0;

	do
		a = fh_chain_actor_next(c, &at);
	while (a != nullptr && !fh_span_equal(a->body.name, name));
	return a;
}

const struct fh_server *fh_chain_server(const struct fh_chain *c, struct fh_span name)
{
	const struct fh_server *s;
	size_t at = 0;

	do
		s = fh_chain_server_next(c, &at);
	while (s != nullptr && !fh_span_equal(s->body.name, name));
	return s;
}

const struct fh_pins_held *fh_chain_pins_next(const struct fh_chain *c, size_t *at)
{
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_PINS, at);

	return o == nullptr ? nullptr : &o->pins;
}

const struct fh_pins_held *fh_chain_pins(const struct fh_chain *c, struct fh_span name)
{
	const struct fh_pins_held *p;
	size_t at = 0;

	do
		p = fh_chain_pins_next(c, &at);
	while (p != nullptr && !fh_span_equal(p->body.server, name));
	return p;
}

const struct fh_policy_held *fh_chain_policy(const struct fh_chain *c)
{
	size_t at = 0;
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_POLICY, &at);

	return o == nullptr ? nullptr : &o->policy;
}

const struct fh_witness_held *fh_chain_witness(const struct fh_chain *c)
{
	size_t at = 0;
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_WITNESS, &at);

	return o == nullptr ? nullptr : &o->witness;
}

const struct fh_roots_held *fh_chain_roots(const struct fh_chain *c)
{
	size_t at = 0;
	const struct fh_chain_object *o = next(c, FH_STATEMENT_ROOTS, &at);

	return o == nullptr ? nullptr : &o->roots;
}

const struct fh_slot_held *fh_chain_slot(const struct fh_chain *c)
{
	size_t at = 0;
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_SLOT, &at);

	return o == nullptr ? nullptr : &o->slot;
}

const struct fh_hold_held *fh_chain_hold_next(const struct fh_chain *c, size_t *at)
{
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_HOLD, at);

	return o == nullptr ? nullptr : &o->hold;
}

bool fh_chain_holds_all(const struct fh_chain *c)
{
	const struct fh_hold_held *h;
	size_t at = 0;

	do
		h = fh_chain_hold_next(c, &at);
	while (h != nullptr && h->body.subject.n > 0);
	return c->state == FH_CHAIN_LIVE && h != nullptr;
}

const struct fh_shred_held *fh_chain_shred_next(const struct fh_chain *c, size_t *at)
{
	const struct fh_chain_object *o = next_granted(c, FH_STATEMENT_SHRED, at);

	return o == nullptr ? nullptr : &o->shred;
}

const struct fh_hold_held *fh_chain_hold_of(const struct fh_chain *c, struct fh_span subject)
{
	const struct fh_hold_held *h;
	size_t at = 0;

	do
		h = fh_chain_hold_next(c, &at);
	while (h != nullptr && h->body.subject.n > 0 && !fh_span_equal(h->body.subject, subject));
	return h;
}

static bool better(const struct fh_actor *a, const struct fh_actor *than)
{
	bool named = a->body.executable.n > 0;

	if (than == nullptr)
		return true;
	if (named != (than->body.executable.n > 0))
		return named;
	return a->sequence > than->sequence;
}

const struct fh_actor *fh_chain_actor_by_peer(const struct fh_chain *c, uint32_t uid,
					      struct fh_span executable)
{
	const struct fh_actor *a, *best = nullptr;
	size_t at = 0;

	while ((a = fh_chain_actor_next(c, &at)) != nullptr) {
		if (a->body.credential != FH_CREDENTIAL_PEER || a->body.uid != uid)
			continue;
		if (a->body.executable.n > 0 && !fh_span_equal(a->body.executable, executable))
			continue;
		if (better(a, best))
			best = a;
	}
	return best;
}

/* All are compared, so that the time tells nothing about which.  */
const struct fh_actor *fh_chain_actor_by_bearer(const struct fh_chain *c,
						const struct fh_hash *token_hash)
{
	const struct fh_actor *a, *best = nullptr;
	size_t at = 0;

	while ((a = fh_chain_actor_next(c, &at)) != nullptr) {
		if (a->body.credential == FH_CREDENTIAL_BEARER &&
		    fh_secret_equal(a->body.bearer, fh_hash_span(token_hash)) && better(a, best))
			best = a;
	}
	return best;
}
