/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/chain.h"

#include "chain/chain_private.h"

#include <string.h>

const char *fh_chain_state_text(enum fh_chain_state s)
{
	switch (s) {
	case FH_CHAIN_LIVE:
		return "live";
	case FH_CHAIN_FORKED:
		return "forked";
	case FH_CHAIN_STOPPED:
		return "stopped";
	default:
		return "empty";
	}
}

void fh_chain_begin(struct fh_arena *live, struct fh_arena *spare, struct fh_chain_checks checks,
		    struct fh_chain *out)
{
	fh_arena_reset(live);
	fh_arena_reset(spare);
	*out = (struct fh_chain){ .live = live, .spare = spare, .checks = checks };
}

/* A statement that has been judged, and what applying it needs.  */
struct arrival {
	struct fh_envelope envelope;
	enum fh_chain_place place;
	const struct fh_authority *authority; /* who may sign at its place */
	bool unknown;                         /* not understood: the chain stops */
	bool bad;                             /* a policy that cannot be evaluated */
	struct fh_trace why;                  /* of either */
	/* In the chain's arena, by make_room().  */
	struct fh_span body;
	struct fh_chain_authority *established; /* by genesis and signers */
};

static fh_err check_policy(const struct fh_chain *c, const struct fh_statement *s,
			   struct fh_arena *scratch, struct fh_trace *t)
{
	struct fh_policy_body p;
	fh_err e;

	if (c->checks.policy == nullptr)
		return FH_ERR_OK;
	e = fh_policy_read(s->body, &p, t);
	return e != FH_ERR_OK ? e : c->checks.policy(&p, scratch, t);
}

static fh_err check_pins(const struct fh_chain *c, const struct fh_statement *s,
			 struct fh_arena *scratch, struct fh_trace *t)
{
	struct fh_pins_body p;
	fh_err e = fh_pins_read(s->body, &p, t);

	if (e != FH_ERR_OK || c->checks.pins == nullptr)
		return e;
	if (fh_chain_server(c, p.server) == nullptr) {
		fh_trace_what(t, "there is no server `%.*s` to pin", (int)p.server.n,
			      (const char *)p.server.p);
		fh_trace_cure(t, "`freehold chain show` lists what is in force");
		return FH_ERR_CONFLICT;
	}
	return c->checks.pins(&p, scratch, t);
}

/* The last part of judging: what the body says.  */
static fh_err judge_body(const struct fh_chain *c, struct arrival *a, struct fh_arena *scratch,
			 struct fh_trace *t)
{
	const struct fh_statement *s = &a->envelope.statement;
	fh_err e = fh_chain_body(s, &c->id, &a->why);

	a->unknown = e == FH_ERR_UNSUPPORTED;
	if (e == FH_ERR_OK && s->kind == FH_STATEMENT_POLICY) {
		e = check_policy(c, s, scratch, &a->why);
		a->bad = e != FH_ERR_OK && e != FH_ERR_NOMEM;
	}
	if (e == FH_ERR_OK || a->unknown || a->bad)
		return FH_ERR_OK;
	if (t != nullptr)
		*t = a->why;
	return e;
}

static fh_err judge(const struct fh_chain *c, struct fh_span file, struct fh_arena *scratch,
		    struct arrival *a, struct fh_trace *t)
{
	size_t more;
	fh_err e = fh_envelope_parse(file, &a->envelope, t);

	if (e == FH_ERR_OK)
		e = fh_chain_place(c, &a->envelope.statement, &a->place, &a->authority, t);
	if (e == FH_ERR_OK)
		e = fh_chain_count(&a->envelope, a->authority, scratch, &more, t);
	if (e != FH_ERR_OK)
		return e;
	if (more > 0) {
		fh_trace_what(t, "%zu more signature%s needed for a `%.*s` statement", more,
			      more == 1 ? " is" : "s are",
			      (int)a->envelope.statement.kind_text.n,
			      (const char *)a->envelope.statement.kind_text.p);
		fh_trace_cure(t, "have another operator key add its own with `freehold sign`");
		return FH_ERR_SIGNATURE;
	}
	return judge_body(c, a, scratch, t);
}

