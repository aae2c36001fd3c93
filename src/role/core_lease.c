/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's lease: taking it, and what ends with it.  */
#include "role/core.h"

#include "os/clock.h"
#include "role/log.h"
#include "store/lease_files.h"

#include <stdio.h>

/* A clock that is set back by less is nothing that anybody meant.  */
constexpr uint64_t step_ignored_ms = 5000;
/* How soon at least to look again whether something has ended.  */
constexpr uint64_t look_min_ms = 50;

/* --- taking leases ---------------------------------------------------------- */

fh_err fh_core_lease_recorded(struct fh_core *c, struct fh_span file)
{
	struct fh_lease_file f;
	fh_err e = fh_lease_file_read(file, &f, &c->trace);

	if (e == FH_ERR_OK)
		e = fh_lease_judge(&c->chain, &f, &c->device_id, c->lease.counter, &c->trace);
	if (e == FH_ERR_OK) {
		c->lease = fh_lease_take(&f.lease);
		fh_core_chain_compare(c, fh_lease_name_of(&f).name, file);
	}
	return e;
}

/* The present is not before the operator signed; and only here hi may fall, to what lo and
 * the machine's clock allow: somebody had set that clock to the future.  */
static void settle_time(struct fh_core *c, uint64_t issued_ms)
{
	uint64_t real = fh_clock_real_ms(), lo = fh_core_now(c).lo_ms;

	if (issued_ms > lo) {
		c->lo_base_ms += issued_ms - lo;
		lo = issued_ms;
	}
	uint64_t hi = real > lo ? real : lo;

	if (c->hi_ms > hi && c->hi_ms - hi >= step_ignored_ms)
		c->hi_ms = hi;
}

static void complain(const struct fh_lease_name *f, fh_err e, struct fh_trace *t)
{
	fh_trace_where(t, "chain/%s", f->name);
	if (t->cure[0] == '\0')
		fh_trace_cure(t, "nothing has changed; sign another with freehold lease renew");
	fh_log_error("core", e, t);
}

/* Takes the lease of F.  What is wrong with a file is said, and stops nothing.  */
static fh_err take_and_record(struct fh_core *c, const struct fh_store *store,
			      const struct fh_lease_name *name)
{
	struct fh_trace t = { 0 };
	struct fh_fields fields = { 0 };
	struct fh_lease_file f;
	struct fh_span file;
	fh_err e = fh_lease_file_load(store, name, &c->scratch, &file, &t);

	if (e == FH_ERR_OK)
		e = fh_lease_file_read(file, &f, &t);
	if (e == FH_ERR_OK)
		e = fh_lease_judge(&c->chain, &f, &c->device_id, c->lease.counter, &t);
	if (e != FH_ERR_OK) {
		if (e != FH_ERR_CONFLICT && e != FH_ERR_EXISTS) /* another machine's; older */
			complain(name, e, &t);
		return FH_ERR_OK;
	}
	settle_time(c, f.lease.issued_ms);
	e = fh_core_field_bytes(c, &fields, FH_FIELD_STATEMENT, file);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_LEASE, FH_CLASS_PUBLIC, &fields,
				   /* index= */ nullptr);
	if (e != FH_ERR_OK)
		return e;
	c->lease = fh_lease_take(&f.lease);
	fh_log(FH_LOG_PRIORITY_NOTICE, "core", "took lease %llu of the operator",
	       (unsigned long long)f.lease.counter);
	return FH_ERR_OK;
}

fh_err fh_core_lease_refresh(struct fh_core *c)
{
	struct fh_store store = { 0 };
	struct fh_lease_name *files;
	size_t n = 0;

	if (snprintf(store.path, sizeof(store.path), "%s", c->chain_path)
	    >= (int)sizeof(store.path))
		return FH_ERR_LIMIT;
	fh_arena_reset(&c->scratch);
	fh_err e = fh_lease_files(&store, c->lease.counter, &c->scratch, &files, &n, &c->trace);

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++) {
		size_t mark = c->scratch.n;

		e = take_and_record(c, &store, &files[i]);
		c->scratch.n = mark;
	}
	return e;
}

/* --- what it ends ------------------------------------------------------------ */

/* When nothing is permitted any more but what is @fallback, and when nothing at all.  */
static bool ends(const struct fh_core *c, uint64_t *lease_ms, uint64_t *policy_ms,
		 uint64_t *begins_ms)
{
	const struct fh_policy_held *p = fh_chain_policy(&c->chain);

	if (p == nullptr)
		return false;
	struct fh_lease_term x = fh_lease_term(&c->chain, p, &c->lease);

	*lease_ms = x.ends_ms;
	*begins_ms = x.begins_ms;
	*policy_ms = p->body.expires_ms;
	return true;
}

bool fh_core_leased(struct fh_core *c)
{
	struct fh_moment m = fh_core_moment(c);

	return fh_moment_leased(&m);
}

/* Something of S is under way that needs the lease.  */
static bool needs_lease(const struct fh_core_session *s)
{
	if (s->state != FH_SESSION_LIVE)
		return s->state != FH_SESSION_FREE && !s->open_fallback;
	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++) {
		if (s->call[i].index != FH_NO_INDEX && !s->call[i].fallback)
			return true;
	}
	return false;
}

/* Something of S is under way at all.  */
static bool is_busy(const struct fh_core_session *s)
{
	if (s->state != FH_SESSION_LIVE)
		return s->state != FH_SESSION_FREE;
	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++) {
		if (s->call[i].index != FH_NO_INDEX)
			return true;
	}
	return false;
}

/* What the operator's word carries now: everything (both), only what is @fallback (policy), or
 * nothing.  */
struct standing {
	bool policy;
	bool leased;
};

static struct standing standing_of(struct fh_core *c)
{
	uint64_t lease_ms = 0, policy_ms = 0, begins_ms = 0;
	struct fh_time now = fh_core_now(c);
	bool policy = ends(c, &lease_ms, &policy_ms, &begins_ms)
		      && !fh_time_ended(now, policy_ms);

	return (struct standing){ policy, policy && fh_time_begun(now, begins_ms)
						  && !fh_time_ended(now, lease_ms) };
}

static fh_err cut(struct fh_core *c, struct fh_core_session *s, struct standing now)
{
	if (now.leased || !(now.policy ? needs_lease(s) : is_busy(s)))
		return FH_ERR_OK;
	fh_arena_reset(&c->scratch);
	return fh_core_session_end(c, s, FH_OUTCOME_PARTIAL,
				   now.policy ? "the operator's lease has ended"
					      : "no policy is in force any more");
}

fh_err fh_core_lease_cut_session(struct fh_core *c, struct fh_core_session *s)
{
	return cut(c, s, standing_of(c));
}

fh_err fh_core_lease_cut(struct fh_core *c)
{
	struct standing now = standing_of(c);
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; !now.leased && i < FH_SESSIONS_MAX && e == FH_ERR_OK; i++)
		e = cut(c, &c->session[i], now);
	return e;
}

uint64_t fh_core_lease_due_ms(struct fh_core *c)
{
	uint64_t lease_ms = 0, policy_ms = 0, begins_ms = 0, hi = fh_core_now(c).hi_ms;

	if (!ends(c, &lease_ms, &policy_ms, &begins_ms) || hi >= policy_ms)
		return UINT64_MAX;
	uint64_t next = hi < lease_ms ? lease_ms : policy_ms;

	return fh_clock_boot_ms() + (next - hi > look_min_ms ? next - hi : look_min_ms);
}
