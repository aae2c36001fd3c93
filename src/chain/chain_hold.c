/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/chain_private.h"

#include <stdckdint.h>
#include <string.h>

constexpr size_t first_cap = 16;

/* ARRAY points to the pointer to the array, whatever its type: all object
 * pointers have one representation here.  */
fh_err fh_chain_grow(struct fh_arena *a, void *array, size_t count, size_t *cap, size_t size)
{
	size_t more = *cap == 0 ? first_cap : *cap;
	void *old, *new;

	if (count < *cap)
		return FH_ERR_OK;
	if (ckd_add(&more, more, *cap))
		return FH_ERR_NOMEM;
	new = fh_arena_array(a, more, size);
	if (new == nullptr)
		return FH_ERR_NOMEM;
	memcpy(&old, array, sizeof(old));
	if (count > 0)
		memcpy(new, old, count * size);
	memcpy(array, &new, sizeof(new));
	*cap = more;
	return FH_ERR_OK;
}

static fh_err device_of(struct fh_chain_object *o)
{
	fh_err e = fh_device_read(o->body, &o->device.body, /* trace */ nullptr);

	if (e != FH_ERR_OK)
		return e;
	o->device.id = fh_key_id(o->device.body.key);
	o->device.sequence = o->sequence;
	o->device.epoch = o->device.body.epoch;
	o->key = o->device.id;
	o->revoked_by = o->device.id;
	return FH_ERR_OK;
}

static void name_keys(struct fh_chain_object *o, struct fh_span name)
{
	o->key = fh_hash_of(name);
	o->revoked_by = o->key;
}

static fh_err retention_of(struct fh_chain_object *o)
{
	bool hold = o->kind == FH_STATEMENT_HOLD;
	fh_err e = hold ? fh_hold_read(o->body, &o->hold.body, /* trace */ nullptr)
			: fh_shred_body_read(o->body, &o->shred.body, /* trace */ nullptr);

	if (e != FH_ERR_OK)
		return e;
	*(hold ? &o->hold.sequence : &o->shred.sequence) = o->sequence;
	name_keys(o, hold ? o->hold.body.name : o->shred.body.subject);
	return FH_ERR_OK;
}

fh_err fh_chain_object_of(const struct fh_statement *s, struct fh_span body,
			  struct fh_chain_object *out)
{
	struct fh_chain_object o = {
		.kind = s->kind, .body = body, .sequence = s->sequence, .newest = true };
	fh_err e = FH_ERR_UNSUPPORTED;

	switch (s->kind) {
	case FH_STATEMENT_DEVICE:
		e = device_of(&o);
		break;
	case FH_STATEMENT_ACTOR:
		e = fh_actor_read(body, &o.actor.body, /* trace */ nullptr);
		o.actor.sequence = s->sequence;
		name_keys(&o, o.actor.body.name);
		break;
	case FH_STATEMENT_SERVER:
		e = fh_server_read(body, &o.server.body, /* trace */ nullptr);
		o.server.sequence = s->sequence;
		name_keys(&o, o.server.body.name);
		break;
	case FH_STATEMENT_PINS:
		e = fh_pins_read(body, &o.pins.body, /* trace */ nullptr);
		o.pins.sequence = s->sequence;
		name_keys(&o, o.pins.body.server);
		break;
	case FH_STATEMENT_POLICY:
		e = fh_policy_read(body, &o.policy.body, /* trace */ nullptr);
		o.policy.sequence = s->sequence;
		o.policy.hash = s->hash;
		o.revoked_by = s->hash; /* its key stays zero: each policy replaces the last */
		break;
	case FH_STATEMENT_WITNESS:
		e = fh_witness_read(body, &o.witness.body, /* trace */ nullptr);
		o.witness.sequence = s->sequence;
		break; /* its keys stay zero: each replaces the last, and none is revoked */
	case FH_STATEMENT_ROOTS:
		e = fh_roots_body_read(body, &o.roots.body, /* trace */ nullptr);
		o.roots.sequence = s->sequence;
		break; /* likewise */
	case FH_STATEMENT_SLOT:
		e = fh_slot_body_read(body, &o.slot.body, /* trace */ nullptr);
		o.slot.sequence = s->sequence;
		break; /* likewise */
	case FH_STATEMENT_HOLD:
	case FH_STATEMENT_SHRED:
		e = retention_of(&o);
		break;
	case FH_STATEMENT_REFERENCE:
		e = fh_reference_body_read(body, &o.reference.body, /* trace */ nullptr);
		o.reference.sequence = s->sequence;
		o.reference.hash = s->hash;
		o.key = s->hash;
		o.revoked_by = s->hash;
		break;
	case FH_STATEMENT_REVOKE:
		e = fh_revoke_read(body, &o.revoke, /* trace */ nullptr);
		if (e == FH_ERR_OK && o.revoke.approvals.n == 0)
			e = FH_ERR_UNSUPPORTED; /* nothing of it is to be held */
		o.key = s->hash;
		o.revoked_by = s->hash;
		break;
	default:
		break;
	}
	if (e == FH_ERR_OK)
		*out = o;
	return e;
}

