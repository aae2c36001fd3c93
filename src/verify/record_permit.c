/* SPDX-License-Identifier: Apache-2.0 */
/* Whether anything could be permitted when it was: before the policy expired, and without a
 * live lease only by what is @fallback.  It was decided between the entry before and its own,
 * so only what was over by then, or had not begun by now, is held against it.  */
#include "codec/cbor.h"
#include "policy/policies.h"
#include "verify/record_private.h"

fh_err fh_record_permit_begin(struct fh_record_check *c)
{
	c->fallback = fh_arena_space(c->memory.own, FH_POLICY_RULES_MAX * sizeof(*c->fallback));
	return c->fallback == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

/* Which permits of P are @fallback; unknown if this version cannot read it.  */
static void read_fallback(struct fh_record_check *c, const struct fh_policy_held *p)
{
	struct fh_policies all;

	if (c->fallback_read && fh_hash_equal(&c->fallback_policy, &p->hash))
		return;
	c->fallback_read = true;
	c->fallback_policy = p->hash;
	c->fallbacks = 0;
	fh_arena_reset(c->memory.scratch);
	c->fallback_known = fh_policies_parse(p->body.cedar, FH_POLICY_TEXT_MAX, "policy",
					      c->memory.scratch, &all, nullptr) == FH_ERR_OK;
	for (size_t i = 0; c->fallback_known && i < all.n; i++) {
		const struct fh_annotation *id =
			fh_policy_annotation(&all.list[i], FH_SPAN_LIT("id"));

		if (fh_policy_annotation(&all.list[i], FH_SPAN_LIT("fallback")) != nullptr)
			c->fallback[c->fallbacks++] =
				fh_hash_of(id != nullptr ? id->value : all.list[i].id);
	}
}

static bool is_fallback(const struct fh_record_check *c, struct fh_span id)
{
	struct fh_hash h = fh_hash_of(id);

	for (size_t i = 0; i < c->fallbacks; i++) {
		if (fh_hash_equal(&c->fallback[i], &h))
			return true;
	}
	return false;
}

/* All policies that the decision names are.  */
static bool all_fallback(const struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_DECISION);
	struct fh_cursor d = fh_cursor_of(f->value);

	fh_cbor_array_exact(&d, 3);
	(void)fh_cbor_bool(&d);
	(void)fh_cbor_text(&d, FH_NAME_MAX);
	size_t n = fh_cbor_array(&d, FH_POLICY_REASONS_MAX);

	for (size_t i = 0; i < n; i++) {
		if (!is_fallback(c, fh_cbor_text(&d, FH_NAME_MAX)))
			return false;
	}
	return n > 0 && !fh_cursor_bad(&d);
}

/* A server's start goes with an initialize that was permitted, and needs no policy.  */
static bool needs_policy(const struct fh_record_entry *entry)
{
	const struct fh_field *f = fh_fields_get(&entry->fields, FH_FIELD_ACTION);
	struct fh_cursor a = fh_cursor_of(f != nullptr ? f->value : (struct fh_span){ 0 });

	return !fh_span_equal(fh_cbor_text(&a, FH_PAYLOAD_MAX),
			      FH_SPAN_LIT("Action::\"server.start\""));
}

void fh_record_permit_check(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const struct fh_policy_held *p = fh_chain_policy(&c->chain);

	if (p == nullptr || !needs_policy(entry))
		return;
	if (fh_time_ended(c->last.time, p->body.expires_ms)) {
		fh_trace_what(fh_record_refuse(c, "expired"),
			      "permitted although the policy had expired");
		return;
	}
	const struct fh_lease_term x = fh_lease_term(&c->chain, p, &c->lease);

	if (!fh_time_ended(c->last.time, x.ends_ms)
	    && fh_time_begun(entry->leaf.time, x.begins_ms))
		return;
	read_fallback(c, p);
	if (c->fallback_known && !all_fallback(c, entry))
		fh_trace_what(fh_record_refuse(c, "unleased"),
			      "permitted without a live lease, and not by @fallback");
}