/* --- applying ----------------------------------------------------------- */

static fh_err room_in_lists(struct fh_chain *c, const struct arrival *a)
{
	const struct fh_statement *s = &a->envelope.statement;
	size_t sides = c->sides;
	fh_err e = FH_ERR_OK;

	if (a->place == FH_CHAIN_FORK)
		sides += c->steps - (size_t)s->sequence;
	while (e == FH_ERR_OK && (c->side_cap <= sides && a->place != FH_CHAIN_NEXT))
		e = fh_chain_grow(c->live, &c->side, c->side_cap, &c->side_cap,
				  sizeof(*c->side));
	if (e == FH_ERR_OK)
		e = fh_chain_grow(c->live, &c->step, c->steps, &c->step_cap, sizeof(*c->step));
	if (e == FH_ERR_OK)
		e = fh_chain_grow(c->live, &c->object, c->objects, &c->object_cap,
				  sizeof(*c->object));
	if (e == FH_ERR_OK)
		e = fh_chain_grow(c->live, &c->removal, c->removals, &c->removal_cap,
				  sizeof(*c->removal));
	return e;
}

/* Everything that can fail happens here, before anything changes.  */
static fh_err make_room(struct fh_chain *c, struct arrival *a)
{
	const struct fh_statement *s = &a->envelope.statement;
	bool genesis = s->kind == FH_STATEMENT_GENESIS;
	fh_err e = room_in_lists(c, a);

	if (e == FH_ERR_OK && (genesis || s->kind == FH_STATEMENT_SIGNERS))
		e = fh_chain_authority_of(c->live, s->body, genesis, &a->established);
	if (e == FH_ERR_OK && s->kind != FH_STATEMENT_SIGNERS && !a->unknown)
		e = fh_arena_copy(c->live, s->body, &a->body);
	return e;
}

static struct fh_chain_head head_of(uint64_t sequence, const struct fh_chain_step *s)
{
	return (struct fh_chain_head){ sequence, s->hash, s->issued_ms,
				       &s->authority->authority };
}

/* What follows head becomes a side, and head the last shared statement.  */
static void fall_back(struct fh_chain *c, uint64_t shared)
{
	bool forked = c->sides > 0; /* then the sides there are follow head */

	for (size_t i = (size_t)shared + 1; i < c->steps; i++)
		c->side[c->sides++] = (struct fh_chain_side){
			.sequence = i, .step = c->step[i], .end = i + 1 == c->steps && !forked };
	c->steps = (size_t)shared + 1;
	c->head = head_of(shared, &c->step[shared]);
	fh_chain_refresh(c);
	if (shared < c->floor) {
		c->stopped = true;
		fh_trace_what(&c->why, "statement %llu has two successors, and what was in force "
			      "then is no longer held", (unsigned long long)shared);
		fh_trace_cure(&c->why, "restart Freehold, which reads the whole chain again");
	}
}

/* The authority that holds behind the arrival.  */
static struct fh_chain_authority *authority_behind(const struct fh_chain *c,
						   const struct arrival *a)
{
	if (a->established != nullptr)
		return a->established;
	for (size_t i = 0; i < c->sides; i++) {
		if (&c->side[i].step.authority->authority == a->authority)
			return c->side[i].step.authority;
	}
	for (size_t i = c->steps; i > 0; i--) {
		if (&c->step[i - 1].authority->authority == a->authority)
			return c->step[i - 1].authority;
	}
	return nullptr; /* not reached: every authority stands behind a statement */
}

static void link_side(struct fh_chain *c, const struct fh_statement *s,
		      const struct fh_chain_step *step)
{
	for (size_t i = 0; i < c->sides; i++) {
		if (fh_hash_equal(&c->side[i].step.hash, &s->previous))
			c->side[i].end = false;
	}
	c->side[c->sides++] =
		(struct fh_chain_side){ .sequence = s->sequence, .step = *step, .end = true };
}