struct fh_chain_removal fh_chain_removal_of(const struct fh_revoke_body *r, uint64_t sequence)
{
	struct fh_chain_removal m = { .what = r->what, .sequence = sequence };

	if (r->what == FH_STATEMENT_DEVICE || r->what == FH_STATEMENT_POLICY
	    || r->what == FH_STATEMENT_REFERENCE)
		memcpy(m.key.bytes, r->id.p, FH_HASH_SIZE);
	else
		m.key = fh_hash_of(r->id);
	return m;
}

static bool same(const struct fh_chain_object *a, const struct fh_chain_object *b)
{
	return a->kind == b->kind && fh_hash_equal(&a->key, &b->key);
}

/* Whom the kernel or a token names as A could be named as B.  */
static bool same_bearer_or_peer(const struct fh_actor_body *a, const struct fh_actor_body *b)
{
	if (a->credential != b->credential)
		return false;
	if (a->credential == FH_CREDENTIAL_BEARER)
		return fh_span_equal(a->bearer, b->bearer);
	return a->uid == b->uid && (a->executable.n == 0 || b->executable.n == 0 ||
				    fh_span_equal(a->executable, b->executable));
}

/* An actor of another name counts too: whoever was a newer actor must not
 * become an older and mightier one.  */
static bool supersedes(const struct fh_chain_object *side, const struct fh_chain_object *o)
{
	if (o->sequence >= side->sequence)
		return false;
	if (same(o, side))
		return true;
	/* Without its pins a server would be free: it is put out of force as well.  */
	if (o->kind == FH_STATEMENT_SERVER && side->kind == FH_STATEMENT_PINS)
		return fh_hash_equal(&o->key, &side->key);
	return o->kind == FH_STATEMENT_ACTOR && side->kind == FH_STATEMENT_ACTOR &&
	       same_bearer_or_peer(&o->actor.body, &side->actor.body);
}

/* Says in a device what holds for its object.  */
static void tell_device(struct fh_chain_object *o)
{
	if (o->kind != FH_STATEMENT_DEVICE)
		return;
	o->device.revoked = o->removed || o->superseded;
	o->device.superseded = o->superseded && !o->removed;
	o->device.revoked_at = o->removed_at;
}

static void remove_from(struct fh_chain_object *o, const struct fh_chain_removal *r)
{
	if (o->kind != r->what || !fh_hash_equal(&o->revoked_by, &r->key) ||
	    o->sequence >= r->sequence)
		return;
	if (o->removed && o->removed_at <= r->sequence)
		return;
	o->removed = true;
	o->removed_at = r->sequence;
	tell_device(o);
}

void fh_chain_add_object(struct fh_chain *c, const struct fh_chain_object *o)
{
	struct fh_chain_object *new = &c->object[c->objects];

	*new = *o;
	for (size_t i = 0; i < c->objects; i++) {
		struct fh_chain_object *older = &c->object[i];

		if (!same(older, o))
			continue;
		older->newest = false;
		if (o->kind == FH_STATEMENT_DEVICE && new->device.epoch < older->device.epoch)
			new->device.epoch = older->device.epoch;
	}
	c->objects++;
}

