/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_CHARGE_FIXTURE_H
#define FH_TESTS_CHARGE_FIXTURE_H

#include "policy/entity.h"
#include "policy/limit.h"
#include "record_fixture.h"
#include "state/effect.h"

/* A record whose policy has quotas, and what is charged to them.  */

/* One permit with a quota of calls for each principal and of bytes for all, one without.  */
static const char quota_cedar[] =
	"@id(\"few\") @quota(\"2/minute per principal; 9000000 bytes/minute\") "
	"permit (principal, action, resource);"
	"@id(\"free\") permit (principal, action, resource);"
	"@id(\"never\") forbid (principal, action, resource);";
static const struct fh_limit few[] = { { 2, 60000, FH_UNIT_CALLS, FH_PER_PRINCIPAL, { 0 } },
				       { 9000000, 60000, FH_UNIT_BYTES, FH_PER_ALL, { 0 } } };

/* The budget of its limit I for WHO; OLDER: as it was called before format 3.  */
static inline struct fh_hash budget_of(size_t i, struct fh_entity_uid who, bool older)
{
	const struct fh_limits l = { .budget = FH_SPAN_LIT("few") };
	struct fh_limit x = few[i];

	fh_limit_name(&l, &x);
	return older ? fh_budget_hash_older(&l, &x, who) : fh_budget_hash(&l, &x, who);
}

static inline void sign_quota(struct bench *b)
{
	uint8_t room[1024];
	struct fh_builder body = FH_BUILDER_ARRAY(room);
	const struct fh_policy_body p = { .cedar = fh_span_str(quota_cedar),
					  .schema = FH_SPAN_LIT("s"),
					  .expires_ms = b->maker.now.hi_ms + 3600000 };

	fh_policy_put(&body, &p);
	fh_maker_accept(&b->maker, "policy", fh_builder_span(&body));
}

/* What "few" charges ACTOR: CALLS and BYTES, each left out if it is 0.  */
static inline struct fh_effect charged(const char *actor, uint64_t calls, uint64_t bytes)
{
	struct fh_entity_uid who = fh_entity_uid_of("Actor", fh_span_str(actor));
	struct fh_effect e = { 0 };

	if (calls > 0)
		e.part[e.parts++] = (struct fh_effect_part){
			budget_of(0, who, false), 60000, calls };
	if (bytes > 0)
		e.part[e.parts++] = (struct fh_effect_part){
			budget_of(1, who, false), 60000, bytes };
	return e;
}

/* ACTOR is permitted something by the policy ID, which has the effect E; its index.  */
static inline uint64_t charge_as(struct bench *b, const char *actor, const char *id,
				 struct fh_effect e)
{
	uint8_t room[2048], decided[256], named[64], text[64];
	struct fh_builder x = FH_BUILDER_ARRAY(room), d = FH_BUILDER_ARRAY(decided),
			  a = FH_BUILDER_ARRAY(text), t = FH_BUILDER_ARRAY(named);
	struct fh_fields f = { .n = 4 };

	fh_entity_put(&a, fh_entity_uid_of("Actor", fh_span_str(actor)));
	fh_cbor_put_text(&t, fh_builder_span(&a));
	fh_cbor_put_array(&d, 3);
	fh_cbor_put_bool(&d, true);
	fh_cbor_put_text(&d, FH_SPAN_LIT("permitted"));
	fh_cbor_put_array(&d, 1);
	fh_cbor_put_text(&d, fh_span_str(id));
	e.opens = true;
	fh_effect_put(&x, &e);
	f.field[0] = (struct fh_field){ .id = FH_FIELD_ACTOR, .value = fh_builder_span(&t) };
	f.field[1] = (struct fh_field){ .id = FH_FIELD_DECISION, .value = fh_builder_span(&d) };
	f.field[2] = (struct fh_field){ .id = FH_FIELD_ARGUMENTS,
					.value = FH_SPAN_LIT("\xa1\x61" "a\x63" "abc") };
	f.field[3] = (struct fh_field){ .id = FH_FIELD_EFFECT, .value = fh_builder_span(&x) };
	return fh_maker_entry(&b->maker, FH_ENTRY_INTENT, &f);
}

/* The outcome of INTENT gives E back.  */
static inline void give_back(struct bench *b, uint64_t intent, struct fh_effect e)
{
	uint8_t room[2048], named[16];
	struct fh_builder x = FH_BUILDER_ARRAY(room), n = FH_BUILDER_ARRAY(named);
	struct fh_fields f = { .n = 2 };

	fh_cbor_put_uint(&n, intent);
	fh_effect_put(&x, &e);
	f.field[0] = (struct fh_field){ .id = FH_FIELD_INTENT, .value = fh_builder_span(&n) };
	f.field[1] = (struct fh_field){ .id = FH_FIELD_EFFECT, .value = fh_builder_span(&x) };
	(void)fh_maker_entry(&b->maker, FH_ENTRY_OUTCOME, &f);
}

static inline void begin_quota(struct bench *b)
{
	fh_maker_first(&b->maker);
	sign_quota(b);
}

#endif