static void link_in(struct fh_chain *c, const struct arrival *a)
{
	const struct fh_statement *s = &a->envelope.statement;
	struct fh_chain_step step = { s->hash, s->issued_ms, authority_behind(c, a) };

	if (a->place == FH_CHAIN_FORK)
		fall_back(c, s->sequence - 1);
	if (a->place != FH_CHAIN_NEXT) {
		link_side(c, s, &step);
		return;
	}
	c->step[c->steps++] = step;
	c->head = head_of(s->sequence, &step);
}

static void apply_genesis(struct fh_chain *c, const struct arrival *a)
{
	struct fh_genesis g;

	if (fh_genesis_read(a->body, &g, /* trace */ nullptr) != FH_ERR_OK)
		return; /* not reached: the same bytes have been read before */
	c->id = a->envelope.statement.hash;
	c->genesis = a->body;
	c->name = g.name;
	c->placement = g.placement;
	c->recipient = g.recipient;
}

static void apply(struct fh_chain *c, const struct arrival *a)
{
	const struct fh_statement *s = &a->envelope.statement;
	struct fh_chain_object o;
	struct fh_revoke_body r;

	if (a->unknown) {
		if (!c->stopped)
			c->why = a->why;
		c->stopped = true;
		return;
	}
	if (s->kind == FH_STATEMENT_GENESIS)
		apply_genesis(c, a);
	if (s->kind == FH_STATEMENT_REVOKE &&
	    fh_revoke_read(a->body, &r, /* trace */ nullptr) == FH_ERR_OK) {
		struct fh_chain_removal m = fh_chain_removal_of(&r, s->sequence);

		fh_chain_add_removal(c, &m);
		if (a->place != FH_CHAIN_NEXT)
			fh_chain_supersede_removal(c, &m);
	}
	/* On a side too: a counter that may have gone up already never falls.  */
	if (s->kind == FH_STATEMENT_REFERENCE || s->kind == FH_STATEMENT_REVOKE)
		fh_chain_raise_epochs(c, s->kind, a->body);
	if (fh_chain_object_of(s, a->body, &o) != FH_ERR_OK)
		return;
	/* A side grants nothing, and what it replaces is over.  */
	if (a->place != FH_CHAIN_NEXT) {
		fh_chain_supersede(c, &o);
		return;
	}
	o.bad = a->bad;
	if (o.bad && !c->stopped)
		c->why = a->why;
	fh_chain_add_object(c, &o);
}

static void tell_fork(struct fh_chain *c)
{
	c->why = (struct fh_trace){ 0 };
	fh_trace_where(&c->why, "chain");
	fh_trace_what(&c->why, "forked: two statements follow number %llu; sides end in "
		      "%02x%02x%02x%02x... and %02x%02x%02x%02x...",
		      (unsigned long long)c->head.sequence,
		      c->branch[0].hash.bytes[0], c->branch[0].hash.bytes[1],
		      c->branch[0].hash.bytes[2], c->branch[0].hash.bytes[3],
		      c->branch[1].hash.bytes[0], c->branch[1].hash.bytes[1],
		      c->branch[1].hash.bytes[2], c->branch[1].hash.bytes[3]);
	fh_trace_cure(&c->why, "nothing new is granted until the operator resolves it with "
		      "`recover`, which is not supported yet");
}

/* State, branches and why, from what is held.  */
static void settle(struct fh_chain *c)
{
	const struct fh_chain_object *policy = fh_chain_newest_policy(c);

	c->branches = 0;
	for (size_t i = 0; i < c->sides; i++) {
		if (c->side[i].end)
			c->branch[c->branches++] = head_of(c->side[i].sequence, &c->side[i].step);
	}
	if (c->stopped) {
		c->state = FH_CHAIN_STOPPED;
	} else if (policy != nullptr && policy->bad && !policy->superseded) {
		c->state = FH_CHAIN_STOPPED;
		fh_trace_cure(&c->why, "update Freehold, or sign a policy that it can evaluate");
	} else if (c->sides > 0) {
		c->state = FH_CHAIN_FORKED;
		tell_fork(c);
	} else {
		c->state = FH_CHAIN_LIVE;
		c->why = (struct fh_trace){ 0 };
	}
}