void fh_chain_add_removal(struct fh_chain *c, const struct fh_chain_removal *r)
{
	for (size_t i = 0; i < c->objects; i++)
		remove_from(&c->object[i], r);
	c->removal[c->removals++] = *r;
}

void fh_chain_supersede_removal(struct fh_chain *c, const struct fh_chain_removal *side)
{
	const struct fh_chain_object pins = { .kind = side->what, .key = side->key,
					      .sequence = side->sequence };

	if (side->what == FH_STATEMENT_PINS)
		fh_chain_supersede(c, &pins);
}

void fh_chain_supersede(struct fh_chain *c, const struct fh_chain_object *side)
{
	for (size_t i = 0; i < c->objects; i++) {
		if (!supersedes(side, &c->object[i]))
			continue;
		c->object[i].superseded = true;
		tell_device(&c->object[i]);
	}
}

/* Objects stand in rising sequence, so the last of a key is its newest.  */
void fh_chain_refresh(struct fh_chain *c)
{
	for (size_t i = 0; i < c->objects; i++) {
		struct fh_chain_object *o = &c->object[i];

		o->newest = o->sequence <= c->head.sequence;
		if (!o->newest)
			fh_chain_supersede(c, o);
		for (size_t k = 0; o->newest && k < i; k++) {
			if (same(&c->object[k], o))
				c->object[k].newest = false;
		}
	}
	for (size_t i = 0; i < c->removals; i++) {
		if (c->removal[i].sequence > c->head.sequence)
			fh_chain_supersede_removal(c, &c->removal[i]);
	}
}

const struct fh_chain_object *fh_chain_newest_policy(const struct fh_chain *c)
{
	for (size_t i = c->objects; i > 0; i--) {
		const struct fh_chain_object *o = &c->object[i - 1];

		if (o->kind == FH_STATEMENT_POLICY && o->newest)
			return o;
	}
	return nullptr;
}

fh_err fh_chain_authority_of(struct fh_arena *a, struct fh_span body, bool genesis,
			     struct fh_chain_authority **out)
{
	struct fh_chain_authority *n = fh_arena_take(a, sizeof(*n));
	struct fh_genesis g;
	fh_err e;

	if (n == nullptr)
		return FH_ERR_NOMEM;
	n->genesis = genesis;
	e = fh_arena_copy(a, body, &n->body);
	if (e != FH_ERR_OK)
		return e;
	if (genesis) {
		e = fh_genesis_read(n->body, &g, /* trace */ nullptr);
		if (e == FH_ERR_OK)
			n->authority = g.authority;
	} else {
		e = fh_signers_read(n->body, &n->authority, /* trace */ nullptr);
	}
	if (e == FH_ERR_OK)
		*out = n;
	return e;
}

/* --- compaction --------------------------------------------------------- */

static fh_err move_authority(struct fh_arena *to, struct fh_chain_authority **a)
{
	struct fh_chain_authority *old = *a;

	if (old->moved == nullptr) {
		fh_err e = fh_chain_authority_of(to, old->body, old->genesis, &old->moved);

		if (e != FH_ERR_OK)
			return e;
	}
	*a = old->moved;
	return FH_ERR_OK;
}

static fh_err move_steps(struct fh_chain *n, struct fh_arena *to)
{
	struct fh_chain_step *step = fh_arena_array(to, n->steps + 1, sizeof(*step));
	struct fh_chain_side *side = fh_arena_array(to, n->sides + 1, sizeof(*side));
	fh_err e = FH_ERR_OK;

	if (step == nullptr || side == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; e == FH_ERR_OK && i < n->steps; i++) {
		step[i] = n->step[i];
		e = move_authority(to, &step[i].authority);
	}
	for (size_t i = 0; e == FH_ERR_OK && i < n->sides; i++) {
		side[i] = n->side[i];
		e = move_authority(to, &side[i].step.authority);
	}
	n->step = step;
	n->step_cap = n->steps + 1;
	n->side = side;
	n->side_cap = n->sides + 1;
	return e;
}

/* Devices stay when revoked, because old records name them; the newest policy and
 * roots stay, so that no older ones take their place; of revocations those that approve
 * what can still be used.  */