/* One more side than is followed?  */
static bool too_many_sides(const struct fh_chain *c, const struct arrival *a)
{
	if (a->place == FH_CHAIN_NEXT)
		return false;

	size_t ends = 1 + (a->place == FH_CHAIN_FORK && c->sides == 0);

	for (size_t i = 0; i < c->sides; i++)
		ends += c->side[i].end &&
			!fh_hash_equal(&c->side[i].step.hash, &a->envelope.statement.previous);
	return ends > FH_CHAIN_BRANCHES_MAX;
}

static fh_err check_limits(const struct fh_chain *c, const struct arrival *a, struct fh_trace *t)
{
	if (a->envelope.statement.sequence >= FH_CHAIN_MAX) {
		fh_trace_what(t, "a chain has at most %zu statements", FH_CHAIN_MAX);
		return FH_ERR_LIMIT;
	}
	if (too_many_sides(c, a)) {
		fh_trace_what(t, "the chain has forked more than %zu times", FH_CHAIN_BRANCHES_MAX);
		return FH_ERR_LIMIT;
	}
	return FH_ERR_OK;
}

/* Compaction moves authorities, so the arrival's is looked up again.  */
static fh_err room_after_compaction(struct fh_chain *c, struct arrival *a, struct fh_trace *t)
{
	fh_err e = fh_chain_compact(c);

	if (e == FH_ERR_OK)
		e = fh_chain_place(c, &a->envelope.statement, &a->place, &a->authority, t);
	if (e == FH_ERR_OK)
		e = make_room(c, a);
	if (e == FH_ERR_NOMEM) {
		fh_trace_what(t, "what the chain grants no longer fits %zu bytes", c->live->cap);
		fh_trace_cure(t, "revoke actors, devices or servers that are no longer used");
	}
	return e;
}

fh_err fh_chain_accept(struct fh_chain *c, struct fh_span file, struct fh_arena *scratch,
		       struct fh_trace *t)
{
	struct arrival a = { 0 };
	fh_err e;

	fh_arena_reset(scratch);
	e = judge(c, file, scratch, &a, t);
	if (e == FH_ERR_OK)
		e = check_limits(c, &a, t);
	if (e != FH_ERR_OK)
		return e;
	e = make_room(c, &a);
	if (e == FH_ERR_NOMEM)
		e = room_after_compaction(c, &a, t);
	if (e != FH_ERR_OK)
		return e;
	link_in(c, &a);
	apply(c, &a);
	settle(c);
	return FH_ERR_OK;
}

/* --- before signing ----------------------------------------------------- */

static fh_err check_next(const struct fh_chain *c, const struct fh_statement *s,
			 struct fh_trace *t)
{
	enum fh_chain_place place;
	const struct fh_authority *authority;

	if (c->state == FH_CHAIN_FORKED || c->state == FH_CHAIN_STOPPED) {
		bool cures = c->state == FH_CHAIN_STOPPED && !c->stopped &&
			     s->kind == FH_STATEMENT_POLICY;

		if (!cures) {
			if (t != nullptr)
				*t = c->why;
			return FH_ERR_STATE;
		}
	}

	fh_err e = fh_chain_place(c, s, &place, &authority, t);

	if (e == FH_ERR_OK && place != FH_CHAIN_NEXT) {
		fh_trace_what(t, "statement %llu is there already, and this is another",
			      (unsigned long long)s->sequence);
		fh_trace_cure(t, "sign it anew at the present head");
		return FH_ERR_CONFLICT;
	}
	return e;
}

static fh_err check_revoke(const struct fh_chain *c, const struct fh_statement *s,
			   struct fh_trace *t)
{
	struct fh_revoke_body r;
	fh_err e = fh_revoke_read(s->body, &r, t);

	if (e != FH_ERR_OK)
		return e;

	struct fh_chain_removal m = fh_chain_removal_of(&r, s->sequence);

	for (size_t i = 0; i < c->objects; i++) {
		const struct fh_chain_object *o = &c->object[i];

		if (o->newest && !o->removed && o->kind == m.what &&
		    fh_hash_equal(&o->revoked_by, &m.key))
			return FH_ERR_OK;
	}
	fh_trace_what(t, "there is no such %s to revoke", fh_statement_kind_text(r.what));
	fh_trace_cure(t, "`freehold chain show` lists what is in force");
	return FH_ERR_CONFLICT;
}

/* Taking the place of a hold would end it without saying so.  */
static fh_err check_hold(const struct fh_chain *c, const struct fh_statement *s,
			 struct fh_trace *t)
{
	const struct fh_hold_held *h;
	struct fh_hold_body body;
	size_t at = 0;
	fh_err e = fh_hold_read(s->body, &body, t);

	while (e == FH_ERR_OK && (h = fh_chain_hold_next(c, &at)) != nullptr) {
		if (!fh_span_equal(h->body.name, body.name))
			continue;
		fh_trace_what(t, "there is a hold `%.*s` already", (int)body.name.n,
			      (const char *)body.name.p);
		fh_trace_cure(t, "give this one another name, or release that one first");
		e = FH_ERR_CONFLICT;
	}
	return e;
}

static fh_err check_count(const struct fh_chain *c, const struct fh_statement *s,
			  struct fh_trace *t)
{
	size_t n = 0;

	for (size_t i = 0; i < c->objects; i++)
		n += c->object[i].newest && !c->object[i].removed && c->object[i].kind == s->kind;
	if (n < FH_CHAIN_OBJECTS_MAX)
		return FH_ERR_OK;
	fh_trace_what(t, "a chain has at most %zu of a kind `%s` in force", FH_CHAIN_OBJECTS_MAX,
		      fh_statement_kind_text(s->kind));
	fh_trace_cure(t, "revoke those that are no longer used");
	return FH_ERR_LIMIT;
}

fh_err fh_chain_check(const struct fh_chain *c, struct fh_span payload, struct fh_arena *scratch,
		      struct fh_trace *t)
{
	struct fh_statement s;
	fh_err e;

	fh_arena_reset(scratch);
	e = fh_statement_parse(payload, &s, t);
	if (e == FH_ERR_OK)
		e = check_next(c, &s, t);
	if (e == FH_ERR_OK)
		e = fh_chain_body(&s, &c->id, t);
	if (e == FH_ERR_OK && s.kind == FH_STATEMENT_POLICY)
		e = check_policy(c, &s, scratch, t);
	if (e == FH_ERR_OK && s.kind == FH_STATEMENT_PINS)
		e = check_pins(c, &s, scratch, t);
	if (e == FH_ERR_OK && s.kind == FH_STATEMENT_HOLD)
		e = check_hold(c, &s, t);
	if (e == FH_ERR_OK && s.kind == FH_STATEMENT_REVOKE)
		e = check_revoke(c, &s, t);
	if (e == FH_ERR_OK && s.kind != FH_STATEMENT_REVOKE) /* taking back has no limit */
		e = check_count(c, &s, t);
	return e;
}

fh_err fh_chain_wants(const struct fh_chain *c, struct fh_span file, struct fh_arena *scratch,
		      size_t *more, struct fh_trace *t)
{
	struct arrival a = { 0 };
	fh_err e;

	fh_arena_reset(scratch);
	e = fh_envelope_parse(file, &a.envelope, t);
	if (e == FH_ERR_OK)
		e = fh_chain_place(c, &a.envelope.statement, &a.place, &a.authority, t);
	if (e == FH_ERR_OK)
		e = fh_chain_count(&a.envelope, a.authority, scratch, more, t);
	return e;
}