static bool stays(const struct fh_chain *c, const struct fh_chain_object *o)
{
	if (!o->newest)
		return false;
	if (o->kind == FH_STATEMENT_REVOKE)
		return fh_chain_renews(c, o);
	return (!o->removed && !o->superseded) || o->kind == FH_STATEMENT_DEVICE
	       || o->kind == FH_STATEMENT_POLICY || o->kind == FH_STATEMENT_ROOTS;
}

static fh_err move_object(struct fh_arena *to, const struct fh_chain_object *from,
			  struct fh_chain_object *out)
{
	struct fh_statement s = { .kind = from->kind, .sequence = from->sequence,
				  .hash = from->revoked_by };
	struct fh_chain_object o;
	struct fh_span body;
	fh_err e = fh_arena_copy(to, from->body, &body);

	if (e == FH_ERR_OK)
		e = fh_chain_object_of(&s, body, &o);
	if (e != FH_ERR_OK)
		return e;
	o.removed = from->removed;
	o.removed_at = from->removed_at;
	o.superseded = from->superseded;
	o.bad = from->bad;
	if (o.kind == FH_STATEMENT_DEVICE)
		o.device.epoch = from->device.epoch;
	tell_device(&o);
	*out = o;
	return FH_ERR_OK;
}

static fh_err move_objects(const struct fh_chain *c, struct fh_chain *n, struct fh_arena *to)
{
	const struct fh_chain_object *from = c->object;
	size_t kept = 0;

	for (size_t i = 0; i < n->objects; i++)
		kept += stays(c, &from[i]);

	struct fh_chain_object *object = fh_arena_array(to, kept + 1, sizeof(*object));

	if (object == nullptr)
		return FH_ERR_NOMEM;
	n->object_cap = kept + 1;
	kept = 0;
	for (size_t i = 0; i < n->objects; i++) {
		if (!stays(c, &from[i]))
			continue;

		fh_err e = move_object(to, &from[i], &object[kept]);

		if (e != FH_ERR_OK)
			return e;
		kept++;
	}
	n->object = object;
	n->objects = kept;
	return FH_ERR_OK;
}

static void point_head(struct fh_chain_head *h, const struct fh_chain_step *s)
{
	h->authority = &s->authority->authority;
}

static fh_err move_rest(struct fh_chain *n, struct fh_arena *to)
{
	struct fh_genesis g;
	fh_err e = fh_arena_copy(to, n->genesis, &n->genesis);

	if (e == FH_ERR_OK)
		e = fh_genesis_read(n->genesis, &g, /* trace */ nullptr);
	if (e != FH_ERR_OK)
		return e;
	n->name = g.name;
	n->recipient = g.recipient;
	/* Every removal there was has been applied to all that is left.  */
	n->removal = nullptr;
	n->removals = n->removal_cap = 0;
	point_head(&n->head, &n->step[n->steps - 1]);

	size_t end = 0;

	for (size_t i = 0; i < n->sides; i++) {
		if (n->side[i].end && end < n->branches)
			point_head(&n->branch[end++], &n->side[i].step);
	}
	return FH_ERR_OK;
}

static void forget_moves(struct fh_chain *c)
{
	for (size_t i = 0; i < c->steps; i++)
		c->step[i].authority->moved = nullptr;
	for (size_t i = 0; i < c->sides; i++)
		c->side[i].step.authority->moved = nullptr;
}

fh_err fh_chain_compact(struct fh_chain *c)
{
	struct fh_chain n = *c;

	if (c->steps == 0)
		return FH_ERR_NOMEM;
	fh_arena_reset(c->spare);
	forget_moves(c);

	fh_err e = move_steps(&n, c->spare);

	if (e == FH_ERR_OK)
		e = move_objects(c, &n, c->spare);
	if (e == FH_ERR_OK)
		e = move_rest(&n, c->spare);
	if (e != FH_ERR_OK)
		return e;
	n.floor = n.head.sequence;
	n.live = c->spare;
	n.spare = c->live;
	fh_arena_reset(n.spare);
	*c = n;
	return FH_ERR_OK;
}
